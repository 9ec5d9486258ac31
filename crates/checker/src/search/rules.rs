//! Which operations are worth trying next: the reductions, each with its proof.
//!
//! A *completion* of a configuration is a legal order of what is left. A reduction is sound if, whenever a configuration
//! has a completion, one of the configurations that we still go on to has one. Compare completions by (1) how many
//! pending operations they spend, (2) the sum of the positions of observers, (3) the number of pairs of operations of
//! one class that stand against the order of their returns. Each proof below turns a completion that we would not try
//! into a smaller one, so the smallest completion is always tried: the reductions may be combined.
//!
//! 1. *Observers first.* An observer that is legal now is placed now, without a choice. Move it to the front of the
//!    completion: it can come next, nobody's state changes, all others keep their order.
//! 2. *Earliest of its class first.* Of two operations of one class that can both come next, the one that returns
//!    first goes first (an operation of unknown outcome never returns). Swap them: the states stay as they are; the
//!    one that returns later moves to a place before the other's return, so before its own; the other moves forward, and
//!    could come next even now.
//! 3. *Pending operations only where they are needed.* Let a pending `u` lead from state `s` to `t`, and `o` be what
//!    follows it. If `o` is an observer and legal in `s`, swap the two: `u` may take effect later. If `o` is legal in `s`
//!    and leads from there to the state that it leads to from `t`, leave `u` out: it is absorbed. So `o` is either not
//!    legal in `s` or leads somewhere else. A pending operation with nothing behind it, or that leaves the
//!    state as it was, is left out as well. A pending append or write is also left out unless some read to come, which can
//!    stand before the next write that is certain, saw a text that begins with the text it leads to: up to that
//!    write every text begins so, no other read is legal, and appends are as legal without it
//!    (a write is only left out where they are).
//! 4. *Domination*: see `seen`.
//! 5. *Remaining demand.* If an operation that can come next is legal in one state only, the state is another, and
//!    nothing that can still be placed before it returns leaves that state, then there is no completion. The same for
//!    an append-only stretch: if the text is no beginning of what the next read saw, and no write that can be
//!    placed before that read wrote such a beginning, then there is none: the last write before the read, or the text
//!    at hand, is what the read's text begins with.

use super::spent::SpentSets;
use super::{Move, Reductions};
use crate::instance::{Instance, Supply};
use crate::machine::{ILLEGAL, Machine};
use crate::table::count;

/// How many reads a pending append or write is held against before it counts as seen.
const READS_LOOKED_AT: usize = 64;

/// How many writes to come are held against a read before one of them counts as of use.
const WRITES_LOOKED_AT: usize = 64;

/// What a configuration is, apart from the set of operations placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct At {
    /// The number of the operation not yet placed that returns first.
    pub(super) m: u32,
    pub(super) state: u32,
    /// The state before the last operation if that was a pending one, else [`ILLEGAL`].
    pub(super) before_pending: u32,
    /// What has been spent of the pending operations.
    pub(super) spent: u32,
}

/// The problem, its machine, and the reductions.
pub(super) struct Rules<'a, M> {
    pub(super) instance: &'a Instance,
    pub(super) machine: &'a mut M,
    pub(super) spent_sets: SpentSets,
    pub(super) reductions: Reductions,
    /// The largest number of an operation that any configuration was turned down for.
    pub(super) furthest: u32,
    stamp: u64,
    class_stamps: Vec<u64>,
    state_stamps: Vec<u64>,
}

/// Marks an entry, and says whether it was marked before.
fn mark(stamps: &mut Vec<u64>, index: u32, stamp: u64) -> bool {
    let index = index as usize;
    if index >= stamps.len() {
        stamps.resize(index + 1, 0);
    }
    std::mem::replace(&mut stamps[index], stamp) == stamp
}

impl<'a, M: Machine> Rules<'a, M> {
    pub(super) fn new(instance: &'a Instance, machine: &'a mut M, reductions: Reductions) -> Self {
        Self {
            instance,
            machine,
            spent_sets: SpentSets::new(),
            reductions,
            furthest: 0,
            stamp: 0,
            class_stamps: Vec::new(),
            state_stamps: Vec::new(),
        }
    }

    fn class(&self, number: u32) -> u32 {
        self.instance.required[number as usize].class
    }

