//! Which operations a core may leave out.
//!
//! A core is reached from the history by weakenings only, and none of them can turn a linearizable history into one
//! that is not:
//! 1. an operation that only observes may go: any legal order stays legal without it;
//! 2. an operation that changes the object may become unknown, and a compare-and-set that swapped a plain write of its
//!    new value (an acquire, word that the lock is held; a release, that it is free): any legal order is still one;
//! 3. an operation that changes the object may go if nothing kept can *notice* it.
//!
//! For the third, take a legal order of the history in which only the kept operations and some that changed the object
//! are left, let `u` be the last one in it that is not kept, and `o` what follows it. Everything behind `u` is
//! kept. Then `u` can be taken out as well, and so on until only kept operations are left, if:
//! - *registers, locks*: whenever `o` needs the state that `u` leaves (a compare-and-set that answered false needs that
//!   state to be another than the one compared), then `o` returned before `u` was called, or a kept write (or what is kept as one) lies in
//!   real time between the two, after `u` and before `o`: for then `o` can't follow `u` directly. In all other cases
//!   `o` is a write, behind which `u` leaves no trace, or there is no `o`;
//! - *texts with appends*: the same holds for every kept read that shows what `u` appended or begins with what it
//!   wrote. Up to the next write no read follows `u`, so only appends do; they are as legal without `u` if
//!   every value around can be appended to. If some can't, appends count as noticing writes.
//!
//! Where nothing is known of who notices whom (texts with compare-and-sets, …) the third rule is:
//! an operation that changes the object may go if everything kept that has to be placed had returned before it was
//! called. Cut the legal order behind the last of those; what is left lacks only observers.
//!
//! Further rules, each with its proof: collections leave whole elements out (`projection`); sets, leadership and several
//! registers follow the rule of registers cell by cell (`cells`); locks may be judged in a window of time (`turns`),
//! locks with tokens by two tokens (`tokens`), counters by adding up (`sums`), lists between two reads (`lists`).
//!
//! One rule more is for people: who needs a value keeps one operation that leaves it, if the history has one, so that no
//! read in a core looks as if its value came from nowhere.

use std::collections::BTreeSet;

use anachron_history::{History, Record};
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use super::{Flaw, cells, projection};
use crate::{CheckOptions, CoreOperation, Kept, Model};

/// Checks that everything which a core leaves out may be left out. Of an object whose reads show many elements: those on
/// which they are judged.
pub(super) fn check(
    history: &History,
    options: &CheckOptions,
    key: Key,
    kept: &[CoreOperation],
) -> Result<Option<BTreeSet<Value>>, Flaw> {
    match options.model {
        Model::Queue | Model::Stack | Model::PriorityQueue | Model::Multiset | Model::List => {
            return projection::check(history, options, key, kept).map(Some);
        }
        // What was called too late for everybody may go by either rule.
        Model::Set | Model::LeaderRegister | Model::MultiRegister => {
            if too_early(history, key, kept).is_none() {
                return Ok(None);
            }
            let judged = cells::check(history, options, key, kept)?;
            return Ok((options.model == Model::Set).then_some(judged));
        }
        _ => {}
    }
    let mut listed = vec![false; history.records.len()];
    for operation in kept {
        listed[operation.id.index()] = true;
    }
    let changers: Vec<(OperationId, &Record)> =
        history.iter().filter(|(_, record)| record.key == key && may_change(record)).collect();
    let appends = changers.iter().any(|(_, record)| matches!(record.operation, Operation::Append(_)));
    // One that swapped a value for itself is a read.
    let compares = history.records.iter().any(|record| match &record.operation {
        Operation::CompareAndSet { expected, new } => {
            record.key == key
                && record.outcome != Outcome::Failed
                && (expected != new || record.outcome == Outcome::Ok(Reply::Answer(false)))
        }
        _ => false,
    });
    let opaque = match options.model {
        Model::Register | Model::CasRegister | Model::Mutex => false,
        Model::KeyValue => appends && compares,
        _ => true,
    };
    if opaque {
        return too_early(history, key, kept).map_or(Ok(None), |id| Err(Flaw::Needed(id)));
    }
    let judge = Judge {
        appends: options.model == Model::KeyValue && appends,
        refuses_appends: std::iter::once(&options.initial)
            .chain(changers.iter().filter_map(|(_, record)| match &record.operation {
                Operation::Write(value) => Some(value),
                _ => None,
            }))
            .any(|value| !matches!(value, Value::Null | Value::Text(_))),
    };
    for operation in kept {
        let observer = history.record(operation.id);
        // Kept writes that returned before the observer was called; the one called last screens off the most.
        let screen = kept
            .iter()
            .map(|other| (history.record(other.id), other.kept))
            .filter(|(other, kept)| match kept {
                Kept::AsItWas => matches!(other.operation, Operation::Write(_) | Operation::Delete),
                Kept::AsWrite => true,
                Kept::AsUnknown => false,
            })
            .map(|(other, _)| other)
            .filter(|other| other.precedes(observer))
            .max_by_key(|write| write.call);
        for &(id, changer) in &changers {
            let too_late = operation.kept != Kept::AsUnknown && observer.precedes(changer);
            let screened = screen.is_some_and(|write| changer.precedes(write));
            if !listed[id.index()]
                && !too_late
                && !screened
                && judge.may_notice(observer, operation.kept, changer)
            {
                return Err(Flaw::Needed(id));
            }
        }
        if let Some(id) = lonely(options, &changers, &listed, observer, operation.kept) {
            return Err(Flaw::Needed(id));
        }
    }
    Ok(None)
}

