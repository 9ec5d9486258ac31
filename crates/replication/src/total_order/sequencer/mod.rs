//! A fixed sequencer with failover (Défago, Schiper and Urbán 2004: fixed sequencer, the variant *unicast–broadcast*: the
//! sender sends to the sequencer, the sequencer to everybody; as in Amoeba's group communication, Kaashoek and Tanenbaum
//! 1991).
//!
//! The rules:
//! - A node writes down what it broadcasts and submits it to the sequencer, again and again until it has delivered it.
//! - The sequencer gives each message the next place in the order, writes that down, and sends it to everybody. An
//!   origin's messages get their places in the order of their numbers, so a message that comes twice is told by its
//!   number, by this sequencer and by any later one.
//! - A node stores the order without gaps (what comes early is held back), and acknowledges what is on its disk.
//! - What a majority has on disk is *stable*. A node delivers what is stable and on its own disk.
//! - When the sequencer is silent, the next epoch's takes over (`epoch`).
//!
//! Waiting for a majority is what makes delivery uniform: a node that delivered at once could deliver a message that
//! nobody else ever gets, and tell a client of it (`tob-deliver-before-stable`).
//!
//! What it promises: the four properties of [`Broadcast`], the last two always; *in the end* takes a
//! majority that lives and can talk. Without failover (no suspicion time-out) it also takes the first sequencer, and a
//! dead one blocks. One sequencer is never elected by mistake: an epoch belongs to one node, and a node that comes back
//! from its disk goes on in the epoch it was in, for it has sent nothing that was not on that disk.
//!
//! One message costs `1 + 3 (n - 1)` messages and four delays until its origin delivers it; two delays if the origin is
//! the sequencer.
//!
//! An idle cluster is silent. Only a node that waits for something suspects the sequencer; so a dead one is found when
//! it is first missed. A node that is cut off and waits counts the epochs up alone, and deposes the sequencer when it
//! comes back: that costs a failover, not safety.
//!
//! Left out on purpose: compaction (a new sequencer's order is sent whole), batching, moving sequencers.

mod epoch;
mod messages;
mod order;

use std::collections::{BTreeMap, VecDeque};

use anachron_node::{Position, Request, View};
use anachron_vocabulary::{NodeId, VirtualDuration};

use super::{Broadcast, Config, MessageId, Output, Timer, Weakening, Weakenings};
use crate::common::majority;
use epoch::Promised;
pub use messages::{Body, Entry, Epoch, Message, Record};
use order::Order;

/// What a node is in its epoch.
#[derive(Debug)]
enum Role {
    Follower,
    /// The epoch's sequencer, which has not heard from a majority yet.
    Collecting {
        promises: BTreeMap<NodeId, Promised>,
    },
    /// The epoch's sequencer.
    Leading {
        /// How far each node has the order of this epoch on disk; `None` until it has said so.
        acknowledged: Vec<Option<u64>>,
    },
}

/// One node of the protocol.
#[derive(Debug)]
pub struct Sequencer {
    me: NodeId,
    nodes: u16,
    resend_interval: VirtualDuration,
    suspicion_timeout: Option<VirtualDuration>,
    weakenings: Weakenings,
    /// The node follows no earlier epoch.
    epoch: Epoch,
    /// The epoch whose sequencer made `order`. Invariant: at most `epoch`.
    accepted: Epoch,
    role: Role,
    order: Order<Request>,
    /// Entries of this epoch that came early, by place.
    held_back: BTreeMap<u64, Entry<Request>>,
    /// Up to here a majority has the order on disk.
    stable: u64,
    /// Up to here this node has delivered. Invariant: at most `stable`, and at most what is on its own disk.
    delivered: u64,
    /// It may have delivered so much before it restarted.
    recovering: u64,
    /// How many messages this node has broadcast.
    sent: u64,
    /// Those that it has not delivered yet.
    own: VecDeque<Request>,
    durable: Position,
    resending: bool,
    suspecting: bool,
}

impl Sequencer {
    fn weak(&self, weakening: Weakening) -> bool {
        self.weakenings.contains(weakening)
    }

