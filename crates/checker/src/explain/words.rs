//! How things are named: clients, objects, operations, times, circled numbers.
//!
//! Why it exists: the words live in one place, so that a sentence reads the same in the terminal, on the report page
//! and in a JUnit message. A [`Voice`] knows the names of one object's history, and perhaps numbers for its operations;
//! `sentences` lets it say facts.
//!
//! Decisions: a client whose name is only digits is `client 3`, and a key of only digits `key 7`, because a bare number
//! would be taken for a value. A name with anything unusual in it is quoted and escaped. An object without a name is
//! `the register`, `the lock`, `the text`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anachron_history::{Record, TimeUnit, Timestamp};
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value, VirtualDuration};

use super::fact::Point;
use super::subject::Subject;
use crate::Model;

/// The number in a circle, as far as Unicode goes: ① to ㊿, then `(51)`.
pub fn circled(number: usize) -> String {
    let code = match number {
        1..=20 => 0x2460 + number - 1,
        21..=35 => 0x3251 + number - 21,
        36..=50 => 0x32b1 + number - 36,
        _ => return format!("({number})"),
    };
    u32::try_from(code).ok().and_then(char::from_u32).map_or_else(|| format!("({number})"), String::from)
}

/// `once`, `twice`, `3 times`.
pub(crate) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{count} times"),
    }
}

/// `this operation`, `these 3 operations`.
pub(crate) fn these_operations(count: usize) -> String {
    match count {
        1 => "this operation".to_owned(),
        _ => format!("these {count} operations"),
    }
}

/// Of more operations than this only some are named: nobody reads a hundred numbers.
const MOST_MARKS: usize = 12;

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list(items: &[String]) -> String {
    match items {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// A name as it can stand in a sentence: unusual ones quoted and escaped.
fn name(name: &str, what: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:@#".contains(c);
    if !name.is_empty() && name.chars().all(|c| c.is_ascii_digit()) {
        format!("{what} {name}")
    } else if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("{what} \"{}\"", name.escape_debug())
    }
}

/// Speaks of one object's operations.
pub(crate) struct Voice<'a> {
    pub(crate) subject: &'a Subject<'a>,
    numbers: BTreeMap<OperationId, usize>,
}

impl<'a> Voice<'a> {
    /// A voice without numbers: for headlines.
    pub(crate) fn new(subject: &'a Subject<'a>) -> Self {
        Self { subject, numbers: BTreeMap::new() }
    }

    /// A voice that calls these operations ①, ② and so on.
    pub(crate) fn numbered(subject: &'a Subject<'a>, order: &[OperationId]) -> Self {
        Self { subject, numbers: order.iter().copied().zip(1..).collect() }
    }

    /// The client of an operation: `c1`, `client 3`.
    pub(crate) fn client(&self, id: OperationId) -> String {
        name(self.subject.history().client_name(self.subject.record(id).client), "client")
    }

    /// The same where a client is introduced: `client c1`, `client 3`.
    pub(crate) fn client_in_full(&self, id: OperationId) -> String {
        let client = self.client(id);
        if client.starts_with("client ") { client } else { format!("client {client}") }
    }

    /// The object: `x`, `key 7`, `the lock`.
    pub(crate) fn object(&self) -> String {
        match self.subject.history().key_name(self.subject.key()) {
            "" => match self.subject.model() {
                Model::Register | Model::CasRegister => "the register".to_owned(),
                Model::KeyValue => "the text".to_owned(),
                Model::Mutex | Model::FencingLock => "the lock".to_owned(),
                Model::LeaderRegister => "the leadership".to_owned(),
                Model::MultiRegister => "the registers".to_owned(),
                other => format!("the {}", other.name().replace('-', " ")),
            },
            key => name(key, "key"),
        }
    }

    /// The same voice and numbers for another view of the operations.
    pub(crate) fn of<'b>(&self, subject: &'b Subject<'b>) -> Voice<'b> {
        Voice { subject, numbers: self.numbers.clone() }
    }

    /// What the object holds, in a clause: `x was 1`, `nobody led`.
    pub(crate) fn holds(&self, value: &Value) -> String {
        match (self.subject.model(), value) {
            (Model::LeaderRegister, Value::Null) => "nobody led".to_owned(),
            (Model::LeaderRegister, leader) => format!("{leader} led"),
            _ => format!("{} was {value}", self.object()),
        }
    }

