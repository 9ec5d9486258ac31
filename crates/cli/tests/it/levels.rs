//! `check --levels`: the ladder.

use crate::check::hard;
use crate::harness::{Folder, golden};

/// The comment before the photo: everything but causality.
const PHOTO: &str = r#"{"client":"A","key":"x","f":"write","arg":1,"call":0,"return":5}
{"client":"B","key":"x","f":"read","ret":1,"call":6,"return":7}
{"client":"B","key":"y","f":"write","arg":1,"call":8,"return":12}
{"client":"C","key":"y","f":"read","ret":1,"call":15,"return":16}
{"client":"C","key":"x","f":"read","ret":null,"call":17,"return":18}
"#;
const LATE: &str = r#"{"client":0,"f":"write","arg":1,"call":0,"return":10}
{"client":0,"f":"write","arg":2,"call":20,"return":30}
{"client":1,"f":"read","ret":1,"call":40,"return":45}
"#;
const TWICE: &str = r#"{"client":"P","f":"enqueue","arg":1,"call":0,"return":5}
{"client":"C1","f":"dequeue","ret":1,"call":10,"return":15}
{"client":"C2","f":"dequeue","ret":1,"call":40,"return":45}
"#;

fn files() -> Folder {
    let folder = Folder::new();
    folder.file("photo.jsonl", PHOTO).file("late.jsonl", LATE).file("twice.jsonl", TWICE);
    folder.file("hard.jsonl", hard());
    folder
}

#[test]
fn the_ladder_reads_well() {
    let folder = files();
    let calls = [
        ("check photo.jsonl --levels", 1),
        ("check late.jsonl --levels --ascii --width 60", 1),
        ("check twice.jsonl --levels", 1),
        ("check late.jsonl twice.jsonl --levels", 1),
        ("check late.jsonl --levels --output jsonl", 1),
    ];
    golden("levels", &calls.map(|(call, code)| folder.anachron(call).run().ends_with(code)));
}

/// What the search can't decide is said to be so, level by level, and each has had its time.
#[test]
fn what_is_not_decided_does_not_take_the_rest_with_it() {
    let folder = files();
    let ran = folder.anachron("check hard.jsonl --levels --budget 300ms").run().ends_with(3);
    ran.says("? linearizable").says("? sequential").says("not decided").says("not defined");
    let objects = folder
        .anachron("check hard.jsonl --levels --budget 100ms --output jsonl")
        .run()
        .ends_with(3)
        .objects();
    let levels: Vec<_> = objects.iter().filter(|object| object["kind"] == "level").collect();
    assert_eq!(levels.len(), 16);
    assert_eq!((&levels[0]["state"], &levels[1]["state"]), (&"undecided".into(), &"undecided".into()));
    assert!(levels[2..].iter().all(|level| level["state"] == "not-defined" && level["text"].is_string()));
}

/// A number in the history's own unit, and orders that anybody can replay.
#[test]
fn programs_get_the_evidence_itself() {
    let folder = files();
    let objects = folder.anachron("check late.jsonl --levels --output jsonl").run().ends_with(1).objects();
    let level = |name: &str| {
        objects.iter().find(|object| object["level"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(level("k_atomicity")["least"], 2);
    assert_eq!(level("delta_ms")["least"], 10);
    assert_eq!(level("regular")["evidence"], "stale");
    assert_eq!(level("regular")["operations"], serde_json::json!([0, 1, 2]));
    assert_eq!(level("sequential")["state"], "holds");
    assert_eq!(level("sequential")["orders"][0]["order"], serde_json::json!([0, 2, 1]));
}
