//! What an object is when one client uses it alone: a state, and what each operation does to it.
//!
//! Why it exists: linearizability (Herlihy and Wing 1990, section 2) is defined against a *sequential
//! specification*. The search is generic over this trait, so a reader's own object needs only an implementation of it;
//! the vocabulary's closed set of operations (see [`Model`](crate::Model)) is one instance and not the limit.
//!
//! The hints have safe defaults: an implementation that gives none is searched more slowly, never wrongly.
//!
//! Left out on purpose: specifications in which one operation with one reply may lead to several states.

use std::hash::Hash;

pub(crate) mod parts;

/// A deterministic sequential object.
///
/// Promise that an implementation makes: `step` is a pure function of its arguments, and with a known reply at
/// most one state can follow.
pub trait Specification {
    /// The object's state. Equal states must behave alike for ever.
    type State: Clone + Eq + Hash;
    /// What a client asks. Equal operations must behave alike.
    type Operation: Clone + Eq + Hash;
    /// What a client is told.
    type Reply: Clone + Eq + Hash;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// The state after `operation` takes effect in `state` and answers `reply`, or `None` if it can't answer that.
    ///
    /// Without a reply the outcome is unknown and any answer is allowed: the result is the state that the operation
    /// leaves behind, or `None` if the operation can't take effect here at all (an acquire of a held lock).
    fn step(
        &self,
        state: &Self::State,
        operation: &Self::Operation,
        reply: Option<&Self::Reply>,
    ) -> Option<Self::State>;

    /// Hint: which part of the object this operation is about, if the object has parts that know nothing of each other
    /// (the accounts of a bank, the keys of a store): what operations on one part do and answer is as if there had
    /// never been one on another. Parts are judged apart (P-compositionality: Horn and Kroening 2015), which is exponentially
    /// cheaper where the search is. One operation that is about no one part (`None`) keeps all together.
    fn part(&self, _operation: &Self::Operation) -> Option<u64> {
        None
    }

    /// Hint: with this reply the operation leaves *every* state in which it is legal as it was (a read, a
    /// compare-and-set that answered false). It is not enough that some states stay as they are: a write of the
    /// current value is no observer, because it may be needed later to bring that value back.
    fn is_observer(&self, _operation: &Self::Operation, _reply: Option<&Self::Reply>) -> bool {
        false
    }
}

/// A borrowed specification is one as well.
impl<S: Specification> Specification for &S {
    type State = S::State;
    type Operation = S::Operation;
    type Reply = S::Reply;

    fn initial(&self) -> Self::State {
        (**self).initial()
    }

    fn step(
        &self,
        state: &Self::State,
        operation: &Self::Operation,
        reply: Option<&Self::Reply>,
    ) -> Option<Self::State> {
        (**self).step(state, operation, reply)
    }

    fn part(&self, operation: &Self::Operation) -> Option<u64> {
        (**self).part(operation)
    }

    fn is_observer(&self, operation: &Self::Operation, reply: Option<&Self::Reply>) -> bool {
        (**self).is_observer(operation, reply)
    }
}
