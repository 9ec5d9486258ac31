//! What consensus protocols give to others: a log on which all nodes agree.
//!
//! Why it exists: total order broadcast can be made of any sequence of consensus instances (Chandra and Toueg,
//! *Unreliable Failure Detectors for Reliable Distributed Systems*, JACM 1996, section 7). The broadcast asks for no more
//! than this trait, so it knows nothing of terms and ballots, and the protocols know nothing of broadcasts.
//!
//! What a protocol promises: two nodes that know a place to be decided hold the same there, for ever. What it does not
//! promise: that a submission is decided once, or at all. Whoever submits asks again, and tells doubles apart by name.

use std::fmt;
use std::sync::Arc;

use anachron_node::{Context, Replica, Request};
use anachron_vocabulary::{NodeId, VirtualDuration};

/// The name of a message: its origin, and the origin's count of its messages, from 1 up. A restart does not reuse a name
/// that anybody has seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId {
    /// Who broadcast it.
    pub origin: NodeId,
    /// The how-many-th of its messages.
    pub number: u64,
}

/// `n2.7`.
impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.origin, self.number)
    }
}

/// What a log is asked to hold for a layer above it. The protocol's own state machine makes nothing of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Submission {
    /// Its name.
    pub id: MessageId,
    /// What it says.
    pub request: Request,
}

/// Short, for traces: name, request, object and operation.
impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, request: Request { id: of, key, operation } } = self;
        write!(f, "{id:?} {of:?} {key:?} {operation:?}")
    }
}

/// A consensus protocol at one node, as the log that it keeps. Places are counted from 1 up.
pub trait AgreedLog: Replica {
    /// Settings with which the log keeps all it has decided. `first` tries to lead as soon as it first boots; a node that
    /// hears of no leader for `patience`, or up to twice that, tries as well.
    fn settings(first: NodeId, patience: VirtualDuration) -> Self::Config;

    /// The term or ballot in which this node leads, if it does as far as it knows. In one reign it forgets nothing that
    /// was put.
    fn reign(&self) -> Option<u64>;

    /// Whom this node takes for the leader.
    fn leader(&self) -> Option<NodeId>;

    /// Proposes a submission for the next place. Only for a node that leads.
    fn put(&mut self, submission: Arc<Submission>, cx: &mut Context<'_, Self>);

    /// The last place up to which this node knows all to be decided. After a restart it may know less than before.
    fn decided_up_to(&self) -> u64;

    /// The last place up to which this node holds something. Whatever it knew to be decided and durable before a
    /// restart is within.
    fn held_up_to(&self) -> u64;

    /// What this node holds for a place up to [`Self::held_up_to`]: `None` if that is no submission.
    fn held(&self, place: u64) -> Option<&Arc<Submission>>;
}
