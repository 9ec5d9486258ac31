//! The slow, obvious answers, and every fast road held against them.

mod crowds;
mod stories;

use std::collections::BTreeMap;

use anachron_history::History;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use crate::call_order;
use crate::chains;
use crate::instance::Instance;
use crate::machine::{Compiled, GenericMachine, Machine, compile};
use crate::search::{Found, Reductions, Strategy, search};
use crate::testing::{self, Dice, Shape};
use crate::texts::{self, AsRegister};
use crate::versions::{self, LeftOnce};
use crate::zones::{self, Zones};
use crate::{
    Budget, CheckOptions, Decision, Event, Model, Object, ObjectState, Order, PartVerdict, Road,
    Specification, Verdict, check_specification, partition, verify,
};

/// Tries every order: is there a legal one?
fn brute_force(history: &History, object: &Object, state: &ObjectState, left: &mut Vec<OperationId>) -> bool {
    let required = |id: &OperationId| matches!(history.record(*id).outcome, Outcome::Ok(_));
    if !left.iter().any(required) {
        return true;
    }
    for position in 0..left.len() {
        let id = left[position];
        if left.iter().any(|&other| history.record(other).precedes(history.record(id))) {
            continue;
        }
        let reply = match &history.record(id).outcome {
            Outcome::Ok(reply) => Some(reply),
            _ => None,
        };
        if let Some(after) = object.step(state, &history.record(id).operation, reply) {
            left.remove(position);
            let found = brute_force(history, object, &after, left);
            left.insert(position, id);
            if found {
                return true;
            }
        }
    }
    false
}

/// Whether any order of all is legal, by trying every one.
pub(crate) fn oracle(history: &History, options: &CheckOptions) -> bool {
    let object = options.object();
    let mut left: Vec<OperationId> =
        history.iter().filter(|(_, record)| record.outcome != Outcome::Failed).map(|(id, _)| id).collect();
    brute_force(history, &object, &object.initial(), &mut left)
}

/// Wing and Gong's search with Lowe's memory and nothing else, for histories that brute force can't do.
fn plain_wing_gong(history: &History, options: &CheckOptions) -> bool {
    let object = options.object();
    let all: Vec<OperationId> =
        history.iter().filter(|(_, record)| record.outcome != Outcome::Failed).map(|(id, _)| id).collect();
    assert!(all.len() <= 64);
    let mut seen: BTreeMap<u64, Vec<ObjectState>> = BTreeMap::new();
    let mut stack = vec![(0_u64, object.initial())];
    while let Some((placed, state)) = stack.pop() {
        let left = || (0..all.len()).filter(|index| placed >> index & 1 == 0);
        if left().all(|index| history.record(all[index]).outcome == Outcome::Unknown) {
            return true;
        }
        let states = seen.entry(placed).or_default();
        if states.contains(&state) {
            continue;
        }
        states.push(state.clone());
        for index in left() {
            let record = history.record(all[index]);
            if left().any(|other| history.record(all[other]).precedes(record)) {
                continue;
            }
            let reply = match &record.outcome {
                Outcome::Ok(reply) => Some(reply),
                _ => None,
            };
            if let Some(after) = object.step(&state, &record.operation, reply) {
                stack.push((placed | 1 << index, after));
            }
        }
    }
    false
}

/// A search's answer as a decision, its order verified.
fn searched<M: Machine>(
    history: &History,
    options: &CheckOptions,
    machine: &mut M,
    instance: &Instance,
    strategy: Strategy,
    reductions: Reductions,
) -> bool {
    match search(instance, machine, strategy, reductions, &mut Budget::default()).0 {
        Found::Order(order) => {
            let key = history.records[0].key;
            verify::verify_order(history, options, key, &Order(order)).expect("an order that verifies");
            true
        }
        Found::NoOrder { .. } => false,
        Found::Spent { .. } => panic!("no limit was set"),
    }
}

/// All reductions, each alone, all but each, and none.
fn reduction_sets() -> Vec<Reductions> {
    let set = |bits: u32| Reductions {
        observers_first: bits & 1 != 0,
        earliest_of_class: bits & 2 != 0,
        pending_where_needed: bits & 4 != 0,
        domination: bits & 8 != 0,
        demand: bits & 16 != 0,
        swap_before_write: bits & 32 != 0,
        keep: bits & 64 != 0,
        whole_values: bits & 128 != 0,
        cover: bits & 256 != 0,
    };
    let mut sets = vec![Reductions::ALL, set(0)];
    sets.extend((0..9).map(|bit| set(1 << bit)));
    sets.extend((0..9).map(|bit| set(511 & !(1 << bit))));
    sets
}

