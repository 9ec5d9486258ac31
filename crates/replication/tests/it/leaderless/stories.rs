//! Each rule, and what comes of it when it is left out.

use std::fmt::Write as _;

use anachron_node::driver::Driver;
use anachron_replication::common::{
    Actors, DottedVersions, HybridClock, LastWriterWins, Reading, VectorVersions, WallClock,
};
use anachron_replication::leaderless::footprint::{Crowd, table};
use anachron_replication::leaderless::{
    AntiEntropy, Config, Leaderless, Quorums, ReadRepair, Replaces, Weakening, Weakenings,
};
use anachron_vocabulary::VirtualDuration;

use crate::kit::story::tell;

const FAMILY: &str = "leaderless";
const TEN_MS: Option<VirtualDuration> = Some(VirtualDuration::millis(10));

fn with(weakening: Weakening, config: Config) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..config }
}

/// The course, section 5; DDIA §5, Detecting Concurrent Writes.
#[test]
fn of_3_1_and_2_2_vectors_keep_both_and_stamps_drop_one() {
    let vectors = [("vectors", Config::default())];
    let told = tell::<Leaderless<VectorVersions>>(FAMILY, "siblings-3-1", 2, &vectors);
    told.counts("writes a3 at [3,1]", &[1]);
    told.counts("writes b2 at [2,2]", &[1]);
    told.answers("c1#4", &["ok a3"]);
    told.answers("c2#3", &["ok b2"]);
    told.answers("c1#5", &["ok [a3, b2]"]);
    told.answers("c2#4", &["ok [a3, b2]"]);
    told.holds("n1", &["x=both"]);

    let told = tell::<Leaderless>(FAMILY, "siblings-3-1-stamps", 2, &[("lamport", Config::default())]);
    // Both were acknowledged, and both have counter 4.
    told.answers("c1#3", &["ok"]);
    told.answers("c2#2", &["ok"]);
    told.answers("c1#5", &["ok b2"]);
}

/// Preguiça et al. 2010: what the dot is for.
#[test]
fn two_clients_of_one_server_need_a_dot_or_an_entry_each() {
    let config = Config { replaces: Replaces::WhatTheClientRead, ..Config::default() };
    let plain = [("plain", config.clone())];
    let told = tell::<Leaderless<VectorVersions>>(FAMILY, "one-server", 2, &plain);
    told.answers("c1#1", &["ok"]);
    told.answers("c3#1", &["ok eggs"]);
    let told =
        tell::<Leaderless<DottedVersions>>(FAMILY, "one-server-dotted", 2, &[("dotted", config.clone())]);
    told.answers("c3#1", &["ok [eggs, milk]"]);
    told.answers("c3#3", &["ok bread"]);
    let per_client = [("per-client", Config { actors: Actors::Clients, ..config })];
    let told = tell::<Leaderless<VectorVersions>>(FAMILY, "one-server-clients", 2, &per_client);
    told.answers("c3#1", &["ok [eggs, milk]"]);
    told.answers("c3#3", &["ok bread"]);
}

/// Dynamo §4.6; DDIA §5, Sloppy Quorums and Hinted Handoff.
#[test]
fn a_sloppy_quorum_is_one_of_the_wrong_nodes() {
    let config = Config {
        replicas: Some(3),
        read_quorum: 2,
        write_quorum: 2,
        hint_after: TEN_MS,
        ..Config::default()
    };
    let told = tell::<Leaderless>(
        FAMILY,
        "sloppy",
        4,
        &[
            ("sloppy", Config { quorums: Quorums::Sloppy, ..config.clone() }),
            ("strict", config.clone()),
            ("dynamo-sloppy-quorum", with(Weakening::SloppyQuorum, config)),
        ],
    );
    told.answers("c2#1", &["ok null"; 3]);
    told.in_order("n1 answers c1#1 ok", "> request n2 c2#1", &[true, false, true]);
    told.answers("c2#2", &["ok 1"; 3]);
    told.counts("hints pending: 0", &[1; 3]);
}

#[test]
fn a_hint_survives_its_keepers_crash_and_reaches_the_home() {
    let config = Config { hint_after: TEN_MS, ..Config::default() };
    let told = tell::<Leaderless>(FAMILY, "handoff", 3, &[("by-the-coordinator", config)]);
    told.counts("hints_pending=1", &[2]);
    told.holds("n3", &["x=1"]);
}

/// `scylla#3560`, `riak_kv#847`.
#[test]
fn a_tombstone_that_is_forgotten_too_early_lets_deleted_data_walk_again() {
    let config = Config { tombstone_grace: TEN_MS, gossip_interval: TEN_MS, ..Config::default() };
    let told = tell::<Leaderless>(
        FAMILY,
        "tombstone",
        3,
        &[("all-have-it", config.clone()), ("tombstone-gc-early", with(Weakening::TombstoneGcEarly, config))],
    );
    told.answers("c1#3", &["ok null"; 2]);
    told.answers("c1#4", &["ok null", "ok 1"]);
    told.holds("n1", &["nothing", "x=1"]);
}

/// Dynamo §4.7.
#[test]
fn trees_find_the_key_that_differs() {
    let config =
        Config { gossip_interval: TEN_MS, anti_entropy: AntiEntropy::MerkleTrees, ..Config::default() };
    let told = tell::<Leaderless>(FAMILY, "merkle", 2, &[("trees", config)]);
    told.holds("n2", &["x=2 y=1"]);
    // One leaf goes over, once; and before, where the two agreed, one digest.
    told.counts("n1 → n2 Leaf", &[1]);
    told.counts("n2 → n1 Leaf", &[0]);
    told.counts("digests: [(root,", &[4]);
}

