//! What one write leaves behind: a value, or the mark that the key was deleted.

use std::fmt;
use std::hash::{Hash, Hasher};

use anachron_vocabulary::Value;

/// A value, or a tombstone.
///
/// A deletion has to leave something behind: a node that forgot the key at once could not tell a copy that missed the
/// deletion from one that is new (Cassandra's and Dynamo's tombstones).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// The key is deleted.
    Deleted,
    /// The key holds this.
    Value(Value),
}

impl Content {
    /// What a reader sees.
    pub fn value(&self) -> Value {
        match self {
            Self::Deleted => Value::Null,
            Self::Value(value) => value.clone(),
        }
    }

    /// True if this is a tombstone.
    pub fn is_deleted(&self) -> bool {
        matches!(self, Self::Deleted)
    }
}

/// A value hashes as itself; a tombstone as no value does.
impl Hash for Content {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Deleted => state.write_isize(-1),
            Self::Value(value) => value.hash(state),
        }
    }
}

/// The value as people write it, or `deleted`: traces show this.
impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deleted => f.write_str("deleted"),
            Self::Value(value) => fmt::Display::fmt(value, f),
        }
    }
}
