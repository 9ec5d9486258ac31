//! `--output jsonl`: every line of stdout is an object with `v` and `kind`, and there is nothing else.

use serde_json::Value;

use crate::harness::{Folder, anachron, golden};

const STORY: &str = "lost-acked-write-on-failover";

fn kinds(objects: &[Value]) -> Vec<&str> {
    let mut kinds: Vec<&str> =
        objects.iter().map(|object| object["kind"].as_str().expect("a kind")).collect();
    kinds.dedup();
    kinds
}

#[test]
fn every_command_speaks_it() {
    let folder = Folder::new();
    folder.file("read.jsonl", "{\"client\":0,\"f\":\"read\",\"ret\":5,\"call\":0,\"return\":1}\n");
    folder.file("broken.jsonl", "{\"client\":0,\n");
    for (call, code, expected) in [
        ("", 0, vec!["welcome"]),
        ("list", 0, vec!["story"]),
        ("list --strategies", 0, vec!["mode", "strategy"]),
        ("list --anomalies", 0, vec!["anomaly"]),
        ("explain", 0, vec!["anomaly"]),
        ("explain stale-read", 0, vec!["page"]),
        ("explain lamport-1-5-1", 0, vec!["page"]),
        (&format!("run {STORY}"), 1, vec!["start", "operation", "object", "explanation", "run"]),
        (&format!("run {STORY} --variant raft --verify"), 0, vec!["start", "operation", "run"]),
        (&format!("sweep {STORY} --seeds 0..9 --variant raft"), 0, vec!["start", "seed", "sweep"]),
        ("check read.jsonl", 1, vec!["operation", "object", "explanation", "verdict"]),
        ("check read.jsonl --initial 5", 0, vec!["verdict"]),
        ("check read.jsonl --model mutex", 2, vec!["error"]),
        ("check broken.jsonl gone.jsonl . read.jsonl --initial 5", 2, vec!["error", "verdict"]),
        ("man", 0, vec!["man"]),
        ("completions zsh", 0, vec!["completions"]),
    ] {
        let objects = folder.anachron(&format!("{call} --output jsonl")).run().ends_with(code).objects();
        assert_eq!(kinds(&objects), expected, "{call}");
    }
}

#[test]
fn what_can_go_wrong_before_there_is_a_result_leaves_stdout_empty() {
    for (call, code) in [
        ("run zebra", 2),
        ("explain zebra", 2),
        ("frobnicate", 2),
        (&format!("sweep {STORY} --seeds 1..1"), 5),
    ] {
        let ran = anachron(&format!("{call} --output jsonl")).run().ends_with(code);
        assert_eq!(ran.stdout, "");
        assert!(!ran.stderr.is_empty());
    }
}

/// The fields that others rely on.
#[test]
fn the_lines_read_well() {
    let folder = Folder::new();
    folder.file(
        "stale.jsonl",
        "{\"client\":0,\"f\":\"write\",\"arg\":1,\"call\":0,\"return\":1}\n\
         {\"client\":1,\"f\":\"read\",\"ret\":null,\"call\":2,\"return\":3}\n",
    );
    let calls = [
        folder.anachron("check stale.jsonl --output jsonl").run().ends_with(1),
        folder.anachron(&format!("run {STORY} --output jsonl")).run().ends_with(1),
        folder
            .anachron(&format!("sweep {STORY} --seeds 0..3 --variant asynchronous --output jsonl"))
            .run()
            .ends_with(1),
        folder.anachron("check gone.jsonl --output jsonl").run().ends_with(2),
    ];
    golden("json-lines", &calls);
}