/// What one history was judged by.
#[derive(Default, Debug)]
struct Tally {
    turn: usize,
    histories: u64,
    linearizable: u64,
    by_zones: u64,
    by_chains: u64,
    by_versions: u64,
    by_texts: u64,
    searches: u64,
    cores: u64,
    core_operations: u64,
}

/// True if the search finds that a part of a register has no order.
fn has_no_order(LeftOnce { mut machine, operations, .. }: LeftOnce) -> bool {
    let instance = Instance::new(&machine, &operations);
    let (reductions, budget) = (Reductions::ALL, &mut Budget::default());
    let (found, _) = search(&instance, &mut machine, Strategy::InTurns, reductions, budget);
    matches!(found, Found::NoOrder { .. })
}

/// Holds every road against `expected`.
fn compare(history: &History, options: &CheckOptions, expected: bool, every_set: bool, tally: &mut Tally) {
    let case = || format!("{options:?}\n{}", crate::testing::table(history));
    tally.histories += 1;
    tally.turn += 1;
    tally.linearizable += u64::from(expected);
    let parts = partition(history, options).expect("operations that the model knows");
    assert_eq!(parts.len(), 1, "one object");
    let part = &parts[0];
    if let Some(order) = call_order::legal(part) {
        let verdict = Verdict::Linearizable(order);
        let (key, operations) = (part.key(), part.len());
        let verdict = PartVerdict { key, operations, verdict, road: Road::CallOrder, configurations: 0 };
        assert_eq!(verify::verify(history, options, &verdict), Ok(()), "the order of calls\n{}", case());
    }
    let verdict = part.check_by_model(&mut Budget::default());
    let decision = if expected { Decision::Linearizable } else { Decision::NotLinearizable };
    assert_eq!(verdict.verdict.decision(), decision, "{}", case());
    if let Err(flaw) = verify::verify(history, options, &verdict) {
        panic!("{flaw}\n{:?}\n{}", verdict.verdict, case());
    }
    if let Verdict::NotLinearizable(core) = &verdict.verdict {
        assert!(core.minimal, "a small core is minimal\n{}", case());
        // Gibbons and Korach's clusters are a register's. The cores of sets, lists and texts are told in their own terms.
        let is_register = !matches!(options.model, Model::Set | Model::List | Model::KeyValue);
        let by_zones = verdict.road == Road::Zones && is_register;
        assert!(!by_zones || core.operations.len() <= 6, "{core:?}\n{}", case());
        tally.cores += 1;
        tally.core_operations += core.operations.len() as u64;
    }
    let (compiled, operations) = compile(part);
    let sets = reduction_sets();
    let chosen = if every_set { &sets[..] } else { std::slice::from_ref(&sets[tally.turn % sets.len()]) };
    let strategies = [Strategy::DepthFirst, Strategy::BreadthFirst];
    match compiled {
        Compiled::Register(machine) => {
            if let Some(zones) = zones::decide(&machine, &operations) {
                tally.by_zones += 1;
                assert_eq!(matches!(zones, Zones::Order(_)), expected, "zones\n{}", case());
            }
            if let Some(chains) = chains::decide(&machine, &operations) {
                tally.by_chains += 1;
                assert_eq!(matches!(chains, Zones::Order(_)), expected, "chains\n{}", case());
            }
            let versions = versions::tell_apart(&machine, &operations);
            let left_once = versions.left_once();
            match zones::decide(&left_once.machine, &left_once.operations)
                .or_else(|| chains::decide(&left_once.machine, &left_once.operations))
            {
                Some(Zones::Clash(_)) => assert!(!expected, "versions left once clash\n{}", case()),
                Some(Zones::Order(_)) if left_once.is_everything => {
                    tally.by_versions += 1;
                    assert!(expected, "versions left once have an order\n{}", case());
                }
                _ => {}
            }
            assert!(!(expected && has_no_order(left_once)), "versions left once have no order\n{}", case());
            let versions = versions.with_one_unread();
            for (mut machine, operations) in [(machine, operations), (versions.machine, versions.operations)]
            {
                let instance = Instance::new(&machine, &operations);
                for (&reductions, strategy) in
                    chosen.iter().flat_map(|set| strategies.map(|strategy| (set, strategy)))
                {
                    tally.searches += 1;
                    let found = searched(history, options, &mut machine, &instance, strategy, reductions);
                    assert_eq!(found, expected, "{strategy:?} {reductions:?}\n{}", case());
                }
            }
        }
        Compiled::Object(_) => {}
        Compiled::Text(mut machine) => {
            if let Some(register) = texts::as_register(&machine, &operations) {
                tally.by_texts += 1;
                assert_eq!(is_a_legal_register(register), expected, "texts\n{}", case());
            }
            let instance = Instance::new(&machine, &operations);
            for (&reductions, strategy) in
                chosen.iter().flat_map(|set| strategies.map(|strategy| (set, strategy)))
            {
                tally.searches += 1;
                let found = searched(history, options, &mut machine, &instance, strategy, reductions);
                assert_eq!(found, expected, "{strategy:?} {reductions:?}\n{}", case());
            }
        }
    }
    let object = options.object();
    let mut machine = GenericMachine::new(&object);
    let operations = crate::roads::timed(&mut machine, &events(history));
    let instance = Instance::new(&machine, &operations);
    for strategy in strategies {
        tally.searches += 1;
        let found = match search(&instance, &mut machine, strategy, chosen[0], &mut Budget::default()).0 {
            Found::Order(_) => true,
            Found::NoOrder { .. } => false,
            Found::Spent { .. } => panic!("no limit was set"),
        };
        assert_eq!(found, expected, "generic {strategy:?}\n{}", case());
    }
}

