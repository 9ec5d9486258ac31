//! The same world is the same run: a thousand times, watched or not, alone or beside others.

use anachron_sim::plan::{FaultKind, FaultPlan, PlannedFault};
use anachron_sim::{
    AfterTimeout, Afterwards, ClientPlan, ClockSettings, DiskSettings, Distribution, Generated, Link,
    NodeChoice, OperationKind, Retry, Run, Values, Workload, World, simulate,
};
use anachron_trace::{Blind, Event, Recorder};
use anachron_vocabulary::{Key, NodeId, Operation};

use crate::kit::chatter::{Pace, chat_blindly};
use crate::kit::puppet::{Do, On, play};
use crate::kit::store::{Settings, Store};
use crate::kit::watch::Watch;
use crate::kit::{KEY, at, client, constant, disk, fault, ms, n, once, ratio, uniform, world};

/// A world in which everything happens.
fn busy(seed: u64) -> World {
    let mut world = World { seed, duration: ms(600), ..world(3) };
    world.network = Link {
        latency: Distribution::Mixture(vec![
            (9, uniform(1, 5)),
            (1, Distribution::Pareto { minimum: ms(5), shape: 1.5 }),
        ]),
        drop: ratio(1, 20),
        duplicate: ratio(1, 20),
        reorder: ratio(1, 20),
        fifo: false,
    };
    world.client_network =
        Link { drop: ratio(1, 20), ..Link::reliable(Distribution::Exponential { mean: ms(1) }) };
    world.clocks = vec![
        ClockSettings { offset: 5_000, drift_ppm: 200 },
        ClockSettings { offset: -9, drift_ppm: -3_000 },
    ];
    world.disks = vec![DiskSettings { write: uniform(0, 1), sync: uniform(1, 6) }; 3];
    let workload = Workload::Generated(Generated {
        start: at(0),
        operations: 20,
        think_time: Distribution::Exponential { mean: ms(5) },
        keys: vec![(1, Key(0)), (1, Key(1))],
        mix: vec![(3, OperationKind::Read), (2, OperationKind::Write), (1, OperationKind::CompareAndSet)],
        values: Values::Below(5),
    });
    let behaviour = Retry { deadline: Some(ms(100)), backoff: uniform(1, 9), ..once() };
    let plan = |name: &str, choice, after_timeout| ClientPlan {
        choice,
        retry: Retry { attempts: 4, after_timeout, ..behaviour.clone() },
        ..client(name, workload.clone())
    };
    let all: Vec<_> = (0..3).map(NodeId).collect();
    world.clients = vec![
        plan("a", NodeChoice::Leader(all.clone()), AfterTimeout::SameRequest),
        plan("b", NodeChoice::Sticky(all), AfterTimeout::NewRequest),
        plan("c", NodeChoice::Nearest, AfterTimeout::GiveUp),
    ];
    let kinds = [
        FaultKind::Split,
        FaultKind::OneWay,
        FaultKind::Crash(None),
        FaultKind::Pause,
        FaultKind::ClockDrift(100_000),
        FaultKind::Slow(uniform(1, 30)),
    ];
    let planned = |kind| PlannedFault { kind, mean_interval: ms(150), mean_duration: ms(40) };
    let plan = FaultPlan {
        kinds: kinds.map(planned).to_vec(),
        from: at(0),
        until: at(500),
        max_nodes_down: 2,
        max_nodes_crashed: u16::MAX,
    };
    world.faults = plan.draw(seed, 3);
    world.afterwards = Some(Afterwards { settle: ms(300), probe: (KEY, Operation::Read), within: ms(300) });
    world
}

fn blind(seed: u64) -> Run {
    simulate::<Store>(&busy(seed), &Settings::default(), &mut Blind)
}

fn watched(seed: u64) -> (Run, Vec<Event>) {
    let mut recorder = Recorder::default();
    let run = simulate::<Store>(&busy(seed), &Settings::default(), &mut recorder);
    (run, recorder.events)
}

#[track_caller]
fn assert_same(left: &Run, right: &Run) {
    assert_eq!(left.fingerprint, right.fingerprint);
    assert_eq!(left.history.records, right.history.records);
    assert_eq!(left.statistics, right.statistics);
    assert_eq!(left.rest, right.rest);
    assert_eq!(left.step_limit_reached, right.step_limit_reached);
}

