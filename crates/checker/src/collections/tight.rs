//! Each value's two intervals, as narrow as the value itself makes them.

use anachron_vocabulary::OperationId;

use super::{Clash, Collection};

/// When a value that was never removed is removed: after everything.
pub(super) const NEVER: i64 = i64::MAX;

/// When a remove of unknown outcome returns: after everything that was answered.
pub(super) const LATE: i64 = i64::MAX - 1;

/// A value that has to be there: one that was removed, or whose insert was answered.
///
/// Invariants: `insert_call` ≤ `insert_return` ≤ `remove_return` and `insert_call` ≤ `remove_call` ≤ `remove_return`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tight {
    /// Its index among the collection's elements.
    pub(super) element: usize,
    pub(super) insert: OperationId,
    /// Nobody, if both times of the remove are [`NEVER`].
    pub(super) remove: Option<OperationId>,
    pub(super) rank: i64,
    pub(super) insert_call: i64,
    pub(super) insert_return: i64,
    pub(super) remove_call: i64,
    pub(super) remove_return: i64,
}

impl Tight {
    /// True if there are moments at which the value is certainly there.
    pub(super) fn is_forward(&self) -> bool {
        self.insert_return < self.remove_call
    }

    /// True if nobody is known to have removed it.
    pub(super) fn stays(&self) -> bool {
        self.remove_call == NEVER
    }

    /// The open interval in which it is certainly there, with its index among the elements.
    pub(super) fn presence(&self) -> (i64, i64, usize) {
        (self.insert_return, self.remove_call, self.element)
    }
}

/// The values that have to be there; `None` if a time can't be told from [`NEVER`] or [`LATE`], `Err` if a value was
/// removed before it was inserted.
pub(super) fn tighten(collection: &Collection) -> Option<Result<Vec<Tight>, Clash>> {
    let fits = |time: i64| time < LATE && time > i64::MIN;
    let answered = |call: i64, returned: i64| fits(call) && fits(returned);
    if !collection.empties.iter().all(|empty| answered(empty.call, empty.returned))
        || !collection.pending.iter().all(|pending| fits(pending.call))
    {
        return None;
    }
    let mut tights = Vec::with_capacity(collection.elements.len());
    for (index, element) in collection.elements.iter().enumerate() {
        let insert = element.insert;
        let removed = element.remove.map_or((NEVER, NEVER), |remove| (remove.call, remove.returned));
        let inserted = insert.returned.unwrap_or(insert.call);
        if !answered(insert.call, inserted)
            || element.remove.is_some_and(|remove| !answered(remove.call, remove.returned))
        {
            return None;
        }
        if removed.1 < insert.call {
            return Some(Err(Clash { elements: vec![index], ..Clash::default() }));
        }
        if insert.returned.is_none() && element.remove.is_none() {
            continue;
        }
        tights.push(Tight {
            element: index,
            insert: insert.id,
            remove: element.remove.map(|remove| remove.id),
            rank: element.rank,
            insert_call: insert.call,
            insert_return: insert.returned.unwrap_or(LATE).min(removed.1),
            remove_call: removed.0.max(insert.call),
            remove_return: removed.1,
        });
    }
    Some(Ok(tights))
}