/// Whether the register that an object was read as has an order, by clusters and by search.
fn is_a_legal_register(register: Result<AsRegister, Vec<usize>>) -> bool {
    let Ok(register) = register else { return false };
    let AsRegister { machine, operations, .. } = &register;
    let by_chains = chains::decide(machine, operations).map(|chains| matches!(chains, Zones::Order(_)));
    let AsRegister { mut machine, operations, .. } = register;
    let instance = Instance::new(&machine, &operations);
    let budget = &mut Budget::default();
    let (found, _) = search(&instance, &mut machine, Strategy::DepthFirst, Reductions::ALL, budget);
    let found = matches!(found, Found::Order(_));
    assert!(by_chains.is_none_or(|by_chains| by_chains == found), "chains {by_chains:?}, search {found}");
    found
}

fn events(history: &History) -> Vec<Event<Object>> {
    history
        .records
        .iter()
        .filter(|record| record.outcome != Outcome::Failed)
        .map(|record| Event {
            operation: record.operation.clone(),
            reply: match &record.outcome {
                Outcome::Ok(reply) => Some(reply.clone()),
                _ => None,
            },
            call: record.call.0,
            returned: record.end.map_or(record.call.0, |end| end.0),
        })
        .collect()
}

/// A small history: scrambled, or what an atomic object showed, perhaps with one answer changed.
fn small_history(model: Model, dice: &mut Dice) -> History {
    if dice.permille(500) {
        return testing::scramble(model, dice);
    }
    let shape = Shape {
        model,
        operations: 1 + dice.index(8),
        concurrency: 1 + dice.index(4),
        values: dice.below(4),
        keys: 1,
        unknown_permille: dice.one_of(&[0, 200, 500]),
        seed: dice.bits(),
    };
    let mut history = testing::linearizable(&shape);
    if dice.permille(500) {
        testing::plant_violation(&mut history, dice.bits());
    }
    history
}

fn initial(model: Model, dice: &mut Dice) -> Value {
    match (model, dice.below(3)) {
        (Model::KeyValue, 0) => Value::Null,
        (Model::KeyValue, 1) => "".into(),
        (Model::KeyValue, _) => "a".into(),
        (_, 0 | 1) => Value::Null,
        (_, _) => 0.into(),
    }
}

/// How many histories of each model are held against brute force: 15,000, or what `ANACHRON_HISTORIES` says. A
/// million over all models takes `ANACHRON_HISTORIES=72000`.
#[allow(clippy::disallowed_methods)] // a test may be asked to do more
fn histories_per_model() -> u64 {
    let asked = std::env::var("ANACHRON_HISTORIES").ok();
    asked.map_or(15_000, |number| number.parse().expect("ANACHRON_HISTORIES is a number"))
}

#[test]
fn histories_of_every_model_agree_with_brute_force() {
    let mut dice = Dice::new(2026);
    let mut total = Tally::default();
    let histories = histories_per_model();
    for model in Model::ALL {
        let mut tally = Tally::default();
        for index in 0..histories {
            let history = small_history(model, &mut dice);
            let options = CheckOptions::new(model).initial(initial(model, &mut dice));
            let expected = oracle(&history, &options);
            compare(&history, &options, expected, index % 10 == 0, &mut tally);
        }
        println!("{model}: {tally:?}");
        let few = histories / 10;
        assert!(tally.linearizable > few && tally.cores > few, "both answers are common: {tally:?}");
        total.histories += tally.histories;
        total.searches += tally.searches;
    }
    println!("{} histories agree with brute force over {} searches", total.histories, total.searches);
}

