//! Reduction 9: a plain write that nobody sees needs no turn of its own.
//!
//! Why it exists: most writes of a register are overwritten before anybody reads them. Which of them were placed, and when,
//! multiplies the configurations of a search by thousands and decides nothing. In objects whose state is always somebody's
//! doing (`Machine::is_closed`).
//!
//! A *plain write* is legal everywhere and leaves the same state wherever it stands (`Machine::overwrites`), so nobody sees one
//! that stands right before another. Let a plain write be placed. All others that could come next then are *covered* from
//! there on: each can be *left out* of what comes, because it can stand right before that one. It could come next there; and
//! until its own return is up, nothing is placed that has to wait for it. So a configuration remembers how far the covered
//! ones reach (`At::covered`), and a completion is from here on an order of what is left, but that covered writes may be
//! missing. In the order that is answered they stand where they belong (`search::operations`). A configuration that has
//! covered more dominates. Two rules follow:
//!
//! - *Its turn is passed.* If `m` is covered, one move is to leave it out (`Move::Covered`): from there, a completion
//!   without it is still one. It is not made when the next operation has to notice the last one. If `m` was covered
//!   before that last one, its turn could have been passed then. If the last one, a pending plain write, is what covers it,
//!   `m` is placed in front of that one instead, which is open to it (below): the one place where what is tried has an
//!   operation more than the smallest completion.
//! - *No plain write right before another.* Let a completion begin with the plain write `w` and go on with a plain write `v`
//!   that can come next now. Let `v` come next instead: it covers `w`, which is left out, and the completion is shorter by
//!   one operation. So `w` is followed by something else that can come next now and notices it, in the sense of reduction 3, or by
//!   something that can't come next yet. The latter takes that `m` is out of the way: `w` is `m`, or it covers `m`
//!   (`is_last_chance`; were `m` covered before, it would have been passed). A `w` that leaves the state at hand can't be noticed;
//!   it is of use only if something that it covers was not covered before, or itself was not.
//!
//! Completions are compared by their length next to what they spend (see `rules`). What the other reductions have to mind:
//!
//! - 2: Of two of one class, the one that returns first goes first. It covers the other, which may be left out in its stead.
//! - 3: What follows a pending plain write and absorbs it covers all that it would have covered. But as long as something is
//!   not covered, one that leaves the state at hand is of use, and nobody has to notice it: it puts back what the
//!   covered ones changed. (One that leaves another state is noticed as ever: if `m` is not covered, it can be placed itself
//!   before what may follow then.)
//! - 6: To let the swap come first, and `w` later, covers later. So nothing else may be waiting for cover.
//! - 8: Not where `m` is covered: once it is passed, somebody else can come next who needs the state at hand. And `w` has to
//!   be of use: somebody is there who needs what it leaves, or it is the last chance. Where what is moved away
//!   covered something, the plain write that follows covers it, or it stands at the end itself.
//!
//! Left out on purpose: windows of a stream, where it is not known what is still to come, and the search that counts
//! pending operations only where it matters (`refining`).

use super::rules::{At, Limits, Rules};
use crate::machine::Machine;

impl<M: Machine> Rules<'_, M> {
    /// True if this reduction is in force.
    pub(super) fn covers(&self) -> bool {
        self.reductions.cover
            && self.machine.is_closed()
            && self.certain == u32::MAX
            && self.limits == Limits::All
    }

    /// True if this is a plain write that may be left out.
    pub(super) fn is_covered(&self, at: At, number: u32) -> bool {
        self.is_plain_write(number) && self.opens_below(number, at.covered)
    }

    /// True if this is a plain write that waits for cover.
    pub(super) fn is_uncovered(&self, at: At, number: u32) -> bool {
        self.is_plain_write(number) && !self.opens_below(number, at.covered)
    }

    fn is_plain_write(&self, number: u32) -> bool {
        self.covers() && self.machine.overwrites(self.class(number))
    }

    fn opens_below(&self, number: u32, end: u32) -> bool {
        self.instance.required[number as usize].opening < end
    }

    /// How far the covered reach when this class has been placed.
    pub(super) fn covered_after(&self, at: At, class: u32) -> u32 {
        if self.covers() && self.machine.overwrites(class) { at.m + 1 } else { at.covered }
    }

    /// True if this plain write places `m` or covers it, so that more can follow than can come next now.
    pub(super) fn is_last_chance(&self, at: At, number: u32) -> bool {
        number == at.m || self.is_uncovered(at, at.m)
    }

    /// True if the operation, which leads to `after`, has to be noticed by the next one.
    pub(super) fn has_to_be_noticed(&self, at: At, number: u32, after: u32) -> bool {
        self.is_plain_write(number) && after != at.state && !self.is_last_chance(at, number)
    }

    /// False for a plain write that neither covers nor is noticed. `uncovered` of those that can come next wait for cover.
    pub(super) fn is_of_use(
        &mut self,
        at: At,
        enabled: &[u32],
        number: u32,
        after: u32,
        uncovered: usize,
    ) -> bool {
        if !self.is_plain_write(number) || self.is_last_chance(at, number) {
            return true;
        }
        if after == at.state { uncovered > 0 } else { self.is_noticed(at, enabled, None, after) }
    }
}