    /// What the object holds, by itself: `1`; of a leadership `led by n1`, `vacant`.
    pub(crate) fn held(&self, value: &Value) -> String {
        match (self.subject.model(), value) {
            (Model::LeaderRegister, Value::Null) => "vacant".to_owned(),
            (Model::LeaderRegister, leader) => format!("led by {leader}"),
            _ => value.to_string(),
        }
    }

    /// `x=2`, or `2` if the object has no name.
    pub(crate) fn assigned(&self, value: &Value) -> String {
        match self.subject.history().key_name(self.subject.key()) {
            "" => value.to_string(),
            _ => format!("{}={value}", self.object()),
        }
    }

    /// A piece of text.
    #[allow(clippy::unused_self)] // the voice decides how things are said, whether or not it needs the names
    pub(crate) fn quoted(&self, text: &str) -> String {
        format!("{text:?}")
    }

    /// What the operation did: `c1 wrote x=2`, `c3 read x → 1`, `c2's cas x 1→2 succeeded`.
    pub(crate) fn did(&self, id: OperationId) -> String {
        let record = self.subject.record(id);
        let (client, object) = (self.client(id), self.object());
        let unknown = record.outcome == Outcome::Unknown;
        match &record.operation {
            Operation::Read => match &record.outcome {
                Outcome::Ok(Reply::Value(value)) => format!("{client} read {object} → {value}"),
                _ => format!("{client}'s read of {object}"),
            },
            Operation::Write(value) if unknown => format!("{client}'s write of {}", self.assigned(value)),
            Operation::Write(value) => format!("{client} wrote {}", self.assigned(value)),
            Operation::CompareAndSet { expected, new } => {
                let swap = format!("{client}'s cas {object} {expected}→{new}");
                match record.outcome {
                    Outcome::Ok(Reply::Answer(true)) => format!("{swap} succeeded"),
                    Outcome::Ok(Reply::Answer(false)) => format!("{swap} answered false"),
                    _ => swap,
                }
            }
            Operation::Append(piece) if unknown => format!("{client}'s append of {piece} to {object}"),
            Operation::Append(piece) => format!("{client} appended {piece} to {object}"),
            Operation::Acquire if unknown => format!("{client}'s acquire of {object}"),
            Operation::Acquire => match &record.outcome {
                Outcome::Ok(Reply::Value(token)) => format!("{client} acquired {object} (token {token})"),
                _ => format!("{client} acquired {object}"),
            },
            Operation::Release | Operation::ReleaseToken(_) if unknown => {
                format!("{client}'s release of {object}")
            }
            Operation::Release => format!("{client} released {object}"),
            Operation::ReleaseToken(token) => format!("{client} released {object} (token {token})"),
            _ => self.did_to_elements(record),
        }
    }

