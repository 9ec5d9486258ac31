//! Hybrid logical clocks (Kulkarni, Demirbas, Madappa, Avva and Leone, *Logical Physical Clocks and Consistent
//! Snapshots in Globally Distributed Databases*, OPODIS 2014, figure 5).
//!
//! A stamp is near to what the wall clock says and yet later than every stamp that its node has heard of: `l` is the
//! largest reading heard of, `c` counts the events since `l` last moved. So it has Lamport's property without his
//! distance from real time, and a wall clock that runs behind costs nothing but a counter. One that runs ahead still
//! wins against every write that has not heard of it.

use std::fmt;

use anachron_vocabulary::NodeId;

use super::wall_clock::milliseconds;
use super::{Encoder, Instant, StampClock};

/// The stamp `(l, c)` of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HybridStamp {
    /// The paper's `l`: the largest wall clock reading that the node had heard of, in nanoseconds.
    pub wall: i64,
    /// The paper's `c`: which event since then.
    pub logical: u64,
    /// Whose clock it was. No node gives a stamp twice.
    pub node: NodeId,
}

/// Before every write.
impl Default for HybridStamp {
    fn default() -> Self {
        Self { wall: i64::MIN, logical: 0, node: NodeId(0) }
    }
}

/// `140 ms+1@n3`, without the counter if it is zero, and `0` before every write.
impl fmt::Debug for HybridStamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("0");
        }
        f.write_str(&milliseconds(self.wall))?;
        if self.logical > 0 {
            write!(f, "+{}", self.logical)?;
        }
        write!(f, "@{}", self.node)
    }
}

impl Instant for HybridStamp {
    fn shows_more(self, than: Self) -> bool {
        (self.wall, self.logical) > (than.wall, than.logical)
    }

    fn node(self) -> NodeId {
        self.node
    }

    fn encode(self, encoder: &mut Encoder) {
        encoder.signed(self.wall);
        encoder.number(self.logical);
        encoder.number(u64::from(self.node.0));
    }
}

/// One node's hybrid clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct HybridClock {
    latest: HybridStamp,
}

impl StampClock for HybridClock {
    type Stamp = HybridStamp;

    const NAME: &'static str = "clock";

    /// Figure 5, "send or local event".
    fn stamp(&mut self, node: NodeId, wall_clock: i64) -> HybridStamp {
        let HybridStamp { wall, logical, .. } = self.latest;
        self.latest = if wall_clock > wall {
            HybridStamp { wall: wall_clock, logical: 0, node }
        } else {
            HybridStamp { wall, logical: logical + 1, node }
        };
        self.latest
    }

    /// Figure 5, "receive event", but for the stamp of the arrival itself, which nothing here asks for.
    fn observe(&mut self, stamp: HybridStamp) {
        if stamp.shows_more(self.latest) {
            self.latest = stamp;
        }
    }

    fn shows(&self) -> String {
        if self.latest == HybridStamp::default() {
            return "0".to_owned();
        }
        let text = format!("{:?}", self.latest);
        text.split('@').next().unwrap_or_default().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_node::Random;

    const MS: i64 = 1_000_000;

    /// DDIA figure 8-3: the first writer's clock is 40 ms ahead of the second's.
    #[test]
    fn a_write_that_has_heard_of_another_is_stamped_later_whatever_the_wall_clocks_say() {
        let (mut ahead, mut behind) = (HybridClock::default(), HybridClock::default());
        let first = ahead.stamp(NodeId(0), 140 * MS);
        behind.observe(first);
        let second = behind.stamp(NodeId(2), 120 * MS);
        assert!(second > first);
        assert_eq!(format!("{first:?} {second:?} {}", behind.shows()), "140 ms@n1 140 ms+1@n3 140 ms+1");
        // Once the wall clock has caught up, it leads again.
        assert_eq!(format!("{:?}", behind.stamp(NodeId(2), 141 * MS)), "141 ms@n3");
    }

    /// The paper's theorems 1 and 2: causality is kept, and `l` is a reading of somebody's clock.
    #[test]
    fn stamps_keep_causality_and_stay_near_the_wall_clocks() {
        let mut random = Random::new(1, 0);
        let mut clocks = [HybridClock::default(); 3];
        let mut walls = [0_i64, 50 * MS, -20 * MS];
        let mut heard = [HybridStamp::default(); 3];
        let mut largest = i64::MIN;
        for _ in 0..20_000 {
            let here = usize::try_from(random.below(3)).expect("small");
            let there = usize::try_from(random.below(3)).expect("small");
            // Clocks drift, stand still, and jump back now and then.
            walls[here] += [0, MS, 3 * MS, -5 * MS][usize::try_from(random.below(4)).expect("small")];
            largest = largest.max(walls[here]);
            let stamp = clocks[here].stamp(NodeId::from_index(here), walls[here]);
            assert!(stamp > heard[here], "{stamp:?} after {:?}", heard[here]);
            assert!(walls[here] <= stamp.wall && stamp.wall <= largest);
            heard[here] = stamp;
            if random.below(2) == 0 {
                clocks[there].observe(stamp);
                heard[there] = heard[there].max(stamp);
            }
        }
    }
}
