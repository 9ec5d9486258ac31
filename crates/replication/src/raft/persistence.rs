//! What a Raft node keeps on disk (Figure 2, "persistent state"), and what must be durable before what is said.
//!
//! The journal is a list of records: the current term with the vote given in it, entries appended, a record that says
//! "forget everything behind this entry", because a journal is never changed in place, and snapshots. [`replay`] folds
//! them in order; a crash that cuts the journal anywhere leaves a state that the node was in at some time.
//!
//! Durable before it is said:
//! - the term and the candidate's vote for itself, before it asks for votes or counts its own;
//! - the term and the vote, before a vote is granted or refused;
//! - the term and every entry acknowledged, before `AppendEntries` is answered, and the snapshot before
//!   `InstallSnapshot` is;
//! - nothing, before a leader sends entries: its disk and its followers' work side by side (dissertation, section
//!   10.2.1). It counts itself for an entry only once its own disk has it (`commit.rs`).
//!
//! The commit index is not kept: a leader's no-op brings it back (section 8). The state machine starts from the latest
//! snapshot, which covers committed entries only, and is brought up to date from the log.

use std::sync::Arc;

use anachron_node::{Context, Disk, Position};
use anachron_vocabulary::NodeId;

use super::Raft;
use super::log::{Command, Entry, Index, Log, Term};
use super::membership::{Configuration, Configurations};
use super::messages::Message;
use super::snapshot::Snapshot;
use super::weakening::{Weakening, Weakenings};

/// One record of the journal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// The current term, and the candidate that has this node's vote in it.
    Vote {
        /// The current term.
        term: Term,
        /// The candidate, if the node has voted.
        voted_for: Option<NodeId>,
    },
    /// The next entry of the log.
    Append(Entry),
    /// Every entry behind `keep` is removed.
    Truncate {
        /// The last entry that stays.
        keep: Index,
    },
    /// Every entry up to the snapshot's last comes to this. If the log does not have that entry, the snapshot
    /// replaces the whole log.
    Snapshot(Arc<Snapshot>),
}

/// What the journal says when it is read from the start.
#[derive(Debug)]
pub(super) struct Replayed {
    pub(super) term: Term,
    pub(super) voted_for: Option<NodeId>,
    pub(super) log: Log,
    pub(super) configurations: Configurations,
    pub(super) snapshot: Option<Arc<Snapshot>>,
}

/// Reads the journal. Entries count as durable once the journal is synced up to `position`, which the node asks for
/// when it boots: what can be read after a crash need not survive the next one. `first` is the configuration before
/// the log says anything.
pub(super) fn replay(
    disk: &Disk<'_, Record>,
    position: Position,
    first: Arc<Configuration>,
    weakenings: Weakenings,
) -> Replayed {
    let mut replayed = Replayed {
        term: Term(0),
        voted_for: None,
        log: Log::default(),
        configurations: Configurations::new(Index::ZERO, first),
        snapshot: None,
    };
    for record in disk.records {
        replayed.fold(record, position);
    }
    if weakenings.contains(Weakening::TermNotPersisted) && replayed.log.last_term() != replayed.term {
        replayed.term = replayed.log.last_term();
        replayed.voted_for = None;
    }
    replayed
}

impl Replayed {
    fn fold(&mut self, record: &Record, position: Position) {
        match record {
            Record::Vote { term, voted_for } => (self.term, self.voted_for) = (*term, *voted_for),
            Record::Append(entry) => {
                let index = self.log.append(entry.clone(), position);
                if let Command::Configuration(configuration) = &entry.command {
                    self.configurations.append(index, Arc::clone(configuration));
                }
            }
            Record::Truncate { keep } => {
                self.log.truncate(*keep);
                self.configurations.truncate(*keep);
            }
            Record::Snapshot(snapshot) => {
                let Snapshot { last_index, last_term, configuration, .. } = &**snapshot;
                if self.log.term_at(*last_index) == Some(*last_term) {
                    self.log.compact(*last_index);
                    self.configurations.compact(*last_index);
                } else {
                    self.log.reset(*last_index, *last_term, position);
                    self.configurations = Configurations::new(*last_index, Arc::clone(configuration));
                }
                self.snapshot = Some(Arc::clone(snapshot));
            }
        }
    }
}

impl Raft {
    /// Writes the term and the vote down, if they have changed since they were last written.
    pub(super) fn save_vote(&mut self, cx: &mut Context<'_, Self>) {
        if !self.vote_is_saved {
            let weak = self.weak(Weakening::VoteNotPersisted);
            let voted_for = if weak { None } else { self.voted_for };
            self.vote_position = cx.append(Record::Vote { term: self.term, voted_for });
            self.vote_is_saved = true;
        }
    }

