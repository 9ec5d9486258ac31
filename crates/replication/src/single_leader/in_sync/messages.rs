//! What nodes say to each other, what they wait for, and what they write down.

use std::sync::Arc;

use anachron_vocabulary::NodeId;

use super::super::{Entry, Epoch, Index, Point};
use super::Configuration;

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// A follower asks for what comes behind its log, and so says how far it is.
    Fetch {
        /// The epoch that it follows.
        epoch: Epoch,
        /// Where its log ends (on disk, or in memory: see `Durability`).
        end: Point,
        /// How far it knows the log to be committed (KIP-1166): the leader may have something to tell even if there is no
        /// entry to send.
        high_watermark: Index,
    },
    /// The leader's answer: it waits until it has something new to tell.
    Fetched {
        /// Its epoch.
        epoch: Epoch,
        /// Where the follower's log ended.
        previous: Point,
        /// What comes behind it, perhaps nothing.
        entries: Arc<[Entry]>,
        /// How far the log is committed.
        high_watermark: Index,
    },
    /// The leader's other answer: the follower's log ends in something that the leader does not have.
    Diverging {
        /// The leader's epoch.
        epoch: Epoch,
        /// Where the follower's log ended. By now it may end elsewhere, and a late answer must not cut it.
        previous: Point,
        /// Where the leader's log leaves the follower's last epoch (KIP-101; in this form KIP-595).
        ends: Point,
    },
    /// A replica tells the controller that it lives.
    Heartbeat {
        /// How often it has started (Kafka's *broker epoch*).
        incarnation: u32,
        /// The newest configuration it knows.
        version: u64,
    },
    /// The controller tells what it has decided.
    Configure(Configuration),
    /// A leader wants another in-sync set (KIP-497's *AlterPartition*).
    Propose {
        /// The configuration that it knows.
        version: u64,
        /// Who is to be in sync from now on.
        in_sync: Arc<[NodeId]>,
    },
    /// A leader asks the controller whether it is the leader still, for all reads up to this ticket.
    Confirm {
        /// Its epoch.
        epoch: Epoch,
        /// Its own count.
        ticket: u64,
    },
    /// It was, when the question came.
    Confirmed {
        /// The epoch.
        epoch: Epoch,
        /// The leader's count.
        ticket: u64,
    },
}

/// What a node waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer {
    /// A replica tells the controller that it lives.
    Heartbeat,
    /// A follower asks its leader again.
    Fetch,
    /// A leader asks the controller again.
    Ask,
    /// A leader wants this follower out of the in-sync set.
    Lag(NodeId),
    /// The controller takes this replica for dead.
    Session(NodeId),
}

/// What a node writes to its journal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// The replica started.
    Started,
    /// The controller decided this, or a replica heard of it.
    Configured(Configuration),
    /// An entry was added to the log.
    Entry(Entry),
    /// Everything behind this place was taken off the log.
    Truncate(Index),
    /// The log is committed up to here. Never waited for: it is what a node begins with when it comes back.
    HighWatermark(Index),
}
