//! The replication log: every write, in the order that its leader gave it.

use std::fmt;
use std::sync::Arc;

use anachron_node::Request;

use super::Epoch;

/// The place of an entry in the log, from 1 up; 0 is before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Index(pub u64);

impl Index {
    /// Before the first entry.
    pub const ZERO: Self = Self(0);

    /// The next place.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The place before.
    ///
    /// # Panics
    /// At [`Index::ZERO`].
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.checked_sub(1).expect("nothing comes before the log"))
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What an entry does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Command {
    /// Nothing: it opens its leader's epoch. When it is acknowledged, so is all that the leader found in its log.
    Opening,
    /// A client's write (or compare-and-set, append, acquire, release).
    Client(Request),
}

/// One entry of the log.
///
/// Epoch and index name an entry: a leader never writes twice at one index, so two logs that have an entry of the
/// same epoch at the same index are the same up to there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The epoch in which it was written.
    pub epoch: Epoch,
    /// What it does.
    pub command: Command,
}

impl Entry {
    /// The client's request, if it is one.
    pub(super) fn into_request(self) -> Option<Request> {
        match self.command {
            Command::Client(request) => Some(request),
            Command::Opening => None,
        }
    }
}

/// `1@n1 c1#2 write x 10`, with key and value as their own `Debug` has them.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Command::Opening => write!(f, "{} opens", self.epoch),
            Command::Client(request) => write!(f, "{} {}", self.epoch, short(request)),
        }
    }
}

/// `c1#2 write x 10`, with key and value as their own `Debug` has them.
fn short(request: &Request) -> String {
    let Request { id, key, operation } = request;
    let values = operation.arguments_shown(|value| format!("{value:?}"));
    format!("{}#{} {} {key:?}{values}", id.client, id.serial, operation.name())
}

/// Several requests, for notes.
pub(super) fn listed(requests: &[Request]) -> String {
    requests.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// How far a log reaches. Of two logs the one with the greater point is the more advanced: a later epoch's leader knew
/// everything that was acknowledged before it, so the epoch counts first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// The epoch of the entry there; `None` before the first entry.
    pub epoch: Option<Epoch>,
    /// Its index.
    pub index: Index,
}

/// `5 of 1@n1`.
impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.epoch {
            None => f.write_str("0"),
            Some(epoch) => write!(f, "{} of {epoch}", self.index.0),
        }
    }
}

/// The log of one node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
}

impl Log {
    /// The place of the last entry.
    pub fn end(&self) -> Index {
        Index(self.entries.len() as u64)
    }

    /// The entry at `index`, if there is one.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        let place = usize::try_from(index.0.checked_sub(1)?).ok()?;
        self.entries.get(place)
    }

    /// The name of the entry at `index`; `None` beyond the end.
    pub fn point(&self, index: Index) -> Option<Point> {
        if index == Index::ZERO {
            return Some(Point { epoch: None, index });
        }
        self.get(index).map(|entry| Point { epoch: Some(entry.epoch), index })
    }

    /// The name of the last entry.
    pub fn last(&self) -> Point {
        self.point(self.end()).expect("a log has its end")
    }

    /// True if this log and the one that `point` was taken from are the same up to there.
    pub fn contains(&self, point: Point) -> bool {
        self.point(point.index) == Some(point)
    }

    /// The name of the last entry that is of `epoch` or older (KIP-101's *end offset of a leader epoch*).
    pub(super) fn last_of(&self, epoch: Option<Epoch>) -> Point {
        let upto = self.entries.partition_point(|entry| Some(entry.epoch) <= epoch);
        self.point(Index(upto as u64)).expect("inside the log")
    }

    pub(super) fn push(&mut self, entry: Entry) -> Index {
        self.entries.push(entry);
        self.end()
    }

    /// At most `count` entries behind `index`.
    pub(super) fn behind(&self, index: Index, count: usize) -> Arc<[Entry]> {
        let rest = self.entries.get(place(index)..).unwrap_or_default();
        rest[..rest.len().min(count)].into()
    }

    /// Takes everything behind `index` off the log.
    pub(super) fn truncate(&mut self, index: Index) -> Vec<Entry> {
        self.entries.split_off(place(index).min(self.entries.len()))
    }

    /// Where a leader may find agreement with this log if it did not at `index`: before all entries of the epoch that
    /// stands there, for a leader who does not have one of them may have none.
    pub(super) fn earlier_than(&self, index: Index) -> Index {
        let Some(entry) = self.get(index) else { return self.end() };
        let mut before = index.previous();
        while self.get(before).is_some_and(|other| other.epoch == entry.epoch) {
            before = before.previous();
        }
        before
    }
}

fn place(index: Index) -> usize {
    usize::try_from(index.0).expect("a log fits the memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::NodeId;

    fn log(numbers: &[u64]) -> Log {
        let entry = |&number| {
            let epoch = Epoch { number, leader: NodeId(0), incarnation: 1 };
            Entry { epoch, command: Command::Opening }
        };
        Log { entries: numbers.iter().map(entry).collect() }
    }

    #[test]
    fn the_later_epoch_is_more_advanced_whatever_the_length() {
        assert!(log(&[1, 2]).last() > log(&[1, 1, 1]).last());
        assert!(log(&[1, 1, 1]).last() > log(&[1, 1]).last());
        assert!(log(&[1]).last() > log(&[]).last());
    }

    #[test]
    fn a_log_contains_the_points_of_its_own_history() {
        let long = log(&[1, 1, 2]);
        assert!(long.contains(log(&[1, 1]).last()) && long.contains(log(&[]).last()));
        assert!(!long.contains(log(&[1, 2]).last()) && !long.contains(log(&[1, 1, 2, 2]).last()));
    }

    #[test]
    fn the_search_for_agreement_skips_an_epoch_at_a_time() {
        let log = log(&[1, 1, 2, 2, 2]);
        assert_eq!(log.earlier_than(Index(9)), Index(5));
        assert_eq!(log.earlier_than(Index(5)), Index(2));
        assert_eq!(log.earlier_than(Index(2)), Index(0));
    }

    #[test]
    fn an_epoch_ends_where_the_next_one_begins() {
        let log = log(&[1, 1, 3, 3, 4]);
        let ends = |number| log.last_of(Some(Epoch { number, leader: NodeId(0), incarnation: 1 })).index.0;
        assert_eq!([0, 1, 2, 3, 4, 5].map(ends), [0, 2, 2, 4, 5, 5]);
        assert_eq!(log.last_of(None).index, Index::ZERO);
    }

    #[test]
    fn slices_and_cuts_stay_inside() {
        let mut log = log(&[1, 1, 2]);
        assert_eq!(log.behind(Index(1), 10).len(), 2);
        assert_eq!(log.behind(Index(1), 1).len(), 1);
        assert_eq!(log.behind(Index(3), 1).len(), 0);
        assert_eq!(log.truncate(Index(1)).len(), 2);
        assert_eq!(log.end(), Index(1));
    }
}
