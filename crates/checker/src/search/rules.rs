//! Which operations are worth trying next: the reductions, each with its proof.
//!
//! A *completion* of a configuration is a legal order of what is left. A reduction is sound if, whenever a configuration
//! has a completion, one of the configurations that we still go on to has one. Completions are compared by, in this order,
//! - (1) how many pending operations they spend,
//! - (2) how many of those are plain writes,
//! - (3) how many operations they have,
//! - (4) the sum of the positions of observers,
//! - (5) the sum of the positions of plain writes, the larger the better,
//! - (6) the number of pairs of operations of one class that stand against the order of their returns, those left out last.
//!
//! Each proof below turns a completion that we would not try into a smaller one, so the smallest completion is always tried
//! (but for one place that `covered` speaks of): the reductions may be combined.
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
//! 4. *Domination*: see `spent`.
//! 5. *Remaining demand.* If an operation that can come next is legal in one state only, the state is another, and
//!    nothing that can still be placed before it returns leaves that state, then there is no completion. The same for
//!    an append-only stretch: if the text is no beginning of what the next read saw, and no write that can be
//!    placed before that read wrote such a beginning, then there is none: the last write before the read, or the text
//!    at hand, is what the read's text begins with.
//! 6. *A swap before the write of the same value.* Let a compare-and-set `c` that can come next swap the state at hand
//!    for the value that a plain write `w` leaves. If `w` is pending, or returns later than `c`, then `w` does not come
//!    next. Let `c` come next instead: the state after it is the same. Where `c` stood before, `w` can stand: it is legal
//!    everywhere, it leaves what `c` left there, and it is in time (that place is before the return of `c`). If `c` is
//!    pending and stood nowhere, the completion spends one plain write less.
//!
//! Reductions 7 and 8 look further ahead: see `ahead`; the ninth is about plain writes that nobody sees: see `covered`. The
//! eighth does not compare completions; it says of a configuration that has one that the next has one, which is all that
//! is asked.

use std::collections::BTreeMap;
use std::rc::Rc;

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
    /// The state before the last operation if the next one has to notice that one (reductions 3 and 9), else
    /// [`ILLEGAL`].
    pub(super) before_unnoticed: u32,
    /// What has been spent of the pending operations.
    pub(super) spent: u32,
    /// Plain writes with an opening below this are covered: they may stand before the last plain write.
    pub(super) covered: u32,
}

/// Which pending classes run out. Taking one for inexhaustible is a relaxation: it can only add orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Limits {
    /// Every class holds as many operations as it does.
    All,
    /// Only the classes that are tracked run out.
    Tracked,
    /// None runs out once its first operation can come next.
    Never,
}

/// The pending classes by where they are legal, each list by the opening of their first operation.
#[derive(Debug, Default)]
struct Candidates {
    /// For each state those that are legal there only.
    by_state: Vec<Vec<u32>>,
    /// Plain writes: legal everywhere, and what they leave does not depend on what was there.
    writes: Vec<u32>,
    /// All others.
    anywhere: Vec<u32>,
}

impl Candidates {
    fn new(instance: &Instance, machine: &impl Machine) -> Self {
        let mut candidates = Self::default();
        for (index, pending) in instance.pending.iter().enumerate() {
            let list = if let Some(state) = machine.requires(pending.class) {
                let state = state as usize;
                if state >= candidates.by_state.len() {
                    candidates.by_state.resize_with(state + 1, Vec::new);
                }
                &mut candidates.by_state[state]
            } else if machine.overwrites(pending.class) {
                &mut candidates.writes
            } else {
                &mut candidates.anywhere
            };
            list.push(count(index));
        }
        candidates
    }

    fn in_state(&self, state: u32) -> &[u32] {
        self.by_state.get(state as usize).map_or(&[], Vec::as_slice)
    }

    fn bytes(&self) -> usize {
        let lists = self.by_state.iter().chain([&self.writes, &self.anywhere]);
        lists.map(|list| list.capacity() * size_of::<u32>() + size_of::<Vec<u32>>()).sum()
    }
}

