//! Chain replication and CRAQ in a small random world: linearizable in every order of events and however the master
//! errs; agreed and alive after healing; each weakening found.

use anachron_replication::chain::{Config, Reads, Weakening, Weakenings};
use anachron_vocabulary::VirtualDuration;

use super::shuffle::{Weather, World};
use crate::kit::atomicity::violation;

const STEPS: usize = 1500;

/// Rough enough for each rule to matter; members are taken out and come back several times in a run.
const WEATHER: Weather = Weather { drop: 25, duplicate: 25, timer: 90, crash: 6 };

struct Outcome {
    broken: Result<(), String>,
    not_linearizable: Option<String>,
    answered: usize,
    from_others: u64,
    epochs: u64,
}

fn run(reads: Reads, weakenings: Weakenings, seed: u64) -> Outcome {
    let nodes = [4, 3, 5][usize::try_from(seed % 3).expect("below 3")];
    let suspicion_timeout =
        VirtualDuration::millis([75, 125, 400][usize::try_from(seed % 7 % 3).expect("below 3")]);
    let config = Config { reads, weakenings, suspicion_timeout, ..Config::default() };
    let mut world = World::new(config, nodes, WEATHER, seed);
    let is_sound = weakenings.is_empty();
    let mut broken = Ok(());
    for step in 0..STEPS {
        world.step();
        if is_sound && broken.is_ok() {
            broken = world.look().map_err(|what| format!("step {step}: {what}"));
        }
    }
    if is_sound && broken.is_ok() {
        broken = world.heal().map_err(|what| format!("at rest: {what}"));
    }
    Outcome {
        broken,
        not_linearizable: violation(&world.operations),
        answered: world.operations.iter().filter(|operation| operation.answered.is_some()).count(),
        from_others: world.from_others,
        epochs: world.newest.0,
    }
}

/// How many runs the environment asks for: `CHAIN_RUNS=10000 cargo test -p anachron-replication --test it chain::`.
#[allow(clippy::disallowed_methods)] // how long a campaign lasts is not part of any run
fn runs() -> u64 {
    std::env::var("CHAIN_RUNS").map_or(200, |text| text.parse().expect("CHAIN_RUNS is a number"))
}

fn is_sound(reads: Reads) {
    let (mut answered, mut epochs, mut from_others, runs) = (0, 0, 0, runs());
    for seed in 0..runs {
        let outcome = run(reads, Weakenings::NONE, seed);
        assert_eq!(outcome.not_linearizable, None, "seed {seed}");
        assert_eq!(outcome.broken, Ok(()), "seed {seed}");
        answered += outcome.answered as u64;
        epochs += outcome.epochs;
        from_others += outcome.from_others;
    }
    println!("{runs} seeds, {reads:?}: {answered} operations answered in {epochs} epochs, no violation");
    assert!(
        answered > 8 * runs && epochs > 4 * runs,
        "{answered} answers in {epochs} epochs tell too little"
    );
    assert!(from_others > runs, "the tail answers what others were asked");
}

#[test]
fn the_chain_is_linearizable_in_every_order_of_events() {
    is_sound(Reads::Tail);
}

#[test]
fn apportioned_queries_are_linearizable_in_every_order_of_events() {
    is_sound(Reads::Apportioned);
}

#[test]
fn every_weakening_is_found() {
    for &weakening in Weakening::ALL {
        let reads = if weakening == Weakening::DirtyRead { Reads::Apportioned } else { Reads::Tail };
        let set = Weakenings::NONE.with(weakening);
        let caught = (0..4000).find_map(|seed| Some((seed, run(reads, set, seed).not_linearizable?)));
        let (seed, what) = caught.unwrap_or_else(|| panic!("{} was not found", weakening.name()));
        println!("{:32} seed {seed}, {what}", weakening.name());
    }
}
