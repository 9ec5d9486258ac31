//! The sequential specifications that the peers are given.
//!
//! Why it exists: each peer wants a type with a step function. These are written as a user of the peer would who cares
//! for speed: small plain states, values numbered beforehand, nothing of Anachron's own types. That they mean the same
//! as Anachron's models is held by `tests/agreement.rs`.
//!
//! An operation of unknown outcome has no reply. It takes effect where it can and otherwise leaves the state alone, so
//! that it can always be placed after everything else, which is how it never happens.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::hash::Hash;

use anachron_vocabulary::{Operation, Outcome, Reply, Value};

/// A sequential object as the peers see it.
pub trait Sequential: Debug + 'static {
    /// The object's state.
    type State: Clone + Eq + Hash + Debug + Send + Sync;
    /// What is asked.
    type Operation: Clone + Debug + Send + Sync;
    /// What is answered.
    type Reply: Clone + PartialEq + Debug + Send + Sync;

    /// The state before the first operation.
    fn initial() -> Self::State;

    /// The state after the operation, `None` if it can't answer `reply` here.
    fn step(
        state: &Self::State,
        operation: &Self::Operation,
        reply: Option<&Self::Reply>,
    ) -> Option<Self::State>;

    /// Anachron's words in the specification's own: the operation, and its reply if it is known. `None` if the
    /// specification can't express it.
    fn translate(
        values: &mut Numbers,
        operation: &Operation,
        outcome: &Outcome,
    ) -> Option<(Self::Operation, Option<Self::Reply>)>;
}

/// Values by number, since only their equality matters. The initial value is 0.
#[derive(Debug)]
pub struct Numbers(BTreeMap<Value, u32>);

impl Numbers {
    /// Numbers in which this value is 0.
    pub fn starting_with(initial: Value) -> Self {
        Self(BTreeMap::from([(initial, 0)]))
    }

    fn of(&mut self, value: &Value) -> u32 {
        let next = u32::try_from(self.0.len()).expect("fewer values than that");
        if let Some(&number) = self.0.get(value) {
            return number;
        }
        self.0.insert(value.clone(), next);
        next
    }
}

/// A register with compare-and-set.
#[derive(Debug)]
pub struct Register;

/// What a register is asked.
#[derive(Clone, Copy, Debug)]
pub enum RegisterOperation {
    /// Its value.
    Read,
    /// To hold this.
    Write(u32),
    /// To hold the second if it holds the first.
    CompareAndSet(u32, u32),
}

/// What a register answers.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum RegisterReply {
    /// Its value.
    Value(u32),
    /// Written.
    Done,
    /// Whether it swapped.
    Swapped(bool),
}

impl Sequential for Register {
    type State = u32;
    type Operation = RegisterOperation;
    type Reply = RegisterReply;

    fn initial() -> u32 {
        0
    }

    fn step(&state: &u32, operation: &RegisterOperation, reply: Option<&RegisterReply>) -> Option<u32> {
        match *operation {
            RegisterOperation::Read => {
                reply.is_none_or(|reply| *reply == RegisterReply::Value(state)).then_some(state)
            }
            RegisterOperation::Write(value) => Some(value),
            RegisterOperation::CompareAndSet(expected, new) => {
                let swapped = state == expected;
                let after = if swapped { new } else { state };
                reply.is_none_or(|reply| *reply == RegisterReply::Swapped(swapped)).then_some(after)
            }
        }
    }

    fn translate(
        values: &mut Numbers,
        operation: &Operation,
        outcome: &Outcome,
    ) -> Option<(RegisterOperation, Option<RegisterReply>)> {
        let translated = match operation {
            Operation::Read => RegisterOperation::Read,
            Operation::Write(value) => RegisterOperation::Write(values.of(value)),
            Operation::CompareAndSet { expected, new } => {
                RegisterOperation::CompareAndSet(values.of(expected), values.of(new))
            }
            _ => return None,
        };
        let reply = match outcome {
            Outcome::Unknown => None,
            Outcome::Ok(Reply::Value(value)) => Some(RegisterReply::Value(values.of(value))),
            Outcome::Ok(Reply::Done) => Some(RegisterReply::Done),
            Outcome::Ok(Reply::Answer(swapped)) => Some(RegisterReply::Swapped(*swapped)),
            Outcome::Failed => return None,
        };
        Some((translated, reply))
    }
}

/// One key of a key-value store: a text that can be read, replaced, appended to and removed. It starts empty.
#[derive(Debug)]
pub struct Text;

/// What a key is asked.
#[derive(Clone, Debug)]
pub enum TextOperation {
    /// Its text.
    Get,
    /// To hold this.
    Put(String),
    /// To hold this after what it holds.
    Append(String),
    /// To hold nothing.
    Delete,
    /// To hold the second if it holds the first.
    CompareAndSet(Option<String>, String),
}

/// What a key answers.
#[derive(Clone, PartialEq, Debug)]
pub enum TextReply {
    /// Its text, if it has one.
    Text(Option<String>),
    /// Done.
    Done,
    /// Whether it swapped.
    Swapped(bool),
}

impl Sequential for Text {
    type State = Option<String>;
    type Operation = TextOperation;
    type Reply = TextReply;

    fn initial() -> Option<String> {
        Some(String::new())
    }

