//! What nodes say to each other, what they wait for, and what they write down.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use anachron_node::RequestId;
use anachron_vocabulary::{Key, NodeId, VirtualTime};

use super::merkle::Subtree;
use crate::common::Versions;

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message<V: Versions> {
    /// A coordinator sends a write, or repairs an old value.
    Store {
        /// The client's request.
        id: RequestId,
        /// The register.
        key: Key,
        /// What to store if it is newer.
        versions: V,
    },
    /// The replica has this, or something newer, on its disk.
    Stored {
        /// The client's request.
        id: RequestId,
        /// What was sent: a retry after a restart sends something else.
        mark: V::Mark,
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
        versions: V,
    },
    /// All that a node has.
    Gossip {
        /// Every register that was ever written.
        registers: Arc<[(Key, V)]>,
    },
    /// Anti-entropy: the digests of the sender's tree at these places.
    Tree {
        /// Where, and what the digest is there.
        digests: Arc<[(Subtree, u64)]>,
    },
    /// Anti-entropy: all that the sender has in one leaf of the tree.
    Leaf {
        /// Which leaf.
        leaf: Subtree,
        /// Its registers.
        registers: Arc<[(Key, V)]>,
        /// True if the sender would like the receiver's in return.
        asks: bool,
    },
    /// A coordinator could not reach one of a key's homes: keep this for it, please. Answered by `Stored`.
    Hinted {
        /// The client's request.
        id: RequestId,
        /// The register.
        key: Key,
        /// What to keep.
        versions: V,
        /// Whom for.
        home: NodeId,
    },
    /// Whoever kept a value for a home brings it.
    Handoff {
        /// The register.
        key: Key,
        /// What was kept.
        versions: V,
    },
    /// The home has it on its disk.
    HandedOff {
        /// The register.
        key: Key,
        /// What was brought.
        mark: V::Mark,
    },
    /// A tombstone's grace is over: does everybody have it?
    Bury {
        /// The deleted key.
        key: Key,
        /// The tombstone.
        versions: V,
    },
    /// This node has it, or something newer, on its disk.
    Buried {
        /// The deleted key.
        key: Key,
        /// Which tombstone.
        mark: V::Mark,
    },
    /// Everybody has it: forget it, and everything older.
    Purge {
        /// The deleted key.
        key: Key,
        /// The tombstone.
        versions: V,
    },
}

/// What a node waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer {
    /// Some nodes did not answer a coordinator: it asks them again.
    Resend,
    /// Time to compare with another node.
    Gossip,
    /// Some homes did not acknowledge a write: others are asked to keep it for them.
    Hint,
    /// Time to bring what was kept for others.
    Handoff,
    /// Some tombstones may be old enough to go.
    Purge,
    /// The client will not wait longer for this request.
    GiveUp(RequestId),
}

/// What a node writes to its journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Record<V> {
    /// A register holds this from now on.
    Holds {
        /// The register.
        key: Key,
        /// What it holds.
        versions: V,
    },
    /// The disk was new then.
    DiskSince(VirtualTime),
    /// This node keeps a value for a home that could not be reached.
    Hint {
        /// Whom for.
        home: NodeId,
        /// The register.
        key: Key,
        /// The value.
        versions: V,
        /// Since when, by this node's clock.
        since: VirtualTime,
    },
    /// It does not any more.
    HintEnded {
        /// Whom for.
        home: NodeId,
        /// The register.
        key: Key,
    },
    /// A tombstone is gone.
    Purged {
        /// The deleted key.
        key: Key,
        /// The tombstone.
        versions: V,
    },
}

/// What a register holds hashes as key and versions alone, and everything else behind a mark of its own, so that a
/// run in which registers are only written has one fingerprint whatever else a journal may contain.
impl<V: Hash> Hash for Record<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Holds { key, versions } => (key, versions).hash(state),
            Self::DiskSince(since) => (u32::MAX, 1, since).hash(state),
            Self::Hint { home, key, versions, since } => {
                (u32::MAX, 2, home, key, versions, since).hash(state);
            }
            Self::HintEnded { home, key } => (u32::MAX, 3, home, key).hash(state),
            Self::Purged { key, versions } => (u32::MAX, 4, key, versions).hash(state),
        }
    }
}
