//! Brute force: every order of a handful of operations, on an object written for this test alone.

use anachron_checker::{CoreOperation, Kept};
use anachron_history::History;
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

/// The state of the plain object: a register's value, or (`Err`) whether the lock is held.
type State = Result<Value, bool>;

fn step(state: &State, operation: &Operation, reply: Option<&Reply>) -> Option<State> {
    match (operation, state) {
        (Operation::Read, Ok(value)) => match reply {
            Some(Reply::Value(seen)) if seen != value => None,
            _ => Some(state.clone()),
        },
        (Operation::Write(value), Ok(_)) => Some(Ok(value.clone())),
        (Operation::CompareAndSet { expected, new }, Ok(value)) => match reply {
            Some(Reply::Answer(answer)) if *answer != (value == expected) => None,
            _ if value == expected => Some(Ok(new.clone())),
            _ => Some(state.clone()),
        },
        (Operation::Append(Value::Text(piece)), Ok(Value::Null)) => Some(Ok(Value::Text(piece.clone()))),
        (Operation::Append(Value::Text(piece)), Ok(Value::Text(text))) => {
            Some(Ok(Value::Text(format!("{text}{piece}").into())))
        }
        (Operation::Acquire, Err(false)) => Some(Err(true)),
        (Operation::Release, Err(true)) => Some(Err(false)),
        _ => None,
    }
}

/// True if some order of these operations is legal.
pub(crate) fn has_order(history: &History, core: &[CoreOperation], initial: Option<&Value>) -> bool {
    let state = initial.map_or(Err(false), |value| Ok(value.clone()));
    place(history, core, &state)
}

fn place(history: &History, rest: &[CoreOperation], state: &State) -> bool {
    let required = |kept: &CoreOperation| {
        kept.kept == Kept::AsItWas && matches!(history.record(kept.id).outcome, Outcome::Ok(_))
    };
    if !rest.iter().any(required) {
        return true;
    }
    for (index, kept) in rest.iter().enumerate() {
        let record = history.record(kept.id);
        let blocked = rest.iter().any(|other| required(other) && history.record(other.id).precedes(record));
        if blocked {
            continue;
        }
        let reply = match &record.outcome {
            Outcome::Ok(reply) if kept.kept == Kept::AsItWas => Some(reply),
            _ => None,
        };
        if let Some(next) = step(state, &record.operation, reply) {
            let others: Vec<CoreOperation> =
                rest.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, kept)| *kept).collect();
            if place(history, &others, &next) {
                return true;
            }
        }
    }
    false
}

/// Weakens the core as long as it has no order: reads go, changes become unknown. (What is left is a core in the
/// checker's sense: nothing that could be needed is ever taken away.)
pub(crate) fn shrink(
    history: &History,
    core: &[CoreOperation],
    initial: Option<&Value>,
) -> Vec<CoreOperation> {
    let mut core = core.to_vec();
    loop {
        let weaker = (0..core.len()).find_map(|index| {
            let mut weaker = core.clone();
            let record = history.record(core[index].id);
            let observer = record.operation.is_read() || record.outcome == Outcome::Ok(Reply::Answer(false));
            if observer {
                weaker.remove(index);
            } else if core[index].kept == Kept::AsItWas {
                weaker[index].kept = Kept::AsUnknown;
            } else {
                return None;
            }
            (!has_order(history, &weaker, initial)).then_some(weaker)
        });
        match weaker {
            Some(weaker) => core = weaker,
            None => return core,
        }
    }
}
