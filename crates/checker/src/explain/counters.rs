//! Counters: what can have been added between two moments, and what was.
//!
//! Why it exists: a counter that is seen at *a* and later at *b* changed by what was added in between. Only increments
//! that did not finish before the first moment's operation began, and did not begin after the last one's had finished, can
//! lie between; those that lie there in real time certainly do. So the change has a most and a least, and a counter that
//! leaves this range counted something twice, lost something, or took it from nowhere (`verify/sums.rs` has the proof).
//!
//! Of two moments that overlap the same argument says which comes first: if the change from *a* to *b* is out of range, *b* comes
//! before *a*. That is as good as the clock's word, for every count after it (`order` has what follows from such words).
//!
//! Where the change is in range, it may still be none that some of those increments add up to: a counter does not take a half
//! of an increment.
//!
//! The search for arguments is in `attempts`.

pub(crate) mod attempts;
mod order;

use std::collections::BTreeSet;

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::fact::{Fact, Point};
use super::scans::same_set;
use super::subject::Subject;
use super::words::{Voice, list};
use order::Order;

/// What is true of a counter between two moments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SumFact {
    /// Only these increments can have made the counter greater (or smaller) between the two.
    CanAdd {
        /// The first moment, or the start.
        first: Point,
        /// The last.
        last: OperationId,
        /// True: greater. False: smaller.
        greater: bool,
        /// The increments.
        increments: Vec<OperationId>,
    },
    /// Conclusion: the last can't come after the first, for the counter would have to change by more (or less) than these add
    /// up to. So it comes before the first.
    Backwards {
        /// The first moment.
        first: OperationId,
        /// The last.
        last: OperationId,
        /// As in [`SumFact::CanAdd`].
        greater: bool,
        /// As in [`SumFact::OutOfRange`].
        certain: Vec<OperationId>,
    },
    /// Conclusion: between the two, which come in this order, the increment lies for certain (or it does not): without it (or
    /// with it) the counter would have to change by more (or less) than the others add up to.
    Placed {
        /// As in [`SumFact::CanAdd`].
        first: Point,
        /// As in [`SumFact::CanAdd`].
        last: OperationId,
        /// As in [`SumFact::CanAdd`].
        greater: bool,
        /// As in [`SumFact::OutOfRange`].
        certain: Vec<OperationId>,
        /// The increment.
        increment: OperationId,
        /// True if it lies between the two.
        inside: bool,
    },
    /// Only these increments can lie between the two.
    CanLie {
        /// The first moment, or the start.
        first: Point,
        /// The last.
        last: OperationId,
        /// The increments that lie there for certain.
        certain: Vec<OperationId>,
        /// Those that may or may not.
        others: Vec<OperationId>,
    },
    /// Conclusion: the counter changed by something that no choice of those that may lie between the two makes up.
    NoChoice {
        /// As in [`SumFact::CanLie`].
        first: Point,
        /// As in [`SumFact::CanLie`].
        last: OperationId,
    },
    /// Conclusion: the counter changed by more (or less) than these add up to.
    OutOfRange {
        /// The first moment, or the start.
        first: Point,
        /// The last.
        last: OperationId,
        /// As in [`SumFact::CanAdd`].
        greater: bool,
        /// Increments of the other sign that lie between the two for certain, as far as they are needed.
        certain: Vec<OperationId>,
        /// What the counter can be at most (or at least) when the last moment's operation has taken effect.
        bound: i128,
    },
}

fn amount(subject: &Subject<'_>, id: OperationId) -> i128 {
    match subject.record(id).operation {
        Operation::Increment(amount) => i128::from(amount),
        _ => 0,
    }
}

/// The counter just after an operation that shows it.
fn shown(subject: &Subject<'_>, id: OperationId) -> Option<i128> {
    match &subject.record(id).outcome {
        Outcome::Ok(Reply::Value(Value::Integer(count))) => Some(i128::from(*count)),
        _ => None,
    }
}

fn at_first(subject: &Subject<'_>, first: Point) -> Option<i128> {
    match (first, subject.initial()) {
        (Some(first), _) => shown(subject, first),
        (None, Value::Integer(count)) => Some(i128::from(*count)),
        (None, _) => Some(0),
    }
}

/// True if the operation can lie between the two.
fn may_lie(order: &Order<'_>, first: Point, last: OperationId, id: OperationId) -> bool {
    Some(id) != first && id != last && first.is_none_or(|first| !order.has(id, first)) && !order.has(last, id)
}

/// All increments of one sign that can lie between the two.
fn between(order: &Order<'_>, first: Point, last: OperationId, greater: bool) -> Vec<OperationId> {
    let subject = order.subject;
    let inside = |&id: &OperationId| {
        let amount = amount(subject, id);
        (if greater { amount > 0 } else { amount < 0 }) && may_lie(order, first, last, id)
    };
    subject.possible().filter(inside).collect()
}

