//! The cluster before anything goes wrong: nodes, links, clocks, disks.

use std::collections::BTreeMap;

use anachron_vocabulary::{ClientId, NodeId, Ratio, VirtualDuration};

use crate::Latency;

/// One end of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Endpoint {
    /// A node of the cluster.
    Node(NodeId),
    /// A client.
    Client(ClientId),
}

/// The nodes and what connects them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cluster {
    /// The nodes' names, by [`NodeId`]. Never empty.
    pub nodes: Vec<String>,
    /// The links among nodes and between clients and nodes.
    pub network: Network,
    /// Each node's clocks, by [`NodeId`].
    pub clocks: Vec<Clock>,
    /// Each node's disk, by [`NodeId`].
    pub disks: Vec<Disk>,
}

/// All directed links. Clients have links to nodes only, not to each other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Network {
    /// A link between two nodes, unless [`exceptions`](Self::exceptions) has it.
    pub between_nodes: Link,
    /// A link between a client and a node, in either direction, unless [`exceptions`](Self::exceptions) has it. Its
    /// `duplicate` is zero: a client's request stands for one call of a library over one connection.
    pub with_clients: Link,
    /// Links that differ, by sender and receiver.
    pub exceptions: BTreeMap<(Endpoint, Endpoint), Link>,
}

impl Network {
    /// The link from one end to another.
    pub fn link(&self, from: Endpoint, to: Endpoint) -> &Link {
        self.exceptions.get(&(from, to)).unwrap_or(match (from, to) {
            (Endpoint::Node(_), Endpoint::Node(_)) => &self.between_nodes,
            _ => &self.with_clients,
        })
    }
}

/// One directed link.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// How long a message is under way, one way.
    pub latency: Latency,
    /// The probability that a message is lost.
    pub drop: Ratio,
    /// The probability that a message arrives a second time, after a delay of its own.
    pub duplicate: Ratio,
    /// The probability that a message is held back so that later ones may overtake it, on a FIFO link too.
    pub reorder: Ratio,
    /// True if messages arrive in the order in which they were sent (but for `reorder`).
    pub fifo: bool,
}

/// What a link of the file changes; `None` keeps what was there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LinkChange {
    /// See [`Link::latency`].
    pub latency: Option<Latency>,
    /// See [`Link::drop`].
    pub drop: Option<Ratio>,
    /// See [`Link::duplicate`].
    pub duplicate: Option<Ratio>,
    /// See [`Link::reorder`].
    pub reorder: Option<Ratio>,
    /// See [`Link::fifo`].
    pub fifo: Option<bool>,
}

impl Link {
    /// The link with a change made to it.
    #[must_use]
    pub fn changed(&self, change: &LinkChange) -> Self {
        Self {
            latency: change.latency.clone().unwrap_or_else(|| self.latency.clone()),
            drop: change.drop.unwrap_or(self.drop),
            duplicate: change.duplicate.unwrap_or(self.duplicate),
            reorder: change.reorder.unwrap_or(self.reorder),
            fifo: change.fifo.unwrap_or(self.fifo),
        }
    }
}

/// A node's clocks at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Clock {
    /// What the wall clock shows when the run starts, in nanoseconds. The monotonic clock starts at zero.
    pub offset: i64,
    /// How fast both clocks run: parts per million faster than true time, slower if negative. Above -1,000,000.
    pub drift_ppm: i32,
}

/// A node's disk.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Disk {
    /// How long it takes to write a record that was appended. It holds up the next sync, not the node.
    pub write: Latency,
    /// How long it takes to make what was written durable.
    pub sync: Latency,
}

/// What the cluster's parts are like when a file says nothing.
pub(crate) mod defaults {
    use super::{Disk, Latency, Link, Ratio, VirtualDuration};

    pub(crate) const NODES: u16 = 3;

    /// One way, two milliseconds, nothing lost.
    pub(crate) fn link() -> Link {
        Link {
            latency: Latency::Constant(VirtualDuration::millis(2)),
            drop: Ratio::ZERO,
            duplicate: Ratio::ZERO,
            reorder: Ratio::ZERO,
            fifo: true,
        }
    }

    /// Fast enough not to show on a time axis of milliseconds, and not free.
    pub(crate) fn disk() -> Disk {
        Disk { write: Latency::ZERO, sync: Latency::Constant(VirtualDuration::micros(100)) }
    }
}