/// A small history of compare-and-sets whose new values are all different, bent in a few places.
fn chained_history(dice: &mut Dice) -> History {
    let shape = Shape {
        model: Model::CasRegister,
        operations: 2 + dice.index(7),
        concurrency: 1 + dice.index(4),
        values: 0,
        keys: 1,
        unknown_permille: dice.one_of(&[0, 200]),
        seed: dice.bits(),
    };
    let mut history = testing::linearizable(&shape);
    for _ in 0..dice.below(8) {
        let other = dice.index(history.records.len());
        let other = history.records[other].clone();
        let victim = dice.index(history.records.len());
        let victim = &mut history.records[victim];
        match (dice.below(5), &victim.outcome, victim.end) {
            (0, _, _) => (victim.outcome, victim.end) = (Outcome::Unknown, None),
            (1, Outcome::Ok(Reply::Answer(answer)), _) => {
                victim.outcome = Outcome::Ok(Reply::Answer(!answer));
            }
            (2, Outcome::Ok(Reply::Value(_)), _) => {
                if let Operation::Write(new) | Operation::CompareAndSet { new, .. } = other.operation {
                    victim.outcome = Outcome::Ok(Reply::Value(new));
                }
            }
            (3, _, Some(end)) if other.call <= end => victim.call = other.call,
            (4, _, Some(_)) => victim.end = other.end.filter(|&end| end >= victim.call).or(victim.end),
            _ => {}
        }
    }
    history
}

