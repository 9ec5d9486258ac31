//! What nodes say to each other, what they wait for, and what they write down.

use std::sync::Arc;

use anachron_vocabulary::NodeId;

use super::{Entry, Epoch, Index, Point};

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// A leader ships its log, or just says that it is there.
    Append {
        /// Its epoch.
        epoch: Epoch,
        /// The entry before `entries`: a follower that does not have it can't take them.
        previous: Point,
        /// The entries behind `previous`, perhaps none.
        entries: Arc<[Entry]>,
        /// Where the leader's log ends.
        end: Index,
    },
    /// A follower has what the leader has up to `upto` (on disk, or in memory: see `Durability`).
    Appended {
        /// The leader's epoch.
        epoch: Epoch,
        /// How far the follower's log agrees.
        upto: Index,
    },
    /// A follower lacks the entry before those it was sent, or has another in its place.
    Lacking {
        /// The leader's epoch.
        epoch: Epoch,
        /// How far the two logs may agree.
        perhaps: Index,
    },
    /// The sender of an old epoch's message is told of a newer epoch.
    Fenced {
        /// The newest epoch number that the node has voted in or followed.
        number: u64,
        /// The epoch that it follows.
        follows: Epoch,
    },
    /// A candidate asks for a vote.
    VoteRequest {
        /// The epoch number that it would lead.
        number: u64,
        /// How far its log reaches.
        last: Point,
    },
    /// The vote.
    Vote {
        /// The epoch number that was asked for, or the newer one that the voter knows.
        number: u64,
        /// Yes or no.
        granted: bool,
    },
}

/// What a node waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer {
    /// A leader sends again what followers have not acknowledged.
    Resend,
    /// A leader says that it is there (automatic failover).
    Heartbeat,
    /// A node takes the leader for dead (automatic failover).
    Suspicion,
    /// A leader goes on without its followers (only weakened).
    Fallback,
}

/// What a node writes to its journal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// An entry was added to the log.
    Entry(Entry),
    /// Everything behind this place was taken off the log.
    Truncate(Index),
    /// The writes that were taken off were carried out again on top of the log.
    Merge,
    /// The node follows (or begins) this epoch.
    Follow(Epoch),
    /// The node has seen this epoch number, and voted in it or not.
    Vote {
        /// The number.
        number: u64,
        /// Whom it voted for.
        candidate: Option<NodeId>,
    },
}
