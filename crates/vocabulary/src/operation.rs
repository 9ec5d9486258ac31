//! What a client asks, what it is told, and what it knows afterwards.

use std::fmt;
use std::sync::Arc;

/// A value that a client writes or reads. Only equality matters to the judge.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Value {
    /// Nothing there: what a register holds before the first write, unless a scenario says otherwise.
    #[default]
    Null,
    /// A whole number.
    Integer(i64),
    /// A string.
    Text(Arc<str>),
    /// Any other literal of a history file (`1.5`, `true`, `:keyword`, `[1 2]`), kept as its canonical text and
    /// compared by it. A string `"1.5"` and a number `1.5` stay different.
    Literal(Arc<str>),
    /// Several values in an order: what a read of a list, of a set or of several registers shows.
    List(Arc<[Value]>),
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Value>>(values: I) -> Self {
        Self::List(values.into_iter().collect())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

/// Strings in quotes only where they could be taken for something else.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => {
                let plain = !text.is_empty()
                    && &**text != "null"
                    && text.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
                    && !text.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
                if plain { f.write_str(text) } else { write!(f, "{text:?}") }
            }
            Self::Literal(text) => f.write_str(text),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
        }
    }
}

/// What a client asks of one object. Key-value `get` and `put` are [`Read`](Self::Read) and [`Write`](Self::Write).
///
/// The order of the variants counts in fingerprints: new ones come last.
///
/// What each does to which kind of object is said in one place, the checker's `object.rs`; here is what the words
/// mean between clients and servers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// Returns the object's value.
    Read,
    /// Replaces the object's value.
    Write(Value),
    /// Replaces the value with `new` if it is `expected`, and says whether it did.
    CompareAndSet {
        /// The value that must be there.
        expected: Value,
        /// The value to put in its place.
        new: Value,
    },
    /// Adds to the end: text to a key's text, an element to a list.
    Append(Value),
    /// Takes the lock; returns once it is held, with a fencing token if the lock gives any.
    Acquire,
    /// Gives the lock back.
    Release,
    /// Removes a key: a read finds nothing there.
    Delete,
    /// Reads several registers at once; the reply lists their values in the order of the names.
    MultiRead(Arc<[Arc<str>]>),
    /// Writes several registers at once.
    MultiWrite(Arc<[(Arc<str>, Value)]>),
    /// Gives back the lock that was taken with this fencing token.
    ReleaseToken(i64),
    /// Makes the candidate leader unless somebody else is, and says whether it is leader now.
    Claim(Value),
    /// Ends the candidate's leadership, and says whether it was leader.
    Resign(Value),
    /// Adds an element at the tail of a queue.
    Enqueue(Value),
    /// Takes the element at the head of a queue; [`Value::Null`] if there is none.
    Dequeue,
    /// Puts an element on top of a stack.
    Push(Value),
    /// Takes the element on top of a stack; [`Value::Null`] if there is none.
    Pop,
    /// Adds an element to a set or a multiset; may say whether it was new.
    Add(Value),
    /// Removes an element (of a multiset: once) and may say whether it was there.
    Remove(Value),
    /// Asks whether an element is there.
    Contains(Value),
    /// Adds a number to a counter; may say what it is then.
    Increment(i64),
    /// Puts an element into a priority queue. Smaller values come first.
    Insert(Value),
    /// Takes the smallest element of a priority queue; [`Value::Null`] if there is none.
    ExtractMin,
}

impl Operation {
    /// The operation's name in history and scenario files: `read`, `write`, `cas`, `enqueue`, …
    pub fn name(&self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write(_) => "write",
            Self::CompareAndSet { .. } => "cas",
            Self::Append(_) => "append",
            Self::Delete => "delete",
            Self::MultiRead(_) => "multi-read",
            Self::MultiWrite(_) => "multi-write",
            Self::Acquire => "acquire",
            Self::Release | Self::ReleaseToken(_) => "release",
            Self::Claim(_) => "claim",
            Self::Resign(_) => "resign",
            Self::Enqueue(_) => "enqueue",
            Self::Dequeue => "dequeue",
            Self::Push(_) => "push",
            Self::Pop => "pop",
            Self::Add(_) => "add",
            Self::Remove(_) => "remove",
            Self::Contains(_) => "contains",
            Self::Increment(_) => "increment",
            Self::Insert(_) => "insert",
            Self::ExtractMin => "extract-min",
        }
    }

    /// What it is asked with, as values: for traces and pictures that treat all operations alike.
    pub fn arguments(&self) -> Vec<Value> {
        match self {
            Self::Read
            | Self::Delete
            | Self::Acquire
            | Self::Release
            | Self::Dequeue
            | Self::Pop
            | Self::ExtractMin => Vec::new(),
            Self::Write(value)
            | Self::Append(value)
            | Self::Claim(value)
            | Self::Resign(value)
            | Self::Enqueue(value)
            | Self::Push(value)
            | Self::Add(value)
            | Self::Remove(value)
            | Self::Contains(value)
            | Self::Insert(value) => vec![value.clone()],
            Self::CompareAndSet { expected, new } => vec![expected.clone(), new.clone()],
            Self::Increment(number) | Self::ReleaseToken(number) => vec![Value::Integer(*number)],
            Self::MultiRead(names) => names.iter().map(|name| Value::Text(Arc::clone(name))).collect(),
            Self::MultiWrite(pairs) => pairs
                .iter()
                .map(|(name, value)| Value::from_iter([Value::Text(Arc::clone(name)), value.clone()]))
                .collect(),
        }
    }

    /// Its arguments as text, each with a space before it.
    pub fn arguments_shown(&self, show: impl Fn(&Value) -> String) -> String {
        self.arguments().iter().fold(String::new(), |mut shown, argument| {
            shown.push(' ');
            shown.push_str(&show(argument));
            shown
        })
    }

    /// True if the operation can't change the object, whatever it returns.
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Read | Self::MultiRead(_) | Self::Contains(_))
    }
}

/// What a client is told when its operation took effect.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    /// Done, and nothing more: the answer to a write, an append, an acquire.
    Done,
    /// A value: what was read or taken, a fencing token, a counter after an increment.
    Value(Value),
    /// Yes or no: whether a compare-and-set replaced the value, whether an element was there. `false` is an
    /// observation as well.
    Answer(bool),
}

/// What a client knows of its operation in the end.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// It took effect between its call and its return, and this was the reply.
    Ok(Reply),
    /// It certainly did not happen, and never will.
    Failed,
    /// Nobody knows: it may take effect at any time after its call, or never. A time-out is this, never `Failed`.
    Unknown,
}
