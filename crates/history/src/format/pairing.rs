//! From events to operations: each process's `:invoke` and the `:ok`, `:fail` or `:info` that ends it.
//!
//! Jepsen's rules (<https://github.com/jepsen-io/history>): a process has one operation open at a time; `:ok` means
//! that it happened, `:fail` that it certainly did not, `:info` that nobody knows; so does an operation that the
//! file leaves open. After `:info` a real process is retired, but a file may reuse its number: the old operation
//! stays unknown and the process may call again.
//!
//! Times are positions: the file's first event of a client is at 0, its next at 1, and so on. The order of the file
//! is the order in time, whatever its `:time` fields say.
//!
//! What a completion's value must be: a read's is what it read. That of a write, an append or a compare-and-set
//! repeats the call's, or is `nil`; another one is an error, since we would not know which of the two happened.
//! For a compare-and-set `true` and `false` are understood too. The answers of the other objects are those of
//! [`json_lines`](super::json_lines): what was taken from a queue, `true` or `false` where they tell. Values of `:info` and `:fail` are mostly reasons
//! (`:timed-out`) and don't count.
//!
//! Left out on purpose: Jepsen's independent keys, whose values are tuples `[key value]`. Nothing marks them, and a
//! register may hold vectors. They are refused where they can't be anything else: a read that is called with
//! `[key nil]`. Reads and writes of several registers at once: there is no one notation for them.

use std::borrow::Cow;
use std::fmt;

use anachron_vocabulary::{ClientId, Key, Operation, Outcome, Reply, Value};

use super::edn::Edn;
use super::error::{Fault, Read, quoted};
use super::verb::Verb;
use crate::{History, Record, TimeUnit, Timestamp};

/// What kind of event a line or a map tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Invoke,
    Ok,
    Fail,
    Info,
}

impl Kind {
    /// The kind with this name, which has no colon.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "invoke" => Self::Invoke,
            "ok" => Self::Ok,
            "fail" => Self::Fail,
            "info" => Self::Info,
            _ => return None,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invoke => ":invoke",
            Self::Ok => ":ok",
            Self::Fail => ":fail",
            Self::Info => ":info",
        })
    }
}

/// One event of one client's process.
pub(super) struct Event<'a> {
    /// Where the event stands.
    pub(super) at: usize,
    pub(super) process: &'a str,
    pub(super) kind: Kind,
    pub(super) verb: Verb,
    pub(super) key: Option<Cow<'a, str>>,
    /// Where its value can be read, if it has one.
    pub(super) value: Option<Edn<'a>>,
}

/// What `:fail` of a compare-and-set means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FailedCas {
    /// It did not happen, for whatever reason.
    DidNotHappen,
    /// The value was not the expected one, if the event repeats the operation's argument.
    Observed,
}

/// What is known of a process.
#[derive(Default)]
struct Process {
    /// The operation it waits for: its record, what it does, and where its call stands.
    open: Option<(usize, Verb, usize)>,
    /// Where its last operation ended.
    ended: Option<usize>,
}

/// A history under construction.
pub(super) struct Pairing {
    history: History,
    processes: Vec<Process>,
    events: i64,
    failed_cas: FailedCas,
}

impl Pairing {
    pub(super) fn new(failed_cas: FailedCas) -> Self {
        let history = History { time_unit: TimeUnit::EventIndex, ..History::default() };
        Self { history, processes: Vec::new(), events: 0, failed_cas }
    }

    /// The history. Operations that are still open stay unknown.
    pub(super) fn finish(self) -> History {
        self.history
    }

