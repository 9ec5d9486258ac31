//! Failover: how the next epoch's sequencer takes over.
//!
//! 1. A node that waits for the sequencer and hears nothing for the suspicion time-out begins the next epoch: it promises
//!    (on disk) to follow no earlier one, and tells everybody. Whoever hears of a later epoch promises likewise.
//! 2. A promise goes to the new epoch's sequencer, with the order that the node has and the epoch that made it.
//! 3. With promises of a majority the sequencer takes the order of the latest epoch among them, and of several the
//!    longest; it is a continuation of all that was ever stable.
//! 4. It sends that order to everybody, and nothing of its own before a node has taken it.
//!
//! Why nothing delivered is lost: what is delivered is stable, so a majority had it on disk in some epoch `e`. Any later
//! epoch's majority shares a node with that one, and that node promised after it had stored the message (it would have
//! stored nothing of epoch `e` afterwards). By induction every order made by an epoch from `e` on contains it; so the
//! latest order among the promises does. This is the argument of Viewstamped Replication (Oki and Liskov 1988) and of
//! ZooKeeper's atomic broadcast (Junqueira, Reed and Serafini, *Zab*, DSN 2011).
//!
//! Were the longest order taken, whichever epoch made it, it would go wrong. n1 orders `a` and `b` alone in epoch 0 and
//! is cut off. n2 orders `c` in epoch 1, stable with n3, and a client hears of it. n1 comes back, n3 goes away, and in
//! n1's next epoch the two orders are `a b` and `c`. The shorter one was delivered.

use std::collections::BTreeMap;
use std::sync::Arc;

use anachron_node::Request;
use anachron_vocabulary::NodeId;

use super::super::{Output, Timer, Weakening};
use super::messages::{Body, Entry, Epoch, Record};
use super::{Role, Sequencer};
use crate::common::majority;

/// A promise: the epoch that made the order, and the order.
pub(super) type Promised = (Epoch, Arc<[Entry<Request>]>);

impl Sequencer {
    /// Follows no epoch before this one any more.
    pub(super) fn promise(&mut self, epoch: Epoch, out: &mut Output<'_, Self>) {
        assert!(epoch > self.epoch, "epochs go up");
        self.epoch = epoch;
        out.append(Record::Promise(epoch));
        self.held_back.clear();
        out.note(|| format!("promises to follow no epoch before {}", epoch.0));
        self.begin(out);
        // The new sequencer has as long to speak up as any.
        self.restart_suspicion(out);
    }

    /// What a node does in an epoch whose order it has not taken yet, at its beginning or after a restart.
    pub(super) fn begin(&mut self, out: &mut Output<'_, Self>) {
        if self.sequencer() == self.me {
            let own = (self.accepted, self.order.all());
            self.role = Role::Collecting { promises: BTreeMap::from([(self.me, own)]) };
            self.say_to_all(Body::NewEpoch, out);
            self.collect(out);
        } else {
            self.role = Role::Follower;
            self.send_promise(out);
        }
    }

    pub(super) fn send_promise(&mut self, out: &mut Output<'_, Self>) {
        let body = Body::Promise { accepted: self.accepted, log: self.order.all() };
        self.say(self.sequencer(), body, out);
    }

    /// A node's promise, at the sequencer.
    pub(super) fn on_promise(&mut self, from: NodeId, promised: Promised, out: &mut Output<'_, Self>) {
        match &mut self.role {
            Role::Collecting { promises } => {
                promises.insert(from, promised);
                self.collect(out);
            }
            // It comes after the majority, or has missed the order that was sent to it.
            Role::Leading { .. } if promised.0 < self.epoch => self.send_order(from, out),
            Role::Leading { .. } | Role::Follower => {}
        }
    }

    /// With promises of a majority, takes over.
    fn collect(&mut self, out: &mut Output<'_, Self>) {
        let Role::Collecting { promises } = &self.role else { return };
        let nodes = usize::from(out.nodes());
        if promises.len() < majority(nodes) {
            return;
        }
        let chosen = if self.weak(Weakening::NoTransfer) {
            promises.get(&self.me)
        } else if self.weak(Weakening::LongestOrder) {
            promises.values().max_by_key(|(_, log)| log.len())
        } else {
            promises.values().max_by_key(|(made_in, log)| (*made_in, log.len()))
        };
        let (made_in, log) = chosen.expect("a majority is somebody").clone();
        out.note(|| {
            let from: Vec<String> = promises.keys().map(ToString::to_string).collect();
            format!(
                "is the sequencer of epoch {}: promises of {}; takes over {} messages ordered in epoch {}",
                self.epoch.0,
                from.join(", "),
                log.len(),
                made_in.0
            )
        });
        self.adopt(&log, out);
        self.role = Role::Leading { acknowledged: vec![None; nodes] };
        for peer in out.peers() {
            self.send_order(peer, out);
        }
        self.count(out);
        self.order_own(out);
    }

    fn send_order(&mut self, to: NodeId, out: &mut Output<'_, Self>) {
        self.say(to, Body::Adopt { log: self.order.all(), stable: self.stable }, out);
    }

    /// The sequencer of this epoch sends the order so far.
    pub(super) fn on_adopt(&mut self, log: &Arc<[Entry<Request>]>, stable: u64, out: &mut Output<'_, Self>) {
        if self.accepted < self.epoch {
            self.adopt(log, out);
            self.submit(out);
        }
        self.learn_stable(stable);
        self.acknowledge(out);
    }

    /// Replaces the order by that of this epoch's sequencer.
    fn adopt(&mut self, log: &Arc<[Entry<Request>]>, out: &mut Output<'_, Self>) {
        let position = out.append(Record::Adopt { epoch: self.epoch, log: Arc::clone(log) });
        let sound = self.config_is_sound();
        assert!(
            !sound
                || (1..=self.delivered).all(|place| log.get(to_index(place)) == Some(self.order.get(place))),
            "what a node has delivered is in every later order"
        );
        self.accepted = self.epoch;
        self.order.replace(log, position);
        self.recovering = self.recovering.min(self.order.len());
        self.held_back.clear();
    }

    /// The sequencer has not been heard of for too long.
    pub(super) fn suspect(&mut self, out: &mut Output<'_, Self>) {
        out.note(|| format!("suspects {}, the sequencer of epoch {}", self.sequencer(), self.epoch.0));
        self.promise(Epoch(self.epoch.0 + 1), out);
        if self.sequencer() != self.me {
            self.say_to_all(Body::NewEpoch, out);
        }
    }

    /// Starts the wait for the sequencer anew, if there is something to wait for.
    pub(super) fn restart_suspicion(&mut self, out: &mut Output<'_, Self>) {
        if let Some(timeout) = self.suspicion_timeout
            && self.sequencer() != self.me
            && self.is_waiting()
        {
            out.set_timer(Timer::Suspect, timeout);
            self.suspecting = true;
        }
    }
}

fn to_index(place: u64) -> usize {
    usize::try_from(place - 1).expect("a log fits the memory")
}
