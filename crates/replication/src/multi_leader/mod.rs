//! Multi-leader replication: every node takes writes, answers at once, and tells the others (DDIA chapter 5,
//! Multi-Leader Replication; Bayou: Terry et al., SOSP 1995, and Petersen et al., SOSP 1997; Oracle GoldenGate, MySQL
//! Tungsten, CouchDB).
//!
//! Why it exists: a leader in each data centre answers within the data centre and works while the others can't be
//! reached. The price is paid later: two leaders may take two writes of one key, and neither can refuse.
//!
//! The rules:
//! - A leader names a write, has it on disk, answers, and sends it out as an *update* (`update`).
//! - Updates travel all to all, by a star or in a circle (`topology`), and again until they are confirmed (`links`).
//! - They are applied as they arrive, in each leader's order, or in causal order (`delivery`).
//! - Conflicts are for [`Versioning`]: the last writer wins by the wall clock, by Lamport's or by a hybrid one; or
//!   both writes are kept as siblings, told apart by version vectors, and merged when they are read
//!   ([`Reading`]).
//!
//! What it promises: an acknowledged write is on its leader's disk; every update reaches every leader that is up and
//! can be reached, whatever is lost or doubled on the way, and whoever crashed; with conflicts resolved, leaders that
//! have the same updates hold the same. Reads are local and promise nothing about other leaders. With causal delivery,
//! nobody sees an answer without its question.
//!
//! Left out on purpose: followers of a leader (single leader has them), throwing away old log entries, custom conflict
//! handlers, avoiding conflicts by routing a key to one leader (clients can do that).

mod config;
mod delivery;
mod links;
mod messages;
mod topology;
mod update;
mod weakening;

use anachron_node::{Answer, Context, Disk, Position, Refusal, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Operation, Reply, Value, VirtualTime};

pub use config::{Config, Conflicts};
pub use delivery::Delivery;
pub use messages::{Have, Message, Record, Timer};
pub use topology::Topology;
pub use update::Update;
pub use weakening::{Weakening, Weakenings};

use crate::common::{
    Actor, Actors, Content, Dot, LamportClock, LastWriterWins, Reading, Registers, Seen, Sessions, Start,
    Versioning, Versions, Write, changed_set, elements,
};
use delivery::Inbox;
use links::Links;
use update::Log;

/// What a node holds for one key.
type Held<V> = <V as Versioning>::Versions;

/// One leader.
#[derive(Debug)]
pub struct MultiLeader<V: Versioning = LastWriterWins<LamportClock>> {
    config: Config,
    versioning: V,
    registers: Registers<Held<V>>,
    log: Log<Held<V>>,
    inbox: Inbox<Held<V>>,
    links: Links,
    /// What this node has answered since it booted.
    answered: Sessions,
    /// When this node booted.
    boot: VirtualTime,
    /// When the disk was new: part of this leader's name in updates and vectors.
    disk_since: VirtualTime,
    /// True if the journal says so.
    disk_is_dated: bool,
    /// The journal position at the end of the last step, to tell whether a sync is needed.
    position: Position,
}

impl<V: Versioning> MultiLeader<V> {
    /// What a register holds at this leader.
    pub fn registers(&self) -> &Registers<Held<V>> {
        &self.registers
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }

    /// What to write for an operation; `None` if it does not write, or is not offered.
    fn content(&self, key: Key, operation: &Operation) -> Option<Content> {
        let sets = self.config.reading == Reading::Union;
        let set =
            |element, there| changed_set(self.registers.get(key), self.registers.initial(), element, there);
        match operation {
            Operation::Write(value) => Some(Content::Value(value.clone())),
            Operation::Delete => Some(Content::Deleted),
            Operation::Add(element) if sets => Some(set(element, true)),
            Operation::Remove(element) if sets => Some(set(element, false)),
            _ => None,
        }
    }

    fn write(&mut self, request: &Request, content: Content, cx: &mut Context<'_, Self>) {
        let key = request.key;
        let held = self.registers.get(key);
        let past = held.seen();
        let versions = self.versioning.write(
            content,
            Write {
                node: cx.me(),
                request: request.id,
                wall_clock: cx.wall_clock(),
                held,
                context: &past,
                counter_floor: 0,
            },
        );
        let actor = Actor::Node { node: cx.me(), since: self.disk_since };
        let dot = Dot { actor, counter: self.log.complete().get(actor) + 1 };
        let update = Update { dot, key, versions, seen: self.inbox.seen() };
        cx.note(|| {
            let bytes = update.versions.metadata_bytes();
            format!("writes {:?} ({bytes} bytes of metadata) as update {dot:?}", update.versions)
        });
        if !self.disk_is_dated {
            self.disk_is_dated = true;
            cx.append(Record::DiskSince(self.disk_since));
        }
        self.take_in(&update, None, cx);
        let answer = Answer::Ok(Reply::Done);
        self.answered.record(request.id, answer.clone());
        cx.reply_after_sync(cx.appended(), request.id, answer);
    }

