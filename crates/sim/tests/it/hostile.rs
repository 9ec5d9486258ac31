//! Descriptions that make no sense stop with a sentence; extreme ones that do make sense run.

use std::panic::{AssertUnwindSafe, catch_unwind};

use anachron_node::OperatorCommand;
use anachron_sim::plan::FaultPlan;
use anachron_sim::{
    Afterwards, ClockSettings, Distribution, Fault, Generated, Link, NodeChoice, OperationKind,
    OperatorAction, ScheduledFault, ScriptedOperation, SpecialLink, UnsyncedTail, Values, Workload, World,
};
use anachron_trace::Endpoint;
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, VirtualDuration, VirtualTime};

use crate::kit::puppet::{Do, On, Rules, play};
use crate::kit::store::Settings;
use crate::kit::{KEY, at, c, client, constant, disk, fault, forever, ms, n, ratio, script, world, write};

/// What the simulator says when it is given this world. The panic's own output is expected in the test's.
fn complaint(world: &World) -> String {
    let run = || {
        anachron_sim::simulate::<crate::kit::puppet::Puppet>(
            world,
            &Rules::default(),
            &mut anachron_trace::Blind,
        )
    };
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("this world makes no sense");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned())).expect("a message")
}

/// Two nodes and one client that writes, changed.
fn changed(change: impl FnOnce(&mut World)) -> World {
    let mut world = world(2);
    world.clients = vec![client("alice", script(&[(10, write(1))]))];
    change(&mut world);
    world
}

#[track_caller]
fn refused(expected: &str, change: impl FnOnce(&mut World)) {
    let found = complaint(&changed(change));
    assert!(found.contains(expected), "it says `{found}`, not `{expected}`");
}

#[test]
fn a_cluster_without_nodes() {
    refused("at least one node", |world| world.nodes = 0);
    refused("at least one node", |world| {
        world.nodes = 0;
        world.afterwards = Some(Afterwards { settle: ms(1), probe: (KEY, Operation::Read), within: ms(1) });
    });
}

#[test]
fn names_of_nobody() {
    // A node beyond the cluster was taken for a client, or for another link altogether, without a word.
    let pause = |node| forever(1, Fault::Pause { node: NodeId(node) });
    refused("fault 0 (fault at 1) names n3, but there are 2 nodes", |world| world.faults = vec![pause(2)]);
    let cut = |from, to| forever(1, Fault::Cut { from: vec![from], to: vec![to] });
    refused("names n3", |world| world.faults = vec![cut(n(2), n(0))]);
    refused("names n3", |world| world.faults = vec![cut(n(0), n(2))]);
    refused("names client c2, but there are 1 clients", |world| world.faults = vec![cut(n(0), c(1))]);
    let wide = Fault::Partition { groups: vec![vec![n(0)], vec![Endpoint::Client(ClientId(u32::MAX))]] };
    refused("names client", |world| world.faults = vec![forever(1, wide)]);
    let special = |from, to| SpecialLink { from, to, link: Link::reliable(constant(1)) };
    refused("a special link names n9", |world| world.special_links = vec![special(n(0), n(8))]);
    refused("to itself", |world| world.special_links = vec![special(n(1), n(1))]);
    let action = OperatorAction { at: at(1), node: NodeId(7), command: OperatorCommand::Promote };
    refused("operator action 0 names n8", |world| world.operator = vec![action]);
    refused("more clocks or disks than nodes", |world| world.clocks = vec![ClockSettings::default(); 3]);
    refused("more clocks or disks than nodes", |world| world.disks = vec![disk(1); 3]);
    refused("two clients are called `alice`", |world| world.clients.push(world.clients[0].clone()));
    refused("two keys are called `x`", |world| world.keys = vec!["x".to_owned(), "x".to_owned()]);
}

