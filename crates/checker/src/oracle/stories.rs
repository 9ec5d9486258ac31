//! Small histories that a road or a reduction once judged wrongly, or could not prove.

use anachron_history::{History, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

use super::{Tally, compare, oracle};
use crate::{CheckOptions, Model};

/// A chain that starts at the initial value and goes on through a swap of unknown outcome: what proves a clash with it
/// begins at the initial value, not at that swap.
#[test]
fn a_chain_from_the_initial_value_clashes_from_there() {
    let value = Value::Integer;
    let swap = |expected, new| Operation::CompareAndSet { expected: value(expected), new: value(new) };
    let (done, swapped) = (Outcome::Ok(Reply::Done), Outcome::Ok(Reply::Answer(true)));
    let read = |seen| (Operation::Read, Outcome::Ok(Reply::Value(value(seen))));
    let unknown = |operation| (operation, Outcome::Unknown);
    let histories = [
        vec![
            ((swap(0, 4), swapped.clone()), 0, 13),
            ((Operation::Write(value(3)), done.clone()), 2, 3),
            (unknown(swap(4, 1)), 5, 0),
            ((swap(1, 2), swapped.clone()), 14, 25),
        ],
        vec![
            (unknown(Operation::Write(value(4))), 1, 0),
            (read(4), 2, 4),
            ((swap(0, 1), swapped.clone()), 2, 4),
            (unknown(swap(1, 3)), 2, 0),
            (read(3), 5, 36),
        ],
        vec![
            ((swap(0, 3), swapped.clone()), 0, 2),
            ((swap(3, 4), swapped), 0, 8),
            (unknown(swap(4, 1)), 0, 0),
            ((Operation::Write(value(2)), done), 2, 3),
            (read(1), 4, 16),
        ],
    ];
    for events in histories {
        let record =
            |(index, ((operation, outcome), call, end)): (usize, ((Operation, Outcome), i64, i64))| Record {
                client: ClientId::from_index(index),
                key: Key(0),
                operation,
                call: Timestamp(call),
                end: (outcome != Outcome::Unknown).then_some(Timestamp(end)),
                outcome,
            };
        let history =
            History { records: events.into_iter().enumerate().map(record).collect(), ..History::default() };
        let options = CheckOptions::new(Model::CasRegister).initial(value(0));
        compare(&history, &options, oracle(&history, &options), true, &mut Tally::default());
    }
}

/// The story: a write of unknown outcome that leaves what is there seems useless, but only it can stand behind the write of 1.
#[test]
fn a_write_of_unknown_outcome_puts_back_what_a_covered_one_changed() {
    let record = |client, operation, call, end: Option<i64>, outcome| Record {
        client: ClientId(client),
        key: Key(0),
        operation,
        call: Timestamp(call),
        end: end.map(Timestamp),
        outcome,
    };
    let write = |value: i64| Operation::Write(Value::Integer(value));
    let swap = Operation::CompareAndSet { expected: Value::Integer(0), new: Value::Integer(2) };
    let two = Outcome::Ok(Reply::Value(Value::Integer(2)));
    let records = vec![
        record(0, write(0), 1, None, Outcome::Unknown),
        record(1, write(1), 2, Some(10), Outcome::Ok(Reply::Done)),
        record(2, swap, 2, Some(9), Outcome::Ok(Reply::Answer(true))),
        record(3, Operation::Read, 11, Some(12), two),
    ];
    let history = History { records, ..History::default() };
    let options = CheckOptions::new(Model::CasRegister).initial(Value::Integer(0));
    assert!(oracle(&history, &options));
    compare(&history, &options, true, true, &mut Tally::default());
}
