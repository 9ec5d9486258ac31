//! Input made to hurt: huge lines, deep nesting, crowds. Each must end, soon, in the right answer or an error.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anachron_history::{ParseError, Parsed, parse};
use anachron_vocabulary::{Operation, Value};

/// Far above what any of these takes (well under a second each, unoptimized), far below what a quadratic reader
/// would take.
const LIMIT: Duration = Duration::from_secs(20);

fn timed(name: &str, input: &str) -> Result<Parsed, ParseError> {
    let start = Instant::now();
    let result = parse(input.as_bytes(), None);
    let took = start.elapsed();
    println!("{name}: {} bytes in {took:?}", input.len());
    assert!(took < LIMIT, "{name} took {took:?}");
    if let Ok(parsed) = &result {
        assert_eq!(parsed.history.validate(), Ok(()), "{name}");
    }
    result
}

fn written(parsed: &Parsed) -> &Value {
    match &parsed.history.records[0].operation {
        Operation::Write(value) => value,
        other => panic!("{other:?}"),
    }
}

const HUGE: usize = 100_000_000;

#[test]
fn a_line_of_100_mb_is_read_or_refused() {
    let long = "a".repeat(HUGE);
    let json = format!(r#"{{"client":0,"f":"write","arg":"{long}","call":1,"return":2}}"#);
    let parsed = timed("a JSON string", &json).expect("a history");
    assert_eq!(*written(&parsed), Value::from(long.as_str()));
    drop((parsed, json));

    let edn = format!("{{:process 0 :type :invoke :f :write :value \"{long}\"}}");
    let parsed = timed("an EDN string", &edn).expect("a history");
    assert_eq!(*written(&parsed), Value::from(long.as_str()));
    drop((parsed, edn));

    let noise = format!("{long}\nINFO jepsen.util - 0 :invoke :read nil\n");
    assert_eq!(timed("a line of noise in a log", &noise).expect("a history").history.records.len(), 1);
    drop(noise);

    let error = timed("letters", &long).expect_err("no history");
    assert!(error.to_string().len() < 300 && error.excerpt.len() < 300, "{error}");
    let error = timed("an open JSON string", &format!("{{\"{long}")).expect_err("no history");
    assert_eq!((error.line, error.column), (1, HUGE + 3));
    let error = timed("an open EDN comment", &format!("[;{long}")).expect_err("no history");
    assert_eq!((error.line, error.column), (1, HUGE + 3));
}

#[test]
fn a_hundred_million_brackets_and_blank_lines() {
    for (name, piece) in
        [("[", "["), ("{", "{"), ("(", "("), ("#{", "#{"), ("JSON", "{\"a\":"), ("EDN", "{:a ")]
    {
        let error = timed(name, &piece.repeat(1_000_000)).expect_err("no history");
        assert_eq!(error.line, 1, "{error}");
    }
    assert!(timed("blank lines", &"\n".repeat(HUGE)).is_err());
    assert!(timed("discards", &format!("[{}", "#_ ".repeat(1_000_000))).is_err());
    assert!(timed("tags", &format!("[{}", "#x ".repeat(1_000_000))).is_err());
    assert!(timed("discarded discards", &"[#_".repeat(1_000_000)).is_err());
    let even = format!("[{}{}]", "#_ ".repeat(1_000_000), "1 ".repeat(1_000_000));
    assert!(timed("a million discarded forms", &even).expect("an empty story").history.records.is_empty());
    assert!(timed("backslashes", &format!("[{{:a \"{}", "\\\\".repeat(1_000_000))).is_err());
    assert!(timed("carriage returns", &format!("{{\"client\":0,{}", "\r".repeat(1_000_000))).is_err());
}

#[test]
fn crowds_of_keys_fields_elements_and_processes() {
    const CROWD: usize = 200_000;
    let reversed = (0..CROWD).rev();
    let entries: Vec<String> =
        reversed.clone().map(|n| format!("\"{n:06}\":{{\"b\":1,\"a\":[{n}]}}")).collect();
    let json = format!(r#"{{"client":0,"f":"write","arg":{{{}}},"call":1,"return":2}}"#, entries.join(","));
    let parsed = timed("fields of an object", &json).expect("a history");
    assert!(
        matches!(written(&parsed), Value::Literal(text) if text.starts_with(r#"{"000000":{"a":[0],"b":1},"#))
    );

    let names: Vec<String> = reversed.clone().map(|n| format!("\"{n:06}\"")).collect();
    let json = format!(
        r#"{{"client":0,"f":"multi-read","arg":[{0}],"ret":[{0}],"call":1,"return":2}}"#,
        names.join(",")
    );
    assert!(timed("names of registers", &json).is_ok());
    let json =
        format!(r#"{{"client":0,"f":"multi-write","arg":{{{}}},"call":1,"return":2}}"#, entries.join(","));
    assert!(timed("registers written at once", &json).is_ok());

    let unknown: Vec<String> = (0..CROWD).map(|n| format!("\"u{n}\":{n}")).collect();
    let json = format!(r#"{{{},"client":0,"f":"write","arg":1,"call":1,"return":2}}"#, unknown.join(","));
    assert!(timed("unknown fields", &json).is_ok());

    let elements: Vec<String> = reversed.clone().map(|n| format!("#{{{n} :x}}")).collect();
    let edn = format!("{{:process 0 :type :invoke :f :write :value #{{{}}}}}", elements.join(" "));
    assert!(timed("elements of a set", &edn).is_ok());

    let keys: Vec<String> = reversed.map(|n| format!(":k{n} {n}")).collect();
    let edn = format!("{{{} :process 0 :type :invoke :f :read}}", keys.join(" "));
    assert!(timed("keys of an event", &edn).is_ok());
    let edn = format!("{{{} :k7 1 :process 0 :type :invoke :f :read}}", keys.join(" "));
    assert_eq!(timed("a key twice in a crowd", &edn).expect_err("a key twice").expected, "each key once");

    let mut edn = String::new();
    for kind in [":type :invoke", ":type :ok"] {
        for process in 0..CROWD {
            writeln!(edn, "{{:process {process} {kind} :f :write :value 1 :key {process}}}")
                .expect("a String");
        }
    }
    let parsed = timed("processes and keys", &edn).expect("a history");
    assert_eq!((parsed.history.clients.len(), parsed.history.keys.len()), (CROWD, CROWD));

    let json: String = (0..CROWD)
        .rev()
        .map(|n| format!("{{\"client\":0,\"f\":\"write\",\"arg\":1,\"call\":{n},\"return\":{}}}\n", n + 1))
        .collect();
    assert!(timed("one client, latest first", &json).is_ok());
    let error = timed("one wrong among them", &format!("{json}{}", json.lines().nth(7).expect("a line")));
    let error = error.expect_err("two open at a time");
    assert!(error.line == CROWD + 1 || error.line <= 9, "{error}");
}
