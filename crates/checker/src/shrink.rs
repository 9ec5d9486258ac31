//! From a violation to its core: the few operations that can't be put in order whatever the others did.
//!
//! An operation is in a core as it was, as a plain write (a compare-and-set whose observation is dropped), as one of
//! unknown outcome, or it is *gone*. Which may be gone is stated, with
//! the proof, in the verifier (`verify/core_rules.rs`); here the rule is: whoever may notice an operation that is gone
//! either returned before it was called, or was called after a kept operation that writes, or shows another value, and
//! that was itself called after the one that is gone had returned. What was called after everything kept had returned
//! may be gone anyhow. Besides, an operation that needs a state keeps at least one that leaves it, so that nobody has to
//! ask where a value came from.
//!
//! Objects of which the search knows nothing but their steps have cores of their own: see `object`.
//!
//! The core is grown from where the search got stuck, back in time, until what is kept has no order; then it is made
//! smaller (`reduction`), until nothing more can go. Small trials are cheap, so most cores take milliseconds.

pub(crate) mod amid;
mod growth;
pub(crate) mod object;
pub(crate) mod projection;
mod reduction;
mod spots;
pub(crate) mod turns;

use anachron_vocabulary::OperationId;

use crate::instance::{Instance, Timed};
use crate::machine::Machine;
use crate::necessary::Orphan;
use crate::search::{Found, Reductions, Strategy, search};
use crate::{Budget, Core, CoreOperation, Kept, Start};

/// Configurations that one trial may take. A trial that leaves a violation rarely takes a hundred.
const TRIAL: u64 = 3_000;
/// Configurations that the search of one window may take. Where many operations overlap, there are many orders of them even
/// around a core of five.
const WINDOW: u64 = 100_000;
/// Configurations that all windows together may take, and then all that makes the core smaller: a second at most.
const TRIALS: u64 = 1_000_000;

/// What became of an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    AsItWas,
    AsWrite,
    AsUnknown,
    Gone,
}

/// A violation on its way to a core.
pub(crate) struct Shrinker<'a, 'b, M> {
    machine: &'a mut M,
    operations: &'a [Timed],
    budget: &'a mut Budget<'b>,
    fates: Vec<Fate>,
    /// Indices of the operations that are not gone.
    listed: Vec<usize>,
    /// Indices of the operations that change something, by call.
    changers: Vec<usize>,
    /// For each of `changers`: the latest return among it and those before it.
    latest_returns: Vec<i64>,
    /// The states that some operation leaves, sorted.
    left_states: Vec<u32>,
    explored: u64,
    /// What the last search took that found no order.
    effort: u64,
    longest: Vec<OperationId>,
}

impl<'a, 'b, M: Machine> Shrinker<'a, 'b, M> {
    pub(crate) fn new(machine: &'a mut M, operations: &'a [Timed], budget: &'a mut Budget<'b>) -> Self {
        let mut changers: Vec<usize> =
            (0..operations.len()).filter(|&index| !machine.is_observer(operations[index].class)).collect();
        changers.sort_by_key(|&index| operations[index].call);
        let mut latest = i64::MIN;
        let latest_returns = changers
            .iter()
            .map(|&index| {
                latest = latest.max(returned(&operations[index]));
                latest
            })
            .collect();
        let mut left_states: Vec<u32> =
            changers.iter().filter_map(|&index| machine.leaves(operations[index].class)).collect();
        left_states.sort_unstable();
        left_states.dedup();
        Self {
            machine,
            operations,
            budget,
            fates: vec![Fate::Gone; operations.len()],
            listed: Vec::new(),
            changers,
            latest_returns,
            left_states,
            explored: 0,
            effort: 0,
            longest: Vec::new(),
        }
    }

    /// The core around a few operations that are known to have no order.
    pub(crate) fn around(self, operations: &[usize]) -> Core {
        self.screened(operations, &[])
    }

