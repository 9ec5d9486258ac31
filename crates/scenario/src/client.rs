//! What clients do: scripts, generated work, time-outs, retries, choice of node.

use anachron_vocabulary::{ClientId, Key, NodeId, Operation, VirtualDuration, VirtualTime};

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
    /// How long it keeps trying one operation, from the call; `None` for no limit but the attempts.
    pub deadline: Option<VirtualDuration>,
    /// What it does after an attempt that was not answered or was refused; `None`: it gives up.
    pub retry: Option<Retry>,
    /// What it does when it asks for a lock that is held.
    pub lock: LockPolicy,
    /// What it does.
    pub task: Task,
}

/// Which node a client asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeChoice {
    /// Always this one.
    Fixed(NodeId),
    /// The first of the list; after an attempt that was not answered or was refused, the next one, and stays there.
    Sticky(Vec<NodeId>),
    /// Each new operation asks the next node of the list; a retry too.
    RoundRobin(Vec<NodeId>),
    /// The node whose link to the client has the least typical latency; ties go to the lower number.
    Nearest,
    /// The first of the list; after a refusal that names the leader, that one; after one that does not, or after a
    /// time-out, the next of the list.
    Leader(Vec<NodeId>),
}

/// What a client does after an attempt that failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retry {
    /// How many attempts in all, at least 1; `None`: until the deadline.
    pub attempts: Option<u32>,
    /// How long it waits before the next attempt.
    pub backoff: Latency,
    /// Under which name it asks again after a time-out.
    pub naming: RequestNaming,
}

/// Under which request id a client repeats a request that was not answered.
///
/// After a definite refusal the request certainly did not happen, so a new id is always right there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestNaming {
    /// The same id: a session can tell that it is a repetition.
    Same,
    /// A new id: the request may take effect twice.
    New,
}

/// What a client does when it asks for a lock that somebody holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LockPolicy {
    /// The operation fails.
    TryOnce,
    /// It asks again after this long, until the deadline; the operation stays open meanwhile. Such questions are not
    /// counted as attempts, and each has a new request id.
    AskAgain(VirtualDuration),
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
    /// The numbers from 1 to this one, equally likely. At least 1.
    OneOf(u32),
}
