//! A history with a few elements only, small enough to be looked at again and again.
//!
//! Why it exists: take all operations on other elements out of a collection's legal order, and these elements out of
//! what the reads of the whole show, and it is still legal. So a violation among a few elements is one of the whole, and the
//! core that is found there is a core of the whole (`verify/projection.rs`, `verify/cells.rs`). Each proposal then costs as
//! much as there is to see of these elements, however long the history; and a collection that falls apart but for its
//! reads of the whole, or whose values come twice, is searched element by element before it is searched as it is.
//!
//! What it promises: the verifier has seen every core in the whole history. Nothing found is no verdict.
//!
//! Left out on purpose: violations that take three elements, or two of which neither is near the place where the search
//! got stuck. The core of the search does those.

use std::collections::{BTreeMap, BTreeSet};

use anachron_history::{History, Record};
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use super::object::{self, Judge, elements};
use crate::{Budget, CheckOptions, Core, CoreOperation, Model, Part, Verdict, partition};

/// Configurations that the search among a few elements may take.
const TRIAL: u64 = 3_000;
/// How many violations are compared before the smallest core is taken.
const COMPARED: usize = 4;
/// A core of so many operations is not compared with others.
const GOOD_ENOUGH: usize = 4;
/// How many reads of the whole that don't show an element are looked at for the nearest to a moment.
const NEAR: usize = 4;
/// Pairs of elements that are looked at.
const PAIRS: usize = 200;

/// Some of an object's operations, as an object of their own.
pub(super) struct Projection {
    history: History,
    options: CheckOptions,
    /// What each operation is in the whole, ascending.
    ids: Vec<OperationId>,
}

/// What a read of the whole, or the answer *empty*, shows.
fn shown(record: &Record) -> Option<&[Value]> {
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(Value::List(elements)))) => Some(elements),
        (
            Operation::Read | Operation::Dequeue | Operation::Pop | Operation::ExtractMin,
            Outcome::Ok(Reply::Value(Value::Null)),
        ) => Some(&[]),
        _ => None,
    }
}

/// True if nobody knows what the operation removed, if anything.
fn removes_any(record: &Record) -> bool {
    matches!(record.operation, Operation::Dequeue | Operation::Pop | Operation::ExtractMin)
        && record.outcome == Outcome::Unknown
}

impl Projection {
    /// These operations, with nothing but these elements in what they show.
    fn new(part: &Part<'_>, mut ids: Vec<OperationId>, among: &BTreeSet<&Value>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let only = |list: &[Value]| -> Value { list.iter().filter(|e| among.contains(e)).cloned().collect() };
        let records = ids.iter().map(|&id| {
            let record = part.history.record(id);
            let mut record = Record { key: Key(0), ..record.clone() };
            if let Outcome::Ok(Reply::Value(Value::List(list))) = &record.outcome {
                let list = only(list);
                record.outcome = Outcome::Ok(Reply::Value(list));
            }
            record
        });
        let initial = match &part.initial {
            Value::List(list) => only(list),
            other => other.clone(),
        };
        let history = History { records: records.collect(), ..History::default() };
        Self { history, options: CheckOptions { model: part.model, initial }, ids }
    }

    /// Whatever is about the elements of a core, and what else it holds.
    pub(super) fn around(part: &Part<'_>, core: &Core) -> Self {
        let kept = || core.operations.iter().map(|kept| part.history.record(kept.id));
        let among: BTreeSet<&Value> = kept().filter_map(elements).collect();
        let about = |id: &&OperationId| {
            let record = part.history.record(**id);
            removes_any(record) || elements(record).is_some_and(|element| among.contains(element))
        };
        let ids = part.ids.iter().filter(about).copied();
        Self::new(part, ids.chain(core.operations.iter().map(|kept| kept.id)).collect(), &among)
    }

    fn part(&self) -> Part<'_> {
        let parts = partition(&self.history, &self.options).expect("the model knows its own operations");
        parts.into_iter().next().expect("a projection has operations")
    }

    fn map(core: &Core, id: impl Fn(OperationId) -> OperationId) -> Core {
        let kept = |kept: &CoreOperation| CoreOperation { id: id(kept.id), ..*kept };
        Core {
            operations: core.operations.iter().map(kept).collect(),
            longest_order: core.longest_order.iter().map(|&known| id(known)).collect(),
            ..*core
        }
    }

    /// The core of the whole that is made from this one of the whole by leaving out what can go here.
    pub(super) fn smaller(&self, core: &Core, budget: &mut Budget<'_>) -> Option<Core> {
        let place = |id| self.ids.binary_search(&id).expect("the projection holds the core");
        let order = core.longest_order.iter().filter(|id| self.ids.binary_search(id).is_ok());
        let core = Core { longest_order: order.copied().collect(), ..core.clone() };
        let inside = Self::map(&core, |id| OperationId::from_index(place(id)));
        let part = self.part();
        let mut judge = Judge::new(&part, budget);
        judge.accepts(&inside).then(|| self.outside(&judge.smaller(inside)))
    }

    fn outside(&self, core: &Core) -> Core {
        Self::map(core, |id| self.ids[id.index()])
    }

    /// The core of what is here, as a core of the whole.
    fn core(&self, budget: &mut Budget<'_>) -> Option<Core> {
        let part = self.part();
        let mut stop = || budget.stopped();
        let mut trial = Budget::with_stop(&mut stop).configurations(TRIAL);
        match part.decided(&mut trial).verdict {
            Verdict::NotLinearizable(core) => Some(self.outside(&core)),
            _ => None,
        }
    }
}

