//! Histories for tests and benches: what a real object might have shown, and what it never could have.
//!
//! Why it exists: the corpus is small and easy. Here a simulated atomic object serves clients whose operations overlap
//! as much as asked for, so the history is linearizable by construction; a planted violation then makes one answer
//! wrong. Everything follows from the seed, by a generator of its own, so that a failing case is one number.
//!
//! Left out on purpose: shapes that only the simulator's world can make.

use anachron_history::{History, Names, Record, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, OperationId, Outcome, Reply, Value};

use std::sync::Arc;

use crate::{Model, Object, ObjectState, Specification};

/// SplitMix64 (Steele, Lea and Flood 2014): small, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same way for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        assert!(bound > 0, "there is a number below the bound");
        self.bits() % bound
    }

    /// An index below `length`.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).expect("it is below a usize")
    }

    /// A number below `bound`, as values and times are kept.
    pub fn number(&mut self, bound: u64) -> i64 {
        i64::try_from(self.below(bound)).expect("a small bound")
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    /// True about once in `permille` of a thousand throws.
    pub fn permille(&mut self, permille: u64) -> bool {
        self.below(1000) < permille
    }
}

/// What a generated history is to look like.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The object.
    pub model: Model,
    /// How many operations.
    pub operations: usize,
    /// How many clients, each with one operation open at almost all times.
    pub concurrency: usize,
    /// How many different values are written; 0 for a fresh one with each write.
    pub values: u64,
    /// How many objects the operations are spread over.
    pub keys: u64,
    /// How many operations in a thousand end with an unknown outcome. About half of them take effect.
    pub unknown_permille: u64,
    /// The seed.
    pub seed: u64,
}

/// An operation on its way.
struct Open {
    id: usize,
    effect: u64,
    returns: u64,
    applied: bool,
}

/// A history that an atomic object showed its clients: linearizable, whatever the shape.
pub fn linearizable(shape: &Shape) -> History {
    let mut dice = Dice::new(shape.seed);
    let object = Object { model: shape.model, initial: initial(shape.model) };
    let mut states = vec![object.initial(); usize::try_from(shape.keys).expect("a few keys")];
    let mut records: Vec<Record> = Vec::with_capacity(shape.operations);
    let mut open: Vec<Option<Open>> = (0..shape.concurrency).map(|_| None).collect();
    let mut clients: Vec<u32> = (0..).take(shape.concurrency).collect();
    let mut next_client = u32::try_from(shape.concurrency).expect("a few clients");
    let mut time = 0;
    // Time goes in steps. At each, every client may call, let its operation take effect, or return.
    while records.len() < shape.operations || open.iter().any(Option::is_some) {
        time += 1;
        let turn = dice.index(shape.concurrency);
        for offset in 0..shape.concurrency {
            let slot = (turn + offset) % shape.concurrency;
            let Some(current) = &mut open[slot] else {
                if records.len() < shape.operations {
                    let effect = time + 1 + dice.below(4 * shape.concurrency as u64);
                    let returns = effect + 1 + dice.below(4 * shape.concurrency as u64);
                    open[slot] = Some(Open { id: records.len(), effect, returns, applied: false });
                    let key = Key(u32::try_from(dice.below(shape.keys)).expect("a few keys"));
                    records.push(Record {
                        client: ClientId(clients[slot]),
                        key,
                        operation: operation(shape, &mut dice, &states[key.index()]),
                        call: Timestamp(i64::try_from(time).expect("a short history")),
                        end: None,
                        outcome: Outcome::Unknown,
                    });
                    time += 1;
                }
                continue;
            };
            let record = &mut records[current.id];
            if !current.applied && current.effect <= time {
                let lost = dice.permille(shape.unknown_permille);
                let takes_effect = !lost || dice.permille(500);
                if takes_effect {
                    let state = &mut states[record.key.index()];
                    if let Some((after, reply)) = take_effect(&object, state, &record.operation) {
                        *state = after;
                        current.applied = true;
                        record.outcome = Outcome::Ok(reply);
                    } else if records_are_stuck(&record.operation, time, current.effect) {
                        // A lock that nobody gives back: the client gives up, and nothing happened.
                        record.outcome = Outcome::Failed;
                        record.end = Some(Timestamp(i64::try_from(time).expect("a short history")));
                        open[slot] = None;
                        continue;
                    }
                }
                if lost {
                    record.outcome = Outcome::Unknown;
                    open[slot] = None;
                    clients[slot] = next_client;
                    next_client += 1;
                    continue;
                }
            }
            if current.applied && current.returns <= time {
                record.end = Some(Timestamp(i64::try_from(time).expect("a short history")));
                open[slot] = None;
                time += 1;
            }
        }
    }
    let keys: Names = (0..shape.keys).map(|key| format!("k{key}")).collect();
    let clients: Names = (0..next_client).map(|client| format!("c{client}")).collect();
    History { records, keys, clients, ..History::default() }
}