    /// The same of operations on collections, leadership and several registers: `c1 enqueued a in q`, `c2 dequeued a from
    /// q`; where the outcome is unknown `c1's enqueue of a in q`.
    fn did_to_elements(&self, record: &Record) -> String {
        let client = name(self.subject.history().client_name(record.client), "client");
        let object = self.object();
        let unknown = record.outcome == Outcome::Unknown;
        let answered = match &record.outcome {
            Outcome::Ok(Reply::Value(value)) => Some(value),
            _ => None,
        };
        let yes = record.outcome == Outcome::Ok(Reply::Answer(true));
        let no = record.outcome == Outcome::Ok(Reply::Answer(false));
        // What was put where; what was taken from where.
        let put = |did: &str, noun: &str, element: &Value, preposition: &str| {
            if unknown {
                format!("{client}'s {noun} of {element} {preposition} {object}")
            } else {
                format!("{client} {did} {element} {preposition} {object}")
            }
        };
        let take = |did: &str, noun: &str| match answered {
            None => format!("{client}'s {noun} from {object}"),
            Some(Value::Null) => format!("{client} found {object} empty"),
            Some(element) => format!("{client} {did} {element} from {object}"),
        };
        match &record.operation {
            Operation::Enqueue(element) => put("enqueued", "enqueue", element, "in"),
            Operation::Push(element) => put("pushed", "push", element, "on"),
            Operation::Insert(element) => put("inserted", "insert", element, "into"),
            Operation::Dequeue => take("dequeued", "dequeue"),
            Operation::Pop => take("popped", "pop"),
            Operation::ExtractMin => take("took", "extract-min"),
            Operation::Add(element) if no => {
                format!("{client} was told that {element} was in {object} already")
            }
            Operation::Add(element) => put("added", "add", element, "to"),
            Operation::Remove(element) if no => {
                format!("{client} found no {element} to remove from {object}")
            }
            Operation::Remove(element) => put("removed", "remove", element, "from"),
            Operation::Contains(element) if yes => format!("{client} was told that {element} is in {object}"),
            Operation::Contains(element) if no => {
                format!("{client} was told that {element} is not in {object}")
            }
            Operation::Contains(element) => format!("{client}'s question for {element} in {object}"),
            Operation::Increment(amount) => match answered {
                _ if unknown => format!("{client}'s increment of {object} by {amount}"),
                Some(value) => format!("{client} added {amount} to {object} and got {value}"),
                None => format!("{client} added {amount} to {object}"),
            },
            Operation::Claim(candidate) if yes => {
                format!("{client} was told that {candidate} leads {object}")
            }
            Operation::Claim(candidate) if no => {
                format!("{client}'s claim of {object} for {candidate} was refused")
            }
            Operation::Claim(candidate) => format!("{client}'s claim of {object} for {candidate}"),
            Operation::Resign(leader) if yes => format!("{client} resigned {object} for {leader}"),
            Operation::Resign(leader) if no => {
                format!("{client} was told that {leader} did not lead {object}")
            }
            Operation::Resign(leader) => format!("{client}'s resignation of {object} for {leader}"),
            Operation::Delete if unknown => format!("{client}'s deletion of {object}"),
            Operation::Delete => format!("{client} deleted {object}"),
            Operation::MultiRead(names) => match answered {
                Some(Value::List(values)) if values.len() == names.len() => {
                    let pair = |(register, value): (&Arc<str>, &Value)| {
                        format!("{}={value}", name(register, "register"))
                    };
                    let shown: Vec<String> = names.iter().zip(values.iter()).map(pair).collect();
                    format!("{client} read {}", list(&shown))
                }
                _ => {
                    let names: Vec<String> = names.iter().map(|each| name(each, "register")).collect();
                    format!("{client}'s read of {}", list(&names))
                }
            },
            Operation::MultiWrite(pairs) => {
                let pair =
                    |(register, value): &(Arc<str>, Value)| format!("{}={value}", name(register, "register"));
                let shown: Vec<String> = pairs.iter().map(pair).collect();
                let verb = if unknown { "'s write of" } else { " wrote" };
                format!("{client}{verb} {}", list(&shown))
            }
            other => format!("{client}'s {} on {object}", other.name()),
        }
    }

    /// A moment: `145.2 ms`, `event 12`, `t=145`.
    pub(crate) fn at(&self, moment: Timestamp) -> String {
        let Timestamp(count) = moment;
        match self.subject.history().time_unit {
            TimeUnit::Nanoseconds => {
                let sign = if count < 0 { "-" } else { "" };
                format!("{sign}{}", VirtualDuration(count.unsigned_abs()))
            }
            TimeUnit::EventIndex => format!("event {count}"),
            TimeUnit::Unstated => format!("t={count}"),
        }
    }

    /// `, 6.8 ms later,`: only where the unit is known.
    pub(crate) fn later_by(&self, from: Timestamp, to: Timestamp) -> String {
        match self.subject.history().time_unit {
            TimeUnit::Nanoseconds => {
                let length = i128::from(to.0) - i128::from(from.0);
                format!(", {} later", VirtualDuration(u64::try_from(length).unwrap_or(0)))
            }
            TimeUnit::EventIndex | TimeUnit::Unstated => String::new(),
        }
    }

    /// The end of an operation that has one; without one, its call.
    pub(crate) fn finished_at(&self, id: OperationId) -> Timestamp {
        let record = self.subject.record(id);
        record.returned().unwrap_or(record.call)
    }

    /// The operation's number: `②`.
    pub(crate) fn mark(&self, id: OperationId) -> String {
        match self.numbers.get(&id) {
            Some(&number) => circled(number),
            None => format!("operation {}", id.0),
        }
    }

    pub(crate) fn marks(&self, ids: &[OperationId]) -> String {
        let mut ids = ids.to_vec();
        ids.sort_by_key(|id| self.numbers.get(id).copied());
        let marks: Vec<String> = ids.iter().map(|&id| self.mark(id)).collect();
        match marks.as_slice() {
            [first @ .., last] if marks.len() > MOST_MARKS => {
                format!("{}, … and {last} ({} in all)", first[..MOST_MARKS / 2].join(", "), marks.len())
            }
            marks => list(marks),
        }
    }

    pub(crate) fn point(&self, point: Point) -> String {
        point.map_or_else(|| "the start".to_owned(), |id| self.mark(id))
    }
}
