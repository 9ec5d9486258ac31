//! Elements of queues, stacks, priority queues, sets and lists: taken too often, gone too soon, out of their turn.
//!
//! Why it exists: a violation of a collection is nearly always about one element, or about two. The arguments count and
//! compare: an element is not taken more often than it was put in; it is inside from its insert until something takes it
//! out; and of two that are inside the object says which leaves first. A read of a list shows its elements in the
//! order of their appends, and what a list held once it holds for ever.
//!
//! What it promises: who can have put an element in, or taken it out, is read off the whole history; a remove of unknown
//! outcome can have taken any element.
//!
//! The search for arguments is in `attempts`.
//!
//! Copies of one element that had to leave before another are counted in `ahead`.
//!
//! Left out on purpose: arguments about three elements and more, and about multisets whose elements are there often.

pub(crate) mod ahead;
pub(crate) mod attempts;

pub use ahead::Ahead;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::fact::Fact;
use super::multiplicity::CopyFact;
use super::scans::same_set;
use super::subject::Subject;
use super::words::{Voice, times};
use crate::Model;
use crate::object::elements;

/// What is true of the elements of a collection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ElementFact {
    /// Only these can have put the element in.
    Inserts {
        /// The element.
        element: Value,
        /// The operations, ok or unknown.
        inserts: Vec<OperationId>,
        /// With an operation here: those that began after it had finished do not count.
        until: Option<OperationId>,
    },
    /// Conclusion: the element was taken, or stands there, more often than it was put in.
    TooOften {
        /// The element.
        element: Value,
        /// Who took it, or the one who saw it.
        takers: Vec<OperationId>,
        /// How often.
        times: usize,
        /// How often it can have been put in.
        inserts: usize,
    },
    /// The element was taken, by these, as often as it can have been put in: no operation of unknown outcome took it.
    AllTaken {
        /// The element.
        element: Value,
        /// All that can have put it in.
        inserts: Vec<OperationId>,
        /// Who took it.
        takers: Vec<OperationId>,
    },
    /// Whatever can have taken the element out (or put it in) had finished before `since` began, or began after
    /// `at` had finished.
    NoneBetween {
        /// The element.
        element: Value,
        /// True: whatever can have taken it out. False: whatever can have put it in.
        removes: bool,
        /// After this operation the element is there (or is not).
        since: OperationId,
        /// The operation that found something else.
        at: OperationId,
    },
    /// Conclusion: the element must be there (or not) when the operation takes effect, and it found something else.
    MustBeInside {
        /// The element.
        element: Value,
        /// True if it must be there.
        inside: bool,
        /// After this operation it is there (or is not).
        since: OperationId,
        /// The operation.
        at: OperationId,
    },
    /// Conclusion: the operation took an element although another one, still inside, was before it.
    Overtook {
        /// What was taken.
        taken: Value,
        /// What was still inside.
        inside: Value,
        /// The insert of what was inside.
        insert: OperationId,
        /// The operation that took the other.
        at: OperationId,
    },
    /// Conclusion: the operation took an element although too few copies of another, which had to leave first, can have
    /// left.
    LeftBehind {
        /// What was taken, and what had to leave first.
        ahead: Ahead,
        /// How often that can have left, as [`CopyFact::Possible`] says.
        takes: usize,
    },
    /// Conclusion: an add was refused, and a multiset takes whatever it is given.
    Refused(OperationId),
    /// Conclusion: the read began after the append had finished and does not have its element.
    Lacks {
        /// The append.
        append: OperationId,
        /// The read.
        read: OperationId,
    },
    /// Conclusion: two reads of a list, of which the first is not the beginning of the second; see
    /// [`Fact::NotBeginning`].
    Disagree {
        /// The first.
        first: OperationId,
        /// The second.
        second: OperationId,
    },
    /// Conclusion: the read shows the second element before the first, although the first's only append had finished before
    /// the second's began.
    WrongOrder {
        /// The read.
        read: OperationId,
        /// The append of the one element.
        first: OperationId,
        /// The append of the other.
        second: OperationId,
    },
}

