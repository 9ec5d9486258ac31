//! A member of the chain: updates go down, acknowledgements go up (sections 2.3 and 3).
//!
//! The rules:
//! - The head gives an update its number; every member writes it down, and sends it on once its disk has it.
//! - What the tail's disk has is committed: everybody has it. The tail answers, and the word goes up.
//! - A member keeps what is not known to be committed (the paper's `Sent`) and sends it again: to a new successor at once,
//!   to the same one now and then.
//! - Only the predecessor and the successor *of the same epoch* are listened to.
//! - A member that joins takes the old tail's whole history over before it takes part in anything. Updates wait for
//!   that; the paper lets the old tail go on meanwhile.

use std::sync::Arc;

use anachron_node::{Answer, Context, Refusal, Request, RequestId};
use anachron_vocabulary::NodeId;

use super::{Chain, Configuration, Epoch, Message, Record, Timer, Weakening};
use crate::common::Seen;

/// How many updates one message may carry.
const UPDATES_PER_MESSAGE: usize = 64;

impl Chain {
    /// True if this node has its place in the chain and the state that goes with it.
    pub(super) fn takes_part(&self) -> bool {
        self.complete && self.configuration.has(self.me)
    }

    pub(super) fn is_tail(&self) -> bool {
        self.configuration.tail() == self.me
    }

    /// True if a message of this epoch counts.
    pub(super) fn accepts(&self, epoch: Epoch) -> bool {
        epoch == self.configuration.epoch || self.weak(Weakening::NoEpochCheck)
    }

    /// Sends to another member, or to itself for what is left when the weakened take a shorter way.
    pub(super) fn say(&self, to: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if self.weak(Weakening::ForwardBeforeSync) {
            cx.send(to, message);
        } else {
            cx.send_after_sync(cx.appended(), to, message);
        }
    }

    // --- configurations ---

    /// A newer configuration is known: takes the place that it gives.
    pub(super) fn adopt(&mut self, configuration: Configuration, cx: &mut Context<'_, Self>) {
        if configuration.epoch <= self.configuration.epoch {
            return;
        }
        cx.note(|| format!("learns of {configuration:?}"));
        cx.append(Record::Configured(configuration.clone()));
        self.configure(configuration);
        if !self.configuration.has(self.me) {
            self.leave(cx);
        }
        if self.takes_part() {
            if !self.weak(Weakening::SentListNotResent) {
                self.send_on(cx);
            }
            self.commit_at_tail(cx);
            self.acknowledge(cx);
        }
        self.ask_again(cx);
    }

    /// What a configuration means for the state; the same when it is read from the journal.
    pub(super) fn configure(&mut self, configuration: Configuration) {
        self.held_back.clear();
        self.heard = super::Heard::default();
        if configuration.joining == Some(self.me) {
            self.complete = self.weak(Weakening::JoinWithoutTransfer);
        } else if !configuration.has(self.me) {
            self.complete = false;
        }
        self.configuration = configuration;
    }

    /// Out of the chain: nothing that clients of this node wait for can be answered here.
    fn leave(&mut self, cx: &mut Context<'_, Self>) {
        for request in std::mem::take(&mut self.asked).into_values() {
            cx.reply(request.id, Answer::Unknown);
        }
        self.refuse_reads(cx);
    }

    // --- updates ---

    /// A client's update.
    pub(super) fn update(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if !self.configuration.has(self.me) {
            return cx.refuse(request.id, Refusal::NotLeader { leader: Some(self.configuration.head()) });
        }
        if !self.is_new(request.id, cx) {
            return;
        }
        self.asked.insert(request.id.client, request.clone());
        self.submit(request, cx);
    }

    /// True if an update is not known to be committed. One that is, is answered.
    fn is_new(&self, id: RequestId, cx: &mut Context<'_, Self>) -> bool {
        if self.weak(Weakening::NoDedup) || !self.takes_part() {
            return true;
        }
        match self.history.clean().sessions.seen(id) {
            Seen::New => true,
            Seen::Before(answer) => {
                cx.reply(id, answer);
                false
            }
            Seen::Outdated => false,
        }
    }

