//! Violations that a scan shows, without a search.
//!
//! Why it exists: most violations of collections, lists, counters and tokens are a matter of counting, and a search through a
//! long history is a slow way to count. Each scan proposes a few cores, the best first; the verifier has the last word.
//!
//! - *tokens*: two grants with one token, or a smaller token granted after a greater one;
//! - *counters*: two moments between which the counter changed by more, or by less, than can have been added
//!   (`verify/sums.rs` has the bounds);
//! - *collections*: an element that was removed more often than it can have been inserted by then;
//! - *lists*: a read that has an element too often, or not although it was appended before; or two elements whose order
//!   differs between reads, or from the order in which they were appended.
//!
//! What it promises: O(n log n), for lists in the elements that the reads show. Nothing proposed is no verdict.

use std::collections::{BTreeMap, BTreeSet};

use anachron_history::Record;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::growth;
use super::object::elements;
use crate::{Core, CoreOperation, Kept, Model, Part, Start};

/// How many moments before each one are looked at.
const LOOK_BACK: usize = 8;
/// How many proposals are worth the verifier's time.
const PROPOSALS: usize = 8;
/// A core of a list that names its elements is small if it has no more operations than this.
const FEW: usize = 4;

/// What a scan proposes, the best first.
pub(super) fn cores(part: &Part<'_>) -> Vec<Core> {
    let mut cores = match part.model {
        Model::FencingLock => tokens(part),
        Model::Counter => counter(part, true),
        Model::Queue | Model::Stack | Model::PriorityQueue => removed_too_often(part),
        Model::List => list(part),
        _ => Vec::new(),
    };
    cores.sort_by_key(|core| core.operations.len());
    cores.truncate(PROPOSALS);
    if part.model == Model::List && cores.first().is_none_or(|best| best.operations.len() > FEW) {
        // Cores that name their elements are easier to follow, if they are small.
        let two_reads = growth::cores(part).into_iter().take(PROPOSALS);
        cores.extend(two_reads);
        cores.sort_by_key(|core| core.operations.len());
    }
    cores
}

/// What a scan proposes for a counter that is judged amid the others, the best first.
pub(super) fn amid(part: &Part<'_>) -> Vec<Core> {
    let mut cores = counter(part, false);
    cores.sort_by_key(|core| core.operations.len());
    cores.truncate(PROPOSALS);
    cores
}

fn core(start: Start, operations: impl IntoIterator<Item = (OperationId, Kept)>) -> Core {
    let operations = operations.into_iter().map(|(id, kept)| CoreOperation { id, kept }).collect();
    Core { operations, start, ..Core::default() }
}

