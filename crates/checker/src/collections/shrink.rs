//! Makes a clash as small as it gets by leaving things out.
//!
//! By projection, what is left of a history that has an order has one too. So if a clash without some of its values and
//! empties is still one, it is the better proof; and what can't go at some time can't go later either, when still
//! less is left. One pass over single things is therefore enough; larger chunks go first, to get there sooner (delta
//! debugging: Zeller and Hildebrandt 2002).

use super::{Clash, Collection, Decided};

/// Decides, and shrinks the clash, if that is the answer.
pub(super) fn with_small_clash(
    collection: &Collection,
    decide: fn(&Collection) -> Option<Decided>,
) -> Option<Decided> {
    match decide(collection)? {
        Decided::Clash(clash) => Some(Decided::Clash(shrunk(collection, &clash, decide))),
        order @ Decided::Order(_) => Some(order),
    }
}

/// A value or an answer *empty* of a clash.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Element(usize),
    Empty(usize),
}

fn shrunk(collection: &Collection, clash: &Clash, decide: fn(&Collection) -> Option<Decided>) -> Clash {
    let mut pending = clash.pending.clone();
    let mut items = items(clash);
    let mut chunk = items.len().next_power_of_two() / 2;
    while chunk > 0 {
        let mut start = 0;
        while start < items.len() {
            let mut rest = items.clone();
            rest.drain(start..items.len().min(start + chunk));
            let rest = clash_of(&rest, &pending);
            match decide(&collection.part(&rest)) {
                // What it names is often still less. What stood in front of `start` and could not go is still there.
                Some(Decided::Clash(named)) => {
                    let next = items[start];
                    let named = rest.within(&named);
                    items = self::items(&named);
                    pending = named.pending;
                    start = items.partition_point(|&item| item < next);
                }
                _ => start += chunk,
            }
        }
        chunk /= 2;
    }
    let mut clash = clash_of(&items, &pending);
    // A remove that was called after everything else was over comes after it in every order, and helps nobody.
    let part = collection.part(&clash);
    let removes = part
        .elements
        .iter()
        .map(|element| element.remove.map(|remove| remove.returned).max(element.insert.returned));
    let over = removes.chain(part.empties.iter().map(|empty| Some(empty.returned))).flatten().max();
    clash.pending.retain(|&index| Some(collection.pending[index].call) <= over);
    clash
}

fn items(clash: &Clash) -> Vec<Item> {
    let elements = clash.elements.iter().map(|&index| Item::Element(index));
    elements.chain(clash.empties.iter().map(|&index| Item::Empty(index))).collect()
}

fn clash_of(items: &[Item], pending: &[usize]) -> Clash {
    let mut clash = Clash { pending: pending.to_vec(), ..Clash::default() };
    for &item in items {
        match item {
            Item::Element(index) => clash.elements.push(index),
            Item::Empty(index) => clash.empties.push(index),
        }
    }
    clash
}

impl Clash {
    /// The clash that another one, found in the part of the collection that this one lists, is in the whole.
    fn within(&self, part: &Self) -> Self {
        let map = |all: &[usize], chosen: &[usize]| chosen.iter().map(|&index| all[index]).collect();
        Self {
            elements: map(&self.elements, &part.elements),
            empties: map(&self.empties, &part.empties),
            pending: map(&self.pending, &part.pending),
        }
    }
}
