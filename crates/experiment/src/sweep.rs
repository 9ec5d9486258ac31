//! Many seeds of one variant: how often does it go wrong, how, and where first?
//!
//! Seeds are shared out to all cores; what is found does not depend on which core found it: counts add up, and the
//! first seed of each kind is the smallest.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_trace::Fingerprint;

use crate::Experiment;
use crate::judge::Limits;

/// What became of one seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The run's fingerprint.
    pub fingerprint: Fingerprint,
    /// The verdict.
    pub decision: Decision,
    /// What kind of anomaly, if there is one.
    pub kind: Option<AnomalyKind>,
    /// How many operations are enough to show it.
    pub core: usize,
    /// Whether replicas agreed at rest, if that was asked.
    pub converged: Option<bool>,
    /// Whether an operation completed after healing, if that was asked.
    pub progressed: Option<bool>,
    /// True if the run was cut off by its step limit, and so is shorter than it should be.
    pub cut_off: bool,
}

/// What became of a range of seeds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// How many seeds were run.
    pub seeds: u64,
    /// How many of them had a history that is not linearizable.
    pub violations: u64,
    /// How many were not decided.
    pub undecided: u64,
    /// In how many replicas did not agree at rest.
    pub diverged: u64,
    /// In how many no operation completed after healing.
    pub stuck: u64,
    /// How many were cut off by their step limit.
    pub cut_off: u64,
    /// The smallest seed with a violation.
    pub first_violation: Option<u64>,
    /// The smallest seed that was not decided.
    pub first_undecided: Option<u64>,
    /// The smallest seed whose replicas did not agree at rest.
    pub first_diverged: Option<u64>,
    /// The smallest seed in which no operation completed after healing.
    pub first_stuck: Option<u64>,
    /// The fewest operations that show a violation.
    pub smallest_core: Option<usize>,
    /// How many violations there were of each kind, and the smallest seed of each.
    pub kinds: BTreeMap<AnomalyKind, (u64, u64)>,
    /// The fingerprint of the runs, as long as all are one and the same run: then nothing was left to chance, and a rate
    /// says nothing.
    pub same_run: SameRun,
    /// True if the sweep was interrupted: seeds are missing, and not only from the end.
    pub interrupted: bool,
}

/// Whether all runs of a sweep are one and the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SameRun {
    /// There was none yet.
    #[default]
    NoRun,
    /// All had this fingerprint.
    All(Fingerprint),
    /// Some differ.
    No,
}

impl Summary {
    /// Counts one outcome. The order does not matter.
    pub fn add(&mut self, outcome: &Outcome) {
        let seed = outcome.seed;
        let earliest = |slot: &mut Option<u64>| *slot = Some(slot.map_or(seed, |first| first.min(seed)));
        self.seeds += 1;
        self.same_run = match self.same_run {
            SameRun::NoRun => SameRun::All(outcome.fingerprint),
            SameRun::All(print) if print == outcome.fingerprint => SameRun::All(print),
            SameRun::All(_) | SameRun::No => SameRun::No,
        };
        match outcome.decision {
            Decision::Linearizable => {}
            Decision::Undecided => {
                self.undecided += 1;
                earliest(&mut self.first_undecided);
            }
            Decision::NotLinearizable => {
                self.violations += 1;
                earliest(&mut self.first_violation);
                let core = outcome.core;
                self.smallest_core = Some(self.smallest_core.map_or(core, |least| least.min(core)));
                if let Some(kind) = outcome.kind {
                    let (count, first) = self.kinds.entry(kind).or_insert((0, seed));
                    *count += 1;
                    *first = (*first).min(seed);
                }
            }
        }
        if outcome.converged == Some(false) {
            self.diverged += 1;
            earliest(&mut self.first_diverged);
        }
        if outcome.progressed == Some(false) {
            self.stuck += 1;
            earliest(&mut self.first_stuck);
        }
        self.cut_off += u64::from(outcome.cut_off);
    }
}