/// An operation that may have changed the object, is left out, and was called before all that has to be placed had returned.
fn too_early(history: &History, key: Key, kept: &[CoreOperation]) -> Option<OperationId> {
    let required = || kept.iter().filter(|kept| kept.kept != Kept::AsUnknown);
    let in_time = |record: &Record| required().any(|kept| !history.record(kept.id).precedes(record));
    let mut listed = vec![false; history.records.len()];
    for kept in kept {
        listed[kept.id.index()] = true;
    }
    let gone =
        |id: OperationId, record: &Record| record.key == key && may_change(record) && !listed[id.index()];
    history.iter().find(|&(id, record)| gone(id, record) && in_time(record)).map(|(id, _)| id)
}

/// True if the operation may have changed the object.
fn may_change(record: &Record) -> bool {
    match (&record.operation, &record.outcome) {
        (Operation::Read | Operation::MultiRead(_) | Operation::Contains(_), _)
        | (_, Outcome::Failed)
        | (
            Operation::CompareAndSet { .. }
            | Operation::Claim(_)
            | Operation::Resign(_)
            | Operation::Add(_)
            | Operation::Remove(_),
            Outcome::Ok(Reply::Answer(false)),
        )
        | (
            Operation::Dequeue | Operation::Pop | Operation::ExtractMin,
            Outcome::Ok(Reply::Value(Value::Null)),
        ) => false,
        (Operation::CompareAndSet { expected, new }, _) => expected != new,
        _ => true,
    }
}

/// The value that an operation needs to be there.
fn needed(record: &Record, kept: Kept) -> Option<&Value> {
    if kept == Kept::AsWrite {
        return None;
    }
    let as_it_was = kept == Kept::AsItWas;
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(value))) if as_it_was => Some(value),
        (Operation::CompareAndSet { .. }, Outcome::Ok(Reply::Answer(false))) => None,
        (Operation::CompareAndSet { expected, .. }, _) => Some(expected),
        _ => None,
    }
}

/// The value that an operation leaves wherever it takes effect.
fn left(record: &Record) -> Option<&Value> {
    match &record.operation {
        Operation::Write(value) | Operation::CompareAndSet { new: value, .. } => Some(value),
        Operation::Delete => Some(&Value::Null),
        _ => None,
    }
}

/// An operation that leaves what this one needs, if the history has some but the core none.
fn lonely(
    options: &CheckOptions,
    changers: &[(OperationId, &Record)],
    listed: &[bool],
    observer: &Record,
    kept: Kept,
) -> Option<OperationId> {
    let leaves_it = |changer: &Record| match needed(observer, kept) {
        Some(value) => *value != options.initial && left(changer) == Some(value),
        None => {
            kept != Kept::AsWrite
                && observer.operation == Operation::Release
                && changer.operation == Operation::Acquire
        }
    };
    let mut missing = None;
    for &(id, changer) in changers {
        if leaves_it(changer) {
            if listed[id.index()] {
                return None;
            }
            missing = missing.or(Some(id));
        }
    }
    missing
}

/// Who may notice whom.
struct Judge {
    /// The object's text is appended to.
    appends: bool,
    /// Some value around can't be appended to.
    refuses_appends: bool,
}

impl Judge {
    /// True if the kept `observer` may notice that `changer` took effect before it.
    fn may_notice(&self, observer: &Record, kept: Kept, changer: &Record) -> bool {
        if self.appends {
            return self.may_notice_text(observer, kept, changer);
        }
        match (&observer.operation, &changer.operation) {
            (Operation::Acquire, Operation::Release) | (Operation::Release, Operation::Acquire) => {
                kept != Kept::AsWrite
            }
            (Operation::CompareAndSet { expected, .. }, _)
                if observer.outcome == Outcome::Ok(Reply::Answer(false)) =>
            {
                kept == Kept::AsItWas && left(changer).is_some_and(|value| value != expected)
            }
            _ => needed(observer, kept).is_some_and(|needed| left(changer) == Some(needed)),
        }
    }

    fn may_notice_text(&self, observer: &Record, kept: Kept, changer: &Record) -> bool {
        let Some(seen) = needed(observer, kept) else {
            let appends = matches!(observer.operation, Operation::Append(_));
            let writes = matches!(changer.operation, Operation::Write(_) | Operation::Delete);
            return appends && self.refuses_appends && writes;
        };
        match (&changer.operation, seen) {
            (Operation::Append(Value::Text(suffix)), Value::Text(seen)) => seen.contains(&**suffix),
            (Operation::Write(Value::Text(text)), Value::Text(seen)) => seen.starts_with(&**text),
            // An append to null leaves the appended text alone.
            (Operation::Write(Value::Null) | Operation::Delete, Value::Text(_)) => true,
            (Operation::Delete, seen) => *seen == Value::Null,
            (Operation::Write(value), seen) => value == seen,
            _ => false,
        }
    }
}
