//! A node's disk: a journal of records, the first part of it durable.

use anachron_node::{Disk, Position, Random};

use crate::fault::UnsyncedTail;

/// The journal of one node.
#[derive(Clone, Debug)]
pub(crate) struct Journal<Record> {
    records: Vec<Record>,
    /// How many records survive a crash for certain. Invariant: at most `records.len()`.
    durable: usize,
    /// How many records were ever appended minus how many are there: losses keep positions growing.
    lost: u64,
    torn_tail: bool,
}

impl<Record> Journal<Record> {
    pub(crate) fn new() -> Self {
        Self { records: Vec::new(), durable: 0, lost: 0, torn_tail: false }
    }

    /// The position behind the last record.
    pub(crate) fn appended(&self) -> Position {
        Position(self.records.len() as u64 + self.lost)
    }

    pub(crate) fn durable(&self) -> Position {
        Position(self.durable as u64 + self.lost)
    }

    pub(crate) fn append(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Everything up to `position` is durable from now on.
    pub(crate) fn make_durable(&mut self, position: Position) {
        let count = usize::try_from(position.0.saturating_sub(self.lost)).expect("a journal fits memory");
        self.durable = self.durable.max(count.min(self.records.len()));
    }

    /// Loses what a crash loses, and says how many records that were.
    pub(crate) fn crash(&mut self, tail: UnsyncedTail, wipe: bool, random: &mut Random) -> u64 {
        let unsynced = self.records.len() - self.durable;
        let kept = match tail {
            UnsyncedTail::Lose => 0,
            UnsyncedTail::Keep => unsynced,
            UnsyncedTail::Prefix | UnsyncedTail::Torn => {
                usize::try_from(random.below(unsynced as u64 + 1)).expect("at most the tail")
            }
        };
        let kept = if wipe { 0 } else { self.durable + kept };
        let lost = self.records.len() - kept;
        self.records.truncate(kept);
        self.durable = kept;
        self.lost += lost as u64;
        self.torn_tail = tail == UnsyncedTail::Torn && lost > 0 && !wipe;
        lost as u64
    }

    /// The disk as a booting replica finds it.
    pub(crate) fn disk(&self) -> Disk<'_, Record> {
        Disk { records: &self.records, torn_tail: self.torn_tail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> Journal<u8> {
        let mut journal = Journal::new();
        for record in 1..=5 {
            journal.append(record);
        }
        journal.make_durable(Position(2));
        journal
    }

    #[test]
    fn a_crash_keeps_what_was_synced_and_the_tail_as_told() {
        let mut random = Random::new(0, 0);
        let mut after = |tail, wipe| {
            let mut journal = journal();
            let lost = journal.crash(tail, wipe, &mut random);
            (journal.disk().records.to_vec(), lost, journal.disk().torn_tail)
        };
        assert_eq!(after(UnsyncedTail::Lose, false), (vec![1, 2], 3, false));
        assert_eq!(after(UnsyncedTail::Keep, false), (vec![1, 2, 3, 4, 5], 0, false));
        assert_eq!(after(UnsyncedTail::Keep, true), (vec![], 5, false));
        let mut lengths = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let (records, lost, torn) = after(UnsyncedTail::Torn, false);
            assert_eq!(records.len() as u64 + lost, 5);
            assert_eq!(torn, lost > 0);
            lengths.insert(records.len());
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), vec![2, 3, 4, 5]);
    }

    #[test]
    fn positions_never_come_again() {
        // A sync asked for before a crash must not make durable what is appended after it.
        let mut journal = journal();
        let before = journal.appended();
        journal.crash(UnsyncedTail::Lose, false, &mut Random::new(0, 0));
        assert_eq!(journal.appended(), before);
        journal.append(6);
        assert!(journal.appended() > before);
        journal.make_durable(before);
        journal.crash(UnsyncedTail::Lose, false, &mut Random::new(0, 0));
        assert_eq!(journal.disk().records, &[1, 2]);
    }
}
