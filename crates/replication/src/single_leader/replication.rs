//! Shipping the log, and when a write is acknowledged (DDIA §5, Synchronous versus asynchronous replication).
//!
//! The leader sends each follower what lies behind the last entry it sent, and does not wait for an answer. A message
//! names the entry before its first, so a follower takes entries in order only, whatever the network does to their
//! messages; and it never cuts its log unless an entry of the leader's really conflicts with one of its own, so a late
//! or doubled message does no harm.

use std::sync::Arc;

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use super::{Durability, Entry, Epoch, Index, Message, Point, Role, SingleLeader, Timer, Weakening};

/// How far a follower is, as its leader knows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The last entry sent. At least `has`.
    sent: Index,
    /// The last entry acknowledged.
    has: Index,
    /// False until the follower has acknowledged anything of this epoch.
    heard: bool,
}

impl Progress {
    /// A follower of whom nothing is known but that its log may end like the leader's at `end`.
    pub(super) fn new(end: Index, heard: bool) -> Self {
        Self { sent: end, has: Index::ZERO, heard }
    }
}

// The leader's side.
impl SingleLeader {
    /// Sends every follower what it was not sent yet.
    pub(super) fn ship_to_all(&mut self, cx: &mut Context<'_, Self>) {
        for peer in cx.peers() {
            self.ship(peer, false, cx);
        }
        self.see_to_resending(cx);
    }

    /// Sends a follower what it was not sent yet; with `anyway` also if that is nothing.
    fn ship(&mut self, to: NodeId, anyway: bool, cx: &mut Context<'_, Self>) {
        let end = self.log.end();
        let Role::Leader(office) = &mut self.role else { return };
        let progress = office.followers.get_mut(&to).expect("every peer is a follower");
        let mut again = anyway;
        while progress.sent < end || again {
            again = false;
            let entries = self.log.behind(progress.sent, self.config.entries_per_message);
            let previous = self.log.point(progress.sent).expect("a leader's log only grows");
            progress.sent = Index(progress.sent.0 + entries.len() as u64);
            let message = Message::Append { epoch: self.epoch, previous, entries, end };
            // What is shipped is on the leader's own disk first. A leader that could lose an entry that a follower
            // has would, after a restart, be behind its own followers.
            let position = match self.config.durability {
                Durability::SyncThenAcknowledge => cx.appended(),
                Durability::AcknowledgeThenSync => office.begun,
            };
            cx.send_after_sync(position, to, message);
        }
    }

    /// Sets the `Resend` timer while a follower lacks something.
    fn see_to_resending(&mut self, cx: &mut Context<'_, Self>) {
        let end = self.log.end();
        let Role::Leader(office) = &mut self.role else { return };
        let lacking = office.followers.values().any(|follower| !follower.heard || follower.has < end);
        if lacking && !office.resending {
            cx.set_timer(Timer::Resend, self.config.resend_interval);
        } else if !lacking && office.resending {
            cx.cancel_timer(Timer::Resend);
        }
        office.resending = lacking;
    }