    /// Adds an entry to the log and to the journal. A configuration is in force from here on, committed or not.
    pub(super) fn append_entry(&mut self, entry: Entry, cx: &mut Context<'_, Self>) -> Index {
        // An entry must not be on a disk that does not know its term yet.
        self.save_vote(cx);
        let position = cx.append(Record::Append(entry.clone()));
        let configuration = match &entry.command {
            Command::Configuration(configuration) => Some(Arc::clone(configuration)),
            Command::NoOp | Command::Client(_) | Command::Submitted(_) => None,
        };
        let index = self.log.append(entry, position);
        if let Some(configuration) = configuration {
            cx.note(|| format!("takes up the configuration {configuration} with entry {index}"));
            self.configurations.append(index, configuration);
        }
        index
    }

    /// Removes every entry behind `keep` from the log and the journal.
    pub(super) fn truncate_log(&mut self, keep: Index, cx: &mut Context<'_, Self>) {
        let last = self.log.last_index();
        assert!(keep < last, "a truncation removes something");
        self.save_vote(cx);
        cx.append(Record::Truncate { keep });
        self.log.truncate(keep);
        let falls_back = self.configurations.truncate(keep);
        let breaks_promise = self.commit > keep;
        cx.note(|| {
            let first = keep.next();
            let what =
                if first == last { format!("entry {first}") } else { format!("entries {first} to {last}") };
            let alarm =
                if breaks_promise { "; some were committed: an invariant of Raft is broken" } else { "" };
            format!("drops its {what} in favour of the leader's{alarm}")
        });
        if falls_back {
            let configuration = Arc::clone(self.configurations.in_force());
            cx.note(|| format!("falls back to the configuration {configuration}"));
        }
        self.roll_back(keep);
    }

    /// Sends `message` once the term, the vote and the entries up to `index` are durable.
    pub(super) fn send_durably(
        &mut self,
        to: NodeId,
        index: Index,
        message: Message,
        cx: &mut Context<'_, Self>,
    ) {
        self.save_vote(cx);
        let position = self.vote_position.max(self.log.position_of(index));
        if position <= self.synced {
            cx.send(to, message);
        } else {
            cx.send_after_sync(position, to, message);
        }
    }

    /// Asks for a sync if the step wrote anything.
    pub(super) fn sync_what_was_written(&mut self, cx: &mut Context<'_, Self>) {
        self.save_vote(cx);
        if cx.appended() > self.sync_asked {
            cx.sync();
            self.sync_asked = cx.appended();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, append, journal};
    use super::super::{AppendOutcome, Config};
    use super::*;

    fn first() -> Arc<Configuration> {
        Arc::new(Configuration::new(vec![NodeId(0)], Vec::new()))
    }

    fn entry(term: u64) -> Record {
        Record::Append(Entry { term: Term(term), command: Command::NoOp })
    }

    fn vote(term: u64, voted_for: u16) -> Record {
        Record::Vote { term: Term(term), voted_for: Some(NodeId(voted_for)) }
    }

    fn terms(log: &Log) -> Vec<u64> {
        log.entries().iter().map(|entry| entry.term.0).collect()
    }

    #[test]
    fn a_journal_is_replayed_in_order() {
        let keep = Record::Truncate { keep: Index(1) };
        let records = [vote(1, 0), entry(1), entry(1), vote(3, 2), keep, entry(3)];
        let disk = Disk { records: &records, torn_tail: false };
        let replayed = replay(&disk, Position(6), first(), Weakenings::NONE);
        assert_eq!((replayed.term, replayed.voted_for), (Term(3), Some(NodeId(2))));
        assert_eq!(terms(&replayed.log), [1, 3]);
        assert_eq!(replayed.log.durable(), Index(0), "not before the first sync");
    }

    #[test]
    fn every_prefix_of_a_journal_is_a_state() {
        let records = [vote(1, 0), entry(1), entry(1), Record::Truncate { keep: Index(0) }, entry(2)];
        let lengths: Vec<_> = (0..=records.len())
            .map(|kept| {
                let disk = Disk { records: &records[..kept], torn_tail: true };
                replay(&disk, Position(0), first(), Weakenings::NONE).log.last_index().0
            })
            .collect();
        assert_eq!(lengths, [0, 0, 1, 2, 0, 1]);
    }

    #[test]
    fn what_a_crash_has_left_is_synced_before_anything_is_said_about_it() {
        let mut bench = Bench::booted(3, Config::default(), journal(2, &[1, 2]));
        bench.receive(1, append(2, (2, 2), &[], 0));
        assert_eq!(bench.outcome(), None, "it may have been read from a cache that the next crash empties");
        bench.sync();
        assert_eq!(bench.outcome(), Some(AppendOutcome::Matched { index: Index(2) }));
    }

    #[test]
    fn the_weakened_restart_takes_the_term_of_the_last_entry() {
        let records = [vote(1, 0), entry(1), vote(4, 2)];
        let disk = Disk { records: &records, torn_tail: false };
        let weakened = Weakenings::NONE.with(Weakening::TermNotPersisted);
        let replayed = replay(&disk, Position(3), first(), weakened);
        assert_eq!((replayed.term, replayed.voted_for), (Term(1), None));
    }
}
