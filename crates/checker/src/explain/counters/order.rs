//! Which of two operations comes first: by the clock, and by what counting has said so far.
//!
//! Why it exists: a counter's values order what overlaps. Each such conclusion ([`SumFact::Backwards`], [`SumFact::Placed`]) is
//! a step, or two, from one
//! operation to another, and narrows the time of both: the first has taken effect by the time the second returned, and the
//! second not before the first was called. An operation comes before another if steps lead from it to the other, or if its
//! narrowed time ends before the other's begins.

use std::collections::{BTreeMap, BTreeSet};

use anachron_history::Timestamp;
use anachron_vocabulary::OperationId;

use super::SumFact;
use crate::explain::fact::{Fact, Point};
use crate::explain::subject::Subject;

/// What is known of the order.
pub(super) struct Order<'s> {
    pub(super) subject: &'s Subject<'s>,
    /// Pairs that steps lead from and to. Invariant: transitive.
    led: BTreeSet<(OperationId, OperationId)>,
    /// No effect before, by operation.
    not_before: BTreeMap<OperationId, Timestamp>,
    /// No effect after, by operation.
    not_after: BTreeMap<OperationId, Timestamp>,
}

impl<'s> Order<'s> {
    /// The clock's order.
    pub(super) fn by_clock(subject: &'s Subject<'s>) -> Self {
        Self { subject, led: BTreeSet::new(), not_before: BTreeMap::new(), not_after: BTreeMap::new() }
    }

    /// The clock's order, and what these facts conclude.
    pub(super) fn of(subject: &'s Subject<'s>, facts: &[Fact]) -> Self {
        let mut order = Self::by_clock(subject);
        for fact in facts {
            match fact {
                Fact::Sum(SumFact::Backwards { first, last, .. }) => order.step(*last, *first),
                Fact::Sum(SumFact::Placed { first, last, increment, inside, .. }) => {
                    order.place(*first, *last, *increment, *inside);
                }
                _ => {}
            }
        }
        order
    }

    /// The one comes before the other.
    pub(super) fn step(&mut self, one: OperationId, other: OperationId) {
        let led = |wanted: &dyn Fn(&(OperationId, OperationId)) -> Option<OperationId>| -> Vec<OperationId> {
            self.led.iter().filter_map(wanted).collect()
        };
        let mut before = led(&|&(from, to)| (to == one).then_some(from));
        let mut after = led(&|&(from, to)| (from == other).then_some(to));
        before.push(one);
        after.push(other);
        for (&from, &to) in before.iter().flat_map(|from| after.iter().map(move |to| (from, to))) {
            self.led.insert((from, to));
            let call = self.subject.record(from).call;
            self.not_before.entry(to).and_modify(|time| *time = call.max(*time)).or_insert(call);
            if let Some(end) = self.subject.record(to).returned() {
                self.not_after.entry(from).and_modify(|time| *time = end.min(*time)).or_insert(end);
            }
        }
    }

    /// The increment lies between the two, or does not: then it lies behind the last if it lies behind the first.
    pub(super) fn place(&mut self, first: Point, last: OperationId, increment: OperationId, inside: bool) {
        if inside {
            if let Some(first) = first {
                self.step(first, increment);
            }
            self.step(increment, last);
        } else if first.is_none_or(|first| self.has(first, increment)) {
            self.step(last, increment);
        } else if let Some(first) = first.filter(|_| self.has(increment, last)) {
            self.step(increment, first);
        }
    }

    /// True if the one comes before the other in every order.
    pub(super) fn has(&self, one: OperationId, other: OperationId) -> bool {
        if self.led.contains(&(one, other)) {
            return true;
        }
        let end =
            self.subject.record(one).returned().into_iter().chain(self.not_after.get(&one).copied()).min();
        let call = self.subject.record(other).call;
        let begin = self.not_before.get(&other).map_or(call, |&time| call.max(time));
        end.is_some_and(|end| end < begin)
    }
}
