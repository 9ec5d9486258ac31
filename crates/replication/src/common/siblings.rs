//! Siblings: all versions of a value that no other version has seen (DeCandia et al., *Dynamo*, SOSP 2007, section 4.4;
//! DDIA §5, Detecting Concurrent Writes).
//!
//! Where last-writer-wins drops one of two concurrent writes, siblings keep both, and a reader is shown both. The set
//! of a replica is a join-semilattice: merging is commutative, associative and idempotent, so replicas that have
//! exchanged everything agree, in whatever order it came.
//!
//! Whole sets travel, never a version alone: what a node has seen of an actor is then a prefix of that actor's writes,
//! as a vector claims.

use std::fmt;
use std::hash::Hash;

use anachron_vocabulary::Value;

use super::{Content, Dot, Encoder, Order, VersionVector, Versions};

/// A clock that knows what a write had seen.
pub trait CausalClock: Clone + Eq + Ord + Hash + fmt::Debug {
    /// True if the write of this clock had seen the write of `other`, or is that write.
    fn covers(&self, other: &Self) -> bool;

    /// Adds the write, and everything that it had seen.
    fn add_to(&self, seen: &mut VersionVector);

    /// The clock of the write `dot`, whose writer had seen `past`.
    fn after(past: VersionVector, dot: Dot) -> Self;

    /// Writes it down.
    fn encode(&self, encoder: &mut Encoder);
}

/// A plain vector: the write is counted among what it has seen, and not told apart from it.
impl CausalClock for VersionVector {
    fn covers(&self, other: &Self) -> bool {
        self.covers_all(other)
    }

    fn add_to(&self, seen: &mut VersionVector) {
        seen.join(self);
    }

    fn after(mut past: VersionVector, dot: Dot) -> Self {
        past.see(dot);
        past
    }

    fn encode(&self, encoder: &mut Encoder) {
        VersionVector::encode(self, encoder);
    }
}

/// The versions of one key. Empty before the first write.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Siblings<C> {
    /// In the order of clocks. Invariant: none covers another.
    versions: Vec<(C, Content)>,
}

impl<C> Default for Siblings<C> {
    fn default() -> Self {
        Self { versions: Vec::new() }
    }
}

impl<C: CausalClock> Siblings<C> {
    /// One version.
    pub fn one(clock: C, content: Content) -> Self {
        Self { versions: vec![(clock, content)] }
    }

    /// The versions, in the order of clocks.
    pub fn versions(&self) -> impl Iterator<Item = &(C, Content)> {
        self.versions.iter()
    }

    /// True if this write is here, or a write is that has seen it.
    pub fn knows(&self, clock: &C) -> bool {
        self.versions.iter().any(|(held, _)| held.covers(clock))
    }
}

impl<C: CausalClock> Versions for Siblings<C> {
    /// All clocks: two sets with the same ones are the same set.
    type Mark = u64;

    fn absent(_: &Value) -> Self {
        Self::default()
    }

    fn merge(&mut self, other: &Self, _: Order) -> bool {
        let new: Vec<(C, Content)> =
            other.versions.iter().filter(|(clock, _)| !self.knows(clock)).cloned().collect();
        if new.is_empty() {
            return false;
        }
        self.versions.retain(|(held, _)| !new.iter().any(|(clock, _)| clock.covers(held)));
        self.versions.extend(new);
        self.versions.sort_unstable();
        true
    }

    fn mark(&self) -> u64 {
        super::digest(self)
    }

    fn contents(&self) -> Vec<&Content> {
        self.versions.iter().map(|(_, content)| content).collect()
    }

    fn seen(&self) -> VersionVector {
        let mut seen = VersionVector::default();
        self.versions.iter().for_each(|(clock, _)| clock.add_to(&mut seen));
        seen
    }

    fn encode(&self, encoder: &mut Encoder) {
        self.versions.iter().for_each(|(clock, _)| clock.encode(encoder));
    }
}