    /// The same if that is known for changes that screen others off: all that is asked of those is that they happened.
    pub(crate) fn screened(mut self, operations: &[usize], screens: &[usize]) -> Core {
        self.list(screens.iter().copied());
        for &screen in screens {
            self.loosen(screen);
        }
        for &index in operations {
            self.bring_back(index);
            self.tighten(index);
        }
        self.close();
        let refuted = self.is_refuted(TRIAL);
        assert_ne!(refuted, Some(false), "the operations given have no order");
        self.smaller(refuted.is_some())
    }

    /// The core around an operation that nobody can have prepared the object for.
    pub(crate) fn without_cause(mut self, orphan: Orphan) -> Core {
        self.list([orphan.operation].into_iter().chain(orphan.change));
        if let Some(change) = orphan.change {
            self.loosen(change);
        }
        self.close();
        let refuted = self.is_refuted(TRIAL);
        assert_ne!(refuted, Some(false), "nobody can have prepared the object for the operation");
        self.smaller(refuted.is_some())
    }

    /// The core of a violation that shows when the first operations by return, up to number `furthest`, are placed.
    pub(crate) fn before(mut self, furthest: u32, effort: u64, longest: Vec<OperationId>) -> Core {
        let mut by_return: Vec<usize> =
            (0..self.operations.len()).filter(|&index| self.operations[index].returned.is_some()).collect();
        by_return.sort_unstable_by_key(|&index| (self.operations[index].returned, self.operations[index].id));
        let end = (furthest as usize + 1).min(by_return.len());
        let mut span = 6;
        while self.explored < TRIALS {
            let start = end.saturating_sub(span);
            // Beyond its place as well: the search may have seen from afar that it would get stuck.
            for stop in [end, (end + span).min(by_return.len())] {
                let window = &by_return[start..stop];
                let write = self.write_before(window);
                self.list(window.iter().copied().chain(write));
                if let Some(write) = write {
                    self.loosen(write);
                }
                self.close();
                match self.is_refuted(WINDOW) {
                    Some(true) => return self.smaller(true),
                    Some(false) => {}
                    None => break,
                }
            }
            if start == 0 {
                break;
            }
            span *= 2;
        }
        // Everything as it was is known to have no order, but the search is due to find it once more.
        self.list(0..self.operations.len());
        let refuted = self.is_refuted(effort.saturating_mul(4).max(TRIAL * 10));
        assert_ne!(refuted, Some(false), "the history was found to have no order");
        if refuted.is_none() {
            self.longest = longest;
        }
        self.smaller(refuted.is_some())
    }

    /// Starts again with these operations as they are.
    fn list(&mut self, operations: impl Iterator<Item = usize>) {
        for index in self.listed.drain(..) {
            self.fates[index] = Fate::Gone;
        }
        for index in operations {
            self.bring_back(index);
        }
    }

    /// Starts again with these operations in these forms.
    fn set(&mut self, kept: &[(usize, Fate)]) {
        self.list(std::iter::empty());
        for &(index, fate) in kept {
            self.fates[index] = fate;
            self.listed.push(index);
        }
    }

    fn bring_back(&mut self, index: usize) {
        let fate = if self.operations[index].returned.is_some() { Fate::AsItWas } else { Fate::AsUnknown };
        if std::mem::replace(&mut self.fates[index], fate) == Fate::Gone {
            self.listed.push(index);
        }
    }

    /// Brings back whatever may not be gone. Where it can, an operation comes back as a plain write: a write notices
    /// nothing, so it brings nobody along, and screens off what lies behind it. When the budget is spent, all are brought
    /// back: who may be gone takes longer to tell the more there are.
    fn close(&mut self) {
        let mut next = 0;
        loop {
            if self.budget.stopped() {
                self.list(0..self.operations.len());
                return;
            }
            let mut missing = Vec::new();
            match self.listed.get(next) {
                Some(&index) => self.missing_for(index, 1, &mut missing),
                // Who came back may have moved the start or the end of it all.
                None => missing = self.missing(1),
            }
            if let Some(&changer) = missing.first() {
                self.bring_back(changer);
                self.loosen(changer);
            } else if next < self.listed.len() {
                next += 1;
            } else {
                break;
            }
        }
    }

