//! Which counts make a story: the search for a short argument around a core.
//!
//! Everything proposed here is checked by [`SumFact::holds`] before it is said.
//!
//! Of moments that overlap counting says more and more: each round asks every pair whether the one can come after the other,
//! given all that is known. Once some pair can't come in the order that it must, whatever was not needed for that is
//! taken out again. A story that needs more than a few steps is none.

use std::cmp::Reverse;

use anachron_vocabulary::OperationId;

use super::order::Order;
use super::{
    SumFact, amount, at_first, between, can_add_up, change, excess, is_certain, lying, may_lie, shown, sum,
};
use crate::CoreOperation;
use crate::explain::fact::{Fact, Point};
use crate::explain::subject::Subject;
use crate::explain::words::Voice;
use crate::explain::{AnomalyKind, Candidate};

/// Above this many moments not all pairs are tried.
const MOMENTS: usize = 60;
/// Up to this many increments are told one by one.
const TOLD: usize = 6;
/// More steps than this nobody follows.
const STEPS: usize = 5;
/// More steps than this are not looked through for those.
const MOST_STEPS: usize = 200;
/// In histories of more operations than this, moments that overlap are left alone: each pair looks at every operation.
const FOLLOWED: usize = 2_000;
/// A choice among more increments than this is not told.
const CHOSEN_FROM: usize = 12;

/// A change that can't be, if the one moment comes before the other.
#[derive(Clone)]
struct Count {
    first: Point,
    last: OperationId,
    greater: bool,
    increments: Vec<OperationId>,
    certain: Vec<OperationId>,
}

impl Count {
    /// Counts what lies between the two, and so much besides; nothing if that is in range.
    fn with(
        order: &Order<'_>,
        first: Point,
        last: OperationId,
        greater: bool,
        besides: i128,
    ) -> Option<Self> {
        let subject = order.subject;
        let increments = between(order, first, last, greater);
        let mut bound = sum(subject, &increments) + besides;
        let mut certain = Vec::new();
        let is_broken =
            |bound: i128| excess(subject, first, last, greater, bound).is_some_and(|excess| excess > 0);
        if !is_broken(bound) {
            let mut helpers: Vec<OperationId> = between(order, first, last, !greater)
                .into_iter()
                .filter(|&id| is_certain(order, first, last, id))
                .collect();
            helpers.sort_by_key(|&id| (Reverse(amount(subject, id).abs()), id));
            for next in helpers {
                bound += amount(subject, next);
                certain.push(next);
                if is_broken(bound) {
                    break;
                }
            }
        }
        is_broken(bound).then_some(Self { first, last, greater, increments, certain })
    }

    /// More than there can be, or less.
    fn either(order: &Order<'_>, first: Point, last: OperationId) -> Option<Self> {
        [true, false]
            .into_iter()
            .filter_map(|greater| Self::with(order, first, last, greater, 0))
            .min_by_key(Self::size)
    }

    fn size(&self) -> usize {
        self.increments.len() + self.certain.len()
    }

    /// The increments that are told one by one, and the moments.
    fn named(&self) -> impl Iterator<Item = OperationId> {
        let few = [&self.increments, &self.certain].into_iter().filter(|crowd| crowd.len() <= TOLD).flatten();
        self.first.iter().chain([&self.last]).chain(few).copied()
    }

    fn can_add(&self) -> Fact {
        let Self { first, last, greater, increments, .. } = self.clone();
        Fact::Sum(SumFact::CanAdd { first, last, greater, increments })
    }

    /// It says that there is no order.
    fn conclusion(&self, subject: &Subject<'_>) -> [Fact; 2] {
        let Self { first, last, greater, certain, increments } = self.clone();
        let by = sum(subject, &increments) + sum(subject, &certain);
        let bound = at_first(subject, first).unwrap_or(0) + by + amount(subject, last);
        [self.can_add(), Fact::Sum(SumFact::OutOfRange { first, last, greater, certain, bound })]
    }
}

