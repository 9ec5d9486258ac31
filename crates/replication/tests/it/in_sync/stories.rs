//! What in-sync replica sets are for, told under the settings that cause an anomaly and those that cure it.

use anachron_replication::single_leader::in_sync::{Config, InSync, Reads, Weakening, Weakenings};

use crate::kit::story::{Told, tell};

fn weakened(weakening: Weakening) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
}

/// Two replicas and the controller.
fn story(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<InSync>("in_sync", name, 3, variants)
}

/// Three replicas and the controller.
fn story_of_three(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<InSync>("in_sync", name, 4, variants)
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

/// KIP-497, and Kafka's documentation, 4.7 Replication: who has all that is committed is in sync.
#[test]
fn a_follower_is_let_in_again_once_it_has_reached_the_high_watermark() {
    let told = story("caught-up", &[("let-in", Config { entries_per_message: 1, ..Config::default() })]);
    told.answers("c1#3", &["ok"]);
    told.in_order("n2 follower term 1 commit 2", "wants n2 in the in-sync set", &[true]);
    told.in_order("wants n2 in the in-sync set", "in sync n1 n2 (version 2)", &[true]);
    told.counts("wants n2 in the in-sync set", &[1]);
    told.holds("n2", &["x=3"]);
}

/// KIP-497, on the partition epoch; KAFKA-2729.
#[test]
fn a_proposal_that_an_election_has_overtaken_changes_nothing() {
    let weak = Weakening::ChangeNotFenced;
    let told =
        story_of_three("late-proposal", &[("versions", Config::default()), (weak.name(), weakened(weak))]);
    told.answers("c2#1", &["ok"; 2]);
    // n2 has never had what n3 committed alone.
    told.answers("c3#1", &["refused: not the leader", "ok null"]);
    told.answers("c3#2", &["ok 1", "refused: not the leader, try n2"]);
    told.counts("in sync n2 n3 (version 3)", &[0, 2]);
}

/// KIP-497, on the maximal in-sync set: n2 may be elected before the old leader hears that it is in.
#[test]
fn a_leader_waits_for_whom_it_has_asked_to_be_let_in() {
    let weak = Weakening::MinimalInSync;
    let told =
        story_of_three("expansion", &[("both-sets", Config::default()), (weak.name(), weakened(weak))]);
    told.answers("c1#1", &["ok"; 2]);
    told.answers("c1#2", &["-", "ok"]);
    told.answers("c2#1", &["ok 1"; 2]);
    told.counts("leads epoch 2@n2, with a log of 1 entries", &[1; 2]);
}

/// Kafka's documentation, 4.7 Replication: clean and unclean election.
#[test]
fn only_who_is_in_sync_is_elected() {
    let weak = Weakening::UncleanElection;
    let told = story_of_three("election", &[("clean", Config::default()), (weak.name(), weakened(weak))]);
    told.answers("c1#2", &["ok"; 2]);
    // n3 is in sync, and elected under both.
    told.answers("c2#1", &["ok 2"; 2]);
    told.answers("c3#1", &["refused: not the leader", "ok null"]);
    told.holds("n3", &["x=2", "nothing"]);
}