fn records<'a, 'h>(part: &'a Part<'h>) -> impl Iterator<Item = (OperationId, &'h Record)> + 'a {
    part.ids.iter().map(|&id| (id, part.history.record(id)))
}

fn returned(record: &Record) -> i64 {
    record.returned().map_or(i64::MAX, |end| end.0)
}

/// Two operations whose tokens are not in ascending order.
fn tokens(part: &Part<'_>) -> Vec<Core> {
    let mut shown: Vec<((i64, bool), OperationId, &Record)> = records(part)
        .filter_map(|(id, record)| match (&record.operation, &record.outcome) {
            (Operation::Acquire, Outcome::Ok(Reply::Value(Value::Integer(token)))) => {
                Some(((*token, false), id, record))
            }
            (Operation::ReleaseToken(token), Outcome::Ok(_)) => Some(((*token, true), id, record)),
            _ => None,
        })
        .collect();
    shown.sort_by_key(|&(place, id, record)| (place, record.call, id));
    let pair = |a: OperationId, b: OperationId| core(Start::Any, [(a, Kept::AsItWas), (b, Kept::AsItWas)]);
    let mut cores: Vec<Core> = shown
        .windows(2)
        .filter(|pair| pair[0].0 == pair[1].0)
        .take(PROPOSALS)
        .map(|two| pair(two[0].1, two[1].1))
        .collect();
    // From the greatest token down: who returned first of those with a greater one?
    let mut first: Option<(i64, OperationId)> = None;
    for &(_, id, record) in shown.iter().rev() {
        if let Some((end, greater)) = first
            && end < record.call.0
        {
            cores.push(pair(greater, id));
        }
        let own = (returned(record), id);
        first = Some(first.map_or(own, |first| first.min(own)));
    }
    cores
}

/// A moment at which the counter was seen.
struct Moment {
    id: OperationId,
    call: i64,
    returned: i64,
    before: i128,
    after: i128,
}

/// An increment.
struct Added {
    id: OperationId,
    call: i64,
    returned: i64,
    amount: i128,
}

/// Two moments, or one since the start, between which too much was added or too little; with those that are counted
/// `named`, or else without them.
fn counter(part: &Part<'_>, named: bool) -> Vec<Core> {
    let (mut moments, mut added) = (Vec::new(), Vec::new());
    for (id, record) in records(part) {
        let (call, returned) = (record.call.0, returned(record));
        let shown = match &record.outcome {
            Outcome::Ok(Reply::Value(Value::Integer(count))) => Some(i128::from(*count)),
            _ => None,
        };
        let amount = match &record.operation {
            Operation::Increment(amount) => i128::from(*amount),
            _ => 0,
        };
        moments.extend(shown.map(|after| Moment { id, call, returned, before: after - amount, after }));
        if amount != 0 {
            added.push(Added { id, call, returned, amount });
        }
    }
    moments.sort_by_key(|moment| (moment.returned, moment.id));
    added.sort_by_key(|added| (added.call, added.id));
    let mut latest = i64::MIN;
    let latest_returns: Vec<i64> = added
        .iter()
        .map(|added| {
            latest = latest.max(added.returned);
            latest
        })
        .collect();
    let initial = match part.initial {
        Value::Integer(count) => i128::from(count),
        _ => 0,
    };
    let mut best: Vec<Core> = Vec::new();
    let mut least = usize::MAX;
    for last in &moments {
        let before = moments.partition_point(|first| first.returned < last.call);
        let firsts = moments[..before].iter().rev().take(LOOK_BACK).map(Some);
        // Near the start the start itself is a moment.
        let start = (before < LOOK_BACK).then_some(None);
        for first in firsts.chain(start) {
            let (begin_call, begin_end) = first.map_or((i64::MIN, i64::MIN), |f| (f.call, f.returned));
            let change = last.before - first.map_or(initial, |first| first.after);
            let end = added.partition_point(|added| added.call <= last.returned);
            let mut sums = [0_i128; 2];
            let mut counted: [Vec<OperationId>; 2] = [Vec::new(), Vec::new()];
            let mut certain: Vec<&Added> = Vec::new();
            for position in (0..end).rev() {
                if latest_returns[position] < begin_call {
                    break;
                }
                let one = &added[position];
                if one.returned < begin_call || one.id == last.id || first.is_some_and(|f| f.id == one.id) {
                    continue;
                }
                let side = usize::from(one.amount < 0);
                sums[side] += one.amount;
                counted[side].push(one.id);
                if one.returned < last.call && one.call > begin_end {
                    certain.push(one);
                }
            }
            for (side, ids) in counted.into_iter().enumerate() {
                // How far the bound is from being broken; certain increments of the other sign bring it nearer.
                let over = if side == 0 { change - sums[0] } else { sums[1] - change };
                let mut helpers: Vec<&&Added> =
                    certain.iter().filter(|added| usize::from(added.amount < 0) != side).collect();
                helpers.sort_by_key(|added| (std::cmp::Reverse(added.amount.abs()), added.id));
                let mut over = over;
                let mut used = Vec::new();
                for helper in helpers {
                    if over > 0 {
                        break;
                    }
                    over += helper.amount.abs();
                    used.push(helper.id);
                }
                let ids = if named { ids } else { Vec::new() };
                let size = ids.len() + used.len() + 1 + usize::from(first.is_some());
                if over > 0 && size < least {
                    least = size;
                    let ends = first.map(|first| first.id).into_iter().chain([last.id]);
                    let kept = ends.chain(used).map(|id| (id, Kept::AsItWas));
                    let start = match (named, first) {
                        (false, _) => Start::Amid,
                        (true, Some(_)) => Start::Any,
                        (true, None) => Start::Initial,
                    };
                    best.push(core(start, kept.chain(ids.into_iter().map(|id| (id, Kept::AsUnknown)))));
                }
            }
        }
    }
    best
}

/// An element that was removed more often than it can have been inserted by then.
fn removed_too_often(part: &Part<'_>) -> Vec<Core> {
    let mut by_element: BTreeMap<&Value, (Vec<OperationId>, Vec<OperationId>)> = BTreeMap::new();
    for (id, record) in records(part) {
        let Some(element) = elements(record) else { continue };
        let entry = by_element.entry(element).or_default();
        let removes = matches!(record.operation, Operation::Dequeue | Operation::Pop | Operation::ExtractMin);
        if removes { entry.1.push(id) } else { entry.0.push(id) }
    }
    let call = |id: &OperationId| part.history.record(*id).call.0;
    let end = |id: &OperationId| returned(part.history.record(*id));
    let mut cores = Vec::new();
    for (inserts, mut removes) in by_element.into_values() {
        removes.sort_by_key(|id| (end(id), *id));
        for (index, remove) in removes.iter().enumerate() {
            let in_time: Vec<OperationId> =
                inserts.iter().copied().filter(|insert| call(insert) <= end(remove)).collect();
            if in_time.len() <= index {
                let kept = removes[..=index].iter().map(|&id| (id, Kept::AsItWas));
                cores.push(core(
                    Start::Initial,
                    kept.chain(in_time.into_iter().map(|id| (id, Kept::AsUnknown))),
                ));
                break;
            }
        }
    }
    cores
}

/// What a read of a list showed.
struct Shown<'h> {
    id: OperationId,
    record: &'h Record,
    elements: &'h [Value],
}