/// The operations of the core that show the counter, earliest return first.
fn moments(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<OperationId> {
    let mut moments: Vec<OperationId> =
        core.iter().map(|kept| kept.id).filter(|&id| shown(subject, id).is_some()).collect();
    moments.sort_by_key(|&id| (subject.record(id).returned(), id));
    moments.truncate(subject.compared(MOMENTS));
    moments
}

/// All that are named, by call, each with what it did.
fn told(subject: &Subject<'_>, named: impl Iterator<Item = OperationId>) -> Vec<Vec<Fact>> {
    let mut named: Vec<OperationId> = named.collect();
    named.sort_by_key(|&id| (subject.record(id).call, subject.record(id).returned(), id));
    named.dedup();
    named.into_iter().map(|id| vec![Fact::Did(id)]).collect()
}

fn finished(subject: &Subject<'_>, first: Point, last: OperationId) -> Option<Vec<Fact>> {
    first
        .filter(|&first| subject.precedes(first, last))
        .map(|earlier| vec![Fact::FinishedBefore { earlier, later: last }])
}

/// The moments before each, by the clock, and the start.
fn pairs(subject: &Subject<'_>, moments: &[OperationId]) -> impl Iterator<Item = (Point, OperationId)> {
    moments.iter().flat_map(move |&last| {
        let firsts = moments.iter().copied().filter(move |&first| subject.precedes(first, last));
        firsts.map(Some).chain([None]).map(move |first| (first, last))
    })
}

/// Impossible value, by one count.
pub(crate) fn out_of_range(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let order = Order::by_clock(subject);
    let moments = moments(subject, core);
    pairs(subject, &moments)
        .filter_map(|(first, last)| Count::either(&order, first, last))
        .min_by_key(Count::size)
        .map(|count| story(subject, &[], &Ending::OutOfRange(count)))
        .into_iter()
        .collect()
}

/// Why there is no order: the last count, or a choice that there is not.
#[derive(Clone)]
enum Ending {
    OutOfRange(Count),
    NoChoice { first: Point, last: OperationId, certain: Vec<OperationId>, others: Vec<OperationId> },
}

impl Ending {
    /// How the story of these two moments ends, if they come in this order for certain.
    fn of(order: &Order<'_>, first: Point, last: OperationId) -> Option<Self> {
        let in_order = first.is_none_or(|first| order.has(first, last));
        let counted = || Count::either(order, first, last).map(Self::OutOfRange);
        in_order.then(|| counted().or_else(|| Self::no_choice(order, first, last))).flatten()
    }

    /// In range, but not what any of the increments add up to.
    fn no_choice(order: &Order<'_>, first: Point, last: OperationId) -> Option<Self> {
        let subject = order.subject;
        let [certain, others] = lying(order, first, last);
        let is_told = certain.len() + others.len() <= CHOSEN_FROM;
        let change = change(subject, first, last)?;
        let adds_up = || can_add_up(subject, &others, change - sum(subject, &certain));
        (is_told && !adds_up()).then_some(Self::NoChoice { first, last, certain, others })
    }

    fn moments(&self) -> (Point, OperationId) {
        match self {
            Self::OutOfRange(Count { first, last, .. }) | Self::NoChoice { first, last, .. } => {
                (*first, *last)
            }
        }
    }

    fn named(&self) -> Vec<OperationId> {
        match self {
            Self::OutOfRange(count) => count.named().collect(),
            Self::NoChoice { first, last, certain, others } => {
                first.iter().chain([last]).chain(certain).chain(others).copied().collect()
            }
        }
    }

    fn facts(&self, subject: &Subject<'_>) -> [Fact; 2] {
        match self.clone() {
            Self::OutOfRange(count) => count.conclusion(subject),
            Self::NoChoice { first, last, certain, others } => [
                Fact::Sum(SumFact::CanLie { first, last, certain, others }),
                Fact::Sum(SumFact::NoChoice { first, last }),
            ],
        }
    }

    fn headline(&self, voice: &Voice<'_>) -> String {
        match self {
            Self::OutOfRange(count) => {
                let than = if count.greater { "more" } else { "less" };
                format!("{}, {than} than it can have been", voice.did(count.last))
            }
            Self::NoChoice { last, .. } => format!("{}, which no increments add up to", voice.did(*last)),
        }
    }
}

/// What one count says of the order.
#[derive(Clone)]
struct Step {
    count: Count,
    /// An increment that lies between the two, or does not; without one, that the last comes before the first.
    placed: Option<(OperationId, bool)>,
}

impl Step {
    fn take(&self, order: &mut Order<'_>) {
        let Count { first, last, .. } = self.count;
        match (self.placed, first) {
            (Some((increment, inside)), _) => order.place(first, last, increment, inside),
            (None, Some(first)) => order.step(last, first),
            (None, None) => unreachable!("nothing comes before the start"),
        }
    }

    /// The same step from what is known now, if it still follows.
    fn again(&self, order: &Order<'_>) -> Option<Self> {
        let Count { first, last, greater, .. } = self.count;
        let besides = match self.placed {
            Some((increment, inside)) => {
                let is_open =
                    may_lie(order, first, last, increment) && !is_certain(order, first, last, increment);
                let in_order = first.is_none_or(|first| order.has(first, last));
                if !is_open || !in_order {
                    return None;
                }
                let amount = amount(order.subject, increment);
                if inside { -amount } else { amount }
            }
            None => 0,
        };
        let count = Count::with(order, first, last, greater, besides)?;
        Some(Self { count, placed: self.placed })
    }

    fn facts(&self) -> Option<Vec<Fact>> {
        let Count { first, last, greater, certain, .. } = self.count.clone();
        let said = match self.placed {
            Some((increment, inside)) => SumFact::Placed { first, last, greater, certain, increment, inside },
            None => SumFact::Backwards { first: first?, last, greater, certain },
        };
        Some(vec![self.count.can_add(), Fact::Sum(said)])
    }

    fn named(&self) -> impl Iterator<Item = OperationId> {
        self.count.named().chain(self.placed.map(|(increment, _)| increment))
    }
}

/// The increments whose place the range between the two tells.
fn placed(order: &Order<'_>, first: Point, last: OperationId) -> Vec<Step> {
    let subject = order.subject;
    let mut steps = Vec::new();
    for greater in [true, false] {
        let helpers = between(order, first, last, !greater);
        let (certain, spare): (Vec<OperationId>, Vec<OperationId>) =
            helpers.into_iter().partition(|&id| is_certain(order, first, last, id));
        let increments = between(order, first, last, greater);
        let by = sum(subject, &increments) + sum(subject, &certain);
        let Some(excess) = excess(subject, first, last, greater, by) else { continue };
        // So much less, and the counter is out of range.
        let tells = |&id: &OperationId| excess + amount(subject, id).abs() > 0;
        let needed =
            increments.iter().copied().filter(|&id| !is_certain(order, first, last, id)).filter(tells);
        let barred = spare.iter().copied().filter(|&id| {
            let one_side = first.is_none_or(|first| order.has(first, id)) || order.has(id, last);
            subject.is_ok(id) && one_side && tells(&id)
        });
        let asked = needed.map(|id| (id, true)).chain(barred.map(|id| (id, false)));
        let count = Count { first, last, greater, increments: increments.clone(), certain: certain.clone() };
        steps.extend(asked.map(|placed| Step { count: count.clone(), placed: Some(placed) }));
    }
    steps
}

/// Impossible value, step by step: which of two moments comes first, which increments lie between, and then that it can't be.
pub(crate) fn step_by_step(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    if subject.possible().nth(FOLLOWED).is_some() {
        return Vec::new();
    }
    let moments = moments(subject, core);
    let firsts = || std::iter::once(None).chain(moments.iter().copied().map(Some));
    let mut order = Order::by_clock(subject);
    let mut steps: Vec<Step> = Vec::new();
    let last = 'found: loop {
        let known = steps.len();
        for (first, &last) in firsts().flat_map(|first| moments.iter().map(move |last| (first, last))) {
            if first == Some(last) || first.is_some_and(|first| order.has(last, first)) {
                continue;
            }
            let in_order = first.is_none_or(|first| order.has(first, last));
            if let Some(ending) = Ending::of(&order, first, last) {
                break 'found ending;
            }
            let found = if in_order {
                placed(&order, first, last)
            } else {
                let count = Count::either(&order, first, last);
                count.map(|count| Step { count, placed: None }).into_iter().collect()
            };
            for step in found {
                // What was said before may say this too.
                if let Some(step) = step.again(&order) {
                    step.take(&mut order);
                    steps.push(step);
                }
            }
        }
        if steps.len() == known || steps.len() > MOST_STEPS {
            return Vec::new();
        }
    };
    needed(subject, steps, &last).map(|(steps, last)| story(subject, &steps, &last)).into_iter().collect()
}

