//! Logical clocks and the stamps they give (Lamport, *Time, Clocks, and the Ordering of Events in a Distributed
//! System*, CACM 1978).

use std::fmt;

use anachron_vocabulary::NodeId;

/// A point of the total order of events: first by counter, then by node (the paper's `⇒`).
///
/// A stamp orders writes; it does not say who has heard of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// What the clock showed.
    pub counter: u64,
    /// Whose clock it was. No node gives a counter twice, so no two stamps are equal.
    pub node: NodeId,
}

impl Stamp {
    /// Before every write.
    pub const ZERO: Self = Self { counter: 0, node: NodeId(0) };
}

impl Default for Stamp {
    fn default() -> Self {
        Self::ZERO
    }
}

/// `2@n1`, and `0` for [`Stamp::ZERO`].
impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ZERO { f.write_str("0") } else { write!(f, "{}@{}", self.counter, self.node) }
    }
}

/// One node's logical clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LamportClock {
    counter: u64,
}

impl LamportClock {
    /// What the clock shows.
    pub fn counter(self) -> u64 {
        self.counter
    }

    /// Rule IR1: the clock moves on between two events. Returns the stamp of the event.
    pub fn tick(&mut self, node: NodeId) -> Stamp {
        self.counter += 1;
        Stamp { counter: self.counter, node }
    }

    /// Rule IR2: whatever happens here after a message has arrived is stamped later than the message. (The paper
    /// stamps the arrival itself, too; nothing here asks for that stamp.)
    pub fn observe(&mut self, stamp: Stamp) {
        self.counter = self.counter.max(stamp.counter);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happens_after_a_message_is_stamped_later_than_it() {
        let (mut here, mut there) = (LamportClock::default(), LamportClock::default());
        here.tick(NodeId(1));
        let sent = here.tick(NodeId(1));
        there.observe(sent);
        let after = there.tick(NodeId(0));
        assert!(after > sent);
        assert_eq!(format!("{sent:?} {after:?} {:?}", Stamp::ZERO), "2@n2 3@n1 0");
        // An old message does not turn the clock back.
        there.observe(Stamp { counter: 1, node: NodeId(1) });
        assert_eq!(there.counter(), 3);
    }

    #[test]
    fn equal_counters_are_ordered_by_node() {
        let stamp = |counter, node| Stamp { counter, node: NodeId(node) };
        assert!(stamp(1, 1) > stamp(1, 0) && stamp(2, 0) > stamp(1, 1));
    }
}
