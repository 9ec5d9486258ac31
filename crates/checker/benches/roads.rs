//! How long each road takes, family by family: `cargo bench -p anachron-checker [-- FAMILY]`.
//!
//! Each row is one generated history (see `anachron_checker::testing`), checked once, without parsing; `x` is the time
//! over that of the row with a tenth of the operations, so n log n shows as a little over 10.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // a bench is about the wall clock

use std::time::{Duration, Instant};

use anachron_checker::testing::{Shape, initial, linearizable, lose_a_change, plant_violation};
use anachron_checker::{Budget, CheckOptions, Model, Verdict, partition, verify};

/// A check may take this long, then it counts as given up.
const PATIENCE: Duration = Duration::from_mins(1);

/// What is wrong with a history, if anything.
#[derive(Clone, Copy)]
enum Planted {
    Nothing,
    StaleAnswer,
    LostChange,
}

struct Row {
    family: &'static str,
    model: Model,
    values: u64,
    keys: u64,
    unknown_permille: u64,
    planted: Planted,
    sizes: &'static [usize],
    concurrencies: &'static [usize],
}

const ROWS: &[Row] = &[
    Row {
        family: "register-unique",
        model: Model::Register,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000, 100_000, 1_000_000],
        concurrencies: &[5, 10, 20, 50],
    },
    Row {
        family: "register-unique-pending",
        model: Model::Register,
        values: 0,
        keys: 1,
        unknown_permille: 50,
        planted: Planted::Nothing,
        sizes: &[100_000, 1_000_000],
        concurrencies: &[50],
    },
    Row {
        family: "register-unique-planted",
        model: Model::Register,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::StaleAnswer,
        sizes: &[100_000, 1_000_000],
        concurrencies: &[50],
    },
    Row {
        family: "cas-5",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 10, 20],
    },
    Row {
        family: "cas-5-wide",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[50],
    },
    Row {
        family: "cas-5-pending-1",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 10,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[10, 20],
    },
    Row {
        family: "cas-5-pending-5",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 50,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[10, 20],
    },
    Row {
        family: "cas-5-planted",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::StaleAnswer,
        sizes: &[1_000, 10_000],
        concurrencies: &[10, 20],
    },
    Row {
        family: "cas-30-pending-5-planted",
        model: Model::CasRegister,
        values: 30,
        keys: 1,
        unknown_permille: 50,
        planted: Planted::StaleAnswer,
        sizes: &[100, 1_000],
        concurrencies: &[5, 10],
    },
    Row {
        family: "cas-5-lost",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::LostChange,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 10, 20],
    },
    Row {
        family: "cas-30-pending-5-lost",
        model: Model::CasRegister,
        values: 30,
        keys: 1,
        unknown_permille: 50,
        planted: Planted::LostChange,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 10],
    },
    Row {
        family: "key-value-lost",
        model: Model::KeyValue,
        values: 0,
        keys: 100,
        unknown_permille: 10,
        planted: Planted::LostChange,
        sizes: &[10_000, 100_000],
        concurrencies: &[20],
    },
    Row {
        family: "mutex-lost",
        model: Model::Mutex,
        values: 1,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::LostChange,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 20],
    },
    Row {
        family: "key-value",
        model: Model::KeyValue,
        values: 0,
        keys: 1_000,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[10_000, 100_000, 1_000_000],
        concurrencies: &[50],
    },
    Row {
        family: "mutex",
        model: Model::Mutex,
        values: 1,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 20],
    },
    Row {
        family: "mutex-pending-5",
        model: Model::Mutex,
        values: 1,
        keys: 1,
        unknown_permille: 50,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 20],
    },
];

fn main() {
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    println!(
        "{:26} {:>11} {:>10} {:>5} {:>12} {:>6} {:>15} {:>12}  certificate",
        "family", "concurrency", "operations", "seed", "check", "x", "verdict", "configs"
    );
    for row in ROWS {
        if !wanted.is_empty() && !wanted.iter().any(|family| row.family == family) {
            continue;
        }
        for &concurrency in row.concurrencies {
            let seeds = 1..=if row.family.starts_with("cas") { 3 } else { 1 };
            for seed in seeds {
                let mut last = None;
                for &operations in row.sizes {
                    let took = measure(row, concurrency, operations, seed, last);
                    last = Some(took);
                    if took > PATIENCE {
                        break;
                    }
                }
            }
        }
    }
}

fn measure(row: &Row, concurrency: usize, operations: usize, seed: u64, last: Option<Duration>) -> Duration {
    let shape = Shape {
        model: row.model,
        operations,
        concurrency,
        values: row.values,
        keys: row.keys,
        unknown_permille: row.unknown_permille,
        seed,
    };
    let mut history = linearizable(&shape);
    match row.planted {
        Planted::Nothing => None,
        Planted::StaleAnswer => plant_violation(&mut history, seed),
        Planted::LostChange => lose_a_change(&mut history, seed),
    };
    let options = CheckOptions::new(row.model).initial(initial(row.model));
    let start = Instant::now();
    let mut stop = || start.elapsed() > PATIENCE;
    let mut budget = Budget::with_stop(&mut stop);
    let parts = partition(&history, &options).expect("operations that the model knows");
    let verdicts: Vec<_> = parts.iter().map(|part| part.check(&mut budget)).collect();
    let took = start.elapsed();
    let configurations: u64 = verdicts.iter().map(|verdict| verdict.configurations).sum();
    let judgement = anachron_checker::combine(verdicts);
    let flaw = judgement.parts.iter().find_map(|part| verify::verify(&history, &options, part).err());
    let certificate = match judgement.violation().map(|(part, _)| &part.verdict) {
        Some(Verdict::NotLinearizable(core)) => {
            format!("core of {}{}", core.operations.len(), if core.minimal { "" } else { ", not minimal" })
        }
        _ => "order".into(),
    };
    println!(
        "{:26} {:>11} {:>10} {:>5} {:>9.2} ms {:>6} {:>15} {:>12}  {}{}",
        row.family,
        concurrency,
        operations,
        seed,
        took.as_secs_f64() * 1e3,
        last.map_or(String::new(), |last| format!("{:.1}", took.as_secs_f64() / last.as_secs_f64())),
        judgement.decision().name(),
        configurations,
        certificate,
        flaw.map_or(" verified".into(), |flaw| format!(": {flaw}")),
    );
    took
}
