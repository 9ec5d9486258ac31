//! Crash, restart, pause and resume.

use anachron_node::OperatorCommand;
use anachron_sim::{Fault, OperatorAction, UnsyncedTail, World};
use anachron_trace::{Happening, Loss};
use anachron_vocabulary::{NodeId, Operation};

use crate::kit::puppet::{Do, On, play};
use crate::kit::{at, c, client, constant, disk, fault, forever, ms, n, script, world};

const N1: NodeId = NodeId(0);

fn crash() -> Fault {
    Fault::Crash { node: N1, tail: UnsyncedTail::Lose, wipe: false }
}

fn pause() -> Fault {
    Fault::Pause { node: N1 }
}

/// Node 1 sends `tick` to node 0 at 10, 20, … ms; node 0 has a timer due at 25 ms.
fn ticking() -> Vec<(u16, On, Vec<Do>)> {
    vec![
        (1, On::Boot, vec![Do::Timer("beat", ms(10))]),
        (1, On::Timer("beat"), vec![Do::Send(0, "tick"), Do::Timer("beat", ms(10))]),
        (0, On::Boot, vec![Do::Timer("due", ms(25))]),
    ]
}

fn ticks(world: &World) -> Vec<String> {
    play(world, &ticking()).1.inputs(0)
}

fn short(faults: Vec<anachron_sim::ScheduledFault>) -> World {
    World { faults, duration: ms(65), ..world(2) }
}

#[test]
fn a_crashed_node_loses_its_timers_and_what_arrives_and_starts_anew() {
    let world = short(vec![fault(15, 45, crash())]);
    let (run, watch) = play(&world, &ticking());
    let expected = [
        "0 boot []",
        "11 message tick from n2",
        "45 boot []",
        "51 message tick from n2",
        "61 message tick from n2",
    ];
    assert_eq!(watch.inputs(0), expected, "the timer of the first life is gone; the second's is due at 70");
    assert_eq!(run.statistics.receiver_down, 3);
    assert_eq!(watch.count(|what| matches!(what, Happening::Lost { why: Loss::ReceiverDown, .. })), 3);
}

#[test]
fn what_a_node_sent_before_it_crashed_still_arrives() {
    let mut world = short(vec![forever(20, crash())]);
    world.network.latency = constant(30);
    let (_, watch) = play(
        &world,
        &[(0, On::Boot, vec![Do::Timer("t", ms(10))]), (0, On::Timer("t"), vec![Do::Send(1, "m")])],
    );
    assert_eq!(watch.inputs(1), ["0 boot []", "40 message m from n1"]);
}

#[test]
fn a_node_that_crashes_at_time_zero_never_ran() {
    // It booted first, sent and set timers, and crashed in the same moment.
    let world = short(vec![fault(0, 30, crash())]);
    let (_, watch) = play(&world, &[(0, On::Boot, vec![Do::Send(1, "born")])]);
    assert_eq!(watch.inputs(0), ["30 boot []"]);
    assert_eq!(watch.inputs(1), ["0 boot []", "31 message born from n1"]);
}

#[test]
fn overlapping_crashes_keep_a_node_down_until_the_last_ends() {
    let world = short(vec![fault(15, 35, crash()), fault(25, 45, crash())]);
    assert_eq!(ticks(&world)[2], "45 boot []");
    // One within the other.
    let world = short(vec![fault(15, 45, crash()), fault(25, 35, crash())]);
    assert_eq!(ticks(&world)[2], "45 boot []");
}

#[test]
fn a_disk_is_wiped_even_if_the_node_is_down_already() {
    // A crash during a crash was ignored altogether, the loss of the disk included.
    let mut world = short(vec![
        fault(15, 35, crash()),
        fault(20, 30, Fault::Crash { node: N1, tail: UnsyncedTail::Lose, wipe: true }),
    ]);
    let rules = [(0, On::Boot, vec![Do::Append(7), Do::Sync])];
    assert_eq!(play(&world, &rules).1.inputs(0)[2], "35 boot [] appended 1");
    world.faults.pop();
    assert_eq!(play(&world, &rules).1.inputs(0)[2], "35 boot [7] appended 1");
}

#[test]
fn a_paused_node_deals_with_what_came_in_one_burst_in_order() {
    let world = short(vec![fault(15, 45, pause())]);
    // 21 message, 25 timer, 31 and 41 messages wait.
    let expected = [
        "0 boot []",
        "11 message tick from n2",
        "45 message tick from n2",
        "45 timer due",
        "45 message tick from n2",
        "45 message tick from n2",
        "51 message tick from n2",
        "61 message tick from n2",
    ];
    assert_eq!(ticks(&world), expected);
}

