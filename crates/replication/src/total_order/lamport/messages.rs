//! What nodes say to each other, and what they write down.

use std::fmt;

use anachron_vocabulary::NodeId;

use crate::common::{MessageId, Stamp};

/// What nodes say to each other. Requests of one sender are numbered, so that they are taken in the order in which they
/// were sent, none missing and none twice, whatever the network does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message<P> {
    /// The sender's requests, from number `first` on.
    Requests {
        /// The number of the first one.
        first: u64,
        /// The requests.
        requests: Vec<Stamped<P>>,
    },
    /// "Whatever I request later is stamped later than this."
    Acknowledge {
        /// The sender's clock.
        clock: u64,
        /// How many requests the sender has made so far. The promise is worth nothing before all of them are here.
        sent: u64,
        /// How many of the receiver's requests the sender has on its disk.
        received: u64,
    },
    /// "I wait for an acknowledgement of yours."
    Ask,
}

/// A request with the counter of its stamp; the node of the stamp is the sender.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Stamped<P> {
    /// What the sender's clock showed.
    pub counter: u64,
    /// What it broadcasts.
    pub payload: P,
}

impl<P: fmt::Debug> fmt::Debug for Stamped<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}", self.payload, self.counter)
    }
}

/// What a node writes down: a request, its own or one that it has received.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Record<P> {
    /// Its stamp; the stamp's node is who broadcast it.
    pub stamp: Stamp,
    /// The how-many-th of its origin's.
    pub number: u64,
    /// What was broadcast.
    pub payload: P,
}

impl<P: fmt::Debug> fmt::Debug for Record<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({:?}, number {}, {:?})", self.stamp, self.number, self.payload)
    }
}

impl<P> Record<P> {
    pub(super) fn id(&self) -> MessageId {
        MessageId { origin: self.origin(), number: self.number }
    }

    pub(super) fn origin(&self) -> NodeId {
        self.stamp.node
    }
}
