//! What clients do: scripts, generated work, time-outs, retries, choice of node.

use anachron_vocabulary::{ClientId, Key, NodeId, Operation, VirtualDuration, VirtualTime};
use serde::Deserialize;

use crate::{Latency, OperationKind};

/// One client: a session that has at most one operation open at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Client {
    /// Its number, its position in [`Scenario::clients`](crate::Scenario::clients).
    pub id: ClientId,
    /// Its name.
    pub name: String,
    /// Which node it asks.
    pub node: NodeChoice,
    /// How long it waits for the answer to one attempt.
    pub timeout: VirtualDuration,
    /// What it does when an attempt brings no result.
    pub retry: Retry,
    /// What it does.
    pub task: Task,
}

/// Which node a client asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeChoice {
    /// Always this one.
    Fixed(NodeId),
    /// One of the list, drawn at the start; after an attempt that brought no result the next, and it stays there.
    Sticky(Vec<NodeId>),
    /// The nodes of the list in turn, one an attempt.
    RoundRobin(Vec<NodeId>),
    /// The node whose link to the client has the least mean latency; the next nearest when it brings no result.
    Nearest,
    /// The first of the list; after a refusal that names the leader, that one; after any other attempt that brought
    /// no result, the next of the list.
    Leader(Vec<NodeId>),
}

/// What a client does when an attempt brings no result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retry {
    /// How many attempts an operation gets, the first included; at least 1. A refusal is tried again too: it is
    /// definite, so nothing can happen twice.
    pub attempts: u32,
    /// How long the client waits before the next attempt. After a refusal that names the leader it does not wait.
    pub backoff: Latency,
    /// What it does after a time-out.
    pub after_timeout: AfterTimeout,
    /// How long it waits before it asks again for a lock that somebody holds, as often as it takes, while the
    /// operation stays open; each time under a new request id, since the last was refused. `None`: it has failed.
    pub ask_again_for_lock: Option<VirtualDuration>,
    /// How long an operation may take in all; `None`: until the story ends.
    pub deadline: Option<VirtualDuration>,
}

/// What a client does after a time-out, when it can't know whether its request took effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AfterTimeout {
    /// It gives up: the outcome is unknown.
    #[default]
    GiveUp,
    /// It asks again under the same request id, so that a session can tell that it is a repetition.
    SameRequest,
    /// It asks again under a new request id, so that the request may take effect twice.
    NewRequest,
}

/// What a client does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Task {
    /// These operations, one after the other.
    Script(Vec<ScriptedOperation>),
    /// Operations drawn from the seed.
    Generated(Workload),
}

/// An operation of a script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScriptedOperation {
    /// When to call it; if the one before is still open then, right after that one. Never before the `at` of the
    /// operation before it.
    pub at: VirtualTime,
    /// The object.
    pub key: Key,
    /// What to do with it.
    pub operation: Operation,
    /// The node to ask, instead of the client's own choice.
    pub node: Option<NodeId>,
}

/// Operations drawn from the seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workload {
    /// When the first operation is called (a think time is drawn before each of the others).
    pub start: VirtualTime,
    /// How many, at most; the run may end first.
    pub operations: u32,
    /// Of which kinds.
    pub mix: WorkloadMix,
    /// On which objects. Never empty; at least one weight is positive.
    pub keys: Vec<WeightedKey>,
    /// With which values.
    pub values: ValueSource,
    /// How long the client waits between a return and its next call.
    pub think_time: Latency,
}

/// The kinds of operations of a workload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WorkloadMix {
    /// Each operation drawn by weight. No kind is there twice; at least one weight is positive.
    Weighted(Vec<(OperationKind, u32)>),
    /// Acquire, then release what was acquired, and so on: the only sensible use of a lock.
    AcquireRelease,
}

/// An object and how often it is chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WeightedKey {
    /// The object.
    pub key: Key,
    /// Its weight.
    pub weight: u32,
}

/// Where written values come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueSource {
    /// Every written value is unlike any other of the run.
    Unique,
    /// So many numbers from 0 up, equally likely. At least one.
    OneOf(u32),
}