#[test]
fn what_arrives_in_the_moment_of_resuming_comes_after_the_burst() {
    // The burst was queued behind what was due in the same moment, so a message overtook those that had waited.
    let mut world = short(vec![fault(15, 50, pause())]);
    world.network.fifo = true;
    let numbers = ["a", "b", "c", "d", "e"];
    let mut rules = vec![(1, On::Boot, vec![])];
    for (k, name) in numbers.iter().enumerate() {
        rules[0].2.push(Do::Timer(name, ms(9 + 10 * k as u64)));
        rules.push((1, On::Timer(name), vec![Do::Send(0, name)]));
    }
    let (_, watch) = play(&world, &rules);
    let arrived: Vec<_> = watch
        .inputs(0)
        .iter()
        .skip(1)
        .map(|line| line.split(' ').nth(2).expect("a name").to_owned())
        .collect();
    assert_eq!(arrived, numbers, "{:?}", watch.inputs(0));
}

#[test]
fn a_crash_in_the_moment_of_resuming_loses_the_burst_or_comes_after_it() {
    // The burst was queued, the crash of the same moment came first, and the burst met a node without a replica: a
    // panic.
    for faults in [
        vec![fault(15, 50, pause()), fault(50, 60, crash())],
        vec![fault(50, 60, crash()), fault(15, 50, pause())],
    ] {
        let (run, watch) = play(&short(faults), &ticking());
        assert_eq!(watch.inputs(0).last().expect("inputs"), "61 message tick from n2");
        assert_eq!(run.statistics.sent, run.statistics.delivered + run.statistics.lost());
    }
}

#[test]
fn pauses_overlap_and_follow_each_other() {
    let burst_at = |faults| {
        let lines = ticks(&short(faults));
        lines.iter().find(|line| line.ends_with("timer due")).expect("the timer").clone()
    };
    assert_eq!(burst_at(vec![fault(15, 40, pause()), fault(30, 55, pause())]), "55 timer due");
    assert_eq!(burst_at(vec![fault(15, 55, pause()), fault(30, 40, pause())]), "55 timer due");
    assert_eq!(burst_at(vec![fault(15, 40, pause()), fault(45, 55, pause())]), "40 timer due");
    // Touching: the first pause's end stands before the second's beginning in the schedule, or after it.
    assert_eq!(burst_at(vec![fault(15, 40, pause()), fault(40, 55, pause())]), "40 timer due");
    assert_eq!(burst_at(vec![fault(40, 55, pause()), fault(15, 40, pause())]), "55 timer due");
}

#[test]
fn a_crash_during_a_pause_loses_what_waited() {
    let (run, watch) = play(&short(vec![fault(15, 55, pause()), fault(35, 58, crash())]), &ticking());
    assert_eq!(
        watch.inputs(0),
        ["0 boot []", "11 message tick from n2", "58 boot []", "61 message tick from n2"]
    );
    // Those of 21 and 31 waited; those of 41 and 51 found nobody. All four count as lost, as the trace says.
    assert_eq!(run.statistics.receiver_down, 4);
    assert_eq!(run.statistics.sent, run.statistics.delivered + run.statistics.lost());
}

#[test]
fn a_node_that_restarts_while_it_is_paused_starts_when_the_pause_ends() {
    // It booted in the middle of the pause, and what it sent left a machine that stood still.
    let world = short(vec![fault(15, 55, pause()), fault(25, 35, crash())]);
    let (_, watch) = play(&world, &ticking());
    assert_eq!(
        watch.inputs(0),
        ["0 boot []", "11 message tick from n2", "55 boot []", "61 message tick from n2"]
    );
}

#[test]
fn a_crash_that_finds_a_node_waiting_to_be_booted_is_no_second_crash() {
    // Down, then paused before it could restart, then struck again: it never ran in between.
    let faults = vec![fault(15, 25, crash()), fault(20, 50, pause()), fault(30, 40, crash())];
    let (_, watch) = play(&short(faults), &ticking());
    assert_eq!(watch.count(|what| matches!(what, Happening::Crashed { .. })), 1);
    assert_eq!(watch.inputs(0)[2], "50 boot []");
}

