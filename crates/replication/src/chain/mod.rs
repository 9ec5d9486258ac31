//! Chain replication (van Renesse and Schneider, *Chain Replication for Supporting High Throughput and Availability*,
//! OSDI 2004) and CRAQ (Terrace and Freedman, *Object Storage on CRAQ*, USENIX ATC 2009).
//!
//! Why it exists: it is how to be linearizable with two replicas out of two and no elections, if somebody else decides
//! who belongs to the chain.
//!
//! - `configuration`: head, tail, neighbours, epochs; `master`: who decides on them (section 3);
//! - `member`: updates down, acknowledgements up, failures of head, middle and tail, joining (sections 2.3, 3.1 to 3.4);
//! - `history`: what a member has, committed or not;
//! - `reads`: at the tail, fenced by the epoch; `craq`: at any member;
//! - `weakening`: known bugs of all these rules, by name.
//!
//! What it promises: every operation is linearizable, however messages are lost, delayed, doubled and reordered, however
//! often nodes crash and restart with what their disks had made durable, the master included, and however wrongly the
//! master suspects somebody. It makes progress while the master and one member that has the state live and can
//! talk to each other, and to the clients; the others are taken out after the suspicion time-out. The master is one
//! node that must not stay away: without it nobody is replaced and no read is confirmed. (The paper takes a Paxos
//! group for it.)
//!
//! What differs from the paper: its servers stop for good when they fail, and the master knows. Here they restart, and
//! the master guesses: hence epochs in every message, disks, and the fence of reads. A node that is heard of again
//! joins at the tail like a new one, and takes the whole state over.
//!
//! An update costs one message to the head (if another node was asked), `n - 1` down, and `n - 1` up behind the
//! tail's answer. A read at the tail costs the question to the master and its answer.
//!
//! Clients ask any node. One that is no member refuses and names one; a member passes updates on to the head. The
//! *tail* answers, as in the paper.
//!
//! Left out on purpose: several chains, compaction of the journal, a joiner that takes the state over while the old
//! tail goes on.

mod config;
mod configuration;
mod craq;
mod history;
mod master;
mod member;
mod messages;
mod reads;
mod weakening;

use std::collections::BTreeMap;

use anachron_node::{Applied, Context, Disk, Position, Refusal, Replica, Request, RequestId, View};
use anachron_vocabulary::{ClientId, Key, NodeId, Value};

pub use config::{Config, Reads};
pub use configuration::{Configuration, Epoch};
pub use history::State;
pub use messages::{Message, Record, Timer};
pub use weakening::{Weakening, Weakenings};

use history::History;
use master::Master;
use reads::Reading;

/// Which neighbours have spoken in this epoch.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    successor: bool,
    /// Only the weakened look at it.
    predecessor: bool,
}

/// One node: the master, or a member of the chain, or a node that waits to become one.
#[derive(Debug)]
pub struct Chain {
    config: Config,
    me: NodeId,
    master: NodeId,
    /// The master's own part; nobody else has it.
    duty: Option<Master>,
    /// The newest configuration that this node knows.
    configuration: Configuration,
    history: History,
    /// False while `history` is not what the node's place in the chain asks for.
    complete: bool,
    heard: Heard,
    /// Updates that came early, by number.
    held_back: BTreeMap<u64, Request>,
    /// How far the journal is durable.
    durable: Position,
    /// Updates up to here were in the history when it was read or taken over: nobody is answered anew.
    silent_up_to: u64,
    /// The updates that clients of this node wait for.
    asked: BTreeMap<ClientId, Request>,
    reads: Vec<Reading>,
    last_ticket: u64,
    resending: bool,
    /// Up to where a sync has been asked for.
    sync_asked: Position,
}

impl Chain {
    /// The newest configuration that this node knows.
    pub fn configuration(&self) -> &Configuration {
        self.duty.as_ref().map_or(&self.configuration, |master| &master.current)
    }

    /// True if this node has its place in the chain and the state that goes with it.
    pub fn is_complete(&self) -> bool {
        self.takes_part()
    }

    /// What is committed, as far as this node knows: for an observer's invariants.
    pub fn committed(&self) -> &State {
        self.history.clean()
    }

    /// The updates behind that, in order.
    pub fn pending(&self) -> Vec<RequestId> {
        self.history.pending_ids().collect()
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weak(weakening)
    }

    fn replay(&mut self, record: &Record, position: Position) {
        match record {
            Record::Configured(configuration) => self.configure(configuration.clone()),
            Record::Update(request) => self.history.push(request.clone(), position),
            Record::Transferred { state, updates } => {
                self.history.replace(state, updates, position);
                self.complete = true;
            }
        }
    }

