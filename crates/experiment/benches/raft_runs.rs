//! How many whole experiments a second: Raft with 5 nodes, 10 simulated seconds, 200 operations, judged.
//!
//! `cargo bench -p anachron-experiment` prints runs per second on one core, with the parts apart.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anachron_experiment::Experiment;
use anachron_experiment::judge::Limits;
use anachron_scenario::Scenario;

const QUIET: &str = r#"{
  "id": "raft-bench", "title": "Raft at work", "story": "-", "notice": "-", "source": "-",
  "model": "register", "duration": "10s", "afterwards": {"heal": false},
  "cluster": {"nodes": 5, "network": {"latency": {"uniform": {"low": "1ms", "high": "10ms"}}}},
  "clients": [{"name": "c", "count": 5, "node": {"leader": ["n1", "n2", "n3", "n4", "n5"]}, "timeout": "500ms",
    "retry": {"attempts": 20, "backoff": "50ms", "after_timeout": "same-request"},
    "workload": {"operations": 40, "mix": {"read": 1, "write": 1}, "think_time": {"uniform": {"low": "100ms", "high": "300ms"}}}}],
  "variants": [{"name": "raft", "title": "-", "strategy": {"name": "raft"}, "expect": {"verdict": "linearizable"}}]
}"#;

const ROUGH: &str = r#"
  "fault_plan": {"from": "500ms", "until": "9s", "max_down": 2, "kinds": {
    "isolate": {"every": "2s", "lasting": "500ms"},
    "crash": {"every": "3s", "lasting": "500ms"},
    "lossy": {"every": "3s", "lasting": "1s", "drop": "1/20"}}},
  "variants":"#;

#[allow(clippy::cast_precision_loss)] // figures for people
fn main() {
    let rough = QUIET.replace("\"variants\":", ROUGH);
    println!(
        "world   runs   runs/s   runs/s, judging left out   messages a run   operations a run   violations"
    );
    for (name, text) in [("quiet", QUIET), ("rough", rough.as_str())] {
        let scenario = Scenario::parse(text).unwrap_or_else(|errors| panic!("{errors}"));
        let experiment = Experiment::new(&scenario, &scenario.variants[0]).expect("the strategy is known");
        let limits = Limits { threads: NonZeroUsize::MIN, ..Limits::default() };
        let never = AtomicBool::new(false);
        let runs = 1_000_u64;
        let (mut messages, mut operations, mut violations) = (0, 0, 0);
        let start = Instant::now();
        for seed in 0..runs {
            let trial = experiment.trial(seed, limits, &never);
            messages += trial.run.statistics.sent;
            operations += trial.run.history.records.len();
            violations += usize::from(trial.judgement.violation().is_some());
        }
        let judged = start.elapsed().as_secs_f64();
        let start = Instant::now();
        for seed in 0..runs {
            std::hint::black_box(experiment.strategy.run(&experiment.world(seed)));
        }
        let alone = start.elapsed().as_secs_f64();
        println!(
            "{name:<6}  {runs:>4}  {:>6.0}  {:>25.0}  {:>15}  {:>17}  {violations:>10}",
            runs as f64 / judged,
            runs as f64 / alone,
            messages / runs,
            operations as u64 / runs,
        );
    }
}
