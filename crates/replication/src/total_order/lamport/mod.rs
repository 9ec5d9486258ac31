//! Total order by stamps and acknowledgements from everybody (Lamport, *Time, Clocks, and the Ordering of Events in a
//! Distributed System*, CACM 1978, pp. 560–562: the mutual exclusion algorithm, whose queue of requests is a total
//! order broadcast; "communication history" in Défago, Schiper and Urbán 2004).
//!
//! The rules, by the paper's numbers:
//! 1. A node stamps its request and sends it to every other node, and puts it in its own queue.
//! 2. A node that receives a request puts it in its queue and sends an acknowledgement, here to everybody: all of them
//!    deliver, not only the one that asked.
//! 5. A node delivers a request when (i) it is the first of the queue by `⇒`, and (ii) every other node has been heard
//!    from with a later stamp. Whatever comes from there later is stamped later still, so nothing can come before it.
//!
//! Rules 3 and 4 release the resource; here a delivered request has left the queue for good.
//!
//! What it promises: the four properties of [`Broadcast`], the last two always. *In the end* takes every
//! node: while one is away, nothing is delivered anywhere (the paper, p. 562: "the failure of a single process will make
//! it impossible for any other process to execute State Machine commands, thereby halting the system").
//!
//! The paper assumes FIFO links without loss and nodes that do not fail. Here links are made so by numbers and resending
//! (`link`), and a crash is made a delay by the disk: a request is durable before it is sent, and durable where it is
//! received before it is acknowledged. An acknowledgement is a promise about stamps, and it survives a restart because
//! the clock restarts above every stamp on the disk.
//!
//! One message costs `n (n - 1)` messages and two delays, always those of the slowest node.
//!
//! An acknowledgement repeats the clock without moving it on: no stamp of its own is ever compared. It counts what the
//! node has requested so far, so it needs no number either, and a lost one needs no resending: whoever lacks it asks.
//!
//! Left out on purpose: leaving nodes out of the group when they fail (membership), stamps on the acknowledgements'
//! arrivals, batching by time.

mod link;
mod messages;

use std::collections::{BTreeMap, VecDeque};

use anachron_node::{Position, Request, View};
use anachron_vocabulary::{NodeId, VirtualDuration};

use super::{Broadcast, Config, MessageId, Output, Timer, Weakening};
use crate::common::{LamportClock, Stamp, majority};
use link::Peer;
pub use messages::{Message, Record, Stamped};

/// A request in the queue.
#[derive(Debug)]
struct Queued {
    number: u64,
    payload: Request,
    /// Behind this, the request is on this node's disk.
    position: Position,
}

/// One node of the protocol.
#[derive(Debug)]
pub struct Lamport1978 {
    me: NodeId,
    resend_interval: VirtualDuration,
    fifo: bool,
    /// How many nodes have to be heard from, this one included: all, unless weakened.
    needed: usize,
    clock: LamportClock,
    peers: BTreeMap<NodeId, Peer<Request>>,
    /// How many requests this node has made.
    sent: u64,
    /// The last ones of them, those that somebody may lack.
    outgoing: VecDeque<Stamped<Request>>,
    /// Every request that is known and not delivered, in the order `⇒`.
    queue: BTreeMap<Stamp, Queued>,
    /// How many requests in the queue are this node's own.
    own_queued: usize,
    durable: Position,
    /// Every request stamped up to here that was on the disk at boot may have been delivered before.
    recovering: Option<Stamp>,
    /// True while the `Resend` timer is set.
    resending: bool,
}

impl Lamport1978 {
    /// This node's promise, for one peer.
    fn acknowledge(&self, to: NodeId, out: &mut Output<'_, Self>) {
        let received = self.peers[&to].received();
        out.send(to, Message::Acknowledge { clock: self.clock.counter(), sent: self.sent, received });
    }

    /// Rule 1, and what rule 2 asks of the receiver: into the queue, and on the disk.
    fn enqueue(&mut self, record: Record<Request>, out: &mut Output<'_, Self>) {
        out.note(|| format!("queues {:?} at {:?}", record.id(), record.stamp));
        let position = out.append(record.clone());
        self.put(record, position);
    }

