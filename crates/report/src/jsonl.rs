//! JSON Lines: one object a line, the same fields in the same order every time.
//!
//! Why it exists: programs read results too. Every object has `v` (the version of this format, 1) and `kind`; later
//! versions may add fields, so readers ignore what they don't know. Field names of a check's verdict are fixed by
//! DESIGN.md, section 7. A value that is not a JSON number, string, boolean or null is kept as its text.
//!
//! What it promises: each function returns one line without a line feed, and nothing in it that a terminal obeys or
//! that a reader could take for the end of a line, whatever a key is called.

use std::fmt::Write as _;

use anachron_history::{Format, History, TimeUnit, parse};
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value, VirtualTime};
use serde_json::{Map, Value as Json, json};

use crate::cause::CauseLine;
use crate::number::wilson;

mod event;

pub use event::event;

/// The version of the format.
const VERSION: u64 = 1;

/// An object of some kind with these fields behind `v` and `kind`, as a line. For kinds that this module does not
/// know.
///
/// # Panics
/// When `fields` is not a JSON object.
pub fn line(kind: &str, fields: Json) -> String {
    let Json::Object(fields) = fields else { panic!("the fields of a line are an object") };
    let mut object = Map::new();
    object.insert("v".to_owned(), json!(VERSION));
    object.insert("kind".to_owned(), json!(kind));
    object.extend(fields);
    plain(&Json::Object(object).to_string())
}

/// Escapes what JSON would let through and a terminal or a reader of lines might not: C1 control characters,
/// separators that some languages take for the end of a line, direction marks. Outside strings JSON is ASCII, so
/// every such character stands inside one.
fn plain(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        let shown = c.is_ascii() && !c.is_ascii_control();
        if shown || c.escape_debug().count() == 1 {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("a string takes everything");
        }
    }
    out
}

/// What is about to run, written before it runs.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// `run`, `check`, `sweep`, …
    pub command: &'a str,
    /// The version of Anachron.
    pub version: &'a str,
    /// The scenario's id; `None` for `check`.
    pub scenario: Option<&'a str>,
    /// The variant's name.
    pub variant: Option<&'a str>,
    /// The seed, or the first of several.
    pub seed: Option<u64>,
}

/// `{"v":1,"kind":"start",…}`
pub fn start(start: &Start<'_>) -> String {
    let mut fields = json!({ "command": start.command, "version": start.version });
    add(&mut fields, "scenario", start.scenario);
    add(&mut fields, "variant", start.variant);
    add(&mut fields, "seed", start.seed);
    line("start", fields)
}

fn add<T: Into<Json>>(fields: &mut Json, name: &str, value: Option<T>) {
    if let Some(value) = value {
        fields[name] = value.into();
    }
}

/// `{"v":1,"kind":"operation",…}`: one operation of a history, in the words of the native history format, with its
/// number and the unit of its times besides.
pub fn operation(history: &History, id: OperationId) -> String {
    let record = history.record(id);
    let (arg, ret) = arguments(&record.operation, &record.outcome);
    let outcome = match record.outcome {
        Outcome::Ok(_) => "ok",
        Outcome::Failed => "fail",
        Outcome::Unknown => "unknown",
    };
    let unit = match history.time_unit {
        TimeUnit::Nanoseconds => "ns",
        TimeUnit::EventIndex => "event",
        TimeUnit::Unstated => "unstated",
    };
    line(
        "operation",
        json!({
            "id": id.0,
            "client": history.client_name(record.client),
            "key": history.key_name(record.key),
            "f": record.operation.name(),
            "arg": arg,
            "ret": ret,
            "call": record.call.0,
            "return": record.returned().map(|time| time.0),
            "end": record.end.map(|time| time.0),
            "outcome": outcome,
            "unit": unit,
        }),
    )
}

fn arguments(operation: &Operation, outcome: &Outcome) -> (Json, Json) {
    let arg = match operation {
        Operation::CompareAndSet { expected, new } => json!([json_value(expected), json_value(new)]),
        Operation::MultiRead(names) => names.iter().map(|name| json!(&**name)).collect(),
        Operation::MultiWrite(pairs) => {
            Json::Object(pairs.iter().map(|(name, value)| (name.to_string(), json_value(value))).collect())
        }
        other => other.arguments().first().map_or(Json::Null, json_value),
    };
    let ret = match outcome {
        Outcome::Ok(Reply::Value(value)) => json_value(value),
        Outcome::Ok(Reply::Answer(swapped)) => json!(swapped),
        Outcome::Ok(Reply::Done) | Outcome::Failed | Outcome::Unknown => Json::Null,
    };
    (arg, ret)
}

/// A value as JSON. Literals that are JSON themselves (`1.5`, `true`) stay what they are.
pub fn json_value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => json!(number),
        Value::Text(text) => json!(&**text),
        Value::List(values) => values.iter().map(json_value).collect(),
        Value::Literal(text) => serde_json::from_str(text).unwrap_or_else(|_| json!(&**text)),
    }
}

