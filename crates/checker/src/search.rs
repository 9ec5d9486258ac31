//! The general road: a search over configurations of constant size.
//!
//! Wing and Gong (1993) place one operation after the other; Lowe (2017) and Porcupine remember the pairs of (set of
//! operations placed, state) that they have been in, with an n-bit set each. Here a configuration is (m, bits over slots,
//! state, what was spent of the pending operations, how far plain writes are covered), a few words: see `instance` and
//! `covered`. What is worth trying from one is decided in `rules`, which holds the reductions and their proofs.
//!
//! Two searches share the budget in turns of growing length. *Depth first* finds an order where there is one. *Breadth
//! first* takes the returns one by one (just-in-time linearization: Lowe 2017, section 5) and keeps only what is
//! alive at one return, so it needs little memory, and domination works at its best: it settles most violations among
//! pending operations first; where many are pending, what has been spent of them is counted only where that matters
//! (`refining`). Either one's answer is the answer.

mod ahead;
mod breadth_first;
mod covered;
mod depth_first;
mod frontier;
mod level;
mod refining;
mod rules;
mod seen;
mod spent;

use anachron_vocabulary::OperationId;

use crate::budget::POLL_INTERVAL;
use crate::instance::Instance;
use crate::machine::Machine;
use crate::{Budget, Limit};
pub(crate) use frontier::{Advanced, Configuration, advance};

use breadth_first::BreadthFirst;
use depth_first::DepthFirst;
use refining::Refining;
use rules::{At, Rules};
use seen::Seen;

/// One step of an order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Move {
    /// Places the required operation of this number.
    Required(u32),
    /// Spends one operation of this pending class.
    Pending(u32),
    /// Puts the required plain write of this number right before the last plain write, where nobody sees it.
    Covered(u32),
}

/// Which reductions a search uses: all of them, but in the tests that hold each against brute force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::struct_excessive_bools)] // independent switches
pub(crate) struct Reductions {
    pub(crate) observers_first: bool,
    pub(crate) earliest_of_class: bool,
    pub(crate) pending_where_needed: bool,
    pub(crate) domination: bool,
    pub(crate) demand: bool,
    pub(crate) swap_before_write: bool,
    pub(crate) keep: bool,
    pub(crate) whole_values: bool,
    pub(crate) cover: bool,
}

impl Reductions {
    pub(crate) const ALL: Self = Self {
        observers_first: true,
        earliest_of_class: true,
        pending_where_needed: true,
        domination: true,
        demand: true,
        swap_before_write: true,
        keep: true,
        whole_values: true,
        cover: true,
    };
}

/// Which searches run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Strategy {
    DepthFirst,
    BreadthFirst,
    InTurns,
}

/// What a search found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Found {
    /// A legal order.
    Order(Vec<OperationId>),
    /// There is none, and no operation with a larger number than this one is to blame.
    NoOrder { furthest: u32, longest: Vec<OperationId> },
    /// The budget was spent first.
    Spent { limit: Limit, longest: Vec<OperationId>, placed: u32 },
}

/// What one turn of a search came to.
enum Run {
    Found(Vec<Move>),
    Exhausted,
    Paused,
}

/// What a turn may spend.
struct Spending<'s, 'b> {
    budget: &'s mut Budget<'b>,
    /// Configurations explored so far, by both searches.
    explored: u64,
    /// The turn ends here.
    pause_at: u64,
    /// Bytes taken by the search that is not running.
    other_bytes: usize,
    limit: Option<Limit>,
}

impl Spending<'_, '_> {
    /// Accounts for one configuration; false if there is nothing left for it.
    fn spend(&mut self, bytes: impl FnOnce() -> usize) -> bool {
        if self.explored >= self.budget.configurations {
            self.limit = Some(Limit::Configurations);
            return false;
        }
        if self.explored.is_multiple_of(POLL_INTERVAL) {
            if self.budget.stopped() {
                self.limit = Some(Limit::Stopped);
                return false;
            }
            if bytes() + self.other_bytes > self.budget.memory {
                self.limit = Some(Limit::Memory);
                return false;
            }
        }
        if self.explored >= self.pause_at {
            return false;
        }
        self.explored += 1;
        true
    }
}

impl<M: Machine> Rules<'_, M> {
    fn bytes(&self) -> usize {
        self.spent_sets.bytes() + self.candidate_bytes() + self.machine.bytes()
    }

    /// Reduction 4: a configuration with this key has been seen that had spent no more.
    fn is_seen(&self, seen: &Seen, key: &[u64], at: At) -> bool {
        seen.has(key, (at.spent, at.covered), &self.spent_sets, self.reductions.domination)
    }

    fn see(&self, seen: &mut Seen, key: &[u64], at: At) -> bool {
        seen.add(key, (at.spent, at.covered), &self.spent_sets, self.reductions.domination)
    }
}

/// The search that goes return by return: with refinement where that helps.
enum Breadth {
    Plain(BreadthFirst),
    Refining(Refining),
}

