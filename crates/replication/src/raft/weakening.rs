//! Known bugs of Raft implementations, each as a switch that breaks one rule. All are off unless asked for.
//!
//! The switch sits as a single `if` at the rule it breaks, so that reading the rule shows the bug. Names are those of
//! the catalogue of mutants.
//!
//! Left out: `raft-read-before-replay`, because this node applies what is committed in the step in which it learns
//! of it. What remains of that bug is a leader that does not know yet what is committed, and that is
//! `raft-readindex-without-noop`.

/// A known bug.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Weakening {
    /// `raft-vote-not-persisted`
    VoteNotPersisted,
    /// `raft-term-not-persisted`
    TermNotPersisted,
    /// `raft-vote-cleared-on-stepdown`
    VoteClearedOnStepdown,
    /// `raft-duplicate-vote-counted`
    DuplicateVoteCounted,
    /// `raft-stale-vote-counted`
    StaleVoteCounted,
    /// `raft-no-uptodate-check`
    NoUptodateCheck,
    /// `raft-uptodate-index-only`
    UptodateIndexOnly,
    /// `raft-commit-old-term`
    CommitOldTerm,
    /// `raft-truncate-on-any-append`
    TruncateOnAnyAppend,
    /// `raft-keep-conflicting-tail`
    KeepConflictingTail,
    /// `raft-commit-beyond-verified-prefix`
    CommitBeyondVerifiedPrefix,
    /// `raft-ack-own-last-index`
    AckOwnLastIndex,
    /// `raft-ack-before-fsync`
    AckBeforeFsync,
    /// `raft-apply-on-append`
    ApplyOnAppend,
    /// `raft-old-waiter-acked-in-new-term`
    OldWaiterAckedInNewTerm,
    /// `raft-read-leader-memory`
    ReadLeaderMemory,
    /// `raft-readindex-without-noop`
    ReadIndexWithoutNoop,
    /// `smr-no-dedup`
    NoDedup,
    /// `smr-unknown-reported-as-fail`
    UnknownReportedAsFail,
}

