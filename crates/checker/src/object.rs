//! The vocabulary's objects as a sequential specification, one clause an operation, made to be read.
//!
//! Why it exists: this file is the definition of what the models mean. The roads compile it to integers, the
//! verifier replays it in its own way, and tests hold all three together.
//!
//! Decisions:
//! - *appends to texts* (Porcupine's key-value store starts every key as `""`, Anachron's as `null`): an append to
//!   `null` leaves the appended text; an append to a text leaves the two joined; an append to any other value can't
//!   take effect;
//! - *taking from an empty collection* answers `null`, and `null` is no element;
//! - *a mutex* doesn't know who holds it; a lock with fencing tokens knows by the token, where a release names one;
//! - *a grant whose token nobody knows* took the smallest token that it could have: any larger one allows less.
//!   So one state stands for all;
//! - *leadership*: who claims it and is leader already is told yes again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use anachron_vocabulary::{Operation, Reply, Value};

use crate::{Model, Specification};

/// What an object holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ObjectState {
    /// A register, a key's value, or the leader (`null` if there is none).
    Holds(Value),
    /// A lock that nobody holds.
    Free,
    /// A lock that somebody holds.
    Held,
    /// A lock with fencing tokens.
    Fenced(Grant),
    /// Registers that were written, by name.
    Registers(BTreeMap<Arc<str>, Value>),
    /// The elements of a queue (head first), a stack (bottom first) or a list.
    Sequence(Vec<Value>),
    /// The elements of a set, a multiset or a priority queue, and how often each is there (at least once).
    Bag(BTreeMap<Value, usize>),
    /// A counter.
    Count(i64),
}

/// The state in a few characters: `5`, `free`, `held, token 7`, `a=1, b=2`, `[1, 2]`.
impl fmt::Display for ObjectState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |shown: Vec<String>| shown.join(", ");
        match self {
            Self::Holds(value) => value.fmt(f),
            Self::Free => f.write_str("free"),
            Self::Held => f.write_str("held"),
            Self::Fenced(Grant { held, token, .. }) => {
                f.write_str(if *held { "held" } else { "free" })?;
                token.map_or(Ok(()), |token| write!(f, ", token {token}"))
            }
            Self::Registers(values) => {
                f.write_str(&list(values.iter().map(|(name, value)| format!("{name}={value}")).collect()))
            }
            Self::Sequence(elements) => {
                write!(f, "[{}]", list(elements.iter().map(ToString::to_string).collect()))
            }
            Self::Bag(elements) => {
                let shown = elements.iter().flat_map(|(element, &times)| vec![element.to_string(); times]);
                write!(f, "{{{}}}", list(shown.collect()))
            }
            Self::Count(count) => count.fmt(f),
        }
    }
}

/// The latest grant of a lock with fencing tokens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Grant {
    /// True if the lock is held.
    pub held: bool,
    /// The token of the latest grant, or the least that it can have been. `None` before the first.
    pub token: Option<i64>,
    /// True if the lock is held with a token that nobody was told: at least `token`.
    pub at_least: bool,
}

/// One object of the vocabulary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// What kind of object.
    pub model: Model,
    /// What it holds before the first operation, where [`Model::has_initial`] says that this makes sense.
    pub initial: Value,
}

impl Specification for Object {
    type State = ObjectState;
    type Operation = Operation;
    type Reply = Reply;

    fn initial(&self) -> ObjectState {
        match self.model {
            Model::Register | Model::CasRegister | Model::KeyValue => {
                ObjectState::Holds(self.initial.clone())
            }
            Model::LeaderRegister => ObjectState::Holds(Value::Null),
            Model::MultiRegister => ObjectState::Registers(BTreeMap::new()),
            Model::Mutex => ObjectState::Free,
            Model::FencingLock => ObjectState::Fenced(Grant { held: false, token: None, at_least: false }),
            Model::Queue | Model::Stack => ObjectState::Sequence(Vec::new()),
            Model::List => ObjectState::Sequence(elements(&self.initial).unwrap_or_default()),
            Model::Set | Model::Multiset | Model::PriorityQueue => ObjectState::Bag(BTreeMap::new()),
            Model::Counter => ObjectState::Count(match self.initial {
                Value::Integer(count) => count,
                _ => 0,
            }),
        }
    }

