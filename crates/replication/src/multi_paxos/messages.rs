//! What the nodes say to each other. The names of "Paxos Made Moderately Complex" (section 3) are p1a and p1b for `Prepare`
//! and `Promise`, p2a and p2b for `Accept` and `Accepted`.

use std::fmt;
use std::sync::Arc;

use super::{Ballot, Command, Slot};

/// A message between nodes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Message {
    /// A node that wants to lead asks for a promise, for every slot at once.
    Prepare {
        /// Its ballot.
        ballot: Ballot,
        /// The first slot that it does not know to be chosen: of those below it need hear nothing.
        from: Slot,
    },
    /// The promise to obey no lower ballot.
    Promise {
        /// The ballot promised.
        ballot: Ballot,
        /// What the acceptor accepted last, for each slot asked about that is not known to be chosen.
        accepted: Arc<[Vote]>,
        /// What the acceptor knows to be chosen.
        chosen: Arc<[Chosen]>,
    },
    /// A leader asks for a value to be accepted.
    Accept {
        /// The leader's ballot.
        ballot: Ballot,
        /// The slot.
        slot: Slot,
        /// The value.
        command: Command,
    },
    /// The value proposed in this ballot for this slot is accepted.
    Accepted {
        /// The ballot.
        ballot: Ballot,
        /// The slot.
        slot: Slot,
    },
    /// The receiver's ballot is of no use here: this higher one is promised.
    Preempted {
        /// The ballot promised.
        ballot: Ballot,
    },
    /// A value is chosen.
    Decision(Chosen),
    /// A leader is there.
    Heartbeat {
        /// Its ballot.
        ballot: Ballot,
        /// The last slot up to which it knows everything to be chosen.
        chosen: Slot,
    },
    /// A node asks for decisions that it missed.
    Missing {
        /// The first that it lacks.
        from: Slot,
    },
    /// Decisions, because somebody asked.
    Decisions {
        /// As many as fit in a message.
        chosen: Arc<[Chosen]>,
        /// The last slot up to which the sender knows everything to be chosen.
        up_to: Slot,
    },
}

/// A value accepted for a slot in a ballot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Vote {
    /// The slot.
    pub slot: Slot,
    /// The ballot.
    pub ballot: Ballot,
    /// The value.
    pub command: Command,
}

/// A value chosen for a slot.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Chosen {
    /// The slot.
    pub slot: Slot,
    /// The value.
    pub command: Command,
}

impl fmt::Debug for Vote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?} in {}", self.slot, self.command, self.ballot)
    }
}

impl fmt::Debug for Chosen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.slot, self.command)
    }
}

/// One line a reader of a trace can follow.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prepare { ballot, from } => write!(f, "Prepare({ballot}, from slot {from})"),
            Self::Promise { ballot, accepted, chosen } => {
                write!(f, "Promise({ballot}")?;
                if !accepted.is_empty() {
                    write!(f, ", accepted {accepted:?}")?;
                }
                if !chosen.is_empty() {
                    write!(f, ", chosen {chosen:?}")?;
                }
                f.write_str(")")
            }
            Self::Accept { ballot, slot, command } => write!(f, "Accept({ballot}, {slot}: {command:?})"),
            Self::Accepted { ballot, slot } => write!(f, "Accepted({ballot}, slot {slot})"),
            Self::Preempted { ballot } => write!(f, "Preempted(by {ballot})"),
            Self::Decision(chosen) => write!(f, "Decision({chosen:?})"),
            Self::Heartbeat { ballot, chosen } => write!(f, "Heartbeat({ballot}, chosen up to {chosen})"),
            Self::Missing { from } => write!(f, "Missing(from slot {from})"),
            Self::Decisions { chosen, up_to } => write!(f, "Decisions({chosen:?}, chosen up to {up_to})"),
        }
    }
}