/// The value that this JSON stands for, as the reader of histories takes it: the inverse of [`json_value`].
///
/// # Errors
/// Why it stands for none.
pub fn value(json: &Json) -> Result<Value, String> {
    let line = json!({ "client": 0, "f": "write", "arg": json, "call": 0, "return": 1 });
    let read = parse(line.to_string().as_bytes(), Some(Format::JsonLines));
    let history =
        read.map_err(|error| format!("expected {}, found {}", error.expected, error.found))?.history;
    match history.records.first().map(|record| &record.operation) {
        Some(Operation::Write(value)) => Ok(value.clone()),
        other => unreachable!("a line with one write was read as {other:?}"),
    }
}

/// The verdict on a file.
#[derive(Clone, Copy, Debug)]
pub struct FileVerdict<'a> {
    /// The file as it was named.
    pub file: &'a str,
    /// `register`, `cas-register`, …
    pub model: &'a str,
    /// How many operations it has.
    pub operations: usize,
    /// `linearizable`, `not-linearizable` or `undecided`.
    pub verdict: &'a str,
    /// How long checking took, parsing not included, in milliseconds of the reader's own clock.
    pub check_ms: f64,
}

/// `{"v":1,"kind":"verdict","file":…,"model":…,"operations":N,"verdict":…,"check_ms":…}`
pub fn file_verdict(verdict: &FileVerdict<'_>) -> String {
    line(
        "verdict",
        json!({
            "file": verdict.file,
            "model": verdict.model,
            "operations": verdict.operations,
            "verdict": verdict.verdict,
            "check_ms": verdict.check_ms,
        }),
    )
}

/// The verdict on one object of a history.
#[derive(Clone, Copy, Debug)]
pub struct ObjectVerdict<'a> {
    /// The object's name.
    pub key: &'a str,
    /// How many operations it has.
    pub operations: usize,
    /// `linearizable`, `not-linearizable` or `undecided`.
    pub verdict: &'a str,
    /// By which road: `zones`, `search`.
    pub road: &'a str,
    /// How many configurations were explored.
    pub configurations: u64,
}

/// `{"v":1,"kind":"object",…}`
pub fn object_verdict(verdict: &ObjectVerdict<'_>) -> String {
    line(
        "object",
        json!({
            "key": verdict.key,
            "operations": verdict.operations,
            "verdict": verdict.verdict,
            "road": verdict.road,
            "configurations": verdict.configurations,
        }),
    )
}

/// What is known of one level of consistency.
#[derive(Clone, Debug)]
pub struct LevelGrade<'a> {
    /// The file as it was named.
    pub file: &'a str,
    /// The level's stable name: `causal_memory`.
    pub level: &'a str,
    /// `holds`, `violated`, `undecided` or `not-defined`.
    pub state: &'a str,
    /// The least number, of a level that is a number and has one.
    pub least: Option<u64>,
    /// What backs it: `order`, `cycle`, `thin-air`, …
    pub evidence: Option<&'a str>,
    /// Why it is violated, undecided or not defined.
    pub text: Option<String>,
    /// The operations that a violation is about.
    pub operations: &'a [OperationId],
    /// The orders that show that it holds, each with the object or client that it is for.
    pub orders: Vec<(Option<&'a str>, &'a [OperationId])>,
}

/// `{"v":1,"kind":"level",…}`
pub fn level(grade: &LevelGrade<'_>) -> String {
    let ids = |ids: &[OperationId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    let orders: Vec<Json> =
        grade.orders.iter().map(|(of, order)| json!({ "of": of, "order": ids(order) })).collect();
    line(
        "level",
        json!({
            "file": grade.file,
            "level": grade.level,
            "state": grade.state,
            "least": grade.least,
            "evidence": grade.evidence,
            "text": grade.text,
            "operations": ids(grade.operations),
            "orders": orders,
        }),
    )
}

/// What a certificate turned out to prove.
#[derive(Clone, Copy, Debug)]
pub struct Certified<'a> {
    /// The certificate's file.
    pub file: &'a str,
    /// The history's file.
    pub history: &'a str,
    /// Its model.
    pub model: &'a str,
    /// The verdict that it is for.
    pub verdict: &'a str,
    /// True if it proves that, false if it does not, nothing if nobody knows.
    pub proven: Option<bool>,
    /// How many orders were re-checked.
    pub orders: usize,
    /// How many cores were.
    pub cores: usize,
    /// Why it is not proven.
    pub why: Option<&'a str>,
}

/// `{"v":1,"kind":"certified",…}`
pub fn certified(certified: &Certified<'_>) -> String {
    line(
        "certified",
        json!({
            "file": certified.file,
            "history": certified.history,
            "model": certified.model,
            "verdict": certified.verdict,
            "proven": certified.proven,
            "orders": certified.orders,
            "cores": certified.cores,
            "why": certified.why,
        }),
    )
}

