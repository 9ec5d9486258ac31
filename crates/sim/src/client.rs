//! A client's behaviour: what it asks next, whom, and what it makes of answers and silence.
//!
//! The rule that matters most: a time-out is *unknown*, a definite refusal is *failed*, and an operation of which one
//! attempt was left unresolved is never called failed, whatever later attempts were told.

use anachron_node::{Answer, Random, Refusal, RequestId};
use anachron_vocabulary::{
    ClientId, Key, NodeId, Operation, OperationId, Outcome, Reply, VirtualDuration, VirtualTime,
};

use crate::streams::Streams;
use crate::workload::Script;
use crate::{AfterTimeout, ClientPlan, NodeChoice};

/// A client in the middle of a run.
pub(crate) struct Client<'w> {
    pub(crate) id: ClientId,
    plan: &'w ClientPlan,
    script: Script<'w>,
    chooser: Chooser,
    /// For pauses; the workload has a stream of its own, so that a retry does not change what is asked later.
    random: Random,
    phase: Phase,
    /// Counts phases, so that a wake-up meant for an earlier one is recognised as stale.
    pub(crate) generation: u64,
    serial: u64,
    current: Option<Current>,
}

/// What a client is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Between operations, or after the last.
    Idle,
    /// An attempt is on its way.
    Waiting,
    /// The next attempt begins soon.
    BackingOff,
}

/// The operation that is open.
struct Current {
    id: OperationId,
    key: Key,
    operation: Operation,
    first_node: Option<NodeId>,
    /// Whom the latest attempt asked.
    asked: Option<NodeId>,
    deadline: VirtualTime,
    attempts: u32,
    /// True if some attempt may still take effect without the client's knowing.
    unresolved: bool,
}

/// What a client does next.
pub(crate) enum Move {
    /// Wakes up at this time, in its present generation.
    Wake(VirtualTime),
    /// Sends this request, and wakes up at this time if nothing comes back.
    Ask {
        /// Whom.
        node: NodeId,
        /// Under which name.
        request: RequestId,
        /// When it stops waiting.
        timeout: VirtualTime,
    },
    /// The operation ends; the next begins at this time, if there is one.
    End {
        /// Which operation.
        id: OperationId,
        /// What the client knows of it.
        outcome: Outcome,
        /// When to wake up for the next.
        next: Option<VirtualTime>,
    },
    /// Nothing.
    Stay,
}

/// What a wake-up is for.
pub(crate) enum Awake {
    /// It is time to call the next operation.
    Call(Key, Operation),
    /// The client's own affair.
    Go(Move),
}

impl<'w> Client<'w> {
    pub(crate) fn new(id: ClientId, plan: &'w ClientPlan, near: Vec<NodeId>, streams: Streams) -> Self {
        let script = Script::new(id, &plan.workload, streams.workload(id));
        let mut random = streams.client(id);
        let chooser = Chooser::new(&plan.choice, near, &mut random);
        Self {
            id,
            plan,
            script,
            chooser,
            random,
            phase: Phase::Idle,
            generation: 0,
            serial: 0,
            current: None,
        }
    }

    /// When the client first wakes up, if it has anything to do.
    pub(crate) fn start(&mut self) -> Option<VirtualTime> {
        self.script.next_call(VirtualTime::ZERO)
    }

    /// A wake-up of the present generation.
    pub(crate) fn wake(&mut self, now: VirtualTime) -> Awake {
        match self.phase {
            Phase::Idle => {
                let (key, operation) = self.script.take();
                Awake::Call(key, operation)
            }
            Phase::Waiting => Awake::Go(self.unanswered(now)),
            Phase::BackingOff => Awake::Go(self.try_again(now)),
        }
    }

    /// Opens the operation that [`Awake::Call`] named, under its place in the history.
    pub(crate) fn call(&mut self, now: VirtualTime, id: OperationId, key: Key, operation: Operation) -> Move {
        let deadline = self.plan.retry.deadline.map_or(VirtualTime::MAX, |limit| now + limit);
        let first_node = self.script.node_of_current();
        self.serial += 1;
        self.current = Some(Current {
            id,
            key,
            operation,
            first_node,
            asked: None,
            deadline,
            attempts: 0,
            unresolved: false,
        });
        self.attempt(now)
    }

    /// The run is over: the client neither wakes up again nor hears an answer. What it left open stays unknown.
    pub(crate) fn retire(&mut self) {
        self.enter(Phase::Idle);
        self.current = None;
    }

    /// The operation that is open, for the request to carry.
    pub(crate) fn open_operation(&self) -> Option<(OperationId, Key, &Operation)> {
        self.current.as_ref().map(|current| (current.id, current.key, &current.operation))
    }

    /// An answer arrived.
    pub(crate) fn answered(&mut self, now: VirtualTime, from: NodeId, to: RequestId, answer: Answer) -> Move {
        let Some(current) = &mut self.current else { return Move::Stay };
        if to.serial != self.serial {
            return Move::Stay;
        }
        match answer {
            Answer::Ok(reply) => self.end(now, Outcome::Ok(reply)),
            // Late news of an earlier attempt says nothing about the one that is on its way.
            _ if self.phase == Phase::BackingOff || current.asked != Some(from) => Move::Stay,
            Answer::Refused(why) => self.refused(now, why),
            Answer::Unknown => {
                current.unresolved = true;
                self.unanswered(now)
            }
        }
    }

    /// The pause before the next attempt is over, or the deadline has come.
    fn try_again(&mut self, now: VirtualTime) -> Move {
        let current = self.current.as_ref().expect("only an open operation has attempts");
        if now < current.deadline {
            return self.attempt(now);
        }
        let outcome = if current.unresolved { Outcome::Unknown } else { Outcome::Failed };
        self.end(now, outcome)
    }