    fn step(
        state: &Option<String>,
        operation: &TextOperation,
        reply: Option<&TextReply>,
    ) -> Option<Option<String>> {
        match operation {
            TextOperation::Get => match reply {
                Some(TextReply::Text(seen)) => (seen == state).then(|| state.clone()),
                _ => Some(state.clone()),
            },
            TextOperation::Put(text) => Some(Some(text.clone())),
            TextOperation::Append(text) => {
                let before = state.as_deref().unwrap_or_default();
                let mut after = String::with_capacity(before.len() + text.len());
                after.push_str(before);
                after.push_str(text);
                Some(Some(after))
            }
            TextOperation::Delete => Some(None),
            TextOperation::CompareAndSet(expected, new) => {
                let swapped = state == expected;
                reply
                    .is_none_or(|reply| *reply == TextReply::Swapped(swapped))
                    .then(|| if swapped { Some(new.clone()) } else { state.clone() })
            }
        }
    }

    fn translate(
        _: &mut Numbers,
        operation: &Operation,
        outcome: &Outcome,
    ) -> Option<(TextOperation, Option<TextReply>)> {
        let text = |value: &Value| match value {
            Value::Text(text) => Some(text.to_string()),
            _ => None,
        };
        let text_or_nothing = |value: &Value| match value {
            Value::Null => Some(None),
            other => text(other).map(Some),
        };
        let translated = match operation {
            Operation::Read => TextOperation::Get,
            Operation::Write(value) => TextOperation::Put(text(value)?),
            Operation::Append(value) => TextOperation::Append(text(value)?),
            Operation::Delete => TextOperation::Delete,
            Operation::CompareAndSet { expected, new } => {
                TextOperation::CompareAndSet(text_or_nothing(expected)?, text(new)?)
            }
            _ => return None,
        };
        let reply = match outcome {
            Outcome::Unknown => None,
            Outcome::Ok(Reply::Value(value)) => Some(TextReply::Text(text_or_nothing(value)?)),
            Outcome::Ok(Reply::Done) => Some(TextReply::Done),
            Outcome::Ok(Reply::Answer(swapped)) => Some(TextReply::Swapped(*swapped)),
            Outcome::Failed => return None,
        };
        Some((translated, reply))
    }
}

/// A lock; who holds it does not matter.
#[derive(Debug)]
pub struct Lock;

/// What a lock is asked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum LockOperation {
    /// To be taken.
    Acquire,
    /// To be given back.
    Release,
}

impl Sequential for Lock {
    /// Whether it is held.
    type State = bool;
    type Operation = LockOperation;
    type Reply = ();

    fn initial() -> bool {
        false
    }

    fn step(&held: &bool, operation: &LockOperation, reply: Option<&()>) -> Option<bool> {
        let after = *operation == LockOperation::Acquire;
        (held != after || reply.is_none()).then_some(after)
    }

    fn translate(
        _: &mut Numbers,
        operation: &Operation,
        outcome: &Outcome,
    ) -> Option<(LockOperation, Option<()>)> {
        let translated = match operation {
            Operation::Acquire => LockOperation::Acquire,
            Operation::Release => LockOperation::Release,
            _ => return None,
        };
        match outcome {
            Outcome::Ok(Reply::Done) => Some((translated, Some(()))),
            Outcome::Unknown => Some((translated, None)),
            _ => None,
        }
    }
}

/// A queue, first in, first out.
#[derive(Debug)]
pub struct Queue;

/// What a queue is asked.
#[derive(Clone, Copy, Debug)]
pub enum QueueOperation {
    /// To put this at the tail.
    Enqueue(u32),
    /// For the head.
    Dequeue,
}

impl Sequential for Queue {
    type State = VecDeque<u32>;
    type Operation = QueueOperation;
    /// What a dequeue took; 0 if there was nothing, and from an enqueue.
    type Reply = u32;

    fn initial() -> VecDeque<u32> {
        VecDeque::new()
    }

    fn step(state: &VecDeque<u32>, operation: &QueueOperation, reply: Option<&u32>) -> Option<VecDeque<u32>> {
        match *operation {
            QueueOperation::Enqueue(element) => {
                let mut after = state.clone();
                after.push_back(element);
                Some(after)
            }
            QueueOperation::Dequeue => {
                let head = state.front().copied().unwrap_or(0);
                reply.is_none_or(|&taken| taken == head).then(|| {
                    let mut after = state.clone();
                    after.pop_front();
                    after
                })
            }
        }
    }

    fn translate(
        values: &mut Numbers,
        operation: &Operation,
        outcome: &Outcome,
    ) -> Option<(QueueOperation, Option<u32>)> {
        let translated = match operation {
            // Null is how a queue says that it is empty; as an element it could not be told from that.
            Operation::Enqueue(Value::Null) => return None,
            Operation::Enqueue(element) => QueueOperation::Enqueue(values.of(element)),
            Operation::Dequeue => QueueOperation::Dequeue,
            _ => return None,
        };
        let reply = match outcome {
            Outcome::Unknown => None,
            Outcome::Ok(Reply::Value(taken)) => Some(values.of(taken)),
            Outcome::Ok(Reply::Done) => Some(0),
            _ => return None,
        };
        Some((translated, reply))
    }
}