    /// False if a weakening may have broken what later steps rely on.
    fn config_is_sound(&self) -> bool {
        use Weakening::{DeliverBeforeStable, LongestOrder, NoTransfer};
        ![DeliverBeforeStable, LongestOrder, NoTransfer].into_iter().any(|weakening| self.weak(weakening))
    }

    /// The sequencer of the node's epoch.
    fn sequencer(&self) -> NodeId {
        let node = self.epoch.0 % u64::from(self.nodes);
        NodeId(u16::try_from(node).expect("below the number of nodes"))
    }

    fn say(&self, to: NodeId, body: Body<Request>, out: &mut Output<'_, Self>) {
        out.send(to, Message { epoch: self.epoch, body });
    }

    fn say_to_all(&self, body: Body<Request>, out: &mut Output<'_, Self>) {
        out.multicast(&Message { epoch: self.epoch, body });
    }

    // --- the broadcaster ---

    /// The messages of this node that have no place in the order yet, and the number of the first of them.
    fn unordered(&self) -> (u64, Vec<Request>) {
        let kept = self.sent + 1 - self.own.len() as u64;
        // What is not kept any more is delivered, so it is in the order; unless a weakening has lost it there.
        let first = kept.max(self.order.next_of(self.me));
        let skip = usize::try_from(first - kept).expect("a queue fits the memory");
        (first, self.own.iter().skip(skip).cloned().collect())
    }

    fn submit(&self, out: &mut Output<'_, Self>) {
        let (first, payloads) = self.unordered();
        if !payloads.is_empty() {
            self.say(self.sequencer(), Body::Submit { first, payloads }, out);
        }
    }

    // --- the sequencer ---

    /// Gives messages of one origin their places, those that have none yet.
    fn put_in_order(
        &mut self,
        origin: NodeId,
        first: u64,
        payloads: Vec<Request>,
        out: &mut Output<'_, Self>,
    ) {
        let before = self.order.len();
        for (number, payload) in (first..).zip(payloads) {
            if number == self.order.next_of(origin) {
                self.append(Entry { id: MessageId { origin, number }, payload }, out);
            }
        }
        if self.order.len() > before {
            self.ship(before, out);
        } else if origin != self.me {
            // A sign of life.
            self.say(origin, Body::Stable { upto: self.stable }, out);
        }
    }

    /// Sends everybody the order behind a place.
    fn ship(&self, behind: u64, out: &mut Output<'_, Self>) {
        out.peers().for_each(|peer| self.ship_to(peer, behind, out));
    }

    fn ship_to(&self, to: NodeId, behind: u64, out: &mut Output<'_, Self>) {
        let entries = self.order.behind(behind);
        self.say(to, Body::Ordered { first: behind + 1, entries, stable: self.stable }, out);
    }

    /// The sequencer's own messages get their places without a journey.
    fn order_own(&mut self, out: &mut Output<'_, Self>) {
        let (first, payloads) = self.unordered();
        if !payloads.is_empty() {
            self.put_in_order(self.me, first, payloads, out);
        }
    }

    /// A node has the order of this epoch up to here.
    fn on_acknowledge(&mut self, from: NodeId, upto: u64, out: &mut Output<'_, Self>) {
        let Role::Leading { acknowledged } = &mut self.role else { return };
        let known = &mut acknowledged[from.index()];
        let before = *known;
        *known = before.max(Some(upto));
        if before.is_none() && upto < self.order.len() {
            self.ship_to(from, upto, out);
        }
        let moved = self.count(out);
        if !moved && before.is_none_or(|before| before >= upto) {
            // It asks again: it may have missed the word, and it wants a sign of life.
            self.say(from, Body::Stable { upto: self.stable }, out);
        }
    }

    /// Counts the copies on disk; tells everybody if more of the order is stable. True if so.
    fn count(&mut self, out: &mut Output<'_, Self>) -> bool {
        let own = self.order.durable(self.durable);
        let Role::Leading { acknowledged } = &mut self.role else { return false };
        acknowledged[self.me.index()] = Some(own);
        let mut copies: Vec<u64> = acknowledged.iter().map(|known| known.unwrap_or(0)).collect();
        copies.sort_unstable_by(|one, other| other.cmp(one));
        let stable = copies[majority(copies.len()) - 1];
        let moved = stable > self.stable;
        if moved {
            self.stable = stable;
            self.say_to_all(Body::Stable { upto: stable }, out);
        }
        moved
    }

