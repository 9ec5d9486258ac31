//! Runs a mode in every world of the matrix and says what was found.

use std::sync::atomic::{AtomicBool, Ordering};

use anachron_checker::levels::{Level, State, grade_judged};
use anachron_checker::{Budget, Decision};
use anachron_history::History;
use anachron_vocabulary::{Operation, Outcome};

use super::worlds::{ASKER, NODES};
use super::{Answer, Cell, Guarantee, Nodes, Row, Shown, Trouble, World};
use crate::judge::Limits;
use crate::strategy::mode::{Cluster, Object};
use crate::strategy::{Mode, StrategyEntry};
use crate::{Experiment, ExperimentError, Trial};

/// How many seeds of `matrix-faults` a row is found with, unless somebody asks for more.
pub const SEEDS: u64 = 400;
/// The seed of the worlds whose faults are scripted.
const SEED: u64 = 1;
/// What each level of one history may take; counted, so that the answer is the same everywhere.
const CONFIGURATIONS: u64 = 200_000;
const MEMORY: usize = 256 << 20;

/// What is known of one column that every run can break.
#[derive(Clone, Copy, Default)]
struct Tally {
    broken_at: Option<u64>,
    undecided: u64,
}

impl Tally {
    fn add(&mut self, seed: u64, state: State) {
        match state {
            State::Violated => self.broken_at = self.broken_at.or(Some(seed)),
            State::Undecided => self.undecided += 1,
            State::Holds | State::NotDefined => {}
        }
    }

    fn cell(self, runs: u64, world: World) -> Cell {
        match self {
            Self { broken_at: Some(seed), .. } => Cell {
                answer: Answer::Broken,
                said: format!("seed {seed}"),
                runs,
                shown: Some(Shown { world, seed }),
            },
            Self { undecided: 0, .. } => {
                Cell { answer: Answer::Holds, said: format!("{runs} runs"), runs, shown: None }
            }
            Self { undecided, .. } => {
                Cell { answer: Answer::Undecided, said: format!("{undecided} of {runs}"), runs, shown: None }
            }
        }
    }
}

/// Finds the row of a mode; nothing if it was interrupted.
///
/// # Errors
/// When the mode's strategy can't be made; no mode of the table is like that.
pub fn row(
    entry: &'static StrategyEntry,
    mode: &'static Mode,
    seeds: u64,
    interrupted: &AtomicBool,
) -> Result<Option<Row>, ExperimentError> {
    let survey = Survey { mode, interrupted };
    let Some(under_faults) = survey.under_faults(seeds)? else { return Ok(None) };
    let Some(minority) = survey.minority()? else { return Ok(None) };
    let Some(crashes) = survey.crashes()? else { return Ok(None) };
    let mut cells = under_faults.into_iter().chain(minority).chain([crashes]);
    let cells = std::array::from_fn(|_| cells.next().expect("a cell for each column"));
    Ok(Some(Row { entry, mode, cells }))
}

struct Survey<'a> {
    mode: &'static Mode,
    interrupted: &'a AtomicBool,
}

