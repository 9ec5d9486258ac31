//! Smallest rank first.
//!
//! **Theorem** (after Lee and Mathur 2025, section 6). Take a priority queue's history without operations of unknown
//! outcome. It is linearizable iff no value is removed before it is inserted, and the interval of every remove, and of every
//! answer *empty*, has a moment at which no value of smaller rank is certainly there (for an empty: no value at all).
//! Only if: plain. If: each such moment is a gap of the values of smaller rank, at which what is left of them can be
//! empty (see the module above); so cut there, one value after the other, from the smallest rank up. The value itself can
//! be inserted any time before: it is in nobody's way but larger values'.
//!
//! **The order**, written down at once. From the largest rank down (an empty is above all) each value's remove gets as its
//! moment the last gap of the smaller values in its interval, but not later than the first moment, at or after the remove's
//! call, that a larger one has got: that is a gap of the smaller values as well. Its insert goes to the end of its
//! interval, or to the moment of its remove if that is earlier. Now let w be removed, or *empty* be answered, at t, and u be
//! smaller. As t is a gap of u, either u's insert returns at t or later; then it is at t or later too, unless the remove
//! follows at once. Or u's remove was called by t; then u's remove is at t or earlier. Either way u is not in when w leaves, if
//! at each moment first the removes come, by rank, each behind its own insert if that is at the same moment, then the
//! empties, then the other inserts.
//!
//! **Removes of unknown outcome.** If there are any, the values whose insert was answered and that nobody is known to have
//! removed count for no gap. But no moment is chosen after more of their inserts have returned than at the first gap
//! there is. So what has to be removed by a pending remove has to be in every order. Each such value's deadline is the first
//! moment of a larger value, or of an empty, after its insert returned; removing it then is in nobody's way. The earliest
//! call goes to the earliest deadline. If that fails, the deadlines are put off to the last moments that any order might
//! choose. If it fails then, there is no order; if not, other moments might have done better, and nothing is decided.
//!
//! O(n log n) time, O(n) memory.

use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};

use anachron_vocabulary::OperationId;

use super::cover::{GrowingUnion, chain};
use super::deadlines::{Deadlines, missed};
use super::empties::{self, Ledger, Moment};
use super::shrink::{Found, Item};
use super::tight::{NEVER, Tight, tighten};
use super::{Clash, Collection};

/// Decides; the clash need not be minimal.
pub(super) fn decide(collection: &Collection) -> Option<Found> {
    let mut tights = match tighten(collection)? {
        Ok(tights) => tights,
        Err(clash) => return Some(Found::Clash(clash)),
    };
    let ledger = Ledger::new(collection, &tights);
    let empties = match empties::moments(collection, &tights, &ledger) {
        Ok(moments) => moments,
        Err(index) => return Some(empties::clash(collection, &tights, &ledger, index)),
    };
    tights.sort_unstable_by_key(|tight| (tight.rank, tight.element));
    let windows = match windows(&tights, !collection.pending.is_empty()) {
        Ok(windows) => windows,
        Err(index) => return Some(blocked(collection, &tights, index)),
    };
    let (mut moments, due) = moments(&tights, &windows, &empties);
    if !give_removes(collection, &mut tights, &mut moments, due) {
        let hopeless = missed(collection, deadlines(collection, &tights, &windows, &empties));
        return hopeless.then(|| Found::Clash(Clash::everything(collection)));
    }
    Some(Found::Order(order(collection, &tights, &moments, &empties)))
}

/// The values by rank, in runs of equal rank.
fn runs(tights: &[Tight]) -> impl DoubleEndedIterator<Item = (usize, &[Tight])> {
    let mut first = 0;
    let runs: Vec<(usize, &[Tight])> = tights
        .chunk_by(|a, b| a.rank == b.rank)
        .map(|run| {
            first += run.len();
            (first - run.len(), run)
        })
        .collect();
    runs.into_iter()
}

/// When a value can be removed, as far as smaller values and its interval go.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// The first gap, the last…
    earliest: i64,
    latest: i64,
    /// …and the last before which no more of the smaller values have to be gone than before the first.
    chosen: i64,
}

/// One for each value that was removed; for the others all is [`NEVER`]. `Err` with one that has none.
fn windows(tights: &[Tight], may_go: bool) -> Result<Vec<Window>, usize> {
    let mut smaller = GrowingUnion::default();
    // When the inserts of smaller values returned that a pending remove may have removed.
    let mut staying: BTreeSet<i64> = BTreeSet::new();
    let mut windows = vec![Window { earliest: NEVER, latest: NEVER, chosen: NEVER }; tights.len()];
    for (first, run) in runs(tights) {
        for (index, tight) in (first..).zip(run).filter(|(_, tight)| !tight.stays()) {
            let earliest = smaller.first_gap(tight.remove_call);
            if earliest > tight.remove_return {
                return Err(index);
            }
            let next = staying.range(earliest..).next().copied().unwrap_or(NEVER);
            windows[index] = Window {
                earliest,
                latest: smaller.last_gap(tight.remove_return),
                chosen: smaller.last_gap(tight.remove_return.min(next)),
            };
        }
        for tight in run {
            if tight.stays() && may_go {
                staying.insert(tight.insert_return);
            } else {
                smaller.add(tight.insert_return, tight.remove_call);
            }
        }
    }
    Ok(windows)
}

