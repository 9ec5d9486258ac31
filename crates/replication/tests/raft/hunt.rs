//! Thousands of short random runs: the strategy as published breaks nothing, and every weakening of it is caught.

use anachron_replication::raft::{Config, Weakening, Weakenings};

use crate::world::{Summary, World};

const STEPS: usize = 2_000;

/// Weakenings are looked for in so many runs; the rarest one shows about once in a few thousand.
const SEEDS_MAX: u64 = 60_000;

fn run(seed: u64, weakenings: Weakenings) -> Result<Summary, String> {
    World::new(seed, Config { weakenings, ..Config::default() }).run(STEPS)
}

#[test]
fn raft_as_published_breaks_no_invariant_in_6000_runs() {
    const RUNS: usize = 6_000;
    let mut sum = Summary::default();
    for seed in 0..RUNS as u64 {
        let summary = run(seed, Weakenings::NONE)
            .unwrap_or_else(|what| panic!("seed {seed}: {what} (world.rs, {STEPS} steps)"));
        sum.committed += summary.committed;
        sum.leaders += summary.leaders;
        sum.operations += summary.operations;
    }
    println!(
        "{RUNS} runs: {} terms with a leader, {} entries committed, {} operations answered",
        sum.leaders, sum.committed, sum.operations
    );
    // A world in which nothing happens would prove nothing.
    assert!(sum.leaders > 2 * RUNS && sum.committed > 4 * RUNS && sum.operations > 3 * RUNS);
}

#[test]
fn every_weakening_is_caught() {
    for weakening in Weakening::ALL {
        let weakened = Weakenings::NONE.with(weakening);
        let caught = (0..SEEDS_MAX).find_map(|seed| Some((seed, run(seed, weakened).err()?)));
        let (seed, what) =
            caught.unwrap_or_else(|| panic!("{} shows in none of {SEEDS_MAX} runs", weakening.name()));
        println!("{:36} seed {seed:5}, {what}", weakening.name());
    }
}

/// The same seed is the same run: what a failure prints can be run again.
#[test]
fn a_seed_names_a_run() {
    let weakened = Weakenings::NONE.with(Weakening::NoUptodateCheck);
    for seed in 0..20 {
        assert_eq!(run(seed, weakened).err(), run(seed, weakened).err());
    }
}