fn records_are_stuck(operation: &Operation, time: u64, effect: u64) -> bool {
    let waits = matches!(operation, Operation::Acquire | Operation::Release | Operation::ReleaseToken(_));
    waits && time > effect + 200
}

/// The initial value that generated histories assume.
pub fn initial(model: Model) -> Value {
    match model {
        Model::KeyValue => "".into(),
        other => other.default_initial(),
    }
}

/// Names of the registers of a multi-register.
const REGISTERS: [&str; 4] = ["a", "b", "c", "d"];

/// A few of the registers, each once.
fn some_registers(dice: &mut Dice) -> Vec<Arc<str>> {
    let start = dice.index(REGISTERS.len());
    let count = 1 + dice.index(2);
    (start..start + count).map(|index| REGISTERS[index % REGISTERS.len()].into()).collect()
}

fn operation(shape: &Shape, dice: &mut Dice, state: &ObjectState) -> Operation {
    let fresh = i64::try_from(dice.bits() >> 8).expect("56 bits");
    let mut value = || {
        let number = if shape.values == 0 {
            fresh
        } else {
            i64::try_from(dice.below(shape.values)).expect("a few values")
        };
        Value::Integer(number)
    };
    let (first, second) = (value(), value());
    let text = |value: &Value| Value::Text(format!("{value},").into());
    // Half of the guesses are right, or were when the operation was called.
    let guess = |dice: &mut Dice, first: Value| match state {
        ObjectState::Holds(value) if dice.permille(500) && *value != Value::Null => value.clone(),
        ObjectState::Bag(elements) if dice.permille(500) => elements.keys().next().cloned().unwrap_or(first),
        _ => first,
    };
    match (shape.model, dice.below(3)) {
        (Model::Register, 0 | 1)
        | (Model::CasRegister | Model::KeyValue | Model::LeaderRegister | Model::Counter | Model::List, 0) => {
            Operation::Read
        }
        (Model::Register, _) | (Model::CasRegister, 1) => Operation::Write(first),
        (Model::CasRegister, _) => {
            // Half of them guess right, or did when they were called.
            let expected = match state {
                ObjectState::Holds(value) if dice.permille(500) => value.clone(),
                _ => first,
            };
            Operation::CompareAndSet { expected, new: second }
        }
        (Model::KeyValue, 1) if dice.permille(200) => Operation::Write(text(&first)),
        (Model::KeyValue, 1) if dice.permille(30) => Operation::Delete,
        (Model::KeyValue, _) => Operation::Append(text(&first)),
        (Model::MultiRegister, 0 | 1) => Operation::MultiRead(some_registers(dice).into()),
        (Model::MultiRegister, _) => {
            let values = [first, second].into_iter().cycle();
            Operation::MultiWrite(some_registers(dice).into_iter().zip(values).collect())
        }
        (Model::Mutex | Model::FencingLock, _) => match state {
            ObjectState::Fenced(grant) if dice.permille(400) => {
                grant.token.map_or(Operation::Acquire, Operation::ReleaseToken)
            }
            _ if dice.permille(500) => Operation::Acquire,
            _ => Operation::Release,
        },
        (Model::LeaderRegister, 1) => Operation::Claim(guess(dice, first)),
        (Model::LeaderRegister, _) => Operation::Resign(guess(dice, first)),
        (Model::Queue, _) if dice.permille(500) => Operation::Enqueue(first),
        (Model::Queue, _) => Operation::Dequeue,
        (Model::Stack, _) if dice.permille(500) => Operation::Push(first),
        (Model::Stack, _) => Operation::Pop,
        (Model::PriorityQueue, _) if dice.permille(500) => Operation::Insert(first),
        (Model::PriorityQueue, _) => Operation::ExtractMin,
        (Model::Set | Model::Multiset, 0) if dice.permille(20) => Operation::Read,
        (Model::Set | Model::Multiset, 0) => Operation::Contains(guess(dice, first)),
        (Model::Set | Model::Multiset, 1) => Operation::Add(first),
        (Model::Set | Model::Multiset, _) => Operation::Remove(guess(dice, first)),
        (Model::Counter, _) => Operation::Increment(if dice.permille(300) { dice.number(5) - 2 } else { 1 }),
        (Model::List, _) => Operation::Append(first),
    }
}

