//! What in-sync replica sets are for, told under the settings that cause an anomaly and those that cure it.

use anachron_replication::single_leader::in_sync::{Config, InSync, Reads, Weakening, Weakenings};

use crate::story::{Told, tell};

fn weakened(weakening: Weakening) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
}

fn story(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<InSync>("in-sync", name, 3, variants)
}

/// KIP-101, Motivation, scenario 1.
#[test]
fn a_follower_that_restarts_truncates_at_the_epoch_and_not_at_the_high_watermark() {
    let told = story(
        "restart",
        &[
            ("at-the-epoch", Config::default()),
            ("at-the-high-watermark", weakened(Weakening::TruncateToHighWatermark)),
        ],
    );
    told.answers("c1#1", &["ok"; 2]);
    told.answers("c1#2", &["ok 1", "ok null"]);
    told.holds("n1", &["x=1", "nothing"]);
    told.holds("n2", &["x=1", "nothing"]);
}

/// Kafka's documentation, 4.7 Replication: "Unclean leader election: What if they all die?"
#[test]
fn the_last_replica_in_sync_is_waited_for() {
    let told = story(
        "last-in-sync",
        &[
            ("waits", Config::default()),
            ("unclean", weakened(Weakening::UncleanElection)),
            ("two-copies", Config { min_in_sync: 2, ..Config::default() }),
        ],
    );
    // The write that waited for n2 is committed when n2 is out; with two copies asked for, it stays unanswered.
    told.answers("c1#2", &["ok", "ok", "-"]);
    told.answers("c1#3", &["ok", "ok", "refused: no quorum"]);
    told.answers("c1#4", &["refused: not the leader", "ok 1", "refused: not the leader"]);
    told.holds("n1", &["x=3", "x=1", "x=2"]);
    told.holds("n2", &["x=3", "x=1", "x=2"]);
}

#[test]
fn a_leader_that_was_replaced_reads_from_the_past_unless_it_asks() {
    let told = story(
        "replaced",
        &[
            ("leader", Config::default()),
            ("confirmed", Config { reads: Reads::Confirmed, ..Config::default() }),
        ],
    );
    told.answers("c2#1", &["ok"; 2]);
    told.answers("c1#2", &["unknown"; 2]);
    told.answers("c1#3", &["ok 1", "refused: not the leader, try n2"]);
    told.holds("n1", &["x=2"; 2]);
    told.holds("n2", &["x=2"; 2]);
}
