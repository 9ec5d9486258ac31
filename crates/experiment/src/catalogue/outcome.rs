//! What became of a variant at its own seed: for reports, whatever was expected.

use std::sync::atomic::AtomicBool;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_checker::levels::{Level, Measure, State};
use anachron_scenario::ExpectedLevel;

use super::Case;
use super::expectation::grades;
use crate::judge::Limits;

/// What became of a variant at its own seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The verdict.
    pub decision: Decision,
    /// What kind of anomaly, if there is one.
    pub kind: Option<AnomalyKind>,
    /// The levels below linearizability that hold.
    pub holds: Vec<Level>,
    /// The levels that the budget left open.
    pub undecided: Vec<Level>,
    /// The least k of k-atomicity, where it is defined and there is one.
    pub k: Option<u64>,
    /// Whether replicas agreed at rest, if that was asked.
    pub converged: Option<bool>,
    /// Whether an operation completed after healing, if that was asked.
    pub progressed: Option<bool>,
}

/// Runs and grades a variant at its own seed.
pub fn outcome(case: &Case<'_>, limits: Limits, interrupted: &AtomicBool) -> Outcome {
    let trial = case.experiment.trial(case.variant.seed, limits, interrupted);
    let grades = grades(case, &trial, limits, interrupted);
    let levels = || ExpectedLevel::NAMES.iter().filter_map(|name| Level::from_name(name));
    let of = |wanted: State| levels().filter(|&level| grades.state(level) == wanted).collect();
    let rest = trial.run.rest.as_ref();
    Outcome {
        decision: trial.decision(),
        kind: case.experiment.explain(&trial).map(|explanation| explanation.kind),
        holds: of(State::Holds),
        undecided: of(State::Undecided),
        k: match grades.k_atomicity {
            Measure::Least { value, .. } => Some(value),
            Measure::Never(_) | Measure::Undecided { .. } | Measure::NotDefined(_) => None,
        },
        converged: rest.map(|rest| rest.converged),
        progressed: rest.map(|rest| rest.progressed),
    }
}
