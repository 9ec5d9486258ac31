//! ABD: registers that are linearizable without a leader and without consensus (Attiya, Bar-Noy and Dolev, *Sharing
//! Memory Robustly in Message-Passing Systems*, JACM 1995; with many writers: Lynch and Shvartsman, *Robust Emulation
//! of Shared Memory Using Dynamic Quorum-Acknowledged Broadcasts*, FTCS 1997).
//!
//! Why it exists: it is the cure for what last-writer-wins registers get wrong, and shows what it takes: two phases
//! for each operation, each with a majority.
//!
//! The rules, all of them in `coordinator` and `replica`:
//! - A *write* asks a majority for the newest stamp, takes a greater one, and stores its value at a majority.
//! - A *read* asks a majority for the newest value, *writes it back* to a majority, and only then answers.
//! - A replica stores what it is sent if its stamp is greater: by counter, then by node.
//! - What is not answered is sent again; a majority of nodes that live and can talk is enough.
//!
//! What it promises: linearizable reads and writes, however messages are delayed, lost, doubled or reordered, and
//! however nodes crash and restart. Any two majorities share a node, so an operation meets everything that was
//! complete before it began; and the write-back makes that true of what a read has seen as well.
//!
//! The original keeps replicas in memory and lets fewer than half of them stop for good. Here a replica has a value on
//! disk before it acknowledges it, and a coordinator has its stamp on disk before anybody sees it; so a node that
//! restarts is a node that was slow.
//!
//! A retry is recognised by the coordinator that took the request first, until it restarts. At another node it is
//! another write, and a value may come back after others have replaced it: clients should take a time-out for an
//! answer.
//!
//! A deletion is a write of a tombstone. It is never forgotten: a purge needs to know that every node has it, which is
//! more than a majority tells.
//!
//! Left out on purpose: read-modify-write operations (compare-and-set needs consensus: Herlihy 1991); leaving the
//! write-back out when a whole majority agrees; purging tombstones; changing the set of nodes.

mod config;
mod coordinator;
mod messages;
mod replica;
mod weakening;

use anachron_node::{Context, Disk, Position, Refusal, Replica, Request, View};
use anachron_vocabulary::{Key, NodeId, Operation, Value};

pub use config::Config;
pub use messages::{Message, Record, Timer};
pub use weakening::{Weakening, Weakenings};

use crate::common::{Desk, LamportClock, Registers};
use coordinator::Work;

/// One node of an ABD cluster.
#[derive(Debug)]
pub struct Abd {
    config: Config,
    /// The counters that this node has given and those that its writes have met. It gives no counter twice.
    clock: LamportClock,
    registers: Registers,
    /// The requests that this node coordinates.
    desk: Desk<Work>,
}

impl Abd {
    /// What a register holds at this node.
    pub fn registers(&self) -> &Registers {
        &self.registers
    }

    fn weak(&self, weakening: Weakening) -> bool {
        self.config.weakenings.contains(weakening)
    }
}

impl Replica for Abd {
    type Config = Config;
    type Message = Message;
    type Timer = Timer;
    type Record = Record;

    fn boot(config: &Config, disk: Disk<'_, Record>, cx: &mut Context<'_, Self>) -> Self {
        if let Err(why) = config.check() {
            panic!("an ABD node can't run: {why}");
        }
        let mut node = Self {
            config: config.clone(),
            clock: LamportClock::default(),
            registers: Registers::new(config.initial_value.clone()),
            desk: Desk::new(cx.appended()),
        };
        for record in disk.records {
            node.replay(record, cx.me());
        }
        node
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        match request.operation {
            Operation::Read | Operation::Write(_) | Operation::Delete => self.coordinate(request, cx),
            // These need to know what is there: consensus, not registers.
            _ => cx.refuse(request.id, Refusal::Unsupported),
        }
        self.end_step(cx);
    }

    fn on_message(&mut self, from: NodeId, message: Message, cx: &mut Context<'_, Self>) {
        match message {
            Message::Query { id, key } => self.on_query(from, id, key, cx),
            Message::Found { id, stamped } => self.on_found(from, id, stamped, cx),
            Message::Store { id, key, stamped } => self.on_store(from, id, key, &stamped, cx),
            Message::Stored { id, stamp } => self.on_stored(from, id, stamp, cx),
        }
        self.end_step(cx);
    }

    fn on_timer(&mut self, Timer::Resend: Timer, cx: &mut Context<'_, Self>) {
        self.resend(cx);
        self.end_step(cx);
    }

    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        self.desk.synced(synced);
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
