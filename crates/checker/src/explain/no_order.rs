//! The last resort: every order of the core was tried, and this is how far the best one got.
//!
//! Why it exists: not every violation has a short story. Then the honest account is the search itself: the longest
//! legal order, and for everything that could come next by the clock, what the object would have had to be.
//!
//! What it promises: depth first over (operations placed, state), each visited once, so "all" means all that matter. The search
//! is separate from the checker's own roads. It stops at `CONFIGURATION_LIMIT` (earlier for large cores) and says so.

use std::collections::BTreeSet;

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::elements::shown;
use super::fact::Fact;
use super::subject::Subject;
use super::words::{Voice, these_operations};
use super::{AnomalyKind, Candidate, others};
use crate::object::{Object, ObjectState};
use crate::{CoreOperation, Kept, Model, Specification};

/// How many configurations are visited at most.
pub(crate) const CONFIGURATION_LIMIT: usize = 100_000;

/// Up to this many operations are told one by one…
const TOLD: usize = 12;
/// …in at most so many sentences of the proof.
const PARAGRAPHS: usize = 6;

/// What the search found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    /// A legal order of the whole core, if there is one: then there is nothing to explain.
    pub(crate) complete: Option<Vec<CoreOperation>>,
    /// The longest legal order: most operations that have to be placed, then fewest others.
    pub(crate) longest: Vec<CoreOperation>,
    /// How many operations have to be placed.
    pub(crate) required: usize,
    /// How many configurations were visited.
    pub(crate) configurations: usize,
    /// True if those were all.
    pub(crate) exhausted: bool,
}

fn object(subject: &Subject<'_>) -> Object {
    Object { model: subject.model(), initial: subject.initial().clone() }
}

/// True if the operation has to be placed.
fn is_required(subject: &Subject<'_>, kept: CoreOperation) -> bool {
    kept.kept != Kept::AsUnknown && subject.is_ok(kept.id)
}

/// True if `a`, as it is kept, returned before `b` was called.
fn precedes(subject: &Subject<'_>, a: CoreOperation, b: OperationId) -> bool {
    is_required(subject, a) && subject.precedes(a.id, b)
}

