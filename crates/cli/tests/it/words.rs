//! What the program says of itself: help, lists, explanations, complaints.

use crate::harness::{anachron, golden};

#[test]
fn alone_it_says_what_it_is() {
    golden("alone", &[anachron("").run()]);
}

#[test]
fn help() {
    let mut calls = vec![anachron("--help").run(), anachron("-h").run()];
    for command in ["run", "check", "verify", "list", "explain", "sweep", "campaign", "completions", "man"] {
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