/// A weakening's name, source and what it does.
struct Entry(&'static str, &'static str, &'static str);

impl Weakening {
    /// Every weakening of this strategy, in the order of the rules of the paper.
    pub const ALL: [Self; 19] = [
        Self::VoteNotPersisted,
        Self::TermNotPersisted,
        Self::VoteClearedOnStepdown,
        Self::DuplicateVoteCounted,
        Self::StaleVoteCounted,
        Self::NoUptodateCheck,
        Self::UptodateIndexOnly,
        Self::CommitOldTerm,
        Self::TruncateOnAnyAppend,
        Self::KeepConflictingTail,
        Self::CommitBeyondVerifiedPrefix,
        Self::AckOwnLastIndex,
        Self::AckBeforeFsync,
        Self::ApplyOnAppend,
        Self::OldWaiterAckedInNewTerm,
        Self::ReadLeaderMemory,
        Self::ReadIndexWithoutNoop,
        Self::NoDedup,
        Self::UnknownReportedAsFail,
    ];

    /// Its name in scenario files.
    pub fn name(self) -> &'static str {
        self.entry().0
    }

    /// Where it was seen: projects with issue numbers, papers with sections.
    pub fn source(self) -> &'static str {
        self.entry().1
    }

    /// What it does wrong, in one sentence.
    pub fn summary(self) -> &'static str {
        self.entry().2
    }

    /// The weakening of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|weakening| weakening.name() == name)
    }

    fn entry(self) -> Entry {
        match self {
            Self::VoteNotPersisted => Entry(
                "raft-vote-not-persisted",
                "hashicorp/raft#661, tikv#1610, sofa-jraft#96; Raft §5.2",
                "A restart forgets whom the node voted for in its term.",
            ),
            Self::TermNotPersisted => Entry(
                "raft-term-not-persisted",
                "ongardie/raft.tla PR#5",
                "A restart takes the term of the last log entry for the current term.",
            ),
            Self::VoteClearedOnStepdown => Entry(
                "raft-vote-cleared-on-stepdown",
                "microsoft/CCF#8094, akka-raft#56",
                "A same-term step-down or a rejected append forgets the vote of the term.",
            ),
            Self::DuplicateVoteCounted => Entry(
                "raft-duplicate-vote-counted",
                "xraft#27, akka-raft#45",
                "Votes are counted, not collected by voter, so that a duplicate counts twice.",
            ),
            Self::StaleVoteCounted => Entry(
                "raft-stale-vote-counted",
                "little-raft#44, eatonphil/raft-rs#3",
                "A vote for an earlier term counts in the present election.",
            ),
            Self::NoUptodateCheck => Entry(
                "raft-no-uptodate-check",
                "simpleRaft#10; Raft §5.4.1",
                "A vote is given without comparing logs.",
            ),
            Self::UptodateIndexOnly => Entry(
                "raft-uptodate-index-only",
                "noraft#22; Raft §5.4.1",
                "Logs are compared by length alone, without the term of the last entry.",
            ),
            Self::CommitOldTerm => Entry(
                "raft-commit-old-term",
                "logcabin#44, async-raft#108, canonical/raft#220; Raft §5.4.2, Figure 8",
                "Entries of earlier terms are committed by counting replicas.",
            ),
            Self::TruncateOnAnyAppend => Entry(
                "raft-truncate-on-any-append",
                "hashicorp/raft#113, old-raft-rs#113; Raft §5.3",
                "Every append cuts the log behind the place it names, even where the entries agree.",
            ),
            Self::KeepConflictingTail => Entry(
                "raft-keep-conflicting-tail",
                "mofa#1151; Raft §5.3",
                "A conflicting entry is replaced, but those behind it stay.",
            ),
            Self::CommitBeyondVerifiedPrefix => Entry(
                "raft-commit-beyond-verified-prefix",
                "atomix/copycat#265, scylla#9965, scylla#10578; Raft Figure 2",
                "A follower commits up to its own last entry, compared with the leader's log or not.",
            ),
            Self::AckOwnLastIndex => Entry(
                "raft-ack-own-last-index",
                "RATIS-2605, RavenDB#9325; Raft Figure 2",
                "A follower acknowledges its whole log, not only what the leader has just compared.",
            ),
            Self::AckBeforeFsync => Entry(
                "raft-ack-before-fsync",
                "Jepsen NATS 2.12.1, etcd#14143; Raft Figure 2",
                "A follower acknowledges entries that it has not yet made durable.",
            ),
            Self::ApplyOnAppend => Entry(
                "raft-apply-on-append",
                "Jepsen MongoDB 2.6.7, VoltDB 6.3; Raft §5.3",
                "Entries are applied and answered before they are committed.",
            ),
            Self::OldWaiterAckedInNewTerm => Entry(
                "raft-old-waiter-acked-in-new-term",
                "MongoDB SERVER-27053, redpanda#3003",
                "A write that waits since an earlier term is acknowledged by whatever is committed in its place.",
            ),
            Self::ReadLeaderMemory => Entry(
                "raft-read-leader-memory",
                "etcd#741, consul#54, d-engine#381; Raft §8",
                "A leader answers reads from memory without asking whether it still leads.",
            ),
            Self::ReadIndexWithoutNoop => Entry(
                "raft-readindex-without-noop",
                "etcd#7331, tikv#6340, redisraft#19; Ongaro's dissertation §6.4",
                "A new leader serves reads before an entry of its own term is committed.",
            ),
            Self::NoDedup => Entry(
                "smr-no-dedup",
                "khepri#250, old-raft-rs#106; Raft §8",
                "A retry of a request that was already applied is applied again.",
            ),
            Self::UnknownReportedAsFail => Entry(
                "smr-unknown-reported-as-fail",
                "redisraft#23, Jepsen Aerospike 3.99, hashicorp/raft#561",
                "A leader that loses office refuses requests whose entries may still be committed.",
            ),
        }
    }
}

/// A set of weakenings; empty by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Weakenings(u32);

impl Weakenings {
    /// No weakening: the strategy as published.
    pub const NONE: Self = Self(0);

    /// This set with one more.
    #[must_use]
    pub fn with(self, weakening: Weakening) -> Self {
        Self(self.0 | 1 << weakening as u32)
    }

    /// True if the weakening is in the set.
    pub fn contains(self, weakening: Weakening) -> bool {
        self.0 & 1 << weakening as u32 != 0
    }

    /// True if nothing is weakened.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Weakening> for Weakenings {
    fn from_iter<I: IntoIterator<Item = Weakening>>(weakenings: I) -> Self {
        weakenings.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_weakening_is_found_by_its_name_and_by_nothing_else() {
        for weakening in Weakening::ALL {
            assert_eq!(Weakening::from_name(weakening.name()), Some(weakening));
            assert!(!weakening.source().is_empty() && weakening.summary().ends_with('.'));
        }
        assert_eq!(Weakening::from_name("raft-"), None);
    }

    #[test]
    fn a_set_contains_what_was_put_in() {
        for weakening in Weakening::ALL {
            let set = Weakenings::NONE.with(weakening);
            let found: Vec<_> = Weakening::ALL.into_iter().filter(|&other| set.contains(other)).collect();
            assert_eq!(found, [weakening]);
        }
        let all: Weakenings = Weakening::ALL.into_iter().collect();
        assert!(Weakening::ALL.into_iter().all(|weakening| all.contains(weakening)));
        assert!(Weakenings::default().is_empty());
    }
}
