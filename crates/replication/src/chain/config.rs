//! What all nodes of a chain are told.

use anachron_vocabulary::{NodeId, Value, VirtualDuration};

use super::{Weakening, Weakenings};

/// Who answers reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// The tail (van Renesse and Schneider 2004, section 2.3). Others pass them on.
    Tail,
    /// Any member; it asks the tail for the version of an object that is dirty (Terrace and Freedman 2009, section 2.3).
    Apportioned,
}

/// The settings of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Who answers reads.
    pub reads: Reads,
    /// The node that makes the configurations; it keeps no objects. `None`: the last node.
    pub master: Option<NodeId>,
    /// How often a node tells the master that it lives, and how often the master looks.
    pub heartbeat_interval: VirtualDuration,
    /// How long the master does not hear of a member before it takes it out of the chain.
    pub suspicion_timeout: VirtualDuration,
    /// How long a node waits before it says again what was not answered.
    pub resend_interval: VirtualDuration,
    /// What an object holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// Reads at the tail, the last node is the master, a member is out after 300 ms of silence, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            reads: Reads::Tail,
            master: None,
            heartbeat_interval: VirtualDuration::millis(50),
            suspicion_timeout: VirtualDuration::millis(300),
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
        if nodes < 2 {
            return Err("a chain takes two nodes at least: the master and one that keeps the objects");
        }
        if self.master.is_some_and(|master| master.index() >= nodes) {
            return Err("the master must be one of the cluster's nodes");
        }
        if self.heartbeat_interval == VirtualDuration::ZERO || self.resend_interval == VirtualDuration::ZERO {
            return Err("intervals must be above zero, or a node does nothing else");
        }
        if self.suspicion_timeout <= self.heartbeat_interval {
            return Err(
                "the suspicion time-out must be above the heartbeat interval, or everybody is suspected",
            );
        }
        Ok(())
    }

    /// The master of a cluster of `nodes` nodes.
    pub fn master(&self, nodes: usize) -> NodeId {
        self.master.unwrap_or_else(|| NodeId::from_index(nodes - 1))
    }

    pub(super) fn weak(&self, weakening: Weakening) -> bool {
        self.weakenings.contains(weakening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Config::default();
        assert_eq!(sound.check(2), Ok(()));
        assert_eq!(sound.master(4), NodeId(3));
        assert!(sound.check(1).is_err());
        assert!(Config { master: Some(NodeId(3)), ..sound.clone() }.check(3).is_err());
        assert!(Config { heartbeat_interval: VirtualDuration::ZERO, ..sound.clone() }.check(3).is_err());
        assert!(Config { resend_interval: VirtualDuration::ZERO, ..sound.clone() }.check(3).is_err());
        let hasty = sound.heartbeat_interval;
        assert!(Config { suspicion_timeout: hasty, ..sound }.check(3).is_err());
    }
}
