//! Thousands of short random runs: the strategy as published breaks nothing, and every weakening of it is caught.
//!
//! `RAFT_RUNS=1000000 cargo test -p anachron-replication --test raft as_published` runs longer.

use anachron_replication::raft::{Weakening, Weakenings};

use crate::world::{Summary, World};

const STEPS: usize = 2_000;

/// Weakenings are looked for in so many runs; the rarest one shows about once in a few thousand.
const SEEDS_MAX: u64 = 60_000;

/// These two break progress, not safety: `stories.rs` shows them.
const LIVENESS: [Weakening; 2] = [Weakening::NoPreVoteNoCheckQuorum, Weakening::FollowerLeaseDeadlock];

fn run(seed: u64, weakenings: Weakenings) -> Result<Summary, String> {
    World::new(seed, weakenings).run(STEPS)
}

/// How many runs the environment asks for.
#[allow(clippy::disallowed_methods)] // how long a campaign lasts is not part of any run
fn runs() -> usize {
    std::env::var("RAFT_RUNS").map_or(6_000, |text| text.parse().expect("RAFT_RUNS is a number"))
}

#[test]
fn raft_as_published_breaks_no_invariant_in_6000_runs() {
    let runs = runs();
    let mut sum = Summary::default();
    for seed in 0..runs as u64 {
        let summary = run(seed, Weakenings::NONE)
            .unwrap_or_else(|what| panic!("seed {seed}: {what} (world.rs, {STEPS} steps)"));
        sum.committed += summary.committed;
        sum.leaders += summary.leaders;
        sum.operations += summary.operations;
        sum.snapshots += summary.snapshots;
        sum.configurations += summary.configurations;
    }
    println!(
        "{runs} runs: {} terms with a leader, {} entries committed, {} operations answered, {} snapshots, {} \
         configurations taken up",
        sum.leaders, sum.committed, sum.operations, sum.snapshots, sum.configurations
    );
    // A world in which nothing happens would prove nothing.
    assert!(sum.leaders > runs && sum.committed > 4 * runs && sum.operations > 3 * runs);
    assert!(sum.snapshots > runs && sum.configurations > runs);
}

#[test]
#[allow(clippy::disallowed_methods)] // which ones are looked for is not part of any run
fn every_weakening_is_caught() {
    let mut missed = Vec::new();
    let only =
        std::env::var("RAFT_WEAKENING").ok().map(|name| Weakening::from_name(&name).expect("a weakening"));
    let asked = |weakening: &Weakening| only.is_none_or(|only| only == *weakening);
    let of_safety = Weakening::ALL.iter().filter(|weakening| !LIVENESS.contains(weakening));
    for &weakening in of_safety.filter(|weakening| asked(weakening)) {
        let weakened = Weakenings::NONE.with(weakening);
        match (0..SEEDS_MAX).find_map(|seed| Some((seed, run(seed, weakened).err()?))) {
            Some((seed, what)) => println!("{:36} seed {seed:5}, {what}", weakening.name()),
            None => missed.push(weakening.name()),
        }
    }
    assert!(missed.is_empty(), "these show in none of {SEEDS_MAX} runs: {}", missed.join(", "));
}

/// `RAFT_SEED=17 RAFT_WEAKENING=smr-no-dedup cargo test … one_run -- --nocapture` tells one run; the weakening may be
/// left out.
#[test]
#[allow(clippy::disallowed_methods)] // whoever reads the output chooses the run
fn one_run_is_told() {
    let seed = std::env::var("RAFT_SEED").map_or(1, |text| text.parse().expect("RAFT_SEED is a number"));
    let weakening =
        std::env::var("RAFT_WEAKENING").ok().map(|name| Weakening::from_name(&name).expect("a weakening"));
    let result = World::new(seed, weakening.into_iter().collect()).telling().run(STEPS);
    println!("{}", result.as_ref().map_or_else(String::as_str, |_| "nothing is wrong"));
    assert!(result.is_ok() || weakening.is_some(), "the strategy as published: seed {seed}");
}

/// The same seed is the same run: what a failure prints can be run again.
#[test]
fn a_seed_names_a_run() {
    let weakened = Weakenings::NONE.with(Weakening::NoUptodateCheck);
    for seed in 0..20 {
        assert_eq!(run(seed, weakened).err(), run(seed, weakened).err());
    }
}
