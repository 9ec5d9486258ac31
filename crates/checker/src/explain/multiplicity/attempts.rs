//! Which counts make a story: the search for a short argument around a core.
//!
//! Everything proposed here is checked by [`CopyFact::holds`] before it is said.

use anachron_vocabulary::{OperationId, Value};

use super::{CopyFact, counted, excess, is_emptied, moves, shows, surely_moves};
use crate::explain::elements::{attempts, taken};
use crate::explain::fact::Fact;
use crate::explain::stretch::{From, Stretch, Until};
use crate::explain::subject::Subject;
use crate::explain::words::Voice;
use crate::explain::{AnomalyKind, Candidate};
use crate::{CoreOperation, Model};

/// Of more moments than this the rest is left alone.
const MOMENTS: usize = 40;
/// Up to this many operations are told one by one.
const TOLD: usize = 8;

/// A contradiction that was found, and how many operations its telling takes.
struct Found {
    element: Option<Value>,
    stretch: Stretch,
    inserts: bool,
    possible: Vec<OperationId>,
    certain: Vec<OperationId>,
}

impl Found {
    /// Fewer operations make a better story; of equals one without instants.
    fn cost(&self) -> (usize, bool, bool) {
        let instant = matches!(self.stretch.from, From::Call(_));
        (self.possible.len() + self.certain.len(), instant, matches!(self.stretch.until, Until::End(_)))
    }
}

/// Too many copies, or too few.
pub(crate) fn miscounted(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let mut elements: Vec<Option<Value>> = attempts::spoken_of(subject, core).into_iter().map(Some).collect();
    if is_emptied(subject) {
        elements.push(None);
    }
    let best = elements
        .iter()
        .filter_map(|element| best_of(subject, core, element.as_ref()))
        .min_by_key(Found::cost);
    best.map(|found| told(subject, found)).into_iter().collect()
}

/// The cheapest contradiction about one element.
fn best_of(subject: &Subject<'_>, core: &[CoreOperation], element: Option<&Value>) -> Option<Found> {
    let movers: [Vec<OperationId>; 2] = [false, true].map(|inserts| {
        subject.possible().filter(|&id| moves(subject, id, element, inserts)).collect::<Vec<_>>()
    });
    let unknown = (0, (subject.model() == Model::Set).then_some(1));
    let mut ok: Vec<OperationId> = core
        .iter()
        .map(|kept| kept.id)
        .filter(|&id| subject.is_ok(id) && shows(subject, id, element) != (unknown, unknown))
        .collect();
    ok.sort_by_key(|&id| (subject.record(id).returned(), id));
    ok.truncate(MOMENTS);
    let froms = || {
        let of = |&id: &OperationId| [From::After(id), From::Call(id)];
        std::iter::once(From::Start).chain(ok.iter().flat_map(of))
    };
    let mut best: Option<Found> = None;
    for until in ok.iter().flat_map(|&id| [Until::Before(id), Until::End(id)]) {
        for from in froms() {
            let stretch = Stretch { from, until };
            if !stretch.is_sound(subject) {
                continue;
            }
            for inserts in [true, false] {
                let Some(found) = contradiction(subject, element, stretch, inserts, &movers) else {
                    continue;
                };
                if best.as_ref().is_none_or(|best| found.cost() < best.cost()) {
                    best = Some(found);
                }
            }
        }
    }
    best
}

/// Counts one stretch.
fn contradiction(
    subject: &Subject<'_>,
    element: Option<&Value>,
    stretch: Stretch,
    inserts: bool,
    movers: &[Vec<OperationId>; 2],
) -> Option<Found> {
    let (_, most_first) = stretch.at_first(subject, element);
    let (_, most_last) = stretch.at_last(subject, element);
    // Without a bound there is nothing to contradict.
    if if inserts { most_first.is_none() } else { most_last.is_none() } {
        return None;
    }
    let possible: Vec<OperationId> =
        movers[usize::from(inserts)].iter().copied().filter(|&id| stretch.may_hold(subject, id)).collect();
    let mut helpers = movers[usize::from(!inserts)].iter().copied().filter(|&id| {
        surely_moves(subject, id, element, !inserts)
            && stretch.may_hold(subject, id)
            && stretch.must_hold(subject, id)
    });
    let mut certain = Vec::new();
    let contradicts = |certain: &[OperationId]| {
        counted(subject, element, stretch, inserts, possible.len(), certain.len())
            .and_then(|bound| excess(subject, element, stretch, inserts, bound))
            .is_some_and(|excess| excess > 0)
    };
    while !contradicts(&certain) {
        certain.push(helpers.next()?);
    }
    Some(Found { element: element.cloned(), stretch, inserts, possible, certain })
}

/// The story of a contradiction.
fn told(subject: &Subject<'_>, found: Found) -> Candidate {
    let voice = Voice::new(subject);
    let Found { element, stretch, inserts, possible, certain } = found;
    let (Until::Before(last) | Until::End(last)) = stretch.until;
    let is_list = subject.model() == Model::List;
    let takes_it = taken(subject, last).is_some_and(|taken| element.as_ref().is_none_or(|it| it == taken));
    let it = element.as_ref().map_or_else(|| "something".to_owned(), Value::to_string);
    let (did, object) = (voice.did(last), voice.object());
    let (kind, headline) = match (stretch.until, inserts) {
        (Until::End(_), false) => (
            AnomalyKind::DoubleWinner,
            format!("{it} was added to {object} more often than it was taken out"),
        ),
        (Until::End(_), true) => (
            AnomalyKind::DeliveredTwice,
            format!("{it} was taken from {object} more often than it was put in"),
        ),
        (Until::Before(_), true) if is_list => {
            (AnomalyKind::DuplicateAppend, format!("{did}: {it} is there more often than it was appended"))
        }
        (Until::Before(_), true) if takes_it => {
            (AnomalyKind::DeliveredTwice, format!("{did}, though no {it} can have been left"))
        }
        (Until::Before(_), true) => {
            (AnomalyKind::StaleRead, format!("{did}, though {it} can't be in {object} so often any more"))
        }
        (Until::Before(_), false) if is_list => {
            (AnomalyKind::LostAppend, format!("{did}, with {it} less often than it had been appended"))
        }
        (Until::Before(_), false) if taken(subject, last).is_some() => {
            (AnomalyKind::OutOfOrder, format!("{did}, though {it} had to leave first"))
        }
        (Until::Before(_), false) => {
            (AnomalyKind::Vanished, format!("{did}, though {it} must still be in {object}"))
        }
    };
    let mut named: Vec<OperationId> = stretch.operations().collect();
    for crowd in [&possible, &certain] {
        if crowd.len() <= TOLD {
            named.extend(crowd);
        }
    }
    let mut sentences = attempts::told(subject, &named);
    let count = possible.len();
    let only = CopyFact::Possible { element: element.clone(), stretch, inserts, operations: possible };
    sentences.push(vec![Fact::Copies(only)]);
    let conclusion = CopyFact::Impossible { element, stretch, inserts, possible: count, certain };
    sentences.push(vec![Fact::Copies(conclusion)]);
    Candidate { kind, headline, sentences }
}
