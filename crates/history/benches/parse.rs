//! How fast histories are read: `cargo bench -p anachron-history`.
//!
//! Prints a line for each workload: megabytes and lines a second, and the most memory the process ever held. Each
//! workload is a million operations; `cargo bench -p anachron-history -- N` makes it N, and a word after it runs only
//! the workloads whose names have that word.

#![allow(clippy::disallowed_types, clippy::disallowed_methods)] // a bench is about the wall clock

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use anachron_history::{Format, parse, write_json_lines};

fn main() {
    let operations = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    measure("jsonl, one key", Format::JsonLines, &json_lines(operations, |_| "x".to_owned()));
    measure("jsonl, a key an operation", Format::JsonLines, &json_lines(operations, |n| format!("key-{n}")));
    measure("jsonl, text values", Format::JsonLines, &text_values(operations));
    measure("edn", Format::Edn, &edn(operations));
    measure("jepsen-log", Format::JepsenLog, &jepsen_log(operations));

    let history =
        parse(json_lines(operations, |_| "x".to_owned()).as_bytes(), None).expect("a history").history;
    let start = Instant::now();
    let mut out = Vec::new();
    write_json_lines(&history, &mut out).expect("memory takes everything");
    report("write jsonl", start.elapsed().as_secs_f64(), out.len(), operations);
    let start = Instant::now();
    black_box(history.validate()).expect("well-formed");
    println!("validate in order: {:.3} s", start.elapsed().as_secs_f64());
}

fn measure(name: &str, format: Format, text: &str) {
    if std::env::args().skip(2).any(|word| !word.starts_with('-') && !name.contains(&word)) {
        return;
    }
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        let parsed = parse(text.as_bytes(), None).expect("a history");
        best = best.min(start.elapsed().as_secs_f64());
        assert_eq!(parsed.format, format);
        black_box(parsed);
    }
    report(name, best, text.len(), text.lines().count());
}

#[allow(clippy::cast_precision_loss)] // figures for people
fn report(name: &str, seconds: f64, bytes: usize, lines: usize) {
    let (megabytes, lines) = (bytes as f64 / 1e6, lines as f64);
    println!(
        "{name}: {megabytes:.0} MB in {seconds:.3} s: {:.0} MB/s, {:.2} million lines/s; peak memory so far {}",
        megabytes / seconds,
        lines / seconds / 1e6,
        peak_memory()
    );
}

fn peak_memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}

/// Unique writes and reads of the last one, 50 clients at a time.
fn json_lines(operations: usize, key: impl Fn(usize) -> String) -> String {
    let mut text = String::new();
    for n in 0..operations {
        let (client, key, call) = (n % 50, key(n), n / 50 * 1_000 + n % 50);
        let end = call + 900;
        let (f, arg, ret) = if n % 2 == 0 {
            ("write", n.to_string(), "null".to_owned())
        } else {
            ("read", "null".to_owned(), (n - 1).to_string())
        };
        writeln!(text, r#"{{"client":{client},"key":"{key}","f":"{f}","arg":{arg},"ret":{ret},"call":{call},"return":{end}}}"#)
            .expect("a String takes everything");
    }
    text
}

fn text_values(operations: usize) -> String {
    let mut text = String::new();
    for n in 0..operations {
        let (client, call) = (n % 50, n / 50 * 1_000 + n % 50);
        let end = call + 900;
        writeln!(text, r#"{{"client":"c{client}","key":"k{}","f":"put","arg":"value-{n}","ret":null,"call":{call},"return":{end}}}"#, n % 100)
            .expect("a String takes everything");
    }
    text
}

fn edn(operations: usize) -> String {
    let mut text = String::from("[");
    for n in 0..operations {
        for kind in ["invoke", "ok"] {
            writeln!(
                text,
                "{{:process {}, :type :{kind}, :f :write, :value {n}, :time {n}, :index {n}}}",
                n % 50
            )
            .expect("a String takes everything");
        }
    }
    text.push(']');
    text
}

fn jepsen_log(operations: usize) -> String {
    let mut text = String::new();
    for n in 0..operations {
        for kind in ["invoke", "ok"] {
            writeln!(text, "INFO  jepsen.util - {}\t:{kind}\t:write\t{n}", n % 50)
                .expect("a String takes everything");
        }
    }
    text
}
