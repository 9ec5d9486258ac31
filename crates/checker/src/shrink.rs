//! From a violation to its core: the few operations that can't be put in order whatever the others did.
//!
//! An operation is in a core as it was, as a plain write (a compare-and-set whose observation is dropped), as one of
//! unknown outcome, or it is *gone*. Which may be gone is stated, with
//! the proof, in the verifier (`verify/core_rules.rs`); here the rule is: whoever may notice an operation that is gone
//! either returned before it was called, or was called after a kept operation that overwrites everything and that was
//! itself called after the one that is gone had returned. Besides, an operation that needs a state keeps at least one
//! that leaves it, so that nobody has to ask where a value came from.
//!
//! Objects of which the search knows nothing but their steps have cores of their own: see `object`.
//!
//! The core is grown from where the search got stuck, back in time, until what is kept has no order; then it is made
//! smaller one operation at a time, until nothing more can go. Small trials are cheap, so most cores take milliseconds.

mod growth;
pub(crate) mod object;
pub(crate) mod projection;
mod spots;
pub(crate) mod turns;

use anachron_vocabulary::OperationId;

use crate::instance::{Instance, Timed};
use crate::machine::Machine;
use crate::necessary::Orphan;
use crate::search::{Found, Reductions, Strategy, search};
use crate::{Budget, Core, CoreOperation, Kept, Start};

/// Configurations that one trial may take. A trial that leaves a violation rarely takes a hundred; one that takes
/// thousands would make a core that is as hard to believe as the history.
const TRIAL: u64 = 3_000;
/// Configurations that all trials together may take: some hundredths of a second.
const TRIALS: u64 = 200_000;
/// Above this size a core is not made smaller operation by operation.
const SMALL: usize = 400;

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
            longest: Vec::new(),
        }
    }

    /// The core around a few operations that are known to have no order.
    pub(crate) fn around(mut self, operations: &[usize]) -> Core {
        self.list(operations.iter().copied());
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
        loop {
            let start = end.saturating_sub(span);
            self.list(by_return[start..end].iter().copied());
            self.close();
            if self.is_refuted(TRIAL) == Some(true) {
                return self.smaller(true);
            }
            if start == 0 {
                break;
            }
            span = if self.explored > TRIALS { end } else { span * 2 };
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

    fn bring_back(&mut self, index: usize) {
        let fate = if self.operations[index].returned.is_some() { Fate::AsItWas } else { Fate::AsUnknown };
        if std::mem::replace(&mut self.fates[index], fate) == Fate::Gone {
            self.listed.push(index);
        }
    }

    /// Brings back whatever may not be gone. Where it can, an operation comes back as a plain write: a write notices
    /// nothing, so it brings nobody along, and screens off what lies behind it.
    fn close(&mut self) {
        let mut next = 0;
        while let Some(&index) = self.listed.get(next) {
            let mut missing = Vec::new();
            loop {
                missing.clear();
                self.missing_for(index, 1, &mut missing);
                let Some(&changer) = missing.first() else { break };
                self.bring_back(changer);
                self.loosen(changer);
            }
            next += 1;
        }
    }

    /// Takes an operation for a plain write, if it can be.
    fn loosen(&mut self, index: usize) {
        if self.fates[index] == Fate::AsItWas && self.machine.as_write(self.operations[index].class).is_some()
        {
            self.fates[index] = Fate::AsWrite;
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

    /// Operations that are gone and that the listed operation `index` may notice.
    fn missing_for(&self, index: usize, limit: usize, missing: &mut Vec<usize>) {
        let opaque = self.machine.is_opaque();
        if opaque && self.fates[index] == Fate::AsUnknown {
            return;
        }
        let observer = &self.operations[index];
        let class = self.class(index);
        // The end of its own interval, as it is kept.
        let end = self.kept_return(index);
        // The latest call of a kept operation that overwrites everything and returned before this one was called.
        let screen = self
            .listed
            .iter()
            .filter(|&&other| self.kept_return(other) < observer.call)
            .filter(|&&other| self.machine.overwrites(self.class(other)))
            .map(|&other| self.operations[other].call)
            .max()
            .unwrap_or(i64::MIN);
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
                self.longest = longest;
                Some(true)
            }
            Found::Spent { .. } => None,
        }
    }

    /// Lets operations go, or become unknown, one at a time while there is no order.
    ///
    /// Letting go comes first. The other way round, a write that became unknown early needs a read to say that it
    /// happened, and the read could have gone.
    fn smaller(mut self, proven: bool) -> Core {
        let small = proven && self.listed.len() <= SMALL;
        let mut minimal =
            small && self.reduced_by(&[Self::let_go, Self::keep_as_write, Self::keep_as_unknown]);
        // What was taken for a write, and need not be, is kept as it was after all: that is easier to follow.
        for index in self.listed.clone() {
            if self.fates[index] == Fate::AsWrite {
                self.fates[index] = Fate::AsItWas;
                if !self.missing(1).is_empty() {
                    self.fates[index] = Fate::AsWrite;
                }
            }
        }
        // It says more then, so that others may have to say less.
        minimal = minimal && self.reduced_by(&[Self::let_go, Self::keep_as_unknown]);
        self.core(minimal)
    }

    /// Takes these steps while any of them leads anywhere, the first as long as it does; true if none does any more.
    fn reduced_by(&mut self, steps: &[fn(&mut Self, usize) -> bool]) -> bool {
        loop {
            let mut changed = false;
            for step in steps {
                // The oldest first: what is left is close to where the search got stuck.
                let mut queue = self.listed.clone();
                queue.sort_unstable_by_key(|&index| (self.operations[index].call, index));
                for index in queue {
                    if self.explored > TRIALS || self.budget.stopped() {
                        return false;
                    }
                    changed |= step(self, index);
                }
                if changed {
                    break;
                }
            }
            if !changed {
                return true;
            }
        }
    }

    /// Leaves an operation out, if that leaves a violation.
    fn let_go(&mut self, index: usize) -> bool {
        self.try_fate(index, Fate::Gone)
    }

    /// Drops what an operation says of the state before it, if that leaves a violation.
    fn keep_as_write(&mut self, index: usize) -> bool {
        let can = self.fates[index] == Fate::AsItWas
            && self.machine.as_write(self.operations[index].class).is_some();
        can && self.try_fate(index, Fate::AsWrite)
    }

    /// Drops that an operation took effect, if that leaves a violation.
    fn keep_as_unknown(&mut self, index: usize) -> bool {
        !self.machine.is_observer(self.operations[index].class) && self.try_fate(index, Fate::AsUnknown)
    }

    /// Weakens an operation if that is allowed and leaves a violation.
    fn try_fate(&mut self, index: usize, fate: Fate) -> bool {
        let before = self.fates[index];
        if before == Fate::Gone || before == fate {
            return false;
        }
        self.fates[index] = fate;
        let listed = self.listed.clone();
        if fate == Fate::Gone {
            self.listed.retain(|&other| other != index);
        }
        let longest = std::mem::take(&mut self.longest);
        if self.missing(1).is_empty() && self.is_refuted(TRIAL) == Some(true) {
            return true;
        }
        self.longest = longest;
        self.fates[index] = before;
        self.listed = listed;
        false
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
