//! Every way to be wrong that we thought of, with the exact words a reader gets: `golden/errors.txt`.

use std::fmt::Write as _;

use anachron_history::{Format, parse};

use crate::golden;

const JSON: Option<Format> = Some(Format::JsonLines);
const EDN: Option<Format> = Some(Format::Edn);
const LOG: Option<Format> = Some(Format::JepsenLog);

/// A line of a history of which one field is replaced.
fn line(field: &str, value: &str) -> Vec<u8> {
    let fields = [
        ("client", "0"),
        ("key", "\"x\""),
        ("f", "\"write\""),
        ("arg", "1"),
        ("ret", "null"),
        ("call", "10"),
        ("return", "20"),
        ("outcome", "\"ok\""),
    ];
    let fields =
        fields.map(|(name, usual)| format!("\"{name}\":{}", if name == field { value } else { usual }));
    format!("{{{}}}\n", fields.join(",")).into_bytes()
}

/// A line with this operation.
fn line_of(f: &str, arg: &str, ret: &str) -> Vec<u8> {
    format!("{{\"client\":0,\"f\":\"{f}\",\"arg\":{arg},\"ret\":{ret},\"call\":1,\"return\":2}}\n")
        .into_bytes()
}

/// The words for this input, with the line and a caret under the place.
fn words(input: &[u8], format: Option<Format>) -> String {
    let error = match parse(input, format) {
        Err(error) => error,
        Ok(parsed) => panic!("read as {:?}: {}", parsed.history.records, String::from_utf8_lossy(input)),
    };
    assert!(!error.to_string().contains('\n'), "{error}");
    format!("{error}\n    {}\n    {}^\n", error.excerpt, " ".repeat(error.caret))
}

