//! Histories in the catalogue's notation: `P: w x 1 @0-10; Q: r x 1 @20-25; R: w x 2 @30-?`.

use std::path::{Path, PathBuf};

use anachron_checker::{CheckOptions, Judgement, Verdict, check, verify};
use anachron_history::{History, Names, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

/// The folder of the course's files, if it is here.
pub(crate) fn shared() -> Option<PathBuf> {
    let shared = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared"));
    if shared.exists() {
        return Some(shared.to_path_buf());
    }
    println!("skipped: ../shared is not here");
    None
}

pub(crate) fn value(text: &str) -> Value {
    match text {
        "null" => Value::Null,
        _ => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
    }
}

/// The text of a list: each element and a comma.
fn list(text: &str) -> Value {
    let mut list = text.split(',').collect::<Vec<_>>().join(",");
    list.push(',');
    Value::Text(list.into())
}

/// Reads a history; `None` if it has an operation that no model of the checker knows.
pub(crate) fn history(text: &str) -> Option<History> {
    let (mut keys, mut clients, mut records) = (Names::default(), Names::default(), Vec::new());
    for operation in text.split(';').map(str::trim) {
        let (client, rest) = operation.split_once(':').expect("CLIENT: operation");
        let (body, interval) = rest.trim().rsplit_once('@').expect("operation @interval");
        let words: Vec<&str> = body.split_whitespace().collect();
        let (operation, reply) = match words[..] {
            ["w", _, new] => (Operation::Write(value(new)), Reply::Done),
            ["r", _, seen] => (Operation::Read, Reply::Value(value(seen))),
            ["cas", _, expected, new, swapped] => {
                let swapped = swapped == "ok";
                let operation = Operation::CompareAndSet { expected: value(expected), new: value(new) };
                (operation, Reply::Answer(swapped))
            }
            ["acq", _] => (Operation::Acquire, Reply::Done),
            ["rel", _] => (Operation::Release, Reply::Done),
            ["app", _, element] => (Operation::Append(list(element)), Reply::Done),
            ["lr", _, elements] => (Operation::Read, Reply::Value(list(elements))),
            ["inc" | "get" | "add" | "sr" | "enq" | "deq", ..] => return None,
            _ => panic!("no such operation: {body}"),
        };
        let (call, end) = interval.split_once('-').expect("call-end");
        let outcome = match end.chars().last() {
            Some('?') => Outcome::Unknown,
            Some('!') => Outcome::Failed,
            _ => Outcome::Ok(reply),
        };
        let time = |text: &str| Timestamp(text.parse().expect("a time"));
        records.push(Record {
            client: ClientId(clients.number(client.trim())),
            key: Key(keys.number(words[1])),
            operation,
            call: time(call),
            end: (outcome != Outcome::Unknown).then(|| time(end.trim_end_matches('!'))),
            outcome,
        });
    }
    Some(History { records, keys, clients, ..History::default() })
}

/// Checks a history and every certificate.
pub(crate) fn judge(history: &History, options: &CheckOptions) -> Judgement {
    let judgement = check(history, options).expect("operations that the model knows");
    for part in &judgement.parts {
        if let Err(flaw) = verify::verify(history, options, part) {
            panic!("{flaw}: {part:?}");
        }
    }
    judgement
}

/// The core of a history of one object, as positions.
pub(crate) fn core(judgement: &Judgement) -> Vec<u32> {
    match &judgement.parts[0].verdict {
        Verdict::NotLinearizable(core) => core.operations.iter().map(|operation| operation.id.0).collect(),
        other => panic!("a violation was expected: {other:?}"),
    }
}
