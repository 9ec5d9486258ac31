//! Takers: a value that is taken away again and again has to come back in between.
//!
//! Why it exists: a compare-and-set that succeeds takes a register away from the value that it found, and a resignation ends a
//! leadership. So between the first and the last of *k* such operations on one value something makes that value *k* - 1
//! times. If fewer operations that make it *can* lie there by real time, no order exists. This is what `locks` says of
//! releases and acquires, for objects with more than two states; of all of a history at once it is a double winner
//! (`registers`).

use anachron_vocabulary::{OperationId, Value};

use super::fact::Fact;
use super::scans::same_set;
use super::subject::Subject;
use super::words::{Voice, times};
use super::{AnomalyKind, Candidate};
use crate::{CoreOperation, Model};

/// What is true of operations that took the object away from one value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TakerFact {
    /// Only these can have made the object hold the value between the first and the last of the takers.
    Makers {
        /// The value.
        value: Value,
        /// The operations that took the object away from it.
        takers: Vec<OperationId>,
        /// The operations that can have made it.
        makers: Vec<OperationId>,
    },
    /// Conclusion: the value had to come back more often than that.
    TooFew {
        /// As in [`TakerFact::Makers`].
        value: Value,
        /// As in [`TakerFact::Makers`].
        takers: Vec<OperationId>,
        /// How many can have made it.
        makers: usize,
    },
}

/// True if the operation certainly found the value, and left another.
fn takes(subject: &Subject<'_>, id: OperationId, value: &Value) -> bool {
    subject.owns(id) && subject.before(id).is(value) && subject.after(id).is_not(value)
}

/// All that can have made the value between the first and the last of these, whatever their order.
fn makers_between(subject: &Subject<'_>, takers: &[OperationId], value: &Value) -> Vec<OperationId> {
    let lies_between = |&id: &OperationId| {
        !takers.contains(&id)
            && !takers.iter().all(|&taker| subject.precedes(id, taker))
            && !takers.iter().all(|&taker| subject.precedes(taker, id))
    };
    subject.possible().filter(|&id| subject.makes(id, value)).filter(lies_between).collect()
}

impl TakerFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        match self {
            Self::Makers { value, takers, makers } => {
                same_set(makers, makers_between(subject, takers, value))
            }
            Self::TooFew { value, takers, makers } => {
                let mut distinct = takers.clone();
                distinct.sort_unstable();
                distinct.dedup();
                distinct.len() == takers.len()
                    && takers.iter().all(|&id| takes(subject, id, value))
                    && makers + 1 < takers.len()
                    && earlier.iter().any(|fact| {
                        matches!(fact, Fact::Takers(Self::Makers { value: v, takers: t, makers: m })
                            if (v, t, m.len()) == (value, takers, *makers))
                    })
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        match self {
            Self::Makers { takers, makers, .. } => takers.iter().chain(makers).copied().collect(),
            Self::TooFew { takers, .. } => takers.clone(),
        }
    }

    /// The fact in words.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        let object = voice.object();
        let is_led = voice.subject.model() == Model::LeaderRegister;
        match self {
            Self::Makers { value, takers, makers } => {
                let who = match makers.as_slice() {
                    [] => "Nothing".to_owned(),
                    ids => format!("Only {}", voice.marks(ids)),
                };
                let made =
                    if is_led { format!("made {value} leader") } else { format!("made {object} {value}") };
                format!("{who} can have {made} between the first and the last of {}.", voice.marks(takers))
            }
            Self::TooFew { value, takers, .. } => {
                let (took, back) = if is_led {
                    (format!("ended the leadership of {value}"), "to become leader again")
                } else {
                    (format!("took {object} away from {value}"), "to come back")
                };
                format!(
                    "Each of them {took}, so in between {value} had {back} {}. It can't have. No order of these operations explains \
                     that.",
                    times(takers.len() - 1)
                )
            }
        }
    }
}

/// Of more takers of one value than this only the first are looked at: the windows grow with the square.
const LOOKED_AT: usize = 60;
/// Up to this many operations are told one by one.
const TOLD: usize = 8;

/// Double winner, by what lies between.
pub(crate) fn too_often(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let mut values: Vec<&Value> = core.iter().filter_map(|kept| subject.found(kept.id)).collect();
    values.sort();
    values.dedup();
    let mut best: Option<(&Value, Vec<OperationId>, Vec<OperationId>)> = None;
    for value in values {
        let mut takers: Vec<OperationId> =
            core.iter().map(|kept| kept.id).filter(|&id| takes(subject, id, value)).collect();
        takers.truncate(subject.compared(LOOKED_AT));
        for (&first, &last) in takers.iter().flat_map(|first| takers.iter().map(move |last| (first, last))) {
            let (begin, end) = (subject.record(first).call, subject.record(last).returned());
            let inside =
                |id: &OperationId| subject.record(*id).call >= begin && subject.record(*id).returned() <= end;
            let mut crowd: Vec<OperationId> = takers.iter().copied().filter(inside).collect();
            let makers = makers_between(subject, &crowd, value);
            if crowd.len() < makers.len() + 2 {
                continue;
            }
            // Fewer takers have no more makers between them.
            crowd.truncate(makers.len() + 2);
            if best.as_ref().is_none_or(|(_, takers, _)| crowd.len() < takers.len()) {
                let makers = makers_between(subject, &crowd, value);
                best = Some((value, crowd, makers));
            }
        }
    }
    best.map(|(value, takers, makers)| story(subject, value, takers, makers)).into_iter().collect()
}

fn story(
    subject: &Subject<'_>,
    value: &Value,
    takers: Vec<OperationId>,
    makers: Vec<OperationId>,
) -> Candidate {
    let voice = Voice::new(subject);
    let often = times(takers.len());
    let headline = if subject.model() == Model::LeaderRegister {
        format!("{value} resigned {often}, and can't have become leader again so often in between")
    } else {
        let object = voice.object();
        format!(
            "{object} was taken away from {value} {often}, and can't have come back to it so often in between"
        )
    };
    let mut named: Vec<OperationId> = takers.iter().chain(&makers).copied().collect();
    named.sort_by_key(|&id| (subject.record(id).call, subject.record(id).returned(), id));
    named.truncate(TOLD.max(takers.len()));
    let mut sentences: Vec<Vec<Fact>> = named.into_iter().map(|id| vec![Fact::Did(id)]).collect();
    let count = makers.len();
    let only = TakerFact::Makers { value: value.clone(), takers: takers.clone(), makers };
    sentences.push(vec![Fact::Takers(only)]);
    sentences.push(vec![Fact::Takers(TakerFact::TooFew { value: value.clone(), takers, makers: count })]);
    Candidate { kind: AnomalyKind::DoubleWinner, headline, sentences }
}
