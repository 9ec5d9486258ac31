//! What an explanation speaks about: all operations of one object, and what each of them shows of its state.
//!
//! Why it exists: a sentence such as "the only write of 1 is ①" is about the *whole* history of an object, not about
//! the few operations of its core. Every fact is therefore checked against a [`Subject`], which holds all of them.
//!
//! What it promises: nothing here guesses. [`Subject::makers`] may list an operation that could not have made
//! a value after all (an append whose text happens to end the value), but never leaves one out that could.
//!
//! Left out on purpose: any search, and any index. These are plain scans, because the facts that rest on them have to
//! be obvious.

use anachron_history::{History, Record};
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use crate::Model;

/// One object of a history: its operations, its kind and what it holds at the start.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    history: &'a History,
    key: Key,
    model: Model,
    initial: Value,
    operations: Vec<OperationId>,
}

/// What one operation tells of the object's state at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Seen<'a> {
    /// The state was this.
    Is(&'a Value),
    /// The state was anything but this.
    IsNot(&'a Value),
    /// Somebody led, and it was not this one: a claim was refused.
    AnotherLeads(&'a Value),
    /// Nothing.
    Nothing,
}

impl Seen<'_> {
    /// True if the state was certainly `value`.
    pub(crate) fn is(self, value: &Value) -> bool {
        self == Seen::Is(value)
    }

    /// True if the state was certainly not `value`.
    pub(crate) fn is_not(self, value: &Value) -> bool {
        match self {
            Seen::Is(other) => other != value,
            Seen::IsNot(other) => other == value,
            Seen::AnotherLeads(candidate) => candidate == value || *value == Value::Null,
            Seen::Nothing => false,
        }
    }
}

/// A search for a short argument looks at an operation about so many times.
const COMPARISONS: usize = 50_000_000;

/// Nothing there: a key that was deleted, a leadership that is vacant.
static NOTHING: Value = Value::Null;

impl<'a> Subject<'a> {
    /// The object `key` of a history. `initial` is what it holds before the first operation; a mutex starts free and a
    /// leadership vacant, whatever `initial` says.
    pub fn new(history: &'a History, key: Key, model: Model, initial: Value) -> Self {
        let operations = history.iter().filter(|(_, record)| record.key == key).map(|(id, _)| id).collect();
        let initial = if model == Model::LeaderRegister { Value::Null } else { initial };
        Self { history, key, model, initial, operations }
    }

    /// The history that the object is part of.
    pub fn history(&self) -> &'a History {
        self.history
    }

    /// Which object.
    pub fn key(&self) -> Key {
        self.key
    }

    /// What kind of object it is.
    pub fn model(&self) -> Model {
        self.model
    }

    /// What the object holds before the first operation.
    pub fn initial(&self) -> &Value {
        &self.initial
    }

    /// The record of an operation.
    pub fn record(&self, id: OperationId) -> &'a Record {
        self.history.record(id)
    }

    /// True if `earlier` returned strictly before `later` was called.
    pub(crate) fn precedes(&self, earlier: OperationId, later: OperationId) -> bool {
        self.record(earlier).precedes(self.record(later))
    }

    /// True if the client knows that the operation took effect.
    pub(crate) fn is_ok(&self, id: OperationId) -> bool {
        matches!(self.record(id).outcome, Outcome::Ok(_))
    }

    /// The object's operations that are ok or unknown, in the history's order.
    pub(crate) fn possible(&self) -> impl Iterator<Item = OperationId> + '_ {
        self.operations.iter().copied().filter(|&id| self.record(id).outcome != Outcome::Failed)
    }

    /// Of how many operations every pair may be held against all operations of the object: fewer than `most` where there are
    /// many.
    pub(crate) fn compared(&self, most: usize) -> usize {
        let affordable = (COMPARISONS / self.operations.len().max(1)).isqrt();
        most.min(affordable.max(8))
    }

    /// True if this operation belongs to the object and did not certainly fail.
    pub(crate) fn owns(&self, id: OperationId) -> bool {
        self.history
            .records
            .get(id.index())
            .is_some_and(|r| r.key == self.key && r.outcome != Outcome::Failed)
    }

    /// What the operation shows of the state just before it takes effect. An operation of unknown outcome shows
    /// nothing.
    pub(crate) fn before(&self, id: OperationId) -> Seen<'a> {
        let record = self.record(id);
        match (&record.operation, &record.outcome) {
            (Operation::Read, Outcome::Ok(Reply::Value(value))) => Seen::Is(value),
            (Operation::CompareAndSet { expected, .. }, Outcome::Ok(Reply::Answer(true))) => {
                Seen::Is(expected)
            }
            (Operation::CompareAndSet { expected, .. }, Outcome::Ok(Reply::Answer(false))) => {
                Seen::IsNot(expected)
            }
            (Operation::Claim(candidate), Outcome::Ok(Reply::Answer(false))) => Seen::AnotherLeads(candidate),
            (Operation::Resign(leader), Outcome::Ok(Reply::Answer(true))) => Seen::Is(leader),
            (Operation::Resign(leader), Outcome::Ok(Reply::Answer(false))) => Seen::IsNot(leader),
            _ => Seen::Nothing,
        }
    }

    /// What the operation shows of the state just after it takes effect.
    pub(crate) fn after(&self, id: OperationId) -> Seen<'a> {
        let record = self.record(id);
        match (&record.operation, &record.outcome) {
            (Operation::Write(value), Outcome::Ok(_)) => Seen::Is(value),
            (Operation::CompareAndSet { new, .. }, Outcome::Ok(Reply::Answer(true))) => Seen::Is(new),
            (Operation::Claim(leader), Outcome::Ok(Reply::Answer(true))) => Seen::Is(leader),
            (Operation::Resign(_), Outcome::Ok(Reply::Answer(true)))
            | (Operation::Delete, Outcome::Ok(_)) => Seen::Is(&NOTHING),
            _ => self.before(id),
        }
    }

    /// True if the object certainly holds `value` just before or just after the operation.
    pub(crate) fn shows(&self, id: OperationId, value: &Value) -> bool {
        self.before(id).is(value) || self.after(id).is(value)
    }

    /// True if the object certainly holds something else than `value` just before or just after the operation.
    pub(crate) fn shows_other(&self, id: OperationId, value: &Value) -> bool {
        self.before(id).is_not(value) || self.after(id).is_not(value)
    }

    /// The value that the operation found: what a read returned, what a compare-and-set that succeeded expected.
    pub(crate) fn found(&self, id: OperationId) -> Option<&'a Value> {
        match self.before(id) {
            Seen::Is(value) => Some(value),
            _ => None,
        }
    }

    /// True if the operation, if it takes effect, can leave `value` behind where something else was.
    pub(crate) fn makes(&self, id: OperationId, value: &Value) -> bool {
        let record = self.record(id);
        match &record.operation {
            _ if is_refused(record) => false,
            Operation::Write(written) => written == value,
            // One that swaps a value for itself only observes.
            Operation::CompareAndSet { expected, new } => new == value && expected != new,
            Operation::Append(piece) => text(value).ends_with(&text(piece)),
            Operation::Claim(candidate) => candidate == value,
            Operation::Delete | Operation::Resign(_) => *value == Value::Null,
            _ => false,
        }
    }

    /// Every operation, ok or unknown, that could have made the object hold `value`.
    pub(crate) fn makers(&self, value: &Value) -> Vec<OperationId> {
        self.possible().filter(|&id| self.makes(id, value)).collect()
    }

    /// The operations that would have made `value` but certainly did not: refused, or a compare-and-set that
    /// answered false.
    pub(crate) fn refused_makers(&self, value: &Value) -> Vec<OperationId> {
        let would = |id: &OperationId| {
            let record = self.record(*id);
            is_refused(record)
                && match &record.operation {
                    Operation::Write(written) => written == value,
                    Operation::CompareAndSet { expected, new } => new == value && expected != new,
                    Operation::Claim(candidate) => candidate == value,
                    _ => false,
                }
        };
        self.operations.iter().copied().filter(would).collect()
    }

    /// True if the operation can change the object, if it takes effect.
    pub(crate) fn may_change(&self, id: OperationId) -> bool {
        let record = self.record(id);
        let observes = match &record.operation {
            Operation::Read => true,
            Operation::CompareAndSet { expected, new } => expected == new,
            _ => false,
        };
        !is_refused(record) && !observes
    }

    /// True if the operation can put something in place of all that the object holds.
    pub(crate) fn may_replace(&self, id: OperationId) -> bool {
        self.may_change(id)
            && matches!(
                self.record(id).operation,
                Operation::Write(_) | Operation::Delete | Operation::CompareAndSet { .. }
            )
    }
}

/// True if the operation certainly changed nothing: it failed, or is a compare-and-set that answered false.
fn is_refused(record: &Record) -> bool {
    matches!(record.outcome, Outcome::Failed | Outcome::Ok(Reply::Answer(false)))
}

/// A value as the text that an append extends: what is not there is empty, a number is its digits.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) | Value::Literal(text) => text.to_string(),
        Value::Integer(number) => number.to_string(),
        list @ Value::List(_) => list.to_string(),
    }
}
