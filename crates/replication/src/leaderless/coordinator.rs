//! A node as the coordinator of the requests that clients bring to it: quorums of `w` for writes and `r` for reads.

use anachron_node::{Answer, Context, Position, Refusal, Request, RequestId};
use anachron_vocabulary::{Key, NodeId, Operation, Reply, Value};

use super::{Held, Leaderless, Mark, Message, ReadRepair, Replaces, Timer, Weakening};
use crate::common::{Content, Open, Quorum, Reading, Versioning, Versions, Write, changed_set, elements};

/// What a request waits for.
#[derive(Debug)]
pub(super) enum Work<V> {
    /// `w` nodes that have a write; or what a read found, before it is answered.
    Store {
        versions: V,
        /// Behind this, the coordinator's own copy is durable; `None` if it does not count.
        stored: Option<Position>,
        /// What to answer then.
        reply: Reply,
    },
    /// `r` nodes that say what they have.
    Read {
        merged: V,
        /// Who answered with what, the coordinator among them.
        found: Vec<(NodeId, V)>,
        /// The element that is looked for, if the question is whether it is there.
        element: Option<Value>,
    },
}

impl<V: Versioning> Leaderless<V> {
    /// A client brings an operation.
    pub(super) fn coordinate(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let sets = self.config.reading == Reading::Union;
        let set = |element, there| {
            changed_set(self.registers.get(request.key), self.registers.initial(), element, there)
        };
        let content = match &request.operation {
            Operation::Read => None,
            Operation::Contains(_) if sets => None,
            Operation::Write(value) => Some(Content::Value(value.clone())),
            Operation::Delete => Some(Content::Deleted),
            Operation::Add(element) if sets => Some(set(element, true)),
            Operation::Remove(element) if sets => Some(set(element, false)),
            // These need to know what is there: consensus, not registers.
            _ => return cx.refuse(request.id, Refusal::Unsupported),
        };
        if !self.desk.admits(request.id, cx) {
            return;
        }
        if let Some(patience) = self.config.request_timeout {
            cx.set_timer(Timer::GiveUp(request.id), patience);
        }
        match content {
            Some(content) => self.coordinate_write(&request, content, cx),
            None => self.coordinate_read(request, cx),
        }
    }

    fn coordinate_write(&mut self, request: &Request, content: Content, cx: &mut Context<'_, Self>) {
        let &Request { id, key, ref operation } = request;
        let held = self.registers.get(key);
        // A set is changed by someone who has seen what is there.
        let sees_all = !matches!(operation, Operation::Write(_) | Operation::Delete)
            || self.config.replaces == Replaces::WhatTheCoordinatorHolds;
        let past = if sees_all {
            held.seen()
        } else {
            self.contexts.get(&(id.client, key)).cloned().unwrap_or_default()
        };
        let write = Write {
            node: cx.me(),
            request: id,
            wall_clock: cx.wall_clock(),
            held,
            context: &past,
            counter_floor: self.counter_floor,
        };
        let versions = self.versioning.write(content, write);
        cx.note(|| {
            let (text, bytes) = (format!("{versions:?}"), versions.metadata_bytes());
            format!("writes {text} ({bytes} bytes of metadata)")
        });
        // A coordinator keeps what it wrote even where it is no home: it must not give the same name to another
        // write. Only a home's copy counts.
        self.store(key, &versions, cx);
        let stored = self.ring.is_home(cx.me(), key).then(|| cx.appended());
        self.follow(id, key, &versions, cx);
        let work = Work::Store { versions, stored, reply: Reply::Done };
        self.open(Open { id, key, quorum: Quorum::new(self.config.write_quorum.into()), work }, cx);
    }

