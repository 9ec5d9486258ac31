//! `anachron catalogue`: what is expected of stories, and how a missed expectation is told.

use crate::harness::{Folder, anachron, golden};

const BACK_IN_TIME: &str = include_str!("../../../../scenarios/back-in-time-two-followers.json");

/// The story with a wrong kind, a wrong level and a cure that is said to fail.
fn broken() -> String {
    let mut text = BACK_IN_TIME.to_owned();
    for (old, new) in [
        (r#""kind": "stale-read""#, r#""kind": "phantom""#),
        (r#""holds": ["read_your_writes", "#, r#""holds": ["sequential", "#),
        (
            r#"{ "verdict": "linearizable", "converges": true"#,
            r#"{ "verdict": "linearizable", "converges": false"#,
        ),
        (r#""seeds": { "from": 0, "to": 200 }"#, r#""seeds": { "from": 0, "to": 3, "occurs": "never" }"#),
    ] {
        assert!(text.contains(old), "the story has no {old}");
        text = text.replacen(old, new, 1);
    }
    text
}

/// The whole catalogue as an installed program has it, a few seeds of each range: CI holds it with every test run.
#[test]
fn the_whole_catalogue_is_as_expected() {
    let ran = anachron("catalogue --most-seeds 10 --output jsonl").run().ends_with(0);
    let objects = ran.objects();
    let last = objects.last().expect("a summary");
    assert_eq!(
        (&last["kind"], &last["missed"], &last["undecided"]),
        (&"catalogue".into(), &0.into(), &0.into())
    );
    let variants = objects.iter().filter(|object| object["kind"] == "expectation");
    assert!(variants.clone().all(|object| object["result"] == "met"));
    assert_eq!(variants.count() as u64, last["variants"].as_u64().expect("a count"));
}

#[test]
fn what_is_missed_is_told_with_the_line_that_replays_it() {
    let folder = Folder::new();
    folder.file("broken.json", broken());
    let threads = "--threads 2";
    golden(
        "catalogue",
        &[
            anachron("catalogue back-in-time --most-seeds 5").run().ends_with(0),
            anachron("catalogue followers/sticky --ascii").run().ends_with(0),
            folder.anachron(&format!("catalogue broken.json {threads}")).run().ends_with(1),
            folder
                .anachron(&format!("catalogue broken.json --output jsonl {threads}"))
                .env("GITHUB_ACTIONS", "true")
                .run()
                .ends_with(1),
            folder.anachron("catalogue lost-acked-wirte").run().ends_with(5),
            folder.anachron("catalogue missing.json").run().ends_with(2),
        ],
    );
}

#[test]
fn the_line_that_replays_a_miss_does() {
    let folder = Folder::new();
    folder.file("broken.json", broken());
    let ran = folder.anachron("catalogue broken.json --output jsonl").run().ends_with(1);
    let missed: Vec<String> = ran
        .objects()
        .iter()
        .flat_map(|object| object["missed"].as_array().cloned().unwrap_or_default())
        .map(|missed| missed["replay"].as_str().expect("a line").to_owned())
        .collect();
    assert_eq!(missed.len(), 4);
    for line in missed {
        let arguments = line.strip_prefix("anachron ").expect("a call of the program");
        let code = folder.anachron(arguments).run().code;
        assert!(code < 2, "{line} ends with {code}");
    }
}

#[test]
fn ci_gets_junit() {
    let folder = Folder::new();
    folder.file("broken.json", broken());
    folder.anachron("catalogue broken.json followers/raft --junit out.xml").run().ends_with(1);
    let xml = folder.read("out.xml");
    assert!(
        xml.contains(
            r#"<testsuites name="anachron catalogue" tests="4" failures="3" errors="0" skipped="0">"#
        ),
        "{xml}"
    );
    assert!(xml.contains(r#"<testcase name="raft-read-index" classname="back-in-time-two-followers" file="scenarios/back-in-time-two-followers.json"/>"#), "{xml}");
    assert!(xml.contains("replay  anachron run broken.json --variant sticky-session"), "{xml}");
    folder.anachron("catalogue broken.json --junit broken.json").run().ends_with(2).notes("is to be read");
}
