//! The contract of total order broadcast, as a state machine: `broadcast(payload)` in, `deliver(payload)` out.
//!
//! Why it exists: what a service on top needs of the protocol below is four properties and nothing else (Défago,
//! Schiper and Urbán, *Total Order Broadcast and Multicast Algorithms: Taxonomy and Survey*, ACM Computing Surveys
//! 2004; Hadzilacos and Toueg, *A Modular Approach to Fault-Tolerant Broadcasts and Related Problems*,
//! TR 94-1425, 1994). So the protocols know nothing of reads, writes and sessions, and the service knows nothing of
//! sequencers and stamps.
//!
//! The four, in their uniform form, where a node that crashes and comes back with its disk is a node that was slow:
//! - *Validity*: what a node broadcasts, it delivers in the end.
//! - *Uniform agreement*: what one node delivers, all deliver in the end.
//! - *Uniform integrity*: a node delivers a message at most once, and only if somebody broadcast it.
//! - *Uniform total order*: if two nodes deliver two messages, they deliver them in the same order. (Here stronger: what
//!   one node has delivered is always a beginning of what another has.)
//!
//! The first two promise something *in the end*; each protocol says what it needs for that. The last two hold always.
//!
//! **Disks.** A protocol's message leaves a node only when everything that the node wrote before it is durable: a rule
//! of the contract ([`Effect::Send`]), not of each protocol, so that none can forget it. A node that restarts delivers
//! from the start again, to a service that starts from nothing as well; [`Broadcast::has_recovered`] says when it has
//! delivered all that it may have delivered before.

use std::fmt;
use std::hash::Hash;

use anachron_node::{Context, Position, Random, Replica, Surroundings, View};
use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};

use super::Config;
use crate::common::MessageId;

/// A protocol of total order broadcast at one node.
pub trait Broadcast: Sized {
    /// What is broadcast.
    type Payload: Clone + Eq + Hash + fmt::Debug;
    /// What nodes say to each other.
    type Message: Clone + Hash + fmt::Debug;
    /// What a node writes down.
    type Record: Clone + Hash + fmt::Debug;
    /// What a node may ask to be woken for.
    type Timer: Copy + Eq + Hash + fmt::Debug;

