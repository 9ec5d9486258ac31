//! What all nodes of a Raft cluster are told.

use anachron_vocabulary::{NodeId, Value, VirtualDuration};

use super::membership::Configuration;
use super::weakening::{Weakening, Weakenings};

/// How reads are answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// As an entry of the log, like a write (Raft, section 8).
    ThroughLog,
    /// By the leader, after confirming leadership with a round of heartbeats (Ongaro's dissertation, section 6.4).
    ReadIndex,
    /// By the leader at once while it holds a lease, else by a round (section 6.4.1). Needs
    /// [`check_quorum`](Config::check_quorum) and clocks whose drift is bounded.
    Lease,
    /// By any node: it asks the leader for the read index, waits until it has applied that much, and answers itself
    /// (section 6.4).
    FollowerReadIndex,
    /// From the leader's memory, at once. Not linearizable: another may lead by now. The same as
    /// [`Weakening::ReadLeaderMemory`].
    LeaderMemory,
    /// From any node's memory, at once. Not linearizable: the node may be behind.
    Local,
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
    /// A node asks whether it could win before it starts a term (dissertation, section 9.6).
    pub pre_vote: bool,
    /// A leader that has not heard of a majority for the longest election time-out steps down (section 6.2), and a
    /// node that has heard of a leader within the shortest gives no vote (section 4.2.3).
    pub check_quorum: bool,
    /// How far a node's clock may be off in rate, in parts per million. Leases are shortened by it.
    pub clock_drift_bound_ppm: u32,
    /// A node takes a snapshot and drops its log once it has applied so many entries since the last one (section 5).
    pub snapshot_after: Option<u64>,
    /// The voters of the first configuration. Empty: every node that is no learner.
    pub initial_voters: Vec<NodeId>,
    /// The learners of the first configuration. A node that is in neither list waits to be taken in.
    pub initial_learners: Vec<NodeId>,
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

