//! The names of operations in history files, and what their arguments and answers look like.

use std::fmt;

/// What an operation does, before its argument is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Verb {
    Read,
    Write,
    CompareAndSet,
    Append,
    Delete,
    MultiRead,
    MultiWrite,
    Acquire,
    Release,
    Claim,
    Resign,
    Enqueue,
    Dequeue,
    Push,
    Pop,
    Add,
    Remove,
    Contains,
    Increment,
    Decrement,
    Insert,
    ExtractMin,
}

/// Every verb by the names that are understood; the first name is the one that is written.
const NAMES: [(Verb, &[&str]); 22] = [
    (Verb::Read, &["read", "get"]),
    (Verb::Write, &["write", "put"]),
    (Verb::CompareAndSet, &["cas"]),
    (Verb::Append, &["append"]),
    (Verb::Delete, &["delete"]),
    (Verb::MultiRead, &["multi-read"]),
    (Verb::MultiWrite, &["multi-write"]),
    (Verb::Acquire, &["acquire"]),
    (Verb::Release, &["release"]),
    (Verb::Claim, &["claim"]),
    (Verb::Resign, &["resign"]),
    (Verb::Enqueue, &["enqueue"]),
    (Verb::Dequeue, &["dequeue"]),
    (Verb::Push, &["push"]),
    (Verb::Pop, &["pop"]),
    (Verb::Add, &["add"]),
    (Verb::Remove, &["remove"]),
    (Verb::Contains, &["contains"]),
    (Verb::Increment, &["increment"]),
    (Verb::Decrement, &["decrement"]),
    (Verb::Insert, &["insert"]),
    (Verb::ExtractMin, &["extract-min"]),
];

/// What a verb's argument is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Argument {
    /// None; whatever stands there is ignored.
    Ignored,
    /// One value.
    Value,
    /// `[expected,new]`.
    Pair,
    /// Names of registers.
    Names,
    /// Registers and their new values.
    Assignments,
    /// A whole number; 1 where nothing stands.
    Amount,
    /// The fencing token of a lock, or nothing.
    Token,
}

/// What a verb's answer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// Nothing but that it is done.
    Nothing,
    /// A value.
    Value,
    /// True or false.
    Truth,
    /// True, false or nothing.
    TruthOrNothing,
    /// A whole number or nothing.
    NumberOrNothing,
    /// As many values as the argument has names.
    Values,
}

impl Verb {
    /// The verb with this name: `Operation::name` of the vocabulary, or `get` and `put` as key-value stores say.
    pub(super) fn named(name: &str) -> Option<Self> {
        // The commonest first, without a walk through the table.
        match name {
            "read" => return Some(Self::Read),
            "write" => return Some(Self::Write),
            "cas" => return Some(Self::CompareAndSet),
            _ => {}
        }
        NAMES.iter().find(|(_, names)| names.contains(&name)).map(|(verb, _)| *verb)
    }

    fn name(self) -> &'static str {
        let entry = NAMES.iter().find(|(verb, _)| *verb == self);
        entry.expect("every verb has names").1[0]
    }

    /// What was expected where no known name stands.
    pub(super) fn expectation() -> String {
        let names: Vec<String> = NAMES
            .iter()
            .map(|(_, names)| match names {
                [name] => (*name).to_owned(),
                [name, others @ ..] => format!("{name} (or {})", others.join(" or ")),
                [] => unreachable!("every verb has names"),
            })
            .collect();
        format!("an operation that a model knows: {}", names.join(", "))
    }

    /// What stands as the argument.
    pub(super) fn argument(self) -> Argument {
        match self {
            Self::Read | Self::Delete | Self::Acquire | Self::Dequeue | Self::Pop | Self::ExtractMin => {
                Argument::Ignored
            }
            Self::Write
            | Self::Append
            | Self::Claim
            | Self::Resign
            | Self::Enqueue
            | Self::Push
            | Self::Add
            | Self::Remove
            | Self::Contains
            | Self::Insert => Argument::Value,
            Self::CompareAndSet => Argument::Pair,
            Self::MultiRead => Argument::Names,
            Self::MultiWrite => Argument::Assignments,
            Self::Increment | Self::Decrement => Argument::Amount,
            Self::Release => Argument::Token,
        }
    }

    /// What stands as the answer.
    pub(super) fn answer(self) -> Answer {
        match self {
            Self::Read | Self::Dequeue | Self::Pop | Self::ExtractMin => Answer::Value,
            Self::CompareAndSet | Self::Claim | Self::Resign | Self::Contains => Answer::Truth,
            Self::Add | Self::Remove => Answer::TruthOrNothing,
            Self::Increment | Self::Decrement | Self::Acquire => Answer::NumberOrNothing,
            Self::MultiRead => Answer::Values,
            Self::Write
            | Self::Append
            | Self::Delete
            | Self::MultiWrite
            | Self::Release
            | Self::Enqueue
            | Self::Push
            | Self::Insert => Answer::Nothing,
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