    fn step(&self, state: &ObjectState, operation: &Operation, reply: Option<&Reply>) -> Option<ObjectState> {
        use ObjectState::{Bag, Count, Fenced, Free, Held, Holds, Registers, Sequence};
        match state {
            Holds(value) if self.model == Model::LeaderRegister => {
                leadership(value, operation, reply).map(Holds)
            }
            Holds(value) => register(value, operation, reply).map(Holds),
            Free => (*operation == Operation::Acquire && is_done(reply)).then_some(Held),
            Held => (*operation == Operation::Release && is_done(reply)).then_some(Free),
            Fenced(grant) => fenced(*grant, operation, reply).map(Fenced),
            Registers(values) => registers(&self.initial, values, operation, reply).map(Registers),
            Sequence(elements) => sequence(self.model, elements, operation, reply).map(Sequence),
            Bag(elements) if self.model == Model::PriorityQueue => {
                priority_queue(elements, operation, reply).map(Bag)
            }
            Bag(elements) => bag(self.model == Model::Multiset, elements, operation, reply).map(Bag),
            Count(count) => counter(*count, operation, reply).map(Count),
        }
    }

    fn is_observer(&self, operation: &Operation, reply: Option<&Reply>) -> bool {
        match operation {
            Operation::Read | Operation::MultiRead(_) | Operation::Contains(_) => true,
            Operation::CompareAndSet { .. }
            | Operation::Claim(_)
            | Operation::Resign(_)
            | Operation::Remove(_) => reply == Some(&Reply::Answer(false)),
            Operation::Add(_) => self.model == Model::Set && reply == Some(&Reply::Answer(false)),
            Operation::Dequeue | Operation::Pop | Operation::ExtractMin => {
                reply == Some(&Reply::Value(Value::Null))
            }
            _ => false,
        }
    }
}

/// True if an operation that tells nothing may have answered this.
fn is_done(reply: Option<&Reply>) -> bool {
    matches!(reply, None | Some(Reply::Done))
}

/// True if a question may have been answered like this.
fn answers(reply: Option<&Reply>, truth: bool) -> bool {
    reply.is_none_or(|reply| *reply == Reply::Answer(truth))
}

/// True if a value may have been answered like this.
fn shows(reply: Option<&Reply>, value: &Value) -> bool {
    match reply {
        None => true,
        Some(Reply::Value(shown)) => shown == value,
        Some(_) => false,
    }
}

/// The elements that a value lists; nothing is an empty list.
pub(crate) fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Null => Some(Vec::new()),
        Value::List(elements) => Some(elements.to_vec()),
        _ => None,
    }
}

fn register(value: &Value, operation: &Operation, reply: Option<&Reply>) -> Option<Value> {
    match operation {
        Operation::Read => shows(reply, value).then(|| value.clone()),
        Operation::Write(new) => is_done(reply).then(|| new.clone()),
        Operation::Delete => is_done(reply).then_some(Value::Null),
        Operation::CompareAndSet { expected, new } => {
            let swapped = value == expected;
            answers(reply, swapped).then(|| if swapped { new.clone() } else { value.clone() })
        }
        Operation::Append(suffix) if is_done(reply) => match (value, suffix) {
            (Value::Null, Value::Text(_)) => Some(suffix.clone()),
            (Value::Text(text), Value::Text(suffix)) => Some(Value::Text(format!("{text}{suffix}").into())),
            _ => None,
        },
        _ => None,
    }
}

fn leadership(leader: &Value, operation: &Operation, reply: Option<&Reply>) -> Option<Value> {
    match operation {
        Operation::Read => shows(reply, leader).then(|| leader.clone()),
        Operation::Claim(candidate) => {
            let won = *leader == Value::Null || leader == candidate;
            answers(reply, won).then(|| if won { candidate.clone() } else { leader.clone() })
        }
        Operation::Resign(candidate) => {
            let was_leader = leader == candidate;
            answers(reply, was_leader).then(|| if was_leader { Value::Null } else { leader.clone() })
        }
        _ => None,
    }
}

fn fenced(grant: Grant, operation: &Operation, reply: Option<&Reply>) -> Option<Grant> {
    match operation {
        Operation::Acquire if !grant.held => match reply {
            Some(Reply::Value(Value::Integer(token))) => {
                let greater = grant.token.is_none_or(|before| *token > before);
                greater.then_some(Grant { held: true, token: Some(*token), at_least: false })
            }
            None | Some(Reply::Done) => {
                let least = grant.token.map_or(Some(i64::MIN), |before| before.checked_add(1));
                least.map(|least| Grant { held: true, token: Some(least), at_least: true })
            }
            Some(_) => None,
        },
        Operation::Release if grant.held && is_done(reply) => {
            Some(Grant { held: false, at_least: false, ..grant })
        }
        Operation::ReleaseToken(token) if grant.held && is_done(reply) => {
            let fits =
                grant.token.is_some_and(|held| if grant.at_least { *token >= held } else { *token == held });
            fits.then_some(Grant { held: false, token: Some(*token), at_least: false })
        }
        _ => None,
    }
}

