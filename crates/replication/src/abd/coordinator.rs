//! A node as the coordinator of the requests that clients bring to it: the two phases.

use anachron_node::{Context, Position, Request, RequestId};
use anachron_vocabulary::{NodeId, Operation, Reply};

use super::{Abd, Message, Timer, Weakening};
use crate::common::{Content, Open, Quorum, Stamp, Stamped, majority};

/// A request in one of its phases.
#[derive(Debug)]
pub(super) struct Work {
    /// What to write; `None` for a read.
    writes: Option<Content>,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Asks a majority what the register holds.
    Query {
        /// The newest found so far.
        newest: Stamped,
        /// Where.
        at: NodeId,
    },
    /// Stores a value at a majority.
    Store {
        stamped: Stamped,
        /// Behind this, the coordinator's own copy is durable.
        stored: Position,
    },
}

impl Abd {
    /// A client brings a read or a write.
    pub(super) fn coordinate(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let Request { id, key, operation } = request;
        if !self.desk.admits(id, cx) {
            return;
        }
        let writes = match operation {
            Operation::Write(value) => Some(Content::Value(value)),
            Operation::Delete => Some(Content::Deleted),
            _ => None,
        };
        // The coordinator is the first of its majority.
        let mut quorum = Quorum::new(majority(cx.nodes()));
        quorum.hear(cx.me());
        let skips = writes.is_some() && self.weak(Weakening::WriterSkipsQuery);
        let newest = self.registers.get(key).clone();
        let open =
            Open { id, key, quorum, work: Work { writes, phase: Phase::Query { newest, at: cx.me() } } };
        if skips || open.quorum.is_reached() {
            self.end_query(open, cx);
        } else {
            cx.note(|| {
                format!("{}: asks what the others hold; it holds {:?}", name(id), self.registers.get(key))
            });
            ask(&open, cx);
            self.desk.put(open);
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
        let Some(open) = self.desk.get_mut(id) else { return };
        let Phase::Query { newest, at } = &mut open.work.phase else { return };
        if found.is_newer(newest, order) {
            *newest = found;
            *at = from;
        }
        open.quorum.hear(from);
        if let Some(open) = self.desk.take_if_reached(id) {
            self.end_query(open, cx);
        }
    }

    /// A majority has said what it holds: on to the second phase.
    fn end_query(&mut self, open: Open<Work>, cx: &mut Context<'_, Self>) {
        let Open { id, key, work: Work { writes, phase }, .. } = open;
        let Phase::Query { newest, at } = phase else { unreachable!("only a query ends") };
        cx.note(|| format!("{}: the newest that it has heard of is {newest:?}, at {at}", name(id)));
        let stamped = match &writes {
            Some(content) => {
                // Greater than any stamp of a write that was complete when this one began: each is at a majority,
                // and so at a node that has answered. Greater, too, than any this node has given: two of its clients
                // may write at once.
                if !self.weak(Weakening::WriterSkipsQuery) {
                    self.clock.observe(newest.stamp);
                }
                Stamped { stamp: self.clock.tick(cx.me()), content: content.clone() }
            }
            None if self.weak(Weakening::NoWriteBack) => {
                return self.answer(id, Reply::Value(newest.content.value()), cx);
            }
            None => newest,
        };
        let early = (writes.is_none() && self.weak(Weakening::AsyncWriteBack))
            .then(|| Reply::Value(stamped.content.value()));
        cx.note(|| {
            let what = if writes.is_some() { "stores" } else { "writes back" };
            format!("{}: {what} {stamped:?}", name(id))
        });
        self.store(key, &stamped, cx);
        let work = Work { writes, phase: Phase::Store { stamped, stored: cx.appended() } };
        let open = Open { id, key, quorum: Quorum::new(majority(cx.nodes())), work };
        ask(&open, cx);
        if let Some(reply) = early {
            return self.answer(id, reply, cx);
        }
        self.desk.put(open);
        self.count_own_stores(cx);
    }

    /// The coordinator's own copies that are durable count for their majorities.
    pub(super) fn count_own_stores(&mut self, cx: &mut Context<'_, Self>) {
        let stored = |work: &Work| match work.phase {
            Phase::Store { stored, .. } => Some(stored),
            Phase::Query { .. } => None,
        };
        for id in self.desk.count_own_copies(cx.me(), stored) {
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
        let Some(open) = self.desk.get_mut(id) else { return };
        if let Phase::Store { stamped, .. } = &open.work.phase
            && stamped.stamp == stamp
        {
            open.quorum.hear(from);
            self.end_store(id, cx);
        }
    }

    /// Answers, if a majority has the value.
    fn end_store(&mut self, id: RequestId, cx: &mut Context<'_, Self>) {
        let Some(open) = self.desk.take_if_reached(id) else { return };
        let Phase::Store { stamped, .. } = open.work.phase else { unreachable!("only a store ends") };
        cx.note(|| format!("{}: a majority has {:?}", name(id), stamped.stamp));
        let reply =
            if open.work.writes.is_some() { Reply::Done } else { Reply::Value(stamped.content.value()) };
        self.answer(id, reply, cx);
    }

    fn answer(&mut self, id: RequestId, reply: Reply, cx: &mut Context<'_, Self>) {
        let answer = self.desk.record(id, reply);
        cx.reply(id, answer);
    }

    /// Asks those again who did not answer.
    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        self.desk.timer_went_off();
        self.desk.open().for_each(|open| ask(open, cx));
    }

    /// What every step ends with. The timer is set while a request waits for its majority.
    pub(super) fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        self.desk.end_step(|_| true, (Timer::Resend, self.config.resend_interval), cx);
    }
}

/// Sends the phase's question to every node that has not answered it.
fn ask(open: &Open<Work>, cx: &mut Context<'_, Abd>) {
    let &Open { id, key, .. } = open;
    for peer in cx.peers().filter(|&peer| !open.quorum.has_heard(peer)) {
        match &open.work.phase {
            Phase::Query { .. } => cx.send(peer, Message::Query { id, key }),
            // Only what is on the coordinator's disk leaves it. Were it to forget a stamp that it has given, it
            // might give it again, to another value.
            Phase::Store { stamped, stored } => {
                cx.send_after_sync(*stored, peer, Message::Store { id, key, stamped: stamped.clone() });
            }
        }
    }
}

/// A request's name, for notes.
fn name(RequestId { client, serial }: RequestId) -> String {
    format!("{client}#{serial}")
}
