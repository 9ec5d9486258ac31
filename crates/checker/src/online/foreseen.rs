//! An object of which it is known what some operations are going to answer.
//!
//! Why it exists: a state that contradicts an answer which is yet to be placed leads nowhere, but a search finds that
//! out only when the answer is due, after it has tried all that can be done meanwhile. Three kinds of objects remember
//! their past so well that the state alone tells:
//! - *a lock with fencing tokens*: tokens grow, so a grant comes behind all those that were told a smaller one;
//! - *a list*: whatever it shows at two moments, the one is a beginning of the other. So each of its states is a
//!   beginning of what a read shows, or the other way round;
//! - *a counter* that is only added to: no step may leap over a number that is shown, for it would never come back. Only
//!   what is shown before the watermark counts: behind it, somebody may yet take away. Nor does what is placed already: it
//!   may have been shown before the counter fell.

use std::collections::BTreeSet;

use anachron_vocabulary::{Operation, Reply, Value};

use super::{Told, is_before};
use crate::object::elements;
use crate::{Model, Object, ObjectState, Specification};

/// An object, and what it will have answered.
#[derive(Clone, Debug)]
pub(super) struct Foreseen {
    object: Object,
    /// The tokens of grants, ascending.
    tokens: Vec<i64>,
    /// The longest list that is shown.
    shown: Vec<Value>,
    /// The counts that are shown, ascending, if the counter never falls.
    counts: Vec<i64>,
}

impl Foreseen {
    /// All that is answered has to be placed, if it is not yet (by position, those that may be); what is unknown may
    /// be. Nothing else was called before the watermark.
    pub(super) fn new<'o>(
        object: Object,
        answered: &'o [Told],
        placed: &BTreeSet<u32>,
        unknown: impl Iterator<Item = &'o Operation>,
        watermark: i64,
    ) -> Self {
        let replies = || answered.iter().filter_map(|told| told.answer.as_ref().map(|(_, reply)| reply));
        let mut tokens: Vec<i64> = answered.iter().filter_map(token).collect();
        tokens.sort_unstable();
        let shown = replies().filter(|_| object.model == Model::List).filter_map(|reply| match reply {
            Reply::Value(value) => elements(value),
            _ => None,
        });
        let shown = shown.max_by_key(Vec::len).unwrap_or_default();
        let falls = |operation: &Operation| matches!(operation, Operation::Increment(amount) if *amount < 0);
        let never_falls = !answered.iter().map(|told| &told.operation).chain(unknown).any(falls);
        let counted = |told: &Told| match &told.answer {
            Some((end, Reply::Value(Value::Integer(count)))) => is_before(*end, watermark).then_some(*count),
            _ => None,
        };
        let is_counted = object.model == Model::Counter && never_falls;
        let mut counts: Vec<i64> = (0..)
            .zip(answered)
            .filter(|(position, _)| is_counted && !placed.contains(position))
            .filter_map(|(_, told)| counted(told))
            .collect();
        counts.sort_unstable();
        Self { object, tokens, shown, counts }
    }
}

fn token(told: &Told) -> Option<i64> {
    let (_, reply) = told.answer.as_ref()?;
    granted(&told.operation, Some(reply))
}

fn granted(operation: &Operation, reply: Option<&Reply>) -> Option<i64> {
    match (operation, reply) {
        (Operation::Acquire, Some(Reply::Value(Value::Integer(token)))) => Some(*token),
        _ => None,
    }
}

impl Specification for Foreseen {
    type State = ObjectState;
    type Operation = Operation;
    type Reply = Reply;

    fn initial(&self) -> ObjectState {
        self.object.initial()
    }

    fn step(&self, state: &ObjectState, operation: &Operation, reply: Option<&Reply>) -> Option<ObjectState> {
        let after = self.object.step(state, operation, reply)?;
        let leads_on = match (state, &after) {
            (ObjectState::Fenced(before), _) => granted(operation, reply).is_none_or(|token| {
                let smaller = self.tokens.partition_point(|&other| other < token);
                smaller.checked_sub(1).is_none_or(|last| before.token >= Some(self.tokens[last]))
            }),
            (_, ObjectState::Sequence(held)) => held.iter().zip(&self.shown).all(|(one, other)| one == other),
            (ObjectState::Count(before), ObjectState::Count(after)) => {
                let next = self.counts.partition_point(|count| count <= before);
                self.counts.get(next).is_none_or(|count| after <= count)
            }
            _ => true,
        };
        leads_on.then_some(after)
    }

    fn is_observer(&self, operation: &Operation, reply: Option<&Reply>) -> bool {
        self.object.is_observer(operation, reply)
    }
}

#[cfg(test)]
mod tests {
    use super::super::END;
    use super::*;

    fn told(operation: Operation, reply: Reply) -> Told {
        Told { mark: 0, client: "c".into(), operation, call: 0, answer: Some((1, reply)) }
    }

    #[test]
    fn a_grant_waits_for_those_before_it() {
        let grant = |token: i64| Reply::Value(Value::Integer(token));
        let object = Object { model: Model::FencingLock, initial: Value::Null };
        let lock = Foreseen::new(
            object,
            &[told(Operation::Acquire, grant(3)), told(Operation::Acquire, grant(7))],
            &BTreeSet::new(),
            [].into_iter(),
            END,
        );
        let free = lock.initial();
        assert_eq!(lock.step(&free, &Operation::Acquire, Some(&grant(7))), None);
        let held = lock.step(&free, &Operation::Acquire, Some(&grant(3))).expect("the smallest");
        let free = lock.step(&held, &Operation::Release, Some(&Reply::Done)).expect("held");
        assert!(lock.step(&free, &Operation::Acquire, Some(&grant(7))).is_some());
    }

    #[test]
    fn a_list_becomes_what_is_read() {
        let object = Object { model: Model::List, initial: Value::from_iter([]) };
        let shown = Reply::Value([Value::Integer(1), Value::Integer(2)].into_iter().collect());
        let list =
            Foreseen::new(object, &[told(Operation::Read, shown)], &BTreeSet::new(), [].into_iter(), END);
        let append = |element: i64| Operation::Append(element.into());
        let done = Some(&Reply::Done);
        assert_eq!(list.step(&list.initial(), &append(2), done), None);
        let one = list.step(&list.initial(), &append(1), done).expect("a beginning");
        assert_eq!(list.step(&one, &append(3), done), None);
        let two = list.step(&one, &append(2), done).expect("all of it");
        assert!(list.step(&two, &append(3), done).is_some());
    }

    #[test]
    fn a_counter_leaps_over_nothing() {
        let object = Object { model: Model::Counter, initial: Value::Integer(0) };
        let read = [told(Operation::Read, Reply::Value(Value::Integer(3)))];
        let done = Some(&Reply::Done);
        let add = Operation::Increment;
        let counter = Foreseen::new(object.clone(), &read, &BTreeSet::new(), [&add(2)].into_iter(), END);
        assert_eq!(counter.step(&ObjectState::Count(2), &add(2), done), None);
        assert!(counter.step(&ObjectState::Count(1), &add(2), done).is_some());
        assert!(counter.step(&ObjectState::Count(3), &add(2), done).is_some());
        let falling = Foreseen::new(object.clone(), &read, &BTreeSet::new(), [&add(-1)].into_iter(), END);
        assert!(falling.step(&ObjectState::Count(2), &add(2), done).is_some(), "it may come back");
        let placed = Foreseen::new(object, &read, &BTreeSet::from([0]), [&add(2)].into_iter(), END);
        assert!(placed.step(&ObjectState::Count(2), &add(2), done).is_some(), "it was shown before");
    }
}