    /// Reduction 1: the first operation that can be placed without a choice.
    pub(super) fn free_observer(&mut self, at: At, mut enabled: impl Iterator<Item = u32>) -> Option<u32> {
        if !self.reductions.observers_first {
            return None;
        }
        enabled.find(|&number| {
            let class = self.instance.required[number as usize].class;
            self.machine.is_observer(class) && self.machine.step(at.state, class) != ILLEGAL
        })
    }

    /// The state after a move, which must be legal.
    pub(super) fn after(&mut self, at: At, step: Move) -> At {
        self.furthest = self.furthest.max(at.m);
        match step {
            Move::Required(number) => {
                let state = self.machine.step(at.state, self.class(number));
                At { state, before_pending: ILLEGAL, ..at }
            }
            Move::Pending(index) => {
                let class = self.instance.pending[index as usize].class;
                let before_pending = if self.reductions.pending_where_needed { at.state } else { ILLEGAL };
                let spent = self.spent_sets.with(at.spent, index);
                At { state: self.machine.step(at.state, class), before_pending, spent, ..at }
            }
        }
    }

    /// The moves worth trying, best first. `enabled` holds the operations that can come next, by number.
    pub(super) fn moves(&mut self, at: At, enabled: &[u32], moves: &mut Vec<Move>) {
        self.furthest = self.furthest.max(at.m);
        if self.reductions.demand && self.is_hopeless(at, enabled) {
            return;
        }
        self.stamp += 1;
        for &number in enabled {
            let class = self.class(number);
            let after = self.machine.step(at.state, class);
            if after == ILLEGAL || !self.may_follow(at, class, after) {
                continue;
            }
            let tried = mark(&mut self.class_stamps, class, self.stamp);
            if !tried || !self.reductions.earliest_of_class {
                moves.push(Move::Required(number));
            }
        }
        self.pending_moves(at, enabled, moves);
    }

    fn pending_moves(&mut self, at: At, enabled: &[u32], moves: &mut Vec<Move>) {
        for (index, pending) in self.instance.pending.iter().enumerate() {
            let index = count(index);
            if pending.operations[0].0 > at.m {
                break;
            }
            let class = pending.class;
            let after = self.machine.step(at.state, class);
            if after == ILLEGAL || after == at.state {
                continue;
            }
            if self.reductions.earliest_of_class
                && self.class_stamps.get(class as usize).is_some_and(|&stamp| stamp == self.stamp)
            {
                continue;
            }
            if !self.may_follow(at, class, after) || !self.has_spare(at.spent, index, at.m) {
                continue;
            }
            let needed = !self.reductions.pending_where_needed
                || (self.is_needed(at, enabled, index, after) && self.is_seen_later(at, enabled, after));
            if needed {
                moves.push(Move::Pending(index));
            }
        }
    }

    fn has_spare(&self, spent: u32, index: u32, m: u32) -> bool {
        self.instance.pending[index as usize].open_at(m) > self.spent_sets.count(spent, index)
    }

    /// Reduction 3, for what follows a pending operation.
    fn may_follow(&mut self, at: At, class: u32, after: u32) -> bool {
        at.before_pending == ILLEGAL || self.tells_apart(at.before_pending, class, after)
    }

    /// True if the class, which leads to `after`, would not have done so from `before`.
    fn tells_apart(&mut self, before: u32, class: u32, after: u32) -> bool {
        let otherwise = self.machine.step(before, class);
        otherwise == ILLEGAL || (!self.machine.is_observer(class) && otherwise != after)
    }

    /// Reduction 3, looking ahead: something can follow the pending operation that leads to `state`.
    fn is_needed(&mut self, at: At, enabled: &[u32], spending: u32, state: u32) -> bool {
        for &number in enabled {
            let class = self.class(number);
            let after = self.machine.step(state, class);
            if after != ILLEGAL && self.tells_apart(at.state, class, after) {
                return true;
            }
        }
        for (index, pending) in self.instance.pending.iter().enumerate() {
            if pending.operations[0].0 > at.m {
                break;
            }
            let after = self.machine.step(state, pending.class);
            if after == ILLEGAL || after == state || !self.tells_apart(at.state, pending.class, after) {
                continue;
            }
            let index = count(index);
            let taken = u32::from(index == spending);
            if pending.open_at(at.m) > self.spent_sets.count(at.spent, index) + taken {
                return true;
            }
        }
        false
    }

