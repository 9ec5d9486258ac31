//! What the judge says: one of three verdicts for every object, with a certificate or an account of how far it got.
//!
//! Why it exists: an answer that nobody can check is an opinion. *Linearizable* comes with an order, *not
//! linearizable* with a small core, and both are re-checked by [`verify`](crate::verify), which shares no code with
//! the roads that found them. *Undecided* is a verdict of its own and never a pass.

use std::fmt;

use anachron_vocabulary::{Key, OperationId};

use crate::Limit;

/// One order of an object's operations that respects real time and that the specification accepts.
///
/// It holds every operation that is ok, none that failed, and those of unknown outcome that took effect.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Order(pub Vec<OperationId>);

/// How an operation of a core is kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kept {
    /// As the history has it.
    AsItWas,
    /// A compare-and-set that swapped, an acquire or a release, weakened to a plain write of what it leaves behind:
    /// what it found does not count. Only where keeping it as it was would need further operations to be kept.
    AsWrite,
    /// Its outcome weakened to unknown: it may take effect at any time after its call, or never. If it was ok and
    /// takes effect, it answers what it answered.
    AsUnknown,
}

/// One operation of a core.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CoreOperation {
    /// Which.
    pub id: OperationId,
    /// In what form.
    pub kept: Kept,
}

/// Where a core's orders may start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Start {
    /// At the object's initial state.
    #[default]
    Initial,
    /// At the initial state, amid all that the core leaves out: each of those may act between its call and its return, any
    /// number of times or never. There is no order whatever they do. The others that could act need not be named, so this
    /// is how a core is told that would be large otherwise.
    Amid,
    /// At any of its states: the core is a window of time on a lock, a counter or a list, or two fencing tokens, and what went
    /// before does not help. There is no order from any of them.
    Any,
}

/// A small set of one object's operations that can't be put in order whatever the others did.
///
/// Only weakenings that can't invent a violation lead from the history to its core: an operation that only observes
/// may go; one that changes the object may become unknown, a compare-and-set a write; any may go if nothing kept could ever notice
/// it (see [`verify::verify_core`](crate::verify::verify_core), which states and checks the rule). A lock's
/// core may be a window of time instead, judged from both of its states ([`Start::Any`]). And where a core would be large, it
/// may leave out whatever it likes and be judged amid what it leaves out ([`Start::Amid`]).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Core {
    /// The operations, by time of call.
    pub operations: Vec<CoreOperation>,
    /// The longest legal order of the core's operations that was found; no longer one exists when the core was
    /// searched exhaustively. Empty where counting was enough or nobody searched for it.
    pub longest_order: Vec<OperationId>,
    /// True if no operation can go or become unknown without losing the violation: the core is locally minimal. False if
    /// the budget ended before the core was as small as it gets; it is a proof all the same.
    pub minimal: bool,
    /// From which states it is judged.
    pub start: Start,
}

/// How far a search got before its budget was spent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Progress {
    /// The longest legal order found.
    pub longest_order: Vec<OperationId>,
    /// How many operations that are ok that order holds…
    pub placed: usize,
    /// …of how many.
    pub required: usize,
    /// Which limit ended the search.
    pub limit: Limit,
}

/// What is known of one object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// There is a legal order, and this is one.
    Linearizable(Order),
    /// There is none, and this is why.
    NotLinearizable(Core),
    /// The budget was spent first.
    Undecided(Progress),
}

impl Verdict {
    /// The verdict without its certificate.
    pub fn decision(&self) -> Decision {
        match self {
            Self::Linearizable(_) => Decision::Linearizable,
            Self::NotLinearizable(_) => Decision::NotLinearizable,
            Self::Undecided(_) => Decision::Undecided,
        }
    }
}

/// A verdict without its certificate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Decision {
    /// Every object has a legal order.
    Linearizable,
    /// Some object has none.
    NotLinearizable,
    /// No violation was found, and some object was not decided within the budget.
    Undecided,
}

impl Decision {
    /// `linearizable`, `not-linearizable` or `undecided`, as in the machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::NotLinearizable => "not-linearizable",
            Self::Undecided => "undecided",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLinearizable => "not linearizable",
            other => other.name(),
        })
    }
}

/// By which road a verdict was reached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Road {
    /// The order in which the operations were called, which is legal as it is.
    CallOrder,
    /// Zones of a register whose written values are unique, or told apart by time (Gibbons and Korach 1997).
    Zones,
    /// Chains of a compare-and-set register whose new values are all different (the same, carried further).
    Chains,
    /// Turns: acquires and releases of a lock alternate, so there is nothing to search.
    Turns,
    /// The theorems on queues, stacks and priority queues whose elements are unique, or copies told apart (Henzinger,
    /// Sezgin and Vafeiadis 2013; Lee and Mathur 2025).
    Collections,
    /// The search over configurations (Wing and Gong 1993; Lowe 2017).
    Search,
}

impl Road {
    /// `call-order`, `zones`, `chains`, `turns`, `collections` or `search`.
    pub fn name(self) -> &'static str {
        match self {
            Self::CallOrder => "call-order",
            Self::Zones => "zones",
            Self::Chains => "chains",
            Self::Turns => "turns",
            Self::Collections => "collections",
            Self::Search => "search",
        }
    }
}

impl fmt::Display for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The verdict on one object, and how it was reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PartVerdict {
    /// The object.
    pub key: Key,
    /// How many operations of the history are its own, failed ones included.
    pub operations: usize,
    /// What is known of it.
    pub verdict: Verdict,
    /// By which road.
    pub road: Road,
    /// How many configurations the search explored; 0 on a road that doesn't search.
    pub configurations: u64,
}

/// The verdict on a history: its objects' verdicts, by key. A history is linearizable iff each object's part is
/// (locality: Herlihy and Wing 1990, theorem 1).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Judgement {
    /// One entry an object, in the order of the keys.
    pub parts: Vec<PartVerdict>,
}

impl Judgement {
    /// The decision on the whole: one violation settles it; otherwise one open question leaves it open.
    pub fn decision(&self) -> Decision {
        let decisions = || self.parts.iter().map(|part| part.verdict.decision());
        if decisions().any(|decision| decision == Decision::NotLinearizable) {
            Decision::NotLinearizable
        } else if decisions().any(|decision| decision == Decision::Undecided) {
            Decision::Undecided
        } else {
            Decision::Linearizable
        }
    }

    /// The first object with a violation, and its core.
    pub fn violation(&self) -> Option<(&PartVerdict, &Core)> {
        self.parts.iter().find_map(|part| match &part.verdict {
            Verdict::NotLinearizable(core) => Some((part, core)),
            _ => None,
        })
    }

    /// Configurations explored over all objects.
    pub fn configurations(&self) -> u64 {
        self.parts.iter().map(|part| part.configurations).sum()
    }
}

/// Puts the verdicts of a history's parts together. They may come in any order, as they do from several threads.
pub fn combine(mut parts: Vec<PartVerdict>) -> Judgement {
    parts.sort_by_key(|part| part.key);
    Judgement { parts }
}