#[test]
fn a_thousand_runs_are_one() {
    let first = blind(1);
    assert!(first.statistics.steps > 300 && first.statistics.lost() > 10 && first.statistics.duplicated > 0);
    for _ in 1..1_000 {
        assert_same(&first, &blind(1));
    }
}

#[test]
#[allow(clippy::disallowed_methods)] // the very question is whether threads matter
fn four_threads_beside_each_other_run_the_same() {
    let alone: Vec<_> = (0..100).map(blind).collect();
    let beside = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| (0..100).map(blind).collect::<Vec<_>>())).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread")).collect::<Vec<_>>()
    });
    for runs in beside {
        for (left, right) in alone.iter().zip(&runs) {
            assert_same(left, right);
        }
    }
}

#[test]
fn an_observer_changes_nothing_and_sees_the_same_twice() {
    for seed in 0..50 {
        let (run, events) = watched(seed);
        assert_same(&run, &blind(seed));
        assert_eq!(events, watched(seed).1);
        run.history.validate().expect("a well-formed history");
        Watch::new(events);
    }
}

#[test]
fn every_seed_is_a_run_of_its_own() {
    let mut prints: Vec<_> = (0..300).map(|seed| blind(seed).fingerprint).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 300);
}

#[test]
fn the_fingerprint_of_one_world_is_pinned() {
    // The same in debug and release, on every machine. It changes with the version of the simulator only: a change
    // here makes replay lines worthless, so say in the changelog why it had to be.
    let mut plain = world(3);
    plain.network = Link {
        drop: ratio(1, 10),
        duplicate: ratio(1, 10),
        ..Link::reliable(Distribution::LogNormal { median: ms(4), sigma: 0.7 })
    };
    assert_eq!(
        chat_blindly(&plain, &Pace::default()).fingerprint.to_string(),
        "e6dd640c071ad9dd7e6ce5b91c487195"
    );
}

#[test]
fn the_fingerprint_sees_one_message() {
    let usual = chat_blindly(&world(3), &Pace::default());
    let other = chat_blindly(&world(3), &Pace { fifth: 6, ..Pace::default() });
    assert_eq!(usual.statistics, other.statistics);
    assert_ne!(usual.fingerprint, other.fingerprint);
}

#[test]
fn the_fingerprint_sees_a_message_that_was_lost() {
    // A lost message left no mark: a run in which the network lost it and one in which it was never sent were equal
    // as long as nobody else noticed.
    let cut = |from| fault(from, 900, anachron_sim::Fault::Cut { from: vec![n(0)], to: vec![n(1)] });
    let send =
        |text| [(0, On::Boot, vec![Do::Timer("t", ms(100))]), (0, On::Timer("t"), vec![Do::Send(1, text)])];
    let silent = [(0, On::Boot, vec![Do::Timer("t", ms(100))])];
    let mut world = world(2);
    world.faults = vec![cut(50)];
    let lost = play(&world, &send("m")).0;
    assert_eq!(lost.statistics.cut, 1);
    assert_ne!(lost.fingerprint, play(&world, &silent).0.fingerprint);
    // What was lost and why counts too.
    assert_ne!(lost.fingerprint, play(&world, &send("other")).0.fingerprint);
    world.network.drop = ratio(1, 1);
    assert_ne!(lost.fingerprint, play(&World { faults: vec![cut(800)], ..world }, &send("m")).0.fingerprint);
}

#[test]
fn the_fingerprint_sees_what_is_written_to_disk() {
    // The contract says that records are part of the fingerprint; they were not.
    let rules = |record| [(0, On::Boot, vec![Do::Append(record), Do::Sync])];
    let mut world = world(1);
    world.disks = vec![disk(3)];
    assert_ne!(play(&world, &rules(1)).0.fingerprint, play(&world, &rules(2)).0.fingerprint);
}

#[test]
fn the_fingerprint_sees_time() {
    let mut slower = world(2);
    slower.network.latency = constant(2);
    let rules = [(0, On::Boot, vec![Do::Send(1, "m")])];
    assert_ne!(play(&world(2), &rules).0.fingerprint, play(&slower, &rules).0.fingerprint);
}
