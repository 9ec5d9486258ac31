//! Random worlds: nodes agree in the end, siblings lose nothing that was acknowledged, and each weakness is found.
//!
//! `LEADERLESS_RUNS=10000 cargo test -p anachron-replication --test it leaderless::` runs longer.

use anachron_replication::common::{
    Actors, DottedVersions, HybridClock, LastWriterWins, VectorVersions, Versioning, WallClock,
};
use anachron_replication::leaderless::{AntiEntropy, Config, Leaderless, ReadRepair};
use anachron_vocabulary::VirtualDuration;

use super::world::World;

/// How many runs the environment asks for.
#[allow(clippy::disallowed_methods)] // how long a campaign lasts is not part of any run
fn runs() -> u64 {
    std::env::var("LEADERLESS_RUNS").map_or(150, |text| text.parse().expect("LEADERLESS_RUNS is a number"))
}

fn gossiping() -> Config {
    let ten = Some(VirtualDuration::millis(10));
    Config { gossip_interval: ten, anti_entropy: AntiEntropy::MerkleTrees, ..Config::default() }
}

/// What is wrong after a run, if anything is.
fn run<V: Versioning>(config: &Config, nodes: u16, seed: u64) -> Option<String> {
    let mut world = World::<Leaderless<V>>::new(config.clone(), nodes, seed);
    if config.actors == Actors::Clients {
        world.clients_see_themselves();
    }
    for _ in 0..400 {
        world.step();
    }
    world.heal(12);
    world.wrong_at_rest()
}

fn nothing_is_wrong<V: Versioning>(config: &Config) {
    for seed in 0..runs() {
        let nodes = [2, 3, 5][usize::try_from(seed % 3).expect("small")];
        assert_eq!(run::<V>(config, nodes, seed), None, "seed {seed}, {nodes} nodes");
    }
}

#[test]
fn siblings_agree_in_the_end_and_no_acknowledged_write_is_lost() {
    nothing_is_wrong::<VectorVersions>(&gossiping());
    nothing_is_wrong::<DottedVersions>(&gossiping());
    nothing_is_wrong::<VectorVersions>(&Config { actors: Actors::Clients, ..gossiping() });
    nothing_is_wrong::<DottedVersions>(&Config { anti_entropy: AntiEntropy::Everything, ..gossiping() });
}

#[test]
fn hints_and_repair_change_nothing_of_that() {
    let hint_after = Some(VirtualDuration::millis(10));
    let repair = Config { read_repair: ReadRepair::Blocking, write_quorum: 2, ..gossiping() };
    nothing_is_wrong::<DottedVersions>(&Config { hint_after, ..repair });
}

/// Last writer wins: nodes agree, and acknowledged writes are gone that nobody had seen.
#[test]
fn stamps_agree_in_the_end_and_lose_acknowledged_writes() {
    fn lost<V: Versioning>() -> usize {
        let mut lost = 0;
        for seed in 0..runs() {
            if let Some(wrong) = run::<V>(&gossiping(), 3, seed) {
                assert!(wrong.contains("is gone"), "seed {seed}: {wrong}");
                lost += 1;
            }
        }
        lost
    }
    assert!(lost::<LastWriterWins<anachron_replication::common::LamportClock>>() > 0);
    assert!(lost::<LastWriterWins<HybridClock>>() > 0);
    assert!(lost::<LastWriterWins<WallClock>>() > 0);
}

/// Without anti-entropy a message that is lost may leave two nodes different for ever.
#[test]
fn without_gossip_some_never_agree() {
    let config = Config { gossip_interval: None, ..gossiping() };
    let wrong = (0..200).filter_map(|seed| run::<DottedVersions>(&config, 3, seed)).collect::<Vec<_>>();
    assert!(wrong.iter().any(|wrong| wrong.contains("and n")), "{wrong:?}");
}
