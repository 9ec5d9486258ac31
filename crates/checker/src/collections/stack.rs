//! Last in, first out.
//!
//! **Theorem** (the decrease-and-conquer of Lee and Mathur 2025, section 5, and the extreme values and partitions of
//! Abdulla et al. 2025, section 4; both after Gibbons, Bruno and Phillips 2002). Take a stack history without operations of
//! unknown outcome.
//! 1. A value whose remove was called before its insert returned, or at that moment, can be left out: pushed and popped
//!    at once, at a moment of both intervals, it is in nobody's way, whatever is on the stack.
//! 2. The history is linearizable iff its parts between gaps are (see the module above). Empties need a gap each, and
//!    nothing else.
//! 3. A part without a gap, from the return of the first insert to the call of the last remove, is linearizable iff some
//!    value is a *bottom*, its insert called by the part's start and its remove returned after the part's end, and the
//!    part without that value is linearizable. Only if: the stack is never empty between the two, so what lies at its
//!    bottom is the same value all the time. If: clip an order of the rest to the part, which leaves every operation in its
//!    interval, as none of the rest is over before the part starts or is called after it ends; push the bottom at
//!    the start, before all, and pop it at the end, after all.
//!
//! So bottoms are taken away, in any order, until nothing is left, and the turns in which they were taken are the answer's
//! nesting (`nest`); or until no value of a part is a bottom. Then some of its values that cover the part without a gap
//! are a clash already.
//!
//! **Removes of unknown outcome.** Let U be the values whose insert was answered and that nobody is known to have
//! removed. First all of them are kept for ever. A part gets stuck with values of U in it only if a
//! value not in U would have to be its bottom and is removed; so before that, at some gap, the value of U whose insert
//! returned first must have been removed by a pending remove: it is *freed*, and the nest goes on without it. So the freed values
//! are removed in every order, each by some deadline; if the pending removes can't do that there is no order. If they can, they are put into the order
//! that was found for the rest where they stay longest out of the way, and get the pending removes by deadline (`placing`).
//! The steps of the rest are tried as early as they come and as late as they can be. That is an order if it succeeds. If not,
//! another order of the rest might have done better, and nothing is decided.
//!
//! O(n log n) time, O(n) memory.

mod nest;
mod placing;
mod trees;

use super::cover::chain;
use super::deadlines::{Deadlines, missed};
use super::empties::{self, Ledger, Moment};
use super::shrink::Found;
use super::tight::{Tight, tighten};
use super::{Clash, Collection};

use nest::{Fate, Nest};
use placing::{Effect, Step, postponed, with_freed};

/// Decides; the clash need not be minimal.
pub(super) fn decide(collection: &Collection) -> Option<Found> {
    let tights = match tighten(collection)? {
        Ok(tights) => tights,
        Err(clash) => return Some(Found::Clash(clash)),
    };
    let ledger = Ledger::new(collection, &tights);
    let moments = match empties::moments(collection, &tights, &ledger) {
        Ok(moments) => moments,
        Err(index) => return Some(empties::clash(collection, &tights, &ledger, index)),
    };
    // What was there before an empty has to be gone by then.
    let mut by_empties = Deadlines::default();
    for (moment, empty) in moments.iter().zip(&collection.empties) {
        by_empties.add(moment.earliest, empty.returned);
    }
    let deadline = |tight: &Tight| tight.stays().then(|| by_empties.of(tight.insert_return)).flatten();
    let mut freed: Vec<&Tight> = tights.iter().filter(|tight| deadline(tight).is_some()).collect();
    let nested = |tight: &&Tight| tight.is_forward() && deadline(tight).is_none();
    let mut nest = Nest::new(tights.iter().filter(nested).collect());
    if collection.pending.is_empty() {
        nest.take_bottoms();
    } else {
        let mut deadlines = nest.take_bottoms_and_free();
        deadlines.extend(freed.iter().filter_map(|tight| deadline(tight)));
        if missed(collection, deadlines) {
            return Some(Found::Clash(Clash::everything(collection)));
        }
    }
    if let Some(stuck) = nest.stuck() {
        return Some(Found::Clash(Clash { elements: clash_of(&stuck), ..Clash::default() }));
    }
    freed.extend(nest.fates().filter(|&(_, fate)| fate == Fate::Freed).map(|(tight, _)| tight));
    let steps = steps(collection, &tights, &nest, &moments);
    if freed.is_empty() {
        return Some(Found::Order(steps.iter().map(|step| step.id).collect()));
    }
    // The steps as early as they come, then as late as they can be without leaving their order.
    let order = with_freed(&steps, &freed, &collection.pending);
    order.or_else(|| with_freed(&postponed(steps), &freed, &collection.pending)).map(Found::Order)
}

