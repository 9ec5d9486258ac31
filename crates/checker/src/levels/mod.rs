//! How far from linearizable: a history graded down the ladder of consistency models.
//!
//! Why it exists: "not linearizable" covers a read that is a moment late as well as a store that loses what it promised. The
//! ladder says what still holds, and each grade brings what backs it.
//!
//! What it promises, for [`grade()`]:
//! - every level of [`Level::ALL`] gets one of four answers: it holds, it is violated, it is undecided (the budget was
//!   spent), or it is not defined for such a history (see [`Undefined`]: below sequential consistency every read must
//!   tell whose write it saw). The first two come with [`Evidence`];
//! - linearizability, regularity, safety, k- and Δ-atomicity are local and look at real time; sequential consistency, the
//!   causal models, PRAM and the session guarantees are about all objects together (versions are per object) and look at
//!   each client's own order instead of real time;
//! - linearizability, sequential consistency and k-atomicity are NP-complete in general and may be undecided; the
//!   others take polynomial time, and are undecided only if their tables outgrow the budget's memory or the
//!   caller stops them. The budget's limits hold for each level anew.
//!
//! The ladder: linearizable ⇒ sequential ⇒ CM and CCv; CM ⇒ PRAM and the four guarantees with one order each; CCv ⇒ the
//! four with one order for all ⇒ with one order each ⇒ CC, and each of the four; PRAM ⇒ each but writes follow reads;
//! linearizable ⇒ regular ⇒ safe; linearizable ⇔ k = 1 ⇔ Δ = 0. The first arrow needs clients whose operations do not touch: a call at the very time
//! of the return before it is concurrent in real time, but not for its client.
//!
//! Failed operations count for nothing. A write of unknown outcome counts iff somebody read its value (and, to a safe
//! register, always): it may take effect at any time after its call, also after what its client did next, or never.
//!
//! Definitions follow `models.md` of the catalogue; papers and sections are named in each file. Left out on purpose:
//! convergence (a client history can't show it), FZF for k = 2, transactions.

mod causal;
mod closure;
mod delta;
mod evidence;
mod grade;
mod intervals;
mod k_atomicity;
mod process_order;
mod registers;
mod sequential;
mod sessions;

use anachron_history::History;

use crate::{
    Budget, CheckOptions, Decision, Judgement, Limit, PartVerdict, Verdict, WrongOperation, combine,
    partition,
};
use closure::{Closure, base_edges};
use registers::Registers;
use sessions::{Guarantee, Sharing};

pub use evidence::{Evidence, Link, Point, VersionOrder, View, Why};
pub use grade::{Grade, Grades, Level, Measure, State};
pub use registers::Undefined;

/// Grades a history.
///
/// ```
/// use anachron_checker::levels::{Level, State, grade};
/// use anachron_checker::{Budget, CheckOptions, Model};
/// use anachron_history::History;
///
/// let grades = grade(&History::default(), &CheckOptions::new(Model::Register), &mut Budget::default())?;
/// assert!(Level::ALL.into_iter().all(|level| grades.state(level) == State::Holds));
/// # Ok::<(), anachron_checker::WrongOperation>(())
/// ```
///
/// # Errors
/// The first operation that the model can't judge.
pub fn grade(
    history: &History,
    options: &CheckOptions,
    budget: &mut Budget<'_>,
) -> Result<Grades, WrongOperation> {
    let parts = partition(history, options)?;
    let judgement = combine(parts.iter().map(|part| part.check(budget)).collect::<Vec<PartVerdict>>());
    grade_judged(history, options, judgement, budget, &mut |_| {})
}

