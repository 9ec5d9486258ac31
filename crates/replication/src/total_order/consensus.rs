//! Total order by consensus: the order is the log on which a consensus protocol agrees (Chandra and Toueg, *Unreliable
//! Failure Detectors for Reliable Distributed Systems*, JACM 1996, section 7, who show that the two problems are one;
//! "destinations agreement" in Défago, Schiper and Urbán 2004).
//!
//! The protocol is any [`AgreedLog`]: Raft, or Multi-Paxos. Each node has a replica of it inside.
//!
//! The rules:
//! - A node writes down what it broadcasts, and submits it to the log's leader, again and again until it has delivered it.
//! - The leader puts a submission into the log, once in a reign. A later leader may put it there again.
//! - A node goes through the log as far as it is decided, place by place, and delivers what it meets for the first time.
//!   All go through the same log, so all skip the same doubles.
//! - A place is gone through once this node's journal is durable up to where the place was decided. So the log that it
//!   finds after a restart reaches as far as it has ever delivered.
//!
//! Why doubles are told by the set of all names, not by each origin's last number: submissions of one origin overtake each
//! other. n1 submits `a`, which is lost, and then `b`, which is delivered. Were only the last number kept, `a` would look
//! old when it comes again, and would never be delivered: validity is gone.
//!
//! What it promises: the four properties of [`Broadcast`], the last two always; *in the end* takes a majority that lives
//! and can talk, and a leader that stays in office.
//!
//! One message costs what an entry of the log costs at its leader, and one message more from elsewhere.
//!
//! The log's messages keep the contract's rule for disks like any other: a leader's own disk does not work while its
//! followers' do, but before them.
//!
//! Left out on purpose: the weakenings of the protocols below (they have strategies of their own), compaction, FIFO order
//! of one origin's messages (the contract doesn't ask for it).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use anachron_node::{Context, Disk, Effect, Position, Request, View};
use anachron_vocabulary::{NodeId, VirtualDuration};

use super::{Broadcast, Config, MessageId, Output, Weakening};
use crate::common::{AgreedLog, Submission};

/// What nodes say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message<M> {
    /// To the log's leader: what the sender wants to have in it.
    Submit(Vec<Arc<Submission>>),
    /// Among the replicas of the log.
    Log(M),
}

/// What a node writes down.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record<R> {
    /// A message of its own, before anybody hears of it. They are numbered as they come.
    Broadcast(Request),
    /// A record of the log's replica.
    Log(R),
}

/// What a node may ask to be woken for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer<T> {
    /// Something of its own is not delivered yet: submit it again.
    Resend,
    /// A timer of the log's replica.
    Log(T),
}

/// One node of the protocol, over the log `L`.
#[derive(Debug)]
pub struct Consensus<L> {
    me: NodeId,
    resend_interval: VirtualDuration,
    /// False under a weakening: what the log holds is delivered, decided or not.
    waits_for_decision: bool,
    log: L,
    /// How many messages this node has broadcast.
    sent: u64,
    /// Those that it has not delivered yet, by number.
    own: BTreeMap<u64, Arc<Submission>>,
    /// The reign of this node, if it leads the log, for which `put` holds.
    reign: Option<u64>,
    /// What needs no place any more: the log had it when the reign began, or it was put there since.
    put: BTreeSet<MessageId>,
    /// Up to which place all is decided, and behind which position this node knew; those not gone through yet.
    decided: VecDeque<(u64, Position)>,
    /// The last place that was gone through. Invariant: decided, and durable here.
    place: u64,
    /// The names of all that this node has delivered since it booted.
    delivered: BTreeSet<MessageId>,
    /// It may have gone through so many places before it restarted.
    recovering: u64,
    durable: Position,
    /// True while the `Resend` timer is set.
    resending: bool,
}

impl<L: AgreedLog> Consensus<L> {
    /// The replica of the log.
    pub fn log(&self) -> &L {
        &self.log
    }

    /// Lets the replica of the log take a step.
    fn at_log(&mut self, out: &mut Output<'_, Self>, step: impl FnOnce(&mut L, &mut Context<'_, L>)) {
        let ((), effects) = out.nested(|inner| step(&mut self.log, inner));
        carry_out(effects, out);
    }

    /// Sees to it that messages of its own get into the log, if anybody is known who can put them there.
    fn submit(&mut self, submissions: Vec<Arc<Submission>>, out: &mut Output<'_, Self>) {
        if self.reign.is_some() {
            self.put(submissions, out);
        } else if let Some(leader) = self.log.leader().filter(|&leader| leader != self.me)
            && !submissions.is_empty()
        {
            out.send(leader, Message::Submit(submissions));
        }
    }

    /// At the leader: puts into the log what it doesn't hold. Anybody else pays no heed: the origin will ask again.
    fn put(&mut self, submissions: Vec<Arc<Submission>>, out: &mut Output<'_, Self>) {
        for submission in submissions {
            if self.reign.is_some() && self.reign == self.log.reign() && self.put.insert(submission.id) {
                self.at_log(out, |log, inner| log.put(submission, inner));
            }
        }
    }

    /// Notices that this node has begun to lead the log, or has ceased to.
    fn follow_reign(&mut self, out: &mut Output<'_, Self>) {
        let reign = self.log.reign();
        if reign == self.reign {
            return;
        }
        self.reign = reign;
        self.put.clear();
        if reign.is_some() {
            let places = 1..=self.log.held_up_to();
            self.put = places.filter_map(|place| Some(self.log.held(place)?.id)).collect();
            self.submit(self.own.values().cloned().collect(), out);
        }
    }

    /// Goes through what is decided and durable.
    fn deliver(&mut self, out: &mut Output<'_, Self>) {
        let known = self.decided.back().map_or(self.place, |&(place, _)| place);
        let upto = if self.waits_for_decision { self.log.decided_up_to() } else { self.log.held_up_to() };
        if upto > known {
            self.decided.push_back((upto, out.appended()));
        }
        while let Some((upto, _)) = self.decided.pop_front_if(|&mut (_, position)| position <= self.durable) {
            // What is decided stays; what is not may have been cut off since (under the weakening).
            while self.place < upto.min(self.log.held_up_to()) {
                self.place += 1;
                let Some(submission) = self.log.held(self.place) else { continue };
                let Submission { id, request } = &**submission;
                if self.delivered.insert(*id) {
                    if id.origin == self.me {
                        self.own.remove(&id.number);
                    }
                    out.deliver(*id, request.clone());
                }
            }
        }
    }

    /// What every step ends with.
    fn end_step(&mut self, out: &mut Output<'_, Self>) {
        self.follow_reign(out);
        self.deliver(out);
        // What the log has lost since was never decided.
        self.recovering = self.recovering.min(self.log.held_up_to());
        let waiting = !self.own.is_empty();
        if waiting && !self.resending {
            out.set_timer(Timer::Resend, self.resend_interval);
        } else if !waiting && self.resending {
            out.cancel_timer(Timer::Resend);
        }
        self.resending = waiting;
    }
}

