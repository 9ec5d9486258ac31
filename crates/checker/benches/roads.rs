//! How long each road takes, family by family:
//! `cargo bench -p anachron-checker --bench roads [-- [--seeds N] [--patience SECONDS] [--each] [FAMILY ...]]`.
//!
//! A row is one family at one size and concurrency, over several seeds: each seed is one generated history (see
//! `anachron_checker::testing`), checked once, without parsing. What counts is the worst seed, so it is named. `x` is
//! the worst time over that of the row with a tenth of the operations, so n log n shows as a little over 10. Every
//! certificate is re-checked, outside of the time. With `--each` every seed has a line of its own.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // a bench is about the wall clock

use std::time::{Duration, Instant};

use anachron_checker::testing::{
    Shape, do_a_change_twice, initial, linearizable, lose_a_change, plant_violation,
};
use anachron_checker::{Budget, CheckOptions, Decision, Model, Verdict, partition, verify};

/// What is wrong with a history, if anything.
#[derive(Clone, Copy)]
enum Planted {
    Nothing,
    StaleAnswer,
    LostChange,
    /// A change done twice, so that one value is there twice: among unique ones, the only one.
    ChangeTwice,
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
        sizes: &[1_000, 10_000, 100_000],
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
        family: "cas-5-wide-pending-1",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 10,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[50],
    },
    Row {
        family: "cas-5-pending-1-planted",
        model: Model::CasRegister,
        values: 5,
        keys: 1,
        unknown_permille: 10,
        planted: Planted::StaleAnswer,
        sizes: &[1_000, 10_000],
        concurrencies: &[10, 20],
    },
    Row {
        family: "cas-30-pending-5",
        model: Model::CasRegister,
        values: 30,
        keys: 1,
        unknown_permille: 50,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 10, 20],
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
        sizes: &[100, 1_000, 10_000],
        concurrencies: &[5, 10, 20],
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
        concurrencies: &[5, 10, 20],
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
        family: "register-twice",
        model: Model::Register,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::ChangeTwice,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "register-1000",
        model: Model::Register,
        values: 1_000,
        keys: 1,
        unknown_permille: 10,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "register-1000-stale",
        model: Model::Register,
        values: 1_000,
        keys: 1,
        unknown_permille: 10,
        planted: Planted::StaleAnswer,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "register-100",
        model: Model::Register,
        values: 100,
        keys: 1,
        unknown_permille: 10,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "register-100-stale",
        model: Model::Register,
        values: 100,
        keys: 1,
        unknown_permille: 10,
        planted: Planted::StaleAnswer,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "chains-twice",
        model: Model::CasRegister,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::ChangeTwice,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "chains-1000",
        model: Model::CasRegister,
        values: 1_000,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "queue-twice",
        model: Model::Queue,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::ChangeTwice,
        sizes: &[1_000, 10_000, 100_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "queue-1000",
        model: Model::Queue,
        values: 1_000,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "stack-twice",
        model: Model::Stack,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::ChangeTwice,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "priority-queue-twice",
        model: Model::PriorityQueue,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::ChangeTwice,
        sizes: &[1_000, 10_000],
        concurrencies: &[5, 20, 50],
    },
    Row {
        family: "key-value-1",
        model: Model::KeyValue,
        values: 0,
        keys: 1,
        unknown_permille: 0,
        planted: Planted::Nothing,
        sizes: &[10_000, 100_000, 1_000_000],
        concurrencies: &[5, 20, 50],
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

/// What the command line asks for.
struct Wanted {
    /// Seeds of each row; without it three for what takes luck, else one.
    seeds: Option<u64>,
    /// A check may take this long, then it counts as given up.
    patience: Duration,
    each: bool,
    families: Vec<String>,
}

fn wanted() -> Wanted {
    let mut wanted =
        Wanted { seeds: None, patience: Duration::from_mins(1), each: false, families: Vec::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|number| number.parse().ok()).expect("a number");
        match argument.as_str() {
            "--seeds" => wanted.seeds = Some(number()),
            "--patience" => wanted.patience = Duration::from_secs(number()),
            "--each" => wanted.each = true,
            // What cargo says to every bench.
            "--bench" => {}
            _ => wanted.families.push(argument),
        }
    }
    wanted
}