/// What the object answers, and its state afterwards; `None` if the operation has to wait.
fn take_effect(object: &Object, state: &ObjectState, operation: &Operation) -> Option<(ObjectState, Reply)> {
    let element = |element: Option<&Value>| Reply::Value(element.cloned().unwrap_or_default());
    let reply = match (operation, state) {
        (Operation::Read, ObjectState::Holds(value)) => Reply::Value(value.clone()),
        (Operation::Read, ObjectState::Sequence(elements)) => {
            Reply::Value(elements.iter().cloned().collect())
        }
        (Operation::Read, ObjectState::Bag(elements)) => {
            Reply::Value(elements.iter().flat_map(|(element, &times)| vec![element.clone(); times]).collect())
        }
        (Operation::Read, ObjectState::Count(count)) => Reply::Value(Value::Integer(*count)),
        (Operation::CompareAndSet { expected, .. }, ObjectState::Holds(value)) => {
            Reply::Answer(value == expected)
        }
        (Operation::Claim(candidate), ObjectState::Holds(leader)) => {
            Reply::Answer(leader == candidate || *leader == Value::Null)
        }
        (Operation::Resign(candidate), ObjectState::Holds(leader)) => Reply::Answer(leader == candidate),
        (Operation::MultiRead(names), ObjectState::Registers(values)) => {
            let held = |name| values.get(name).unwrap_or(&object.initial).clone();
            Reply::Value(names.iter().map(held).collect())
        }
        (Operation::Acquire, ObjectState::Fenced(grant)) => {
            Reply::Value(Value::Integer(grant.token.map_or(1, |token| token + 1)))
        }
        (Operation::Dequeue, ObjectState::Sequence(elements)) => element(elements.first()),
        (Operation::Pop, ObjectState::Sequence(elements)) => element(elements.last()),
        (Operation::ExtractMin, ObjectState::Bag(elements)) => element(elements.keys().next()),
        (Operation::Contains(element) | Operation::Remove(element), ObjectState::Bag(elements)) => {
            Reply::Answer(elements.contains_key(element))
        }
        (Operation::Add(element), ObjectState::Bag(elements)) => {
            Reply::Answer(object.model == Model::Multiset || !elements.contains_key(element))
        }
        (Operation::Increment(amount), ObjectState::Count(count)) if amount % 2 == 0 => {
            Reply::Value(Value::Integer(count + amount))
        }
        _ => Reply::Done,
    };
    Some((object.step(state, operation, Some(&reply))?, reply))
}

/// Makes one answer wrong at a random place of the middle half, and says whose: it answers what another operation of
/// its kind was told. The history may happen to stay linearizable: a stale answer can be excused by what overlaps it.
pub fn plant_violation(history: &mut History, seed: u64) -> Option<OperationId> {
    let mut dice = Dice::new(seed);
    let middle = history.records.len() / 4..history.records.len() * 3 / 4;
    let answered = |wanted: fn(&Reply) -> bool| -> Vec<usize> {
        let fits =
            |&index: &usize| matches!(&history.records[index].outcome, Outcome::Ok(reply) if wanted(reply));
        middle.clone().filter(fits).collect()
    };
    let mut told = answered(|reply| matches!(reply, Reply::Value(_)));
    if told.len() < 2 {
        told = answered(|reply| matches!(reply, Reply::Answer(_)));
    }
    if told.len() < 2 {
        return None;
    }
    for _ in 0..1000 {
        let (victim, source) = (dice.one_of(&told), dice.one_of(&told));
        let (one, other) = (&history.records[victim], &history.records[source]);
        let alike = match (&one.operation, &other.operation) {
            (Operation::MultiRead(names), Operation::MultiRead(others)) => names == others,
            (one, other) => one.name() == other.name(),
        };
        if one.key == other.key && alike && one.outcome != other.outcome {
            history.records[victim].outcome = history.records[source].outcome.clone();
            return Some(OperationId::from_index(victim));
        }
    }
    None
}

