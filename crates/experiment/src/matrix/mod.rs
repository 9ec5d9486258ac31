//! Strategies × guarantees: which guarantee holds for which strategy, found by running.
//!
//! Why it exists: "eventual", "causal" and "sequential" are words in a table; here each word is a column, and each answer
//! has a run that shows it. A row is a [`Mode`]: a strategy with the settings on which its promise depends.
//!
//! What it promises:
//! - every mode of the table has a row, and every row a [`Cell`] for each of [`Guarantee::ALL`];
//! - *broken* comes with the first seed that shows it. *Holds* says how many runs found nothing else: that is evidence, and
//!   no proof. What the judge's budget left open is *undecided*; what makes no sense for a mode's object is *not defined*;
//! - the same number of seeds gives the same matrix, on any number of threads: the budget counts configurations and memory,
//!   not time;
//! - [`Row::broken_promises`] names what the mode promises and the runs do not show.
//!
//! The worlds that it is found in are stories like any other, named `matrix-…`; see [`World`].

mod survey;
mod worlds;

use anachron_checker::levels::Level;

use crate::strategy::mode::{AtRest, Promise};
use crate::strategy::{Mode, StrategyEntry};

pub use survey::{SEEDS, row};
pub use worlds::{Nodes, Trouble, World};

/// What a strategy may guarantee: the columns.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Guarantee {
    /// What clients see is of this level, in every run of the world `matrix-faults`.
    Level(Level),
    /// In the same runs, once all is healed: all replicas hold the same.
    Convergence,
    /// Whichever two of five nodes are cut off from the others: a client beside each of the two gets answers to its reads.
    MinorityReads,
    /// The same for writes.
    MinorityWrites,
    /// Whichever f of five nodes crash for good: at each of the others a write and a read are answered.
    Crashes,
}

impl Guarantee {
    /// Every column, in order.
    pub const ALL: [Self; 12] = [
        Self::Level(Level::Linearizable),
        Self::Level(Level::Sequential),
        Self::Level(Level::CausalMemory),
        Self::Level(Level::CausalConvergence),
        Self::Level(Level::ReadYourWrites),
        Self::Level(Level::MonotonicReads),
        Self::Level(Level::MonotonicWrites),
        Self::Level(Level::WritesFollowReads),
        Self::Convergence,
        Self::MinorityReads,
        Self::MinorityWrites,
        Self::Crashes,
    ];

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Level(level) => level.title(),
            Self::Convergence => "replicas converge",
            Self::MinorityReads => "reads in a minority",
            Self::MinorityWrites => "writes in a minority",
            Self::Crashes => "survives f crashes",
        }
    }

    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Level(level) => level.name(),
            Self::Convergence => "convergence",
            Self::MinorityReads => "minority_reads",
            Self::MinorityWrites => "minority_writes",
            Self::Crashes => "crashes",
        }
    }
}

/// What was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// In every run.
    Holds,
    /// Not always, and not never: some of a minority's questions are answered; fewer crashes than a minority are survived.
    Partly,
    /// A run shows that it does not hold; or nothing was answered at all.
    Broken,
    /// No run shows that it is broken, and of some the judge could not tell.
    Undecided,
    /// It makes no sense for what the mode keeps.
    NotDefined,
}

impl Answer {
    /// Its name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Partly => "partly",
            Self::Broken => "broken",
            Self::Undecided => "undecided",
            Self::NotDefined => "not-defined",
        }
    }
}

/// A run that shows something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The world.
    pub world: World,
    /// The seed.
    pub seed: u64,
}

/// What was found of one guarantee for one mode.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// The answer.
    pub answer: Answer,
    /// In a word or two: `60 runs`, `seed 3`, `12 of 20`, `f = 2`.
    pub said: String,
    /// How many runs were looked at.
    pub runs: u64,
    /// The run that shows it, of an answer that one run can show.
    pub shown: Option<Shown>,
}

/// What was found for one mode.
#[derive(Clone)]
pub struct Row {
    /// The strategy.
    pub entry: &'static StrategyEntry,
    /// The mode.
    pub mode: &'static Mode,
    /// One for each of [`Guarantee::ALL`].
    pub cells: [Cell; Guarantee::ALL.len()],
}

impl Row {
    /// The columns with what was found.
    pub fn columns(&self) -> impl Iterator<Item = (Guarantee, &Cell)> {
        Guarantee::ALL.into_iter().zip(&self.cells)
    }

    /// The world of this kind that the mode is a variant of.
    pub fn world(&self, trouble: Trouble) -> World {
        World { trouble, cluster: self.mode.cluster }
    }

    /// What was found of a guarantee.
    pub fn cell(&self, guarantee: Guarantee) -> &Cell {
        let found = self.columns().find(|(column, _)| *column == guarantee);
        found.expect("every guarantee is a column").1
    }

    /// The guarantees that the mode promises.
    pub fn promised(&self) -> Vec<Guarantee> {
        let top = match self.mode.promise {
            Promise::Linearizable => Some(Level::Linearizable),
            Promise::Less { level, .. } => level.judged(),
        };
        let is_promised = |guarantee: &Guarantee| match guarantee {
            // Who delivers in causal order, and agrees at rest, promises convergence as well.
            Guarantee::Level(Level::CausalConvergence) if top == Some(Level::CausalMemory) => true,
            Guarantee::Level(level) => top.is_some_and(|top| implies(top, *level)),
            Guarantee::Convergence => self.mode.at_rest == AtRest::AllAgree,
            Guarantee::MinorityReads | Guarantee::MinorityWrites | Guarantee::Crashes => false,
        };
        Guarantee::ALL.into_iter().filter(is_promised).collect()
    }

    /// The guarantees that the mode promises and that were found broken or undecided.
    pub fn broken_promises(&self) -> Vec<(Guarantee, &Cell)> {
        let kept = |cell: &Cell| matches!(cell.answer, Answer::Holds | Answer::NotDefined);
        let promised = self.promised();
        self.columns().filter(|(column, cell)| promised.contains(column) && !kept(cell)).collect()
    }
}

/// True if whatever is of one level is of the other.
fn implies(above: Level, level: Level) -> bool {
    level == above || level.implied_by().iter().any(|between| implies(above, *between))
}
