//! The parent's side: cells one after another, each held to its limits, and verdicts held against each other.
//!
//! Why it exists: a figure counts only if nothing else ran beside it and if everybody was asked the same. So cells never
//! run at once, time is counted from the moment at which the history is in the checker's form, and memory is what the
//! kernel says is resident, not what is reserved.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use crate::cell::{Cell, Said, status_kib};
use crate::checkers::{Answer, Checker, Limits};
use crate::family::{Family, Planted};
use crate::figures;

/// How often the parent looks at a child's memory.
const LOOK: Duration = Duration::from_millis(5);
/// How long a history may take to be made and put into a checker's form.
const PREPARATION: Duration = Duration::from_mins(2);
/// What a decided check may be late by, for the repeats of a quick one and the end of the process.
const GRACE: Duration = Duration::from_millis(250);

/// Why a checker has no verdict on a history.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GaveUp {
    /// It was not done in time.
    Time,
    /// Its process grew over the limit.
    Memory,
    /// It said so itself, before either limit.
    Undecided,
    /// Its history was not in its form in time.
    Preparation,
    /// Its process died of itself.
    Died(String),
}

/// What became of a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// A verdict.
    Decided {
        /// `Answer::Undecided` is never here.
        answer: Answer,
        /// How long it took.
        time: Duration,
        /// The largest resident memory, in KiB.
        peak: u64,
    },
    /// No verdict.
    GaveUp(GaveUp),
    /// It has no words for such a history.
    CanNotExpress,
    /// It gave up on a smaller one of the same kind.
    NotTried,
}

impl Outcome {
    /// The time, if there is a verdict.
    pub fn time(&self) -> Option<Duration> {
        match self {
            Self::Decided { time, .. } => Some(*time),
            _ => None,
        }
    }
}

/// One history, and what everybody made of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its family.
    pub family: &'static Family,
    /// How many clients at once.
    pub concurrency: usize,
    /// How many operations.
    pub operations: usize,
    /// By checker.
    pub outcomes: BTreeMap<Checker, Outcome>,
}

impl Row {
    /// The verdict of those who have one; they agree.
    pub fn answer(&self) -> Option<Answer> {
        self.outcomes.values().find_map(|outcome| match outcome {
            Outcome::Decided { answer, .. } => Some(*answer),
            _ => None,
        })
    }
}

/// What a run compares.
#[derive(Clone, Debug)]
pub struct Course {
    /// The program whose subcommand `cell` runs one cell.
    pub program: PathBuf,
    /// Which checkers.
    pub checkers: Vec<Checker>,
    /// Which families.
    pub families: Vec<&'static Family>,
    /// Which concurrencies; empty for each family's own.
    pub concurrencies: Vec<usize>,
    /// Which sizes; empty for each family's own.
    pub sizes: Vec<usize>,
    /// The seed of every history.
    pub seed: u64,
    /// What each check may spend.
    pub limits: Limits,
}

