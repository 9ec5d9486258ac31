//! ABD: each rule, and what comes of it when it is left out.

use anachron_replication::abd::{Abd, Config, Weakening, Weakenings};

use crate::kit::story::{Told, tell};

fn weakened(weakening: Weakening) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
}

fn story(name: &str, weakenings: &[Weakening]) -> Told {
    story_of(3, name, weakenings)
}

fn story_of(nodes: u16, name: &str, weakenings: &[Weakening]) -> Told {
    let mut variants = vec![("abd", Config::default())];
    variants.extend(weakenings.iter().map(|&weakening| (weakening.name(), weakened(weakening))));
    tell::<Abd>("abd", name, nodes, &variants)
}

/// Attiya, Bar-Noy and Dolev 1995: a reader writes back, lest a later reader should miss what it has seen.
#[test]
fn a_read_is_answered_when_a_majority_has_what_it_saw() {
    let told = story("write-back", &[Weakening::NoWriteBack]);
    told.answers("c2#1", &["ok 1"; 2]);
    told.answers("c3#1", &["ok 1", "ok null"]);
}

/// With three nodes the reader's own copy and the one that it found are a majority. With five they are not.
#[test]
fn a_write_back_after_the_answer_is_too_late() {
    let told = story_of(5, "late-write-back", &[Weakening::AsyncWriteBack, Weakening::NoWriteBack]);
    told.answers("c2#1", &["ok 1"; 3]);
    told.answers("c3#1", &["ok null"; 3]);
    // Both reads may answer so as long as they overlap.
    told.in_order("n4 answers c2#1", "> request n1 c3#1", &[false, true, true]);
}

/// The cure of the course's story.
#[test]
fn nobody_reads_1_then_5_then_1() {
    let told = story("lamport-1-5-1", &[]);
    for read in ["c3#1", "c3#2", "c3#3"] {
        told.answers(read, &["ok 5"]);
    }
}

/// Lynch and Shvartsman 1997: with many writers, a write has a query phase.
#[test]
fn a_writer_asks_for_the_newest_stamp_first() {
    let told = story("two-writers", &[Weakening::WriterSkipsQuery]);
    told.answers("c2#1", &["ok"; 2]);
    told.answers("c3#1", &["ok 9", "ok 3"]);
}

#[test]
fn stamps_with_one_counter_are_ordered_by_node() {
    let told = story("tie", &[Weakening::NoTagTiebreak]);
    told.holds("n1", &["x=2", "x=1"]);
    told.holds("n2", &["x=2", "x=2"]);
    told.answers("c3#1", &["ok 2", "ok 1"]);
    told.answers("c3#2", &["ok 2", "ok 2"]);
}

#[test]
fn an_old_store_replaces_nothing() {
    let told = story("reorder", &[Weakening::StoreWithoutCompare]);
    told.answers("c1#2", &["ok"; 2]);
    told.answers("c2#1", &["ok 2", "ok 1"]);
}

#[test]
fn a_majority_is_enough_and_less_is_not() {
    let told = story("one-node-away", &[]);
    told.answers("c1#1", &["ok"]);
    told.answers("c1#2", &["ok 1"]);
    told.answers("c1#3", &["refused: unsupported"]);
    told.holds("n1", &["x=1"]);
}
