//! Fencing tokens: each grant's is greater than all before it.
//!
//! Why it exists: the resource that a lock protects refuses whoever shows a smaller token than one it has seen (Kleppmann
//! 2016). That works only if tokens ascend in the order of the grants; two operations are enough to show that they do not.
//! A release that names a token comes after the grant of this token and before any greater one.

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::fact::Fact;
use super::subject::Subject;
use super::words::Voice;
use super::{AnomalyKind, Candidate};
use crate::{CoreOperation, Model};

/// The token that an operation shows, and whether it gives it back.
pub(super) fn token(subject: &Subject<'_>, id: OperationId) -> Option<(i64, bool)> {
    let record = subject.record(id);
    match (&record.operation, &record.outcome) {
        (Operation::Acquire, Outcome::Ok(Reply::Value(Value::Integer(token)))) => Some((*token, false)),
        (Operation::ReleaseToken(token), Outcome::Ok(_)) => Some((*token, true)),
        _ => None,
    }
}

/// The re-check of [`Fact::TokensFall`].
pub(crate) fn fall(subject: &Subject<'_>, first: OperationId, second: OperationId) -> bool {
    let (Some(one), Some(other)) = (token(subject, first), token(subject, second)) else { return false };
    subject.model() == Model::FencingLock
        && first != second
        && (one == other || (one > other && subject.precedes(first, second)))
}

/// [`Fact::TokensFall`] in words.
pub(crate) fn say(voice: &Voice<'_>, first: OperationId, second: OperationId) -> String {
    let (one, other) = (token(voice.subject, first), token(voice.subject, second));
    let (Some((greater, gives_back)), Some((smaller, _))) = (one, other) else { return String::new() };
    let (a, b) = (voice.mark(first), voice.mark(second));
    let rule = match (one == other, gives_back) {
        (true, false) => {
            format!("{a} and {b} were granted the same token, {greater}, and each grant has one of its own")
        }
        (true, true) => format!("{a} and {b} both gave back token {greater}, which was granted only once"),
        _ => format!(
            "The tokens of a lock only grow, and one is given back before the next is granted; but {a} had \
             token {greater} and {b}, after it, {smaller}"
        ),
    };
    format!("{rule}. No order of these operations explains that.")
}

/// Token regression.
pub(crate) fn regression(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let mut ids: Vec<OperationId> =
        core.iter().map(|kept| kept.id).filter(|&id| token(subject, id).is_some()).collect();
    ids.sort_by_key(|&id| (subject.record(id).call, id));
    for &second in &ids {
        let Some(&first) = ids.iter().find(|&&first| fall(subject, first, second)) else { continue };
        let mut later = vec![Fact::Did(second)];
        if subject.precedes(first, second) {
            later.push(Fact::FinishedBefore { earlier: first, later: second });
        }
        let headline = format!("{}, after {}", voice.did(second), voice.did(first));
        let sentences = vec![vec![Fact::Did(first)], later, vec![Fact::TokensFall { first, second }]];
        return vec![Candidate { kind: AnomalyKind::TokenRegression, headline, sentences }];
    }
    Vec::new()
}
