//! Makes a clash as small as it gets by leaving things out.
//!
//! By projection, what is left of a history that has an order has one too. So if a clash without some of its values and
//! empties is still one, it is the better proof; and what can't go at some time can't go later either, when still
//! less is left. One pass over single things is therefore enough; larger chunks go first, to get there sooner (delta
//! debugging: Zeller and Hildebrandt 2002). A chain needs no pass: it has as few links as can be.

use anachron_vocabulary::OperationId;

use super::{Clash, Collection, Decided};

/// What a theorem finds, before a clash is made small and gets its pending removes.
pub(super) enum Found {
    /// A legal order.
    Order(Vec<OperationId>),
    /// These have none, whatever all the pending removes of the collection did.
    Clash(Clash),
    /// Neither have these. They are a value or an empty, and a chain of values in its way that has a gap if any is
    /// left out.
    Chain(Clash, Item),
}

/// A value or an answer *empty*, by index.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Item {
    Element(usize),
    Empty(usize),
}

/// How a collection is decided.
type Decide = fn(&Collection) -> Option<Found>;

/// How many values and empties may be decided again and again before a clash is left as it is.
const PATIENCE: usize = 4_000_000;

/// Decides, and shrinks the clash, if that is the answer.
pub(super) fn with_small_clash(collection: &Collection, decide: Decide) -> Option<Decided> {
    let mut shrinker = Shrinker { collection, decide, patience: PATIENCE };
    let found = match decide(collection)? {
        Found::Order(order) => return Some(Decided::Order(order)),
        // A clash of values that were removed is smaller than one that has to count pending removes.
        Found::Clash(clash) if shrinker.needs_pending(&clash) => {
            match shrinker.part(removed_only(collection)) {
                Some(found @ (Found::Clash(_) | Found::Chain(..))) => found,
                _ => Found::Clash(clash),
            }
        }
        found => found,
    };
    let mut clash = shrinker.shrunk(found);
    if shrinker.needs_pending(&clash) {
        clash.pending = shrinker.timely_removes(&clash);
    }
    Some(Decided::Clash(clash))
}

/// All values that somebody is known to have removed, and all empties.
fn removed_only(collection: &Collection) -> Clash {
    let mut clash = Clash::everything(collection);
    clash.elements.retain(|&index| collection.elements[index].remove.is_some());
    clash
}

struct Shrinker<'a> {
    collection: &'a Collection,
    decide: Decide,
    patience: usize,
}

impl Shrinker<'_> {
    fn shrunk(&mut self, mut found: Found) -> Clash {
        while let Found::Chain(clash, apex) = found {
            let mut items = items(&clash);
            items.retain(|&item| item != apex);
            found = match self.part(clash_of(&items)) {
                Some(smaller @ (Found::Clash(_) | Found::Chain(..))) => smaller,
                rest => return Clash { minimal: rest.is_some(), ..clash },
            };
        }
        let Found::Clash(clash) = found else { unreachable!("an order is not shrunk") };
        let mut items = items(&clash);
        let mut minimal = true;
        let mut chunk = items.len().next_power_of_two() / 2;
        while chunk > 0 {
            let mut start = 0;
            while start < items.len() {
                let next = items[start];
                let mut rest = items.clone();
                rest.drain(start..items.len().min(start + chunk));
                match self.part(clash_of(&rest)) {
                    Some(chain @ Found::Chain(..)) => return self.shrunk(chain),
                    // What it names is often still less. What stood in front of `next` and could not go is still there.
                    Some(Found::Clash(named)) => {
                        items = self::items(&named);
                        start = items.partition_point(|&item| item < next);
                    }
                    Some(Found::Order(_)) => start += chunk,
                    None => {
                        minimal &= chunk > 1;
                        start += chunk;
                    }
                }
            }
            chunk /= 2;
        }
        Clash { minimal, ..clash_of(&items) }
    }

    /// Decides a part with all pending removes that can matter to it, in terms of the whole; `None` too if patience is
    /// at an end.
    fn part(&mut self, mut part: Clash) -> Option<Found> {
        self.patience = self.patience.checked_sub(part.elements.len() + part.empties.len())?;
        if self.needs_pending(&part) {
            part.pending = self.timely_removes(&part);
        }
        Some((self.decide)(&self.collection.part(&part))?.within(&part))
    }

    /// True if a pending remove can have removed something of this.
    fn needs_pending(&self, part: &Clash) -> bool {
        part.elements.iter().any(|&index| self.collection.elements[index].remove.is_none())
    }

    /// The pending removes but those that were called after everything else was over: they come after it in
    /// every order, and help nobody.
    fn timely_removes(&self, part: &Clash) -> Vec<usize> {
        let of_element = |&index: &usize| {
            let element = &self.collection.elements[index];
            element.remove.map(|remove| remove.returned).max(element.insert.returned)
        };
        let of_empty = |&index: &usize| self.collection.empties[index].returned;
        let over = part.elements.iter().filter_map(of_element).chain(part.empties.iter().map(of_empty)).max();
        (0..self.collection.pending.len())
            .filter(|&index| Some(self.collection.pending[index].call) <= over)
            .collect()
    }
}

fn items(clash: &Clash) -> Vec<Item> {
    let elements = clash.elements.iter().map(|&index| Item::Element(index));
    elements.chain(clash.empties.iter().map(|&index| Item::Empty(index))).collect()
}

fn clash_of(items: &[Item]) -> Clash {
    let mut clash = Clash::default();
    for &item in items {
        match item {
            Item::Element(index) => clash.elements.push(index),
            Item::Empty(index) => clash.empties.push(index),
        }
    }
    clash
}

impl Found {
    /// What was found in a part of a collection, in terms of the whole.
    fn within(self, whole: &Clash) -> Self {
        match self {
            Self::Order(order) => Self::Order(order),
            Self::Clash(part) => Self::Clash(part.within(whole)),
            Self::Chain(part, apex) => {
                let apex = match apex {
                    Item::Element(index) => Item::Element(whole.elements[index]),
                    Item::Empty(index) => Item::Empty(whole.empties[index]),
                };
                Self::Chain(part.within(whole), apex)
            }
        }
    }
}

impl Clash {
    /// All values and empties.
    pub(super) fn everything(collection: &Collection) -> Self {
        Self {
            elements: (0..collection.elements.len()).collect(),
            empties: (0..collection.empties.len()).collect(),
            ..Self::default()
        }
    }

    /// What it is in the whole of which `whole` lists the part that it was found in.
    fn within(&self, whole: &Self) -> Self {
        let map = |all: &[usize], chosen: &[usize]| chosen.iter().map(|&index| all[index]).collect();
        Self {
            elements: map(&whole.elements, &self.elements),
            empties: map(&whole.empties, &self.empties),
            ..Self::default()
        }
    }
}