fn registers(
    initial: &Value,
    values: &BTreeMap<Arc<str>, Value>,
    operation: &Operation,
    reply: Option<&Reply>,
) -> Option<BTreeMap<Arc<str>, Value>> {
    match operation {
        Operation::MultiRead(names) => {
            let held = || names.iter().map(|name| values.get(name).unwrap_or(initial));
            let fits = match reply {
                None => true,
                Some(Reply::Value(Value::List(shown))) => shown.iter().eq(held()),
                Some(_) => false,
            };
            fits.then(|| values.clone())
        }
        Operation::MultiWrite(pairs) if is_done(reply) => {
            let mut after = values.clone();
            for (name, value) in pairs.iter() {
                if value == initial {
                    after.remove(name);
                } else {
                    after.insert(Arc::clone(name), value.clone());
                }
            }
            Some(after)
        }
        _ => None,
    }
}

fn sequence(
    model: Model,
    before: &[Value],
    operation: &Operation,
    reply: Option<&Reply>,
) -> Option<Vec<Value>> {
    let with = |element: &Value| {
        let mut after = before.to_vec();
        after.push(element.clone());
        after
    };
    match (model, operation) {
        (Model::Queue, Operation::Enqueue(element))
        | (Model::Stack, Operation::Push(element))
        | (Model::List, Operation::Append(element)) => is_done(reply).then(|| with(element)),
        (Model::Queue, Operation::Dequeue) => {
            let (head, rest) = before.split_first().unwrap_or((&Value::Null, &[]));
            shows(reply, head).then(|| rest.to_vec())
        }
        (Model::Stack, Operation::Pop) => {
            let (top, rest) = before.split_last().unwrap_or((&Value::Null, &[]));
            shows(reply, top).then(|| rest.to_vec())
        }
        (Model::List, Operation::Read) => {
            let fits = match reply {
                None => true,
                Some(Reply::Value(Value::Null)) => before.is_empty(),
                Some(Reply::Value(Value::List(shown))) => **shown == *before,
                Some(_) => false,
            };
            fits.then(|| before.to_vec())
        }
        _ => None,
    }
}

fn bag(
    counts: bool,
    before: &BTreeMap<Value, usize>,
    operation: &Operation,
    reply: Option<&Reply>,
) -> Option<BTreeMap<Value, usize>> {
    let tells = |truth| is_done(reply) || answers(reply, truth);
    match operation {
        Operation::Add(element) => {
            let times = before.get(element).copied().unwrap_or(0);
            let mut after = before.clone();
            after.insert(element.clone(), if counts { times + 1 } else { 1 });
            tells(counts || times == 0).then_some(after)
        }
        Operation::Remove(element) => {
            let mut after = before.clone();
            let was_there = take(&mut after, element);
            tells(was_there).then_some(after)
        }
        Operation::Contains(element) => answers(reply, before.contains_key(element)).then(|| before.clone()),
        Operation::Read => {
            let fits = match reply {
                None => true,
                Some(Reply::Value(shown)) => elements(shown).is_some_and(|mut shown| {
                    shown.sort_unstable();
                    let held =
                        before.iter().flat_map(|(element, times)| std::iter::repeat_n(element, *times));
                    shown.iter().eq(held)
                }),
                Some(_) => false,
            };
            fits.then(|| before.clone())
        }
        _ => None,
    }
}

/// Takes an element out once, and says whether it was there.
fn take(elements: &mut BTreeMap<Value, usize>, element: &Value) -> bool {
    match elements.get_mut(element) {
        None => false,
        Some(1) => elements.remove(element).is_some(),
        Some(times) => {
            *times -= 1;
            true
        }
    }
}

fn priority_queue(
    before: &BTreeMap<Value, usize>,
    operation: &Operation,
    reply: Option<&Reply>,
) -> Option<BTreeMap<Value, usize>> {
    let mut after = before.clone();
    match operation {
        Operation::Insert(element) => {
            *after.entry(element.clone()).or_insert(0) += 1;
            is_done(reply).then_some(after)
        }
        Operation::ExtractMin => {
            let smallest = before.keys().next().cloned().unwrap_or_default();
            take(&mut after, &smallest);
            shows(reply, &smallest).then_some(after)
        }
        _ => None,
    }
}

fn counter(count: i64, operation: &Operation, reply: Option<&Reply>) -> Option<i64> {
    match operation {
        Operation::Read => shows(reply, &Value::Integer(count)).then_some(count),
        Operation::Increment(amount) => {
            let after = count.checked_add(*amount)?;
            (is_done(reply) || shows(reply, &Value::Integer(after))).then_some(after)
        }
        _ => None,
    }
}
