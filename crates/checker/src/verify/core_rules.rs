//! Which operations a core may leave out.
//!
//! A core is reached from the history by weakenings only, and none of them can turn a linearizable history into one
//! that is not:
//! 1. an operation that only observes may go: any legal order stays legal without it;
//! 2. an operation that changes the object may become unknown, and a compare-and-set that swapped a plain write of its
//!    new value (an acquire, word that the lock is held; a release, that it is free): any legal order is still one;
//! 3. an operation may go that was called after everything kept that has to be placed had returned: cut the legal order
//!    behind the last of those. And one that had returned before any of them was called, if each of them overwrites
//!    everything, or was called after one that does had returned: then the first of them in the legal order overwrites
//!    everything, so cut it in front of that one;
//! 4. an operation that changes the object may go if nothing kept can *notice* it.
//!
//! For the fourth, take a legal order of the history in which only the kept operations and some that changed the object
//! are left, let `u` be the last one in it that is not kept, and `o` somebody behind it who finds what it left, with no
//! write between the two. Everything behind `u` is kept. If there is no such `o`, `u` can be taken out as well, and so on
//! until only kept operations are left. So `u` may go if each kept `o` is none:
//! - *registers, locks*: it does not need the state that `u` leaves (a compare-and-set that answered false needs that state to
//!   be another than the one compared); or it returned before `u` was called; or some kept operation that has to be placed
//!   lies in real time between the two and either writes (a swap does) or could not have found what `u` left;
//! - *texts with appends*: the same, where a kept read can find what `u` left only if it shows what `u` appended, or begins
//!   with what it wrote. If `u` is taken out, the appends behind it are as legal if every value around can be appended
//!   to. If some can't, appends count as noticing writes.
//!
//! Where nothing is known of who notices whom (texts with compare-and-sets, …) there is no fourth rule.
//!
//! Further rules, each with its proof: collections leave whole elements out (`projection`); sets, leadership and several
//! registers follow the fourth rule cell by cell (`cells`); locks may be judged in a window of time (`turns`),
//! registers, keys and leadership amid all others (`amid`); locks with tokens by two tokens (`tokens`), counters by adding
//! up (`sums`), lists between two reads (`lists`).
//!
//! One rule more is for people: who needs a value keeps one operation that leaves it, if the history has one, so that no
//! read in a core looks as if its value came from nowhere.

use std::collections::BTreeSet;

use anachron_history::{Record, Timestamp};
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::records::{Records, listed};
use super::{Flaw, cells, projection};
use crate::{CheckOptions, CoreOperation, Kept, Model};

/// Checks that everything which a core leaves out may be left out. Of an object whose reads show many elements: those on
/// which they are judged.
pub(super) fn check(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
) -> Result<Option<BTreeSet<Value>>, Flaw> {
    match options.model {
        Model::Queue | Model::Stack | Model::PriorityQueue | Model::Multiset | Model::List => {
            return projection::check(object, options, kept).map(Some);
        }
        // What was called too late for everybody may go by either rule.
        Model::Set | Model::LeaderRegister | Model::MultiRegister => {
            if too_early(object, kept).is_none() {
                return Ok(None);
            }
            let judged = cells::check(object, options, kept)?;
            return Ok((options.model == Model::Set).then_some(judged));
        }
        _ => {}
    }
    let listed = listed(kept);
    let required = || {
        let required = kept.iter().filter(|kept| kept.kept != Kept::AsUnknown);
        required.map(|kept| (object.record(kept.id), kept.kept))
    };
    let changers: Vec<(OperationId, &Record)> =
        object.iter().filter(|(_, record)| may_change(record)).collect();
    let appends = changers.iter().any(|(_, record)| matches!(record.operation, Operation::Append(_)));
    // One that swapped a value for itself is a read.
    let compares = object.iter().any(|(_, record)| match &record.operation {
        Operation::CompareAndSet { expected, new } => {
            record.outcome != Outcome::Failed
                && (expected != new || record.outcome == Outcome::Ok(Reply::Answer(false)))
        }
        _ => false,
    });
    let opaque = match options.model {
        Model::Register | Model::CasRegister | Model::Mutex => false,
        Model::KeyValue => appends && compares,
        _ => true,
    };
    let window = Window::of(required());
    if opaque {
        let missing =
            |(id, record): &&(OperationId, &Record)| !listed.contains(id) && !window.leaves_out(record);
        return changers.iter().find(missing).map_or(Ok(None), |(id, _)| Err(Flaw::Needed(*id)));
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
        let observer = object.record(operation.id);
        // Of the writes that returned before the observer was called the one called last screens off the most.
        let earlier = || required().filter(|(other, _)| other.precedes(observer));
        let screen = earlier()
            .filter(|(other, kept)| writes(other, *kept))
            .map(|(write, _)| write)
            .max_by_key(|w| w.call);
        for &(id, changer) in &changers {
            let too_late = operation.kept != Kept::AsUnknown && observer.precedes(changer);
            if listed.contains(&id)
                || too_late
                || window.leaves_out(changer)
                || screen.is_some_and(|write| changer.precedes(write))
                || !judge.may_notice(observer, operation.kept, changer)
            {
                continue;
            }
            let finds_another =
                |(read, kept): (&Record, Kept)| observes(read) && !judge.may_notice(read, kept, changer);
            if !earlier().any(|read| changer.precedes(read.0) && finds_another(read)) {
                return Err(Flaw::Needed(id));
            }
        }
        if let Some(id) = lonely(options, &changers, &listed, observer, operation.kept) {
            return Err(Flaw::Needed(id));
        }
    }
    Ok(None)
}

