//! The last resort: every order of the core was tried, and this is how far the best one got.
//!
//! Why it exists: not every violation has a short story. Then the honest account is the search itself: the longest
//! legal order, and for everything that could come next by the clock, what the object would have had to be.
//!
//! What it promises: depth first over (operations placed, state), each visited once, so "all" means all. The search
//! is separate from the checker's own roads. It stops at `CONFIGURATION_LIMIT` (earlier for large cores) and says so.

use std::collections::BTreeSet;

use anachron_vocabulary::{Operation, OperationId, Outcome, Value};

use super::fact::Fact;
use super::subject::Subject;
use super::words::Voice;
use super::{AnomalyKind, Candidate};
use crate::object::{Object, ObjectState};
use crate::{CoreOperation, Kept, Specification};

/// How many configurations are visited at most.
pub(crate) const CONFIGURATION_LIMIT: usize = 100_000;

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

/// The state after the operation, as it is kept, takes effect.
fn step(subject: &Subject<'_>, state: &ObjectState, kept: CoreOperation) -> Option<ObjectState> {
    let record = subject.record(kept.id);
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
pub(crate) fn replay(subject: &Subject<'_>, order: &[CoreOperation]) -> Option<ObjectState> {
    let mut state = object(subject).initial();
    for (index, kept) in order.iter().enumerate() {
        let late = order[..index].iter().any(|before| precedes(subject, *kept, before.id));
        if late || !subject.owns(kept.id) {
            return None;
        }
        state = step(subject, &state, *kept)?;
    }
    Some(state)
}

/// True if the order is legal and the object refuses `next` after it, although the clock would allow it.
pub(crate) fn is_blocked(subject: &Subject<'_>, order: &[CoreOperation], next: OperationId) -> bool {
    let Some(state) = replay(subject, order) else { return false };
    let next = CoreOperation { id: next, kept: Kept::AsItWas };
    is_required(subject, next)
        && order.iter().all(|placed| placed.id != next.id && !precedes(subject, next, placed.id))
        && step(subject, &state, next).is_none()
}

/// Operations placed, one bit each.
type Placed = Vec<u64>;

fn is_placed(placed: &[u64], index: usize) -> bool {
    placed[index / 64] >> (index % 64) & 1 == 1
}

/// Visits every configuration of the core, up to the limit.
pub(crate) fn search(subject: &Subject<'_>, core: &[CoreOperation]) -> Search {
    let mut search = Search {
        required: core.iter().filter(|kept| is_required(subject, **kept)).count(),
        exhausted: true,
        ..Search::default()
    };
    // A configuration of a large core costs more: the square keeps the whole work bounded.
    let limit = CONFIGURATION_LIMIT / (1 + (core.len() / 64).pow(2));
    let mut visited = BTreeSet::new();
    // A stack of its own, so that a long core can't overflow the thread's: (placed, state, order so far).
    let mut stack: Vec<(Placed, ObjectState, Vec<usize>)> =
        vec![(vec![0; core.len().div_ceil(64).max(1)], object(subject).initial(), Vec::new())];
    let mut best: (usize, usize) = (0, 0);
    while let Some((placed, state, order)) = stack.pop() {
        if !visited.insert((placed.clone(), state.clone())) {
            continue;
        }
        if visited.len() > limit {
            search.exhausted = false;
            break;
        }
        let done = order.iter().filter(|&&index| is_required(subject, core[index])).count();
        let extra = order.len() - done;
        if done > best.0 || (done == best.0 && extra < best.1) {
            best = (done, extra);
            search.longest = order.iter().map(|&index| core[index]).collect();
        }
        if done == search.required {
            search.complete = Some(search.longest.clone());
            break;
        }
        let waits = |index: usize| {
            core.iter().enumerate().any(|(other, kept)| {
                !is_placed(&placed, other) && other != index && precedes(subject, *kept, core[index].id)
            })
        };
        for index in (0..core.len()).rev() {
            if is_placed(&placed, index) || waits(index) {
                continue;
            }
            if let Some(next) = step(subject, &state, core[index]) {
                let mut more = placed.clone();
                more[index / 64] |= 1 << (index % 64);
                let mut longer = order.clone();
                longer.push(index);
                stack.push((more, next, longer));
            }
        }
    }
    search.configurations = visited.len();
    search
}

/// The account of the search, or nothing if the core has an order after all.
pub(crate) fn account(subject: &Subject<'_>, core: &[CoreOperation]) -> Option<Candidate> {
    let mut core = core.to_vec();
    core.sort_by_key(|kept| (subject.record(kept.id).call, kept.id));
    let found = search(subject, &core);
    if found.complete.is_some() {
        return None;
    }
    let order = found.longest;
    let waiting: Vec<&CoreOperation> =
        core.iter().filter(|kept| is_required(subject, **kept) && !order.contains(kept)).collect();
    let mut sentences = vec![vec![Fact::LongestOrder { order: order.clone(), required: found.required }]];
    for next in &waiting {
        let waits = waiting.iter().any(|other| other.id != next.id && precedes(subject, **other, next.id));
        let blocked = Fact::Blocked { order: order.clone(), next: next.id };
        if !waits && blocked.holds(subject, &[]) {
            sentences.push(vec![blocked]);
        }
    }
    let (all, configurations) = (found.exhausted, found.configurations);
    sentences.push(vec![Fact::Tried { core: core.clone(), configurations, all }]);
    let voice = Voice::new(subject);
    let placed = found.required - waiting.len();
    let headline = format!(
        "no order of these {} operations on {} works; the longest found places {placed} of {}",
        core.len(),
        voice.object(),
        found.required
    );
    Some(Candidate { kind: AnomalyKind::NoOrder, headline, sentences })
}
