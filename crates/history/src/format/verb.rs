//! The names of operations in history files.

use std::fmt;

/// What an operation does, before its argument is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Read,
    Write,
    CompareAndSet,
    Append,
    Acquire,
    Release,
}

/// The names that are understood, as an error lists them.
const KNOWN: &str = "read (or get), write (or put), cas, append, acquire, release";

impl Verb {
    /// The verb with this name: `Operation::name` of the vocabulary, or `get` and `put` as key-value stores say.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "read" | "get" => Self::Read,
            "write" | "put" => Self::Write,
            "cas" => Self::CompareAndSet,
            "append" => Self::Append,
            "acquire" => Self::Acquire,
            "release" => Self::Release,
            _ => return None,
        })
    }

    /// What was expected where no known name stands.
    pub(super) fn expectation() -> String {
        format!("an operation that a model knows: {KNOWN}")
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::CompareAndSet => "cas",
            Self::Append => "append",
            Self::Acquire => "acquire",
            Self::Release => "release",
        })
    }
}
