//! An operation in a few characters, a moment in its unit.
//!
//! Why it exists: the picture, the verdict and the cause chain speak of the same operations and must call them the
//! same: `w1` and `r→1` where there is room for a few characters, `write x=1` in a sentence.

use std::sync::Arc;

use anachron_history::{History, Record, TimeUnit, Timestamp};
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value, VirtualDuration, VirtualTime};

use crate::style::{Ink, Style};
use crate::text::{cut, safe, value};

/// Values and names in the picture are cut to this many columns.
const LABEL_PART: usize = 12;
/// Values and names in a sentence are cut to this many columns.
const SENTENCE_PART: usize = 40;

/// The label of an operation in the picture; with its key if the history has several.
pub(crate) fn label(history: &History, record: &Record, style: Style) -> String {
    let show = |v: &Value| cut(&value(v, style), LABEL_PART, style);
    let key = if history.keys.len() > 1 {
        Some(cut(&safe(history.key_name(record.key), style), LABEL_PART, style))
    } else {
        None
    };
    let arrow = style.glyphs().arrow;
    let on = |name: &str| key.as_ref().map_or_else(|| name.to_owned(), |key| format!("{name} {key}"));
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(found))) => format!("{}{arrow}{}", on("r"), show(found)),
        (Operation::Read, _) => on("r"),
        (Operation::Write(written), _) => {
            let shown = show(written);
            let gap = if shown.starts_with(|c: char| c.is_alphabetic() || c == '"') { " " } else { "" };
            key.as_ref().map_or_else(|| format!("w{gap}{shown}"), |key| format!("w {key}={shown}"))
        }
        (Operation::CompareAndSet { expected, new }, outcome) => {
            let no = if *outcome == Outcome::Ok(Reply::Answer(false)) { " no" } else { "" };
            format!("{} {}{arrow}{}{no}", on("cas"), show(expected), show(new))
        }
        (Operation::Append(piece), _) => format!("{} {}", on("app"), show(piece)),
        (Operation::Acquire, Outcome::Ok(Reply::Value(token))) => format!("{} #{}", on("acq"), show(token)),
        (Operation::Acquire, _) => on("acq"),
        (Operation::Release, _) => on("rel"),
        (Operation::ReleaseToken(token), _) => format!("{} #{token}", on("rel")),
        (Operation::MultiRead(names), outcome) => {
            let names = names.iter().map(|name| safe(name, style)).collect::<Vec<_>>().join(",");
            let found = answered(outcome, &show);
            if found.is_empty() { format!("r {names}") } else { format!("r {names}{arrow}{found}") }
        }
        (Operation::MultiWrite(pairs), _) => {
            let pair = |(name, to): &(Arc<str>, Value)| format!("{}={}", safe(name, style), show(to));
            format!("w {}", pairs.iter().map(pair).collect::<Vec<_>>().join(","))
        }
        (other, outcome) => {
            let asked = other.arguments_shown(show);
            let found = answered(outcome, &show);
            let gap = if found.is_empty() { "" } else { arrow };
            format!("{}{asked}{gap}{found}", on(short_name(other)))
        }
    }
}

/// An operation in a sentence: `write x=1`, `read x→1`, `cas x 1→2`, `acquire the lock`.
pub(crate) fn phrase(history: &History, id: OperationId, style: Style) -> String {
    let record = history.record(id);
    let show = |v: &Value| cut(&value(v, style), SENTENCE_PART, style);
    let name = history.key_name(record.key);
    let key = if name.is_empty() { "it".to_owned() } else { cut(&safe(name, style), SENTENCE_PART, style) };
    let arrow = style.glyphs().arrow;
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(found))) => format!("read {key}{arrow}{}", show(found)),
        (Operation::Read, _) => format!("read {key}"),
        (Operation::Write(written), _) => format!("write {key}={}", show(written)),
        (Operation::CompareAndSet { expected, new }, outcome) => {
            let no = if *outcome == Outcome::Ok(Reply::Answer(false)) { " (refused)" } else { "" };
            format!("cas {key} {}{arrow}{}{no}", show(expected), show(new))
        }
        (Operation::Append(piece), _) => format!("append {} to {key}", show(piece)),
        (Operation::Acquire, _) => format!("acquire {key}"),
        (Operation::Release, _) => format!("release {key}"),
        (Operation::ReleaseToken(token), _) => format!("release {key} (token {token})"),
        (other, outcome) => {
            let found = answered(outcome, &show);
            let gap = if found.is_empty() { "" } else { arrow };
            format!("{}{gap}{found}", asked_of(other, &key, &show))
        }
    }
}

