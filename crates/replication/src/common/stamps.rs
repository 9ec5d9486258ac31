//! Clocks that give stamps: Lamport's, the wall's, and the hybrid of both.
//!
//! A stamp decides which of two writes wins, in a space that does not grow with the cluster. What the clocks differ in
//! is whether a write that comes after another is stamped later: Lamport's and the hybrid clock see to it wherever the
//! later writer has heard of the earlier write; the wall clock only if clocks agree.

use std::fmt::Debug;
use std::hash::Hash;

use anachron_vocabulary::NodeId;

use super::{Encoder, LamportClock, Stamp};

/// What all stamps have in common.
pub trait Instant: Copy + Ord + Hash + Debug + Default {
    /// True if the clock showed more than it did for `than`, whosever clocks they were.
    fn shows_more(self, than: Self) -> bool;

    /// Whose clock it was.
    fn node(self) -> NodeId;

    /// Writes it down.
    fn encode(self, encoder: &mut Encoder);
}

/// A clock that stamps the writes of one node.
pub trait StampClock: Debug + Default {
    /// Its stamps. The default one is before every write.
    type Stamp: Instant;

    /// What the clock is called.
    const NAME: &'static str;

    /// The stamp of a write that happens now.
    fn stamp(&mut self, node: NodeId, wall_clock: i64) -> Self::Stamp;

    /// A stamp has arrived: whatever is written here later should be stamped later.
    fn observe(&mut self, stamp: Self::Stamp);

    /// What the clock shows, for people.
    fn shows(&self) -> String;
}

impl Instant for Stamp {
    fn shows_more(self, than: Self) -> bool {
        self.counter > than.counter
    }

    fn node(self) -> NodeId {
        self.node
    }

    fn encode(self, encoder: &mut Encoder) {
        encoder.number(self.counter);
        encoder.number(u64::from(self.node.0));
    }
}

impl StampClock for LamportClock {
    type Stamp = Stamp;

    const NAME: &'static str = "clock";

    fn stamp(&mut self, node: NodeId, _: i64) -> Stamp {
        self.tick(node)
    }

    fn observe(&mut self, stamp: Stamp) {
        Self::observe(self, stamp);
    }

    fn shows(&self) -> String {
        self.counter().to_string()
    }
}