/// The time-outs of the paper (section 9.3: 150 to 300 ms), reads by read-index, all nodes voters, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            election_timeout_min: VirtualDuration::millis(150),
            election_timeout_max: VirtualDuration::millis(300),
            heartbeat_interval: VirtualDuration::millis(50),
            reads: Reads::ReadIndex,
            pre_vote: false,
            check_quorum: false,
            clock_drift_bound_ppm: 10_000,
            snapshot_after: None,
            initial_voters: Vec::new(),
            initial_learners: Vec::new(),
            initial_value: Value::Null,
            initial_leader: None,
            entries_per_message: 64,
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
    /// Whether a cluster of `nodes` nodes can run with these settings at all. Time-outs that make a poor cluster are
    /// allowed.
    ///
    /// # Errors
    /// The setting, and what to change.
    pub fn check(&self, nodes: usize) -> Result<(), ConfigError> {
        let wrong = |setting, message| Err(ConfigError { setting, message });
        if self.election_timeout_min == VirtualDuration::ZERO {
            return wrong(
                "election_timeout",
                "the shortest election time-out must be above zero, or elections never pause",
            );
        }
        if self.election_timeout_min > self.election_timeout_max {
            return wrong("election_timeout", "the shortest election time-out must not be above the longest");
        }
        if self.heartbeat_interval == VirtualDuration::ZERO {
            return wrong(
                "heartbeat_interval",
                "the heartbeat interval must be above zero, or a leader does nothing else",
            );
        }
        if self.entries_per_message == 0 {
            return wrong("entries_per_message", "a message must be able to carry at least one entry");
        }
        if self.snapshot_after == Some(0) {
            return wrong("snapshot_after", "a snapshot covers at least one entry");
        }
        if self.reads == Reads::Lease && !self.check_quorum {
            return wrong(
                "check_quorum",
                "leases need it: they rest on the promise of followers not to elect another leader for a while",
            );
        }
        if self.clock_drift_bound_ppm >= 1_000_000 {
            return wrong(
                "clock_drift_bound_ppm",
                "a clock that may be off by its whole rate bounds nothing; expected less than 1000000",
            );
        }
        let exists = |node: &NodeId| node.index() < nodes;
        if !self.initial_voters.iter().all(exists) {
            return wrong("voters", "there is no such node");
        }
        if !self.initial_learners.iter().all(exists) {
            return wrong("learners", "there is no such node");
        }
        if self.initial_learners.iter().any(|node| self.initial_voters.contains(node)) {
            return wrong("learners", "a node is a voter or a learner, not both");
        }
        if self.first_configuration(nodes).voters().is_empty() {
            return wrong("voters", "a cluster has at least one voter");
        }
        Ok(())
    }

    /// The configuration that every node knows before the log says anything.
    pub(super) fn first_configuration(&self, nodes: usize) -> Configuration {
        let voters: Vec<NodeId> = if self.initial_voters.is_empty() {
            let all = (0..nodes).map(NodeId::from_index);
            all.filter(|node| !self.initial_learners.contains(node)).collect()
        } else {
            self.initial_voters.clone()
        };
        Configuration::new(voters, self.initial_learners.clone())
    }

    /// How reads are answered, weakenings considered.
    pub(super) fn effective_reads(&self) -> Reads {
        if self.weakenings.contains(Weakening::ReadLeaderMemory) { Reads::LeaderMemory } else { self.reads }
    }

    /// Whether there is a pre-vote, weakenings considered.
    pub(super) fn asks_before_it_stands(&self) -> bool {
        self.pre_vote && !self.weakenings.contains(Weakening::NoPreVoteNoCheckQuorum)
    }

    /// Whether leaders are stood by, and have to deserve it, weakenings considered.
    pub(super) fn checks_quorum(&self) -> bool {
        self.check_quorum && !self.weakenings.contains(Weakening::NoPreVoteNoCheckQuorum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Config::default();
        let wrong = |config: Config| config.check(3).expect_err("it can't run").setting;
        assert_eq!(sound.check(3), Ok(()));
        let zero = VirtualDuration::ZERO;
        assert_eq!(wrong(Config { election_timeout_min: zero, ..sound.clone() }), "election_timeout");
        assert_eq!(wrong(Config { election_timeout_max: zero, ..sound.clone() }), "election_timeout");
        assert_eq!(wrong(Config { heartbeat_interval: zero, ..sound.clone() }), "heartbeat_interval");
        assert_eq!(wrong(Config { entries_per_message: 0, ..sound.clone() }), "entries_per_message");
        assert_eq!(wrong(Config { snapshot_after: Some(0), ..sound.clone() }), "snapshot_after");
        assert_eq!(wrong(Config { reads: Reads::Lease, ..sound.clone() }), "check_quorum");
        assert_eq!(wrong(Config { clock_drift_bound_ppm: 1_000_000, ..sound }), "clock_drift_bound_ppm");
    }

    #[test]
    fn the_first_configuration_must_have_voters_that_exist() {
        let with = |voters: &[u16], learners: &[u16]| Config {
            initial_voters: voters.iter().copied().map(NodeId).collect(),
            initial_learners: learners.iter().copied().map(NodeId).collect(),
            ..Config::default()
        };
        let wrong = |config: Config| config.check(3).map_err(|error| error.setting);
        assert_eq!(wrong(with(&[0, 1], &[2])), Ok(()));
        assert_eq!(wrong(with(&[0, 3], &[])), Err("voters"));
        assert_eq!(wrong(with(&[], &[3])), Err("learners"));
        assert_eq!(wrong(with(&[0, 1], &[1])), Err("learners"));
        assert_eq!(wrong(with(&[], &[0, 1, 2])), Err("voters"));
        assert_eq!(with(&[], &[2]).first_configuration(3).voters(), [NodeId(0), NodeId(1)]);
    }
}
