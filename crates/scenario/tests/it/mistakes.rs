//! One mistake at a time, and what is said about it: the text that a teacher reads.

use std::fmt::Write as _;

use anachron_scenario::Scenario;

/// A small story without mistakes.
const GOOD: &str = r#"{
  "id": "small",
  "title": "A small story",
  "story": "A write and a read.",
  "notice": "Nothing.",
  "source": "This test",
  "model": "register",
  "cluster": { "nodes": 3, "network": { "latency": "2ms" } },
  "clients": [
    { "name": "P", "node": "n1", "operations": [{ "at": "10ms", "f": "write", "key": "x", "arg": 1 }] },
    { "name": "Q", "node": "leader", "operations": [{ "at": "20ms", "f": "read", "key": "x" }] }
  ],
  "faults": [{ "at": "15ms", "until": "50ms", "partition": [["n1", "n2"], ["n3"]] }],
  "duration": "100ms",
  "variants": [
    { "name": "raft", "title": "Raft", "strategy": { "name": "raft" }, "expect": { "verdict": "linearizable" } }
  ]
}
"#;

/// The good story with one text in place of another.
fn with(old: &str, new: &str) -> String {
    assert!(GOOD.contains(old), "{old} is not in the good story");
    GOOD.replacen(old, new, 1)
}

#[test]
fn the_good_story_is_good() {
    let scenario = Scenario::parse(GOOD).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(scenario.node_name(scenario.node_ids().nth(2).expect("three nodes")), "n3");
}

#[test]
fn an_error_shows_the_line_and_a_mark_under_the_place() {
    let errors = Scenario::parse(&with("\"latency\"", "\"latnecy\"")).expect_err("a mistake");
    assert_eq!(
        errors.to_string(),
        "8:41 cluster.network.latnecy: unknown field `latnecy`; did you mean `latency`? The fields here are \
         `latency`, `drop`, `duplicate`, `reorder`, `fifo`, `clients` or `links`\n\
         8 |   \"cluster\": { \"nodes\": 3, \"network\": { \"latnecy\": \"2ms\" } },\n  |                                         ^"
    );
}

#[test]
fn the_mark_stands_under_the_place_on_long_lines_and_after_wide_characters() {
    let text = with("\"A small story\"", &format!("\"{}\", \"é\": 1", "ü".repeat(200)));
    let errors = Scenario::parse(&text).expect_err("a mistake").to_string();
    let lines: Vec<&str> = errors.lines().collect();
    let mark = lines[2].chars().position(|c| c == '^').expect("a mark");
    assert_eq!(lines[1].chars().skip(mark).take(3).collect::<String>(), "\"é\"");
    assert!(lines[1].chars().count() < 120);
}

