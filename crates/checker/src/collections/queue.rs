//! First in, first out.
//!
//! **Theorem** (Henzinger, Sezgin and Vafeiadis 2013, whose VFresh, VRepet, VOrd and VWit these are; VRepet is met where
//! operations become a collection). A queue history without operations of unknown outcome is linearizable iff
//! 1. no value is removed before it is inserted;
//! 2. no two values are *crossed*: a's insert returned before b's was called, and b's remove returned before a's was
//!    called;
//! 3. every answer *empty* has a gap in its interval.
//!
//! Only if: plain. If: cut the history at a gap for each empty (see the module above). No cut crosses values anew. In a
//! part between two cuts let a → b mean that a's insert returned before b's was called, or a's remove before b's was
//! called; a never removed counts as removed after all. Take away again and again a value that no value left must come
//! before. One that can't be taken away has its insert called after the earliest return of an insert left, of value
//! u, or its remove called after the earliest return of a remove left, of value w. If none can be taken, then
//! neither can u and w; so w → u by the removes, u → w by the inserts, and u and w are crossed. So an order of the values
//! is found, in which each has a moment for its insert, the latest call of an insert up to it, and for its remove, the
//! latest call of a remove up to it. Both are inside their intervals, because nothing before it must come after it, and
//! both grow along the order. This is a queue's order, and the answer here.
//!
//! **Removes of unknown outcome.** Let U be the values whose insert was answered and that nobody is known to have
//! removed. If such a value's insert returned before the insert of a removed value w was called, then it was
//! removed before w, by a pending remove called by the time w's remove returned; the same for an empty at moment t, and
//! a call by t. So it is necessary that the values of U whose insert returned before w's was called are no more than
//! the pending removes called by w's return, and likewise for t. This is enough: a value of U that has to go before w has
//! to go before whatever a value with a later insert has to go before, so deadlines grow with the returns of the inserts,
//! the sets counted nest, and the i-th value by return can be given the i-th remove by call. Then 2 holds with those
//! values: of two of them the inserts' returns and the removes' calls come in the same order, and a removed w that is
//! crossed with one would be a missed deadline. Each condition names one w or one t, so each empty may choose its
//! moment for itself.
//!
//! O(n log n) time, O(n) memory.

use super::empties::{self, Ledger};
use super::shrink::Found;
use super::tight::{LATE, Tight, tighten};
use super::{Clash, Collection};
use anachron_vocabulary::OperationId;

use crate::table::count;

/// Decides; the clash need not be minimal.
pub(super) fn decide(collection: &Collection) -> Option<Found> {
    let mut tights = match tighten(collection)? {
        Ok(tights) => tights,
        Err(clash) => return Some(Found::Clash(clash)),
    };
    let ledger = Ledger::new(collection, &tights);
    let moments: Vec<i64> = match empties::moments(collection, &tights, &ledger) {
        Ok(moments) => moments.iter().map(|moment| moment.chosen).collect(),
        Err(index) => return Some(empties::clash(collection, &tights, &ledger, index)),
    };
    if let Some(clash) = too_few_removes(&tights, &ledger) {
        return Some(Found::Clash(clash));
    }
    give_removes(collection, &mut tights, &ledger, moments.iter().copied().max());
    Some(in_parts(collection, &tights, &moments))
}

/// The removed value with the fewest pending removes that needs more of them to go before it, with what needs them.
fn too_few_removes(tights: &[Tight], ledger: &Ledger) -> Option<Clash> {
    let needs_more =
        |tight: &&Tight| ledger.inserted_before(tight.insert_call) > ledger.called_by(tight.remove_return);
    let late = tights.iter().filter(|tight| !tight.stays()).filter(needs_more);
    let first = late.min_by_key(|tight| tight.remove_return)?;
    let removes = ledger.called_by(first.remove_return);
    let mut before: Vec<&Tight> = tights.iter().filter(|tight| tight.stays()).collect();
    before.sort_unstable_by_key(|tight| tight.insert_return);
    let mut elements: Vec<usize> = before.iter().take(removes + 1).map(|tight| tight.element).collect();
    elements.push(first.element);
    elements.sort_unstable();
    Some(Clash { elements, ..Clash::default() })
}

/// Gives every value that has to go a pending remove: the i-th the i-th.
fn give_removes(collection: &Collection, tights: &mut [Tight], ledger: &Ledger, last_empty: Option<i64>) {
    let followers = tights.iter().filter(|tight| !tight.stays()).map(|tight| tight.insert_call);
    let going = followers.chain(last_empty).max().map_or(0, |moment| ledger.inserted_before(moment));
    if going == 0 {
        return;
    }
    let mut staying: Vec<&mut Tight> = tights.iter_mut().filter(|tight| tight.stays()).collect();
    staying.sort_unstable_by_key(|tight| tight.insert_return);
    let mut removes = collection.pending.clone();
    removes.sort_unstable_by_key(|pending| pending.call);
    assert!(going <= removes.len(), "the last deadline was counted too");
    for (tight, remove) in staying.into_iter().zip(&removes).take(going) {
        tight.remove = Some(remove.id);
        tight.remove_call = remove.call.max(tight.insert_call);
        tight.remove_return = LATE;
    }
}

