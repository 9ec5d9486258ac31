//! `check -`: streams that grow, end, break, and never end.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use crate::harness::anachron;
use crate::streams::{end, interrupt};

/// One whole operation in a line.
fn line(client: i64, f: &str, value: i64, call: i64, end: i64) -> String {
    let (arg, ret) = match f {
        "write" => (value.to_string(), "null".to_owned()),
        _ => ("null".to_owned(), value.to_string()),
    };
    format!(
        r#"{{"client":{client},"key":"a rather long name, so that the stream is long: {:060}","f":"{f}","arg":{arg},"ret":{ret},"call":{call},"return":{end}}}"#,
        0
    ) + "\n"
}

/// Writes and reads in turns, of more than is kept to be judged as a file. The read in line 2n answers n - 1.
fn long() -> String {
    let text: String = (0..60_000)
        .map(|time| {
            let f = if time % 2 == 0 { "write" } else { "read" };
            line(time % 3, f, time / 2, 2 * time, 2 * time + 1)
        })
        .collect();
    assert!(text.len() > 9 << 20, "{} bytes are kept and judged as a file", text.len());
    text
}

/// A stream whose writer has not ended.
fn growing(call: &str, told: &str) -> (Child, ChildStdin) {
    let mut command = anachron(call).command();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(told.as_bytes()).expect("it reads");
    input.flush().expect("it reads");
    (child, input)
}

