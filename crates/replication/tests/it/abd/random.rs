//! ABD in a small random world: linearizable in every order of events; each weakening is found.

use anachron_replication::abd::{Abd, Config, Weakening, Weakenings};

use crate::kit::atomicity::violation;
use crate::kit::shuffle::{Weather, World};

const STEPS: usize = 2000;

/// Calm enough for operations to complete, rough enough for each rule to matter.
const WEATHER: Weather = Weather { drop: 40, duplicate: 40, timer: 60, crash: 8 };

/// What comes of a seed: a violation, and how many operations were answered.
fn run(nodes: u16, weakenings: Weakenings, seed: u64) -> (Option<String>, usize) {
    let config = Config { weakenings, ..Config::default() };
    let mut world = World::<Abd>::new(config, nodes, WEATHER, seed);
    for _ in 0..STEPS {
        world.step();
    }
    let answered = world.operations.iter().filter(|operation| operation.answered.is_some()).count();
    (violation(&world.operations), answered)
}

/// How many runs the environment asks for: `ABD_RUNS=10000 cargo test -p anachron-replication --test it abd_is`.
#[allow(clippy::disallowed_methods)] // how long a campaign lasts is not part of any run
fn runs() -> u64 {
    std::env::var("ABD_RUNS").map_or(300, |text| text.parse().expect("ABD_RUNS is a number"))
}

#[test]
fn abd_is_linearizable_in_every_order_of_events() {
    let (mut answered, runs) = (0, runs());
    for seed in 0..runs {
        let nodes = [3, 5][usize::from(seed % 2 == 1)];
        let (violation, count) = run(nodes, Weakenings::NONE, seed);
        assert_eq!(violation, None, "seed {seed}, {nodes} nodes");
        answered += count;
    }
    assert!(
        answered as u64 > runs * 10,
        "only {answered} operations were answered: the world is too rough to tell"
    );
}

#[test]
fn every_weakening_of_abd_is_found() {
    for &weakening in Weakening::ALL {
        let set = Weakenings::NONE.with(weakening);
        let found = (0..2000).find(|seed| run(5, set, *seed).0.is_some());
        assert!(found.is_some(), "{} was not found", weakening.name());
    }
}