    fn read(&mut self, request: &Request, cx: &mut Context<'_, Self>) {
        let (held, initial) = (self.registers.get(request.key), self.registers.initial());
        let reply = match &request.operation {
            Operation::Contains(element) => Reply::Answer(elements(held, initial).contains(element)),
            _ => Reply::Value(self.config.reading.read(held, initial)),
        };
        // What is not on the disk yet might be gone after a crash.
        cx.reply_after_sync(cx.appended(), request.id, Answer::Ok(reply));
    }

    /// An update: this leader's own, or one that `from` has sent.
    fn take_in(&mut self, update: &Update<Held<V>>, from: Option<NodeId>, cx: &mut Context<'_, Self>) {
        if !self.log.add(update.clone()) {
            return;
        }
        cx.append(Record::Has(update.clone()));
        self.send_on(update, from, cx);
        let ready = self.inbox.take_in(update.clone());
        if ready.is_empty() {
            let (dot, seen, applied) = (update.dot, &update.seen, self.inbox.applied());
            cx.note(|| format!("holds {dot:?} back, which has seen {seen:?}: here is {applied:?}"));
        }
        for update in ready {
            self.apply(&update);
            let held = self.registers.get(update.key);
            if *held != update.versions {
                cx.note(|| format!("{:?} arrives, and it holds {held:?}", update.versions));
            }
        }
    }

    /// An update's turn has come.
    fn apply(&mut self, update: &Update<Held<V>>) {
        if !self.weak(Weakening::LamportNotMergedOnReceive) {
            self.versioning.observe(&update.versions);
        }
        self.registers.store(update.key, &update.versions, self.config.storing());
    }

    /// A record of the journal: the update is taken in as it was then, without telling anybody.
    fn replay(&mut self, record: &Record<Held<V>>, me: NodeId) {
        let Record::Has(update) = record else { return };
        self.versioning.recall(&update.versions, me);
        if self.log.add(update.clone()) {
            for update in self.inbox.take_in(update.clone()) {
                self.apply(&update);
            }
        }
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

impl<V: Versioning> Replica for MultiLeader<V> {
    type Config = Config;
    type Message = Message<Held<V>>;
    type Timer = Timer;
    type Record = Record<Held<V>>;

    fn boot(config: &Config, disk: Disk<'_, Self::Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check(cx.nodes()) {
            panic!("a leader can't run: {why}");
        }
        let dated = disk.records.iter().find_map(|record| match record {
            Record::DiskSince(since) => Some(*since),
            Record::Has(_) => None,
        });
        let reuses = config.weakenings.contains(Weakening::VvActorReuse);
        let disk_since = dated.unwrap_or(if reuses { VirtualTime::ZERO } else { cx.now() });
        let (me, nodes) = (cx.me(), cx.nodes());
        let has_a_past = cx.now() > VirtualTime::ZERO || !disk.records.is_empty();
        let topology = config.topology;
        let mut node = Self {
            config: config.clone(),
            versioning: V::new(Start { node: me, disk_since, actors: Actors::Nodes }),
            registers: Registers::new(config.initial_value.clone()),
            log: Log::default(),
            inbox: Inbox::new(config.delivery),
            links: Links::new(topology.targets(me, nodes), topology.neighbours(me, nodes), has_a_past),
            answered: Sessions::default(),
            boot: cx.now(),
            disk_since,
            disk_is_dated: dated.is_some(),
            position: cx.appended(),
        };
        for record in disk.records {
            node.replay(record, me);
        }
        node.greet(cx);
        node.see_to_resending(cx);
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        match self.answered.seen(request.id) {
            // The write may still be on its way to the disk.
            Seen::Before(answer) => cx.reply_after_sync(cx.appended(), request.id, answer),
            Seen::Outdated => {}
            Seen::New => match (self.content(request.key, &request.operation), &request.operation) {
                (Some(content), _) => self.write(&request, content, cx),
                (None, Operation::Read) => self.read(&request, cx),
                (None, Operation::Contains(_)) if self.config.reading == Reading::Union => {
                    self.read(&request, cx);
                }
                // These need to know what is there, everywhere.
                (None, _) => cx.refuse(request.id, Refusal::Unsupported),
            },
        }
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Self::Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Updates { have, updates } => self.on_updates(from, &have, &updates, cx),
            Message::Confirm { have, asks } => self.on_confirm(from, &have, asks, cx),
        }
        self.end_step(cx);
    }

    fn on_timer(&mut self, Timer::Resend: Timer, cx: &mut Context<'_, Self>) {
        self.resend(cx);
        self.end_step(cx);
    }

    fn view(&self) -> View {
        let mut facts: Vec<(&'static str, String)> = self.versioning.fact().into_iter().collect();
        facts.push(("updates", format!("{:?}", self.log.complete())));
        let siblings = self.registers.written().filter(|(_, held)| held.contents().len() > 1).count();
        for (name, count) in [("held_back", self.inbox.waiting()), ("keys_with_siblings", siblings)] {
            if count > 0 {
                facts.push((name, count.to_string()));
            }
        }
        let commit = self.log.complete().entries().map(|(_, count)| count).sum();
        View { role: "leader", term: 0, commit, facts }
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        self.registers.contents()
    }
}