/// What is asked of a collection, a leadership or several registers: `enqueue 1 in q`, `dequeue from q`.
fn asked_of(operation: &Operation, key: &str, show: &impl Fn(&Value) -> String) -> String {
    let name = operation.name();
    match operation {
        Operation::Enqueue(element) => format!("enqueue {} in {key}", show(element)),
        Operation::Insert(element) => format!("insert {} into {key}", show(element)),
        Operation::Add(element) => format!("add {} to {key}", show(element)),
        Operation::Remove(element) => format!("remove {} from {key}", show(element)),
        Operation::Contains(element) => format!("look for {} in {key}", show(element)),
        Operation::Dequeue | Operation::Pop => format!("{name} from {key}"),
        Operation::ExtractMin => format!("take the smallest from {key}"),
        Operation::Increment(amount) => format!("increment {key} by {amount}"),
        Operation::Claim(candidate) => format!("claim {key} for {}", show(candidate)),
        Operation::Resign(leader) => format!("resign {key} for {}", show(leader)),
        Operation::Delete => format!("delete {key}"),
        other => format!("{name}{} on {key}", other.arguments_shown(show)),
    }
}

/// What an operation answered, if it told anything.
fn answered(outcome: &Outcome, show: &impl Fn(&Value) -> String) -> String {
    match outcome {
        Outcome::Ok(Reply::Value(value)) => show(value),
        Outcome::Ok(Reply::Answer(true)) => "yes".to_owned(),
        Outcome::Ok(Reply::Answer(false)) => "no".to_owned(),
        Outcome::Ok(Reply::Done) | Outcome::Failed | Outcome::Unknown => String::new(),
    }
}

/// The name of an operation in a picture, where space is scarce.
fn short_name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Delete => "del",
        Operation::Enqueue(_) => "enq",
        Operation::Dequeue => "deq",
        Operation::Increment(_) => "inc",
        Operation::Insert(_) => "ins",
        Operation::ExtractMin => "min",
        Operation::Contains(_) => "has",
        Operation::Remove(_) => "rem",
        other => other.name(),
    }
}

/// The colour of an operation.
pub(crate) fn ink(record: &Record) -> Ink {
    match record.outcome {
        Outcome::Failed => Ink::Dim,
        Outcome::Unknown => Ink::Unknown,
        Outcome::Ok(_) if record.operation.is_read() => Ink::Read,
        Outcome::Ok(_) => Ink::Write,
    }
}

/// A moment of a history in words: `145.2 ms`; `event 12` where the file keeps only the order; the bare number
/// where the unit is not known.
pub fn moment(unit: TimeUnit, time: Timestamp, style: Style) -> String {
    match (unit, u64::try_from(time.0)) {
        (TimeUnit::Nanoseconds, Ok(nanos)) => true_time(VirtualTime(nanos), style),
        (TimeUnit::Nanoseconds, Err(_)) => {
            format!("-{}", true_time(VirtualTime(time.0.unsigned_abs()), style))
        }
        (TimeUnit::EventIndex, _) => format!("event {}", time.0),
        (TimeUnit::Unstated, _) => time.0.to_string(),
    }
}

/// A moment of true time in words.
pub(crate) fn true_time(time: VirtualTime, style: Style) -> String {
    if time == VirtualTime::ZERO {
        return "0 ms".to_owned();
    }
    crate::text::sentence(&VirtualDuration(time.0).to_string(), style)
}
