//! Each rule, and what comes of it when it is left out.

use anachron_replication::common::VectorVersions;
use anachron_replication::multi_leader::{
    Config, Conflicts, Delivery, MultiLeader, Topology, Weakening, Weakenings,
};
use anachron_vocabulary::NodeId;

use crate::kit::story::{Told, tell};

fn story(name: &str, variants: &[(&str, Config)]) -> Told {
    tell::<MultiLeader>("multi_leader", name, 3, variants)
}

fn weakened(weakening: Weakening) -> Config {
    Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
}

/// DDIA figures 5-7 and 5-12.
#[test]
fn two_leaders_take_two_titles_and_one_is_lost_or_they_never_agree() {
    let told = story(
        "two-titles",
        &[("lamport", Config::default()), ("no-tiebreak", weakened(Weakening::NoTagTiebreak))],
    );
    told.answers("c1#2", &["ok B"; 2]);
    told.answers("c1#3", &["ok C", "ok B"]);
    told.holds("n2", &["title=C"; 2]);
    told.counts("updates=[1,1]", &[3; 2]);
    let siblings = [("vectors", Config::default())];
    let told = tell::<MultiLeader<VectorVersions>>("multi_leader", "two-titles-siblings", 3, &siblings);
    told.answers("c1#3", &["ok [B, C]"]);
    told.holds("n3", &["title=[B, C]"]);
}

/// DDIA figure 5-9.
#[test]
fn an_update_overtakes_its_insert() {
    let last = Config { conflicts: Conflicts::LastApplied, ..Config::default() };
    let told = story(
        "overtake",
        &[
            ("last-applied", last.clone()),
            ("fifo", Config { delivery: Delivery::Fifo, ..last.clone() }),
            ("causal", Config { delivery: Delivery::Causal, ..last }),
            ("lamport", Config::default()),
        ],
    );
    told.answers("c3#1", &["ok 2", "ok 2", "ok null", "ok 2"]);
    told.answers("c3#2", &["ok 1", "ok 1", "ok 2", "ok 2"]);
    told.holds("n1", &["row=2"; 4]);
    told.holds("n2", &["row=1", "row=1", "row=2", "row=2"]);
}

/// Terry et al. 1994, writes follow reads; COPS 2011.
#[test]
fn a_comment_comes_before_its_photo_unless_delivery_is_causal() {
    let causal = Config { delivery: Delivery::Causal, ..Config::default() };
    let told = story("comment", &[("arrival", Config::default()), ("causal", causal)]);
    told.answers("c3#1", &["ok 1", "ok null"]);
    told.answers("c3#2", &["ok null"; 2]);
    told.answers("c3#3", &["ok 1"; 2]);
    told.answers("c3#4", &["ok 1"; 2]);
    told.counts("back, which has seen", &[0, 1]);
}

/// DDIA §5, Multi-Leader Replication Topologies.
#[test]
fn the_death_of_one_leader_stops_a_star_and_a_circle() {
    let shaped = |topology| Config { topology, ..Config::default() };
    let told = story(
        "one-leader-down",
        &[
            ("all-to-all", shaped(Topology::AllToAll)),
            ("star", shaped(Topology::Star { hub: NodeId(0) })),
            ("circle", shaped(Topology::Circle)),
        ],
    );
    told.in_order("n2 holds x=1", "> boot n1", &[true, false, false]);
    for node in ["n1", "n2", "n3"] {
        told.holds(node, &["x=1"; 3]);
    }
}

/// `riak_kv#679`, for updates.
#[test]
fn a_leader_that_lost_its_disk_goes_by_another_name_and_is_filled_again() {
    let told = story(
        "disk-loss",
        &[("new-name", Config::default()), ("vv-actor-reuse", weakened(Weakening::VvActorReuse))],
    );
    told.answers("c2#1", &["ok"; 2]);
    told.holds("n1", &["x=1 y=1 z=9", "y=1 z=9"]);
    told.holds("n2", &["x=1 y=1 z=9", "x=1 y=1"]);
}
