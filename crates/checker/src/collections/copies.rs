//! Values that were inserted more than once, told apart by who removed which copy.
//!
//! Why it exists: the theorems want every value to be inserted once, and one that two clients inserted by chance would leave
//! the whole history to a search that does not end. But a legal order says of each remove which copy it removed. Let
//! that be known and give each copy a name of its own: the order is one of a collection of unique values, and the other way
//! round. So a history has an order iff it has one for some *matching* of each such value's removes with its inserts.
//!
//! - *Matchings.* A remove can't have returned before its insert was called. Copies are interchangeable, so of two of
//!   their inserts of which one was called and returned no later than the other, that one may be taken to come first, and
//!   the same of removes. Then a queue removes the first first, and a priority queue may. A stack can't remove the
//!   lower of two that were both there before either was removed.
//! - *Which to try.* Each value has its likeliest matching at first. A clash that has no copy in it stands whatever the
//!   matchings are. Else one value of which it has a copy is tried with all its matchings, the others as they were; a
//!   clash without this value ends the trial. All clashes together prove that there is no order: with all operations
//!   on their values there is a clash under each matching.
//!
//! Left out on purpose: values with many copies that overlap. After a few trials this road is given up.

use std::collections::BTreeMap;

use anachron_vocabulary::OperationId;

use super::parts::Decided;
use super::{Action, Collection, Event, Theorem, Unfit};
use crate::Budget;
use crate::table::count;

/// Matchings of one value, and pairs of an insert and a remove tried to find them, before the road is given up.
const MATCHINGS: usize = 24;
const PAIRS_TRIED: usize = 4_000;
/// Operations that are looked at in all trials together, and in the search for what to try.
const OPERATIONS_LOOKED_AT: usize = 20_000_000;

/// Which copy leaves first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leaves {
    First,
    Last,
    Any,
}

/// A value's copies: indices of events.
#[derive(Clone, Debug, Default)]
struct Copies {
    inserts: Vec<usize>,
    removes: Vec<usize>,
}

/// For each remove, by position, the position of its insert.
type Matching = Vec<usize>;

/// Decides a collection with copies; `None` if there would be too much to try, the theorem does not say, or the budget
/// is spent.
pub(super) fn decide(
    events: &[Event],
    leaves: Leaves,
    theorem: Theorem,
    budget: &mut Budget<'_>,
) -> Option<Decided> {
    let mut by_value: BTreeMap<u32, Copies> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        match event.action {
            Action::Insert { value, .. } => by_value.entry(value).or_default().inserts.push(index),
            Action::Remove { value } if event.returned.is_some() => {
                by_value.entry(value).or_default().removes.push(index);
            }
            _ => {}
        }
    }
    let values = count(events.len()) + by_value.keys().max().map_or(0, |&value| value + 1);
    let mut copies: Vec<Copies> = by_value.into_values().filter(|copies| copies.inserts.len() > 1).collect();
    for copies in &mut copies {
        for list in [&mut copies.inserts, &mut copies.removes] {
            list.sort_by_key(|&index| (events[index].call, end(&events[index]), events[index].id));
        }
    }
    let mut of_operation: BTreeMap<OperationId, usize> = BTreeMap::new();
    for (number, copies) in copies.iter().enumerate() {
        let all = copies.inserts.iter().chain(&copies.removes);
        if copies.removes.len() > copies.inserts.len() {
            return Some(Decided::Clash(all.map(|&index| events[index].id).collect()));
        }
        of_operation.extend(all.map(|&index| (events[index].id, number)));
    }
    let has_pending =
        events.iter().any(|event| event.returned.is_none() && !matches!(event.action, Action::Insert { .. }));
    let mut trials = Trials {
        events,
        leaves,
        theorem,
        copies,
        of_operation,
        has_pending,
        values,
        patience: OPERATIONS_LOOKED_AT,
        budget,
    };
    let mut chosen = Vec::with_capacity(trials.copies.len());
    for number in 0..trials.copies.len() {
        match trials.matchings(number, 1)?.pop() {
            Some(matching) => chosen.push(matching),
            None => return Some(Decided::Clash(trials.operations_of(number))),
        }
    }
    let mut is_fixed = vec![false; chosen.len()];
    let decided = trials.decide(&mut chosen, &mut is_fixed)?;
    Some(match decided {
        Trial::Order(order) => Decided::Order(order),
        Trial::Clash { mut operations, copies } => {
            operations.extend(copies.iter().flat_map(|&number| trials.operations_of(number)));
            operations.sort_unstable();
            operations.dedup();
            Decided::Clash(operations)
        }
    })
}

