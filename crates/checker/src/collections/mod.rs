//! Queues, stacks and priority queues whose values are unique, or nearly so: decided without a search.
//!
//! Why it exists: a search over configurations does not end on a queue of a hundred thousand operations, and need not
//! begin: if no value is inserted twice, the intervals of each value's insert and remove say everything. Each object
//! has a theorem of its own, proved where it is used: [`queue`](self::queue()), [`stack`](self::stack()),
//! [`priority_queue`](self::priority_queue()). They follow Henzinger, Sezgin and Vafeiadis (CONCUR 2013), Lee and Mathur
//! (OOPSLA 2025, arXiv 2410.04581) and Abdulla, Grahn, Jonsson, Krishna and Mishra (PLDI 2025, arXiv 2509.17795), and
//! add operations of unknown outcome and the order itself, which those leave out.
//!
//! Common to all three:
//! - **Projection.** Take all operations of a value out of a legal sequence and it stays legal; the same for an answer
//!   *empty* and for a remove of unknown outcome that removed nothing that is left. So a few values and empties that
//!   have no order prove that the history has none: a [`Clash`]. The clashes here are locally minimal.
//! - **Moments.** A linearization is a moment in each operation's interval, ends included, and an order among those that
//!   share one. So an insert may be taken to end no later than its value's remove, and a remove to begin no earlier than
//!   its value's insert (`tight`); an insert of unknown outcome then ends like the others if its value was ever removed,
//!   and is left out if not.
//! - **Presence.** After the insert has returned and before the remove is called, strictly, a value is certainly there.
//!   A moment at which no value is certainly there is a *gap*. At a gap the collection can be empty, and the history can
//!   be cut: values whose remove has been called go before, the others after, and those of which both is true (their
//!   insert has not returned yet) come and go at that moment. Clipping a linearization of either side at the gap keeps
//!   every operation inside its interval, so the whole is linearizable iff both sides are.
//!
//! **Removes of unknown outcome** say neither whether nor what they removed. [`queue`](self::queue()) decides them exactly.
//! [`stack`](self::stack()) and [`priority_queue`](self::priority_queue()) decide most such histories and answer `None` on the
//! others: each order is checked by its construction, each clash is one whatever these removes did, and what is neither
//! is left to the search.
//!
//! **Copies.** Values that were inserted more than once are told apart by who removed which (`copies`).
//!
//! Left out on purpose: objects that start with elements, or have a bound; sets, which fall apart into one object a value.

mod copies;
mod cover;
mod deadlines;
mod empties;
#[cfg(test)]
mod examples;
mod gather;
#[cfg(test)]
mod oracle;
mod parts;
mod priority_queue;
mod queue;
mod shrink;
mod stack;
pub mod testing;
mod tight;

pub use gather::{Action, Event, Unfit};
pub(crate) use parts::Decided as PartDecided;
pub(crate) use parts::decide;

use anachron_vocabulary::OperationId;

/// An insert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Insert {
    /// The operation.
    pub id: OperationId,
    /// When it was called.
    pub call: i64,
    /// When it returned; `None` if its outcome is unknown.
    pub returned: Option<i64>,
}

/// An operation that was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answered {
    /// The operation.
    pub id: OperationId,
    /// When it was called.
    pub call: i64,
    /// When it returned.
    pub returned: i64,
}

/// A remove of unknown outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pending {
    /// The operation.
    pub id: OperationId,
    /// When it was called.
    pub call: i64,
}

/// A value's operations.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Element {
    /// What brought it in.
    pub insert: Insert,
    /// The remove that answered with it, if any did.
    pub remove: Option<Answered>,
    /// Its priority, smaller first; equal ones may leave in any order. Only priority queues look at it.
    pub rank: i64,
}

/// The operations on one collection that was empty at first and whose values are unique.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Collection {
    /// One a value.
    pub elements: Vec<Element>,
    /// The removes that were answered with *empty*.
    pub empties: Vec<Answered>,
    /// The removes of unknown outcome.
    pub pending: Vec<Pending>,
}

/// What the theorems say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decided {
    /// A legal order: every operation that was answered, and those of unknown outcome that took effect.
    Order(Vec<OperationId>),
    /// These have none.
    Clash(Clash),
}

/// Values and empties of a collection that have no legal order.
///
/// The removes of unknown outcome that are listed might have helped and do not; they are part of the proof, as they are.
/// No other could have: it was called after all that is listed was over, or can have removed none of these values.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Clash {
    /// Indices of elements, ascending.
    pub elements: Vec<usize>,
    /// Indices of empties, ascending.
    pub empties: Vec<usize>,
    /// Indices of pending removes, ascending.
    pub pending: Vec<usize>,
    /// True if no element and no empty can go without losing the clash. False if that was too much work to find out, or could
    /// not be found out for some part with pending removes.
    pub minimal: bool,
}

impl Clash {
    /// The operations of a clash, by call.
    pub fn operations(&self, collection: &Collection) -> Vec<OperationId> {
        let part = collection.part(self);
        let inserts = part.elements.iter().map(|element| (element.insert.call, element.insert.id));
        let removes = part.elements.iter().filter_map(|element| element.remove);
        let answered =
            removes.chain(part.empties.iter().copied()).map(|answered| (answered.call, answered.id));
        let pending = part.pending.iter().map(|pending| (pending.call, pending.id));
        let mut operations: Vec<(i64, OperationId)> = inserts.chain(answered).chain(pending).collect();
        operations.sort_unstable();
        operations.into_iter().map(|(_, id)| id).collect()
    }
}

/// What decides a collection: `None` where it does not say.
type Theorem = fn(&Collection) -> Option<Decided>;

impl Collection {
    /// The collection that has only what a clash lists.
    #[must_use]
    pub fn part(&self, clash: &Clash) -> Self {
        Self {
            elements: clash.elements.iter().map(|&index| self.elements[index]).collect(),
            empties: clash.empties.iter().map(|&index| self.empties[index]).collect(),
            pending: clash.pending.iter().map(|&index| self.pending[index]).collect(),
        }
    }
}

/// Decides a first-in-first-out queue, in O(n log n). `None` only if a time is among the last two or is the first that 64
/// bits can tell.
pub fn queue(collection: &Collection) -> Option<Decided> {
    shrink::with_small_clash(collection, queue::decide)
}

/// Decides a last-in-first-out stack, in O(n log n).
///
/// `None` in the case of [`queue()`](self::queue()), and possibly if there are pending removes.
pub fn stack(collection: &Collection) -> Option<Decided> {
    shrink::with_small_clash(collection, stack::decide)
}

/// Decides a priority queue, smallest rank first, in O(n log n).
///
/// `None` in the case of [`queue()`](self::queue()), and possibly if there are pending removes.
pub fn priority_queue(collection: &Collection) -> Option<Decided> {
    shrink::with_small_clash(collection, priority_queue::decide)
}
