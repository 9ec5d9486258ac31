//! Histories in the catalogue's notation: `P: w x 1 @0-10; Q: r x 1 @20-25; R: w x 2 @30-?`.

use anachron_checker::levels::{Grades, grade};
use anachron_checker::{Budget, CheckOptions, Model};
use anachron_history::{History, Names, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

fn value(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
}

/// The elements of a list or of a set, with what stands between them.
fn elements(text: &str, between: char) -> Value {
    text.split(between).filter(|element| !element.is_empty()).map(value).collect()
}

fn is_of_lock(record: &Record) -> bool {
    matches!(record.operation, Operation::Acquire | Operation::Release)
}

/// A lock beside registers is a register that holds 0 while it is free: then one model knows both.
fn lock_as_register(record: &mut Record) {
    let (expected, new) = match record.operation {
        Operation::Acquire => (0, 1),
        Operation::Release => (1, 0),
        _ => return,
    };
    record.operation = Operation::CompareAndSet { expected: expected.into(), new: new.into() };
    if record.outcome == Outcome::Ok(Reply::Done) {
        record.outcome = Outcome::Ok(Reply::Answer(true));
    }
}

/// Reads a history.
pub(crate) fn history(text: &str) -> History {
    let (mut keys, mut clients, mut records) = (Names::default(), Names::default(), Vec::new());
    for told in text.split(';').map(str::trim) {
        let (client, rest) = told.split_once(':').expect("CLIENT: operation");
        let (body, interval) = rest.trim().rsplit_once('@').expect("operation @interval");
        let words: Vec<&str> = body.split_whitespace().collect();
        let (operation, reply) = match words[..] {
            ["w", _, new] => (Operation::Write(value(new)), Reply::Done),
            ["r" | "get", _, seen] => (Operation::Read, Reply::Value(value(seen))),
            ["cas", _, expected, new, swapped] => {
                let operation = Operation::CompareAndSet { expected: value(expected), new: value(new) };
                (operation, Reply::Answer(swapped == "ok"))
            }
            ["acq", _] => (Operation::Acquire, Reply::Done),
            ["rel", _] => (Operation::Release, Reply::Done),
            ["app", _, element] => (Operation::Append(value(element)), Reply::Done),
            ["lr", _, seen] => (Operation::Read, Reply::Value(elements(seen, ','))),
            ["add", _, element] => (Operation::Add(value(element)), Reply::Done),
            ["sr", _, seen] => (Operation::Read, Reply::Value(elements(seen, '+'))),
            ["inc", _, amount] => (Operation::Increment(amount.parse().expect("an amount")), Reply::Done),
            ["enq", _, element] => (Operation::Enqueue(value(element)), Reply::Done),
            ["deq", _, "-"] => (Operation::Dequeue, Reply::Value(Value::Null)),
            ["deq", _, element] => (Operation::Dequeue, Reply::Value(value(element))),
            _ => panic!("no such operation: {body}"),
        };
        let (call, end) = interval.split_once('-').expect("call-end");
        let outcome = match end.chars().last() {
            Some('?') => Outcome::Unknown,
            Some('!') => Outcome::Failed,
            _ => Outcome::Ok(reply),
        };
        let end = end.trim_end_matches(['?', '!']);
        records.push(Record {
            client: ClientId(clients.number(client)),
            key: Key(keys.number(words[1])),
            operation,
            call: Timestamp(call.parse().expect("a time")),
            end: (!end.is_empty()).then(|| Timestamp(end.parse().expect("a time"))),
            outcome,
        });
    }
    if records.iter().any(is_of_lock) && !records.iter().all(is_of_lock) {
        records.iter_mut().for_each(lock_as_register);
    }
    History { records, keys, clients, ..History::default() }
}

/// The model that knows all of a history's operations, with what the catalogue's objects hold at the start.
pub(crate) fn options(history: &History) -> CheckOptions {
    // Only lists are appended to here.
    let models = || Model::ALL.into_iter().filter(|&model| model != Model::KeyValue);
    let knows = |model: &Model| history.records.iter().all(|record| model.knows(&record.operation));
    let model = models().find(knows).expect("objects of one kind");
    let starts_as_zero = matches!(model, Model::Register | Model::CasRegister);
    let initial = if starts_as_zero { 0.into() } else { model.default_initial() };
    CheckOptions::new(model).initial(initial)
}

/// Reads a history and grades it.
pub(crate) fn graded(text: &str) -> (History, Grades) {
    let history = history(text);
    let options = options(&history);
    assert_eq!(history.validate(), Ok(()), "{text}");
    let grades = grade(&history, &options, &mut Budget::default()).expect("the model knows all");
    (history, grades)
}
