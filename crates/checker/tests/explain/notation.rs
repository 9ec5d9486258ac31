//! The catalogue's notation of histories: `client: op key args @invoke-return`, in milliseconds; `?` for no reply, `!`
//! at the end for an operation that was told "failed".

use anachron_checker::explain::{Explanation, Subject, explain};
use anachron_checker::{Core, CoreOperation, Kept, Model};
use anachron_history::{History, Names, Record, TimeUnit, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, OperationId, Outcome, Reply, Value};

/// A value: digits are a number, `null` is null, anything else text.
pub(crate) fn value(text: &str) -> Value {
    match text {
        "null" => Value::Null,
        _ => text.parse::<i64>().map_or_else(|_| Value::Text(text.trim_matches('"').into()), Value::Integer),
    }
}

/// The reply to an operation that may answer: nothing, `yes` or `no`.
fn done_or_answer(word: Option<&&str>) -> Reply {
    word.map_or(Reply::Done, |word| Reply::Answer(*word == "yes"))
}

/// Reads a history. Times are taken as milliseconds when `unit` is nanoseconds, as they stand otherwise.
pub(crate) fn history(text: &str, unit: TimeUnit) -> History {
    let scale = if unit == TimeUnit::Nanoseconds { 1_000_000.0 } else { 1.0 };
    #[allow(clippy::cast_possible_truncation)] // test data: small numbers with at most three digits
    let time = |text: &str| Timestamp((text.parse::<f64>().expect("a time") * scale).round() as i64);
    let mut history = History { time_unit: unit, keys: Names::default(), ..History::default() };
    for entry in text.split([';', '\n']).map(str::trim).filter(|entry| !entry.is_empty()) {
        let (client, rest) = entry.split_once(':').expect("client: …");
        let (words, times) = rest.split_once('@').expect("… @call-return");
        let words: Vec<&str> = words.split_whitespace().collect();
        let (times, failed) = match times.strip_suffix('!') {
            Some(times) => (times, true),
            None => (times, false),
        };
        let (call, end) = times.split_once('-').expect("call-return");
        let end = (end != "?").then(|| time(end));
        let (operation, reply) = match words[0] {
            "w" => (Operation::Write(value(words[2])), Reply::Done),
            "r" => {
                let seen = words.get(2).map_or(Value::Null, |text| value(text));
                (Operation::Read, Reply::Value(seen))
            }
            "cas" => (
                Operation::CompareAndSet { expected: value(words[2]), new: value(words[3]) },
                Reply::Answer(words.get(4) != Some(&"no")),
            ),
            "enq" => (Operation::Enqueue(value(words[2])), Reply::Done),
            "deq" => (Operation::Dequeue, Reply::Value(value(words.get(2).unwrap_or(&"null")))),
            "push" => (Operation::Push(value(words[2])), Reply::Done),
            "pop" => (Operation::Pop, Reply::Value(value(words.get(2).unwrap_or(&"null")))),
            "ins" => (Operation::Insert(value(words[2])), Reply::Done),
            "min" => (Operation::ExtractMin, Reply::Value(value(words.get(2).unwrap_or(&"null")))),
            "add" => (Operation::Add(value(words[2])), done_or_answer(words.get(3))),
            "rem" => (Operation::Remove(value(words[2])), done_or_answer(words.get(3))),
            "has" => (Operation::Contains(value(words[2])), Reply::Answer(words[3] == "yes")),
            "inc" => (Operation::Increment(words[2].parse().expect("a number")), Reply::Done),
            "lapp" => (Operation::Append(value(words[2])), Reply::Done),
            "lr" => (Operation::Read, Reply::Value(words[2..].iter().map(|text| value(text)).collect())),
            "relt" => (Operation::ReleaseToken(words[2].parse().expect("a token")), Reply::Done),
            "claim" => (Operation::Claim(value(words[2])), Reply::Answer(words[3] == "yes")),
            "resign" => (Operation::Resign(value(words[2])), Reply::Answer(words[3] == "yes")),
            "mr" => {
                let pairs = || words[2..].chunks(2);
                let names = pairs().map(|pair| pair[0].into()).collect();
                (Operation::MultiRead(names), Reply::Value(pairs().map(|pair| value(pair[1])).collect()))
            }
            "mw" => {
                let pairs = words[2..].chunks(2).map(|pair| (pair[0].into(), value(pair[1])));
                (Operation::MultiWrite(pairs.collect()), Reply::Done)
            }
            "acq" if words.len() > 2 => (Operation::Acquire, Reply::Value(value(words[2]))),
            "app" => (Operation::Append(Value::Text(words[2].into())), Reply::Done),
            "acq" => (Operation::Acquire, Reply::Done),
            "rel" => (Operation::Release, Reply::Done),
            other => panic!("no operation {other}"),
        };
        let outcome = match (failed, end) {
            (true, _) => Outcome::Failed,
            (false, None) => Outcome::Unknown,
            (false, Some(_)) => Outcome::Ok(reply),
        };
        history.records.push(Record {
            client: ClientId(history.clients.number(client.trim())),
            key: Key(history.keys.number(if words[1] == "." { "" } else { words[1] })),
            operation,
            call: time(call),
            end,
            outcome,
        });
    }
    history.validate().expect("a history");
    history
}

/// The first object of a history.
pub(crate) fn subject<'a>(history: &'a History, model: Model, initial: &str) -> Subject<'a> {
    Subject::new(history, Key(0), model, value(initial))
}

/// Every operation of the first object, kept as it was.
pub(crate) fn whole(history: &History) -> Vec<CoreOperation> {
    history
        .iter()
        .filter(|(_, record)| record.key == Key(0) && record.outcome != Outcome::Failed)
        .map(|(id, record)| CoreOperation { id, kept: kept(&record.outcome) })
        .collect()
}

/// Explains a core that is judged from the initial state.
pub(crate) fn explain_from_start(subject: &Subject<'_>, operations: &[CoreOperation]) -> Option<Explanation> {
    explain(subject, &Core { operations: operations.to_vec(), ..Core::default() })
}

fn kept(outcome: &Outcome) -> Kept {
    match outcome {
        Outcome::Ok(_) => Kept::AsItWas,
        Outcome::Failed | Outcome::Unknown => Kept::AsUnknown,
    }
}

/// The id of the operation at this position.
pub(crate) fn id(position: usize) -> OperationId {
    OperationId::from_index(position)
}
