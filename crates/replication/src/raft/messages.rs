//! What Raft nodes say to each other: the two calls of Figure 2 and their replies, `InstallSnapshot` (section 7), the
//! pre-vote (dissertation, section 9.6), `TimeoutNow` (section 3.10) and read indices for followers (section 6.4).
//!
//! Small and flat: only entries and snapshots are on the heap, and they are shared. A snapshot travels in one piece:
//! chunks would matter if bandwidth did.

use std::fmt;
use std::sync::Arc;

use super::log::{Entries, Index, Term};
use super::snapshot::Snapshot;

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
    RequestVote(Candidate),
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
    /// A node asks whether it would get a vote in a term that it has not entered yet.
    RequestPreVote(Candidate),
    /// The answer to `RequestPreVote`.
    PreVote {
        /// The term of the node that answers.
        term: Term,
        /// The term that was asked for.
        next_term: Term,
        /// True if it would give its vote.
        granted: bool,
    },
    /// As `RequestVote`, of a candidate whom the leader itself has told to stand: whoever stands by that leader may
    /// vote all the same.
    RequestVoteInTransfer(Candidate),
    /// The leader tells a node to stand for election at once.
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
    /// A leader sends its snapshot, because it no longer has the entries. Answered by `AppendReply`.
    InstallSnapshot {
        /// The leader's term.
        term: Term,
        /// The leader's round, to be carried back.
        round: Round,
        /// What the entries up to its last come to.
        snapshot: Arc<Snapshot>,
    },
    /// A node asks the leader how far a read has to wait.
    ReadIndex {
        /// The term of the node that asks.
        term: Term,
        /// Its own count of such questions, to be carried back.
        ticket: u64,
    },
    /// The answer to `ReadIndex`.
    ReadIndexReply {
        /// The term of the node that answers.
        term: Term,
        /// The ticket of the question.
        ticket: u64,
        /// The entry that must be applied before the read is answered; nothing if the node does not lead.
        index: Option<Index>,
    },
}

/// Who asks for a vote.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Candidate {
    /// The term that the vote is for.
    pub term: Term,
    /// The place of the candidate's last entry.
    pub last_index: Index,
    /// The term of the candidate's last entry.
    pub last_term: Term,
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
    /// The sender's term. A node that asks for a pre-vote claims none: it has not entered the term it asks about.
    pub fn term(&self) -> Term {
        match self {
            Self::RequestVote(candidate) | Self::RequestVoteInTransfer(candidate) => candidate.term,
            Self::RequestPreVote(_) => Term(0),
            Self::Vote { term, .. }
            | Self::AppendReply { term, .. }
            | Self::PreVote { term, .. }
            | Self::TimeoutNow { term }
            | Self::InstallSnapshot { term, .. }
            | Self::ReadIndex { term, .. }
            | Self::ReadIndexReply { term, .. } => *term,
            Self::AppendEntries(append) => append.term,
        }
    }

    /// True if only the leader of a term says such things.
    pub(super) fn is_from_leader(&self) -> bool {
        matches!(self, Self::AppendEntries(_) | Self::InstallSnapshot { .. })
    }
}

impl Candidate {
    fn write(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { term, last_index, last_term } = self;
        write!(f, "{name}(term {term}, last entry {last_index} of term {last_term})")
    }
}

fn granted(granted: bool) -> &'static str {
    if granted { "granted" } else { "refused" }
}

/// One line a reader of a trace can follow.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RequestVote(candidate) => candidate.write("RequestVote", f),
            Self::RequestPreVote(candidate) => candidate.write("RequestPreVote", f),
            Self::RequestVoteInTransfer(candidate) => candidate.write("RequestVoteInTransfer", f),
            Self::Vote { term, granted: yes } => write!(f, "Vote(term {term}, {})", granted(*yes)),
            Self::PreVote { term, next_term, granted: yes } => {
                write!(f, "PreVote(term {term}, for term {next_term} {})", granted(*yes))
            }
            Self::TimeoutNow { term } => write!(f, "TimeoutNow(term {term})"),
            Self::InstallSnapshot { term, round, snapshot } => {
                write!(f, "InstallSnapshot(term {term}, {snapshot:?}, round {})", round.0)
            }
            Self::ReadIndex { term, ticket } => write!(f, "ReadIndex(term {term}, ticket {ticket})"),
            Self::ReadIndexReply { term, ticket, index: Some(index) } => {
                write!(f, "ReadIndexReply(term {term}, ticket {ticket}, entry {index})")
            }
            Self::ReadIndexReply { term, ticket, index: None } => {
                write!(f, "ReadIndexReply(term {term}, ticket {ticket}, not the leader)")
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
