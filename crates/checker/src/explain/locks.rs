//! Locks: acquire and release have to take turns, so counting is enough.
//!
//! Why it exists: between any two acquires of a lock that took effect there is a release, and before any release there
//! is an acquire (the mutex has no owner here: who releases does not matter, which only makes violations rarer). Among
//! *k* acquires at least *k* - 1 releases lie between the first and the last; if fewer *can* lie there by real time,
//! no order exists. The same holds with the two exchanged, and *k* releases since the start need *k* acquires.
//!
//! A large crowd is counted in one sentence: nobody reads a hundred.
//!
//! Left out on purpose: violations that only a finer argument shows; they fall to the exhaustive search.

use anachron_vocabulary::{Operation, OperationId};

use super::fact::Fact;
use super::subject::Subject;
use super::words::{Voice, times};
use super::{AnomalyKind, Candidate};
use crate::CoreOperation;

/// Above this many operations of one kind only all of them together are tried: the windows grow with the square.
const CROWD_LIMIT: usize = 200;

/// A crowd above this size is counted in one sentence instead of told one by one.
pub(crate) const TOLD_ONE_BY_ONE: usize = 4;

/// The re-check of [`Fact::AllDid`].
pub(crate) fn all_did(subject: &Subject<'_>, crowd: &[OperationId]) -> bool {
    let alike = |wanted: &Operation| {
        let name = wanted.name();
        crowd
            .iter()
            .all(|&id| subject.owns(id) && subject.is_ok(id) && subject.record(id).operation.name() == name)
    };
    let mut distinct = crowd.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let turns = alike(&Operation::Acquire) || alike(&Operation::Release);
    !crowd.is_empty() && distinct.len() == crowd.len() && turns
}

/// All operations of the other kind that can lie between the first and the last of the crowd, whatever their order.
fn possible_between(subject: &Subject<'_>, crowd: &[OperationId], from_start: bool) -> Vec<OperationId> {
    let Some(&any) = crowd.first() else { return Vec::new() };
    let same = subject.record(any).operation.name();
    let first_call = crowd.iter().map(|&id| subject.record(id).call).min();
    // Somebody who never returned is before nobody.
    let ends: Option<Vec<_>> = crowd.iter().map(|&id| subject.record(id).returned()).collect();
    let last_return = ends.and_then(|ends| ends.into_iter().max());
    let other = |id: &OperationId| {
        let record = subject.record(*id);
        let all_before = record.returned() < first_call && record.returned().is_some();
        let all_after = last_return.is_some_and(|last| last < record.call);
        record.operation.name() != same && !all_after && (from_start || !all_before)
    };
    subject.possible().filter(other).collect()
}

/// The re-check of [`Fact::Between`].
pub(crate) fn between_holds(
    subject: &Subject<'_>,
    crowd: &[OperationId],
    possible: &[OperationId],
    from_start: bool,
) -> bool {
    let wanted = |id: &OperationId| match subject.record(*id).operation {
        Operation::Acquire => !from_start,
        Operation::Release | Operation::ReleaseToken(_) => true,
        _ => false,
    };
    let mut distinct = crowd.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    let name = |id: OperationId| subject.record(id).operation.name();
    let alike = crowd.windows(2).all(|pair| name(pair[0]) == name(pair[1]));
    let mut really = possible_between(subject, crowd, from_start);
    let mut claimed = possible.to_vec();
    really.sort_unstable();
    claimed.sort_unstable();
    !crowd.is_empty()
        && distinct.len() == crowd.len()
        && alike
        && crowd.iter().all(|id| subject.owns(*id) && subject.is_ok(*id) && wanted(id))
        && really == claimed
}