/// The steps without which the last count is in range, counted again; nothing if they are too many.
fn needed(subject: &Subject<'_>, mut steps: Vec<Step>, last: &Ending) -> Option<(Vec<Step>, Ending)> {
    let (first, at) = last.moments();
    let recount = |steps: &[Step], without: usize| -> Option<(Vec<Step>, Ending)> {
        let mut order = Order::by_clock(subject);
        let mut counted = Vec::with_capacity(steps.len());
        // A step that does not follow any more is left out as well.
        for (_, step) in steps.iter().enumerate().filter(|(index, _)| *index != without) {
            if let Some(step) = step.again(&order) {
                step.take(&mut order);
                counted.push(step);
            }
        }
        Some((counted, Ending::of(&order, first, at)?))
    };
    let mut last = last.clone();
    let mut index = steps.len();
    while index > 0 {
        index = (index - 1).min(steps.len());
        if let Some((fewer, counted)) = recount(&steps, index) {
            (steps, last) = (fewer, counted);
        }
    }
    (steps.len() <= STEPS).then_some((steps, last))
}

fn story(subject: &Subject<'_>, steps: &[Step], ending: &Ending) -> Candidate {
    let (first, last) = ending.moments();
    let mut sentences = told(subject, steps.iter().flat_map(Step::named).chain(ending.named()));
    sentences.extend(steps.iter().filter_map(Step::facts));
    sentences.extend(finished(subject, first, last));
    sentences.extend(ending.facts(subject).map(|fact| vec![fact]));
    let headline = ending.headline(&Voice::new(subject));
    Candidate { kind: AnomalyKind::ImpossibleValue, headline, sentences }
}
