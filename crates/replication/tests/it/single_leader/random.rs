//! Single-leader replication in a small random world, under the settings that lose nothing: what was acknowledged, or
//! shown to a reader, is in the log of every later leader. Each weakening loses something.

use std::collections::BTreeMap;

use anachron_node::RequestId;
use anachron_replication::single_leader::{
    Command, Config, Epoch, Failover, Index, Replication, SingleLeader, Timer, Weakening, Weakenings,
};
use anachron_vocabulary::{NodeId, VirtualDuration};

use crate::kit::shuffle::{Weather, World};

const NODES: u16 = 3;
const STEPS: usize = 1500;
const WEATHER: Weather = Weather { drop: 30, duplicate: 30, timer: 60, crash: 8 };

/// Majorities on both sides: k + 1 nodes acknowledge a write, a majority elects.
fn safe(weakenings: Weakenings) -> Config {
    let failover = Failover::Automatic {
        heartbeat_interval: VirtualDuration::millis(50),
        suspicion_timeout: VirtualDuration::millis(200),
    };
    let replication = Replication::SemiSynchronous { followers: 1 };
    Config { failover, replication, weakenings, ..Config::default() }
}

/// What clients may rely on: this write, acknowledged or read in that epoch.
type Relied = BTreeMap<RequestId, Epoch>;

/// What comes of a seed: what was lost, and how many writes were acknowledged, and how many epochs there were.
fn run(weakenings: Weakenings, seed: u64) -> (Option<String>, usize, u64) {
    let mut world = World::<SingleLeader>::new(safe(weakenings), NODES, WEATHER, seed);
    let mut relied = Relied::new();
    let mut known = 0;
    let mut newest = 0;
    for step in 0..STEPS {
        let open: Vec<usize> =
            (0..world.operations.len()).filter(|&index| world.operations[index].answered.is_none()).collect();
        world.step();
        let fresh = open.into_iter().chain(known..world.operations.len());
        let answered: Vec<_> = fresh
            .filter(|&index| world.operations[index].answered.is_some())
            .map(|index| world.operations[index].clone())
            .collect();
        known = world.operations.len();
        for operation in answered {
            let Some(leader) = world.driver.replica(operation.node) else { continue };
            // What a read shows was written by somebody; zero was not.
            let write =
                world.operations.iter().find(|write| write.is_write && write.value == operation.value);
            if let Some(write) = write {
                let epoch = leader.epoch();
                relied.entry(write.id).and_modify(|first| *first = epoch.min(*first)).or_insert(epoch);
            }
        }
        let leaders: Vec<&SingleLeader> = (0..NODES)
            .filter_map(|node| world.driver.replica(NodeId(node)))
            .filter(|node| node.is_leader())
            .collect();
        for leader in leaders {
            newest = newest.max(leader.epoch().number);
            if let Some(lost) = lacks(leader, &relied) {
                return (Some(format!("step {step}: {lost}")), relied.len(), newest);
            }
        }
        if step % 10 == 0 {
            logs_match(&world);
        }
    }
    (None, relied.len(), newest)
}

/// What a leader lacks of what was relied on before its epoch.
fn lacks(leader: &SingleLeader, relied: &Relied) -> Option<String> {
    let has = |id: RequestId| {
        (1..=leader.log().end().0).any(|index| {
            let entry = leader.log().get(Index(index)).expect("inside the log");
            matches!(&entry.command, Command::Client(request) if request.id == id)
        })
    };
    relied.iter().find(|&(&id, &epoch)| epoch < leader.epoch() && !has(id)).map(|(id, epoch)| {
        format!("the leader of {} lacks {id:?}, which was relied on in {epoch}", leader.epoch())
    })
}

/// Two logs with an entry of one epoch at one index are the same up to there.
fn logs_match(world: &World<SingleLeader>) {
    let logs: Vec<_> =
        (0..NODES).filter_map(|node| world.driver.replica(NodeId(node))).map(SingleLeader::log).collect();
    for (index, one) in logs.iter().enumerate() {
        for other in &logs[index + 1..] {
            let mut same = false;
            for place in (1..=one.end().min(other.end()).0).rev().map(Index) {
                same = same || one.point(place) == other.point(place);
                assert!(!same || one.get(place) == other.get(place), "{one:?}\n{other:?}");
            }
        }
    }
}

#[test]
fn with_majorities_nothing_is_lost_that_a_client_relies_on() {
    let (mut writes, mut epochs) = (0, 0);
    for seed in 0..200 {
        let (lost, relied, newest) = run(Weakenings::NONE, seed);
        assert_eq!(lost, None, "seed {seed}");
        writes += relied;
        epochs += newest;
    }
    assert!(
        writes > 200 * 5 && epochs > 200 * 3,
        "{writes} writes, {epochs} epochs: the world is too rough to tell"
    );
}

/// DDIA §5: eventual consistency. Acknowledged writes may be gone, but all nodes hold the same.
#[test]
fn asynchronous_nodes_agree_once_the_network_is_quiet() {
    let mut written = 0;
    for seed in 0..100 {
        let config = Config { replication: Replication::Asynchronous, ..safe(Weakenings::NONE) };
        let mut world = World::<SingleLeader>::new(config, NODES, WEATHER, seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.heal(30, |driver, node, timer, round| {
            let leads = |node| driver.replica(node).is_some_and(SingleLeader::is_leader);
            match timer {
                Timer::Suspicion => {
                    round % usize::from(NODES) == node.index() && !(0..NODES).map(NodeId).any(leads)
                }
                _ => true,
            }
        });
        let agreed = world.agreement();
        assert!(agreed.is_some(), "seed {seed}: {}", world.driver.run("view\ncontents").expect("commands"));
        written += usize::from(agreed.is_some_and(|held| !held.is_empty()));
    }
    assert!(written > 90, "only in {written} of 100 worlds was anything written");
}

#[test]
fn every_weakening_loses_something() {
    for &weakening in Weakening::ALL {
        let set = Weakenings::NONE.with(weakening);
        let found = (0..2000).find(|&seed| run(set, seed).0.is_some());
        assert!(found.is_some(), "{} was not found", weakening.name());
    }
}
