//! One run against what was expected of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anachron_checker::explain::AnomalyKind;
use anachron_checker::levels::{Grades, Level, Measure, State, grade_judged};
use anachron_checker::verify::{Flaw, Verifier};
use anachron_checker::{Budget, Decision};
use anachron_scenario::{Available, Completes, ExpectedLevel, ExpectedVerdict};
use anachron_vocabulary::Outcome;

use super::{Case, Missed};
use crate::Trial;
use crate::judge::Limits;

/// What of a run is not as expected, the levels aside. Empty if all is.
pub(super) fn missed(case: &Case<'_>, trial: &Trial) -> Vec<Missed> {
    let expect = &case.variant.expect;
    let mut notebook = Notebook { trial, missed: Vec::new() };
    if trial.run.step_limit_reached {
        notebook.miss("verdict", "a run that ends", "a run that was cut off by its limit on steps");
    }
    let wanted = match expect.verdict {
        ExpectedVerdict::Linearizable => Decision::Linearizable,
        ExpectedVerdict::NotLinearizable => Decision::NotLinearizable,
    };
    let decision = trial.decision();
    let kind = case.experiment.explain(trial).map(|explanation| explanation.kind);
    let kind_name = kind.map_or("none", AnomalyKind::name);
    if decision != wanted {
        let found = kind.map_or(decision.name().to_owned(), |kind| format!("{}: {kind}", decision.name()));
        notebook.note("verdict", wanted.name(), found, decision == Decision::Undecided);
    } else if let Some(wanted) = expect.kind.as_ref().filter(|wanted| *wanted != kind_name) {
        notebook.miss("kind", wanted.as_str(), kind_name);
    }
    for available in &expect.available {
        let found = completed(trial, available);
        if found.is_none_or(|(completed, called)| !fits(available.completes, completed, called)) {
            let wanted = format!(
                "{} of the operations called from {} on completes by {}",
                available.completes.name(),
                available.from,
                available.by
            );
            let found = found.map_or("there is no such operation".to_owned(), |(completed, called)| {
                format!("{completed} of {called}")
            });
            notebook.miss("available", wanted, found);
        }
    }
    let rest = trial.run.rest.as_ref();
    let answer = |yes: Option<bool>, words: [&str; 2]| match yes {
        Some(yes) => words[usize::from(!yes)].to_owned(),
        None => "nobody asked: `afterwards.heal` is false".to_owned(),
    };
    let converges = ["replicas agree at rest", "replicas disagree at rest"];
    let progresses = ["an operation completes after healing", "no operation completes after healing"];
    for (field, wanted, found, words) in [
        ("converges", expect.converges, rest.map(|rest| rest.converged), converges),
        ("progresses", expect.progresses, rest.map(|rest| rest.progressed), progresses),
    ] {
        if wanted.is_some() && wanted != found {
            notebook.miss(field, answer(wanted, words), answer(found, words));
        }
    }
    notebook.missed
}

