//! The breadth-first search of a window: from the configurations at one return to those at a later one.
//!
//! Why it exists: a stream has no end, so its search is done window by window (just-in-time linearization: Lowe 2017,
//! section 5). What is alive at the cut is all that the next window needs to know of those before.
//!
//! At a cut, some operations of the window return after it. They may be placed before it, but what else may be placed
//! before *their* returns is not yet known, so the reductions may not give up a configuration on their account
//! (`Rules::certain`). All other reductions look only at what can come next at a return before the cut, and that is known:
//! whatever the stream still has to tell was called after that return.

use super::breadth_first::BreadthFirst;
use super::rules::Rules;
use super::{Reductions, Run, Spending};
use crate::instance::Instance;
use crate::machine::Machine;
use crate::{Budget, Limit};

/// A configuration at a cut.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Configuration {
    pub(crate) state: u32,
    /// The state before the last operation if that was a pending one, else `ILLEGAL`. (Reduction 9 is off in windows, so no
    /// other has to be noticed.)
    pub(crate) before_pending: u32,
    /// Numbers of the operations that return after the cut and are placed.
    pub(crate) placed: Vec<u32>,
    /// For each pending class that was spent: its index, and how many of its operations.
    pub(crate) spent: Vec<(u32, u32)>,
}

/// How a window came out.
#[derive(Debug)]
pub(crate) enum Advanced {
    /// These configurations are alive at its end; at least one.
    Alive(Vec<Configuration>),
    /// None is, and no operation with a larger number than this one is to blame.
    Dead(u32),
    /// The budget was spent first.
    Spent(Limit),
}

/// From the configurations `from` to those in which the first `until` operations are placed.
pub(crate) fn advance<M: Machine>(
    instance: &Instance,
    machine: &mut M,
    from: &[Configuration],
    until: u32,
    budget: &mut Budget<'_>,
) -> Advanced {
    let mut rules = Rules::new(instance, machine, Reductions::ALL);
    rules.certain = until;
    let mut search = BreadthFirst::between(&mut rules, from, until);
    let mut spending = Spending { budget, explored: 0, pause_at: u64::MAX, other_bytes: 0, limit: None };
    match search.run(&mut rules, &mut spending) {
        Run::Found(_) => Advanced::Alive(search.frontier(&rules)),
        Run::Exhausted => Advanced::Dead(rules.furthest.min(until - 1)),
        Run::Paused => Advanced::Spent(spending.limit.expect("only a limit ends it")),
    }
}
