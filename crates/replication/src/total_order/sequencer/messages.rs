//! What nodes say to each other, and what they write down.

use std::fmt;
use std::sync::Arc;

use super::super::MessageId;

/// Counts the sequencers. Epoch `e` belongs to node `e mod n`, so no two nodes can lead one epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Epoch(pub u64);

/// A place in the order: message and name.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Entry<P> {
    /// The message's name.
    pub id: MessageId,
    /// What was broadcast.
    pub payload: P,
}

impl<P: fmt::Debug> fmt::Debug for Entry<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.id, self.payload)
    }
}

/// What nodes say to each other. Every message names its epoch: who hears of a later one promises to follow no earlier
/// one any more, and who speaks of an earlier one is told.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Message<P> {
    /// The sender's epoch.
    pub epoch: Epoch,
    /// What it says.
    pub body: Body<P>,
}

/// `Stable { upto: 1 } in epoch 0`.
impl<P: fmt::Debug> fmt::Debug for Message<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} in epoch {}", self.body, self.epoch.0)
    }
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Body<P> {
    /// To the sequencer: messages of the sender, from its number `first` on, to be put in order.
    Submit {
        /// The number of the first one.
        first: u64,
        /// The messages.
        payloads: Vec<P>,
    },
    /// From the sequencer: the order from place `first` on.
    Ordered {
        /// The place of the first one, from 1 up.
        first: u64,
        /// The messages.
        entries: Vec<Entry<P>>,
        /// Up to here a majority has the order.
        stable: u64,
    },
    /// To the sequencer: the sender has the order up to here on its disk.
    Acknowledge {
        /// How many places.
        upto: u64,
    },
    /// From the sequencer: up to here a majority has the order.
    Stable {
        /// How many places.
        upto: u64,
    },
    /// From the sequencer: how far are you?
    Probe,
    /// This epoch has begun; send its sequencer your promise.
    NewEpoch,
    /// To the sequencer of a new epoch: the sender follows no earlier one any more, and this is the order that it has.
    Promise {
        /// The epoch whose sequencer made that order.
        accepted: Epoch,
        /// The order.
        log: Arc<[Entry<P>]>,
    },
    /// From the sequencer of a new epoch: the order so far, in place of what the receiver has.
    Adopt {
        /// The order.
        log: Arc<[Entry<P>]>,
        /// Up to here a majority is known to have it.
        stable: u64,
    },
}

/// What a node writes down.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record<P> {
    /// A message of its own, before the sequencer hears of it. They are numbered as they come.
    Broadcast(P),
    /// The next place of the order.
    Ordered(Entry<P>),
    /// It follows no earlier epoch any more.
    Promise(Epoch),
    /// The order as the sequencer of this epoch found it replaces what was there.
    Adopt {
        /// The epoch.
        epoch: Epoch,
        /// The order.
        log: Arc<[Entry<P>]>,
    },
}