/// What came of a trial.
enum Trial {
    Order(Vec<OperationId>),
    /// No order, and the values with copies that this is said of.
    Clash {
        operations: Vec<OperationId>,
        copies: Vec<usize>,
    },
}

struct Trials<'a, 'b> {
    events: &'a [Event],
    leaves: Leaves,
    theorem: Theorem,
    /// The values with copies.
    copies: Vec<Copies>,
    of_operation: BTreeMap<OperationId, usize>,
    /// Some remove is pending.
    has_pending: bool,
    /// How many names there are, each copy's own included.
    values: u32,
    patience: usize,
    budget: &'a mut Budget<'b>,
}

impl Trials<'_, '_> {
    fn operations_of(&self, number: usize) -> Vec<OperationId> {
        let Copies { inserts, removes } = &self.copies[number];
        inserts.iter().chain(removes).map(|&index| self.events[index].id).collect()
    }

    /// Tries the matchings chosen, and all others of the values that are not fixed as far as they matter.
    fn decide(&mut self, chosen: &mut [Matching], is_fixed: &mut [bool]) -> Option<Trial> {
        let (mut operations, mut copies) = match self.with(chosen)? {
            Trial::Order(order) => return Some(Trial::Order(order)),
            Trial::Clash { operations, copies } => (operations, copies),
        };
        let Some(&tried) = copies.iter().find(|&&number| !is_fixed[number]) else {
            return Some(Trial::Clash { operations, copies });
        };
        let usual = chosen[tried].clone();
        is_fixed[tried] = true;
        for matching in self.matchings(tried, MATCHINGS)? {
            chosen[tried] = matching;
            match self.decide(chosen, is_fixed)? {
                Trial::Order(order) => return Some(Trial::Order(order)),
                clash @ Trial::Clash { .. } if !clash.is_about(tried) => {
                    (is_fixed[tried], chosen[tried]) = (false, usual);
                    return Some(clash);
                }
                Trial::Clash { operations: more, copies: others } => {
                    operations.extend(more);
                    copies.extend(others);
                }
            }
        }
        (is_fixed[tried], chosen[tried]) = (false, usual);
        copies.sort_unstable();
        copies.dedup();
        operations.sort_unstable();
        operations.dedup();
        Some(Trial::Clash { operations, copies })
    }

    /// What the theorem says if these are the matchings.
    fn with(&mut self, chosen: &[Matching]) -> Option<Trial> {
        self.patience = self.patience.checked_sub(self.events.len())?;
        if self.budget.stopped() {
            return None;
        }
        let mut events = self.events.to_vec();
        let mut name = self.values - count(self.events.len());
        for (copies, matching) in self.copies.iter().zip(chosen) {
            for &insert in &copies.inserts {
                let Action::Insert { value, .. } = &mut events[insert].action else {
                    unreachable!("an insert was listed");
                };
                *value = name;
                name += 1;
            }
            let first = name - count(copies.inserts.len());
            for (&remove, &insert) in copies.removes.iter().zip(matching) {
                events[remove].action = Action::Remove { value: first + count(insert) };
            }
        }
        let operations = match Collection::gather(&events) {
            Ok(collection) => match (self.theorem)(&collection)? {
                super::Decided::Order(order) => return Some(Trial::Order(order)),
                super::Decided::Clash(clash) => clash.operations(&collection),
            },
            Err(Unfit::Clash(operations)) => operations,
            Err(Unfit::NotUnique) => unreachable!("each copy has a name of its own"),
        };
        let mut copies: Vec<usize> =
            operations.iter().filter_map(|id| self.of_operation.get(id)).copied().collect();
        copies.sort_unstable();
        copies.dedup();
        Some(Trial::Clash { operations, copies })
    }