impl Course {
    /// Runs every cell, one after another, and tells of each.
    ///
    /// # Errors
    /// When two verdicts disagree, when a history that is linearizable by construction is called something else, when two
    /// processes did not get the same history, when our own checker dies, or when no process can be started. The error
    /// names the seed and the cell.
    pub fn run(&self, mut tell: impl FnMut(&Cell, &Outcome)) -> Result<Vec<Row>, String> {
        let mut rows = Vec::new();
        for &family in &self.families {
            for concurrency in ascending(&self.concurrencies, family.concurrencies) {
                let mut climbing = self.checkers.clone();
                for operations in ascending(&self.sizes, family.sizes) {
                    let row = self.row(family, concurrency, operations, &mut climbing, &mut tell)?;
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    /// One row. Checkers that give up leave `climbing`.
    fn row(
        &self,
        family: &'static Family,
        concurrency: usize,
        operations: usize,
        climbing: &mut Vec<Checker>,
        tell: &mut impl FnMut(&Cell, &Outcome),
    ) -> Result<Row, String> {
        let mut row = Row { family, concurrency, operations, outcomes: BTreeMap::new() };
        let mut fingerprint = None;
        for &checker in &self.checkers {
            if !climbing.contains(&checker) {
                row.outcomes.insert(checker, Outcome::NotTried);
                continue;
            }
            let cell = Cell { checker, family, concurrency, operations, seed: self.seed };
            let (outcome, given) = run(&self.program, &cell, self.limits)?;
            tell(&cell, &outcome);
            if let Some(given) = given
                && *fingerprint.get_or_insert(given) != given
            {
                return Err(format!("{} was not given the same history as the others.", name(&cell)));
            }
            agree(&row, &cell, &outcome)?;
            if !matches!(outcome, Outcome::Decided { .. }) {
                climbing.retain(|other| *other != checker);
            }
            row.outcomes.insert(checker, outcome);
        }
        Ok(row)
    }
}

/// The chosen ones or the usual ones, smallest first, since giving up ends a climb.
fn ascending(chosen: &[usize], usual: &[usize]) -> Vec<usize> {
    let mut sorted = if chosen.is_empty() { usual } else { chosen }.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted
}

/// A cell in words, with its seed.
fn name(cell: &Cell) -> String {
    let Cell { checker, family, concurrency, operations, seed } = cell;
    format!("{checker} on {}, concurrency {concurrency}, {operations} operations, seed {seed}", family.name)
}

/// Holds a new verdict against the others of its row and against what is known of the history.
fn agree(row: &Row, cell: &Cell, outcome: &Outcome) -> Result<(), String> {
    let Outcome::Decided { answer, .. } = outcome else {
        return match outcome {
            Outcome::GaveUp(GaveUp::Died(how)) if cell.checker == Checker::Anachron => {
                Err(format!("{} died: {how}", name(cell)))
            }
            _ => Ok(()),
        };
    };
    let others = row.outcomes.iter().find_map(|(other, outcome)| match outcome {
        Outcome::Decided { answer: theirs, .. } if theirs != answer => Some((other.name(), *theirs)),
        _ => None,
    });
    let known = (cell.family.planted == Planted::Nothing && *answer != Answer::Linearizable)
        .then_some(("the way in which the history was made", Answer::Linearizable));
    match others.or(known) {
        None => Ok(()),
        Some((who, theirs)) => Err(format!(
            "verdicts disagree: {} says {answer}, {who} says {theirs}. One cell again: anachron-peers cell {} {} {} {} \
             --seed {}",
            name(cell),
            cell.checker,
            cell.family.name,
            cell.concurrency,
            cell.operations,
            cell.seed,
        )),
    }
}

/// A child that is ended when nobody waits for it any more.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs one cell in a process of its own. Returns its outcome and the fingerprint of what it was given.
fn run(program: &Path, cell: &Cell, limits: Limits) -> Result<(Outcome, Option<u64>), String> {
    let mut child = Command::new(program)
        .arg("cell")
        .args([cell.checker.name(), cell.family.name])
        .args([cell.concurrency.to_string(), cell.operations.to_string()])
        .args(["--seed".to_owned(), cell.seed.to_string()])
        .args(["--time-limit".to_owned(), limits.time.as_secs_f64().to_string()])
        .args(["--memory-limit".to_owned(), (limits.memory >> 20).to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map(Running)
        .map_err(|error| format!("{} does not start: {error}", name(cell)))?;
    let said = lines(child.0.stdout.take().expect("it is piped"));
    let complaints = lines(child.0.stderr.take().expect("it is piped"));
    let process = child.0.id().to_string();
    let mut fingerprint = None;
    let mut deadline = Instant::now() + PREPARATION;
    loop {
        match said.try_recv() {
            Ok(line) => match Said::parse(&line) {
                Some(Said::Ready { fingerprint: given }) => {
                    fingerprint = Some(given);
                    deadline = Instant::now() + limits.time + GRACE;
                }
                Some(Said::CanNotExpress) => return Ok((Outcome::CanNotExpress, fingerprint)),
                Some(Said::Done { answer, time, peak }) => {
                    return Ok((judged(answer, time, peak, limits), fingerprint));
                }
                None => return Err(format!("{} said `{line}`, which means nothing.", name(cell))),
            },
            Err(TryRecvError::Disconnected) => {
                let status = child.0.wait().map_err(|error| format!("{}: {error}", name(cell)))?;
                let outcome = Outcome::GaveUp(GaveUp::Died(how(status, &complaints)));
                return Ok((outcome, fingerprint));
            }
            Err(TryRecvError::Empty) => {
                if Instant::now() >= deadline {
                    let limit = if fingerprint.is_some() { GaveUp::Time } else { GaveUp::Preparation };
                    return Ok((Outcome::GaveUp(limit), fingerprint));
                }
                if status_kib(&process, "VmRSS:").is_some_and(|resident| resident > limits.memory >> 10) {
                    return Ok((Outcome::GaveUp(GaveUp::Memory), fingerprint));
                }
                thread::sleep(LOOK);
            }
        }
    }
}

/// What a check that came to an end counts as.
fn judged(answer: Answer, time: Duration, peak: u64, limits: Limits) -> Outcome {
    if answer == Answer::Undecided {
        let at_the_end = time + Duration::from_millis(100) >= limits.time;
        Outcome::GaveUp(if at_the_end { GaveUp::Time } else { GaveUp::Undecided })
    } else if time > limits.time {
        Outcome::GaveUp(GaveUp::Time)
    } else if peak > limits.memory >> 10 {
        Outcome::GaveUp(GaveUp::Memory)
    } else {
        Outcome::Decided { answer, time, peak }
    }
}

/// The lines of a pipe, read as they come, so that the child never waits for a reader.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// How a process ended, in its own words if it had any.
fn how(status: ExitStatus, complaints: &Receiver<String>) -> String {
    let complaints: Vec<String> = complaints.iter().filter(|line| !line.trim().is_empty()).collect();
    if complaints.iter().any(|line| line.contains("overflowed its stack")) {
        return "stack overflow".to_owned();
    }
    let last_words =
        complaints.first().map_or_else(|| status.to_string(), |line| format!("{status}: {line}"));
    figures::one_line(&last_words, 80)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::family;

    const LIMITS: Limits = Limits { time: Duration::from_secs(1), memory: 1 << 20 };

    fn decided(answer: Answer) -> Outcome {
        Outcome::Decided { answer, time: Duration::from_millis(1), peak: 1 }
    }

    fn cell(checker: Checker, name: &str) -> Cell {
        let family = family(name).expect("it is there");
        Cell { checker, family, concurrency: 5, operations: 1_000, seed: 7 }
    }

    fn row(name: &str, outcomes: &[(Checker, Outcome)]) -> Row {
        let family = family(name).expect("it is there");
        Row { family, concurrency: 5, operations: 1_000, outcomes: outcomes.iter().cloned().collect() }
    }

    #[test]
    fn verdicts_that_disagree_stop_the_run_and_name_seed_and_cell() {
        let ours = [(Checker::Anachron, decided(Answer::NotLinearizable))];
        let theirs = cell(Checker::TodcUtils, "mutex-lost");
        let error = agree(&row("mutex-lost", &ours), &theirs, &decided(Answer::Linearizable)).unwrap_err();
        assert_eq!(
            error,
            "verdicts disagree: todc-utils on mutex-lost, concurrency 5, 1000 operations, seed 7 says linearizable, \
             anachron says not linearizable. One cell again: anachron-peers cell todc-utils mutex-lost 5 1000 --seed 7"
        );
        assert_eq!(agree(&row("mutex-lost", &ours), &theirs, &decided(Answer::NotLinearizable)), Ok(()));
        assert_eq!(agree(&row("mutex-lost", &ours), &theirs, &Outcome::GaveUp(GaveUp::Time)), Ok(()));
    }

    #[test]
    fn nobody_may_find_a_violation_where_there_is_none() {
        let first = cell(Checker::Anachron, "mutex");
        let error = agree(&row("mutex", &[]), &first, &decided(Answer::NotLinearizable)).unwrap_err();
        assert!(error.contains("the way in which the history was made says linearizable"), "{error}");
        assert_eq!(agree(&row("mutex", &[]), &first, &decided(Answer::Linearizable)), Ok(()));
    }

    #[test]
    fn a_peer_may_die_and_we_may_not() {
        let died = Outcome::GaveUp(GaveUp::Died("stack overflow".into()));
        assert_eq!(agree(&row("mutex", &[]), &cell(Checker::Stateright, "mutex"), &died), Ok(()));
        assert!(agree(&row("mutex", &[]), &cell(Checker::Anachron, "mutex"), &died).is_err());
    }

    #[test]
    fn a_verdict_over_a_limit_is_none() {
        let judged =
            |answer, milliseconds, peak| judged(answer, Duration::from_millis(milliseconds), peak, LIMITS);
        assert!(matches!(judged(Answer::Linearizable, 900, 1_000), Outcome::Decided { .. }));
        assert_eq!(judged(Answer::Linearizable, 1_001, 1_000), Outcome::GaveUp(GaveUp::Time));
        assert_eq!(judged(Answer::Linearizable, 900, 1_025), Outcome::GaveUp(GaveUp::Memory));
        assert_eq!(judged(Answer::Undecided, 1_000, 1_000), Outcome::GaveUp(GaveUp::Time));
        assert_eq!(judged(Answer::Undecided, 200, 1_000), Outcome::GaveUp(GaveUp::Undecided));
    }
}