/// CASSANDRA-12126; `scylla#29387`.
#[test]
fn a_write_that_is_seen_is_unseen_again_unless_reads_wait_for_their_repair() {
    let quorums = Config { read_quorum: 2, write_quorum: 2, ..Config::default() };
    let repairing = |read_repair| Config { read_repair, ..quorums.clone() };
    let told = tell::<Leaderless>(
        FAMILY,
        "flicker",
        3,
        &[("never", repairing(ReadRepair::Never)), ("blocking", repairing(ReadRepair::Blocking))],
    );
    told.answers("c2#1", &["ok 1"; 2]);
    told.answers("c3#1", &["ok null", "ok 1"]);
}

/// DDIA §5, Limitations of Quorum Consistency.
#[test]
fn a_quorum_that_is_not_reached_is_no_failure() {
    let config = Config { write_quorum: 3, request_timeout: TEN_MS, ..Config::default() };
    let told = tell::<Leaderless>(
        FAMILY,
        "time-out",
        3,
        &[("unknown", config.clone()), ("failed", with(Weakening::UnknownReportedAsFailed, config))],
    );
    told.answers("c1#1", &["unknown", "refused: no quorum"]);
    told.answers("c2#1", &["ok 1"; 2]);
}

/// Dynamo §4.4 and §6; DDIA §5, Merging concurrently written values.
#[test]
fn a_cart_merged_by_union_gets_deleted_items_back() {
    let config = Config { reading: Reading::Union, ..Config::default() };
    let told = tell::<Leaderless<DottedVersions>>(FAMILY, "cart", 2, &[("union", config)]);
    told.answers("c1#3", &["ok []"]);
    told.answers("c1#4", &["ok [eggs, milk]"]);
    told.answers("c1#5", &["ok, swapped"]);
}

/// DDIA figure 8-3; Kulkarni et al. 2014.
#[test]
fn a_later_write_is_dropped_by_wall_clocks_and_kept_by_hybrid_ones() {
    let told = tell::<Leaderless<LastWriterWins<WallClock>>>(
        FAMILY,
        "skew",
        3,
        &[("wall-clock", Config::default())],
    );
    told.answers("c2#2", &["ok"]);
    told.answers("c2#3", &["ok 1"]);
    let told = tell::<Leaderless<LastWriterWins<HybridClock>>>(
        FAMILY,
        "skew-hybrid",
        3,
        &[("hybrid", Config::default())],
    );
    told.answers("c2#3", &["ok 2"]);
    told.counts("writes 2 at 140 ms+1@n3", &[1]);
}

/// `riak_kv#679`.
#[test]
fn a_node_that_lost_its_disk_goes_by_another_name() {
    let config = Config { gossip_interval: TEN_MS, ..Config::default() };
    let told = tell::<Leaderless<VectorVersions>>(
        FAMILY,
        "disk-loss",
        2,
        &[("new-name", config.clone()), ("vv-actor-reuse", with(Weakening::VvActorReuse, config))],
    );
    told.answers("c2#1", &["ok"; 2]);
    told.holds("n1", &["x=[new, v3]", "x=v3"]);
    told.holds("n2", &["x=[new, v3]", "x=v3"]);
}

/// The course, section 5: O(n) against O(1). What the table says is what a node's own notes say.
#[test]
fn the_space_of_vectors_and_stamps_as_a_table() {
    let crowd = |nodes, writers| Crowd { nodes, writers };
    let crowds = [1, 2, 3, 5, 10, 20, 50, 100].map(|nodes| crowd(nodes, 3));
    let more = [10, 100, 1000].map(|writers| crowd(3, writers));
    let text = table(&[&crowds[..], &more[..]].concat());
    let chapter = include_str!("../../../../../docs/course/4-version-vectors-and-lamport-clocks.md");
    assert!(chapter.contains(&text), "the chapter shows another table than this:\n{text}");
    let cells = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<Vec<String>> = text.lines().skip(2).map(cells).collect();
    assert_eq!(rows[1], ["2", "3", "2", "5", "6", "7", "7", "10"]);
    assert_eq!(rows[7][5], "301", "a hundred nodes, three bytes each, and their number");

    // Three nodes write x in turn, three times each.
    let mut script = "autosync on\nboot all\n".to_owned();
    for round in 0..3 {
        for node in 1..=3 {
            writeln!(script, "request n{node} c{node}#{} write x {round}{node}\ndeliver all", round + 1)
                .expect("writing to a string");
        }
    }
    let last_note = |output: String| {
        let line = output.lines().rfind(|line| line.contains("notes: writes")).expect("a note").to_owned();
        line.split_once('(').and_then(|(_, rest)| rest.split_once(' ')).expect("a number").0.to_owned()
    };
    let config = Config::default();
    let run = Driver::<Leaderless<VectorVersions>>::new(config.clone(), 3, 1).run(&script);
    assert_eq!(last_note(run.expect("a script")), rows[2][5]);
    let run = Driver::<Leaderless<DottedVersions>>::new(config.clone(), 3, 1).run(&script);
    assert_eq!(last_note(run.expect("a script")), rows[2][7]);
    let run = Driver::<Leaderless>::new(config, 3, 1).run(&script);
    assert_eq!(last_note(run.expect("a script")), rows[2][2]);
}