/// A violation is told while the writer still writes: nobody waits for the end of the stream.
#[test]
fn a_stream_is_judged_while_it_grows() {
    let line = |client: u32, what: &str| format!("{{\"client\":{client},{what}}}\n");
    let told = [
        line(0, r#""event":"call","f":"write","arg":1,"call":1"#),
        line(0, r#""event":"return","ret":null,"return":2"#),
        line(1, r#""event":"call","f":"read","arg":null,"call":3"#),
        line(2, r#""event":"call","f":"write","arg":7,"call":4"#),
        line(1, r#""event":"return","ret":9,"return":5"#),
    ];
    let (child, input) = growing("check - --model register --output jsonl", &told.concat());
    // The input stays open, and a write is still on its way.
    let (code, stdout, stderr) = end(child);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stdout.contains(r#""verdict":"not-linearizable""#), "{stdout}");
    assert!(stderr.contains("a violation is certain after 5 lines"), "{stderr}");
    drop(input);
}

/// With lines in the order of the calls, what is certain is told at once: at the call behind the return.
#[test]
fn whole_operations_in_order_are_judged_at_once() {
    let told = [
        line(0, "write", 1, 1, 2),
        line(1, "read", 1, 3, 9),
        line(0, "write", 2, 4, 5),
        line(0, "read", 1, 6, 7),
        // Nothing of this is settled, so nothing of it is wrong.
        line(2, "read", 9, 8, 20),
    ];
    let (child, input) = growing("check - --model register --lag 0", &told.concat());
    let (code, stdout, stderr) = end(child);
    assert_eq!(code, Some(1), "{stdout}{stderr}");
    assert!(stderr.contains("a violation is certain after 5 lines"), "{stderr}");
    assert!(stdout.contains("NOT linearizable") && stdout.contains("Stale read"), "{stdout}");
    assert!(!stdout.contains("Phantom"), "{stdout}");
    drop(input);
}

/// What only grows is not kept: a stream of more than can be kept is judged to its end.
#[test]
fn a_long_stream_is_judged_as_it_comes() {
    let text = long();
    let said = anachron("check - --model register").stdin(text.clone()).run().ends_with(0);
    assert!(said.stdout.contains("60,000 operations, judged as they came"), "{}", said.stdout);
    // A read of what was overwritten just before: the operations that show it are named, and explained.
    let stale = text.replace(r#""arg":null,"ret":29990,"#, r#""arg":null,"ret":29989,"#);
    assert_ne!(stale, text);
    let said = anachron("check - --model register --lag 0").stdin(stale).run().ends_with(1);
    said.notes("a violation is certain after 59,983 lines").says("in line 59,982").says("Stale read");
    // The same of what was long overwritten, far behind what is kept.
    let wrong = text.replace(r#""arg":null,"ret":29990,"#, r#""arg":null,"ret":3,"#);
    let said = anachron("check - --model register").stdin(wrong.clone()).run().ends_with(1);
    said.says("NOT linearizable").says("no operation wrote it since");
    let objects = anachron("check - --model register --output jsonl").stdin(wrong).run().objects();
    let kinds: Vec<&str> = objects.iter().filter_map(|object| object["kind"].as_str()).collect();
    assert_eq!(kinds, ["violation", "verdict"]);
    assert_eq!(objects[0]["line"], 59_982);
    assert_eq!(objects[1]["verdict"], "not-linearizable");
}

/// A line that comes too late is named, and ends a stream that is not kept; one that is kept is judged as a file.
#[test]
fn a_broken_promise_is_named() {
    let late = line(7, "write", -1, 5, 6);
    let said = anachron("check - --model register --lag 3").stdin(long() + &late).run().ends_with(2);
    said.notes("-:60001:1: this operation was called at 5")
        .notes("told more than 3 lines before")
        .notes("`--lag`");
    let short: String = long().lines().take(50).fold(String::new(), |mut text, line| {
        writeln!(text, "{line}").expect("a string");
        text
    });
    let said = anachron("check - --model register --lag 3").stdin(short + &late).run().ends_with(0);
    said.notes("-:51: this operation was called at 5").notes("read to its end").says("51 operations");
    // In the order of the returns, a lag of as many lines as an operation lets pass is enough.
    let by_return: String = (0..2000)
        .flat_map(|time| {
            let slow = (time % 100 == 0).then(|| line(1, "read", time - 90, 10 * (time - 90) - 2, 10 * time));
            [Some(line(0, "write", time, 10 * time + 1, 10 * time + 2)), slow].into_iter().flatten()
        })
        .skip(2)
        .collect();
    let said = anachron("check - --model register --lag 100").stdin(by_return.clone()).run().ends_with(0);
    assert!(!said.stderr.contains("called at"), "{}", said.stderr);
    anachron("check - --model register --lag 50").stdin(by_return).run().ends_with(0).notes("called at");
}

#[test]
fn broken_lines_end_a_stream() {
    for (hostile, said) in [
        ("{\"client\":0,\n", "-:60001:13: expected"),
        ("\u{1b}[31m\n", "-:60001:1: expected `{`"),
        ("{\"client\":0,\"f\":\"acquire\",\"call\":1,\"return\":2}\n", "the model does not know"),
        ("{\"client\":0,\"f\":\"read\",\"ret\":1,\"call\":9,\"return\":2}\n", "-:60001:"),
        ("{\"event\":\"return\",\"client\":0,\"ret\":1,\"return\":2}\n", "-:60001:"),
    ] {
        let ran = anachron("check - --model register --lag 0").stdin(long() + hostile).run().ends_with(2);
        ran.notes(said);
        let early = line(0, "write", 1, 1, 2) + hostile;
        let ran = anachron("check - --model register --lag 0").stdin(early).run().ends_with(2);
        assert!(!ran.stderr.contains('\u{1b}') && !ran.stderr.contains("panic"), "{}", ran.stderr);
    }
    // A line without an end is not kept for ever.
    let endless = long() + "{" + &" ".repeat(17 << 20);
    anachron("check - --model register").stdin(endless).run().ends_with(2).notes("more than 16 MiB");
}

/// No end in sight: Ctrl-C says how far it got.
#[test]
fn an_interrupted_stream_says_how_far_it_got() {
    let (child, input) = growing("check - --model register --lag 0", &long());
    std::thread::sleep(Duration::from_millis(1500));
    interrupt(&child);
    let (code, stdout, stderr) = end(child);
    assert_eq!(code, Some(130), "{stdout}{stderr}");
    assert!(stdout.contains("interrupted after 60,000 lines"), "{stdout}");
    assert!(stdout.contains("no violation among what returned before 119998"), "{stdout}");
    drop(input);
}
