//! Sweeps: the same summary on any number of threads, in the order of seeds, and honest when cut short.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};

use anachron_checker::Decision;
use anachron_experiment::Experiment;
use anachron_experiment::sweep::{Outcome, SameRun, Summary, sweep};
use anachron_scenario::Scenario;

use crate::alone;

/// Raft that answers reads from the leader's memory, under faults drawn from the seed.
const ROUGH: &str = r#"{
  "id": "rough", "title": "-", "story": "-", "notice": "-", "source": "-", "model": "register", "duration": "2s",
  "cluster": {"nodes": 3, "network": {"latency": {"uniform": {"low": "1ms", "high": "10ms"}}}},
  "clients": [{"name": "c", "count": 5, "node": {"leader": "nodes"}, "timeout": "100ms",
    "retry": {"attempts": 10, "backoff": "20ms", "after_timeout": "same-request"},
    "workload": {"operations": 60, "mix": {"read": 6, "write": 1}, "think_time": "10ms"}}],
  "fault_plan": {"from": "100ms", "until": "1900ms", "max_down": 1, "kinds": {
    "isolate": {"every": "500ms", "lasting": "1s"}}},
  "variants": [
    {"name": "weak", "title": "-", "strategy": {"name": "raft", "options": {"reads": "leader-memory"}},
     "expect": {"verdict": "not-linearizable"}},
    {"name": "sound", "title": "-", "strategy": {"name": "raft"}, "expect": {"verdict": "linearizable"}}]
}"#;

fn experiment(variant: &str) -> Experiment {
    let scenario = Scenario::parse(ROUGH).unwrap_or_else(|errors| panic!("{errors}"));
    Experiment::new(&scenario, scenario.variant(variant).expect("a variant")).expect("a known strategy")
}

fn swept(experiment: &Experiment, seeds: std::ops::Range<u64>, threads: usize) -> (Summary, Vec<Outcome>) {
    let mut outcomes = Vec::new();
    let never = AtomicBool::new(false);
    let threads = NonZeroUsize::new(threads).expect("some threads");
    let summary =
        sweep(experiment, seeds, threads, alone(), &never, &mut |outcome| outcomes.push(outcome.clone()));
    (summary, outcomes)
}

#[test]
fn threads_change_nothing() {
    let experiment = experiment("weak");
    let (one, in_order) = swept(&experiment, 0..70, 1);
    for threads in [2, 3, 8] {
        assert_eq!(swept(&experiment, 0..70, threads), (one.clone(), in_order.clone()), "{threads} threads");
    }
    assert!(in_order.iter().map(|outcome| outcome.seed).eq(0..70));
}

#[test]
fn the_weakening_is_found_and_its_first_seed_replays() {
    let experiment = experiment("weak");
    let (summary, outcomes) = swept(&experiment, 0..100, 2);
    let first =
        summary.first_violation.expect("reads from a leader's memory go wrong within a hundred seeds");
    assert_eq!(
        summary.violations,
        outcomes.iter().filter(|o| o.decision == Decision::NotLinearizable).count() as u64
    );
    assert_eq!(summary.kinds.values().map(|(times, _)| times).sum::<u64>(), summary.violations);
    let again = experiment.trial(first, alone(), &AtomicBool::new(false));
    assert_eq!(again.decision(), Decision::NotLinearizable);
    let then = outcomes.iter().find(|outcome| outcome.seed == first).expect("every seed has an outcome");
    assert_eq!(again.run.fingerprint, then.fingerprint);
}

#[test]
fn read_index_is_sound_under_the_same_faults() {
    let (summary, _) = swept(&experiment("sound"), 0..100, 2);
    assert_eq!((summary.seeds, summary.violations, summary.undecided), (100, 0, 0));
    assert_eq!((summary.diverged, summary.stuck), (0, 0));
}

#[test]
fn a_sweep_of_one_run_says_that_it_is_one() {
    // A lesson with constant latencies leaves nothing to chance: a rate over its seeds would mean nothing.
    let text = include_str!("../../../../scenarios/back-in-time-two-followers.json");
    let scenario = Scenario::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
    let lesson = Experiment::new(&scenario, &scenario.variants[0]).expect("a known strategy");
    assert!(matches!(swept(&lesson, 0..20, 2).0.same_run, SameRun::All(_)));
    assert_eq!(swept(&experiment("sound"), 0..20, 2).0.same_run, SameRun::No);
}

#[test]
fn an_interrupted_sweep_says_so_and_counts_only_what_it_judged() {
    let experiment = experiment("sound");
    let stop = AtomicBool::new(false);
    let mut seen = 0_u64;
    let summary = sweep(&experiment, 0..1_000_000, NonZeroUsize::MIN, alone(), &stop, &mut |_| {
        seen += 1;
        stop.store(true, Ordering::Relaxed);
    });
    assert!(summary.interrupted);
    assert!(summary.seeds >= seen && summary.seeds < 1_000);
    assert_eq!(summary.undecided, 0);
}