fn main() {
    let wanted = wanted();
    println!(
        "{:26} {:>4} {:>9} {:>5} {:>12} {:>12} {:>6} {:>5} {:>11} {:>11}  certificates",
        "family", "conc", "ops", "seeds", "median", "worst", "x", "seed", "configs", "worst"
    );
    for row in ROWS {
        if !wanted.families.is_empty() && !wanted.families.iter().any(|family| row.family == family) {
            continue;
        }
        let seeds = wanted.seeds.unwrap_or(if row.family.starts_with("cas") { 3 } else { 1 });
        for &concurrency in row.concurrencies {
            let mut last = None;
            for &operations in row.sizes {
                let mut runs: Vec<Run> = (1..=seeds)
                    .map(|seed| measure(row, concurrency, operations, seed, wanted.patience))
                    .inspect(|run| {
                        if wanted.each {
                            println!("{:26} {concurrency:>4} {operations:>9} {run:?}", row.family);
                        }
                    })
                    .collect();
                let worst = summary(row, concurrency, operations, &mut runs, last);
                last = Some(worst);
            }
        }
    }
}

/// One history checked.
#[derive(Debug)]
struct Run {
    seed: u64,
    took: Duration,
    configurations: u64,
    decision: Decision,
    /// Operations of the core, and whether it is minimal.
    core: Option<(usize, bool)>,
    flaw: Option<String>,
}

fn measure(row: &Row, concurrency: usize, operations: usize, seed: u64, patience: Duration) -> Run {
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
        Planted::ChangeTwice => do_a_change_twice(&mut history, seed),
    };
    let options = CheckOptions::new(row.model).initial(initial(row.model));
    let start = Instant::now();
    let mut stop = || start.elapsed() > patience;
    let mut budget = Budget::with_stop(&mut stop);
    let parts = partition(&history, &options).expect("operations that the model knows");
    let verdicts: Vec<_> = parts.iter().map(|part| part.check(&mut budget)).collect();
    let took = start.elapsed();
    let judgement = anachron_checker::combine(verdicts);
    let flaw = judgement
        .parts
        .iter()
        .filter(|part| part.verdict.decision() != Decision::Undecided)
        .find_map(|part| verify::verify(&history, &options, part).err());
    let core = match judgement.violation().map(|(part, _)| &part.verdict) {
        Some(Verdict::NotLinearizable(core)) => Some((core.operations.len(), core.minimal)),
        _ => None,
    };
    Run {
        seed,
        took,
        configurations: judgement.configurations(),
        decision: judgement.decision(),
        core,
        flaw: flaw.map(|flaw| flaw.to_string()),
    }
}

/// Prints one row; answers the worst time.
fn summary(
    row: &Row,
    concurrency: usize,
    operations: usize,
    runs: &mut [Run],
    last: Option<Duration>,
) -> Duration {
    let times = |duration: Duration| format!("{:.2} ms", duration.as_secs_f64() * 1e3);
    let mut configurations: Vec<u64> = runs.iter().map(|run| run.configurations).collect();
    configurations.sort_unstable();
    runs.sort_by_key(|run| run.took);
    let (median, worst) = (runs[runs.len() / 2].took, runs.last().expect("a seed"));
    let of = |decision| runs.iter().filter(|run| run.decision == decision).count();
    let mut notes = Vec::new();
    for decision in [Decision::Linearizable, Decision::NotLinearizable, Decision::Undecided] {
        if of(decision) > 0 {
            notes.push(format!("{} {decision}", of(decision)));
        }
    }
    let mut cores: Vec<(usize, bool)> = runs.iter().filter_map(|run| run.core).collect();
    cores.sort_unstable();
    if let Some(&(largest, _)) = cores.last() {
        notes.push(format!("cores of {}, at most {largest}", cores[cores.len() / 2].0));
        match cores.iter().filter(|(_, minimal)| !minimal).count() {
            0 => {}
            number => notes.push(format!("{number} not minimal")),
        }
    }
    match runs.iter().find_map(|run| run.flaw.as_ref().map(|flaw| (run.seed, flaw))) {
        Some((seed, flaw)) => notes.push(format!("seed {seed}: {flaw}")),
        None => notes.push("verified".into()),
    }
    println!(
        "{:26} {:>4} {:>9} {:>5} {:>12} {:>12} {:>6} {:>5} {:>11} {:>11}  {}",
        row.family,
        concurrency,
        operations,
        runs.len(),
        times(median),
        times(worst.took),
        last.map_or(String::new(), |last| format!("{:.1}", worst.took.as_secs_f64() / last.as_secs_f64())),
        worst.seed,
        configurations[configurations.len() / 2],
        configurations.last().expect("a seed"),
        notes.join(", "),
    );
    worst.took
}