#[test]
fn chains_agree_with_brute_force() {
    let mut dice = Dice::new(11);
    let mut tally = Tally::default();
    for index in 0..40_000 {
        let history = chained_history(&mut dice);
        let options = CheckOptions::new(Model::CasRegister);
        compare(&history, &options, oracle(&history, &options), index % 20 == 0, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.by_chains > 30_000 && tally.cores > 3_000 && tally.linearizable > 5_000, "{tally:?}");
}

/// A small history of values that are mostly different: a few of those left are made the same.
fn repeating_history(model: Model, dice: &mut Dice) -> History {
    let shape = Shape {
        model,
        operations: 3 + dice.index(7),
        concurrency: 1 + dice.index(4),
        values: 0,
        keys: 1,
        unknown_permille: dice.one_of(&[0, 0, 200]),
        seed: dice.bits(),
    };
    let mut history = testing::linearizable(&shape);
    for _ in 0..=dice.below(3) {
        let mut picked = || history.records[dice.index(history.records.len())].operation.clone();
        let new = |operation: Operation| match operation {
            Operation::Write(new) | Operation::CompareAndSet { new, .. } => Some(new),
            _ => None,
        };
        let (Some(kept), Some(replaced)) = (new(picked()), new(picked())) else { continue };
        let rename = |value: &mut Value| {
            if *value == replaced {
                *value = kept.clone();
            }
        };
        for record in &mut history.records {
            match &mut record.operation {
                Operation::Write(value) => rename(value),
                Operation::CompareAndSet { expected, new } => {
                    rename(expected);
                    rename(new);
                }
                _ => {}
            }
            if let Outcome::Ok(Reply::Value(value)) = &mut record.outcome {
                rename(value);
            }
        }
    }
    match dice.below(4) {
        0 => _ = testing::plant_violation(&mut history, dice.bits()),
        1 => _ = testing::lose_a_change(&mut history, dice.bits()),
        2 => _ = testing::do_a_change_twice(&mut history, dice.bits()),
        _ => {}
    }
    history
}

#[test]
fn repeated_values_agree_with_brute_force() {
    let mut dice = Dice::new(13);
    for model in [Model::Register, Model::CasRegister] {
        let mut tally = Tally::default();
        for index in 0..20_000 {
            let history = repeating_history(model, &mut dice);
            let options = CheckOptions::new(model);
            compare(&history, &options, oracle(&history, &options), index % 20 == 0, &mut tally);
        }
        println!("{model}: {tally:?}");
        assert!(tally.by_versions > 5_000 && tally.cores > 1_000 && tally.linearizable > 5_000, "{tally:?}");
    }
}

/// A small history of appended texts that are mostly different, bent in a few places.
fn spelled_history(model: Model, dice: &mut Dice) -> History {
    let shape = Shape {
        model,
        operations: 2 + dice.index(8),
        concurrency: 1 + dice.index(4),
        values: dice.one_of(&[0, 0, 0, 6]),
        keys: 1,
        unknown_permille: dice.one_of(&[0, 200]),
        seed: dice.bits(),
    };
    let mut history = testing::linearizable(&shape);
    if dice.permille(500) {
        testing::plant_violation(&mut history, dice.bits());
    }
    for _ in 0..dice.below(6) {
        let other = dice.index(history.records.len());
        let other = history.records[other].clone();
        let victim = dice.index(history.records.len());
        let victim = &mut history.records[victim];
        match (dice.below(6), &victim.operation, victim.end) {
            (0, _, _) => (victim.outcome, victim.end) = (Outcome::Unknown, None),
            (1, Operation::Read, Some(_)) => {
                if let Outcome::Ok(Reply::Value(seen)) = other.outcome {
                    victim.outcome = Outcome::Ok(Reply::Value(seen));
                }
            }
            (2, Operation::Append(_), _) if model == Model::KeyValue => victim.operation = Operation::Delete,
            (3, _, Some(end)) if other.call <= end => victim.call = other.call,
            (4, _, Some(_)) => victim.end = other.end.filter(|&end| end >= victim.call).or(victim.end),
            (5, Operation::Append(_), _) if model == Model::KeyValue => {
                if let (Outcome::Ok(Reply::Value(expected)), Operation::Append(new)) =
                    (other.outcome, victim.operation.clone())
                {
                    victim.operation = Operation::CompareAndSet { expected, new };
                    if victim.end.is_some() {
                        victim.outcome = Outcome::Ok(Reply::Answer(dice.permille(700)));
                    }
                }
            }
            _ => {}
        }
    }
    history
}

#[test]
fn texts_agree_with_brute_force() {
    let mut dice = Dice::new(12);
    for model in [Model::KeyValue, Model::List] {
        let mut tally = Tally::default();
        for index in 0..20_000 {
            let history = spelled_history(model, &mut dice);
            let options = CheckOptions::new(model);
            let options = match (model, index % 3) {
                (Model::KeyValue, 0) => options.initial("".into()),
                (Model::KeyValue, 1) => options.initial("a".into()),
                _ => options,
            };
            compare(&history, &options, oracle(&history, &options), index % 20 == 0, &mut tally);
        }
        println!("{model}: {tally:?}");
        assert!(tally.by_texts > 15_000 && tally.cores > 300 && tally.linearizable > 5_000, "{tally:?}");
    }
}

#[test]
fn larger_histories_agree_with_a_plain_wing_gong_search() {
    let mut dice = Dice::new(7);
    let mut tally = Tally::default();
    for index in 0..3_500 {
        let model = Model::ALL[index % Model::ALL.len()];
        // Without hints, and without reductions, the search is no better than the slow one.
        let hinted = matches!(model, Model::Register | Model::CasRegister | Model::KeyValue | Model::Mutex);
        let shape = Shape {
            model,
            operations: 10 + dice.index(if hinted { 15 } else { 5 }),
            concurrency: 2 + dice.index(3),
            values: dice.below(5),
            keys: 1,
            unknown_permille: dice.one_of(&[0, 50, 150]),
            seed: dice.bits(),
        };
        let mut history = testing::linearizable(&shape);
        let options = CheckOptions::new(model).initial(testing::initial(model));
        if index % 3 == 0 {
            testing::plant_violation(&mut history, dice.bits());
        } else {
            assert!(plain_wing_gong(&history, &options), "linearizable by construction: {shape:?}");
        }
        let expected = plain_wing_gong(&history, &options);
        compare(&history, &options, expected, hinted, &mut tally);
    }
    println!("{tally:?}");
    assert!(tally.cores > 100, "violations are common: {tally:?}");
}

#[test]
fn a_generic_verdict_has_a_core_too() {
    let mut dice = Dice::new(3);
    let mut refuted = 0;
    for _ in 0..2_000 {
        let history = small_history(Model::CasRegister, &mut dice);
        let options = CheckOptions::new(Model::CasRegister);
        let verdict = check_specification(&options.object(), &events(&history), &mut Budget::default());
        assert_eq!(matches!(verdict, Verdict::Linearizable(_)), oracle(&history, &options));
        if let Verdict::NotLinearizable(core) = verdict {
            refuted += 1;
            assert!(!core.operations.is_empty() && core.minimal);
        }
    }
    assert!(refuted > 100);
}
