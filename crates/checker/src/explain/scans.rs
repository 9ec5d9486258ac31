//! The plain scans of a history by which [facts](super::fact) are checked: real-time order and who made which value, and
//! nothing of the code that proposes facts.

use anachron_vocabulary::{Operation, OperationId, Outcome, Value};

use super::fact::{Fact, Glimpse, Point};
use super::subject::{Seen, Subject, text};

/// True if both have the same operations; order and repetition do not matter.
pub(super) fn same_set(ids: &[OperationId], others: impl IntoIterator<Item = OperationId>) -> bool {
    let mut ids = ids.to_vec();
    let mut others: Vec<OperationId> = others.into_iter().collect();
    ids.sort_unstable();
    ids.dedup();
    others.sort_unstable();
    others.dedup();
    ids == others
}

/// True if the operation certainly showed this.
pub(super) fn shows(subject: &Subject<'_>, id: OperationId, glimpse: &Glimpse) -> bool {
    match glimpse {
        Glimpse::Is(value) => subject.shows(id, value),
        Glimpse::IsNot(value) => subject.shows_other(id, value),
    }
}

/// True if everything that makes `value` is over before `from` begins, or begins after `until` is over.
pub(super) fn no_maker_between(
    subject: &Subject<'_>,
    value: &Value,
    from: OperationId,
    until: OperationId,
) -> bool {
    subject.makers(value).into_iter().all(|maker| {
        maker != from && maker != until && (subject.precedes(maker, from) || subject.precedes(until, maker))
    })
}

/// The value that `since` left or found, if nothing else can have changed it when `at` takes effect.
pub(super) fn still_there<'a>(
    subject: &Subject<'a>,
    since: OperationId,
    at: OperationId,
) -> Option<&'a Value> {
    let Seen::Is(value) = subject.after(since) else { return None };
    let elsewhere = |id: OperationId| {
        id == since
            || id == at
            || keeps(subject, id, value)
            || subject.precedes(id, since)
            || subject.precedes(at, id)
    };
    let settled = subject.possible().filter(|&id| subject.may_change(id)).all(elsewhere);
    (settled && subject.precedes(since, at)).then_some(value)
}

/// True if the operation leaves the object as it is if it holds `value`.
pub(super) fn keeps(subject: &Subject<'_>, id: OperationId, value: &Value) -> bool {
    match &subject.record(id).operation {
        Operation::Write(written) => written == value,
        Operation::CompareAndSet { expected, .. } => expected != value,
        // A claim takes what is vacant; a resignation ends the candidate's own leadership.
        Operation::Claim(_) => *value != Value::Null,
        Operation::Resign(candidate) => candidate != value,
        Operation::Delete => *value == Value::Null,
        _ => false,
    }
}

/// The value that must be there when `at` takes effect: it was there at the point, and nothing can have changed it since.
pub(super) fn must_be_there<'a>(
    subject: &'a Subject<'_>,
    at: OperationId,
    since: Point,
) -> Option<&'a Value> {
    match since {
        Some(since) => still_there(subject, since, at),
        None => Some(subject.initial()).filter(|initial| untouched(subject, initial, at)),
    }
}

/// True if an object that starts as `value` must still hold it when `at` takes effect.
fn untouched(subject: &Subject<'_>, value: &Value, at: OperationId) -> bool {
    subject
        .possible()
        .filter(|&id| id != at && subject.may_change(id))
        .all(|id| keeps(subject, id, value) || subject.precedes(at, id))
}

pub(super) fn never_made(subject: &Subject<'_>, values: &[Value], makers: &[OperationId]) -> bool {
    let needs_one = |id: &OperationId| match &subject.record(*id).operation {
        Operation::CompareAndSet { expected, .. } => values.contains(expected),
        _ => false,
    };
    let really: Vec<OperationId> = values.iter().flat_map(|value| subject.makers(value)).collect();
    !values.contains(subject.initial()) && really.iter().all(needs_one) && same_set(makers, really)
}

/// True if the facts say that the object came to hold the value in one way only.
pub(super) fn held_once(value: &Value, facts: &[Fact]) -> bool {
    facts.iter().any(|fact| {
        matches!(fact, Fact::OnlyMakers { value: v, starts, makers, until: None }
            if v == value && makers.len() + usize::from(*starts) == 1)
    })
}