    fn attempt(&mut self, now: VirtualTime) -> Move {
        let current = self.current.as_mut().expect("an attempt belongs to an open operation");
        current.attempts += 1;
        let named = if current.attempts == 1 { current.first_node } else { None };
        let deadline = current.deadline;
        let node = named.unwrap_or_else(|| self.chooser.choose());
        current.asked = Some(node);
        self.enter(Phase::Waiting);
        let request = RequestId { client: self.id, serial: self.serial };
        Move::Ask { node, request, timeout: (now + self.plan.timeout).min(deadline) }
    }

    /// No answer in time, or an answer that leaves it open.
    fn unanswered(&mut self, now: VirtualTime) -> Move {
        let retry = &self.plan.retry;
        let current = self.current.as_mut().expect("only an open operation can go unanswered");
        current.unresolved = true;
        self.chooser.failed(current.asked, None);
        let spent = current.attempts >= retry.attempts || now >= current.deadline;
        match retry.after_timeout {
            AfterTimeout::GiveUp => self.end(now, Outcome::Unknown),
            _ if spent => self.end(now, Outcome::Unknown),
            AfterTimeout::SameRequest => self.back_off(now),
            AfterTimeout::NewRequest => {
                self.serial += 1;
                self.back_off(now)
            }
        }
    }

    fn refused(&mut self, now: VirtualTime, why: Refusal) -> Move {
        let retry = &self.plan.retry;
        let current = self.current.as_ref().expect("only an open operation can be refused");
        let in_time = now < current.deadline;
        let attempts_left = current.attempts < retry.attempts;
        match (why, retry.ask_again_for_lock) {
            (Refusal::LockState, Some(pause)) if current.operation == Operation::Acquire && in_time => {
                // The refused request is settled; the next attempt must not be taken for its retry.
                self.serial += 1;
                self.pause(now, pause)
            }
            (Refusal::NotLeader { leader }, _) if attempts_left && in_time => {
                self.chooser.failed(current.asked, leader);
                if leader.is_some() { self.pause(now, VirtualDuration::ZERO) } else { self.back_off(now) }
            }
            (Refusal::NoQuorum, _) if attempts_left && in_time => {
                self.chooser.failed(current.asked, None);
                self.back_off(now)
            }
            _ => {
                let outcome = if current.unresolved { Outcome::Unknown } else { Outcome::Failed };
                self.end(now, outcome)
            }
        }
    }

    fn back_off(&mut self, now: VirtualTime) -> Move {
        let pause = self.plan.retry.backoff.sample([self.random.bits(), self.random.bits()]);
        self.pause(now, pause)
    }

    fn pause(&mut self, now: VirtualTime, pause: VirtualDuration) -> Move {
        self.enter(Phase::BackingOff);
        let deadline = self.current.as_ref().map_or(VirtualTime::MAX, |current| current.deadline);
        Move::Wake((now + pause).min(deadline.max(now)))
    }

    fn end(&mut self, now: VirtualTime, outcome: Outcome) -> Move {
        let current = self.current.take().expect("only an open operation can end");
        self.script.ended(&current.operation, current.key, &outcome);
        self.enter(Phase::Idle);
        // At least a nanosecond later, so that a client's operations follow each other in real time too.
        let next = self.script.next_call(now + VirtualDuration::nanos(1));
        Move::End { id: current.id, outcome, next }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}

/// Finds the node to ask.
struct Chooser {
    choice: Choice,
}

enum Choice {
    Fixed(NodeId),
    /// These in turn, one an attempt.
    Turn {
        nodes: Vec<NodeId>,
        next: usize,
    },
    /// One of these for as long as it answers; `follow` if a refusal may name another.
    Stay {
        nodes: Vec<NodeId>,
        at: usize,
        follow: bool,
    },
}

impl Chooser {
    fn new(choice: &NodeChoice, near: Vec<NodeId>, random: &mut Random) -> Self {
        let choice = match choice {
            NodeChoice::Fixed(node) => Choice::Fixed(*node),
            NodeChoice::RoundRobin(list) => Choice::Turn { nodes: list.clone(), next: 0 },
            NodeChoice::Sticky(list) => {
                let at = usize::try_from(random.below(list.len() as u64)).expect("below a list's length");
                Choice::Stay { nodes: list.clone(), at, follow: false }
            }
            NodeChoice::Nearest => Choice::Stay { nodes: near, at: 0, follow: false },
            NodeChoice::Leader(list) => Choice::Stay { nodes: list.clone(), at: 0, follow: true },
        };
        Self { choice }
    }

    fn choose(&mut self) -> NodeId {
        match &mut self.choice {
            Choice::Fixed(node) => *node,
            Choice::Turn { nodes, next } => {
                let node = nodes[*next % nodes.len()];
                *next += 1;
                node
            }
            Choice::Stay { nodes, at, .. } => nodes[*at],
        }
    }

    /// The node asked brought no result; perhaps it named another. If a script had named it, the client's own choice
    /// stands.
    fn failed(&mut self, asked: Option<NodeId>, leader: Option<NodeId>) {
        if let Choice::Stay { nodes, at, follow } = &mut self.choice {
            match leader {
                Some(leader) if *follow => {
                    *at = nodes.iter().position(|&node| node == leader).unwrap_or_else(|| {
                        nodes.push(leader);
                        nodes.len() - 1
                    });
                }
                _ if asked == Some(nodes[*at]) => *at = (*at + 1) % nodes.len(),
                _ => {}
            }
        }
    }
}

/// True if this outcome says that the lock was granted.
pub(crate) fn granted(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Ok(Reply::Done))
}
