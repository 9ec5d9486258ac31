//! One object, changed in place, for the verifier alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use anachron_vocabulary::{Operation, Reply, Value};

use crate::{CheckOptions, Model};

/// An object that operations are replayed on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Replay {
    /// A value that is not being appended to.
    Plain(Value),
    /// A text that is; the same as `Plain` of that text, so every text is kept this way.
    Text(String),
    /// A lock: held or not.
    Lock { held: bool },
    /// A lock with tokens: the next grant's token is at least `floor`.
    Fenced { floor: i128, held: Hold },
    /// Who leads.
    Leader(Option<Value>),
    /// Registers, each written at least once, and what the others hold.
    Registers { written: BTreeMap<Arc<str>, Value>, others: Value },
    /// A queue: next out at the front.
    Queue(VecDeque<Value>),
    /// A stack: next out at the end.
    Stack(Vec<Value>),
    /// A list.
    List(Vec<Value>),
    /// Elements in ascending order, as often as they are there: a set, a multiset, a priority queue.
    Sorted { elements: Vec<Value>, repeats: bool },
    /// A counter.
    Count(i64),
}

/// Whether a lock with tokens is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Hold {
    Free,
    /// Held with this token.
    Token(i64),
    /// Held with a token that nobody was told; at the least, the one below the floor.
    Untold,
}

impl Replay {
    pub(super) fn new(options: &CheckOptions) -> Self {
        match options.model {
            Model::Mutex => Self::Lock { held: false },
            Model::Register | Model::CasRegister | Model::KeyValue => Self::holding(&options.initial),
            Model::FencingLock => Self::Fenced { floor: i128::from(i64::MIN), held: Hold::Free },
            Model::LeaderRegister => Self::Leader(None),
            Model::MultiRegister => {
                Self::Registers { written: BTreeMap::new(), others: options.initial.clone() }
            }
            Model::Queue => Self::Queue(VecDeque::new()),
            Model::Stack => Self::Stack(Vec::new()),
            Model::Set => Self::Sorted { elements: Vec::new(), repeats: false },
            Model::Multiset | Model::PriorityQueue => Self::Sorted { elements: Vec::new(), repeats: true },
            Model::Counter => {
                Self::Count(if let Value::Integer(count) = options.initial { count } else { 0 })
            }
            Model::List => match &options.initial {
                Value::List(elements) => Self::List(elements.to_vec()),
                _ => Self::List(Vec::new()),
            },
        }
    }