impl Breadth {
    fn new<M: Machine>(rules: &Rules<'_, M>) -> Self {
        if Refining::suits(rules) {
            Self::Refining(Refining::new(rules))
        } else {
            Self::Plain(BreadthFirst::new(rules))
        }
    }

    fn run<M: Machine>(&mut self, rules: &mut Rules<'_, M>, spending: &mut Spending<'_, '_>) -> Run {
        match self {
            Self::Plain(search) => search.run(rules, spending),
            Self::Refining(search) => search.run(rules, spending),
        }
    }

    fn longest(&self) -> (Vec<Move>, u32) {
        match self {
            Self::Plain(search) => search.longest(),
            Self::Refining(search) => search.longest(),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Plain(search) => search.bytes(),
            Self::Refining(search) => search.bytes(),
        }
    }
}

/// The operations of an order of moves. Of a pending class, the one that was called first is taken first.
fn operations(instance: &Instance, machine: &impl Machine, moves: &[Move]) -> Vec<OperationId> {
    let mut spent = vec![0_usize; instance.pending.len()];
    for step in moves {
        if let Move::Pending(index) = *step {
            spent[index as usize] += 1;
        }
    }
    // Backwards, for what is covered stands before the plain write that was placed last.
    let mut order = Vec::with_capacity(moves.len());
    let mut covered: Vec<OperationId> = Vec::new();
    for step in moves.iter().rev() {
        let (id, class) = match *step {
            Move::Covered(number) => {
                covered.push(instance.required[number as usize].id);
                continue;
            }
            Move::Required(number) => {
                let operation = &instance.required[number as usize];
                (operation.id, operation.class)
            }
            Move::Pending(index) => {
                let pending = &instance.pending[index as usize];
                spent[index as usize] -= 1;
                (pending.operations[spent[index as usize]].1, pending.class)
            }
        };
        order.push(id);
        if machine.overwrites(class) {
            order.append(&mut covered);
        }
    }
    assert!(covered.is_empty(), "what is covered has a plain write behind it");
    order.reverse();
    order
}

/// Looks for a legal order. Answers what it found and how many configurations it explored.
pub(crate) fn search<M: Machine>(
    instance: &Instance,
    machine: &mut M,
    strategy: Strategy,
    reductions: Reductions,
    budget: &mut Budget<'_>,
) -> (Found, u64) {
    let mut rules = Rules::new(instance, machine, reductions);
    let mut depth_first = (strategy != Strategy::BreadthFirst).then(|| DepthFirst::new(&rules));
    let mut breadth_first = (strategy != Strategy::DepthFirst).then(|| Breadth::new(&rules));
    let mut spending = Spending { budget, explored: 0, pause_at: 0, other_bytes: 0, limit: None };
    // Long enough for an order that is found without a step back.
    let mut turn = (4 * u64::from(instance.len())).max(4096);
    loop {
        spending.pause_at = spending.explored + turn;
        if let Some(running) = &mut depth_first {
            spending.other_bytes = breadth_first.as_ref().map_or(0, Breadth::bytes);
            match running.run(&mut rules, &mut spending) {
                Run::Found(moves) => {
                    return (Found::Order(operations(instance, rules.machine, &moves)), spending.explored);
                }
                Run::Exhausted => {
                    let longest = operations(instance, rules.machine, running.longest().0);
                    return (Found::NoOrder { furthest: rules.furthest, longest }, spending.explored);
                }
                Run::Paused => {}
            }
        }
        if spending.limit.is_none() {
            spending.pause_at = spending.explored + turn;
            if let Some(running) = &mut breadth_first {
                spending.other_bytes = depth_first.as_ref().map_or(0, DepthFirst::bytes);
                match running.run(&mut rules, &mut spending) {
                    Run::Found(moves) => {
                        return (
                            Found::Order(operations(instance, rules.machine, &moves)),
                            spending.explored,
                        );
                    }
                    Run::Exhausted => {
                        let longest = operations(instance, rules.machine, &running.longest().0);
                        return (Found::NoOrder { furthest: rules.furthest, longest }, spending.explored);
                    }
                    Run::Paused => {}
                }
            }
        }
        if let Some(limit) = spending.limit {
            let by_depth = depth_first.as_mut().map(|running| {
                let (moves, placed) = running.longest();
                (moves.to_vec(), placed)
            });
            if limit == Limit::Memory && strategy == Strategy::InTurns && depth_first.is_some() {
                // The memory of the depth-first search is given up; breadth first may do with what there is.
                depth_first = None;
                spending.limit = None;
                continue;
            }
            let by_breadth = breadth_first.as_ref().map(Breadth::longest);
            let (moves, placed) =
                by_depth.into_iter().chain(by_breadth).max_by_key(|(_, placed)| *placed).unwrap_or_default();
            let longest = operations(instance, rules.machine, &moves);
            return (Found::Spent { limit, longest, placed }, spending.explored);
        }
        turn = turn.saturating_mul(2);
    }
}
