//! Who is who in the cluster: lock nodes first, then the resource, then the workers.

use std::ops::Range;

use anachron_vocabulary::{ClientId, NodeId};

/// What a node is there for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// One of the nodes that give the locks.
    LockNode,
    /// The storage that the locks protect.
    Resource,
    /// A server that clients talk to, and that takes locks to work on the resource.
    Worker,
}

/// The parts of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// How many lock nodes there are. At least one.
    pub(super) lock_nodes: u16,
    /// How many nodes there are. At least one worker is among them.
    pub(super) nodes: u16,
}

impl Layout {
    /// What a node is there for.
    pub fn part(self, node: NodeId) -> Part {
        match node.0 {
            number if number < self.lock_nodes => Part::LockNode,
            number if number == self.lock_nodes => Part::Resource,
            _ => Part::Worker,
        }
    }

    /// The nodes that give the locks.
    pub fn lock_nodes(self) -> impl Iterator<Item = NodeId> {
        Range { start: 0, end: self.lock_nodes }.map(NodeId)
    }

    /// The storage.
    pub fn resource(self) -> NodeId {
        NodeId(self.lock_nodes)
    }

    /// A worker to send lost clients to.
    pub fn first_worker(self) -> NodeId {
        NodeId(self.lock_nodes + 1)
    }

    /// The name under which a worker asks the lock service for something on a client's behalf.
    pub(super) fn on_behalf(self, client: ClientId, worker: NodeId) -> ClientId {
        ClientId(client.0 * u32::from(self.nodes) + u32::from(worker.0))
    }

    /// Takes such a name apart.
    pub(super) fn behind(self, name: ClientId) -> (ClientId, NodeId) {
        let nodes = u32::from(self.nodes);
        let worker = NodeId(u16::try_from(name.0 % nodes).expect("below the number of nodes"));
        (ClientId(name.0 / nodes), worker)
    }

    /// The lock node after this one, round and round.
    pub(super) fn next_lock_node(self, node: NodeId) -> NodeId {
        NodeId((node.0 + 1) % self.lock_nodes)
    }
}