    fn holding(value: &Value) -> Self {
        match value {
            Value::Text(text) => Self::Text(String::from(&**text)),
            other => Self::Plain(other.clone()),
        }
    }

    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(mine), Value::Text(text)) => **mine == **text,
            (Self::Plain(mine), value) => mine == value,
            _ => false,
        }
    }

    /// Lets an operation take effect, and says whether it could have, with that reply if one is known.
    /// The object is of no further use after a refusal.
    pub(super) fn apply(&mut self, operation: &Operation, reply: Option<&Reply>) -> bool {
        match self {
            Self::Plain(_) | Self::Text(_) => self.apply_to_value(operation, reply),
            Self::Lock { held } => match operation {
                Operation::Acquire => !std::mem::replace(held, true),
                Operation::Release | Operation::ReleaseToken(_) => std::mem::replace(held, false),
                _ => false,
            },
            Self::Fenced { floor, held } => apply_to_fenced(floor, held, operation, reply),
            Self::Leader(leader) => apply_to_leader(leader, operation, reply),
            Self::Registers { written, others } => match operation {
                Operation::MultiRead(names) => {
                    let Some(Reply::Value(Value::List(seen))) = reply else { return reply.is_none() };
                    seen.len() == names.len()
                        && names
                            .iter()
                            .zip(seen.iter())
                            .all(|(name, seen)| written.get(name).unwrap_or(others) == seen)
                }
                Operation::MultiWrite(pairs) => {
                    written.extend(pairs.iter().cloned());
                    matches!(reply, None | Some(Reply::Done))
                }
                _ => false,
            },
            Self::Queue(elements) => match operation {
                Operation::Enqueue(element) => {
                    elements.push_back(element.clone());
                    true
                }
                Operation::Dequeue => took(elements.pop_front(), reply),
                _ => false,
            },
            Self::Stack(elements) => match operation {
                Operation::Push(element) => {
                    elements.push(element.clone());
                    true
                }
                Operation::Pop => took(elements.pop(), reply),
                _ => false,
            },
            Self::List(elements) => match operation {
                Operation::Append(element) => {
                    elements.push(element.clone());
                    true
                }
                Operation::Read => match reply {
                    None => true,
                    Some(Reply::Value(Value::Null)) => elements.is_empty(),
                    Some(Reply::Value(Value::List(seen))) => *elements == **seen,
                    Some(_) => false,
                },
                _ => false,
            },
            Self::Sorted { elements, repeats } => apply_to_sorted(elements, *repeats, operation, reply),
            Self::Count(count) => match (operation, reply) {
                (Operation::Increment(amount), reply) => {
                    let Some(after) = count.checked_add(*amount) else { return false };
                    *count = after;
                    matches!(reply, None | Some(Reply::Done))
                        || reply == Some(&Reply::Value(Value::Integer(after)))
                }
                (Operation::Read, None) => true,
                (Operation::Read, Some(Reply::Value(Value::Integer(seen)))) => seen == count,
                _ => false,
            },
        }
    }

    fn apply_to_value(&mut self, operation: &Operation, reply: Option<&Reply>) -> bool {
        match operation {
            Operation::Read => match reply {
                None => true,
                Some(Reply::Value(seen)) => self.holds(seen),
                Some(_) => false,
            },
            Operation::Write(_) | Operation::Delete => {
                *self = match operation {
                    Operation::Write(value) => Self::holding(value),
                    _ => Self::Plain(Value::Null),
                };
                matches!(reply, None | Some(Reply::Done))
            }
            Operation::CompareAndSet { expected, new } => {
                let equal = self.holds(expected);
                if equal {
                    *self = Self::holding(new);
                }
                reply.is_none_or(|reply| *reply == Reply::Answer(equal))
            }
            Operation::Append(Value::Text(suffix)) => match self {
                Self::Plain(Value::Null) => {
                    *self = Self::Text(String::from(&**suffix));
                    true
                }
                Self::Text(text) => {
                    text.push_str(suffix);
                    true
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Puts in place what an operation leaves behind, whatever was there; false if that depends on what was there.
    pub(super) fn overwrite(&mut self, operation: &Operation) -> bool {
        if let (
            Self::Sorted { elements, repeats: false },
            Operation::Add(element) | Operation::Remove(element),
        ) = (&mut *self, operation)
        {
            elements.retain(|other| other != element);
            if matches!(operation, Operation::Add(_)) {
                elements.insert(elements.partition_point(|other| other < element), element.clone());
            }
            return true;
        }
        *self = match operation {
            Operation::Claim(candidate) => Self::Leader(Some(candidate.clone())),
            Operation::Resign(_) => Self::Leader(None),
            Operation::Write(value) | Operation::CompareAndSet { new: value, .. } => Self::holding(value),
            Operation::Delete => Self::Plain(Value::Null),
            Operation::Acquire => Self::Lock { held: true },
            Operation::Release => Self::Lock { held: false },
            _ => return false,
        };
        true
    }

    /// Takes out of a list whatever is none of these.
    pub(super) fn restrict(&mut self, judged: &BTreeSet<Value>) {
        if let Self::List(elements) = self {
            elements.retain(|element| judged.contains(element));
        }
    }

    /// True if this is a text or a list that appends can't turn into `value`.
    pub(super) fn is_past(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Text(mine), Value::Text(text)) => !text.starts_with(&**mine),
            (Self::List(mine), Value::List(elements)) => !elements.starts_with(mine),
            (Self::List(mine), _) => !mine.is_empty(),
            (Self::Text(_), _) => true,
            _ => false,
        }
    }
}

/// True if taking what was there could have answered this.
fn took(element: Option<Value>, reply: Option<&Reply>) -> bool {
    match reply {
        None => true,
        Some(Reply::Value(shown)) => *shown == element.unwrap_or_default(),
        Some(_) => false,
    }
}

fn apply_to_fenced(floor: &mut i128, held: &mut Hold, operation: &Operation, reply: Option<&Reply>) -> bool {
    match (operation, *held, reply) {
        (Operation::Acquire, Hold::Free, Some(Reply::Value(Value::Integer(token)))) => {
            *held = Hold::Token(*token);
            let fits = i128::from(*token) >= *floor;
            *floor = i128::from(*token) + 1;
            fits
        }
        // The least token it can have had leaves the most to those that follow.
        (Operation::Acquire, Hold::Free, None | Some(Reply::Done)) => {
            *held = Hold::Untold;
            *floor += 1;
            *floor <= i128::from(i64::MAX) + 1
        }
        (Operation::Release, Hold::Token(_) | Hold::Untold, None | Some(Reply::Done)) => {
            *held = Hold::Free;
            true
        }
        (Operation::ReleaseToken(token), granted, None | Some(Reply::Done)) => {
            *held = Hold::Free;
            let fits = match granted {
                Hold::Free => false,
                Hold::Token(granted) => granted == *token,
                Hold::Untold => i128::from(*token) + 1 >= *floor,
            };
            *floor = i128::from(*token) + 1;
            fits
        }
        _ => false,
    }
}

fn apply_to_leader(leader: &mut Option<Value>, operation: &Operation, reply: Option<&Reply>) -> bool {
    let yes = match operation {
        Operation::Read => {
            return match reply {
                None => true,
                Some(Reply::Value(Value::Null)) => leader.is_none(),
                Some(Reply::Value(seen)) => leader.as_ref() == Some(seen),
                Some(_) => false,
            };
        }
        Operation::Claim(candidate) => *leader.get_or_insert_with(|| candidate.clone()) == *candidate,
        Operation::Resign(candidate) => leader.take_if(|leader| leader == candidate).is_some(),
        _ => return false,
    };
    reply.is_none_or(|reply| *reply == Reply::Answer(yes))
}

fn apply_to_sorted(
    elements: &mut Vec<Value>,
    repeats: bool,
    operation: &Operation,
    reply: Option<&Reply>,
) -> bool {
    let place = |elements: &[Value], element: &Value| elements.partition_point(|other| other < element);
    let tells = |yes: bool| match reply {
        None | Some(Reply::Done) => true,
        Some(reply) => *reply == Reply::Answer(yes),
    };
    match operation {
        Operation::Add(element) | Operation::Insert(element) => {
            let at = place(elements, element);
            let there = elements.get(at) == Some(element);
            if repeats || !there {
                elements.insert(at, element.clone());
            }
            tells(repeats || !there)
        }
        Operation::Remove(element) => {
            let at = place(elements, element);
            let there = elements.get(at) == Some(element);
            if there {
                elements.remove(at);
            }
            tells(there)
        }
        Operation::Contains(element) => {
            let there = elements.get(place(elements, element)) == Some(element);
            reply.is_none_or(|reply| *reply == Reply::Answer(there))
        }
        Operation::Read => match reply {
            None => true,
            Some(Reply::Value(Value::Null)) => elements.is_empty(),
            Some(Reply::Value(Value::List(seen))) => {
                let mut seen = seen.to_vec();
                seen.sort();
                seen == *elements
            }
            Some(_) => false,
        },
        Operation::ExtractMin => {
            let least = (!elements.is_empty()).then(|| elements.remove(0));
            took(least, reply)
        }
        _ => false,
    }
}
