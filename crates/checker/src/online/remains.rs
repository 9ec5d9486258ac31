//! A queue, a stack or a priority queue of a stream while its elements are unique: what is over goes, the rest is judged as
//! a file is.
//!
//! Why it exists: elements that nobody has taken yet may stand in any order, so the frontier of a search explodes. The
//! theorems of [`collections`] need no frontier; here is what they leave open, what can be forgotten.
//!
//! *What is certain.* Let the *cut* be a moment such that whatever removes something and is open, or is not yet told, was
//! called at the cut or later. Judged are the values whose remove returned before the cut, those whose insert did and that
//! nobody has begun to remove, and the answers *empty* from before the cut. What is judged is linearizable if the whole
//! is: values and empties can be left out (projection: see [`collections`]), and a remove that is called
//! only at the cut changes nothing before it. A value that was removed before the cut and whose insert is not known was
//! inserted too late.
//!
//! *What can be forgotten* once all was judged up to the cut and no violation was found. A value or an answer *empty* is
//! *over* if its remove returned before the cut, and before any was called that returned behind the cut. Such a remove is not
//! judged yet, as somebody may yet insert its value once more, so its value is *doubtful*; and so is every value that is
//! there, if some remove is of unknown outcome. Where no value is doubtful:
//! - *queue*: all that is over. It can be crossed only with a value whose remove is yet to be called: that one's
//!   insert would have returned before this one's was called, and the two clash now. It is in no later
//!   *empty*'s way, as it is certainly there only before its own remove was called.
//! - *priority queue*: all that is over. What its remove asks for was asked of removes that are called by now, and
//!   it is in the way only of removes that were called before its own was.
//! - *stack*: if the same values, all of them still there, are certainly there at one moment and at a later one, then
//!   what came and went between the two. Proof: let R be an order of the rest, and M one of what went, each operation of which
//!   can be clipped to the time between the two moments, as its values' inserts return after the first and their removes are
//!   called before the second. At the first moment the values that stay are in. What lies above them in R then can be popped
//!   at once or pushed only at the second moment, as the moments are gaps of all but the values that stay; so M
//!   goes on top of them, alone.
//!
//! So memory follows what is there and how much happens while the longest open remove is open.
//!
//! What is over may say by when a doubtful value is gone: in a queue, a value that was inserted behind it; in a priority queue,
//! a larger one; an *empty*. Then nothing is forgotten that happened since the doubtful value's insert returned. A stack's
//! loops say nothing of a value that stays, but of one that a remove of unknown outcome took.
//! So once such a remove has really taken a value, memory grows, and its limit ends it.
//!
//! *Where it ends.* An element that is inserted while it is known goes to the search, with all that is kept
//! ([`Remains::into_frontier`]); so does, at the end of the stream, what the theorems leave open.

use std::collections::{BTreeMap, BTreeSet};

use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use super::frontier::Frontier;
use super::{END, Told, Violation, Why, is_before};
use crate::collections::{self, Action, Collection, Decided, Event, Unfit};
use crate::table::{Interner, count};
use crate::{Budget, CheckOptions, Model, Specification};

/// Fewer new operations than this are not worth a look.
const BATCH: usize = 256;

/// How many configurations a look ahead may cost where the theorems leave it to the search.
const GLANCE: u64 = 10_000;

/// When what has no end yet ends.
const LATE: i64 = END;

/// A collection whose elements are unique.
#[derive(Clone, Debug, Default)]
pub(super) struct Remains {
    /// What is ok or of unknown outcome and not forgotten.
    told: Vec<Told>,
    /// Those whose end is not yet told.
    open: BTreeMap<u64, Told>,
    /// How many of `told` have been judged together.
    judged: usize,
}

/// What a look came to.
pub(super) enum Looked {
    /// Nothing, so far.
    Fine,
    Violated(Violation),
    /// The theorems don't say.
    Unsaid,
    /// They never will: a value was inserted twice.
    Unfit,
}

/// True if the theorems are about such objects.
pub(super) fn fits(model: Model) -> bool {
    matches!(model, Model::Queue | Model::Stack | Model::PriorityQueue)
}

/// The element that an operation brings in.
fn inserted(operation: &Operation) -> Option<&Value> {
    match operation {
        Operation::Enqueue(element) | Operation::Push(element) | Operation::Insert(element) => Some(element),
        _ => None,
    }
}

fn end(told: &Told) -> Option<i64> {
    told.answer.as_ref().map(|&(end, _)| end)
}

/// What a remove answered: the element, or `null` for *empty*.
fn removed(told: &Told) -> Option<&Value> {
    match &told.answer {
        Some((_, Reply::Value(value))) => Some(value),
        _ => None,
    }
}

