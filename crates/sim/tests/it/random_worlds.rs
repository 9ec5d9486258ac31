//! Random worlds with random faults and clients, held against everything that must be true of any run.

use std::collections::BTreeMap;

use anachron_sim::plan::{FaultKind, FaultPlan, PlannedFault};
use anachron_sim::{
    AfterTimeout, Afterwards, ClientPlan, ClockSettings, DiskSettings, Distribution, Fault, Generated, Link,
    NodeChoice, OperationKind, Retry, Run, ScheduledFault, UnsyncedTail, Values, Workload, World, simulate,
};
use anachron_trace::{Blind, Endpoint, Event, Happening, Recorder};
use anachron_vocabulary::{Key, NodeId, Operation, Outcome, VirtualDuration, VirtualTime};
use proptest::prelude::*;

use crate::kit::store::{Settings, Store};
use crate::kit::watch::{Journey, Watch};
use crate::kit::{KEY, at, c, client, ms, n, ratio, world};

fn micros(range: std::ops::Range<u64>) -> impl Strategy<Value = VirtualDuration> {
    range.prop_map(VirtualDuration::micros)
}

fn distribution() -> BoxedStrategy<Distribution> {
    let simple = prop_oneof![
        Just(Distribution::ZERO),
        micros(0..5_000).prop_map(Distribution::Constant),
        (micros(0..4_000), micros(0..9_000))
            .prop_map(|(low, width)| Distribution::Uniform { low, high: low + width }),
        micros(0..5_000).prop_map(|mean| Distribution::Exponential { mean }),
        (micros(1..5_000), 0_u8..30)
            .prop_map(|(median, tenths)| Distribution::LogNormal { median, sigma: f64::from(tenths) / 10.0 }),
        (micros(1..2_000), 5_u8..40)
            .prop_map(|(minimum, tenths)| Distribution::Pareto { minimum, shape: f64::from(tenths) / 10.0 }),
    ];
    let pair = (1_u32..9, simple.clone(), 0_u32..9, simple.clone());
    prop_oneof![
        4 => simple,
        1 => pair.prop_map(|(a, left, b, right)| Distribution::Mixture(vec![(a, left), (b, right)])),
    ]
    .boxed()
}

fn link() -> impl Strategy<Value = Link> {
    (distribution(), 0_u32..4, 0_u32..4, 0_u32..4, any::<bool>()).prop_map(
        |(latency, drop, duplicate, reorder, fifo)| Link {
            latency,
            drop: ratio(drop, 10),
            duplicate: ratio(duplicate, 10),
            reorder: ratio(reorder, 10),
            fifo,
        },
    )
}

fn endpoints(nodes: u16, clients: u32) -> impl Strategy<Value = Vec<Endpoint>> {
    let all: Vec<_> = (0..nodes).map(n).chain((0..clients).map(c)).collect();
    let most = all.len();
    proptest::sample::subsequence(all, 0..=most)
}

fn fault(nodes: u16, clients: u32) -> BoxedStrategy<Fault> {
    let two = || (endpoints(nodes, clients), endpoints(nodes, clients));
    let node = (0..nodes).prop_map(NodeId);
    let tail = prop_oneof![
        Just(UnsyncedTail::Lose),
        Just(UnsyncedTail::Keep),
        Just(UnsyncedTail::Prefix),
        Just(UnsyncedTail::Torn)
    ];
    prop_oneof![
        two().prop_map(|(left, right)| {
            let right = right.into_iter().filter(|endpoint| !left.contains(endpoint)).collect();
            Fault::Partition { groups: vec![left, right] }
        }),
        two().prop_map(|(from, to)| Fault::Cut { from, to }),
        (two(), micros(1..50_000), 0_u32..=10).prop_map(|((from, to), period, down)| Fault::Flapping {
            from,
            to,
            period,
            down: ratio(down, 10)
        }),
        (two(), distribution()).prop_map(|((from, to), extra)| Fault::Slow { from, to, extra }),
        (two(), 0_u32..=10).prop_map(|((from, to), drop)| Fault::Lossy { from, to, drop: ratio(drop, 10) }),
        (two(), 0_u32..=10).prop_map(|((from, to), duplicate)| Fault::Duplicating {
            from,
            to,
            duplicate: ratio(duplicate, 10)
        }),
        (two(), 0_u32..=10).prop_map(|((from, to), reorder)| Fault::Reordering {
            from,
            to,
            reorder: ratio(reorder, 10)
        }),
        // A whole-disk loss of the primary loses acknowledged writes by design; backups may be wiped.
        (node.clone(), tail, any::<bool>()).prop_map(|(node, tail, wipe)| Fault::Crash {
            node,
            tail,
            wipe: wipe && node.0 > 0
        }),
        node.clone().prop_map(|node| Fault::Pause { node }),
        (node.clone(), any::<i64>()).prop_map(|(node, by)| Fault::ClockStep { node, by }),
        (node.clone(), -900_000..2_000_000_i32).prop_map(|(node, ppm)| Fault::ClockDrift { node, ppm }),
        node.clone().prop_map(|node| Fault::ClockFreeze { node }),
        (node, distribution()).prop_map(|(node, extra)| Fault::SlowDisk { node, extra }),
    ]
    .boxed()
}

