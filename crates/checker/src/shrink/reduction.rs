//! A violation made smaller, step by step, while there is no order.
//!
//! First whole stretches of time go, the long ones first (delta debugging: Zeller and Hildebrandt 2002, "Simplifying and
//! isolating failure-inducing input", section 3), for what clashes may lie far apart: a pending write that excused one read is
//! missed by another much later. Then operations go one at a time, until none can go or become unknown.

use super::{Fate, Shrinker, TRIAL, TRIALS};
use crate::Core;
use crate::machine::Machine;

/// Above this size a core is not made smaller operation by operation.
const SMALL: usize = 400;
/// Above this size a core stays as it is: every step looks at all pairs of operations.
const LARGE: usize = 10_000;
/// Below this size no stretches of time are taken out.
const FEW: usize = 24;
/// A stretch is no less than this part of the whole.
const FINEST: usize = 64;

impl<M: Machine> Shrinker<'_, '_, M> {
    /// Lets operations go, or become unknown, one at a time while there is no order.
    ///
    /// Letting go comes first. The other way round, a write that became unknown early needs a read to say that it
    /// happened, and the read could have gone.
    pub(super) fn smaller(mut self, proven: bool) -> Core {
        if self.listed.len() > LARGE {
            return self.core(false);
        }
        self.explored = 0;
        if proven {
            self.cut();
        }
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
        while minimal && self.keep_what_is_placed() {
            minimal = self.reduced_by(&[Self::let_go, Self::keep_as_unknown]);
        }
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
                    if self.is_spent() {
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
        if self.missing(1).is_empty() && self.is_refuted(self.allowance()) == Some(true) {
            return true;
        }
        self.longest = longest;
        self.fates[index] = before;
        self.listed = listed;
        false
    }

    /// Takes out stretches of time, each with whoever is not needed any more.
    fn cut(&mut self) {
        let mut pieces = 2;
        while self.listed.len() > FEW && pieces <= FINEST {
            let mut by_call = self.listed.clone();
            by_call.sort_unstable_by_key(|&index| (self.operations[index].call, index));
            for stretch in by_call.chunks(by_call.len().div_ceil(pieces)) {
                if self.is_spent() {
                    return;
                }
                self.cut_out(stretch);
            }
            pieces *= 2;
        }
    }

    /// Takes out these operations, if that leaves a violation that is smaller with all that it needs.
    fn cut_out(&mut self, stretch: &[usize]) {
        let before = self.kept();
        let rest: Vec<(usize, Fate)> =
            before.iter().copied().filter(|(index, _)| !stretch.contains(index)).collect();
        // Finding out who is needed takes time as well.
        self.explored += (before.len() * before.len() / 100) as u64;
        self.set(&rest);
        self.close();
        if self.listed.len() >= before.len() || self.is_refuted(self.allowance()) != Some(true) {
            self.set(&before);
        }
    }

    /// Starts again from what has to be placed, if what it needs is less than what there is: of the others some may be
    /// there for one another only.
    fn keep_what_is_placed(&mut self) -> bool {
        let before = self.kept();
        let placed: Vec<(usize, Fate)> =
            before.iter().copied().filter(|(_, fate)| *fate != Fate::AsUnknown).collect();
        self.set(&placed);
        while let Some(&missing) = self.missing(1).first() {
            self.bring_back(missing);
            self.fates[missing] = Fate::AsUnknown;
        }
        let smaller = self.listed.len() < before.len() && self.is_refuted(self.allowance()) == Some(true);
        if !smaller {
            self.set(&before);
        }
        smaller
    }

    fn kept(&self) -> Vec<(usize, Fate)> {
        self.listed.iter().map(|&index| (index, self.fates[index])).collect()
    }

    /// What a trial may take: not much more than the last one did that found no order.
    fn allowance(&self) -> u64 {
        TRIAL.max(2 * self.effort)
    }

    fn is_spent(&mut self) -> bool {
        self.explored > TRIALS || self.budget.stopped()
    }
}