fn list(part: &Part<'_>) -> Vec<Core> {
    let mut reads: Vec<Shown<'_>> = records(part)
        .filter_map(|(id, record)| match (&record.operation, &record.outcome) {
            (Operation::Read, Outcome::Ok(Reply::Value(Value::List(elements)))) => {
                Some(Shown { id, record, elements })
            }
            (Operation::Read, Outcome::Ok(Reply::Value(_))) => Some(Shown { id, record, elements: &[] }),
            _ => None,
        })
        .collect();
    reads.sort_by_key(|read| (read.elements.len(), read.record.call, read.id));
    let mut appends: BTreeMap<&Value, Vec<OperationId>> = BTreeMap::new();
    for (id, record) in records(part) {
        if let Operation::Append(element) = &record.operation {
            appends.entry(element).or_default().push(id);
        }
    }
    let initial: &[Value] = match &part.initial {
        Value::List(initial) => initial,
        _ => &[],
    };
    let of = |element: &Value| appends.get(element).map_or(&[][..], Vec::as_slice);
    let times =
        |elements: &[Value], element: &Value| elements.iter().filter(|other| *other == element).count();
    let mut suspects = disagreements(&reads);
    for read in &reads {
        let mut seen: BTreeSet<&Value> = BTreeSet::new();
        // From the end: what is appended last returned last, so the first that is too late shows soon.
        let mut earliest: Option<(i64, &Value)> = None;
        for element in read.elements.iter().rev() {
            let in_time =
                of(element).iter().filter(|&&id| !read.record.precedes(part.history.record(id))).count();
            let too_often = !seen.insert(element) || in_time == 0;
            if too_often && times(read.elements, element) > in_time + times(initial, element) {
                suspects.push((vec![read.id], vec![element]));
                break;
            }
            if let [append] = of(element) {
                let append = part.history.record(*append);
                if let Some((end, behind)) = earliest
                    && end < append.call.0
                {
                    suspects.push((vec![read.id], vec![element, behind]));
                    break;
                }
                let own = (returned(append), element);
                earliest = Some(earliest.map_or(own, |earliest| earliest.min(own)));
            }
        }
    }
    // Appends that returned before a read that does not have them, or not as often: the shortest reads lack the most.
    let mut acknowledged: Vec<(i64, &Value, usize)> = Vec::new();
    for (element, ids) in &appends {
        let mut ends: Vec<i64> = ids.iter().map(|id| returned(part.history.record(*id))).collect();
        ends.sort_unstable();
        acknowledged.extend(ends.into_iter().zip(1..).map(|(end, times)| (end, *element, times)));
    }
    acknowledged.sort_unstable();
    for read in &reads {
        let before = acknowledged.partition_point(|&(end, ..)| end < read.record.call.0);
        if before + initial.len() <= read.elements.len() && suspects.len() > PROPOSALS {
            continue;
        }
        let mut shown: BTreeMap<&Value, usize> = BTreeMap::new();
        for element in read.elements {
            *shown.entry(element).or_insert(0) += 1;
        }
        let lacks = |(_, element, times): &&(i64, &Value, usize)| {
            shown.get(element).is_none_or(|shown| shown < times)
        };
        if let Some((_, lacking, _)) = acknowledged[..before].iter().rev().find(lacks) {
            suspects.push((vec![read.id], vec![lacking]));
        }
    }
    suspects.truncate(4 * PROPOSALS);
    suspects
        .into_iter()
        .map(|(reads, named)| {
            let appends = named.iter().flat_map(|element| of(element));
            let kept = |&id: &OperationId| {
                let ok = matches!(part.history.record(id).outcome, Outcome::Ok(_));
                (id, if ok { Kept::AsItWas } else { Kept::AsUnknown })
            };
            core(Start::Initial, reads.iter().chain(appends).map(kept))
        })
        .collect()
}

