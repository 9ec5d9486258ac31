//! Who sends updates to whom (DDIA §5, Multi-Leader Replication Topologies, figure 5-8).

use anachron_vocabulary::NodeId;

/// The paths of updates between leaders.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Topology {
    /// Every leader sends its own updates to every other one. No leader's death stops anybody else; updates may
    /// overtake each other.
    #[default]
    AllToAll,
    /// One leader in the middle passes on whatever it receives.
    Star {
        /// The one in the middle.
        hub: NodeId,
    },
    /// Every leader passes on to the next one, the last to the first. An update stops at its origin.
    Circle,
}

impl Topology {
    /// Whether a leader passes on updates that are not its own as soon as it has them.
    pub(super) fn forwards(self) -> bool {
        self != Self::AllToAll
    }

    /// True if `from` sends updates to `to`.
    fn leads(self, from: NodeId, to: NodeId, nodes: usize) -> bool {
        from != to
            && match self {
                Self::AllToAll => true,
                Self::Star { hub } => from == hub || to == hub,
                Self::Circle => (from.index() + 1) % nodes == to.index(),
            }
    }

    /// Whom a leader sends updates to.
    pub(super) fn targets(self, from: NodeId, nodes: usize) -> Vec<NodeId> {
        let all = (0..nodes).map(NodeId::from_index);
        all.filter(|&to| self.leads(from, to, nodes)).collect()
    }

    /// Whom a leader has a link with, in either direction.
    pub(super) fn neighbours(self, node: NodeId, nodes: usize) -> Vec<NodeId> {
        let all = (0..nodes).map(NodeId::from_index);
        all.filter(|&other| self.leads(node, other, nodes) || self.leads(other, node, nodes)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn in_every_topology_every_update_reaches_everybody() {
        for nodes in 1..=6_usize {
            for topology in [Topology::AllToAll, Topology::Star { hub: NodeId(0) }, Topology::Circle] {
                for origin in (0..nodes).map(NodeId::from_index) {
                    let mut reached = BTreeSet::from([origin]);
                    let mut open = vec![origin];
                    while let Some(node) = open.pop() {
                        for to in topology.targets(node, nodes) {
                            assert!(topology.neighbours(to, nodes).contains(&node));
                            if (topology.forwards() || node == origin) && reached.insert(to) {
                                open.push(to);
                            }
                        }
                    }
                    assert_eq!(reached.len(), nodes, "{topology:?} from {origin}");
                }
            }
        }
    }

    #[test]
    fn a_star_has_one_in_the_middle_and_a_circle_one_next() {
        let star = Topology::Star { hub: NodeId(1) };
        assert_eq!(star.targets(NodeId(0), 3), [NodeId(1)]);
        assert_eq!(star.targets(NodeId(1), 3), [NodeId(0), NodeId(2)]);
        assert_eq!(Topology::Circle.targets(NodeId(2), 3), [NodeId(0)]);
        assert_eq!(Topology::Circle.neighbours(NodeId(2), 4), [NodeId(1), NodeId(3)]);
    }
}