    /// Takes an update to the head, or into the history if this is the head.
    pub(super) fn submit(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let head = self.configuration.head();
        if head != self.me {
            let epoch = self.configuration.epoch;
            return self.say(head, Message::Submit { epoch, request }, cx);
        }
        if !self.takes_part() {
            return;
        }
        let is_under_way = self.history.pending_ids().any(|id| id == request.id);
        if is_under_way && !self.weak(Weakening::NoDedup) {
            return;
        }
        let id = request.id;
        self.take(vec![request], cx);
        if self.weak(Weakening::AckAtHead)
            && !self.is_tail()
            && let Seen::Before(answer) = self.history.dirty().sessions.seen(id)
        {
            cx.reply_after_sync(cx.appended(), id, answer);
        }
    }

    pub(super) fn on_submit(&mut self, (epoch, request): (Epoch, Request), cx: &mut Context<'_, Self>) {
        if self.accepts(epoch) && self.configuration.head() == self.me && self.is_new(request.id, cx) {
            self.submit(request, cx);
        }
    }

    /// The next updates of the history: down they go.
    fn take(&mut self, updates: Vec<Request>, cx: &mut Context<'_, Self>) {
        let first = self.history.last() + 1;
        for request in &updates {
            let position = cx.append(Record::Update(request.clone()));
            self.history.push(request.clone(), position);
        }
        if let Some(successor) = self.configuration.successor(self.me) {
            let epoch = self.configuration.epoch;
            self.say(successor, Message::Forward { epoch, first, updates: updates.into() }, cx);
        }
        self.commit_at_tail(cx);
    }

    pub(super) fn on_forward(
        &mut self,
        from: NodeId,
        (epoch, first, updates): (Epoch, u64, &[Request]),
        cx: &mut Context<'_, Self>,
    ) {
        let is_predecessor =
            self.configuration.predecessor(self.me) == Some(from) || self.weak(Weakening::NoEpochCheck);
        if !self.accepts(epoch) || !is_predecessor || !self.takes_part() {
            return;
        }
        for (number, request) in (first..).zip(updates) {
            if number > self.history.last() {
                self.held_back.insert(number, request.clone());
            }
        }
        let mut next = self.history.last() + 1;
        if self.weak(Weakening::SentListNotResent) && !self.heard.predecessor {
            // "Links are FIFO, so nothing can be missing before the first."
            next = self.held_back.keys().next().copied().unwrap_or(next);
            self.history.skip_to(next - 1);
        }
        self.heard.predecessor = true;
        let mut new = Vec::new();
        while let Some(request) = self.held_back.remove(&next) {
            new.push(request);
            next += 1;
        }
        if new.is_empty() {
            // Perhaps the word was lost that it is committed.
            self.acknowledge(cx);
        } else {
            self.take(new, cx);
        }
    }

    /// Sends the successor what it may lack.
    pub(super) fn send_on(&mut self, cx: &mut Context<'_, Self>) {
        let Some(successor) = self.configuration.successor(self.me).filter(|_| self.takes_part()) else {
            return;
        };
        let epoch = self.configuration.epoch;
        if self.configuration.joining == Some(successor) && !self.heard.successor {
            let state = Arc::new(self.history.clean().clone());
            let updates = self.history.pending(usize::MAX);
            return self.say(successor, Message::Transfer { epoch, state, updates }, cx);
        }
        let updates = self.history.pending(UPDATES_PER_MESSAGE);
        if !updates.is_empty() {
            let first = self.history.committed() + 1;
            self.say(successor, Message::Forward { epoch, first, updates }, cx);
        }
    }