/// Runs and judges every seed of a range.
///
/// `observe` is told every outcome, in the order of seeds whatever the number of threads; `interrupted` ends the sweep
/// after the seeds under way.
pub fn sweep(
    experiment: &Experiment,
    seeds: Range<u64>,
    threads: NonZeroUsize,
    limits: Limits,
    interrupted: &AtomicBool,
    observe: &mut (dyn FnMut(&Outcome) + Send),
) -> Summary {
    let alone = Limits { threads: NonZeroUsize::MIN, memory: limits.memory / threads.get(), ..limits };
    let mut summary = Summary::default();
    let work = |seed| {
        let outcome = outcome(experiment, seed, alone, interrupted);
        // A seed that was interrupted in the middle was judged *undecided* for no reason of its own.
        let spoilt = outcome.decision == Decision::Undecided && interrupted.load(Ordering::Relaxed);
        (!spoilt).then_some(outcome)
    };
    over_seeds(seeds.clone(), threads, interrupted, &work, &mut |outcome| {
        summary.add(outcome);
        observe(outcome);
    });
    summary.interrupted = summary.seeds < seeds.end.saturating_sub(seeds.start);
    summary
}

/// How many seeds a thread takes at a time, at most.
const SHARE: u64 = 16;
/// Into how many shares a thread's part of a range falls at least, so that no thread is left with all the slow ones.
const SHARES: u64 = 8;

/// Does something with every seed of a range, on several threads; nothing comes of a seed whose work was spoilt by an
/// interrupt.
///
/// `observe` is told what came of each seed, in the order of seeds whatever the number of threads; `interrupted` ends it
/// after the seeds under way. After an interrupt there may be gaps.
pub fn over_seeds<T: Send>(
    seeds: Range<u64>,
    threads: NonZeroUsize,
    interrupted: &AtomicBool,
    work: &(dyn Fn(u64) -> Option<T> + Sync),
    observe: &mut (dyn FnMut(&T) + Send),
) {
    let part = seeds.end.saturating_sub(seeds.start) / threads.get() as u64;
    let at_a_time = (part / SHARES).clamp(1, SHARE);
    let next = AtomicU64::new(seeds.start);
    let in_order = Mutex::new(InOrder { due: seeds.start, early: BTreeMap::new(), observe });
    let one_thread = || {
        while !interrupted.load(Ordering::Relaxed) {
            // Never beyond the end: there a plain sum could begin again at 0.
            let share = |first: u64| Some(first.saturating_add(at_a_time).min(seeds.end));
            let first = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, share).unwrap_or(seeds.end);
            if first >= seeds.end {
                break;
            }
            let last = first.saturating_add(at_a_time).min(seeds.end);
            let not_interrupted = |_: &u64| !interrupted.load(Ordering::Relaxed);
            let own = (first..last).take_while(not_interrupted).filter_map(work).collect();
            in_order.lock().expect("no thread panics while it holds the lock").hand_over(first, last, own);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(one_thread);
        }
    });
    in_order.into_inner().expect("no thread panicked").hand_over_the_rest();
}

/// Hands on what came of the seeds, in their order.
struct InOrder<'o, T> {
    due: u64,
    /// Shares that are done before those in front of them, by their first seed.
    early: BTreeMap<u64, (u64, Vec<T>)>,
    observe: &'o mut (dyn FnMut(&T) + Send),
}

impl<T> InOrder<'_, T> {
    fn hand_over(&mut self, first: u64, last: u64, own: Vec<T>) {
        self.early.insert(first, (last, own));
        while let Some((last, share)) = self.early.remove(&self.due) {
            self.due = last;
            share.iter().for_each(&mut *self.observe);
        }
    }

    /// After an interrupt there may be gaps: what lies behind them is told all the same, so that whoever observes
    /// has seen every seed that the summary counts.
    fn hand_over_the_rest(self) {
        self.early.values().flat_map(|(_, share)| share).for_each(self.observe);
    }
}

fn outcome(experiment: &Experiment, seed: u64, limits: Limits, interrupted: &AtomicBool) -> Outcome {
    let trial = experiment.trial(seed, limits, interrupted);
    let core = trial.judgement.violation().map_or(0, |(_, core)| core.operations.len());
    let rest = trial.run.rest.as_ref();
    Outcome {
        seed,
        fingerprint: trial.run.fingerprint,
        decision: trial.decision(),
        kind: experiment.explain(&trial).map(|explanation| explanation.kind),
        core,
        converged: rest.map(|rest| rest.converged),
        progressed: rest.map(|rest| rest.progressed),
        cut_off: trial.run.step_limit_reached,
    }
}