/// What the replica of the log wants done. It has no clients, and the contract syncs whatever is written.
fn carry_out<L: AgreedLog>(effects: Vec<Effect<L>>, out: &mut Output<'_, Consensus<L>>) {
    for effect in effects {
        match effect {
            Effect::Send { to, message } | Effect::SendAfterSync { to, message, .. } => {
                out.send(to, Message::Log(message));
            }
            Effect::Multicast { message } => out.multicast(&Message::Log(message)),
            Effect::SetTimer { timer, after } => out.set_timer(Timer::Log(timer), after),
            Effect::CancelTimer { timer } => out.cancel_timer(Timer::Log(timer)),
            Effect::Append(record) => {
                out.append(Record::Log(record));
            }
            Effect::Sync => {}
            Effect::Note(text) => out.note(|| text),
            Effect::Reply { to, .. } | Effect::ReplyAfterSync { to, .. } => {
                unreachable!("the log was never asked {to:?}")
            }
        }
    }
}

impl<L: AgreedLog> Broadcast for Consensus<L> {
    type Payload = Request;
    type Message = Message<L::Message>;
    type Record = Record<L::Record>;
    type Timer = Timer<L::Timer>;

    fn recover(config: &Config, records: &[Self::Record], out: &mut Output<'_, Self>) -> Self {
        let me = out.me();
        let patience = config.suspicion_timeout.expect("a consensus protocol has a failover");
        let settings = L::settings(NodeId(0), patience);
        let (mut own, mut kept) = (BTreeMap::new(), Vec::new());
        let mut sent = 0;
        for record in records {
            match record {
                Record::Broadcast(request) => {
                    sent += 1;
                    let id = MessageId { origin: me, number: sent };
                    own.insert(sent, Arc::new(Submission { id, request: request.clone() }));
                }
                Record::Log(record) => kept.push(record.clone()),
            }
        }
        // A half-written record was never synced, so nothing was said that depends on it.
        let disk = Disk { records: &kept, torn_tail: false };
        let (log, effects) = out.nested(|inner| L::boot(&settings, disk, inner));
        carry_out(effects, out);
        let recovering = log.held_up_to();
        let mut node = Self {
            me,
            resend_interval: config.resend_interval,
            waits_for_decision: !config.weak(Weakening::DeliverBeforeStable),
            log,
            sent,
            own,
            reign: None,
            put: BTreeSet::new(),
            decided: VecDeque::new(),
            place: 0,
            delivered: BTreeSet::new(),
            recovering,
            durable: Position(0),
            resending: false,
        };
        node.end_step(out);
        node
    }

    fn broadcast(&mut self, payload: Request, out: &mut Output<'_, Self>) -> MessageId {
        self.sent += 1;
        let id = MessageId { origin: self.me, number: self.sent };
        out.append(Record::Broadcast(payload.clone()));
        let submission = Arc::new(Submission { id, request: payload });
        self.own.insert(id.number, Arc::clone(&submission));
        self.submit(vec![submission], out);
        self.end_step(out);
        id
    }

    fn receive(&mut self, from: NodeId, message: Self::Message, out: &mut Output<'_, Self>) {
        match message {
            Message::Submit(submissions) => self.put(submissions, out),
            Message::Log(message) => self.at_log(out, |log, inner| log.on_message(from, message, inner)),
        }
        self.end_step(out);
    }

    fn on_timer(&mut self, timer: Self::Timer, out: &mut Output<'_, Self>) {
        match timer {
            Timer::Resend => {
                self.resending = false;
                self.submit(self.own.values().cloned().collect(), out);
            }
            Timer::Log(timer) => self.at_log(out, |log, inner| log.on_timer(timer, inner)),
        }
        self.end_step(out);
    }

    fn on_durable(&mut self, position: Position, out: &mut Output<'_, Self>) {
        self.durable = self.durable.max(position);
        self.at_log(out, |log, inner| log.on_synced(position, inner));
        self.end_step(out);
    }

    fn has_recovered(&self) -> bool {
        self.place >= self.recovering
    }

    fn undelivered(&self) -> usize {
        self.own.len()
    }

    fn view(&self) -> View {
        self.log.view()
    }
}
