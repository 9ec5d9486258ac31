//! A world, described: everything that a run depends on besides the strategy.

use anachron_node::OperatorCommand;
use anachron_vocabulary::{Key, NodeId, Operation, Ratio, VirtualDuration, VirtualTime};

use crate::{Distribution, ScheduledFault};

/// The world of one run. With the same world, strategy and seed a run is the same, event for event.
#[derive(Clone, Debug)]
pub struct World {
    /// The seed of every stream of random numbers.
    pub seed: u64,
    /// How many nodes there are.
    pub nodes: u16,
    /// The links between nodes.
    pub network: Link,
    /// The links between clients and nodes. They behave like connections: they never duplicate.
    pub client_network: Link,
    /// Directed links that differ from the rest.
    pub special_links: Vec<SpecialLink>,
    /// One a node; a node without one has a perfect clock.
    pub clocks: Vec<ClockSettings>,
    /// One a node; a node without one has a disk that takes no time.
    pub disks: Vec<DiskSettings>,
    /// The clients.
    pub clients: Vec<ClientPlan>,
    /// The names of the keys; a [`Key`] is a position here.
    pub keys: Vec<String>,
    /// What goes wrong.
    pub faults: Vec<ScheduledFault>,
    /// What operators do.
    pub operator: Vec<OperatorAction>,
    /// When clients stop. What is still open then has an unknown outcome.
    pub duration: VirtualDuration,
    /// How many steps the run may take: a bound for strategies and worlds that never come to rest.
    pub step_limit: u64,
    /// The two questions that a history can't answer, if they are to be asked.
    pub afterwards: Option<Afterwards>,
}

/// How a directed link behaves without faults.
#[derive(Clone, PartialEq, Debug)]
pub struct Link {
    /// How long a message takes one way.
    pub latency: Distribution,
    /// How likely a message is lost.
    pub drop: Ratio,
    /// How likely a message arrives twice, the second time with a latency of its own.
    pub duplicate: Ratio,
    /// How likely a message is held back by a second draw of the latency, so that later ones overtake it.
    pub reorder: Ratio,
    /// True if a message never overtakes an earlier one (unless that one was held back by `reorder`).
    pub fifo: bool,
}

impl Link {
    /// A link that only takes time.
    pub fn reliable(latency: Distribution) -> Self {
        Self { latency, drop: Ratio::ZERO, duplicate: Ratio::ZERO, reorder: Ratio::ZERO, fifo: false }
    }
}

/// A directed link that differs from the rest.
#[derive(Clone, PartialEq, Debug)]
pub struct SpecialLink {
    /// The sender.
    pub from: anachron_trace::Endpoint,
    /// The receiver.
    pub to: anachron_trace::Endpoint,
    /// How it behaves.
    pub link: Link,
}

/// A node's clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ClockSettings {
    /// The wall clock minus true time at the start, in nanoseconds.
    pub offset: i64,
    /// How fast both clocks drift, in parts per million; positive is fast.
    pub drift_ppm: i32,
}

/// A node's disk.
#[derive(Clone, PartialEq, Debug)]
pub struct DiskSettings {
    /// How long it takes to write one record. Writes hold up the next sync, not the node.
    pub write: Distribution,
    /// How long a sync takes on top.
    pub sync: Distribution,
}

/// A client: what it asks, whom, and how it behaves when it hears nothing.
#[derive(Clone, Debug)]
pub struct ClientPlan {
    /// Its name.
    pub name: String,
    /// What it asks.
    pub workload: Workload,
    /// Whom it asks.
    pub choice: NodeChoice,
    /// How long it waits for an answer to one attempt.
    pub timeout: VirtualDuration,
    /// What it does when an attempt brings no result.
    pub retry: Retry,
}

/// What a client asks. One operation at a time: the next begins at least a nanosecond after the last has ended.
#[derive(Clone, Debug)]
pub enum Workload {
    /// These, in this order.
    Script(Vec<ScriptedOperation>),
    /// As many as fit, drawn from the client's stream.
    Generated(Generated),
}