/// The order without the freed values.
fn steps(collection: &Collection, tights: &[Tight], nest: &Nest<'_>, moments: &[Moment]) -> Vec<Step> {
    // At one moment: first the pops that end a part there, the inner one first; then what finds the stack as it is and
    // leaves it so; then the pushes that start a part there, the outer one first.
    let mut steps: Vec<((i64, u8, i64), Step)> = Vec::with_capacity(2 * tights.len() + moments.len());
    for (tight, fate) in nest.fates() {
        let Fate::Bottom { push, pop, turn } = fate else { continue };
        let turn = i64::from(turn);
        steps.push((
            (push, 2, turn),
            Step { moment: push, until: tight.insert_return, effect: Effect::Push, id: tight.insert },
        ));
        if let Some(id) = tight.remove {
            steps.push((
                (pop, 0, -turn),
                Step { moment: pop, until: tight.remove_return, effect: Effect::Pop, id },
            ));
        }
    }
    let mut between = 0;
    for tight in tights.iter().filter(|tight| !tight.is_forward()) {
        let moment = tight.remove_call;
        let remove = tight.remove.expect("only a value that was removed can be there at no time");
        steps.push((
            (moment, 1, between),
            Step { moment, until: tight.insert_return, effect: Effect::Push, id: tight.insert },
        ));
        steps.push((
            (moment, 1, between + 1),
            Step { moment, until: tight.remove_return, effect: Effect::Pop, id: remove },
        ));
        between += 2;
    }
    for (moment, empty) in moments.iter().map(|moment| moment.chosen).zip(&collection.empties) {
        steps.push((
            (moment, 1, between),
            Step { moment, until: empty.returned, effect: Effect::Empty, id: empty.id },
        ));
        between += 1;
    }
    steps.sort_unstable_by_key(|&(key, _)| key);
    steps.into_iter().map(|(_, step)| step).collect()
}

/// A few of the values of a part none of which is a bottom.
fn clash_of(stuck: &[&Tight]) -> Vec<usize> {
    if let Some(crossed) = crossed(stuck) {
        return crossed.to_vec();
    }
    let start = stuck.iter().map(|tight| tight.insert_return).min().expect("somebody is stuck");
    let end = stuck.iter().map(|tight| tight.remove_call).max().expect("somebody is stuck");
    // Between two moments that follow each other, one value covers the part.
    let links = chain(stuck.iter().map(|tight| tight.presence()).collect(), start + 1, end - 1);
    empties::elements(&links)
}

/// Two values that are a clash alone: b pushed after a, then a popped before b though b was there before.
fn crossed(stuck: &[&Tight]) -> Option<[usize; 2]> {
    // By the call of the remove, from behind: for each b, the one whose remove returned first among those that are there
    // after b's insert has returned and whose insert returned before b's was called. That is one question in two dimensions,
    // answered by adding values by return of their insert to a tree over calls of removes.
    let mut by_call: Vec<&Tight> = stuck.to_vec();
    by_call.sort_unstable_by_key(|tight| tight.remove_call);
    let position = |time: i64| by_call.partition_point(|tight| tight.remove_call <= time);
    let leaves = by_call.len().next_power_of_two();
    let mut tree: Vec<Option<(i64, usize)>> = vec![None; 2 * leaves];
    let mut by_insert: Vec<usize> = (0..by_call.len()).collect();
    by_insert.sort_unstable_by_key(|&index| by_call[index].insert_return);
    let mut by_insert = by_insert.into_iter().peekable();
    let mut later: Vec<&Tight> = by_call.clone();
    later.sort_unstable_by_key(|tight| tight.insert_call);
    for b in later {
        while let Some(index) = by_insert.next_if(|&index| by_call[index].insert_return < b.insert_call) {
            let entry = Some((by_call[index].remove_return, by_call[index].element));
            let mut node = leaves + index;
            while node > 0 {
                if tree[node].is_none() || entry < tree[node] {
                    tree[node] = entry;
                }
                node /= 2;
            }
        }
        let (mut low, mut high) = (leaves + position(b.insert_return), 2 * leaves);
        let mut first: Option<(i64, usize)> = None;
        let mut consider = |entry: Option<(i64, usize)>| {
            if entry.is_some() && (first.is_none() || entry < first) {
                first = entry;
            }
        };
        while low < high {
            if low % 2 == 1 {
                consider(tree[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                consider(tree[high]);
            }
            low /= 2;
            high /= 2;
        }
        if let Some((remove_return, a)) = first
            && remove_return < b.remove_call
        {
            let mut elements = [a, b.element];
            elements.sort_unstable();
            return Some(elements);
        }
    }
    None
}