/// The order: part by part, with the empties in between.
fn in_parts(collection: &Collection, tights: &[Tight], moments: &[i64]) -> Found {
    let mut empties: Vec<(i64, usize)> = moments.iter().copied().zip(0..).collect();
    empties.sort_unstable();
    let mut values: Vec<(usize, u32)> = tights
        .iter()
        .enumerate()
        .map(|(index, tight)| {
            (empties.partition_point(|&(moment, _)| moment < tight.remove_call), count(index))
        })
        .collect();
    values.sort_unstable();
    let mut order = Vec::with_capacity(2 * tights.len() + empties.len());
    let mut left = &values[..];
    let mut emitted = 0;
    while let Some(&(part, _)) = left.first() {
        order.extend(empties[emitted..part].iter().map(|&(_, index)| collection.empties[index].id));
        emitted = part;
        let length = left.partition_point(|&(other, _)| other == part);
        let members: Vec<u32> = left[..length].iter().map(|&(_, index)| index).collect();
        left = &left[length..];
        match order_of_values(tights, &members) {
            Ok(members) => schedule(tights, &members, &mut order),
            Err(crossed) => {
                let crossed = crossed.map(|index| &tights[index as usize]);
                assert!(crossed.iter().all(|tight| tight.remove_return != LATE), "those were given in order");
                let mut elements = crossed.map(|tight| tight.element);
                elements.sort_unstable();
                return Found::Clash(Clash { elements: elements.to_vec(), ..Clash::default() });
            }
        }
    }
    order.extend(empties[emitted..].iter().map(|&(_, index)| collection.empties[index].id));
    Found::Order(order)
}

/// An order of values none of which must come before an earlier one, or two that are crossed.
fn order_of_values(tights: &[Tight], members: &[u32]) -> Result<Vec<u32>, [u32; 2]> {
    let at = |local: u32| &tights[members[local as usize] as usize];
    let sorted_by = |key: fn(&Tight) -> i64| {
        let mut sorted: Vec<u32> = (0..count(members.len())).collect();
        sorted.sort_unstable_by_key(|&local| (key(at(local)), local));
        sorted
    };
    let insert_calls = sorted_by(|tight| tight.insert_call);
    let insert_returns = sorted_by(|tight| tight.insert_return);
    let remove_calls = sorted_by(|tight| tight.remove_call);
    let remove_returns = sorted_by(|tight| tight.remove_return);
    // Of the two calls that a value waits to be reached, how many are; and whether it is in the order.
    let mut reached = vec![0_u8; members.len()];
    let mut placed = vec![false; members.len()];
    let mut ready = Vec::new();
    let mut order = Vec::with_capacity(members.len());
    let [mut inserted, mut removed, mut insert_next, mut remove_next] = [0; 4];
    while order.len() < members.len() {
        while placed[insert_returns[inserted] as usize] {
            inserted += 1;
        }
        while placed[remove_returns[removed] as usize] {
            removed += 1;
        }
        let (u, w) = (insert_returns[inserted], remove_returns[removed]);
        let mut reach = |calls: &[u32], next: &mut usize, key: fn(&Tight) -> i64, until: i64| {
            while let Some(&local) = calls.get(*next).filter(|&&local| key(at(local)) <= until) {
                reached[local as usize] += 1;
                if reached[local as usize] == 2 {
                    ready.push(local);
                }
                *next += 1;
            }
        };
        reach(&insert_calls, &mut insert_next, |tight| tight.insert_call, at(u).insert_return);
        reach(&remove_calls, &mut remove_next, |tight| tight.remove_call, at(w).remove_return);
        let Some(local) = ready.pop() else {
            assert!(
                at(u).insert_return < at(w).insert_call && at(w).remove_return < at(u).remove_call,
                "these two are crossed"
            );
            return Err([members[u as usize], members[w as usize]]);
        };
        placed[local as usize] = true;
        order.push(members[local as usize]);
    }
    Ok(order)
}

/// Gives each operation its moment and appends them by moment: at one moment the inserts first.
fn schedule(tights: &[Tight], members: &[u32], order: &mut Vec<OperationId>) {
    let mut inserts = Vec::with_capacity(members.len());
    let mut removes = Vec::with_capacity(members.len());
    let [mut insert_moment, mut remove_moment] = [i64::MIN; 2];
    for &member in members {
        let tight = &tights[member as usize];
        insert_moment = insert_moment.max(tight.insert_call);
        remove_moment = remove_moment.max(tight.remove_call);
        assert!(
            insert_moment <= tight.insert_return && remove_moment <= tight.remove_return,
            "nothing in front must come behind"
        );
        inserts.push((insert_moment, tight.insert));
        if let Some(remove) = tight.remove {
            removes.push((remove_moment, remove));
        }
    }
    let mut removes = removes.into_iter().peekable();
    for (moment, insert) in inserts {
        while let Some((_, remove)) = removes.next_if(|&(removed, _)| removed < moment) {
            order.push(remove);
        }
        order.push(insert);
    }
    order.extend(removes.map(|(_, remove)| remove));
}
