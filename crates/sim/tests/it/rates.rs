//! Chance is fair: rates of loss, duplicates and reordering against their binomial bounds, with fixed seeds.

use anachron_sim::{Fault, Link, World};
use anachron_trace::Loss;
use anachron_vocabulary::Ratio;

use crate::kit::chatter::{Pace, chat, chat_blindly};
use crate::kit::watch::Journey;
use crate::kit::{c, client, constant, fault, forever, ms, n, ratio, script, uniform, world};

/// Asserts that `found` of `trials` is within five standard deviations of what this probability gives.
#[allow(clippy::cast_precision_loss)] // counts of messages
fn assert_rate(found: u64, trials: u64, probability: f64, what: &str) {
    let (mean, trials) = (trials as f64 * probability, trials as f64);
    let bound = 5.0 * (trials * probability * (1.0 - probability)).sqrt() + 1e-9;
    assert!((found as f64 - mean).abs() <= bound, "{what}: {found} of {trials}, expected {mean} ± {bound}");
}

const LONG: Pace = Pace { interval: ms(1), count: 20_000, fifth: 5 };

fn long(seed: u64, network: Link) -> World {
    World { seed, network, duration: ms(21_000), ..world(2) }
}

#[test]
fn links_lose_and_double_at_their_rates() {
    for seed in 0..3 {
        for (drop, duplicate) in [((1, 100), (1, 50)), ((1, 2), (1, 3)), ((0, 1), (1, 1)), ((9, 10), (0, 1))]
        {
            let (p, q) =
                (f64::from(drop.0) / f64::from(drop.1), f64::from(duplicate.0) / f64::from(duplicate.1));
            let (drop, duplicate) = (ratio(drop.0, drop.1), ratio(duplicate.0, duplicate.1));
            let run =
                chat_blindly(&long(seed, Link { drop, duplicate, ..Link::reliable(constant(1)) }), &LONG);
            let found = run.statistics;
            assert_rate(found.duplicated, 40_000, q, "duplicates");
            assert_rate(found.dropped, found.sent, p, "losses");
            assert_eq!(found.sent, 40_000 + found.duplicated);
            assert_eq!(found.sent, found.delivered + found.lost());
        }
    }
}

#[test]
fn loss_of_a_message_of_its_duplicate_and_of_the_one_before_are_independent() {
    let half = ratio(1, 2);
    let world = long(4, Link { drop: half, duplicate: half, reorder: half, ..Link::reliable(uniform(1, 2)) });
    let (_, watch) = chat(&world, &LONG);
    let all: Vec<_> = watch.link(n(0), n(1)).collect();
    let lost = |journey: &Journey| journey.loss() == Some(Loss::Dropped);
    let twice = |journey: &Journey| journey.label.ends_with("(duplicate)");
    let (mut both, mut pairs, mut of_single, mut single, mut in_row) = (0, 0, 0, 0, 0);
    let (mut held_back_lost, mut held_back) = (0, 0);
    for pair in all.windows(2) {
        // A duplicate leaves right before its original.
        let (previous, journey) = (pair[0], pair[1]);
        if twice(journey) {
            continue;
        }
        if twice(previous) {
            pairs += 1;
            both += u64::from(lost(journey) && lost(previous));
        } else {
            single += 1;
            of_single += u64::from(lost(journey));
            in_row += u64::from(lost(journey) && lost(previous));
        }
        let (end, _) = journey.end.expect("it ends");
        if end.since(journey.sent) > ms(2) {
            held_back += 1;
            held_back_lost += u64::from(lost(journey));
        }
    }
    assert!(pairs > 9_000 && single > 9_000);
    assert_rate(both, pairs, 0.25, "a message and its duplicate lost");
    assert_rate(of_single, single, 0.5, "a message without a duplicate lost");
    assert_rate(in_row, single, 0.25, "two in a row lost");
    assert_rate(held_back, 20_000, 0.5, "held back");
    assert_rate(held_back_lost, held_back, 0.5, "held back and lost");
}

