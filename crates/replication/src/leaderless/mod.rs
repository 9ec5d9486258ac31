//! Leaderless replication: any node takes a write and sends it to all homes of its key; quorums of `w` and `r` (DDIA
//! chapter 5, Leaderless Replication; DeCandia et al., *Dynamo: Amazon's Highly Available Key-value Store*, SOSP 2007;
//! Cassandra; Riak).
//!
//! Why it exists: the course's story of version vectors and Lamport clocks. Both order writes. Neither says when a node
//! has heard of them, so on the way there a client may read 1, then 5, then 1.
//!
//! The rules:
//! - A key has `n` *homes* (`ring`). The node that a client asks is the *coordinator*: it names the write and sends it
//!   to the homes (`coordinator`). Naming is [`Versioning`]'s affair: a stamp of a Lamport, wall or hybrid clock, and
//!   the greater one wins; or a version vector, plain or dotted, and concurrent writes are kept as siblings.
//! - A node's clock moves past every stamp that it receives (Lamport 1978, rule IR2); it stores what is newer than
//!   what it has (`replica`).
//! - A write is acknowledged when `w` homes have it on disk; a read merges `r` answers.
//! - Who missed a write gets it by read repair (`read_repair`), hinted handoff (`hints`) or anti-entropy
//!   (`anti_entropy`, `merkle`), each a switch of its own.
//! - A deletion leaves a tombstone; when that may go is `tombstones`.
//!
//! What it promises: with anti-entropy, nodes agree once the network is quiet; and with siblings, an acknowledged
//! write is there, or a write is that had seen it, as long as no disk is lost. Nothing about when. Not even
//! `r + w > n` makes it linearizable: a write that is under way is seen by one read and missed by the next (DDIA
//! figure 9-6), and under stamps a coordinator that has missed the latest write may stamp its own as older than it,
//! and lose it although it was acknowledged. The cure is another strategy: ABD.
//!
//! A retry is recognised by the coordinator that took the request first, until it restarts. At another node it is
//! another write, which may win over writes in between: clients should take a time-out for an answer. (Vectors that
//! count clients recognise it anywhere.)
//!
//! Left out on purpose: consistent hashing and changes of membership (the ring is the nodes in order), compare-and-set
//! (Cassandra's needs Paxos), and pruning of vectors (Dynamo §4.4 drops the oldest entry beyond ten: a known way to
//! forget causality).

mod anti_entropy;
mod config;
mod coordinator;
pub mod footprint;
mod hints;
mod merkle;
mod messages;
mod read_repair;
mod replica;
mod ring;
mod tombstones;
mod weakening;

use std::collections::BTreeMap;

use anachron_node::{Context, Disk, Position, Replica, Request, RequestId, View};
use anachron_vocabulary::{ClientId, Key, NodeId, Value, VirtualTime};

pub use config::{AntiEntropy, Config, Quorums, ReadRepair, Replaces};
pub use merkle::{LEAVES, Subtree};
pub use messages::{Message, Record, Timer};
pub use weakening::{Weakening, Weakenings};

use crate::common::{
    Desk, LamportClock, LastWriterWins, Registers, Start, VersionVector, Versioning, Versions,
};
use coordinator::Work;
use hints::{Followed, Hints};
use ring::Ring;
use tombstones::Tombstones;

/// What a node holds for one key.
type Held<V> = <V as Versioning>::Versions;

/// What names it in acknowledgements.
type Mark<V> = <Held<V> as Versions>::Mark;

/// One node of a leaderless cluster.
#[derive(Debug)]
pub struct Leaderless<V: Versioning = LastWriterWins<LamportClock>> {
    config: Config,
    me: NodeId,
    ring: Ring,
    versioning: V,
    registers: Registers<Held<V>>,
    /// The requests that this node coordinates.
    desk: Desk<Work<Held<V>>>,
    /// What each client has read of each key through this node, since it booted.
    contexts: BTreeMap<(ClientId, Key), VersionVector>,
    /// This node's writes that not every home has confirmed, if anybody is to keep them.
    followed: BTreeMap<RequestId, Followed<Held<V>>>,
    /// What this node keeps for others.
    hints: Hints<Held<V>>,
    /// True while the `Handoff` timer is set.
    handing_off: bool,
    tombstones: Tombstones,
    /// No write of this node is counted up to this any more: tombstones with those counts are forgotten.
    counter_floor: u64,
    /// When the disk was new.
    disk_since: VirtualTime,
    /// True if the journal says so.
    disk_is_dated: bool,
}

