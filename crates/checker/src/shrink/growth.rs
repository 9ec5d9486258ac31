//! Two reads of a list between which it can't have grown as it did.
//!
//! Why it exists: where the elements of a list come again and again, a core that speaks of an element holds all of its
//! appends. Between two reads that are close to each other there are few (`verify/lists.rs` has the rule and its proof).
//!
//! What it promises: O(n log n) and what the reads show beyond one another. Nothing proposed is no verdict.

use std::collections::BTreeMap;

use anachron_history::Record;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use crate::{Core, CoreOperation, Kept, Part, Start};

/// What a read showed.
#[derive(Clone, Copy)]
struct Shown<'h> {
    id: OperationId,
    record: &'h Record,
    elements: &'h [Value],
}

/// The appends of each element, by call.
type Appends<'h> = BTreeMap<&'h Value, Vec<(OperationId, &'h Record)>>;

/// Proposals, the best first.
pub(super) fn cores(part: &Part<'_>) -> Vec<Core> {
    let (mut reads, mut appends) = (Vec::new(), Appends::new());
    for &id in &part.ids {
        let record = part.history.record(id);
        match (&record.operation, &record.outcome) {
            (Operation::Read, Outcome::Ok(Reply::Value(Value::List(elements)))) => {
                reads.push(Shown { id, record, elements });
            }
            (Operation::Read, Outcome::Ok(_)) => reads.push(Shown { id, record, elements: &[] }),
            (Operation::Append(element), _) => appends.entry(element).or_default().push((id, record)),
            _ => {}
        }
    }
    for all in appends.values_mut() {
        all.sort_by_key(|(id, record)| (record.call, *id));
    }
    let mut cores = too_much(&mut reads, &appends);
    cores.extend(too_little(&mut reads, &appends));
    cores.sort_by_key(|core| core.operations.len());
    cores
}

fn core(reads: [Shown<'_>; 2], kept: Kept, appends: impl Iterator<Item = OperationId>) -> Core {
    let reads = reads.into_iter().map(|read| CoreOperation { id: read.id, kept: Kept::AsItWas });
    let operations = reads.chain(appends.map(|id| CoreOperation { id, kept })).collect();
    Core { operations, start: Start::Any, ..Core::default() }
}

/// Neighbours by length of which the longer is not the shorter and what can have been appended since.
fn too_much<'h>(reads: &mut [Shown<'h>], appends: &Appends<'h>) -> Vec<Core> {
    reads.sort_by_key(|read| (read.elements.len(), read.record.call, read.id));
    let mut cores = Vec::new();
    for pair in reads.windows(2) {
        let (less, more) = (pair[0], pair[1]);
        let Some(between) = more.elements.strip_prefix(less.elements) else {
            cores.push(core([less, more], Kept::AsItWas, std::iter::empty()));
            continue;
        };
        let mut times: BTreeMap<&Value, usize> = BTreeMap::new();
        for element in between {
            *times.entry(element).or_insert(0) += 1;
        }
        for (element, times) in times {
            let all = appends.get(element).map_or(&[][..], Vec::as_slice);
            let called = all.partition_point(|(_, record)| !more.record.precedes(record));
            let possible = all[..called].iter().filter(|(_, record)| !record.precedes(less.record));
            let possible: Vec<OperationId> = possible.take(times).map(|(id, _)| *id).collect();
            if possible.len() < times {
                cores.push(core([less, more], Kept::AsUnknown, possible.into_iter()));
            }
        }
    }
    cores
}

/// For each append the longest read before it and the shortest behind it: the longer one is not there, or shows too little.
fn too_little<'h>(reads: &mut [Shown<'h>], appends: &Appends<'h>) -> Vec<Core> {
    reads.sort_by_key(|read| (read.record.returned(), read.id));
    let mut longest: Option<Shown<'h>> = None;
    let before: Vec<Shown<'h>> = reads
        .iter()
        .map(|&read| {
            let best = longest.filter(|best| best.elements.len() >= read.elements.len()).unwrap_or(read);
            longest = Some(best);
            best
        })
        .collect();
    let by_return: Vec<&Record> = reads.iter().map(|read| read.record).collect();
    reads.sort_by_key(|read| (std::cmp::Reverse(read.record.call), read.id));
    let mut shortest: Option<Shown<'h>> = None;
    let after: Vec<Shown<'h>> = reads
        .iter()
        .map(|&read| {
            let best = shortest.filter(|best| best.elements.len() <= read.elements.len()).unwrap_or(read);
            shortest = Some(best);
            best
        })
        .collect();
    let mut cores = Vec::new();
    for (element, all) in appends {
        for (position, &(_, append)) in all.iter().enumerate() {
            let over = by_return.partition_point(|read| read.precedes(append));
            let later = reads.partition_point(|read| append.precedes(read.record));
            let (Some(first), Some(last)) =
                (over.checked_sub(1).map(|at| before[at]), later.checked_sub(1).map(|at| after[at]))
            else {
                continue;
            };
            if first.elements.len() > last.elements.len() {
                cores.push(core([first, last], Kept::AsItWas, std::iter::empty()));
                continue;
            }
            let between = &last.elements[first.elements.len()..];
            let times = between.iter().filter(|other| *other == *element).count();
            let inside = all[position..].iter().filter(|(_, record)| record.precedes(last.record));
            let certain: Vec<OperationId> = inside.take(times + 1).map(|(id, _)| *id).collect();
            if certain.len() > times {
                cores.push(core([first, last], Kept::AsItWas, certain.into_iter()));
            }
        }
    }
    cores
}
