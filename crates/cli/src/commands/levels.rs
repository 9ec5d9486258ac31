//! `anachron check --levels`: how far a history is from linearizable, level by level.
//!
//! Why it exists: the judge grades (see [`levels`](anachron_checker::levels)), and this file says what it found: a ladder
//! for people, one object a level for programs.
//!
//! Every level gets the whole of `--budget` anew, as every object of a history gets the whole of the search's
//! configurations: a level that is NP-complete may be *undecided* without taking the others with it. Evidence of a level that
//! holds is shown where no level above it holds; below, it would only be said again.

use std::cell::Cell;
use std::time::Instant;

use anachron_checker::levels::{Evidence, Grade, Grades, Level, Measure, State, grade_judged};
use anachron_checker::{Budget, CheckOptions, Judgement, Limit};
use anachron_experiment::judge::Limits;
use anachron_history::{History, TimeUnit};
use anachron_report::ladder::{Rung, Standing, ladder};
use anachron_report::number::count;
use anachron_report::{Style, jsonl};
use anachron_vocabulary::{OperationId, VirtualDuration};

use super::proof::limit;
use crate::exit::Failure;
use crate::interrupt::interrupted;
use crate::output::Output;
use crate::progress::Progress;

/// Orders of more operations than this are counted, not told.
const WHOLE_ORDER: usize = 12;

/// Grades a history that was judged.
pub(super) fn grade(
    name: &str,
    history: &History,
    options: &CheckOptions,
    judgement: &Judgement,
    limits: Limits,
    style: Style,
) -> Grades {
    let deadline = || limits.time.map(|time| Instant::now() + time);
    let ends = Cell::new(deadline());
    let mut stop = || interrupted() || ends.get().is_some_and(|end| Instant::now() >= end);
    let mut progress: Option<Progress> = None;
    let mut begins = |level: Level| {
        ends.set(deadline());
        // The one before ends first, so that there are never two bars.
        progress = None;
        progress = Some(Progress::start(&format!("grading {name}: {}", level.title()), style));
    };
    let mut budget = Budget::with_stop(&mut stop).memory(limits.memory);
    grade_judged(history, options, judgement.clone(), &mut budget, &mut begins)
        .expect("the model judged it just now")
}

/// Grades with the history that they are of.
pub(super) struct Graded<'a> {
    pub history: &'a History,
    pub grades: &'a Grades,
}

