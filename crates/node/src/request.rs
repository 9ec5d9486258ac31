//! What arrives from a client, and what goes back.

use std::fmt;

use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Reply};

/// Names one request of one client. A retry may carry the same id (so that a session can recognise it) or a new one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId {
    /// Who asks.
    pub client: ClientId,
    /// The client's own count of its requests, from 1 up.
    pub serial: u64,
}

/// A client's request as it reaches a node.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Request {
    /// Its name; answers carry it back.
    pub id: RequestId,
    /// The object.
    pub key: Key,
    /// What to do with it.
    pub operation: Operation,
}

/// A node's answer to a request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// The operation took effect; this is its reply.
    Ok(Reply),
    /// The operation did not happen here and never will *by this request*. A client may ask elsewhere or again.
    Refused(Refusal),
    /// The node can't tell whether the operation will take effect. A client must not take this for a refusal.
    Unknown,
}

/// Why a request was refused. Every refusal is definite: the request has no effect, now or later.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// This node does not serve such requests; perhaps that one does.
    NotLeader {
        /// Whom this node believes to be the leader.
        leader: Option<NodeId>,
    },
    /// The lock is held by another client (an acquire), or is not held by this one (a release).
    LockState,
    /// Too few replicas can be reached, and nothing has been sent to any of them.
    NoQuorum,
    /// The strategy does not offer this operation (an append on a register that only reads and writes, say).
    Unsupported,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotLeader { leader: Some(leader) } => write!(f, "not the leader, ask {leader}"),
            Self::NotLeader { leader: None } => f.write_str("not the leader"),
            Self::LockState => f.write_str("the lock is not yours to take or to give back"),
            Self::NoQuorum => f.write_str("too few replicas can be reached"),
            Self::Unsupported => f.write_str("this strategy does not offer the operation"),
        }
    }
}