/// True if the operation certainly took effect between the two.
fn is_certain(order: &Order<'_>, first: Point, last: OperationId, id: OperationId) -> bool {
    order.subject.is_ok(id) && first.is_none_or(|first| order.has(first, id)) && order.has(id, last)
}

/// All increments that can lie between the two: for certain, and others. One of nothing does not count.
fn lying(order: &Order<'_>, first: Point, last: OperationId) -> [Vec<OperationId>; 2] {
    let subject = order.subject;
    let inside = |&id: &OperationId| amount(subject, id) != 0 && may_lie(order, first, last, id);
    let (certain, others) =
        subject.possible().filter(inside).partition(|&id| is_certain(order, first, last, id));
    [certain, others]
}

/// More sums than this are not told apart.
const SUMS: usize = 100_000;

/// True if some of the increments add up to this; also if that is too much work to tell.
fn can_add_up(subject: &Subject<'_>, others: &[OperationId], wanted: i128) -> bool {
    let mut sums = BTreeSet::from([0_i128]);
    for &id in others {
        let amount = amount(subject, id);
        let more: Vec<i128> = sums.iter().map(|sum| sum + amount).collect();
        sums.extend(more);
        if sums.len() > SUMS {
            return true;
        }
    }
    sums.contains(&wanted)
}

/// By how much the counter changed between the two.
fn change(subject: &Subject<'_>, first: Point, last: OperationId) -> Option<i128> {
    Some(shown(subject, last)? - amount(subject, last) - at_first(subject, first)?)
}

fn sum(subject: &Subject<'_>, ids: &[OperationId]) -> i128 {
    ids.iter().map(|&id| amount(subject, id)).sum()
}

/// By how much the bound is broken; not at all if that is not positive.
fn excess(
    subject: &Subject<'_>,
    first: Point,
    last: OperationId,
    greater: bool,
    bound: i128,
) -> Option<i128> {
    let change = change(subject, first, last)?;
    Some(if greater { change - bound } else { bound - change })
}

/// With so much besides: what the counter can be at the last moment at most (or at least), if it is more (or less).
fn broken_bound(
    order: &Order<'_>,
    (first, last, greater): (Point, OperationId, bool),
    certain: &[OperationId],
    besides: i128,
    earlier: &[Fact],
) -> Option<i128> {
    let subject = order.subject;
    let mut distinct = certain.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let fits = |&id: &OperationId| {
        subject.owns(id) && (amount(subject, id) < 0) == greater && is_certain(order, first, last, id)
    };
    let known = earlier.iter().rev().find_map(|fact| match fact {
        Fact::Sum(SumFact::CanAdd { first: f, last: l, greater: g, increments })
            if (*f, *l, *g) == (first, last, greater) =>
        {
            Some(sum(subject, increments))
        }
        _ => None,
    });
    let is_sound = distinct.len() == certain.len()
        && certain.iter().all(fits)
        && first.is_none_or(|first| subject.owns(first))
        && subject.owns(last);
    let by = known? + sum(subject, certain) + besides;
    let broken = excess(subject, first, last, greater, by).is_some_and(|excess| excess > 0);
    (is_sound && broken).then_some(at_first(subject, first)? + by + amount(subject, last))
}

