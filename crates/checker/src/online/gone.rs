//! The last clusters that zones forgot, for the telling alone.
//!
//! Why it exists: a read of a forgotten value is a violation whatever is remembered; but most such reads come soon
//! after the value was overwritten, and then the operations that show it can still be named. A fixed number is kept over
//! all objects, so memory does not follow how many there are.

use std::collections::VecDeque;

use anachron_vocabulary::{Key, Value};

use super::zones::Cluster;

/// How many clusters are kept.
const KEPT: usize = 1024;

/// The last clusters that went, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone(VecDeque<(Key, Cluster)>);

impl Gone {
    pub(super) fn push(&mut self, key: Key, cluster: Cluster) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back((key, cluster));
    }

    /// The last of this object and value.
    pub(super) fn last(&self, key: Key, value: &Value) -> Option<&Cluster> {
        self.of(key).rfind(|cluster| cluster.value == *value)
    }

    /// All of this object.
    pub(super) fn of(&self, key: Key) -> impl DoubleEndedIterator<Item = &Cluster> {
        self.0.iter().filter(move |(other, _)| *other == key).map(|(_, cluster)| cluster)
    }
}
