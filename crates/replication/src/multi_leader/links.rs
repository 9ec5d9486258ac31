//! A leader's neighbours: what each is known to have, and what it is sent.
//!
//! An update goes out as soon as it is on disk. A neighbour answers with what it has; whatever it lacks is sent again
//! until it has it. So nothing that is lost stays lost, and a leader that comes back empty is filled again: it says so
//! when it boots, and what it said before does not count.

use std::collections::{BTreeMap, BTreeSet};

use anachron_node::Context;
use anachron_vocabulary::{NodeId, VirtualTime};

use super::messages::Have;
use super::{Held, Message, MultiLeader, Timer, Update};
use crate::common::{Actor, VersionVector, Versioning};

/// More updates than this travel in several messages.
const UPDATES_A_MESSAGE: usize = 64;

/// What a leader knows of its neighbours.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Links {
    /// Whom it sends to, and what they have.
    targets: BTreeMap<NodeId, Have>,
    /// The neighbours that have not answered since it booted with a past.
    unheard: BTreeSet<NodeId>,
    /// True while the `Resend` timer is set.
    resending: bool,
}

impl Links {
    /// At boot. Whoever starts with the run and an empty disk has nothing to tell and nothing to ask.
    pub(super) fn new(targets: Vec<NodeId>, neighbours: Vec<NodeId>, has_a_past: bool) -> Self {
        let nothing = || Have { boot: VirtualTime::ZERO, complete: VersionVector::default() };
        Self {
            targets: targets.into_iter().map(|target| (target, nothing())).collect(),
            unheard: if has_a_past { neighbours.into_iter().collect() } else { BTreeSet::new() },
            resending: false,
        }
    }

    /// A neighbour says what it has. What it said before a restart does not count, nor does what arrives late.
    fn learn(&mut self, from: NodeId, have: &Have) {
        self.unheard.remove(&from);
        let Some(known) = self.targets.get_mut(&from) else { return };
        if have.boot > known.boot {
            known.clone_from(have);
        } else if have.boot == known.boot {
            known.complete.join(&have.complete);
        }
    }
}

impl<V: Versioning> MultiLeader<V> {
    fn have(&self) -> Have {
        Have { boot: self.boot, complete: self.log.complete().clone() }
    }

    /// Asks the neighbours that have not answered since this leader booted what they have.
    pub(super) fn greet(&mut self, cx: &mut Context<'_, Self>) {
        for &neighbour in &self.links.unheard {
            cx.send_after_sync(cx.appended(), neighbour, Message::Confirm { have: self.have(), asks: true });
        }
    }

    /// Sends a new update on its way.
    pub(super) fn send_on(
        &mut self,
        update: &Update<Held<V>>,
        from: Option<NodeId>,
        cx: &mut Context<'_, Self>,
    ) {
        let Actor::Node { node: origin, .. } = update.dot.actor else { unreachable!("leaders make updates") };
        let forwards = self.config.topology.forwards();
        let have = self.have();
        for (&target, known) in &mut self.links.targets {
            if target == origin {
                // It has made it, so it has it; should its disk be lost, it will say so.
                known.complete.see(update.dot);
            } else if Some(target) != from
                && (from.is_none() || forwards)
                && !known.complete.covers(update.dot)
            {
                let updates = [update.clone()].into();
                let message = Message::Updates { have: have.clone(), updates };
                cx.send_after_sync(cx.appended(), target, message);
            }
        }
    }

    /// A neighbour sends updates, and what it has.
    pub(super) fn on_updates(
        &mut self,
        from: NodeId,
        have: &Have,
        updates: &[Update<Held<V>>],
        cx: &mut Context<'_, Self>,
    ) {
        for update in updates {
            self.take_in(update, Some(from), cx);
        }
        self.links.learn(from, have);
        cx.send_after_sync(cx.appended(), from, Message::Confirm { have: self.have(), asks: false });
    }

    /// A neighbour says what it has.
    pub(super) fn on_confirm(&mut self, from: NodeId, have: &Have, asks: bool, cx: &mut Context<'_, Self>) {
        self.links.learn(from, have);
        if asks {
            cx.send_after_sync(cx.appended(), from, Message::Confirm { have: self.have(), asks: false });
        }
    }

    /// Sends again what neighbours lack, others' updates as well: their makers may be down.
    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        self.links.resending = false;
        self.greet(cx);
        for (&target, known) in
            self.links.targets.iter().filter(|(target, _)| !self.links.unheard.contains(target))
        {
            let lacking = self.log.beyond(&known.complete);
            for updates in lacking.chunks(UPDATES_A_MESSAGE) {
                let message = Message::Updates { have: self.have(), updates: updates.into() };
                cx.send_after_sync(cx.appended(), target, message);
            }
        }
    }

    /// Sets the `Resend` timer while a neighbour lacks something, as far as is known.
    pub(super) fn see_to_resending(&mut self, cx: &mut Context<'_, Self>) {
        let complete = self.log.complete();
        let lacks = |known: &Have| !known.complete.covers_all(complete);
        let waiting = !self.links.unheard.is_empty() || self.links.targets.values().any(lacks);
        if waiting && !self.links.resending {
            cx.set_timer(Timer::Resend, self.config.resend_interval);
        } else if !waiting && self.links.resending {
            cx.cancel_timer(Timer::Resend);
        }
        self.links.resending = waiting;
    }
}
