//! Shares the runs of many variants out to threads, and puts together what each variant's runs found.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use anachron_scenario::{Occurs, SeedRange};

use super::expectation::{missed, missed_by_proof};
use super::{Case, Missed, Plan, Verification};
use crate::Trial;
use crate::judge::Limits;

/// How many seeds of a range a thread takes at a time.
const SHARE: u64 = 32;

/// Work that one thread does in one go.
struct Unit {
    case: usize,
    seeds: Seeds,
}

enum Seeds {
    /// The variant's own, with everything that is asked of it alone.
    Own,
    /// Some of its range.
    Range(Range<u64>),
}

/// What is known of a variant while its units are worked on.
struct Progress {
    units_left: usize,
    verification: Verification,
}

/// Verifies every case. `observe` is told what became of each, in their order; `ran` hears of every run.
///
/// `interrupted` ends the work after the runs under way; cases that were not finished say so.
pub fn verify(
    cases: &[Case<'_>],
    plan: Plan,
    interrupted: &AtomicBool,
    ran: &(dyn Fn() + Sync),
    observe: &mut (dyn FnMut(usize, &Verification) + Send),
) {
    let units: Vec<Unit> = (0..cases.len()).flat_map(|case| units(cases, case, plan)).collect();
    let progress: Vec<Mutex<Progress>> = (0..cases.len())
        .map(|case| {
            let units_left = units.iter().filter(|unit| unit.case == case).count();
            Mutex::new(Progress { units_left, verification: Verification::default() })
        })
        .collect();
    let told = Mutex::new((0, BTreeMap::new(), observe));
    let next = AtomicUsize::new(0);
    let threads = plan.threads.get().min(units.len()).max(1);
    let limits =
        Limits { threads: std::num::NonZeroUsize::MIN, memory: plan.limits.memory / threads, ..plan.limits };
    let work = || {
        while let Some(unit) = units.get(next.fetch_add(1, Ordering::Relaxed)) {
            let case = &cases[unit.case];
            let is_settled = || is_found(&lock(&progress[unit.case]).verification, &unit.seeds);
            let found = one(case, &unit.seeds, limits, interrupted, ran, &is_settled);
            let mut progress = lock(&progress[unit.case]);
            progress.verification.add(found);
            progress.units_left -= 1;
            if progress.units_left > 0 {
                continue;
            }
            let mut verification = std::mem::take(&mut progress.verification);
            if let Some(range) = case.variant.expect.seeds.filter(|range| range.occurs == Occurs::Within)
                && verification.found_at.is_none()
                && !verification.interrupted
                && let Some(example) = verification.example.take()
            {
                verification.missed.push(Missed {
                    field: "seeds",
                    expected: format!("as expected for at least one seed of {}..{}", range.from, range.to),
                    found: "for none; this is the first".to_owned(),
                    ..example
                });
            }
            verification.missed.sort_by_key(|missed| (missed.seed, missed.field));
            tell(&mut lock(&told), unit.case, verification);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while it holds the lock")
}

/// Whom the results go to, and those that are done before the ones in front of them.
type Told<'o> = (usize, BTreeMap<usize, Verification>, &'o mut (dyn FnMut(usize, &Verification) + Send));

/// Hands results on in the order of the cases.
fn tell((due, early, observe): &mut Told<'_>, case: usize, verification: Verification) {
    early.insert(case, verification);
    while let Some(verification) = early.remove(due) {
        observe(*due, &verification);
        *due += 1;
    }
}

fn units(cases: &[Case<'_>], case: usize, plan: Plan) -> Vec<Unit> {
    let mut units = vec![Unit { case, seeds: Seeds::Own }];
    if let Some(range) = cases[case].variant.expect.seeds {
        let mut from = range.from;
        let end = end(range, plan);
        while from < end {
            let until = from.saturating_add(SHARE).min(end);
            units.push(Unit { case, seeds: Seeds::Range(from..until) });
            from = until;
        }
    }
    units
}

/// Where a range ends for this plan. For one seed among many, all of them may be needed.
pub(super) fn end(range: SeedRange, plan: Plan) -> u64 {
    match plan.most_seeds {
        Some(most) if range.occurs != Occurs::Within => range.to.min(range.from.saturating_add(most)),
        _ => range.to,
    }
}

/// True if an earlier part of the range has what this part would be searched for. Parts are taken in order, so those
/// before it are taken already, and the first seed found is the first there is.
fn is_found(known: &Verification, seeds: &Seeds) -> bool {
    matches!((known.found_at, seeds), (Some(seed), Seeds::Range(range)) if seed < range.start)
}

fn one(
    case: &Case<'_>,
    seeds: &Seeds,
    limits: Limits,
    interrupted: &AtomicBool,
    ran: &(dyn Fn() + Sync),
    is_settled: &dyn Fn() -> bool,
) -> Verification {
    let mut found = Verification::default();
    let occurs = case.variant.expect.seeds.map_or(Occurs::Always, |range| range.occurs);
    let (range, own) = match seeds {
        Seeds::Own => (case.variant.seed..=case.variant.seed, true),
        Seeds::Range(range) => (range.start..=range.end - 1, false),
    };
    for seed in range {
        if !own && is_settled() {
            break;
        }
        if interrupted.load(Ordering::Relaxed) {
            found.interrupted = true;
            break;
        }
        let trial = case.experiment.trial(seed, limits, interrupted);
        let mut misses = missed(case, &trial);
        if own && occurs != Occurs::Never {
            misses.extend(missed_by_proof(case, &trial, limits, interrupted));
        }
        // What was interrupted in the middle was not decided for no reason of its own.
        if interrupted.load(Ordering::Relaxed) {
            found.interrupted = true;
            break;
        }
        found.runs += 1;
        ran();
        match (occurs, own) {
            (Occurs::Always, _) | (Occurs::Within, true) => {
                for miss in misses {
                    found.miss(miss);
                }
            }
            (Occurs::Within, false) if misses.is_empty() => {
                found.found_at = Some(seed);
                break;
            }
            (Occurs::Within, false) => found.example = found.example.take().or(misses.into_iter().next()),
            (Occurs::Never, _) if misses.is_empty() => found.miss(never(case, &trial)),
            // That it was not decided is no proof that it did not occur.
            (Occurs::Never, _) => {
                for miss in misses.into_iter().filter(|miss| miss.undecided) {
                    found.miss(miss);
                }
            }
        }
    }
    found
}

fn never(case: &Case<'_>, trial: &Trial) -> Missed {
    let expect = &case.variant.expect;
    let what = expect.kind.as_deref().unwrap_or(expect.verdict.name());
    Missed {
        field: "seeds",
        expected: format!("never {what}"),
        found: what.to_owned(),
        undecided: false,
        seed: trial.seed,
        fingerprint: trial.run.fingerprint,
    }
}

impl Verification {
    /// Adds what another part of the same case found.
    fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.interrupted |= other.interrupted;
        self.found_at = self.found_at.into_iter().chain(other.found_at).min();
        for miss in other.missed {
            self.miss(miss);
        }
        let earlier = |one: &Missed, other: &Missed| one.seed <= other.seed;
        self.example = match (self.example.take(), other.example) {
            (Some(one), Some(other)) if !earlier(&one, &other) => Some(other),
            (one, other) => one.or(other),
        };
    }

    /// Notes a miss, unless one of its sort has a smaller seed.
    fn miss(&mut self, miss: Missed) {
        match self.missed.iter_mut().find(|known| known.field == miss.field) {
            None => self.missed.push(miss),
            Some(known) if miss.seed < known.seed => *known = miss,
            Some(_) => {}
        }
    }
}
