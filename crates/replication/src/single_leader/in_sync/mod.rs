//! In-sync replica sets with a high watermark, as Kafka has them (Kafka's documentation, 4.7 Replication; KIP-101 and
//! KIP-595 for truncation, KIP-207 and KIP-392 for reads, KIP-497 for changes of the set, KIP-966 for the minimum).
//!
//! Why it exists: the other single leader waits for a *number* of followers, and asks a majority who leads next. This
//! one waits for *all* that are in sync, whoever they are, and somebody else keeps the list. So two copies out of two
//! are enough to lose nothing; a majority takes three.
//!
//! The rules, and where they live:
//! - `controller`: who decides on the leader and the in-sync set; `configuration`: what it decides;
//! - `leader`: the high watermark, who falls out of the in-sync set and who comes back;
//! - `follower`: followers fetch, and truncate at an epoch, not at the high watermark (KIP-101);
//! - `clients`: writes wait for the high watermark, reads show nothing above it;
//! - `member`: what a replica is, how it comes back from its disk and changes its role;
//! - `weakening`: known bugs of all these rules, by name.
//!
//! What it promises. A write that was acknowledged is in the log of every later leader. *Reads confirmed* by the
//! controller are linearizable. *Reads at the leader* can be stale as long as a leader does not know that it was replaced;
//! *reads at any replica* are as old as what that one has heard. Nobody is shown a write that can be lost.
//!
//! Fault model. Messages may be lost, delayed, doubled and reordered; nodes crash and restart with what their disks had
//! made durable; suspicions may be wrong; clocks may run as they like. The list of who is in sync is only as good as its
//! keeper: the *controller is one node with one disk*, which may crash but must come back with its disk. While it is away,
//! leader and in-sync set stay as they are: if all in-sync replicas live, writes and unconfirmed reads go on; nobody is
//! replaced, and no read is confirmed. (Kafka keeps the list in ZooKeeper or in a Raft quorum, KRaft.) Progress takes
//! the controller and one in-sync replica, or as many as `min_in_sync`. A disk that is lost is outside of the model, as
//! is a sync that lies: the controller takes a replica's word for what it has. With `Durability::AcknowledgeThenSync`,
//! which is how Kafka runs, a crash may take acknowledged writes along (KIP-966 names the case: the last replica in sync).
//!
//! Left out on purpose: several partitions, snapshots and retention of the log, transactions, a preferred leader,
//! observers outside the set that never join it.

mod clients;
mod config;
mod configuration;
mod controller;
mod follower;
mod leader;
mod member;
mod messages;
mod weakening;

use anachron_node::{Context, Disk, Position, Refusal, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Value};

pub use config::{Config, Reads};
pub use configuration::Configuration;
pub use messages::{Message, Record, Timer};
pub use weakening::{Weakening, Weakenings};

use super::{Index, Log};
use controller::Controller;
use member::Member;

/// One node: the controller, or a replica.
#[derive(Debug)]
pub struct InSync(Part);

#[derive(Debug)]
enum Part {
    Controller(Controller),
    Replica(Box<Member>),
}

impl InSync {
    /// The newest configuration that this node knows; the controller's own is the newest there is.
    pub fn configuration(&self) -> &Configuration {
        match &self.0 {
            Part::Controller(controller) => &controller.current,
            Part::Replica(member) => &member.configuration,
        }
    }

    /// True if this node takes itself for the leader.
    pub fn is_leader(&self) -> bool {
        matches!(&self.0, Part::Replica(member) if member.is_leader())
    }

    /// The log, and how far this node knows it to be committed: for an observer's invariants. The controller has none.
    pub fn log(&self) -> Option<(&Log, Index)> {
        match &self.0 {
            Part::Controller(_) => None,
            Part::Replica(member) => Some((&member.log, member.high_watermark)),
        }
    }
}

impl Replica for InSync {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check(cx.nodes()) {
            panic!("in-sync replicas can't run: {why}");
        }
        let controller = config.controller(cx.nodes());
        let first = Configuration::first(cx.nodes(), controller, config.initial_leader(cx.nodes()));
        if cx.me() == controller {
            return Self(Part::Controller(Controller::boot(first, disk.records, config, cx)));
        }
        Self(Part::Replica(Box::new(Member::boot(config, controller, first, disk.records, cx))))
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        match &mut self.0 {
            Part::Controller(controller) => {
                cx.refuse(request.id, Refusal::NotLeader { leader: controller.current.leader() });
            }
            Part::Replica(member) => member.step(cx, |member, cx| member.take_request(request, cx)),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match &mut self.0 {
            Part::Controller(controller) => controller.on_message(from, message, cx),
            Part::Replica(member) => member.step(cx, |member, cx| member.on_message(from, message, cx)),
        }
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        match (&mut self.0, timer) {
            (Part::Controller(controller), Timer::Session(node)) => controller.on_silence(node, cx),
            (Part::Controller(_), _) => unreachable!("the controller sets no other timer"),
            (Part::Replica(member), timer) => member.step(cx, |member, cx| member.on_timer(timer, cx)),
        }
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        if let Part::Replica(member) = &mut self.0 {
            member.step(cx, |member, cx| member.on_synced(synced, cx));
        }
    }

    fn view(&self) -> View {
        let configuration = self.configuration();
        let mut facts = vec![("knows", format!("{configuration:?}"))];
        let (role, commit) = match &self.0 {
            Part::Controller(_) => ("controller", 0),
            Part::Replica(member) => {
                facts.push(("log", format!("{:?}", member.log.last())));
                let role = if member.is_leader() { "leader" } else { "follower" };
                (role, member.high_watermark.0)
            }
        };
        View { role, term: configuration.epoch.number, commit, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        match &self.0 {
            Part::Controller(_) => Vec::new(),
            Part::Replica(member) => member.state.contents(),
        }
    }

    fn keeps(&self, _: Key) -> bool {
        matches!(self.0, Part::Replica(_))
    }
}
