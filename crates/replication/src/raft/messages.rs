//! What Raft nodes say to each other: the two calls of Figure 2 and their replies.
//!
//! Small and flat: only entries are on the heap, and they are shared. Left out until they are needed:
//! `InstallSnapshot`, pre-vote, `TimeoutNow` as a message (an operator's command stands in for it).

use std::fmt;

use super::log::{Entries, Index, Term};

/// Counts the times that a leader asked its followers whether it still leads. Only ever compared within one term.
///
/// Every `AppendEntries` carries the round it was sent in and its reply carries that round back, so that an
/// acknowledgement can be tied to the moment after which it was asked for. An acknowledgement without it could be
/// older than the read that it is taken to confirm.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Round(pub u64);

impl Round {
    /// The next round.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A message between nodes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// A candidate asks for a vote.
    RequestVote {
        /// The candidate's term.
        term: Term,
        /// The place of the candidate's last entry.
        last_index: Index,
        /// The term of the candidate's last entry.
        last_term: Term,
    },
    /// The answer to `RequestVote`.
    Vote {
        /// The voter's term. A granted vote is for this term and no other.
        term: Term,
        /// True if the candidate has the vote.
        granted: bool,
    },
    /// A leader sends entries.
    AppendEntries(AppendEntries),
    /// The answer to `AppendEntries`.
    AppendReply {
        /// The follower's term.
        term: Term,
        /// The round of the message answered.
        round: Round,
        /// What became of the entries.
        outcome: AppendOutcome,
    },
}

/// A leader's entries for one follower; without any it is a heartbeat.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct AppendEntries {
    /// The leader's term.
    pub term: Term,
    /// The place before the first entry sent.
    pub previous_index: Index,
    /// The term of the leader's entry there.
    pub previous_term: Term,
    /// What comes next in the leader's log.
    pub entries: Entries,
    /// How far the leader knows the log to be committed.
    pub commit: Index,
    /// The leader's round, to be carried back.
    pub round: Round,
}

impl Message {
    /// The sender's term.
    pub fn term(&self) -> Term {
        match self {
            Self::RequestVote { term, .. } | Self::Vote { term, .. } | Self::AppendReply { term, .. } => {
                *term
            }
            Self::AppendEntries(append) => append.term,
        }
    }
}

/// One line a reader of a trace can follow.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestVote { term, last_index, last_term } => {
                write!(f, "RequestVote(term {term}, last entry {last_index} of term {last_term})")
            }
            Self::Vote { term, granted } => {
                write!(f, "Vote(term {term}, {})", if *granted { "granted" } else { "refused" })
            }
            Self::AppendEntries(append) => {
                let AppendEntries { term, previous_index, previous_term, entries, commit, round } = append;
                let name = if entries.is_empty() { "Heartbeat" } else { "AppendEntries" };
                write!(f, "{name}(term {term}, after {previous_index} of term {previous_term}")?;
                if !entries.is_empty() {
                    write!(f, ": {entries:?}")?;
                }
                write!(f, ", commit {commit}, round {})", round.0)
            }
            Self::AppendReply { term, round, outcome } => {
                write!(f, "AppendReply(term {term}, ")?;
                match outcome {
                    AppendOutcome::Matched { index } => write!(f, "matched {index}")?,
                    AppendOutcome::Conflict { previous_index, term: Term(0), first } => {
                        write!(f, "no entry {previous_index}, lacks all from {first}")?;
                    }
                    AppendOutcome::Conflict { previous_index, term, first } => {
                        write!(f, "entry {previous_index} is of term {term} here, as from {first}")?;
                    }
                    AppendOutcome::StaleTerm => f.write_str("stale term")?,
                }
                write!(f, ", round {})", round.0)
            }
        }
    }
}

/// What became of an `AppendEntries`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AppendOutcome {
    /// The follower's log now equals the leader's up to and including `index`, durably.
    Matched {
        /// The last place that is known to be equal.
        index: Index,
    },
    /// The follower has no entry, or another one, at the place before the entries sent.
    Conflict {
        /// That place.
        previous_index: Index,
        /// The term of the entry found there; zero if the log is too short.
        term: Term,
        /// The first place that holds that term; behind the last entry if the log is too short.
        first: Index,
    },
    /// The sender is not the leader of the follower's term.
    StaleTerm,
}
