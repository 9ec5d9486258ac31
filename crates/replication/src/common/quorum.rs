//! Quorums: enough nodes, each counted once (Gifford, *Weighted Voting for Replicated Data*, SOSP 1979).

use std::collections::BTreeSet;

use anachron_vocabulary::NodeId;

/// How many of `nodes` nodes are a majority: any two majorities share a node.
pub fn majority(nodes: usize) -> usize {
    nodes / 2 + 1
}

/// The nodes that have answered, and how many are needed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quorum {
    needed: usize,
    /// A set, not a count: a message that arrives twice is one node's answer.
    heard: BTreeSet<NodeId>,
}

impl Quorum {
    /// Nobody has answered; `needed` nodes have to.
    pub fn new(needed: usize) -> Self {
        Self { needed, heard: BTreeSet::new() }
    }

    /// How many nodes have to answer.
    pub fn needed(&self) -> usize {
        self.needed
    }

    /// This node has answered. False if it had before.
    pub fn hear(&mut self, node: NodeId) -> bool {
        self.heard.insert(node)
    }

    /// True if this node has answered.
    pub fn has_heard(&self, node: NodeId) -> bool {
        self.heard.contains(&node)
    }

    /// True if enough nodes have answered.
    pub fn is_reached(&self) -> bool {
        self.heard.len() >= self.needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_counts_once_and_two_majorities_meet() {
        let mut quorum = Quorum::new(majority(3));
        assert!(quorum.hear(NodeId(1)) && !quorum.hear(NodeId(1)));
        assert!(!quorum.is_reached() && quorum.has_heard(NodeId(1)));
        quorum.hear(NodeId(0));
        assert!(quorum.is_reached());
        for nodes in 1..=9 {
            assert!(2 * majority(nodes) > nodes && 2 * (majority(nodes) - 1) <= nodes);
        }
    }
}
