//! Viewstamped Replication (Oki and Liskov 1988; Liskov and Cowling 2012, "Viewstamped Replication Revisited").
//!
//! What it promises: every operation is linearizable, through lost, late, doubled and reordered messages and clocks that run
//! as they like, as long as no more than a minority of nodes is down or recovering at once. A node's memory is its only
//! log: a crash loses it, and the node gets it back from the others. So a crash of a majority stops the cluster for good,
//! where Raft and Paxos would come back from their disks. It makes progress while a majority can talk to each other in time.
//!
//! One rule, one file:
//! - `normal`: a primary puts requests in order, a majority holds them, they are executed (section 4.1);
//! - `view_change`: the next primary, and what it has to keep (section 4.2);
//! - `recovery`: back after a crash (section 4.3);
//! - `state_transfer`: catching up without a crash (section 5.2);
//! - `persistence`: the two small facts that are on disk;
//! - `weakening`: known bugs of all these rules, by name.
//!
//! **Where it departs from the paper of 2012.** There nothing at all is on disk. Michael, Ports, Sharma and Szekeres ("Recovering
//! Shared Objects Without Stable Storage", DISC 2017) show that this loses acknowledged operations: a replica promises to
//! move to a new view, crashes, recovers in the old view and acknowledges operations there, and its old promise still
//! counts. Their cure is crash vectors; ours is that of 1988: a view is written down before anything is said in it
//! (section 4.2 of the paper of 2012 gives that up), and a node recovers into no earlier view. `vr-amnesiac-replica-counts` is the
//! paper as published.
//!
//! What a client is told: a node that is not the primary refuses, and nothing was logged. A primary that leaves its view
//! answers *unknown* to what it had logged and not committed. The client table (section 4.1) is part of the state machine.
//!
//! Left out: reconfiguration (section 7), checkpoints (5.1), suffixes instead of whole logs in view changes (5.3), reads at
//! the primary by lease and at backups (6.3), witnesses, batching. A node that loses its disk must not come back under its
//! name: it would not know that it has to recover.

mod config;
mod messages;
mod normal;
mod persistence;
mod recovery;
mod state_transfer;
mod view_change;
mod weakening;

use std::collections::BTreeMap;
use std::fmt;

use anachron_node::{Applied, Context, Disk, Position, Replica, Request, RequestId, View};
use anachron_vocabulary::{Key, NodeId, Value};

use crate::common::{Sessions, Store, majority};

pub use config::{Config, ConfigError, Reads};
pub use messages::{Message, Requests, State};
pub use persistence::Record;
pub use weakening::{Weakening, Weakenings};

use recovery::Recovery;
use view_change::ViewChange;

/// A view: the period of one primary, which is the node whose turn it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ViewNumber(pub u64);

impl ViewNumber {
    /// The next view.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Whose turn it is, in a cluster of so many nodes: the nodes in the order of their ids, round and round.
    pub fn primary(self, nodes: usize) -> NodeId {
        let row = self.0 % nodes as u64;
        NodeId(u16::try_from(row).expect("below the number of nodes"))
    }
}

/// The bare number: traces are full of them.
impl fmt::Debug for ViewNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ViewNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The one timer of a node: for a primary it is time to speak, for all others nothing was heard for too long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// Goes off when nothing was heard of the primary, or a view change or recovery does not get on.
    ViewChange,
    /// Goes off when a primary should speak again.
    Heartbeat,
}

/// What a node is doing (the paper's *status*).
#[derive(Debug)]
enum Status {
    /// Boots for the first time: not until the disk knows that may it take part.
    Starting,
    /// The protocol of section 4.1.
    Normal,
    /// On the way to the view.
    ViewChange(ViewChange),
    /// Has lost its memory and takes part in nothing.
    Recovering(Recovery),
}

/// One node of a Viewstamped Replication cluster.
#[derive(Debug)]
pub struct Viewstamped {
    config: Config,
    me: NodeId,
    nodes: usize,

    status: Status,
    /// The latest view entered; only grows. On disk before anything is said in it.
    view: ViewNumber,
    /// The latest view in which the status was normal: the one that `log` is from.
    last_normal: ViewNumber,
    /// The requests in order; the first is operation number 1.
    log: Vec<Request>,
    /// How many of them are committed. At most as many as there are.
    commit: usize,
    /// How many of them are executed.
    executed: usize,
    store: Store,
    /// The client table.
    sessions: Sessions,

    /// For each node how much of the log it holds, as far as a primary has heard in this view.
    held: Vec<usize>,
    /// Clients of this primary that wait, by operation number.
    waiters: BTreeMap<usize, RequestId>,

    /// The journal position behind the record of the latest view.
    view_position: Position,
    synced: Position,
}

impl Viewstamped {
    /// The latest view entered.
    pub fn view_number(&self) -> ViewNumber {
        self.view
    }

    /// The requests in order, committed or not.
    pub fn log(&self) -> &[Request] {
        &self.log
    }