    /// Starts with what the disk kept, at first nothing. What is on it counts as durable once [`Self::on_durable`]
    /// says so.
    fn recover(config: &Config, records: &[Self::Record], out: &mut Output<'_, Self>) -> Self;

    /// Sends a payload to everybody, this node included, and returns the name of the message.
    fn broadcast(&mut self, payload: Self::Payload, out: &mut Output<'_, Self>) -> MessageId;

    /// A message has arrived. It may be late, twice, or out of order.
    fn receive(&mut self, from: NodeId, message: Self::Message, out: &mut Output<'_, Self>);

    /// A timer went off; it is no longer set.
    fn on_timer(&mut self, timer: Self::Timer, out: &mut Output<'_, Self>);

    /// What was written up to `position` is durable.
    fn on_durable(&mut self, position: Position, out: &mut Output<'_, Self>);

    /// True once everything has been delivered that may have been delivered before the last restart.
    fn has_recovered(&self) -> bool;

    /// How many of the node's own messages it has not delivered yet.
    fn undelivered(&self) -> usize;

    /// What an observer may know; [`View::commit`] is left to the service, which counts deliveries.
    fn view(&self) -> View;
}

/// What a protocol of its own may ask to be woken for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// Something was not answered: say it again.
    Resend,
    /// The sequencer has not been heard of for long.
    Suspect,
}

/// What a protocol wants done, in this order.
pub enum Effect<B: Broadcast> {
    /// Send a message, once everything appended so far is durable; never, if the node crashes before.
    Send {
        /// The receiver.
        to: NodeId,
        /// What to say.
        message: B::Message,
    },
    /// Write a record down.
    Append(B::Record),
    /// The next message of the total order.
    Deliver {
        /// Its name.
        id: MessageId,
        /// What was broadcast.
        payload: B::Payload,
    },
    /// Arm a timer, replacing what it was set to.
    SetTimer {
        /// Which.
        timer: B::Timer,
        /// How long from now, by the node's own clock.
        after: VirtualDuration,
    },
    /// Disarm a timer.
    CancelTimer(B::Timer),
    /// Tell the observer.
    Note(String),
}

/// A protocol's way out: where it writes its effects down, in order.
pub struct Output<'a, B: Broadcast> {
    me: NodeId,
    nodes: u16,
    now: VirtualTime,
    wall_clock: i64,
    observed: bool,
    appended: Position,
    random: &'a mut Random,
    effects: Vec<Effect<B>>,
}

impl<'a, B: Broadcast> Output<'a, B> {
    /// An empty one, for one step of one node.
    pub fn new<R: Replica>(cx: &'a mut Context<'_, R>) -> Self {
        Self {
            me: cx.me(),
            nodes: u16::try_from(cx.nodes()).expect("nodes are numbered with 16 bits"),
            now: cx.now(),
            wall_clock: cx.wall_clock(),
            observed: cx.observed(),
            appended: cx.appended(),
            random: cx.random(),
            effects: Vec::new(),
        }
    }

    /// Lets a replica inside the protocol take a step on this node, with its clocks, chance and journal. Returns what the
    /// step returns, and what the replica wants done, in order: for the protocol to carry out.
    pub fn nested<I: Replica, T>(
        &mut self,
        step: impl FnOnce(&mut Context<'_, I>) -> T,
    ) -> (T, Vec<anachron_node::Effect<I>>) {
        let mut effects = Vec::new();
        // Counts ahead of what will be appended when the effects are carried out.
        let mut appended = self.appended;
        let done = step(&mut Context::new(Surroundings {
            node: self.me,
            nodes: self.nodes,
            now: self.now,
            wall_clock: self.wall_clock,
            observed: self.observed,
            appended: &mut appended,
            random: self.random,
            effects: &mut effects,
        }));
        (done, effects)
    }

    /// What was written down.
    pub fn into_effects(self) -> Vec<Effect<B>> {
        self.effects
    }

    /// The node itself.
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// The size of the cluster.
    pub fn nodes(&self) -> u16 {
        self.nodes
    }

    /// Every other node.
    pub fn peers(&self) -> impl Iterator<Item = NodeId> + use<'a, B> {
        let me = self.me;
        (0..self.nodes).map(NodeId).filter(move |&node| node != me)
    }

    /// The position behind the last record appended.
    pub fn appended(&self) -> Position {
        self.appended
    }

    /// Sends a message once everything appended so far is durable.
    pub fn send(&mut self, to: NodeId, message: B::Message) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Sends a message to every other node, likewise.
    pub fn multicast(&mut self, message: &B::Message) {
        for to in self.peers() {
            self.send(to, message.clone());
        }
    }

    /// Writes a record down; returns the position behind it.
    pub fn append(&mut self, record: B::Record) -> Position {
        self.appended.0 += 1;
        self.effects.push(Effect::Append(record));
        self.appended
    }

    /// Delivers the next message of the total order.
    pub fn deliver(&mut self, id: MessageId, payload: B::Payload) {
        self.effects.push(Effect::Deliver { id, payload });
    }

    /// Sets a timer.
    pub fn set_timer(&mut self, timer: B::Timer, after: VirtualDuration) {
        self.effects.push(Effect::SetTimer { timer, after });
    }

    /// Disarms a timer.
    pub fn cancel_timer(&mut self, timer: B::Timer) {
        self.effects.push(Effect::CancelTimer(timer));
    }

    /// True if somebody listens to notes.
    pub fn observed(&self) -> bool {
        self.observed
    }

    /// Tells the observer something; the text is made only if somebody listens.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if self.observed {
            self.effects.push(Effect::Note(text()));
        }
    }
}
