//! What a register holds, as far as a core can tell, and what an operation makes of it. Leadership is a register that
//! holds who leads, or null.
//!
//! The values that matter are those that the core needs to find, and some from which others may swap to them. A text
//! matters as well if it is the beginning of one that does, for it may be appended to. All other texts are one,
//! [`State::OtherText`]: nothing can be appended to it that would make it matter, and whatever needs a text that doesn't
//! matter may find it there. All other values that are no texts are one as well.

use std::collections::BTreeSet;

use anachron_history::{Record, Timestamp};
use anachron_vocabulary::{Operation, Outcome, Reply, Value};

use super::super::records::Records;
use crate::{CoreOperation, Kept};

/// More values than this are not told apart, but for those that the core needs itself.
const TOLD_APART: usize = 64;

static NULL: Value = Value::Null;

/// What the object holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum State<'h> {
    /// A text that does not matter.
    OtherText,
    /// Something that does not matter and is no text.
    OtherPlain,
    /// Something that matters and is no text. Null always does: it can be appended to.
    Plain(&'h Value),
    /// A text that matters, or the beginning of one.
    Text(&'h str),
}

impl State<'_> {
    fn matters(self) -> bool {
        !matches!(self, Self::OtherText | Self::OtherPlain)
    }
}

/// What an operation may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Step<'h> {
    /// It needs this to be there.
    Find(State<'h>),
    /// It needs this not to be there. Invariant: something that matters.
    FindNot(State<'h>),
    /// It leaves this.
    Write(State<'h>),
    /// It needs the first to be there and leaves the second.
    Swap(State<'h>, State<'h>),
    /// It appends this.
    Append(&'h str),
    /// It needs this or null to be there, and leaves this.
    Claim(State<'h>),
    /// It needs neither this nor null to be there. Invariant: something that matters.
    FindClaimed(State<'h>),
    /// Nothing: no value can be appended to by it.
    Never,
}

impl Step<'_> {
    pub(super) fn only_observes(self) -> bool {
        matches!(self, Self::Find(_) | Self::FindNot(_) | Self::FindClaimed(_))
    }
}

/// The values that matter.
pub(super) struct Values<'h> {
    plain: BTreeSet<&'h Value>,
    texts: Vec<&'h str>,
}

impl<'h> Values<'h> {
    /// Those that the core needs to find, and those from which swaps by then lead to them.
    pub(super) fn needed(object: &Records<'h>, kept: &[CoreOperation], end: Timestamp) -> Self {
        let mut values = Self { plain: BTreeSet::from([&NULL]), texts: Vec::new() };
        for kept in kept {
            let record = object.record(kept.id);
            match (&record.operation, &record.outcome) {
                (Operation::Read, Outcome::Ok(Reply::Value(seen))) => values.add(seen),
                (
                    Operation::CompareAndSet { expected: value, .. }
                    | Operation::Claim(value)
                    | Operation::Resign(value),
                    _,
                ) => values.add(value),
                _ => {}
            }
        }
        let swaps = || {
            object.iter().filter(|(_, record)| record.call <= end).filter_map(|(_, record)| {
                match (&record.operation, &record.outcome) {
                    (_, Outcome::Failed | Outcome::Ok(Reply::Answer(false))) => None,
                    (Operation::CompareAndSet { expected, new }, _) => Some((expected, new)),
                    (Operation::Resign(leader), _) => Some((leader, &NULL)),
                    _ => None,
                }
            })
        };
        let mut told = 0;
        while told < TOLD_APART {
            let before = told;
            for (expected, new) in swaps() {
                let leads_on = values.state(new).matters() && !values.state(expected).matters();
                if leads_on && told < TOLD_APART {
                    values.add(expected);
                    told += 1;
                }
            }
            if told == before {
                break;
            }
        }
        values
    }

    fn add(&mut self, value: &'h Value) {
        match value {
            Value::Text(text) if !self.texts.iter().any(|other| other.starts_with(&**text)) => {
                self.texts.push(text);
            }
            Value::Text(_) => {}
            plain => {
                self.plain.insert(plain);
            }
        }
    }

    /// What stands for a value.
    pub(super) fn state(&self, value: &Value) -> State<'h> {
        match value {
            Value::Text(text) => self.text("", text),
            plain => self.plain.get(plain).map_or(State::OtherPlain, |plain| State::Plain(plain)),
        }
    }

    /// What stands for a text of these two pieces.
    fn text(&self, start: &str, rest: &str) -> State<'h> {
        let fits = |text: &&&'h str| text.strip_prefix(start).is_some_and(|text| text.starts_with(rest));
        let found = self.texts.iter().find(fits);
        found.map_or(State::OtherText, |text| State::Text(&text[..start.len() + rest.len()]))
    }

    /// What an operation may do in a form in which it is kept; `None` if that is nothing that matters. Whoever is left out
    /// may do what one kept as unknown may.
    pub(super) fn step(&self, record: &'h Record, kept: Kept) -> Option<Step<'h>> {
        let says = kept == Kept::AsItWas;
        Some(match (&record.operation, &record.outcome) {
            (Operation::Read, Outcome::Ok(Reply::Value(seen))) if says => Step::Find(self.state(seen)),
            (Operation::CompareAndSet { expected, .. }, Outcome::Ok(Reply::Answer(false))) if says => {
                Step::FindNot(self.state(expected))
            }
            (Operation::Claim(leader), Outcome::Ok(Reply::Answer(false))) if says => {
                Step::FindClaimed(self.state(leader))
            }
            (Operation::Resign(leader), Outcome::Ok(Reply::Answer(false))) if says => {
                Step::FindNot(self.state(leader))
            }
            (Operation::Read, _)
            | (
                Operation::CompareAndSet { .. } | Operation::Claim(_) | Operation::Resign(_),
                Outcome::Ok(Reply::Answer(false)),
            ) => return None,
            (Operation::Claim(leader), _) if kept == Kept::AsWrite => Step::Write(self.state(leader)),
            (Operation::Resign(_), _) if kept == Kept::AsWrite => Step::Write(State::Plain(&NULL)),
            (Operation::Claim(leader), _) => Step::Claim(self.state(leader)),
            (Operation::Resign(leader), _) => Step::Swap(self.state(leader), State::Plain(&NULL)),
            (Operation::CompareAndSet { new, .. }, _) if kept == Kept::AsWrite => {
                Step::Write(self.state(new))
            }
            (Operation::CompareAndSet { expected, new }, _) => {
                Step::Swap(self.state(expected), self.state(new))
            }
            (Operation::Write(value), _) => Step::Write(self.state(value)),
            (Operation::Delete, _) => Step::Write(State::Plain(&NULL)),
            (Operation::Append(Value::Text(suffix)), _) => Step::Append(suffix),
            _ => Step::Never,
        })
    }

    /// What the object may hold after a step; `None` if it can't be taken here.
    pub(super) fn after(&self, step: Step<'h>, state: State<'h>) -> Option<State<'h>> {
        match (step, state) {
            (Step::Find(value), _) => (state == value).then_some(state),
            (Step::FindNot(value), _) => (state != value).then_some(state),
            (Step::Write(value), _) => Some(value),
            (Step::Swap(expected, new), _) => (state == expected).then_some(new),
            (Step::Claim(leader), _) => (state == leader || state == State::Plain(&NULL)).then_some(leader),
            (Step::FindClaimed(leader), _) => {
                (state != leader && state != State::Plain(&NULL)).then_some(state)
            }
            (Step::Append(suffix), State::Text(text)) => Some(self.text(text, suffix)),
            (Step::Append(suffix), State::Plain(Value::Null)) => Some(self.text("", suffix)),
            (Step::Append(_), State::OtherText) => Some(State::OtherText),
            (Step::Append(_), State::Plain(_) | State::OtherPlain) | (Step::Never, _) => None,
        }
    }
}
