//! A stream read line by line tells what its file tells.

use std::collections::BTreeMap;

use anachron_history::{Format, Heard, LineReader, parse};
use anachron_vocabulary::{Operation, Outcome, Reply};

const STREAM: &str = r#"{"event":"call","client":0,"key":"x","f":"write","arg":1,"call":10}
{"event":"call","client":"b","key":"x","f":"read","call":12}

{"event":"return","client":0,"ret":null,"return":20}
{"event":"call","client":0,"key":"y","f":"cas","arg":[1,2],"call":21}
{"event":"return","client":"b","ret":1,"return":25}
{"client":7,"key":"x","f":"read","ret":1,"call":15,"return":26,"event":"return"}
{"event":"call","client":"b","key":"x","f":"write","arg":3,"call":30}
{"event":"return","client":0,"ret":false,"return":31}
{"event":"return","client":"b","outcome":"fail","return":32}
{"event":"call","client":"b","key":"x","f":"write","arg":4,"call":40}
"#;

/// Call, end and outcome of each operation, by the number of the line that told of it first.
type Told = BTreeMap<u64, (i64, Option<i64>, Operation, Outcome)>;

fn line_by_line(text: &str) -> Told {
    let mut reader = LineReader::default();
    let mut told = Told::new();
    for line in text.lines() {
        match reader.read(line.as_bytes()).expect("a line of a stream") {
            Heard::Nothing => {}
            Heard::Operation { operation, call, end, outcome, .. } => {
                told.insert(reader.lines(), (call, end, operation, outcome));
            }
            Heard::Called { mark, operation, call, .. } => {
                told.insert(mark, (call, None, operation, Outcome::Unknown));
            }
            Heard::Ended { mark, end, outcome, .. } => {
                let entry = told.get_mut(&mark).expect("it was called");
                (entry.1, entry.3) = (end, outcome);
            }
        }
    }
    told
}

#[test]
fn a_stream_tells_what_its_file_tells() {
    let history = parse(STREAM.as_bytes(), None).expect("a history").history;
    let file: Vec<_> = history
        .records
        .iter()
        .map(|one| (one.call.0, one.end.map(|end| end.0), one.operation.clone(), one.outcome.clone()))
        .collect();
    let stream: Vec<_> = line_by_line(STREAM).into_values().collect();
    assert_eq!(file, stream);
    assert_eq!(file[0], (10, Some(20), Operation::Write(1.into()), Outcome::Ok(Reply::Done)));
    assert_eq!(file[2].3, Outcome::Ok(Reply::Answer(false)));
    assert_eq!(file[4].3, Outcome::Failed);
    assert_eq!(file[5].3, Outcome::Unknown, "what is open at the end has no known outcome");
}

#[test]
fn what_does_not_fit_together_is_refused_with_its_line() {
    let call = r#"{"event":"call","client":0,"f":"write","arg":1,"call":10}"#;
    for (second, words) in [
        (r#"{"event":"return","client":1,"return":20}"#, "expected a call of client `1` before its return"),
        (r#"{"event":"call","client":0,"f":"read","call":11}"#, "is still open"),
        (r#"{"event":"return","client":0,"return":9}"#, "a return that is not before the call at 10"),
        (r#"{"event":"return","client":0}"#, "a field `return`"),
        ("oops", "a JSON object"),
    ] {
        let file = parse(format!("{call}\n{second}\n").as_bytes(), Some(Format::JsonLines)).expect_err(words);
        let mut reader = LineReader::default();
        reader.read(call.as_bytes()).expect("a call");
        let stream = reader.read(second.as_bytes()).expect_err(words);
        for error in [file, stream] {
            assert_eq!(error.line, 2, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}
