//! `check --certificate` and `verify`: a verdict that anybody can re-check; and memory that runs out.

use std::process::Command;

use crate::check::hard;
use crate::harness::{Folder, golden};

const STALE: &str = r#"{"client":0,"key":"x","f":"write","arg":1,"call":0,"return":10}
{"client":0,"key":"x","f":"write","arg":2,"call":20,"return":30}
{"client":1,"key":"x","f":"read","ret":1,"call":40,"return":50}
{"client":2,"key":"y","f":"read","ret":null,"call":40,"return":50}
"#;
const FINE: &str = r#"{"client":0,"f":"enqueue","arg":1,"call":0,"return":10}
{"client":1,"f":"dequeue","ret":1,"call":5,"return":30}
{"client":2,"f":"dequeue","ret":null,"call":20,"return":40}
"#;

#[test]
fn a_verdict_is_written_and_re_checked() {
    let folder = Folder::new();
    folder.file("stale.jsonl", STALE).file("fine.jsonl", FINE).file("hard.jsonl", hard());
    folder.anachron("check stale.jsonl --certificate stale.json").run().ends_with(1);
    folder
        .anachron("check fine.jsonl --certificate fine.json")
        .run()
        .ends_with(0)
        .says("certificate anachron verify fine.json fine.jsonl");
    folder.anachron("check hard.jsonl --certificate hard.json --budget 50ms").run().ends_with(3);
    let tampered = folder.read("stale.json").replacen("\"not-linearizable\"", "\"linearizable\"", 1);
    folder.file("tampered.json", tampered);
    folder.file("flawed.json", folder.read("fine.json").replace("\"order\":[0,1,2]", "\"order\":[1,0,2]"));
    let calls = [
        ("verify stale.json stale.jsonl", 0),
        ("verify fine.json fine.jsonl", 0),
        ("verify fine.json fine.jsonl --expect not-linearizable", 1),
        ("verify fine.json stale.jsonl", 1),
        ("verify tampered.json stale.jsonl", 1),
        ("verify flawed.json fine.jsonl", 1),
        ("verify hard.json hard.jsonl", 3),
        ("verify hard.json hard.jsonl --expect undecided", 0),
        ("verify stale.jsonl stale.jsonl", 2),
        ("verify gone.json stale.jsonl", 2),
        ("verify stale.json gone.jsonl", 2),
        ("verify stale.json stale.jsonl --expect not-linearizable:stale-read", 2),
        ("verify stale.json stale.jsonl --output jsonl", 0),
        ("verify fine.json stale.jsonl --output jsonl", 1),
        ("verify fine.jsonl stale.jsonl --output jsonl", 2),
    ];
    golden("verify", &calls.map(|(call, code)| folder.anachron(call).run().ends_with(code)));
    // It is for the history, not for the file that it was read from.
    let spaced = FINE.replace(",\"", " , \"");
    folder.file("spaced.jsonl", spaced);
    folder.anachron("verify fine.json spaced.jsonl").run().ends_with(0);
}

#[test]
fn a_file_that_cannot_be_written_is_known_before_any_work() {
    let folder = Folder::new();
    folder.file("stale.jsonl", STALE).file("other.jsonl", STALE);
    for (arguments, why) in [
        ("stale.jsonl --certificate gone/c.json", "can't write gone/c.json: there is no such folder"),
        ("stale.jsonl --certificate .", "can't write .: this is a folder; name a file in it"),
        ("stale.jsonl --certificate ./stale.jsonl", "./stale.jsonl is to be read; it can't be written to"),
        ("stale.jsonl other.jsonl --certificate c.json", "a certificate is for one history"),
    ] {
        folder.anachron(&format!("check {arguments}")).run().ends_with(2).notes(why);
    }
    assert_eq!(folder.read("stale.jsonl"), STALE);
}

#[test]
fn where_objects_start_is_asked_only_where_it_makes_sense() {
    let folder = Folder::new();
    let count = "{\"client\":0,\"f\":\"increment\",\"arg\":1,\"ret\":6,\"call\":0,\"return\":1}\n";
    let list = "{\"client\":0,\"f\":\"read\",\"ret\":[1],\"call\":0,\"return\":1}\n";
    folder.file("queue.jsonl", FINE).file("count.jsonl", count).file("list.jsonl", list);
    folder.anachron("check count.jsonl --initial 5").run().ends_with(0).says("model counter (guessed)");
    folder.anachron("check list.jsonl --model list --initial [1]").run().ends_with(0);
    for (arguments, why) in [
        ("queue.jsonl --initial 5", "an object of model queue starts empty and free"),
        ("count.jsonl --initial [5]", "starts as an integer"),
        ("list.jsonl --model list --initial 5", "starts as a list"),
    ] {
        folder.anachron(&format!("check {arguments}")).run().ends_with(2).notes(why);
    }
}

/// Memory that runs out is *undecided*, whoever sets the limit: the reader, or the shell.
#[test]
fn no_memory_is_no_verdict_and_no_crash() {
    let folder = Folder::new();
    folder.file("hard.jsonl", hard());
    let ran = folder.anachron("check hard.jsonl --memory 50MB --budget 1h").run().ends_with(3);
    ran.says("Stopped by the limit on memory");
    for (limit, arguments) in [(400_000, ""), (200_000, "--memory 8GB")] {
        let script = format!(
            "ulimit -v {limit} && exec {} check hard.jsonl --levels --budget 1h {arguments}",
            env!("CARGO_BIN_EXE_anachron")
        );
        let output = Command::new("sh")
            .args(["-c", &script])
            .current_dir(folder.path())
            .env_clear()
            .output()
            .expect("sh runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(3), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("Stopped by the limit on memory"), "{said}");
    }
}
