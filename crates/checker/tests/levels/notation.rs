//! Histories in the catalogue's notation: `P: w x 1 @0-10; Q: r x 1 @20-25; R: w x 2 @30-?`.

use anachron_checker::levels::{Grades, grade};
use anachron_checker::{Budget, CheckOptions, Model};
use anachron_history::{History, Names, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

/// Why a history can't be graded.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Unsupported {
    /// It has an operation that no model of the checker knows.
    Operation(String),
    /// It speaks of objects of several kinds.
    Mixed,
}

fn value(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from)
}

/// A list as the text that appending its elements makes.
fn list(text: &str) -> Value {
    let mut whole = text.to_owned();
    whole.push(',');
    Value::Text(whole.into())
}

/// Reads a history.
pub(crate) fn history(text: &str) -> Result<History, Unsupported> {
    let (mut keys, mut clients, mut records) = (Names::default(), Names::default(), Vec::new());
    for told in text.split(';').map(str::trim) {
        let (client, rest) = told.split_once(':').expect("CLIENT: operation");
        let (body, interval) = rest.trim().rsplit_once('@').expect("operation @interval");
        let words: Vec<&str> = body.split_whitespace().collect();
        let (operation, reply) = match words[..] {
            ["w", _, new] => (Operation::Write(value(new)), Reply::Done),
            ["r", _, seen] => (Operation::Read, Reply::Value(value(seen))),
            ["cas", _, expected, new, swapped] => {
                let operation = Operation::CompareAndSet { expected: value(expected), new: value(new) };
                (operation, Reply::Answer(swapped == "ok"))
            }
            ["acq", _] => (Operation::Acquire, Reply::Done),
            ["rel", _] => (Operation::Release, Reply::Done),
            ["app", _, element] => (Operation::Append(list(element)), Reply::Done),
            ["lr", _, elements] => (Operation::Read, Reply::Value(list(elements))),
            [name @ ("inc" | "get" | "add" | "sr" | "enq" | "deq"), ..] => {
                return Err(Unsupported::Operation(name.to_owned()));
            }
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
    Ok(History { records, keys, clients, ..History::default() })
}

/// The model that knows all of a history's operations, with what the catalogue's objects hold at the start.
pub(crate) fn options(history: &History) -> Result<CheckOptions, Unsupported> {
    let knows = |model: &Model| history.records.iter().all(|record| model.knows(&record.operation));
    let model = Model::ALL.into_iter().find(knows).ok_or(Unsupported::Mixed)?;
    let initial = if model == Model::KeyValue { "".into() } else { 0.into() };
    Ok(CheckOptions::new(model).initial(initial))
}

/// Reads a history and grades it.
pub(crate) fn graded(text: &str) -> Result<(History, Grades), Unsupported> {
    let history = history(text)?;
    let options = options(&history)?;
    assert_eq!(history.validate(), Ok(()), "{text}");
    let grades = grade(&history, &options, &mut Budget::default()).expect("the model knows all");
    Ok((history, grades))
}