/// The elements that a core of a set, a multiset or a list is judged on: those that its changes name. A core keeps all
/// operations on some elements, and a read that shows others as well says nothing of those. Empty if that makes no
/// difference.
fn judged(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Value> {
    if !matches!(subject.model(), Model::Set | Model::Multiset | Model::List) {
        return Vec::new();
    }
    let ids = || core.iter().map(|kept| kept.id);
    let mut named: Vec<Value> = ids()
        .filter_map(|id| match &subject.record(id).operation {
            Operation::Add(element)
            | Operation::Remove(element)
            | Operation::Contains(element)
            | Operation::Append(element) => Some(element.clone()),
            _ => None,
        })
        .collect();
    named.sort();
    named.dedup();
    let shows_more = ids()
        .filter_map(|id| shown(subject, id))
        .any(|shown| shown.iter().any(|element| !named.contains(element)));
    if shows_more { named } else { Vec::new() }
}

/// The state after the operation, as it is kept, takes effect. With elements in `only`, reads are judged on those.
fn step(
    subject: &Subject<'_>,
    state: &ObjectState,
    kept: CoreOperation,
    only: &[Value],
) -> Option<ObjectState> {
    let record = subject.record(kept.id);
    if let Some(mut shown) = shown(subject, kept.id).filter(|_| !only.is_empty()) {
        shown.retain(|element| only.contains(element));
        let reply = Reply::Value(shown.into_iter().collect());
        return object(subject).step(state, &record.operation, Some(&reply));
    }
    if kept.kept == Kept::AsWrite {
        return match &record.operation {
            Operation::Write(new) | Operation::CompareAndSet { new, .. } => {
                Some(ObjectState::Holds(new.clone()))
            }
            Operation::Claim(leader) => Some(ObjectState::Holds(leader.clone())),
            Operation::Resign(_) => Some(ObjectState::Holds(Value::Null)),
            Operation::Add(element) | Operation::Remove(element) => {
                let ObjectState::Bag(mut elements) = state.clone() else { return None };
                elements.remove(element);
                if matches!(record.operation, Operation::Add(_)) {
                    elements.insert(element.clone(), 1);
                }
                Some(ObjectState::Bag(elements))
            }
            Operation::Acquire => Some(ObjectState::Held),
            Operation::Release => Some(ObjectState::Free),
            _ => None,
        };
    }
    let reply = match &record.outcome {
        Outcome::Ok(reply) => Some(reply),
        _ => None,
    };
    object(subject).step(state, &record.operation, reply)
}

/// The state after an order, if it is legal and respects real time.
pub(crate) fn replay(subject: &Subject<'_>, order: &[CoreOperation], only: &[Value]) -> Option<ObjectState> {
    let mut state = object(subject).initial();
    for (index, kept) in order.iter().enumerate() {
        let late = order[..index].iter().any(|before| precedes(subject, *kept, before.id));
        if late || !subject.owns(kept.id) {
            return None;
        }
        state = step(subject, &state, *kept, only)?;
    }
    Some(state)
}

/// True if the order is legal and the object refuses `next` after it, although the clock would allow it.
pub(crate) fn is_blocked(
    subject: &Subject<'_>,
    order: &[CoreOperation],
    next: OperationId,
    only: &[Value],
) -> bool {
    let Some(state) = replay(subject, order, only) else { return false };
    let next = CoreOperation { id: next, kept: Kept::AsItWas };
    is_required(subject, next)
        && order.iter().all(|placed| placed.id != next.id && !precedes(subject, next, placed.id))
        && step(subject, &state, next, only).is_none()
}

/// Operations placed, one bit each.
type Placed = Vec<u64>;

fn is_placed(placed: &[u64], index: usize) -> bool {
    placed[index / 64] >> (index % 64) & 1 == 1
}

fn toggle(placed: &mut [u64], index: usize) {
    placed[index / 64] ^= 1 << (index % 64);
}

/// What is known of the core before the search.
struct Rules {
    /// Those that have to be placed before each.
    waits_for: Vec<Vec<usize>>,
    /// True if the operation only observes.
    observes: Vec<bool>,
    /// True if it has to be placed.
    required: Vec<bool>,
}

impl Rules {
    fn new(subject: &Subject<'_>, core: &[CoreOperation]) -> Self {
        let required: Vec<bool> = core.iter().map(|kept| is_required(subject, *kept)).collect();
        let end = |index: usize| subject.record(core[index].id).returned().filter(|_| required[index]);
        let twins = |a: usize, b: usize| {
            let (one, other) = (subject.record(core[a].id), subject.record(core[b].id));
            let alike = core[a].kept == core[b].kept
                && one.operation == other.operation
                && one.outcome == other.outcome;
            // Who was called no later and had to be over no later goes first: swapping the two keeps both in time.
            let no_later = one.call <= other.call
                && end(b).is_none_or(|end_b| end(a).is_some_and(|end_a| end_a <= end_b));
            let same = one.call == other.call && end(a) == end(b);
            alike && no_later && (!same || a < b)
        };
        let waits_for = (0..core.len())
            .map(|index| {
                (0..core.len())
                    .filter(|&other| {
                        other != index
                            && (precedes(subject, core[other], core[index].id) || twins(other, index))
                    })
                    .collect()
            })
            .collect();
        let object = object(subject);
        let observes = |kept: &CoreOperation| match &subject.record(kept.id).outcome {
            Outcome::Ok(reply) if kept.kept == Kept::AsItWas => {
                object.is_observer(&subject.record(kept.id).operation, Some(reply))
            }
            _ => false,
        };
        Self { waits_for, observes: core.iter().map(observes).collect(), required }
    }
}

/// A place on the way: the state, and which operation to try next.
struct Place {
    state: ObjectState,
    next: usize,
}

/// Visits every configuration of the core that matters, up to the limit.
///
/// Three things keep them few, and none hides an order: an operation that only observes is placed as soon as it can be;
/// of two that are alike the one that was called first and had to be over first comes first; one that may be left out
/// is left out while it would change nothing.
pub(crate) fn search(subject: &Subject<'_>, core: &[CoreOperation], only: &[Value]) -> Search {
    let rules = Rules::new(subject, core);
    let mut search = Search {
        required: rules.required.iter().filter(|required| **required).count(),
        exhausted: true,
        ..Search::default()
    };
    // A configuration of a large core costs more: the square keeps the whole work bounded.
    let limit = CONFIGURATION_LIMIT / (1 + (core.len() / 64).pow(2));
    let mut placed: Placed = vec![0; core.len().div_ceil(64).max(1)];
    let mut visited: BTreeSet<(Placed, ObjectState)> = BTreeSet::new();
    let mut order: Vec<usize> = Vec::new();
    let mut done = 0;
    let mut best = (0, 0);
    let start = object(subject).initial();
    visited.insert((placed.clone(), start.clone()));
    // A stack of its own, so that a long core can't overflow the thread's.
    let mut way = vec![Place { state: start, next: 0 }];
    while let Some(place) = way.last_mut() {
        if done == search.required {
            search.complete = Some(order.iter().map(|&index| core[index]).collect());
            break;
        }
        let index = place.next;
        place.next += 1;
        if index >= core.len() {
            way.pop();
            if let Some(last) = order.pop() {
                toggle(&mut placed, last);
                done -= usize::from(rules.required[last]);
            }
            continue;
        }
        let waits = || rules.waits_for[index].iter().any(|&other| !is_placed(&placed, other));
        if is_placed(&placed, index) || waits() {
            continue;
        }
        let Some(state) = step(subject, &place.state, core[index], only) else { continue };
        if !rules.required[index] && state == place.state {
            continue;
        }
        if rules.observes[index] {
            // Nothing else need be tried here.
            place.next = core.len();
        }
        toggle(&mut placed, index);
        if !visited.insert((placed.clone(), state.clone())) {
            toggle(&mut placed, index);
            continue;
        }
        if visited.len() > limit {
            search.exhausted = false;
            break;
        }
        order.push(index);
        done += usize::from(rules.required[index]);
        way.push(Place { state, next: 0 });
        let extra = order.len() - done;
        if done > best.0 || (done == best.0 && extra < best.1) {
            best = (done, extra);
            search.longest = order.iter().map(|&index| core[index]).collect();
        }
    }
    search.configurations = visited.len();
    search
}

/// What is said of the operations that a core keeps in this weaker form, if there are any.
pub(crate) fn weakened(subject: &Subject<'_>, core: &[CoreOperation], form: Kept) -> Option<Vec<Fact>> {
    let ids = core.iter().filter(|kept| kept.kept == form && subject.is_ok(kept.id)).map(|kept| kept.id);
    let ids: Vec<OperationId> = ids.collect();
    (!ids.is_empty()).then(|| match form {
        Kept::AsWrite => vec![Fact::TakenForWrites(ids)],
        Kept::AsItWas | Kept::AsUnknown => vec![Fact::NotNeeded(ids)],
    })
}

/// The account of the search, or nothing if the core has an order after all.
pub(crate) fn account(subject: &Subject<'_>, core: &[CoreOperation]) -> Option<Candidate> {
    // In the order of their numbers.
    let mut core = core.to_vec();
    core.sort_by_key(|kept| (subject.record(kept.id).call, subject.record(kept.id).returned(), kept.id));
    let mut only = judged(subject, &core);
    let mut found = search(subject, &core, &only);
    if found.complete.is_some() && !only.is_empty() {
        only.clear();
        found = search(subject, &core, &only);
    }
    if found.complete.is_some() {
        return None;
    }
    let order = found.longest;
    let waiting: Vec<&CoreOperation> =
        core.iter().filter(|kept| is_required(subject, **kept) && !order.contains(kept)).collect();
    let mut sentences = Vec::new();
    if core.len() <= TOLD {
        let told = core.chunks(core.len().div_ceil(PARAGRAPHS).max(1));
        sentences.extend(told.map(|some| some.iter().map(|kept| Fact::Did(kept.id)).collect()));
    }
    sentences.extend(
        [Kept::AsUnknown, Kept::AsWrite].into_iter().filter_map(|form| weakened(subject, &core, form)),
    );
    let required = found.required;
    sentences.push(vec![Fact::LongestOrder { order: order.clone(), required, only: only.clone() }]);
    for next in &waiting {
        let waits = waiting.iter().any(|other| other.id != next.id && precedes(subject, **other, next.id));
        let blocked = Fact::Blocked { order: order.clone(), next: next.id, only: only.clone() };
        if !waits && blocked.holds(subject, &[]) {
            sentences.push(vec![blocked]);
        }
    }
    let (all, configurations) = (found.exhausted, found.configurations);
    sentences.push(vec![Fact::Tried { core: core.clone(), configurations, all, only }]);
    if all {
        sentences.extend(others::left_out_rightly(subject, &core).map(|fact| vec![fact]));
    }
    let voice = Voice::new(subject);
    let placed = required - waiting.len();
    let headline = format!(
        "no order of {} on {} works; the best places {placed} of the {required} that must be placed",
        these_operations(core.len()),
        voice.object(),
    );
    Some(Candidate { kind: AnomalyKind::NoOrder, headline, sentences })
}
