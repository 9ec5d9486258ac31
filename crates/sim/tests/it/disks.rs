//! Disks: what is synced stays, what is not may go, and nobody is told too early.

use std::collections::BTreeSet;

use anachron_node::Answer;
use anachron_sim::{DiskSettings, Fault, UnsyncedTail, World};
use anachron_trace::Happening;
use anachron_vocabulary::{NodeId, Operation, Outcome, Reply};

use crate::kit::puppet::{Do, On, play};
use crate::kit::{client, constant, disk, fault, forever, ms, n, script, uniform, world};

const N1: NodeId = NodeId(0);

fn crash(tail: UnsyncedTail, wipe: bool) -> Fault {
    Fault::Crash { node: N1, tail, wipe }
}

/// Writes 1 and 2 and syncs, which takes 10 ms; then writes 3, 4 and 5 and does not.
fn writer() -> Vec<(u16, On, Vec<Do>)> {
    vec![
        (0, On::Boot, vec![Do::Append(1), Do::Append(2), Do::Sync]),
        (0, On::Synced(2), vec![Do::Append(3), Do::Append(4), Do::Append(5)]),
    ]
}

fn disks(sync: u64) -> World {
    World { disks: vec![disk(sync)], ..world(2) }
}

/// How the node of [`writer`] boots after a crash at this time.
fn reboot(seed: u64, time: u64, what: Fault) -> String {
    let world = World { seed, faults: vec![fault(time, 500, what)], ..disks(10) };
    let (_, watch) = play(&world, &writer());
    let lines = watch.inputs(0);
    lines.iter().find_map(|line| line.strip_prefix("500 boot ")).expect("a second boot").to_owned()
}

#[test]
fn a_crash_keeps_what_is_synced_and_of_the_rest_what_it_says() {
    assert_eq!(reboot(1, 100, crash(UnsyncedTail::Lose, false)), "[1, 2] appended 5");
    assert_eq!(reboot(1, 100, crash(UnsyncedTail::Keep, false)), "[1, 2, 3, 4, 5] appended 5");
    assert_eq!(reboot(1, 100, crash(UnsyncedTail::Keep, true)), "[] appended 5");
    assert_eq!(reboot(1, 5, crash(UnsyncedTail::Lose, false)), "[] appended 2");
    assert_eq!(reboot(1, 5, crash(UnsyncedTail::Keep, false)), "[1, 2] appended 2");
}

#[test]
fn a_crash_at_a_sync_waits_for_one_and_leaves_nothing_on_disk() {
    let crash = |tail| Fault::CrashSyncing { node: N1, tail };
    assert_eq!(reboot(1, 5, crash(UnsyncedTail::Lose)), "[] appended 2");
    assert_eq!(reboot(1, 5, crash(UnsyncedTail::Keep)), "[1, 2] appended 2");
    // What was said without waiting for the disk has been said; what waited for it never is.
    let rules = [(
        0,
        On::Boot,
        vec![Do::Append(1), Do::SendAfterSync(0, 1, "at once"), Do::SendAfterSync(1, 1, "synced"), Do::Sync],
    )];
    let world = World { faults: vec![fault(5, 500, crash(UnsyncedTail::Lose))], ..disks(10) };
    let (_, watch) = play(&world, &rules);
    let (heard, told) = (watch.inputs(1), watch.inputs(0));
    assert!(heard.iter().any(|line| line.contains("at once")), "{heard:?}");
    assert!(told.iter().any(|line| line.starts_with("500 boot []")), "{told:?}");
    assert!(!heard.iter().any(|line| line.contains("synced") && line.starts_with("11 ")), "{heard:?}");
    // No sync is due any more: nothing happens.
    let late = World { faults: vec![fault(100, 500, crash(UnsyncedTail::Lose))], ..disks(10) };
    let (_, watch) = play(&late, &writer());
    assert_eq!(watch.inputs(0).iter().filter(|line| line.contains(" boot ")).count(), 1);
}

#[test]
fn a_prefix_is_any_prefix_and_a_torn_tail_stands_behind_what_was_kept() {
    let outcomes = |tail| (0..60).map(|seed| reboot(seed, 100, crash(tail, false))).collect::<BTreeSet<_>>();
    let prefixes = ["[1, 2, 3, 4, 5]", "[1, 2, 3, 4]", "[1, 2, 3]", "[1, 2]"];
    let expect = |torn: &str| {
        let line = |prefix: &&str| {
            let torn = if prefix.contains('5') { "" } else { torn };
            format!("{prefix}{torn} appended 5")
        };
        prefixes.iter().map(line).collect::<BTreeSet<_>>()
    };
    assert_eq!(outcomes(UnsyncedTail::Prefix), expect(""));
    assert_eq!(outcomes(UnsyncedTail::Torn), expect(" torn"));
}

