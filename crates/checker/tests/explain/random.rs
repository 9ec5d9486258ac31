//! Thousands of small random histories: what has an order is never given a kind, what has none always is, and the facts
//! alone refute it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anachron_checker::Model;
use anachron_checker::explain::{AnomalyKind, Fact, Subject};
use anachron_history::{History, Record, TimeUnit, Timestamp};
use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

use crate::inference::refutes;
use crate::notation::{explain_from_start, whole};
use crate::oracle::{has_order, shrink};

/// A small generator of its own (xorshift64*), so that a seed means the same for ever.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % limit
    }
}

fn value(dice: &mut Dice, values: u64) -> Value {
    Value::Integer(i64::try_from(dice.below(values)).expect("small"))
}

fn text(dice: &mut Dice) -> Value {
    const TEXTS: [&str; 9] = ["a", "b", "c", "ab", "ba", "abc", "acb", "aa", "abb"];
    let pick = usize::try_from(dice.below(TEXTS.len() as u64)).expect("small");
    TEXTS[pick].into()
}

fn piece(dice: &mut Dice) -> Value {
    const PIECES: [&str; 4] = ["a", "b", "c", "ab"];
    PIECES[usize::try_from(dice.below(4)).expect("small")].into()
}

fn ask(dice: &mut Dice, model: Model, values: u64) -> (Operation, Reply) {
    match model {
        Model::Mutex if dice.below(2) == 0 => (Operation::Acquire, Reply::Done),
        Model::Mutex => (Operation::Release, Reply::Done),
        Model::KeyValue => match dice.below(12) {
            0..=4 => (Operation::Append(piece(dice)), Reply::Done),
            5 => (Operation::Write(text(dice)), Reply::Done),
            6 => (Operation::Read, Reply::Value(Value::Null)),
            _ => (Operation::Read, Reply::Value(text(dice))),
        },
        Model::CasRegister if dice.below(3) == 0 => {
            let (expected, new) = (value(dice, values), value(dice, values));
            (Operation::CompareAndSet { expected, new }, Reply::Answer(dice.below(4) > 0))
        }
        _ if dice.below(2) == 0 => (Operation::Write(value(dice, values)), Reply::Done),
        _ => (Operation::Read, Reply::Value(value(dice, values))),
    }
}

/// A history of up to six operations, each client's one after the other.
fn random_history(dice: &mut Dice, model: Model) -> History {
    let mut history = History {
        keys: ["x"].into_iter().collect(),
        clients: ["c1", "c2", "c3", "4"].into_iter().collect(),
        time_unit: TimeUnit::Unstated,
        ..History::default()
    };
    let operations = 2 + dice.below(5);
    let values = 2 + dice.below(5);
    let unknown_in = 2 + dice.below(20);
    let mut free = [0_i64; 4];
    for _ in 0..operations {
        let client = usize::try_from(dice.below(4)).expect("small");
        let call = free[client] + i64::try_from(dice.below(6)).expect("small");
        let end = call + i64::try_from(dice.below(8)).expect("small");
        free[client] = end;
        let (operation, reply) = ask(dice, model, values);
        let outcome = match dice.below(unknown_in) {
            0 if !operation.is_read() => Outcome::Unknown,
            1 if dice.below(4) == 0 => Outcome::Failed,
            _ => Outcome::Ok(reply),
        };
        history.records.push(Record {
            client: ClientId::from_index(client),
            key: Key(0),
            operation,
            call: Timestamp(call),
            end: Some(end).filter(|_| outcome != Outcome::Unknown).map(Timestamp),
            outcome,
        });
    }
    history.validate().expect("a history");
    history
}

fn shown(history: &History) -> String {
    let mut text = String::new();
    for record in &history.records {
        let _ = writeln!(
            text,
            "{} {:?} {:?} @{}-{:?}",
            history.client_name(record.client),
            record.operation,
            record.outcome,
            record.call.0,
            record.end.map(|end| end.0)
        );
    }
    text
}

