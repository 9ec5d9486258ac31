//! The contract itself.

use std::fmt::{self, Debug};
use std::hash::Hash;

use anachron_vocabulary::{Key, NodeId, Value};

use crate::{Context, Disk, Position, Request};

/// A replication strategy's state machine, one value a node.
///
/// Handlers must depend on nothing but their arguments and `self`: same inputs, same effects. Maps are ordered.
/// Messages, timers and records are hashed into the run's fingerprint, so their `Hash` must not depend on addresses.
pub trait Replica: Sized {
    /// What all nodes of a cluster are told: time-outs, modes, weakenings.
    type Config: Clone;
    /// What nodes say to each other. Keep it small and share bulk (`Arc<[Entry]>`): it is cloned for multicast and
    /// duplicates.
    type Message: Clone + Hash + Debug;
    /// The names of a node's timers. Setting one that is set replaces it.
    type Timer: Copy + Eq + Hash + Debug;
    /// What a node writes to its journal.
    type Record: Clone + Hash + Debug;

    /// Starts the node: the first time with an empty disk, after a crash with what the disk kept.
    fn boot(config: &Self::Config, disk: Disk<'_, Self::Record>, cx: &mut Context<'_, Self>) -> Self;

    /// A client's request arrived.
    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>);

    /// A node's message arrived. It may be late, twice, or out of order.
    fn on_message(&mut self, from: NodeId, message: Self::Message, cx: &mut Context<'_, Self>);

    /// A timer went off; it is no longer set.
    fn on_timer(&mut self, timer: Self::Timer, cx: &mut Context<'_, Self>);

    /// The journal is durable up to `synced`. Effects that waited for it are already on their way.
    fn on_synced(&mut self, synced: Position, cx: &mut Context<'_, Self>) {
        let _ = (synced, cx);
    }

    /// An operator's command arrived. A strategy that has no use for it ignores it.
    fn on_operator(&mut self, command: OperatorCommand, cx: &mut Context<'_, Self>) {
        let _ = (command, cx);
    }

    /// What an observer may know of the node: for invariants and pictures, never for other nodes.
    fn view(&self) -> View;

    /// The objects as this node holds them, by key: for the question whether replicas agree at rest. Values that
    /// are equal here must be equal to every later reader.
    fn contents(&self) -> Vec<(Key, Value)>;

    /// Whether this node is to hold this object when all is quiet. Replicas agree if those that keep an object hold
    /// the same.
    fn keeps(&self, key: Key) -> bool {
        let _ = key;
        true
    }

    /// How much this node has applied of the one sequence of changes that all nodes are to apply; `None` for strategies
    /// that promise no such sequence. An observer sees from it whether two nodes have ever applied different changes
    /// (Raft's State Machine Safety, the total order of a broadcast).
    fn applied(&self) -> Option<Applied> {
        None
    }
}

/// The changes that a node has applied, in a few bytes: equal for two nodes that have applied the same ones in the same
/// order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Applied {
    /// How many.
    pub changes: u64,
    /// A digest over them and their order.
    pub digest: u64,
}

/// What a person at the controls can tell a node, outside the protocol.
///
/// Its `Debug` form is what traces and pictures show: `Promote`, `Transfer to n2`, `Add voter n4`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum OperatorCommand {
    /// Become the leader now (a manual failover). Whether that is safe is the strategy's affair.
    Promote,
    /// Hand the leadership over to this node, in good order.
    TransferLeadership {
        /// Who leads next.
        to: NodeId,
    },
    /// Take this node in as a learner: it receives everything and decides nothing.
    AddLearner {
        /// Who learns.
        node: NodeId,
    },
    /// Make this node a voter.
    AddVoter {
        /// Who votes.
        node: NodeId,
    },
    /// Take this node, voter or learner, out of the cluster.
    RemoveNode {
        /// Who leaves.
        node: NodeId,
    },
    /// Make exactly these nodes the voters, however many come and go at once.
    SetVoters {
        /// Who votes.
        voters: Vec<NodeId>,
    },
}

impl OperatorCommand {
    /// Every node that the command names.
    pub fn nodes(&self) -> &[NodeId] {
        match self {
            Self::Promote => &[],
            Self::TransferLeadership { to: node }
            | Self::AddLearner { node }
            | Self::AddVoter { node }
            | Self::RemoveNode { node } => std::slice::from_ref(node),
            Self::SetVoters { voters } => voters,
        }
    }
}

impl fmt::Debug for OperatorCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promote => f.write_str("Promote"),
            Self::TransferLeadership { to } => write!(f, "Transfer to {to}"),
            Self::AddLearner { node } => write!(f, "Add learner {node}"),
            Self::AddVoter { node } => write!(f, "Add voter {node}"),
            Self::RemoveNode { node } => write!(f, "Remove {node}"),
            Self::SetVoters { voters } => {
                f.write_str("Set voters")?;
                voters.iter().try_for_each(|voter| write!(f, " {voter}"))
            }
        }
    }
}

/// A node's state in a few words.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct View {
    /// `leader`, `follower`, `candidate`, `replica`, …
    pub role: &'static str,
    /// Term, epoch, view or ballot; zero for strategies that have none.
    pub term: u64,
    /// How many log entries are known to be committed (applied, for strategies that don't tell them apart).
    pub commit: u64,
    /// Anything else worth a column: clocks, vectors, leases. No name twice. A trace of everything tells those that change.
    pub facts: Vec<(&'static str, String)>,
}
