//! The vocabulary's objects as a sequential specification, one clause an operation, made to be read.
//!
//! Why it exists: this file is the definition of what the four models mean. The roads compile it to integers, the
//! verifier replays it in its own way, and tests hold all three together.
//!
//! Decisions about appends (Porcupine's key-value store starts every key as `""`, Anachron's as `null`): an append
//! to `null` leaves the appended text; an append to a text leaves the two joined; an append to any other value
//! can't take effect.

use anachron_vocabulary::{Operation, Reply, Value};

use crate::{Model, Specification};

/// What an object holds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ObjectState {
    /// A register or a key's value.
    Holds(Value),
    /// A lock that nobody holds.
    Free,
    /// A lock that somebody holds.
    Held,
}

/// One object of the vocabulary: a register, a CAS register, a key or a mutex.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// What kind of object.
    pub model: Model,
    /// What it holds before the first operation; a mutex ignores it and starts free.
    pub initial: Value,
}

/// The text after an append, if the value can be appended to.
fn appended(value: &Value, suffix: &Value) -> Option<Value> {
    match (value, suffix) {
        (Value::Null, Value::Text(_)) => Some(suffix.clone()),
        (Value::Text(text), Value::Text(suffix)) => Some(Value::Text(format!("{text}{suffix}").into())),
        _ => None,
    }
}

impl Specification for Object {
    type State = ObjectState;
    type Operation = Operation;
    type Reply = Reply;

    fn initial(&self) -> ObjectState {
        match self.model {
            Model::Mutex => ObjectState::Free,
            _ => ObjectState::Holds(self.initial.clone()),
        }
    }

    fn step(&self, state: &ObjectState, operation: &Operation, reply: Option<&Reply>) -> Option<ObjectState> {
        use ObjectState::{Free, Held, Holds};
        match (operation, state, reply) {
            (Operation::Read, Holds(_), None) => Some(state.clone()),
            (Operation::Read, Holds(value), Some(Reply::Value(seen))) => {
                (value == seen).then(|| state.clone())
            }
            (Operation::Write(new), Holds(_), None | Some(Reply::Done)) => Some(Holds(new.clone())),
            (Operation::CompareAndSet { expected, new }, Holds(value), reply) => {
                let swapped = value == expected;
                let answer_fits = match reply {
                    None => true,
                    Some(Reply::Swapped(answer)) => *answer == swapped,
                    Some(_) => false,
                };
                answer_fits.then(|| Holds(if swapped { new.clone() } else { value.clone() }))
            }
            (Operation::Append(suffix), Holds(value), None | Some(Reply::Done)) => {
                appended(value, suffix).map(Holds)
            }
            (Operation::Acquire, Free, None | Some(Reply::Done)) => Some(Held),
            (Operation::Release, Held, None | Some(Reply::Done)) => Some(Free),
            _ => None,
        }
    }

    fn is_observer(&self, operation: &Operation, reply: Option<&Reply>) -> bool {
        matches!(
            (operation, reply),
            (Operation::Read, _) | (Operation::CompareAndSet { .. }, Some(Reply::Swapped(false)))
        )
    }
}
