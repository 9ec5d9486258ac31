//! Which operations a core may leave out.
//!
//! A core is reached from the history by weakenings only, and none of them can turn a linearizable history into one
//! that is not:
//! 1. an operation that only observes may go: any legal order stays legal without it;
//! 2. an operation that changes the object may become unknown: any legal order is still one;
//! 3. an unknown operation may go if it is *useless*: if there is a legal order with it, then there is one without.
//!
//! So everything that changes the object and is not listed counts as unknown, and must be useless. It is if:
//! - *late*: it was called after every operation kept as it was had returned. An order may be cut after the last of
//!   those, and a late operation stands behind the cut;
//! - *unseen*, for registers: nothing kept needs the value that it leaves. Take a legal order with as few unlisted
//!   operations as possible, their last one, `u`, as far back as possible, and what follows it. If that is a write,
//!   `u` leaves no trace and can go. If it is a read or a compare-and-set that needs the value which `u` left, `u`
//!   was not unseen. If it is a compare-and-set that failed, then either `u` left another value than the one
//!   compared, and was not unseen, or it could not have failed;
//! - *unseen*, for texts with appends: no read that is kept shows it. Between `u` and the next write every text
//!   contains what `u` appended, or begins with what it wrote. Without a read there, only appends follow, and they
//!   are as legal without `u` if every value around can be appended to;
//! - *without counterpart*, for locks: an acquire where no release is listed (the lock would stay held, and nothing
//!   but acquires is left), a release where no acquire is listed (the lock is never held).

use anachron_history::History;
use anachron_vocabulary::{Key, Operation, Outcome, Reply, Value};

use super::Flaw;
use crate::{CheckOptions, CoreOperation, Kept, Model};

/// Checks that everything which a core leaves out may be left out.
pub(super) fn check(
    history: &History,
    options: &CheckOptions,
    key: Key,
    kept: &[CoreOperation],
) -> Result<(), Flaw> {
    let mut listed = vec![false; history.records.len()];
    for operation in kept {
        listed[operation.id.index()] = true;
    }
    let kept_as_they_were =
        || kept.iter().filter(|kept| kept.kept == Kept::AsItWas).map(|kept| history.record(kept.id));
    let last_return = kept_as_they_were().filter_map(|record| record.returned()).max();
    let sights = Sights::of(history, options, kept);
    for (id, record) in history.iter() {
        let changes = !matches!(
            (&record.operation, &record.outcome),
            (Operation::Read, _)
                | (_, Outcome::Failed)
                | (Operation::CompareAndSet { .. }, Outcome::Ok(Reply::Swapped(false)))
        );
        if record.key != key || listed[id.index()] || !changes {
            continue;
        }
        let late = last_return.is_none_or(|last| record.call > last);
        if !late && sights.may_notice(options.model, &record.operation) {
            return Err(Flaw::Needed(id));
        }
    }
    Ok(())
}

/// What the kept operations could notice.
#[derive(Default)]
struct Sights<'h> {
    /// Values that a kept operation needs to be there.
    needed: Vec<&'h Value>,
    /// Values that a kept compare-and-set needs not to be there.
    unwanted: Vec<&'h Value>,
    /// An append is kept as it was, and some value around can't be appended to.
    fussy_append: bool,
    acquires: bool,
    releases: bool,
}

impl<'h> Sights<'h> {
    fn of(history: &'h History, options: &'h CheckOptions, kept: &[CoreOperation]) -> Self {
        let mut sights = Self::default();
        let appendable = |value: &Value| matches!(value, Value::Null | Value::Text(_));
        let (mut appends, mut fussy) = (false, !appendable(&options.initial));
        for operation in kept {
            let record = history.record(operation.id);
            let as_it_was = operation.kept == Kept::AsItWas;
            match (&record.operation, &record.outcome) {
                (Operation::Read, Outcome::Ok(Reply::Value(value))) if as_it_was => sights.needed.push(value),
                (Operation::CompareAndSet { expected, .. }, Outcome::Ok(Reply::Swapped(false)))
                    if as_it_was =>
                {
                    sights.unwanted.push(expected);
                }
                (Operation::CompareAndSet { expected, .. }, _) => sights.needed.push(expected),
                (Operation::Write(value), _) => fussy |= !appendable(value),
                (Operation::Append(_), _) => appends |= as_it_was,
                (Operation::Acquire, _) => sights.acquires = true,
                (Operation::Release, _) => sights.releases = true,
                (Operation::Read, _) => {}
            }
        }
        sights.fussy_append = appends && fussy;
        sights.needed.sort_unstable();
        sights.needed.dedup();
        sights
    }

    /// True if something kept may notice that this operation, whose outcome counts as unknown, took effect.
    fn may_notice(&self, model: Model, operation: &Operation) -> bool {
        match (model, operation) {
            (Model::KeyValue, Operation::Write(value)) => {
                self.fussy_append
                    || self.needed.iter().any(|seen| match (seen, value) {
                        (Value::Text(seen), Value::Text(text)) => seen.starts_with(&**text),
                        // An append to null leaves the appended text alone.
                        (Value::Text(_), Value::Null) => true,
                        (seen, value) => *seen == value,
                    })
            }
            (_, Operation::Write(value) | Operation::CompareAndSet { new: value, .. }) => {
                self.needed.binary_search(&value).is_ok() || self.unwanted.iter().any(|other| *other != value)
            }
            (_, Operation::Append(Value::Text(suffix))) => {
                self.needed.iter().any(|seen| matches!(seen, Value::Text(seen) if seen.contains(&**suffix)))
            }
            (_, Operation::Append(_) | Operation::Read) => false,
            (_, Operation::Acquire) => self.releases,
            (_, Operation::Release) => self.acquires,
        }
    }
}
