//! What a client asks, what it is told, and what it knows afterwards.

use std::fmt;
use std::sync::Arc;

/// A value that a client writes or reads. Only equality matters to the judge.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Value {
    /// Nothing there: what a register holds before the first write, unless a scenario says otherwise.
    #[default]
    Null,
    /// A whole number.
    Integer(i64),
    /// A string.
    Text(Arc<str>),
    /// Any other literal of a history file (`1.5`, `true`, `:keyword`, `[1 2]`), kept as its canonical text and
    /// compared by it. A string `"1.5"` and a number `1.5` stay different.
    Literal(Arc<str>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// Strings in quotes only where they could be taken for something else.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => {
                let plain = !text.is_empty()
                    && &**text != "null"
                    && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
                    && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
                if plain { f.write_str(text) } else { write!(f, "{text:?}") }
            }
            Self::Literal(text) => f.write_str(text),
        }
    }
}

/// What a client asks of one object. Key-value `get` and `put` are [`Read`](Self::Read) and [`Write`](Self::Write).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// Returns the object's value.
    Read,
    /// Replaces the object's value.
    Write(Value),
    /// Replaces the value with `new` if it is `expected`, and says whether it did.
    CompareAndSet {
        /// The value that must be there.
        expected: Value,
        /// The value to put in its place.
        new: Value,
    },
    /// Adds text to the end of the object's text.
    Append(Value),
    /// Takes the lock; returns once it is held.
    Acquire,
    /// Gives the lock back.
    Release,
}

impl Operation {
    /// The operation's name in history and scenario files: `read`, `write`, `cas`, `append`, `acquire`, `release`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write(_) => "write",
            Self::CompareAndSet { .. } => "cas",
            Self::Append(_) => "append",
            Self::Acquire => "acquire",
            Self::Release => "release",
        }
    }

    /// True if the operation can't change the object, whatever it returns.
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Read)
    }
}

/// What a client is told when its operation took effect.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    /// Done: the answer to a write, an append, an acquire or a release.
    Done,
    /// The value read.
    Value(Value),
    /// Whether a compare-and-set replaced the value. `false` is an observation: the value was not the expected one.
    Swapped(bool),
}

/// What a client knows of its operation in the end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It took effect between its call and its return, and this was the reply.
    Ok(Reply),
    /// It certainly did not happen, and never will.
    Failed,
    /// Nobody knows: it may take effect at any time after its call, or never. A time-out is this, never `Failed`.
    Unknown,
}
