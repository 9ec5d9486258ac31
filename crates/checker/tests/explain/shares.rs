//! How often a violation has a short story: planted violations, and what is said of each.
//!
//! Why it exists: *no order* is always true and helps nobody. These tests hold its share down, model by model.
//! Every cell of the table is a model with fresh or with five values, a wrong answer, a lost change or a change done
//! twice, five or twenty clients. The table is printed with
//! `ANACHRON_FUZZ=6 cargo test -p anachron-checker --test explain shares -- --nocapture`: N times as many histories.
//! `ANACHRON_OPERATIONS=1000` makes each that long. `ANACHRON_SHOW=list` prints the models' accounts without a story in full.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anachron_checker::explain::{AnomalyKind, Fact, Subject, explain};
use anachron_checker::testing::{self, Shape};
use anachron_checker::{Budget, CheckOptions, Model, Start, Verdict, check_within};
use anachron_history::History;
use anachron_vocabulary::{Key, OperationId};

/// How many histories a cell.
const SEEDS: u64 = 2;

/// What a check may spend: a history that takes more is left out.
const CONFIGURATIONS: u64 = 20_000;

type Plant = fn(&mut History, u64) -> Option<OperationId>;

/// A wrong answer, a change that was lost, one that was done twice.
const PLANTS: [(&str, Plant); 3] = [
    ("stale", testing::plant_violation),
    ("lost", testing::lose_a_change),
    ("twice", testing::do_a_change_twice),
];

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What is said of the violation planted in one history, if it is one.
fn told(shape: &Shape, plant: Plant) -> Option<AnomalyKind> {
    let mut history = testing::linearizable(shape);
    plant(&mut history, shape.seed)?;
    let options = CheckOptions::new(shape.model).initial(testing::initial(shape.model));
    let mut budget = Budget::default().configurations(CONFIGURATIONS).memory(256 << 20);
    let judgement = check_within(&history, &options, &mut budget).expect("operations of the model");
    let Verdict::NotLinearizable(core) = &judgement.parts.first()?.verdict else { return None };
    let subject = Subject::new(&history, Key(0), shape.model, options.initial.clone());
    let explanation = explain(&subject, core).expect("a violation is explained");
    let of_the_core_alone =
        |fact: &Fact| matches!(fact, Fact::LongestOrder { .. } | Fact::Blocked { .. } | Fact::Tried { .. });
    assert!(
        core.start == Start::Initial
            || !explanation.sentences.iter().flat_map(|said| &said.facts).any(of_the_core_alone),
        "{explanation}"
    );
    // The account of a search is the search itself, which takes its time.
    let is_short = explanation.kind != AnomalyKind::NoOrder;
    assert!(!is_short || explanation.holds(&subject), "{explanation}");
    if !is_short && variable("ANACHRON_SHOW").is_some_and(|model| model == shape.model.name()) {
        println!("{shape:?}\ncore of {}", core.operations.len());
        for kept in core.operations.iter().take(30) {
            let record = history.record(kept.id);
            let end = record.returned().map_or("?".to_owned(), |end| end.0.to_string());
            println!(
                "{:3} {:?} {:?} @{}-{end} {:?}",
                kept.id.0, kept.kept, record.operation, record.call.0, record.outcome
            );
        }
        println!("{explanation}");
    }
    Some(explanation.kind)
}

/// Holds the share of violations without a story below so many percent, over all cells of the model.
fn few_are_without(model: Model, most_percent: usize) {
    let times: u64 =
        variable("ANACHRON_FUZZ").map_or(1, |times| times.parse().expect("ANACHRON_FUZZ is a number"));
    let operations = variable("ANACHRON_OPERATIONS")
        .map_or(100, |number| number.parse().expect("ANACHRON_OPERATIONS is a number"));
    let mut kinds: BTreeMap<AnomalyKind, usize> = BTreeMap::new();
    for (values, values_name) in [(0, "unique"), (5, "five")] {
        let mut row = format!("{:16} {values_name:6}", model.name());
        for (plant_name, plant) in PLANTS {
            for concurrency in [5, 20] {
                let (mut all, mut without) = (0, 0);
                for seed in 0..SEEDS * times {
                    let unknown_permille = [0, 20][usize::try_from(seed % 2).expect("small")];
                    let shape =
                        Shape { model, operations, concurrency, values, keys: 1, unknown_permille, seed };
                    if let Some(kind) = told(&shape, plant) {
                        *kinds.entry(kind).or_default() += 1;
                        all += 1;
                        without += usize::from(kind == AnomalyKind::NoOrder);
                    }
                }
                let _ = write!(row, "  {plant_name}/{concurrency} {without:3}/{all:<3}");
            }
        }
        println!("{row}");
    }
    let all: usize = kinds.values().sum();
    let without = kinds.get(&AnomalyKind::NoOrder).copied().unwrap_or(0);
    println!("{:16} {all:4} violations, {without:3} without a story: {kinds:?}", model.name());
    assert!(all >= 5, "{model}: {all} violations");
    assert!(without * 100 <= all * most_percent, "{model}: {without} of {all} have no story");
}

#[test]
fn registers() {
    few_are_without(Model::Register, 5);
}

#[test]
fn swapped_registers() {
    few_are_without(Model::CasRegister, 15);
}

#[test]
fn several_registers() {
    few_are_without(Model::MultiRegister, 15);
}

#[test]
fn leadership() {
    few_are_without(Model::LeaderRegister, 10);
}

#[test]
fn locks() {
    few_are_without(Model::Mutex, 5);
}

#[test]
fn locks_with_tokens() {
    few_are_without(Model::FencingLock, 15);
}

#[test]
fn counters() {
    few_are_without(Model::Counter, 20);
}

#[test]
fn texts() {
    few_are_without(Model::KeyValue, 25);
}

#[test]
fn lists() {
    few_are_without(Model::List, 10);
}

#[test]
fn queues() {
    few_are_without(Model::Queue, 5);
}

#[test]
fn stacks() {
    few_are_without(Model::Stack, 15);
}

#[test]
fn priority_queues() {
    few_are_without(Model::PriorityQueue, 10);
}

#[test]
fn sets() {
    few_are_without(Model::Set, 5);
}

#[test]
fn multisets() {
    few_are_without(Model::Multiset, 10);
}