/// The element that an operation puts in, if it takes effect and does so.
pub(crate) fn inserted<'a>(subject: &Subject<'a>, id: OperationId) -> Option<&'a Value> {
    let record = subject.record(id);
    if record.outcome == Outcome::Ok(Reply::Answer(false)) {
        return None;
    }
    match &record.operation {
        Operation::Enqueue(element)
        | Operation::Push(element)
        | Operation::Insert(element)
        | Operation::Add(element)
        | Operation::Append(element) => Some(element),
        _ => None,
    }
}

/// True if the operation can have taken the element out.
pub(crate) fn may_remove(subject: &Subject<'_>, id: OperationId, element: &Value) -> bool {
    let record = subject.record(id);
    match (&record.operation, &record.outcome) {
        (_, Outcome::Failed) => false,
        (Operation::Remove(removed), outcome) => {
            removed == element && *outcome != Outcome::Ok(Reply::Answer(false))
        }
        (Operation::Dequeue | Operation::Pop | Operation::ExtractMin, Outcome::Ok(Reply::Value(taken))) => {
            taken == element
        }
        (Operation::Dequeue | Operation::Pop | Operation::ExtractMin, _) => true,
        _ => false,
    }
}

/// The elements that a read of the whole shows.
pub(crate) fn shown(subject: &Subject<'_>, id: OperationId) -> Option<Vec<Value>> {
    let record = subject.record(id);
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(value))) => elements(value),
        _ => None,
    }
}

/// The element that the operation took, if it was answered with one.
pub(crate) fn taken<'a>(subject: &Subject<'a>, id: OperationId) -> Option<&'a Value> {
    let record = subject.record(id);
    match (&record.operation, &record.outcome) {
        (Operation::Dequeue | Operation::Pop | Operation::ExtractMin, Outcome::Ok(Reply::Value(element))) => {
            (*element != Value::Null).then_some(element)
        }
        (Operation::Remove(element), Outcome::Ok(Reply::Answer(true))) => Some(element),
        _ => None,
    }
}

/// What an operation that looks says of the element: there or not.
fn says(subject: &Subject<'_>, id: OperationId, element: &Value) -> Option<bool> {
    let record = subject.record(id);
    let Outcome::Ok(reply) = &record.outcome else { return None };
    match (&record.operation, reply) {
        (Operation::Dequeue | Operation::Pop | Operation::ExtractMin, Reply::Value(Value::Null)) => {
            Some(false)
        }
        (Operation::Dequeue | Operation::Pop | Operation::ExtractMin, Reply::Value(taken)) => {
            (taken == element).then_some(true)
        }
        (Operation::Contains(asked) | Operation::Remove(asked), Reply::Answer(answer)) => {
            (asked == element).then_some(*answer)
        }
        (Operation::Add(asked), Reply::Answer(answer)) if subject.model() == Model::Set => {
            (asked == element).then_some(!answer)
        }
        _ => shown(subject, id).map(|shown| shown.contains(element)),
    }
}

/// How often the operation says that the element was there.
fn count(subject: &Subject<'_>, id: OperationId, element: &Value) -> usize {
    match shown(subject, id) {
        Some(shown) => shown.iter().filter(|other| *other == element).count(),
        None => usize::from(says(subject, id, element) == Some(true)),
    }
}

/// That nobody of unknown outcome took the element, if all copies of it are known to have been taken.
fn all_taken(subject: &Subject<'_>, element: &Value) -> Option<Fact> {
    let takers = subject.possible().filter(|&id| taken(subject, id) == Some(element)).collect();
    let inserts = inserts_of(subject, element, None);
    let fact = Fact::Element(ElementFact::AllTaken { element: element.clone(), inserts, takers });
    fact.holds(subject, &[]).then_some(fact)
}

