//! How often a violation has a short story: planted violations, and what is said of each.
//!
//! Why it exists: *no order* is always true and helps nobody. This test holds its share down, model by model.
//! `ANACHRON_FUZZ=N` takes N times as many histories.

use std::collections::BTreeMap;

use anachron_checker::explain::{AnomalyKind, Subject, explain};
use anachron_checker::testing::{self, Shape};
use anachron_checker::{CheckOptions, Model, Verdict, check};
use anachron_vocabulary::Key;

/// How many histories a model.
const SEEDS: u64 = 36;

/// What is said of the planted violations of a model: a wrong answer, or a change that was lost.
fn told(model: Model, seeds: u64) -> BTreeMap<AnomalyKind, usize> {
    let mut kinds = BTreeMap::new();
    for seed in 0..seeds {
        let shape = Shape {
            model,
            operations: 80,
            concurrency: 4,
            values: [0, 5, 30][usize::try_from(seed % 3).expect("small")],
            keys: 1,
            unknown_permille: [0, 20][usize::try_from(seed / 3 % 2).expect("small")],
            seed,
        };
        let mut history = testing::linearizable(&shape);
        let plant = if seed / 6 % 2 == 0 { testing::plant_violation } else { testing::lose_a_change };
        if plant(&mut history, seed).is_none() {
            continue;
        }
        let options = CheckOptions::new(model).initial(testing::initial(model));
        let judgement = check(&history, &options).expect("operations of the model");
        let Some(part) = judgement.parts.first() else { continue };
        let Verdict::NotLinearizable(core) = &part.verdict else { continue };
        let subject = Subject::new(&history, Key(0), model, options.initial.clone());
        let explanation = explain(&subject, &core.operations).expect("a violation is explained");
        // The account of a search is the search itself, which takes its time.
        let is_short = explanation.kind != AnomalyKind::NoOrder;
        assert!(!is_short || explanation.holds(&subject), "{explanation}");
        *kinds.entry(explanation.kind).or_default() += 1;
    }
    kinds
}

fn few_are_without(model: Model, most_percent: usize) {
    let times: u64 =
        std::env::var("ANACHRON_FUZZ").map_or(1, |times| times.parse().expect("ANACHRON_FUZZ is a number"));
    let kinds = told(model, SEEDS * times);
    let all: usize = kinds.values().sum();
    let without = kinds.get(&AnomalyKind::NoOrder).copied().unwrap_or(0);
    println!("{model:16} {all:4} violations, {without:3} without a story: {kinds:?}");
    assert!(all >= 10, "{model}: {all} violations");
    assert!(without * 100 <= all * most_percent, "{model}: {without} of {all} have no story");
}

#[test]
fn registers() {
    few_are_without(Model::Register, 10);
    few_are_without(Model::CasRegister, 10);
}

#[test]
fn several_registers() {
    few_are_without(Model::MultiRegister, 10);
}

#[test]
fn leadership() {
    few_are_without(Model::LeaderRegister, 10);
}

#[test]
fn locks() {
    few_are_without(Model::Mutex, 10);
    few_are_without(Model::FencingLock, 10);
}

#[test]
fn counters() {
    // Sums that no choice of increments adds up to have no short story yet.
    few_are_without(Model::Counter, 20);
}