/// A change that is ok and whose answer is one of these, at a random place of the middle half.
fn some_change(history: &History, seed: u64, wanted: fn(&Reply) -> bool) -> Option<usize> {
    let changes: Vec<usize> = (history.records.len() / 4..history.records.len() * 3 / 4)
        .filter(|&index| {
            let record = &history.records[index];
            !record.operation.is_read() && matches!(&record.outcome, Outcome::Ok(reply) if wanted(reply))
        })
        .collect();
    (!changes.is_empty()).then(|| Dice::new(seed).one_of(&changes))
}

/// Takes one change away at a random place of the middle half, as if it had failed: what a store shows that loses an
/// acknowledged write. The history may happen to stay linearizable.
pub fn lose_a_change(history: &mut History, seed: u64) -> Option<OperationId> {
    let victim = some_change(history, seed, |reply| matches!(reply, Reply::Done | Reply::Answer(true)))?;
    history.records[victim].outcome = Outcome::Failed;
    Some(OperationId::from_index(victim))
}

/// Has one change answered twice at a random place of the middle half, as if another client had asked for the same at
/// the same time: what a store shows that grants a lock, or hands out an element, to two. The history may happen to
/// stay linearizable.
pub fn do_a_change_twice(history: &mut History, seed: u64) -> Option<OperationId> {
    let changes = |reply: &Reply| !matches!(reply, Reply::Answer(false) | Reply::Value(Value::Null));
    let victim = some_change(history, seed, changes)?;
    let client = ClientId(history.clients.number("twin"));
    history.records.push(Record { client, ..history.records[victim].clone() });
    Some(OperationId::from_index(history.records.len() - 1))
}

/// A small history without any sense to it: for holding fast roads against slow ones.
pub fn scramble(model: Model, dice: &mut Dice) -> History {
    let operations = 1 + dice.index(8);
    let values = dice.one_of(&[1, 2, 3, 100]);
    let span = dice.one_of(&[4, 8, 16, 40]);
    let unknown = dice.one_of(&[0, 100, 400]);
    let mut fresh = 0;
    let mut value = |dice: &mut Dice| match dice.below(12) {
        0 => Value::Null,
        _ if values == 100 => {
            fresh += 1;
            Value::Integer(if dice.permille(500) { fresh } else { dice.number(6) })
        }
        _ => Value::Integer(dice.number(values)),
    };
    let text = |dice: &mut Dice| -> Value {
        let text: String = (0..dice.below(3)).map(|_| if dice.permille(500) { 'a' } else { 'b' }).collect();
        Value::Text(text.into())
    };
    let records = (0..operations)
        .map(|index| {
            let operation = scrambled(model, dice, &mut value, text);
            let call = dice.number(span);
            let end = call + dice.number(span / 2);
            let outcome = if dice.permille(unknown) {
                Outcome::Unknown
            } else if dice.permille(30) {
                Outcome::Failed
            } else {
                Outcome::Ok(scrambled_reply(model, &operation, dice, &mut value, text))
            };
            Record {
                client: ClientId::from_index(index),
                key: Key(0),
                operation,
                call: Timestamp(call),
                end: (outcome != Outcome::Unknown).then_some(Timestamp(end)),
                outcome,
            }
        })
        .collect();
    let clients: Names = (0..operations).map(|client| format!("c{client}")).collect();
    History { records, keys: ["x"].into_iter().collect(), clients, ..History::default() }
}