/// Times fall on few different milliseconds, so that ties are common.
fn scheduled(nodes: u16, clients: u32) -> impl Strategy<Value = ScheduledFault> {
    (0_u64..40, proptest::option::weighted(0.9, 1_u64..20), fault(nodes, clients)).prop_map(
        |(from, length, fault)| {
            let length = length.filter(|_| !matches!(fault, Fault::ClockStep { .. }));
            ScheduledFault {
                at: at(from * 5),
                until: length.map(|length| at((from + length) * 5)),
                fault,
                label: "f".to_owned(),
            }
        },
    )
}

fn choice(nodes: u16) -> impl Strategy<Value = NodeChoice> {
    let list = proptest::collection::vec((0..nodes).prop_map(NodeId), 1..4);
    prop_oneof![
        (0..nodes).prop_map(|node| NodeChoice::Fixed(NodeId(node))),
        list.clone().prop_map(NodeChoice::RoundRobin),
        list.clone().prop_map(NodeChoice::Sticky),
        Just(NodeChoice::Nearest),
        list.prop_map(NodeChoice::Leader),
    ]
}

fn a_client(nodes: u16) -> impl Strategy<Value = ClientPlan> {
    let mix = prop_oneof![
        Just(vec![(1, OperationKind::Read), (1, OperationKind::Write)]),
        Just(vec![(1, OperationKind::CompareAndSet), (1, OperationKind::Append), (1, OperationKind::Read)]),
        Just(vec![(1, OperationKind::Lock)]),
    ];
    let after = prop_oneof![
        Just(AfterTimeout::GiveUp),
        Just(AfterTimeout::SameRequest),
        Just(AfterTimeout::NewRequest)
    ];
    let retry =
        (1_u32..5, distribution(), after, proptest::option::of(1_u64..9), proptest::option::of(0_u64..60));
    let workload = (0_u32..15, distribution(), mix, any::<bool>());
    (choice(nodes), 0_u64..30, retry, workload).prop_map(
        |(
            choice,
            timeout,
            (attempts, backoff, after_timeout, lock, deadline),
            (operations, think_time, mix, unique),
        )| {
            let lock_only = mix[0].1 == OperationKind::Lock;
            let workload = Workload::Generated(Generated {
                start: at(0),
                operations,
                think_time,
                // Locks and values do not share an object.
                keys: vec![(1, if lock_only { Key(1) } else { Key(0) })],
                mix,
                values: if unique { Values::Unique } else { Values::Below(3) },
            });
            let ask_again_for_lock = lock.map(ms);
            let retry =
                Retry { attempts, backoff, after_timeout, ask_again_for_lock, deadline: deadline.map(ms) };
            ClientPlan { choice, timeout: ms(timeout), retry, ..client("", workload) }
        },
    )
}

prop_compose! {
    fn any_world()(nodes in 1_u16..5, clients in 0_u32..4)(
        seed in any::<u64>(),
        network in link(),
        client_network in link(),
        clocks in proptest::collection::vec((-1_000_000_000..1_000_000_000_i64, -300_000..300_000_i32), 0..=usize::from(nodes)),
        disks in proptest::collection::vec((distribution(), distribution()), 0..=usize::from(nodes)),
        plans in proptest::collection::vec(a_client(nodes), clients as usize),
        faults in proptest::collection::vec(scheduled(nodes, clients), 0..12),
        afterwards in any::<bool>(),
        step_limit in prop_oneof![9 => Just(200_000_u64), 1 => 0_u64..500],
        nodes in Just(nodes),
    ) -> World {
        let mut world = World { seed, network, client_network, step_limit, duration: ms(200), faults, ..world(nodes) };
        world.clocks = clocks.into_iter().map(|(offset, drift_ppm)| ClockSettings { offset, drift_ppm }).collect();
        world.disks = disks.into_iter().map(|(write, sync)| DiskSettings { write, sync }).collect();
        world.clients = plans;
        for (number, plan) in world.clients.iter_mut().enumerate() {
            plan.name = format!("c{number}");
        }
        world.afterwards = afterwards.then(|| Afterwards { settle: ms(100), probe: (KEY, Operation::Read), within: ms(200) });
        world
    }
}

