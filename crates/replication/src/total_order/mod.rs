//! Total order broadcast, and replicated objects on top of it.
//!
//! Why it exists: the course ends on the claim that total order broadcast is what linearizable storage needs. Here it is
//! taken apart. The *contract* ([`Broadcast`], with its four properties) stands by itself; several *protocols* keep it;
//! and a *service* on top turns an agreed order into objects. The order alone is not yet linearizable storage: that
//! depends on whether reads are part of the order.
//!
//! - `broadcast`: the contract (Défago, Schiper and Urbán 2004; Hadzilacos and Toueg 1994);
//! - [`Sequencer`]: one node gives out the numbers; when it dies the next epoch's node takes over with a majority's help;
//! - [`Lamport1978`]: no such node; requests are ordered by stamp, and everybody has to acknowledge;
//! - [`Consensus`]: the order is the log of a consensus protocol, Raft or Multi-Paxos;
//! - `service`: objects, sessions, answers.
//!
//! What it promises. *Writes* go through the broadcast, so every node applies the same writes in the same order. *Reads
//! through the broadcast* are linearizable: a read is ordered behind every operation that had been answered before it
//! was asked. *Local reads* are sequentially consistent for clients that stay with one node, however nodes crash and
//! restart: a node that has restarted answers none before it is where it was. They are not linearizable; a node can't
//! know how far it is behind.
//!
//! The fault model: messages are lost, delayed, doubled and reordered; nodes crash and restart with what their disks
//! had made durable. [`Sequencer`] and [`Consensus`] go on while a majority lives and can talk; [`Lamport1978`] stops while
//! a single node is away. None survives a disk that loses what it had synced.
//!
//! Left out on purpose: compaction (the order is kept whole), other ways to order (privilege, moving sequencers), changing the set of nodes.

mod broadcast;
mod config;
pub mod consensus;
pub mod lamport;
pub mod sequencer;
mod service;
mod weakening;

use anachron_node::{Applied, Context, Disk, Position, Replica, Request, RequestId, View};
use anachron_vocabulary::{Key, NodeId, Value};

pub use broadcast::{Broadcast, Effect, Output, Timer};
pub use config::{Config, Reads};
pub use consensus::Consensus;
pub use lamport::Lamport1978;
pub use sequencer::Sequencer;
pub use service::Delivery;
pub use weakening::{Weakening, Weakenings};

pub use crate::common::MessageId;

use service::{Service, Todo};

/// One node: a protocol of total order broadcast, and the service that it feeds.
#[derive(Debug)]
pub struct TotalOrder<B: Broadcast<Payload = Request>> {
    reads: Reads,
    broadcast: B,
    service: Service,
    /// Up to where a sync has been asked for.
    sync_asked: Position,
}

impl<B: Broadcast<Payload = Request>> TotalOrder<B> {
    /// What the node has delivered since it booted, in order.
    pub fn delivered(&self) -> &[Delivery] {
        self.service.delivered()
    }

    /// The protocol below.
    pub fn broadcast(&self) -> &B {
        &self.broadcast
    }

    /// Lets the protocol take a step.
    fn step(&mut self, cx: &mut Context<'_, Self>, step: impl FnOnce(&mut B, &mut Output<'_, B>)) {
        let mut out = Output::new(cx);
        step(&mut self.broadcast, &mut out);
        let effects = out.into_effects();
        self.carry_out(effects, cx);
    }

    /// Does what the protocol wants done, and what follows from that.
    fn carry_out(&mut self, effects: Vec<Effect<B>>, cx: &mut Context<'_, Self>) {
        for effect in effects {
            match effect {
                Effect::Send { to, message } => cx.send_after_sync(cx.appended(), to, message),
                Effect::Append(record) => {
                    cx.append(record);
                }
                Effect::Deliver { id, payload } => {
                    let nth = self.service.delivered().len() + 1;
                    let RequestId { client, serial } = payload.id;
                    cx.note(|| format!("delivers {nth}: {id:?}, {client}#{serial}"));
                    if let Some(answer) = self.service.deliver(id, &payload) {
                        cx.reply(payload.id, answer);
                    }
                }
                Effect::SetTimer { timer, after } => cx.set_timer(timer, after),
                Effect::CancelTimer(timer) => cx.cancel_timer(timer),
                Effect::Note(text) => cx.note(|| text),
            }
        }
        if self.broadcast.has_recovered() {
            for (id, answer) in self.service.end_reads() {
                cx.reply(id, answer);
            }
        }
        if cx.appended() > self.sync_asked {
            self.sync_asked = cx.appended();
            cx.sync();
        }
    }
}

impl<B: Broadcast<Payload = Request>> Replica for TotalOrder<B> {
    type Config = Config;
    type Message = B::Message;
    type Timer = B::Timer;
    type Record = B::Record;

    fn boot(config: &Config, disk: Disk<'_, B::Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check() {
            panic!("a node can't run: {why}");
        }
        let mut out = Output::new(cx);
        let broadcast = B::recover(config, disk.records, &mut out);
        let effects = out.into_effects();
        // What a crash has left is synced before anything is said about it, as if it had just been written.
        let sync_asked = Position(0);
        let mut node = Self { reads: config.reads, broadcast, service: Service::new(config), sync_asked };
        node.carry_out(effects, cx);
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if request.operation.is_read() && self.reads == Reads::Local {
            self.service.begin_read(request);
            return self.carry_out(Vec::new(), cx);
        }
        match self.service.ask(request.id) {
            Todo::Answer(answer) => cx.reply(request.id, answer),
            Todo::Nothing => {}
            Todo::Broadcast => self.step(cx, |broadcast, out| {
                broadcast.broadcast(request, out);
            }),
        }
    }

    fn on_message(&mut self, from: NodeId, message: B::Message, cx: &mut Context<'_, Self>) {
        self.step(cx, |broadcast, out| broadcast.receive(from, message, out));
    }

    fn on_timer(&mut self, timer: B::Timer, cx: &mut Context<'_, Self>) {
        self.step(cx, |broadcast, out| broadcast.on_timer(timer, out));
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.step(cx, |broadcast, out| broadcast.on_durable(synced, out));
    }

    fn view(&self) -> View {
        View { commit: self.delivered().len() as u64, ..self.broadcast.view() }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.service.contents()
    }

    fn applied(&self) -> Option<Applied> {
        Some(self.service.applied())
    }
}
