//! Total order by consensus as stories (Chandra and Toueg 1996, section 7; the properties are those of Défago, Schiper and
//! Urbán 2004, section 2): the same scripts over Raft and over Multi-Paxos, which promise the same.
//!
//! `BLESS=1 cargo test -p anachron-replication --test it total_order::` writes the files anew; read the diff first.

use anachron_replication::multi_paxos::MultiPaxos;
use anachron_replication::raft::Raft;
use anachron_replication::total_order::{Config, Consensus, Reads, TotalOrder, Weakening, Weakenings};

use crate::kit::story::{Told, tell};

const FAMILY: &str = "total_order";

fn weakened(weakening: Weakening) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
}

fn over_raft(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<TotalOrder<Consensus<Raft>>>(FAMILY, &format!("consensus/{name}"), 3, variants)
}

/// Over Raft, and then over Multi-Paxos.
fn over_both(name: &str, config: Config) -> Told {
    over_raft(name, &[("raft", config.clone())]).beside::<TotalOrder<Consensus<MultiPaxos>>>(
        FAMILY,
        &format!("consensus/{name}"),
        3,
        &[("multi-paxos", config)],
    )
}

fn has_delivered_once(told: &Told, messages: &[&str]) {
    for message in messages {
        told.counts(&format!(": {message}, "), &[3; 2]);
    }
}

/// Total order, validity, and integrity on a network that doubles.
#[test]
fn all_deliver_what_anybody_broadcasts_in_one_order() {
    let told = over_both("one-order", Config::default());
    told.answers("c1#1", &["ok"; 2]);
    told.answers("c2#1", &["ok"; 2]);
    told.answers("c3#1", &["ok ba"; 2]);
    has_delivered_once(&told, &["n3.1", "n2.1", "n1.1"]);
    told.counts("delivers 1: n3.1", &[3; 2]);
    told.counts("delivers 2: n2.1", &[3; 2]);
}

/// Validity: who comes back broadcasts what it has on its disk. What was not even there was never broadcast.
#[test]
fn what_a_dying_leader_has_proposed_is_delivered_once_or_not_at_all() {
    let told = over_both("leader-dies", Config::default());
    told.answers("c1#1", &["ok"; 2]);
    // The node that they asked has died: they don't know.
    told.answers("c2#1", &["-"; 2]);
    told.answers("c3#1", &["-"; 2]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=ab"; 2]);
    }
    has_delivered_once(&told, &["n2.1", "n1.1"]);
    told.counts(", c3#1", &[0; 2]);
}

/// Integrity: a message may stand in the log twice.
#[test]
fn what_the_next_leader_has_a_copy_of_is_delivered_once_however_often_it_is_submitted() {
    let told = over_both("leader-dies-copied", Config::default());
    told.answers("c1#1", &["ok"; 2]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=ab"; 2]);
    }
    has_delivered_once(&told, &["n2.1", "n3.1"]);
    told.counts("delivers 2: n3.1", &[3; 2]);
    // With Multi-Paxos the message has two places by then.
    told.counts("n2 notes: knows the log to be chosen up to 2", &[0, 1]);
    told.counts("n2 notes: knows the log to be chosen up to 3", &[0, 1]);
}

/// Uniform agreement and total order.
#[test]
fn a_node_that_was_cut_off_delivers_the_same_order_afterwards() {
    let told = over_both("cut-off", Config::default());
    for request in ["c1#1", "c2#1", "c3#1"] {
        told.answers(request, &["ok"; 2]);
    }
    has_delivered_once(&told, &["n1.1", "n2.1", "n3.1"]);
    for (place, message) in [(1, "n1.1"), (2, "n2.1"), (3, "n3.1")] {
        told.counts(&format!("delivers {place}: {message}"), &[3; 2]);
    }
    told.in_order("> resume all", "n3 notes: delivers 1", &[true; 2]);
}

/// DDIA §9: with the same order everywhere, a read is linearizable only as a part of it.
#[test]
fn a_local_read_is_old_where_a_read_through_the_broadcast_is_not() {
    let local = over_both("local-read", Config { reads: Reads::Local, ..Config::default() });
    local.answers("c2#1", &["ok 1"; 2]);
    local.answers("c3#1", &["ok null"; 2]);
    local.answers("c3#2", &["ok 1"; 2]);
    local.in_order("n2 answers c2#1", "n3 answers c3#1", &[true; 2]);
    let broadcast = over_both("read-through-the-broadcast", Config::default());
    for read in ["c2#1", "c3#1", "c3#2"] {
        broadcast.answers(read, &["ok 1"; 2]);
    }
    broadcast.in_order("> resume all", "n3 answers c3#1", &[true; 2]);
}

#[test]
fn a_request_that_is_retried_at_another_node_runs_once() {
    let told = over_both("retry", Config::default());
    told.answers("c1#1", &["ok; ok; ok"; 2]);
    told.answers("c2#1", &["ok a"; 2]);
    let weak = Weakening::NoDedup;
    let told = over_raft("retry", &[("raft", Config::default()), (weak.name(), weakened(weak))]);
    told.answers("c2#1", &["ok a", "ok aaa"]);
}

/// Uniform agreement: not even a node that dies delivers what the others may never deliver there.
#[test]
fn nothing_is_delivered_before_it_is_decided() {
    let weak = Weakening::DeliverBeforeStable;
    let told = over_raft("uniform", &[("raft", Config::default()), (weak.name(), weakened(weak))]);
    told.answers("c1#1", &["-", "ok"]);
    told.answers("c3#1", &["ok b"; 2]);
    told.holds("n1", &["x=ba", "x=ab"]);
    told.holds("n2", &["x=ba", "x=b"]);
}
