//! Which nodes hold which key: the preference list (Dynamo §4.2, §4.3).
//!
//! Nodes stand in a circle by their ids. A key's *homes* are the `n` nodes from its place on; the nodes behind them
//! stand in when homes can't be reached. Keys are placed by their number, one node further each: no hashing, so that
//! a reader can tell who holds what.

use anachron_vocabulary::{Key, NodeId};

/// The circle of nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ring {
    nodes: u32,
    replicas: u32,
}

impl Ring {
    /// Every key at so many nodes, or at all of them.
    pub(super) fn new(nodes: usize, replicas: Option<u16>) -> Self {
        let nodes = u32::try_from(nodes).expect("node ids have 16 bits");
        let replicas = replicas.map_or(nodes, u32::from);
        assert!((1..=nodes).contains(&replicas), "{replicas} homes among {nodes} nodes");
        Self { nodes, replicas }
    }

    /// The nodes from the key's place on, once around.
    fn walk(self, key: Key) -> impl Iterator<Item = NodeId> {
        let place = key.0 % self.nodes;
        (0..self.nodes).map(move |step| NodeId::from_index(((place + step) % self.nodes) as usize))
    }

    /// True if `node` is one of the key's homes.
    pub(super) fn is_home(self, node: NodeId, key: Key) -> bool {
        let place = key.0 % self.nodes;
        (u32::from(node.0) + self.nodes - place) % self.nodes < self.replicas
    }

    /// The key's homes.
    pub(super) fn homes(self, key: Key) -> impl Iterator<Item = NodeId> {
        self.walk(key).take(self.replicas as usize)
    }

    /// Who stands in for homes, in order.
    pub(super) fn stand_ins(self, key: Key) -> impl Iterator<Item = NodeId> {
        self.walk(key).skip(self.replicas as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_lives_at_n_nodes_from_its_place_on() {
        let ring = Ring::new(5, Some(3));
        let ids = |nodes: Vec<NodeId>| nodes.iter().map(|node| node.0).collect::<Vec<_>>();
        assert_eq!(ids(ring.homes(Key(0)).collect()), [0, 1, 2]);
        assert_eq!(ids(ring.stand_ins(Key(0)).collect()), [3, 4]);
        assert_eq!(ids(ring.homes(Key(9)).collect()), [4, 0, 1]);
        assert_eq!(ids(ring.stand_ins(Key(9)).collect()), [2, 3]);
        for key in (0..12).map(Key) {
            for node in (0..5).map(NodeId) {
                assert_eq!(ring.is_home(node, key), ring.homes(key).any(|home| home == node));
            }
        }
        assert_eq!(Ring::new(3, None).stand_ins(Key(7)).count(), 0);
    }
}
