//! Versioning by vectors, plain and dotted: a write replaces what its writer had seen, and stands beside the rest.
//!
//! What the writer had seen is its *context* (Dynamo §4.4, §6.3). A register's client has no word for it, so the
//! coordinator supplies it: see `Context` in `leaderless`.

use std::marker::PhantomData;

use anachron_vocabulary::{NodeId, VirtualTime};

use super::{
    Actor, Actors, CausalClock, Content, Dot, Dotted, Order, Siblings, Start, VersionVector, Versioning,
    Versions, Write,
};

/// Siblings told apart by plain version vectors.
pub type VectorVersions = Vectors<VersionVector>;

/// Siblings told apart by dotted version vectors.
pub type DottedVersions = Vectors<Dotted>;

/// One node's naming of writes.
#[derive(Clone, Copy, Debug)]
pub struct Vectors<C> {
    since: VirtualTime,
    actors: Actors,
    clocks: PhantomData<C>,
}

impl<C> Vectors<C> {
    /// The name of a new write. A node counts on from the last of its own writes that it knows of; a client numbers
    /// its requests itself, so a retry is the same write wherever it is brought.
    fn dot(&self, write: &Write<'_, impl Versions>) -> Dot {
        match self.actors {
            Actors::Nodes => {
                let actor = Actor::Node { node: write.node, since: self.since };
                let known = write.held.seen().get(actor).max(write.context.get(actor));
                Dot { actor, counter: known.max(write.counter_floor) + 1 }
            }
            Actors::Clients => {
                Dot { actor: Actor::Client(write.request.client), counter: write.request.serial }
            }
        }
    }
}

impl<C: CausalClock> Versioning for Vectors<C> {
    type Versions = Siblings<C>;

    const NAMES_ACTORS: bool = true;

    fn new(start: Start) -> Self {
        Self { since: start.disk_since, actors: start.actors, clocks: PhantomData }
    }

    fn write(&mut self, content: Content, write: Write<'_, Siblings<C>>) -> Siblings<C> {
        let dot = self.dot(&write);
        let mut versions = write.held.clone();
        // Covered already: a client's retry of a write that arrived by another way, or was overwritten since.
        if !write.held.seen().covers(dot) && !write.context.covers(dot) {
            versions.merge(&Siblings::one(C::after(write.context.clone(), dot), content), Order::Total);
        }
        versions
    }

    fn observe(&mut self, _: &Siblings<C>) {}

    fn recall(&mut self, _: &Siblings<C>, _: NodeId) {}

    fn fact(&self) -> Option<(&'static str, String)> {
        (self.since > VirtualTime::ZERO).then(|| ("disk_since", self.since.to_string()))
    }
}
