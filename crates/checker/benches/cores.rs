//! How small the cores of planted violations are, and what it takes to find them:
//! `cargo bench -p anachron-checker --bench cores [-- [--sizes N,N] [--seeds N] [--keys N] [--concurrency N,N]
//! [--unknown PERMILLE,PERMILLE] [--values N,N] [--patience SECONDS] [--each] [MODEL ...]]`.
//!
//! A row is one model, with fresh values or with five that come again and again, at one concurrency, share of unknown
//! outcomes, and size, with one kind of violation planted at a random place. `found` is how many of the planted
//! histories are not linearizable, `open` how many nobody can tell within the patience. The core's operations are told
//! as median, 95th percentile and worst; `loose` counts those that are not known to be locally minimal and `unsure` those that
//! the verifier finds too big. Times are of the whole check, and, as `as it was`, of the same history before anything
//! was planted: what is more than that went into the violation and its core.

#![allow(clippy::disallowed_methods, clippy::disallowed_types)] // a bench is about the wall clock

use std::num::ParseIntError;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anachron_checker::testing::{
    Shape, do_a_change_twice, initial, linearizable, lose_a_change, plant_violation,
};
use anachron_checker::{Budget, CheckOptions, Model, Verdict, combine, partition, verify};
use anachron_history::History;
use anachron_vocabulary::OperationId;

type Plant = fn(&mut History, u64) -> Option<OperationId>;

/// The kinds of violation.
const PLANTS: [(&str, Plant); 3] =
    [("stale", plant_violation), ("lost", lose_a_change), ("twice", do_a_change_twice)];

/// What the command line asks for.
struct Wanted {
    sizes: Vec<usize>,
    seeds: u64,
    keys: u64,
    concurrency: Vec<usize>,
    /// Operations of unknown outcome in a thousand.
    unknown: Vec<u64>,
    /// How many different values, or 0 for fresh ones.
    values: Vec<u64>,
    patience: Duration,
    each: bool,
    models: Vec<Model>,
}

fn wanted() -> Wanted {
    let mut wanted = Wanted {
        sizes: vec![100, 1_000, 10_000, 100_000],
        seeds: 20,
        keys: 1,
        concurrency: vec![5, 20],
        unknown: vec![0, 10],
        values: vec![0, 5],
        patience: Duration::from_secs(20),
        each: false,
        models: Vec::new(),
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().expect("a value after the option");
        match argument.as_str() {
            "--sizes" => wanted.sizes = numbers(&next()),
            "--concurrency" => wanted.concurrency = numbers(&next()),
            "--unknown" => wanted.unknown = numbers(&next()),
            "--values" => wanted.values = numbers(&next()),
            "--seeds" => wanted.seeds = next().parse().expect("a number"),
            "--keys" => wanted.keys = next().parse().expect("a number"),
            "--patience" => wanted.patience = Duration::from_secs(next().parse().expect("a number")),
            "--each" => wanted.each = true,
            // What cargo says to every bench.
            "--bench" => {}
            name => wanted.models.push(Model::from_name(name).expect("a model")),
        }
    }
    if wanted.models.is_empty() {
        wanted.models.extend(Model::ALL);
    }
    wanted
}

fn numbers<N: FromStr<Err = ParseIntError>>(list: &str) -> Vec<N> {
    list.split(',').map(|number| number.parse().expect("a number")).collect()
}

fn main() {
    let wanted = wanted();
    println!(
        "{:15} {:>6} {:>4} {:>7} {:>7} {:6} {:>5} {:>4}   {:>4} {:>4} {:>5} {:>5} {:>6}   {:>9} {:>9} {:>9}",
        "model",
        "values",
        "conc",
        "unknown",
        "ops",
        "plant",
        "found",
        "open",
        "half",
        "95 %",
        "worst",
        "loose",
        "unsure",
        "median ms",
        "worst ms",
        "as it was"
    );
    for &model in &wanted.models {
        // The values of locks and counters are not written by anybody.
        let has_values = !matches!(model, Model::Mutex | Model::FencingLock | Model::Counter);
        for &values in if has_values { &wanted.values[..] } else { &[0] } {
            for &concurrency in &wanted.concurrency {
                for &unknown_permille in &wanted.unknown {
                    for &operations in &wanted.sizes {
                        let keys = wanted.keys;
                        let shape =
                            Shape { model, operations, concurrency, values, keys, unknown_permille, seed: 0 };
                        for (name, plant) in PLANTS {
                            row(&wanted, &shape, name, plant);
                        }
                    }
                }
            }
        }
    }
}

/// Measures and prints one row.
fn row(wanted: &Wanted, shape: &Shape, name: &str, plant: Plant) {
    let (mut cores, mut times, mut before) = (Vec::new(), Vec::new(), Vec::new());
    let (mut open, mut loose, mut unsure) = (0, 0, 0);
    let options = CheckOptions::new(shape.model).initial(initial(shape.model));
    for seed in 1..=wanted.seeds {
        let mut history = linearizable(&Shape { seed, ..shape.clone() });
        let check = |history: &History| {
            let start = Instant::now();
            let mut stop = || start.elapsed() > wanted.patience;
            let parts = partition(history, &options).expect("operations that the model knows");
            let mut judged =
                combine(parts.iter().map(|part| part.check(&mut Budget::with_stop(&mut stop))).collect())
                    .parts;
            // The worst of them: a violation, or else what nobody can tell.
            judged.sort_by_key(|part| match part.verdict {
                Verdict::NotLinearizable(_) => 0,
                Verdict::Undecided(_) => 1,
                Verdict::Linearizable(_) => 2,
            });
            (judged.into_iter().next().expect("a history has an object"), start.elapsed())
        };
        before.push(check(&history).1);
        if plant(&mut history, seed).is_none() {
            continue;
        }
        let (part, took) = check(&history);
        match &part.verdict {
            Verdict::Linearizable(_) => continue,
            Verdict::Undecided(_) => open += 1,
            Verdict::NotLinearizable(core) => {
                cores.push(core.operations.len());
                loose += usize::from(!core.minimal);
                match verify::verify(&history, &options, &part) {
                    Ok(()) => {}
                    Err(verify::Flaw::TooBig) => unsure += 1,
                    Err(flaw) => panic!("{flaw}: {shape:?} {name} seed {seed} {core:?}"),
                }
            }
        }
        times.push(took);
        if wanted.each {
            println!("  seed {seed}: {took:?} {:?}", cores.last());
        }
    }
    cores.sort_unstable();
    times.sort_unstable();
    before.sort_unstable();
    let at = |permille: usize| cores.get((cores.len() * permille / 1000).min(cores.len().saturating_sub(1)));
    let number = |number: Option<&usize>| number.map_or("-".into(), usize::to_string);
    let ms =
        |time: Option<&Duration>| time.map_or("-".into(), |time| format!("{:.2}", time.as_secs_f64() * 1e3));
    println!(
        "{:15} {:>6} {:>4} {:>7} {:>7} {:6} {:>5} {:>4}   {:>4} {:>4} {:>5} {:>5} {:>6}   {:>9} {:>9} {:>9}",
        shape.model.name(),
        if shape.values == 0 { "fresh".into() } else { shape.values.to_string() },
        shape.concurrency,
        shape.unknown_permille,
        shape.operations,
        name,
        cores.len(),
        open,
        number(at(500)),
        number(at(950)),
        number(cores.last()),
        loose,
        unsure,
        ms(times.get(times.len() / 2)),
        ms(times.last()),
        ms(before.last()),
    );
}
