//! What can be told without a search: nobody can have left the state that an operation needs.
//!
//! In an object whose state is always somebody's doing (`Machine::is_closed`), an operation that is legal in one state
//! only has to follow one that leaves this state, with no change in between. So somebody must have left it who was called
//! before the operation returned, and who had not returned before the call of a change that itself had returned before
//! the operation was called. Of those changes the one called last is the strictest, and one look at prefix maxima finds
//! out: O(n log n) for all operations. It settles most real violations, phantoms and stale reads, whatever the
//! concurrency.

use crate::instance::Timed;
use crate::machine::Machine;

/// An operation that cannot have found what it needs, and the change before it, if one is to blame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Orphan {
    pub(crate) operation: usize,
    pub(crate) change: Option<usize>,
}

/// Who leaves one state, by call: call, and the latest return up to here.
type Leavers = Vec<(i64, i64)>;

/// The first operation, by return, that nobody can have prepared the object for.
pub(crate) fn orphan(machine: &impl Machine, operations: &[Timed]) -> Option<Orphan> {
    if !machine.is_closed() {
        return None;
    }
    let mut by_call: Vec<usize> = (0..operations.len()).collect();
    by_call.sort_by_key(|&index| operations[index].call);
    let mut leavers: Vec<Leavers> = Vec::new();
    for &index in &by_call {
        let Timed { class, call, returned, .. } = operations[index];
        if let Some(state) = machine.leaves(class) {
            let state = state as usize;
            if state >= leavers.len() {
                leavers.resize_with(state + 1, Vec::new);
            }
            let latest = leavers[state].last().map_or(i64::MIN, |&(_, latest)| latest);
            leavers[state].push((call, latest.max(returned.unwrap_or(i64::MAX))));
        }
    }
    // Changes that certainly happened, by return; of each prefix the one called last.
    let mut changes: Vec<(i64, usize)> = (0..operations.len())
        .filter(|&index| machine.leaves(operations[index].class).is_some())
        .filter_map(|index| Some((operations[index].returned?, index)))
        .collect();
    changes.sort_unstable();
    let mut last: Option<usize> = None;
    for (_, index) in &mut changes {
        last = last.filter(|&last| operations[last].call >= operations[*index].call).or(Some(*index));
        *index = last.expect("it was just set");
    }
    let is_orphan = |operation: &Timed| -> Option<Option<usize>> {
        let state = machine.requires(operation.class)?;
        let returned = operation.returned?;
        let before = changes.partition_point(|&(returned, _)| returned < operation.call);
        let change = before.checked_sub(1).map(|position| changes[position].1);
        let since = change.map_or(i64::MIN, |change| operations[change].call);
        let prepared = leavers.get(state as usize).is_some_and(|leavers| {
            let in_time = leavers.partition_point(|&(call, _)| call <= returned);
            in_time > 0 && leavers[in_time - 1].1 >= since
        });
        (!prepared && (state != machine.initial() || change.is_some())).then_some(change)
    };
    operations
        .iter()
        .enumerate()
        .filter_map(|(index, operation)| {
            is_orphan(operation).map(|change| (operation.returned, Orphan { operation: index, change }))
        })
        .min_by_key(|&(returned, orphan)| (returned, orphan.operation))
        .map(|(_, orphan)| orphan)
}