/// An operation that the model knows.
fn scrambled(
    model: Model,
    dice: &mut Dice,
    value: &mut impl FnMut(&mut Dice) -> Value,
    text: impl Fn(&mut Dice) -> Value,
) -> Operation {
    let mut element = |dice: &mut Dice| match value(dice) {
        Value::Null => Value::Integer(7),
        other => other,
    };
    match (model, dice.below(4)) {
        (Model::Register | Model::Counter | Model::List, 0 | 1)
        | (Model::CasRegister | Model::KeyValue | Model::LeaderRegister, 0) => Operation::Read,
        (Model::Register, _) | (Model::CasRegister, 1) => Operation::Write(value(dice)),
        (Model::CasRegister, _) => Operation::CompareAndSet { expected: value(dice), new: value(dice) },
        (Model::KeyValue, 1) if dice.permille(200) => Operation::Write(value(dice)),
        (Model::KeyValue, 1) if dice.permille(150) => Operation::Delete,
        (Model::KeyValue, 1) if dice.permille(200) => {
            Operation::CompareAndSet { expected: text(dice), new: text(dice) }
        }
        (Model::KeyValue, 1) => Operation::Write(text(dice)),
        (Model::KeyValue, _) => Operation::Append(text(dice)),
        (Model::MultiRegister, 0 | 1) => Operation::MultiRead(some_registers(dice).into()),
        (Model::MultiRegister, _) => {
            Operation::MultiWrite(some_registers(dice).into_iter().map(|name| (name, value(dice))).collect())
        }
        (Model::Mutex, 0 | 1) | (Model::FencingLock, 0..=2) => Operation::Acquire,
        (Model::FencingLock, _) if dice.permille(600) => Operation::ReleaseToken(dice.number(6)),
        (Model::Mutex | Model::FencingLock, _) => Operation::Release,
        (Model::LeaderRegister, 1 | 2) => Operation::Claim(element(dice)),
        (Model::LeaderRegister, _) => Operation::Resign(element(dice)),
        (Model::Queue, 0 | 1) => Operation::Enqueue(element(dice)),
        (Model::Queue, _) => Operation::Dequeue,
        (Model::Stack, 0 | 1) => Operation::Push(element(dice)),
        (Model::Stack, _) => Operation::Pop,
        (Model::PriorityQueue, 0 | 1) => Operation::Insert(element(dice)),
        (Model::PriorityQueue, _) => Operation::ExtractMin,
        (Model::Set | Model::Multiset, 0) if dice.permille(200) => Operation::Read,
        (Model::Set | Model::Multiset, 0) => Operation::Contains(value(dice)),
        (Model::Set | Model::Multiset, 1 | 2) => Operation::Add(value(dice)),
        (Model::Set | Model::Multiset, _) => Operation::Remove(value(dice)),
        (Model::Counter, _) => Operation::Increment(dice.number(4) - 1),
        (Model::List, _) => Operation::Append(value(dice)),
    }
}

/// A reply that the operation can get, right or wrong.
fn scrambled_reply(
    model: Model,
    operation: &Operation,
    dice: &mut Dice,
    value: &mut impl FnMut(&mut Dice) -> Value,
    text: impl Fn(&mut Dice) -> Value,
) -> Reply {
    match operation {
        Operation::Read => Reply::Value(match model {
            Model::KeyValue => {
                let parts: Vec<String> = (0..dice.below(3))
                    .map(|_| match text(dice) {
                        Value::Text(text) => text.to_string(),
                        other => unreachable!("{other} is a text"),
                    })
                    .collect();
                Value::Text(parts.concat().into())
            }
            Model::Counter => Value::Integer(dice.number(5) - 1),
            Model::List | Model::Set | Model::Multiset => (0..dice.below(4)).map(|_| value(dice)).collect(),
            _ => value(dice),
        }),
        Operation::MultiRead(names) => Reply::Value(names.iter().map(|_| value(dice)).collect()),
        Operation::Dequeue | Operation::Pop | Operation::ExtractMin => Reply::Value(value(dice)),
        Operation::CompareAndSet { .. }
        | Operation::Claim(_)
        | Operation::Resign(_)
        | Operation::Contains(_) => Reply::Answer(dice.permille(500)),
        Operation::Add(_) | Operation::Remove(_) if dice.permille(700) => Reply::Answer(dice.permille(500)),
        Operation::Acquire if model == Model::FencingLock && dice.permille(800) => {
            Reply::Value(Value::Integer(dice.number(6)))
        }
        Operation::Increment(_) if dice.permille(300) => Reply::Value(Value::Integer(dice.number(5) - 1)),
        _ => Reply::Done,
    }
}

/// A history as lines of text, for the message of a test that failed.
pub fn table(history: &History) -> String {
    let line = |(id, record): (OperationId, &Record)| {
        let end = record.returned().map_or("?".into(), |end| end.0.to_string());
        format!("{:3} {:?} @{}-{end} {:?}\n", id.0, record.operation, record.call.0, record.outcome)
    };
    history.iter().map(line).collect()
}