#[test]
fn effects_after_a_sync_come_in_the_order_of_their_positions_and_never_before() {
    let world = disks(10);
    let rules = [
        (
            0,
            On::Boot,
            vec![
                Do::SendAfterSync(0, 1, "at once"),
                Do::Append(1),
                Do::Append(2),
                Do::SendAfterSync(2, 1, "two"),
                Do::SendAfterSync(1, 1, "one"),
                Do::SendAfterSync(2, 1, "two again"),
                Do::SendAfterSync(3, 1, "three"),
                Do::SendAfterSync(4, 1, "never"),
                Do::Sync,
                Do::Append(3),
                Do::Timer("sync", ms(50)),
            ],
        ),
        (0, On::Timer("sync"), vec![Do::Sync]),
        (0, On::Synced(2), vec![Do::SendAfterSync(2, 1, "late")]),
    ];
    let (run, watch) = play(&world, &rules);
    let expected = [
        "0 boot []",
        "1 message at once from n1",
        "11 message one from n1",
        "11 message two from n1",
        "11 message two again from n1",
        "11 message late from n1",
        "61 message three from n1",
    ];
    assert_eq!(watch.inputs(1), expected);
    assert_eq!(watch.inputs(0), ["0 boot []", "10 synced 2", "50 timer sync", "60 synced 3"]);
    assert_eq!(run.statistics.syncs, 2);
}

#[test]
fn effects_that_wait_for_a_sync_die_with_the_node() {
    // The sync of the first life is under way when the node crashes and is back before it would complete: it must
    // neither release what the first life wanted nor make anything of the second durable.
    let mut world = disks(40);
    world.faults = vec![
        fault(10, 20, crash(UnsyncedTail::Lose, false)),
        fault(100, 120, crash(UnsyncedTail::Lose, false)),
    ];
    let rules = [
        (0, On::Boot, vec![Do::Append(7), Do::SendAfterSync(1, 1, "first life"), Do::Sync]),
        (0, On::Restart, vec![Do::Cancel("x")]),
    ];
    let (_, watch) = play(&world, &rules);
    let lines = watch.inputs(0);
    // The second life appends at position 2 (the first is used up): its own sync completes at 60, not at 40.
    assert_eq!(lines[..4], ["0 boot []", "20 boot [] appended 1", "60 synced 2", "120 boot [7] appended 2"]);
    // Position 1 lies behind the second life's beginning, so "after position 1" means at once.
    assert_eq!(watch.inputs(1)[..2], ["0 boot []", "21 message first life from n1"]);
}

#[test]
fn a_crash_in_the_moment_a_sync_completes_comes_first_or_second_but_not_both() {
    // The fault was scheduled before the run, so it comes first in a tie: what was about to be durable is lost and
    // nobody was told.
    let mut world = disks(10);
    world.faults = vec![fault(10, 20, crash(UnsyncedTail::Lose, false))];
    let (_, watch) = play(&world, &writer());
    assert_eq!(watch.inputs(0)[..2], ["0 boot []", "20 boot [] appended 2"]);
}

#[test]
fn an_answer_after_a_sync_reaches_the_client_only_if_the_sync_completes() {
    for (crash_at, outcome) in [(12, Outcome::Unknown), (40, Outcome::Ok(Reply::Done))] {
        let mut world = disks(10);
        world.clients = vec![client("a", script(&[(5, Operation::Read)]))];
        world.faults = vec![fault(crash_at, 60, crash(UnsyncedTail::Lose, false))];
        let done = Answer::Ok(Reply::Done);
        let rules = [(0, On::Request(1), vec![Do::Append(1), Do::AnswerAfterSync(1, 1, done), Do::Sync])];
        let (run, watch) = play(&world, &rules);
        assert_eq!(run.history.records[0].outcome, outcome);
        let kept = if crash_at == 12 { "60 boot [] appended 1" } else { "60 boot [1] appended 1" };
        assert_eq!(watch.inputs(0).last().expect("a boot"), kept);
    }
}

#[test]
fn a_lying_sync_tells_but_does_not_keep() {
    let mut world = disks(10);
    let rules = [
        (
            0,
            On::Boot,
            vec![Do::Append(1), Do::SendAfterSync(1, 1, "safe"), Do::Sync, Do::Timer("t", ms(100))],
        ),
        (0, On::Timer("t"), vec![Do::Append(2), Do::Sync]),
    ];
    let lying = |until| fault(0, until, Fault::LyingSync { node: N1 });
    world.faults = vec![lying(400), fault(200, 300, crash(UnsyncedTail::Lose, false))];
    let (_, watch) = play(&world, &rules);
    assert_eq!(watch.inputs(1)[..2], ["0 boot []", "11 message safe from n1"]);
    assert_eq!(watch.inputs(0)[4], "300 boot [] appended 2");
    // An honest sync afterwards keeps what the lying one did not. Two lies overlap; the longer counts.
    world.faults = vec![lying(20), lying(50), fault(200, 300, crash(UnsyncedTail::Lose, false))];
    assert_eq!(play(&world, &rules).1.inputs(0)[4], "300 boot [1, 2] appended 2");
    world.faults[1] = lying(150);
    assert_eq!(play(&world, &rules).1.inputs(0)[4], "300 boot [] appended 2");
}

