//! A counter, judged by adding up.
//!
//! Between two moments a counter changes by what is added between them. Let `first` show the counter at *a* and `last`, which
//! was called after `first` had returned, at *b* (an increment that answers shows it just after itself, as `last` just
//! before; without a `first` the counter is at its initial value). In a legal order lie between them
//! - only increments that did not return before `first` was called and were not called after `last` had returned,
//! - and all that are ok, were called after `first` had returned and returned before `last` was called.
//!
//! So *b* - *a* is at most the sum of all positive amounts of the former and any negative ones of the latter, and at
//! least the sum of all negative amounts of the former and any positive ones of the latter. A core breaks one of the two. It
//! names `first` and `last`, every increment of the former that its bound counts, and of the latter as many as it needs;
//! everything else may go, for the bound holds whatever the rest did, and whatever was before `first`. Amid the others
//! ([`Start::Amid`](crate::Start)) those that its bound counts need not be named.

use std::collections::BTreeMap;

use anachron_history::Record;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::Flaw;
use super::records::Records;
use crate::{CheckOptions, CoreOperation, Kept, Model, Start};

/// What an operation shows of the counter: just before, and just after.
fn shows(record: &Record) -> Option<(i128, i128)> {
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(Value::Integer(count)))) => {
            Some((i128::from(*count), i128::from(*count)))
        }
        (Operation::Increment(amount), Outcome::Ok(Reply::Value(Value::Integer(after)))) => {
            Some((i128::from(*after) - i128::from(*amount), i128::from(*after)))
        }
        _ => None,
    }
}

/// Checks that a core breaks one of the bounds.
pub(super) fn check(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
    start: Start,
) -> Result<(), Flaw> {
    if options.model != Model::Counter {
        return Err(Flaw::NoWindow);
    }
    let whole = || kept.iter().filter(|kept| kept.kept == Kept::AsItWas);
    let ends = || whole().filter(|kept| shows(object.record(kept.id)).is_some());
    let last = ends().max_by_key(|kept| object.record(kept.id).call).ok_or(Flaw::NoWindow)?.id;
    let first = ends().min_by_key(|kept| object.record(kept.id).returned()).map(|kept| kept.id);
    let between = |first| breaks_a_bound(object, options, kept, (first, last), start != Start::Amid);
    match start {
        Start::Initial => between(None),
        Start::Any => between(first),
        Start::Amid => between(None).or_else(|_| between(first)),
    }
}

/// Checks that the counter can't have changed as it did up to `last`, and that the core names whoever is counted, if it has
/// to.
fn breaks_a_bound(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
    (first, last): (Option<OperationId>, OperationId),
    has_to_name: bool,
) -> Result<(), Flaw> {
    let (end, begin) = (object.record(last), first.map(|id| object.record(id)));
    if begin.is_some_and(|begin| !begin.precedes(end)) {
        return Err(Flaw::NoWindow);
    }
    let initial = match options.initial {
        Value::Integer(count) => i128::from(count),
        _ => 0,
    };
    let at_first = begin.and_then(shows).map_or(initial, |(_, after)| after);
    let at_last = shows(end).map_or(0, |(before, _)| before);
    let listed: BTreeMap<OperationId, Kept> = kept.iter().map(|kept| (kept.id, kept.kept)).collect();
    // For the bound from above (0) and from below (1): the sum, and what is missing in the core.
    let mut bounds = [(0_i128, None), (0_i128, None)];
    for (id, record) in object.iter() {
        let Operation::Increment(amount) = &record.operation else { continue };
        let possible = record.outcome != Outcome::Failed
            && Some(id) != first
            && id != last
            && begin.is_none_or(|begin| !record.precedes(begin))
            && !end.precedes(record);
        if !possible {
            continue;
        }
        let certain = matches!(record.outcome, Outcome::Ok(_))
            && begin.is_none_or(|begin| begin.precedes(record))
            && record.precedes(end);
        for (bound, counts) in bounds.iter_mut().zip([*amount > 0, *amount < 0]) {
            if counts {
                bound.0 += i128::from(*amount);
                if has_to_name && !listed.contains_key(&id) {
                    bound.1 = bound.1.or(Some(id));
                }
            } else if certain && listed.get(&id) == Some(&Kept::AsItWas) {
                bound.0 += i128::from(*amount);
            }
        }
    }
    let change = at_last - at_first;
    let [(most, lacks_more), (smallest, lacks_less)] = bounds;
    match (change > most, change < smallest, lacks_more, lacks_less) {
        (true, _, None, _) | (_, true, _, None) => Ok(()),
        (true, _, Some(id), _) | (_, true, _, Some(id)) => Err(Flaw::Needed(id)),
        _ => Err(Flaw::NoWindow),
    }
}