    fn put(&mut self, record: Record<Request>, position: Position) {
        self.clock.observe(record.stamp);
        self.own_queued += usize::from(record.origin() == self.me);
        let queued = Queued { number: record.number, payload: record.payload, position };
        let before = self.queue.insert(record.stamp, queued);
        assert!(before.is_none(), "no two requests have one stamp");
    }

    /// Rule 5.
    fn deliver(&mut self, out: &mut Output<'_, Self>) {
        while let Some(first) = self.queue.first_entry() {
            let stamp = *first.key();
            // Rule 5 (ii). A peer's later requests have a greater counter than was heard, so `heard == counter` will do.
            let heard = 1 + self.peers.values().filter(|peer| peer.heard() >= stamp.counter).count();
            if heard < self.needed || first.get().position > self.durable {
                break;
            }
            let Queued { number, payload, .. } = first.remove();
            self.own_queued -= usize::from(stamp.node == self.me);
            out.deliver(MessageId { origin: stamp.node, number }, payload);
        }
    }

    /// Rule 5 (ii), for an observer: the first of the queue, and who was not yet heard from with a later stamp.
    fn awaited(&self) -> Option<(MessageId, Stamp, Vec<NodeId>)> {
        let (&stamp, &Queued { number, .. }) = self.queue.first_key_value()?;
        let silent = self.peers.iter().filter(|(_, peer)| peer.heard() < stamp.counter);
        let awaited: Vec<NodeId> = silent.map(|(&node, _)| node).collect();
        let id = MessageId { origin: stamp.node, number };
        (!awaited.is_empty()).then_some((id, stamp, awaited))
    }

    /// A step, told as far as it has changed who is waited for.
    fn step<T>(
        &mut self,
        out: &mut Output<'_, Self>,
        act: impl FnOnce(&mut Self, &mut Output<'_, Self>) -> T,
    ) -> T {
        let before = if out.observed() { self.awaited() } else { None };
        let done = act(self, out);
        self.end_step(out);
        if out.observed()
            && let Some(now) = self.awaited().filter(|now| before.as_ref() != Some(now))
        {
            let (id, stamp, awaited) = now;
            let awaited: Vec<String> = awaited.iter().map(ToString::to_string).collect();
            out.note(|| {
                format!("waits to hear from {} before it delivers {id:?} at {stamp:?}", awaited.join(", "))
            });
        }
        done
    }

    /// Forgets requests that everybody has.
    fn prune(&mut self) {
        let everywhere = self.peers.values().map(|peer| peer.acknowledged.unwrap_or(0)).min();
        let everywhere = everywhere.unwrap_or(self.sent);
        while self.sent - (self.outgoing.len() as u64) < everywhere && self.outgoing.pop_front().is_some() {}
    }

    /// Sends a peer the requests behind number `from`.
    fn resend(&self, to: NodeId, from: u64, out: &mut Output<'_, Self>) {
        let pruned = self.sent - self.outgoing.len() as u64;
        let skip = usize::try_from(from - pruned).expect("a queue fits the memory");
        let requests: Vec<_> = self.outgoing.iter().skip(skip).cloned().collect();
        out.send(to, Message::Requests { first: from + 1, requests });
    }

    /// Rule 1.
    fn request(&mut self, payload: Request, out: &mut Output<'_, Self>) -> MessageId {
        let stamp = self.clock.tick(self.me);
        self.sent += 1;
        let id = MessageId { origin: self.me, number: self.sent };
        let stamped = Stamped { counter: stamp.counter, payload: payload.clone() };
        self.outgoing.push_back(stamped.clone());
        self.enqueue(Record { stamp, number: id.number, payload }, out);
        out.multicast(&Message::Requests { first: id.number, requests: vec![stamped] });
        self.prune();
        id
    }

    /// Rule 2 at the receiver, and what it is told in return.
    fn hear(&mut self, from: NodeId, message: Message<Request>, out: &mut Output<'_, Self>) {
        let fifo = self.fifo;
        let peer = self.peers.get_mut(&from).expect("messages come from other nodes");
        match message {
            Message::Requests { first, requests } => {
                let ready = peer.take(first, requests, fifo);
                if ready.is_empty() {
                    self.acknowledge(from, out);
                } else {
                    for (number, Stamped { counter, payload }) in ready {
                        let stamp = Stamp { counter, node: from };
                        self.enqueue(Record { stamp, number, payload }, out);
                    }
                    out.peers().for_each(|to| self.acknowledge(to, out));
                }
            }
            Message::Acknowledge { clock, sent, received } => {
                peer.promise(sent, clock, fifo);
                peer.acknowledged = peer.acknowledged.max(Some(received));
                self.prune();
            }
            Message::Ask => self.acknowledge(from, out),
        }
    }

    /// Says again what somebody may lack, and asks those who were not heard from.
    fn ask_again(&mut self, out: &mut Output<'_, Self>) {
        self.resending = false;
        let needed = self.queue.last_key_value().map_or(0, |(stamp, _)| stamp.counter);
        for (&to, peer) in &self.peers {
            if let Some(acknowledged) = peer.acknowledged.filter(|&known| known < self.sent) {
                self.resend(to, acknowledged, out);
            }
            if peer.acknowledged.is_none() || peer.heard() < needed {
                out.send(to, Message::Ask);
            }
        }
    }

    /// What every step ends with.
    fn end_step(&mut self, out: &mut Output<'_, Self>) {
        self.deliver(out);
        let lacking = self.peers.values().any(|peer| peer.acknowledged != Some(self.sent));
        let waiting = !self.queue.is_empty() || (lacking && self.sent > 0);
        if waiting && !self.resending {
            out.set_timer(Timer::Resend, self.resend_interval);
        } else if !waiting && self.resending {
            out.cancel_timer(Timer::Resend);
        }
        self.resending = waiting;
    }
}

impl Broadcast for Lamport1978 {
    type Payload = Request;
    type Message = Message<Request>;
    type Record = Record<Request>;
    type Timer = Timer;

