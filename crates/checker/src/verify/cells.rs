//! Objects that fall apart into cells: a set into its elements, several registers into each of them, leadership into one.
//!
//! A cell holds a value. An operation may need one of some values in a cell (or none of some), and may leave a value in
//! it. An element of a set is a cell that holds *there* or *not there*: an add that answered true swapped the one for
//! the other, one that answered nothing wrote *there*, one that answered false only looked.
//!
//! The rule of registers holds cell by cell: an operation `u` that changes cells may go if, for every cell that it changes and
//! every kept operation `o` that could find there what `u` left, `o` returned before `u` was called, or some kept
//! operation that has to be placed lies in real time between the two and writes that cell, or could not have found there
//! what `u` left. And it may go if it was called after everything kept that has to be placed had returned.
//!
//! Proof: cut a legal order behind the last that has to be placed, and let `u` be the last in it that is not kept. Suppose
//! some `o` behind it finds in a cell what `u` left there: nothing between the two in the order changed that cell, and
//! whoever looked at it found the same. So `o` did not return before `u` was called, and nobody of whom the rule
//! speaks lies between the two in real time: `o` is none of those that the rule allows. Hence nobody finds
//! what `u` left, and the order is legal without it. Repeat until only kept operations are left.
//!
//! *Reads of a whole set* look at every cell. What they say of an element is judged if nothing about that element is
//! missing, and dropped otherwise: take all operations on an element out of a legal order, and the element out
//! of what each read shows, and it is still legal.

use std::collections::{BTreeMap, BTreeSet};

use anachron_history::{Record, Timestamp};
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::Flaw;
use super::records::{Records, listed};
use crate::{CheckOptions, CoreOperation, Kept, Model};

/// What an operation needs to find in a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Need {
    Nothing,
    OneOf(Vec<Value>),
    NoneOf(Vec<Value>),
}

impl Need {
    fn is_met_by(&self, value: &Value) -> bool {
        match self {
            Self::Nothing => false,
            Self::OneOf(values) => values.contains(value),
            Self::NoneOf(values) => !values.contains(value),
        }
    }
}

/// What an operation does to one cell.
struct Touch {
    cell: Value,
    need: Need,
    leaves: Option<Value>,
}

fn there(yes: bool) -> Value {
    Value::Integer(i64::from(yes))
}

/// What an operation does to which cells. A read of a whole set is left to [`shown`].
fn touches(record: &Record, kept: Kept) -> Vec<Touch> {
    let reply = match &record.outcome {
        Outcome::Ok(reply) if kept != Kept::AsWrite => Some(reply),
        _ => None,
    };
    let answer = match reply {
        Some(Reply::Answer(answer)) => Some(*answer),
        _ => None,
    };
    let touch = |cell: &Value, need, leaves| vec![Touch { cell: cell.clone(), need, leaves }];
    let one = Value::Null;
    match &record.operation {
        Operation::Add(element) | Operation::Remove(element) => {
            let after = matches!(record.operation, Operation::Add(_));
            match answer {
                Some(true) => touch(element, Need::OneOf(vec![there(!after)]), Some(there(after))),
                Some(false) => touch(element, Need::OneOf(vec![there(after)]), None),
                None => touch(element, Need::Nothing, Some(there(after))),
            }
        }
        Operation::Contains(element) => match answer {
            Some(answer) => touch(element, Need::OneOf(vec![there(answer)]), None),
            None => Vec::new(),
        },
        Operation::Claim(candidate) => {
            let able = vec![Value::Null, candidate.clone()];
            match answer {
                _ if kept == Kept::AsWrite => touch(&one, Need::Nothing, Some(candidate.clone())),
                Some(false) => touch(&one, Need::NoneOf(able), None),
                _ => touch(&one, Need::OneOf(able), Some(candidate.clone())),
            }
        }
        Operation::Resign(candidate) => match answer {
            _ if kept == Kept::AsWrite => touch(&one, Need::Nothing, Some(Value::Null)),
            Some(false) => touch(&one, Need::NoneOf(vec![candidate.clone()]), None),
            _ => touch(&one, Need::OneOf(vec![candidate.clone()]), Some(Value::Null)),
        },
        Operation::Read => match reply {
            Some(Reply::Value(seen)) => touch(&one, Need::OneOf(vec![seen.clone()]), None),
            _ => Vec::new(),
        },
        Operation::MultiRead(names) => match reply {
            Some(Reply::Value(Value::List(seen))) => names
                .iter()
                .zip(seen.iter())
                .map(|(name, seen)| Touch {
                    cell: Value::Text(name.clone()),
                    need: Need::OneOf(vec![seen.clone()]),
                    leaves: None,
                })
                .collect(),
            _ => Vec::new(),
        },
        // Of a name that is there twice the last value stays.
        Operation::MultiWrite(pairs) => pairs
            .iter()
            .map(|(name, value)| (Value::Text(name.clone()), value.clone()))
            .collect::<BTreeMap<Value, Value>>()
            .into_iter()
            .map(|(cell, value)| Touch { cell, need: Need::Nothing, leaves: Some(value) })
            .collect(),
        _ => Vec::new(),
    }
}