/// Why no order works.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a> {
    /// The object's name.
    pub key: &'a str,
    /// The kind's stable name: `stale-read`.
    pub anomaly: &'a str,
    /// The whole in one line.
    pub headline: &'a str,
    /// The numbered operations: ① first.
    pub numbered: &'a [OperationId],
    /// The operations that prove it.
    pub core: &'a [OperationId],
    /// The proof, step by step.
    pub sentences: &'a [String],
    /// What the servers were doing.
    pub cause: &'a [CauseLine],
}

/// `{"v":1,"kind":"explanation",…}`
pub fn explanation(explained: &Explained<'_>) -> String {
    let ids = |ids: &[OperationId]| ids.iter().map(|id| id.0).collect::<Vec<_>>();
    let story: Vec<Json> =
        explained.cause.iter().map(|line| json!({ "at_ns": line.at.0, "text": line.text })).collect();
    line(
        "explanation",
        json!({
            "key": explained.key,
            "anomaly": explained.anomaly,
            "headline": explained.headline,
            "numbered": ids(explained.numbered),
            "core": ids(explained.core),
            "sentences": explained.sentences,
            "story": story,
        }),
    )
}

/// How a run came out.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The scenario's id.
    pub scenario: &'a str,
    /// The variant's name.
    pub variant: &'a str,
    /// The seed.
    pub seed: u64,
    /// `linearizable`, `not-linearizable` or `undecided`.
    pub verdict: &'a str,
    /// The kind of the anomaly, if there is one.
    pub anomaly: Option<&'a str>,
    /// The run's fingerprint in hexadecimal digits.
    pub fingerprint: &'a str,
    /// How many operations the history has.
    pub operations: usize,
    /// How many of them timed out.
    pub unknown: usize,
    /// Messages sent.
    pub messages: u64,
    /// Messages lost.
    pub lost: u64,
    /// When the run ended.
    pub end: VirtualTime,
    /// Whether replicas agreed at rest, if that was asked.
    pub converged: Option<bool>,
    /// Whether an operation completed after healing, if that was asked.
    pub progressed: Option<bool>,
    /// The line that replays it.
    pub replay: &'a str,
}

/// `{"v":1,"kind":"run",…}`
pub fn run(run: &Run<'_>) -> String {
    line(
        "run",
        json!({
            "scenario": run.scenario,
            "variant": run.variant,
            "seed": run.seed,
            "verdict": run.verdict,
            "anomaly": run.anomaly,
            "fingerprint": run.fingerprint,
            "operations": run.operations,
            "unknown": run.unknown,
            "messages": run.messages,
            "lost": run.lost,
            "end_ns": run.end.0,
            "converged": run.converged,
            "progressed": run.progressed,
            "replay": run.replay,
        }),
    )
}

/// How the seeds of one variant came out.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// The scenario's id.
    pub scenario: &'a str,
    /// The variant's name.
    pub variant: &'a str,
    /// The first seed, and the one behind the last.
    pub seeds: (u64, u64),
    /// How many were judged; fewer than the range holds if the sweep was interrupted.
    pub judged: u64,
    /// How many violations were found.
    pub violations: u64,
    /// How many runs were not decided.
    pub undecided: u64,
    /// The first seed with a violation.
    pub first_violation: Option<u64>,
}

/// `{"v":1,"kind":"sweep",…}`, with the rate of violations among decided runs and its 95 % Wilson interval.
pub fn sweep(sweep: &Sweep<'_>) -> String {
    let rate = wilson(sweep.violations, sweep.judged - sweep.undecided);
    line(
        "sweep",
        json!({
            "scenario": sweep.scenario,
            "variant": sweep.variant,
            "first_seed": sweep.seeds.0,
            "end_seed": sweep.seeds.1,
            "judged": sweep.judged,
            "violations": sweep.violations,
            "undecided": sweep.undecided,
            "rate": rate.estimate,
            "rate_low": rate.low,
            "rate_high": rate.high,
            "first_violation": sweep.first_violation,
        }),
    )
}

/// `{"v":1,"kind":"progress",…}`: so much of so much is done.
pub fn progress(done: u64, total: u64, violations: u64) -> String {
    line("progress", json!({ "done": done, "total": total, "violations": violations }))
}

/// `{"v":1,"kind":"error",…}`: input that can't be read. Line and column count from 1.
pub fn error(file: &str, position: Option<(u64, u64)>, message: &str) -> String {
    let mut fields = json!({ "file": file });
    add(&mut fields, "line", position.map(|(line, _)| line));
    add(&mut fields, "column", position.map(|(_, column)| column));
    add(&mut fields, "message", Some(message));
    line("error", fields)
}