    fn coordinate_read(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let Request { id, key, operation } = request;
        let element = match operation {
            Operation::Contains(element) => Some(element),
            _ => None,
        };
        let mut quorum = Quorum::new(self.config.read_quorum.into());
        let (mut merged, mut found) = (Held::<V>::absent(self.registers.initial()), Vec::new());
        if self.ring.is_home(cx.me(), key) {
            quorum.hear(cx.me());
            merged = self.registers.get(key).clone();
            found.push((cx.me(), merged.clone()));
        }
        self.open(Open { id, key, quorum, work: Work::Read { merged, found, element } }, cx);
    }

    /// Asks the others, and waits unless nobody has to be waited for.
    fn open(&mut self, open: Open<Work<Held<V>>>, cx: &mut Context<'_, Self>) {
        let id = open.id;
        if !open.quorum.is_reached() {
            self.ask(&open, cx);
        }
        self.desk.put(open);
        self.count_own_stores(cx);
        self.finish(id, cx);
    }

    /// Sends a request to every home that has not answered it.
    fn ask(&self, open: &Open<Work<Held<V>>>, cx: &mut Context<'_, Self>) {
        let &Open { id, key, .. } = open;
        let ring = self.ring;
        for peer in cx.peers().filter(|&peer| ring.is_home(peer, key) && !open.quorum.has_heard(peer)) {
            match &open.work {
                // Only what is on the coordinator's disk leaves it. Were it to forget a stamp that it has given, it
                // might give it again, to another value.
                Work::Store { versions, stored, .. } => {
                    let position = stored.unwrap_or(cx.appended());
                    cx.send_after_sync(
                        position,
                        peer,
                        Message::Store { id, key, versions: versions.clone() },
                    );
                }
                Work::Read { .. } => cx.send(peer, Message::Query { id, key }),
            }
        }
    }

    /// The journal is durable further than before: the coordinator is one of the nodes that have a write.
    pub(super) fn count_own_stores(&mut self, cx: &mut Context<'_, Self>) {
        let stored = |work: &Work<Held<V>>| match work {
            Work::Store { stored, .. } => *stored,
            Work::Read { .. } => None,
        };
        for id in self.desk.count_own_copies(cx.me(), stored) {
            self.finish(id, cx);
        }
    }

    /// A replica has a write.
    pub(super) fn on_stored(
        &mut self,
        from: NodeId,
        id: RequestId,
        mark: Mark<V>,
        cx: &mut Context<'_, Self>,
    ) {
        self.arrived(from, id, mark);
        let (ring, all_count) = (self.ring, self.config.counts_stand_ins());
        let Some(open) = self.desk.get_mut(id).filter(|open| all_count || ring.is_home(from, open.key))
        else {
            return;
        };
        if let Work::Store { versions, .. } = &open.work
            && versions.mark() == mark
        {
            open.quorum.hear(from);
            self.finish(id, cx);
        }
    }

    /// A replica answers a read.
    pub(super) fn on_found(
        &mut self,
        from: NodeId,
        id: RequestId,
        answer: Held<V>,
        cx: &mut Context<'_, Self>,
    ) {
        self.observe(&answer);
        let order = self.config.order();
        let (ring, all_count) = (self.ring, self.config.counts_stand_ins());
        let Some(open) = self.desk.get_mut(id).filter(|open| all_count || ring.is_home(from, open.key))
        else {
            return;
        };
        if let Work::Read { merged, found, .. } = &mut open.work
            && open.quorum.hear(from)
        {
            merged.merge(&answer, order);
            found.push((from, answer));
            self.finish(id, cx);
        }
    }

    /// Answers a request if its quorum is reached.
    fn finish(&mut self, id: RequestId, cx: &mut Context<'_, Self>) {
        let Some(open) = self.desk.take_if_reached(id) else { return };
        match open.work {
            Work::Store { reply, .. } => self.answer(id, reply, cx),
            Work::Read { merged, found, element } => {
                self.contexts.entry((id.client, open.key)).or_default().join(&merged.seen());
                let initial = self.registers.initial();
                let reply = match element {
                    None => Reply::Value(self.config.reading.read(&merged, initial)),
                    Some(element) => Reply::Answer(elements(&merged, initial).contains(&element)),
                };
                match self.config.read_repair {
                    ReadRepair::Never => self.answer(id, reply, cx),
                    ReadRepair::Background => {
                        self.repair(id, open.key, &merged, &found, cx);
                        self.answer(id, reply, cx);
                    }
                    ReadRepair::Blocking => self.write_back(id, open.key, merged, &found, reply, cx),
                }
            }
        }
    }

