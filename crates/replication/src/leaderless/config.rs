//! What all nodes of a leaderless cluster are told.

use anachron_vocabulary::{Value, VirtualDuration};

use super::{Weakening, Weakenings};
use crate::common::{Order, Storing};

/// The settings of a cluster. `n` is the number of nodes: every node holds every register.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// `r`: how many nodes a read asks, the coordinator included. With 1 it asks nobody else.
    pub read_quorum: u16,
    /// `w`: how many nodes must have a write before it is acknowledged, the coordinator included. With 1 it does not
    /// wait for anybody else. The write is sent to all nodes in any case.
    pub write_quorum: u16,
    /// True if a read sends what it found to the nodes that answered with something older. It does not wait for them.
    pub read_repair: bool,
    /// How often a node sends all it has to another one, drawn at random. `None`: never, and then a message that is
    /// lost may leave two nodes different for ever.
    pub gossip_interval: Option<VirtualDuration>,
    /// How long a coordinator waits for its quorum before it asks those who did not answer again.
    pub resend_interval: VirtualDuration,
    /// What a register holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// r = w = 1, no repair, no gossip, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            read_quorum: 1,
            write_quorum: 1,
            read_repair: false,
            gossip_interval: None,
            resend_interval: VirtualDuration::millis(100),
            initial_value: Value::Null,
            weakenings: Weakenings::NONE,
        }
    }
}

impl Config {
    /// Whether a cluster of `nodes` nodes can run with these settings at all.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub fn check(&self, nodes: usize) -> Result<(), &'static str> {
        let possible = 1..=nodes;
        if !possible.contains(&usize::from(self.read_quorum)) {
            return Err("the read quorum must be at least 1 and at most the number of nodes");
        }
        if !possible.contains(&usize::from(self.write_quorum)) {
            return Err("the write quorum must be at least 1 and at most the number of nodes");
        }
        if self.resend_interval == VirtualDuration::ZERO
            || self.gossip_interval == Some(VirtualDuration::ZERO)
        {
            return Err("intervals must be above zero, or a node does nothing else");
        }
        Ok(())
    }

    /// Which of two stamps counts as newer, weakenings considered.
    pub(super) fn order(&self) -> Order {
        if self.weakenings.contains(Weakening::NoTagTiebreak) { Order::CounterOnly } else { Order::Total }
    }

    /// When a replica stores what it is sent, weakenings considered.
    pub(super) fn storing(&self) -> Storing {
        let always = self.weakenings.contains(Weakening::StoreWithoutCompare);
        if always { Storing::Always } else { Storing::IfNewer(self.order()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Config::default();
        assert_eq!(sound.check(1), Ok(()));
        assert!(Config { read_quorum: 0, ..sound.clone() }.check(3).is_err());
        assert!(Config { write_quorum: 4, ..sound.clone() }.check(3).is_err());
        assert!(Config { resend_interval: VirtualDuration::ZERO, ..sound.clone() }.check(3).is_err());
        assert!(Config { gossip_interval: Some(VirtualDuration::ZERO), ..sound }.check(3).is_err());
    }
}
