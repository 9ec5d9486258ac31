//! A node as the coordinator of the requests that clients bring to it: quorums of `w` for writes and `r` for reads.

use anachron_node::{Answer, Context, Position, Request, RequestId};
use anachron_vocabulary::{Key, NodeId, Operation, Reply};

use super::{Leaderless, Message, Timer};
use crate::common::{Quorum, Seen, Stamp, Stamped};

/// A request that waits for its quorum.
#[derive(Debug)]
pub(super) struct Pending {
    id: RequestId,
    key: Key,
    quorum: Quorum,
    work: Work,
}

#[derive(Debug)]
enum Work {
    Write {
        stamped: Stamped,
        /// Behind this, the coordinator's own copy is durable.
        stored: Position,
    },
    Read {
        newest: Stamped,
        /// Who answered with what stamp, the coordinator among them.
        found: Vec<(NodeId, Stamp)>,
    },
}

impl Pending {
    /// Sends a request to every node that has not answered it.
    fn ask(&self, cx: &mut Context<'_, Leaderless>) {
        let &Self { id, key, .. } = self;
        for peer in cx.peers().filter(|&peer| !self.quorum.has_heard(peer)) {
            match &self.work {
                // Only what is on the coordinator's disk leaves it. Were it to forget a stamp that it has given, it
                // might give it again, to another value.
                Work::Write { stamped, stored } => {
                    cx.send_after_sync(*stored, peer, Message::Store { id, key, stamped: stamped.clone() });
                }
                Work::Read { .. } => cx.send(peer, Message::Query { id, key }),
            }
        }
    }
}

impl Leaderless {
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
        let pending = if let Operation::Write(value) = operation {
            let stamped = Stamped { stamp: self.clock.tick(cx.me()), value };
            self.store(key, &stamped, cx);
            let work = Work::Write { stamped, stored: cx.appended() };
            Pending { id, key, quorum: Quorum::new(self.config.write_quorum.into()), work }
        } else {
            let own = self.registers.get(key);
            let mut quorum = Quorum::new(self.config.read_quorum.into());
            quorum.hear(cx.me());
            let work = Work::Read { found: vec![(cx.me(), own.stamp)], newest: own };
            Pending { id, key, quorum, work }
        };
        if !pending.quorum.is_reached() {
            pending.ask(cx);
        }
        self.pending.insert(id.client, pending);
        self.count_own_stores(cx);
        self.finish(id, cx);
    }

    /// The journal is durable up to `synced`: the coordinator is one of the nodes that have a write.
    pub(super) fn count_own_stores(&mut self, cx: &mut Context<'_, Self>) {
        let mut done = Vec::new();
        for pending in self.pending.values_mut() {
            if let Work::Write { stored, .. } = pending.work
                && stored <= self.synced
                && pending.quorum.hear(cx.me())
            {
                done.push(pending.id);
            }
        }
        for id in done {
            self.finish(id, cx);
        }
    }

    /// A replica has a write.
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
        if let Work::Write { stamped, .. } = &pending.work
            && stamped.stamp == stamp
        {
            pending.quorum.hear(from);
            self.finish(id, cx);
        }
    }

    /// A replica answers a read.
    pub(super) fn on_found(
        &mut self,
        from: NodeId,
        id: RequestId,
        answer: Stamped,
        cx: &mut Context<'_, Self>,
    ) {
        let order = self.config.order();
        let Some(pending) = self.pending.get_mut(&id.client).filter(|pending| pending.id == id) else {
            return;
        };
        if let Work::Read { newest, found } = &mut pending.work
            && pending.quorum.hear(from)
        {
            found.push((from, answer.stamp));
            if order.is_newer(answer.stamp, newest.stamp) {
                *newest = answer;
            }
            self.finish(id, cx);
        }
    }

    /// Answers a request if its quorum is reached.
    fn finish(&mut self, id: RequestId, cx: &mut Context<'_, Self>) {
        let Some(pending) = self.pending.get(&id.client) else { return };
        if pending.id != id || !pending.quorum.is_reached() {
            return;
        }
        let pending = self.pending.remove(&id.client).expect("found just now");
        let reply = match pending.work {
            Work::Write { .. } => Reply::Done,
            Work::Read { newest, found } => {
                if self.config.read_repair {
                    self.repair(id, pending.key, &newest, &found, cx);
                }
                Reply::Value(newest.value)
            }
        };
        let answer = Answer::Ok(reply);
        self.answered.record(id, answer.clone());
        cx.reply_after_sync(cx.appended(), id, answer);
    }

    /// Asks those again who did not answer.
    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        self.resending = false;
        for pending in self.pending.values() {
            pending.ask(cx);
        }
    }

    /// Sets the `Resend` timer while a request waits for other nodes.
    pub(super) fn see_to_resending(&mut self, cx: &mut Context<'_, Self>) {
        let waiting = self.pending.values().any(|pending| pending.quorum.needed() > 1);
        if waiting && !self.resending {
            cx.set_timer(Timer::Resend, self.config.resend_interval);
        } else if !waiting && self.resending {
            cx.cancel_timer(Timer::Resend);
        }
        self.resending = waiting;
    }
}
