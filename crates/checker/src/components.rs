//! Objects that fall apart into smaller ones, each checked alone.
//!
//! Why it exists: linearizability is local (Herlihy and Wing 1990, theorem 1; Horn and Kroening 2015), and what a file
//! calls one object may be many. The elements of a set or a multiset have nothing to do with each other, unless the
//! whole is read. Registers that are read and written several at a time have, if some operation names both, or through
//! a chain of such operations: the components of a graph.
//!
//! The orders of the components are put together as the proof of locality has it: every operation takes effect at a
//! moment, the latest call up to it in its own order, which is no later than its return. Operations sorted by these
//! moments respect real time, and each component keeps its order.

use std::sync::Arc;

use anachron_history::History;
use anachron_vocabulary::{Operation, OperationId, Value};

use crate::table::Interner;
use crate::{Model, Part};

/// The parts that can be checked apart, or `None` if the object is all of a piece.
pub(crate) fn split<'h>(part: &Part<'h>) -> Option<Vec<Part<'h>>> {
    let groups = match part.model {
        Model::Set | Model::Multiset => by_element(part),
        Model::MultiRegister => by_connection(part),
        _ => None,
    };
    let groups = groups.filter(|groups| groups.len() > 1)?;
    Some(groups.into_iter().map(|ids| part.only(ids)).collect())
}

/// The element that an operation on a set speaks of.
pub(crate) fn element(operation: &Operation) -> Option<&Value> {
    match operation {
        Operation::Add(element) | Operation::Remove(element) | Operation::Contains(element) => Some(element),
        _ => None,
    }
}

/// One group an element, or `None` if the whole is read.
fn by_element(part: &Part<'_>) -> Option<Vec<Vec<OperationId>>> {
    let mut elements: Interner<&Value> = Interner::default();
    let mut groups: Vec<Vec<OperationId>> = Vec::new();
    for &id in &part.ids {
        let number = elements.number(element(&part.history.record(id).operation)?) as usize;
        if number == groups.len() {
            groups.push(Vec::new());
        }
        groups[number].push(id);
    }
    Some(groups)
}

/// One group a component of the registers that are named together.
fn by_connection(part: &Part<'_>) -> Option<Vec<Vec<OperationId>>> {
    let mut names: Interner<&Arc<str>> = Interner::default();
    let mut leaders: Vec<usize> = Vec::new();
    let mut first_names = Vec::with_capacity(part.ids.len());
    for &id in &part.ids {
        let mut first = None;
        let mut join = |name| {
            let number = names.number(name) as usize;
            if number == leaders.len() {
                leaders.push(number);
            }
            match first {
                None => first = Some(number),
                Some(first) => {
                    let (one, other) = (leader(&mut leaders, first), leader(&mut leaders, number));
                    leaders[one.max(other)] = one.min(other);
                }
            }
        };
        match &part.history.record(id).operation {
            Operation::MultiRead(names) => names.iter().for_each(&mut join),
            Operation::MultiWrite(pairs) => pairs.iter().for_each(|(name, _)| join(name)),
            _ => return None,
        }
        first_names.push(first);
    }
    let mut groups: Vec<Vec<OperationId>> = vec![Vec::new(); leaders.len()];
    for (&id, first) in part.ids.iter().zip(first_names) {
        // An operation that names no register says nothing; it may stand in any group.
        let group = first.map_or(0, |first| leader(&mut leaders, first));
        groups.get_mut(group)?.push(id);
    }
    groups.retain(|group| !group.is_empty());
    Some(groups)
}

/// The name that stands for a component, with the way there made shorter.
fn leader(leaders: &mut [usize], mut name: usize) -> usize {
    while leaders[name] != name {
        leaders[name] = leaders[leaders[name]];
        name = leaders[name];
    }
    name
}

/// One order of all operations from one for each component.
pub(crate) fn merge(history: &History, orders: &[Vec<OperationId>]) -> Vec<OperationId> {
    let mut moments: Vec<(i64, usize, usize)> = Vec::new();
    for (component, order) in orders.iter().enumerate() {
        let mut moment = i64::MIN;
        for (position, &id) in order.iter().enumerate() {
            moment = moment.max(history.record(id).call.0);
            moments.push((moment, component, position));
        }
    }
    moments.sort_unstable();
    moments.into_iter().map(|(_, component, position)| orders[component][position]).collect()
}
