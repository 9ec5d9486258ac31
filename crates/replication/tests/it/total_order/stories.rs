//! The papers' statements as stories, each beside what comes of it when the rule is left out.
//!
//! `BLESS=1 cargo test -p anachron-replication --test it total_order::` writes the files anew; read the diff first.

use anachron_replication::total_order::{
    Config, Lamport1978, Reads, Sequencer, TotalOrder, Weakening, Weakenings,
};

use crate::kit::story::{Told, tell};

fn sound() -> Config {
    Config::default()
}

fn local() -> Config {
    Config { reads: Reads::Local, ..sound() }
}

fn weakened(weakening: Weakening) -> (&'static str, Config) {
    (weakening.name(), Config { weakenings: Weakenings::NONE.with(weakening), ..sound() })
}

fn sequencer(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<TotalOrder<Sequencer>>("total_order", &format!("sequencer/{name}"), 3, variants)
}

fn lamport(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<TotalOrder<Lamport1978>>("total_order", &format!("lamport/{name}"), 3, variants)
}

#[test]
fn total_order_the_sequencer_numbers_and_nobody_delivers_over_a_gap() {
    let told = sequencer("one-order", &[("sequencer", sound())]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=1"]);
    }
    told.counts("delivers 1: n3.1", &[3]);
    told.counts("delivers 2: n2.1", &[3]);
    told.counts("timers: none", &[3]);
}

#[test]
fn integrity_and_validity_on_a_bad_network() {
    let told = sequencer("lost-and-doubled", &[("sequencer", sound())]);
    told.answers("c1#1", &["ok"]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=a"]);
    }
    told.counts("timers: none", &[3]);
}

/// DDIA §9: with the same order everywhere, a read is linearizable only as a part of it.
#[test]
fn an_agreed_order_is_not_recency() {
    for tell in [sequencer, lamport] {
        let told = tell("order-is-not-recency", &[("local", local()), ("broadcast", sound())]);
        told.answers("c2#1", &["ok 1"; 2]);
        told.answers("c3#1", &["ok null", "ok 1"]);
        told.answers("c3#2", &["ok 1"; 2]);
        told.in_order("n3 answers c3#1", "> resume all", &[true, false]);
    }
}

#[test]
fn what_was_delivered_keeps_its_place_when_the_sequencer_dies() {
    let told = sequencer("failover", &[("transfer", sound()), weakened(Weakening::NoTransfer)]);
    told.answers("c1#1", &["ok"; 2]);
    told.answers("c3#1", &["ok ab", "ok b"]);
}

#[test]
fn without_a_suspicion_time_out_a_dead_sequencer_blocks() {
    let blocks = Config { suspicion_timeout: None, ..sound() };
    let told = sequencer("dead-sequencer", &[("failover", sound()), ("blocks", blocks)]);
    told.answers("c1#2", &["ok"; 2]);
    told.in_order("n2 answers c1#2", "> boot n1", &[true, false]);
}

#[test]
fn uniform_agreement_nothing_is_delivered_before_it_is_stable() {
    let told = sequencer("uniform", &[("stable", sound()), weakened(Weakening::DeliverBeforeStable)]);
    told.in_order("n1 answers c1#1", "n2 answers c2#1", &[false, true]);
    told.answers("c3#1", &["ok 2"; 2]);
    told.counts("delivers 1: n1.1", &[0, 1]);
}

#[test]
fn the_order_of_the_latest_epoch_is_taken_over_not_the_longest() {
    let told = sequencer("latest-order", &[("latest-epoch", sound()), weakened(Weakening::LongestOrder)]);
    told.answers("c2#1", &["ok"; 2]);
    told.counts("delivers 1: n1.1", &[0, 1]);
}

#[test]
fn a_retry_at_another_node_runs_once() {
    let told = sequencer("retry", &[("sessions", sound()), weakened(Weakening::NoDedup)]);
    told.answers("c2#1", &["ok a", "ok aa"]);
}

#[test]
fn a_node_that_restarts_reads_nothing_older_than_it_did() {
    let told = sequencer("restart", &[("local", local())]);
    told.answers("c2#1", &["ok 1"]);
    told.answers("c2#2", &["ok 1"]);
    told.in_order("> resume all", "n3 answers c2#2", &[true]);
}

#[test]
fn validity_holds_for_a_node_that_crashes_after_it_has_written_its_message_down() {
    let told = sequencer("broadcaster-restarts", &[("sequencer", sound())]);
    told.answers("c1#1", &["-"]);
    told.holds("n2", &["x=1"]);
    told.counts("nothing is in flight", &[1]);
}

#[test]
fn rule_5_the_first_request_and_everybody_heard_from() {
    let told = lamport("rule-5", &[("stamps", sound())]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=ab"]);
    }
    told.counts("delivers 1: n1.1", &[3]);
    told.counts("timers: none", &[3]);
}

#[test]
fn the_links_must_be_fifo() {
    let told = lamport("fifo", &[("numbers", sound()), weakened(Weakening::NoFifo)]);
    told.holds("n1", &["x=ab"; 2]);
    told.holds("n3", &["x=ab", "x=ba"]);
}

#[test]
fn one_node_away_halts_the_system_and_breaks_nothing() {
    let told = lamport("one-node-away", &[("everybody", sound())]);
    for request in ["c1#1", "c2#1"] {
        told.answers(request, &["ok"]);
    }
    told.in_order("> boot n3", "delivers 1", &[true]);
    told.counts("timers: none", &[3]);
}

#[test]
fn a_majority_of_acknowledgements_is_not_enough() {
    let told = lamport("late-request", &[("everybody", sound()), weakened(Weakening::MajorityAcknowledges)]);
    told.holds("n1", &["x=acb", "x=abc"]);
    told.in_order("> resume all", "n1 answers c1#1", &[true, false]);
}

#[test]
fn an_acknowledgement_outlives_a_crash() {
    let told = lamport("promise-survives", &[("stamps", sound())]);
    told.holds("n1", &["x=abcd"]);
    told.holds("n2", &["x=abcd"]);
}

#[test]
fn a_lock_has_one_holder_wherever_it_was_asked_for() {
    let variants = [("service", sound())];
    // The first to reach the sequencer; the lower node of two equal counters.
    for (told, first, second) in
        [(sequencer("one-lock", &variants), "c2", "c1"), (lamport("one-lock", &variants), "c1", "c2")]
    {
        let refused = "refused: the lock's state forbids it";
        told.answers(&format!("{first}#1"), &["ok"]);
        told.answers(&format!("{second}#1"), &[refused]);
        told.answers(&format!("{first}#2"), &["ok"]);
        told.answers(&format!("{second}#2"), &[refused]);
        told.answers("c1#3", &["ok"]);
        for node in ["n1", "n2", "n3"] {
            told.holds(node, &["l=0"]);
        }
    }
}

/// The sequencer: to it, from it to everybody, acknowledged by everybody, and the word that it is stable. The stamps: to
/// everybody, and from everybody who receives it to everybody.
#[test]
fn what_one_message_costs() {
    const N: usize = 3;
    let variants = [("costs", sound())];
    sequencer("one-message", &variants).counts(" ← ", &[1 + 3 * (N - 1)]);
    lamport("one-message", &variants).counts(" ← ", &[N * (N - 1)]);
}