    // --- every node ---

    fn append(&mut self, entry: Entry<Request>, out: &mut Output<'_, Self>) {
        let position = out.append(Record::Ordered(entry.clone()));
        self.order.push(entry, position);
    }

    /// The sequencer sends a part of the order.
    fn on_ordered(&mut self, first: u64, entries: Vec<Entry<Request>>, out: &mut Output<'_, Self>) {
        for (place, entry) in (first..).zip(entries) {
            if place > self.order.len() {
                self.held_back.insert(place, entry);
            }
        }
        while let Some(entry) = self.held_back.remove(&(self.order.len() + 1)) {
            self.append(entry, out);
        }
        self.acknowledge(out);
    }

    fn acknowledge(&self, out: &mut Output<'_, Self>) {
        let body = Body::Acknowledge { upto: self.order.len() };
        self.say(self.sequencer(), body, out);
    }

    fn learn_stable(&mut self, upto: u64) {
        self.stable = self.stable.max(upto);
    }

    fn deliver(&mut self, out: &mut Output<'_, Self>) {
        let upto = if self.weak(Weakening::DeliverBeforeStable) {
            self.order.len()
        } else {
            self.stable.min(self.order.durable(self.durable))
        };
        while self.delivered < upto {
            self.delivered += 1;
            let Entry { id, payload } = self.order.get(self.delivered).clone();
            if id.origin == self.me && self.sent - (self.own.len() as u64) < id.number {
                self.own.pop_front();
            }
            out.deliver(id, payload);
        }
    }

    /// True while the node needs to hear from somebody.
    fn is_waiting(&self) -> bool {
        let unheard = match &self.role {
            Role::Follower => self.accepted < self.epoch,
            Role::Collecting { .. } => true,
            Role::Leading { acknowledged } => {
                acknowledged.iter().any(|&known| known.is_none_or(|upto| upto < self.order.len()))
                    && self.order.len() > 0
            }
        };
        unheard || !self.own.is_empty() || self.delivered < self.order.len()
    }

    /// What every step ends with.
    fn end_step(&mut self, out: &mut Output<'_, Self>) {
        self.count(out);
        self.deliver(out);
        let waiting = self.is_waiting();
        if waiting && !self.resending {
            out.set_timer(Timer::Resend, self.resend_interval);
        } else if !waiting && self.resending {
            out.cancel_timer(Timer::Resend);
        }
        self.resending = waiting;
        let suspects = waiting && self.sequencer() != self.me;
        if suspects && !self.suspecting {
            self.restart_suspicion(out);
        } else if !suspects && self.suspecting {
            out.cancel_timer(Timer::Suspect);
            self.suspecting = false;
        }
    }

    fn resend(&mut self, out: &mut Output<'_, Self>) {
        match &self.role {
            Role::Collecting { .. } => self.say_to_all(Body::NewEpoch, out),
            Role::Follower if self.accepted < self.epoch => self.send_promise(out),
            Role::Follower => {
                self.submit(out);
                if self.delivered < self.order.len() {
                    self.acknowledge(out);
                }
            }
            Role::Leading { acknowledged } => {
                for peer in out.peers() {
                    match acknowledged[peer.index()] {
                        None => self.say(peer, Body::Probe, out),
                        Some(upto) if upto < self.order.len() => self.ship_to(peer, upto, out),
                        Some(_) => {}
                    }
                }
            }
        }
    }
}

impl Broadcast for Sequencer {
    type Payload = Request;
    type Message = Message<Request>;
    type Record = Record<Request>;
    type Timer = Timer;