fn watched(world: &World) -> (Run, Vec<Event>) {
    let mut recorder = Recorder::default();
    let run = simulate::<Store>(world, &Settings::default(), &mut recorder);
    (run, recorder.events)
}

/// Everything that must be true of any run, whatever the world.
fn judge(world: &World, run: &Run, watch: &Watch) {
    run.history.validate().expect("a well-formed history");
    let found = run.statistics;
    let in_flight = watch.journeys.iter().filter(|journey| journey.end.is_none()).count() as u64;
    assert_eq!(found.sent, watch.journeys.len() as u64);
    // What waits for a paused node at the end is in flight.
    assert_eq!(found.sent, found.delivered + found.lost() + in_flight);
    assert_eq!(found.delivered, watch.journeys.iter().filter(|j| j.arrival().is_some()).count() as u64);
    assert_eq!(found.timers, watch.count(|what| matches!(what, Happening::Timer { .. })) as u64);
    assert_eq!(found.syncs, watch.count(|what| matches!(what, Happening::Synced { .. })) as u64);
    for journey in &watch.journeys {
        let of_client = [journey.from, journey.to].iter().any(|end| matches!(end, Endpoint::Client(_)));
        assert!(!(of_client && journey.label.contains("duplicate")), "{journey:?}");
        assert!(journey.end.is_none_or(|(end, _)| end >= journey.sent), "{journey:?}");
    }
    histories_follow_from_messages(world, run, watch);
    pauses_and_cuts_hold(world, watch);
}

/// A client is told ok only if a node said so in time, and failed only if every attempt was refused.
fn histories_follow_from_messages(world: &World, run: &Run, watch: &Watch) {
    let end = VirtualTime::ZERO + world.duration;
    let mut previous: BTreeMap<u32, i64> = BTreeMap::new();
    for record in &run.history.records {
        let call = VirtualTime(record.call.0.cast_unsigned());
        assert!(call <= end);
        if let Some(earlier) = previous.get(&record.client.0) {
            assert!(record.call.0 > *earlier, "an operation is called after the one before has ended");
        }
        let own = Endpoint::Client(record.client);
        let until = record.end.map_or(end, |end| VirtualTime(end.0.cast_unsigned()));
        previous.insert(record.client.0, i64::try_from(until.0).expect("a short run"));
        let serial = |journey: &Journey| journey.label.rsplit("(request ").next().map(str::to_owned);
        let attempts: Vec<_> = watch
            .journeys
            .iter()
            .filter(|journey| journey.from == own && journey.sent >= call && journey.sent <= until)
            .map(serial)
            .collect();
        let answers = |label: &str| {
            let told = |journey: &&Journey| {
                let in_time = journey.arrival().is_some_and(|arrival| arrival <= until);
                journey.to == own
                    && journey.label.starts_with(label)
                    && in_time
                    && attempts.contains(&serial(journey))
            };
            watch.journeys.iter().filter(told).count()
        };
        match record.outcome {
            Outcome::Ok(_) => assert!(answers("ok") > 0, "nobody said so: {record:?}"),
            Outcome::Failed => {
                assert!(record.end.is_some());
                let refused = answers("refused");
                assert_eq!(refused, attempts.len(), "failed, but not every attempt was refused: {record:?}");
            }
            Outcome::Unknown => {}
        }
        let plan = &world.clients[record.client.index()];
        if let (Some(deadline), Some(ended)) = (plan.retry.deadline, record.end) {
            assert!(ended.0.cast_unsigned() <= (call + deadline).0, "later than its deadline: {record:?}");
        }
    }
}

