//! Single-leader replication with a replication log (Kleppmann, *Designing Data-Intensive Applications*, chapter 5).
//!
//! Why it exists: this is what most databases do, and what the course's first stories are about. One node, the
//! leader, takes all writes and puts them in order in its log; the others, its followers, copy the log and apply it in
//! that order.
//!
//! The rules, and where they live:
//! - `requests`: the leader takes writes, others send the client to it (§5 Leaders and followers);
//! - `replication`: the log is shipped in order, what is not acknowledged is sent again; a write is acknowledged when
//!   as many followers have it as the mode says (§5 Synchronous versus asynchronous replication);
//! - `failover`: how another node becomes leader, by an operator or by votes (§5 Handling node outages; §8 The truth
//!   is defined by the majority), and how the old one is shut out (§8 Fencing tokens);
//! - `rejoin`: what a node does with writes that the new leader does not have;
//! - `recovery`: how a node comes back from its disk;
//! - [`in_sync`]: the same with an in-sync set, a high watermark and a controller, as Kafka has them. It shares log,
//!   epochs and state, and is a protocol of its own.
//!
//! What it promises. *Asynchronous*: a write lives as long as the leader that took it; its acknowledgement promises no
//! more. *Semi-synchronous with k followers*: an acknowledged write is on k + 1 disks, and is found again by a failover
//! that asks enough nodes: with majorities on both sides, automatic failover, fencing and reads at the leader no
//! acknowledged write is lost. Even then a read may be stale: an old leader that is cut off does not know that it is
//! not the leader any more, and answers reads from what it has. That is the place where consensus protocols confirm
//! their leadership, or hold a lease. *Reads at any node* promise that replicas agree in the end, nothing about when.
//!
//! Left out on purpose: snapshots (logs are short here), chains of followers, a catch-up by copying files, a leader
//! that steps down when it hears from nobody.

mod config;
mod durable;
mod epoch;
mod failover;
pub mod in_sync;
mod log;
mod messages;
mod recovery;
mod rejoin;
mod replication;
mod requests;
mod state;
mod weakening;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anachron_node::{Answer, Context, Disk, OperatorCommand, Position, Replica, Request, RequestId, View};
use anachron_vocabulary::{Key, NodeId, Value};

pub use config::{Config, Durability, Failover, Fencing, Reads, Rejoin, Replication};
pub use epoch::Epoch;
pub use log::{Command, Entry, Index, Log, Point};
pub use messages::{Message, Record, Timer};
pub use weakening::{Weakening, Weakenings};

use durable::Durable;
use replication::Progress;
use state::State;

/// What a node is at present.
#[derive(Debug)]
enum Role {
    Follower,
    /// Asks for votes in the epoch numbered `SingleLeader::promised`.
    Candidate {
        votes: BTreeSet<NodeId>,
    },
    Leader(Box<Office>),
}

/// What only a leader needs.
#[derive(Debug)]
struct Office {
    /// The entry that opened the epoch; zero in the very first epoch, which has nothing to inherit.
    opening: Index,
    /// Nothing is shipped before this is durable: after a restart the node must know that it was here.
    begun: Position,
    followers: BTreeMap<NodeId, Progress>,
    /// How far the log is acknowledged by as many followers as the mode asks for. Only grows.
    acknowledged: Index,
    /// Clients who wait for their write, oldest first.
    writers: VecDeque<Writer>,
    /// Reads that arrived before the epoch's opening was acknowledged.
    readers: Vec<Request>,
    /// True while the `Resend` timer is set.
    resending: bool,
    /// True after followers were too slow and the leader went on alone (only weakened).
    alone: bool,
}

/// A client who waits for the entry at `index` to be acknowledged.
#[derive(Debug)]
struct Writer {
    index: Index,
    id: RequestId,
    /// Set when the entry is applied.
    answer: Option<Answer>,
}

