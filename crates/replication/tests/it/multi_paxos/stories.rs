//! The papers' statements as stories (`kit/shelf.rs`).
//!
//! `BLESS=1 cargo test -p anachron-replication --test it multi_paxos::stories` writes them anew.

use anachron_replication::multi_paxos::{Config, MultiPaxos, Reads, Weakening, Weakenings};

use crate::kit::shelf::{Shelf, answer};

const SHELF: Shelf = Shelf { folder: "multi_paxos" };

fn tell_sound(name: &str, config: Config) -> String {
    SHELF.tell::<MultiPaxos>(name, name, 3, config)
}

/// Tells a story as it is, and once more with a weakening.
fn tell(name: &str, weakening: Weakening) -> (String, String) {
    let weak = Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() };
    let told = tell_sound(name, Config::default());
    (told, SHELF.tell::<MultiPaxos>(name, &format!("{name}.{}", weakening.name()), 3, weak))
}

#[test]
fn section_2_2_a_proposer_takes_over_the_value_that_a_promise_reports() {
    let (told, weakened) = tell("value-of-a-promise", Weakening::OwnValue);
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#2")), ("ok", "ok 1"));
    assert_eq!((answer(&weakened, "c1#1"), answer(&weakened, "c2#2")), ("ok", "ok null"));
}

#[test]
fn section_2_2_the_value_of_the_highest_ballot() {
    let (told, weakened) = tell("highest-ballot", Weakening::AnyAcceptedValue);
    assert_eq!((answer(&told, "c2#1"), answer(&told, "c3#1")), ("ok", "ok 2"));
    assert_eq!((answer(&weakened, "c2#1"), answer(&weakened, "c3#1")), ("ok", "ok 1"));
}

#[test]
fn moderately_complex_3_3_a_promise_is_of_one_ballot() {
    let (told, weakened) = tell("promise-of-another-ballot", Weakening::StalePromiseCounted);
    assert_eq!(told.matches("leads with ballot").count(), 1);
    assert_eq!(weakened.matches("leads with ballot").count(), 2, "n1 has no majority");
}

#[test]
fn section_2_5_a_promise_survives_a_restart() {
    let (told, weakened) = tell("promise-survives-restart", Weakening::PromiseNotPersisted);
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#2")), ("unknown", "ok 2"));
    assert_eq!(answer(&weakened, "c1#1"), "ok", "1 is chosen, and n2, which leads, has not heard of it");
}

#[test]
fn section_2_5_a_ballot_is_used_once() {
    let (told, weakened) = tell("ballot-of-its-own", Weakening::BallotReuse);
    assert_eq!((answer(&told, "c2#1"), answer(&told, "c3#1")), ("ok", "ok 2"));
    assert_eq!(
        (answer(&weakened, "c2#1"), answer(&weakened, "c3#1")),
        ("ok", "ok 1"),
        "two values in one ballot"
    );
}

#[test]
fn section_3_gaps_are_filled_with_no_ops() {
    let told = tell_sound("gap", Config::default());
    assert!(told.contains("proposes 1 again and fills 1 with no-ops"));
    assert!(told.contains("n2 holds y=a\n  n3 holds y=a\n"));
}

#[test]
fn moderately_complex_4_2_what_is_chosen_takes_the_place_of_what_was_accepted() {
    let (told, weakened) = tell("state-after-choice", Weakening::StatePruned);
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#1")), ("ok", "ok 1"));
    assert_eq!((answer(&weakened, "c1#1"), answer(&weakened, "c2#1")), ("ok", "ok null"));
}

#[test]
fn section_3_a_read_has_a_slot_of_its_own() {
    let (told, weakened) = tell("read-has-a-slot", Weakening::ReadSkipsRound);
    assert_eq!(answer(&told, "c2#1"), "unknown", "n1 no longer leads");
    assert_eq!(answer(&weakened, "c2#1"), "ok 1", "2 was acknowledged");
}

#[test]
fn moderately_complex_2_a_retry_runs_once() {
    let (told, weakened) = tell("retry-runs-once", Weakening::NoDedup);
    assert_eq!((answer(&told, "c2#1"), answer(&weakened, "c2#1")), ("ok a", "ok aa"));
}

#[test]
fn a_leader_that_is_preempted_does_not_know() {
    let (told, weakened) = tell("preempted", Weakening::UnknownReportedAsFail);
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#1")), ("unknown", "ok 1"));
    assert!(answer(&weakened, "c1#1").starts_with("refused"), "and yet x is 1");
}

#[test]
fn a_local_read_may_be_behind_and_who_missed_a_decision_asks_for_it() {
    let told = tell_sound("local-read", Config { reads: Reads::Local, ..Config::default() });
    assert_eq!((answer(&told, "c2#1"), answer(&told, "c2#2")), ("ok null", "ok 1"));
}
