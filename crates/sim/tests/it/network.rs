//! Links: how long, in what order, and what cuts them.

use std::collections::BTreeSet;

use anachron_sim::{Distribution, Fault, Link, SpecialLink, World};
use anachron_trace::{Endpoint, Loss};
use anachron_vocabulary::{Operation, VirtualDuration};

use crate::kit::chatter::{Pace, chat};
use crate::kit::puppet::{Do, On, play};
use crate::kit::{at, c, client, constant, fault, forever, ms, n, ratio, script, uniform, world};

/// The directed links, as pairs of nodes, on which nothing arrives in the middle of the fault and nothing else is
/// lost anywhere. The fault is in force from 50 to 150 ms; nodes talk from 1 to 200 ms over links of 1 ms.
fn cut_links(nodes: u16, faults: Vec<Fault>) -> BTreeSet<(u16, u16)> {
    let mut world = World { duration: ms(300), ..world(nodes) };
    world.faults = faults.into_iter().map(|what| fault(50, 150, what)).collect();
    let (run, watch) = chat(&world, &Pace { count: 200, ..Pace::default() });
    let mut cut = BTreeSet::new();
    for from in 0..nodes {
        for to in (0..nodes).filter(|&to| to != from) {
            let journeys: Vec<_> = watch.link(n(from), n(to)).collect();
            assert_eq!(journeys.len(), 200);
            let lost: Vec<_> = journeys.iter().filter(|journey| journey.arrival().is_none()).collect();
            if lost.is_empty() {
                continue;
            }
            cut.insert((from, to));
            for journey in journeys {
                // Decided on arrival: what left at 49 ms arrives at 50 and is cut; what left at 149 is not.
                let inside = (at(49)..at(149)).contains(&journey.sent);
                assert_eq!(journey.loss(), inside.then_some(Loss::Cut), "{journey:?}");
                assert_eq!(journey.end.map(|(end, _)| end), Some(journey.sent + ms(1)), "{journey:?}");
            }
        }
    }
    assert_eq!(run.statistics.cut, 100 * cut.len() as u64);
    cut
}

fn both_ways(pairs: &[(u16, u16)]) -> BTreeSet<(u16, u16)> {
    pairs.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect()
}

fn group(nodes: &[u16]) -> Vec<Endpoint> {
    nodes.iter().map(|&node| n(node)).collect()
}

#[test]
fn a_split_cuts_between_its_sides_both_ways_and_nothing_within() {
    let split = Fault::Partition { groups: vec![group(&[0, 1]), group(&[2, 3, 4])] };
    assert_eq!(cut_links(5, vec![split]), both_ways(&[(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)]));
    let three = Fault::Partition { groups: vec![group(&[0]), group(&[1]), group(&[2])] };
    assert_eq!(cut_links(3, vec![three]), both_ways(&[(0, 1), (0, 2), (1, 2)]));
}

#[test]
fn an_isolated_node_hears_and_is_heard_by_nobody() {
    let isolate = Fault::Partition { groups: vec![group(&[2]), group(&[0, 1, 3])] };
    assert_eq!(cut_links(4, vec![isolate]), both_ways(&[(2, 0), (2, 1), (2, 3)]));
}

#[test]
fn a_node_in_no_group_is_a_bridge() {
    let bridge = Fault::Partition { groups: vec![group(&[1, 2]), group(&[3, 4])] };
    assert_eq!(cut_links(5, vec![bridge]), both_ways(&[(1, 3), (1, 4), (2, 3), (2, 4)]));
}

#[test]
fn a_ring_is_two_cuts_a_node() {
    // Each of five hears its neighbours only (Jepsen's majorities-ring).
    let cuts = (0..5).map(|node| {
        let far = [(node + 2) % 5, (node + 3) % 5];
        Fault::Cut { from: group(&[node]), to: group(&far) }
    });
    let cut = cut_links(5, cuts.collect());
    assert_eq!(cut, both_ways(&[(0, 2), (0, 3), (1, 3), (1, 4), (2, 4)]));
}

