//! Version vectors: which writes a value has seen (Parker et al., *Detection of Mutual Inconsistency in Distributed
//! Systems*, IEEE TSE 1983; the course, section 5: "track the number of writes seen from each node").
//!
//! `[3,1]` has seen three writes of node 1 and one of node 2. Of two vectors one covers the other, or the writes were
//! concurrent. That takes an entry for each writer: no shorter clock can tell (Charron-Bost 1991). A Lamport stamp is
//! O(1) and tells less: it orders concurrent writes too, as if one had seen the other.

use std::collections::BTreeMap;
use std::fmt;

use anachron_vocabulary::{ClientId, NodeId, VirtualTime};

use super::Encoder;

/// Whose writes an entry counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    /// Writes that this node coordinated.
    Node {
        /// The node.
        node: NodeId,
        /// When its disk was new. A node that has lost its disk counts from one again, so it must not go on under
        /// the old name: others would take its new writes for ones that they have seen (`riak_kv#679`).
        since: VirtualTime,
    },
    /// Writes of this client.
    Client(ClientId),
}

impl Actor {
    /// A node whose disk is as old as the run.
    pub fn node(node: NodeId) -> Self {
        Self::Node { node, since: VirtualTime::ZERO }
    }

    fn encode(self, encoder: &mut Encoder) {
        match self {
            Self::Node { node, since } => {
                encoder.number(u64::from(node.0));
                encoder.number(since.0);
            }
            Self::Client(client) => encoder.number(u64::from(client.0)),
        }
    }
}

/// `n1`, `n1 since 850 ms` after its disk was lost, `c2`.
impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node { node, since: VirtualTime::ZERO } => write!(f, "{node}"),
            Self::Node { node, since } => write!(f, "{node} since {since}"),
            Self::Client(client) => write!(f, "{client}"),
        }
    }
}

/// One write: the `counter`-th of its actor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot {
    /// Whose write.
    pub actor: Actor,
    /// Which of its writes, from 1 up.
    pub counter: u64,
}

impl Dot {
    pub(super) fn encode(self, encoder: &mut Encoder) {
        self.actor.encode(encoder);
        encoder.number(self.counter);
    }
}

/// `n1:3`.
impl fmt::Debug for Dot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:{}", self.actor, self.counter)
    }
}

/// How two sets of writes lie to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Causality {
    /// They are the same.
    Equal,
    /// The second has seen all of the first, and more.
    Before,
    /// The first has seen all of the second, and more.
    After,
    /// Each has seen something that the other has not.
    Concurrent,
}

/// For each actor, how many of its writes were seen. An actor without an entry stands at zero.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct VersionVector {
    /// Invariant: no entry is zero, so that equal vectors are equal.
    entries: BTreeMap<Actor, u64>,
}

impl VersionVector {
    /// How many writes of this actor were seen.
    pub fn get(&self, actor: Actor) -> u64 {
        self.entries.get(&actor).copied().unwrap_or(0)
    }

    /// True if this write was seen.
    pub fn covers(&self, dot: Dot) -> bool {
        dot.counter <= self.get(dot.actor)
    }

    /// True if every write that `other` has seen was seen here.
    pub fn covers_all(&self, other: &Self) -> bool {
        other.entries.iter().all(|(&actor, &counter)| counter <= self.get(actor))
    }

    /// This write is seen now, and with it all earlier ones of its actor.
    pub fn see(&mut self, dot: Dot) {
        if dot.counter > self.get(dot.actor) {
            self.entries.insert(dot.actor, dot.counter);
        }
    }

    /// All writes that `other` has seen are seen now: the larger of each pair of entries.
    pub fn join(&mut self, other: &Self) {
        for (&actor, &counter) in &other.entries {
            self.see(Dot { actor, counter });
        }
    }

    /// How this lies to `other`.
    pub fn compare(&self, other: &Self) -> Causality {
        match (self.covers_all(other), other.covers_all(self)) {
            (true, true) => Causality::Equal,
            (true, false) => Causality::After,
            (false, true) => Causality::Before,
            (false, false) => Causality::Concurrent,
        }
    }

