//! Drawn fault plans are valid for every cluster, and of the shape they say.

use std::collections::BTreeSet;

use anachron_sim::plan::{FaultKind, FaultPlan, PlannedFault};
use anachron_sim::{Fault, ScheduledFault, simulate};
use anachron_trace::{Endpoint, Recorder};
use anachron_vocabulary::{NodeId, Ratio, VirtualDuration, VirtualTime};

use crate::kit::chatter::{Chatter, Pace};
use crate::kit::watch::Watch;
use crate::kit::{at, constant, ms, ratio, uniform, world};

fn every_kind() -> Vec<FaultKind> {
    vec![
        FaultKind::Split,
        FaultKind::Isolate,
        FaultKind::OneWay,
        FaultKind::Flapping(ms(7), ratio(1, 2)),
        FaultKind::Bridge,
        FaultKind::Slow(uniform(1, 20)),
        FaultKind::Lossy(ratio(1, 2)),
        FaultKind::Duplicating(ratio(1, 2)),
        FaultKind::Reordering(ratio(1, 2)),
        FaultKind::Crash(None),
        FaultKind::Pause,
        FaultKind::ClockStep(ms(500)),
        FaultKind::ClockDrift(400_000),
        FaultKind::ClockFreeze,
        FaultKind::SlowDisk(constant(5)),
        FaultKind::LyingSync,
        FaultKind::CrashWriting(None),
        FaultKind::CrashSyncing(None),
        FaultKind::CrashAll(None),
    ]
}

fn plan(kinds: Vec<FaultKind>) -> FaultPlan {
    let planned = |kind| PlannedFault { kind, mean_interval: ms(200), mean_duration: ms(60) };
    FaultPlan {
        kinds: kinds.into_iter().map(planned).collect(),
        from: at(100),
        until: at(900),
        max_nodes_down: 1,
        max_nodes_crashed: u16::MAX,
    }
}

#[test]
fn every_kind_is_valid_for_every_size_of_cluster() {
    for nodes in 1..=7 {
        for kind in every_kind() {
            let mut drawn = 0;
            for seed in 0..15 {
                let mut world = world(nodes);
                world.seed = seed;
                world.faults = plan(vec![kind.clone()]).draw(seed, nodes);
                drawn += world.faults.len();
                let mut recorder = Recorder::default();
                let run = simulate::<Chatter>(&world, &Pace::default(), &mut recorder);
                Watch::new(recorder.events);
                assert!(!run.step_limit_reached);
            }
            assert!(drawn > 15, "{kind:?} for {nodes} nodes: {drawn} faults");
        }
    }
}

#[test]
fn all_kinds_at_once_run() {
    for seed in 0..100 {
        let mut world = world(5);
        world.seed = seed;
        world.faults = plan(every_kind()).draw(seed, 5);
        let mut recorder = Recorder::default();
        let run = simulate::<Chatter>(&world, &Pace::default(), &mut recorder);
        let watch = Watch::new(recorder.events);
        let in_flight = watch.journeys.iter().filter(|journey| journey.end.is_none()).count() as u64;
        assert_eq!(run.statistics.sent, run.statistics.delivered + run.statistics.lost() + in_flight);
    }
}

fn side(group: &[Endpoint]) -> BTreeSet<u16> {
    let node = |endpoint: &Endpoint| match endpoint {
        Endpoint::Node(NodeId(node)) => *node,
        Endpoint::Client(client) => panic!("a drawn fault names {client}"),
    };
    group.iter().map(node).collect()
}

fn drawn(kind: &FaultKind, nodes: u16) -> Vec<ScheduledFault> {
    (0..200).flat_map(|seed| plan(vec![kind.clone()]).draw(seed, nodes)).collect()
}

