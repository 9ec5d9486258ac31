//! One object's records, by themselves.
//!
//! Why it exists: a history may have as many objects as it has operations. Who re-checks them all must not read the whole
//! history for each.

use std::collections::BTreeSet;

use anachron_history::{History, Record};
use anachron_vocabulary::{Key, OperationId};

use crate::CoreOperation;

/// The records of one object.
#[derive(Clone, Copy)]
pub(crate) struct Records<'h> {
    history: &'h History,
    pub(super) key: Key,
    /// Invariant: operations of this object; all of them but, perhaps, such as failed.
    ids: &'h [OperationId],
}

impl<'h> Records<'h> {
    pub(crate) fn new(history: &'h History, key: Key, ids: &'h [OperationId]) -> Self {
        Self { history, key, ids }
    }

    /// All of them, in the order of the history.
    pub(super) fn iter(&self) -> impl Iterator<Item = (OperationId, &'h Record)> + use<'h> {
        let history = self.history;
        self.ids.iter().map(move |&id| (id, history.record(id)))
    }

    /// One of them.
    pub(super) fn record(&self, id: OperationId) -> &'h Record {
        self.history.record(id)
    }

    /// The record with this name, whichever object it belongs to.
    pub(super) fn any(&self, id: OperationId) -> Option<&'h Record> {
        self.history.records.get(id.index())
    }
}

/// The operations of one object.
pub(crate) fn of_key(history: &History, key: Key) -> Vec<OperationId> {
    history.iter().filter(|(_, record)| record.key == key).map(|(id, _)| id).collect()
}

/// The operations that a core names.
pub(super) fn listed(kept: &[CoreOperation]) -> BTreeSet<OperationId> {
    kept.iter().map(|kept| kept.id).collect()
}
