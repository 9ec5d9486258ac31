//! Leaderless replication: last-writer-wins registers under Lamport stamps (DDIA chapter 5, Leaderless Replication;
//! DeCandia et al., *Dynamo*, SOSP 2007, without its version vectors).
//!
//! Why it exists: the course's story of Lamport clocks. Stamps say which of two writes wins, so all nodes end alike.
//! They do not say when a node has heard of the winner, so on the way there a client may read 1, then 5, then 1.
//!
//! The rules:
//! - The node that a client asks is the *coordinator*. It stamps a write with its Lamport clock and sends it to all
//!   nodes (`coordinator`).
//! - A node's clock moves past every stamp that it receives (Lamport 1978, rule IR2; `replica`).
//! - A node stores what it is sent if it is newer than what it has: by counter, then by node (`replica`).
//! - A write is acknowledged when `w` nodes have it on disk; a read returns the newest of `r` answers.
//! - Read repair and gossip, if switched on, carry the newest to whoever missed it (`repair`).
//!
//! What it promises: with gossip, nodes agree once the network is quiet. Nothing about when. Not even `r + w > n`
//! makes it linearizable: a write that is under way is seen by one read and missed by the next (DDIA figure 9-6), and
//! a coordinator that has missed the latest write may stamp its own as older than it, and lose it although it was
//! acknowledged. The cure is another strategy: ABD.
//!
//! A retry is recognised by the coordinator that took the request first, until it restarts. At another node it is
//! another write, which may win over writes in between: clients should take a time-out for an answer.
//!
//! Left out on purpose: sloppy quorums and hinted handoff, version vectors and siblings, deletion.

mod config;
mod coordinator;
mod messages;
mod repair;
mod replica;
mod weakening;

use std::collections::BTreeMap;

use anachron_node::{Context, Disk, Position, Refusal, Replica, Request, View};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Value};

pub use config::Config;
pub use messages::{Message, Record, Timer};
pub use weakening::{Weakening, Weakenings};

use crate::common::{LamportClock, Registers, Sessions};
use coordinator::Pending;

/// One node of a leaderless cluster.
#[derive(Debug)]
pub struct Leaderless {
    config: Config,
    clock: LamportClock,
    registers: Registers,
    /// The requests that this node coordinates. A client has one open at a time: its next one ends the one before.
    pending: BTreeMap<ClientId, Pending>,
    /// What this node has answered since it booted.
    answered: Sessions,
    /// How far the journal is durable.
    synced: Position,
    /// The journal position at the end of the last step, to tell whether a sync is needed.
    position: Position,
    /// True while the `Resend` timer is set.
    resending: bool,
}

impl Leaderless {
    /// What a register holds at this node.
    pub fn registers(&self) -> &Registers {
        &self.registers
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }

    /// What every step ends with: whatever was written is on its way to the disk, and the timer is set if needed.
    fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        if cx.appended() != self.position {
            self.position = cx.appended();
            cx.sync();
        }
        self.see_to_resending(cx);
    }
}

impl Replica for Leaderless {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check(cx.nodes()) {
            panic!("a leaderless node can't run: {why}");
        }
        let mut node = Self {
            config: config.clone(),
            clock: LamportClock::default(),
            registers: Registers::new(config.initial_value.clone()),
            pending: BTreeMap::new(),
            answered: Sessions::default(),
            synced: cx.appended(),
            position: cx.appended(),
            resending: false,
        };
        for record in disk.records {
            node.replay(record, cx.me());
        }
        node.gossip_later(cx);
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        match request.operation {
            Operation::Read | Operation::Write(_) => self.coordinate(request, cx),
            // These need to know what is there: consensus, not registers.
            _ => cx.refuse(request.id, Refusal::Unsupported),
        }
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Store { id, key, stamped } => self.on_store(from, id, key, &stamped, cx),
            Message::Stored { id, stamp } => self.on_stored(from, id, stamp, cx),
            Message::Query { id, key } => self.on_query(from, id, key, cx),
            Message::Found { id, stamped } => self.on_found(from, id, stamped, cx),
            Message::Gossip { registers } => self.on_gossip(&registers, cx),
        }
        self.end_step(cx);
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        match timer {
            Timer::Resend => self.resend(cx),
            Timer::Gossip => self.gossip(cx),
        }
        self.end_step(cx);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.synced = synced;
        self.count_own_stores(cx);
        self.end_step(cx);
    }

    fn view(&self) -> View {
        let facts = vec![("clock", self.clock.counter().to_string())];
        View { role: "replica", term: 0, commit: self.registers.written().count() as u64, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.registers.contents()
    }
}
