//! A replica's only way out: it asks the context, and the context writes effects down.

use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};

use crate::{Answer, Position, Random, Refusal, Replica, RequestId};

/// Something that a replica wants done. The driver carries effects out in order, after the handler has returned.
pub enum Effect<R: Replica> {
    /// Send a message to one node (itself is allowed).
    Send {
        /// The receiver.
        to: NodeId,
        /// What to say.
        message: R::Message,
    },
    /// Send a message to every other node, in the order of their ids.
    Multicast {
        /// What to say.
        message: R::Message,
    },
    /// Answer a client's request.
    Reply {
        /// The request.
        to: RequestId,
        /// The answer.
        answer: Answer,
    },
    /// Send once the journal is durable up to `position`; never, if the node crashes before.
    SendAfterSync {
        /// What must be durable first.
        position: Position,
        /// The receiver.
        to: NodeId,
        /// What to say.
        message: R::Message,
    },
    /// Answer once the journal is durable up to `position`; never, if the node crashes before.
    ReplyAfterSync {
        /// What must be durable first.
        position: Position,
        /// The request.
        to: RequestId,
        /// The answer.
        answer: Answer,
    },
    /// Arm a timer, replacing what it was set to.
    SetTimer {
        /// Which.
        timer: R::Timer,
        /// How long from now, by the node's own monotonic clock.
        after: VirtualDuration,
    },
    /// Disarm a timer; nothing happens if it is not set.
    CancelTimer {
        /// Which.
        timer: R::Timer,
    },
    /// Add a record to the journal. It survives a crash for certain only once a later sync has completed.
    Append(R::Record),
    /// Make everything appended so far durable; [`Replica::on_synced`] tells when it is.
    Sync,
    /// Tell the observer something. Never part of the fingerprint.
    Note(String),
}

/// What a handler may ask and do.
pub struct Context<'a, R: Replica> {
    node: NodeId,
    nodes: u16,
    now: VirtualTime,
    wall_clock: i64,
    observed: bool,
    appended: &'a mut Position,
    random: &'a mut Random,
    effects: &'a mut Vec<Effect<R>>,
}

/// What a driver supplies for one step of one node.
pub struct Surroundings<'a, R: Replica> {
    /// The node that takes the step.
    pub node: NodeId,
    /// How many nodes the cluster has; they are numbered from 0.
    pub nodes: u16,
    /// The node's monotonic clock.
    pub now: VirtualTime,
    /// The node's wall clock in nanoseconds; may jump in either direction.
    pub wall_clock: i64,
    /// True if somebody records a trace.
    pub observed: bool,
    /// How many records the node's journal has had appended; the context counts on.
    pub appended: &'a mut Position,
    /// The node's random stream.
    pub random: &'a mut Random,
    /// Where effects are written, in order.
    pub effects: &'a mut Vec<Effect<R>>,
}

impl<'a, R: Replica> Context<'a, R> {
    /// A context for one step. For drivers; replicas are handed one.
    pub fn new(surroundings: Surroundings<'a, R>) -> Self {
        let Surroundings { node, nodes, now, wall_clock, observed, appended, random, effects } = surroundings;
        Self { node, nodes, now, wall_clock, observed, appended, random, effects }
    }

    /// The node itself.
    pub fn me(&self) -> NodeId {
        self.node
    }

    /// The size of the cluster.
    pub fn nodes(&self) -> usize {
        usize::from(self.nodes)
    }

    /// Every node but this one, in the order of their ids.
    pub fn peers(&self) -> impl Iterator<Item = NodeId> + use<R> {
        let me = self.node;
        (0..self.nodes).map(NodeId).filter(move |&node| node != me)
    }

    /// The node's monotonic clock. It starts at zero with the run, never goes back, may drift, and says nothing
    /// about other nodes' clocks.
    pub fn now(&self) -> VirtualTime {
        self.now
    }

    /// The node's wall clock in nanoseconds. It may be off, drift and jump in either direction.
    pub fn wall_clock(&self) -> i64 {
        self.wall_clock
    }

    /// The node's random stream.
    pub fn random(&mut self) -> &mut Random {
        self.random
    }

    /// Sends `message` to `to`.
    pub fn send(&mut self, to: NodeId, message: R::Message) {
        self.effects.push(Effect::Send { to, message });
    }

    /// Sends `message` to every other node.
    pub fn multicast(&mut self, message: R::Message) {
        self.effects.push(Effect::Multicast { message });
    }

    /// Answers a request.
    pub fn reply(&mut self, to: RequestId, answer: Answer) {
        self.effects.push(Effect::Reply { to, answer });
    }

    /// Refuses a request: it did not happen and never will.
    pub fn refuse(&mut self, to: RequestId, why: Refusal) {
        self.reply(to, Answer::Refused(why));
    }

    /// Sends `message` once the journal is durable up to `position`.
    pub fn send_after_sync(&mut self, position: Position, to: NodeId, message: R::Message) {
        self.effects.push(Effect::SendAfterSync { position, to, message });
    }

    /// Answers a request once the journal is durable up to `position`.
    pub fn reply_after_sync(&mut self, position: Position, to: RequestId, answer: Answer) {
        self.effects.push(Effect::ReplyAfterSync { position, to, answer });
    }

    /// Sets a timer to go off `after` from now by the node's own clock, replacing what it was set to.
    pub fn set_timer(&mut self, timer: R::Timer, after: VirtualDuration) {
        self.effects.push(Effect::SetTimer { timer, after });
    }

    /// Disarms a timer.
    pub fn cancel_timer(&mut self, timer: R::Timer) {
        self.effects.push(Effect::CancelTimer { timer });
    }

    /// Appends a record to the journal and returns the position behind it. Not durable before a sync.
    pub fn append(&mut self, record: R::Record) -> Position {
        self.appended.0 += 1;
        self.effects.push(Effect::Append(record));
        *self.appended
    }

    /// The position behind the last record appended.
    pub fn appended(&self) -> Position {
        *self.appended
    }

    /// Asks for everything appended so far to be made durable.
    pub fn sync(&mut self) {
        self.effects.push(Effect::Sync);
    }

    /// True if somebody listens to notes: for a replica that hands its context on to another inside it.
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