/// What is replaced in the good story, and what by.
const MISTAKES: &[(&str, &str)] = &[
    // Of form.
    ("\"title\": \"A small story\",", ""),
    ("\"variants\": [", "\"variants\": [], \"varaints\": ["),
    ("\"variants\": [", "\"variants\": [], \"pictures\": ["),
    ("\"node\": \"n1\"", "\"node\": 1"),
    ("\"node\": \"n1\"", "\"node\": {}"),
    ("\"node\": \"n1\"", "\"node\": { \"sticky\": \"n1\", \"leader\": \"n1\" }"),
    ("\"register\"", "\"regster\""),
    ("\"2ms\"", "2"),
    ("\"2ms\"", "{ \"unifrm\": 1 }"),
    ("\"2ms\"", "{ \"uniform\": { \"low\": \"1ms\" } }"),
    ("\"2ms\"", "{ \"mixture\": [{ \"weight\": -1, \"latency\": \"1ms\" }] }"),
    ("\"2ms\"", "\"-2ms\""),
    ("\"10ms\"", "\"10\""),
    ("\"10ms\"", "\"0.1ns\""),
    ("\"10ms\"", "null"),
    ("\"clients\": [", "\"clients\": 3, \"x\": ["),
    ("\"cluster\": {", "\"cluster\": [], \"c\": {"),
    ("{ \"verdict\": \"linearizable\" }", "{ \"verdict\": true }"),
    ("{ \"verdict\": \"linearizable\" }", "{ \"verdict\": \"linearisable\" }"),
    ("{ \"name\": \"raft\" }", "{ \"nam\": \"raft\" }"),
    ("{ \"name\": \"raft\" }", "{ \"name\": \"raft\", \"options\": null }"),
    ("\"latency\": \"2ms\"", "\"drop\": \"3/2\""),
    ("\"latency\": \"2ms\"", "\"drop\": 0.5"),
    ("\"arg\": 1 ", "\"arg\": 99999999999999999999 "),
    ("\"arg\": 1 ", "\"arg\": 1e999 "),
    ("\"arg\": 1 ", "\"arg\": [1] "),
    ("\"nodes\": 3,", "\"nodes\": 3, \"nodes\": 5,"),
    ("\"nodes\": 3,", "\"nodes\": 3.5,"),
    ("\"nodes\": 3,", "\"nodes\": 3 // three"),
    ("\"arg\": 1 }] },", "\"arg\": 1 }] }"),
    // Of sense.
    ("\"small\"", "\"Small\""),
    ("\"This test\"", "\" \""),
    ("\"model\": \"register\"", "\"model\": \"mutex\", \"initial\": 3"),
    ("\"nodes\": 3,", "\"nodes\": 0,"),
    ("\"nodes\": 3,", "\"nodes\": [\"n1\", \"n1\", \"n 3\"],"),
    ("\"2ms\"", "{ \"uniform\": { \"low\": \"3ms\", \"high\": \"1ms\" } }"),
    ("\"2ms\"", "{ \"mixture\": [] }"),
    ("\"2ms\"", "\"2ms\", \"links\": [{ \"from\": \"P\", \"to\": \"Q\", \"drop\": \"1/2\" }]"),
    ("\"2ms\"", "\"2ms\", \"links\": [{ \"from\": \"P\", \"to\": \"n1\", \"duplicate\": \"1/2\" }]"),
    ("\"2ms\"", "\"2ms\", \"links\": [{ \"from\": \"n2\", \"to\": \"n1\" }]"),
    ("\"nodes\": 3,", "\"nodes\": 3, \"clocks\": { \"n9\": { \"drift_ppm\": -1000000 } },"),
    ("\"nodes\": 3,", "\"nodes\": 3, \"disk\": { \"nodes\": { \"N1\": { \"sync\": \"1ms\" } } },"),
    ("\"node\": \"n1\"", "\"node\": \"n9\""),
    ("\"node\": \"leader\"", "\"node\": \"leadr\""),
    ("\"node\": \"leader\"", "\"node\": { \"round-robin\": [\"n1\", \"n1\", \"Q\"] }"),
    (
        "\"node\": \"leader\"",
        "\"timeout\": \"0ms\", \"retry\": { \"attempts\": 0, \"ask_again_for_lock\": \"1ms\" }",
    ),
    ("\"name\": \"Q\"", "\"name\": \"P\""),
    ("\"name\": \"Q\"", "\"name\": \"leader\""),
    ("\"name\": \"Q\"", "\"name\": \"Q\", \"count\": 0"),
    ("\"name\": \"Q\"", "\"name\": \"Q\", \"count\": 2"),
    ("\"name\": \"Q\"", "\"name\": \"Q\", \"workload\": { \"operations\": 1 }"),
    (
        "\"operations\": [{ \"at\": \"20ms\", \"f\": \"read\", \"key\": \"x\" }]",
        "\"workload\": { \"operations\": 0, \"start\": \"1s\", \"mix\": { \"cas\": 1, \"read\": 0 }, \"keys\": [\"k\", \"k\"], \"key_choice\": [1], \"values\": 0 }",
    ),
    ("\"operations\": [{ \"at\": \"20ms\", \"f\": \"read\", \"key\": \"x\" }]", "\"operations\": []"),
    (", \"operations\": [{ \"at\": \"20ms\", \"f\": \"read\", \"key\": \"x\" }]", ""),
    ("\"key\": \"x\", \"arg\": 1 }]", "\"arg\": 1 }, { \"at\": \"5ms\", \"f\": \"read\" }]"),
    ("\"arg\": 1 ", "\"arg\": [1, 2] "),
    (", \"arg\": 1 ", " "),
    ("\"f\": \"read\"", "\"f\": \"read\", \"arg\": null"),
    ("\"f\": \"read\"", "\"f\": \"acquire\""),
    ("\"f\": \"read\"", "\"f\": \"read\", \"node\": \"P\""),
    ("\"20ms\"", "\"100ms\""),
    ("[\"n3\"]", "[\"n4\"]"),
    ("[\"n3\"]", "[\"n1\"]"),
    ("[\"n3\"]", "[]"),
    (", [\"n3\"]", ""),
    ("\"50ms\"", "\"15ms\""),
    ("\"50ms\"", "\"200ms\""),
    (", \"partition\": [[\"n1\", \"n2\"], [\"n3\"]]", ""),
    ("\"until\": \"50ms\"", "\"pause\": \"n1\""),
    ("\"partition\": [[\"n1\", \"n2\"], [\"n3\"]]", "\"crash\": \"n1\""),
    ("\"partition\": [[\"n1\", \"n2\"], [\"n3\"]]", "\"clock-step\": { \"nodes\": \"n1\", \"by\": \"0ms\" }"),
    ("\"partition\": [[\"n1\", \"n2\"], [\"n3\"]]", "\"pause\": [\"n1\", \"P\"]"),
    (
        "\"partition\": [[\"n1\", \"n2\"], [\"n3\"]]",
        "\"flapping\": { \"from\": \"n1\", \"to\": \"n1\", \"period\": \"0ms\", \"down\": \"0\" }",
    ),
    (
        "\"until\": \"50ms\", \"partition\": [[\"n1\", \"n2\"], [\"n3\"]]",
        "\"crash\": \"n1\" }, { \"at\": \"60ms\", \"crash\": { \"nodes\": [\"n2\", \"n1\"], \"restart\": \"50ms\", \"wipe\": true, \"unsynced\": \"keep\" }",
    ),
    (
        "\"duration\"",
        "\"fault_plan\": { \"max_down\": 4, \"from\": \"50ms\", \"until\": \"40ms\", \"kinds\": {} }, \"duration\"",
    ),
    (
        "\"duration\"",
        "\"fault_plan\": { \"kinds\": { \"lossy\": { \"every\": \"0ms\", \"lasting\": \"0ms\", \"drop\": \"0\" } } }, \"duration\"",
    ),
    (
        "\"duration\": \"100ms\"",
        "\"duration\": \"0ms\", \"afterwards\": { \"settle\": \"0ms\" }, \"operator\": [{ \"at\": \"1ms\", \"promote\": \"P\" }]",
    ),
    (
        "{ \"name\": \"raft\", \"title\": \"Raft\", \"strategy\": { \"name\": \"raft\" }, \"expect\": { \"verdict\": \"linearizable\" } }",
        "",
    ),
    (
        "{ \"name\": \"raft\" }",
        "{ \"name\": \"raft\", \"weakenings\": [\"a\", \"a\"] }, \"client_nodes\": { \"R\": \"n1\", \"clients\": \"n1\", \"P\": \"n2\" }",
    ),
    ("\"small\",", "\"small\", \"number\": 0, \"rule\": \"\","),
    (
        "\"small\",",
        "\"small\", \"in_practice\": [{ \"system\": \"A\", \"what\": \" \", \"source\": \"B\" }],",
    ),
    ("\"small\",", "\"small\", \"in_practice\": [{ \"system\": \"A\", \"what\": \"B\" }],"),
    ("\"register\"", "\"queue\", \"initial\": 0"),
    ("\"register\"", "\"counter\""),
    (
        "{ \"verdict\": \"linearizable\" }",
        "{ \"verdict\": \"not-linearizable\", \"holds\": [\"sequentail\"] }",
    ),
    (
        "{ \"verdict\": \"linearizable\" }",
        "{ \"verdict\": \"not-linearizable\", \"holds\": [\"pram\", \"safe\", \"pram\"], \"k_atomicity\": 1 }",
    ),
    (
        "{ \"verdict\": \"linearizable\" }",
        "{ \"verdict\": \"linearizable\", \"holds\": [], \"k_atomicity\": 2 }",
    ),
    (
        "{ \"verdict\": \"linearizable\" }",
        "{ \"verdict\": \"linearizable\", \"available\": [{ \"clients\": [\"R\", \"n1\"], \"from\": \"20ms\", \"by\": \"10ms\", \"completes\": \"all\" }] }",
    ),
    (
        "{ \"verdict\": \"linearizable\" }",
        "{ \"verdict\": \"linearizable\", \"available\": [{ \"by\": \"1s\", \"completes\": \"most\" }] }",
    ),
    (
        "\"verdict\": \"linearizable\"",
        "\"verdict\": \"linearizable\", \"kind\": \"stale-read\", \"seeds\": { \"from\": 5, \"to\": 5 }",
    ),
    (
        "\"verdict\": \"linearizable\"",
        "\"verdict\": \"linearizable\", \"seeds\": { \"from\": 5, \"to\": 18446744073709551615 }",
    ),
    ("\"node\": \"leader\"", "\"timeout\": \"5ms\", \"retry\": { \"attempts\": 4294967295 }"),
    (
        "\"verdict\": \"linearizable\" } }",
        "\"verdict\": \"linearizable\" } }, { \"name\": \"raft\", \"title\": \"\", \"strategy\": { \"name\": \"Raft\" }, \"expect\": { \"verdict\": \"linearizable\" } }",
    ),
];