/// A value: positions of its insert and its first remove among what is told.
#[derive(Clone, Copy, Default)]
struct Pair {
    insert: Option<usize>,
    remove: Option<usize>,
}

/// A value that was judged: when it was certainly brought in and taken out.
struct Lasting {
    pair: Pair,
    insert_call: i64,
    /// It was there at the latest from this moment on…
    from: i64,
    /// …and certainly so until this one; `LATE` if nobody is known to have removed it.
    until: i64,
    /// When its remove returned; `LATE` if nobody is known to have removed it.
    gone: i64,
}

impl Remains {
    pub(super) fn open(&mut self, told: Told) {
        let known = self.open.insert(told.mark, told);
        assert!(known.is_none(), "a mark is one operation's own");
    }

    pub(super) fn opened(&self, mark: u64) -> &Told {
        self.open.get(&mark).expect("the operation is open")
    }

    pub(super) fn close(&mut self, mark: u64, end: i64, outcome: Outcome) {
        let mut told = self.open.remove(&mark).expect("the operation is open");
        match outcome {
            Outcome::Ok(reply) => told.answer = Some((end, reply)),
            Outcome::Unknown => {}
            Outcome::Failed => return,
        }
        self.add(told);
    }

    pub(super) fn add(&mut self, told: Told) {
        self.told.push(told);
    }

    pub(super) fn abandon_open(&mut self) {
        self.told.extend(std::mem::take(&mut self.open).into_values());
    }

    pub(super) fn into_open(self) -> BTreeMap<u64, Told> {
        self.open
    }

    pub(super) fn bytes(&self) -> usize {
        (self.told.capacity() + self.open.len()) * size_of::<Told>()
    }

    /// The same object for the search.
    pub(super) fn into_frontier(self, options: &CheckOptions) -> Frontier {
        let mut frontier = Frontier::resumed(options.object().initial(), None);
        self.told.into_iter().for_each(|told| frontier.add(told, false));
        self.open.into_values().for_each(|told| frontier.open(told));
        frontier
    }

    /// Judges up to the watermark, or the first open remove, and forgets.
    pub(super) fn settle(&mut self, key: Key, options: &CheckOptions, watermark: i64, eager: bool) -> Looked {
        let enough = if eager { self.judged + 1 } else { self.judged + BATCH.max(self.judged) };
        if self.told.len() < enough && watermark != END {
            return Looked::Fine;
        }
        let removes = self.open.values().filter(|told| inserted(&told.operation).is_none());
        let cut = removes.map(|told| told.call).fold(watermark, i64::min);
        let inserts = self.open.values().filter(|told| inserted(&told.operation).is_some());
        let looked = self.look(key, options, cut, inserts.collect());
        if matches!(looked, Looked::Fine) && watermark != END {
            self.forget(options.model, cut);
        }
        self.judged = self.told.len();
        looked
    }

    /// A violation before the watermark, whatever the open operations do.
    pub(super) fn look_ahead(&self, key: Key, options: &CheckOptions, watermark: i64) -> Option<Violation> {
        let open: Vec<&Told> = self.open.values().filter(|told| is_before(told.call, watermark)).collect();
        match self.look(key, options, watermark, open) {
            Looked::Violated(violation) => Some(violation),
            Looked::Fine => None,
            Looked::Unsaid | Looked::Unfit => {
                let budget = &mut Budget::default().configurations(GLANCE);
                self.clone().into_frontier(options).look_ahead(key, options, watermark, budget)
            }
        }
    }

    /// The values, by element; `None` if one was inserted twice.
    fn values(&self) -> Option<BTreeMap<&Value, Pair>> {
        let mut values: BTreeMap<&Value, Pair> = BTreeMap::new();
        for (position, told) in self.told.iter().enumerate() {
            if let Some(element) = inserted(&told.operation) {
                if values.entry(element).or_default().insert.replace(position).is_some() {
                    return None;
                }
            } else if let Some(element) = removed(told).filter(|element| **element != Value::Null) {
                let remove = &mut values.entry(element).or_default().remove;
                if remove.is_none_or(|other| end(told) < end(&self.told[other])) {
                    *remove = Some(position);
                }
            }
        }
        Some(values)
    }

