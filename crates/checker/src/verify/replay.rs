//! One object, changed in place, for the verifier alone.

use anachron_vocabulary::{Operation, Reply, Value};

use crate::{CheckOptions, Model};

/// An object that operations are replayed on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Replay {
    /// A value that is not being appended to.
    Plain(Value),
    /// A text that is; the same as `Plain` of that text, so every text is kept this way.
    Text(String),
    /// A lock: held or not.
    Lock { held: bool },
}

impl Replay {
    pub(super) fn new(options: &CheckOptions) -> Self {
        match options.model {
            Model::Mutex => Self::Lock { held: false },
            Model::Register | Model::CasRegister | Model::KeyValue => Self::holding(&options.initial),
        }
    }

    fn holding(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(String::from(&**text)),
            other => Self::Plain(other.clone()),
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(mine), Value::Text(text)) => **mine == **text,
            (Self::Plain(mine), value) => mine == value,
            _ => false,
        }
    }

    /// Lets an operation take effect, and says whether it could have, with that reply if one is known.
    /// The object is of no further use after a refusal.
    pub(super) fn apply(&mut self, operation: &Operation, reply: Option<&Reply>) -> bool {
        match operation {
            Operation::Read => match reply {
                None => true,
                Some(Reply::Value(seen)) => self.holds(seen),
                Some(_) => false,
            },
            Operation::Write(value) => {
                *self = Self::holding(value);
                matches!(reply, None | Some(Reply::Done))
            }
            Operation::CompareAndSet { expected, new } => {
                let equal = self.holds(expected);
                if equal {
                    *self = Self::holding(new);
                }
                reply.is_none_or(|reply| *reply == Reply::Swapped(equal))
            }
            Operation::Append(Value::Text(suffix)) => match self {
                Self::Plain(Value::Null) => {
                    *self = Self::Text(String::from(&**suffix));
                    true
                }
                Self::Text(text) => {
                    text.push_str(suffix);
                    true
                }
                _ => false,
            },
            Operation::Append(_) => false,
            Operation::Acquire => self.turn(false, true),
            Operation::Release => self.turn(true, false),
        }
    }

    /// Puts in place what an operation leaves behind, whatever was there; false if that depends on what was there.
    pub(super) fn overwrite(&mut self, operation: &Operation) -> bool {
        *self = match operation {
            Operation::Write(value) | Operation::CompareAndSet { new: value, .. } => Self::holding(value),
            Operation::Acquire => Self::Lock { held: true },
            Operation::Release => Self::Lock { held: false },
            Operation::Read | Operation::Append(_) => return false,
        };
        true
    }

    /// True if this is a text that appends can't turn into `value`.
    pub(super) fn is_past(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(mine), Value::Text(text)) => !text.starts_with(&**mine),
            (Self::Text(_), _) => true,
            _ => false,
        }
    }

    /// Turns the lock from one state to the other, if it is in the first.
    fn turn(&mut self, from: bool, to: bool) -> bool {
        match self {
            Self::Lock { held } if *held == from => {
                *held = to;
                true
            }
            _ => false,
        }
    }
}