/// Reads and the elements of which they say different things.
type Suspect<'h> = (Vec<OperationId>, Vec<&'h Value>);

/// Pairs of reads, by length, of which the one is not the beginning of the other, or shows less though it is later.
fn disagreements<'h>(reads: &[Shown<'h>]) -> Vec<Suspect<'h>> {
    let mut suspects: Vec<Suspect<'h>> = Vec::new();
    for pair in reads.windows(2) {
        let (shorter, longer) = (&pair[0], &pair[1]);
        let fork = shorter.elements.iter().zip(longer.elements).find(|(a, b)| a != b);
        if let Some((a, b)) = fork {
            suspects.push((vec![shorter.id, longer.id], vec![a]));
            suspects.push((vec![shorter.id, longer.id], vec![b]));
            suspects.push((vec![shorter.id, longer.id], vec![a, b]));
        }
    }
    // The one that showed most of all that returned before: what a later read shows has to begin with it.
    let mut by_call: Vec<&Shown<'h>> = reads.iter().collect();
    by_call.sort_by_key(|read| (read.record.call, read.id));
    let mut by_return: Vec<&Shown<'h>> = reads.iter().collect();
    by_return.sort_by_key(|read| (returned(read.record), read.id));
    let (mut next, mut most): (usize, Option<&Shown<'h>>) = (0, None);
    for read in by_call {
        while by_return.get(next).is_some_and(|before| returned(before.record) < read.record.call.0) {
            let before = by_return[next];
            if most.is_none_or(|most| most.elements.len() < before.elements.len()) {
                most = Some(before);
            }
            next += 1;
        }
        if let Some(most) = most
            && most.elements.len() > read.elements.len()
        {
            let lacking = &most.elements[read.elements.len()];
            suspects.push((vec![most.id, read.id], vec![lacking]));
        }
    }
    suspects
}
