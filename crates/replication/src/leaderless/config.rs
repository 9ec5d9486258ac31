//! What all nodes of a leaderless cluster are told.

use anachron_vocabulary::{Value, VirtualDuration};

use super::{Weakening, Weakenings};
use crate::common::{Actors, Order, Reading, Storing};

/// The settings of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// `n`: how many nodes hold each key. `None`: all of them.
    pub replicas: Option<u16>,
    /// `r`: how many nodes a read asks, the coordinator included. With 1 a home asks nobody else.
    pub read_quorum: u16,
    /// `w`: how many nodes must have a write before it is acknowledged, the coordinator included. With 1 a home does
    /// not wait for anybody else. The write is sent to all homes in any case.
    pub write_quorum: u16,
    /// Whether nodes that stand in for homes count for quorums.
    pub quorums: Quorums,
    /// How long a coordinator waits for a home before somebody keeps the write for it. `None`: nobody does.
    pub hint_after: Option<VirtualDuration>,
    /// How often a node brings what it keeps for others.
    pub handoff_interval: VirtualDuration,
    /// What a read does about nodes that answered with something old.
    pub read_repair: ReadRepair,
    /// How often a node compares with another one, drawn at random. `None`: never, and then a message that is lost
    /// may leave two nodes different for ever.
    pub gossip_interval: Option<VirtualDuration>,
    /// How it compares.
    pub anti_entropy: AntiEntropy,
    /// How long a tombstone stays at the least. `None`: for ever. It must be longer than any message is under way.
    pub tombstone_grace: Option<VirtualDuration>,
    /// How long a coordinator waits for its quorum before it asks those who did not answer again.
    pub resend_interval: VirtualDuration,
    /// How long it waits before it tells the client that it can't say. `None`: until the client gives up.
    pub request_timeout: Option<VirtualDuration>,
    /// What a read makes of siblings.
    pub reading: Reading,
    /// What a write replaces, where versions tell.
    pub replaces: Replaces,
    /// Whose writes vectors count.
    pub actors: Actors,
    /// What a register holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// Who counts for a quorum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Quorums {
    /// A key's homes and nobody else.
    #[default]
    Strict,
    /// Whoever stands in for a home that can't be reached counts as well (Dynamo §4.6).
    Sloppy,
}

/// What a read does about nodes that answered with something old.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ReadRepair {
    /// Nothing.
    #[default]
    Never,
    /// It sends them the newest, and does not wait for them (Dynamo §5).
    Background,
    /// It answers only when `w` nodes have what it answers (Cassandra's blocking read repair; ABD's write-back).
    Blocking,
}

/// How two nodes find out what the other one lacks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum AntiEntropy {
    /// One sends the other all that it has.
    #[default]
    Everything,
    /// They compare Merkle trees and exchange what differs.
    MerkleTrees,
}

/// What a write replaces, where versions tell which writes they have seen.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Replaces {
    /// Everything that its coordinator holds, as if the client had read it just now. So writes are concurrent only
    /// if they came through different nodes.
    #[default]
    WhatTheCoordinatorHolds,
    /// What the client has last read through this coordinator, since that booted: Dynamo's context (§4.4), which a
    /// register's client can't carry itself. A client that has read nothing replaces nothing.
    WhatTheClientRead,
}

/// r = w = 1 on all nodes, no repair, no gossip, no hints, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            replicas: None,
            read_quorum: 1,
            write_quorum: 1,
            quorums: Quorums::Strict,
            hint_after: None,
            handoff_interval: VirtualDuration::millis(100),
            read_repair: ReadRepair::Never,
            gossip_interval: None,
            anti_entropy: AntiEntropy::Everything,
            tombstone_grace: None,
            resend_interval: VirtualDuration::millis(100),
            request_timeout: None,
            reading: Reading::All,
            replaces: Replaces::WhatTheCoordinatorHolds,
            actors: Actors::Nodes,
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
        let replicas = self.replicas.map_or(nodes, usize::from);
        if !(1..=nodes).contains(&replicas) {
            return Err("the number of replicas must be at least 1 and at most the number of nodes");
        }
        let possible = 1..=replicas;
        if !possible.contains(&usize::from(self.read_quorum)) {
            return Err("the read quorum must be at least 1 and at most the number of replicas");
        }
        if !possible.contains(&usize::from(self.write_quorum)) {
            return Err("the write quorum must be at least 1 and at most the number of replicas");
        }
        let durations = [
            Some(self.resend_interval),
            Some(self.handoff_interval),
            self.gossip_interval,
            self.hint_after,
            self.tombstone_grace,
            self.request_timeout,
        ];
        if durations.contains(&Some(VirtualDuration::ZERO)) {
            return Err("intervals and time-outs must be above zero, or a node does nothing else");
        }
        if self.quorums == Quorums::Sloppy && self.hint_after.is_none() {
            return Err(
                "sloppy quorums count the nodes that keep a write for a home: set hint_after as well",
            );
        }
        if self.tombstone_grace.is_some() && self.initial_value != Value::Null {
            return Err("a key whose tombstone is gone reads as never written: registers must start at null");
        }
        Ok(())
    }

    /// Whether stand-ins count for quorums, weakenings considered.
    pub(super) fn counts_stand_ins(&self) -> bool {
        self.quorums == Quorums::Sloppy || self.weakenings.contains(Weakening::SloppyQuorum)
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
        let wrong = |config: Config| assert!(config.check(3).is_err(), "{config:?}");
        assert_eq!(sound.check(1), Ok(()));
        wrong(Config { read_quorum: 0, ..sound.clone() });
        wrong(Config { write_quorum: 4, ..sound.clone() });
        wrong(Config { replicas: Some(4), ..sound.clone() });
        wrong(Config { replicas: Some(2), read_quorum: 3, ..sound.clone() });
        wrong(Config { resend_interval: VirtualDuration::ZERO, ..sound.clone() });
        wrong(Config { gossip_interval: Some(VirtualDuration::ZERO), ..sound.clone() });
        wrong(Config { quorums: Quorums::Sloppy, ..sound.clone() });
        let grace = Some(VirtualDuration::millis(5));
        assert_eq!(Config { tombstone_grace: grace, ..sound.clone() }.check(3), Ok(()));
        wrong(Config { tombstone_grace: grace, initial_value: 0.into(), ..sound });
    }
}