#[test]
fn a_one_way_cut_leaves_the_way_back() {
    let cut = Fault::Cut { from: group(&[0]), to: group(&[1]) };
    assert_eq!(cut_links(3, vec![cut]), BTreeSet::from([(0, 1)]));
    // A set to itself: every link within it, and no node from itself.
    let among = Fault::Cut { from: group(&[0, 1]), to: group(&[0, 1]) };
    assert_eq!(cut_links(3, vec![among]), both_ways(&[(0, 1)]));
}

#[test]
fn overlapping_partitions_end_one_by_one() {
    let mut world = World { duration: ms(300), ..world(3) };
    world.faults = vec![
        fault(50, 150, Fault::Partition { groups: vec![group(&[0]), group(&[1, 2])] }),
        fault(100, 200, Fault::Partition { groups: vec![group(&[0, 2]), group(&[1])] }),
    ];
    let (_, watch) = chat(&world, &Pace { count: 250, ..Pace::default() });
    for (from, to, cut) in [(0, 1, 50..200), (0, 2, 50..150), (1, 2, 100..200)] {
        for journey in watch.link(n(from), n(to)) {
            let (end, fate) = journey.end.expect("it ends");
            assert_eq!(fate.is_err(), cut.contains(&(end.0 / 1_000_000)), "{journey:?}");
        }
    }
}

#[test]
fn a_partition_reaches_clients_too() {
    // The client speaks to n1, which hears it and answers into the void; n2 hears it and is heard.
    let mut world = world(2);
    world.clients = vec![client("a", script(&[(10, Operation::Read), (60, Operation::Read)]))];
    world.faults = vec![fault(0, 50, Fault::Cut { from: vec![n(0)], to: vec![c(0)] })];
    let ok = anachron_node::Answer::Ok(anachron_vocabulary::Reply::Done);
    let (run, watch) = play(&world, &[(0, On::EveryRequest, vec![Do::AnswerLast(ok), Do::Multicast("m")])]);
    let losses: Vec<_> = watch.link(n(0), c(0)).map(crate::kit::watch::Journey::loss).collect();
    assert_eq!(losses, [Some(Loss::Cut), None]);
    assert_eq!(watch.link(n(0), n(1)).filter(|journey| journey.arrival().is_some()).count(), 2);
    assert_eq!(run.history.records[0].outcome, anachron_vocabulary::Outcome::Unknown);
    assert!(matches!(run.history.records[1].outcome, anachron_vocabulary::Outcome::Ok(_)));
    // The other way: the client is cut off and nobody hears it.
    world.faults = vec![fault(0, 50, Fault::Partition { groups: vec![vec![c(0)], group(&[0, 1])] })];
    let (_, watch) = play(&world, &[]);
    let losses: Vec<_> = watch.link(c(0), n(0)).map(crate::kit::watch::Journey::loss).collect();
    assert_eq!(losses, [Some(Loss::Cut), None]);
}

#[test]
fn a_fault_at_time_zero_is_in_force_when_the_first_message_leaves() {
    // Nodes booted before the faults of time zero: what a node sent on boot left over links that were not slow yet.
    let mut world = world(2);
    let slow = Fault::Slow { from: group(&[0]), to: group(&[1]), extra: constant(30) };
    world.faults = vec![forever(0, slow)];
    let (_, watch) = play(&world, &[(0, On::Boot, vec![Do::Send(1, "hello")])]);
    assert_eq!(watch.inputs(1), ["0 boot []", "31 message hello from n1"]);
}

#[test]
fn a_slow_link_slows_what_leaves_while_it_is_slow() {
    let mut world = World { duration: ms(300), ..world(3) };
    let slow = Fault::Slow { from: group(&[0]), to: group(&[1]), extra: constant(40) };
    world.faults = vec![fault(50, 150, slow.clone()), fault(100, 150, slow)];
    let (_, watch) = chat(&world, &Pace { count: 200, ..Pace::default() });
    for journey in &watch.journeys {
        let extra = match (journey.from == n(0) && journey.to == n(1), journey.sent.0 / 1_000_000) {
            (true, 50..100) => 40,
            (true, 100..150) => 80, // both faults
            _ => 0,
        };
        assert_eq!(journey.arrival(), Some(journey.sent + ms(1 + extra)), "{journey:?}");
    }
}

