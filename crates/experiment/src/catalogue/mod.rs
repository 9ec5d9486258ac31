//! Verifies stories: does what comes out of every variant match what its story expects?
//!
//! Why it exists: the catalogue is held by CI. An anomaly that no longer appears is as much of a failure as a cure that no
//! longer cures; either says that a strategy, the simulator or the judge has changed its meaning.
//!
//! What it promises:
//! - Everything that a variant expects is looked at: under its own seed the verdict (with its certificate re-checked), the
//!   kind, the levels that still hold, what completes, convergence and progress; under its range of seeds all of that
//!   but the levels.
//! - A [`Missed`] expectation says what was expected, what was found, and the run that shows it.
//! - *Undecided* is never a pass.
//! - The result does not depend on the number of threads.
//!
//! What it leaves out on purpose: reading files, and words for people beyond one line.

mod expectation;
mod graded;
mod outcome;
mod work;

use std::num::NonZeroUsize;

use anachron_scenario::Variant;
use anachron_trace::Fingerprint;

use crate::Experiment;
use crate::judge::Limits;

pub use graded::has_operations_of_entry;
pub use outcome::{Outcome, outcome};
pub use work::verify;

/// A variant to verify.
pub struct Case<'s> {
    /// What is expected.
    pub variant: &'s Variant,
    /// The variant, lowered.
    pub experiment: Experiment,
}

/// How cases are verified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many threads work.
    pub threads: NonZeroUsize,
    /// What judging one history may take; the memory is for all threads together.
    pub limits: Limits,
    /// Of a range of seeds, so many at most; `None`: all. Does not bound the search for one seed among many.
    pub most_seeds: Option<u64>,
}

impl Plan {
    /// How many runs it takes at most.
    pub fn most_runs(self, cases: &[Case<'_>]) -> u64 {
        let range = |case: &Case<'_>| {
            case.variant.expect.seeds.map_or(0, |range| work::end(range, self) - range.from)
        };
        cases.iter().fold(0, |sum: u64, case| sum.saturating_add(1).saturating_add(range(case)))
    }
}

/// What became of one variant's expectations.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verification {
    /// How many runs it took.
    pub runs: u64,
    /// What did not come out as expected; of each sort, the smallest seed.
    pub missed: Vec<Missed>,
    /// The first seed of the range that is as expected, if the expectation is that there is one.
    pub found_at: Option<u64>,
    /// True if it was interrupted before the end.
    pub interrupted: bool,
    /// While one seed is searched for: the first that is not it.
    example: Option<Missed>,
}

impl Verification {
    /// As expected, in every respect.
    pub fn is_met(&self) -> bool {
        self.missed.is_empty() && !self.interrupted
    }

    /// True if nothing but time or memory stood in the way.
    pub fn is_open(&self) -> bool {
        !self.missed.is_empty() && self.missed.iter().all(|missed| missed.undecided)
    }
}

/// An expectation that was not met, and the run that shows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// The field of the expectation (`verdict`, `kind`, `holds`, …), or `certificate`.
    pub field: &'static str,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
    /// True if the judge could not tell.
    pub undecided: bool,
    /// The seed.
    pub seed: u64,
    /// The run's fingerprint.
    pub fingerprint: Fingerprint,
}
