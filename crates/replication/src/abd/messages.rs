//! What nodes say to each other, what they wait for, and what they write down.

use anachron_node::RequestId;
use anachron_vocabulary::Key;

use crate::common::{Stamp, Stamped};

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// First phase: what does the register hold?
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
    /// Second phase: store this, if it is newer. A write's new value, or what a read found and writes back.
    Store {
        /// The client's request.
        id: RequestId,
        /// The register.
        key: Key,
        /// What to store.
        stamped: Stamped,
    },
    /// The replica has this, or something newer, on its disk.
    Stored {
        /// The client's request.
        id: RequestId,
        /// The stamp of what was sent: a retry after a restart may have another one.
        stamp: Stamp,
    },
}

/// What a node waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer {
    /// Some nodes did not answer a coordinator: it asks them again.
    Resend,
}

/// What a node writes to its journal: a register holds this from now on.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// The register.
    pub key: Key,
    /// What it holds.
    pub stamped: Stamped,
}
