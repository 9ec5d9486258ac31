//! What all leaders are told.

use anachron_vocabulary::{Value, VirtualDuration};

use super::{Delivery, Topology, Weakening, Weakenings};
use crate::common::{Order, Reading, Storing};

/// The settings of a cluster. Every node is a leader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Who sends updates to whom.
    pub topology: Topology,
    /// In which order updates are applied.
    pub delivery: Delivery,
    /// What becomes of an update that meets another one.
    pub conflicts: Conflicts,
    /// What a read makes of siblings.
    pub reading: Reading,
    /// How long a leader waits for a neighbour's confirmation before it sends again what that lacks.
    pub resend_interval: VirtualDuration,
    /// What a register holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// What becomes of an update that meets another one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Conflicts {
    /// Versions say: the greater stamp wins, or concurrent ones are kept as siblings. All leaders end alike.
    #[default]
    Resolved,
    /// Nobody asks: what is applied last stays. Leaders that apply in different orders differ for ever.
    LastApplied,
}

/// All to all, in the order of arrival, conflicts resolved, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            topology: Topology::AllToAll,
            delivery: Delivery::Arrival,
            conflicts: Conflicts::Resolved,
            reading: Reading::All,
            resend_interval: VirtualDuration::millis(100),
            initial_value: Value::Null,
            weakenings: Weakenings::NONE,
        }
    }
}

impl Config {
    /// Whether a cluster of `nodes` leaders can run with these settings at all.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub fn check(&self, nodes: usize) -> Result<(), &'static str> {
        if self.resend_interval == VirtualDuration::ZERO {
            return Err("the resend interval must be above zero, or a leader does nothing else");
        }
        match self.topology {
            Topology::Star { hub } if hub.index() >= nodes => {
                Err("the hub of the star must be one of the nodes")
            }
            _ => Ok(()),
        }
    }

    /// When a leader stores what it applies, weakenings considered.
    pub(super) fn storing(&self) -> Storing {
        match self.conflicts {
            Conflicts::LastApplied => Storing::Always,
            Conflicts::Resolved if self.weakenings.contains(Weakening::NoTagTiebreak) => {
                Storing::IfNewer(Order::CounterOnly)
            }
            Conflicts::Resolved => Storing::IfNewer(Order::Total),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::NodeId;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        assert_eq!(Config::default().check(1), Ok(()));
        let star = Config { topology: Topology::Star { hub: NodeId(2) }, ..Config::default() };
        assert_eq!(star.check(3), Ok(()));
        assert!(star.check(2).is_err());
        assert!(Config { resend_interval: VirtualDuration::ZERO, ..Config::default() }.check(2).is_err());
    }
}