/// One node of a single-leader cluster.
#[derive(Debug)]
pub struct SingleLeader {
    config: Config,
    /// How many followers must have a write before it is acknowledged.
    required: usize,
    role: Role,
    /// The epoch that this node leads or follows. Only grows.
    epoch: Epoch,
    /// The newest epoch number this node has seen. Only grows; at least `epoch.number`.
    promised: u64,
    /// Whom it voted for in the epoch numbered `promised`.
    voted_for: Option<NodeId>,
    /// Whom to send clients to. `None` between suspicion and the next leader's first word.
    leader: Option<NodeId>,
    log: Log,
    state: State,
    /// Writes that were cut off the log and wait to be merged, in the order in which they were written.
    to_merge: Vec<Request>,
    durable: Durable,
    /// The journal position at the start of this step, to tell whether a sync is needed at its end.
    position: Position,
}

impl SingleLeader {
    /// The epoch that this node leads or follows.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// True if this node takes itself for the leader.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// The log: for an observer's invariants.
    pub fn log(&self) -> &Log {
        &self.log
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }

    fn syncs_first(&self) -> bool {
        self.config.durability == Durability::SyncThenAcknowledge
    }

    /// Adds an entry to the log and the journal.
    fn append(&mut self, entry: Entry, cx: &mut Context<'_, Self>) -> Index {
        let position = cx.append(Record::Entry(entry.clone()));
        let index = self.log.push(entry);
        self.durable.written(position, index);
        index
    }

    /// What every step ends with: whatever was written is on its way to the disk.
    fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        if cx.appended() != self.position {
            self.position = cx.appended();
            cx.sync();
        }
    }
}

impl Replica for SingleLeader {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check(cx.nodes()) {
            panic!("a single-leader node can't run: {why}");
        }
        let first_boot = disk.records.is_empty() && !disk.torn_tail;
        let mut node = Self::recover(config, disk.records, cx);
        if node.epoch.leader == cx.me() && node.promised == node.epoch.number {
            if first_boot {
                node.take_first_office(cx);
            } else {
                cx.note(|| format!("was the leader of epoch {} and goes on leading", node.epoch.number));
                node.take_office(node.epoch.next_incarnation(), cx);
            }
        } else {
            node.expect_leader(cx);
        }
        node.end_step(cx);
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        self.take_request(request, cx);
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Append { epoch, previous, entries, end } => {
                self.on_append(from, epoch, previous, &entries, end, cx);
            }
            Message::Appended { epoch, upto } => self.on_appended(from, epoch, upto, cx),
            Message::Lacking { epoch, perhaps } => self.on_lacking(from, epoch, perhaps, cx),
            Message::Fenced { number, follows } => self.on_fenced(number, follows, cx),
            Message::VoteRequest { number, last } => self.on_vote_request(from, number, last, cx),
            Message::Vote { number, granted } => self.on_vote(from, number, granted, cx),
        }
        self.end_step(cx);
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        match timer {
            Timer::Resend => self.resend(cx),
            Timer::Heartbeat => self.heartbeat(cx),
            Timer::Suspicion => self.stand(cx),
            Timer::Fallback => self.go_on_alone(cx),
        }
        self.end_step(cx);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.durable.synced(synced);
        self.acknowledge(cx);
        self.end_step(cx);
    }

    fn on_operator(&mut self, command: OperatorCommand, cx: &mut Context<'_, Self>) {
        if command == OperatorCommand::Promote {
            self.promote(cx);
            self.end_step(cx);
        }
    }

    fn view(&self) -> View {
        let role = match self.role {
            Role::Follower => "follower",
            Role::Candidate { .. } => "candidate",
            Role::Leader(_) => "leader",
        };
        let mut facts = vec![("log", format!("{:?}", self.log.last()))];
        if let Some(leader) = self.leader.filter(|_| !self.is_leader()) {
            facts.push(("follows", leader.to_string()));
        }
        View { role, term: self.promised, commit: self.state.applied().0, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.state.contents()
    }
}
