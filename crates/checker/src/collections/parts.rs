//! From a part of a history to a collection, where the theorems apply.

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::copies::{self, Leaves};
use super::{Action, Collection, Event, Theorem, Unfit};
use crate::table::{Interner, count};
use crate::{Budget, Model, Part};

/// What the theorems say of an object.
pub(crate) enum Decided {
    /// A legal order.
    Order(Vec<OperationId>),
    /// Operations that have none, whatever the others did.
    Clash(Vec<OperationId>),
}

/// Decides a queue, a stack or a priority queue; `None` where no theorem applies, or where values come more than once and
/// the budget is spent before their copies are told apart.
pub(crate) fn decide(part: &Part<'_>, budget: &mut Budget<'_>) -> Option<Decided> {
    let (by_theorem, leaves): (Theorem, Leaves) = match part.model {
        Model::Queue => (super::queue, Leaves::First),
        Model::Stack => (super::stack, Leaves::Last),
        Model::PriorityQueue => (super::priority_queue, Leaves::Any),
        _ => return None,
    };
    let events = events(part);
    let collection = match Collection::gather(&events) {
        Ok(collection) => collection,
        Err(Unfit::Clash(clash)) => return Some(Decided::Clash(clash)),
        Err(Unfit::NotUnique) => return copies::decide(&events, leaves, by_theorem, budget),
    };
    Some(match by_theorem(&collection)? {
        super::Decided::Order(order) => Decided::Order(order),
        super::Decided::Clash(clash) => Decided::Clash(clash.operations(&collection)),
    })
}

/// What the operations did, their elements as numbers.
fn events(part: &Part<'_>) -> Vec<Event> {
    let mut elements: Interner<&Value> = Interner::default();
    let mut events: Vec<Event> = Vec::with_capacity(part.ids.len());
    for &id in &part.ids {
        let record = part.history.record(id);
        let action = match (&record.operation, &record.outcome) {
            (Operation::Enqueue(element) | Operation::Push(element) | Operation::Insert(element), _) => {
                Action::Insert { value: elements.number(element), rank: 0 }
            }
            (_, Outcome::Ok(Reply::Value(Value::Null))) => Action::Empty,
            (_, Outcome::Ok(Reply::Value(element))) => Action::Remove { value: elements.number(element) },
            _ => Action::Pending,
        };
        let returned = record.returned().map(|returned| returned.0);
        events.push(Event { id, action, call: record.call.0, returned });
    }
    if part.model == Model::PriorityQueue {
        let mut ascending: Vec<u32> = (0..count(elements.len())).collect();
        ascending.sort_by_key(|&number| *elements.get(number));
        let mut ranks = vec![0; elements.len()];
        for (rank, &number) in (0..).zip(&ascending) {
            ranks[number as usize] = rank;
        }
        for event in &mut events {
            if let Action::Insert { value, rank } = &mut event.action {
                *rank = ranks[*value as usize];
            }
        }
    }
    events
}
