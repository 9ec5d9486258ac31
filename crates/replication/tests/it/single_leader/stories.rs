//! The statements of DDIA chapter 5, and the course's stories, told under the settings that cause and cure them.

use anachron_replication::single_leader::{
    Config, Durability, Failover, Fencing, Reads, Rejoin, Replication, SingleLeader, Weakening, Weakenings,
};
use anachron_vocabulary::VirtualDuration;

use crate::kit::story::{Told, tell};

fn asynchronous() -> Config {
    Config::default()
}

fn semi_synchronous() -> Config {
    Config { replication: Replication::SemiSynchronous { followers: 1 }, ..asynchronous() }
}

fn synchronous() -> Config {
    Config { replication: Replication::Synchronous, ..asynchronous() }
}

fn reads_at_any(config: Config) -> Config {
    Config { reads: Reads::Any, ..config }
}

fn by_votes(config: Config) -> Config {
    let failover = Failover::Automatic {
        heartbeat_interval: VirtualDuration::millis(50),
        suspicion_timeout: VirtualDuration::millis(200),
    };
    Config { failover, ..config }
}

fn weakened(config: Config, weakening: Weakening) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..config }
}

fn story(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<SingleLeader>("single_leader", name, 3, variants)
}

/// DDIA §5: "if the leader fails before the writes have been processed by the followers, they are lost"; the course's
/// third story.
#[test]
fn an_asynchronous_leader_takes_acknowledged_writes_with_it() {
    let told = story(
        "lost-write",
        &[
            ("asynchronous", asynchronous()),
            ("semi-synchronous", semi_synchronous()),
            ("synchronous", synchronous()),
        ],
    );
    told.answers("c1#2", &["ok", "-", "-"]);
    told.answers("c2#1", &["ok 10", "ok 5", "ok 5"]);
    // With every follower needed and one of them down, the next leader answers nothing until that one is back.
    told.answers("c2#2", &["ok 5", "ok 5", "ok 5"]);
    told.answers("c2#3", &["refused: not the leader, try n2"; 3]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=5"; 3]);
    }
}

#[test]
fn a_semi_synchronous_write_is_found_at_the_follower_that_has_it() {
    let told = story("kept-write", &[("semi-synchronous", semi_synchronous())]);
    told.answers("c1#2", &["ok"]);
    told.answers("c2#1", &["ok 10"]);
}

/// The course's second story; DDIA §8, The leader and the lock; Jepsen on Redis.
#[test]
fn a_leader_that_is_cut_off_grants_a_lock_again() {
    let told = story(
        "two-locks",
        &[
            ("asynchronous", asynchronous()),
            ("not-fenced", weakened(asynchronous(), Weakening::OldPrimaryNotFenced)),
            ("semi-synchronous", semi_synchronous()),
        ],
    );
    told.answers("c1#1", &["ok", "ok", "unknown"]);
    told.answers("c2#1", &["ok"; 3]);
    // Without fencing the old leader goes on after the network has healed, and the nodes never agree again.
    let refused = "refused: not the leader, try n2";
    told.answers("c1#2", &[refused, "ok", refused]);
    told.counts("steps down as the leader of epoch 1@n1", &[1, 0, 1]);
    told.holds("n1", &["l=1", "nothing", "l=1"]);
    told.holds("n2", &["l=1"; 3]);
}

#[test]
fn fencing_off_is_what_its_weakening_says() {
    let off = Config { fencing: Fencing::Off, ..asynchronous() };
    let told = story(
        "two-locks",
        &[("not-fenced", weakened(asynchronous(), Weakening::OldPrimaryNotFenced)), ("not-fenced", off)],
    );
    told.answers("c1#2", &["ok", "ok"]);
}

/// The course's first story; DDIA §5, Problems with replication lag.
#[test]
fn a_follower_that_is_cut_off_answers_from_the_past() {
    let told = story(
        "stale-follower",
        &[("reads-at-any", reads_at_any(asynchronous())), ("reads-at-leader", asynchronous())],
    );
    told.answers("c1#2", &["ok", "ok"]);
    told.answers("c3#1", &["ok A", "refused: not the leader, try n1"]);
    told.answers("c3#2", &["ok B", "refused: not the leader, try n1"]);
}

/// DDIA figure 5-4 (monotonic reads). Synchronous replication does not help: followers learn one after the other.
#[test]
fn two_followers_show_two_times() {
    let told = story(
        "back-in-time",
        &[("asynchronous", reads_at_any(asynchronous())), ("synchronous", reads_at_any(synchronous()))],
    );
    told.answers("c2#1", &["ok 1", "ok 1"]);
    told.answers("c2#2", &["ok null", "ok null"]);
    told.holds("n3", &["x=1", "x=1"]);
}

