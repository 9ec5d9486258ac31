//! What becomes of a mode's promise in the harshest world that its fault model allows, under many seeds.
//!
//! Why it exists: "correct" is a claim about every run that the fault model allows. A campaign draws thousands of them and
//! asks six questions of each: is the history what was promised, linearizable or of a lower level that the judge knows? Was an
//! invariant broken on the way ([`crate::watch`])? Do replicas agree at rest as promised? Does an operation complete, asked at
//! any node, once the faults are over, and so do reads and writes that are first asked at each of them? And could the judge
//! decide at all?
//!
//! The world of a run is a story made from the mode ([`story()`]). Runs of even seeds have five nodes, those of odd seeds
//! three.

mod story;
mod tally;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anachron_checker::explain::AnomalyKind;
use anachron_checker::levels::{Level, State, grade_judged};
use anachron_checker::{Budget, CheckOptions, Decision, Judgement};
use anachron_history::History;
use anachron_scenario::{Scenario, Variant};
use anachron_sim::Rest;
use anachron_trace::Fingerprint;
use anachron_vocabulary::{Key, Outcome as Known, Value};

use crate::judge::{Limits, judge};
use crate::strategy::mode::{AtRest, Promise};
use crate::strategy::{Mode, OptionError, STRATEGIES, StrategyEntry, configure};
use crate::{Experiment, ExperimentError};

use story::LATE;
pub use story::{SIZES, find, story, story_id};
pub(crate) use story::{options, with_value};
pub use tally::{REPORT_HEAD, Tally, report};

/// Which of a campaign's worlds a seed's run is in.
fn world_of(seed: u64) -> usize {
    usize::from(seed % 2 == 1)
}

/// What the story of a seed's run of a mode's campaign is called.
pub fn story_of(mode: &Mode, seed: u64) -> String {
    story_id(mode, SIZES[world_of(seed)])
}

/// The arguments of `anachron run` that replay a seed's run of a mode's campaign.
pub fn replay(mode: &Mode, seed: u64) -> String {
    format!("{} --seed {seed}", story_of(mode, seed))
}

/// A mode and its worlds, ready to run under any seed.
pub struct Campaign {
    /// The mode.
    pub mode: &'static Mode,
    /// Its worlds, for each of [`SIZES`].
    pub worlds: [CampaignWorld; SIZES.len()],
}

/// A world of a campaign: one story.
pub struct CampaignWorld {
    /// The story.
    pub scenario: Scenario,
    /// Its one variant, lowered.
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
    /// Whether the history is of the level that is promised instead of linearizability, if the judge knows that level.
    pub level: Option<State>,
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
        let promised = match mode.promise {
            Promise::Linearizable => self.decision == Decision::Linearizable,
            Promise::Less { .. } => {
                self.fingerprint.is_some() && self.level.is_none_or(|state| state == State::Holds)
            }
        };
        promised && self.broken.is_empty() && self.at_rest && self.stuck.is_empty()
    }
}

impl CampaignWorld {
    fn new(entry: &StrategyEntry, mode: &Mode, nodes: u16) -> Result<Self, ExperimentError> {
        let scenario = Scenario::parse(&story::text(entry, mode, nodes))
            .unwrap_or_else(|errors| panic!("the story of {} is no scenario: {errors}", mode.name));
        let experiment = Experiment::new(&scenario, &scenario.variants[0])?;
        Ok(Self { scenario, experiment })
    }

    /// The story's one variant.
    pub fn variant(&self) -> &Variant {
        &self.scenario.variants[0]
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
        let [large, small] = SIZES.map(|nodes| CampaignWorld::new(entry, mode, nodes));
        Ok(Self { mode, worlds: [large?, small?] })
    }

    /// Gives the strategy a known bug.
    ///
    /// # Errors
    /// When the strategy has no such weakening.
    pub fn weaken(&mut self, weakening: &str) -> Result<(), OptionError> {
        for world in &mut self.worlds {
            let mut weakened = world.variant().strategy.clone();
            weakened.weakenings = vec![weakening.to_owned()];
            world.experiment.strategy = configure(&STRATEGIES, &world.scenario, &weakened)?;
        }
        Ok(())
    }

    /// The world of a seed's run.
    pub fn world(&self, seed: u64) -> &CampaignWorld {
        &self.worlds[world_of(seed)]
    }

    /// Runs and judges one seed. A replica that panics has broken an invariant of its own.
    pub fn finding(&self, seed: u64, limits: Limits, interrupted: &AtomicBool) -> Finding {
        let experiment = &self.world(seed).experiment;
        let world = experiment.world(seed);
        let faults = world.faults.len();
        let watched = catch_unwind(AssertUnwindSafe(|| experiment.strategy.run_watched(&world)));
        let (run, watch) = match watched {
            Ok(found) => found,
            Err(panic) => return Finding::panicked(seed, &*panic, faults),
        };
        let mut broken = watch.broken;
        if self.mode.keeps_commits {
            broken.extend(watch.went_back);
        }
        let judgement = judge(&run.history, &experiment.options, limits, interrupted)
            .expect("a story's operations are those of its model");
        let level =
            self.mode.promise.judged_level().map(|level| {
                graded(level, &run.history, &experiment.options, &judgement, limits, interrupted)
            });
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
            level,
            kind: experiment.explain(&trial).map(|explanation| explanation.kind),
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
            level: None,
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

/// Whether a history is of a level below linearizability. Only that level is worked on: whoever else's turn it is, is
/// stopped at once.
fn graded(
    level: Level,
    history: &History,
    options: &CheckOptions,
    judgement: &Judgement,
    limits: Limits,
    interrupted: &AtomicBool,
) -> State {
    // The causal levels come out together, and begin with the first of them.
    let turn = if level == Level::Sequential { level } else { Level::CausalMemory };
    let is_its_turn = Cell::new(false);
    let deadline = limits.time.map(|time| Instant::now() + time);
    let mut stop = || {
        let late = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        !is_its_turn.get() || late || interrupted.load(Ordering::Relaxed)
    };
    let mut budget = Budget::with_stop(&mut stop).memory(limits.memory);
    let mut begins = |begun| is_its_turn.set(begun == turn);
    grade_judged(history, options, judgement.clone(), &mut budget, &mut begins)
        .expect("a story's operations are those of its model")
        .state(level)
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