    /// How many operations this node knows to be committed.
    pub fn commit_number(&self) -> usize {
        self.commit
    }

    /// True in normal operation.
    pub fn is_normal(&self) -> bool {
        matches!(self.status, Status::Normal)
    }

    /// True if this node is the primary of its view and in normal operation.
    pub fn is_primary(&self) -> bool {
        self.is_normal() && self.primary() == self.me
    }

    /// True if the node takes part in nothing: it does not know yet what it has missed or forgotten.
    pub fn is_away(&self) -> bool {
        matches!(self.status, Status::Starting | Status::Recovering(_))
    }

    fn primary(&self) -> NodeId {
        self.view.primary(self.nodes)
    }

    fn majority(&self) -> usize {
        majority(self.nodes)
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }

    /// The log with its number of commits: what messages carry.
    fn state(&self) -> State {
        State { log: Requests::new(&self.log), commit: self.commit }
    }

    /// Waits for a time drawn anew before it gives up what it waits for.
    fn arm_view_change_timer(&self, cx: &mut Context<'_, Self>) {
        let (min, max) = (self.config.view_change_timeout_min, self.config.view_change_timeout_max);
        let wait = cx.random().between(min, max);
        cx.set_timer(Timer::ViewChange, wait);
    }

    /// Sends `message` once the view is on disk.
    fn say(&self, to: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if self.view_position <= self.synced {
            cx.send(to, message);
        } else {
            cx.send_after_sync(self.view_position, to, message);
        }
    }

    fn say_to_all(&self, message: &Message, cx: &mut Context<'_, Self>) {
        for peer in cx.peers() {
            self.say(peer, message.clone(), cx);
        }
    }
}

impl Replica for Viewstamped {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check() {
            panic!("a Viewstamped Replication node can't run: {why}");
        }
        let kept = persistence::replay(&disk);
        let mut node = Self {
            config: config.clone(),
            me: cx.me(),
            nodes: cx.nodes(),
            status: Status::Starting,
            view: kept.view,
            last_normal: ViewNumber(0),
            log: Vec::new(),
            commit: 0,
            executed: 0,
            store: Store::new(config.initial_value.clone()),
            sessions: Sessions::default(),
            held: vec![0; cx.nodes()],
            waiters: BTreeMap::new(),
            view_position: Position(0),
            synced: Position(0),
        };
        node.view_position = cx.append(Record::Boot);
        cx.sync();
        node.arm_view_change_timer(cx);
        if kept.boots > 0 || disk.torn_tail {
            node.begin_recovery(kept.boots, cx);
        }
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        self.on_request(request, cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if let Message::RecoveryResponse { view, nonce, state } = message {
            return self.on_recovery_response(from, (view, nonce), state, cx);
        }
        if self.is_away() {
            return;
        }
        match message {
            Message::Prepare { view, op, request, commit } => {
                self.on_prepare(from, view, (op, request), commit, cx);
            }
            Message::PrepareOk { view, op } => self.on_prepare_ok(from, view, op, cx),
            Message::Commit { view, commit } => self.on_commit(from, view, commit, cx),
            Message::StartViewChange { view } => self.on_start_view_change(from, view, cx),
            Message::DoViewChange { view, last_normal, state } => {
                self.on_do_view_change(from, view, (last_normal, state), cx);
            }
            Message::StartView { view, state } => self.on_start_view(view, &state, cx),
            Message::Recovery { view, nonce } => self.on_recovery(from, view, nonce, cx),
            Message::RecoveryResponse { .. } => {}
            Message::GetState { view, op } => self.on_get_state(from, view, op, cx),
            Message::NewState { view, after, state } => self.on_new_state(view, after, &state, cx),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        match timer {
            Timer::ViewChange => match self.status {
                Status::Starting => self.arm_view_change_timer(cx),
                Status::Recovering(_) => self.ask_for_recovery(cx),
                Status::Normal if self.is_primary() => {}
                Status::Normal | Status::ViewChange(_) => self.enter_view(self.view.next(), cx),
            },
            Timer::Heartbeat => self.on_heartbeat_timer(cx),
        }
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.synced = self.synced.max(synced);
        if matches!(self.status, Status::Starting) && self.view_position <= self.synced {
            self.status = Status::Normal;
            if self.is_primary() {
                self.begin_primacy(cx);
            }
        }
    }

    fn view(&self) -> View {
        let role = match self.status {
            Status::Starting => "starting",
            Status::Normal if self.is_primary() => "primary",
            Status::Normal => "backup",
            Status::ViewChange(_) => "view change",
            Status::Recovering(_) => "recovering",
        };
        let facts = vec![
            ("primary", self.primary().to_string()),
            ("log", self.log.len().to_string()),
            ("last normal view", self.last_normal.to_string()),
        ];
        View { role, term: self.view.0, commit: self.commit as u64, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.store.contents()
    }

    fn applied(&self) -> Option<Applied> {
        Some(self.store.applied())
    }
}
