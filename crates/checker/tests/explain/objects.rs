//! Collections, lists, counters and locks with tokens: what is said of them, held against the checker and its verifier.
//!
//! The facts of an explanation name elements, moments or tokens. From these alone a core is built: every operation on the
//! elements, the increments between the moments. The verifier, which shares no code with the explanations, has to accept
//! it.

use std::collections::{BTreeMap, BTreeSet};

use anachron_checker::explain::{
    AnomalyKind, CopyFact, ElementFact, Fact, From, Stretch, Subject, SumFact, Until,
};
use anachron_checker::testing::{self, Dice};
use anachron_checker::{CheckOptions, Core, CoreOperation, Decision, Kept, Model, Start, Verdict, check};
use anachron_history::{History, Record, TimeUnit};
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use crate::inference::refutes;
use crate::notation::{explain_from_start, history, id, subject, value, whole};

/// The elements that an operation names.
fn named(record: &Record) -> Vec<Value> {
    let answered = match (&record.operation, &record.outcome) {
        (Operation::Read, _) => None,
        (_, Outcome::Ok(Reply::Value(value))) => Some(value.clone()),
        _ => None,
    };
    record.operation.arguments().into_iter().chain(answered).collect()
}

/// The core that the facts speak of, if they are of the kinds that are judged here.
pub(crate) fn core(history: &History, facts: &[&Fact], model: Model) -> Option<Core> {
    let mut elements: BTreeSet<Value> = BTreeSet::new();
    let mut ids: BTreeSet<OperationId> = BTreeSet::new();
    let mut judged = false;
    for fact in facts {
        match fact {
            Fact::TokensFall { first, second } => {
                let kept = |id| CoreOperation { id, kept: Kept::AsItWas };
                let operations = vec![kept(*first), kept(*second)];
                return Some(Core { operations, start: Start::Any, ..Core::default() });
            }
            Fact::Sum(SumFact::OutOfRange { first, last, certain, .. }) => {
                let whole: Vec<OperationId> = first.iter().chain([last]).chain(certain).copied().collect();
                let increments = facts.iter().find_map(|fact| match fact {
                    Fact::Sum(SumFact::CanAdd { increments, .. }) => Some(increments.clone()),
                    _ => None,
                });
                let operations = whole
                    .into_iter()
                    .map(|id| CoreOperation { id, kept: Kept::AsItWas })
                    .chain(increments?.into_iter().map(|id| CoreOperation { id, kept: Kept::AsUnknown }))
                    .collect();
                let start = if first.is_some() { Start::Any } else { Start::Initial };
                return Some(Core { operations, start, ..Core::default() });
            }
            Fact::Element(fact) => {
                judged = true;
                match fact {
                    ElementFact::Inserts { element, .. }
                    | ElementFact::TooOften { element, .. }
                    | ElementFact::AllTaken { element, .. }
                    | ElementFact::NoneBetween { element, .. }
                    | ElementFact::MustBeInside { element, .. } => {
                        elements.insert(element.clone());
                    }
                    ElementFact::Overtook { taken, inside, .. } => {
                        elements.extend([taken.clone(), inside.clone()]);
                    }
                    ElementFact::LeftBehind { ahead, .. } => {
                        elements.extend([ahead.taken.clone(), ahead.inside.clone()]);
                    }
                    ElementFact::Refused(add) => elements.extend(history.record(*add).operation.arguments()),
                    ElementFact::Lacks { append, .. } => {
                        elements.extend(history.record(*append).operation.arguments());
                    }
                    ElementFact::Disagree { .. } => {
                        elements
                            .extend(history.records.iter().flat_map(|record| record.operation.arguments()));
                    }
                    ElementFact::WrongOrder { first, second, .. } => {
                        elements.extend(history.record(*first).operation.arguments());
                        elements.extend(history.record(*second).operation.arguments());
                    }
                }
            }
            Fact::Copies(CopyFact::Possible { element, .. } | CopyFact::Impossible { element, .. }) => {
                judged = true;
                elements.extend(fact.operations().into_iter().flat_map(|id| named(history.record(id))));
                match element {
                    Some(element) => elements.extend([element.clone()]),
                    None => elements.extend(history.records.iter().flat_map(named)),
                }
            }
            Fact::Did(id) => {
                ids.insert(*id);
            }
            _ => {}
        }
    }
    let wanted = |id: OperationId, record: &Record| {
        let unknown_remove = record.outcome == Outcome::Unknown
            && matches!(record.operation, Operation::Dequeue | Operation::Pop | Operation::ExtractMin);
        let names = named(record).iter().any(|element| elements.contains(element));
        record.outcome != Outcome::Failed && (unknown_remove || names || ids.contains(&id))
    };
    let listed =
        history.iter().filter(|&(id, record)| wanted(id, record)).map(|(id, record)| CoreOperation {
            id,
            kept: if matches!(record.outcome, Outcome::Ok(_)) { Kept::AsItWas } else { Kept::AsUnknown },
        });
    let others = matches!(model, Model::KeyValue | Model::Register | Model::CasRegister | Model::Mutex);
    (judged && !others).then(|| Core { operations: listed.collect(), ..Core::default() })
}

