//! What all nodes of a Viewstamped Replication cluster are told.

use anachron_vocabulary::{Value, VirtualDuration};

use super::weakening::Weakenings;

/// How reads are answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// As a command of the log, like a write.
    ThroughLog,
    /// From any node's memory, at once. Not linearizable: the node may be behind.
    Local,
}

/// The settings of a cluster.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shortest time without a word from the primary after which a node goes on to the next view.
    pub view_change_timeout_min: VirtualDuration,
    /// The longest. Each wait is drawn uniformly between the two, so that nodes do not overtake each other for ever.
    pub view_change_timeout_max: VirtualDuration,
    /// How often a primary says that it is there, and sends again what was not answered.
    pub heartbeat_interval: VirtualDuration,
    /// How reads are answered.
    pub reads: Reads,
    /// What an object holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            view_change_timeout_min: VirtualDuration::millis(150),
            view_change_timeout_max: VirtualDuration::millis(300),
            heartbeat_interval: VirtualDuration::millis(50),
            reads: Reads::ThroughLog,
            initial_value: Value::Null,
            weakenings: Weakenings::NONE,
        }
    }
}

/// What is wrong with the settings of a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ConfigError {
    /// The setting.
    pub setting: &'static str,
    /// What to change, in a sentence.
    pub message: &'static str,
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.setting, self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Config {
    /// Whether a cluster can run with these settings at all. Time-outs that make a poor cluster are allowed.
    ///
    /// # Errors
    /// The setting, and what to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        let wrong = |setting, message| Err(ConfigError { setting, message });
        if self.view_change_timeout_min == VirtualDuration::ZERO {
            return wrong(
                "view_change_timeout",
                "the shortest time-out must be above zero, or views never begin",
            );
        }
        if self.view_change_timeout_min > self.view_change_timeout_max {
            return wrong("view_change_timeout", "the shortest time-out must not be above the longest");
        }
        if self.heartbeat_interval == VirtualDuration::ZERO {
            return wrong(
                "heartbeat_interval",
                "the heartbeat interval must be above zero, or a primary does nothing else",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Config::default();
        let wrong = |config: Config| config.check().expect_err("it can't run").setting;
        assert_eq!(sound.check(), Ok(()));
        let zero = VirtualDuration::ZERO;
        assert_eq!(wrong(Config { view_change_timeout_min: zero, ..sound.clone() }), "view_change_timeout");
        assert_eq!(wrong(Config { view_change_timeout_max: zero, ..sound.clone() }), "view_change_timeout");
        assert_eq!(wrong(Config { heartbeat_interval: zero, ..sound }), "heartbeat_interval");
    }
}