impl Survey<'_> {
    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    fn world(&self, trouble: Trouble) -> World {
        World { trouble, cluster: self.mode.cluster }
    }

    fn experiment(&self, world: World) -> Result<Experiment, ExperimentError> {
        let scenario = world.scenario();
        let variant = scenario.variant(self.mode.name).expect("every mode is a variant");
        Experiment::new(&scenario, variant)
    }

    /// The levels, and convergence.
    fn under_faults(&self, seeds: u64) -> Result<Option<Vec<Cell>>, ExperimentError> {
        let world = self.world(Trouble::Faults);
        let experiment = self.experiment(world)?;
        let levels: Vec<Level> = Guarantee::ALL
            .iter()
            .filter_map(|column| if let Guarantee::Level(level) = column { Some(*level) } else { None })
            .collect();
        let mut found = vec![Tally::default(); levels.len()];
        let mut convergence = Tally::default();
        for seed in 0..seeds {
            if self.is_interrupted() {
                return Ok(None);
            }
            let is_open = |tally: &Tally| tally.broken_at.is_none();
            if !found.iter().chain([&convergence]).any(is_open) {
                break;
            }
            let limits = Limits { time: None, memory: MEMORY, threads: std::num::NonZeroUsize::MIN };
            let trial = experiment.trial(seed, limits, self.interrupted);
            let converged = trial.run.rest.as_ref().is_some_and(|rest| rest.converged);
            convergence.add(seed, if converged { State::Holds } else { State::Violated });
            // What is linearizable is of every level below: no client's operations touch in time.
            if trial.decision() != Decision::Linearizable && found.iter().any(is_open) {
                self.grade(&experiment, &trial, &levels, &mut found);
            }
        }
        let cell = |(&level, tally): (&Level, &Tally)| {
            let is_defined = self.mode.object == Object::Register || has_any_object(level);
            if is_defined { tally.cell(seeds, world) } else { not_defined() }
        };
        let mut cells: Vec<Cell> = levels.iter().zip(&found).map(cell).collect();
        // With locks there is one resource: nobody whom it could agree with.
        let has_replicas = self.mode.cluster == Cluster::Alike;
        cells.push(if has_replicas { convergence.cell(seeds, world) } else { not_defined() });
        Ok((!self.is_interrupted()).then_some(cells))
    }

    fn grade(&self, experiment: &Experiment, trial: &Trial, levels: &[Level], found: &mut [Tally]) {
        let mut stop = || self.is_interrupted();
        let mut budget = Budget::with_stop(&mut stop).configurations(CONFIGURATIONS).memory(MEMORY);
        let judgement = trial.judgement.clone();
        let grades =
            grade_judged(&trial.run.history, &experiment.options, judgement, &mut budget, &mut |_| {})
                .expect("the model judged it just now");
        for (level, tally) in levels.iter().zip(found) {
            tally.add(trial.seed, grades.state(*level));
        }
    }

    /// Reads and writes on the smaller side of a partition, whichever two nodes that is.
    fn minority(&self) -> Result<Option<[Cell; 2]>, ExperimentError> {
        let mut sides = [Side::default(), Side::default()];
        for nodes in Nodes::sets_of(u32::from(NODES) / 2) {
            if self.is_interrupted() {
                return Ok(None);
            }
            let world = self.world(Trouble::Cut(nodes));
            let history = self.experiment(world)?.run(SEED);
            let asked: [fn(&Operation) -> bool; 2] = [is_read, |operation| !is_read(operation)];
            for (side, asked) in sides.iter_mut().zip(asked) {
                side.add(answers(&history, asked), world);
            }
        }
        let [reads, writes] = sides.map(Side::cell);
        let reads = if self.mode.object == Object::Lock { not_defined() } else { reads };
        Ok(Some([reads, writes]))
    }

    /// The most crashes after which every node that is left answers, whichever nodes they strike.
    fn crashes(&self) -> Result<Option<Cell>, ExperimentError> {
        let mut runs = 0;
        for down in 1..u32::from(NODES) {
            for nodes in Nodes::sets_of(down) {
                if self.is_interrupted() {
                    return Ok(None);
                }
                let world = self.world(Trouble::Crash(nodes));
                let history = self.experiment(world)?.run(SEED);
                runs += 1;
                let (answered, asked) = answers(&history, |_| true);
                if answered < asked {
                    let survived = down - 1;
                    let answer = match survived {
                        0 => Answer::Broken,
                        few if few < u32::from(NODES) / 2 => Answer::Partly,
                        _ => Answer::Holds,
                    };
                    let shown = Some(Shown { world, seed: SEED });
                    return Ok(Some(Cell { answer, said: format!("f = {survived}"), runs, shown }));
                }
            }
        }
        let all_but_one = Nodes::sets_of(u32::from(NODES) - 1).next().expect("a set of nodes");
        let shown = Some(Shown { world: self.world(Trouble::Crash(all_but_one)), seed: SEED });
        Ok(Some(Cell { answer: Answer::Holds, said: format!("f = {}", NODES - 1), runs, shown }))
    }
}

impl Experiment {
    /// What clients see under one seed.
    fn run(&self, seed: u64) -> History {
        self.strategy.run(&self.world(seed)).history
    }
}

/// How many of a minority's questions were answered, over all minorities.
#[derive(Default)]
struct Side {
    runs: u64,
    answered: usize,
    asked: usize,
    /// The first world in which one was, and the first in which one was not.
    some: Option<World>,
    not_all: Option<World>,
}

impl Side {
    fn add(&mut self, (answered, asked): (usize, usize), world: World) {
        self.runs += 1;
        self.answered += answered;
        self.asked += asked;
        if answered > 0 {
            self.some.get_or_insert(world);
        }
        if answered < asked {
            self.not_all.get_or_insert(world);
        }
    }

    fn cell(self) -> Cell {
        let (answer, world) = match (self.answered, self.not_all) {
            (_, None) => (Answer::Holds, self.some),
            (0, not_all) => (Answer::Broken, not_all),
            (_, not_all) => (Answer::Partly, not_all),
        };
        Cell {
            answer,
            said: format!("{} of {}", self.answered, self.asked),
            runs: self.runs,
            shown: world.map(|world| Shown { world, seed: SEED }),
        }
    }
}

/// How many of the operations on which the answer hangs were answered, and how many there are. A partition lasts to the
/// end of its story, so that an answer within the story is one from the minority.
fn answers(history: &History, asked: impl Fn(&Operation) -> bool) -> (usize, usize) {
    let asked = history
        .records
        .iter()
        .filter(|record| history.client_name(record.client).starts_with(ASKER) && asked(&record.operation));
    let (mut answered, mut all) = (0, 0);
    for record in asked {
        all += 1;
        answered += usize::from(matches!(record.outcome, Outcome::Ok(_)));
    }
    assert!(all > 0, "a world whose answer hangs on nothing would always hold");
    (answered, all)
}

fn is_read(operation: &Operation) -> bool {
    matches!(operation, Operation::Read)
}

/// True for the levels that are defined for every object, not only for those whose reads say what they saw.
fn has_any_object(level: Level) -> bool {
    matches!(level, Level::Linearizable | Level::Sequential)
}

fn not_defined() -> Cell {
    Cell { answer: Answer::NotDefined, said: "–".to_owned(), runs: 0, shown: None }
}