/// True if the element is certainly there (or not) just after the operation.
fn leaves(subject: &Subject<'_>, id: OperationId, element: &Value, inside: bool) -> bool {
    let record = subject.record(id);
    if !subject.is_ok(id) {
        return false;
    }
    match &record.operation {
        Operation::Contains(_) | Operation::Read => says(subject, id, element) == Some(inside),
        Operation::Remove(removed) => !inside && subject.model() == Model::Set && removed == element,
        _ => inside && inserted(subject, id) == Some(element),
    }
}

fn starts_with(subject: &Subject<'_>, element: &Value) -> bool {
    subject.model() == Model::List
        && elements(subject.initial()).is_none_or(|initial| initial.contains(element))
}

fn inserts_of(subject: &Subject<'_>, element: &Value, until: Option<OperationId>) -> Vec<OperationId> {
    let in_time = |id: &OperationId| until.is_none_or(|until| !subject.precedes(until, *id));
    subject.possible().filter(|&id| inserted(subject, id) == Some(element)).filter(in_time).collect()
}

impl ElementFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    #[allow(clippy::too_many_lines)] // one arm a fact: a table, and best read as one
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        let known = |wanted: &dyn Fn(&Self) -> bool| {
            earlier.iter().any(|fact| matches!(fact, Fact::Element(fact) if wanted(fact)))
        };
        match self {
            Self::Inserts { element, inserts, until } => {
                !starts_with(subject, element) && same_set(inserts, inserts_of(subject, element, *until))
            }
            Self::TooOften { element, takers, times, inserts } => {
                let mut distinct = takers.clone();
                distinct.sort_unstable();
                distinct.dedup();
                let takes = |id: &OperationId| taken(subject, *id) == Some(element);
                let really: usize = takers.iter().map(|&id| count(subject, id, element)).sum();
                let ends = |id: OperationId| subject.record(id).returned();
                distinct.len() == takers.len()
                    && (takers.len() == 1 || takers.iter().all(takes))
                    && takers.iter().all(|&id| subject.owns(id) && subject.is_ok(id))
                    && really == *times
                    && times > inserts
                    && known(&|fact| {
                        matches!(fact, Self::Inserts { element: e, inserts: i, until }
                            if e == element
                                && i.len() == *inserts
                                && until.is_none_or(|until| takers.iter().all(|&id| ends(id) <= ends(until))))
                    })
            }
            Self::AllTaken { element, inserts, takers } => {
                let mut distinct = takers.clone();
                distinct.sort_unstable();
                distinct.dedup();
                subject.model() != Model::List
                    && distinct.len() == inserts.len()
                    && takers.iter().all(|&id| subject.owns(id) && taken(subject, id) == Some(element))
                    && same_set(inserts, inserts_of(subject, element, None))
            }
            Self::NoneBetween { element, removes, since, at } => {
                let all_taken =
                    known(&|fact| matches!(fact, Self::AllTaken { element: e, .. } if e == element));
                let elsewhere = |id: OperationId| {
                    id == *since || id == *at || subject.precedes(id, *since) || subject.precedes(*at, id)
                };
                subject.owns(*since)
                    && subject.owns(*at)
                    && subject
                        .possible()
                        .filter(|&id| {
                            if *removes {
                                may_remove(subject, id, element) && (subject.is_ok(id) || !all_taken)
                            } else {
                                inserted(subject, id) == Some(element)
                            }
                        })
                        .all(elsewhere)
            }
            Self::MustBeInside { element, inside, since, at } => {
                leaves(subject, *since, element, *inside)
                    && subject.precedes(*since, *at)
                    && says(subject, *at, element) == Some(!inside)
                    && (*inside || subject.model() == Model::Set)
                    && known(&|fact| {
                        matches!(fact, Self::NoneBetween { element: e, removes, since: s, at: a }
                            if e == element && removes == inside && s == since && a == at)
                    })
            }
            Self::Overtook { taken: out, inside, insert, at } => {
                let inserts = inserts_of(subject, out, Some(*at));
                let in_turn = match subject.model() {
                    Model::Queue => inserts.iter().all(|&other| subject.precedes(*insert, other)),
                    Model::Stack => {
                        subject.precedes(*insert, *at)
                            && inserts.iter().all(|&other| subject.precedes(other, *insert))
                    }
                    Model::PriorityQueue => subject.precedes(*insert, *at) && inside < out,
                    _ => false,
                };
                in_turn
                    && inside != out
                    && leaves(subject, *insert, inside, true)
                    && taken(subject, *at) == Some(out)
                    && known(&|fact| {
                        matches!(fact, Self::NoneBetween { element: e, removes: true, since, at: a }
                            if e == inside && since == insert && a == at)
                    })
                    && (subject.model() == Model::PriorityQueue
                        || known(&|fact| {
                            matches!(fact, Self::Inserts { element, inserts: i, .. }
                                if element == out && inserts.iter().all(|id| i.contains(id)))
                        }))
            }
            Self::LeftBehind { ahead, takes } => {
                let counted = earlier.iter().any(|fact| {
                    matches!(fact, Fact::Copies(CopyFact::Possible { element, stretch, inserts: false, operations })
                        if element.as_ref() == Some(&ahead.inside)
                            && *stretch == ahead.stretch(subject)
                            && operations.len() == *takes)
                });
                ahead.holds(subject) && counted && *takes < ahead.inserts.len()
            }
            Self::Refused(add) => {
                subject.model() == Model::Multiset
                    && subject.owns(*add)
                    && matches!(subject.record(*add).operation, Operation::Add(_))
                    && subject.record(*add).outcome == Outcome::Ok(Reply::Answer(false))
            }
            Self::Lacks { append, read } => {
                subject.model() == Model::List
                    && subject.is_ok(*append)
                    && subject.precedes(*append, *read)
                    && inserted(subject, *append).is_some_and(|element| {
                        shown(subject, *read).is_some_and(|shown| !shown.contains(element))
                    })
            }
            Self::Disagree { first, second } => {
                let (Some(a), Some(b)) = (shown(subject, *first), shown(subject, *second)) else {
                    return false;
                };
                subject.model() == Model::List
                    && !b.starts_with(&a)
                    && (subject.precedes(*first, *second) || !a.starts_with(&b))
            }
            Self::WrongOrder { read, first, second } => {
                let (Some(one), Some(other)) = (inserted(subject, *first), inserted(subject, *second)) else {
                    return false;
                };
                let only = |element: &Value, append: OperationId| {
                    known(&|fact| {
                        matches!(fact, Self::Inserts { element: e, inserts, .. }
                            if e == element && *inserts == [append])
                    })
                };
                let place = |element: &Value| {
                    shown(subject, *read).and_then(|shown| shown.iter().position(|other| other == element))
                };
                subject.precedes(*first, *second)
                    && only(one, *first)
                    && only(other, *second)
                    && matches!((place(one), place(other)), (Some(one), Some(other)) if other < one)
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        match self {
            Self::Inserts { inserts, until, .. } => inserts.iter().copied().chain(*until).collect(),
            Self::TooOften { takers, .. } => takers.clone(),
            Self::AllTaken { inserts, takers, .. } => inserts.iter().chain(takers).copied().collect(),
            Self::LeftBehind { ahead, .. } => ahead.operations(),
            Self::Refused(add) => vec![*add],
            Self::NoneBetween { since, at, .. } | Self::MustBeInside { since, at, .. } => vec![*since, *at],
            Self::Overtook { insert, at, .. } => vec![*insert, *at],
            Self::Lacks { append, read } => vec![*append, *read],
            Self::Disagree { first, second } => vec![*first, *second],
            Self::WrongOrder { read, first, second } => vec![*read, *first, *second],
        }
    }

    /// The fact in words.
    #[allow(clippy::too_many_lines)] // one arm a fact: a table, and best read as one
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        let object = voice.object();
        let mark = |id: &OperationId| voice.mark(*id);
        match self {
            Self::Inserts { element, inserts, until } => {
                let by_then =
                    until.map_or_else(String::new, |id| format!(" before {} had finished", voice.mark(id)));
                match inserts.as_slice() {
                    [] if until.is_some() => format!("Nobody had begun to put {element} in{by_then}."),
                    [] => format!("Nobody put {element} in."),
                    ids => format!("Only {} can have put {element} in{by_then}.", voice.marks(ids)),
                }
            }
            Self::AllTaken { element, inserts, takers } => format!(
                "Only {} can have put {element} in, and {} took it: whoever timed out did not.",
                voice.marks(inserts),
                voice.marks(takers)
            ),
            Self::TooOften { element, takers, times: often, inserts } => {
                let how = match (takers.as_slice(), inserts) {
                    ([one], 0) => {
                        format!("So {element} can't be in {object} at {}, but it was found.", mark(one))
                    }
                    ([one], _) => format!(
                        "So {element} can stand there {} at most, but {} shows it {}.",
                        times(*inserts),
                        mark(one),
                        times(*often)
                    ),
                    _ => format!(
                        "So {element} can leave {} at most, but {} each took it out.",
                        times(*inserts),
                        voice.marks(takers)
                    ),
                };
                format!("{how} No order of these operations explains that.")
            }
            Self::NoneBetween { element, removes, since, at } => {
                let what = if *removes { "taken" } else { "put" };
                let where_to = if *removes { "out" } else { "in" };
                format!(
                    "Nothing that can have {what} {element} {where_to} lies between {} and {}.",
                    mark(since),
                    mark(at)
                )
            }
            Self::MustBeInside { element, inside, at, .. } => {
                let (must, found) =
                    if *inside { ("must be", "was not found") } else { ("can't be", "was found") };
                format!(
                    "So {element} {must} in {object} at {}, but it {found}. No order of these operations explains that.",
                    mark(at)
                )
            }
            Self::Overtook { taken, inside, at, .. } => {
                let turn = match voice.subject.model() {
                    Model::Queue => "went in first",
                    Model::Stack => "lies on top of it",
                    _ => "is smaller",
                };
                format!(
                    "So {inside} is still in {object} at {}, and it {turn}; but {} got {taken}. No order of these \
                     operations explains that.",
                    mark(at),
                    voice.client(*at)
                )
            }
            Self::LeftBehind { ahead, takes } => ahead.say(voice, *takes),
            Self::Refused(add) => format!(
                "{object} may have any number of copies, so {} can't have been told that its element was there already. No \
                 order of these operations explains that.",
                mark(add)
            ),
            Self::Lacks { append, read } => {
                let element = inserted(voice.subject, *append).map(Value::to_string).unwrap_or_default();
                format!(
                    "Nothing is ever taken out of {object}, so at {} it must have {element} in it, but {} got a list without \
                     it. No order of these operations explains that.",
                    mark(read),
                    voice.client(*read)
                )
            }
            Self::Disagree { first, second } => {
                let (a, b) = (mark(first), mark(second));
                if voice.subject.precedes(*first, *second) {
                    format!(
                        "{object} only grows, so what {a} read must be the beginning of what {b} read, and it is not. No \
                         order of these operations explains that."
                    )
                } else {
                    format!(
                        "{object} only grows, so what one of {a} and {b} read must be the beginning of what the other \
                         read, and neither is. No order of these operations explains that."
                    )
                }
            }
            Self::WrongOrder { read, first, second } => format!(
                "{} had finished before {} began, so its element must come first; but {} shows them the other way round. \
                 No order of these operations explains that.",
                mark(first),
                mark(second),
                mark(read)
            ),
        }
    }
}
