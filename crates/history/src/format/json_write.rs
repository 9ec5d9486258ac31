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
/// When a reply doesn't fit its operation, or an operation is ok and has no return: that is not a history.
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
    match &record.operation {
        Operation::Read | Operation::Acquire | Operation::Release => out.push_str("null"),
        Operation::Write(value) | Operation::Append(value) => write_value(value, out),
        Operation::CompareAndSet { expected, new } => {
            out.push('[');
            write_value(expected, out);
            out.push(',');
            write_value(new, out);
            out.push(']');
        }
    }
    out.push_str(",\"ret\":");
    match (&record.operation, &record.outcome) {
        (Operation::Read, Outcome::Ok(Reply::Value(value))) => write_value(value, out),
        (Operation::CompareAndSet { .. }, Outcome::Ok(Reply::Swapped(swapped))) => {
            out.push_str(if *swapped { "true" } else { "false" });
        }
        (_, Outcome::Failed | Outcome::Unknown)
        | (
            Operation::Write(_) | Operation::Append(_) | Operation::Acquire | Operation::Release,
            Outcome::Ok(Reply::Done),
        ) => out.push_str("null"),
        (operation, Outcome::Ok(reply)) => panic!("{reply:?} is no reply to {operation:?}"),
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
