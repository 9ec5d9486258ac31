//! The harshest world that a mode's promise must stand, as a story, and what becomes of it under many seeds.
//!
//! Why it exists: "correct" is a claim about every run that the fault model allows. A campaign draws thousands of them and
//! asks five questions of each: is the history what was promised? Was an invariant broken on the way ([`crate::watch`])? Do
//! replicas agree at rest as promised? Does an operation complete, asked at any node, once the faults are over, and so
//! do reads and writes that are first asked at each of them? And could the judge decide at all?
//!
//! The story of a mode is made from its fault model ([`Mode`]). It is a scenario like any other, named
//! `campaign-MODE`: `anachron run campaign-raft-lease --seed 7` replays one of its runs.
//!
//! Every run has five nodes and nine seconds. Clients work for three and a half of them while links are cut in every shape,
//! lose, double, delay and reorder messages; nodes pause, crash in the midst of writing or anywhere, with any tail of what
//! they had not synced, and once all at the same moment; clocks jump, drift, and stand still. What a mode's model rules
//! out is left out. Then all is healed, and clients ask again.
//!
//! Left out, because no strategy here claims to survive it: syncs that lie, disks that are lost.

mod tally;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_history::History;
use anachron_scenario::{Scenario, Variant};
use anachron_sim::Rest;
use anachron_trace::Fingerprint;
use anachron_vocabulary::{Key, Outcome as Known, Value};
use serde_json::{Value as Json, json};

use crate::judge::{Limits, judge};
use crate::strategy::mode::{AtRest, Clocks, Crashes, Object, Promise, Retries};
use crate::strategy::{Mode, StrategyEntry, modes};
use crate::{Experiment, ExperimentError};

pub use tally::{REPORT_HEAD, Tally, report};

/// What the names of these stories begin with.
const PREFIX: &str = "campaign-";

/// How many nodes its clusters have.
pub const NODES: u16 = 5;

/// The clients that ask once the faults are over are named like this, with a number.
const LATE: &str = "late";

/// The mode of this name.
pub fn find(mode: &str) -> Option<(&'static StrategyEntry, &'static Mode)> {
    modes().find(|(_, known)| known.name == mode)
}

/// What a mode's story is called.
pub fn story_id(mode: &Mode) -> String {
    format!("{PREFIX}{}", mode.name)
}

/// The story of this name as text, if it is the campaign of some mode.
pub fn story(id: &str) -> Option<String> {
    let (entry, mode) = find(id.strip_prefix(PREFIX)?)?;
    Some(text(entry, mode))
}

/// The options of a mode in a cluster of so many nodes.
pub(crate) fn options(mode: &Mode, nodes: u16) -> Json {
    let minority = nodes / 2;
    let text = mode
        .options
        .replace("$minority", &minority.to_string())
        .replace("$majority", &(minority + 1).to_string());
    serde_json::from_str(&text).expect("a mode's options are JSON")
}