/// Judges random histories of a model; returns how often each kind came out, and how many were told by counting copies or
/// by what a list grew from.
fn judge(model: Model, count: usize, seed: u64) -> (BTreeMap<AnomalyKind, usize>, usize) {
    let mut dice = Dice::new(seed);
    let options = CheckOptions::new(model);
    let mut kinds: BTreeMap<AnomalyKind, usize> = BTreeMap::new();
    let (mut linearizable, mut counted) = (0_usize, 0);
    for _ in 0..count {
        let history = testing::scramble(model, &mut dice);
        let shown = || testing::table(&history);
        let subject = Subject::new(&history, Key(0), model, options.initial.clone());
        let everything = whole(&history);
        let judgement = check(&history, &options).expect("operations of the model");
        if judgement.decision() == Decision::Linearizable {
            linearizable += 1;
            let explanation = explain_from_start(&subject, &everything);
            assert!(explanation.is_none(), "{model} explained away:\n{}{}", shown(), explanation.unwrap());
            continue;
        }
        let Verdict::NotLinearizable(small) = &judgement.parts[0].verdict else { panic!("decided") };
        for core in [&everything, &small.operations] {
            let explanation = explain_from_start(&subject, core)
                .unwrap_or_else(|| panic!("{model} not explained: {core:?}\n{}", shown()));
            assert!(explanation.holds(&subject), "{}{explanation}", shown());
            assert!(!explanation.sentences.iter().any(|sentence| sentence.text.is_empty()));
            if explanation.kind != AnomalyKind::NoOrder {
                let refuted = refutes(&history, &explanation, model);
                assert!(refuted, "{model}: the facts do not refute:\n{}{explanation}", shown());
            }
            *kinds.entry(explanation.kind).or_default() += 1;
            let counts = |fact: &Fact| matches!(fact, Fact::Copies(_) | Fact::Growth(_));
            counted += usize::from(explanation.sentences.iter().flat_map(|said| &said.facts).any(counts));
        }
    }
    println!(
        "{model}: {count} histories, {linearizable} linearizable, {counted} counted, explained: {kinds:?}"
    );
    assert!(linearizable > count / 50 && linearizable < count, "{model}: the histories are too one-sided");
    (kinds, counted)
}

fn assert_seen(model: Model, expected: &[AnomalyKind]) {
    let (kinds, counted) = judge(model, 4_000, 11);
    let counts = matches!(
        model,
        Model::Queue | Model::Stack | Model::PriorityQueue | Model::Set | Model::Multiset | Model::List
    );
    assert!(!counts || counted >= 10, "{model}: {counted} told by counting");
    for kind in expected {
        assert!(kinds.get(kind).is_some_and(|count| *count >= 3), "{model}: {kind} hardly ever came out");
    }
}