/// Every crowd worth counting: the acquires (or releases) that lie inside one stretch of time, small crowds first.
fn crowds(subject: &Subject<'_>, members: &[OperationId], from_start: bool) -> Vec<Vec<OperationId>> {
    let call = |id: OperationId| subject.record(id).call;
    let end = |id: OperationId| subject.record(id).returned();
    let mut crowds = Vec::new();
    let starts: Vec<_> =
        if from_start { vec![None] } else { members.iter().map(|&id| Some(call(id))).collect() };
    for start in starts {
        for &last in members {
            let inside = |id: &OperationId| start.is_none_or(|s| call(*id) >= s) && end(*id) <= end(last);
            let crowd: Vec<OperationId> = members.iter().copied().filter(inside).collect();
            if crowd.len() >= 2 || (from_start && !crowd.is_empty()) {
                crowds.push(crowd);
            }
        }
    }
    crowds.sort_by_key(|crowd| (crowd.len(), crowd.iter().map(|&id| end(id)).max()));
    crowds.dedup();
    crowds
}

/// Two holders, release without hold.
pub(crate) fn count_turns(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let of_kind = |wanted: &Operation| -> Vec<OperationId> {
        let mut ids: Vec<OperationId> = core
            .iter()
            .map(|kept| kept.id)
            .filter(|&id| subject.is_ok(id) && subject.record(id).operation.name() == wanted.name())
            .collect();
        ids.sort_by_key(|&id| (subject.record(id).call, id));
        ids
    };
    let (acquires, releases) = (of_kind(&Operation::Acquire), of_kind(&Operation::Release));
    let tries = [
        (AnomalyKind::TwoHolders, &acquires, false),
        (AnomalyKind::ReleaseWithoutHold, &releases, true),
        (AnomalyKind::ReleaseWithoutHold, &releases, false),
    ];
    for (kind, members, from_start) in tries {
        let crowds = if members.len() > CROWD_LIMIT {
            vec![members.clone()]
        } else {
            crowds(subject, members, from_start)
        };
        for crowd in crowds {
            let possible = possible_between(subject, &crowd, from_start);
            if possible.len() + usize::from(!from_start) < crowd.len() {
                return vec![candidate(subject, kind, crowd, possible, from_start)];
            }
        }
    }
    Vec::new()
}

fn candidate(
    subject: &Subject<'_>,
    kind: AnomalyKind,
    crowd: Vec<OperationId>,
    possible: Vec<OperationId>,
    from_start: bool,
) -> Candidate {
    let voice = Voice::new(subject);
    let lock = voice.object();
    let last = *crowd.last().expect("a crowd has members");
    let headline = match kind {
        AnomalyKind::TwoHolders if crowd.len() == 2 => {
            let (a, b) = (voice.client(crowd[0]), voice.client(last));
            if a == b {
                format!("{a} was granted {lock} twice with no release in between")
            } else {
                format!("{lock} was granted to {a} and to {b} with no release in between")
            }
        }
        AnomalyKind::TwoHolders => {
            format!("{lock} was granted {} times with too few releases in between", crowd.len())
        }
        _ if crowd.iter().all(|&id| id == last || subject.precedes(id, last)) => {
            format!("{} released {lock} when nobody can have held it", voice.client(last))
        }
        _ => format!("{lock} was released {} with too few acquires to go with it", times(crowd.len())),
    };
    let mut sentences: Vec<Vec<Fact>> = Vec::new();
    let one_by_one = if crowd.len() > TOLD_ONE_BY_ONE { &[] } else { crowd.as_slice() };
    if one_by_one.is_empty() {
        sentences.push(vec![Fact::AllDid(crowd.clone())]);
    }
    for (index, &id) in one_by_one.iter().enumerate() {
        let mut facts = vec![Fact::Did(id)];
        if index > 0 && subject.precedes(crowd[index - 1], id) {
            facts.push(Fact::FinishedBefore { earlier: crowd[index - 1], later: id });
        }
        sentences.push(facts);
    }
    let count = possible.len();
    sentences.push(vec![Fact::Between { crowd: crowd.clone(), possible, from_start }]);
    sentences.push(vec![Fact::TooFew { crowd, possible: count, from_start }]);
    Candidate { kind, headline, sentences }
}