fn text(entry: &StrategyEntry, mode: &Mode) -> String {
    let nodes: Vec<String> = (1..=NODES).map(|node| format!("n{node}")).collect();
    let retry = match mode.retries {
        Retries::SameRequest => json!({"attempts": 20, "backoff": "20ms", "after_timeout": "same-request"}),
        Retries::GiveUp => json!({"attempts": 20, "backoff": "20ms", "after_timeout": "give-up"}),
    };
    let choice = match mode.promise {
        // Clients that go from node to node are promised nothing in between.
        Promise::Linearizable => json!({"round-robin": nodes}),
        Promise::Less { .. } => json!({"sticky": nodes}),
    };
    let (model, mix, late) = match mode.object {
        Object::Register => ("register", json!({"read": 1, "write": 1}), ["write", "read"]),
        Object::Lock => ("mutex", json!("acquire-release"), ["acquire", "release"]),
    };
    let mut clients = vec![json!({
        "name": "c", "count": 5, "node": choice, "timeout": "250ms", "retry": retry,
        "workload": {"operations": 24, "mix": mix,
            "think_time": {"uniform": {"low": "40ms", "high": "200ms"}}},
    })];
    // Each begins at a node of its own, and goes elsewhere only if it is sent there.
    clients.extend(nodes.iter().enumerate().map(|(number, node)| {
        let operations: Vec<Json> = late
            .iter()
            .enumerate()
            .map(|(nth, f)| {
                let value = (*f == "write").then(|| format!("late-{number}"));
                let mut operation =
                    json!({"at": format!("{}ms", 6_000 + 10 * number + nth), "f": f, "key": "x"});
                if let Some(value) = value {
                    operation["arg"] = json!(value);
                }
                operation
            })
            .collect();
        json!({
            "name": format!("{LATE}{}", number + 1), "node": {"leader": [node]}, "timeout": "500ms",
            "retry": {"attempts": 20, "backoff": "20ms", "after_timeout": "same-request"},
            "operations": operations,
        })
    }));
    let mut kinds = json!({
        "partition": {"every": "1500ms", "lasting": "400ms"},
        "isolate": {"every": "1500ms", "lasting": "400ms"},
        "cut": {"every": "1s", "lasting": "500ms"},
        "bridge": {"every": "2s", "lasting": "400ms"},
        "flapping": {"every": "2s", "lasting": "800ms", "period": "60ms", "down": "1/2"},
        "slow-link": {"every": "1s", "lasting": "800ms", "extra": {"exponential": {"mean": "80ms"}}},
        "lossy": {"every": "2s", "lasting": "800ms", "drop": "1/5"},
        "duplicating": {"every": "2s", "lasting": "800ms", "duplicate": "1/4"},
        "reordering": {"every": "2s", "lasting": "800ms", "reorder": "1/4"},
        "crash": {"every": "800ms", "lasting": "250ms"},
        "pause": {"every": "1s", "lasting": "250ms"},
        "clock-step": {"every": "1s", "at_most": "2s"},
        "slow-disk": {"every": "2s", "lasting": "800ms", "extra": {"exponential": {"mean": "20ms"}}},
        "crash-writing": {"every": "800ms", "lasting": "250ms"},
    });
    kinds["clock-drift"] = match mode.clocks {
        Clocks::Anything => json!({"every": "1s", "lasting": "1s", "at_most_ppm": 500_000}),
        Clocks::DriftWithin(ppm) => json!({"every": "1s", "lasting": "1s", "at_most_ppm": ppm}),
    };
    if mode.clocks == Clocks::Anything {
        kinds["clock-freeze"] = json!({"every": "2s", "lasting": "300ms"});
    }
    let (max_crashed, faults) = match mode.crashes {
        Crashes::Restart => (
            NODES,
            json!([{"at": "2s", "label": "power failure",
                "crash": {"nodes": nodes, "restart": "2200ms", "unsynced": "prefix"}}]),
        ),
        Crashes::MinorityRestarts => ((NODES - 1) / 2, json!([])),
    };
    let (verdict, seed) = match mode.promise {
        Promise::Linearizable => (json!({"verdict": "linearizable"}), 1),
        Promise::Less { shown_by, .. } => {
            (json!({"verdict": "not-linearizable", "kind": shown_by.kind.name()}), shown_by.seed)
        }
    };
    json!({
        "id": story_id(mode),
        "title": format!("{} under everything that its fault model allows", mode.name),
        "story": "Five nodes, five clients, and faults of every kind drawn from the seed, until all is healed after 4.5 s. At 6 s clients ask each node again.",
        "notice": "Nothing here is scripted but one power failure: every seed is another run.",
        "source": mode.source,
        "model": model,
        "duration": "7s",
        "afterwards": {"heal": true, "settle": "2s"},
        "cluster": {
            "nodes": nodes,
            "network": {"latency": {"uniform": {"low": "1ms", "high": "10ms"}}},
            "disk": {"sync": {"uniform": {"low": "0ms", "high": "4ms"}}},
        },
        "clients": clients,
        "faults": faults,
        "fault_plan": {"from": "300ms", "until": "4500ms", "max_down": NODES, "max_crashed": max_crashed, "kinds": kinds},
        "variants": [{
            "name": mode.name, "title": entry.summary, "expect": verdict, "seed": seed,
            "strategy": {"name": entry.name, "options": options(mode, NODES)},
        }],
    })
    .to_string()
}

/// A mode and its world, ready to run under any seed.
pub struct Campaign {
    /// The mode.
    pub mode: &'static Mode,
    /// Its story.
    pub scenario: Scenario,
    /// The story's one variant, lowered.
    pub experiment: Experiment,
}

/// What became of one seed of a campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// The run's fingerprint; `None` if a replica panicked.
    pub fingerprint: Option<Fingerprint>,
    /// The verdict.
    pub decision: Decision,
    /// What kind of anomaly, if there is one.
    pub kind: Option<AnomalyKind>,
    /// The invariants that were broken.
    pub broken: Vec<String>,
    /// Whether replicas hold at rest what was promised.
    pub at_rest: bool,
    /// The operations that had to complete after healing and did not; empty: none.
    pub stuck: Vec<String>,
    /// How many operations were called.
    pub called: usize,
    /// How many of them were answered.
    pub answered: usize,
    /// How many faults were drawn.
    pub faults: usize,
}