/// Nothing arrives over a link that is cut, and nothing at a node that is down.
fn pauses_and_cuts_hold(world: &World, watch: &Watch) {
    for scheduled in &world.faults {
        let until = scheduled.until.unwrap_or(VirtualTime::MAX).min(VirtualTime::ZERO + world.duration);
        // Arrivals in the last moment may come after the fault has ended.
        let inside = |time: VirtualTime| time > scheduled.at && time < until;
        for journey in &watch.journeys {
            let Some(arrival) = journey.arrival() else { continue };
            let reaches = match &scheduled.fault {
                // A node that was paused when the message came over deals with it later.
                Fault::Cut { from, to } => {
                    !from.contains(&journey.from)
                        || !to.contains(&journey.to)
                        || journey.from == journey.to
                        || world.faults.iter().any(|other| matches!(other.fault, Fault::Pause { .. }))
                }
                Fault::Crash { node, .. } | Fault::Pause { node } => journey.to != Endpoint::Node(*node),
                _ => true,
            };
            assert!(reaches || !inside(arrival), "{journey:?} arrives through {scheduled:?}");
        }
    }
}

/// The store is correct as long as nobody loses the primary's disk, and its clients retry under the same id.
fn reads_are_of_written_values(run: &Run) {
    let written: Vec<_> = run
        .history
        .records
        .iter()
        .filter_map(|record| match &record.operation {
            Operation::Write(value) | Operation::CompareAndSet { new: value, .. } => Some(value.clone()),
            _ => None,
        })
        .collect();
    for record in &run.history.records {
        if let Outcome::Ok(anachron_vocabulary::Reply::Value(value)) = &record.outcome {
            let appended = matches!(value, anachron_vocabulary::Value::Text(_));
            assert!(
                appended || *value == anachron_vocabulary::Value::Null || written.contains(value),
                "{record:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_run_of_every_world_is_consistent_and_repeats(world in any_world()) {
        let (run, events) = watched(&world);
        let (again, same_events) = watched(&world);
        prop_assert_eq!(&events, &same_events);
        let blind = simulate::<Store>(&world, &Settings::default(), &mut Blind);
        for other in [&again, &blind] {
            prop_assert_eq!(run.fingerprint, other.fingerprint);
            prop_assert_eq!(&run.history.records, &other.history.records);
            prop_assert_eq!(run.statistics, other.statistics);
            prop_assert_eq!(&run.rest, &other.rest);
        }
        judge(&world, &run, &Watch::new(events));
        reads_are_of_written_values(&run);
    }

    #[test]
    fn taking_one_fault_away_changes_nothing_before_it(world in any_world(), which in any::<prop::sample::Index>()) {
        prop_assume!(!world.faults.is_empty());
        let which = which.index(world.faults.len());
        let mut without = world.clone();
        let removed = without.faults.remove(which);
        let before = |events: Vec<Event>| -> Vec<(VirtualTime, String)> {
            let told = |event: &Event| !matches!(event.what, Happening::FaultBegins { .. } | Happening::FaultEnds { .. });
            let early = events.into_iter().filter(|event| event.time < removed.at).filter(told);
            early.map(|event| (event.time, format!("{:?}", event.what))).collect()
        };
        let limit = |world: World| World { step_limit: 1_000_000, ..world };
        prop_assert_eq!(before(watched(&limit(world)).1), before(watched(&limit(without)).1));
    }

    #[test]
    fn drawn_plans_run(seed in any::<u64>(), nodes in 1_u16..6, mean in 1_u64..60, most in 0_u16..6) {
        let kinds = [
            FaultKind::Split, FaultKind::Isolate, FaultKind::OneWay, FaultKind::Bridge, FaultKind::Crash(None),
            FaultKind::Pause, FaultKind::ClockFreeze, FaultKind::ClockDrift(900_000), FaultKind::LyingSync,
        ];
        let planned = |kind| PlannedFault { kind, mean_interval: ms(mean), mean_duration: ms(mean) };
        let plan = FaultPlan { kinds: kinds.map(planned).to_vec(), from: at(0), until: at(190), max_nodes_down: most, max_nodes_crashed: u16::MAX };
        let faults = plan.draw(seed, nodes);
        let afterwards = Some(Afterwards { settle: ms(100), probe: (KEY, Operation::Read), within: ms(100) });
        let world = World { seed, duration: ms(200), faults, afterwards, ..world(nodes) };
        let (run, events) = watched(&world);
        judge(&world, &run, &Watch::new(events));
        // The network is sound and everybody is up: the primary answers and the backups have caught up.
        let rest = run.rest.expect("asked");
        prop_assert!(rest.progressed && rest.converged);
    }
}