/// One operation of a script.
#[derive(Clone, Debug)]
pub struct ScriptedOperation {
    /// When it is called, at the earliest.
    pub at: VirtualTime,
    /// The object.
    pub key: Key,
    /// What.
    pub operation: Operation,
    /// Whom to ask first, if not whom the client would choose.
    pub node: Option<NodeId>,
}

/// A workload drawn from the client's stream.
#[derive(Clone, Debug)]
pub struct Generated {
    /// When the first operation may be called.
    pub start: VirtualTime,
    /// How many operations.
    pub operations: u32,
    /// The pause between an operation's end and the next call.
    pub think_time: Distribution,
    /// The objects, with weights.
    pub keys: Vec<(u32, Key)>,
    /// The kinds of operation, with weights.
    pub mix: Vec<(u32, OperationKind)>,
    /// Where written values come from.
    pub values: Values,
}

/// A kind of operation that a generated workload may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OperationKind {
    /// A read.
    Read,
    /// A write of a drawn value.
    Write,
    /// A compare-and-set between two drawn values.
    CompareAndSet,
    /// An append of a drawn value.
    Append,
    /// A deletion.
    Delete,
    /// An enqueue of a drawn value.
    Enqueue,
    /// A dequeue.
    Dequeue,
    /// An add of a drawn value to a set.
    Add,
    /// A removal of a drawn value from a set.
    Remove,
    /// A question whether a drawn value is in a set.
    Contains,
    /// An increment of a counter by one.
    Increment,
    /// An acquire if the client does not hold the object's lock as far as it knows, else a release.
    Lock,
}

/// Where the values of a generated workload come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Values {
    /// No two operations of a run write the same value.
    Unique,
    /// The numbers below this one, uniformly.
    Below(u32),
}

/// Whom a client asks. Lists are never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NodeChoice {
    /// Always this node.
    Fixed(NodeId),
    /// These in turn, one an attempt.
    RoundRobin(Vec<NodeId>),
    /// One of these, drawn at the start; after an attempt that brought no result, the next, and it stays there.
    Sticky(Vec<NodeId>),
    /// The node with the least mean latency from this client; then the next nearest, when it brings no result.
    Nearest,
    /// The first of these; after a refusal that names the leader, that one; after any other attempt that brought no
    /// result, the next.
    Leader(Vec<NodeId>),
}

/// What a client does when an attempt brings no result.
#[derive(Clone, PartialEq, Debug)]
pub struct Retry {
    /// How many attempts an operation gets, the first included.
    pub attempts: u32,
    /// How long it waits before the next attempt; not at all after a refusal that names the leader.
    pub backoff: Distribution,
    /// What an attempt that timed out is followed by.
    pub after_timeout: AfterTimeout,
    /// How long it waits before it asks again for a lock that is held, as often as it takes and under a new request
    /// id each time; `None`: such an acquire has failed.
    pub ask_again_for_lock: Option<VirtualDuration>,
    /// How long an operation may take in all; `None` sets no limit of its own.
    pub deadline: Option<VirtualDuration>,
}

/// What a client does after a time-out, when it can't know whether the request took effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterTimeout {
    /// Gives up: the outcome is unknown.
    GiveUp,
    /// Asks again under the same request id, so that a session can recognise the retry.
    SameRequest,
    /// Asks again under a new request id, as a client without a session does.
    NewRequest,
}

/// What an operator does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OperatorAction {
    /// When.
    pub at: VirtualTime,
    /// To which node.
    pub node: NodeId,
    /// What.
    pub command: OperatorCommand,
}

/// After the run: every fault ends, nodes that are down restart, and the cluster is left in peace. Then: do the
/// replicas agree, and does an operation complete?
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Afterwards {
    /// How long the cluster is left in peace.
    pub settle: VirtualDuration,
    /// The operation that must complete. It is not part of the history.
    pub probe: (Key, Operation),
    /// How long it may take, retries at every node included.
    pub within: VirtualDuration,
}
