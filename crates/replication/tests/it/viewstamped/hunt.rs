//! Thousands of short random runs: the strategy breaks nothing and goes on once all is healed, and every weakening of it is
//! caught. No more than a minority is ever down or recovering at once: that is what it is made for.
//!
//! `VR_RUNS=1000000 cargo test -p anachron-replication --test it viewstamped::hunt` runs longer.

use anachron_replication::viewstamped::{Config, Viewstamped, Weakening, Weakenings};

use super::invariants::Watch;
use crate::kit::world::{Setting, Summary, World};

const STEPS: usize = 2_000;

/// Weakenings are looked for in so many runs.
const SEEDS_MAX: u64 = 20_000;

fn world(seed: u64, weakenings: Weakenings) -> World<Viewstamped, Watch> {
    let config = Config { weakenings, ..Config::default() };
    let setting =
        Setting { is_recovering: Viewstamped::is_away, spares_majority: true, ..Setting::new(config) };
    World::new(seed, setting)
}

fn run(seed: u64, weakenings: Weakenings) -> Result<(Summary, Watch), String> {
    world(seed, weakenings).run(STEPS)
}

fn asked<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number")))
}

fn asked_weakening() -> Option<Weakening> {
    let name = std::env::var("VR_WEAKENING").ok()?;
    Some(Weakening::from_name(&name).expect("VR_WEAKENING is the name of one"))
}

#[test]
fn viewstamped_replication_breaks_no_invariant_and_goes_on_after_healing() {
    let runs: u64 = asked("VR_RUNS").unwrap_or(3_000);
    let (mut operations, mut committed, mut views, mut recoveries, mut boots) = (0, 0, 0, 0, 0);
    for seed in 0..runs {
        let (summary, watch) = run(seed, Weakenings::NONE)
            .unwrap_or_else(|what| panic!("seed {seed}: {what} (kit/world.rs, {STEPS} steps)"));
        operations += summary.operations;
        boots += summary.boots;
        committed += watch.committed();
        views += watch.views();
        // The first time each node comes is no recovery.
        recoveries += watch.recoveries.saturating_sub(5);
    }
    println!(
        "{runs} runs: {views} views with a primary, {committed} operations committed, {operations} answered, {boots} boots, \
         {recoveries} recoveries"
    );
    // A world in which nothing happens would prove nothing.
    let runs = usize::try_from(runs).expect("a count");
    assert!(views > 2 * runs && committed > 6 * runs && operations > 5 * runs && recoveries > runs);
}

#[test]
fn every_weakening_is_caught() {
    let mut missed = Vec::new();
    let only = asked_weakening();
    for &weakening in Weakening::ALL.iter().filter(|weakening| only.is_none_or(|only| only == **weakening)) {
        let weakened = Weakenings::NONE.with(weakening);
        match (0..SEEDS_MAX).find_map(|seed| Some((seed, run(seed, weakened).err()?))) {
            Some((seed, what)) => println!("{:30} seed {seed:5}, {what}", weakening.name()),
            None => missed.push(weakening.name()),
        }
    }
    assert!(missed.is_empty(), "these show in none of {SEEDS_MAX} runs: {}", missed.join(", "));
}

/// `VR_SEED=17 VR_WEAKENING=smr-no-dedup cargo test … one_run -- --nocapture` tells one run; the weakening may be
/// left out.
#[test]
fn one_run_is_told() {
    let seed = asked("VR_SEED").unwrap_or(1);
    let weakening = asked_weakening();
    let result = world(seed, weakening.into_iter().collect()).telling().run(STEPS);
    println!("{}", result.as_ref().err().map_or("nothing is wrong", String::as_str));
    assert!(result.is_ok() || weakening.is_some(), "the strategy as it should be: seed {seed}");
}

/// The same seed is the same run: what a failure prints can be run again.
#[test]
fn a_seed_names_a_run() {
    let weakened = Weakenings::NONE.with(Weakening::NoDedup);
    for seed in 0..20 {
        assert_eq!(run(seed, weakened).err(), run(seed, weakened).err());
    }
}
