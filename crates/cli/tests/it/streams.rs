//! Readers that go away, disks that are full, interrupts: what a shell can do to a program.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::check::hard;
use crate::harness::{Folder, anachron};

const STORY: &str = "lost-acked-write-on-failover";
const LONG_SWEEP: &str = "sweep lost-acked-write-on-failover --seeds 0..1_000_000_000";

/// What ends within this time ends at once, on a machine that has other things to do.
const AT_ONCE: Duration = Duration::from_secs(20);

pub(crate) fn piped(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

pub(crate) fn interrupt(child: &Child) {
    let sent =
        Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("sh runs");
    assert!(sent.success());
}

/// Waits for the end; kills what does not end.
pub(crate) fn end(mut child: Child) -> (Option<i32>, String, String) {
    let start = Instant::now();
    while child.try_wait().expect("it can be waited for").is_none() {
        if start.elapsed() > AT_ONCE {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let (mut stdout, mut stderr) = (String::new(), String::new());
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_string(&mut stdout).expect("UTF-8");
    }
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("UTF-8");
    (child.wait().expect("it ended").code(), stdout, stderr)
}

/// `| head -1`: one line is read, then nobody reads any more.
#[test]
fn a_reader_that_goes_away_ends_the_work_quietly() {
    for call in [
        "list --strategies --output jsonl".to_owned(),
        format!("{LONG_SWEEP} --output jsonl"),
        format!("run {STORY} --output jsonl"),
    ] {
        let mut child = piped(anachron(&call).command());
        let mut reader = BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        assert!(line.starts_with("{\"v\":1,"), "{line}");
        drop(reader);
        let (code, _, stderr) = end(child);
        // What is small may have been written before the reader went.
        assert!(
            code == Some(141) || (code < Some(2) && !call.starts_with("sweep")),
            "{call}: {code:?} {stderr}"
        );
        assert!(!stderr.contains("error") && !stderr.contains("panic"), "{call}: {stderr}");
    }
}

#[test]
fn a_full_disk_is_said() {
    for call in [
        "",
        "list",
        "--help",
        "--version",
        "man",
        "completions bash",
        "explain",
        &format!("run {STORY}"),
        &format!("sweep {STORY} --seeds 0..3"),
    ] {
        let mut command = anachron(call).command();
        command.stdout(fs::File::create("/dev/full").expect("/dev/full"));
        let output = command.stderr(Stdio::piped()).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(70), "{call}: {stderr}");
        assert!(
            stderr.contains("error: can't write the results: No space left on device"),
            "{call}: {stderr}"
        );
    }
    for file in ["history", "trace"] {
        anachron(&format!("run {STORY} --{file} /dev/full"))
            .run()
            .ends_with(70)
            .says("NOT linearizable")
            .notes("can't write /dev/full: No space left on device");
    }
    // A folder that is not there is bad usage, and known before any work.
    for file in ["history", "trace"] {
        let ran = anachron(&format!("run {STORY} --{file} /nowhere/at/all")).run().ends_with(2);
        assert_eq!(ran.stdout, "");
        ran.notes("can't write /nowhere/at/all: there is no such folder");
    }
}

/// Nobody hears a complaint: the exit code still tells.
#[test]
fn without_stderr_it_still_ends_well() {
    for (call, code) in
        [("run zebra", 2), (&format!("run {STORY} --verify --self-check"), 1), ("frobnicate", 2)]
    {
        let mut command = anachron(call).command();
        command.stdout(Stdio::null()).stderr(fs::File::create("/dev/full").expect("/dev/full"));
        assert_eq!(command.status().expect("it runs").code(), Some(code), "{call}");
    }
}

#[test]
fn an_interrupted_sweep_sums_up() {
    let mut child = piped(anachron(&format!("{LONG_SWEEP} --output jsonl")).command());
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut lines: Vec<String> = Vec::new();
    while lines.len() < 50 {
        let mut line = String::new();
        reader.read_line(&mut line).expect("a line");
        lines.push(line);
    }
    interrupt(&child);
    lines.extend(reader.lines().map(|line| line.expect("a line")));
    let (code, _, stderr) = end(child);
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("stopping; interrupt again to end at once"), "{stderr}");
    let objects: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let seeds = objects.iter().filter(|object| object["kind"] == "seed").count();
    let sum = objects.last().expect("a line");
    assert_eq!((sum["kind"].as_str(), sum["judged"].as_u64()), (Some("sweep"), Some(seeds as u64)));
}

#[test]
fn an_interrupted_sweep_tells_people_what_its_figures_are_of() {
    let mut child = piped(anachron(LONG_SWEEP).command());
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut stdout = String::new();
    reader.read_line(&mut stdout).expect("the head");
    std::thread::sleep(Duration::from_millis(300));
    interrupt(&child);
    reader.read_to_string(&mut stdout).expect("the rest");
    let (code, _, stderr) = end(child);
    assert_eq!(code, Some(130), "{stderr}");
    for said in [
        "asynchronous: interrupted, ",
        " of 1,000,000,000 seeds judged",
        "raft: not begun",
        "replay  anachron run",
    ] {
        assert!(stdout.contains(said), "{said}: {stdout}");
    }
}

#[test]
fn an_interrupted_check_says_how_far_it_got() {
    let folder = Folder::new();
    folder.file("hard.jsonl", hard()).file("also.jsonl", hard());
    let child = piped(folder.anachron("check hard.jsonl also.jsonl --budget 1h").command());
    std::thread::sleep(Duration::from_millis(700));
    interrupt(&child);
    let (code, stdout, stderr) = end(child);
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stdout.contains("? undecided") && stdout.contains("an interrupt; longest order"), "{stdout}");
    assert!(stdout.contains("2 files") && stdout.contains("1 not begun"), "{stdout}");
}

/// Who waits for input has nothing to sum up.
#[test]
fn an_interrupt_ends_the_wait_for_input() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path().join("fifo")).status().expect("mkfifo runs");
    assert!(made.success());
    for call in ["check fifo", "run ./fifo"] {
        let child = piped(folder.anachron(call).command());
        std::thread::sleep(Duration::from_millis(300));
        interrupt(&child);
        assert_eq!(end(child).0, Some(130), "{call}");
    }
    // A pipe that somebody writes into is a file like any other.
    let child = piped(folder.anachron("check fifo").command());
    fs::write(
        folder.path().join("fifo"),
        "{\"client\":0,\"f\":\"read\",\"ret\":5,\"call\":0,\"return\":1}\n",
    )
    .expect("the pipe");
    assert_eq!(end(child).0, Some(1));
}

/// The second interrupt does not wait for anything.
#[test]
fn a_second_interrupt_ends_at_once() {
    let child = piped(anachron(LONG_SWEEP).command());
    std::thread::sleep(Duration::from_millis(300));
    for _ in 0..5 {
        interrupt(&child);
    }
    assert_eq!(end(child).0, Some(130));
}
