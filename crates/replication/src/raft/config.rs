//! What all nodes of a Raft cluster are told.

use anachron_vocabulary::{NodeId, Value, VirtualDuration};

use super::weakening::{Weakening, Weakenings};

/// How a leader answers reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// As an entry of the log, like a write (Raft, section 8).
    ThroughLog,
    /// After confirming leadership with a round of heartbeats (Ongaro's dissertation, section 6.4).
    ReadIndex,
    /// From the leader's memory, at once. Not linearizable: another may lead by now. The same as
    /// [`Weakening::ReadLeaderMemory`].
    LeaderMemory,
}

/// The settings of a cluster.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shortest time without a word from a leader after which a node stands for election.
    pub election_timeout_min: VirtualDuration,
    /// The longest. Each wait is drawn uniformly between the two, so that few elections are split (section 5.2).
    pub election_timeout_max: VirtualDuration,
    /// How often a leader speaks to its followers when it has nothing to say. Lost entries are sent again then.
    pub heartbeat_interval: VirtualDuration,
    /// How reads are answered.
    pub reads: Reads,
    /// What an object holds before it is first written.
    pub initial_value: Value,
    /// A node that stands for election the moment it first boots, so that a short lesson starts with a known leader.
    /// It has to win like any other.
    pub initial_leader: Option<NodeId>,
    /// How many entries one message may carry.
    pub entries_per_message: usize,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// The time-outs of the paper (section 9.3: 150 to 300 ms), reads by read-index, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            election_timeout_min: VirtualDuration::millis(150),
            election_timeout_max: VirtualDuration::millis(300),
            heartbeat_interval: VirtualDuration::millis(50),
            reads: Reads::ReadIndex,
            initial_value: Value::Null,
            initial_leader: None,
            entries_per_message: 64,
            weakenings: Weakenings::NONE,
        }
    }
}

impl Config {
    /// Whether a cluster can run with these settings at all. Time-outs that make a poor cluster are allowed.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub fn check(&self) -> Result<(), &'static str> {
        if self.election_timeout_min == VirtualDuration::ZERO {
            return Err("the shortest election time-out must be above zero, or elections never pause");
        }
        if self.election_timeout_min > self.election_timeout_max {
            return Err("the shortest election time-out must not be above the longest");
        }
        if self.heartbeat_interval == VirtualDuration::ZERO {
            return Err("the heartbeat interval must be above zero, or a leader does nothing else");
        }
        if self.entries_per_message == 0 {
            return Err("a message must be able to carry at least one entry");
        }
        Ok(())
    }

    /// How reads are answered, weakenings considered.
    pub(super) fn effective_reads(&self) -> Reads {
        if self.weakenings.contains(Weakening::ReadLeaderMemory) { Reads::LeaderMemory } else { self.reads }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Config::default();
        assert_eq!(sound.check(), Ok(()));
        let zero = VirtualDuration::ZERO;
        assert!(Config { election_timeout_min: zero, ..sound.clone() }.check().is_err());
        assert!(Config { election_timeout_max: zero, ..sound.clone() }.check().is_err());
        assert!(Config { heartbeat_interval: zero, ..sound.clone() }.check().is_err());
        assert!(Config { entries_per_message: 0, ..sound }.check().is_err());
    }
}
