//! The paper's statements as stories: text in, text out.
//!
//! A file of `stories/` is a script with what came of it (`anachron_node::driver`). `NAME.WEAKENING.txt` is what
//! comes of the same script when a known bug is switched on: the two side by side show what the rule is for.
//!
//! `BLESS=1 cargo test -p anachron-replication --test raft stories` writes these files anew; read the diff first. Without
//! `--test raft` it would write other strategies' files too.

use std::fs;
use std::path::PathBuf;

use anachron_node::driver::{Driver, script_of};
use anachron_replication::raft::{Config, Raft, Weakening, Weakenings};

fn path(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/raft/stories")).join(format!("{name}.txt"))
}

#[allow(clippy::disallowed_methods)] // golden files are read by the test, not by a replica
fn read(name: &str) -> String {
    let path = path(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[allow(clippy::disallowed_methods)] // as above, and they are written on request
fn compare(name: &str, told: &str) {
    if std::env::var_os("BLESS").is_some() {
        fs::write(path(name), told).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let golden = read(name);
    if golden != told {
        let line = golden.lines().zip(told.lines()).take_while(|(golden, told)| golden == told).count() + 1;
        panic!("stories/{name}.txt differs from line {line} on (BLESS=1 accepts this):\n{told}");
    }
}

/// Tells a story as it is.
pub(crate) fn tell_sound(name: &str, nodes: u16, config: &Config) -> String {
    let script = script_of(&read(name));
    let told = Driver::<Raft>::new(config.clone(), nodes, 1)
        .run(&script)
        .unwrap_or_else(|error| panic!("stories/{name}.txt, {error}"));
    compare(name, &told);
    told
}

/// Tells a story as it is, and once more with a weakening.
pub(crate) fn tell(name: &str, nodes: u16, config: &Config, weakening: Weakening) -> (String, String) {
    let script = script_of(&read(name));
    assert!(
        script.lines().any(|line| !line.starts_with('#')),
        "stories/{name}.txt: commands start with `> `"
    );
    let run = |config: Config| {
        Driver::<Raft>::new(config, nodes, 1)
            .run(&script)
            .unwrap_or_else(|error| panic!("stories/{name}.txt, {error}"))
    };
    let told = run(config.clone());
    let weakened = run(Config { weakenings: Weakenings::NONE.with(weakening), ..config.clone() });
    compare(name, &told);
    compare(&format!("{name}.{}", weakening.name()), &weakened);
    (told, weakened)
}

/// The last line that says so much about an answer to this request.
pub(crate) fn answer<'a>(story: &'a str, request: &str) -> &'a str {
    let mark = format!(" answers {request} ");
    story
        .lines()
        .filter_map(|line| line.split_once(&mark))
        .map(|(_, answer)| answer)
        .next_back()
        .unwrap_or("nothing")
}

#[test]
fn section_5_2_a_vote_survives_a_restart() {
    let (told, weakened) = tell("vote-survives-restart", 3, &Config::default(), Weakening::VoteNotPersisted);
    assert_eq!(told.matches("leads term 1").count(), 1, "Election Safety");
    assert_eq!(weakened.matches("leads term 1").count(), 2);
}

#[test]
fn section_5_3_a_log_is_made_equal() {
    let (told, weakened) = tell("log-repair", 5, &Config::default(), Weakening::KeepConflictingTail);
    assert!(told.contains("n1 holds x=ab\n  n2 holds x=ab\n"));
    assert!(weakened.contains("n1 holds x=ab\n  n2 holds x=b\n"), "n2 lacks what came before b");
}

#[test]
fn section_5_4_1_who_lacks_a_committed_entry_cannot_lead() {
    let (told, weakened) = tell("leader-completeness", 3, &Config::default(), Weakening::NoUptodateCheck);
    assert_eq!(answer(&told, "c2#1"), "ok 5");
    assert_eq!(answer(&weakened, "c3#1"), "ok null", "5 was acknowledged");
}

#[test]
fn figure_8_an_entry_of_an_old_term_is_not_committed_by_counting() {
    let config = Config { entries_per_message: 1, ..Config::default() };
    let (told, weakened) = tell("figure-8", 5, &config, Weakening::CommitOldTerm);
    assert_eq!(answer(&told, "c1#1"), "nothing", "it was not acknowledged, so it may be lost");
    assert_eq!(answer(&weakened, "c1#1"), "ok");
    assert_eq!((answer(&told, "c3#1"), answer(&weakened, "c3#1")), ("ok null", "ok null"));
}

#[test]
fn figure_2_entries_are_durable_before_they_are_acknowledged() {
    let (told, weakened) = tell("ack-after-sync", 3, &Config::default(), Weakening::AckBeforeFsync);
    assert_eq!(answer(&told, "c1#1"), "nothing");
    assert_eq!((answer(&weakened, "c1#1"), answer(&weakened, "c2#1")), ("ok", "ok null"));
}

#[test]
fn section_8_a_retry_runs_once() {
    let (told, weakened) = tell("retry-runs-once", 3, &Config::default(), Weakening::NoDedup);
    assert_eq!(answer(&told, "c2#1"), "ok a");
    assert_eq!(answer(&weakened, "c2#1"), "ok aaa");
}

#[test]
fn dissertation_6_4_a_leader_that_was_replaced_answers_no_read() {
    let (told, weakened) = tell("read-while-partitioned", 3, &Config::default(), Weakening::ReadLeaderMemory);
    assert_eq!(answer(&told, "c2#2"), "refused: not the leader");
    assert_eq!(answer(&weakened, "c2#2"), "ok 1", "stale: 2 was acknowledged");
}

#[test]
fn dissertation_6_4_a_new_leader_commits_a_no_op_before_it_answers_a_read() {
    let (told, weakened) = tell("no-op-before-reads", 3, &Config::default(), Weakening::ReadIndexWithoutNoop);
    assert_eq!(answer(&told, "c2#1"), "ok 5");
    assert_eq!(answer(&weakened, "c2#1"), "ok null");
}
