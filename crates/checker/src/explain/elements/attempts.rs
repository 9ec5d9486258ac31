//! Which facts about elements make a story: the search for a short argument around a core.
//!
//! Everything proposed here is checked by [`ElementFact::holds`] before it is said.

use anachron_vocabulary::{Operation, OperationId, Value};

use super::super::fact::Fact;
use super::super::subject::Subject;
use super::super::words::{Voice, times};
use super::super::{AnomalyKind, Candidate};
use super::{ElementFact, all_taken, count, inserted, inserts_of, leaves, says, shown, starts_with, taken};
use crate::{CoreOperation, Model};

/// The operations of the core that are ok, earliest return first.
pub(super) fn ok(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<OperationId> {
    let mut ids: Vec<OperationId> = core.iter().map(|kept| kept.id).filter(|&id| subject.is_ok(id)).collect();
    ids.sort_by_key(|&id| (subject.record(id).returned(), id));
    ids
}

/// The elements that the core speaks of.
pub(crate) fn spoken_of(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Value> {
    let mut all: Vec<Value> = Vec::new();
    for kept in core {
        all.extend(inserted(subject, kept.id).cloned());
        all.extend(taken(subject, kept.id).cloned());
        all.extend(shown(subject, kept.id).into_iter().flatten());
        if let Operation::Contains(element) | Operation::Remove(element) | Operation::Add(element) =
            &subject.record(kept.id).operation
        {
            all.push(element.clone());
        }
    }
    all.sort();
    all.dedup();
    all
}

pub(super) fn element(fact: ElementFact) -> Vec<Fact> {
    vec![Fact::Element(fact)]
}

/// Each did what it did; where one finished before the next began, that is said as well.
pub(crate) fn told(subject: &Subject<'_>, ids: &[OperationId]) -> Vec<Vec<Fact>> {
    let mut ids = ids.to_vec();
    ids.sort_by_key(|&id| (subject.record(id).call, subject.record(id).returned(), id));
    ids.dedup();
    ids.iter()
        .enumerate()
        .map(|(index, &id)| {
            let before = index.checked_sub(1).map(|index| ids[index]);
            let turn = before.filter(|&before| subject.precedes(before, id));
            let order = turn.map(|earlier| Fact::FinishedBefore { earlier, later: id });
            std::iter::once(Fact::Did(id)).chain(order).collect()
        })
        .collect()
}

/// Up to this many operations are told one by one.
pub(super) const TOLD: usize = 6;

/// Phantom, from the future, delivered twice, duplicate append.
pub(crate) fn too_often(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let ok = ok(subject, core);
    let mut candidates = Vec::new();
    for value in spoken_of(subject, core) {
        let takers: Vec<OperationId> =
            ok.iter().copied().filter(|&id| taken(subject, id) == Some(&value)).collect();
        let singles = ok.iter().map(|&id| vec![id]);
        let crowds = (1..=takers.len()).skip(1).map(|count| takers[..count].to_vec());
        for crowd in singles.chain(crowds) {
            let often: usize = crowd.iter().map(|&id| count(subject, id, &value)).sum();
            let last = *crowd.last().expect("a crowd has members");
            let (all, in_time) = (inserts_of(subject, &value, None), inserts_of(subject, &value, Some(last)));
            if often <= in_time.len() || starts_with(subject, &value) {
                continue;
            }
            let until = (in_time.len() < all.len()).then_some(last);
            let kind = match (all.len(), in_time.len(), subject.model()) {
                (0, _, _) => AnomalyKind::Phantom,
                (_, 0, _) => AnomalyKind::FromTheFuture,
                (_, _, Model::List) => AnomalyKind::DuplicateAppend,
                _ => AnomalyKind::DeliveredTwice,
            };
            let did = voice.did(last);
            let headline = match kind {
                AnomalyKind::Phantom => format!("{did}, but nobody put {value} in"),
                AnomalyKind::FromTheFuture => format!("{did} before anyone began to put {value} in"),
                _ if takers.len() > 1 => {
                    format!("{did}: {value} was taken {} and put in {}", times(often), times(in_time.len()))
                }
                _ => format!(
                    "{did}: {value} is there {} and was put in {}",
                    times(often),
                    times(in_time.len())
                ),
            };
            let mut named = crowd.clone();
            if in_time.len() <= TOLD {
                named.extend(&in_time);
            }
            let mut sentences = told(subject, &named);
            let inserts = in_time.len();
            sentences.push(element(ElementFact::Inserts { element: value.clone(), inserts: in_time, until }));
            sentences.push(element(ElementFact::TooOften {
                element: value.clone(),
                takers: crowd,
                times: often,
                inserts,
            }));
            candidates.push(Candidate { kind, headline, sentences });
            break;
        }
    }
    // A shorter story is the better one.
    candidates.sort_by_key(|candidate| candidate.sentences.len());
    candidates
}

/// An add to a multiset that was refused.
pub(crate) fn refused(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let refused = ok(subject, core).into_iter().find(|&add| ElementFact::Refused(add).holds(subject, &[]));
    let story = |add: OperationId| Candidate {
        kind: AnomalyKind::FalseRefusal,
        headline: format!("{}, which a multiset never answers", voice.did(add)),
        sentences: vec![vec![Fact::Did(add)], element(ElementFact::Refused(add))],
    };
    refused.map(story).into_iter().collect()
}

/// The sentences that say that nobody came between, with what they rest on; `None` if somebody may have.
fn nobody_between(subject: &Subject<'_>, none: ElementFact) -> Option<Vec<Vec<Fact>>> {
    if none.holds(subject, &[]) {
        return Some(vec![element(none)]);
    }
    let ElementFact::NoneBetween { element: value, removes: true, .. } = &none else { return None };
    let all_taken = all_taken(subject, value)?;
    none.holds(subject, std::slice::from_ref(&all_taken)).then(|| vec![vec![all_taken], element(none)])
}

/// Vanished, and the stale read of a set.
pub(crate) fn vanished(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let ok = ok(subject, core);
    let mut candidates = Vec::new();
    for value in spoken_of(subject, core) {
        for (&at, inside) in ok.iter().flat_map(|at| [(at, true), (at, false)]) {
            if says(subject, at, &value) != Some(!inside) || subject.model() == Model::List {
                continue;
            }
            for &since in ok.iter().filter(|&&since| leaves(subject, since, &value, inside)) {
                let none = ElementFact::NoneBetween { element: value.clone(), removes: inside, since, at };
                let conclusion = ElementFact::MustBeInside { element: value.clone(), inside, since, at };
                let facts = [Fact::Element(none.clone())];
                if !conclusion.holds(subject, &facts) {
                    continue;
                }
                let Some(none) = nobody_between(subject, none) else { continue };
                let did = voice.did(at);
                let (kind, headline) = if inside {
                    (AnomalyKind::Vanished, format!("{did}, though {value} was in {}", voice.object()))
                } else {
                    (
                        AnomalyKind::StaleRead,
                        format!("{did}, though {value} was not in {} any more", voice.object()),
                    )
                };
                let mut sentences = told(subject, &[since, at]);
                sentences.extend(none);
                sentences.push(element(conclusion));
                candidates.push(Candidate { kind, headline, sentences });
            }
        }
    }
    candidates.truncate(1);
    candidates
}

/// Out of order: something that was still inside should have left first.
pub(crate) fn overtook(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let ok = ok(subject, core);
    for &at in &ok {
        let Some(out) = taken(subject, at) else { continue };
        for &insert in &ok {
            let Some(inside) = inserted(subject, insert).filter(|inside| *inside != out) else { continue };
            let inserts = inserts_of(subject, out, Some(at));
            let until = (inserts.len() < inserts_of(subject, out, None).len()).then_some(at);
            let none = ElementFact::NoneBetween { element: inside.clone(), removes: true, since: insert, at };
            let puts = ElementFact::Inserts { element: out.clone(), inserts: inserts.clone(), until };
            let conclusion = ElementFact::Overtook { taken: out.clone(), inside: inside.clone(), insert, at };
            let facts = [Fact::Element(none.clone()), Fact::Element(puts.clone())];
            if !conclusion.holds(subject, &facts) {
                continue;
            }
            let Some(none) = nobody_between(subject, none) else { continue };
            let mut named = vec![insert, at];
            if inserts.len() <= TOLD {
                named.extend(&inserts);
            }
            let removed =
                ok.iter().find(|&&id| taken(subject, id) == Some(inside) && subject.precedes(at, id));
            named.extend(removed);
            let mut sentences = told(subject, &named);
            if subject.model() != Model::PriorityQueue {
                sentences.push(element(puts));
            }
            sentences.extend(none);
            sentences.push(element(conclusion));
            let headline = format!("{}, though {inside} had to leave first", voice.did(at));
            return vec![Candidate { kind: AnomalyKind::OutOfOrder, headline, sentences }];
        }
    }
    Vec::new()
}

/// Lost append, fork, a list that shrinks, elements in the wrong order.
pub(crate) fn lists(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let ok = ok(subject, core);
    let reads: Vec<OperationId> = ok.iter().copied().filter(|&id| shown(subject, id).is_some()).collect();
    let appends: Vec<OperationId> =
        core.iter().map(|kept| kept.id).filter(|&id| inserted(subject, id).is_some()).collect();
    let mut candidates = Vec::new();
    for &read in &reads {
        for &append in &appends {
            let lacks = ElementFact::Lacks { append, read };
            if lacks.holds(subject, &[]) {
                let element_ = inserted(subject, append).expect("it appends");
                let headline = format!("{}, without {element_} that had been appended", voice.did(read));
                let mut sentences = told(subject, &[append, read]);
                sentences.push(element(lacks));
                candidates.push(Candidate { kind: AnomalyKind::LostAppend, headline, sentences });
            }
        }
    }
    for &second in &reads {
        for &first in reads.iter().filter(|&&first| first != second) {
            let disagree = ElementFact::Disagree { first, second };
            if !disagree.holds(subject, &[]) {
                continue;
            }
            let shrank = shown(subject, first)
                .is_some_and(|first| shown(subject, second).is_some_and(|second| first.starts_with(&second)));
            let (kind, headline) = if shrank {
                (
                    AnomalyKind::StaleRead,
                    format!("{} after {} had seen more", voice.did(second), voice.client(first)),
                )
            } else {
                let said = format!("{} and {} saw different beginnings", voice.did(first), voice.did(second));
                (AnomalyKind::AppendFork, said)
            };
            let mut sentences = told(subject, &[first, second]);
            sentences.push(element(disagree));
            candidates.push(Candidate { kind, headline, sentences });
        }
    }
    for (&read, &first) in reads.iter().flat_map(|read| appends.iter().map(move |first| (read, first))) {
        for &second in appends.iter().filter(|&&second| subject.precedes(first, second)) {
            let only = |append: OperationId| {
                let element = inserted(subject, append).expect("it appends").clone();
                Fact::Element(ElementFact::Inserts { element, inserts: vec![append], until: None })
            };
            let facts = [only(first), only(second)];
            let wrong = ElementFact::WrongOrder { read, first, second };
            if wrong.holds(subject, &facts) {
                let headline = format!("{} in another order than they were appended", voice.did(read));
                let mut sentences = told(subject, &[first, second, read]);
                sentences.push(facts.to_vec());
                sentences.push(element(wrong));
                candidates.push(Candidate { kind: AnomalyKind::OutOfOrder, headline, sentences });
            }
        }
    }
    candidates.truncate(1);
    candidates
}
