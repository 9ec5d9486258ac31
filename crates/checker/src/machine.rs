//! The specification as the search sees it: states and operations are small numbers.
//!
//! Why it exists: a configuration must have constant size whatever the state is, so states are interned; and what an
//! operation does depends only on its *class*, the operation together with its reply, so operations with the same
//! class are interchangeable but for their intervals.
//!
//! Each reduction of the search asks a machine only the questions below. A machine that answers none of the hints is
//! searched more slowly, never wrongly.

mod compiled;
mod generic;
mod register;
mod text;

pub(crate) use compiled::{Compiled, compile, compile_object};
pub(crate) use generic::GenericMachine;
pub(crate) use register::{Class, RegisterMachine};
pub(crate) use text::{TextClass, TextMachine};

/// The answer of a step that the specification refuses.
pub(crate) const ILLEGAL: u32 = u32::MAX;

/// A deterministic object over numbered states and numbered classes of operations.
pub(crate) trait Machine {
    /// The state before the first operation.
    fn initial(&self) -> u32;

    /// The state after an operation of this class takes effect, or [`ILLEGAL`].
    fn step(&mut self, state: u32, class: u32) -> u32;

    /// True if the class leaves every state in which it is legal as it was.
    fn is_observer(&self, class: u32) -> bool;

    /// Hint: the only state in which the class is legal.
    fn requires(&self, _class: u32) -> Option<u32> {
        None
    }

    /// Hint: the state that the class leaves behind wherever it is legal.
    fn leaves(&self, _class: u32) -> Option<u32> {
        None
    }

    /// Hint: every class that is not an observer answers [`leaves`](Self::leaves), so that a state can only be
    /// brought about by a class that leaves it.
    fn is_closed(&self) -> bool {
        false
    }

    /// Hint: no sequence of operations that answer nothing to [`leaves`](Self::leaves) leads from this state to one
    /// in which the class is legal.
    fn is_out_of_reach(&mut self, _state: u32, _class: u32) -> bool {
        false
    }

    /// Hint: every class that answers nothing to [`leaves`](Self::leaves) and is no observer is legal here, and in every
    /// state that such classes lead to from here.
    fn takes_anything(&self, _state: u32) -> bool {
        false
    }

    /// Hint: [`is_out_of_reach`](Self::is_out_of_reach) is worth asking about this class.
    fn is_horizon(&self, _class: u32) -> bool {
        false
    }

    /// True if the machine can't tell which operations notice which: then a core holds every operation that changes
    /// something and was called before all that has to be placed in it had returned.
    fn is_opaque(&self) -> bool {
        false
    }

    /// Hint for leaving operations out of a core: nothing of class `observer` could notice, before the next class
    /// that overwrites everything, that a class `changer` took effect.
    fn may_notice(&self, _observer: u32, _changer: u32) -> bool {
        true
    }

    /// Hint for the same: whatever the state was, the class is legal and the state after it is the same one.
    fn overwrites(&self, _class: u32) -> bool {
        false
    }

    /// Hint for making a core smaller: the class of an operation that leaves what this one leaves, wherever it takes
    /// effect, and tells nothing of what was there before (a compare-and-set taken for a plain write, an acquire for
    /// word that the lock is held afterwards).
    fn as_write(&self, _class: u32) -> Option<u32> {
        None
    }

    /// Bytes that remembered states and transitions take.
    fn bytes(&self) -> usize;
}
