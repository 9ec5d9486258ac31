//! Copies that had to leave first: who is overtaken in a queue or a stack whose elements come up often.
//!
//! Why it exists: with repeated elements nobody can say which insert a take belongs to, but the order of leaving still
//! tells. In a *queue* the k-th take of y takes the k-th y that went in. So if certain copies of x went in before all
//! but j inserts of y began, and j others had taken a y before somebody takes one, then all these copies of x were in
//! front of that y, and each has left before it: so many takes of x there must be, since the start. In a *stack*, copies of
//! x that went in after all inserts of y were over lie above every y, and each has to leave before a y can: so many takes of
//! x there must be, since the first of those copies began to go in.
//!
//! What it promises: takes of unknown outcome count as takes of x.

use std::collections::BTreeSet;

use anachron_vocabulary::{OperationId, Value};

use super::super::fact::Fact;
use super::super::multiplicity::CopyFact;
use super::super::stretch::{From, Stretch, Until};
use super::super::subject::Subject;
use super::super::words::{Voice, times};
use super::super::{AnomalyKind, Candidate};
use super::attempts::{TOLD, element, ok, spoken_of, told};
use super::{ElementFact, inserted, inserts_of, may_remove, taken};
use crate::{CoreOperation, Model};

/// Copies of one element that had to leave before another was taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ahead {
    /// The element that was taken.
    pub taken: Value,
    /// Who took it.
    pub at: OperationId,
    /// Others that had taken it before `at` began; none in a stack.
    pub gone: Vec<OperationId>,
    /// The element that had to leave first.
    pub inside: Value,
    /// The inserts of its copies, all ok.
    pub inserts: Vec<OperationId>,
}

/// True if there are none twice.
fn are_distinct(ids: &[OperationId]) -> bool {
    ids.iter().collect::<BTreeSet<_>>().len() == ids.len()
}

impl Ahead {
    /// True if all those copies have left by the time at which `at` takes effect, in every legal order.
    pub(super) fn holds(&self, subject: &Subject<'_>) -> bool {
        let Self { taken: out, at, gone, inside, inserts } = self;
        let is_known = subject.owns(*at)
            && taken(subject, *at) == Some(out)
            && inside != out
            && are_distinct(inserts)
            && inserts
                .iter()
                .all(|&id| subject.owns(id) && subject.is_ok(id) && inserted(subject, id) == Some(inside));
        let others = inserts_of(subject, out, Some(*at));
        is_known
            && match subject.model() {
                Model::Queue => {
                    let behind =
                        |&&other: &&OperationId| inserts.iter().all(|&id| subject.precedes(id, other));
                    let went = |&id: &OperationId| {
                        subject.owns(id) && taken(subject, id) == Some(out) && subject.precedes(id, *at)
                    };
                    let early = others.len() - others.iter().filter(behind).count();
                    are_distinct(gone) && gone.iter().all(went) && early <= gone.len()
                }
                Model::Stack => {
                    gone.is_empty()
                        && inserts.iter().all(|&id| {
                            subject.precedes(id, *at)
                                && others.iter().all(|&other| subject.precedes(other, id))
                        })
                }
                _ => false,
            }
    }

    /// Where those copies are taken.
    pub(super) fn stretch(&self, subject: &Subject<'_>) -> Stretch {
        let first = self.inserts.iter().copied().min_by_key(|&id| (subject.record(id).call, id));
        let from = match (subject.model(), first) {
            (Model::Stack, Some(first)) => From::Call(first),
            _ => From::Start,
        };
        Stretch { from, until: Until::Before(self.at) }
    }

    pub(super) fn operations(&self) -> Vec<OperationId> {
        std::iter::once(self.at)
            .chain(self.gone.iter().copied())
            .chain(self.inserts.iter().copied())
            .collect()
    }

    pub(super) fn say(&self, voice: &Voice<'_>, takes: usize) -> String {
        let Self { taken: out, at, gone, inside, inserts } = self;
        let mark = voice.mark(*at);
        let inserts_marks = voice.marks(inserts);
        let had = if inserts.len() == 1 { "had put a copy of" } else { "had each put a copy of" };
        let place = match (voice.subject.model(), gone.as_slice()) {
            (Model::Stack, _) => {
                format!(
                    "{inserts_marks} {had} {inside} on top of every copy of {out} that {mark} can have taken"
                )
            }
            (_, []) => {
                format!(
                    "{inserts_marks} {had} {inside} in before any copy of {out} that {mark} can have taken"
                )
            }
            (_, gone) => format!(
                "{} had taken a copy of {out} before, so {mark} took a later one, and {inserts_marks} {had} {inside} in before that",
                voice.marks(gone)
            ),
        };
        let must = match inserts.len() {
            1 => "It had to leave first".to_owned(),
            2 => "Both had to leave first".to_owned(),
            count => format!("All {count} had to leave first"),
        };
        let but = if takes == 0 {
            format!("no copy of {inside} can have left by then")
        } else {
            format!("{inside} can have left only {}", times(takes))
        };
        format!("{place}. {must}, but {but}. No order of these operations explains that.")
    }
}