/// An object's operations by what they speak of.
struct Index<'h> {
    /// By position, ascending.
    about: BTreeMap<&'h Value, Vec<OperationId>>,
    /// Removes of nobody knows what.
    any: Vec<OperationId>,
    /// Those that show the whole, by call, and by return.
    by_call: Vec<(OperationId, &'h Record)>,
    by_return: Vec<(OperationId, &'h Record)>,
}

impl<'h> Index<'h> {
    fn new(part: &Part<'h>) -> Self {
        let (mut about, mut any, mut by_call) = (BTreeMap::new(), Vec::new(), Vec::new());
        for &id in &part.ids {
            let record = part.history.record(id);
            if let Some(element) = elements(record) {
                about.entry(element).or_insert_with(Vec::new).push(id);
            } else if removes_any(record) {
                any.push(id);
            } else if let Some(shown) = shown(record) {
                by_call.push((id, record));
                for element in shown {
                    let ids: &mut Vec<OperationId> = about.entry(element).or_insert_with(Vec::new);
                    // Shown twice, it is the same read.
                    if ids.last() != Some(&id) {
                        ids.push(id);
                    }
                }
            }
        }
        by_call.sort_by_key(|(id, record)| (record.call, *id));
        let mut by_return = by_call.clone();
        by_return.sort_by_key(|(id, record)| (record.returned(), *id));
        Self { about, any, by_call, by_return }
    }

    /// What is about an element, and the reads nearest to it that don't show it.
    fn near(&self, part: &Part<'_>, element: &Value) -> Vec<OperationId> {
        let mut ids = self.any.clone();
        let about = &self.about[element];
        for &id in about {
            ids.push(id);
            let record = part.history.record(id);
            let lacks = |(id, _): &&(OperationId, &Record)| about.binary_search(id).is_err();
            for time in [Some(record.call), record.returned()].into_iter().flatten() {
                let after = self.by_call.partition_point(|(_, read)| read.call <= time);
                let before = self.by_return.partition_point(|(_, read)| read.returned() < Some(time));
                ids.extend(self.by_call[after..].iter().take(NEAR).find(lacks).map(|(id, _)| *id));
                ids.extend(self.by_return[..before].iter().rev().take(NEAR).find(lacks).map(|(id, _)| *id));
            }
        }
        ids
    }
}

/// Keeps the smallest core that the verifier accepts in the whole history.
struct Best<'a, 'h> {
    part: &'a Part<'h>,
    core: Option<Core>,
    seen: usize,
}

impl Best<'_, '_> {
    /// True if it is time to stop.
    fn offer(&mut self, core: Option<Core>, budget: &mut Budget<'_>) -> bool {
        let size = |core: &Core| core.operations.len();
        if let Some(core) = core
            && self.core.as_ref().is_none_or(|best| size(&core) < size(best))
            && Judge::new(self.part, budget).accepts(&core)
        {
            self.seen += 1;
            self.core = Some(core);
        }
        budget.stopped()
            || self.seen >= COMPARED
            || self.core.as_ref().is_some_and(|best| size(best) <= GOOD_ENOUGH)
    }
}

/// A core about one element alone, if there is one.
pub(crate) fn of_one_element(part: &Part<'_>, budget: &mut Budget<'_>) -> Option<Core> {
    let index = Index::new(part);
    if index.about.len() < 2 || !object::is_collection(part.model) {
        return None;
    }
    let mut best = Best { part, core: None, seen: 0 };
    for &element in index.about.keys() {
        let projection = Projection::new(part, index.near(part, element), &BTreeSet::from([element]));
        let core = projection.core(budget);
        if best.offer(core, budget) {
            break;
        }
    }
    best.core
}

/// A core about two elements, one of which was removed near the end of a core that is known.
pub(super) fn of_two_elements(part: &Part<'_>, known: &Core, budget: &mut Budget<'_>) -> Option<Core> {
    if !matches!(part.model, Model::Queue | Model::Stack | Model::PriorityQueue) {
        return None;
    }
    let index = Index::new(part);
    // A pair is a projection too, and looked at in the same way.
    if index.about.len() < 3 {
        return None;
    }
    let record = |id: OperationId| part.history.record(id);
    let mut last: Vec<&Record> = known.operations.iter().map(|kept| record(kept.id)).collect();
    last.retain(|record| record.returned().is_some() && elements(record).is_some());
    last.sort_by_key(|record| std::cmp::Reverse(record.returned()));
    let mut best = Best { part, core: None, seen: 0 };
    let mut tried: BTreeSet<BTreeSet<&Value>> = BTreeSet::new();
    for late in last {
        let Some(element) = elements(late) else { continue };
        // Whoever is certainly there when it takes effect.
        let is_there = |ids: &[OperationId]| {
            let inserts =
                ids.iter().filter(|&&id| object::inserts(&record(id).operation) && record(id).precedes(late));
            let removes = ids.iter().filter(|&&id| {
                shown(record(id)).is_none()
                    && !object::inserts(&record(id).operation)
                    && !late.precedes(record(id))
            });
            inserts.count() > removes.count()
        };
        let there = index.about.iter().filter(|(other, ids)| **other != element && is_there(ids));
        for (other, _) in there {
            let pair = BTreeSet::from([element, *other]);
            if !tried.insert(pair.clone()) {
                continue;
            }
            if tried.len() > PAIRS {
                return best.core;
            }
            let ids = pair.iter().flat_map(|element| index.about[element].iter()).chain(&index.any);
            let core = Projection::new(part, ids.copied().collect(), &pair).core(budget);
            if best.offer(core, budget) {
                return best.core;
            }
        }
    }
    best.core
}
