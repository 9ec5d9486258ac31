//! Ballots and slots: the two numbers that everything in Paxos is about.

use std::fmt;

use anachron_vocabulary::NodeId;

/// A ballot: one attempt of one node to be obeyed.
///
/// The round counts first, the node breaks the tie, so two nodes never share a ballot (Lamport 2001, section 2.2: "sets of
/// numbers that are disjoint"). A node must not use one of its own ballots twice either, not even after a restart
/// (`persistence.rs`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ballot {
    /// Counts attempts, of whomever.
    pub round: u64,
    /// Whose attempt it is.
    pub node: NodeId,
}

/// A place of the replicated log, from 1 up: one instance of the synod each. Zero is the place before the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Slot(pub u64);

impl Ballot {
    /// Below every ballot that anybody uses.
    pub const ZERO: Self = Self { round: 0, node: NodeId(0) };

    /// The lowest ballot of `node` that is above this one's round.
    #[must_use]
    pub fn next_of(self, node: NodeId) -> Self {
        Self { round: self.round + 1, node }
    }

    /// A number that orders ballots as they are ordered, in a cluster of so many nodes.
    pub fn number(self, nodes: u64) -> u64 {
        if self == Self::ZERO { 0 } else { self.round * nodes + u64::from(self.node.0) }
    }
}

impl Slot {
    /// The place before the first slot.
    pub const ZERO: Self = Self(0);

    /// The next slot.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Round and node: `2.n1`.
impl fmt::Debug for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.round, self.node)
    }
}

impl fmt::Display for Ballot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The bare number: traces are full of them.
impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_round_counts_first_and_the_node_breaks_the_tie() {
        let ballot = |round, node| Ballot { round, node: NodeId(node) };
        let rising = [Ballot::ZERO, ballot(1, 0), ballot(1, 2), ballot(2, 0), ballot(2, 1)];
        assert!(rising.is_sorted() && rising.windows(2).all(|pair| pair[0] != pair[1]));
        assert!(rising.map(|ballot| ballot.number(3)).windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(ballot(1, 2).next_of(NodeId(0)), ballot(2, 0));
    }
}
