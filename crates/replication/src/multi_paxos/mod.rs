//! Multi-Paxos (Lamport 1998, "The Part-Time Parliament"; Lamport 2001, "Paxos Made Simple"; van Renesse and Altinbuken
//! 2015, "Paxos Made Moderately Complex").
//!
//! What it promises: every operation is linearizable, through crashes, restarts, lost, late, doubled and reordered
//! messages and clocks that run as they like, as long as disks keep what they said they had synced. At most one value is
//! chosen for a slot of the log, and what is chosen stays chosen. It makes progress while a majority of nodes can talk to
//! each other in time and one of them leads without being preempted.
//!
//! Every node plays all of the paper's roles. One rule, one file:
//! - `ballot`: how attempts are numbered;
//! - `acceptor`: what is promised and accepted, the memory (Lamport 2001, section 2.2);
//! - `scout`: phase 1, once for all slots, and what a new leader has to propose again; gaps are filled with no-ops (section 3);
//! - `commander`: phase 2, once a command: a value is chosen;
//! - `leadership`: who tries, and who gives way;
//! - `log` and `learner`: what is chosen, how a node learns it, and its execution in order;
//! - `persistence`: what is on disk before what is said (section 2.5);
//! - `requests`: what clients are told; reads go through the log;
//! - `agreed_log`: the log for a layer above, without the state machine;
//! - `weakening`: known bugs of all these rules, by name.
//!
//! What a client is told: a node that does not lead refuses, and nothing was proposed. A leader that is preempted
//! answers *unknown* to what it had proposed and does not know to be chosen. A request that is chosen is answered by the
//! state machine, which may refuse it (a lock that is held).
//!
//! Left out: changes of the membership (and with them the paper's window of slots), snapshots, flow control, leases. A node
//! that loses its disk must not come back under its name: its promises are gone.

mod acceptor;
mod agreed_log;
mod ballot;
mod command;
mod commander;
mod config;
mod leadership;
mod learner;
mod log;
mod messages;
mod persistence;
mod requests;
mod scout;
mod weakening;

use anachron_node::{Applied, Context, Disk, OperatorCommand, Position, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Value, VirtualDuration};

use crate::common::{Sessions, Store};

pub use acceptor::{Accepted, Acceptor};
pub use ballot::{Ballot, Slot};
pub use command::Command;
pub use config::{Config, ConfigError, Reads};
pub use log::Log;
pub use messages::{Chosen, Message, Vote};
pub use persistence::Record;
pub use weakening::{Weakening, Weakenings};

use commander::Leadership;
use scout::Scout;

/// The timers of a node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// Goes off when no leader was heard of for too long.
    Election,
    /// Goes off when a leader should speak again.
    Heartbeat,
}

/// What a node is trying to do. The ballot of a candidate or leader is the one that it has promised itself.
#[derive(Debug)]
enum Role {
    Follower,
    Candidate(Scout),
    Leader(Box<Leadership>),
}

/// One node of a Multi-Paxos cluster.
#[derive(Debug)]
pub struct MultiPaxos {
    config: Config,
    nodes: u64,

    acceptor: Acceptor,
    role: Role,
    /// Whom this node takes for the leader.
    leader: Option<NodeId>,
    /// The highest ballot heard of, so that the next one of this node's is above it.
    highest_seen: Ballot,

    log: Log,
    /// The last slot executed. At most the last up to which all are chosen.
    executed: Slot,
    store: Store,
    sessions: Sessions,

    /// How far the journal is known to be durable.
    synced: Position,
    /// How far it has to be.
    to_sync: Position,
    /// How far a sync was asked for.
    sync_asked: Position,
}

impl MultiPaxos {
    /// What this node has promised and accepted.
    pub fn acceptor(&self) -> &Acceptor {
        &self.acceptor
    }

    /// What this node knows to be chosen.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// The last slot executed.
    pub fn executed(&self) -> Slot {
        self.executed
    }

