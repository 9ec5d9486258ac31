//! Raft (Ongaro and Ousterhout 2014, "In Search of an Understandable Consensus Algorithm", extended version; Ongaro
//! 2014, the dissertation).
//!
//! What it promises: every operation is linearizable, through crashes, restarts, lost, late, doubled and reordered
//! messages and drifting clocks, as long as disks keep what they said they had synced. It makes progress while a
//! majority of voters can talk to each other in time. Reads by lease need one thing more: clocks whose drift is bounded.
//!
//! One rule, one file:
//! - `election`: who leads (section 5.2), and who may (section 5.4.1);
//! - `prevote`: asking before standing (dissertation 9.6);
//! - `check_quorum`: standing by a leader, and its duty in return (dissertation 4.2.3, 6.2);
//! - `replication`: how logs are made equal (section 5.3);
//! - `commit`: when an entry is decided (section 5.4.2), and its application;
//! - `persistence`: what is on disk before what is said (Figure 2);
//! - `snapshot`: log compaction (section 7; dissertation 5);
//! - `sessions`, which is shared (`common`): a retry runs once (section 8; dissertation 6.3);
//! - `reads`: reads without the log (dissertation 6.4), `lease`: and without a round (6.4.1), `follower_reads`: and
//!   without the leader's state;
//! - `membership`: configurations and their majorities (section 6; dissertation 4), `reconfiguration`: how they are
//!   changed, one server at a time, jointly, by way of learners;
//! - `transfer`: handing the leadership over (dissertation 3.10);
//! - `agreed_log`: the log for a layer above, without the state machine;
//! - `weakening`: known bugs of all these rules, by name.
//!
//! What a client is told: a node that does not lead refuses, and nothing was appended. A leader that loses office
//! answers *unknown* to what it had appended but not committed. A request that is committed is answered by the state
//! machine, which may refuse it (a lock that is held).
//!
//! Left out: flow control, chunks of snapshots, expiry of sessions. A node that loses its disk must not come back under
//! its name: Raft has no rule for that.

mod agreed_log;
mod check_quorum;
mod commit;
mod config;
mod election;
mod follower_reads;
mod lease;
mod log;
mod membership;
mod messages;
mod persistence;
mod prevote;
mod reads;
mod reconfiguration;
mod replication;
mod snapshot;
mod transfer;
mod weakening;

#[cfg(test)]
mod testing;

use std::collections::VecDeque;
use std::sync::Arc;

use anachron_node::{Applied, Context, Disk, OperatorCommand, Position, Refusal, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Operation, Value, VirtualDuration, VirtualTime};

use crate::common::{Seen, Sessions, Store};

pub use config::{Config, ConfigError, Reads};
pub use log::{Command, Entries, Entry, Index, Log, Term};
pub use membership::Configuration;
pub use messages::{AppendEntries, AppendOutcome, Candidate, Message, Round};
pub use persistence::Record;
pub use snapshot::Snapshot;
pub use weakening::{Weakening, Weakenings};

use follower_reads::AskedRead;
use membership::Configurations;
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
    /// Asks whether it could win the next term.
    PreCandidate {
        /// Who would vote for this node, itself first.
        votes: Vec<NodeId>,
    },
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

    /// The latest term seen; only grows. On disk before anything is said in it.
    term: Term,
    /// The candidate that has this node's vote in `term`.
    voted_for: Option<NodeId>,
    log: Log,
    /// Who belongs to the cluster, as the log and the latest snapshot say.
    configurations: Configurations,
    /// The latest snapshot. The log's base is the last entry that it stands for.
    snapshot: Option<Arc<Snapshot>>,

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
    /// When this node last heard of a leader, by its own clock. What it promises with that: `check_quorum.rs`.
    heard_of_leader: Option<VirtualTime>,

    /// The last entry known to be committed; only grows, from the latest snapshot's at every boot.
    commit: Index,
    /// The last entry applied. At most `commit`, except under `raft-apply-on-append`.
    applied: Index,
    store: Store,
    sessions: Sessions,
    /// Clients of this office that wait for their entry, oldest first. Empty unless this node leads.
    waiters: VecDeque<Waiter>,
    /// Reads for which the leader was asked how far to wait.
    asked_reads: Vec<AskedRead>,
    /// The ticket of the latest such question since this node booted.
    last_ticket: Option<u64>,
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

    /// The configuration that this node goes by.
    pub fn configuration(&self) -> &Configuration {
        self.configurations.in_force()
    }

    /// The place of the latest configuration in the log; zero for the first.
    pub fn configuration_index(&self) -> Index {
        self.configurations.latest_index()
    }

    /// The last entry that this node has applied.
    pub fn applied_index(&self) -> Index {
        self.applied
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }

    /// A request that changes something, or a read through the log: a leader appends it at once and sends it at once.
    fn propose(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if !self.is_leader() {
            return cx.refuse(request.id, Refusal::NotLeader { leader: self.leader });
        }
        if !self.weak(Weakening::NoDedup) {
            match self.sessions.seen(request.id) {
                Seen::New => {}
                // What has been applied is committed: the answer stands, whoever leads by now.
                Seen::Before(answer) => return cx.reply(request.id, answer),
                Seen::Outdated => return,
            }
        }
        if self.is_handing_over() {
            return cx.refuse(request.id, Refusal::NotLeader { leader: None });
        }
        let id = request.id;
        let answer_is_done = matches!(
            request.operation,
            Operation::Write(_) | Operation::Append(_) | Operation::Acquire | Operation::Release
        );
        let entry = Entry { term: self.term, command: Command::Client(request) };
        let index = self.append_entry(entry, cx);
        self.waiters.push_back(Waiter { index, id, answer_is_done });
        self.replicate_to_all(cx);
    }
}