    pub(super) fn on_transfer(
        &mut self,
        from: NodeId,
        message: (Epoch, Arc<super::State>, Arc<[Request]>),
        cx: &mut Context<'_, Self>,
    ) {
        let (epoch, state, updates) = message;
        let is_for_this_node = epoch == self.configuration.epoch
            && self.configuration.joining == Some(self.me)
            && self.configuration.predecessor(self.me) == Some(from);
        if !is_for_this_node {
            return;
        }
        if self.complete {
            return self.acknowledge(cx);
        }
        cx.note(|| format!("takes over {state:?} and {} more", updates.len()));
        let record = Record::Transferred { state: Arc::clone(&state), updates: Arc::clone(&updates) };
        let position = cx.append(record);
        self.history.replace(&state, &updates, position);
        self.silent_up_to = self.history.last();
        self.complete = true;
        self.tell_master(cx);
        self.acknowledge(cx);
        self.ask_again(cx);
    }

    // --- commitment ---

    /// The tail commits what its disk has.
    pub(super) fn commit_at_tail(&mut self, cx: &mut Context<'_, Self>) {
        if !self.is_tail() || !self.takes_part() {
            return;
        }
        let weak = self.weak(Weakening::ForwardBeforeSync);
        let upto = if weak { self.history.last() } else { self.history.durable(self.durable) };
        if upto > self.history.committed() {
            self.commit(upto, cx);
            self.acknowledge(cx);
        }
    }

    pub(super) fn on_acknowledge(
        &mut self,
        from: NodeId,
        (epoch, upto): (Epoch, u64),
        cx: &mut Context<'_, Self>,
    ) {
        let is_successor =
            self.configuration.successor(self.me) == Some(from) || self.weak(Weakening::NoEpochCheck);
        if !self.accepts(epoch) || !is_successor || !self.takes_part() {
            return;
        }
        self.heard.successor = true;
        if upto > self.history.committed() {
            self.commit(upto, cx);
            self.acknowledge(cx);
        }
    }

    /// Tells the predecessor how far everything is committed.
    fn acknowledge(&self, cx: &mut Context<'_, Self>) {
        if let Some(predecessor) = self.configuration.predecessor(self.me) {
            let (epoch, upto) = (self.configuration.epoch, self.history.committed());
            self.say(predecessor, Message::Acknowledge { epoch, upto }, cx);
        }
    }

    /// Everything up to `upto` is committed. The tail answers; a refusal goes by way of the node that was asked, which
    /// is where a client expects it.
    pub(super) fn commit(&mut self, upto: u64, cx: &mut Context<'_, Self>) {
        let is_tail = self.is_tail();
        for (number, id, answer) in self.history.commit(upto) {
            let asked_here = self.asked.get(&id.client).is_some_and(|request| request.id == id);
            if asked_here {
                self.asked.remove(&id.client);
            }
            let Some(answer) = answer else { continue };
            let answers = match answer {
                Answer::Ok(_) => is_tail && (asked_here || number > self.silent_up_to),
                Answer::Refused(_) | Answer::Unknown => asked_here,
            };
            if answers {
                cx.reply(id, answer);
            }
        }
    }

    // --- what is said again ---

    /// Says again what this node's clients wait for.
    pub(super) fn ask_again(&mut self, cx: &mut Context<'_, Self>) {
        for request in self.asked.values().cloned().collect::<Vec<_>>() {
            if self.is_new(request.id, cx) {
                self.submit(request, cx);
            } else {
                self.asked.remove(&request.id.client);
            }
        }
        self.restart_reads(cx);
    }

    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        if !self.weak(Weakening::SentListNotResent) {
            self.send_on(cx);
        }
        self.ask_again(cx);
    }

    /// True while this node waits for another.
    pub(super) fn is_waiting(&self) -> bool {
        let successor = self.configuration.successor(self.me).filter(|_| self.takes_part());
        let sends = successor.is_some_and(|successor| {
            let joins = self.configuration.joining == Some(successor) && !self.heard.successor;
            joins || self.history.last() > self.history.committed()
        });
        sends || !self.asked.is_empty() || self.has_reads()
    }

    /// Tells the master that this node lives.
    pub(super) fn tell_master(&mut self, cx: &mut Context<'_, Self>) {
        let (epoch, complete) = (self.configuration.epoch, self.takes_part());
        self.say(self.master, Message::Heartbeat { epoch, complete }, cx);
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat_interval);
    }
}