/// A value and those that are in its way as long as it might be removed.
fn blocked(collection: &Collection, tights: &[Tight], index: usize) -> Found {
    let tight = &tights[index];
    // Where something of unknown outcome may have removed the values that stay, the others cover the interval alone.
    let in_the_way =
        |other: &&Tight| other.rank < tight.rank && (collection.pending.is_empty() || !other.stays());
    let intervals = tights.iter().filter(in_the_way).map(Tight::presence).collect();
    let mut elements = empties::elements(&chain(intervals, tight.remove_call, tight.remove_return));
    elements.push(tight.element);
    elements.sort_unstable();
    Found::Chain(Clash { elements, ..Clash::default() }, Item::Element(tight.element))
}

/// The moment of each value's remove, [`NEVER`] if it has none, and the values that a pending remove has to remove, with
/// their deadlines.
fn moments(tights: &[Tight], windows: &[Window], empties: &[Moment]) -> (Vec<i64>, Vec<(i64, usize)>) {
    let mut larger: BTreeSet<i64> = empties.iter().map(|moment| moment.chosen).collect();
    let mut moments = vec![NEVER; tights.len()];
    let mut due = Vec::new();
    for (first, run) in runs(tights).rev() {
        for (index, tight) in (first..).zip(run) {
            if tight.stays() {
                let deadline = larger.range((Excluded(tight.insert_return), Unbounded)).next();
                due.extend(deadline.map(|&deadline| (deadline, index)));
            } else {
                let next = larger.range(tight.remove_call..).next().copied().unwrap_or(NEVER);
                moments[index] = windows[index].chosen.min(next);
            }
        }
        for (moment, tight) in moments[first..].iter().zip(run) {
            if !tight.stays() {
                larger.insert(*moment);
            }
        }
    }
    (moments, due)
}

/// Gives each value that is due a pending remove called by then; false if there are too few.
fn give_removes(
    collection: &Collection,
    tights: &mut [Tight],
    moments: &mut [i64],
    mut due: Vec<(i64, usize)>,
) -> bool {
    due.sort_unstable();
    let mut removes = collection.pending.clone();
    removes.sort_unstable_by_key(|pending| pending.call);
    let mut removes = removes.into_iter();
    for (deadline, index) in due {
        let Some(remove) = removes.next().filter(|remove| remove.call <= deadline) else { return false };
        tights[index].remove = Some(remove.id);
        tights[index].remove_call = remove.call;
        moments[index] = deadline;
    }
    true
}

/// By when, in every order, values have to be removed by pending removes.
fn deadlines(collection: &Collection, tights: &[Tight], windows: &[Window], empties: &[Moment]) -> Vec<i64> {
    let mut larger = Deadlines::default();
    for (moment, empty) in empties.iter().zip(&collection.empties) {
        larger.add(moment.earliest, empty.returned);
    }
    let mut deadlines = Vec::new();
    for (first, run) in runs(tights).rev() {
        let stays = |&(index, _): &(usize, &Tight)| windows[index].earliest == NEVER;
        let staying = (first..).zip(run).filter(stays);
        deadlines.extend(staying.filter_map(|(_, tight)| larger.of(tight.insert_return)));
        for window in windows[first..first + run.len()].iter().filter(|window| window.earliest < NEVER) {
            larger.add(window.earliest, window.latest);
        }
    }
    deadlines
}

/// All operations by moment.
fn order(collection: &Collection, tights: &[Tight], moments: &[i64], empties: &[Moment]) -> Vec<OperationId> {
    let mut steps: Vec<((i64, u8, usize, bool), OperationId)> = Vec::new();
    for (index, (tight, &removed)) in tights.iter().zip(moments).enumerate() {
        // The index stands for the rank.
        let inserted = tight.insert_return.min(removed);
        let phase = if inserted == removed { 0 } else { 2 };
        steps.push(((inserted, phase, index, false), tight.insert));
        if let Some(remove) = tight.remove {
            assert!(tight.remove_call <= removed && removed < NEVER, "a remove after its call");
            steps.push(((removed, 0, index, true), remove));
        }
    }
    steps.extend(
        empties
            .iter()
            .zip(&collection.empties)
            .map(|(moment, empty)| ((moment.chosen, 1, 0, false), empty.id)),
    );
    steps.sort_unstable();
    steps.into_iter().map(|(_, id)| id).collect()
}