#[test]
fn a_slow_disk_slows_syncs_that_are_asked_for_while_it_is_slow() {
    let mut world = disks(10);
    let slow = Fault::SlowDisk { node: N1, extra: constant(100) };
    world.faults = vec![fault(50, 150, slow.clone()), fault(120, 150, slow)];
    let mut rules = vec![(0, On::Boot, vec![])];
    for (name, time) in [("a", 0), ("b", 60), ("c", 130), ("d", 300)] {
        rules[0].2.push(Do::Timer(name, ms(time)));
        rules.push((0, On::Timer(name), vec![Do::Append(1), Do::Sync]));
    }
    let (_, watch) = play(&world, &rules);
    let synced: Vec<_> = watch.inputs(0).into_iter().filter(|line| line.contains("synced")).collect();
    assert_eq!(
        synced,
        ["10 synced 1", "170 synced 2", "340 synced 3", "310 synced 4"].map(|line| match line {
            // Syncs complete in order: the fourth waits for the third.
            "310 synced 4" => "340 synced 4",
            line => line,
        })
    );
}

#[test]
fn writes_hold_up_the_next_sync() {
    let mut world = world(1);
    world.disks = vec![DiskSettings { write: constant(3), sync: constant(10) }];
    let rules = [
        (0, On::Boot, vec![Do::Append(1), Do::Append(2), Do::Sync]),
        (0, On::Synced(2), vec![Do::Append(3), Do::Sync]),
        (0, On::Synced(3), vec![Do::Append(4), Do::Timer("t", ms(50))]),
        (0, On::Timer("t"), vec![Do::Sync]),
    ];
    let (_, watch) = play(&world, &rules);
    let expected = ["0 boot []", "16 synced 2", "29 synced 3", "79 timer t", "92 synced 4"];
    assert_eq!(watch.inputs(0), expected);
}

#[test]
fn syncs_complete_in_order_whatever_their_latencies() {
    let mut world = world(1);
    world.disks = vec![DiskSettings { write: constant(0), sync: uniform(1, 100) }];
    let rules: Vec<_> = [(0, On::Boot, vec![Do::Timer("t", ms(1))])]
        .into_iter()
        .chain([(0, On::Timer("t"), vec![Do::Append(1), Do::Sync, Do::Timer("t", ms(1))])])
        .collect();
    for seed in 0..20 {
        world.seed = seed;
        let (run, watch) = play(&world, &rules);
        assert!(run.statistics.syncs > 800);
        let positions: Vec<u64> = watch
            .events
            .iter()
            .filter_map(|event| match event.what {
                Happening::Synced { records, .. } => Some(records),
                _ => None,
            })
            .collect();
        assert!(positions.is_sorted());
    }
}

#[test]
fn what_a_slow_disk_draws_does_not_shift_the_disks_later_latencies() {
    // The extra time of a slow disk was drawn from the same running stream, so that taking the fault away changed
    // every later sync.
    let mut world = world(1);
    world.disks = vec![DiskSettings { write: constant(0), sync: uniform(1, 8) }];
    let rules = [
        (0, On::Boot, vec![Do::Timer("t", ms(200))]),
        (0, On::Timer("t"), vec![Do::Append(1), Do::Sync, Do::Timer("t", ms(200))]),
    ];
    let synced = |world: &World| {
        let times = play(world, &rules)
            .1
            .events
            .into_iter()
            .filter_map(|event| matches!(event.what, Happening::Synced { .. }).then_some(event.time));
        times.collect::<Vec<_>>()
    };
    let usual = synced(&world);
    world.faults = vec![fault(100, 300, Fault::SlowDisk { node: N1, extra: uniform(10, 20) })];
    let slowed = synced(&world);
    assert!(slowed[0] >= usual[0] + ms(10));
    assert_eq!(slowed[1..], usual[1..]);
}

#[test]
fn a_wiped_disk_takes_everything_and_positions_go_on() {
    let mut world = disks(0);
    world.faults = vec![
        fault(100, 110, crash(UnsyncedTail::Keep, true)),
        forever(400, crash(UnsyncedTail::Lose, false)),
    ];
    let (_, watch) = play(&world, &[(0, On::Boot, vec![Do::Append(9), Do::Append(9), Do::Sync])]);
    assert_eq!(watch.inputs(0), ["0 boot []", "0 synced 2", "110 boot [] appended 2", "110 synced 4"]);
    assert_eq!(watch.link(n(0), n(1)).count(), 0);
    let lost: Vec<_> = watch
        .events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Crashed { lost_records, .. } => Some(lost_records),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [2, 0]);
}
