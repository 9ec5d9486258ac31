//! One object's share of a history, and the door through which it is checked.
//!
//! Why it exists: linearizability is local (Herlihy and Wing 1990, theorem 1), so each object is checked apart
//! (P-compositionality: Horn and Kroening 2015). A [`Part`] borrows the history and is independent of every other
//! part: callers may check them on as many threads as they like and [`combine`] the verdicts.

use std::fmt;

use anachron_history::History;
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use crate::object::{Object, elements};
use crate::{Budget, Judgement, Model, PartVerdict, combine};

/// What to check a history against.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CheckOptions {
    /// The kind of every object.
    pub model: Model,
    /// What every object holds before the first operation, where [`Model::has_initial`] says that this makes sense.
    /// Porcupine's key-value files start every key as `""`; Jepsen's registers start as `null`.
    pub initial: Value,
}

impl CheckOptions {
    /// The model with its own initial value.
    pub fn new(model: Model) -> Self {
        Self { model, initial: model.default_initial() }
    }

    /// The same with another initial value.
    #[must_use]
    pub fn initial(mut self, initial: Value) -> Self {
        self.initial = initial;
        self
    }

    /// The sequential specification of every object.
    pub fn object(&self) -> Object {
        Object { model: self.model, initial: self.initial.clone() }
    }
}

/// What is wrong with an operation that a model can't judge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Problem {
    /// The model does not know it.
    Unknown,
    /// Its reply is not one that such an operation can get (a read that answers `true`).
    Reply,
    /// Its argument is not one that it can have (an append of a number).
    Argument,
}

/// An operation that does not belong into a history of this model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WrongOperation {
    /// Which operation.
    pub id: OperationId,
    /// Its name.
    pub name: &'static str,
    /// The model it was checked against.
    pub model: Model,
    /// What is wrong with it.
    pub problem: Problem,
}

impl fmt::Display for WrongOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, name, model, problem } = self;
        match problem {
            Problem::Unknown => write!(
                f,
                "operation {} is `{name}`, which the model {model} does not know; it knows {}",
                id.0,
                model.operations().join(", ")
            ),
            Problem::Reply => {
                write!(f, "operation {} is `{name}`, and its reply is not one that `{name}` can get", id.0)
            }
            Problem::Argument => {
                write!(
                    f,
                    "operation {} is `{name}`, and its argument is not one that `{name}` can have",
                    id.0
                )
            }
        }
    }
}

impl std::error::Error for WrongOperation {}

/// One object's operations, ready to be checked apart from all others.
#[derive(Clone, Debug)]
pub struct Part<'h> {
    pub(crate) history: &'h History,
    pub(crate) model: Model,
    pub(crate) initial: Value,
    pub(crate) key: Key,
    /// The object's operations that may have happened, by position in the history; failed ones are left out.
    pub(crate) ids: Vec<OperationId>,
    failed: usize,
}

impl<'h> Part<'h> {
    /// The object.
    pub fn key(&self) -> Key {
        self.key
    }

    /// The same object with these operations alone.
    pub(crate) fn only(&self, ids: Vec<OperationId>) -> Part<'h> {
        Part { ids, failed: 0, initial: self.initial.clone(), ..*self }
    }

    /// How many operations the object has, failed ones included.
    pub fn len(&self) -> usize {
        self.ids.len() + self.failed
    }

    /// True if the object has no operation.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Splits a history into one part an object, in the order of the keys.
///
/// The history must be well-formed ([`History::validate`]); that is asserted record by record where the check
/// relies on it.
///
/// # Errors
/// The first operation that the model can't judge, failed ones included.
pub fn partition<'h>(history: &'h History, options: &CheckOptions) -> Result<Vec<Part<'h>>, WrongOperation> {
    let mut parts: Vec<Option<Part<'h>>> = Vec::new();
    for (id, record) in history.iter() {
        if let Some(problem) = problem(options.model, &record.operation, &record.outcome) {
            return Err(WrongOperation { id, name: record.operation.name(), model: options.model, problem });
        }
        let slot = record.key.index();
        if slot >= parts.len() {
            parts.resize_with(slot + 1, || None);
        }
        let part = parts[slot].get_or_insert_with(|| Part {
            history,
            model: options.model,
            initial: options.initial.clone(),
            key: record.key,
            ids: Vec::new(),
            failed: 0,
        });
        if record.outcome == Outcome::Failed {
            part.failed += 1;
        } else {
            part.ids.push(id);
        }
    }
    Ok(parts.into_iter().flatten().collect())
}

/// What keeps this model from judging this operation, if anything.
pub(crate) fn problem(model: Model, operation: &Operation, outcome: &Outcome) -> Option<Problem> {
    if !model.knows(operation) {
        return Some(Problem::Unknown);
    }
    let sound = match operation {
        // Nothing is no element: it is what an empty collection answers.
        Operation::Enqueue(element) | Operation::Push(element) | Operation::Insert(element) => {
            *element != Value::Null
        }
        Operation::Claim(candidate) | Operation::Resign(candidate) => *candidate != Value::Null,
        Operation::Append(tail) if model == Model::KeyValue => matches!(tail, Value::Text(_)),
        _ => true,
    };
    if !sound {
        return Some(Problem::Argument);
    }
    let Outcome::Ok(reply) = outcome else { return None };
    let fits = match operation {
        Operation::Read => match (model, reply) {
            (Model::Counter, Reply::Value(value)) => matches!(value, Value::Integer(_)),
            (Model::List | Model::Set | Model::Multiset, Reply::Value(value)) => elements(value).is_some(),
            (_, reply) => matches!(reply, Reply::Value(_)),
        },
        Operation::Dequeue | Operation::Pop | Operation::ExtractMin => matches!(reply, Reply::Value(_)),
        Operation::MultiRead(names) => {
            matches!(reply, Reply::Value(Value::List(values)) if values.len() == names.len())
        }
        Operation::CompareAndSet { .. }
        | Operation::Claim(_)
        | Operation::Resign(_)
        | Operation::Contains(_) => matches!(reply, Reply::Answer(_)),
        Operation::Add(_) | Operation::Remove(_) => matches!(reply, Reply::Done | Reply::Answer(_)),
        Operation::Increment(_) => matches!(reply, Reply::Done | Reply::Value(Value::Integer(_))),
        Operation::Acquire => match reply {
            Reply::Value(Value::Integer(_)) => model == Model::FencingLock,
            reply => *reply == Reply::Done,
        },
        _ => *reply == Reply::Done,
    };
    (!fits).then_some(Problem::Reply)
}

/// Checks a whole history on this thread, without a limit on time.
///
/// # Errors
/// The first operation that the model can't judge.
pub fn check(history: &History, options: &CheckOptions) -> Result<Judgement, WrongOperation> {
    check_within(history, options, &mut Budget::default())
}

/// Checks a whole history on this thread, one budget for each object.
///
/// # Errors
/// The first operation that the model can't judge.
pub fn check_within(
    history: &History,
    options: &CheckOptions,
    budget: &mut Budget<'_>,
) -> Result<Judgement, WrongOperation> {
    let parts = partition(history, options)?;
    Ok(combine(parts.iter().map(|part| part.check(budget)).collect::<Vec<PartVerdict>>()))
}
