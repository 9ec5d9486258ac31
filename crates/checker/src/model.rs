//! The objects that the vocabulary's operations speak of, by name.
//!
//! Why it exists: a history file or a scenario names its model; this is the closed list of the names, what each
//! model knows, and what its objects hold at the start. What each operation does is in [`Object`](crate::Object).

use std::fmt;

use anachron_vocabulary::{Operation, Value};

/// A kind of object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Model {
    /// Read and write.
    Register,
    /// Read, write and compare-and-set.
    CasRegister,
    /// Get (read), put (write), append, delete and compare-and-set, one object a key.
    KeyValue,
    /// Several registers, read and written several at a time.
    MultiRegister,
    /// Acquire and release. The classic model: who holds the lock does not matter, only whether anybody does.
    Mutex,
    /// A lock whose every grant has a token greater than all before it (Kleppmann 2016; Gray and Cheriton 1989 on leases).
    FencingLock,
    /// Who is leader: claimed while nobody is, resigned by who is, read by all.
    LeaderRegister,
    /// First in, first out.
    Queue,
    /// Last in, first out.
    Stack,
    /// Elements that are there or not.
    Set,
    /// Elements that are there any number of times.
    Multiset,
    /// A number that is added to.
    Counter,
    /// Elements in the order in which they were appended, read as a whole.
    List,
    /// The smallest element comes first.
    PriorityQueue,
}

impl Model {
    /// Every model, in the order in which help texts list them.
    pub const ALL: [Self; 14] = [
        Self::Register,
        Self::CasRegister,
        Self::KeyValue,
        Self::MultiRegister,
        Self::Mutex,
        Self::FencingLock,
        Self::LeaderRegister,
        Self::Queue,
        Self::Stack,
        Self::Set,
        Self::Multiset,
        Self::Counter,
        Self::List,
        Self::PriorityQueue,
    ];

    /// The model's name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::CasRegister => "cas-register",
            Self::KeyValue => "key-value",
            Self::MultiRegister => "multi-register",
            Self::Mutex => "mutex",
            Self::FencingLock => "fencing-lock",
            Self::LeaderRegister => "leader-register",
            Self::Queue => "queue",
            Self::Stack => "stack",
            Self::Set => "set",
            Self::Multiset => "multiset",
            Self::Counter => "counter",
            Self::List => "list",
            Self::PriorityQueue => "priority-queue",
        }
    }

    /// The model of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// The names of the operations that the model knows.
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Register => &["read", "write"],
            Self::CasRegister => &["read", "write", "cas"],
            Self::KeyValue => &["read", "write", "append", "delete", "cas"],
            Self::MultiRegister => &["multi-read", "multi-write"],
            Self::Mutex | Self::FencingLock => &["acquire", "release"],
            Self::LeaderRegister => &["read", "claim", "resign"],
            Self::Queue => &["enqueue", "dequeue"],
            Self::Stack => &["push", "pop"],
            Self::Set | Self::Multiset => &["add", "remove", "contains", "read"],
            Self::Counter => &["read", "increment"],
            Self::List => &["read", "append"],
            Self::PriorityQueue => &["insert", "extract-min"],
        }
    }

    /// True if the model knows this operation.
    pub fn knows(self, operation: &Operation) -> bool {
        self.operations().contains(&operation.name())
    }

    /// What an object holds before the first operation, unless the caller says otherwise: a counter zero, a list
    /// nothing, a register or a key `null`.
    pub fn default_initial(self) -> Value {
        match self {
            Self::Counter => Value::Integer(0),
            Self::List => Value::from_iter([]),
            _ => Value::Null,
        }
    }

    /// True if it makes sense to say what an object holds before the first operation. Locks start free, leadership
    /// vacant, and collections empty, whatever the caller says.
    pub fn has_initial(self) -> bool {
        matches!(
            self,
            Self::Register
                | Self::CasRegister
                | Self::KeyValue
                | Self::MultiRegister
                | Self::Counter
                | Self::List
        )
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
