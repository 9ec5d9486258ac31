//! A fixed number of inputs for every target, made from its corpus.
//!
//! `ANACHRON_FUZZ=N` makes it N times as many. What fails is written to a file beside the test binary, whose name is
//! printed: moved to `fuzz/corpus/TARGET/`, it is a regression test.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use anachron_checker::testing::Dice;
use anachron_fuzz::mutate::mutate;
use anachron_fuzz::target;

use crate::corpus::seeds;

/// Above this an input of a few thousand bytes shows a reader that does too much.
const LIMIT: Duration = Duration::from_secs(5);

fn campaign(name: &str, inputs: u64) {
    let target = target(name).expect("a target");
    let seeds = seeds(&target);
    let times =
        env::var("ANACHRON_FUZZ").map_or(1, |times| times.parse().expect("ANACHRON_FUZZ is a number"));
    let (mut slowest, first) =
        (Duration::ZERO, env::var("ANACHRON_FUZZ_SEED").map_or(0, |seed| seed.parse().expect("a number")));
    for seed in first..first + inputs * times {
        let input = mutate(&seeds, &mut Dice::new(seed));
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        let took = start.elapsed();
        slowest = slowest.max(took);
        if result.is_err() || took > LIMIT {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{seed}"));
            fs::write(&file, &input).expect("room for a file");
            println!("{name}: input {seed} after {took:?}; it is kept as {}", file.display());
            result.unwrap_or_else(|panic| resume_unwind(panic));
            panic!("{name}: input {seed} took {took:?}");
        }
    }
    println!("{name}: {} inputs, {slowest:?} the slowest", inputs * times);
}

#[test]
fn json_lines() {
    campaign("json_lines", 4_000);
}

#[test]
fn jepsen_log() {
    campaign("jepsen_log", 4_000);
}

#[test]
fn edn() {
    campaign("edn", 4_000);
}

#[test]
fn any_format() {
    campaign("any_format", 2_000);
}

#[test]
fn stream() {
    campaign("stream", 4_000);
}

#[test]
fn scenario() {
    campaign("scenario", 400);
}

#[test]
fn certificate() {
    campaign("certificate", 4_000);
}

#[test]
fn judge() {
    campaign("judge", 4_000);
}

#[test]
fn levels() {
    campaign("levels", 1_000);
}

#[test]
fn online() {
    campaign("online", 4_000);
}