fn json_cases() -> Vec<(&'static str, Vec<u8>)> {
    let write = r#"{"client":0,"f":"write","arg":1,"call":1,"return":2}"#;
    let read = |client, call, end| {
        format!(r#"{{"client":{client},"f":"read","ret":1,"call":{call},"return":{end}}}"#)
    };
    vec![
        ("half a line", write.as_bytes()[..30].to_vec()),
        ("half a string", br#"{"client":0,"f":"wri"#.to_vec()),
        ("half a line, then more", format!("{write}\n{}\n{write}", &write[..30]).into_bytes()),
        ("two on a line", format!("{write} {write}").into_bytes()),
        ("rubbish after", format!("{write},").into_bytes()),
        ("pretty-printed", b"{\n  \"client\": 0\n}".to_vec()),
        ("an array of all", format!("[{write},\n{write}]").into_bytes()),
        ("not an object", b"5".to_vec()),
        ("an empty object", b"{}".to_vec()),
        ("no return", br#"{"client":0,"f":"write","arg":1,"call":1}"#.to_vec()),
        ("no arg", br#"{"client":0,"f":"write","call":1,"return":2}"#.to_vec()),
        ("no ret", br#"{"client":0,"f":"read","call":1,"return":2}"#.to_vec()),
        ("a comma too many", br#"{"client":0,}"#.to_vec()),
        ("no colon", br#"{"client" 0}"#.to_vec()),
        ("a name without quotes", b"{client:0}".to_vec()),
        ("a field twice", br#"{"client":0,"f":"read","client":1}"#.to_vec()),
        ("a field twice inside", line("arg", r#"{"a":1,"b":2,"a":3}"#)),
        ("an unknown operation", line("f", "\"teleport\"")),
        ("an operation that is no text", line("f", "7")),
        ("a client that is no name", line("client", "1.5")),
        ("a key that is no name", line("key", "[1]")),
        ("a time that is no integer", line("call", "1.0")),
        ("a time beyond 64 bits", line("call", "9223372036854775808")),
        ("a return in words", line("return", "\"later\"")),
        ("a return before the call", line("return", "9")),
        ("ok without return", line("return", "null")),
        ("an unknown outcome", line("outcome", "\"maybe\"")),
        ("a refused write", line("ret", "false")),
        ("a wrong number", line("arg", "01")),
        ("half a number", line("arg", "1.")),
        ("a number too large", line("arg", "1e999")),
        ("a wrong word", line("arg", "nul")),
        ("a wrong escape", line("arg", r#""a\x""#)),
        ("half a surrogate pair", line("arg", r#""\ud800""#)),
        ("a wrong digit in an escape", line("arg", r#""\u00g0""#)),
        ("a control character", line("arg", "\"a\tb\"")),
        ("NUL", line("arg", "\0")),
        (
            "a cas of three",
            br#"{"client":0,"f":"cas","arg":[1,2,3],"ret":true,"call":1,"return":2}"#.to_vec(),
        ),
        ("a cas of one", br#"{"client":0,"f":"cas","arg":[1],"ret":true,"call":1,"return":2}"#.to_vec()),
        ("a cas of none", br#"{"client":0,"f":"cas","arg":[],"ret":true,"call":1,"return":2}"#.to_vec()),
        ("a cas of a number", br#"{"client":0,"f":"cas","arg":1,"ret":true,"call":1,"return":2}"#.to_vec()),
        (
            "a cas that answers 1",
            br#"{"client":0,"f":"cas","arg":[1,2],"ret":1,"call":1,"return":2}"#.to_vec(),
        ),
        ("a register read twice", line_of("multi-read", r#"["x","y","x"]"#, "[1,2,1]")),
        ("no register read", line_of("multi-read", "[]", "[]")),
        ("too few registers shown", line_of("multi-read", r#"["x","y"]"#, "[1]")),
        ("a register written twice", line_of("multi-write", r#"{"x":1,"x":2}"#, "null")),
        ("no register written", line_of("multi-write", "{}", "null")),
        ("registers without values", line_of("multi-write", r#"["x"]"#, "null")),
        ("half an amount", line_of("increment", "0.5", "null")),
        ("an amount too small to turn round", line_of("decrement", "-9223372036854775808", "null")),
        ("a count in words", line_of("increment", "1", "\"one\"")),
        ("a refused acquire", line_of("acquire", "null", "false")),
        ("a token in words", line_of("release", "\"t\"", "null")),
        ("an element that may be there", line_of("contains", "1", "null")),
        ("a list that never ends", line("arg", "[1,[2,3]")),
        ("a list without commas", line("arg", "[1 2]")),
        ("two open", [read(7, 1, 10), String::new(), read(7, 5, 20)].join("\n").into_bytes()),
        (
            "two open, out of order",
            [read(7, 50, 60), String::new(), read(8, 1, 10), read(7, 1, 10), read(7, 5, 20)]
                .join("\n")
                .into_bytes(),
        ),
        ("nested too deep", line("arg", &"[".repeat(1_000_000))),
        ("a long line", line("arg", &format!("\"{}\" oops \"{}\"", "é".repeat(500), "é".repeat(500)))),
        ("nothing", b" \n\r\n".to_vec()),
    ]
}

fn edn_cases() -> Vec<(&'static str, Vec<u8>)> {
    let event = |kind: &str, process: i64, f: &str, value: &str| {
        format!("{{:process {process}, :type :{kind}, :f :{f}, :value {value}}}\n")
    };
    let events = |events: &[(&str, i64, &str, &str)]| {
        events
            .iter()
            .map(|&(kind, process, f, value)| event(kind, process, f, value))
            .collect::<String>()
            .into_bytes()
    };
    let value = |value: &str| event("invoke", 0, "write", value).into_bytes();
    vec![
        ("an open vector", b"[{:process 0 :type :invoke :f :read}\n".to_vec()),
        ("an open map", b"[{:process 0 :type :invoke :f :read\n".to_vec()),
        ("an open map after a key", b"{:process 0 :type".to_vec()),
        ("an open string", b"{:process 0 :value \"abc\n\n".to_vec()),
        ("an open vector in a value", value("[1 2")),
        ("the wrong bracket", b"[{:process 0 :type :invoke :f :read})".to_vec()),
        ("a key without a value", b"{:process 0 :type}".to_vec()),
        ("a key without a value, inside", value("{:a 1 :b}")),
        ("a key twice", b"{:process 0 :type :invoke :process 1}".to_vec()),
        ("a key twice inside", value("{:a 1, :b 2, :a 3}")),
        ("an element twice", value("#{1 2 1}")),
        ("more after the vector", b"[]\n{:process 0}".to_vec()),
        ("not a map", b"[{:process 0 :type :invoke :f :read} 5]".to_vec()),
        ("a set of events", b"#{{:process 0}}".to_vec()),
        ("no process", b"{:type :invoke :f :read}".to_vec()),
        ("no type", b"{:process 1 :f :read}".to_vec()),
        ("no f", b"{:process 1 :type :invoke}".to_vec()),
        ("keys in quotes", br#"{"process" 1 "type" "invoke"}"#.to_vec()),
        ("a process in words", b"{:process :client :type :invoke :f :read}".to_vec()),
        ("a process beyond 64 bits", b"{:process 99999999999999999999 :type :invoke :f :read}".to_vec()),
        ("an unknown type", b"{:process 1 :type :done :f :read}".to_vec()),
        ("an unknown operation", events(&[("invoke", 0, "txn", "[[:r 1 nil]]")])),
        ("no value", b"{:process 1 :type :invoke :f :write}".to_vec()),
        ("a response without a call", events(&[("ok", 3, "read", "1")])),
        (
            "a second response",
            events(&[("invoke", 3, "write", "1"), ("ok", 3, "write", "1"), ("ok", 3, "write", "1")]),
        ),
        ("two open", events(&[("invoke", 3, "write", "1"), ("invoke", 3, "read", "nil")])),
        ("another f", events(&[("invoke", 3, "write", "1"), ("ok", 3, "read", "1")])),
        ("another value", events(&[("invoke", 3, "write", "1"), ("ok", 3, "write", "2")])),
        ("another cas", events(&[("invoke", 3, "cas", "[1 2]"), ("ok", 3, "cas", "[1 3]")])),
        ("a cas that answers 1", events(&[("invoke", 3, "cas", "[1 2]"), ("ok", 3, "cas", "1")])),
        (
            "another key",
            b"{:process 0 :type :invoke :f :get :key \"a\"}\n{:process 0 :type :ok :f :get :key \"b\" :value 1}".to_vec(),
        ),
        ("a read without value", b"{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :read}".to_vec()),
        ("a cas of a number", events(&[("invoke", 3, "cas", "1")])),
        ("a cas of one", events(&[("invoke", 3, "cas", "[1]")])),
        ("a cas of none", events(&[("invoke", 3, "cas", "[]")])),
        ("a cas of three", events(&[("invoke", 3, "cas", "[1 2 3]")])),
        ("independent keys", events(&[("invoke", 3, "write", "[0 1]"), ("invoke", 4, "read", "[0 nil]")])),
        ("a wrong number", value("007")),
        ("a ratio by zero", value("1/0")),
        ("a number too large", value("1e999")),
        ("a wrong escape", value(r#""a\q""#)),
        ("a wrong character", value("\\ab")),
        ("a wrong dispatch", value("#\"a+\"")),
        ("a wrong symbolic number", value("##Fun")),
        ("quoting", value("'a")),
        ("NUL", value("\0")),
        ("a discard of nothing", b"[#_]".to_vec()),
        ("nested too deep", "[".repeat(1_000_000).into_bytes()),
        ("a value nested too deep", value(&"[".repeat(1_000_000))),
        ("tags too deep", value(&"#a ".repeat(1_000_000))),
        ("discards too deep", b"[#_".repeat(1_000_000)),
        ("nothing", b"; nothing here".to_vec()),
    ]
}

fn log_cases() -> Vec<(&'static str, Vec<u8>)> {
    let lines = |lines: &[&str]| {
        lines.iter().map(|line| format!("INFO  jepsen.util - {line}\n")).collect::<String>().into_bytes()
    };
    vec![
        ("cut after the process", lines(&["0\t:invoke\t:read\tnil", "0"])),
        ("cut in the type", lines(&["0\t:invoke\t:read\tnil", "0\t:o"])),
        ("cut after the type", lines(&["0\t:invoke"])),
        ("cut in the operation", lines(&["0\t:invoke\t:re"])),
        ("cut before the value", lines(&["0\t:invoke\t:write\t"])),
        ("cut in the value", lines(&["0\t:invoke\t:cas\t[1 "])),
        ("more after the value", lines(&["0\t:invoke\t:write\t1 2"])),
        ("a damaged process", lines(&["x0\t:invoke\t:write\t1"])),
        ("a damaged logger", b"INFO  jepsen.utol - 0\t:invoke\t:write\t1\n".to_vec()),
        ("a process beyond 64 bits", lines(&["99999999999999999999\t:invoke\t:write\t1"])),
        ("an unknown operation", lines(&["0\t:invoke\t:teleport\t1"])),
        ("a response without a call", lines(&["0\t:ok\t:read\t1"])),
        ("a second response", lines(&["0\t:invoke\t:read\tnil", "0\t:ok\t:read\t1", "0\t:info\t:read\t:x"])),
        ("two open", lines(&["0\t:invoke\t:read\tnil", "noise", "0\t:invoke\t:cas\t[1 2]"])),
        ("another f", lines(&["0\t:invoke\t:read\tnil", "0\t:ok\t:write\t1"])),
        ("a read without value", lines(&["0\t:invoke\t:read\tnil", "0\t:ok\t:read"])),
        ("another failed cas", lines(&["0\t:invoke\t:cas\t[1 2]", "0\t:fail\t:cas\t[1 3]"])),
        ("a failed cas, cut", lines(&["0\t:invoke\t:cas\t[1 2]", "0\t:fail\t:cas\t"])),
        ("only noise", b"INFO  jepsen.core - hello\n".to_vec()),
    ]
}

fn any_cases() -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = "[{:process".encode_utf16().flat_map(u16::to_le_bytes);
    vec![
        ("an empty file", Vec::new()),
        ("only a byte order mark", b"\xef\xbb\xbf".to_vec()),
        ("white space", b"\n\n  \r\n".to_vec()),
        ("prose", "Dear all,\nthis is not a history.".into()),
        ("binary", b"\x7fELF\x02\x01\x01\0".to_vec()),
        ("a byte that is not UTF-8", b"{\"client\":0,\n\"caf\xe9\"}".to_vec()),
        ("cut in a character", b"{\"client\":\"\xc3".to_vec()),
        ("UTF-16", [0xff, 0xfe].into_iter().chain(utf16).collect()),
        ("a vector of numbers", b"[1 2 3]".to_vec()),
    ]
}

#[test]
fn every_error_says_where_and_what() {
    let mut text = String::new();
    for (title, format, cases) in [
        ("JSON Lines", JSON, json_cases()),
        ("EDN", EDN, edn_cases()),
        ("Jepsen's log", LOG, log_cases()),
        ("any format", None, any_cases()),
    ] {
        writeln!(text, "# {title}\n").expect("a String takes everything");
        for (name, input) in cases {
            writeln!(text, "{name}\n  {}", words(&input, format)).expect("a String takes everything");
        }
    }
    golden::check("errors.txt", &text);
}

/// A file that is a history in one format is never taken for another, and the error speaks of the format asked for.
#[test]
fn a_format_that_was_told_is_not_guessed() {
    let log = b"INFO  jepsen.util - 0\t:invoke\t:read\tnil\n";
    assert!(parse(log, JSON).is_err() && parse(log, EDN).is_err() && parse(log, LOG).is_ok());
    let noisy = [b"# setting up\n".as_slice(), log].concat();
    assert_eq!(parse(&noisy, None).expect("a log").format, Format::JepsenLog);
    let bracket = [b"[main] starting\n".as_slice(), log].concat();
    assert_eq!(parse(&bracket, None).expect("a log").format, Format::JepsenLog);
    assert!(parse(b"[]", None).expect("an empty story").history.records.is_empty());
}
