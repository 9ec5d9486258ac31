//! Every peer, through our conversion, agrees with our judge on small random histories.
//!
//! Why it exists: a conversion that loses an operation or bends a time would make a peer look wrong or quick. Here
//! unknown and failed outcomes, equal times and clients that go on come up all the time.

use std::collections::BTreeMap;
use std::time::Duration;

use anachron_checker::Model;
use anachron_checker::testing::{Dice, Shape, linearizable, lose_a_change, plant_violation, scramble, table};
use anachron_history::History;
use anachron_peers::checkers::{Answer, Checker, Limits, prepare};

const MODELS: &[Model] = &[Model::Register, Model::CasRegister, Model::KeyValue, Model::Mutex, Model::Queue];
const LIMITS: Limits = Limits { time: Duration::from_secs(10), memory: 1 << 30 };
const HISTORIES: u64 = 400;

/// Everybody's answer; peers that can't express the history have none.
fn answers(model: Model, history: &History) -> BTreeMap<Checker, Answer> {
    let answer = |checker| {
        let prepared = prepare(checker, model, history.clone(), LIMITS)?;
        Some((checker, prepared().1))
    };
    Checker::ALL.into_iter().filter_map(answer).collect()
}

/// Asks all about one history, and counts our answer if everybody had one.
fn hold(model: Model, history: &History, seed: u64, counts: &mut BTreeMap<&'static str, u64>) {
    let answers = answers(model, history);
    let ours = answers[&Checker::Anachron];
    for (checker, theirs) in &answers {
        assert_eq!(ours, *theirs, "{model}, seed {seed}: {checker} disagrees\n{}", table(history));
    }
    assert_ne!(ours, Answer::Undecided, "{model}, seed {seed}");
    if answers.len() == Checker::ALL.len() {
        *counts.entry(ours.name()).or_default() += 1;
    }
}

#[test]
fn peers_agree_on_histories_without_sense() {
    for &model in MODELS {
        let mut seen = BTreeMap::new();
        for seed in 0..HISTORIES {
            let history = scramble(model, &mut Dice::new(seed));
            hold(model, &history, seed, &mut seen);
        }
        let total: u64 = seen.values().sum();
        assert!(total > HISTORIES / 2, "{model}: most are expressed by all: {seen:?}");
        assert!(
            seen.len() == 2 && seen.values().all(|&count| count > 20),
            "{model}: both verdicts: {seen:?}"
        );
    }
}

#[test]
fn peers_agree_on_what_an_object_showed_and_on_what_was_planted() {
    for &model in MODELS {
        let mut seen = BTreeMap::new();
        for seed in 0..HISTORIES {
            let mut dice = Dice::new(seed);
            let mut history = linearizable(&Shape {
                model,
                operations: 2 + dice.index(14),
                concurrency: 2 + dice.index(3),
                values: dice.one_of(&[0, 2, 5]),
                keys: dice.one_of(&[1, 1, 3]),
                unknown_permille: dice.one_of(&[0, 50, 200]),
                seed,
            });
            match dice.below(3) {
                0 => {}
                1 => {
                    plant_violation(&mut history, seed);
                }
                _ => {
                    lose_a_change(&mut history, seed);
                }
            }
            hold(model, &history, seed, &mut seen);
        }
        assert_eq!(seen.values().sum::<u64>(), HISTORIES, "{model}: all are expressed by all");
        assert!(
            seen.values().all(|&count| count > 10) && seen.len() == 2,
            "{model}: both verdicts: {seen:?}"
        );
    }
}
