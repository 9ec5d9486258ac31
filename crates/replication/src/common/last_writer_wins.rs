//! Last writer wins: a value and its stamp; the greater stamp stays (Thomas, *A Majority Consensus Approach to
//! Concurrency Control*, TODS 1979; DDIA §5, Last write wins).
//!
//! All nodes end alike, in constant space. The price: of two concurrent writes one is dropped, acknowledged or not.

use std::fmt;

use anachron_vocabulary::{NodeId, Value};

use super::{
    Content, Encoder, Instant, Order, Stamp, StampClock, Start, VersionVector, Versioning, Versions, Write,
};

/// What was written, and the stamp of the write.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Stamped<S = Stamp> {
    /// When it was written, in the order of stamps.
    pub stamp: S,
    /// What was written.
    pub content: Content,
}

impl<S: Instant> Stamped<S> {
    /// A value with its stamp.
    pub fn new(stamp: S, value: Value) -> Self {
        Self { stamp, content: Content::Value(value) }
    }

    /// True if this replaces `old`. Only wall clocks give one stamp to two writes; then the greater value stays, so
    /// that all nodes keep the same one.
    pub fn is_newer(&self, old: &Self, order: Order) -> bool {
        match order {
            Order::Total => (self.stamp, &self.content) > (old.stamp, &old.content),
            Order::CounterOnly => self.stamp.shows_more(old.stamp),
        }
    }
}

/// `5 at 2@n2`.
impl<S: fmt::Debug> fmt::Debug for Stamped<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.content, self.stamp)
    }
}

impl<S: Instant> Versions for Stamped<S> {
    type Mark = S;

    fn absent(initial: &Value) -> Self {
        Self::new(S::default(), initial.clone())
    }

    fn merge(&mut self, other: &Self, order: Order) -> bool {
        let newer = other.is_newer(self, order);
        if newer {
            self.clone_from(other);
        }
        newer
    }

    fn mark(&self) -> S {
        self.stamp
    }

    fn contents(&self) -> Vec<&Content> {
        vec![&self.content]
    }

    fn seen(&self) -> VersionVector {
        VersionVector::default()
    }

    fn encode(&self, encoder: &mut Encoder) {
        self.stamp.encode(encoder);
    }
}

/// One node's stamping of writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LastWriterWins<C> {
    clock: C,
}

impl<C: StampClock> Versioning for LastWriterWins<C> {
    type Versions = Stamped<C::Stamp>;

    const NAMES_ACTORS: bool = false;

    fn new(_: Start) -> Self {
        Self { clock: C::default() }
    }

    fn write(&mut self, content: Content, write: Write<'_, Self::Versions>) -> Self::Versions {
        Stamped { stamp: self.clock.stamp(write.node, write.wall_clock), content }
    }

    fn observe(&mut self, versions: &Self::Versions) {
        self.clock.observe(versions.stamp);
    }

    fn recall(&mut self, versions: &Self::Versions, me: NodeId) {
        if versions.stamp.node() == me {
            self.clock.observe(versions.stamp);
        }
    }

    fn fact(&self) -> Option<(&'static str, String)> {
        Some((C::NAME, self.clock.shows()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::WallStamp;

    fn stamped(counter: u64, node: u16, value: i64) -> Stamped {
        Stamped::new(Stamp { counter, node: NodeId(node) }, value.into())
    }

    /// Merges in one order, then in the other.
    fn both_ways<S: Instant>(writes: [&Stamped<S>; 2], order: Order) -> [Content; 2] {
        let run = |[first, second]: [&Stamped<S>; 2]| {
            let mut held = Stamped::absent(&Value::Null);
            held.merge(first, order);
            held.merge(second, order);
            held.content
        };
        [run(writes), run([writes[1], writes[0]])]
    }

    #[test]
    fn by_the_total_order_all_arrivals_end_the_same_and_without_the_tie_break_they_do_not() {
        let [five, one] = [5, 1].map(|value: i64| Content::Value(value.into()));
        let later = [&stamped(2, 0, 5), &stamped(1, 1, 1)];
        let tie = [&stamped(1, 0, 5), &stamped(1, 1, 1)];
        assert_eq!(both_ways(later, Order::Total), [five.clone(), five.clone()]);
        assert_eq!(both_ways(tie, Order::Total), [one.clone(), one.clone()]);
        assert_eq!(both_ways(tie, Order::CounterOnly), [five.clone(), one]);
        // A wall clock that stands still: the greater value stays.
        let wall = |value: i64| Stamped::new(WallStamp { nanoseconds: 7, node: NodeId(0) }, value.into());
        assert_eq!(both_ways([&wall(1), &wall(5)], Order::Total), [five.clone(), five]);
    }

    #[test]
    fn the_space_does_not_grow_with_the_cluster() {
        assert_eq!(stamped(9, 0, 1).metadata_bytes(), stamped(9, 99, 1).metadata_bytes());
    }
}
