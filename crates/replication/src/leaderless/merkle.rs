//! Merkle trees: which part of two nodes' registers differs, found by comparing digests from the root down (Merkle
//! 1987; Dynamo §4.7).
//!
//! Two nodes that agree find it out by one message with one digest. Where they differ in a few keys, they exchange
//! digests along a few paths and the registers of a few leaves.
//!
//! The tree has [`LEAVES`] leaves; a key falls into one by its digest. It is built when it is asked for: simulated
//! nodes hold few keys, and a tree that is kept up to date would be one more thing to get wrong.

use std::fmt;

use anachron_vocabulary::Key;

use crate::common::{Versions, digest};

/// How many leaves a tree has: a power of two.
pub const LEAVES: u32 = 64;

/// A place in the tree: the root is 1, the children of `p` are `2p` and `2p + 1`, leaves are `LEAVES` and above.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subtree(u32);

impl Subtree {
    /// The whole tree.
    pub const ROOT: Self = Self(1);

    /// The leaf of a key.
    fn of(key: Key) -> Self {
        let place = digest(&key) % u64::from(LEAVES);
        Self(LEAVES + u32::try_from(place).expect("below the number of leaves"))
    }

    /// The two halves; `None` for a leaf.
    fn halves(self) -> Option<[Self; 2]> {
        (self.0 < LEAVES).then(|| [Self(2 * self.0), Self(2 * self.0 + 1)])
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

/// `root`, `leaf 5`, `subtree 9`.
impl fmt::Debug for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("root"),
            leaf if leaf >= LEAVES => write!(f, "leaf {}", leaf - LEAVES),
            inner => write!(f, "subtree {inner}"),
        }
    }
}

/// What another node's digests say when they are compared with one's own.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Differences {
    /// Own digests one level further down, where the other's differ.
    pub(super) deeper: Vec<(Subtree, u64)>,
    /// Leaves that differ.
    pub(super) leaves: Vec<Subtree>,
}

/// The digests of some registers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct MerkleTree {
    /// By place. An empty subtree has digest 0.
    digests: Vec<u64>,
}

impl MerkleTree {
    /// The tree of these registers, in the order of their keys.
    pub(super) fn new<'a, V: Versions + 'a>(registers: impl Iterator<Item = (Key, &'a V)>) -> Self {
        let mut digests = vec![0; 2 * LEAVES as usize];
        for (key, versions) in registers {
            let leaf = &mut digests[Subtree::of(key).index()];
            *leaf = digest(&(*leaf, key, versions));
        }
        for place in (1..LEAVES as usize).rev() {
            let halves = (digests[2 * place], digests[2 * place + 1]);
            digests[place] = if halves == (0, 0) { 0 } else { digest(&halves) };
        }
        Self { digests }
    }

    pub(super) fn root(&self) -> (Subtree, u64) {
        (Subtree::ROOT, self.digests[Subtree::ROOT.index()])
    }

    /// Compares with another node's digests. A place that no tree has is passed over.
    pub(super) fn compare(&self, others: &[(Subtree, u64)]) -> Differences {
        let mut found = Differences::default();
        for &(place, digest) in others {
            match self.digests.get(place.index()) {
                Some(&own) if own != digest => match place.halves() {
                    Some(halves) => {
                        found.deeper.extend(halves.map(|half| (half, self.digests[half.index()])));
                    }
                    None => found.leaves.push(place),
                },
                _ => {}
            }
        }
        found
    }
}

/// True if the key belongs to this leaf.
pub(super) fn is_in(leaf: Subtree, key: Key) -> bool {
    Subtree::of(key) == leaf
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{Stamp, Stamped};
    use anachron_node::Random;
    use anachron_vocabulary::NodeId;
    use std::collections::{BTreeMap, BTreeSet};

    type Held = BTreeMap<Key, Stamped>;

    fn tree(held: &Held) -> MerkleTree {
        MerkleTree::new(held.iter().map(|(&key, versions)| (key, versions)))
    }

    /// Compares down to the leaves, taking turns, as two nodes do; returns the leaves and the number of messages.
    fn exchange(ours: &Held, theirs: &Held) -> (BTreeSet<Subtree>, usize) {
        let trees = [tree(ours), tree(theirs)];
        let (mut digests, mut messages) = (vec![trees[0].root()], 1);
        loop {
            let found = trees[messages % 2].compare(&digests);
            if found.deeper.is_empty() {
                return (found.leaves.into_iter().collect(), messages);
            }
            (digests, messages) = (found.deeper, messages + 1);
        }
    }

    /// Against a comparison of everything with everything.
    #[test]
    fn an_exchange_finds_exactly_the_leaves_that_differ() {
        let mut random = Random::new(11, 0);
        let stamped = |counter| Stamped::new(Stamp { counter, node: NodeId(0) }, 1.into());
        for _ in 0..5_000 {
            let (mut ours, mut theirs) = (Held::new(), Held::new());
            let (keys, apart) = (random.below(200), random.below(4));
            for key in (0..keys).map(|key| Key(u32::try_from(key).expect("small"))) {
                ours.insert(key, stamped(1));
                theirs.insert(key, stamped(1));
            }
            for _ in 0..apart {
                let key = Key(u32::try_from(random.below(250)).expect("small"));
                match random.below(3) {
                    0 => drop(ours.remove(&key)),
                    1 => drop(theirs.insert(key, stamped(2))),
                    _ => drop(ours.insert(key, stamped(3))),
                }
            }
            let keys: BTreeSet<Key> = ours.keys().chain(theirs.keys()).copied().collect();
            let differing = keys.into_iter().filter(|key| ours.get(key) != theirs.get(key));
            let slow: BTreeSet<Subtree> = differing.map(Subtree::of).collect();
            let (found, messages) = exchange(&ours, &theirs);
            assert_eq!(found, slow);
            // One message if they agree, else one for each level.
            assert_eq!(messages, if slow.is_empty() { 1 } else { 7 });
        }
    }

    #[test]
    fn places_have_names_and_a_wrong_one_is_passed_over() {
        assert_eq!(
            format!("{:?} {:?} {:?}", Subtree::ROOT, Subtree(9), Subtree(69)),
            "root subtree 9 leaf 5"
        );
        let empty = tree(&Held::new());
        assert_eq!(empty.root(), (Subtree::ROOT, 0));
        assert_eq!(empty.compare(&[(Subtree(4_000), 7)]), Differences::default());
    }
}
