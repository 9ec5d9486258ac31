//! Last-writer-wins registers in a small random world: with gossip, nodes agree in the end.

use anachron_replication::leaderless::{Config, Leaderless, Timer, Weakening, Weakenings};
use anachron_vocabulary::VirtualDuration;

use crate::kit::atomicity::violation;
use crate::kit::shuffle::{Weather, World};

const WEATHER: Weather = Weather { drop: 40, duplicate: 40, timer: 60, crash: 8 };

fn run(config: Config, seed: u64) -> World<Leaderless> {
    let mut world = World::<Leaderless>::new(config, 3, WEATHER, seed);
    for _ in 0..500 {
        world.step();
    }
    world
}

fn gossiping(weakenings: Weakenings) -> Config {
    Config { gossip_interval: Some(VirtualDuration::millis(10)), weakenings, ..Config::default() }
}

/// Whether all nodes agree after many rounds of gossip.
fn converges(weakenings: Weakenings, seed: u64) -> bool {
    let mut world = run(gossiping(weakenings), seed);
    world.heal(12, |_, _, timer, _| timer == Timer::Gossip);
    world.agreement().is_some()
}

#[test]
fn with_gossip_all_nodes_agree_once_the_network_is_quiet() {
    for seed in 0..200 {
        assert!(converges(Weakenings::NONE, seed), "seed {seed}");
    }
}

#[test]
fn without_a_tie_break_some_never_do() {
    let set = Weakenings::NONE.with(Weakening::NoTagTiebreak);
    assert!((0..200).any(|seed| !converges(set, seed)));
}

/// DDIA §9, Linearizability and quorums.
#[test]
fn quorums_that_overlap_are_not_linearizable() {
    let config = Config { read_quorum: 2, write_quorum: 2, ..Config::default() };
    assert!((0..200).any(|seed| violation(&run(config.clone(), seed).operations).is_some()));
}