/// `3 at [3,1]`; with siblings, `{1 at [2,1], 3 at [1,2]}`; `nothing` before the first write.
impl<C: fmt::Debug> fmt::Debug for Siblings<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = |(clock, content): &(C, Content)| format!("{content:?} at {clock:?}");
        let texts: Vec<String> = self.versions.iter().map(one).collect();
        match &*texts {
            [] => f.write_str("nothing"),
            [alone] => f.write_str(alone),
            several => write!(f, "{{{}}}", several.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{Actor, Dotted};
    use anachron_vocabulary::NodeId;

    fn vector(counters: &[u64]) -> VersionVector {
        let nodes = (0..).map(|node| Actor::node(NodeId(node)));
        nodes.zip(counters.iter().copied()).collect()
    }

    fn dot(node: u16, counter: u64) -> Dot {
        Dot { actor: Actor::node(NodeId(node)), counter }
    }

    fn content(value: i64) -> Content {
        Content::Value(value.into())
    }

    fn merged<C: CausalClock>(first: &Siblings<C>, second: &Siblings<C>) -> Siblings<C> {
        let mut merged = first.clone();
        merged.merge(second, Order::Total);
        merged
    }

    #[test]
    fn concurrent_writes_are_both_kept_and_a_write_that_has_seen_both_replaces_them() {
        let a = Siblings::one(vector(&[3, 1]), content(3));
        let b = Siblings::one(vector(&[2, 2]), content(2));
        let both = merged(&a, &b);
        assert_eq!(format!("{both:?}"), "{2 at [2,2], 3 at [3,1]}");
        assert_eq!(both, merged(&b, &a));
        assert_eq!(both.seen(), vector(&[3, 2]));
        let later = Siblings::one(CausalClock::after(both.seen(), dot(1, 3)), content(9));
        assert_eq!(merged(&both, &later), later);
        assert_eq!(merged(&later, &both), later);
        assert_eq!(format!("{:?} {later:?}", Siblings::<VersionVector>::default()), "nothing 9 at [3,3]");
    }

    /// Two clients write through one server; neither has read.
    #[test]
    fn a_plain_vector_takes_the_second_of_two_writes_for_a_successor_and_a_dotted_one_does_not() {
        fn second_after_first<C: CausalClock>() -> String {
            let first = Siblings::one(C::after(VersionVector::default(), dot(0, 1)), content(1));
            let second = Siblings::one(C::after(VersionVector::default(), dot(0, 2)), content(2));
            format!("{:?}", merged(&first, &second))
        }
        assert_eq!(second_after_first::<VersionVector>(), "2 at [2]");
        assert_eq!(second_after_first::<Dotted>(), "{1 at n1:1 after [], 2 at n1:2 after []}");
    }

    /// Against the definition: the versions of both that no other version of both covers.
    #[test]
    fn merging_is_the_maximal_versions_whatever_the_order() {
        let mut random = anachron_node::Random::new(5, 0);
        for _ in 0..20_000 {
            let mut draw = || {
                let mut versions: Siblings<VersionVector> = Siblings::default();
                for _ in 0..random.below(4) {
                    let counters: Vec<u64> = (0..3).map(|_| random.below(4)).collect();
                    // The content is a function of the clock: a clock names one write.
                    let value = counters.iter().fold(0, |sum, &counter| sum * 4 + counter);
                    let content = content(i64::try_from(value).expect("small"));
                    versions.merge(&Siblings::one(vector(&counters), content), Order::Total);
                }
                versions
            };
            let (a, b, c) = (draw(), draw(), draw());
            let all: Vec<_> = a.versions().chain(b.versions()).collect();
            let mut slow: Vec<_> = all
                .iter()
                .filter(|(clock, _)| {
                    !all.iter().any(|(other, _)| other.compare(clock) == crate::common::Causality::After)
                })
                .map(|&version| version.clone())
                .collect();
            slow.sort_unstable();
            slow.dedup();
            assert_eq!(merged(&a, &b).versions, slow);
            assert_eq!(merged(&a, &b), merged(&b, &a));
            assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
            assert_eq!(merged(&a, &a), a);
        }
    }
}