#[test]
fn a_flapping_link_is_down_in_the_first_part_of_every_period() {
    let mut world = World { duration: ms(300), ..world(2) };
    let (from, to) = (group(&[0]), group(&[1]));
    world.faults = vec![fault(50, 150, Fault::Flapping { from, to, period: ms(20), down: ratio(1, 4) })];
    let (_, watch) = chat(&world, &Pace { count: 200, ..Pace::default() });
    for journey in &watch.journeys {
        let end = journey.end.expect("it ends").0.0 / 1_000_000;
        let down = journey.from == n(0) && (50..150).contains(&end) && (end - 50) % 20 < 5;
        assert_eq!(journey.loss(), down.then_some(Loss::Cut), "{journey:?}");
    }
}

#[test]
fn a_special_link_differs_in_its_direction_only() {
    let mut world = world(2);
    world.clients = vec![client("a", script(&[(10, Operation::Read)]))];
    world.special_links = vec![
        SpecialLink { from: n(0), to: n(1), link: Link::reliable(constant(9)) },
        SpecialLink {
            from: c(0),
            to: n(0),
            link: Link { duplicate: ratio(1, 1), ..Link::reliable(constant(4)) },
        },
    ];
    let (run, watch) = play(
        &world,
        &[(0, On::Boot, vec![Do::Send(1, "ping")]), (1, On::Message("ping"), vec![Do::Send(0, "pong")])],
    );
    assert_eq!(watch.inputs(0), ["0 boot []", "10 message pong from n2", "14 request 0.1"]);
    assert_eq!(run.statistics.duplicated, 0, "clients' links never duplicate");
}

/// The order in which numbers arrive from node 0 at node 1, and in which they left.
fn arrivals(world: &World) -> Vec<u64> {
    let (_, watch) = chat(world, &Pace { count: 400, ..Pace::default() });
    let mut arrived: Vec<_> = Vec::new();
    for event in &watch.events {
        if let anachron_trace::Happening::Delivered { message } = event.what {
            arrived.push(message);
        }
    }
    // Journeys are in the order of message ids.
    let ids: Vec<_> = watch
        .events
        .iter()
        .filter_map(|event| match &event.what {
            anachron_trace::Happening::Sent { message, from, label, .. } if *from == n(0) => {
                Some((*message, label.clone()))
            }
            _ => None,
        })
        .collect();
    let number = |id| {
        let (_, label) = ids.iter().find(|(sent, _)| *sent == id)?;
        label.split(' ').next().expect("a word").parse().ok()
    };
    arrived.into_iter().filter_map(number).collect()
}

#[test]
fn a_fifo_link_keeps_order_and_another_does_not() {
    let mut world = World { duration: ms(2_000), ..world(2) };
    world.network = Link::reliable(uniform(1, 50));
    assert!(!arrivals(&world).is_sorted(), "this link overtakes");
    world.network.fifo = true;
    let fifo = arrivals(&world);
    assert_eq!(fifo.len(), 400);
    assert!(fifo.is_sorted(), "{fifo:?}");
    world.network.drop = ratio(1, 4);
    let fifo = arrivals(&world);
    assert!(fifo.is_sorted() && (250..350).contains(&fifo.len()), "{fifo:?}");
}

#[test]
fn only_messages_held_back_fall_behind_on_a_fifo_link() {
    let mut world = World { duration: ms(2_000), ..world(2) };
    world.network = Link { fifo: true, reorder: ratio(1, 10), ..Link::reliable(uniform(10, 20)) };
    let order = arrivals(&world);
    // Strike out whoever comes after a later number: what is left is in order, and few are struck out.
    let mut latest = 0;
    let late = order.iter().filter(|&&number| {
        latest = latest.max(number);
        number < latest
    });
    let late = late.count();
    assert!((15..70).contains(&late), "{late} of 400 were overtaken");
}

