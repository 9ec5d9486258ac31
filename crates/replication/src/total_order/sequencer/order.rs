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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::MessageId;

    fn entry(origin: u16, number: u64) -> Entry<()> {
        Entry { id: MessageId { origin: NodeId(origin), number }, payload: () }
    }

    #[test]
    fn what_is_durable_is_a_beginning_of_the_log() {
        let mut order = Order::new();
        order.push(entry(0, 1), Position(3));
        order.push(entry(1, 1), Position(5));
        assert_eq!([2, 3, 4, 5].map(|position| order.durable(Position(position))), [0, 1, 1, 2]);
        assert_eq!((order.next_of(NodeId(0)), order.next_of(NodeId(2))), (2, 1));
        assert_eq!(order.behind(1), [entry(1, 1)]);
    }

    /// n1's second message was ordered in an epoch that the next one did not hear of: it may come again.
    #[test]
    fn a_log_that_takes_its_place_brings_its_own_numbers() {
        let mut order = Order::new();
        order.push(entry(0, 1), Position(1));
        order.push(entry(0, 2), Position(2));
        order.replace(&[entry(0, 1), entry(1, 1)], Position(4));
        assert_eq!((order.next_of(NodeId(0)), order.next_of(NodeId(1))), (2, 2));
        assert_eq!((order.durable(Position(3)), order.durable(Position(4))), (0, 2));
    }

    #[test]
    #[should_panic(expected = "each message is ordered once")]
    fn a_message_is_not_ordered_twice() {
        let mut order = Order::new();
        order.push(entry(0, 1), Position(1));
        order.push(entry(0, 1), Position(2));
    }
}
