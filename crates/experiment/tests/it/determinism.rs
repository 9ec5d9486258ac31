//! Same version, scenario, variant and seed: same fingerprint.
//!
//! `golden/fingerprints.txt` pins the fingerprint of every variant of every story. The file is the same for debug and
//! release builds and for every machine; `cargo xtask test` reads it with a release build too. A change to it means
//! that old replay lines no longer hold: bless it (`BLESS=1`) only when that is meant, and say so in the changelog.

use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;
use std::thread;

use anachron_experiment::Experiment;
use anachron_trace::Fingerprint;

use crate::{alone, scenarios};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/fingerprints.txt");

/// How often one run is repeated.
const TIMES: usize = 1_000;

#[test]
fn every_story_has_the_fingerprint_that_it_always_had() {
    let mut found = String::new();
    for scenario in scenarios() {
        for variant in &scenario.variants {
            let experiment = Experiment::new(&scenario, variant).expect("a story's strategies are known");
            let print = experiment.strategy.run(&experiment.world(variant.seed)).fingerprint;
            writeln!(found, "{} {} {} {print}", scenario.id, variant.name, variant.seed).expect("a string");
        }
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(std::path::Path::new(GOLDEN).parent().expect("a folder")).expect("a folder");
        std::fs::write(GOLDEN, &found).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert_eq!(found, golden, "fingerprints have changed; see the head of this file");
}

#[test]
fn a_thousand_runs_are_one_run() {
    // Observed or not, alone or beside others on other threads.
    for scenario in scenarios() {
        let variant = scenario.variants.last().expect("a story has variants");
        let experiment = Experiment::new(&scenario, variant).expect("a story's strategies are known");
        let world = experiment.world(7);
        let (observed, events) = experiment.strategy.run_observed(&world);
        let runs = |times: usize| -> Vec<Fingerprint> {
            (0..times).map(|_| experiment.strategy.run(&world).fingerprint).collect()
        };
        let mut all = runs(TIMES / 2);
        let beside: Vec<Vec<Fingerprint>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| runs(TIMES / 8))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no run panics")).collect()
        });
        all.extend(beside.into_iter().flatten());
        assert_eq!(all.len(), TIMES);
        assert!(all.iter().all(|&print| print == observed.fingerprint), "{}", scenario.id);
        assert_eq!(experiment.strategy.run_observed(&world).1, events, "{}", scenario.id);
    }
}

#[test]
fn the_seed_matters_wherever_something_is_left_to_chance() {
    let text = include_str!("../../../../scenarios/lost-acked-write-on-failover.json")
        .replace("\"latency\": \"3ms\"", "\"latency\": {\"uniform\": {\"low\": \"2ms\", \"high\": \"4ms\"}}");
    let scenario = anachron_scenario::Scenario::parse(&text).unwrap_or_else(|errors| panic!("{errors}"));
    let experiment = Experiment::new(&scenario, &scenario.variants[0]).expect("a known strategy");
    let never = AtomicBool::new(false);
    let print = |seed| experiment.trial(seed, alone(), &never).run.fingerprint;
    assert_ne!(print(1), print(2));
}
