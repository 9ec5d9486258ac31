//! The kinds of objects that clients work on, and the operations each kind knows.

use std::fmt;

use serde::Deserialize;

/// A kind of object. The names are those of the checker's models.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Read and write.
    Register,
    /// Read, write and compare-and-set.
    CasRegister,
    /// Read, write and append, many keys.
    KeyValue,
    /// A lock: acquire and release.
    Mutex,
}

impl Model {
    /// The model's name in scenario files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::CasRegister => "cas-register",
            Self::KeyValue => "key-value",
            Self::Mutex => "mutex",
        }
    }

    /// The operations that its objects know.
    pub fn operations(self) -> &'static [OperationKind] {
        use OperationKind::{Acquire, Append, Cas, Read, Release, Write};
        match self {
            Self::Register => &[Read, Write],
            Self::CasRegister => &[Read, Write, Cas],
            Self::KeyValue => &[Read, Write, Append],
            Self::Mutex => &[Acquire, Release],
        }
    }

    /// The name of the object that an operation without a key works on.
    pub fn default_key(self) -> &'static str {
        match self {
            Self::Mutex => "lock",
            Self::Register | Self::CasRegister | Self::KeyValue => "x",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An operation without its arguments.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// Returns the object's value.
    Read,
    /// Replaces the object's value.
    Write,
    /// Replaces one value with another, if it is there.
    Cas,
    /// Adds to the end of the object's text.
    Append,
    /// Takes the lock.
    Acquire,
    /// Gives the lock back.
    Release,
}

impl OperationKind {
    /// The operation's name in scenario and history files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Cas => "cas",
            Self::Append => "append",
            Self::Acquire => "acquire",
            Self::Release => "release",
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