/// `BLESS=1 cargo test -p anachron-scenario` writes the file anew; say why in the commit.
#[test]
fn every_mistake_is_named_with_its_place_and_what_was_expected() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mistakes.txt");
    let mut said = String::new();
    for (old, new) in MISTAKES {
        let errors = Scenario::parse(&with(old, new)).expect_err(new);
        let title = if new.is_empty() { format!("without {old}") } else { (*new).to_owned() };
        write!(said, "## {title}\n{errors}\n\n").expect("writing to a string");
    }
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &said).expect("a writable file");
    }
    let known = std::fs::read_to_string(path).expect("the golden file");
    for (said, known) in said.split("\n\n").zip(known.split("\n\n")) {
        assert_eq!(said, known, "\n{said}\n\nbut was\n\n{known}");
    }
    assert_eq!(said.len(), known.len());
}

/// Whatever is cut out of a story, there is an answer and no panic.
#[test]
fn every_story_with_a_piece_missing_is_answered() {
    let text = include_str!("../data/everything.json");
    let ends: Vec<usize> = text.char_indices().map(|(index, _)| index).collect();
    for start in ends.iter().step_by(7) {
        for length in [1, 5, 40] {
            let end = (start + length).min(text.len());
            if text.is_char_boundary(end) {
                let _ = Scenario::parse(&format!("{}{}", &text[..*start], &text[end..]));
            }
        }
    }
}
