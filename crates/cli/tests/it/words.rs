//! What the program says of itself: help, lists, explanations, complaints.

use crate::harness::{Folder, anachron, golden};

#[test]
fn alone_it_says_what_it_is() {
    golden("alone", &[anachron("").run()]);
}

#[test]
fn help() {
    let mut calls = vec![anachron("--help").run(), anachron("-h").run()];
    for command in [
        "run",
        "check",
        "verify",
        "list",
        "explain",
        "sweep",
        "campaign",
        "matrix",
        "catalogue",
        "new",
        "completions",
        "man",
    ] {
        calls.push(anachron(&format!("{command} --help")).run());
    }
    golden("help", &calls);
}

#[test]
fn the_version() {
    let ran = anachron("--version").run().ends_with(0);
    assert_eq!(ran.stdout, concat!("anachron ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn lists() {
    let calls = ["list", "list --strategies", "list --anomalies"];
    golden("list", &calls.map(|call| anachron(call).run().ends_with(0)));
}

#[test]
fn explanations() {
    let calls = [
        "explain",
        "explain stale-read",
        "explain two-holders",
        "explain lost-acked-write-on-failover",
        "explain lost-acked-write-on-failover --width 50",
    ];
    golden("explain", &calls.map(|call| anachron(call).run().ends_with(0)));
}

#[test]
fn every_kind_has_a_page() {
    let listed = anachron("list --anomalies --output jsonl").run().ends_with(0).objects();
    assert!(listed.len() > 5);
    for kind in &listed {
        let name = kind["name"].as_str().expect("a name");
        let page = anachron("explain").arg(name).run().ends_with(0).stdout;
        assert!(page.lines().count() > 5, "{name}: {page}");
    }
}

#[test]
fn wrong_words_are_met_with_right_ones() {
    let calls = [
        "explain stale-raed",
        "explain zebra",
        "explain lamport-151",
        "run lost-acked-write",
        "run zebra",
        "run nowhere.json",
        "run lost-acked-write-on-failover --variant rfat",
        "run lost-acked-write-on-failover --seed -1",
        "run lost-acked-write-on-failover --seed",
        "run lost-acked-write-on-failover --expect violation",
        "run lost-acked-write-on-failover --expect not-linearizable:zebra",
        "run lost-acked-write-on-failover --expect linearizable:stale-read",
        "run lost-acked-write-on-failover --expect-run 42",
        "run lost-acked-write-on-failover --width 39",
        "run lost-acked-write-on-failover --budget soon",
        "run lost-acked-write-on-failover --threads 0",
        "run",
        "check",
        "check x.jsonl --model regsiter",
        "check x.jsonl --initial hello",
        "check x.jsonl --input-format csv",
        "sweep lost-acked-write-on-failover --seeds 1..x",
        "sweep lost-acked-write-on-failover --variant zebra",
        "list --strategies --anomalies",
        "completions tcsh",
        "frobnicate",
        "run lost-acked-write-on-failover --frobnicate",
        "--output xml",
    ];
    golden("complaints", &calls.map(|call| anachron(call).run().ends_with(2)));
}

/// `BLESS=1 cargo test -p anachron-cli catalogue_page` writes the page anew.
#[test]
fn the_catalogue_page_is_what_the_program_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/catalogue.md");
    let said = anachron("explain --markdown").run().ends_with(0).stdout;
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &said).expect("the page can be written");
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    let differs = page.lines().zip(said.lines()).position(|(page, said)| page != said);
    assert!(
        page == said,
        "docs/catalogue.md is not what the program says, first at line {differs:?} (from 0)"
    );
}

#[test]
fn a_new_story_runs_as_it_stands_and_is_never_written_over_another() {
    let folder = Folder::new();
    let calls = [
        ("new my-story --schema", 0),
        ("new my-story", 2),
        ("new another.json --output jsonl", 0),
        ("new My-Story", 2),
        ("new missing/story", 2),
        ("catalogue my-story.json another.json", 0),
    ];
    golden("new", &calls.map(|(call, code)| folder.anachron(call).run().ends_with(code)));
    folder.anachron("run my-story.json").run().ends_with(1).says("Stale read");
    let schema: serde_json::Value =
        serde_json::from_str(&folder.read("anachron-scenario.schema.json")).expect("JSON");
    assert_eq!(schema["title"], "Anachron scenario");
    assert!(folder.read("my-story.json").contains("anachron-scenario.schema.json"));
}
