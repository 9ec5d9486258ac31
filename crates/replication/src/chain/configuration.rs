//! Which nodes form the chain, in which order (section 3 of the paper; epochs as in Corfu's layouts).

use std::fmt;
use std::sync::Arc;

use anachron_vocabulary::NodeId;

/// The number of a configuration. A node never goes back to an earlier one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Epoch(pub u64);

/// One configuration, made by the master.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Its number.
    pub epoch: Epoch,
    /// The members from head to tail. Never empty.
    pub chain: Arc<[NodeId]>,
    /// The member that does not have the state yet, if there is one. It is always the last.
    pub joining: Option<NodeId>,
}

impl Configuration {
    /// The first configuration of a cluster: every node but the master, by number.
    pub fn first(nodes: usize, master: NodeId) -> Self {
        let chain = (0..nodes).map(NodeId::from_index).filter(|&node| node != master).collect();
        Self { epoch: Epoch(0), chain, joining: None }
    }

    /// The next configuration: these members, the last of them perhaps without the state.
    #[must_use]
    pub fn next(&self, chain: Vec<NodeId>, joining: Option<NodeId>) -> Self {
        assert!(!chain.is_empty(), "somebody has to keep the data");
        assert!(joining.is_none_or(|node| chain.len() > 1 && chain.last() == Some(&node)));
        Self { epoch: Epoch(self.epoch.0 + 1), chain: chain.into(), joining }
    }

    /// Where updates enter.
    pub fn head(&self) -> NodeId {
        self.chain[0]
    }

    /// Where they are committed.
    pub fn tail(&self) -> NodeId {
        *self.chain.last().expect("a chain has a member")
    }

    /// True if the node is a member.
    pub fn has(&self, node: NodeId) -> bool {
        self.chain.contains(&node)
    }

    fn place(&self, node: NodeId) -> Option<usize> {
        self.chain.iter().position(|&member| member == node)
    }

    /// The next member towards the tail.
    pub fn successor(&self, node: NodeId) -> Option<NodeId> {
        self.chain.get(self.place(node)? + 1).copied()
    }

    /// The next member towards the head.
    pub fn predecessor(&self, node: NodeId) -> Option<NodeId> {
        Some(self.chain[self.place(node)?.checked_sub(1)?])
    }
}

/// `epoch 3: n1-n2-n4`, and a `+` before a member that joins.
impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {}: ", self.epoch.0)?;
        for (place, node) in self.chain.iter().enumerate() {
            let dash = if place == 0 { "" } else { "-" };
            let plus = if self.joining == Some(*node) { "+" } else { "" };
            write!(f, "{dash}{plus}{node}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_place_but_the_master() {
        let first = Configuration::first(4, NodeId(1));
        assert_eq!(format!("{first:?}"), "epoch 0: n1-n3-n4");
        assert_eq!((first.head(), first.tail()), (NodeId(0), NodeId(3)));
        assert_eq!(first.successor(NodeId(0)), Some(NodeId(2)));
        assert_eq!(first.successor(NodeId(3)), None);
        assert_eq!(first.predecessor(NodeId(2)), Some(NodeId(0)));
        assert_eq!((first.predecessor(NodeId(0)), first.predecessor(NodeId(1))), (None, None));
        let next = first.next(vec![NodeId(0), NodeId(3)], Some(NodeId(3)));
        assert_eq!(format!("{next:?}"), "epoch 1: n1-+n4");
        assert!(!next.has(NodeId(2)));
    }
}
