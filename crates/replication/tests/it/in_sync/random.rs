//! In-sync replica sets in a small random world: what is committed stays and is everywhere where it has to be, reads that
//! are confirmed are linearizable, nodes agree and go on after healing; each weakening is found.

use std::collections::BTreeMap;

use anachron_replication::single_leader::in_sync::{
    Config, Configuration, InSync, Reads, Timer, Weakening, Weakenings,
};
use anachron_replication::single_leader::{Durability, Entry, Epoch, Index};
use anachron_vocabulary::NodeId;

use crate::kit::atomicity::violation;
use crate::kit::shuffle::{Weather, World};

const STEPS: usize = 1500;

/// Rough enough for each rule to matter; replicas fall out of the in-sync set and come back several times in a run.
const WEATHER: Weather = Weather { drop: 25, duplicate: 25, timer: 60, crash: 8 };

/// What an observer of all nodes holds against the protocol.
#[derive(Default)]
struct Observer {
    /// Every entry that a node took for committed, in order.
    committed: Vec<Entry>,
    leaders: BTreeMap<Epoch, NodeId>,
    versions: u64,
}

impl Observer {
    fn look(&mut self, world: &World<InSync>, nodes: u16) -> Result<(), String> {
        let up: Vec<(NodeId, &InSync)> = (0..nodes)
            .map(NodeId)
            .filter_map(|node| world.driver.replica(node).map(|replica| (node, replica)))
            .collect();
        for &(node, replica) in &up {
            let Some((log, high_watermark)) = replica.log() else { continue };
            for place in 1..=high_watermark.0 {
                let entry = log.get(Index(place)).ok_or_else(|| format!("{node} lacks what it commits"))?;
                match self.committed.get(usize::try_from(place - 1).expect("a short log")) {
                    None => self.committed.push(entry.clone()),
                    Some(known) if known == entry => {}
                    Some(known) => return Err(format!("{node} commits {entry:?} at {place}, not {known:?}")),
                }
            }
        }
        let has_all = |node: NodeId| {
            let Some((log, _)) = world.driver.replica(node).and_then(InSync::log) else { return true };
            (1_u64..).zip(&self.committed).all(|(place, entry)| log.get(Index(place)) == Some(entry))
        };
        for &(node, replica) in &up {
            let Configuration { epoch, in_sync, version, .. } = replica.configuration();
            if replica.is_leader() {
                let first = *self.leaders.entry(*epoch).or_insert(node);
                if first != node || epoch.leader != node {
                    return Err(format!("{node} leads epoch {epoch}, as {first} did"));
                }
            }
            if replica.log().is_none() {
                self.versions = *version;
                if let Some(behind) = in_sync.iter().find(|&&node| !has_all(node)) {
                    return Err(format!("{behind} is in sync and lacks what is committed"));
                }
            }
        }
        Ok(())
    }
}

struct Outcome {
    broken: Result<(), String>,
    not_linearizable: Option<String>,
    answered: u64,
    epochs: u64,
    versions: u64,
}

fn run(config: Config, seed: u64) -> Outcome {
    let nodes = [4, 3, 5][usize::try_from(seed % 3).expect("below 3")];
    let min_in_sync = 1 + usize::from(seed.is_multiple_of(4));
    let mut world = World::<InSync>::new(Config { min_in_sync, ..config }, nodes, WEATHER, seed);
    let mut observer = Observer::default();
    let mut broken = Ok(());
    for step in 0..STEPS {
        world.step();
        if step % 4 == 0 && broken.is_ok() {
            broken = observer.look(&world, nodes).map_err(|what| format!("step {step}: {what}"));
        }
    }
    if broken.is_ok() {
        broken = heal(&mut world, nodes).and_then(|()| observer.look(&world, nodes));
    }
    Outcome {
        broken,
        not_linearizable: violation(&world.operations),
        answered: world.operations.iter().filter(|operation| operation.answered.is_some()).count() as u64,
        epochs: observer.leaders.len() as u64,
        versions: observer.versions,
    }
}

