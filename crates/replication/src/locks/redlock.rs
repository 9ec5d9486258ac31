//! Redlock: a lock from a majority of nodes that know nothing of each other (Redis documentation, *Distributed Locks with
//! Redis*; the case against it: Kleppmann 2016; the reply: antirez, *Is Redlock safe?*, 2016).
//!
//! The algorithm, by the documentation's steps:
//! 1. Get the current time.
//! 2. Try to set the key at all nodes, to one random value, each try with a time-out small against the time to live. (All
//!    at once here: the documentation's "ideally … at the same time using multiplexing".)
//! 3. Compute how long that took. The lock is held if a majority has set it and less than the time to live has passed.
//! 4. If so, it is valid for the time to live, less what has passed, less an allowance for drifting clocks.
//! 5. If not, unlock it at all nodes, also where the try seemed to fail, and try again after a random delay.
//!
//! What it promises is as good as its clocks: nodes that forget (a wall clock set forward, a crash without disk) let a second
//! majority form while the first holder's validity still lasts. And there is no token that grows, so the resource can't
//! tell an old holder from a new one: a pause between looking at the clock and writing is enough, whatever the clocks do.
//!
//! Left out: extending a lock.

use std::collections::BTreeSet;

use anachron_node::{Answer, Context, Replica};
use anachron_vocabulary::{NodeId, Operation, Reply, VirtualDuration, VirtualTime};

use super::lock::{Errand, News, unique_name};
use super::{Alarm, Guarded, Weakening};
use crate::common::majority;

/// A try at all nodes that is under way.
#[derive(Debug)]
struct Try {
    serial: u64,
    /// Step 1.
    began: VirtualTime,
    /// Where the key was set.
    set: BTreeSet<NodeId>,
    /// Where it was not.
    refused: BTreeSet<NodeId>,
}

/// One attempt of a worker to get one lock.
#[derive(Debug)]
pub(super) struct Redlock {
    /// The random value of the latest try. It has to be "unique across all clients and all lock requests": under one that an
    /// earlier try had, that one's unlocking, held up by the network, would undo this one.
    value: i64,
    under_way: Option<Try>,
    /// Until when the lock is valid.
    pub(super) until: VirtualTime,
}

impl Redlock {
    pub(super) fn new() -> Self {
        Self { value: 0, under_way: None, until: VirtualTime::ZERO }
    }

    /// Steps 1 and 2.
    pub(super) fn take<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        let serial = errand.next_serial(cx);
        let began = cx.now();
        self.value = unique_name(cx);
        self.under_way = Some(Try { serial, began, set: BTreeSet::new(), refused: BTreeSet::new() });
        for node in errand.layout.lock_nodes() {
            errand.ask_node(node, serial, Operation::Claim(self.value.into()), cx);
        }
        cx.set_timer(errand.alarm(Alarm::Again), errand.settings.resend_interval);
    }

    /// A node has answered: steps 3 and 4, or 5.
    pub(super) fn hear<L: Replica>(
        &mut self,
        from: NodeId,
        serial: u64,
        answer: &Answer,
        errand: &mut Errand<'_>,
        cx: &mut Context<'_, Guarded<L>>,
    ) -> News {
        let Some(under_way) = self.under_way.as_mut().filter(|under_way| under_way.serial == serial) else {
            return News::Nothing;
        };
        let set = *answer == Answer::Ok(Reply::Answer(true));
        if set { &mut under_way.set } else { &mut under_way.refused }.insert(from);
        let nodes = usize::from(errand.layout.lock_nodes);
        if under_way.set.len() >= majority(nodes) {
            let began =
                if errand.settings.weak(Weakening::ElapsedIgnored) { cx.now() } else { under_way.began };
            let until = began + (errand.settings.ttl - errand.settings.drift_allowance());
            if until > cx.now() {
                let at = under_way.set.len();
                cx.note(|| format!("holds the lock at {at} of {nodes} nodes until {until} by its clock"));
                self.under_way = None;
                self.until = until;
                return News::Granted;
            }
            self.give_up(errand, cx);
        } else if under_way.refused.len() > nodes - majority(nodes) {
            self.give_up(errand, cx);
        }
        News::Nothing
    }

    /// Step 5, unless there is nothing under way.
    pub(super) fn give_up<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        if self.under_way.take().is_some() {
            self.unlock(errand, cx);
            let delay = cx.random().between(VirtualDuration::ZERO, errand.settings.retry_delay);
            cx.set_timer(errand.alarm(Alarm::Retry), delay);
        }
    }

    /// The random delay is over.
    pub(super) fn retry<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        if self.under_way.is_none() && self.until == VirtualTime::ZERO {
            self.take(errand, cx);
        }
    }

    /// Gives the lock back, said once: where that is lost, the key ends by itself.
    pub(super) fn release<L: Replica>(&mut self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        let is_held = self.until > VirtualTime::ZERO;
        self.until = VirtualTime::ZERO;
        if self.under_way.take().is_some() || is_held {
            self.unlock(errand, cx);
        }
    }

    fn unlock<L: Replica>(&self, errand: &mut Errand<'_>, cx: &mut Context<'_, Guarded<L>>) {
        let serial = errand.next_serial(cx);
        for node in errand.layout.lock_nodes() {
            let operation = if errand.settings.weak(Weakening::DeleteAny) {
                Operation::Delete
            } else {
                Operation::Resign(self.value.into())
            };
            errand.ask_node(node, serial, operation, cx);
        }
    }
}
