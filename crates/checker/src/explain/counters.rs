//! Counters: what can have been added between two moments, and what was.
//!
//! Why it exists: a counter that is seen at *a* and later at *b* changed by what was added in between. Only increments
//! that did not finish before the first moment's operation began, and did not begin after the last one's had finished, can
//! lie between; those that lie there in real time certainly do. So the change has a most and a least, and a counter that
//! leaves this range counted something twice, lost something, or took it from nowhere (`verify/sums.rs` has the proof).
//!
//! Left out on purpose: changes inside the range that no choice of increments adds up to.

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::fact::{Fact, Point};
use super::scans::same_set;
use super::subject::Subject;
use super::words::Voice;
use super::{AnomalyKind, Candidate};
use crate::CoreOperation;

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

/// All increments of one sign that can lie between the two.
fn between(subject: &Subject<'_>, first: Point, last: OperationId, greater: bool) -> Vec<OperationId> {
    let inside = |&id: &OperationId| {
        let amount = amount(subject, id);
        (if greater { amount > 0 } else { amount < 0 })
            && Some(id) != first
            && id != last
            && first.is_none_or(|first| !subject.precedes(id, first))
            && !subject.precedes(last, id)
    };
    subject.possible().filter(inside).collect()
}

/// True if the operation certainly took effect between the two.
fn is_certain(subject: &Subject<'_>, first: Point, last: OperationId, id: OperationId) -> bool {
    subject.is_ok(id) && first.is_none_or(|first| subject.precedes(first, id)) && subject.precedes(id, last)
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
    let change = shown(subject, last)? - amount(subject, last) - at_first(subject, first)?;
    Some(if greater { change - bound } else { bound - change })
}

impl SumFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        match self {
            Self::CanAdd { first, last, greater, increments } => {
                same_set(increments, between(subject, *first, *last, *greater))
            }
            Self::OutOfRange { first, last, greater, certain } => {
                let mut distinct = certain.clone();
                distinct.sort_unstable();
                distinct.dedup();
                let fits = |&id: &OperationId| {
                    subject.owns(id)
                        && (amount(subject, id) < 0) == *greater
                        && is_certain(subject, *first, *last, id)
                };
                let known = earlier.iter().find_map(|fact| match fact {
                    Fact::Sum(Self::CanAdd { first: f, last: l, greater: g, increments })
                        if (f, l, g) == (first, last, greater) =>
                    {
                        Some(sum(subject, increments))
                    }
                    _ => None,
                });
                distinct.len() == certain.len()
                    && certain.iter().all(fits)
                    && first.is_none_or(|first| subject.owns(first) && subject.precedes(first, *last))
                    && subject.owns(*last)
                    && known.is_some_and(|known| {
                        let bound = known + sum(subject, certain);
                        excess(subject, *first, *last, *greater, bound).is_some_and(|excess| excess > 0)
                    })
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        let (Self::CanAdd { first, last, increments: others, .. }
        | Self::OutOfRange { first, last, certain: others, .. }) = self;
        first.iter().copied().chain([*last]).chain(others.iter().copied()).collect()
    }

    /// The fact in words.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        let (subject, object) = (voice.subject, voice.object());
        match self {
            Self::CanAdd { first, last, greater, increments } => {
                let how = if *greater { "greater" } else { "smaller" };
                let place = match first {
                    Some(first) => format!("between {} and {}", voice.mark(*first), voice.mark(*last)),
                    None => format!("before {}", voice.mark(*last)),
                };
                match increments.as_slice() {
                    [] => format!("Nothing can have made {object} {how} {place}."),
                    ids => format!(
                        "Only {} can have made {object} {how} {place}, by {} in all.",
                        voice.marks(ids),
                        sum(subject, ids).abs()
                    ),
                }
            }
            Self::OutOfRange { first, last, greater, certain } => {
                let counted =
                    sum(subject, &between(subject, *first, *last, *greater)) + sum(subject, certain);
                let bound = at_first(subject, *first).unwrap_or(0) + counted + amount(subject, *last);
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

/// Above this many moments not all pairs are tried.
const MOMENTS: usize = 60;
/// Up to this many increments are told one by one.
const TOLD: usize = 6;

/// Impossible value.
pub(crate) fn out_of_range(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let mut moments: Vec<OperationId> =
        core.iter().map(|kept| kept.id).filter(|&id| shown(subject, id).is_some()).collect();
    moments.sort_by_key(|&id| (subject.record(id).returned(), id));
    moments.truncate(MOMENTS);
    let mut candidates = Vec::new();
    for &last in &moments {
        let firsts = moments.iter().copied().filter(|&first| subject.precedes(first, last)).map(Some);
        for (first, greater) in firsts.chain([None]).flat_map(|first| [(first, true), (first, false)]) {
            let increments = between(subject, first, last, greater);
            let mut helpers: Vec<OperationId> = between(subject, first, last, !greater)
                .into_iter()
                .filter(|&id| is_certain(subject, first, last, id))
                .collect();
            helpers.sort_by_key(|&id| (std::cmp::Reverse(amount(subject, id).abs()), id));
            let mut bound = sum(subject, &increments);
            let mut certain = Vec::new();
            while excess(subject, first, last, greater, bound).is_some_and(|excess| excess <= 0)
                && certain.len() < helpers.len()
            {
                let next = helpers[certain.len()];
                bound += amount(subject, next);
                certain.push(next);
            }
            if excess(subject, first, last, greater, bound).is_some_and(|excess| excess > 0) {
                candidates.push((
                    increments.len() + certain.len(),
                    first,
                    last,
                    greater,
                    increments,
                    certain,
                ));
            }
        }
    }
    candidates.sort_by_key(|(size, ..)| *size);
    candidates
        .into_iter()
        .take(1)
        .map(|(_, first, last, greater, increments, certain)| {
            let voice = Voice::new(subject);
            let mut named: Vec<OperationId> = first.into_iter().chain([last]).collect();
            named.extend(if increments.len() <= TOLD { &increments[..] } else { &[] });
            named.extend(if certain.len() <= TOLD { &certain[..] } else { &[] });
            named.sort_by_key(|&id| (subject.record(id).call, id));
            let mut sentences: Vec<Vec<Fact>> = named.into_iter().map(|id| vec![Fact::Did(id)]).collect();
            if let Some(first) = first {
                sentences.push(vec![Fact::FinishedBefore { earlier: first, later: last }]);
            }
            let than = if greater { "more" } else { "less" };
            let headline = format!("{}, {than} than it can have been", voice.did(last));
            sentences.push(vec![Fact::Sum(SumFact::CanAdd { first, last, greater, increments })]);
            sentences.push(vec![Fact::Sum(SumFact::OutOfRange { first, last, greater, certain })]);
            Candidate { kind: AnomalyKind::ImpossibleValue, headline, sentences }
        })
        .collect()
}
