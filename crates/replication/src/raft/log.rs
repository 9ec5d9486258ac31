//! The replicated log (Raft, section 5.3): entries numbered from 1, each with the term of the leader that made it.
//!
//! It promises access by index in constant time, and knows how far it is durable: each entry remembers the journal
//! position behind which it is safe. It knows nothing of commitment; that is `commit.rs`.
//!
//! With snapshots (section 7; dissertation, chapter 5) the log starts behind an entry above zero, its *base*: entries up
//! to it are gone, and a snapshot stands for them (`snapshot.rs`). Of the base itself the term is kept, so that the
//! entry behind it can still be compared. Every access goes through an [`Index`], so that only this file knows.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use anachron_node::{Position, Request};

use crate::common::Submission;

use super::membership::Configuration;

/// A term: the period of at most one leader (Raft, section 5.1). Zero is before the first election.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Term(pub u64);

/// An entry's place in the log, from 1 up. Zero is the place before the first entry.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Index(pub u64);

impl Term {
    /// The next term.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Index {
    /// The place before the first entry.
    pub const ZERO: Self = Self(0);

    /// The next place.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The place before; zero has none and stays.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The place `count` entries further on.
    #[must_use]
    pub fn plus(self, count: usize) -> Self {
        Self(self.0 + count as u64)
    }
}

/// The bare number: traces are full of them.
impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The bare number: traces are full of them.
impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an entry does to the state machine.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Command {
    /// Nothing. A leader starts its term with one, to learn what is committed (section 8).
    NoOp,
    /// A client's request.
    Client(Request),
    /// Who belongs to the cluster from this entry on (section 6).
    Configuration(Arc<Configuration>),
    /// Nothing here: it is for a layer above.
    Submitted(Arc<Submission>),
}

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The term of the leader that appended it first.
    pub term: Term,
    /// What it does.
    pub command: Command,
}

/// Short, for traces: `2:NoOp`, or term, request, object and operation.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Command::NoOp => write!(f, "{}:NoOp", self.term),
            Command::Configuration(configuration) => write!(f, "{}:{configuration:?}", self.term),
            Command::Submitted(submission) => write!(f, "{}:{submission:?}", self.term),
            Command::Client(Request { id, key, operation }) => {
                write!(f, "{}:{id:?} {key:?} {operation:?}", self.term)
            }
        }
    }
}

/// Some entries in a row, shared between messages. None at all costs no allocation: heartbeats are free.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Entries(Option<Arc<[Entry]>>);

impl Entries {
    /// A shared copy of `entries`.
    pub fn new(entries: &[Entry]) -> Self {
        Self((!entries.is_empty()).then(|| entries.into()))
    }
}

impl Deref for Entries {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or(&[])
    }
}

impl fmt::Debug for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The entries of one node, behind its base.
///
/// Invariants: `entries` and `positions` are equally long; `durable` is at most the last index.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The last entry that a snapshot stands for; zero if there is none.
    base: Index,
    base_term: Term,
    /// The journal position behind which everything up to the base is safe.
    base_position: Position,
    entries: Vec<Entry>,
    /// For each entry, the journal position behind its record.
    positions: Vec<Position>,
    durable: Index,
}

impl Log {
    /// The last entry that is gone because a snapshot stands for it; zero if none is.
    pub fn base(&self) -> Index {
        self.base
    }

    /// The place of the last entry; the base if there is none.
    pub fn last_index(&self) -> Index {
        self.base.plus(self.entries.len())
    }

    /// The term of the last entry; zero if there never was one.
    pub fn last_term(&self) -> Term {
        self.entries.last().map_or(self.base_term, |entry| entry.term)
    }

    /// How many of the entries kept lie up to `index`; none if it is before the base.
    fn count(&self, index: Index) -> usize {
        usize::try_from(index.0.saturating_sub(self.base.0)).unwrap_or(usize::MAX).min(self.entries.len())
    }

