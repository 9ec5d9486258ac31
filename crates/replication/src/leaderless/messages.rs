//! What nodes say to each other, what they wait for, and what they write down.

use std::sync::Arc;

use anachron_node::RequestId;
use anachron_vocabulary::Key;

use crate::common::{Stamp, Stamped};

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// A coordinator sends a write, or repairs an old value.
    Store {
        /// The client's request.
        id: RequestId,
        /// The register.
        key: Key,
        /// What to store if it is newer.
        stamped: Stamped,
    },
    /// The replica has this, or something newer, on its disk.
    Stored {
        /// The client's request.
        id: RequestId,
        /// The stamp of what was sent: a retry after a restart has another one.
        stamp: Stamp,
    },
    /// A coordinator asks what a register holds.
    Query {
        /// The client's request.
        id: RequestId,
        /// The register.
        key: Key,
    },
    /// The answer.
    Found {
        /// The client's request.
        id: RequestId,
        /// What the register holds.
        stamped: Stamped,
    },
    /// All that a node has.
    Gossip {
        /// Every register that was ever written.
        registers: Arc<[(Key, Stamped)]>,
    },
}

/// What a node waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer {
    /// Some nodes did not answer a coordinator: it asks them again.
    Resend,
    /// Time to send what it has to another node.
    Gossip,
}

/// What a node writes to its journal: a register holds this from now on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// The register.
    pub key: Key,
    /// What it holds.
    pub stamped: Stamped,
}
