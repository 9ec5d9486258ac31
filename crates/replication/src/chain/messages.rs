//! What nodes say to each other, what they wait for, and what they write down.

use std::sync::Arc;

use anachron_node::Request;
use anachron_vocabulary::Key;

use super::history::State;
use super::{Configuration, Epoch};

/// What nodes say to each other.
#[derive(Clone, Hash, Debug)]
pub enum Message {
    /// A node tells the master that it lives.
    Heartbeat {
        /// The newest epoch that it knows.
        epoch: Epoch,
        /// True if it is a member and has the state.
        complete: bool,
    },
    /// The master tells a node of the newest configuration.
    Configure(Configuration),
    /// An update on its way to the head.
    Submit {
        /// The sender's epoch.
        epoch: Epoch,
        /// What to do.
        request: Request,
    },
    /// Updates on their way down the chain.
    Forward {
        /// The sender's epoch.
        epoch: Epoch,
        /// The number of the first.
        first: u64,
        /// They follow each other without a gap.
        updates: Arc<[Request]>,
    },
    /// The tail has everything up to here; on its way up the chain.
    Acknowledge {
        /// The sender's epoch.
        epoch: Epoch,
        /// The number of the last update that is committed.
        upto: u64,
    },
    /// Everything that a node which joins behind the sender has to have.
    Transfer {
        /// The sender's epoch.
        epoch: Epoch,
        /// What is committed.
        state: Arc<State>,
        /// What the sender has beyond that.
        updates: Arc<[Request]>,
    },
    /// A read on its way to the tail.
    Read {
        /// The sender's epoch.
        epoch: Epoch,
        /// What to read.
        request: Request,
    },
    /// Is this the newest epoch? A member asks the master before it answers a read.
    Confirm {
        /// The sender's epoch.
        epoch: Epoch,
        /// The sender's name for the read.
        ticket: u64,
    },
    /// It was, when the question arrived.
    Confirmed {
        /// The epoch.
        epoch: Epoch,
        /// The read.
        ticket: u64,
    },
    /// CRAQ: which version of a dirty object is committed?
    VersionQuery {
        /// The sender's epoch.
        epoch: Epoch,
        /// The sender's name for the read.
        ticket: u64,
        /// The object.
        key: Key,
    },
    /// The tail's answer.
    Version {
        /// The sender's epoch.
        epoch: Epoch,
        /// The read.
        ticket: u64,
        /// The number of the last update that is committed; so every object's version is known.
        upto: u64,
    },
}

/// What a node waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// To tell the master that it lives.
    Heartbeat,
    /// The master looks who has not been heard of.
    Check,
    /// Something was not answered: say it again.
    Resend,
}

/// What a node writes to its journal.
#[derive(Clone, Hash, Debug)]
pub enum Record {
    /// This is the newest configuration.
    Configured(Configuration),
    /// The next update.
    Update(Request),
    /// What was there before is void; this is the state, and these updates follow it.
    Transferred {
        /// The state.
        state: Arc<State>,
        /// The updates.
        updates: Arc<[Request]>,
    },
}
