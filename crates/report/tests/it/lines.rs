//! JSON Lines: stable, one object a line, whatever the names are.

use std::fmt::Write as _;

use anachron_report::{CauseLine, jsonl};
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value, VirtualTime};
use serde_json::Value as Json;

use crate::build::Run;
use crate::golden;

const ODD_KEY: &str = "k\"\u{2028}\u{9b}\u{202e}\u{e0001}é";

#[test]
fn the_objects_of_every_kind() {
    let mut run = Run::new();
    run.write("c1", 1, 0.0, 10.0);
    let cas = Operation::CompareAndSet { expected: Value::Null, new: Value::Literal("1.5".into()) };
    run.operation("c\u{1b}[2J\n", ODD_KEY, cas, (5.0, Some(9.0)), Outcome::Ok(Reply::Answer(false)));
    run.operation("c2", "x", Operation::Append("a".into()), (5.0, Some(20.0)), Outcome::Unknown);
    run.operation(
        "c3",
        "x",
        Operation::Write(Value::Literal(":keyword".into())),
        (1.0, Some(2.0)),
        Outcome::Failed,
    );
    run.read("c2", "1", 30.0, 31.0);
    let mut lines = vec![
        jsonl::start(&jsonl::Start {
            command: "run",
            version: "0.1.0",
            scenario: Some("lost-acked-write-on-failover"),
            variant: Some("asynchronous"),
            seed: Some(42),
        }),
        jsonl::start(&jsonl::Start {
            command: "check",
            version: "0.1.0",
            scenario: None,
            variant: None,
            seed: None,
        }),
    ];
    lines.extend(run.history.iter().map(|(id, _)| jsonl::operation(&run.history, id)));
    lines.extend([
        jsonl::file_verdict(&jsonl::FileVerdict {
            file: "history.jsonl",
            model: "register",
            operations: 8412,
            verdict: "not-linearizable",
            check_ms: 0.25,
        }),
        jsonl::object_verdict(&jsonl::ObjectVerdict {
            key: "x",
            operations: 214,
            verdict: "linearizable",
            road: "zones",
            configurations: 0,
        }),
        jsonl::explanation(&jsonl::Explained {
            key: "x",
            anomaly: "stale-read",
            headline: "Stale read: c3 read x → 1",
            numbered: &[OperationId(0), OperationId(4)],
            core: &[OperationId(0), OperationId(4)],
            sentences: &["① c1 wrote x=1.".to_owned()],
            cause: &[CauseLine { at: VirtualTime(25_000_000), text: "n1 crashed".to_owned() }],
        }),
        jsonl::run(&jsonl::Run {
            scenario: "s",
            variant: "v",
            seed: u64::MAX,
            verdict: "linearizable",
            anomaly: None,
            fingerprint: "00",
            operations: 5,
            unknown: 1,
            messages: 19,
            lost: 2,
            end: VirtualTime(1),
            converged: Some(true),
            progressed: None,
            replay: "anachron run s --variant v --seed 1",
        }),
        jsonl::sweep(&jsonl::Sweep {
            scenario: "s",
            variant: "v",
            seeds: (0, 1000),
            judged: 1000,
            violations: 500,
            undecided: 0,
            first_violation: Some(3),
        }),
        jsonl::progress(5, 10, 1),
        jsonl::error("h.jsonl", Some((812, 1)), "process 4 has no open operation"),
        jsonl::error("h.jsonl", None, "no such file"),
    ]);
    let mut text = String::new();
    for line in &lines {
        assert!(!line.contains(char::is_control), "one line, nothing a terminal obeys: {line:?}");
        let json: Json = serde_json::from_str(line).expect("JSON");
        assert_eq!(json["v"], 1);
        assert!(json["kind"].is_string());
        assert!(!line.contains(['\u{2028}', '\u{202e}', '\u{9b}', '\u{e0001}']), "{line}");
        writeln!(text, "{line}").expect("a string takes everything");
    }
    golden::check("jsonl", &text);
    let odd: Json = serde_json::from_str(&lines[3]).expect("JSON");
    assert_eq!(
        (odd["client"].as_str(), odd["key"].as_str()),
        (Some("c\u{1b}[2J\n"), Some(ODD_KEY)),
        "escaped, not changed"
    );
}