    /// The matchings of a value, the likeliest first; `None` if there are more than `limit` and that is not the first.
    fn matchings(&mut self, number: usize, limit: usize) -> Option<Vec<Matching>> {
        let mut search = Search {
            inserts: self.copies[number].inserts.iter().map(|&index| &self.events[index]).collect(),
            removes: self.copies[number].removes.iter().map(|&index| &self.events[index]).collect(),
            leaves: self.leaves,
            none_is_skipped: self.leaves == Leaves::First && !self.has_pending,
            limit,
            is_taken: vec![false; self.copies[number].inserts.len()],
            patience: self.patience,
            pairs_left: PAIRS_TRIED + self.copies[number].inserts.len(),
            found: Vec::new(),
        };
        let is_all = search.extend(&mut Vec::new());
        self.patience = search.patience;
        (is_all || limit == 1).then_some(search.found).filter(|found| is_all || !found.is_empty())
    }
}

impl Trial {
    fn is_about(&self, number: usize) -> bool {
        matches!(self, Self::Clash { copies, .. } if copies.contains(&number))
    }
}

/// The search for the matchings of one value.
struct Search<'a> {
    inserts: Vec<&'a Event>,
    removes: Vec<&'a Event>,
    leaves: Leaves,
    /// No copy can stay while another leaves that came in behind it.
    none_is_skipped: bool,
    limit: usize,
    /// Inserts that the matching at hand has.
    is_taken: Vec<bool>,
    /// Operations that may still be looked at.
    patience: usize,
    pairs_left: usize,
    found: Vec<Matching>,
}

fn end(event: &Event) -> i64 {
    event.returned.unwrap_or(i64::MAX)
}

/// True if the first of two that do the same may be taken to come first.
fn comes_first(first: &Event, second: &Event) -> bool {
    (first.call, end(first), first.id) < (second.call, end(second), second.id) && end(first) <= end(second)
}

impl Search<'_> {
    /// Finds all that begin so; false if there are too many.
    fn extend(&mut self, matching: &mut Matching) -> bool {
        let Some(&remove) = self.removes.get(matching.len()) else {
            if self.found.len() == self.limit {
                return false;
            }
            self.found.push(matching.clone());
            return true;
        };
        let Some(patience) = self.patience.checked_sub(self.inserts.len()) else { return false };
        self.patience = patience;
        let last_first = match self.leaves {
            // Of those that were there for certain the last one.
            Leaves::Last => self.inserts.partition_point(|insert| insert.call <= remove.call),
            Leaves::First | Leaves::Any => 0,
        };
        for insert in (0..last_first).rev().chain(last_first..self.inserts.len()) {
            if self.is_taken[insert] || self.inserts[insert].call > end(remove) {
                continue;
            }
            let Some(patience) = self.patience.checked_sub(matching.len()) else { return false };
            self.patience = patience;
            let is_possible = |other| self.is_possible((matching[other], other), (insert, matching.len()));
            if !(0..matching.len()).all(is_possible) || self.skips_one(matching, insert) {
                continue;
            }
            let Some(pairs_left) = self.pairs_left.checked_sub(1) else { return false };
            self.pairs_left = pairs_left;
            matching.push(insert);
            self.is_taken[insert] = true;
            let goes_on = self.extend(matching);
            self.is_taken[insert] = false;
            matching.pop();
            if !goes_on {
                return false;
            }
        }
        true
    }

    /// True if some copy that certainly came in would stay in front of this one for ever.
    fn skips_one(&self, matching: &Matching, insert: usize) -> bool {
        let remove = self.removes[matching.len()];
        let is_stuck = |&other: &usize| {
            self.inserts[other].returned.is_some()
                && comes_first(self.inserts[other], self.inserts[insert])
                && !self.is_taken[other]
        };
        self.none_is_skipped
            && self.removes[matching.len() + 1..].iter().all(|later| comes_first(remove, later))
            && (0..insert).any(|other| is_stuck(&other))
    }

    /// True if two removes may have removed these two copies: (insert, remove) each.
    fn is_possible(&self, one: (usize, usize), other: (usize, usize)) -> bool {
        let pair = |(insert, remove): (usize, usize)| (self.inserts[insert], self.removes[remove]);
        let possible = |(insert, remove): (&Event, &Event),
                        (later_insert, later_remove): (&Event, &Event)| {
            match self.leaves {
                Leaves::First | Leaves::Any => {
                    !(comes_first(insert, later_insert) && comes_first(later_remove, remove))
                }
                Leaves::Last => {
                    !(end(insert) < later_insert.call
                        && end(later_insert) < remove.call
                        && end(remove) < later_remove.call)
                }
            }
        };
        possible(pair(one), pair(other)) && possible(pair(other), pair(one))
    }
}