    /// Sends again whatever was not acknowledged.
    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        let end = self.log.end();
        let Role::Leader(office) = &mut self.role else { return };
        office.resending = false;
        let mut lacking = Vec::new();
        for (&peer, follower) in &mut office.followers {
            if !follower.heard {
                lacking.push(peer);
            } else if follower.has < end {
                follower.sent = follower.has;
                lacking.push(peer);
            }
        }
        for peer in lacking {
            self.ship(peer, true, cx);
        }
        self.see_to_resending(cx);
    }

    /// Tells every follower that the leader is there.
    pub(super) fn say_hello(&mut self, cx: &mut Context<'_, Self>) {
        for peer in cx.peers() {
            self.ship(peer, true, cx);
        }
        self.see_to_resending(cx);
    }

    /// A follower has the log up to `upto`.
    pub(super) fn on_appended(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        upto: Index,
        cx: &mut Context<'_, Self>,
    ) {
        if epoch != self.epoch {
            return;
        }
        let Role::Leader(office) = &mut self.role else { return };
        let follower = office.followers.get_mut(&from).expect("every peer is a follower");
        follower.heard = true;
        follower.has = follower.has.max(upto);
        follower.sent = follower.sent.max(follower.has);
        self.ship(from, false, cx);
        self.see_to_resending(cx);
        self.acknowledge(cx);
    }

    /// A follower can't take what it was sent: goes back to where the logs may agree.
    pub(super) fn on_lacking(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        perhaps: Index,
        cx: &mut Context<'_, Self>,
    ) {
        if epoch != self.epoch {
            return;
        }
        let Role::Leader(office) = &mut self.role else { return };
        let follower = office.followers.get_mut(&from).expect("every peer is a follower");
        // An answer to a message that was overtaken asks for nothing that is not on its way already.
        if perhaps >= follower.has && perhaps < follower.sent {
            follower.sent = perhaps;
            self.ship(from, true, cx);
            self.see_to_resending(cx);
        }
    }

    /// How far the log is on this node's disk, or in its memory where that counts.
    fn held_by_leader(&self) -> Index {
        if self.syncs_first() { self.durable.upto() } else { self.log.end() }
    }

    /// Applies and answers what as many nodes have as the mode asks for.
    pub(super) fn acknowledge(&mut self, cx: &mut Context<'_, Self>) {
        let on_leader = self.held_by_leader();
        let end = self.log.end();
        let visible_early = self.weak(Weakening::VisibleBeforeReplicaAck);
        let Role::Leader(office) = &mut self.role else { return };

        let mut have: Vec<Index> = office.followers.values().map(|follower| follower.has).collect();
        have.sort_unstable_by(|a, b| b.cmp(a));
        // The required-th best follower, and every better one, has at least this much.
        let on_followers = if self.required == 0 { end } else { have[self.required - 1] };
        if office.alone && on_followers == end {
            office.alone = false;
            cx.note(|| "the followers have caught up; the leader waits for them again".to_owned());
        }
        let held = if office.alone { on_leader } else { on_leader.min(on_followers) };
        office.acknowledged = office.acknowledged.max(held);

        let visible = if visible_early { end } else { office.acknowledged };
        while self.state.applied() < visible {
            let answer = self.state.apply_next(&self.log);
            let applied = self.state.applied();
            if let Some(writer) = office.writers.iter_mut().find(|writer| writer.index == applied) {
                writer.answer = answer;
            }
        }
        while office.writers.front().is_some_and(|writer| writer.index <= office.acknowledged) {
            let writer = office.writers.pop_front().expect("seen just now");
            // Without an answer the client has gone on to its next request.
            if let Some(answer) = writer.answer {
                cx.reply(writer.id, answer);
            }
        }
        if office.acknowledged >= office.opening {
            for reader in office.readers.drain(..) {
                cx.reply(reader.id, self.state.read(&reader));
            }
        }
        if office.writers.is_empty() && self.config.weakenings.contains(Weakening::SemiSyncTimeoutFallback) {
            cx.cancel_timer(Timer::Fallback);
        }
    }

    /// Weakened: starts to count how long the followers take.
    pub(super) fn await_followers(&mut self, cx: &mut Context<'_, Self>) {
        if !self.weak(Weakening::SemiSyncTimeoutFallback) || self.required == 0 {
            return;
        }
        let Role::Leader(office) = &self.role else { return };
        if office.writers.len() == 1 && !office.alone {
            cx.set_timer(Timer::Fallback, self.config.fallback_timeout);
        }
    }

    /// Weakened: the followers took too long.
    pub(super) fn go_on_alone(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leader(office) = &mut self.role else { return };
        office.alone = true;
        cx.note(|| "the followers are too slow; the leader acknowledges without them".to_owned());
        self.acknowledge(cx);
    }
}

// The follower's side.
impl SingleLeader {
    /// A leader ships its log.
    pub(super) fn on_append(
        &mut self,
        from: NodeId,
        epoch: Epoch,
        previous: Point,
        entries: &Arc<[Entry]>,
        end: Index,
        cx: &mut Context<'_, Self>,
    ) {
        assert_eq!(from, epoch.leader, "only a leader ships its log");
        if !self.accepts(from, epoch, cx) {
            return;
        }
        if !self.log.contains(previous) {
            let perhaps = self.log.earlier_than(previous.index);
            return cx.send(from, Message::Lacking { epoch, perhaps });
        }
        let mut agreed = previous.index;
        for entry in entries.iter() {
            let index = agreed.next();
            match self.log.get(index) {
                Some(own) if own.epoch == entry.epoch => {}
                Some(_) => {
                    self.cut_behind(agreed, cx);
                    self.append(entry.clone(), cx);
                }
                None => {
                    self.append(entry.clone(), cx);
                }
            }
            agreed = index;
        }
        self.state.apply_upto(agreed, &self.log);
        if agreed == end {
            self.merge_what_was_cut(cx);
        }
        let acknowledgement = Message::Appended { epoch, upto: agreed };
        if self.syncs_first() {
            cx.send_after_sync(cx.appended(), from, acknowledgement);
        } else {
            cx.send(from, acknowledgement);
        }
    }
}