    /// The entries, by actor.
    pub fn entries(&self) -> impl Iterator<Item = (Actor, u64)> {
        self.entries.iter().map(|(&actor, &counter)| (actor, counter))
    }

    /// True if nothing was seen.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Writes it down: each entry's actor and number.
    pub fn encode(&self, encoder: &mut Encoder) {
        encoder.number(self.entries.len() as u64);
        for (actor, counter) in self.entries() {
            Dot { actor, counter }.encode(encoder);
        }
    }

    /// The entries of nodes 1 to the last one that has any, if nodes with the disks they began with are all there is.
    fn by_position(&self) -> Option<Vec<u64>> {
        let mut row = Vec::new();
        for (actor, counter) in self.entries() {
            let Actor::Node { node, since: VirtualTime::ZERO } = actor else { return None };
            row.resize(node.index(), 0);
            row.push(counter);
        }
        Some(row)
    }
}

impl FromIterator<(Actor, u64)> for VersionVector {
    fn from_iter<I: IntoIterator<Item = (Actor, u64)>>(entries: I) -> Self {
        let mut vector = Self::default();
        entries.into_iter().for_each(|(actor, counter)| vector.see(Dot { actor, counter }));
        vector
    }
}

/// `[3,1]` as in the course; the zeros behind the last entry are left out. With clients, or with nodes that have lost
/// a disk, the entries are named: `[c1:3,c4:1]`.
impl fmt::Debug for VersionVector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = match self.by_position() {
            Some(row) => row.iter().map(u64::to_string).collect(),
            None => self.entries().map(|(actor, counter)| format!("{:?}", Dot { actor, counter })).collect(),
        };
        write!(f, "[{}]", texts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(counters: &[u64]) -> VersionVector {
        let nodes = (0..).map(|node| Actor::node(NodeId(node)));
        nodes.zip(counters.iter().copied()).collect()
    }

    /// The course, section 5, and the catalogue's story: three writes of A and one of B, against two of each.
    #[test]
    fn neither_of_3_1_and_2_2_has_seen_the_other() {
        assert_eq!(vector(&[3, 1]).compare(&vector(&[2, 2])), Causality::Concurrent);
        assert_eq!(vector(&[3, 1]).compare(&vector(&[2, 1])), Causality::After);
        assert_eq!(vector(&[2]).compare(&vector(&[2, 1])), Causality::Before);
        assert_eq!(vector(&[0, 0]).compare(&VersionVector::default()), Causality::Equal);
        let mut joined = vector(&[3, 1]);
        joined.join(&vector(&[2, 2]));
        assert_eq!(joined, vector(&[3, 2]));
        assert!(joined.covers(Dot { actor: Actor::node(NodeId(1)), counter: 2 }));
        assert!(!joined.covers(Dot { actor: Actor::node(NodeId(1)), counter: 3 }));
    }

    #[test]
    fn vectors_read_as_in_the_course() {
        assert_eq!(format!("{:?} {:?}", vector(&[3, 1]), vector(&[0, 0, 2])), "[3,1] [0,0,2]");
        let reborn = Actor::Node { node: NodeId(0), since: VirtualTime(5_000_000) };
        let mixed: VersionVector = [(reborn, 1), (Actor::Client(ClientId(1)), 4)].into_iter().collect();
        assert_eq!(format!("{mixed:?}"), "[n1 since 5 ms:1,c2:4]");
    }

    #[test]
    fn a_node_that_lost_its_disk_is_another_actor() {
        let old = vector(&[3]);
        let reborn = Actor::Node { node: NodeId(0), since: VirtualTime(9) };
        let new: VersionVector = [(reborn, 1)].into_iter().collect();
        assert_eq!(old.compare(&new), Causality::Concurrent);
        // Under its old name the new write would be taken for one that was seen before.
        assert_eq!(old.compare(&vector(&[1])), Causality::After);
    }
}