/// Grades a history that has been checked for linearizability already, perhaps on several threads.
///
/// `begins` hears of each level that takes work before the work on it begins: to show progress, or to give each level
/// as much time as the one before it. Levels that come out together (the causal models, regular and safe) begin with the
/// first of them.
///
/// # Errors
/// The first operation that the model can't judge.
pub fn grade_judged(
    history: &History,
    options: &CheckOptions,
    judgement: Judgement,
    budget: &mut Budget<'_>,
    begins: &mut dyn FnMut(Level),
) -> Result<Grades, WrongOperation> {
    let parts = partition(history, options)?;
    let registers = Registers::new(history, options.model, &options.initial);
    // What takes polynomial time comes first: whoever stops the rest early has that at least.
    let below = registers.as_ref().map(|registers| below_sequential(registers, budget, begins));
    begins(Level::Sequential);
    let sequential = sequential::sequential(history, &parts, &judgement, registers.as_ref().ok(), budget);
    let linearizable = linearizable(judgement);
    Ok(match below {
        Ok(below) => Grades { linearizable, sequential, ..below },
        Err(&undefined) => {
            let grade = Grade::NotDefined(undefined);
            let measure = Measure::NotDefined(undefined);
            Grades {
                linearizable,
                sequential,
                causal_memory: grade.clone(),
                causal_convergence: grade.clone(),
                weak_causal: grade.clone(),
                pram: grade.clone(),
                read_your_writes: grade.clone(),
                monotonic_reads: grade.clone(),
                monotonic_writes: grade.clone(),
                writes_follow_reads: grade.clone(),
                four_session_guarantees_one_order_each: grade.clone(),
                four_session_guarantees_one_order_for_all: grade.clone(),
                regular: grade.clone(),
                safe: grade,
                k_atomicity: measure.clone(),
                delta: measure,
            }
        }
    })
}

fn linearizable(judgement: Judgement) -> Grade {
    match judgement.decision() {
        Decision::Linearizable => Grade::Holds(Evidence::Judgement(judgement)),
        Decision::NotLinearizable => Grade::Violated(Evidence::Judgement(judgement)),
        Decision::Undecided => {
            let limit = judgement.parts.iter().find_map(|part| match &part.verdict {
                Verdict::Undecided(progress) => Some(progress.limit),
                _ => None,
            });
            Grade::Undecided(limit.expect("some part is undecided"))
        }
    }
}

/// Everything that needs to know who wrote what is read. The two levels above are for the caller to fill in.
fn below_sequential(registers: &Registers, budget: &mut Budget<'_>, begins: &mut dyn FnMut(Level)) -> Grades {
    begins(Level::Regular);
    let (regular, safe) = intervals::regular_and_safe(registers);
    begins(Level::DeltaAtomicity);
    let delta = delta::delta_atomicity(registers);
    begins(Level::CausalMemory);
    let base = base_edges(registers, true);
    let order = Closure::new(registers, &base, budget);
    let causal = match &order {
        Ok(order) => causal::causal(registers, order, &base, budget),
        Err(limit) => causal::Causal {
            memory: Grade::Undecided(*limit),
            convergence: Grade::Undecided(*limit),
            weak: Grade::Undecided(*limit),
        },
    };
    let mut session = |guarantee, sharing| match &order {
        Ok(order) => sessions::grade(registers, order, guarantee, sharing, budget),
        Err(limit) => Grade::Undecided(*limit),
    };
    begins(Level::ReadYourWrites);
    let read_your_writes = session(Guarantee::ReadYourWrites, Sharing::OneOrderEach);
    let monotonic_reads = session(Guarantee::MonotonicReads, Sharing::OneOrderEach);
    let monotonic_writes = session(Guarantee::MonotonicWrites, Sharing::OneOrderEach);
    let writes_follow_reads = session(Guarantee::WritesFollowReads, Sharing::OneOrderEach);
    let one_order_each = session(Guarantee::AllFour, Sharing::OneOrderEach);
    let one_order_for_all = session(Guarantee::AllFour, Sharing::OneOrderForAll);
    begins(Level::Pram);
    let pram = causal::pram(registers, budget);
    begins(Level::KAtomicity);
    Grades {
        linearizable: Grade::Undecided(Limit::Stopped),
        sequential: Grade::Undecided(Limit::Stopped),
        causal_memory: causal.memory,
        causal_convergence: causal.convergence,
        weak_causal: causal.weak,
        pram,
        read_your_writes,
        monotonic_reads,
        monotonic_writes,
        writes_follow_reads,
        four_session_guarantees_one_order_each: one_order_each,
        four_session_guarantees_one_order_for_all: one_order_for_all,
        regular,
        safe,
        k_atomicity: k_atomicity::k_atomicity(registers, budget),
        delta,
    }
}
