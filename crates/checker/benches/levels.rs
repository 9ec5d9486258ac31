//! How long grading down the ladder takes: `cargo bench -p anachron-checker --bench levels`.
//!
//! Each row is one generated history (see `anachron_checker::testing`), graded once at every level; `check` is the time for
//! linearizability alone. The budget is 200,000 configurations a level, so the NP-hard ones may be undecided (`u`); all
//! others are polynomial and have to answer. Families: what an atomic register showed; the same with one answer
//! wrong; copies that hear of each other's writes late, which is causal and not linearizable.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // a bench is about the wall clock

use std::time::Instant;

use anachron_checker::levels::{Grades, Level, Measure, State, grade_judged};
use anachron_checker::testing::{Dice, Shape, linearizable, plant_violation};
use anachron_checker::{Budget, CheckOptions, Model, check};
use anachron_history::History;
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

fn atomic(operations: usize, concurrency: usize, keys: u64, unknown_permille: u64) -> History {
    let model = Model::Register;
    linearizable(&Shape { model, operations, concurrency, values: 0, keys, unknown_permille, seed: 11 })
}

/// Every client reads a copy of its own, which takes the others' writes in one order, some of them late.
fn lagging(operations: usize, concurrency: usize, keys: u64) -> History {
    let mut history = atomic(operations, concurrency, keys, 0);
    let mut dice = Dice::new(5);
    let mut order: Vec<usize> = (0..history.records.len()).collect();
    order.sort_by_key(|&index| history.records[index].call);
    let mut log: Vec<(usize, Value)> = Vec::new();
    let mut copies = vec![(0_usize, vec![Value::Null; history.keys.len()]); history.clients.len()];
    for index in order {
        let record = &mut history.records[index];
        let (applied, copy) = &mut copies[record.client.index()];
        let is_write = if let Operation::Write(value) = &record.operation {
            log.push((record.key.index(), value.clone()));
            true
        } else {
            false
        };
        // A client's own writes are there at once, and all before them.
        let behind = if is_write { 0 } else { dice.index(4) };
        while *applied + behind < log.len() {
            let (key, value) = &log[*applied];
            copy[*key] = value.clone();
            *applied += 1;
        }
        if !is_write {
            record.outcome = Outcome::Ok(Reply::Value(copy[record.key.index()].clone()));
        }
    }
    history
}

fn told(grades: &Grades) -> String {
    let letter = |level| match grades.state(level) {
        State::Holds => '+',
        State::Violated => '-',
        State::Undecided => 'u',
        State::NotDefined => '0',
    };
    let measure = |measure: &Measure| match measure {
        Measure::Least { value, .. } => value.to_string(),
        Measure::Never(_) => "none".to_owned(),
        Measure::Undecided { at_least, .. } => format!("{at_least} or more"),
        Measure::NotDefined(_) => "0".to_owned(),
    };
    let states: String = Level::ALL.into_iter().map(letter).collect();
    format!("{states} k {} delta {}", measure(&grades.k_atomicity), measure(&grades.delta))
}

fn main() {
    println!("{:<22} {:>9} {:>4} {:>10} {:>10}  grades", "family", "n", "c", "check ms", "levels ms");
    for operations in [1_000, 10_000, 100_000] {
        for concurrency in [5, 20] {
            let mut wrong = atomic(operations, concurrency, 1, 0);
            plant_violation(&mut wrong, 3);
            let families = [
                ("atomic", atomic(operations, concurrency, 1, 0)),
                ("atomic, 1 % pending", atomic(operations, concurrency, 1, 10)),
                ("atomic, 50 keys", atomic(operations, concurrency, 50, 0)),
                ("one wrong answer", wrong),
                ("lagging", lagging(operations, concurrency, 1)),
                ("lagging, 50 keys", lagging(operations, concurrency, 50)),
            ];
            for (name, history) in families {
                // A client that gives up comes back under a new name here, and time grows with the number of clients.
                if operations > 10_000 && history.clients.len() > 100 {
                    continue;
                }
                let options = CheckOptions::new(Model::Register);
                let start = Instant::now();
                let judgement = check(&history, &options).expect("reads and writes");
                let checked = start.elapsed();
                let start = Instant::now();
                let mut budget = Budget::default().configurations(200_000);
                let grades = grade_judged(&history, &options, judgement, &mut budget, &mut |_| {})
                    .expect("reads and writes");
                let took = start.elapsed();
                println!(
                    "{name:<22} {operations:>9} {concurrency:>4} {:>10.1} {:>10.1}  {}",
                    checked.as_secs_f64() * 1e3,
                    took.as_secs_f64() * 1e3,
                    told(&grades)
                );
            }
        }
    }
}
