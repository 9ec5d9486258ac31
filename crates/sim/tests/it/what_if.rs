//! "What if this had not happened?" Taking one thing away leaves everything that does not follow from it in place.

use anachron_sim::{Distribution, Fault, Link, ScheduledFault, UnsyncedTail, World};
use anachron_trace::{Endpoint, Happening};
use anachron_vocabulary::NodeId;

use crate::kit::chatter::{Pace, chat};
use crate::kit::puppet::{Do, On, play};
use crate::kit::watch::{Journey, Watch};
use crate::kit::{c, client, disk, fault, ms, n, ratio, script, uniform, world, write};

/// Four nodes on a bad network, with faults that matter.
fn bad_world() -> World {
    let mut world = World { duration: ms(400), ..world(4) };
    world.network = Link {
        drop: ratio(1, 20),
        duplicate: ratio(1, 20),
        reorder: ratio(1, 10),
        fifo: false,
        latency: Distribution::LogNormal { median: ms(3), sigma: 0.8 },
    };
    world.faults = vec![
        fault(20, 60, Fault::Slow { from: vec![n(3)], to: vec![n(0)], extra: uniform(1, 9) }),
        fault(100, 160, Fault::Cut { from: vec![n(0)], to: vec![n(1)] }),
        fault(120, 140, Fault::Lossy { from: vec![n(2)], to: vec![n(1), n(3)], drop: ratio(1, 2) }),
        fault(150, 200, Fault::Duplicating { from: vec![n(1)], to: vec![n(2)], duplicate: ratio(1, 2) }),
        fault(150, 200, Fault::Reordering { from: vec![n(1)], to: vec![n(2)], reorder: ratio(1, 2) }),
    ];
    world
}

fn link(watch: &Watch, from: Endpoint, to: Endpoint) -> Vec<Journey> {
    watch.link(from, to).cloned().collect()
}

#[test]
fn without_one_fault_all_other_links_are_the_same_and_so_is_this_one_before() {
    let world = bad_world();
    let (_, before) = chat(&world, &Pace { count: 300, ..Pace::default() });
    let touched = [vec![(3, 0)], vec![(0, 1)], vec![(2, 1), (2, 3)], vec![(1, 2)], vec![(1, 2)]];
    for (number, touched) in touched.iter().enumerate() {
        let mut without = world.clone();
        let removed = without.faults.remove(number);
        let (_, after) = chat(&without, &Pace { count: 300, ..Pace::default() });
        for from in 0..4 {
            for to in (0..4).filter(|&to| to != from) {
                let (old, new) = (link(&before, n(from), n(to)), link(&after, n(from), n(to)));
                if !touched.contains(&(from, to)) {
                    assert_eq!(old, new, "fault {number}, link {from} to {to}");
                    continue;
                }
                assert!(old != new, "fault {number} matters");
                let earlier = |journeys: Vec<Journey>| {
                    let before = |journey: &Journey| journey.end.is_some_and(|(end, _)| end < removed.at);
                    journeys.into_iter().filter(before).collect::<Vec<_>>()
                };
                assert_eq!(earlier(old), earlier(new), "fault {number}, link {from} to {to}");
            }
        }
    }
}

#[test]
fn a_lost_message_shifts_nothing_on_its_own_link() {
    // The same link with and without losses: every message that arrives in both takes the same time.
    let calm =
        World { network: Link { drop: ratio(0, 1), ..bad_world().network }, faults: vec![], ..bad_world() };
    let lossy = World { network: Link { drop: ratio(1, 2), ..calm.network.clone() }, ..calm.clone() };
    let (_, calm) = chat(&calm, &Pace::default());
    let (_, lossy) = chat(&lossy, &Pace::default());
    let ends =
        |watch: &Watch| link(watch, n(0), n(1)).iter().map(|j| j.end.expect("it ends").0).collect::<Vec<_>>();
    assert_eq!(ends(&calm), ends(&lossy));
}

#[test]
fn one_more_client_or_node_or_special_link_leaves_the_others_draws() {
    let world = World { faults: vec![], ..bad_world() };
    let (_, usual) = chat(&world, &Pace::default());
    let mut more = world.clone();
    more.clients = vec![client("a", script(&[(10, write(1)), (20, write(2))]))];
    more.special_links =
        vec![anachron_sim::SpecialLink { from: n(3), to: n(2), link: Link::reliable(uniform(1, 2)) }];
    more.faults = vec![fault(50, 60, Fault::Pause { node: NodeId(3) })];
    let (_, more) = chat(&more, &Pace::default());
    for (from, to) in [(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)] {
        assert_eq!(link(&usual, n(from), n(to)), link(&more, n(from), n(to)));
    }
    assert_ne!(link(&usual, n(3), n(2)), link(&more, n(3), n(2)));
    // A link's draws hang on its two ends: a fifth node changes no link between nodes.
    let larger = World { nodes: 5, ..world };
    let (_, larger) = chat(&larger, &Pace::default());
    for (from, to) in [(0, 1), (3, 2)] {
        let times =
            |watch: &Watch| link(watch, n(from), n(to)).iter().map(|j| (j.sent, j.end)).collect::<Vec<_>>();
        assert_eq!(times(&usual), times(&larger));
    }
}

#[test]
fn clients_links_do_not_depend_on_other_clients() {
    let mut world = world(2);
    world.client_network = Link { drop: ratio(1, 4), ..Link::reliable(uniform(1, 5)) };
    let operations: Vec<_> = (0..20_u64).map(|k| (k * 30, write(k.cast_signed()))).collect();
    world.clients = vec![client("a", script(&operations))];
    let rules = [(0, On::EveryRequest, vec![Do::AnswerLast(anachron_node::Answer::Unknown)])];
    let (_, alone) = play(&world, &rules);
    world.clients.push(client("b", script(&operations)));
    let (_, together) = play(&world, &rules);
    assert_eq!(link(&alone, c(0), n(0)), link(&together, c(0), n(0)));
    assert_eq!(link(&alone, n(0), c(0)), link(&together, n(0), c(0)));
}

#[test]
fn what_a_crash_keeps_does_not_depend_on_other_faults() {
    // The draw hung on the crash's number in the schedule: with an unrelated fault before it removed, the crash kept
    // another part of the tail.
    let crash = |from, until| {
        fault(from, until, Fault::Crash { node: NodeId(0), tail: UnsyncedTail::Prefix, wipe: false })
    };
    let slow = fault(1, 2, Fault::Slow { from: vec![n(1)], to: vec![n(0)], extra: uniform(1, 2) });
    let mut rules = vec![(0, On::Boot, vec![Do::Sync])];
    rules[0].2.extend((0..40).map(Do::Append));
    let kept = |seed, faults: Vec<ScheduledFault>| {
        let world = World { seed, faults, disks: vec![disk(1)], ..world(2) };
        let (_, watch) = play(&world, &rules);
        let crashed = watch.events.iter().filter_map(|event| match event.what {
            Happening::Crashed { lost_records, .. } => Some((event.time, lost_records)),
            _ => None,
        });
        crashed.collect::<Vec<_>>()
    };
    let mut different = 0;
    for seed in 0..20 {
        let both = kept(seed, vec![slow.clone(), crash(100, 110), crash(200, 210)]);
        assert_eq!(kept(seed, vec![crash(100, 110), crash(200, 210)]), both);
        assert_eq!(kept(seed, vec![slow.clone(), crash(100, 110)]), both[..1]);
        different += usize::from(both[0].1 != kept(seed + 1, vec![crash(100, 110)])[0].1);
    }
    assert!(different > 10, "seeds matter");
}