    /// Judges what was over before the cut, with these among those that are open.
    fn look(&self, key: Key, options: &CheckOptions, cut: i64, open: Vec<&Told>) -> Looked {
        let Some(values) = self.values() else { return Looked::Unfit };
        let is_over = |told: &Told| end(told).is_some_and(|end| is_before(end, cut));
        let mut part = open;
        for told in &self.told {
            let counts = match (inserted(&told.operation), removed(told)) {
                // Its remove is judged, or nobody has begun one.
                (Some(element), _) => match values[element].remove {
                    Some(remove) => is_over(&self.told[remove]),
                    None => is_over(told),
                },
                (None, Some(_)) => is_over(told),
                (None, None) => is_before(told.call, cut),
            };
            if counts {
                part.push(told);
            }
        }
        let Some(decided) = decided(options.model, &part) else { return Looked::Unsaid };
        let Err(clash) = decided else { return Looked::Fine };
        let mut window: Vec<Told> = clash.into_iter().map(|id| part[id.index()].clone()).collect();
        window.sort_by_key(|told| (end(told).unwrap_or(i64::MAX), told.mark));
        let at = window.iter().rfind(|told| told.answer.is_some()).expect("somebody was answered").mark;
        Looked::Violated(Violation { key, at, window, why: Why::Alone })
    }

    /// Forgets what can have no say any more, once all that was over before the cut was judged.
    fn forget(&mut self, model: Model, cut: i64) {
        let values = self.values().expect("it was judged");
        let is_remove = |told: &&Told| inserted(&told.operation).is_none();
        // Whatever is not judged yet and removes something was called at the horizon or later.
        let horizon = self
            .told
            .iter()
            .filter(is_remove)
            .filter(|told| end(told).is_some_and(|end| !is_before(end, cut)));
        let horizon = horizon.map(|told| told.call).fold(cut, i64::min);
        let mut lasting: Vec<Lasting> = Vec::new();
        for pair in values.into_values() {
            let Some(insert) = pair.insert.map(|insert| &self.told[insert]) else { continue };
            let remove = pair.remove.map(|remove| &self.told[remove]);
            let gone = remove.and_then(end).unwrap_or(LATE);
            let from = end(insert).unwrap_or(LATE).min(gone);
            if is_before(from, cut) {
                let until = remove.map_or(LATE, |remove| remove.call.max(insert.call));
                lasting.push(Lasting { pair, insert_call: insert.call, from, until, gone });
            }
        }
        let until = self.until(model, &lasting, horizon, cut);
        let mut goes = vec![false; self.told.len()];
        for pair in if model == Model::Stack { loops(&lasting, until) } else { over(&lasting, until) } {
            pair.insert.into_iter().chain(pair.remove).for_each(|position| goes[position] = true);
        }
        for (position, told) in self.told.iter().enumerate() {
            goes[position] |= is_empty(told) && end(told).is_some_and(|end| is_before(end, until));
        }
        let mut goes = goes.into_iter();
        self.told.retain(|_| goes.next() == Some(false));
    }

    /// The horizon, or as early a moment as is needed to keep all that says by when a value is gone of which more is to come:
    /// its remove is not judged yet, or may be one of unknown outcome.
    fn until(&self, model: Model, lasting: &[Lasting], horizon: i64, cut: i64) -> i64 {
        let is_of_unknown_outcome =
            |told: &Told| told.answer.is_none() && inserted(&told.operation).is_none();
        let may_be_lost = self.told.iter().any(is_of_unknown_outcome);
        let is_doubtful =
            |value: &Lasting| if value.gone == LATE { may_be_lost } else { !is_before(value.gone, cut) };
        let is_over = |value: &&Lasting| is_before(value.gone, horizon);
        let doubtful = lasting.iter().filter(|value| is_doubtful(value));
        let first = doubtful.map(|value| value.from).fold(LATE, i64::min);
        let empties = self.told.iter().filter(|told| is_empty(told)).filter_map(end);
        let asked = empties.filter(|&end| is_before(end, horizon)).fold(i64::MIN, i64::max);
        let mut due = if first < asked { first } else { LATE };
        if model == Model::PriorityQueue {
            // Only the smaller ones say anything of a value.
            let mut by_rank: Vec<&Lasting> = lasting.iter().collect();
            by_rank.sort_by_key(|value| inserted(&self.told[value.pair.insert.expect("it lasts")].operation));
            let mut first = LATE;
            for value in by_rank {
                if is_doubtful(value) {
                    first = first.min(value.from);
                } else if is_over(&value) && first < value.gone {
                    due = due.min(first);
                }
            }
        } else if model == Model::Queue || may_be_lost {
            let asked_by =
                |value: &Lasting| if model == Model::Queue { value.insert_call } else { value.gone };
            if lasting.iter().filter(is_over).any(|value| first < asked_by(value)) {
                due = due.min(first);
            }
        }
        // What was in the way of something that is kept is kept, too.
        let kept = lasting.iter().filter(is_over).filter(|value| value.gone >= due);
        kept.map(|value| value.until).fold(due, i64::min).min(horizon)
    }
}

