//! The controller: one node that watches the replicas and decides on leader and in-sync set (Kafka's documentation, 4.7
//! Replication; KIP-497).
//!
//! The rules:
//! - A replica that was silent for the session time-out is out of the in-sync set. If it led, another one leads.
//! - A new leader is one of the in-sync set that lives. If nobody of it lives, nobody leads: the last one that is in sync
//!   stays in the set, and is waited for.
//! - A leader that has restarted is not the leader any more: it may have lost the end of its log, and would write other
//!   entries under the same names. It may be elected again, into a new epoch.
//! - The in-sync set changes otherwise only as the leader proposes, and only if the leader knew the newest configuration:
//!   one of two that act on the same version is too late.
//! - A decision is on the controller's disk before anybody hears of it.
//!
//! A suspicion may be wrong. That costs an election, not safety: the old leader can't commit anything without those who
//! were in sync with it, and the new leader is one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anachron_node::Context;
use anachron_vocabulary::{NodeId, VirtualDuration};

use super::super::Epoch;
use super::{Config, Configuration, InSync, Message, Record, Timer, Weakening};

/// The controller's part.
#[derive(Debug)]
pub(super) struct Controller {
    /// On disk before it is told.
    pub(super) current: Configuration,
    /// Who was silent for too long.
    dead: BTreeSet<NodeId>,
    /// The newest incarnation of each replica, as far as it has told.
    incarnations: BTreeMap<NodeId, u32>,
    session_timeout: VirtualDuration,
    elects_uncleanly: bool,
    fences_changes: bool,
}

impl Controller {
    /// Starts with the newest decision on its disk. Everybody has a session's time to be heard of.
    pub(super) fn boot(
        first: Configuration,
        records: &[Record],
        config: &Config,
        cx: &mut Context<'_, InSync>,
    ) -> Self {
        let newest = records.iter().rev().find_map(|record| match record {
            Record::Configured(configuration) => Some(configuration.clone()),
            _ => None,
        });
        for peer in cx.peers() {
            cx.set_timer(Timer::Session(peer), config.session_timeout);
        }
        if !records.is_empty() {
            // What was read may have come from a cache.
            cx.sync();
        }
        Self {
            current: newest.unwrap_or(first),
            dead: BTreeSet::new(),
            incarnations: BTreeMap::new(),
            session_timeout: config.session_timeout,
            elects_uncleanly: config.weak(Weakening::UncleanElection),
            fences_changes: !config.weak(Weakening::ChangeNotFenced),
        }
    }

    /// A replica speaks to the controller.
    pub(super) fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, InSync>) {
        match message {
            Message::Heartbeat { incarnation, version } => self.on_heartbeat(from, incarnation, version, cx),
            Message::Propose { version, in_sync } => self.on_proposal(from, version, &in_sync, cx),
            Message::Confirm { epoch, ticket } => {
                if self.current.led && epoch == self.current.epoch {
                    cx.send_after_sync(cx.appended(), from, Message::Confirmed { epoch, ticket });
                } else {
                    self.inform(from, cx);
                }
            }
            // The rest is between replicas.
            _ => {}
        }
    }

    fn on_heartbeat(&mut self, from: NodeId, incarnation: u32, version: u64, cx: &mut Context<'_, InSync>) {
        let newest = self.incarnations.entry(from).or_insert(incarnation);
        if incarnation < *newest {
            return;
        }
        *newest = incarnation;
        cx.set_timer(Timer::Session(from), self.session_timeout);
        self.dead.remove(&from);
        let Epoch { leader, incarnation: elected, .. } = self.current.epoch;
        let has_restarted = from == leader && incarnation > elected;
        if has_restarted || !self.current.led {
            self.elect(cx);
        }
        if version < self.current.version {
            self.inform(from, cx);
        }
    }

    /// A replica was silent for too long.
    pub(super) fn on_silence(&mut self, node: NodeId, cx: &mut Context<'_, InSync>) {
        self.dead.insert(node);
        cx.note(|| format!("takes {node} for dead"));
        if self.current.leader() == Some(node) {
            self.elect(cx);
        } else if self.current.led && self.current.has(node) {
            let rest = self.current.in_sync.iter().copied().filter(|&other| other != node).collect();
            self.decide(Configuration { in_sync: rest, ..self.current.clone() }, cx);
        }
    }

    /// Another leader, if there may be one.
    fn elect(&mut self, cx: &mut Context<'_, InSync>) {
        let lives = |node: &NodeId| !self.dead.contains(node);
        let mut in_sync: Arc<[NodeId]> = self.current.in_sync.iter().copied().filter(lives).collect();
        if in_sync.is_empty() && self.elects_uncleanly {
            in_sync = cx.peers().filter(lives).take(1).collect();
        }
        let Some(&leader) = in_sync.first() else {
            if self.current.led {
                self.decide(Configuration { led: false, ..self.current.clone() }, cx);
            }
            return;
        };
        // Of one that has not told its incarnation to this controller it is a guess; the heartbeat corrects it.
        let incarnation = self.incarnations.get(&leader).copied().unwrap_or(1);
        let epoch = Epoch { number: self.current.epoch.number + 1, leader, incarnation };
        self.decide(Configuration { epoch, led: true, in_sync, ..self.current.clone() }, cx);
    }

    /// The leader wants another in-sync set.
    fn on_proposal(&mut self, from: NodeId, version: u64, wanted: &[NodeId], cx: &mut Context<'_, InSync>) {
        let is_newest = version == self.current.version && self.current.leader() == Some(from);
        if self.fences_changes && !is_newest {
            return self.inform(from, cx);
        }
        // Who has died in the meantime is not let in. The leader hears of a newer version in any case.
        let may = |node: &NodeId| !self.dead.contains(node) || self.current.has(*node);
        let in_sync: Arc<[NodeId]> = wanted.iter().copied().filter(may).collect();
        if !in_sync.is_empty() {
            self.decide(Configuration { in_sync, ..self.current.clone() }, cx);
        }
    }

    /// Writes the decision down and tells everybody.
    fn decide(&mut self, next: Configuration, cx: &mut Context<'_, InSync>) {
        self.current = Configuration { version: self.current.version + 1, ..next };
        cx.append(Record::Configured(self.current.clone()));
        cx.sync();
        cx.note(|| format!("decides: {:?}", self.current));
        for peer in cx.peers() {
            self.inform(peer, cx);
        }
    }

    fn inform(&self, node: NodeId, cx: &mut Context<'_, InSync>) {
        cx.send_after_sync(cx.appended(), node, Message::Configure(self.current.clone()));
    }
}