/// True if the facts leave no way for `at` to find `value`.
pub(super) fn is_impossible(subject: &Subject<'_>, at: OperationId, value: &Value, facts: &[Fact]) -> bool {
    let starts = subject.initial() == value;
    let impossible = |fact: &Fact| matches!(fact, Fact::NeverMade { values, .. } if values.contains(value));
    if facts.contains(&Fact::NoCut { read: at }) || facts.iter().any(impossible) {
        return true;
    }
    let makers = subject.makers(value);
    // Phantom, from the future: nothing that makes it can be there yet.
    if !starts && makers.iter().all(|&maker| subject.precedes(at, maker)) {
        return true;
    }
    // Stale: something in between showed another value, and nothing brings this one back.
    facts.iter().any(|fact| {
        let Fact::FinishedBefore { earlier: witness, later } = fact else { return false };
        if *later != at || !subject.shows_other(*witness, value) {
            return false;
        }
        // Nothing that makes the value lies between the witness and the end, or all of it is over before the only
        // thing began that can have made what the witness saw.
        no_maker_between(subject, value, *witness, at)
            || facts.iter().any(|fact| match fact {
                Fact::OnlyMakers { value: newer, starts: false, makers: newer_makers, until: None } => {
                    let [newer_maker] = newer_makers.as_slice() else { return false };
                    newer != value
                        && subject.shows(*witness, newer)
                        && makers.iter().all(|&maker| {
                            subject.precedes(maker, *newer_maker) || subject.precedes(at, maker)
                        })
                }
                _ => false,
            })
    })
}

/// True if some turn among the facts goes from the one value to the other.
pub(super) fn in_turn(facts: &[Fact], first: &Value, second: &Value) -> bool {
    facts.iter().any(|fact| match fact {
        Fact::InTurn(turns) => turns
            .windows(2)
            .any(|pair| pair[0].1 == Glimpse::Is(first.clone()) && pair[1].1 == Glimpse::Is(second.clone())),
        _ => false,
    })
}

pub(super) fn back_and_forth(value: &Value, middle: Option<&Value>, once: bool, facts: &[Fact]) -> bool {
    let is = Glimpse::Is(value.clone());
    let is_middle = |glimpse: &Glimpse| match middle {
        Some(middle) => *glimpse == Glimpse::Is(middle.clone()) && middle != value,
        None => *glimpse == Glimpse::IsNot(value.clone()),
    };
    facts.iter().any(|fact| {
        let Fact::InTurn(turns) = fact else { return false };
        match turns.as_slice() {
            [first, second, third] if once => {
                // An `until` later than the third is no better than none; the third itself is what may bound it.
                first.1 == is
                    && is_middle(&second.1)
                    && third.1 == is
                    && facts.iter().any(|fact| {
                        matches!(fact, Fact::OnlyMakers { value: v, starts, makers, until }
                            if v == value
                                && makers.len() + usize::from(*starts) == 1
                                && until.is_none_or(|until| until == third.0))
                    })
            }
            [.., second, third] if !once => {
                is_middle(&second.1)
                    && third.1 == is
                    && facts.contains(&Fact::NoMakerBetween {
                        value: value.clone(),
                        from: second.0,
                        until: third.0,
                    })
            }
            _ => false,
        }
    })
}

pub(super) fn too_many_winners(
    subject: &Subject<'_>,
    value: &Value,
    winners: &[OperationId],
    facts: &[Fact],
) -> bool {
    let leaves = |id: &OperationId| {
        subject.owns(*id) && subject.before(*id).is(value) && subject.after(*id).is_not(value)
    };
    let mut distinct = winners.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() == winners.len()
        && winners.iter().all(leaves)
        && facts.iter().any(|fact| {
            matches!(fact, Fact::OnlyMakers { value: v, starts, makers, until: None }
                if v == value && makers.len() + usize::from(*starts) < winners.len())
        })
}

pub(super) fn lacks_piece(subject: &Subject<'_>, append: OperationId, read: OperationId) -> bool {
    let Operation::Append(piece) = &subject.record(append).operation else { return false };
    let known = matches!(subject.record(append).outcome, Outcome::Ok(_));
    known && subject.found(read).is_some_and(|value| !text(value).contains(&text(piece)))
}
