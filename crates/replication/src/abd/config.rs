//! What all nodes of an ABD cluster are told.

use anachron_vocabulary::{Value, VirtualDuration};

use super::{Weakening, Weakenings};
use crate::common::{Order, Storing};

/// The settings of a cluster. The quorums are majorities; there is nothing to choose.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// How long a coordinator waits for a majority before it asks those who did not answer again.
    pub resend_interval: VirtualDuration,
    /// What a register holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// No weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            resend_interval: VirtualDuration::millis(100),
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
            return Err("the resend interval must be above zero, or a coordinator does nothing else");
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
        assert_eq!(Config::default().check(), Ok(()));
        assert!(Config { resend_interval: VirtualDuration::ZERO, ..Config::default() }.check().is_err());
    }
}