impl Raft {
    /// What every step ends with: apply what has become committed, answer the reads that were waiting for that or for
    /// a round, go on with what an operator has asked for, and see to it that what was written becomes durable.
    fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        self.apply(cx);
        self.answer_reads(cx);
        self.proceed_with_membership(cx);
        self.proceed_with_transfer(cx);
        self.compact_log(cx);
        self.sync_what_was_written(cx);
    }
}

impl Replica for Raft {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check(cx.nodes()) {
            panic!("a Raft node can't run: {why}");
        }
        let first_boot = disk.records.is_empty() && !disk.torn_tail;
        let position = cx.appended();
        let first = Arc::new(config.first_configuration(cx.nodes()));
        let replayed = persistence::replay(&disk, position, first, config.weakenings);
        let base = replayed.log.base();
        let mut raft = Self {
            config: config.clone(),
            term: replayed.term,
            voted_for: replayed.voted_for,
            log: replayed.log,
            configurations: replayed.configurations,
            snapshot: replayed.snapshot,
            vote_is_saved: true,
            vote_position: position,
            synced: Position(0),
            sync_asked: position,
            role: Role::Follower,
            leader: None,
            heard_of_leader: None,
            commit: base,
            applied: base,
            store: Store::default(),
            sessions: Sessions::default(),
            waiters: VecDeque::new(),
            asked_reads: Vec::new(),
            last_ticket: None,
        };
        raft.start_from_snapshot();
        raft.look_no_further_than_applied();
        if first_boot && config.initial_leader == Some(cx.me()) {
            cx.set_timer(Timer::Election, VirtualDuration::ZERO);
        } else {
            raft.arm_election_timer(cx);
        }
        if !first_boot {
            // What was read may have come from a cache: make it durable before anything is said about it.
            cx.sync();
            raft.keep_promise_of_the_past(cx);
            cx.note(|| {
                let snapshot =
                    if base > Index::ZERO { format!(", a snapshot up to {base}") } else { String::new() };
                format!(
                    "restarts in term {}; its last entry is {}{snapshot}",
                    raft.term,
                    raft.log.last_index()
                )
            });
        }
        raft
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if request.operation.is_read() {
            self.read(request, cx);
        } else {
            self.propose(request, cx);
        }
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        if matches!(message, Message::RequestVote(_)) && self.stands_by_a_leader(cx) {
            // Not even the term is taken over: that alone would unseat the leader.
            return cx.note(|| format!("hears of its leader and pays no heed to the candidate {from}"));
        }
        if message.term() > self.term {
            let leader = message.is_from_leader().then_some(from);
            self.enter_term(message.term(), leader, cx);
        }
        match message {
            Message::RequestVote(candidate) | Message::RequestVoteInTransfer(candidate) => {
                self.on_request_vote(from, candidate, cx);
            }
            Message::Vote { term, granted } => self.on_vote(from, term, granted, cx),
            Message::AppendEntries(append) => self.on_append_entries(from, &append, cx),
            Message::AppendReply { term, round, outcome } => {
                self.on_append_reply(from, term, (round, outcome), cx);
            }
            Message::RequestPreVote(candidate) => self.on_request_pre_vote(from, candidate, cx),
            Message::PreVote { next_term, granted, .. } => self.on_pre_vote(from, next_term, granted, cx),
            Message::TimeoutNow { term } => self.on_timeout_now(from, term, cx),
            Message::InstallSnapshot { term, round, snapshot } => {
                self.on_install_snapshot(from, (term, round), &snapshot, cx);
            }
            Message::ReadIndex { ticket, .. } => self.on_read_index(from, ticket, cx),
            Message::ReadIndexReply { ticket, index, .. } => self.on_read_index_reply(ticket, index, cx),
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
            OperatorCommand::TransferLeadership { to } => self.begin_transfer(to, cx),
            OperatorCommand::AddLearner { .. }
            | OperatorCommand::AddVoter { .. }
            | OperatorCommand::RemoveNode { .. }
            | OperatorCommand::SetVoters { .. } => self.change_membership(&command, cx),
        }
        self.end_step(cx);
    }

    fn view(&self) -> View {
        let role = match self.role {
            Role::Follower => "follower",
            Role::PreCandidate { .. } => "pre-candidate",
            Role::Candidate { .. } => "candidate",
            Role::Leader(_) => "leader",
        };
        let name = |node: Option<NodeId>| node.map_or_else(|| "nobody".to_owned(), |node| node.to_string());
        let mut facts = vec![
            ("voted for", name(self.voted_for)),
            ("follows", name(self.leader)),
            ("last entry", format!("{} of term {}", self.log.last_index(), self.log.last_term())),
            ("durable", self.log.durable().to_string()),
            ("applied", self.applied.to_string()),
        ];
        // What most clusters never have is shown where there is some.
        if self.configurations.latest_index() > Index::ZERO {
            facts.push(("configuration", self.configuration().to_string()));
        }
        if self.log.base() > Index::ZERO {
            facts.push(("snapshot", format!("up to {}", self.log.base())));
        }
        if let Some(end) = self.lease_ends() {
            facts.push(("lease", format!("until {}", VirtualTime(u64::try_from(end).unwrap_or(0)))));
        }
        View { role, term: self.term.0, commit: self.commit.0, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.store.contents()
    }

    fn applied(&self) -> Option<Applied> {
        Some(self.store.applied())
    }
}
