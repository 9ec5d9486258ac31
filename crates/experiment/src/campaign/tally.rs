//! What became of many seeds of a campaign, and the page that says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_checker::levels::State;
use anachron_trace::{Fingerprint, FingerprintHasher};

use super::Finding;
use crate::strategy::Mode;

/// The counts of one campaign.
#[derive(Clone, Debug)]
pub struct Tally {
    /// The mode.
    pub mode: &'static Mode,
    /// How many seeds were run.
    pub seeds: u64,
    /// How many operations were called in all.
    pub called: u64,
    /// How many of them were answered.
    pub answered: u64,
    /// How many faults struck.
    pub faults: u64,
    /// In how many runs the history was not linearizable.
    pub violations: u64,
    /// How many were not decided.
    pub undecided: u64,
    /// How many histories were held against the level that is promised instead of linearizability.
    pub graded: u64,
    /// How many of them are of that level.
    pub holds: u64,
    /// In how many an invariant was broken.
    pub broken: u64,
    /// In how many replicas did not hold at rest what was promised.
    pub diverged: u64,
    /// In how many an operation did not complete after healing.
    pub stuck: u64,
    /// How many violations there were of each kind, and the smallest seed of each.
    pub kinds: BTreeMap<AnomalyKind, (u64, u64)>,
    /// The first run that was not as promised.
    pub first_unclean: Option<Finding>,
    hasher: FingerprintHasher,
}

impl Tally {
    /// Nothing yet.
    pub fn new(mode: &'static Mode) -> Self {
        Self {
            mode,
            seeds: 0,
            called: 0,
            answered: 0,
            faults: 0,
            violations: 0,
            undecided: 0,
            graded: 0,
            holds: 0,
            broken: 0,
            diverged: 0,
            stuck: 0,
            kinds: BTreeMap::new(),
            first_unclean: None,
            hasher: FingerprintHasher::default(),
        }
    }

    /// Counts one finding. They come in the order of their seeds.
    pub fn add(&mut self, finding: &Finding) {
        self.seeds += 1;
        self.called += finding.called as u64;
        self.answered += finding.answered as u64;
        self.faults += finding.faults as u64;
        self.violations += u64::from(finding.decision == Decision::NotLinearizable);
        self.undecided += u64::from(finding.decision == Decision::Undecided);
        self.graded += u64::from(finding.level.is_some());
        self.holds += u64::from(finding.level == Some(State::Holds));
        self.broken += u64::from(!finding.broken.is_empty());
        self.diverged += u64::from(!finding.at_rest);
        self.stuck += u64::from(!finding.stuck.is_empty());
        if let Some(kind) = finding.kind {
            self.kinds.entry(kind).or_insert((0, finding.seed)).0 += 1;
        }
        if self.first_unclean.is_none() && !finding.is_clean(self.mode) {
            self.first_unclean = Some(finding.clone());
        }
        let print = finding.fingerprint.map_or(0, |print| print.0);
        let bytes = print.to_be_bytes();
        for half in [&bytes[..8], &bytes[8..]] {
            self.hasher.word(u64::from_be_bytes(half.try_into().expect("eight bytes")));
        }
    }

    /// True if every run was as the mode promises.
    pub fn is_clean(&self) -> bool {
        self.first_unclean.is_none()
    }

    /// Names all runs together: equal if and only if, as far as a hash can tell, every run was the same.
    pub fn digest(&self) -> Fingerprint {
        self.hasher.fingerprint()
    }
}

/// What stands above the tables of the report.
pub const REPORT_HEAD: &str = "\
# Every strategy under everything that its fault model allows

Written by `anachron campaign --seeds 0..10_000 --report reports/strategy-campaign.md`. Each row is one mode of a strategy
(`docs/strategies.md` says what it promises and survives) under so many seeds of the harshest plan that its fault model
allows: in clusters of five nodes where the seed is even, of three where it is odd. One row again: `anachron campaign MODE`;
one of its runs: `anachron run campaign-MODE --seed N` or `anachron run campaign-MODE-of-three --seed N`.

- *faults*: drawn and struck, over all runs: links cut in every shape and direction, flapping, lossy, doubling, reordering
  and slow; nodes paused, crashed anywhere, in the midst of a write, just before a sync is done, and (except for Viewstamped
  Replication, whose memories are its log) all at once; slow disks; clocks that jump, drift and, except under leases, stand
  still. Links keep no order at any time, and in Raft's clusters of five an operator moves leadership and members about;
- *violations*: histories that are not linearizable; *undecided*: histories on which the judge gave up;
- *invariants*: runs in which two nodes led one term, a commit point went back, two nodes applied different sequences of
  changes, a replica met what its protocol rules out, or one panicked;
- *diverged*: runs after which replicas did not hold at rest what is promised;
- *stuck*: runs in which, once healed, a read or a write did not complete: at whichever node a client asks first;
- *holds*: histories that are of the level that is promised, as the judge grades them;
- *digest*: a hash over the fingerprints of all runs.
";

const LINEARIZABLE: &str = "
## What claims linearizability

| mode | seeds | faults | operations | answered | violations | undecided | invariants | diverged | stuck | digest |
|-|-|-|-|-|-|-|-|-|-|-|
";

const LESS: &str = "
## What claims less, and something that the judge can check

| mode | promises | holds | seeds | faults | operations | answered | not linearizable | invariants | diverged | stuck | digest |
|-|-|-|-|-|-|-|-|-|-|-|-|
";

/// The report.
pub fn report(tallies: &[Tally]) -> String {
    let mut out = format!("{REPORT_HEAD}{LINEARIZABLE}");
    let (linearizable, less): (Vec<&Tally>, Vec<&Tally>) =
        tallies.iter().partition(|tally| tally.mode.is_linearizable());
    let mut put = |line: String| writeln!(out, "{line}").expect("a string takes everything");
    for tally in linearizable {
        let Tally { seeds, faults, called, answered, violations, undecided, broken, diverged, stuck, .. } =
            tally;
        put(format!(
            "| {} | {seeds} | {faults} | {called} | {answered} | {violations} | {undecided} | {broken} | {diverged} | {stuck} | `{}` |",
            tally.mode.name,
            tally.digest()
        ));
    }
    let graded: Vec<&Tally> = less.into_iter().filter(|tally| tally.graded > 0).collect();
    if !graded.is_empty() {
        put(LESS.trim_end().to_owned());
    }
    for tally in graded {
        let Tally {
            seeds, faults, called, answered, violations, broken, diverged, stuck, graded, holds, ..
        } = tally;
        put(format!(
            "| {} | {} | {holds} of {graded} | {seeds} | {faults} | {called} | {answered} | {violations} | {broken} | {diverged} | {stuck} | `{}` |",
            tally.mode.name,
            tally.mode.promise.name(),
            tally.digest()
        ));
    }
    out
}