/// The copies of `inside` that had to leave before `at`, the greatest number of them.
fn ahead(subject: &Subject<'_>, at: OperationId, out: &Value, inside: &Value) -> Option<Ahead> {
    let mut others = inserts_of(subject, out, Some(at));
    let copies =
        inserts_of(subject, inside, Some(at)).into_iter().filter(|&id| subject.is_ok(id)).collect::<Vec<_>>();
    let (gone, inserts) = if subject.model() == Model::Stack {
        let above = |&id: &OperationId| {
            subject.precedes(id, at) && others.iter().all(|&other| subject.precedes(other, id))
        };
        (Vec::new(), copies.into_iter().filter(above).collect())
    } else {
        others.sort_by_key(|&id| (subject.record(id).call, id));
        let went = |&id: &OperationId| taken(subject, id) == Some(out) && subject.precedes(id, at);
        let mut gone: Vec<OperationId> = subject.possible().filter(went).collect();
        gone.truncate(others.len().saturating_sub(1));
        let front = |&id: &OperationId| others[gone.len()..].iter().all(|&other| subject.precedes(id, other));
        let inserts: Vec<OperationId> = copies.into_iter().filter(front).collect();
        // As few of those that had taken one as are needed.
        let behind = |&&other: &&OperationId| inserts.iter().all(|&id| subject.precedes(id, other));
        gone.truncate(others.len() - others.iter().filter(behind).count());
        (gone, inserts)
    };
    let found = Ahead { taken: out.clone(), at, gone, inside: inside.clone(), inserts };
    (!found.inserts.is_empty() && found.holds(subject)).then_some(found)
}

/// Of more operations than this only the first are looked at.
const LOOKED_AT: usize = 60;

/// Out of order, counted: copies that were still inside should have left first.
pub(crate) fn left_behind(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    if !matches!(subject.model(), Model::Queue | Model::Stack) {
        return Vec::new();
    }
    let mut elements = spoken_of(subject, core);
    elements.truncate(subject.compared(LOOKED_AT));
    let mut best: Option<(usize, Ahead, Vec<OperationId>)> = None;
    for at in ok(subject, core).into_iter().take(subject.compared(LOOKED_AT)) {
        let Some(out) = taken(subject, at) else { continue };
        for inside in elements.iter().filter(|&inside| inside != out) {
            let Some(mut found) = ahead(subject, at, out, inside) else { continue };
            let takes = |found: &Ahead| -> Vec<OperationId> {
                let stretch = found.stretch(subject);
                subject
                    .possible()
                    .filter(|&id| may_remove(subject, id, inside) && stretch.may_hold(subject, id))
                    .collect()
            };
            let mut possible = takes(&found);
            if possible.len() >= found.inserts.len() {
                continue;
            }
            if subject.model() == Model::Queue {
                // One more than can have left is enough.
                found.inserts.truncate(possible.len() + 1);
                possible = takes(&found);
            }
            let cost = found.inserts.len() + found.gone.len() + possible.len();
            if best.as_ref().is_none_or(|(least, ..)| cost < *least) {
                best = Some((cost, found, possible));
            }
        }
    }
    best.map(|(_, found, possible)| story(subject, found, possible)).into_iter().collect()
}

fn story(subject: &Subject<'_>, found: Ahead, possible: Vec<OperationId>) -> Candidate {
    let voice = Voice::new(subject);
    let headline = format!("{}, though {} had to leave first", voice.did(found.at), found.inside);
    let puts = inserts_of(subject, &found.taken, Some(found.at));
    let until = (puts.len() < inserts_of(subject, &found.taken, None).len()).then_some(found.at);
    let mut named = found.operations();
    for crowd in [&puts, &possible] {
        if crowd.len() <= TOLD {
            named.extend(crowd);
        }
    }
    let mut sentences = told(subject, &named);
    sentences.push(element(ElementFact::Inserts { element: found.taken.clone(), inserts: puts, until }));
    let takes = possible.len();
    let stretch = found.stretch(subject);
    sentences.push(vec![Fact::Copies(CopyFact::Possible {
        element: Some(found.inside.clone()),
        stretch,
        inserts: false,
        operations: possible,
    })]);
    sentences.push(element(ElementFact::LeftBehind { ahead: found, takes }));
    Candidate { kind: AnomalyKind::OutOfOrder, headline, sentences }
}
