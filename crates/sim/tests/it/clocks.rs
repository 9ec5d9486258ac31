//! Timers and clocks: nodes live in their own time.

use anachron_node::OperatorCommand;
use anachron_sim::{ClockSettings, Fault, OperatorAction, ScheduledFault, World};
use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};

use crate::kit::puppet::{Do, On, play};
use crate::kit::watch::Watch;
use crate::kit::{at, fault, forever, ms, world};

const N1: NodeId = NodeId(0);

fn timer(name: &'static str, millis: u64) -> Do {
    Do::Timer(name, ms(millis))
}

/// When timers of a lone node go off, in milliseconds.
fn fired(world: &World, rules: &[(u16, On, Vec<Do>)]) -> Vec<(f64, String)> {
    let (_, watch) = play(world, rules);
    watch.timers(0).into_iter().map(|(time, name)| (VirtualTime(time).as_millis_f64(), name)).collect()
}

fn expect(found: &[(f64, String)], expected: &[(f64, &str)]) {
    let found: Vec<_> = found.iter().map(|(time, name)| (*time, name.as_str())).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_timer_goes_off_once_when_it_is_due() {
    expect(&fired(&world(1), &[(0, On::Boot, vec![timer("a", 30)])]), &[(30.0, "a")]);
}

#[test]
fn setting_again_replaces_be_it_later_or_earlier() {
    let boot = |again| vec![timer("a", 30), timer("tick", 10), timer("late", again)];
    let rules = |again| vec![(0, On::Boot, boot(100)), (0, On::Timer("tick"), vec![timer("a", again)])];
    expect(&fired(&world(1), &rules(40)), &[(10.0, "tick"), (50.0, "a"), (100.0, "late")]);
    expect(&fired(&world(1), &rules(5)), &[(10.0, "tick"), (15.0, "a"), (100.0, "late")]);
    expect(&fired(&world(1), &rules(0)), &[(10.0, "tick"), (10.0, "a"), (100.0, "late")]);
    // Earlier, then later again than the first time.
    let rules = [
        (0, On::Boot, vec![timer("a", 50), timer("one", 10), timer("two", 20)]),
        (0, On::Timer("one"), vec![timer("a", 20)]),
        (0, On::Timer("two"), vec![timer("a", 60)]),
    ];
    expect(&fired(&world(1), &rules), &[(10.0, "one"), (20.0, "two"), (80.0, "a")]);
}

#[test]
fn a_cancelled_timer_stays_silent_until_it_is_set_again() {
    let rules = [
        (0, On::Boot, vec![timer("a", 30), timer("b", 30), timer("tick", 10), Do::Cancel("nothing")]),
        (0, On::Timer("tick"), vec![Do::Cancel("a"), Do::Cancel("b"), timer("b", 20), timer("tock", 50)]),
        (0, On::Timer("tock"), vec![timer("a", 5)]),
    ];
    let expected = [(10.0, "tick"), (30.0, "b"), (60.0, "tock"), (65.0, "a")];
    expect(&fired(&world(1), &rules), &expected);
}

#[test]
fn many_timers_share_slots_without_mixing_up() {
    // A hundred names in turn, each set when the last goes off, three alive at a time, one cancelled each round.
    const NAMES: [&str; 100] = {
        const DIGITS: [&str; 100] = [
            "00", "01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15",
            "16", "17", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31",
            "32", "33", "34", "35", "36", "37", "38", "39", "40", "41", "42", "43", "44", "45", "46", "47",
            "48", "49", "50", "51", "52", "53", "54", "55", "56", "57", "58", "59", "60", "61", "62", "63",
            "64", "65", "66", "67", "68", "69", "70", "71", "72", "73", "74", "75", "76", "77", "78", "79",
            "80", "81", "82", "83", "84", "85", "86", "87", "88", "89", "90", "91", "92", "93", "94", "95",
            "96", "97", "98", "99",
        ];
        DIGITS
    };
    let mut rules = vec![(0, On::Boot, vec![timer(NAMES[0], 3), timer(NAMES[1], 6)])];
    for k in 0..98 {
        let mut actions = vec![timer(NAMES[k + 2], 6)];
        if k % 3 == 0 {
            // Set for later and taken back: its slot has an event under way while it is free.
            actions.extend([timer("decoy", 4), Do::Cancel("decoy"), timer("decoy", 2), Do::Cancel("decoy")]);
        }
        rules.push((0, On::Timer(NAMES[k]), actions));
    }
    let found = fired(&world(1), &rules);
    assert_eq!(found.len(), 100, "{found:?}");
    for (k, (time, name)) in found.iter().enumerate() {
        assert_eq!(
            (*time, name.as_str()),
            (3.0 * (f64::from(u32::try_from(k).expect("small")) + 1.0), NAMES[k])
        );
    }
}

#[test]
fn timers_of_one_moment_go_off_in_the_order_of_setting() {
    let rules = [(0, On::Boot, vec![timer("c", 10), timer("a", 10), timer("b", 10)])];
    expect(&fired(&world(1), &rules), &[(10.0, "c"), (10.0, "a"), (10.0, "b")]);
}

#[test]
fn timers_follow_the_nodes_own_drifting_clock() {
    let mut world = world(1);
    let rules = [(0, On::Boot, vec![timer("a", 100)])];
    for (drift_ppm, due) in
        [(0, 100_000_000_u64), (250_000, 80_000_000), (-200_000, 125_000_000), (70, 99_993_001)]
    {
        world.clocks = vec![ClockSettings { offset: -5, drift_ppm }];
        let (_, watch) = play(&world, &rules);
        assert_eq!(watch.timers(0), [(due, "a".to_owned())], "drift {drift_ppm}");
        let (_, note) = watch.notes(0).last().expect("a note");
        assert!(note.starts_with("timer a @1000000"), "never before its time by its own clock: {note}");
    }
}

/// `name @local wall W` of the last note that starts so.
fn clocks_at(watch: &Watch, name: &str) -> (u64, i64) {
    let (_, note) = watch.notes(0).filter(|(_, note)| note.starts_with(name)).last().expect("a note");
    let (_, clocks) = note.split_once('@').expect("clocks");
    let (local, wall) = clocks.split_once(" wall ").expect("both clocks");
    (local.parse().expect("a number"), wall.parse().expect("a number"))
}

#[test]
fn drift_that_changes_in_mid_timer_moves_it_to_the_right_moment() {
    // 100 ms local: 20 ms true, 40 ms true at double rate (80 local: done).
    let mut world = world(1);
    let rules = [(0, On::Boot, vec![timer("a", 100)])];
    let drift = |ppm| Fault::ClockDrift { node: N1, ppm };
    for (ppm, until, due) in [
        (1_000_000, 500, 60_000_000_u64), // 20 + 80/2
        (1_000_000, 40, 80_000_000),      // 20, then 20 that count 40, then 40
        (-500_000, 500, 180_000_000),     // 20 + 80*2
        (-500_000, 60, 120_000_000),      // 20, then 40 that count 20, then 60
        (333, 50, 99_990_010),            // 20, then 30 at 1.000333
        (-999_999, 30, 109_999_990),      // ten that hardly count
    ] {
        world.faults = vec![fault(20, until, drift(ppm))];
        let (_, watch) = play(&world, &rules);
        let [(found, _)] = watch.timers(0).try_into().expect("one timer");
        assert!(found.abs_diff(due) <= 1, "{ppm} until {until}: {found}, not {due}");
        assert!(clocks_at(&watch, "timer").0 >= 100_000_000);
    }
    // A base drift comes back when the fault ends.
    world.clocks = vec![ClockSettings { offset: 0, drift_ppm: 1_000_000 }];
    world.faults = vec![fault(20, 40, drift(0))];
    let (_, watch) = play(&world, &rules);
    assert_eq!(watch.timers(0), [(60_000_000, "a".to_owned())]); // 40 + 20 + 40
}

#[test]
fn of_two_drifts_the_later_counts_and_the_earlier_comes_back() {
    // When one of two overlapping drifts ended, the clock went back to its usual rate although the other was still
    // in force.
    let mut world = world(1);
    let drift = |ppm| Fault::ClockDrift { node: N1, ppm };
    world.faults = vec![fault(0, 100, drift(1_000_000)), fault(20, 40, drift(-500_000))];
    // 20 true = 40 local; 20 true = 10 local; then double again: 50 local left = 25 true.
    let (_, watch) = play(&world, &[(0, On::Boot, vec![timer("a", 100)])]);
    assert_eq!(watch.timers(0), [(65_000_000, "a".to_owned())]);
    // The earlier one ends first: the later one stays.
    world.faults = vec![fault(0, 40, drift(1_000_000)), fault(20, 100, drift(-500_000))];
    // 20 true = 40 local; then half rate: 60 local = 120 true, of which 80 (40 local) until 100; 20 more.
    let (_, watch) = play(&world, &[(0, On::Boot, vec![timer("a", 100)])]);
    assert_eq!(watch.timers(0), [(120_000_000, "a".to_owned())]);
}

#[test]
fn a_frozen_clock_holds_its_timers_and_runs_on_from_there() {
    let mut world = world(1);
    let rules = [
        (0, On::Boot, vec![timer("a", 100), timer("tick", 10)]),
        (0, On::Operator, vec![timer("now", 0), timer("soon", 5)]),
    ];
    world.faults =
        vec![fault(50, 90, Fault::ClockFreeze { node: N1 }), fault(70, 100, Fault::ClockFreeze { node: N1 })];
    world.operator = vec![OperatorAction { at: at(80), node: N1, command: OperatorCommand::Promote }];
    let (_, watch) = play(&world, &rules);
    let found: Vec<_> = watch.timers(0).into_iter().map(|(time, name)| (time / 1_000_000, name)).collect();
    // A timer of no length goes off even while the clock stands; the others wait for it.
    let expected =
        [(10, "tick"), (80, "now"), (105, "soon"), (150, "a")].map(|(time, name)| (time, name.to_owned()));
    assert_eq!(found, expected);
    assert_eq!(clocks_at(&watch, "operator"), (50_000_000, 50_000_000), "both clocks stand");
    assert_eq!(clocks_at(&watch, "timer a"), (100_000_000, 100_000_000));
}

#[test]
fn a_clock_that_never_thaws_fires_nothing() {
    let mut world = world(1);
    world.faults = vec![forever(50, Fault::ClockFreeze { node: N1 })];
    let rules = [(0, On::Boot, vec![timer("a", 50), timer("b", 51)])];
    expect(&fired(&world, &rules), &[(50.0, "a")]);
}

#[test]
fn wall_clock_steps_do_not_touch_timers() {
    let mut world = world(1);
    world.clocks = vec![ClockSettings { offset: 7, drift_ppm: 0 }];
    let step = |by| Fault::ClockStep { node: N1, by };
    world.faults = vec![forever(10, step(-3_000_000_000)), forever(20, step(1_000_000))];
    let (_, watch) = play(&world, &[(0, On::Boot, vec![timer("a", 30), timer("early", 15)])]);
    assert_eq!(watch.timers(0).len(), 2);
    assert_eq!(clocks_at(&watch, "timer early"), (15_000_000, 15_000_007 - 3_000_000_000));
    assert_eq!(clocks_at(&watch, "timer a"), (30_000_000, 31_000_007 - 3_000_000_000));
}

#[test]
fn clocks_are_a_nodes_own() {
    let mut world = world(2);
    world.clocks = vec![ClockSettings { offset: 0, drift_ppm: 500_000 }];
    let rules = [(0, On::Boot, vec![timer("a", 30)]), (1, On::Boot, vec![timer("a", 30)])];
    let (_, watch) = play(&world, &rules);
    assert_eq!(watch.timers(0), [(20_000_000, "a".to_owned())]);
    assert_eq!(watch.timers(1), [(30_000_000, "a".to_owned())]);
}

#[test]
fn the_monotonic_clock_never_goes_back_whatever_happens_to_it() {
    let mut world = world(1);
    let node = N1;
    let kinds = [
        Fault::ClockDrift { node, ppm: -900_000 },
        Fault::ClockFreeze { node },
        Fault::ClockDrift { node, ppm: 3_000_000 },
        Fault::ClockStep { node, by: -1_000_000_000_000 },
        Fault::ClockDrift { node, ppm: -5_000_000 },
    ];
    world.faults = (0..60_u64)
        .map(|k| ScheduledFault {
            at: VirtualTime(k * 15_000_007),
            until: Some(VirtualTime(k * 15_000_007 + 1 + (k * 7_919_777) % 40_000_000)),
            fault: kinds[usize::try_from(k % 5).expect("small")].clone(),
            label: String::new(),
        })
        .collect();
    let rules = [
        (0, On::Boot, vec![Do::Timer("t", VirtualDuration::micros(1_300))]),
        (0, On::Timer("t"), vec![Do::Timer("t", VirtualDuration::micros(1_300))]),
    ];
    let (run, watch) = play(&world, &rules);
    assert!(run.statistics.timers > 100);
    let local: Vec<u64> = watch
        .notes(0)
        .map(|(_, note)| {
            let (_, clocks) = note.split_once('@').expect("clocks");
            clocks.split(' ').next().expect("a word").parse().expect("a number")
        })
        .collect();
    assert!(local.windows(2).all(|pair| pair[1] >= pair[0] + 1_300_000 || pair[0] == 0), "{local:?}");
}
