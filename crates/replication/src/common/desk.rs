//! A coordinator's desk: the requests that clients brought to a node and that wait for other nodes.
//!
//! Why it exists: whoever coordinates by quorums has the same four things to keep. Which requests are open (a client
//! has one at a time: its next one ends the one before). Which were answered, for retries. How far the journal is
//! durable, because the coordinator's own copy counts only then. And the one timer by which it asks again.
//!
//! A retry is recognised by the coordinator that took the request first, until it restarts. At another node it is
//! another request.

use std::collections::BTreeMap;

use anachron_node::{Answer, Context, Position, Replica, RequestId};
use anachron_vocabulary::{ClientId, Key, NodeId, Reply, VirtualDuration};

use super::{Quorum, Seen, Sessions};

/// A request that waits for its quorum.
#[derive(Debug)]
pub struct Open<W> {
    /// The client's request.
    pub id: RequestId,
    /// The object.
    pub key: Key,
    /// Who has answered.
    pub quorum: Quorum,
    /// What the quorum is for.
    pub work: W,
}

/// The requests of one coordinator.
#[derive(Debug)]
pub struct Desk<W> {
    open: BTreeMap<ClientId, Open<W>>,
    /// What this node has answered since it booted.
    answered: Sessions,
    /// How far the journal is durable.
    synced: Position,
    /// The journal position at the end of the last step, to tell whether a sync is needed.
    position: Position,
    /// True while the timer is set by which the coordinator asks again.
    resending: bool,
}

impl<W> Desk<W> {
    /// An empty desk at boot: the journal is as the disk kept it.
    pub fn new(journal: Position) -> Self {
        Self {
            open: BTreeMap::new(),
            answered: Sessions::default(),
            synced: journal,
            position: journal,
            resending: false,
        }
    }

    /// True if a request is new. A retry of one that was answered is answered again; of one under way, it waits with
    /// it; an older request than that is answered no more.
    pub fn admits<R: Replica>(&self, id: RequestId, cx: &mut Context<'_, R>) -> bool {
        match self.answered.seen(id) {
            Seen::New => self.open.get(&id.client).is_none_or(|open| open.id.serial < id.serial),
            Seen::Before(answer) => {
                cx.reply(id, answer);
                false
            }
            Seen::Outdated => false,
        }
    }

    /// Puts a request on the desk.
    pub fn put(&mut self, open: Open<W>) {
        self.open.insert(open.id.client, open);
    }

    /// An open request.
    pub fn get_mut(&mut self, id: RequestId) -> Option<&mut Open<W>> {
        self.open.get_mut(&id.client).filter(|open| open.id == id)
    }

    /// Takes a request off the desk.
    pub fn take(&mut self, id: RequestId) -> Option<Open<W>> {
        self.get_mut(id)?;
        self.open.remove(&id.client)
    }

    /// Takes a request off the desk if its quorum is reached.
    pub fn take_if_reached(&mut self, id: RequestId) -> Option<Open<W>> {
        self.get_mut(id).filter(|open| open.quorum.is_reached())?;
        self.open.remove(&id.client)
    }

    /// Every open request, by client.
    pub fn open(&self) -> impl Iterator<Item = &Open<W>> {
        self.open.values()
    }

    /// The journal is durable up to here.
    pub fn synced(&mut self, synced: Position) {
        self.synced = synced;
    }

    /// Counts the coordinator's own copies that have become durable. `stored` says behind which position the copy of
    /// a request is, if it counts at all. Returns the requests that were waiting for it.
    pub fn count_own_copies(
        &mut self,
        me: NodeId,
        stored: impl Fn(&W) -> Option<Position>,
    ) -> Vec<RequestId> {
        let synced = self.synced;
        let durable = |open: &&mut Open<W>| stored(&open.work).is_some_and(|position| position <= synced);
        let counted = self.open.values_mut().filter(durable).filter_map(|open| {
            let new = open.quorum.hear(me);
            new.then_some(open.id)
        });
        counted.collect()
    }

    /// Keeps the answer of a request, for retries.
    pub fn record(&mut self, id: RequestId, reply: Reply) -> Answer {
        let answer = Answer::Ok(reply);
        self.answered.record(id, answer.clone());
        answer
    }

    /// The timer has gone off by which the coordinator asks again.
    pub fn timer_went_off(&mut self) {
        self.resending = false;
    }

    /// What every step ends with: whatever was written is on its way to the disk, and the timer is set while
    /// requests wait for others.
    pub fn end_step<R: Replica>(
        &mut self,
        waits: impl Fn(&Open<W>) -> bool,
        (timer, interval): (R::Timer, VirtualDuration),
        cx: &mut Context<'_, R>,
    ) {
        if cx.appended() != self.position {
            self.position = cx.appended();
            cx.sync();
        }
        let waiting = self.open.values().any(waits);
        if waiting && !self.resending {
            cx.set_timer(timer, interval);
        } else if !waiting && self.resending {
            cx.cancel_timer(timer);
        }
        self.resending = waiting;
    }
}