#[test]
fn random_collections() {
    use AnomalyKind::{DeliveredTwice, FromTheFuture, OutOfOrder, Phantom, StaleRead, Vanished};
    for model in [Model::Queue, Model::Stack, Model::PriorityQueue] {
        assert_seen(model, &[Phantom, FromTheFuture, DeliveredTwice, Vanished, OutOfOrder]);
    }
    assert_seen(Model::Set, &[Phantom, FromTheFuture, Vanished, StaleRead]);
    assert_seen(Model::Multiset, &[Phantom, FromTheFuture, Vanished]);
}

#[test]
fn random_lists() {
    use AnomalyKind::{AppendFork, DuplicateAppend, FromTheFuture, LostAppend, Phantom, StaleRead};
    assert_seen(Model::List, &[Phantom, FromTheFuture, DuplicateAppend, LostAppend, AppendFork, StaleRead]);
}

#[test]
fn random_counters_and_tokens() {
    assert_seen(Model::Counter, &[AnomalyKind::ImpossibleValue]);
    assert_seen(Model::FencingLock, &[AnomalyKind::TokenRegression, AnomalyKind::TwoHolders]);
}

#[test]
fn random_leadership() {
    use AnomalyKind::{FalseRefusal, FromTheFuture, Phantom, StaleRead, TwoLeaders};
    assert_seen(Model::LeaderRegister, &[Phantom, FromTheFuture, TwoLeaders, StaleRead, FalseRefusal]);
}

#[test]
fn random_registers_read_together() {
    use AnomalyKind::{FracturedRead, FromTheFuture, Phantom, StaleRead};
    assert_seen(Model::MultiRegister, &[Phantom, FromTheFuture, StaleRead, FracturedRead]);
}

/// Longer histories than a brute force can judge, linearizable by construction, with values that come up often: whatever
/// is said of them would be a lie.
#[test]
fn nothing_is_said_of_linearizable_histories() {
    const MODELS: [Model; 7] = [
        Model::KeyValue,
        Model::List,
        Model::Queue,
        Model::Stack,
        Model::PriorityQueue,
        Model::Set,
        Model::Multiset,
    ];
    for seed in 0..60 {
        for model in MODELS {
            let mut dice = Dice::new(seed);
            let shape = testing::Shape {
                model,
                operations: 24,
                concurrency: 2 + dice.index(4),
                values: 1 + dice.below(3),
                keys: 1,
                unknown_permille: dice.one_of(&[0, 100]),
                seed,
            };
            let history = testing::linearizable(&shape);
            let subject = Subject::new(&history, Key(0), model, testing::initial(model));
            // The search for an order may give up before it finds one; it says that much and no more.
            let said = explain_from_start(&subject, &whole(&history))
                .filter(|said| said.kind != AnomalyKind::NoOrder);
            assert!(
                said.is_none(),
                "{model}:\n{}{}",
                testing::table(&history),
                said.expect("an explanation")
            );
        }
    }
}

/// Counting facts are believed only if each part of them is true.
#[test]
fn counted_facts_are_checked() {
    let history = history(
        "A: add m x @0-10; B: add m x @0-10; C: rem m x yes @20-30; D: has m x no @40-50; E: rem m x @5-?",
        TimeUnit::Nanoseconds,
    );
    let subject = subject(&history, Model::Multiset, "null");
    let x = Some(value("x"));
    let stretch = Stretch { from: From::Start, until: Until::Before(id(3)) };
    let takes = |operations: Vec<OperationId>| {
        Fact::Copies(CopyFact::Possible { element: x.clone(), stretch, inserts: false, operations })
    };
    assert!(!takes(vec![id(2)]).holds(&subject, &[]), "the remove that timed out counts");
    assert!(takes(vec![id(2), id(4)]).holds(&subject, &[]));
    let conclusion = |possible| {
        let certain = vec![id(0), id(1)];
        Fact::Copies(CopyFact::Impossible { element: x.clone(), stretch, inserts: false, possible, certain })
    };
    assert!(!conclusion(1).holds(&subject, &[]), "nobody said who can have taken it");
    assert!(!conclusion(2).holds(&subject, &[takes(vec![id(2), id(4)])]), "two in, two out: it may be gone");
}