fn is_empty(told: &Told) -> bool {
    inserted(&told.operation).is_none() && removed(told) == Some(&Value::Null)
}

/// The values that were gone before this moment.
fn over(lasting: &[Lasting], until: i64) -> Vec<Pair> {
    lasting.iter().filter(|value| is_before(value.gone, until)).map(|value| value.pair).collect()
}

/// The values that came and went between two moments before `until` at which the same values were there.
fn loops(lasting: &[Lasting], until: i64) -> Vec<Pair> {
    // What is not over must not lie between the two.
    let staying = lasting.iter().filter(|value| !is_before(value.gone, until));
    let until = staying.map(|value| value.until).fold(until, i64::min);
    let mut moments: Vec<i64> = lasting.iter().flat_map(|value| [value.from, value.until]).collect();
    moments.retain(|&moment| is_before(moment, until));
    moments.sort_unstable();
    moments.dedup();
    // At each moment: how many values are certainly there, and the first call that may take one of them out.
    let mut by_from: Vec<&Lasting> = lasting.iter().filter(|value| value.from < value.until).collect();
    by_from.sort_unstable_by_key(|value| value.from);
    let mut coming = by_from.into_iter().peekable();
    let mut there: BTreeMap<i64, usize> = BTreeMap::new();
    let mut number = 0;
    let mut at: Vec<(usize, i64)> = Vec::with_capacity(moments.len());
    let mut by_number: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    for &moment in &moments {
        while let Some(value) = coming.next_if(|value| value.from < moment) {
            *there.entry(value.until).or_default() += 1;
            number += 1;
        }
        while let Some(entry) = there.first_entry().filter(|entry| *entry.key() <= moment) {
            number -= entry.remove();
        }
        at.push((number, there.first_key_value().map_or(LATE, |(&until, _)| until)));
        by_number.entry(number).or_default().push(moment);
    }
    let mut between: Vec<(i64, i64)> = Vec::new();
    let mut next = 0;
    while let Some((&moment, &(number, same_until))) = moments.get(next).zip(at.get(next)) {
        // As many are there, and none has gone: the same.
        let alike = &by_number[&number];
        let last = alike[alike.partition_point(|&other| other < same_until) - 1];
        between.push((moment, last));
        next = moments.partition_point(|&other| other <= last);
    }
    let goes = |value: &&Lasting| {
        let around = between.partition_point(|&(first, _)| first <= value.from);
        let inside = around.checked_sub(1).is_some_and(|index| value.until <= between[index].1);
        // What was there at no moment for certain is in nobody's way.
        is_before(value.gone, until) && (inside || value.until <= value.from)
    };
    lasting.iter().filter(goes).map(|value| value.pair).collect()
}

/// What the theorems say of these operations; `Err` with some that have no order.
fn decided(model: Model, part: &[&Told]) -> Option<Result<(), Vec<OperationId>>> {
    let mut elements: Interner<&Value> = Interner::default();
    let mut events: Vec<Event> = Vec::with_capacity(part.len());
    for (index, told) in part.iter().enumerate() {
        let action = match (inserted(&told.operation), removed(told)) {
            (Some(element), _) => Action::Insert { value: elements.number(element), rank: 0 },
            (None, Some(Value::Null)) => Action::Empty,
            (None, Some(element)) => Action::Remove { value: elements.number(element) },
            (None, None) => Action::Pending,
        };
        events.push(Event {
            id: OperationId::from_index(index),
            action,
            call: told.call,
            returned: end(told),
        });
    }
    let numbers: BTreeSet<(&Value, u32)> =
        (0..count(elements.len())).map(|number| (*elements.get(number), number)).collect();
    let mut ranks = vec![0; elements.len()];
    for (rank, (_, number)) in (0..).zip(numbers) {
        ranks[number as usize] = rank;
    }
    for event in &mut events {
        if let Action::Insert { value, rank } = &mut event.action {
            *rank = ranks[*value as usize];
        }
    }
    let collection = match Collection::gather(&events) {
        Ok(collection) => collection,
        Err(Unfit::Clash(clash)) => return Some(Err(clash)),
        Err(Unfit::NotUnique) => return None,
    };
    let by_theorem = match model {
        Model::Queue => collections::queue,
        Model::Stack => collections::stack,
        _ => collections::priority_queue,
    };
    Some(match by_theorem(&collection)? {
        Decided::Order(_) => Ok(()),
        Decided::Clash(clash) => Err(clash.operations(&collection)),
    })
}
