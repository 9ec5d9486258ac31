//! When the collection was empty, for each answer that it was.
//!
//! An answer *empty* needs a moment of its interval that is a gap of the values known to be removed, and at which
//! enough removes of unknown outcome have been called for all the values that nobody is known to have removed and whose
//! insert has returned: each of those has to be gone by then, by a remove of its own. The removes and the values nest, so
//! counting is enough: the queue's module has the proof that each answer may choose for itself.

use super::cover::{Union, chain};
use super::shrink::{Found, Item};
use super::tight::{NEVER, Tight};
use super::{Answered, Clash, Collection};

/// What counting needs to know of the values that stay and the removes of unknown outcome.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    /// When the inserts of the values returned that nobody is known to have removed, sorted.
    pub(super) stays: Vec<i64>,
    /// When the removes of unknown outcome were called, sorted.
    pub(super) calls: Vec<i64>,
}

impl Ledger {
    /// Of these values, and the pending removes of the collection.
    pub(super) fn new(collection: &Collection, tights: &[Tight]) -> Self {
        let mut stays: Vec<i64> =
            tights.iter().filter(|tight| tight.stays()).map(|tight| tight.insert_return).collect();
        let mut calls: Vec<i64> = collection.pending.iter().map(|pending| pending.call).collect();
        stays.sort_unstable();
        calls.sort_unstable();
        Self { stays, calls }
    }

    /// How many values are certainly in at the moment, unless something of unknown outcome took them out.
    pub(super) fn inserted_before(&self, moment: i64) -> usize {
        self.stays.partition_point(|&returned| returned < moment)
    }

    /// How many removes of unknown outcome have been called at the moment.
    pub(super) fn called_by(&self, moment: i64) -> usize {
        self.calls.partition_point(|&call| call <= moment)
    }
}

/// When an answer was right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Not before this, in any order.
    pub(super) earliest: i64,
    /// Now. No more values have to be gone than at the earliest moment.
    pub(super) chosen: i64,
}

/// A moment for each answer, by their order in the collection; `Err` with one that has none.
pub(super) fn moments(
    collection: &Collection,
    tights: &[Tight],
    ledger: &Ledger,
) -> Result<Vec<Moment>, usize> {
    if collection.empties.is_empty() {
        return Ok(Vec::new());
    }
    let union = removed_union(tights);
    // Go back in time from any good moment: it stays good until a call of an empty, the end of a piece or the call of
    // a pending remove. So it is enough to try those.
    let calls = collection.empties.iter().map(|empty| empty.call);
    let ends = union.pieces().iter().map(|&(_, high)| high);
    let mut good: Vec<i64> = calls.chain(ends).chain(ledger.calls.iter().copied()).collect();
    good.sort_unstable();
    good.dedup();
    good.retain(|&moment| union.is_gap(moment) && ledger.inserted_before(moment) <= ledger.called_by(moment));
    let moment = |(index, empty): (usize, &Answered)| {
        let after = good.partition_point(|&moment| moment < empty.call);
        let earliest = good.get(after).copied().filter(|&moment| moment <= empty.returned).ok_or(index)?;
        // As late as it can be without having to take out one value more: the later, the more removes to do it with.
        let next = ledger.stays.get(ledger.inserted_before(earliest)).copied().unwrap_or(NEVER);
        Ok(Moment { earliest, chosen: union.last_gap(empty.returned.min(next)) })
    };
    collection.empties.iter().enumerate().map(moment).collect()
}

fn removed_union(tights: &[Tight]) -> Union {
    Union::of(
        tights.iter().filter(|tight| !tight.stays()).map(|tight| (tight.insert_return, tight.remove_call)),
    )
}

/// Why this answer has no moment.
pub(super) fn clash(collection: &Collection, tights: &[Tight], ledger: &Ledger, index: usize) -> Found {
    let empty = collection.empties[index];
    let removes = ledger.called_by(empty.returned);
    if removes == 0 {
        let links = chain(tights.iter().map(Tight::presence).collect(), empty.call, empty.returned);
        let clash = Clash { elements: elements(&links), empties: vec![index], ..Clash::default() };
        return Found::Chain(clash, Item::Empty(index));
    }
    // One value more than there are removes to take them out is enough, and a chain for each piece of the others.
    let mut staying: Vec<&Tight> = tights.iter().filter(|tight| tight.stays()).collect();
    staying.sort_unstable_by_key(|tight| tight.insert_return);
    staying.truncate(removes + 1);
    let mut intervals: Vec<_> = tights.iter().filter(|tight| !tight.stays()).map(Tight::presence).collect();
    intervals.sort_unstable();
    let mut chosen: Vec<usize> = staying.iter().map(|tight| tight.element).collect();
    for &(low, high) in removed_union(tights).pieces() {
        let (from, to) = (empty.call.max(low + 1), empty.returned.min(high - 1));
        if from <= to {
            let first = intervals.partition_point(|&(start, _, _)| start < low);
            let after = intervals.partition_point(|&(start, _, _)| start < high);
            chosen.extend(elements(&chain(intervals[first..after].to_vec(), from, to)));
        }
    }
    chosen.sort_unstable();
    Found::Clash(Clash { elements: chosen, empties: vec![index], ..Clash::default() })
}

/// The elements of a chain, ascending.
pub(super) fn elements(links: &[(i64, i64, usize)]) -> Vec<usize> {
    let mut elements: Vec<usize> = links.iter().map(|&(_, _, element)| element).collect();
    elements.sort_unstable();
    elements
}