/// The course's last story.
#[test]
fn an_old_leader_rejoins_by_truncation_or_by_merge() {
    let merge = Config { rejoin: Rejoin::Merge, ..asynchronous() };
    let told = story("rejoin", &[("truncate", reads_at_any(asynchronous())), ("merge", reads_at_any(merge))]);
    told.answers("c4#1", &["ok 3", "ok 2"]);
    told.answers("c4#2", &["ok 3", "ok 3"]);
    told.holds("n1", &["x=3", "x=2"]);
    told.holds("n2", &["x=3", "x=3"]);
    told.holds("n3", &["x=3", "x=3"]);
}

#[test]
fn followers_take_entries_in_order_under_loss_reordering_and_duplicates() {
    let told = story("shipping", &[("asynchronous", asynchronous())]);
    told.counts("Lacking", &[2]);
    told.holds("n2", &["x=3"]);
    told.holds("n3", &["x=3"]);
}

/// DDIA §5, Handling node outages: "the best candidate for leadership is usually the replica with the most
/// up-to-date data changes".
#[test]
fn a_majority_votes_for_the_most_advanced_log() {
    let told = story(
        "failover",
        &[
            ("votes", by_votes(semi_synchronous())),
            ("promote-any", weakened(by_votes(semi_synchronous()), Weakening::PromoteAny)),
        ],
    );
    told.answers("c1#1", &["ok", "ok"]);
    told.answers("c3#1", &["refused: not the leader", "ok null"]);
    told.answers("c2#1", &["ok 1", "ok null"]);
}

#[test]
fn falling_back_to_asynchronous_loses_what_semi_synchronous_promised() {
    let told = story(
        "slow-followers",
        &[
            ("waits", semi_synchronous()),
            ("falls-back", weakened(semi_synchronous(), Weakening::SemiSyncTimeoutFallback)),
        ],
    );
    told.answers("c1#2", &["-", "ok"]);
    told.answers("c2#1", &["ok 5", "ok 5"]);
}

#[test]
fn what_is_seen_before_it_is_acknowledged_can_be_lost_after_it_was_seen() {
    let told = story(
        "early-sight",
        &[
            ("after-acknowledgement", semi_synchronous()),
            ("before", weakened(semi_synchronous(), Weakening::VisibleBeforeReplicaAck)),
        ],
    );
    told.answers("c2#1", &["ok 5", "ok 10"]);
    told.answers("c2#2", &["ok 5", "ok 5"]);
}

#[test]
fn what_is_acknowledged_from_memory_can_be_lost_by_a_restart() {
    let memory = Config { durability: Durability::AcknowledgeThenSync, ..asynchronous() };
    let told = story("disk", &[("sync-first", asynchronous()), ("acknowledge-first", memory)]);
    told.answers("c1#1", &["-", "ok"]);
    // The followers had it, and threw it away on their leader's word.
    told.counts("throws away what n1 does not have", &[0, 2]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["nothing", "nothing"]);
    }
}

#[test]
fn a_retry_runs_once_if_the_nodes_keep_sessions() {
    let without = Config { sessions: false, ..asynchronous() };
    let told = story("retry", &[("sessions", asynchronous()), ("none", without)]);
    told.holds("n2", &["x=ab", "x=aaaba"]);
    told.holds("n3", &["x=ab", "x=aaaba"]);
    told.answers("c1#1", &["ok; ok; ok", "ok; ok; ok; ok"]);
}

#[test]
fn of_two_promotions_at_once_one_wins() {
    let told = story("two-promotions", &[("by-epoch", asynchronous())]);
    told.answers("c1#1", &["ok"]);
    told.answers("c2#1", &["ok"]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=3"]);
    }
}

#[test]
fn a_vote_is_on_disk_before_it_is_sent_and_shuts_the_old_leader_out() {
    let told = story("vote-on-disk", &[("votes", by_votes(semi_synchronous()))]);
    told.counts("n3 notes: refuses a message of the old epoch 1@n1", &[1]);
    told.counts("n2 notes: leads epoch 2@n2", &[1]);
}

#[test]
fn a_new_leader_answers_nothing_before_its_epoch_is_open() {
    let told = story("inherited", &[("waits", semi_synchronous())]);
    told.answers("c1#1", &["-"]);
    told.answers("c2#1", &["ok 1"]);
    told.answers("c2#2", &["ok 1"]);
    told.holds("n1", &["x=1"]);
}