    /// A read is answered only once `w` nodes have what it answers. Those that answered with just that have it.
    fn write_back(
        &mut self,
        id: RequestId,
        key: Key,
        merged: Held<V>,
        found: &[(NodeId, Held<V>)],
        reply: Reply,
        cx: &mut Context<'_, Self>,
    ) {
        let mut quorum = Quorum::new(self.config.write_quorum.into());
        for (node, _) in found.iter().filter(|(node, held)| *held == merged && *node != cx.me()) {
            quorum.hear(*node);
        }
        let mut stored = None;
        if self.ring.is_home(cx.me(), key) {
            self.receive(key, &merged, cx);
            stored = Some(cx.appended());
        }
        self.open(Open { id, key, quorum, work: Work::Store { versions: merged, stored, reply } }, cx);
    }

    fn answer(&mut self, id: RequestId, reply: Reply, cx: &mut Context<'_, Self>) {
        if self.config.request_timeout.is_some() {
            cx.cancel_timer(Timer::GiveUp(id));
        }
        let answer = self.desk.record(id, reply);
        cx.reply_after_sync(cx.appended(), id, answer);
    }

    /// A client would not wait longer. Some replicas may have its write, so nobody can say what will become of it. A
    /// read has no effect, answered or not.
    pub(super) fn give_up(&mut self, id: RequestId, cx: &mut Context<'_, Self>) {
        let Some(open) = self.desk.take(id) else { return };
        let is_write = matches!(open.work, Work::Store { reply: Reply::Done, .. });
        if is_write && !self.weak(Weakening::UnknownReportedAsFailed) {
            cx.reply(id, Answer::Unknown);
        } else {
            cx.refuse(id, Refusal::NoQuorum);
        }
    }

    /// Asks those again who did not answer; of a read, stand-ins as well, if they count.
    pub(super) fn resend(&mut self, cx: &mut Context<'_, Self>) {
        self.desk.timer_went_off();
        let ring = self.ring;
        for open in self.desk.open() {
            self.ask(open, cx);
            let &Open { id, key, .. } = open;
            if self.config.counts_stand_ins() && matches!(open.work, Work::Read { .. }) {
                let me = cx.me();
                for node in ring.stand_ins(key).filter(|&node| node != me) {
                    cx.send(node, Message::Query { id, key });
                }
            }
        }
    }

    /// A tombstone that every home has is forgotten. Writes of this coordinator that are older are where they should
    /// be, or something newer is: nobody sends them again.
    pub(super) fn settle(&mut self, key: Key, tombstone: &Held<V>, cx: &mut Context<'_, Self>) {
        let order = self.config.order();
        let is_older = |versions: &Held<V>| !tombstone.clone().merge(versions, order);
        let replaced = self.desk.open().filter(|open| open.key == key).filter_map(|open| match &open.work {
            Work::Store { versions, .. } if is_older(versions) => Some(open.id),
            _ => None,
        });
        for id in replaced.collect::<Vec<_>>() {
            if let Some(Open { work: Work::Store { reply, .. }, .. }) = self.desk.take(id) {
                self.answer(id, reply, cx);
            }
        }
    }

    /// What every step ends with. The timer is set while a request waits for other nodes.
    pub(super) fn end_step(&mut self, cx: &mut Context<'_, Self>) {
        let me = cx.me();
        let ring = self.ring;
        let waits = |open: &Open<Work<Held<V>>>| open.quorum.needed() > 1 || !ring.is_home(me, open.key);
        self.desk.end_step(waits, (Timer::Resend, self.config.resend_interval), cx);
    }
}