#[test]
fn an_operators_command_waits_for_a_paused_node_too() {
    // It was carried out at once, by a node that takes no steps.
    let mut world = short(vec![fault(15, 45, pause())]);
    world.operator = vec![OperatorAction { at: at(30), node: N1, command: OperatorCommand::Promote }];
    let lines = ticks(&world);
    assert_eq!(
        lines[2..6],
        ["45 message tick from n2", "45 timer due", "45 operator Promote", "45 message tick from n2"]
    );
}

#[test]
fn an_operators_command_reaches_a_node_that_is_up_and_no_other() {
    let mut world = short(vec![fault(15, 45, crash())]);
    let promote = |time| OperatorAction { at: at(time), node: N1, command: OperatorCommand::Promote };
    world.operator = vec![promote(5), promote(30), promote(50)];
    let (_, watch) = play(&world, &[(0, On::Operator, vec![Do::Role("leader", 3)])]);
    assert_eq!(watch.inputs(0), ["0 boot []", "5 operator Promote", "45 boot []", "50 operator Promote"]);
    let roles: Vec<_> = watch
        .events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Role { node: N1, role, term, .. } => Some((event.time.0 / 1_000_000, role, term)),
            _ => None,
        })
        .collect();
    assert_eq!(roles, [(0, "puppet", 0), (5, "leader", 3), (45, "puppet", 0), (50, "leader", 3)]);
}

#[test]
fn requests_syncs_and_timers_wait_in_the_order_of_their_coming() {
    let mut world = World { duration: ms(200), ..world(2) };
    world.disks = vec![disk(20)];
    world.clients = vec![client("a", script(&[(12, Operation::Read)]))];
    world.faults = vec![fault(10, 100, pause())];
    let rules = [
        (0, On::Boot, vec![Do::Append(1), Do::Timer("s", ms(5)), Do::Timer("t", ms(15))]),
        (0, On::Timer("s"), vec![Do::Sync]),
        (1, On::Boot, vec![Do::Timer("m", ms(19))]),
        (1, On::Timer("m"), vec![Do::Send(0, "m")]),
    ];
    let (_, watch) = play(&world, &rules);
    let expected =
        ["0 boot []", "5 timer s", "100 request 0.1", "100 timer t", "100 message m from n2", "100 synced 1"];
    assert_eq!(watch.inputs(0), expected);
}

#[test]
fn a_timer_rearmed_in_the_burst_goes_off_once_each_time() {
    let world = World { duration: ms(100), faults: vec![fault(15, 60, pause())], ..world(1) };
    let rules = [
        (0, On::Boot, vec![Do::Timer("a", ms(20)), Do::Timer("b", ms(30)), Do::Timer("c", ms(40))]),
        // Takes back one that is due and waits behind it, and sets the next one later.
        (0, On::Timer("a"), vec![Do::Cancel("b"), Do::Timer("c", ms(5))]),
        (0, On::Timer("c"), vec![Do::Timer("a", ms(0))]),
    ];
    let (_, watch) = play(&world, &rules);
    let lines: Vec<_> = watch.inputs(0).into_iter().take(6).collect();
    assert_eq!(lines, ["0 boot []", "60 timer a", "65 timer c", "65 timer a", "70 timer c", "70 timer a"]);
}

#[test]
fn a_pause_keeps_messages_that_a_cut_would_have_lost_and_the_other_way_round() {
    // Decided on arrival: before the cut, in it, after it.
    let mut world = short(vec![fault(15, 60, pause())]);
    world.faults.push(fault(30, 40, Fault::Cut { from: vec![n(1)], to: vec![n(0)] }));
    let lines = ticks(&world);
    let burst: Vec<_> = lines.iter().filter(|line| line.starts_with("60 message")).collect();
    assert_eq!(burst.len(), 3, "21, 41 and 51 but not 31: {lines:?}");
}

#[test]
fn a_client_hears_nothing_from_a_paused_node_until_it_goes_on() {
    let mut world = world(1);
    world.clients = vec![client("a", script(&[(20, Operation::Read)]))];
    world.clients[0].timeout = ms(500);
    world.faults = vec![fault(10, 100, pause())];
    let ok = anachron_node::Answer::Ok(anachron_vocabulary::Reply::Done);
    let (run, watch) = play(&world, &[(0, On::EveryRequest, vec![Do::AnswerLast(ok)])]);
    assert_eq!(run.history.records[0].end.map(|end| end.0), Some(101_000_000));
    assert_eq!(watch.link(n(0), c(0)).count(), 1);
}
