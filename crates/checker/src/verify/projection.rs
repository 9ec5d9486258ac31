//! Collections: all operations on an element may go together.
//!
//! A core of a queue, a stack, a priority queue, a multiset or a list is about some elements, those that its operations
//! name. Take all operations on any *other* element out of a legal order, and the element out of what each read of the
//! whole shows, and the order is still legal: what is left leaves in the same order, what was empty still is. So:
//! - an answer *empty*, a read, a contains may go: they only observe;
//! - an operation on an element that the core does not name may go;
//! - an operation on an element of the core may go if everything kept that has to be placed had returned before it was
//!   called: cut the legal order behind the last of those. In a list only a read that shows the element can stand behind
//!   its append, so only those need have returned: behind the append nothing is left but appends, which mind nothing;
//! - *a remove of unknown outcome* may have removed anything. It may go if it was called after all that has to be placed had
//!   returned, or if it can have removed nothing that the core names: as often as each of these elements may have been
//!   inserted, it was removed by somebody who said so, and nothing is removed more often than it was inserted;
//! - *what a read shows* of an element counts if nothing of that element is missing, and is dropped otherwise.

use std::collections::{BTreeMap, BTreeSet};

use anachron_history::Record;
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

use super::Flaw;
use super::cells::shown;
use super::records::{Records, listed};
use crate::{CheckOptions, CoreOperation, Kept, Model};

/// What an operation has to do with elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Names<'h> {
    /// It inserts this one.
    Insert(&'h Value),
    /// It removes this one, or asks for it.
    Other(&'h Value),
    /// It removes what nobody knows.
    Any,
    /// It shows that there is nothing, or everything.
    None,
}

fn names(record: &Record) -> Names<'_> {
    match (&record.operation, &record.outcome) {
        (
            Operation::Enqueue(element)
            | Operation::Push(element)
            | Operation::Insert(element)
            | Operation::Add(element)
            | Operation::Append(element),
            _,
        ) => Names::Insert(element),
        (Operation::Remove(element) | Operation::Contains(element), _) => Names::Other(element),
        (Operation::Dequeue | Operation::Pop | Operation::ExtractMin, outcome) => match outcome {
            Outcome::Ok(Reply::Value(Value::Null)) => Names::None,
            Outcome::Ok(Reply::Value(element)) => Names::Other(element),
            _ => Names::Any,
        },
        _ => Names::None,
    }
}

/// True if the operation may have changed the object.
fn may_change(record: &Record) -> bool {
    let looks = matches!(record.operation, Operation::Contains(_))
        || matches!(
            (&record.operation, &record.outcome),
            (Operation::Remove(_), Outcome::Ok(Reply::Answer(false)))
        );
    !looks && names(record) != Names::None
}

/// Checks that everything which a core leaves out may be left out; answers with the elements on which reads of the
/// whole are judged.
pub(super) fn check(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
) -> Result<BTreeSet<Value>, Flaw> {
    let is_list = options.model == Model::List;
    let listed = listed(kept);
    let mut named: BTreeSet<&Value> = BTreeSet::new();
    let required: Vec<&Record> =
        kept.iter().filter(|kept| kept.kept != Kept::AsUnknown).map(|kept| object.record(kept.id)).collect();
    for operation in kept {
        if let Names::Insert(element) | Names::Other(element) = names(object.record(operation.id)) {
            named.insert(element);
        }
    }
    let reads: Vec<&[Value]> = required.iter().filter_map(|record| shown(record)).collect();
    let mut judged: BTreeSet<&Value> = named.clone();
    judged.extend(reads.iter().copied().flatten());
    if let (true, false, Value::List(initial)) = (is_list, reads.is_empty(), &options.initial) {
        judged.extend(initial.iter());
    }
    let of_object = || object.iter().filter(|(_, record)| record.outcome != Outcome::Failed);
    // How many more times than it was removed for certain each element of the core may have been inserted.
    let mut open: BTreeMap<&Value, i64> = BTreeMap::new();
    for (_, record) in of_object() {
        match names(record) {
            Names::Insert(element) if named.contains(element) => *open.entry(element).or_insert(0) += 1,
            Names::Other(element) if named.contains(element) && may_change(record) => {
                *open.entry(element).or_insert(0) -= i64::from(matches!(record.outcome, Outcome::Ok(_)));
            }
            _ => {}
        }
    }
    let any_open = open.values().any(|&times| times > 0);
    for (id, changer) in of_object().filter(|(id, record)| !listed.contains(id) && may_change(record)) {
        let could_follow = |element: Option<&Value>| {
            required.iter().any(|record| {
                let minds =
                    !is_list || shown(record).is_some_and(|shown| element.is_none_or(|e| shown.contains(e)));
                minds && !record.precedes(changer)
            })
        };
        match names(changer) {
            Names::Any if any_open && could_follow(None) => return Err(Flaw::Needed(id)),
            Names::Insert(element) | Names::Other(element)
                if judged.contains(element) && could_follow(Some(element)) =>
            {
                if named.contains(element) {
                    return Err(Flaw::Needed(id));
                }
                judged.remove(element);
            }
            _ => {}
        }
    }
    Ok(judged.into_iter().cloned().collect())
}
