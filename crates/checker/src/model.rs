//! The objects that the vocabulary's operations speak of, by name.
//!
//! Why it exists: a history file or a scenario names its model; this is the closed list of the names, what each
//! model knows, and what its objects hold at the start.

use std::fmt;

use anachron_vocabulary::{Operation, Value};

/// A kind of object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Model {
    /// Read and write.
    Register,
    /// Read, write and compare-and-set.
    CasRegister,
    /// Get (read), put (write) and append, one object a key.
    KeyValue,
    /// Acquire and release. The classic model: who holds the lock does not matter, only whether anybody does.
    Mutex,
}

impl Model {
    /// Every model, in the order in which help texts list them.
    pub const ALL: [Self; 4] = [Self::Register, Self::CasRegister, Self::KeyValue, Self::Mutex];

    /// The model's name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::CasRegister => "cas-register",
            Self::KeyValue => "key-value",
            Self::Mutex => "mutex",
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
            Self::KeyValue => &["read", "write", "append"],
            Self::Mutex => &["acquire", "release"],
        }
    }

    /// True if the model knows this operation.
    pub fn knows(self, operation: &Operation) -> bool {
        self.operations().contains(&operation.name())
    }

    /// What an object holds before the first operation, unless the caller says otherwise. A mutex starts free,
    /// whatever the caller says.
    pub fn default_initial(self) -> Value {
        Value::Null
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
