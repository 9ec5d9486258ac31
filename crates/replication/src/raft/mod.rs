//! Raft (Ongaro and Ousterhout 2014, "In Search of an Understandable Consensus Algorithm"; Ongaro 2014, the
//! dissertation).
//!
//! What it promises: every operation is linearizable, through crashes, restarts, lost, late, doubled and reordered
//! messages and drifting clocks, as long as disks keep what they said they had synced. It makes progress while a
//! majority of nodes can talk to each other in time.
//!
//! One rule, one file:
//! - `election`: who leads (section 5.2), and who may (section 5.4.1);
//! - `replication`: how logs are made equal (section 5.3);
//! - `commit`: when an entry is decided (section 5.4.2), and its application;
//! - `persistence`: what is on disk before what is said (Figure 2);
//! - `sessions`: a retry runs once (section 8; dissertation 6.3);
//! - `reads`: reads without the log (dissertation 6.4);
//! - `weakening`: known bugs of all these rules, by name.
//!
//! What a client is told: a node that does not lead refuses, and nothing was appended. A leader that loses office
//! answers *unknown* to what it had appended but not committed. A request that is committed is answered by the state
//! machine, which may refuse it (a lock that is held).
//!
//! Left out for now: pre-vote, check-quorum, leases, reads at followers, snapshots, membership changes, leadership
//! transfer (an operator's [`Promote`](OperatorCommand::Promote) makes a node campaign at once, as `TimeoutNow` would).
//! Cluster size comes from the context in one place (`majority`), and every access to the log by index, so these have
//! somewhere to go.

mod commit;
mod config;
mod election;
mod log;
mod messages;
mod persistence;
mod reads;
mod replication;
mod sessions;
mod weakening;

#[cfg(test)]
mod testing;

use std::collections::VecDeque;

use anachron_node::{Context, Disk, OperatorCommand, Position, Refusal, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Operation, Value, VirtualDuration};

use crate::common::{Seen, Sessions, Store};

pub use config::{Config, Reads};
pub use log::{Command, Entries, Entry, Index, Log, Term};
pub use messages::{AppendEntries, AppendOutcome, Message, Round};
pub use persistence::Record;
pub use weakening::{Weakening, Weakenings};

use replication::{Leadership, Waiter};

/// The timers of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// Goes off when no leader was heard of for too long.
    Election,
    /// Goes off when a leader should speak again.
    Heartbeat,
}

/// What a node is in the present term.
#[derive(Debug)]
enum Role {
    Follower,
    Candidate {
        /// Who has voted for this node in this term.
        votes: Vec<NodeId>,
    },
    Leader(Box<Leadership>),
}

/// One node of a Raft cluster.
#[derive(Debug)]
pub struct Raft {
    config: Config,
    /// How many nodes make a majority.
    majority: usize,

    /// The latest term seen; only grows. On disk before anything is said in it.
    term: Term,
    /// The candidate that has this node's vote in `term`.
    voted_for: Option<NodeId>,
    log: Log,

    /// False while `term` and `voted_for` differ from what the journal says.
    vote_is_saved: bool,
    /// The journal position behind the latest record of term and vote.
    vote_position: Position,
    /// How far the journal is known to be durable.
    synced: Position,
    /// How far a sync was asked for.
    sync_asked: Position,

    role: Role,
    /// Whom this node takes for the leader of `term`.
    leader: Option<NodeId>,

    /// The last entry known to be committed; only grows, from zero at every boot.
    commit: Index,
    /// The last entry applied. At most `commit`, except under `raft-apply-on-append`.
    applied: Index,
    store: Store,
    sessions: Sessions,
    /// Clients of this office that wait for their entry, oldest first. Empty unless this node leads.
    waiters: VecDeque<Waiter>,
    /// Scratch for counting replicas, kept to save allocations.
    held: Vec<Index>,
}

impl Raft {
    /// The current term.
    pub fn term(&self) -> Term {
        self.term
    }

    /// True if this node leads its term, as far as it knows.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// The log: for an observer's invariants.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The last entry that this node knows to be committed.
    pub fn commit_index(&self) -> Index {
        self.commit
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }

    /// A request that changes something, or a read through the log, reached the leader: appended at once, sent at
    /// once.
    fn propose(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if !self.weak(Weakening::NoDedup) {
            match self.sessions.seen(request.id) {
                Seen::New => {}
                // What has been applied is committed: the answer stands, whoever leads by now.
                Seen::Before(answer) => return cx.reply(request.id, answer),
                Seen::Outdated => return,
            }
        }
        let id = request.id;
        let answer_is_done = !matches!(request.operation, Operation::Read | Operation::CompareAndSet { .. });
        let entry = Entry { term: self.term, command: Command::Client(request) };
        let index = self.append_entry(entry, cx);
        self.waiters.push_back(Waiter { index, id, answer_is_done });
        self.replicate_to_all(cx);
    }
}

impl Raft {
    /// What every step ends with: apply what has become committed, answer the reads that were waiting for that or for
    /// a round, and see to it that what was written becomes durable.
    fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        self.apply(cx);
        self.answer_reads(cx);
        self.sync_what_was_written(cx);
    }
}

impl Replica for Raft {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check() {
            panic!("a Raft node can't run: {why}");
        }
        let first_boot = disk.records.is_empty() && !disk.torn_tail;
        let position = cx.appended();
        let replayed = persistence::replay(&disk, position, config.weakenings);
        let raft = Self {
            config: config.clone(),
            majority: cx.nodes() / 2 + 1,
            term: replayed.term,
            voted_for: replayed.voted_for,
            log: replayed.log,
            vote_is_saved: true,
            vote_position: position,
            synced: Position(0),
            sync_asked: position,
            role: Role::Follower,
            leader: None,
            commit: Index::ZERO,
            applied: Index::ZERO,
            store: Store::new(config.initial_value.clone()),
            sessions: Sessions::default(),
            waiters: VecDeque::new(),
            held: Vec::with_capacity(cx.nodes()),
        };
        if first_boot && config.initial_leader == Some(cx.me()) {
            cx.set_timer(Timer::Election, VirtualDuration::ZERO);
        } else {
            raft.arm_election_timer(cx);
        }
        if !first_boot {
            // What was read may have come from a cache: make it durable before anything is said about it.
            cx.sync();
            cx.note(|| {
                format!("restarts in term {}; its last entry is {}", raft.term, raft.log.last_index())
            });
        }
        raft
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if !self.is_leader() {
            cx.refuse(request.id, Refusal::NotLeader { leader: self.leader });
        } else if request.operation.is_read() {
            self.read(request, cx);
        } else {
            self.propose(request, cx);
        }
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if message.term() > self.term {
            let leader = matches!(message, Message::AppendEntries(_)).then_some(from);
            self.enter_term(message.term(), leader, cx);
        }
        match message {
            Message::RequestVote { term, last_index, last_term } => {
                self.on_request_vote(from, term, (last_term, last_index), cx);
            }
            Message::Vote { term, granted } => self.on_vote(from, term, granted, cx),
            Message::AppendEntries(append) => self.on_append_entries(from, &append, cx),
            Message::AppendReply { term, round, outcome } => {
                self.on_append_reply(from, term, (round, outcome), cx);
            }
        }
        self.end_step(cx);
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        match timer {
            Timer::Election => self.on_election_timeout(cx),
            Timer::Heartbeat => self.on_heartbeat_timer(cx),
        }
        self.end_step(cx);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.synced = self.synced.max(synced);
        self.log.on_synced(self.synced);
        self.count_own_vote(cx);
        self.count_replicas(cx);
        self.end_step(cx);
    }

    fn on_operator(&mut self, command: OperatorCommand, cx: &mut Context<'_, Self>) {
        match command {
            OperatorCommand::Promote => self.on_election_timeout(cx),
        }
        self.end_step(cx);
    }

    fn view(&self) -> View {
        let role = match self.role {
            Role::Follower => "follower",
            Role::Candidate { .. } => "candidate",
            Role::Leader(_) => "leader",
        };
        let name = |node: Option<NodeId>| node.map_or_else(|| "nobody".to_owned(), |node| node.to_string());
        View {
            role,
            term: self.term.0,
            commit: self.commit.0,
            facts: vec![
                ("voted for", name(self.voted_for)),
                ("follows", name(self.leader)),
                ("last entry", format!("{} of term {}", self.log.last_index(), self.log.last_term())),
                ("durable", self.log.durable().to_string()),
                ("applied", self.applied.to_string()),
            ],
        }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.store.contents()
    }
}
