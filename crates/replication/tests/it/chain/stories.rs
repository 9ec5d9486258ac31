//! The papers' sections as stories, each beside what comes of it when the rule is left out. n4 is the master.
//!
//! `BLESS=1 cargo test -p anachron-replication --test it chain::` writes the files anew; read the diff first.

use anachron_replication::chain::{Chain, Config, Reads, Weakening, Weakenings};

use crate::kit::story::{Told, tell};

fn sound() -> Config {
    Config::default()
}

fn craq() -> Config {
    Config { reads: Reads::Apportioned, ..sound() }
}

fn weakened(weakening: Weakening, config: Config) -> (&'static str, Config) {
    (weakening.name(), Config { weakenings: Weakenings::NONE.with(weakening), ..config })
}

fn chain(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<Chain>("chain", name, 4, variants)
}

/// OSDI 2004, section 2.3. Down to the tail, up again; the tail answers. A read is a question to the master more.
#[test]
fn updates_enter_at_the_head_and_are_answered_by_the_tail() {
    let told = chain("update-and-query", &[("chain", sound())]);
    told.answers("c1#1", &["ok"]);
    told.answers("c2#1", &["ok 5"]);
    told.counts("n3 answers", &[2]);
    told.counts(" ← n1 Forward", &[1]);
    told.counts(" ← n2 Acknowledge", &[1]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=5"]);
    }
}

/// Section 3.1: what only the failed head had is lost, and nobody was told otherwise.
#[test]
fn the_head_fails() {
    let ack_at_head = weakened(Weakening::AckAtHead, sound());
    let told = chain("head-fails", &[("chain", sound()), ack_at_head]);
    told.answers("c1#1", &["-", "ok"]);
    told.answers("c2#1", &["ok null"; 2]);
}

/// Section 3.3: the predecessor sends its list again.
#[test]
fn a_middle_fails() {
    let not_resent = weakened(Weakening::SentListNotResent, sound());
    let told = chain("middle-fails", &[("chain", sound()), not_resent]);
    told.answers("c2#1", &["ok"; 2]);
    told.answers("c1#1", &["ok", "-"]);
    told.answers("c3#1", &["ok ab", "ok b"]);
}

/// Section 3.2: what the new tail has is committed.
#[test]
fn the_tail_fails() {
    let told = chain("tail-fails", &[("chain", sound())]);
    told.in_order("n4 notes: makes", "n2 answers c1#1", &[true]);
    told.answers("c1#1", &["ok"]);
    told.answers("c2#1", &["ok 5"]);
}

/// Section 3.4.
#[test]
fn a_node_joins_at_the_tail() {
    let without = weakened(Weakening::JoinWithoutTransfer, sound());
    let told = chain("join", &[("chain", sound()), without]);
    told.answers("c2#1", &["ok 5", "ok null"]);
    told.holds("n3", &["x=5", "nothing"]);
}

/// A server that is taken out has not stopped; it asks before it answers.
#[test]
fn the_tail_that_was() {
    let unfenced = weakened(Weakening::NoEpochCheck, sound());
    let told = chain("old-tail", &[("chain", sound()), unfenced]);
    told.answers("c1#1", &["ok"; 2]);
    told.answers("c2#1", &["refused: not the leader, try n2", "ok null"]);
}

/// ATC 2009, section 2.3.
#[test]
fn a_dirty_object_is_asked_for_at_the_tail() {
    let dirty = weakened(Weakening::DirtyRead, craq());
    let told = chain("dirty-object", &[("craq", craq()), dirty]);
    told.answers("c2#1", &["ok null", "ok 5"]);
    told.answers("c3#1", &["ok null"; 2]);
    told.counts("n2 → n3 VersionQuery", &[1, 0]);
}

/// A lock that is held is refused; the word comes from the node that was asked.
#[test]
fn a_lock_on_the_chain() {
    let told = chain("lock", &[("chain", sound())]);
    told.answers("c1#1", &["ok"]);
    told.answers("c2#1", &["refused: the lock's state forbids it"]);
    told.counts("n2 answers c2#1", &[1]);
}