impl<V: Versioning> Leaderless<V> {
    /// What a register holds at this node.
    pub fn registers(&self) -> &Registers<Held<V>> {
        &self.registers
    }

    /// How many values this node keeps for others.
    pub fn hints_pending(&self) -> usize {
        self.hints.len()
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }
}

impl<V: Versioning> Replica for Leaderless<V> {
    type Config = Config;
    type Message = Message<Held<V>>;
    type Timer = Timer;
    type Record = Record<Held<V>>;

    fn boot(config: &Config, disk: Disk<'_, Self::Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check(cx.nodes()) {
            panic!("a leaderless node can't run: {why}");
        }
        let dated = disk.records.iter().find_map(|record| match record {
            Record::DiskSince(since) => Some(*since),
            _ => None,
        });
        let reuses = config.weakenings.contains(Weakening::VvActorReuse);
        let disk_since = dated.unwrap_or(if reuses { VirtualTime::ZERO } else { cx.now() });
        let mut node = Self {
            config: config.clone(),
            me: cx.me(),
            ring: Ring::new(cx.nodes(), config.replicas),
            versioning: V::new(Start { node: cx.me(), disk_since, actors: config.actors }),
            registers: Registers::new(config.initial_value.clone()),
            desk: Desk::new(cx.appended()),
            contexts: BTreeMap::new(),
            followed: BTreeMap::new(),
            hints: Hints::default(),
            handing_off: false,
            tombstones: Tombstones::default(),
            counter_floor: 0,
            disk_since,
            disk_is_dated: dated.is_some(),
        };
        for record in disk.records {
            node.replay(record, cx.me());
        }
        node.watch_tombstones_on_disk(cx);
        node.hand_off_later(cx);
        node.gossip_later(cx);
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        self.coordinate(request, cx);
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Self::Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Store { id, key, versions } => self.on_store(from, id, key, &versions, cx),
            Message::Stored { id, mark } => self.on_stored(from, id, mark, cx),
            Message::Query { id, key } => self.on_query(from, id, key, cx),
            Message::Found { id, versions } => self.on_found(from, id, versions, cx),
            Message::Gossip { registers } => self.on_gossip(&registers, cx),
            Message::Tree { digests } => self.on_tree(from, &digests, cx),
            Message::Leaf { leaf, registers, asks } => self.on_leaf(from, leaf, (&registers, asks), cx),
            Message::Hinted { id, key, versions, home } => {
                self.on_hinted(from, (id, key), &versions, home, cx);
            }
            Message::Handoff { key, versions } => self.on_handoff(from, key, &versions, cx),
            Message::HandedOff { key, mark } => self.on_handed_off(from, key, mark, cx),
            Message::Bury { key, versions } => self.on_bury(from, key, &versions, cx),
            Message::Buried { key, mark } => self.on_buried(from, key, mark, cx),
            Message::Purge { key, versions } => self.on_purge(key, &versions, cx),
        }
        self.end_step(cx);
    }

    fn on_timer(&mut self, timer: Timer, cx: &mut Context<'_, Self>) {
        match timer {
            Timer::Resend => self.resend(cx),
            Timer::Gossip => self.gossip(cx),
            Timer::Hint => self.hint(cx),
            Timer::Handoff => self.hand_off(cx),
            Timer::Purge => self.purge_old(cx),
            Timer::GiveUp(id) => self.give_up(id, cx),
        }
        self.end_step(cx);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.desk.synced(synced);
        self.count_own_stores(cx);
        self.end_step(cx);
    }

    fn view(&self) -> View {
        let mut facts: Vec<(&'static str, String)> = self.versioning.fact().into_iter().collect();
        let mut count = |name, count: usize| {
            if count > 0 {
                facts.push((name, count.to_string()));
            }
        };
        let held = || self.registers.written().map(|(_, versions)| versions);
        count("keys_with_siblings", held().filter(|versions| versions.contents().len() > 1).count());
        count("tombstones", held().filter(|versions| versions.is_deleted()).count());
        count("hints_pending", self.hints.len());
        View { role: "replica", term: 0, commit: held().count() as u64, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.registers.contents()
    }

    fn keeps(&self, key: Key) -> bool {
        self.ring.is_home(self.me, key)
    }
}