#[test]
fn messages_are_held_back_at_their_rate() {
    for (numerator, denominator) in [(0, 1), (1, 20), (1, 2), (1, 1)] {
        let reorder = ratio(numerator, denominator);
        let (_, watch) = chat(&long(5, Link { reorder, ..Link::reliable(constant(10)) }), &LONG);
        let held = watch.journeys.iter().filter(|journey| journey.arrival() == Some(journey.sent + ms(20)));
        assert_rate(held.count() as u64, 40_000, f64::from(numerator) / f64::from(denominator), "held back");
    }
}

#[test]
fn slowness_and_being_held_back_are_drawn_apart() {
    // Both delays took the same draws, so the message held back longest was also slowed most: with uniform delays of
    // 0 to 10 ms each the sum spread over 0 to 20 evenly, when most should lie in the middle.
    let mut world = long(6, Link { reorder: Ratio::ONE, ..Link::reliable(uniform(0, 10)) });
    let slow = || Fault::Slow { from: vec![n(0), n(1)], to: vec![n(0), n(1)], extra: uniform(0, 10) };
    world.faults = vec![forever(0, slow())];
    let (_, watch) = chat(&world, &LONG);
    let middle = |watch: &crate::kit::watch::Watch, low, high| {
        let within = |journey: &&Journey| {
            let took = journey.end.expect("it ends").0.since(journey.sent);
            took >= ms(low) && took <= ms(high)
        };
        watch.journeys.iter().filter(within).count() as u64
    };
    // The sum of three uniform numbers lies in the middle third of its range with probability 2/3 (Irwin-Hall).
    assert_rate(middle(&watch, 10, 20), 40_000, 2.0 / 3.0, "of three delays, in the middle");
    // Of four: P(1.5 <= sum <= 2.5) = 115/192.
    world.faults = vec![forever(0, slow()), forever(0, slow())];
    let (_, watch) = chat(&world, &LONG);
    assert_rate(middle(&watch, 15, 25), 40_000, 115.0 / 192.0, "of four delays, in the middle");
}

#[test]
fn faults_raise_rates_and_never_lower_them() {
    let everybody = || vec![n(0), n(1)];
    let lossy = |from, to, drop| fault(from, to, Fault::Lossy { from: everybody(), to: everybody(), drop });
    let mut world = long(7, Link { drop: ratio(1, 4), ..Link::reliable(constant(1)) });
    world.faults = vec![lossy(0, 5_000, ratio(1, 2)), lossy(5_000, 10_000, ratio(1, 10))];
    let (_, watch) = chat(&world, &LONG);
    for (from, probability) in [(0, 0.5), (5_000, 0.25), (10_000, 0.25)] {
        let ended = |journey: &&Journey| {
            (from..from + 5_000).contains(&(journey.end.expect("it ends").0.0 / 1_000_000))
        };
        let all: Vec<_> = watch.journeys.iter().filter(ended).collect();
        let lost = all.iter().filter(|journey| journey.loss().is_some()).count();
        assert_rate(lost as u64, all.len() as u64, probability, "losses of one part");
    }
}

#[test]
fn client_links_lose_but_never_double() {
    let mut world = World { duration: ms(10_000), ..world(1) };
    let twice = ratio(1, 1);
    world.client_network = Link { duplicate: twice, drop: ratio(1, 3), ..Link::reliable(constant(1)) };
    let operations: Vec<_> = (0..400).map(|k| (k * 25, anachron_vocabulary::Operation::Read)).collect();
    world.clients = vec![client("a", script(&operations))];
    let everybody = || vec![n(0), c(0)];
    world.faults =
        vec![forever(0, Fault::Duplicating { from: everybody(), to: everybody(), duplicate: twice })];
    let (run, watch) = crate::kit::puppet::play(&world, &[]);
    assert_eq!(run.statistics.duplicated, 0);
    assert_eq!(watch.link(c(0), n(0)).count(), 400);
    assert_rate(run.statistics.dropped, 400, 1.0 / 3.0, "losses");
}