/// The problem, its machine, and the reductions.
pub(super) struct Rules<'a, M> {
    pub(super) instance: &'a Instance,
    pub(super) machine: &'a mut M,
    pub(super) spent_sets: SpentSets,
    pub(super) reductions: Reductions,
    /// The largest number of an operation that any configuration was turned down for.
    pub(super) furthest: u32,
    /// Of the operations from this number on, it is not yet known what else can be placed before they return (a window
    /// of a stream): they are no reason to give up a configuration. `u32::MAX` where all is known.
    pub(super) certain: u32,
    pub(super) limits: Limits,
    /// For each pending class: is it tracked?
    tracked: Vec<bool>,
    /// The pending classes that are.
    pub(super) tracked_classes: Vec<u32>,
    candidates: Rc<Candidates>,
    stamp: u64,
    class_stamps: Vec<u64>,
    state_stamps: Vec<u64>,
    /// Classes of plain writes that a swap comes before: reduction 6.
    swap_stamps: Vec<u64>,
    /// Pending plain writes that may be moves.
    writes: Vec<u32>,
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
        let by_class: BTreeMap<u32, u32> =
            instance.pending.iter().zip(0..).map(|(pending, index)| (pending.class, index)).collect();
        // A pending swap can be made up for by a pending plain write of the same value.
        let makes_up = |index: usize| {
            let write = machine.as_write(instance.pending[index].class)?;
            reductions.swap_before_write.then(|| by_class.get(&write).copied()).flatten()
        };
        let candidates = Rc::new(Candidates::new(instance, machine));
        let made_up_by = (0..instance.pending.len()).map(makes_up).collect();
        Self {
            instance,
            machine,
            spent_sets: SpentSets::new(made_up_by),
            reductions,
            furthest: 0,
            certain: u32::MAX,
            limits: Limits::All,
            tracked: vec![false; instance.pending.len()],
            tracked_classes: Vec::new(),
            candidates,
            stamp: 0,
            class_stamps: Vec::new(),
            state_stamps: Vec::new(),
            swap_stamps: Vec::new(),
            writes: Vec::new(),
        }
    }

    /// Tracks these pending classes from now on.
    pub(super) fn track(&mut self, classes: impl Iterator<Item = u32>) {
        for class in classes {
            if !std::mem::replace(&mut self.tracked[class as usize], true) {
                self.tracked_classes.push(class);
            }
        }
    }

    /// Tracks nothing any more.
    pub(super) fn track_nothing(&mut self) {
        self.tracked.fill(false);
        self.tracked_classes.clear();
    }

    /// True if some operation of unknown outcome swaps this state for another.
    pub(super) fn may_be_swapped(&self, state: u32) -> bool {
        !self.candidates.in_state(state).is_empty()
    }

    /// Bytes that the lists of pending classes take.
    pub(super) fn candidate_bytes(&self) -> usize {
        self.candidates.bytes()
    }

    pub(super) fn class(&self, number: u32) -> u32 {
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
            Move::Covered(_) => at,
            Move::Required(number) => {
                let class = self.class(number);
                let state = self.machine.step(at.state, class);
                let has_to_be_noticed = self.has_to_be_noticed(at, number, state);
                let before_unnoticed = if has_to_be_noticed { at.state } else { ILLEGAL };
                At { state, before_unnoticed, covered: self.covered_after(at, class), ..at }
            }
            Move::Pending(index) => {
                let class = self.instance.pending[index as usize].class;
                let state = self.machine.step(at.state, class);
                // One that leaves the state at hand is there to cover others: reduction 9.
                let has_to_be_noticed = self.reductions.pending_where_needed && state != at.state;
                let before_unnoticed = if has_to_be_noticed { at.state } else { ILLEGAL };
                let spent = self.spent_sets.with(at.spent, index);
                At { state, before_unnoticed, spent, covered: self.covered_after(at, class), ..at }
            }
        }
    }

    /// The moves worth trying, best first; none if there is no hope. `enabled` holds the operations that can come next,
    /// by number.
    pub(super) fn moves(&mut self, at: At, enabled: &[u32], moves: &mut Vec<Move>) {
        if !self.is_hopeless(at, enabled, self.limits) {
            self.candidates(at, enabled, moves);
        }
    }

    /// The same without a look at whether there is any hope.
    pub(super) fn candidates(&mut self, at: At, enabled: &[u32], moves: &mut Vec<Move>) {
        self.furthest = self.furthest.max(at.m);
        if let Some(only) = self.whole_value(at, enabled) {
            moves.push(only);
            return;
        }
        let stranded = self.stranded(at, enabled, None);
        let uncovered = enabled.iter().filter(|&&number| self.is_uncovered(at, number)).count();
        if at.before_unnoticed == ILLEGAL && self.is_covered(at, at.m) {
            moves.push(Move::Covered(at.m));
        }
        self.stamp += 1;
        for &number in enabled {
            let class = self.class(number);
            let after = self.machine.step(at.state, class);
            if after == ILLEGAL {
                continue;
            }
            if stranded.is_some() && after != at.state {
                // What is of no use is not to blame.
                if !self.is_of_use(at, enabled, number, after, uncovered) {
                    continue;
                }
                if let Some(left_behind) = self.stranded(at, enabled, Some(number)) {
                    self.furthest = self.furthest.max(left_behind);
                    continue;
                }
            }
            // Those that return first come first, so a swap that was met returns before this write.
            let others = uncovered - usize::from(self.is_uncovered(at, number));
            let after_a_swap = others == 0 && self.swap_comes_first(class);
            self.note_swap(class);
            if after_a_swap || !self.may_follow(at, class, after) {
                continue;
            }
            let tried = mark(&mut self.class_stamps, class, self.stamp);
            if (!tried || !self.reductions.earliest_of_class)
                && self.is_of_use(at, enabled, number, after, uncovered)
            {
                moves.push(Move::Required(number));
            }
        }
        match stranded {
            Some(left_behind) => self.furthest = self.furthest.max(left_behind),
            None => self.pending_moves(at, enabled, uncovered > 0, moves),
        }
    }

    /// Reduction 6: a swap that leaves what this plain write leaves can come next.
    fn swap_comes_first(&self, class: u32) -> bool {
        self.swap_stamps.get(class as usize).is_some_and(|&stamp| stamp == self.stamp)
    }

    fn note_swap(&mut self, class: u32) {
        if self.reductions.swap_before_write
            && let Some(write) = self.machine.as_write(class)
        {
            mark(&mut self.swap_stamps, write, self.stamp);
        }
    }

    fn pending_moves(&mut self, at: At, enabled: &[u32], may_cover: bool, moves: &mut Vec<Move>) {
        let mut writes = std::mem::take(&mut self.writes);
        writes.clear();
        let candidates = Rc::clone(&self.candidates);
        for &index in candidates.in_state(at.state).iter().chain(&candidates.anywhere) {
            let pending = &self.instance.pending[index as usize];
            if pending.operations[0].0 > at.m {
                continue;
            }
            let class = pending.class;
            let after = self.machine.step(at.state, class);
            if after == ILLEGAL || after == at.state {
                continue;
            }
            if self.is_in_stock(at.spent, index, at.m) {
                self.note_swap(class);
            }
            if self.is_worth_spending(at, enabled, index, after) {
                moves.push(Move::Pending(index));
            }
        }
        for &index in &candidates.writes {
            let pending = &self.instance.pending[index as usize];
            if pending.operations[0].0 > at.m {
                break;
            }
            let leads_on = self.machine.step(at.state, pending.class) != at.state;
            if may_cover || (leads_on && !self.swap_comes_first(pending.class)) {
                writes.push(index);
            }
        }
        for &index in &writes {
            let after = self.machine.step(at.state, self.instance.pending[index as usize].class);
            if self.is_worth_spending(at, enabled, index, after) {
                moves.push(Move::Pending(index));
            }
        }
        self.writes = writes;
    }

    /// Reductions 2 and 3 for a pending operation that leads to `after`. One that leaves the state at hand is there to
    /// cover others.
    fn is_worth_spending(&mut self, at: At, enabled: &[u32], index: u32, after: u32) -> bool {
        let class = self.instance.pending[index as usize].class;
        let tried = self.reductions.earliest_of_class
            && self.class_stamps.get(class as usize).is_some_and(|&stamp| stamp == self.stamp);
        !tried
            && self.may_follow(at, class, after)
            && self.has_spare(at.spent, index, at.m)
            && (!self.reductions.pending_where_needed
                || after == at.state
                || (self.is_noticed(at, enabled, Some(index), after)
                    && self.is_seen_later(at, enabled, after)))
    }

    /// True if some operation of the class can be placed at `m` within the limits in force.
    fn has_spare(&self, spent: u32, index: u32, m: u32) -> bool {
        self.has_more(spent, index, m, 0)
    }

    /// The same when `taken` more of the class are spent.
    fn has_more(&self, spent: u32, index: u32, m: u32, taken: u32) -> bool {
        let pending = &self.instance.pending[index as usize];
        let limited = match self.limits {
            Limits::All => true,
            Limits::Tracked => self.tracked[index as usize],
            Limits::Never => false,
        };
        if limited {
            pending.open_at(m) > self.spent_sets.count(spent, index) + taken
        } else {
            pending.operations[0].0 <= m
        }
    }

    /// True if some operation of the class that can be placed at `m` is not spent.
    pub(super) fn is_in_stock(&self, spent: u32, index: u32, m: u32) -> bool {
        self.instance.pending[index as usize].open_at(m) > self.spent_sets.count(spent, index)
    }

    /// Reductions 3 and 9, for what follows an operation that has to be noticed.
    pub(super) fn may_follow(&mut self, at: At, class: u32, after: u32) -> bool {
        at.before_unnoticed == ILLEGAL || self.tells_apart(at.before_unnoticed, class, after)
    }

    /// True if the class, which leads to `after`, would not have done so from `before`.
    fn tells_apart(&mut self, before: u32, class: u32, after: u32) -> bool {
        let otherwise = self.machine.step(before, class);
        otherwise == ILLEGAL || (!self.machine.is_observer(class) && otherwise != after)
    }

    /// Reductions 3 and 9, looking ahead: something can follow that notices an operation that leads to `state`, which
    /// may be one of the pending class `spending`.
    pub(super) fn is_noticed(&mut self, at: At, enabled: &[u32], spending: Option<u32>, state: u32) -> bool {
        for &number in enabled {
            let class = self.class(number);
            let after = self.machine.step(state, class);
            if after != ILLEGAL && self.tells_apart(at.state, class, after) {
                return true;
            }
        }
        // A plain write leads to the same state from either, so it needs nothing before it.
        let candidates = Rc::clone(&self.candidates);
        for &index in candidates.in_state(state).iter().chain(&candidates.anywhere) {
            let pending = &self.instance.pending[index as usize];
            if pending.operations[0].0 > at.m {
                continue;
            }
            let after = self.machine.step(state, pending.class);
            if after == ILLEGAL || after == state || !self.tells_apart(at.state, pending.class, after) {
                continue;
            }
            if self.has_more(at.spent, index, at.m, u32::from(Some(index) == spending)) {
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
        // In a window, reads that are yet to be told may see it.
        let all_is_told = self.certain == u32::MAX;
        if !all_is_told || instance.horizons.is_empty() || !self.machine.takes_anything(at.state) {
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

    /// Reduction 5, within these limits.
    pub(super) fn is_hopeless(&mut self, at: At, enabled: &[u32], limits: Limits) -> bool {
        if !self.reductions.demand {
            return false;
        }
        let before = std::mem::replace(&mut self.limits, limits);
        let doomed = if self.machine.is_closed() {
            self.unsupplied(at, enabled)
        } else if self.instance.horizons.is_empty() {
            None
        } else {
            self.out_of_reach(at, enabled)
        };
        self.limits = before;
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
        for &number in enabled.iter().filter(|&&number| number < self.certain) {
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
    pub(super) fn comes_in_time(&self, at: At, number: u32, supply: &Supply) -> bool {
        let next = supply.openings.partition_point(|&opening| opening <= at.m);
        supply.openings.get(next).is_some_and(|&opening| opening <= number)
            || supply.pending.iter().any(|&index| self.has_spare(at.spent, index, number))
    }

    /// The next read, if the text at hand can't become what it saw.
    fn out_of_reach(&mut self, at: At, enabled: &[u32]) -> Option<u32> {
        let instance = self.instance;
        let from = instance.horizons.partition_point(|&number| number < at.m);
        let &next = instance.horizons[from..].iter().find(|&&number| self.is_left(at, enabled, number))?;
        if next >= self.certain {
            return None;
        }
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
