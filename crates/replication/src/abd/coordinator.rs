//! A node as the coordinator of the requests that clients bring to it: the two phases.

use anachron_node::{Answer, Context, Position, Request, RequestId};
use anachron_vocabulary::{Key, NodeId, Operation, Reply, Value};

use super::{Abd, Message, Timer, Weakening};
use crate::common::{Quorum, Seen, Stamp, Stamped, majority};

/// A request in one of its phases.
#[derive(Debug)]
pub(super) struct Pending {
    id: RequestId,
    key: Key,
    /// What to write; `None` for a read.
    writes: Option<Value>,
    phase: Phase,
    /// Who has answered in this phase.
    quorum: Quorum,
}

#[derive(Debug)]
enum Phase {
    /// Asks a majority what the register holds.
    Query {
        /// The newest found so far.
        newest: Stamped,
    },
    /// Stores a value at a majority.
    Store {
        stamped: Stamped,
        /// Behind this, the coordinator's own copy is durable.
        stored: Position,
    },
}

impl Pending {
    /// Sends the phase's question to every node that has not answered it.
    fn ask(&self, cx: &mut Context<'_, Abd>) {
        let &Self { id, key, .. } = self;
        for peer in cx.peers().filter(|&peer| !self.quorum.has_heard(peer)) {
            match &self.phase {
                Phase::Query { .. } => cx.send(peer, Message::Query { id, key }),
                // Only what is on the coordinator's disk leaves it. Were it to forget a stamp that it has given, it
                // might give it again, to another value.
                Phase::Store { stamped, stored } => {
                    cx.send_after_sync(*stored, peer, Message::Store { id, key, stamped: stamped.clone() });
                }
            }
        }
    }
}

impl Abd {
    /// A client brings a read or a write.
    pub(super) fn coordinate(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let Request { id, key, operation } = request;
        match self.answered.seen(id) {
            Seen::New => {}
            Seen::Before(answer) => return cx.reply(id, answer),
            Seen::Outdated => return,
        }
        // A retry of what is under way waits with it; an older request than that is answered no more.
        if self.pending.get(&id.client).is_some_and(|pending| pending.id.serial >= id.serial) {
            return;
        }
        let writes = match operation {
            Operation::Write(value) => Some(value),
            _ => None,
        };
        // The coordinator is the first of its majority.
        let mut quorum = Quorum::new(majority(cx.nodes()));
        quorum.hear(cx.me());
        let newest = self.registers.get(key);
        let pending = Pending { id, key, writes, phase: Phase::Query { newest }, quorum };
        let skips = pending.writes.is_some() && self.weak(Weakening::WriterSkipsQuery);
        if skips || pending.quorum.is_reached() {
            self.end_query(pending, cx);
        } else {
            pending.ask(cx);
            self.pending.insert(id.client, pending);
        }
    }

    /// First phase: a replica says what it holds.
    pub(super) fn on_found(
        &mut self,
        from: NodeId,
        id: RequestId,
        found: Stamped,
        cx: &mut Context<'_, Self>,
    ) {
        let order = self.config.order();
        let Some(pending) = self.pending.get_mut(&id.client).filter(|pending| pending.id == id) else {
            return;
        };
        let Phase::Query { newest } = &mut pending.phase else { return };
        if order.is_newer(found.stamp, newest.stamp) {
            *newest = found;
        }
        pending.quorum.hear(from);
        if pending.quorum.is_reached() {
            let pending = self.pending.remove(&id.client).expect("found just now");
            self.end_query(pending, cx);
        }
    }

    /// A majority has said what it holds: on to the second phase.
    fn end_query(&mut self, pending: Pending, cx: &mut Context<'_, Self>) {
        let Phase::Query { newest } = pending.phase else { unreachable!("only a query ends") };
        let Pending { id, key, writes, .. } = pending;
        let stamped = match &writes {
            Some(value) => {
                // Greater than any stamp of a write that was complete when this one began: each is at a majority,
                // and so at a node that has answered. Greater, too, than any this node has given: two of its clients
                // may write at once.
                if !self.weak(Weakening::WriterSkipsQuery) {
                    self.clock.observe(newest.stamp);
                }
                Stamped { stamp: self.clock.tick(cx.me()), value: value.clone() }
            }
            None if self.weak(Weakening::NoWriteBack) => {
                return self.answer(id, Reply::Value(newest.value), cx);
            }
            None => newest,
        };
        let early = (writes.is_none() && self.weak(Weakening::AsyncWriteBack))
            .then(|| Reply::Value(stamped.value.clone()));
        self.store(key, &stamped, cx);
        let phase = Phase::Store { stamped, stored: cx.appended() };
        let pending = Pending { id, key, writes, phase, quorum: Quorum::new(majority(cx.nodes())) };
        pending.ask(cx);
        if let Some(reply) = early {
            return self.answer(id, reply, cx);
        }
        self.pending.insert(id.client, pending);
        self.count_own_stores(cx);
    }

    /// The coordinator's own copies that are durable count for their majorities.
    pub(super) fn count_own_stores(&mut self, cx: &mut Context<'_, Self>) {
        let mut heard = Vec::new();
        for pending in self.pending.values_mut() {
            if let Phase::Store { stored, .. } = pending.phase
                && stored <= self.synced
                && pending.quorum.hear(cx.me())
            {
                heard.push(pending.id);
            }
        }
        for id in heard {
            self.end_store(id, cx);
        }
    }

    /// Second phase: a replica has the value.
    pub(super) fn on_stored(
        &mut self,
        from: NodeId,
        id: RequestId,
        stamp: Stamp,
        cx: &mut Context<'_, Self>,
    ) {
        let Some(pending) = self.pending.get_mut(&id.client).filter(|pending| pending.id == id) else {
            return;
        };
        if let Phase::Store { stamped, .. } = &pending.phase
            && stamped.stamp == stamp
        {
            pending.quorum.hear(from);
            self.end_store(id, cx);
        }
    }

    /// Answers, if a majority has the value.
    fn end_store(&mut self, id: RequestId, cx: &mut Context<'_, Self>) {
        if !self
            .pending
            .get(&id.client)
            .is_some_and(|pending| pending.id == id && pending.quorum.is_reached())
        {
            return;
        }
        let pending = self.pending.remove(&id.client).expect("found just now");
        let Phase::Store { stamped, .. } = pending.phase else { unreachable!("only a store ends") };
        let reply = if pending.writes.is_some() { Reply::Done } else { Reply::Value(stamped.value) };
        self.answer(id, reply, cx);
    }

    fn answer(&mut self, id: RequestId, reply: Reply, cx: &mut Context<'_, Self>) {
        let answer = Answer::Ok(reply);
        self.answered.record(id, answer.clone());
        cx.reply(id, answer);
    }

    /// Asks those again who did not answer.
    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        self.resending = false;
        for pending in self.pending.values() {
            pending.ask(cx);
        }
    }

    /// Sets the `Resend` timer while a request waits for its majority.
    pub(super) fn see_to_resending(&mut self, cx: &mut Context<'_, Self>) {
        let waiting = !self.pending.is_empty();
        if waiting && !self.resending {
            cx.set_timer(Timer::Resend, self.config.resend_interval);
        } else if !waiting && self.resending {
            cx.cancel_timer(Timer::Resend);
        }
        self.resending = waiting;
    }
}
