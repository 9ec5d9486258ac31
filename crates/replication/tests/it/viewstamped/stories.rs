//! The paper's statements as stories (`kit/shelf.rs`).
//!
//! `BLESS=1 cargo test -p anachron-replication --test it viewstamped::stories` writes them anew.

use anachron_replication::viewstamped::{Config, Viewstamped, Weakening, Weakenings};

use crate::kit::shelf::{Shelf, answer};

const SHELF: Shelf = Shelf { folder: "viewstamped" };

fn tell_sound(name: &str) -> String {
    SHELF.tell::<Viewstamped>(name, name, 3, Config::default())
}

/// Tells a story as it is, and once more with a weakening.
fn tell(name: &str, weakening: Weakening) -> (String, String) {
    let weak = Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() };
    let told = tell_sound(name);
    (told, SHELF.tell::<Viewstamped>(name, &format!("{name}.{}", weakening.name()), 3, weak))
}

#[test]
fn section_4_2_the_log_of_the_latest_normal_view_wins() {
    let (told, weakened) = tell("log-of-the-latest-view", Weakening::DvcHighestOp);
    assert_eq!((answer(&told, "c2#1"), answer(&told, "c3#1")), ("ok", "ok 2"));
    assert_eq!((answer(&weakened, "c2#1"), answer(&weakened, "c3#1")), ("ok", "ok 11"), "2 was acknowledged");
}

#[test]
fn section_4_3_a_node_that_has_crashed_waits_for_the_primary() {
    let told = tell_sound("recovery");
    assert!(told.contains("n3 recovering term 0"), "n2 alone is not enough");
    assert!(told.contains("n2 holds x=1\n  n3 holds x=1\n"));
}

#[test]
fn disc_2017_a_node_recovers_into_no_earlier_view() {
    let (told, weakened) = tell("recovers-into-no-earlier-view", Weakening::AmnesiacReplicaCounts);
    assert_ne!(answer(&told, "c1#1"), "ok", "n3 had left view 0");
    assert_eq!(
        (answer(&weakened, "c1#1"), answer(&weakened, "c2#1")),
        ("ok", "ok null"),
        "1 was acknowledged"
    );
}

#[test]
fn section_5_2_a_gap_is_filled_by_state_transfer() {
    let told = tell_sound("state-transfer");
    assert!(told.contains("GetState(view 0, behind 0)"));
    assert!(told.contains("n2 holds x=ab\n  n3 holds x=ab\n"));
}

#[test]
fn section_5_2_who_missed_a_view_change_catches_up() {
    let told = tell_sound("missed-view-change");
    assert_eq!(answer(&told, "c1#1"), "unknown", "it did not survive, but n1 can't know");
    assert!(told.contains("n1 holds x=2\n"));
}

#[test]
fn section_4_1_a_retry_runs_once() {
    let (told, weakened) = tell("retry-runs-once", Weakening::NoDedup);
    assert_eq!((answer(&told, "c2#1"), answer(&weakened, "c2#1")), ("ok a", "ok aa"));
}

#[test]
fn a_primary_that_leaves_its_view_does_not_know() {
    let (told, weakened) = tell("leaves-its-view", Weakening::UnknownReportedAsFail);
    assert_eq!((answer(&told, "c1#1"), answer(&told, "c2#1")), ("unknown", "ok 1"));
    assert!(answer(&weakened, "c1#1").starts_with("refused"), "and yet x is 1");
}
