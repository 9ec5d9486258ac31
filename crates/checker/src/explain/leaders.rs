//! Leadership: who leads goes on leading until it resigns.
//!
//! Why it exists: leadership is a register of a kind, and most arguments about registers hold for it as they are. Two
//! leaders at once is its own: a claim is granted only while nobody leads, or to who leads already. So if *a* led at one
//! moment and *b* was made leader at another, *a* resigned in between, or *b* did, if *b*'s moment may have come first.
//! Where no such resignation can lie, no order exists.

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::fact::Fact;
use super::subject::{Seen, Subject};
use super::words::Voice;
use super::{AnomalyKind, Candidate};
use crate::{CoreOperation, Model};

/// The leader that an operation leaves or finds.
fn leader<'a>(subject: &Subject<'a>, id: OperationId) -> Option<&'a Value> {
    match subject.after(id) {
        Seen::Is(leader) if *leader != Value::Null && subject.owns(id) => Some(leader),
        _ => None,
    }
}

/// The candidate of a claim that was granted.
fn granted<'a>(subject: &Subject<'a>, id: OperationId) -> Option<&'a Value> {
    let record = subject.record(id);
    match (&record.operation, &record.outcome) {
        (Operation::Claim(candidate), Outcome::Ok(Reply::Answer(true))) => Some(candidate),
        _ => None,
    }
}

/// True if `candidate` can have resigned between the two.
fn may_resign_between(
    subject: &Subject<'_>,
    candidate: &Value,
    first: OperationId,
    second: OperationId,
) -> bool {
    subject.possible().any(|id| {
        let record = subject.record(id);
        matches!(&record.operation, Operation::Resign(leader) if leader == candidate)
            && record.outcome != Outcome::Ok(Reply::Answer(false))
            && !subject.precedes(id, first)
            && !subject.precedes(second, id)
    })
}

/// The re-check of [`Fact::TwoLeaders`].
pub(crate) fn hold(subject: &Subject<'_>, first: OperationId, second: OperationId) -> bool {
    let (Some(one), Some(other)) = (leader(subject, first), granted(subject, second)) else { return false };
    subject.model() == Model::LeaderRegister
        && one != other
        && (subject.precedes(second, first) || !may_resign_between(subject, one, first, second))
        && (subject.precedes(first, second) || !may_resign_between(subject, other, second, first))
}

/// [`Fact::TwoLeaders`] in words.
pub(crate) fn say(voice: &Voice<'_>, first: OperationId, second: OperationId) -> String {
    let subject = voice.subject;
    let (Some(one), Some(other)) = (leader(subject, first), granted(subject, second)) else {
        return String::new();
    };
    let (a, b) = (voice.mark(first), voice.mark(second));
    let who = if subject.precedes(first, second) {
        format!(
            "{one} can't have resigned between {a} and {b}, so it still leads at {b}, where {other} was made leader"
        )
    } else if subject.precedes(second, first) {
        format!(
            "{other} can't have resigned between {b} and {a}, so it still leads at {a}, where {one} leads"
        )
    } else {
        format!("Whichever of {a} and {b} comes first, its leader can't have resigned before the other")
    };
    format!(
        "{who}. Leadership is granted only while nobody else leads. No order of these operations explains that."
    )
}

/// Two leaders.
pub(crate) fn two(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let mut ids: Vec<OperationId> = core.iter().map(|kept| kept.id).collect();
    // Two claims say more than a read and a claim.
    ids.sort_by_key(|&id| (granted(subject, id).is_none(), subject.record(id).call, id));
    for &second in &ids {
        if granted(subject, second).is_none() {
            continue;
        }
        let Some(&first) = ids.iter().find(|&&first| hold(subject, first, second)) else { continue };
        // The later of two claims is the one that should have been refused.
        let call = |id: OperationId| subject.record(id).call;
        let exchanged = call(second) < call(first) && hold(subject, second, first);
        let (first, second) = if exchanged { (second, first) } else { (first, second) };
        let Some(one) = leader(subject, first) else { continue };
        let (earlier, later) = if call(second) < call(first) { (second, first) } else { (first, second) };
        let mut facts = vec![Fact::Did(later)];
        if subject.precedes(earlier, later) {
            facts.push(Fact::FinishedBefore { earlier, later });
        }
        let headline = format!("{}, while {one} led", voice.did(second));
        let sentences = vec![vec![Fact::Did(earlier)], facts, vec![Fact::TwoLeaders { first, second }]];
        return vec![Candidate { kind: AnomalyKind::TwoLeaders, headline, sentences }];
    }
    Vec::new()
}
