//! Stamps from the wall clock: what Cassandra and many others order writes by.
//!
//! No space and no messages, and no truth either: clocks are apart, drift and jump, so a write that came later in
//! every sense may carry the smaller stamp and be dropped without a word (Kyle Kingsbury, *The trouble with
//! timestamps*; DDIA §8, figure 8-3). It is here because it is everywhere.

use std::fmt;

use anachron_vocabulary::NodeId;

use super::{Encoder, Instant, StampClock};

/// A reading of a wall clock. A node may give one twice, when its clock stands still or jumps back; then the greater
/// value wins, as in Cassandra.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallStamp {
    /// Nanoseconds; negative if the clock is that far behind.
    pub nanoseconds: i64,
    /// Whose clock it was.
    pub node: NodeId,
}

/// Before every write.
impl Default for WallStamp {
    fn default() -> Self {
        Self { nanoseconds: i64::MIN, node: NodeId(0) }
    }
}

/// `25.4 ms@n1`, and `0` before every write.
impl fmt::Debug for WallStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("0");
        }
        write!(f, "{}@{}", milliseconds(self.nanoseconds), self.node)
    }
}

/// A reading in milliseconds, exactly.
pub(super) fn milliseconds(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let (whole, rest) = (nanoseconds.unsigned_abs() / 1_000_000, nanoseconds.unsigned_abs() % 1_000_000);
    let decimals = format!("{rest:06}");
    match decimals.trim_end_matches('0') {
        "" => format!("{sign}{whole} ms"),
        decimals => format!("{sign}{whole}.{decimals} ms"),
    }
}

impl Instant for WallStamp {
    fn shows_more(self, than: Self) -> bool {
        self.nanoseconds > than.nanoseconds
    }

    fn node(self) -> NodeId {
        self.node
    }

    fn encode(self, encoder: &mut Encoder) {
        encoder.signed(self.nanoseconds);
        encoder.number(u64::from(self.node.0));
    }
}

/// Nothing to keep: the clock is the node's own.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct WallClock;

impl StampClock for WallClock {
    type Stamp = WallStamp;

    const NAME: &'static str = "stamps";

    fn stamp(&mut self, node: NodeId, wall_clock: i64) -> WallStamp {
        WallStamp { nanoseconds: wall_clock, node }
    }

    fn observe(&mut self, _: WallStamp) {}

    fn shows(&self) -> String {
        "wall clock".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_sees_to_it_that_the_later_write_is_stamped_later() {
        let mut clock = WallClock;
        let first = clock.stamp(NodeId(0), 140_000_000);
        clock.observe(first);
        let second = clock.stamp(NodeId(2), 120_500_000);
        assert!(second < first && WallStamp::default() < second);
        assert_eq!(format!("{first:?} {second:?} {:?}", WallStamp::default()), "140 ms@n1 120.5 ms@n3 0");
        assert_eq!(milliseconds(-1), "-0.000001 ms");
    }
}
