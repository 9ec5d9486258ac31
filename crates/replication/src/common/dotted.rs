//! Dotted version vectors (Preguiça, Baquero, Almeida, Fonte and Gonçalves, *Dotted Version Vectors: Logical Clocks for
//! Optimistic Replication*, 2010; *Brief Announcement: Efficient Causality Tracking in Distributed Storage Systems
//! with Dotted Version Vectors*, PODC 2012; Riak from 2.0).
//!
//! Why it exists: with one entry a server, a plain vector can't keep two writes apart that came through the same
//! server and did not know of each other. The second would be counted `[2]`, which says that it has seen the first. A
//! dotted vector names the write itself (its *dot*) apart from what its writer had seen (its *past*): `n1:2 after []`
//! does not cover `n1:1`, and both are kept.

use std::fmt;

use super::{CausalClock, Dot, Encoder, VersionVector};

/// A write and what its writer had seen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dotted {
    /// Which write it is.
    pub dot: Dot,
    /// What its writer had seen. It does not contain the dot.
    pub past: VersionVector,
}

impl CausalClock for Dotted {
    fn covers(&self, other: &Self) -> bool {
        self.dot == other.dot || self.past.covers(other.dot)
    }

    fn add_to(&self, seen: &mut VersionVector) {
        seen.join(&self.past);
        seen.see(self.dot);
    }

    fn after(past: VersionVector, dot: Dot) -> Self {
        assert!(!past.covers(dot), "a write can't have been seen before it is made: {dot:?} in {past:?}");
        Self { dot, past }
    }

    fn encode(&self, encoder: &mut Encoder) {
        self.dot.encode(encoder);
        self.past.encode(encoder);
    }
}

/// `n1:2 after [1]`.
impl fmt::Debug for Dotted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} after {:?}", self.dot, self.past)
    }
}