impl Finding {
    /// True if everything that the mode promises held.
    pub fn is_clean(&self, mode: &Mode) -> bool {
        let verdict = !mode.is_linearizable() || self.decision == Decision::Linearizable;
        verdict && self.broken.is_empty() && self.at_rest && self.stuck.is_empty()
    }
}

impl Campaign {
    /// The campaign of a mode.
    ///
    /// # Errors
    /// When the mode's strategy can't be made from its options; no mode of the table has such.
    ///
    /// # Panics
    /// When the story made from the mode is no scenario; no mode of the table has such.
    pub fn new(entry: &StrategyEntry, mode: &'static Mode) -> Result<Self, ExperimentError> {
        let scenario = Scenario::parse(&text(entry, mode))
            .unwrap_or_else(|errors| panic!("the story of {} is no scenario: {errors}", mode.name));
        let experiment = Experiment::new(&scenario, &scenario.variants[0])?;
        Ok(Self { mode, scenario, experiment })
    }

    /// The story's one variant.
    pub fn variant(&self) -> &Variant {
        &self.scenario.variants[0]
    }

    /// Runs and judges one seed. A replica that panics has broken an invariant of its own.
    pub fn finding(&self, seed: u64, limits: Limits, interrupted: &AtomicBool) -> Finding {
        let world = self.experiment.world(seed);
        let faults = world.faults.len();
        let watched = catch_unwind(AssertUnwindSafe(|| self.experiment.strategy.run_watched(&world)));
        let (run, watch) = match watched {
            Ok(found) => found,
            Err(panic) => return Finding::panicked(seed, &*panic, faults),
        };
        let mut broken = watch.broken;
        if self.mode.keeps_commits {
            broken.extend(watch.went_back);
        }
        let judgement = judge(&run.history, &self.experiment.options, limits, interrupted)
            .expect("a story's operations are those of its model");
        let trial = crate::Trial { seed, run, judgement };
        let (run, decision) = (&trial.run, trial.decision());
        let records = &run.history.records;
        let rest = run.rest.as_ref();
        let mut stuck = stuck(&run.history);
        match rest {
            None => stuck.push("the run was cut off by its step limit".to_owned()),
            Some(rest) if !rest.progressed => stuck.push("the last operation of all".to_owned()),
            Some(_) => {}
        }
        Finding {
            seed,
            fingerprint: Some(run.fingerprint),
            decision,
            kind: self.experiment.explain(&trial).map(|explanation| explanation.kind),
            broken,
            at_rest: rest.is_some_and(|rest| agree(rest, self.mode.at_rest)),
            stuck,
            called: records.len(),
            answered: records.iter().filter(|record| matches!(record.outcome, Known::Ok(_))).count(),
            faults,
        }
    }
}

impl Finding {
    fn panicked(seed: u64, panic: &(dyn std::any::Any + Send), faults: usize) -> Self {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        Self {
            seed,
            fingerprint: None,
            decision: Decision::Undecided,
            kind: None,
            broken: vec![format!("a replica panicked: {said}")],
            at_rest: true,
            stuck: Vec::new(),
            called: 0,
            answered: 0,
            faults,
        }
    }
}

/// The operations of the clients that came after the faults, as far as they were not answered.
fn stuck(history: &History) -> Vec<String> {
    let is_late = |name: &str| name.starts_with(LATE);
    let open = history.records.iter().filter(|record| {
        is_late(history.client_name(record.client)) && !matches!(record.outcome, Known::Ok(_))
    });
    open.map(|record| format!("{} of {}", record.operation.name(), history.client_name(record.client)))
        .collect()
}

/// Whether replicas hold at rest what was promised.
fn agree(rest: &Rest, promised: AtRest) -> bool {
    match promised {
        AtRest::AllAgree => rest.converged,
        AtRest::MayDiffer => true,
        AtRest::MajorityAgrees => {
            let held = |key: Key, node: &Vec<(Key, Value)>| {
                node.iter().find(|(held, _)| *held == key).map(|(_, value)| value.clone())
            };
            let majority = rest.contents.len() / 2 + 1;
            rest.contents.iter().flatten().all(|&(key, _)| {
                let values: Vec<_> = rest.contents.iter().map(|node| held(key, node)).collect();
                values.iter().any(|one| values.iter().filter(|other| *other == one).count() >= majority)
            })
        }
    }
}