    /// Where the entry at `index` is kept.
    fn row(&self, index: Index) -> Option<usize> {
        usize::try_from(index.0.checked_sub(self.base.0)?.checked_sub(1)?).ok()
    }

    /// The entry at `index`; nothing if it is gone or not there yet.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(self.row(index)?)
    }

    /// The term of the entry at `index`. The place before the first entry has term zero, so that the check of what
    /// comes before an entry needs no special case. Nothing before the base is known.
    pub fn term_at(&self, index: Index) -> Option<Term> {
        if index == self.base { Some(self.base_term) } else { self.get(index).map(|entry| entry.term) }
    }

    /// All entries behind the base, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Adds an entry whose record ends at `position` of the journal.
    pub(super) fn append(&mut self, entry: Entry, position: Position) -> Index {
        self.entries.push(entry);
        self.positions.push(position);
        self.last_index()
    }

    /// Removes every entry behind `keep`.
    pub(super) fn truncate(&mut self, keep: Index) {
        assert!(keep >= self.base, "what a snapshot stands for is never cut off");
        let left = self.count(keep);
        self.entries.truncate(left);
        self.positions.truncate(left);
        self.durable = self.durable.min(keep);
    }

    /// A snapshot stands for every entry up to `index` from now on.
    pub(super) fn compact(&mut self, index: Index) {
        let term = self.term_at(index).expect("a snapshot covers entries that are there");
        let position = self.position_of(index);
        let gone = self.count(index);
        self.entries.drain(..gone);
        self.positions.drain(..gone);
        (self.base, self.base_term, self.base_position) = (index, term, position);
    }

    /// A snapshot whose record ends at `position` replaces every entry there is.
    pub(super) fn reset(&mut self, index: Index, term: Term, position: Position) {
        self.entries.clear();
        self.positions.clear();
        (self.base, self.base_term, self.base_position) = (index, term, position);
        self.durable = Index::ZERO;
    }

    /// The entries behind `keep`.
    pub(super) fn tail(&self, keep: Index) -> &[Entry] {
        &self.entries[self.count(keep)..]
    }

    /// A shared copy of at most `limit` entries from `first` on.
    pub(super) fn batch(&self, first: Index, limit: usize) -> Entries {
        let tail = self.tail(first.previous());
        Entries::new(&tail[..tail.len().min(limit)])
    }

    /// The first place of the unbroken row of entries that ends at `index` and has its term.
    pub(super) fn first_of_term_at(&self, index: Index) -> Index {
        let Some(term) = self.term_at(index) else { return index };
        let mut first = index;
        while first.previous() > self.base && self.term_at(first.previous()) == Some(term) {
            first = first.previous();
        }
        first
    }

    /// The last place at or before `limit` whose entry's term is at most `term`; the base if there is none.
    pub(super) fn last_with_term_at_most(&self, term: Term, limit: Index) -> Index {
        let head = &self.entries[..self.count(limit)];
        self.base.plus(head.partition_point(|entry| entry.term <= term))
    }

    /// The journal position that makes everything up to `index` durable.
    pub(super) fn position_of(&self, index: Index) -> Position {
        if index == Index::ZERO {
            return Position::default();
        }
        match self.row(index) {
            None => self.base_position,
            Some(row) => self.positions.get(row).copied().unwrap_or_default(),
        }
    }

    /// The last entry that is known to survive a crash.
    pub fn durable(&self) -> Index {
        self.durable
    }

    /// The journal is durable up to `synced`.
    pub(super) fn on_synced(&mut self, synced: Position) {
        if self.base_position <= synced {
            self.durable = self.durable.max(self.base);
        }
        while self.durable < self.last_index() && self.position_of(self.durable.next()) <= synced {
            self.durable = self.durable.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(terms: &[u64]) -> Log {
        let mut log = Log::default();
        for (row, &term) in terms.iter().enumerate() {
            log.append(Entry { term: Term(term), command: Command::NoOp }, Position(row as u64 + 1));
        }
        log
    }

    #[test]
    fn the_place_before_the_first_entry_has_term_zero() {
        let log = log(&[2, 3]);
        assert_eq!(log.term_at(Index(0)), Some(Term(0)));
        assert_eq!(log.term_at(Index(2)), Some(Term(3)));
        assert_eq!(log.term_at(Index(3)), None);
        assert_eq!((log.last_index(), log.last_term()), (Index(2), Term(3)));
    }

    #[test]
    fn an_entry_is_durable_once_the_journal_is_synced_behind_it() {
        let mut log = log(&[1, 1, 1]);
        log.on_synced(Position(2));
        assert_eq!(log.durable(), Index(2));
        // A truncated entry's place is taken by one that is not durable yet.
        log.truncate(Index(1));
        log.append(Entry { term: Term(2), command: Command::NoOp }, Position(5));
        log.on_synced(Position(4));
        assert_eq!(log.durable(), Index(1));
        log.on_synced(Position(5));
        assert_eq!(log.durable(), Index(2));
    }

    #[test]
    fn a_batch_is_cut_at_the_limit_and_at_the_end() {
        let log = log(&[1, 2, 3]);
        let terms = |entries: Entries| entries.iter().map(|entry| entry.term.0).collect::<Vec<_>>();
        assert_eq!(terms(log.batch(Index(2), 1)), [2]);
        assert_eq!(terms(log.batch(Index(2), 9)), [2, 3]);
        assert_eq!(log.batch(Index(4), 9), Entries::default());
    }

    #[test]
    fn rows_of_one_term_are_found_from_both_ends() {
        let log = log(&[1, 1, 4, 4, 4, 6]);
        assert_eq!(log.first_of_term_at(Index(5)), Index(3));
        assert_eq!(log.first_of_term_at(Index(2)), Index(1));
        assert_eq!(log.last_with_term_at_most(Term(4), Index(6)), Index(5));
        assert_eq!(log.last_with_term_at_most(Term(4), Index(4)), Index(4));
        assert_eq!(log.last_with_term_at_most(Term(0), Index(6)), Index(0));
    }

    #[test]
    fn a_compacted_log_keeps_its_places_and_the_term_before_them() {
        let mut log = log(&[1, 1, 2, 3]);
        log.on_synced(Position(1));
        log.compact(Index(3));
        assert_eq!((log.base(), log.last_index(), log.last_term()), (Index(3), Index(4), Term(3)));
        assert_eq!(
            [2, 3, 4, 5].map(|index| log.term_at(Index(index)).map(|term| term.0)),
            [None, Some(2), Some(3), None]
        );
        assert_eq!((log.get(Index(3)), log.tail(Index(3)).len(), log.tail(Index(1)).len()), (None, 1, 1));
        assert_eq!(log.position_of(Index(2)), Position(3), "safe once all that was dropped is");
        assert_eq!(log.durable(), Index(1));
        log.on_synced(Position(2));
        assert_eq!(log.durable(), Index(1), "the base is not durable yet");
        log.on_synced(Position(4));
        assert_eq!(log.durable(), Index(4));
        assert_eq!(
            (log.first_of_term_at(Index(4)), log.last_with_term_at_most(Term(2), Index(4))),
            (Index(4), Index(3))
        );
    }

    #[test]
    fn a_reset_log_is_as_durable_as_the_snapshot_that_replaced_it() {
        let mut log = log(&[1, 1]);
        log.on_synced(Position(2));
        log.reset(Index(7), Term(3), Position(3));
        assert_eq!((log.last_index(), log.last_term(), log.durable()), (Index(7), Term(3), Index(0)));
        log.append(Entry { term: Term(3), command: Command::NoOp }, Position(4));
        assert_eq!(log.position_of(Index(7)), Position(3));
        log.on_synced(Position(3));
        assert_eq!(log.durable(), Index(7));
        log.on_synced(Position(4));
        assert_eq!(log.durable(), Index(8));
    }
}