/// What only the variant's own seed is asked: the certificate, the levels.
pub(super) fn missed_by_proof(
    case: &Case<'_>,
    trial: &Trial,
    limits: Limits,
    interrupted: &AtomicBool,
) -> Vec<Missed> {
    let expect = &case.variant.expect;
    let options = &case.experiment.options;
    let mut notebook = Notebook { trial, missed: Vec::new() };
    let verifier = Verifier::new(&trial.run.history);
    for part in &trial.judgement.parts {
        match verifier.verify(options, part) {
            // The verdict itself tells of what was not decided.
            Ok(()) | Err(Flaw::Undecided) => {}
            Err(flaw) => {
                let undecided = flaw == Flaw::TooBig;
                notebook.note(
                    "certificate",
                    "a certificate that proves the verdict",
                    flaw.to_string(),
                    undecided,
                );
            }
        }
    }
    if expect.holds.is_none() && expect.k_atomicity.is_none() {
        return notebook.missed;
    }
    let grades = grades(case, trial, limits, interrupted);
    if let Some(wanted) = &expect.holds {
        let known = || ExpectedLevel::NAMES.iter().filter_map(|name| Level::from_name(name));
        let wanted = |level: Level| wanted.iter().any(|wanted| wanted.name() == level.name());
        let wrong = |level: &Level| (grades.state(*level) == State::Holds) != wanted(*level);
        let undecided = known().any(|level| grades.state(level) == State::Undecided);
        if undecided || known().any(|level| wrong(&level)) {
            let names = |levels: Vec<Level>| {
                if levels.is_empty() {
                    "none".to_owned()
                } else {
                    levels.into_iter().map(Level::name).collect::<Vec<_>>().join(", ")
                }
            };
            let open = names(known().filter(|&level| grades.state(level) == State::Undecided).collect());
            let holding = names(known().filter(|&level| grades.state(level) == State::Holds).collect());
            let found = if undecided { format!("{holding}; undecided: {open}") } else { holding };
            notebook.note("holds", names(known().filter(|&level| wanted(level)).collect()), found, undecided);
        }
    }
    if let Some(wanted) = expect.k_atomicity {
        let found = match &grades.k_atomicity {
            Measure::Least { value, .. } => value.to_string(),
            Measure::Never(_) => "no k is enough".to_owned(),
            Measure::NotDefined(why) => why.to_string(),
            Measure::Undecided { at_least, .. } => format!("at least {at_least}"),
        };
        if found != wanted.to_string() {
            let undecided = matches!(grades.k_atomicity, Measure::Undecided { .. });
            notebook.note("k_atomicity", wanted.to_string(), found, undecided);
        }
    }
    notebook.missed
}

/// How far the history of a run is from linearizable, level by level.
pub(super) fn grades(case: &Case<'_>, trial: &Trial, limits: Limits, interrupted: &AtomicBool) -> Grades {
    let deadline = limits.time.map(|time| Instant::now() + time);
    let mut stop =
        || interrupted.load(Ordering::Relaxed) || deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let mut budget = Budget::with_stop(&mut stop).memory(limits.memory);
    let judgement = trial.judgement.clone();
    grade_judged(&trial.run.history, &case.experiment.options, judgement, &mut budget, &mut |_| {})
        .expect("the model judged it just now")
}

/// How many of the operations in question completed, and how many there are; `None` if there is none, so that an
/// expectation about nothing is never met.
fn completed(trial: &Trial, available: &Available) -> Option<(usize, usize)> {
    let by = i64::try_from(available.by.0).unwrap_or(i64::MAX);
    let from = i64::try_from(available.from.0).unwrap_or(i64::MAX);
    let called = trial.run.history.records.iter().filter(|record| {
        available.clients.contains(&record.client) && record.call.0 >= from && record.call.0 < by
    });
    let (mut completed, mut all) = (0, 0);
    for record in called {
        all += 1;
        let is_ok = matches!(record.outcome, Outcome::Ok(_));
        completed += usize::from(is_ok && record.end.is_some_and(|end| end.0 <= by));
    }
    (all > 0).then_some((completed, all))
}

fn fits(wanted: Completes, completed: usize, called: usize) -> bool {
    match wanted {
        Completes::None => completed == 0,
        Completes::Some => completed > 0,
        Completes::All => completed == called,
    }
}

/// Collects what is missed, each with the run that shows it.
struct Notebook<'t> {
    trial: &'t Trial,
    missed: Vec<Missed>,
}

impl Notebook<'_> {
    fn miss(&mut self, field: &'static str, expected: impl Into<String>, found: impl Into<String>) {
        self.note(field, expected, found, false);
    }

    fn note(
        &mut self,
        field: &'static str,
        expected: impl Into<String>,
        found: impl Into<String>,
        undecided: bool,
    ) {
        self.missed.push(Missed {
            field,
            expected: expected.into(),
            found: found.into(),
            undecided,
            seed: self.trial.seed,
            fingerprint: self.trial.run.fingerprint,
        });
    }
}