    /// Takes an operation for a plain write, if it can be.
    fn loosen(&mut self, index: usize) {
        if self.fates[index] == Fate::AsItWas && self.machine.as_write(self.operations[index].class).is_some()
        {
            self.fates[index] = Fate::AsWrite;
        }
    }

    /// Takes an operation that is listed for what it was.
    fn tighten(&mut self, index: usize) {
        if self.fates[index] == Fate::AsWrite {
            self.fates[index] = Fate::AsItWas;
        }
    }

    /// The class of an operation as it is kept.
    fn class(&self, index: usize) -> u32 {
        let class = self.operations[index].class;
        match self.fates[index] {
            Fate::AsWrite => self.machine.as_write(class).expect("it can be taken for a write"),
            _ => class,
        }
    }

    /// When an operation, as it is kept, returned; at the end of time if it need not.
    fn kept_return(&self, index: usize) -> i64 {
        match self.fates[index] {
            Fate::AsItWas | Fate::AsWrite => returned(&self.operations[index]),
            Fate::AsUnknown | Fate::Gone => i64::MAX,
        }
    }

    /// Operations that are gone and may not be, up to `limit` of them.
    fn missing(&self, limit: usize) -> Vec<usize> {
        let mut missing = Vec::new();
        for &index in &self.listed {
            self.missing_for(index, limit, &mut missing);
            if missing.len() >= limit {
                break;
            }
        }
        missing
    }

    /// The first call of all that has to be placed, if nobody among them can find what was before it, and the last return.
    fn window(&self) -> (i64, i64) {
        let required = || self.listed.iter().copied().filter(|&index| self.kept_return(index) < i64::MAX);
        let overwrites = |index: usize| self.machine.overwrites(self.class(index));
        let written =
            required().filter(|&index| overwrites(index)).map(|index| self.kept_return(index)).min();
        let can_be_cut = required().all(|index| {
            overwrites(index) || written.is_some_and(|written| written < self.operations[index].call)
        });
        let start = required().map(|index| self.operations[index].call).min().filter(|_| can_be_cut);
        let last = required().map(|index| self.kept_return(index)).max();
        (start.unwrap_or(i64::MIN), last.unwrap_or(i64::MIN))
    }

    /// The last operation over before all of these that can be kept as a write: what was before it can't be noticed.
    fn write_before(&self, window: &[usize]) -> Option<usize> {
        let first = window.iter().map(|&index| self.operations[index].call).min()?;
        let called = self.changers.partition_point(|&changer| self.operations[changer].call < first);
        self.changers[..called].iter().rev().copied().find(|&changer| {
            let operation = &self.operations[changer];
            returned(operation) < first
                && (self.machine.overwrites(operation.class)
                    || self.machine.as_write(operation.class).is_some())
        })
    }