    /// What every step of a member ends with.
    fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        self.answer_reads(cx);
        let waiting = self.is_waiting();
        if waiting && !self.resending {
            cx.set_timer(Timer::Resend, self.config.resend_interval);
        } else if !waiting && self.resending {
            cx.cancel_timer(Timer::Resend);
        }
        self.resending = waiting;
        if cx.appended() > self.sync_asked {
            self.sync_asked = cx.appended();
            cx.sync();
        }
    }
}

impl Replica for Chain {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check(cx.nodes()) {
            panic!("a chain can't run: {why}");
        }
        let master = config.master(cx.nodes());
        let mut node = Self {
            config: config.clone(),
            me: cx.me(),
            master,
            duty: None,
            configuration: Configuration::first(cx.nodes(), master),
            history: History::new(config.initial_value.clone(), !config.weak(Weakening::NoDedup)),
            complete: true,
            heard: Heard::default(),
            held_back: BTreeMap::new(),
            durable: Position(0),
            silent_up_to: 0,
            asked: BTreeMap::new(),
            reads: Vec::new(),
            last_ticket: 0,
            resending: false,
            sync_asked: Position(0),
        };
        for record in disk.records {
            node.replay(record, cx.appended());
        }
        node.silent_up_to = node.history.last();
        if node.me == master {
            node.duty = Some(Master::boot(node.configuration.clone(), config, cx));
            return node;
        }
        if !disk.records.is_empty() {
            cx.note(|| format!("restarts in {:?}", node.configuration));
        }
        // What a crash has left is synced before anything is said about it, as if it had just been written.
        node.tell_master(cx);
        node.end_step(cx);
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if let Some(master) = &self.duty {
            let chain = &master.current;
            let leader = if request.operation.is_read() { chain.tail() } else { chain.head() };
            return cx.refuse(request.id, Refusal::NotLeader { leader: Some(leader) });
        }
        if request.operation.is_read() {
            self.read(request, cx);
        } else {
            self.update(request, cx);
        }
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if let Some(master) = &mut self.duty {
            return master.on_message(from, &message, cx);
        }
        match message {
            Message::Configure(configuration) => self.adopt(configuration, cx),
            Message::Submit { epoch, request } => self.on_submit((epoch, request), cx),
            Message::Forward { epoch, first, updates } => self.on_forward(from, (epoch, first, &updates), cx),
            Message::Acknowledge { epoch, upto } => self.on_acknowledge(from, (epoch, upto), cx),
            Message::Transfer { epoch, state, updates } => {
                self.on_transfer(from, (epoch, state, updates), cx);
            }
            Message::Read { epoch, request } => self.on_read((epoch, request), cx),
            Message::Confirmed { epoch, ticket } => self.on_confirmed((epoch, ticket)),
            Message::VersionQuery { epoch, ticket, .. } => self.on_version_query(from, (epoch, ticket), cx),
            Message::Version { epoch, ticket, upto } => self.on_version((epoch, ticket, upto), cx),
            // These are for the master.
            Message::Heartbeat { .. } | Message::Confirm { .. } => {}
        }
        self.end_step(cx);
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        if let Some(master) = &mut self.duty {
            return master.check(cx);
        }
        match timer {
            Timer::Heartbeat | Timer::Check => self.tell_master(cx),
            Timer::Resend => {
                self.resending = false;
                self.resend(cx);
            }
        }
        self.end_step(cx);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.durable = self.durable.max(synced);
        if self.duty.is_none() {
            self.commit_at_tail(cx);
            self.end_step(cx);
        }
    }

    fn view(&self) -> View {
        let configuration = self.configuration();
        let role = match () {
            () if self.duty.is_some() => "master",
            () if !configuration.has(self.me) => "outside",
            () if !self.complete => "joining",
            () if configuration.head() == self.me => "head",
            () if configuration.tail() == self.me => "tail",
            () => "middle",
        };
        let facts = vec![
            ("chain", format!("{configuration:?}")),
            ("last", self.history.last().to_string()),
            ("sent", (self.history.last() - self.history.committed()).to_string()),
        ];
        View { role, term: configuration.epoch.0, commit: self.history.committed(), facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.history.clean().store.contents()
    }

    fn applied(&self) -> Option<Applied> {
        Some(self.history.clean().store.applied())
    }

    /// The master keeps none.
    fn keeps(&self, _: Key) -> bool {
        self.duty.is_none()
    }
}