    /// True if the operation of this number is not placed.
    fn is_left(&self, at: At, enabled: &[u32], number: u32) -> bool {
        self.instance.required[number as usize].opening > at.m || enabled.binary_search(&number).is_ok()
    }

    /// Reduction 3 for texts: some read that can stand before the next write may see `state` or what grows from it.
    /// True where that takes too long to tell.
    fn is_seen_later(&mut self, at: At, enabled: &[u32], state: u32) -> bool {
        let instance = self.instance;
        if instance.horizons.is_empty() || !self.machine.takes_anything(at.state) {
            return true;
        }
        let writes = &instance.fresh_numbers;
        let next_write = writes[writes.partition_point(|&number| number < at.m)..]
            .iter()
            .find(|&&number| self.is_left(at, enabled, number))
            .copied()
            .unwrap_or(u32::MAX);
        let from = instance.horizons.partition_point(|&number| number < at.m);
        for (looked_at, &number) in instance.horizons[from..].iter().enumerate() {
            if looked_at == READS_LOOKED_AT {
                return true;
            }
            let read = instance.required[number as usize];
            if read.opening <= next_write
                && self.is_left(at, enabled, number)
                && !self.machine.is_out_of_reach(state, read.class)
            {
                return true;
            }
        }
        false
    }

    /// Reduction 5.
    fn is_hopeless(&mut self, at: At, enabled: &[u32]) -> bool {
        let doomed = if self.machine.is_closed() {
            self.unsupplied(at, enabled)
        } else if self.instance.horizons.is_empty() {
            None
        } else {
            self.out_of_reach(at, enabled)
        };
        if let Some(number) = doomed {
            self.furthest = self.furthest.max(number);
        }
        doomed.is_some()
    }

    /// An operation that can come next and will never find the state that it needs.
    fn unsupplied(&mut self, at: At, enabled: &[u32]) -> Option<u32> {
        self.stamp += 1;
        for &number in enabled {
            if let Some(state) = self.machine.leaves(self.instance.required[number as usize].class) {
                mark(&mut self.state_stamps, state, self.stamp);
            }
        }
        for &number in enabled {
            let Some(needed) = self.machine.requires(self.class(number)) else { continue };
            let at_hand = needed == at.state
                || self.state_stamps.get(needed as usize).is_some_and(|&stamp| stamp == self.stamp);
            if at_hand {
                continue;
            }
            let supply = self.instance.supply(needed);
            if supply.is_none_or(|supply| !self.comes_in_time(at, number, supply)) {
                return Some(number);
            }
        }
        None
    }

    /// True if some operation of the supply opens after `m` and in time for `number`, or is pending and unspent.
    fn comes_in_time(&self, at: At, number: u32, supply: &Supply) -> bool {
        let next = supply.openings.partition_point(|&opening| opening <= at.m);
        supply.openings.get(next).is_some_and(|&opening| opening <= number)
            || supply.pending.iter().any(|&index| self.has_spare(at.spent, index, number))
    }

    /// The next read, if the text at hand can't become what it saw.
    fn out_of_reach(&mut self, at: At, enabled: &[u32]) -> Option<u32> {
        let instance = self.instance;
        let from = instance.horizons.partition_point(|&number| number < at.m);
        let &next = instance.horizons[from..].iter().find(|&&number| self.is_left(at, enabled, number))?;
        let read = self.class(next);
        if !self.machine.is_out_of_reach(at.state, read) {
            return None;
        }
        // A write in between helps if the read's text begins with what it wrote.
        for &number in enabled {
            if self.starts(self.class(number), read) {
                return None;
            }
        }
        let fresh = &instance.fresh_starts;
        let from = fresh.openings.partition_point(|&(opening, _)| opening <= at.m);
        for (looked_at, &(opening, class)) in fresh.openings[from..].iter().enumerate() {
            if opening > next {
                break;
            }
            if looked_at == WRITES_LOOKED_AT || self.starts(class, read) {
                return None;
            }
        }
        for &index in &fresh.pending {
            let class = instance.pending[index as usize].class;
            if self.starts(class, read) && self.has_spare(at.spent, index, next) {
                return None;
            }
        }
        Some(next)
    }

    /// True if the class leaves one state wherever it is legal, and this class of read is not out of its reach.
    fn starts(&mut self, class: u32, read: u32) -> bool {
        self.machine.leaves(class).is_some_and(|state| !self.machine.is_out_of_reach(state, read))
    }
}
