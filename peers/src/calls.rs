//! A history in the peers' terms: calls with plain values, split by object, as events of threads.
//!
//! Why it exists: the three peers want the same things in three shapes. What is common is done here once, outside the
//! time that is measured.
//!
//! Two rules come from the meaning of outcomes: what failed did not happen and is left out, and so is a read of unknown
//! outcome, which no order can contradict.

use std::collections::BTreeMap;

use anachron_history::History;
use anachron_vocabulary::{Outcome, Value};

use crate::sequential::{Numbers, Sequential};

/// One operation that may have happened.
#[derive(Clone, Debug)]
pub struct Call<S: Sequential> {
    /// Which object.
    pub key: u32,
    /// Who asked.
    pub client: u32,
    /// What was asked.
    pub operation: S::Operation,
    /// What was answered; `None` if nobody knows.
    pub reply: Option<S::Reply>,
    /// When it was called.
    pub called: i64,
    /// When it returned; `None` if nobody knows whether it took effect.
    pub returned: Option<i64>,
}

/// The calls of a history, in its order. `None` if the specification can't express one of them.
pub fn calls<S: Sequential>(history: &History, initial: &Value) -> Option<Vec<Call<S>>> {
    let mut values = Numbers::starting_with(initial.clone());
    let matters = |outcome: &Outcome, is_read: bool| match outcome {
        Outcome::Ok(_) => true,
        Outcome::Unknown => !is_read,
        Outcome::Failed => false,
    };
    let records = history.records.iter();
    records
        .filter(|record| matters(&record.outcome, record.operation.is_read()))
        .map(|record| {
            let (operation, reply) = S::translate(&mut values, &record.operation, &record.outcome)?;
            Some(Call {
                key: record.key.0,
                client: record.client.0,
                operation,
                reply,
                called: record.call.0,
                returned: record.returned().map(|time| time.0),
            })
        })
        .collect()
}

/// The calls of each object apart, by key.
pub fn by_key<S: Sequential>(calls: Vec<Call<S>>) -> Vec<Vec<Call<S>>> {
    let mut parts: BTreeMap<u32, Vec<Call<S>>> = BTreeMap::new();
    for call in calls {
        parts.entry(call.key).or_default().push(call);
    }
    parts.into_values().collect()
}

/// What a thread does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// It calls this operation.
    Call(usize),
    /// This operation returns to it.
    Return(usize),
}

/// What happened to calls, in the order in which it happened; each action with its thread.
///
/// A thread is a client, with one operation open at a time. A client that goes on while an operation of its own is
/// open (it gave up on it, or both fall on the same instant) goes on as another thread. At equal times calls come before
/// returns: such operations are concurrent. An operation of unknown outcome has no return.
pub fn events<S: Sequential>(calls: &[Call<S>]) -> Vec<(usize, Action)> {
    let mut actions: Vec<(i64, bool, Action)> = Vec::with_capacity(2 * calls.len());
    for (index, call) in calls.iter().enumerate() {
        actions.push((call.called, false, Action::Call(index)));
        actions.extend(call.returned.map(|returned| (returned, true, Action::Return(index))));
    }
    // The sort is stable: at the same instant, calls stay in the history's order.
    actions.sort_by_key(|&(time, is_return, _)| (time, is_return));
    let mut thread_of_client: BTreeMap<u32, usize> = BTreeMap::new();
    let mut is_busy: Vec<bool> = Vec::new();
    let mut thread_of_call: Vec<usize> = vec![usize::MAX; calls.len()];
    actions
        .into_iter()
        .map(|(_, _, action)| match action {
            Action::Call(index) => {
                let thread = thread_of_client.entry(calls[index].client).or_insert(usize::MAX);
                if is_busy.get(*thread).copied().unwrap_or(true) {
                    *thread = is_busy.len();
                    is_busy.push(false);
                }
                is_busy[*thread] = true;
                thread_of_call[index] = *thread;
                (*thread, action)
            }
            Action::Return(index) => {
                let thread = thread_of_call[index];
                is_busy[thread] = false;
                (thread, action)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequential::{Lock, LockOperation};

    fn call(client: u32, called: i64, returned: Option<i64>) -> Call<Lock> {
        let operation = LockOperation::Acquire;
        Call { key: 0, client, operation, reply: returned.map(|_| ()), called, returned }
    }

    #[test]
    fn a_thread_has_one_operation_open() {
        use Action::{Call, Return};
        // Client 0 returns at the instant of its next call; client 1 gives up on its first operation.
        let calls = [
            call(0, 0, Some(2)),
            call(1, 1, None),
            call(0, 2, Some(4)),
            call(1, 3, Some(5)),
            call(0, 6, Some(7)),
        ];
        assert_eq!(
            events(&calls),
            [
                (0, Call(0)),
                (1, Call(1)),
                (2, Call(2)),
                (0, Return(0)),
                (3, Call(3)),
                (2, Return(2)),
                (3, Return(3)),
                (2, Call(4)),
                (2, Return(4)),
            ]
        );
    }
}
