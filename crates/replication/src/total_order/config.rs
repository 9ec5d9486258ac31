//! What all nodes of a cluster are told.

use anachron_vocabulary::{Value, VirtualDuration};

use super::{Weakening, Weakenings};

/// How reads are answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// By the node that was asked, from what it has delivered. Sequentially consistent for clients that stay with one
    /// node; not linearizable: the node may be behind (ZooKeeper's reads without `sync`).
    Local,
    /// As a message of the broadcast, like a write. Linearizable.
    Broadcast,
}

/// The settings of a cluster, whichever protocol orders its messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How reads are answered.
    pub reads: Reads,
    /// How long a node waits before it says again what was not answered.
    pub resend_interval: VirtualDuration,
    /// How long a node that waits for the sequencer goes without a word from it before it begins the next epoch. `None`:
    /// there is no failover, and a dead sequencer blocks. Lamport's protocol has no sequencer and no use for it.
    /// Over consensus, the shortest time without a word from the leader before a node stands; `None` is not possible.
    pub suspicion_timeout: Option<VirtualDuration>,
    /// What an object holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// Reads through the broadcast, failover after 300 ms, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            reads: Reads::Broadcast,
            resend_interval: VirtualDuration::millis(50),
            suspicion_timeout: Some(VirtualDuration::millis(300)),
            initial_value: Value::Null,
            weakenings: Weakenings::NONE,
        }
    }
}

impl Config {
    /// Whether a cluster can run with these settings at all.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.resend_interval == VirtualDuration::ZERO {
            return Err("the resend interval must be above zero, or a node does nothing else");
        }
        if self.suspicion_timeout.is_some_and(|timeout| timeout <= self.resend_interval) {
            return Err(
                "the suspicion time-out must be above the resend interval, or one lost message is a failover",
            );
        }
        Ok(())
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
        assert_eq!(sound.check(), Ok(()));
        assert_eq!(Config { suspicion_timeout: None, ..sound.clone() }.check(), Ok(()));
        assert!(Config { resend_interval: VirtualDuration::ZERO, ..sound.clone() }.check().is_err());
        let hasty = Some(sound.resend_interval);
        assert!(Config { suspicion_timeout: hasty, ..sound }.check().is_err());
    }
}