#[test]
fn a_duplicate_does_not_overtake_on_a_fifo_link() {
    // A duplicate drew a latency of its own and was not put in line: on a link that keeps order, the copy of a later
    // message arrived before an earlier message, and copies of stale messages after newer ones.
    let mut world = World { duration: ms(2_000), ..world(2) };
    world.network = Link { fifo: true, duplicate: ratio(1, 2), ..Link::reliable(uniform(1, 50)) };
    let order = arrivals(&world);
    assert!(order.len() > 550, "{} arrivals", order.len());
    assert!(order.is_sorted(), "{order:?}");
}

#[test]
fn a_duplicate_is_slow_on_a_slow_link() {
    // The extra time of a slow link was added to the message and not to its duplicate, which came at once.
    let mut world = World { duration: ms(2_000), ..world(2) };
    world.network = Link { duplicate: ratio(1, 1), ..Link::reliable(constant(1)) };
    world.faults = vec![forever(0, Fault::Slow { from: group(&[0]), to: group(&[1]), extra: constant(40) })];
    let (_, watch) = chat(&world, &Pace::default());
    for journey in watch.link(n(0), n(1)) {
        assert_eq!(journey.arrival(), Some(journey.sent + ms(41)), "{journey:?}");
    }
}

#[test]
fn a_node_reaches_itself_at_once_through_every_fault() {
    let mut world = world(2);
    world.network = Link { drop: ratio(1, 1), ..Link::reliable(constant(50)) };
    let all = group(&[0, 1]);
    world.faults = vec![
        forever(0, Fault::Cut { from: all.clone(), to: all.clone() }),
        forever(0, Fault::Lossy { from: all.clone(), to: all, drop: ratio(1, 1) }),
    ];
    let (_, watch) = play(&world, &[(0, On::Boot, vec![Do::Send(0, "self"), Do::Send(1, "other")])]);
    assert_eq!(watch.inputs(0), ["0 boot []", "0 message self from n1"]);
    assert_eq!(watch.inputs(1), ["0 boot []"]);
}

#[test]
fn latencies_follow_their_distribution_through_a_link() {
    let mut world = World { duration: ms(20_000), ..world(2) };
    for (latency, tenth, median, ninth) in [
        (uniform(10, 20), 11.0, 15.0, 19.0),
        (Distribution::Exponential { mean: ms(10) }, 1.0536, 6.9315, 23.026),
        (Distribution::LogNormal { median: ms(10), sigma: 0.5 }, 5.2688, 10.0, 18.980),
        (Distribution::Pareto { minimum: ms(10), shape: 2.0 }, 10.541, 14.142, 31.623),
    ] {
        world.network = Link::reliable(latency.clone());
        let (_, watch) = chat(&world, &Pace { count: 10_000, ..Pace::default() });
        let mut times: Vec<f64> = watch
            .link(n(1), n(0))
            .map(|journey| journey.arrival().map_or(f64::MAX, |end| end.since(journey.sent).as_millis_f64()))
            .collect();
        times.sort_by(f64::total_cmp);
        for (place, expected) in [(1_000, tenth), (5_000, median), (9_000, ninth)] {
            let found: f64 = times[place];
            assert!((found / expected - 1.0).abs() < 0.06, "{latency:?}: {found}, not {expected}");
        }
    }
}

#[test]
fn the_two_directions_of_a_link_draw_apart() {
    let mut world = World { duration: ms(500), ..world(3) };
    world.network = Link::reliable(Distribution::Uniform { low: VirtualDuration::ZERO, high: ms(50) });
    let (_, watch) = chat(&world, &Pace::default());
    let latencies = |from, to| -> Vec<u64> {
        watch.link(n(from), n(to)).map(|j| j.arrival().map_or(0, |end| end.since(j.sent).0)).collect()
    };
    let mut all = BTreeSet::new();
    for from in 0..3 {
        for to in (0..3).filter(|&to| to != from) {
            assert!(all.insert(latencies(from, to)), "two links with the same draws");
        }
    }
}