#[test]
fn clients_with_nobody_or_nothing_to_ask() {
    let choose = |choice| move |world: &mut World| world.clients[0].choice = choice;
    refused("client alice names n3", choose(NodeChoice::Fixed(NodeId(2))));
    refused("client alice names n3", choose(NodeChoice::Leader(vec![NodeId(0), NodeId(2)])));
    refused("client alice has no node to ask", choose(NodeChoice::RoundRobin(vec![])));
    refused("client alice has no node to ask", choose(NodeChoice::Sticky(vec![])));
    refused("client alice has no node to ask", choose(NodeChoice::Leader(vec![])));
    let scripted = ScriptedOperation { at: at(1), key: Key(9), operation: Operation::Read, node: None };
    let named = ScriptedOperation { key: KEY, node: Some(NodeId(4)), ..scripted.clone() };
    refused("key 9, which has no name", |world| world.clients[0].workload = Workload::Script(vec![scripted]));
    refused("client alice names n5", |world| world.clients[0].workload = Workload::Script(vec![named]));
    let generated = Generated {
        start: at(0),
        operations: 3,
        think_time: constant(1),
        keys: vec![(1, KEY)],
        mix: vec![(1, OperationKind::Write)],
        values: Values::Unique,
    };
    let generate =
        |generated| move |world: &mut World| world.clients[0].workload = Workload::Generated(generated);
    refused("nothing to ask", generate(Generated { mix: vec![], ..generated.clone() }));
    refused(
        "nothing to ask",
        generate(Generated { mix: vec![(0, OperationKind::Read)], ..generated.clone() }),
    );
    refused("no key to ask of", generate(Generated { keys: vec![], ..generated.clone() }));
    refused("no key to ask of", generate(Generated { keys: vec![(0, KEY)], ..generated.clone() }));
    refused("key 5", generate(Generated { keys: vec![(1, Key(5))], ..generated.clone() }));
    refused("unique values or more", generate(Generated { operations: 1_000_000, ..generated.clone() }));
    refused("below zero", generate(Generated { values: Values::Below(0), ..generated }));
}

#[test]
fn faults_that_end_before_they_begin() {
    // The end came first and meant nothing; then the fault began and never ended.
    let pause = Fault::Pause { node: NodeId(0) };
    refused("ends before it has begun", |world| world.faults = vec![fault(50, 40, pause.clone())]);
    refused("ends before it has begun", |world| world.faults = vec![fault(50, 50, pause)]);
    let both = Fault::Partition { groups: vec![vec![n(0)], vec![n(1), n(0)]] };
    refused("puts n1 on two sides", |world| world.faults = vec![forever(1, both)]);
    let still = Fault::Flapping {
        from: vec![n(0)],
        to: vec![n(1)],
        period: VirtualDuration::ZERO,
        down: ratio(1, 2),
    };
    refused("has no period", |world| world.faults = vec![forever(1, still)]);
}

#[test]
fn distributions_of_nonsense() {
    let latency = |latency| move |world: &mut World| world.network.latency = latency;
    refused("from 2 ms down to 1 ms", latency(Distribution::Uniform { low: ms(2), high: ms(1) }));
    refused("a spread of NaN", latency(Distribution::LogNormal { median: ms(1), sigma: f64::NAN }));
    refused("a shape of 0", latency(Distribution::Pareto { minimum: ms(1), shape: 0.0 }));
    refused(
        "a shape of -1",
        latency(Distribution::Shifted {
            by: ms(1),
            rest: Box::new(Distribution::Pareto { minimum: ms(1), shape: -1.0 }),
        }),
    );
    refused("a mixture of nothing", latency(Distribution::Mixture(vec![(0, constant(1))])));
    refused(
        "a mixture within",
        latency(Distribution::Mixture(vec![(1, Distribution::Mixture(vec![(1, constant(1))]))])),
    );
}

#[test]
fn runs_longer_than_history_can_tell() {
    refused("292 years", |world| world.duration = VirtualDuration(u64::MAX));
    refused("292 years", |world| {
        world.duration = VirtualDuration(u64::MAX / 4);
        let long = VirtualDuration(u64::MAX / 2);
        world.afterwards = Some(Afterwards { settle: long, probe: (KEY, Operation::Read), within: long });
    });
}

#[test]
#[should_panic(expected = "at least one node")]
fn a_plan_for_no_nodes() {
    FaultPlan::default().draw(1, 0);
}

#[test]
#[should_panic(expected = "n1 sends to n10, which is not in the cluster")]
fn a_replica_that_sends_to_nobody() {
    play(&world(2), &[(0, On::Boot, vec![Do::Send(9, "hello")])]);
}

#[test]
#[should_panic(expected = "n1 names n10 as leader, which is not in the cluster")]
fn a_replica_that_names_a_leader_that_does_not_exist() {
    let refuse =
        anachron_node::Answer::Refused(anachron_node::Refusal::NotLeader { leader: Some(NodeId(9)) });
    play(&changed(|_| {}), &[(0, On::EveryRequest, vec![Do::AnswerLast(refuse)])]);
}