    /// Operations that are gone and that the listed operation `index` may notice.
    fn missing_for(&self, index: usize, limit: usize, missing: &mut Vec<usize>) {
        let opaque = self.machine.is_opaque();
        if opaque && self.fates[index] == Fate::AsUnknown {
            return;
        }
        let observer = &self.operations[index];
        let class = self.class(index);
        let (start, last) = self.window();
        // The end of its own interval, as it is kept, but no later than all that has to be placed.
        let end = self.kept_return(index).min(last);
        let earlier = || self.listed.iter().copied().filter(|&other| self.kept_return(other) < observer.call);
        // The latest call of a kept operation that writes and returned before this one was called.
        let writes = |other: usize| {
            let class = self.class(other);
            !opaque && (self.machine.overwrites(class) || self.machine.leaves(class).is_some())
        };
        let screen = earlier().filter(|&other| writes(other)).map(|other| self.operations[other].call).max();
        let screen = screen.unwrap_or(i64::MIN).max(start);
        // Kept operations before it that say what they found.
        let reads: Vec<usize> =
            earlier().filter(|&other| !opaque && self.machine.is_observer(self.class(other))).collect();
        let finds_another = |changer: &Timed| {
            reads.iter().any(|&read| {
                returned(changer) < self.operations[read].call
                    && !self.machine.may_notice(self.class(read), changer.class)
            })
        };
        let called_in_time = self.changers.partition_point(|&changer| self.operations[changer].call <= end);
        let mut witness = None;
        for position in (0..called_in_time).rev() {
            if self.latest_returns[position] < screen {
                break;
            }
            let changer = self.changers[position];
            let operation = &self.operations[changer];
            if self.fates[changer] == Fate::Gone
                && returned(operation) >= screen
                && (opaque || self.machine.may_notice(class, operation.class))
                && !finds_another(operation)
            {
                missing.push(changer);
                if missing.len() >= limit {
                    return;
                }
            }
        }
        // Somebody who leaves the state that it needs: the last one called, if there is a choice.
        if let Some(state) = self.machine.requires(class)
            && !opaque
            && state != self.machine.initial()
            && self.left_states.binary_search(&state).is_ok()
            && !self
                .listed
                .iter()
                .any(|&other| self.machine.leaves(self.operations[other].class) == Some(state))
        {
            for (position, &changer) in self.changers.iter().enumerate().rev() {
                if self.machine.leaves(self.operations[changer].class) == Some(state) {
                    witness = Some(changer);
                    if position < called_in_time {
                        break;
                    }
                }
            }
            missing.extend(witness);
        }
    }

    /// Whether what is listed has no order; `None` if the allowance did not suffice to tell.
    fn is_refuted(&mut self, allowance: u64) -> Option<bool> {
        if self.budget.stopped() {
            return None;
        }
        let mut kept: Vec<Timed> = Vec::with_capacity(self.listed.len());
        let mut listed = self.listed.clone();
        listed.sort_unstable();
        for index in listed {
            let returned = match self.fates[index] {
                Fate::AsItWas | Fate::AsWrite => self.operations[index].returned,
                Fate::AsUnknown => None,
                Fate::Gone => unreachable!("what is listed is not gone"),
            };
            kept.push(Timed { returned, class: self.class(index), ..self.operations[index] });
        }
        let instance = Instance::new(self.machine, &kept);
        let memory = self.budget.memory;
        let mut stop = || self.budget.stopped();
        let mut budget = Budget::with_stop(&mut stop).configurations(allowance).memory(memory);
        let (found, explored) =
            search(&instance, self.machine, Strategy::InTurns, Reductions::ALL, &mut budget);
        self.explored += explored;
        match found {
            Found::Order(_) => Some(false),
            Found::NoOrder { longest, .. } => {
                self.effort = explored;
                self.longest = longest;
                Some(true)
            }
            Found::Spent { .. } => None,
        }
    }

    fn core(mut self, minimal: bool) -> Core {
        self.listed.sort_unstable_by_key(|&index| (self.operations[index].call, self.operations[index].id));
        let operations = self
            .listed
            .iter()
            .map(|&index| CoreOperation {
                id: self.operations[index].id,
                kept: match self.fates[index] {
                    Fate::AsItWas => Kept::AsItWas,
                    Fate::AsWrite => Kept::AsWrite,
                    Fate::AsUnknown => Kept::AsUnknown,
                    Fate::Gone => unreachable!("what is listed is not gone"),
                },
            })
            .collect();
        Core { operations, longest_order: self.longest, minimal, start: Start::Initial }
    }
}

/// When an operation returned; one that never did, at the end of time.
fn returned(operation: &Timed) -> i64 {
    operation.returned.unwrap_or(i64::MAX)
}
