//! Reductions that look at all who still need a state, in objects whose state is always somebody's doing
//! (`Machine::is_closed`).
//!
//! 7. *A state is kept for those who need it.* Let `o` need the state at hand, not be placed, and nothing that can be
//!    placed before `o` returns leave that state again. Then nothing may come next that changes the state, unless it is
//!    `o`: there is no completion behind it. Reduction 5 would see it when `o` can come next, a hundred configurations
//!    later.
//! 8. *A value goes as a whole.* Let a plain write `w` of value `v` be able to come next, and everything not placed that
//!    needs `v` as well, and let that be reads only; let nothing that can come next need the state at hand. Then `w`
//!    comes next, without a choice, and with it the reads (reduction 1). For take a completion. It begins with a
//!    plain write, for who needs a state can't come next. Move `w` and all reads of `v` to its front: all can come next.
//!    In front of them nothing stood; what follows them is that plain write; and where they were taken away a plain
//!    write or nothing follows, for nobody else needs `v`. If `w` was pending and not in the completion, it has one more
//!    operation, whose reads were those of another. The same goes for a chain, where each value of it but the last is
//!    also needed by one swap and left by nobody else: in a completion its operations stand together. Not where
//!    somebody saw that the value was another than some `x`: what is moved away may have stood between such an observer
//!    and `x`.
//!
//!    A pending `w` gets along with reduction 3: a read that needs `v` can come next and notices it. Of several pending ones
//!    one is as good as the other, for they leave the same and nobody needs `v` later; the first is taken. And it holds
//!    for every prefix by return, which is what a violation is told of (`Rules::furthest`): of fewer operations, fewer need `v`
//!    or the state at hand. Where `w` itself is not in the prefix, it and its reads stand in front of an order of
//!    the prefix as they do in front of a completion.
//!
//! Where values are left once, 7 and 8 together leave no choice at all, as in `zones`; where few are left twice, only those
//! few are tried.

use super::Move;
use super::rules::{At, Rules};
use crate::instance::Demand;
use crate::machine::Machine;

impl<M: Machine> Rules<'_, M> {
    /// Reduction 7: an operation that will never find the state it needs if another one than `leaving` leaves that
    /// state now.
    pub(super) fn stranded(&self, at: At, enabled: &[u32], leaving: Option<u32>) -> Option<u32> {
        if !self.reductions.keep || !self.machine.is_closed() {
            return None;
        }
        let leaves_it = |&number: &u32| self.machine.leaves(self.class(number)) == Some(at.state);
        if enabled.iter().any(leaves_it) {
            return None;
        }
        let demand = self.instance.demand(at.state)?;
        let needs = |&number: &u32| {
            Some(number) != leaving && self.machine.requires(self.class(number)) == Some(at.state)
        };
        let first = enabled.iter().copied().find(needs).into_iter().chain(demand.first_after(at.m)).min()?;
        // Whoever returns later has at least as many who may help.
        let is_stranded = first < self.certain
            && !self.instance.supply(at.state).is_some_and(|supply| self.comes_in_time(at, first, supply));
        is_stranded.then_some(first)
    }

    /// Reduction 8: a write that comes next without a choice.
    pub(super) fn whole_value(&mut self, at: At, enabled: &[u32]) -> Option<Move> {
        let applies = self.reductions.whole_values
            && self.machine.is_closed()
            && self.certain == u32::MAX
            && self.instance.every_observer_needs_a_state
            && !self.may_be_swapped(at.state)
            && !self.is_covered(at, at.m)
            && !enabled.iter().any(|&number| self.machine.requires(self.class(number)) == Some(at.state));
        if !applies {
            return None;
        }
        for &number in enabled {
            let class = self.class(number);
            if self.machine.overwrites(class)
                && let Some(value) = self.machine.leaves(class)
                && self.is_whole(at, enabled, value)
                && self.may_follow(at, class, value)
                && (!self.covers()
                    || self.is_last_chance(at, number)
                    || enabled.iter().any(|&other| self.machine.requires(self.class(other)) == Some(value)))
            {
                return Some(Move::Required(number));
            }
        }
        let instance = self.instance;
        for &number in enabled {
            let Some(value) = self.machine.requires(self.class(number)) else { continue };
            let Some(supply) = instance.supply(value) else { continue };
            for &index in &supply.pending {
                let class = instance.pending[index as usize].class;
                if self.machine.overwrites(class)
                    && self.is_in_stock(at.spent, index, at.m)
                    && self.is_whole(at, enabled, value)
                    && self.may_follow(at, class, value)
                {
                    return Some(Move::Pending(index));
                }
            }
        }
        None
    }

    /// True if everything not placed that needs the value can come next, and is a read, or the swap to another such value.
    fn is_whole(&self, at: At, enabled: &[u32], mut value: u32) -> bool {
        loop {
            let is_needed_later = |demand: &Demand| demand.first_after(at.m).is_some();
            if self.instance.demand(value).is_some_and(is_needed_later) || self.may_be_swapped(value) {
                return false;
            }
            let mut swaps = enabled.iter().copied().filter(|&number| {
                let class = self.class(number);
                self.machine.requires(class) == Some(value) && !self.machine.is_observer(class)
            });
            let Some(swap) = swaps.next() else { return true };
            if swaps.next().is_some() || !self.is_left_once(at, enabled, value) {
                return false;
            }
            let Some(next) = self.machine.leaves(self.class(swap)) else { return false };
            value = next;
        }
    }

    /// True if a single operation not placed leaves the value, and that one can come next.
    fn is_left_once(&self, at: At, enabled: &[u32], value: u32) -> bool {
        let leaves = |&&number: &&u32| self.machine.leaves(self.class(number)) == Some(value);
        enabled.iter().filter(leaves).count() == 1
            && self
                .instance
                .supply(value)
                .is_some_and(|supply| supply.pending.is_empty() && !supply.opens_after(at.m))
    }
}