    /// The ballot with which this node leads, if it does as far as it knows.
    pub fn leads_with(&self) -> Option<Ballot> {
        match &self.role {
            Role::Leader(leadership) => Some(leadership.ballot),
            Role::Follower | Role::Candidate(_) => None,
        }
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }

    /// What every step ends with.
    fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        self.execute_chosen(cx);
        self.sync_what_was_written(cx);
    }
}

impl Replica for MultiPaxos {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check() {
            panic!("a Multi-Paxos node can't run: {why}");
        }
        let first_boot = disk.records.is_empty() && !disk.torn_tail;
        let position = cx.appended();
        let (acceptor, log) = persistence::replay(&disk, position);
        let mut node = Self {
            config: config.clone(),
            nodes: cx.nodes() as u64,
            acceptor,
            role: Role::Follower,
            leader: None,
            highest_seen: Ballot::ZERO,
            log,
            executed: Slot::ZERO,
            store: Store::new(config.initial_value.clone()),
            sessions: Sessions::default(),
            synced: Position(0),
            to_sync: position,
            sync_asked: Position(0),
        };
        if first_boot && config.initial_leader == Some(cx.me()) {
            cx.set_timer(Timer::Election, VirtualDuration::ZERO);
        } else {
            node.arm_election_timer(cx);
        }
        if !first_boot {
            let (promised, chosen) = (node.acceptor.promised(), node.log.chosen_up_to());
            cx.note(|| format!("restarts: has promised ballot {promised}; slots up to {chosen} are chosen"));
        }
        // What was read may have come from a cache: it is made durable before anything is said about it.
        node.end_step(cx);
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        self.on_request(request, cx);
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Prepare { ballot, from: slot } => self.on_prepare(from, (ballot, slot), cx),
            Message::Promise { ballot, accepted, chosen } => {
                self.on_promise(from, ballot, (&accepted, &chosen), cx);
            }
            Message::Accept { ballot, slot, command } => self.on_accept(from, (ballot, slot, command), cx),
            Message::Accepted { ballot, slot } => self.on_accepted(from, ballot, slot, cx),
            Message::Preempted { ballot } => self.on_preempted(ballot, cx),
            Message::Decision(Chosen { slot, command }) => self.learn(slot, command, cx),
            Message::Heartbeat { ballot, chosen } => self.on_heartbeat(from, ballot, chosen, cx),
            Message::Missing { from: slot } => self.on_missing(from, slot, cx),
            Message::Decisions { chosen, up_to } => self.on_decisions(from, &chosen, up_to, cx),
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
        self.count_own_promise(cx);
        self.count_own_acceptances(cx);
        self.end_step(cx);
    }

    fn on_operator(&mut self, command: OperatorCommand, cx: &mut Context<'_, Self>) {
        // The membership is fixed, and a leader is replaced by whoever tries: promoting is all there is.
        if command == OperatorCommand::Promote {
            self.on_election_timeout(cx);
        }
        self.end_step(cx);
    }

    fn view(&self) -> View {
        let role = match self.role {
            Role::Follower => "follower",
            Role::Candidate(_) => "candidate",
            Role::Leader(_) => "leader",
        };
        let promised = self.acceptor.promised();
        let follows = self.leader.map_or_else(|| "nobody".to_owned(), |node| node.to_string());
        let mut facts = vec![("promised", promised.to_string()), ("follows", follows)];
        let accepted = self.acceptor.accepted();
        if !accepted.is_empty() {
            let slots: Vec<String> =
                accepted.iter().map(|(slot, accepted)| format!("{slot} in {}", accepted.ballot)).collect();
            facts.push(("accepted", slots.join(", ")));
        }
        View { role, term: promised.number(self.nodes), commit: self.log.chosen_up_to().0, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.store.contents()
    }

    fn applied(&self) -> Option<Applied> {
        Some(self.store.applied())
    }
}
