//! What all nodes are told.

use anachron_vocabulary::{NodeId, Value, VirtualDuration};

use super::super::Durability;
use super::{Weakening, Weakenings};

/// Who answers reads. Nobody shows what is not below the high watermark.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// The leader, from what it knows. One that was replaced and has not heard of it answers from the past.
    Leader,
    /// The leader, once the controller has confirmed that it is the leader still. This makes reads linearizable; Kafka
    /// has nothing like it.
    Confirmed,
    /// Whichever replica is asked, from what it knows to be committed (KIP-392).
    Any,
}

/// The settings of a cluster. Names in brackets are Kafka's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// Who decides on the leader and the in-sync set; the last node if nobody says. It keeps no objects.
    pub controller: Option<NodeId>,
    /// Who leads at first; the first node that is not the controller if nobody says.
    pub initial_leader: Option<NodeId>,
    /// With fewer in-sync replicas writes are refused (`min.insync.replicas`).
    pub min_in_sync: usize,
    /// When a node has a write. Kafka's brokers have it when it is in memory; here the disk is the default.
    pub durability: Durability,
    /// Who answers reads.
    pub reads: Reads,
    /// How long a replica may lack what the leader has before the leader wants it out of the in-sync set
    /// (`replica.lag.time.max.ms`). It goes after this at least, after twice this at most.
    pub lag_timeout: VirtualDuration,
    /// How often a replica tells the controller that it lives (`broker.heartbeat.interval.ms`).
    pub heartbeat_interval: VirtualDuration,
    /// After how much silence the controller takes a replica for dead (`broker.session.timeout.ms`).
    pub session_timeout: VirtualDuration,
    /// How long a follower waits before it asks the leader again, and a leader the controller
    /// (`replica.fetch.wait.max.ms`).
    pub fetch_interval: VirtualDuration,
    /// How many entries one message may carry.
    pub entries_per_message: usize,
    /// True if a retry under the same request id runs once (`enable.idempotence`).
    pub sessions: bool,
    /// What an object holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

impl Default for Config {
    /// One in-sync replica is enough, disks before words, reads at the leader, no weakening.
    fn default() -> Self {
        Self {
            controller: None,
            initial_leader: None,
            min_in_sync: 1,
            durability: Durability::SyncThenAcknowledge,
            reads: Reads::Leader,
            lag_timeout: VirtualDuration::millis(300),
            heartbeat_interval: VirtualDuration::millis(50),
            session_timeout: VirtualDuration::millis(300),
            fetch_interval: VirtualDuration::millis(100),
            entries_per_message: 64,
            sessions: true,
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
            return Err("it takes two nodes at least: the controller and one that keeps the objects");
        }
        if self.controller(nodes).index() >= nodes {
            return Err("the controller must be one of the cluster's nodes");
        }
        let leader = self.initial_leader(nodes);
        if leader.index() >= nodes || leader == self.controller(nodes) {
            return Err("the initial leader must be one of the nodes, and not the controller");
        }
        if !(1..nodes).contains(&self.min_in_sync) {
            return Err(
                "`min_in_sync` must be from 1 to the number of replicas (all nodes but the controller)",
            );
        }
        let intervals = [self.lag_timeout, self.heartbeat_interval, self.fetch_interval];
        if intervals.contains(&VirtualDuration::ZERO) {
            return Err("intervals must be above zero, or a node does nothing else");
        }
        if self.session_timeout <= self.heartbeat_interval {
            return Err("the session time-out must be above the heartbeat interval, or everybody is dead");
        }
        if self.entries_per_message == 0 {
            return Err("a message must be able to carry at least one entry");
        }
        Ok(())
    }

    /// Who decides, in a cluster of `nodes` nodes.
    pub fn controller(&self, nodes: usize) -> NodeId {
        self.controller.unwrap_or_else(|| NodeId::from_index(nodes - 1))
    }

    /// Who leads at first, in a cluster of `nodes` nodes.
    pub fn initial_leader(&self, nodes: usize) -> NodeId {
        let first = if self.controller(nodes) == NodeId(0) { NodeId(1) } else { NodeId(0) };
        self.initial_leader.unwrap_or(first)
    }

    pub(super) fn weak(&self, weakening: Weakening) -> bool {
        self.weakenings.contains(weakening)
    }

    pub(super) fn syncs_first(&self) -> bool {
        self.durability == Durability::SyncThenAcknowledge
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Config::default();
        let zero = VirtualDuration::ZERO;
        assert_eq!(sound.check(2), Ok(()));
        assert_eq!((sound.controller(4), sound.initial_leader(4)), (NodeId(3), NodeId(0)));
        assert!(sound.check(1).is_err());
        let first = Config { controller: Some(NodeId(0)), ..sound.clone() };
        assert_eq!((first.check(3), first.initial_leader(3)), (Ok(()), NodeId(1)));
        assert!(Config { controller: Some(NodeId(3)), ..sound.clone() }.check(3).is_err());
        assert!(Config { initial_leader: Some(NodeId(2)), ..sound.clone() }.check(3).is_err());
        assert!(Config { min_in_sync: 0, ..sound.clone() }.check(3).is_err());
        assert!(Config { min_in_sync: 3, ..sound.clone() }.check(3).is_err());
        assert!(Config { lag_timeout: zero, ..sound.clone() }.check(3).is_err());
        assert!(Config { session_timeout: zero, ..sound.clone() }.check(3).is_err());
        assert!(Config { entries_per_message: 0, ..sound }.check(3).is_err());
    }
}
