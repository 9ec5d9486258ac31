//! The order at one node: a log of messages, how far it is on the disk, and how far it is delivered.

use std::collections::BTreeMap;
use std::sync::Arc;

use anachron_node::Position;
use anachron_vocabulary::NodeId;

use super::messages::Entry;

/// The log.
#[derive(Debug)]
pub(super) struct Order<P> {
    entries: Vec<Entry<P>>,
    /// Behind which position of the journal each entry is written. Never falls from one entry to the next.
    positions: Vec<Position>,
    /// How many messages of each origin are in the log. An origin's messages are there in the order of their numbers,
    /// without a gap, so this is also the number of the last one.
    numbers: BTreeMap<NodeId, u64>,
}

impl<P: Clone> Order<P> {
    pub(super) fn new() -> Self {
        Self { entries: Vec::new(), positions: Vec::new(), numbers: BTreeMap::new() }
    }

    pub(super) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// The number of the origin's next message that is not in the log.
    pub(super) fn next_of(&self, origin: NodeId) -> u64 {
        self.numbers.get(&origin).map_or(1, |last| last + 1)
    }

    /// The entry at a place, from 1 up.
    pub(super) fn get(&self, place: u64) -> &Entry<P> {
        &self.entries[usize::try_from(place - 1).expect("a log fits the memory")]
    }

    /// The entries behind a place.
    pub(super) fn behind(&self, place: u64) -> Vec<Entry<P>> {
        self.entries[usize::try_from(place).expect("a log fits the memory")..].to_vec()
    }

    pub(super) fn all(&self) -> Arc<[Entry<P>]> {
        self.entries.clone().into()
    }

    pub(super) fn push(&mut self, entry: Entry<P>, position: Position) {
        assert_eq!(
            entry.id.number,
            self.next_of(entry.id.origin),
            "each message is ordered once, none is left out"
        );
        self.numbers.insert(entry.id.origin, entry.id.number);
        self.entries.push(entry);
        self.positions.push(position);
    }

    /// Another log takes this one's place.
    pub(super) fn replace(&mut self, log: &[Entry<P>], position: Position) {
        *self = Self::new();
        for entry in log {
            self.push(entry.clone(), position);
        }
    }

    /// How many entries are on the disk, if the journal is durable up to `position`.
    pub(super) fn durable(&self, position: Position) -> u64 {
        self.positions.partition_point(|&written| written <= position) as u64
    }
}