/// Judges `count` random histories of a model; returns how often each kind came out.
fn judge(model: Model, count: usize, seed: u64) -> BTreeMap<AnomalyKind, usize> {
    let mut dice = Dice(seed);
    let mut kinds: BTreeMap<AnomalyKind, usize> = BTreeMap::new();
    let (mut linearizable, mut grown) = (0_usize, 0_usize);
    for _ in 0..count {
        let history = random_history(&mut dice, model);
        let initial = match model {
            Model::Mutex => None,
            Model::KeyValue => Some(Value::Null),
            _ => Some(Value::Integer(0)),
        };
        let subject = Subject::new(&history, Key(0), model, initial.clone().unwrap_or_default());
        let everything = whole(&history);
        if has_order(&history, &everything, initial.as_ref()) {
            linearizable += 1;
            let explanation = explain_from_start(&subject, &everything);
            assert!(explanation.is_none(), "explained away:\n{}{}", shown(&history), explanation.unwrap());
            continue;
        }
        let small = shrink(&history, &everything, initial.as_ref());
        for core in [&everything, &small] {
            let explanation = explain_from_start(&subject, core)
                .unwrap_or_else(|| panic!("not explained: {core:?}\n{}", shown(&history)));
            assert!(explanation.holds(&subject), "{}{explanation}", shown(&history));
            assert!(!explanation.sentences.iter().any(|sentence| sentence.text.is_empty()));
            if explanation.kind != AnomalyKind::NoOrder {
                assert!(
                    refutes(&history, &explanation, model),
                    "the facts do not refute:\n{}{explanation}",
                    shown(&history)
                );
            }
            *kinds.entry(explanation.kind).or_default() += 1;
            let is_growth = |fact: &Fact| matches!(fact, Fact::Growth(_));
            grown += usize::from(explanation.sentences.iter().flat_map(|said| &said.facts).any(is_growth));
        }
    }
    assert!(model != Model::KeyValue || grown >= 100, "{grown} told by what a text grew from");
    println!("{model}: {count} histories, {linearizable} linearizable, explained: {kinds:?}");
    assert!(linearizable > count / 50 && linearizable < count, "the histories are too one-sided");
    kinds
}

fn assert_seen(kinds: &BTreeMap<AnomalyKind, usize>, expected: &[AnomalyKind]) {
    for kind in expected {
        assert!(kinds.get(kind).is_some_and(|count| *count >= 3), "{kind} hardly ever came out: {kinds:?}");
    }
}

#[test]
fn random_registers() {
    use AnomalyKind::{FlipFlop, FromTheFuture, Phantom, StaleRead};
    assert_seen(&judge(Model::Register, 20_000, 1), &[Phantom, FromTheFuture, StaleRead, FlipFlop]);
}

#[test]
fn random_cas_registers() {
    use AnomalyKind::{Cycle, DoubleWinner, FalseRefusal, FlipFlop, FromTheFuture, Phantom, StaleRead};
    let kinds = judge(Model::CasRegister, 20_000, 2);
    assert_seen(&kinds, &[Phantom, FromTheFuture, StaleRead, FlipFlop, DoubleWinner, FalseRefusal, Cycle]);
}

#[test]
fn random_locks() {
    let kinds = judge(Model::Mutex, 20_000, 3);
    assert_seen(&kinds, &[AnomalyKind::TwoHolders, AnomalyKind::ReleaseWithoutHold]);
}

#[test]
fn random_appends() {
    use AnomalyKind::{AppendFork, DuplicateAppend, FromTheFuture, LostAppend, Phantom, StaleRead};
    let kinds = judge(Model::KeyValue, 20_000, 4);
    assert_seen(&kinds, &[Phantom, FromTheFuture, StaleRead, LostAppend, AppendFork, DuplicateAppend]);
}
