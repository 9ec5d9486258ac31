//! A list, judged between two reads.
//!
//! A list only grows, so of two reads the one that shows less took effect first, and the other shows what it showed and
//! then more. In a legal order lie between the two only appends that did not return before the first was called and were
//! not called after the second had returned; and certainly those that are ok, were called after the first had returned and
//! returned before the second was called. What was appended between them is what the second shows beyond the first. So a
//! core of two reads proves a violation, judged from any state ([`Start::Any`](crate::Start)), if
//! - neither shows the beginning of the other;
//! - the one that shows more had returned before the other was called;
//! - some element is shown beyond the first read more often than there are appends of it that can lie between: the core names
//!   them all;
//! - or less often than certainly lie between: the core names one more than are shown.
//!
//! Everything else may go, for none of this depends on what the rest did, nor on what was there before.

use anachron_history::Record;
use anachron_vocabulary::{Operation, Outcome, Value};

use super::cells::shown;
use super::records::Records;
use crate::{CheckOptions, CoreOperation, Kept, Model};

/// True if the core is two reads of a list, and appends of one element, that can't be in order.
pub(super) fn prove(object: &Records<'_>, options: &CheckOptions, kept: &[CoreOperation]) -> bool {
    if options.model != Model::List {
        return false;
    }
    let mut reads: Vec<(&Record, &[Value])> = kept
        .iter()
        .filter(|kept| kept.kept == Kept::AsItWas)
        .filter_map(|kept| Some((object.record(kept.id), shown(object.record(kept.id))?)))
        .collect();
    reads.sort_by_key(|(record, shown)| (shown.len(), record.call));
    let [(first, less), (last, more)] = reads[..] else { return false };
    let Some(between) = more.strip_prefix(less) else { return true };
    if !between.is_empty() && last.precedes(first) {
        return true;
    }
    let appended = |record: &Record| match &record.operation {
        Operation::Append(element) if record.outcome != Outcome::Failed => Some(element.clone()),
        _ => None,
    };
    let Some(element) = kept.iter().find_map(|kept| appended(object.record(kept.id))).or_else(|| {
        // No append can lie between, so the core names none.
        let can_lie = |element: &&Value| {
            object.iter().any(|(_, record)| {
                appended(record).as_ref() == Some(*element)
                    && !record.precedes(first)
                    && !last.precedes(record)
            })
        };
        between.iter().find(|element| !can_lie(element)).cloned()
    }) else {
        return false;
    };
    let times = between.iter().filter(|other| **other == element).count();
    let named = |id| kept.iter().find(|kept| kept.id == id).map(|kept| kept.kept);
    let (mut possible, mut certain, mut all_named) = (0, 0, true);
    for (id, record) in object.iter().filter(|(_, record)| appended(record).as_ref() == Some(&element)) {
        if record.precedes(first) || last.precedes(record) {
            continue;
        }
        possible += 1;
        all_named &= named(id).is_some();
        let inside = first.precedes(record) && record.precedes(last);
        certain += usize::from(inside && named(id) == Some(Kept::AsItWas));
    }
    (all_named && times > possible) || certain > times
}
