//! The events of a trace.

use std::fmt;

use anachron_vocabulary::{ClientId, Key, NodeId, Operation, OperationId, Outcome, VirtualTime};

/// One end of a link.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Endpoint {
    /// A node of the cluster.
    Node(NodeId),
    /// A client.
    Client(ClientId),
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
            Self::Client(client) => client.fmt(f),
        }
    }
}

/// Names one message in flight; a duplicate has a name of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MessageId(pub u64);

/// Something that happened at one moment of true time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// When, in true time.
    pub time: VirtualTime,
    /// Which step of the run it belongs to: the count of events taken from the queue so far.
    pub step: u64,
    /// What.
    pub what: Happening,
}

/// Why a message never reached its handler. Decided when it would have arrived.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Loss {
    /// The link lost it by chance.
    Dropped,
    /// The link was cut when it would have arrived.
    Cut,
    /// The receiver was down.
    ReceiverDown,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropped => "dropped",
            Self::Cut => "link cut",
            Self::ReceiverDown => "receiver down",
        })
    }
}

/// What can happen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Happening {
    /// A client called an operation.
    Call {
        /// The client.
        client: ClientId,
        /// The operation's place in the history.
        id: OperationId,
        /// Its object.
        key: Key,
        /// What is asked.
        operation: Operation,
    },
    /// A client got to know, or gave up.
    Return {
        /// The client.
        client: ClientId,
        /// The operation's place in the history.
        id: OperationId,
        /// What the client knows now.
        outcome: Outcome,
    },
    /// A message left.
    Sent {
        /// Its name.
        message: MessageId,
        /// Where it left.
        from: Endpoint,
        /// Where it goes.
        to: Endpoint,
        /// What it says.
        label: String,
    },
    /// A message arrived.
    Delivered {
        /// Its name.
        message: MessageId,
    },
    /// A message was lost.
    Lost {
        /// Its name.
        message: MessageId,
        /// Why.
        why: Loss,
    },
    /// A timer went off.
    Timer {
        /// Whose.
        node: NodeId,
        /// Which.
        label: String,
    },
    /// A record went into a node's journal; not yet durable.
    Appended {
        /// Whose.
        node: NodeId,
        /// What.
        label: String,
    },
    /// A node's journal is durable as far as this.
    Synced {
        /// Whose.
        node: NodeId,
        /// How far: a position in the journal, which counts records that a crash has lost too.
        records: u64,
    },
    /// A node crashed.
    Crashed {
        /// Which.
        node: NodeId,
        /// How many unsynced records were lost with it.
        lost_records: u64,
    },
    /// A node started.
    Booted {
        /// Which.
        node: NodeId,
        /// How many times it has, this one included.
        boot: u32,
    },
    /// A node stopped taking steps; what arrives waits.
    Paused {
        /// Which.
        node: NodeId,
    },
    /// A node goes on.
    Resumed {
        /// Which.
        node: NodeId,
    },
    /// A node's role, term or commit point is now this.
    Role {
        /// Which node.
        node: NodeId,
        /// `leader`, `follower`, …
        role: &'static str,
        /// Term, epoch, view or ballot.
        term: u64,
        /// How many log entries it knows to be committed.
        commit: u64,
    },
    /// A node has applied a change of the sequence that all nodes are to apply.
    Applied {
        /// Which node.
        node: NodeId,
        /// How many changes it has applied by now.
        changes: u64,
        /// A digest over them and their order.
        digest: u64,
    },
    /// What else a node shows of its state has changed: its vector, lease, promised ballot, …
    Facts {
        /// Which node.
        node: NodeId,
        /// The facts that are new or different, by name; `None` for one that the node does not show any more.
        changed: Vec<(&'static str, Option<String>)>,
    },
    /// A strategy says something of itself.
    Note {
        /// Which node.
        node: NodeId,
        /// What.
        text: String,
    },
    /// A fault begins. Faults of a moment (a clock's step) begin and end at once.
    FaultBegins {
        /// Its place in the fault plan.
        fault: usize,
        /// What it does, in words.
        label: String,
        /// The nodes it touches; empty if it touches clients only.
        nodes: Vec<NodeId>,
    },
    /// A fault ends.
    FaultEnds {
        /// Its place in the fault plan.
        fault: usize,
    },
    /// An operator gave a node a command.
    Operator {
        /// Which node.
        node: NodeId,
        /// What it was told.
        label: String,
    },
}
