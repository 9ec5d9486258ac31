//! Last-writer-wins registers: what Lamport's stamps give, and what they do not.

use anachron_replication::leaderless::{Config, Leaderless, ReadRepair, Weakening, Weakenings};
use anachron_vocabulary::VirtualDuration;

use crate::kit::story::{Told, tell};

fn quorums(read_quorum: u16, write_quorum: u16) -> Config {
    Config { read_quorum, write_quorum, ..Config::default() }
}

fn weakened(weakening: Weakening) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
}

fn story(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<Leaderless>("leaderless", name, 3, variants)
}

/// The course, section 6: "the read order doesn't match the write order".
#[test]
fn stamps_do_not_say_when_a_node_hears_of_the_winner() {
    let told = story("lamport-1-5-1", &[("reads-one", quorums(1, 1))]);
    told.answers("c3#1", &["ok 1"]);
    told.answers("c3#2", &["ok 5"]);
    told.answers("c3#3", &["ok 1"]);
    told.counts("5 at 2@n2", &[10]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=5"]);
    }
}

/// Lamport 1978, rule IR2.
#[test]
fn a_clock_that_is_not_merged_loses_the_next_write() {
    let told = story(
        "clock",
        &[("merged", quorums(1, 1)), ("not-merged", weakened(Weakening::LamportNotMergedOnReceive))],
    );
    told.answers("c2#1", &["ok", "ok"]);
    told.answers("c2#2", &["ok 9", "ok 3"]);
}

/// Lamport 1978: the total order breaks ties by an order of the processes.
#[test]
fn without_a_tie_break_nodes_never_agree() {
    let told =
        story("tie", &[("by-node", quorums(1, 1)), ("no-tiebreak", weakened(Weakening::NoTagTiebreak))]);
    told.holds("n1", &["x=2", "x=1"]);
    told.holds("n2", &["x=2", "x=2"]);
    told.holds("n3", &["x=2", "x=1"]);
}

#[test]
fn a_replica_that_does_not_compare_keeps_what_arrives_last() {
    let told = story(
        "reorder",
        &[("compares", quorums(1, 1)), ("does-not", weakened(Weakening::StoreWithoutCompare))],
    );
    told.holds("n2", &["x=2", "x=1"]);
    told.holds("n3", &["x=2", "x=2"]);
}

/// DDIA §9: quorums with w + r > n are not linearizable.
#[test]
fn quorums_that_overlap_still_show_a_write_and_then_not() {
    let told = story("figure-9-6", &[("quorums", quorums(2, 3))]);
    told.answers("c2#1", &["ok 1"]);
    told.answers("c3#1", &["ok null"]);
    told.answers("c1#1", &["ok"]);
}

#[test]
fn quorums_that_overlap_still_lose_an_acknowledged_write() {
    let told = story("behind-the-times", &[("quorums", quorums(2, 2))]);
    told.answers("c2#1", &["ok"]);
    told.answers("c2#2", &["ok 2"]);
}

#[test]
fn a_read_repairs_who_answers_with_something_old() {
    let repair = Config { read_repair: ReadRepair::Background, ..quorums(3, 1) };
    let told = story("repair", &[("read-repair", repair), ("none", quorums(3, 1))]);
    told.answers("c2#1", &["ok 1", "ok 1"]);
    told.holds("n3", &["x=1", "nothing"]);
}

#[test]
fn gossip_reaches_who_missed_a_write() {
    let gossip = Config { gossip_interval: Some(VirtualDuration::millis(10)), ..quorums(1, 1) };
    let told = story("gossip", &[("gossip", gossip), ("none", quorums(1, 1))]);
    told.holds("n3", &["x=1", "nothing"]);
}

#[test]
fn a_write_counts_where_it_is_on_disk() {
    let told = story("disk", &[("write-two", quorums(1, 2))]);
    told.answers("c1#1", &["ok; ok"]);
    for refused in ["c1#2", "c1#3", "c1#4"] {
        told.answers(refused, &["refused: unsupported"]);
    }
    told.holds("n1", &["x=1"]);
}