    fn recover(config: &Config, records: &[Record<Request>], out: &mut Output<'_, Self>) -> Self {
        let nodes = usize::from(out.nodes());
        let weak = config.weak(Weakening::MajorityAcknowledges);
        let mut node = Self {
            me: out.me(),
            resend_interval: config.resend_interval,
            fifo: !config.weak(Weakening::NoFifo),
            needed: if weak { majority(nodes) } else { nodes },
            clock: LamportClock::default(),
            peers: out.peers().map(|peer| (peer, Peer::new())).collect(),
            sent: 0,
            outgoing: VecDeque::new(),
            queue: BTreeMap::new(),
            own_queued: 0,
            durable: Position(0),
            recovering: None,
            resending: false,
        };
        for record in records {
            if let Some(peer) = node.peers.get_mut(&record.origin()) {
                peer.took(record.number, record.stamp.counter);
            } else {
                node.sent = record.number;
                let payload = record.payload.clone();
                node.outgoing.push_back(Stamped { counter: record.stamp.counter, payload });
            }
            node.put(record.clone(), out.appended());
        }
        node.recovering = node.queue.last_key_value().map(|(&stamp, _)| stamp);
        if records.is_empty() {
            // Nobody can have a request of a node that has never written one down.
            node.peers.values_mut().for_each(|peer| peer.acknowledged = Some(0));
        } else {
            out.multicast(&Message::Ask);
        }
        node.end_step(out);
        node
    }

    fn broadcast(&mut self, payload: Request, out: &mut Output<'_, Self>) -> MessageId {
        self.step(out, |node, out| node.request(payload, out))
    }

    fn receive(&mut self, from: NodeId, message: Message<Request>, out: &mut Output<'_, Self>) {
        self.step(out, |node, out| node.hear(from, message, out));
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Output<'_, Self>) {
        assert_eq!(timer, Timer::Resend, "there is no sequencer to suspect");
        self.step(out, Self::ask_again);
    }

    fn on_durable(&mut self, position: Position, out: &mut Output<'_, Self>) {
        self.step(out, |node, _| node.durable = node.durable.max(position));
    }

    fn has_recovered(&self) -> bool {
        self.recovering.is_none_or(|last| self.queue.range(..=last).next().is_none())
    }

    fn undelivered(&self) -> usize {
        self.own_queued
    }

    fn view(&self) -> View {
        let facts =
            vec![("clock", self.clock.counter().to_string()), ("queue", self.queue.len().to_string())];
        View { role: "peer", term: 0, commit: 0, facts }
    }
}
