//! One variant of a scenario under one seed: run, judged, explained.

use std::fmt;
use std::sync::atomic::AtomicBool;

use anachron_checker::explain::{AnomalyKind, Explanation, Subject, explain};
use anachron_checker::{CheckOptions, Decision, Judgement, Model};
use anachron_scenario::{self as paper, Scenario, Variant, nearest};
use anachron_sim::plan::FaultPlan;
use anachron_sim::{Run, World};
use anachron_trace::Event;

use crate::judge::{Limits, judge};
use crate::lower;
use crate::strategy::{OptionError, STRATEGIES, Strategy, StrategyEntry, configure};

/// A variant of a scenario, lowered and ready to run under any seed.
pub struct Experiment {
    /// The strategy with its settings.
    pub strategy: Box<dyn Strategy>,
    /// The world, with its scripted faults; its seed and drawn faults are set for each trial.
    pub world: World,
    /// The faults to draw from the seed.
    pub fault_plan: Option<FaultPlan>,
    /// What the histories are judged against.
    pub options: CheckOptions,
}

/// Why a variant can't be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExperimentError {
    /// Its strategy does not exist, or is told something that it does not know.
    Strategy(OptionError),
    /// It expects a kind of anomaly that does not exist.
    Kind(String),
}

impl fmt::Display for ExperimentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strategy(error) => error.fmt(f),
            Self::Kind(name) => write!(f, "{}", no_such_kind(name)),
        }
    }
}

impl ExperimentError {
    /// The fields that lead to what is wrong, below the variant.
    pub fn fields(&self) -> Vec<&str> {
        match self {
            Self::Strategy(error) => std::iter::once("strategy").chain(error.fields()).collect(),
            Self::Kind(_) => vec!["expect", "kind"],
        }
    }

    /// What is wrong, for somebody who sees the place.
    pub fn message(&self) -> String {
        match self {
            Self::Strategy(error) => error.message.clone(),
            Self::Kind(name) => no_such_kind(name),
        }
    }
}

fn no_such_kind(name: &str) -> String {
    let names: Vec<&str> = AnomalyKind::ALL.iter().map(|kind| kind.name()).collect();
    let near = nearest(name, names.iter().copied())
        .map_or(String::new(), |near| format!("; did you mean `{near}`?"));
    format!("there is no kind of anomaly `{name}`{near} There are {}", names.join(", "))
}

impl std::error::Error for ExperimentError {}

/// What became of one variant under one seed.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The seed.
    pub seed: u64,
    /// The run.
    pub run: Run,
    /// The verdict on its history, with certificates.
    pub judgement: Judgement,
}

impl Experiment {
    /// Lowers a variant whose strategy is one of those that come with the program.
    ///
    /// # Errors
    /// When its strategy can't be made, or what it expects can't be found.
    pub fn new(scenario: &Scenario, variant: &Variant) -> Result<Self, ExperimentError> {
        Self::with_strategies(&STRATEGIES, scenario, variant)
    }

    /// Lowers a variant whose strategy is one of a table: that is how one from outside is run.
    ///
    /// # Errors
    /// When its strategy can't be made, or what it expects can't be found.
    pub fn with_strategies(
        strategies: &'static [StrategyEntry],
        scenario: &Scenario,
        variant: &Variant,
    ) -> Result<Self, ExperimentError> {
        if let Some(kind) = variant.expect.kind.as_ref().filter(|kind| AnomalyKind::from_name(kind).is_none())
        {
            return Err(ExperimentError::Kind(kind.clone()));
        }
        Ok(Self {
            strategy: configure(strategies, scenario, &variant.strategy)
                .map_err(ExperimentError::Strategy)?,
            world: lower::world(scenario, variant),
            fault_plan: scenario.fault_plan.as_ref().map(lower::fault_plan),
            options: CheckOptions::new(model(scenario.model)).initial(scenario.initial.clone()),
        })
    }

    /// The world of one seed, drawn faults included.
    pub fn world(&self, seed: u64) -> World {
        let mut world = self.world.clone();
        world.seed = seed;
        if let Some(plan) = &self.fault_plan {
            world.faults.extend(plan.draw(seed, world.nodes));
        }
        world
    }

    /// Runs and judges one seed.
    pub fn trial(&self, seed: u64, limits: Limits, interrupted: &AtomicBool) -> Trial {
        self.judged(seed, self.strategy.run(&self.world(seed)), limits, interrupted)
    }

    /// As [`trial`](Self::trial), and keeps everything that happened.
    pub fn observed_trial(&self, seed: u64, limits: Limits, interrupted: &AtomicBool) -> (Trial, Vec<Event>) {
        let (run, events) = self.strategy.run_observed(&self.world(seed));
        (self.judged(seed, run, limits, interrupted), events)
    }

    fn judged(&self, seed: u64, run: Run, limits: Limits, interrupted: &AtomicBool) -> Trial {
        let judgement = judge(&run.history, &self.options, limits, interrupted)
            .expect("a scenario's operations are those of its model");
        Trial { seed, run, judgement }
    }

    /// Why a trial's history is not linearizable; `None` if no violation was found.
    pub fn explain(&self, trial: &Trial) -> Option<Explanation> {
        let (part, core) = trial.judgement.violation()?;
        let subject =
            Subject::new(&trial.run.history, part.key, self.options.model, self.options.initial.clone());
        explain(&subject, core)
    }
}

impl Trial {
    /// The verdict without its certificate.
    pub fn decision(&self) -> Decision {
        self.judgement.decision()
    }
}

/// The judge's word for a scenario's model.
fn model(model: paper::Model) -> Model {
    match model {
        paper::Model::Register => Model::Register,
        paper::Model::CasRegister => Model::CasRegister,
        paper::Model::KeyValue => Model::KeyValue,
        paper::Model::Mutex => Model::Mutex,
        paper::Model::List => Model::List,
        paper::Model::Queue => Model::Queue,
        paper::Model::Set => Model::Set,
        paper::Model::Counter => Model::Counter,
    }
}