impl Graded<'_> {
    /// The ladder for people.
    pub(super) fn text(&self, style: Style) -> String {
        let mut told: Vec<(Level, &Evidence)> = Vec::new();
        let mut rungs = Vec::with_capacity(Level::ALL.len());
        for level in Level::ALL {
            let mut rung = self.rung(level);
            // The same reason is given once.
            if let Some(evidence) = self.grades.evidence(level)
                && rung.standing == Standing::Broken
            {
                match told.iter().find(|(_, before)| *before == evidence) {
                    Some((before, _)) if self.measured(level).is_none() => {
                        rung.said = format!("for the same reason as {}", before.title());
                        rung.evidence.clear();
                    }
                    _ => told.push((level, evidence)),
                }
            }
            rungs.push(rung);
        }
        ladder(&rungs, style)
    }

    fn rung(&self, level: Level) -> Rung<'static> {
        let state = self.grades.state(level);
        let standing = match state {
            State::Holds => Standing::Holds,
            State::Violated => Standing::Broken,
            State::Undecided => Standing::Undecided,
            State::NotDefined => Standing::NotDefined,
        };
        let mut lines = match (state, self.grades.evidence(level)) {
            // The verdict above has told of it at length.
            (_, Some(Evidence::Judgement(_))) => Vec::new(),
            (State::Violated, Some(evidence)) => self.lines(evidence),
            (State::Holds, Some(evidence)) if self.is_news(level) => self.lines(evidence),
            _ => Vec::new(),
        };
        let mut said = self.measured(level).or_else(|| self.reason(level)).unwrap_or_default();
        // A reason of one line stands beside the answer.
        if said.is_empty() && state == State::Violated && !lines.is_empty() {
            said = lines.remove(0);
        }
        Rung { title: level.title(), standing, said, evidence: lines }
    }

    /// True if no level that implies this one holds as well.
    fn is_news(&self, level: Level) -> bool {
        level.implied_by().iter().all(|&above| self.grades.state(above) != State::Holds)
    }

    /// Evidence in words, line by line; orders only if they are short.
    fn lines(&self, evidence: &Evidence) -> Vec<String> {
        let longest = orders(self.history, evidence).iter().map(|(_, order)| order.len()).max();
        if longest.is_some_and(|longest| longest > WHOLE_ORDER) {
            return Vec::new();
        }
        evidence.describe(self.history).to_string().lines().map(str::to_owned).collect()
    }

    /// The number of a level that is one.
    fn measured(&self, level: Level) -> Option<String> {
        let grades = self.grades;
        let shown = |value: u64| match level {
            Level::KAtomicity => format!("k = {value}"),
            _ => format!("Δ = {}", self.duration(value)),
        };
        let measure = match level {
            Level::KAtomicity => &grades.k_atomicity,
            Level::DeltaAtomicity => &grades.delta,
            _ => return None,
        };
        match measure {
            Measure::Least { value, too_little: None, .. } => Some(shown(*value)),
            Measure::Least { value, too_little: Some(_), .. } => {
                Some(format!("{} is enough, less is not", shown(*value)))
            }
            Measure::Never(_) => Some("no number is enough".to_owned()),
            Measure::Undecided { at_least, limit } => {
                Some(format!("at least {}; {}", shown(*at_least), limited(*limit)))
            }
            Measure::NotDefined(undefined) => Some(undefined.to_string()),
        }
    }

    /// Why there is no answer, or in a few words why the answer is yes.
    fn reason(&self, level: Level) -> Option<String> {
        match self.grades.grade(level)? {
            Grade::NotDefined(undefined) => Some(undefined.to_string()),
            Grade::Undecided(limit) => Some(limited(*limit)),
            Grade::Violated(Evidence::Judgement(_)) => Some("see above".to_owned()),
            Grade::Violated(_) => None,
            Grade::Holds(evidence) => Some(self.shown_by(evidence)),
        }
    }

    fn shown_by(&self, evidence: &Evidence) -> String {
        let orders = orders(self.history, evidence);
        let placed = orders.iter().map(|(_, order)| order.len()).sum::<usize>() as u64;
        let number = orders.len() as u64;
        match evidence {
            Evidence::Judgement(_) => "see above".to_owned(),
            Evidence::Order(_) => format!("one order of {}", count(placed, "operation")),
            Evidence::Orders(_) => format!("{}, one an object", count(number, "order")),
            Evidence::Views(_) => format!("{}, one a client that reads", count(number, "order")),
            Evidence::Versions(_) => format!("{} of writes", count(number, "order")),
            Evidence::EveryReadFits => "every read fits".to_owned(),
            _ => String::new(),
        }
    }

    fn duration(&self, value: u64) -> String {
        match self.history.time_unit {
            TimeUnit::Nanoseconds => VirtualDuration(value).to_string(),
            TimeUnit::EventIndex => count(value, "event"),
            TimeUnit::Unstated => value.to_string(),
        }
    }

    /// One object a level for programs.
    pub(super) fn objects(&self, file: &str, output: &mut Output) -> Result<(), Failure> {
        for level in Level::ALL {
            let state = self.grades.state(level);
            let evidence = self.grades.evidence(level);
            let is_violated = state == State::Violated;
            let operations = evidence.filter(|_| is_violated).map(Evidence::operations).unwrap_or_default();
            let least = match level {
                Level::KAtomicity => self.grades.k_atomicity.value(),
                Level::DeltaAtomicity => self.grades.delta.value(),
                _ => None,
            };
            let enough = match level {
                Level::KAtomicity => enough(&self.grades.k_atomicity),
                Level::DeltaAtomicity => enough(&self.grades.delta),
                _ => evidence.filter(|_| !is_violated),
            };
            let text = match evidence {
                Some(evidence) if is_violated => Some(evidence.describe(self.history).to_string()),
                Some(_) => None,
                None => self.measured(level).or_else(|| self.reason(level)),
            };
            output.object(|| {
                jsonl::level(&jsonl::LevelGrade {
                    file,
                    level: level.name(),
                    state: state.name(),
                    least,
                    evidence: evidence.map(Evidence::name),
                    text,
                    operations: &operations,
                    orders: enough.map(|evidence| orders(self.history, evidence)).unwrap_or_default(),
                })
            })?;
        }
        Ok(())
    }
}

/// Which limit was reached, and what to try.
fn limited(reached: Limit) -> String {
    let (reached, advice) = limit(reached);
    if advice.is_empty() { reached } else { format!("{reached}; try {advice}") }
}

fn enough(measure: &Measure) -> Option<&Evidence> {
    match measure {
        Measure::Least { enough, .. } => Some(enough),
        _ => None,
    }
}

/// An order, and the object or client that it is for.
type Placed<'a> = (Option<&'a str>, &'a [OperationId]);

/// The orders that evidence of a level that holds consists of.
fn orders<'a>(history: &'a History, evidence: &'a Evidence) -> Vec<Placed<'a>> {
    match evidence {
        Evidence::Order(order) => vec![(None, order)],
        Evidence::Orders(orders) => {
            orders.iter().map(|(key, order)| (Some(history.key_name(*key)), order.as_slice())).collect()
        }
        Evidence::Views(views) => {
            let view = |view: &'a anachron_checker::levels::View| {
                (Some(history.client_name(view.client)), view.order.as_slice())
            };
            views.iter().map(view).collect()
        }
        Evidence::Versions(versions) => versions
            .iter()
            .map(|version| (Some(history.key_name(version.key)), version.order.as_slice()))
            .collect(),
        _ => Vec::new(),
    }
}