/// The elements that a read of a whole set shows.
pub(super) fn shown(record: &Record) -> Option<&[Value]> {
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(Value::List(elements)))) => Some(elements),
        (Operation::Read, Outcome::Ok(Reply::Value(_))) => Some(&[]),
        _ => None,
    }
}

/// One kept operation that looks at a cell.
struct Look<'h> {
    record: &'h Record,
    required: bool,
    need: Need,
    writes: bool,
    /// True for a read of a whole set: what it says of the cell can be dropped.
    whole: bool,
}

/// Checks that everything which a core leaves out may be left out. For sets: the elements on which reads of the whole
/// are judged.
pub(super) fn check(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
) -> Result<BTreeSet<Value>, Flaw> {
    let is_set = options.model == Model::Set;
    let listed = listed(kept);
    let mut looks: BTreeMap<Value, Vec<Look<'_>>> = BTreeMap::new();
    let mut named: BTreeSet<Value> = BTreeSet::new();
    for &CoreOperation { id, kept } in kept {
        let record = object.record(id);
        let required = kept != Kept::AsUnknown;
        if is_set && shown(record).is_some() {
            continue;
        }
        for Touch { cell, need, leaves } in touches(record, kept) {
            named.insert(cell.clone());
            let look = Look { record, required, need, writes: leaves.is_some(), whole: false };
            looks.entry(cell).or_default().push(look);
        }
    }
    let mut judged = named.clone();
    if is_set {
        let reads: Vec<&Record> = kept
            .iter()
            .filter(|kept| kept.kept == Kept::AsItWas)
            .map(|kept| object.record(kept.id))
            .filter(|record| shown(record).is_some())
            .collect();
        judged.extend(reads.iter().flat_map(|read| shown(read).unwrap_or_default().iter().cloned()));
        for (cell, &record) in judged.iter().flat_map(|cell| reads.iter().map(move |read| (cell, read))) {
            let seen = shown(record).is_some_and(|elements| elements.contains(cell));
            let need = Need::OneOf(vec![there(seen)]);
            let look = Look { record, required: true, need, writes: false, whole: true };
            looks.entry(cell.clone()).or_default().push(look);
        }
    }
    let required = kept.iter().filter(|kept| kept.kept != Kept::AsUnknown);
    let end = required.filter_map(|kept| object.record(kept.id).returned()).max();
    // Of those that are missing the one called last is named: with it, the others may not be missed any more.
    let mut missing: Option<(Timestamp, OperationId)> = None;
    for (id, changer) in object.iter() {
        let is_over = end.is_none_or(|end| end < changer.call);
        if is_over || changer.outcome == Outcome::Failed || listed.contains(&id) {
            continue;
        }
        for Touch { cell, leaves, .. } in touches(changer, Kept::AsItWas) {
            let (Some(left), Some(looks)) = (leaves, looks.get(&cell)) else { continue };
            for look in looks {
                let too_late = look.required && look.record.precedes(changer);
                if too_late || !look.need.is_met_by(&left) {
                    continue;
                }
                let lies_between =
                    |other: &&Look<'_>| changer.precedes(other.record) && other.record.precedes(look.record);
                let mut between = looks.iter().filter(|other| other.required).filter(lies_between);
                if between.any(|other| other.writes || !other.need.is_met_by(&left)) {
                    continue;
                }
                if !look.whole || named.contains(&cell) {
                    missing = missing.max(Some((changer.call, id)));
                } else {
                    judged.remove(&cell);
                }
            }
        }
    }
    missing.map_or(Ok(judged), |(_, id)| Err(Flaw::Needed(id)))
}

/// True if the operation found one thing in a cell and left another, so that it can be kept as a write of what it left.
pub(super) fn is_swap(model: Model, operation: &Operation, outcome: &Outcome) -> bool {
    let cells = match operation {
        Operation::Claim(_) | Operation::Resign(_) => model == Model::LeaderRegister,
        Operation::Add(_) | Operation::Remove(_) => model == Model::Set,
        _ => false,
    };
    cells && *outcome == Outcome::Ok(Reply::Answer(true))
}