#[test]
fn partitions_have_the_shape_they_say() {
    // A bridge of three nodes cut nothing at all half of the time: one of its sides was empty.
    for nodes in 3..=7 {
        for (kind, within) in [(FaultKind::Split, 0), (FaultKind::Isolate, 0), (FaultKind::Bridge, 1)] {
            let mut shapes = BTreeSet::new();
            for scheduled in drawn(&kind, nodes) {
                let Fault::Partition { groups } = &scheduled.fault else { panic!("{scheduled:?}") };
                let [left, right] = [side(&groups[0]), side(&groups[1])];
                assert_eq!(groups.len(), 2);
                assert!(!left.is_empty() && !right.is_empty() && left.is_disjoint(&right), "{scheduled:?}");
                assert_eq!(left.len() + right.len() + within, usize::from(nodes));
                if kind == FaultKind::Isolate {
                    assert_eq!(left.len(), 1);
                }
                shapes.insert((left, right));
            }
            assert!(shapes.len() >= usize::from(nodes), "{kind:?} of {nodes}: {shapes:?}");
        }
        let links: BTreeSet<_> = drawn(&FaultKind::OneWay, nodes)
            .into_iter()
            .map(|scheduled| match scheduled.fault {
                Fault::Cut { from, to } => (side(&from), side(&to)),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            links.len(),
            usize::from(nodes) * usize::from(nodes - 1),
            "every directed link in its turn"
        );
        assert!(links.iter().all(|(from, to)| from != to));
    }
}

#[test]
fn a_power_failure_strikes_every_node_at_the_same_moment_and_each_disk_in_its_own_way() {
    let plan = FaultPlan { max_nodes_down: 4, ..plan(vec![FaultKind::CrashAll(None)]) };
    let drawn: Vec<ScheduledFault> = (0..50).flat_map(|seed| plan.draw(seed, 4)).collect();
    assert!(drawn.len() > 200);
    for failure in drawn.chunks(4) {
        let (at, until) = (failure[0].at, failure[0].until);
        assert!(failure.iter().all(|one| (one.at, one.until) == (at, until)), "{failure:?}");
        let struck: BTreeSet<_> = failure.iter().flat_map(|one| one.fault.nodes()).collect();
        assert_eq!(struck.len(), 4);
        let tails: Vec<_> = failure
            .iter()
            .map(|one| if let Fault::Crash { tail, .. } = one.fault { tail } else { panic!("{one:?}") })
            .collect();
        assert!((1..4).all(|node| !tails[..node].contains(&tails[node])), "{tails:?}");
    }
}

#[test]
fn steps_and_drifts_stay_within_their_bounds_in_both_directions() {
    let steps: Vec<_> = drawn(&FaultKind::ClockStep(ms(500)), 3)
        .into_iter()
        .map(|scheduled| match scheduled.fault {
            Fault::ClockStep { by, .. } => by,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(steps.iter().all(|by| by.abs() <= 500_000_000));
    assert!(steps.iter().any(|by| *by > 400_000_000) && steps.iter().any(|by| *by < -400_000_000));
    let drifts: Vec<_> = drawn(&FaultKind::ClockDrift(100), 3)
        .into_iter()
        .map(|scheduled| match scheduled.fault {
            Fault::ClockDrift { ppm, .. } => ppm,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(drifts.iter().all(|ppm| ppm.abs() <= 100));
    assert!(drifts.iter().any(|ppm| *ppm > 80) && drifts.iter().any(|ppm| *ppm < -80));
}

#[test]
fn extreme_rates_and_times_end() {
    let extreme = |mean_interval, mean_duration, until| FaultPlan {
        kinds: every_kind()
            .into_iter()
            .map(|kind| PlannedFault { kind, mean_interval, mean_duration })
            .collect(),
        from: VirtualTime::ZERO,
        until,
        max_nodes_down: 9,
        max_nodes_crashed: u16::MAX,
    };
    let never = VirtualDuration(u64::MAX);
    assert!(extreme(never, never, at(1_000)).draw(1, 3).is_empty());
    assert!(extreme(ms(1), ms(1), VirtualTime::ZERO).draw(1, 3).is_empty());
    let all = extreme(VirtualDuration::ZERO, VirtualDuration::ZERO, VirtualTime(1_000)).draw(1, 3);
    assert!(all.len() > 1_000);
    let long = extreme(ms(100), ms(100), VirtualTime::MAX).draw(1, 3);
    assert!(long.len() <= 100_000 && !long.is_empty());
    let mut at_once = extreme(VirtualDuration::ZERO, never, at(1_000));
    at_once.kinds = vec![PlannedFault {
        kind: FaultKind::Lossy(Ratio::ONE),
        mean_interval: VirtualDuration::ZERO,
        mean_duration: never,
    }];
    let [only] = at_once.draw(1, 1).try_into().expect("one fault that never ends by itself");
    assert_eq!(only.until, Some(at(1_000)));
}