/// All is quiet: the nodes agree, everybody is in sync again, and a write completes.
fn heal(world: &mut World<InSync>, nodes: u16) -> Result<(), String> {
    world.heal(12, |_, _, timer, _| matches!(timer, Timer::Heartbeat | Timer::Fetch | Timer::Ask));
    let replica = |node| world.driver.replica(NodeId(node)).expect("everybody is up");
    let newest = replica(nodes - 1).configuration().clone();
    let all = (0..nodes).all(|node| replica(node).configuration() == &newest);
    let held: Vec<_> = (0..nodes - 1).map(|node| anachron_node::Replica::contents(replica(node))).collect();
    let Some(leader) = newest.leader().filter(|_| all && newest.in_sync.len() == usize::from(nodes) - 1)
    else {
        return Err(format!(
            "at rest: {newest:?}, {}",
            if all { "known to all" } else { "not known to all" }
        ));
    };
    if held.iter().any(|other| *other != held[0]) {
        return Err(format!("at rest the nodes hold {held:?}"));
    }
    let before = world.driver.answers().len();
    world.driver.run(&format!("request {leader} c9#1 write y 1\ndeliver all")).expect("commands");
    let answers = world.driver.answers()[before..].to_vec();
    match &answers[..] {
        [(_, _, anachron_node::Answer::Ok(_))] => Ok(()),
        other => Err(format!("at rest a write is answered {other:?}")),
    }
}

/// How many runs the environment asks for: `IN_SYNC_RUNS=10000 cargo test -p anachron-replication --test it in_sync`.
#[allow(clippy::disallowed_methods)] // how long a campaign lasts is not part of any run
fn runs() -> u64 {
    std::env::var("IN_SYNC_RUNS").map_or(200, |text| text.parse().expect("IN_SYNC_RUNS is a number"))
}

fn confirmed(weakenings: Weakenings) -> Config {
    Config { reads: Reads::Confirmed, weakenings, ..Config::default() }
}

#[test]
fn confirmed_reads_are_linearizable_and_what_is_committed_stays() {
    let (mut answered, mut epochs, mut versions, runs) = (0, 0, 0, runs());
    for seed in 0..runs {
        let outcome = run(confirmed(Weakenings::NONE), seed);
        assert_eq!(outcome.broken, Ok(()), "seed {seed}");
        assert_eq!(outcome.not_linearizable, None, "seed {seed}");
        answered += outcome.answered;
        epochs += outcome.epochs;
        versions += outcome.versions;
    }
    println!("{runs} seeds: {answered} operations answered in {epochs} epochs, {versions} configurations");
    assert!(
        answered > 10 * runs && epochs > 2 * runs && versions > 4 * runs,
        "{answered} answers in {epochs} epochs tell too little"
    );
}

/// The same protocol with Kafka's reads: nothing committed is lost, and reads can be stale.
#[test]
fn reads_that_nobody_confirmed_can_be_stale_and_lose_nothing() {
    for reads in [Reads::Leader, Reads::Any] {
        let config = Config { reads, ..Config::default() };
        for seed in 0..runs() {
            assert_eq!(run(config.clone(), seed).broken, Ok(()), "{reads:?}, seed {seed}");
        }
        let stale = (0..4000).find_map(|seed| Some((seed, run(config.clone(), seed).not_linearizable?)));
        let (seed, what) = stale.unwrap_or_else(|| panic!("no stale read under {reads:?}"));
        println!("{reads:?}: seed {seed}, {what}");
    }
}

/// Kafka acknowledges from memory (KIP-966): a crash may take what was acknowledged.
#[test]
fn what_is_acknowledged_from_memory_can_be_lost() {
    let memory = Config { durability: Durability::AcknowledgeThenSync, ..confirmed(Weakenings::NONE) };
    let lost = (0..2000).find_map(|seed| Some((seed, run(memory.clone(), seed).not_linearizable?)));
    assert!(lost.is_some(), "nothing was lost");
}

#[test]
fn every_weakening_of_in_sync_sets_is_found() {
    for &weakening in Weakening::ALL {
        let config = confirmed(Weakenings::NONE.with(weakening));
        let caught = (0..2000).find_map(|seed| {
            let outcome = run(config.clone(), seed);
            Some((seed, outcome.not_linearizable.or(outcome.broken.err())?))
        });
        let (seed, what) = caught.unwrap_or_else(|| panic!("{} was not found", weakening.name()));
        println!("{:34} seed {seed}, {what}", weakening.name());
    }
}