    fn recover(config: &Config, records: &[Record<Request>], out: &mut Output<'_, Self>) -> Self {
        let mut node = Self {
            me: out.me(),
            nodes: out.nodes(),
            resend_interval: config.resend_interval,
            suspicion_timeout: config.suspicion_timeout,
            weakenings: config.weakenings,
            epoch: Epoch(0),
            accepted: Epoch(0),
            role: Role::Follower,
            order: Order::new(),
            held_back: BTreeMap::new(),
            stable: 0,
            delivered: 0,
            recovering: 0,
            sent: 0,
            own: VecDeque::new(),
            durable: Position(0),
            resending: false,
            suspecting: false,
        };
        for record in records {
            match record {
                Record::Broadcast(payload) => {
                    node.sent += 1;
                    node.own.push_back(payload.clone());
                }
                Record::Ordered(entry) => node.order.push(entry.clone(), out.appended()),
                Record::Promise(epoch) => node.epoch = *epoch,
                Record::Adopt { epoch, log } => {
                    node.accepted = *epoch;
                    node.order.replace(log, out.appended());
                }
            }
        }
        node.recovering = node.order.len();
        if node.accepted < node.epoch {
            node.begin(out);
        } else if node.sequencer() == node.me {
            let unknown = if records.is_empty() { Some(0) } else { None };
            node.role = Role::Leading { acknowledged: vec![unknown; usize::from(node.nodes)] };
            if !records.is_empty() {
                node.say_to_all(Body::Probe, out);
                node.order_own(out);
            }
        } else if !records.is_empty() {
            node.submit(out);
            node.acknowledge(out);
        }
        node.end_step(out);
        node
    }

    fn broadcast(&mut self, payload: Request, out: &mut Output<'_, Self>) -> MessageId {
        out.append(Record::Broadcast(payload.clone()));
        self.sent += 1;
        self.own.push_back(payload.clone());
        let id = MessageId { origin: self.me, number: self.sent };
        match self.role {
            Role::Leading { .. } => self.order_own(out),
            Role::Follower if self.accepted == self.epoch => {
                let body = Body::Submit { first: id.number, payloads: vec![payload] };
                self.say(self.sequencer(), body, out);
            }
            // The epoch has no order yet to put it in.
            Role::Follower | Role::Collecting { .. } => {}
        }
        self.end_step(out);
        id
    }

    fn receive(&mut self, from: NodeId, message: Message<Request>, out: &mut Output<'_, Self>) {
        let Message { epoch, body } = message;
        if epoch < self.epoch {
            return self.say(from, Body::NewEpoch, out);
        }
        if epoch > self.epoch {
            self.promise(epoch, out);
        }
        let has_order = self.accepted == self.epoch;
        match body {
            Body::Promise { accepted, log } => self.on_promise(from, (accepted, log), out),
            Body::Adopt { log, stable } => self.on_adopt(&log, stable, out),
            Body::Submit { first, payloads } => {
                if matches!(self.role, Role::Leading { .. }) {
                    self.put_in_order(from, first, payloads, out);
                }
            }
            Body::Acknowledge { upto } => self.on_acknowledge(from, upto, out),
            // What follows comes from the sequencer, and means nothing to a node that has not its order.
            Body::Ordered { first, entries, stable } if has_order => {
                self.on_ordered(first, entries, out);
                self.learn_stable(stable);
            }
            Body::Stable { upto } if has_order => self.learn_stable(upto),
            Body::Probe if has_order => self.acknowledge(out),
            Body::NewEpoch if has_order => {}
            Body::Ordered { .. } | Body::Stable { .. } | Body::Probe | Body::NewEpoch => {
                if from == self.sequencer() {
                    self.send_promise(out);
                }
            }
        }
        if from == self.sequencer() {
            self.restart_suspicion(out);
        }
        self.end_step(out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Output<'_, Self>) {
        match timer {
            Timer::Resend => {
                self.resending = false;
                self.resend(out);
            }
            Timer::Suspect => {
                self.suspecting = false;
                self.suspect(out);
            }
        }
        self.end_step(out);
    }

    fn on_durable(&mut self, position: Position, out: &mut Output<'_, Self>) {
        self.durable = self.durable.max(position);
        self.end_step(out);
    }

    fn has_recovered(&self) -> bool {
        self.delivered >= self.recovering
    }

    fn undelivered(&self) -> usize {
        self.own.len()
    }

    fn view(&self) -> View {
        let role = match self.role {
            Role::Follower => "follower",
            Role::Collecting { .. } => "candidate",
            Role::Leading { .. } => "sequencer",
        };
        let facts = vec![("ordered", self.order.len().to_string()), ("stable", self.stable.to_string())];
        View { role, term: self.epoch.0, commit: 0, facts }
    }
}
