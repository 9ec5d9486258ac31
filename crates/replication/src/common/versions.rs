//! How versions of a value are told apart: the one question in which last-writer-wins, version vectors and dotted
//! version vectors differ.
//!
//! Why it exists: who sends what to whom, quorums, repair, hints, gossip and topologies are the same whatever a
//! version is. So leaderless and multi-leader replication are written once, over [`Versioning`], and its members stand
//! each in a file of their own: `last_writer_wins` (with the clocks of `lamport`, `wall_clock` and `hybrid_clock`),
//! and `vectors` (with `version_vector` and `dotted`).

use std::fmt::Debug;
use std::hash::Hash;

use anachron_node::RequestId;
use anachron_vocabulary::{NodeId, Value, VirtualTime};

use super::{Content, Encoder, VersionVector};

/// Which of two stamps is the newer: the rules, and what becomes of them when they are weakened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// By counter, then by node: total, so that all nodes agree on the newest.
    Total,
    /// By counter alone: of two writes with one counter, each node keeps the one it saw first.
    CounterOnly,
}

/// What a node holds for one key, and what travels between nodes.
pub trait Versions: Clone + Eq + Hash + Debug {
    /// Enough to tell whether an acknowledgement is for these versions.
    type Mark: Copy + Eq + Hash + Debug;

    /// What a key holds before it is first written.
    fn absent(initial: &Value) -> Self;

    /// Takes in what another copy holds. True if this one has changed by it. Merging what is here already changes
    /// nothing.
    fn merge(&mut self, other: &Self, order: Order) -> bool;

    /// Names these versions.
    fn mark(&self) -> Self::Mark;

    /// What the versions say, each once; in an order that is the same wherever they are held.
    fn contents(&self) -> Vec<&Content>;

    /// Which writes these versions have seen. Empty if they don't tell.
    fn seen(&self) -> VersionVector;

    /// Writes the metadata down: all but the values.
    fn encode(&self, encoder: &mut Encoder);

    /// True if nothing is left of the key but tombstones.
    fn is_deleted(&self) -> bool {
        let contents = self.contents();
        !contents.is_empty() && contents.iter().all(|content| content.is_deleted())
    }

    /// How many bytes the metadata takes.
    fn metadata_bytes(&self) -> usize {
        let mut encoder = Encoder::default();
        self.encode(&mut encoder);
        encoder.len()
    }
}

/// What a node knows of itself when it boots.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The node.
    pub node: NodeId,
    /// When its disk was new, if the disk says so; else now.
    pub disk_since: VirtualTime,
    /// Whose writes vectors count.
    pub actors: Actors,
}

/// Whose writes the entries of vectors count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Actors {
    /// Those that each node coordinated: as many entries as nodes.
    #[default]
    Nodes,
    /// Those of each client, by its own count: as many entries as clients that ever wrote the key. A client's write
    /// replaces its own earlier ones, wherever they are.
    Clients,
}

/// A write as its coordinator sees it.
#[derive(Clone, Copy, Debug)]
pub struct Write<'a, V> {
    /// The coordinator.
    pub node: NodeId,
    /// The client's request.
    pub request: RequestId,
    /// The coordinator's wall clock.
    pub wall_clock: i64,
    /// What the coordinator holds for the key.
    pub held: &'a V,
    /// The writes that the writer is taken to have seen.
    pub context: &'a VersionVector,
    /// The coordinator gives no count up to this one: it may have given it before, and forgotten.
    pub counter_floor: u64,
}

/// A node's own part in telling versions apart: its clock, or its name among the actors.
pub trait Versioning: Debug + Sized {
    /// What it makes.
    type Versions: Versions;

    /// True if it needs a name that a node whose disk is lost does not use again.
    const NAMES_ACTORS: bool;

    /// At boot.
    fn new(start: Start) -> Self;

    /// A new write, merged with what the coordinator held where its versions are to travel together.
    fn write(&mut self, content: Content, write: Write<'_, Self::Versions>) -> Self::Versions;

    /// Versions have arrived from elsewhere.
    fn observe(&mut self, versions: &Self::Versions);

    /// The journal holds these: nothing that this node gave is ever given again.
    fn recall(&mut self, versions: &Self::Versions, me: NodeId);

    /// The clock, as a fact for people.
    fn fact(&self) -> Option<(&'static str, String)>;
}
