//! Writes native JSON Lines: the way back from a history to a file.
//!
//! What is read back is the same history, with three things that the format doesn't keep: the unit of the times,
//! names without an operation, and the numbers of names that were not in the order of their first appearance. An
//! empty history becomes an empty file, which the reader refuses.
//!
//! A literal that is canonical JSON is written as it is, any other (the EDN keyword `:a`) as `{"literal":":a"}`.

use std::io;

use anachron_vocabulary::{Operation, Outcome, Reply, Value};

use super::canonical::quote;
use super::json::{Json, LITERAL};
use crate::{History, Record};

/// How much text is gathered before it is handed on.
const CHUNK: usize = 1 << 16;

/// Writes a history as native JSON Lines, one operation a line, in the order of the records.
///
/// # Errors
/// Those of `out`.
///
/// # Panics
/// When an operation is ok and has no return: that is not a history.
pub fn write_json_lines(history: &History, mut out: impl io::Write) -> io::Result<()> {
    let mut text = String::with_capacity(CHUNK + 1_024);
    for record in &history.records {
        write_record(history, record, &mut text);
        if text.len() >= CHUNK {
            out.write_all(text.as_bytes())?;
            text.clear();
        }
    }
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn write_record(history: &History, record: &Record, out: &mut String) {
    out.push_str("{\"client\":");
    write_name(history.client_name(record.client), out);
    let key = history.key_name(record.key);
    if !key.is_empty() {
        out.push_str(",\"key\":");
        quote(key, out);
    }
    out.push_str(",\"f\":\"");
    out.push_str(record.operation.name());
    out.push_str("\",\"arg\":");
    write_argument(&record.operation, out);
    out.push_str(",\"ret\":");
    match &record.outcome {
        Outcome::Ok(Reply::Value(value)) => write_value(value, out),
        Outcome::Ok(Reply::Answer(answer)) => out.push_str(if *answer { "true" } else { "false" }),
        Outcome::Ok(Reply::Done) | Outcome::Failed | Outcome::Unknown => out.push_str("null"),
    }
    push(out, format_args!(",\"call\":{},\"return\":", record.call.0));
    match record.end {
        Some(end) => push(out, format_args!("{}", end.0)),
        None => out.push_str("null"),
    }
    match record.outcome {
        Outcome::Ok(_) => assert!(record.end.is_some(), "an operation that is ok has a return"),
        Outcome::Failed => out.push_str(",\"outcome\":\"fail\""),
        Outcome::Unknown if record.end.is_some() => out.push_str(",\"outcome\":\"unknown\""),
        Outcome::Unknown => {}
    }
    out.push_str("}\n");
}

fn write_argument(operation: &Operation, out: &mut String) {
    match operation {
        Operation::Read
        | Operation::Delete
        | Operation::Acquire
        | Operation::Release
        | Operation::Dequeue
        | Operation::Pop
        | Operation::ExtractMin => out.push_str("null"),
        Operation::Write(value)
        | Operation::Append(value)
        | Operation::Claim(value)
        | Operation::Resign(value)
        | Operation::Enqueue(value)
        | Operation::Push(value)
        | Operation::Add(value)
        | Operation::Remove(value)
        | Operation::Contains(value)
        | Operation::Insert(value) => write_value(value, out),
        Operation::Increment(number) | Operation::ReleaseToken(number) => {
            push(out, format_args!("{number}"));
        }
        Operation::CompareAndSet { expected, new } => {
            list(out, "[]", [expected, new], write_value);
        }
        Operation::MultiRead(names) => list(out, "[]", names.iter(), |name, out| quote(name, out)),
        Operation::MultiWrite(pairs) => list(out, "{}", pairs.iter(), |(name, value), out| {
            quote(name, out);
            out.push(':');
            write_value(value, out);
        }),
    }
}

/// Items with commas between them, in these brackets.
fn list<T>(
    out: &mut String,
    brackets: &str,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(T, &mut String),
) {
    out.push_str(&brackets[..1]);
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(item, out);
    }
    out.push_str(&brackets[1..]);
}

/// A client: as an integer if the name is one, as the format's examples have it.
fn write_name(name: &str, out: &mut String) {
    let is_integer = name.len() <= 20 && name.parse::<i64>().is_ok_and(|number| number.to_string() == name);
    if is_integer {
        out.push_str(name);
    } else {
        quote(name, out);
    }
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Integer(number) => push(out, format_args!("{number}")),
        Value::Text(text) => quote(text, out),
        Value::List(values) => list(out, "[]", values.iter(), write_value),
        Value::Literal(text) if is_canonical_json(text) => out.push_str(text),
        Value::Literal(text) => {
            out.push_str("{\"");
            out.push_str(LITERAL);
            out.push_str("\":");
            quote(text, out);
            out.push('}');
        }
    }
}

/// True if this text, written as it is, reads back as the literal with this text.
fn is_canonical_json(text: &str) -> bool {
    let mut json = Json::new(text, 0);
    json.value().is_ok_and(|value| matches!(value, Value::Literal(read) if *read == *text))
        && json.at == text.len()
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    std::fmt::Write::write_fmt(out, text).expect("a String takes everything");
}