    /// Takes the next event.
    pub(super) fn event(&mut self, event: Event<'_>) -> Read<()> {
        let client = ClientId(self.history.clients.number(event.process));
        if client.index() == self.processes.len() {
            self.processes.push(Process::default());
        }
        let now = Timestamp(self.events);
        self.events += 1;
        let process = &mut self.processes[client.index()];
        if event.kind == Kind::Invoke {
            if let Some((_, verb, called)) = process.open {
                let name = quoted(event.process);
                let expected = format!("the completion of the {verb} of process {name}");
                return Err(Fault::expected(event.at, expected)
                    .found(format!("an :invoke of a {} by the same process", event.verb))
                    .note_line(format!("the open {verb} was called"), called));
            }
            process.open = Some((self.history.records.len(), event.verb, event.at));
            let operation = operation(event.verb, event.value, event.at)?;
            let key = Key(self.history.keys.number(event.key.as_deref().unwrap_or_default()));
            let (end, outcome) = (None, Outcome::Unknown);
            self.history.records.push(Record { client, key, operation, call: now, end, outcome });
            return Ok(());
        }
        let Some((index, verb, called)) = process.open.take() else {
            let name = quoted(event.process);
            let fault =
                Fault::expected(event.at, format!("an :invoke of process {name} before its {}", event.kind))
                    .found(format!("{} of a {}", event.kind, event.verb));
            return Err(match process.ended {
                Some(ended) => fault.note_line("its last operation ended", ended),
                None => fault.note("the process has no operation before this line"),
            });
        };
        process.ended = Some(event.at);
        if event.verb != verb {
            let name = quoted(event.process);
            return Err(Fault::expected(event.at, format!("the completion of the {verb} of process {name}"))
                .found(format!("{} of a {}", event.kind, event.verb))
                .note_line(format!("the open {verb} was called"), called));
        }
        let record = &mut self.history.records[index];
        let open_key = self.history.keys.name(record.key.0);
        if let Some(key) = event.key.as_deref().filter(|key| *key != open_key) {
            return Err(Fault::expected(event.at, format!("the key of the call, {}", quoted(open_key)))
                .found(quoted(key))
                .note_line("the call is", called));
        }
        record.end = Some(now);
        record.outcome = match event.kind {
            Kind::Ok => Outcome::Ok(reply(&record.operation, event.value, event.at, called)?),
            Kind::Fail => failed(self.failed_cas, &record.operation, event.value, called)?,
            Kind::Info | Kind::Invoke => Outcome::Unknown,
        };
        Ok(())
    }
}

/// What `:fail` tells of an operation.
fn failed(
    failed_cas: FailedCas,
    operation: &Operation,
    value: Option<Edn<'_>>,
    called: usize,
) -> Read<Outcome> {
    let repeated = value.filter(|edn| matches!(edn.peek(), Some(b'[' | b'(')));
    match (failed_cas, operation, repeated) {
        (FailedCas::Observed, Operation::CompareAndSet { .. }, Some(edn)) => {
            let at = edn.at;
            reply(operation, Some(edn), at, called)?;
            Ok(Outcome::Ok(Reply::Answer(false)))
        }
        _ => Ok(Outcome::Failed),
    }
}

fn operation<'a>(verb: Verb, value: Option<Edn<'a>>, at: usize) -> Read<Operation> {
    let needed = |value: Option<Edn<'a>>| {
        value.ok_or_else(|| Fault::expected(at, format!("the value of this {verb}")))
    };
    Ok(match verb {
        Verb::Read => {
            value.map_or(Ok(()), refuse_tuple)?;
            Operation::Read
        }
        Verb::Write => Operation::Write(needed(value)?.value()?),
        Verb::Append => Operation::Append(needed(value)?.value()?),
        Verb::CompareAndSet => {
            let (expected, new) = needed(value)?.pair()?;
            Operation::CompareAndSet { expected, new }
        }
        Verb::Claim => Operation::Claim(needed(value)?.value()?),
        Verb::Resign => Operation::Resign(needed(value)?.value()?),
        Verb::Enqueue => Operation::Enqueue(needed(value)?.value()?),
        Verb::Push => Operation::Push(needed(value)?.value()?),
        Verb::Add => Operation::Add(needed(value)?.value()?),
        Verb::Remove => Operation::Remove(needed(value)?.value()?),
        Verb::Contains => Operation::Contains(needed(value)?.value()?),
        Verb::Insert => Operation::Insert(needed(value)?.value()?),
        Verb::Increment => Operation::Increment(amount(value)?.unwrap_or(1)),
        Verb::Decrement => {
            let out_of_range = || Fault::expected(at, "an amount that can be turned round");
            Operation::Increment(amount(value)?.unwrap_or(1).checked_neg().ok_or_else(out_of_range)?)
        }
        Verb::Release => match value.map(|mut edn| edn.value()).transpose()? {
            Some(Value::Integer(token)) => Operation::ReleaseToken(token),
            _ => Operation::Release,
        },
        Verb::Delete => Operation::Delete,
        Verb::Acquire => Operation::Acquire,
        Verb::Dequeue => Operation::Dequeue,
        Verb::Pop => Operation::Pop,
        Verb::ExtractMin => Operation::ExtractMin,
        Verb::MultiRead | Verb::MultiWrite => {
            return Err(Fault::expected(at, format!("JSON Lines for a {verb}")).found("an EDN event"));
        }
    })
}