impl SumFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        let order = Order::of(subject, earlier);
        let in_order = |first: Point, last: OperationId| {
            first.is_none_or(|first| subject.owns(first) && order.has(first, last)) && subject.owns(last)
        };
        match self {
            Self::CanAdd { first, last, greater, increments } => {
                same_set(increments, between(&order, *first, *last, *greater))
            }
            Self::Backwards { first, last, greater, certain } => {
                broken_bound(&order, (Some(*first), *last, *greater), certain, 0, earlier).is_some()
            }
            Self::OutOfRange { first, last, greater, certain, bound } => {
                let broken = broken_bound(&order, (*first, *last, *greater), certain, 0, earlier);
                in_order(*first, *last) && broken == Some(*bound)
            }
            Self::Placed { first, last, greater, certain, increment, inside } => {
                let amount = amount(subject, *increment);
                let besides = if *inside { -amount } else { amount };
                let may_be_asked = subject.owns(*increment)
                    && (*inside || subject.is_ok(*increment))
                    && !certain.contains(increment)
                    && (amount > 0) == (greater == inside)
                    && amount != 0
                    && may_lie(&order, *first, *last, *increment);
                may_be_asked
                    && in_order(*first, *last)
                    && broken_bound(&order, (*first, *last, *greater), certain, besides, earlier).is_some()
            }
            Self::CanLie { first, last, certain, others } => {
                let [sure, free] = lying(&order, *first, *last);
                same_set(certain, sure) && same_set(others, free)
            }
            Self::NoChoice { first, last } => {
                let listed = earlier.iter().find_map(|fact| match fact {
                    Fact::Sum(Self::CanLie { first: f, last: l, certain, others })
                        if (f, l) == (first, last) =>
                    {
                        Some((certain, others))
                    }
                    _ => None,
                });
                in_order(*first, *last)
                    && listed.is_some_and(|(certain, others)| {
                        change(subject, *first, *last).is_some_and(|change| {
                            !can_add_up(subject, others, change - sum(subject, certain))
                        })
                    })
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        match self {
            Self::CanAdd { first, last, increments: others, .. }
            | Self::OutOfRange { first, last, certain: others, .. } => {
                first.iter().chain([last]).chain(others).copied().collect()
            }
            Self::Backwards { first, last, certain, .. } => {
                [first, last].into_iter().chain(certain).copied().collect()
            }
            Self::Placed { first, last, certain, increment, .. } => {
                first.iter().chain([last, increment]).chain(certain).copied().collect()
            }
            Self::CanLie { first, last, certain, others } => {
                first.iter().chain([last]).chain(certain).chain(others).copied().collect()
            }
            Self::NoChoice { first, last } => first.iter().chain([last]).copied().collect(),
        }
    }

    /// The fact in words.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        let (subject, object) = (voice.subject, voice.object());
        let place = |first: Point, last: OperationId| match first {
            Some(first) => format!("between {} and {}", voice.mark(first), voice.mark(last)),
            None => format!("before {}", voice.mark(last)),
        };
        match self {
            Self::CanAdd { first, last, greater, increments } => {
                let how = if *greater { "greater" } else { "smaller" };
                let place = place(*first, *last);
                match increments.as_slice() {
                    [] => format!("Nothing can have made {object} {how} {place}."),
                    ids => format!(
                        "Only {} can have made {object} {how} {place}, by {} in all.",
                        voice.marks(ids),
                        sum(subject, ids).abs()
                    ),
                }
            }
            Self::Backwards { first, last, certain, .. } => {
                let (a, b) = (voice.mark(*first), voice.mark(*last));
                let from = shown(subject, *first).unwrap_or(0);
                let to = shown(subject, *last).unwrap_or(0) - amount(subject, *last);
                let sure = match certain.as_slice() {
                    [] => String::new(),
                    ids => format!(", and {} certainly took effect between the two", voice.marks(ids)),
                };
                format!(
                    "If {b} came after {a}, {object} would have to go from {from} to {to} in between{sure}. It can't. So {b} \
                     comes before {a}."
                )
            }
            Self::Placed { first, last, increment, inside, certain, .. } => {
                let from = at_first(subject, *first).unwrap_or(0);
                let to = shown(subject, *last).unwrap_or(0) - amount(subject, *last);
                let (mark, place) = (voice.mark(*increment), place(*first, *last));
                let sure = match certain.as_slice() {
                    [] => String::new(),
                    ids => format!("{} certainly took effect {place}. ", voice.marks(ids)),
                };
                if *inside {
                    format!(
                        "{sure}Without {mark} {object} can't have come from {from} to {to}, so {mark} lies {place}."
                    )
                } else {
                    format!(
                        "{sure}With {mark} {object} can't have come from {from} to {to}, so {mark} does not lie {place}."
                    )
                }
            }
            Self::CanLie { first, last, certain, others } => {
                let place = place(*first, *last);
                let adds = |ids: &[OperationId]| {
                    let each: Vec<String> = ids
                        .iter()
                        .map(|&id| format!("{} ({:+})", voice.mark(id), amount(subject, id)))
                        .collect();
                    list(&each)
                };
                let sure = match certain.as_slice() {
                    [] => String::new(),
                    ids => format!("{} certainly changed {object} {place}. ", adds(ids)),
                };
                match others.as_slice() {
                    [] => format!("{sure}Nothing else can have changed it {place}."),
                    ids => format!("{sure}Besides, only {} can have, or not.", adds(ids)),
                }
            }
            Self::NoChoice { first, last } => {
                let from = at_first(subject, *first).unwrap_or(0);
                let to = shown(subject, *last).unwrap_or(0) - amount(subject, *last);
                format!(
                    "{object} came from {from} to {to}, and no choice of them adds up to {:+}. No order of these operations \
                     explains that.",
                    to - from
                )
            }
            Self::OutOfRange { last, greater, certain, bound, .. } => {
                let got = shown(subject, *last).unwrap_or(0);
                let sure = match certain.as_slice() {
                    [] => String::new(),
                    ids => format!("{} certainly took effect by then. ", voice.marks(ids)),
                };
                format!(
                    "{sure}So at {} {object} must be {bound} at {}, but {} got {got}. No order of these operations \
                     explains that.",
                    voice.mark(*last),
                    if *greater { "most" } else { "least" },
                    voice.client(*last)
                )
            }
        }
    }
}
