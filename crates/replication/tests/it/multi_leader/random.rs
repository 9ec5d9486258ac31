//! Random worlds: leaders agree in the end whatever the topology and the order of delivery, siblings lose nothing that
//! was acknowledged, and what is not resolved is found.
//!
//! `LEADERLESS_RUNS=10000 cargo test -p anachron-replication --test it multi_leader::` runs longer.

use anachron_replication::common::{
    DottedVersions, HybridClock, LamportClock, LastWriterWins, VectorVersions, Versioning,
};
use anachron_replication::multi_leader::{
    Config, Conflicts, Delivery, MultiLeader, Topology, Weakening, Weakenings,
};
use anachron_vocabulary::NodeId;

use crate::leaderless::world::World;

/// How many runs the environment asks for.
#[allow(clippy::disallowed_methods)] // how long a campaign lasts is not part of any run
fn runs() -> u64 {
    std::env::var("LEADERLESS_RUNS").map_or(100, |text| text.parse().expect("LEADERLESS_RUNS is a number"))
}

/// What is wrong after a run, if anything is.
fn run<V: Versioning>(config: &Config, nodes: u16, seed: u64) -> Option<String> {
    let mut world = World::<MultiLeader<V>>::new(config.clone(), nodes, seed);
    for _ in 0..400 {
        world.step();
    }
    world.heal(8);
    world.wrong_at_rest()
}

/// Every topology with every order of delivery, on two, three and four leaders.
fn shapes() -> Vec<(Config, u16)> {
    let topologies = [Topology::AllToAll, Topology::Star { hub: NodeId(1) }, Topology::Circle];
    let deliveries = [Delivery::Arrival, Delivery::Fifo, Delivery::Causal];
    let mut all = Vec::new();
    for (topology, nodes) in
        topologies.into_iter().zip([2, 3, 4]).chain(topologies.into_iter().zip([3, 2, 3]))
    {
        for delivery in deliveries {
            all.push((Config { topology, delivery, ..Config::default() }, nodes));
        }
    }
    all
}

#[test]
fn siblings_agree_in_the_end_and_no_acknowledged_write_is_lost() {
    let shapes = shapes();
    for seed in 0..runs() {
        let (config, nodes) = &shapes[usize::try_from(seed).expect("small") % shapes.len()];
        assert_eq!(
            run::<VectorVersions>(config, *nodes, seed),
            None,
            "seed {seed}, {nodes} leaders, {config:?}"
        );
        assert_eq!(
            run::<DottedVersions>(config, *nodes, seed),
            None,
            "seed {seed}, {nodes} leaders, {config:?}"
        );
    }
}

#[test]
fn stamps_agree_in_the_end_and_lose_acknowledged_writes() {
    fn lost<V: Versioning>() -> usize {
        let shapes = shapes();
        let mut lost = 0;
        for seed in 0..runs() {
            let (config, nodes) = &shapes[usize::try_from(seed).expect("small") % shapes.len()];
            if let Some(wrong) = run::<V>(config, *nodes, seed) {
                assert!(wrong.contains("is gone"), "seed {seed}, {nodes} leaders, {config:?}: {wrong}");
                lost += 1;
            }
        }
        lost
    }
    assert!(lost::<LastWriterWins<LamportClock>>() > 0);
    assert!(lost::<LastWriterWins<HybridClock>>() > 0);
}

#[test]
fn what_is_not_resolved_leaves_leaders_apart() {
    let apart = |config: &Config| {
        (0..200)
            .filter_map(|seed| run::<LastWriterWins<LamportClock>>(config, 3, seed))
            .any(|wrong| wrong.contains("and n"))
    };
    assert!(!apart(&Config::default()));
    assert!(apart(&Config { conflicts: Conflicts::LastApplied, ..Config::default() }));
    let weakenings = Weakenings::NONE.with(Weakening::NoTagTiebreak);
    assert!(apart(&Config { weakenings, ..Config::default() }));
}