#[test]
fn the_longest_times_there_are_run_to_their_end() {
    let longest = VirtualDuration(i64::MAX.cast_unsigned());
    let mut extreme = changed(|world| {
        world.duration = longest;
        world.network.latency = Distribution::Constant(VirtualDuration(u64::MAX));
        world.disks = vec![anachron_sim::DiskSettings {
            write: Distribution::Constant(VirtualDuration(u64::MAX)),
            sync: Distribution::Constant(VirtualDuration(u64::MAX)),
        }];
        world.clocks = vec![
            ClockSettings { offset: i64::MAX, drift_ppm: i32::MAX },
            ClockSettings { offset: i64::MIN, drift_ppm: i32::MIN },
        ];
    });
    extreme.clients[0].timeout = VirtualDuration(u64::MAX);
    let node = NodeId(0);
    extreme.faults = vec![
        ScheduledFault {
            at: VirtualTime::MAX,
            until: None,
            fault: Fault::Pause { node },
            label: String::new(),
        },
        ScheduledFault {
            at: at(5),
            until: Some(VirtualTime::MAX),
            fault: Fault::ClockDrift { node, ppm: i32::MIN },
            label: String::new(),
        },
        forever(6, Fault::ClockStep { node, by: i64::MIN }),
        forever(7, Fault::ClockStep { node, by: i64::MAX }),
    ];
    let never = Do::Timer("never", VirtualDuration(u64::MAX));
    let boot = vec![never.clone(), Do::Timer("t", ms(1)), Do::Send(1, "m"), Do::Append(1), Do::Sync];
    let rules = [(0, On::Boot, boot.clone()), (1, On::Boot, boot), (0, On::Timer("t"), vec![never])];
    let (run, watch) = play(&extreme, &rules);
    assert!(!run.step_limit_reached);
    assert_eq!(run.history.records[0].end, None);
    assert_eq!(watch.timers(0).len(), 1);
    assert!(watch.events.iter().all(|event| event.time.0 <= longest.0));
}

#[test]
fn worlds_that_never_rest_are_cut_off() {
    // In no time at all: two nodes that answer each other over links of no length.
    let mut eager = World { step_limit: 5_000, ..world(2) };
    eager.network.latency = Distribution::ZERO;
    let rules = [
        (0, On::Boot, vec![Do::Send(1, "ping")]),
        (1, On::Message("ping"), vec![Do::Send(0, "pong")]),
        (0, On::Message("pong"), vec![Do::Send(1, "ping")]),
    ];
    let (run, watch) = play(&eager, &rules);
    assert!(run.step_limit_reached);
    assert_eq!(run.statistics.steps, 5_000);
    assert!(watch.events.iter().all(|event| event.time == VirtualTime::ZERO));
    // A timer of no length, and a client with no patience.
    let rules =
        [(0, On::Boot, vec![Do::Timer("t", ms(0))]), (0, On::Timer("t"), vec![Do::Timer("t", ms(0))])];
    assert!(play(&eager, &rules).0.step_limit_reached);
    let mut hasty = changed(|world| world.step_limit = 5_000);
    hasty.clients[0].timeout = VirtualDuration::ZERO;
    hasty.clients[0].retry = anachron_sim::Retry {
        backoff: Distribution::ZERO,
        ..crate::kit::retry(u32::MAX, anachron_sim::AfterTimeout::NewRequest)
    };
    assert!(play(&hasty, &[]).0.step_limit_reached);
    // A limit of nothing at all.
    let (run, _) = play(&World { step_limit: 0, ..world(2) }, &[]);
    assert!(run.step_limit_reached && run.history.records.is_empty());
}

#[test]
fn a_hundred_quiet_nodes_cost_nothing() {
    let quiet = World { duration: VirtualDuration::secs(1_000_000_000), ..world(100) };
    let (run, _) = play(&quiet, &[]);
    assert_eq!(run.statistics.steps, 100, "they boot, and that is all");
}

#[test]
fn one_node_alone_is_a_cluster() {
    let mut lone =
        World { clients: vec![client("a", script(&[(10, write(1)), (20, Operation::Read)]))], ..world(1) };
    lone.faults =
        vec![fault(15, 18, Fault::Crash { node: NodeId(0), tail: UnsyncedTail::Lose, wipe: false })];
    let run = anachron_sim::simulate::<crate::kit::store::Store>(
        &lone,
        &Settings::default(),
        &mut anachron_trace::Blind,
    );
    let read = &run.history.records[1].outcome;
    assert_eq!(*read, anachron_vocabulary::Outcome::Ok(anachron_vocabulary::Reply::Value(1.into())));
}
