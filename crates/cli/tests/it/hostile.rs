//! Input that is made to hurt: whoever wrote it, the terminal and the reader come to no harm.

use crate::harness::{Folder, anachron};

/// An escape sequence that clears the screen, a bell, a line feed, C1 controls, a direction override.
const EVIL: &str = "\\u001b[2J\\u0007\\nx\\r\\u009b31m\\u202eabc";

/// Nothing that a terminal would obey, whatever was asked.
#[track_caller]
fn harmless(text: &str) {
    let bad = text.chars().find(|&c| c != '\n' && (c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)));
    assert_eq!(bad, None, "{text:?}");
}

#[test]
fn names_and_values_of_a_history_are_only_shown() {
    let folder = Folder::new();
    let history = format!(
        "{{\"client\":\"{EVIL}\",\"key\":\"{EVIL}\",\"f\":\"write\",\"arg\":\"{EVIL}\",\"call\":0,\"return\":1}}\n\
         {{\"client\":\"--help\",\"key\":\"{EVIL}\",\"f\":\"read\",\"ret\":[\"{EVIL}\"],\"call\":2,\"return\":3}}\n"
    );
    folder.file("evil.jsonl", history).file("other.jsonl", "\u{1b}[2J{");
    for call in ["check evil.jsonl", "check evil.jsonl evil.jsonl --explain", "check other.jsonl"] {
        for format in ["human", "jsonl"] {
            let ran = folder.anachron(&format!("{call} --output {format}")).run();
            harmless(&ran.stdout);
            harmless(&ran.stderr);
        }
    }
    folder.anachron("check evil.jsonl").run().ends_with(1).says("Phantom");
}

#[test]
fn texts_of_a_scenario_are_only_shown() {
    let story = include_str!("../../../../scenarios/lost-acked-write-on-failover.json");
    let title = "\"title\": \"";
    assert!(story.contains(title));
    let folder = Folder::new();
    folder
        .file("evil.json", story.replace(title, &format!("{title}{EVIL}")))
        .file("error.json", story.replace("\"single-leader\"", &format!("\"{EVIL}\"")))
        .file("raw.json", story.replace(title, "\"title\": \u{1b}[2J\""));
    for call in [
        "run evil.json",
        "explain evil.json",
        "sweep evil.json --seeds 0..3",
        "run error.json",
        "run raw.json",
    ] {
        for format in ["human", "jsonl"] {
            let ran = folder.anachron(&format!("{call} --output {format}")).run();
            harmless(&ran.stdout);
            harmless(&ran.stderr);
        }
    }
}

#[test]
fn names_of_files_are_only_shown() {
    let folder = Folder::new();
    let name = "a\u{1b}[2J\nerror: b.jsonl";
    folder.file(name, "{\"client\":0,\"f\":\"read\",\"ret\":5,\"call\":0,\"return\":1}\n");
    folder.file("c\nd.json", include_str!("../../../../scenarios/lost-acked-write-on-failover.json"));
    for call in [
        folder.anachron("check").arg(name),
        folder.anachron("check").arg(name).arg(name),
        folder.anachron("check").arg("gone\u{1b}[2J\nerror: x.jsonl"),
        folder.anachron("run").arg("c\nd.json"),
        folder.anachron("run").arg("gone\nd.json"),
        folder.anachron("run").arg("gone\nd"),
        folder.anachron("explain").arg("gone\u{7}d"),
        folder.anachron("run lamport-1-5-1 --variant").arg("ra\u{1b}ft"),
    ] {
        let ran = call.run();
        harmless(&ran.stdout);
        harmless(&ran.stderr);
        assert!(!ran.stderr.lines().skip(1).any(|line| line.starts_with("error")), "{}", ran.stderr);
    }
    let ran = folder.anachron("run").arg("c\nd.json").run().ends_with(1);
    assert!(
        ran.line("replay ").starts_with("replay  anachron run $'c\\012d.json' --variant"),
        "{}",
        ran.stdout
    );
}

/// A file's name need not be text.
#[cfg(unix)]
#[test]
fn names_of_files_that_are_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let name = OsStr::from_bytes(b"caf\xe9.json");
    let folder = Folder::new();
    let story = include_str!("../../../../scenarios/lost-acked-write-on-failover.json");
    std::fs::write(folder.path().join(name), story).expect("a file system that takes any name");
    let mut call = folder.anachron("run").command();
    let output = call.arg(name).args(["--history", "seen.jsonl"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let stdout = String::from_utf8(output.stdout).expect("UTF-8");
    let replay = stdout.lines().find(|line| line.starts_with("replay ")).expect("a replay line");
    assert!(replay.starts_with("replay  anachron run $'caf\\351.json' --variant"), "{replay}");
    // A shell that knows such quotes finds the file again.
    let script =
        format!("{} {}", env!("CARGO_BIN_EXE_anachron"), replay.trim_start_matches("replay  anachron "));
    let Ok(again) =
        std::process::Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output()
    else {
        println!("skipped: bash is not here");
        return;
    };
    assert_eq!(again.status.code(), Some(1), "{again:?}");
}

#[test]
fn a_value_of_ten_megabytes_does_not_bury_the_verdict() {
    let value = "y".repeat(10 << 20);
    let history = format!(
        "{{\"client\":0,\"key\":\"x\",\"f\":\"write\",\"arg\":1,\"call\":0,\"return\":1}}\n\
         {{\"client\":1,\"key\":\"x\",\"f\":\"read\",\"ret\":\"{value}\",\"call\":2,\"return\":3}}\n"
    );
    let ran = anachron("check -").stdin(history.clone()).run().ends_with(1).says("Phantom");
    assert!(ran.stdout.len() < 10_000, "{} bytes", ran.stdout.len());
    anachron("check - --output jsonl").stdin(history).run().ends_with(1).objects();
    // The same in the wrong place: the error shows where, and not all of it.
    let broken = anachron("check -").stdin(format!("{{\"{value}\":1}}\n")).run().ends_with(2);
    assert!(broken.stderr.len() < 2_000, "{} bytes", broken.stderr.len());
}

#[test]
fn a_history_of_many_objects_and_clients_is_told_briefly() {
    let write = |number: u32| {
        format!(
            "{{\"client\":{number},\"key\":\"k{number}\",\"f\":\"write\",\"arg\":1,\"call\":0,\"return\":9}}\n"
        )
    };
    let history: String = (0..20_000).map(write).collect();
    let ran = anachron("check - --verify").stdin(history).run().ends_with(0).says("20,000 objects");
    assert!(ran.stdout.lines().count() < 60, "{}", ran.stdout);
}