/// What the third rule says of the operations that have to be placed.
struct Window {
    /// The first call, if the legal order can be cut in front of them.
    start: Option<Timestamp>,
    /// The last return.
    end: Option<Timestamp>,
}

impl Window {
    fn of<'h>(required: impl Iterator<Item = (&'h Record, Kept)> + Clone) -> Self {
        let overwrites = |(record, kept): &(&Record, Kept)| {
            *kept == Kept::AsWrite || matches!(record.operation, Operation::Write(_) | Operation::Delete)
        };
        let first_written =
            required.clone().filter(overwrites).filter_map(|(write, _)| write.returned()).min();
        let can_be_cut = required.clone().all(|(record, kept)| {
            overwrites(&(record, kept)) || first_written.is_some_and(|returned| returned < record.call)
        });
        Self {
            start: required.clone().map(|(record, _)| record.call).min().filter(|_| can_be_cut),
            end: required.filter_map(|(record, _)| record.returned()).max(),
        }
    }

    fn leaves_out(&self, changer: &Record) -> bool {
        let before = self.start.is_some_and(|start| changer.returned().is_some_and(|end| end < start));
        before || self.end.is_none_or(|end| end < changer.call)
    }
}

/// An operation that may have changed the object, is left out, and was called before all that has to be placed had returned.
fn too_early(object: &Records<'_>, kept: &[CoreOperation]) -> Option<OperationId> {
    let required = || kept.iter().filter(|kept| kept.kept != Kept::AsUnknown);
    let in_time = |record: &Record| required().any(|kept| !object.record(kept.id).precedes(record));
    let listed = listed(kept);
    let gone = |id: OperationId, record: &Record| may_change(record) && !listed.contains(&id);
    object.iter().find(|&(id, record)| gone(id, record) && in_time(record)).map(|(id, _)| id)
}

/// True if the operation may have changed the object.
pub(super) fn may_change(record: &Record) -> bool {
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

/// True if an operation that has to be placed writes, wherever that is.
fn writes(record: &Record, kept: Kept) -> bool {
    kept == Kept::AsWrite || left(record).is_some() && may_change(record) || is_turn(record)
}

fn is_turn(record: &Record) -> bool {
    matches!(record.operation, Operation::Acquire | Operation::Release)
}

/// True if an operation that has to be placed says what it found, and leaves it there.
fn observes(record: &Record) -> bool {
    matches!(record.operation, Operation::Read | Operation::CompareAndSet { .. }) && !may_change(record)
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
    listed: &BTreeSet<OperationId>,
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
            if listed.contains(&id) {
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