/// A whole number, unless nothing or `nil` stands there.
fn amount(value: Option<Edn<'_>>) -> Read<Option<i64>> {
    let Some(mut edn) = value else { return Ok(None) };
    let at = edn.at;
    match edn.value()? {
        Value::Null => Ok(None),
        Value::Integer(number) => Ok(Some(number)),
        _ => Err(Fault::expected(at, "a whole number or nil")),
    }
}

/// Refuses the call of a read with `[key nil]`.
fn refuse_tuple(mut edn: Edn<'_>) -> Read<()> {
    let at = edn.at;
    if edn.peek() == Some(b'[')
        && let Ok((key, Value::Null)) = edn.pair()
        && key != Value::Null
    {
        return Err(Fault::expected(at, "a read that is called with nil or a guess")
            .found("a tuple [key nil]")
            .note("this looks like Jepsen's independent keys: give each event its :key and its own :value"));
    }
    Ok(())
}

fn reply(operation: &Operation, value: Option<Edn<'_>>, at: usize, called: usize) -> Read<Reply> {
    let Some(mut edn) = value else {
        return match operation {
            Operation::Read | Operation::Dequeue | Operation::Pop | Operation::ExtractMin => {
                Err(Fault::expected(at, format!("the value that this {} returned", operation.name())))
            }
            Operation::CompareAndSet { .. } | Operation::Claim(_) | Operation::Resign(_) => {
                Ok(Reply::Answer(true))
            }
            Operation::Contains(_) => Err(Fault::expected(at, "true or false")),
            _ => Ok(Reply::Done),
        };
    };
    let at = edn.at;
    let same = |same: bool| {
        if same {
            return Ok(());
        }
        Err(Fault::expected(at, format!("the value that the {} was called with", operation.name()))
            .note_line("the call is", called))
    };
    let truth = |value: &Value| match value {
        Value::Literal(answer) if &**answer == "true" => Some(true),
        Value::Literal(answer) if &**answer == "false" => Some(false),
        _ => None,
    };
    Ok(match operation {
        Operation::Read | Operation::Dequeue | Operation::Pop | Operation::ExtractMin => {
            Reply::Value(edn.value()?)
        }
        Operation::Write(written)
        | Operation::Append(written)
        | Operation::Enqueue(written)
        | Operation::Push(written)
        | Operation::Insert(written) => {
            let value = edn.value()?;
            same(value == Value::Null || value == *written)?;
            Reply::Done
        }
        Operation::CompareAndSet { expected, new } => {
            if matches!(edn.peek(), Some(b'[' | b'(')) {
                let (was_expected, was_new) = edn.pair()?;
                same(was_expected == *expected && was_new == *new)?;
                return Ok(Reply::Answer(true));
            }
            match edn.value()? {
                Value::Null => Reply::Answer(true),
                value => Reply::Answer(
                    truth(&value)
                        .ok_or_else(|| Fault::expected(at, "the argument of the cas again, true or false"))?,
                ),
            }
        }
        Operation::Contains(_) | Operation::Claim(_) | Operation::Resign(_) => {
            let told = truth(&edn.value()?);
            Reply::Answer(told.ok_or_else(|| Fault::expected(at, "true or false"))?)
        }
        Operation::Add(element) | Operation::Remove(element) => {
            let value = edn.value()?;
            if let Some(answer) = truth(&value) {
                Reply::Answer(answer)
            } else {
                same(value == Value::Null || value == *element)?;
                Reply::Done
            }
        }
        // What stands there may be the amount once more, so it tells nothing.
        Operation::Increment(_) | Operation::Delete | Operation::Release | Operation::ReleaseToken(_) => {
            Reply::Done
        }
        Operation::Acquire => match edn.value()? {
            token @ Value::Integer(_) => Reply::Value(token),
            _ => Reply::Done,
        },
        Operation::MultiRead(_) | Operation::MultiWrite(_) => unreachable!("refused when it was called"),
    })
}
