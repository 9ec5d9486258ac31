//! The kinds of objects that clients work on, and the operations each kind knows.

use std::fmt;

use anachron_vocabulary::Value;
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
    /// Elements in the order in which they were appended, read as a whole.
    List,
    /// First in, first out.
    Queue,
    /// Elements that are there or not.
    Set,
    /// A number that is added to.
    Counter,
}

impl Model {
    /// The model's name in scenario files and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::CasRegister => "cas-register",
            Self::KeyValue => "key-value",
            Self::Mutex => "mutex",
            Self::List => "list",
            Self::Queue => "queue",
            Self::Set => "set",
            Self::Counter => "counter",
        }
    }

    /// The operations that its objects know.
    pub fn operations(self) -> &'static [OperationKind] {
        use OperationKind::{
            Acquire, Add, Append, Cas, Contains, Delete, Dequeue, Enqueue, Increment, Read, Release, Remove,
            Write,
        };
        match self {
            Self::Register => &[Read, Write],
            Self::CasRegister => &[Read, Write, Cas],
            Self::KeyValue => &[Read, Write, Append, Delete],
            Self::Mutex => &[Acquire, Release],
            Self::List => &[Read, Append],
            Self::Queue => &[Enqueue, Dequeue],
            Self::Set => &[Read, Add, Remove, Contains],
            Self::Counter => &[Read, Increment],
        }
    }

    /// The name of the object that an operation without a key works on.
    pub fn default_key(self) -> &'static str {
        match self {
            Self::Mutex => "lock",
            Self::Queue => "queue",
            Self::Register | Self::CasRegister | Self::KeyValue | Self::List | Self::Set | Self::Counter => {
                "x"
            }
        }
    }

    /// True if a story may say what an object holds before it is first changed. A lock starts free, collections empty,
    /// a counter at 0.
    pub fn has_initial(self) -> bool {
        matches!(self, Self::Register | Self::CasRegister | Self::KeyValue)
    }

    /// What an object holds when a story says nothing of it.
    pub fn default_initial(self) -> Value {
        if self == Self::Counter { Value::Integer(0) } else { Value::Null }
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
    /// Adds to the end: text to a key's text, an element to a list.
    Append,
    /// Removes a key's value.
    Delete,
    /// Takes the lock.
    Acquire,
    /// Gives the lock back.
    Release,
    /// Adds an element at the tail of a queue.
    Enqueue,
    /// Takes the element at the head of a queue.
    Dequeue,
    /// Puts an element into a set.
    Add,
    /// Takes an element out of a set.
    Remove,
    /// Asks whether an element is in a set.
    Contains,
    /// Adds a number to a counter.
    Increment,
}

impl OperationKind {
    /// The operation's name in scenario and history files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Cas => "cas",
            Self::Append => "append",
            Self::Delete => "delete",
            Self::Acquire => "acquire",
            Self::Release => "release",
            Self::Enqueue => "enqueue",
            Self::Dequeue => "dequeue",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Contains => "contains",
            Self::Increment => "increment",
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
