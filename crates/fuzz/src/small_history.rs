//! A small history of any model out of bytes.
//!
//! Why it exists: the judge is held against brute force, which can take six or seven operations and no more. Values come from
//! a handful, times from a short span, so that operations meet; half of the replies are those of an object that takes the
//! operations in the order of their calls, so that linearizable histories are no rarity.
//!
//! What it promises: the history is valid, and the model knows its operations and their replies.

use std::sync::Arc;

use anachron_checker::{Model, Object, Specification};
use anachron_history::{History, Names, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

use crate::cursor::Cursor;

/// What the bytes ask for.
pub(crate) struct Small {
    pub(crate) model: Model,
    pub(crate) initial: Value,
    pub(crate) history: History,
}

/// Clients take turns; each has one operation open at a time.
const CLIENTS: usize = 4;

/// Fencing tokens, the edges of what they can be among them.
const TOKENS: [i64; 6] = [0, 1, 2, 3, i64::MAX, i64::MIN];

/// What a counter shows.
const COUNTS: [i64; 10] = [0, 1, 2, 3, 4, -1, -2, i64::MAX, i64::MAX - 1, i64::MIN];

fn value(model: Model, bytes: &mut Cursor<'_>) -> Value {
    match model {
        Model::KeyValue => bytes.one_of(&["", "a", "b", "ab", "aa"]).into(),
        _ => Value::Integer(i64::from(bytes.byte() % 4)),
    }
}

fn names(bytes: &mut Cursor<'_>) -> Vec<Arc<str>> {
    const CHOICES: [&[&str]; 4] = [&["a"], &["b"], &["a", "b"], &["b", "c"]];
    bytes.one_of(&CHOICES).iter().map(|&name| name.into()).collect()
}

fn operation(model: Model, bytes: &mut Cursor<'_>) -> Operation {
    let choice = bytes.below(6);
    let delete = choice == 5 && bytes.below(4) == 0;
    let mut value = || value(model, bytes);
    match (model, choice) {
        (
            Model::Register
            | Model::CasRegister
            | Model::KeyValue
            | Model::LeaderRegister
            | Model::Counter
            | Model::List,
            0 | 1,
        )
        | (Model::Set | Model::Multiset, 0) => Operation::Read,
        (Model::CasRegister, 2 | 3) | (Model::KeyValue, 2) => {
            Operation::CompareAndSet { expected: value(), new: value() }
        }
        (Model::KeyValue, 3 | 4) | (Model::List, _) => Operation::Append(value()),
        (Model::KeyValue, _) if delete => Operation::Delete,
        (Model::Register | Model::CasRegister | Model::KeyValue, _) => Operation::Write(value()),
        (Model::MultiRegister, 0..=2) => Operation::MultiRead(names(bytes).into()),
        (Model::MultiRegister, _) => {
            let names = names(bytes);
            Operation::MultiWrite(names.into_iter().map(|name| (name, self::value(model, bytes))).collect())
        }
        (Model::Mutex, 0..=2) | (Model::FencingLock, 0..=3) => Operation::Acquire,
        (Model::Mutex, _) | (Model::FencingLock, 4) => Operation::Release,
        (Model::FencingLock, _) => Operation::ReleaseToken(bytes.one_of(&TOKENS)),
        (Model::LeaderRegister, 2 | 3) => Operation::Claim(value()),
        (Model::LeaderRegister, _) => Operation::Resign(value()),
        (Model::Queue, 0..=2) => Operation::Enqueue(value()),
        (Model::Queue, _) => Operation::Dequeue,
        (Model::Stack, 0..=2) => Operation::Push(value()),
        (Model::Stack, _) => Operation::Pop,
        (Model::PriorityQueue, 0..=2) => Operation::Insert(value()),
        (Model::PriorityQueue, _) => Operation::ExtractMin,
        (Model::Set | Model::Multiset, 1) => Operation::Contains(value()),
        (Model::Set | Model::Multiset, 2 | 3) => Operation::Add(value()),
        (Model::Set | Model::Multiset, _) => Operation::Remove(value()),
        (Model::Counter, _) => Operation::Increment(bytes.one_of(&[-1, 0, 1, 1, 2, i64::MAX, i64::MIN])),
    }
}

/// The replies that such an operation can get, as far as values come from a handful.
fn replies(model: Model, operation: &Operation) -> Vec<Reply> {
    let small = || (0..4).map(Value::Integer);
    let element = || small().chain([Value::Null]).map(Reply::Value).collect();
    let answers = [Reply::Answer(true), Reply::Answer(false)];
    match operation {
        Operation::Read => match model {
            Model::KeyValue => {
                let texts = ["", "a", "b", "ab", "aa", "ba", "aab", "aba", "abb"].map(Value::from);
                [Value::Null].into_iter().chain(texts).map(Reply::Value).collect()
            }
            Model::Counter => COUNTS.map(|count| Reply::Value(Value::Integer(count))).to_vec(),
            Model::List | Model::Set | Model::Multiset => {
                let pairs = small().flat_map(|a| small().map(move |b| Value::from_iter([a.clone(), b])));
                let ones = small().map(|one| Value::from_iter([one]));
                [Value::from_iter([])].into_iter().chain(ones).chain(pairs).map(Reply::Value).collect()
            }
            _ => element(),
        },
        Operation::MultiRead(names) => {
            let each = || small().take(3).chain([Value::Null]);
            if names.len() == 1 {
                each().map(|one| Reply::Value(Value::from_iter([one]))).collect()
            } else {
                let pairs = each().flat_map(|a| each().map(move |b| Value::from_iter([a.clone(), b])));
                pairs.map(Reply::Value).collect()
            }
        }
        Operation::Dequeue | Operation::Pop | Operation::ExtractMin => element(),
        Operation::CompareAndSet { .. }
        | Operation::Claim(_)
        | Operation::Resign(_)
        | Operation::Contains(_) => answers.to_vec(),
        Operation::Add(_) | Operation::Remove(_) => answers.into_iter().chain([Reply::Done]).collect(),
        Operation::Acquire if model == Model::FencingLock => {
            TOKENS.map(|token| Reply::Value(Value::Integer(token))).into_iter().chain([Reply::Done]).collect()
        }
        Operation::Increment(_) => {
            COUNTS.map(|count| Reply::Value(Value::Integer(count))).into_iter().chain([Reply::Done]).collect()
        }
        _ => vec![Reply::Done],
    }
}

impl Small {
    /// The first byte names the model; each operation takes a few more, up to `most` operations.
    pub(crate) fn new(models: &[Model], most: usize, bytes: &[u8]) -> Self {
        let mut bytes = Cursor::new(bytes);
        let model = bytes.one_of(models);
        let initial = match model {
            Model::KeyValue => bytes.one_of(&[Value::Null, "".into(), "a".into()]),
            other => other.default_initial(),
        };
        let object = Object { model, initial: initial.clone() };
        let mut state = object.initial();
        let mut free = [0; CLIENTS];
        let mut records = Vec::new();
        while records.len() < most && !bytes.is_empty() {
            let client = bytes.below(CLIENTS);
            let operation = operation(model, &mut bytes);
            let call = free[client] + i64::from(bytes.byte() % 8);
            let end = call + i64::from(bytes.byte() % 12);
            let replies = replies(model, &operation);
            let fate = bytes.byte();
            let mut honest = replies.iter().find_map(|reply| {
                object.step(&state, &operation, Some(reply)).map(|after| (reply.clone(), after))
            });
            let outcome = match (fate % 16, &honest) {
                (0, _) => Outcome::Unknown,
                (1, _) => Outcome::Failed,
                (2..=9, Some((reply, _))) => Outcome::Ok(reply.clone()),
                _ => Outcome::Ok(replies[usize::from(fate / 16) * replies.len() / 16].clone()),
            };
            if outcome != Outcome::Failed
                && let Some((_, after)) = honest.take()
            {
                state = after;
            }
            // Who waits for an answer that never comes asks nothing more.
            free[client] = if outcome == Outcome::Unknown { 1_000 } else { end };
            if call >= 1_000 {
                continue;
            }
            records.push(Record {
                client: ClientId::from_index(client),
                key: Key(0),
                operation,
                call: Timestamp(call),
                end: (outcome != Outcome::Unknown).then_some(Timestamp(end)),
                outcome,
            });
        }
        let clients: Names = (0..CLIENTS).map(|client| format!("c{client}")).collect();
        let history = History { records, keys: ["x"].into_iter().collect(), clients, ..History::default() };
        assert_eq!(history.validate(), Ok(()), "made to be valid");
        Self { model, initial, history }
    }
}

#[cfg(test)]
mod tests {
    use anachron_checker::testing::Dice;

    use super::*;
    use crate::brute_force::is_linearizable;

    /// A comparison says something only where both verdicts come up.
    #[test]
    fn every_model_has_histories_of_both_kinds() {
        for model in Model::ALL {
            let mut dice = Dice::new(1);
            let linearizable = (0..1_000).filter(|_| {
                let bytes: Vec<u8> = (0..60).map(|_| dice.bits().to_le_bytes()[0]).collect();
                let small = Small::new(&[model], 6, &bytes);
                is_linearizable(&Object { model, initial: small.initial }, &small.history)
            });
            let linearizable = linearizable.count();
            println!("{model}: {linearizable} of 1000 are linearizable");
            assert!((20..=980).contains(&linearizable), "{model}: {linearizable}");
        }
    }
}
