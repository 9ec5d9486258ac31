//! Every protocol in a small random world: the four properties in every order of events, what reads may return under
//! each setting, and each weakening found.
//!
//! Loyal clients stay with one node and read locally; the others ask any node, retry at another, and read through the
//! broadcast.

use std::collections::BTreeMap;

use anachron_node::{Request, RequestId};
use anachron_replication::multi_paxos::MultiPaxos;
use anachron_replication::raft::Raft;
use anachron_replication::total_order::{
    Broadcast, Config, Consensus, Lamport1978, Reads, Sequencer, Weakening, Weakenings,
};

use super::shuffle::{Weather, World};
use crate::kit::atomicity::{Operation, violation};

const STEPS: usize = 1500;

/// Rough enough for each rule to matter.
const WEATHER: Weather = Weather { drop: 30, duplicate: 30, timer: 50, crash: 6 };

/// What came of a seed.
struct Outcome {
    /// The property of the broadcast that is broken.
    broken: Result<(), String>,
    /// Why the clients' history is not linearizable, if it is not.
    not_linearizable: Option<String>,
    /// Why it is not even sequentially consistent, as far as [`sequential_violation`] can tell.
    not_sequential: Option<String>,
    answered: usize,
    delivered: usize,
}

fn run<B: Broadcast<Payload = Request>>(reads: Reads, weakenings: Weakenings, seed: u64) -> Outcome {
    let nodes = [3, 4, 5][usize::try_from(seed % 3).expect("below 3")];
    let config = Config { reads, weakenings, ..Config::default() };
    let mut world = World::<B>::new(config, nodes, WEATHER, reads == Reads::Local, seed);
    let broken = (0..STEPS)
        .try_for_each(|step| world.step().map_err(|what| format!("step {step}: {what}")))
        .and_then(|()| world.heal().map_err(|what| format!("at rest: {what}")));
    Outcome {
        broken,
        not_linearizable: violation(&world.operations),
        not_sequential: sequential_violation(&world),
        answered: world.operations.iter().filter(|operation| operation.answered.is_some()).count(),
        delivered: world.order.len(),
    }
}

/// Each client must walk through the order of the writes without turning back: what it reads is never before what it
/// has read or written. Then its reads can be put between the writes so that its own order is kept.
fn sequential_violation<B: Broadcast<Payload = Request>>(world: &World<B>) -> Option<String> {
    let mut places: BTreeMap<RequestId, usize> = BTreeMap::new();
    for (place, delivery) in world.order.iter().enumerate() {
        places.entry(delivery.request).or_insert(place + 1);
    }
    let writes = world.operations.iter().filter(|operation| operation.is_write);
    let written: BTreeMap<i64, usize> =
        writes.filter_map(|write| Some((write.value, *places.get(&write.id)?))).collect();
    let mut reached = BTreeMap::new();
    for operation in world.operations.iter().filter(|operation| operation.answered.is_some()) {
        let Operation { id, value, .. } = operation;
        let place = match written.get(value) {
            Some(&place) => place,
            None if *value == 0 => 0,
            None => return Some(format!("{operation:?} shows what is not in the order")),
        };
        let reached = reached.entry(id.client).or_insert(0);
        if place < *reached {
            return Some(format!("{operation:?} is at {place}, its client was at {reached} before"));
        }
        *reached = place;
    }
    None
}

/// Runs the sound protocol under many seeds.
fn sound<B: Broadcast<Payload = Request>>(reads: Reads, seeds: u64) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for seed in 0..seeds {
        let outcome = run::<B>(reads, Weakenings::NONE, seed);
        assert_eq!(outcome.broken, Ok(()), "seed {seed}");
        outcomes.push(outcome);
    }
    let answered: usize = outcomes.iter().map(|outcome| outcome.answered).sum();
    let delivered: usize = outcomes.iter().map(|outcome| outcome.delivered).sum();
    println!("{seeds} seeds: {answered} operations answered, {delivered} messages in order");
    let runs = outcomes.len();
    assert!(answered > 8 * runs && delivered > 8 * runs, "the world is too rough to tell");
    outcomes
}

fn linearizable_through_the_broadcast<B: Broadcast<Payload = Request>>() {
    for (seed, outcome) in sound::<B>(Reads::Broadcast, 300).into_iter().enumerate() {
        assert_eq!(outcome.not_linearizable, None, "seed {seed}");
    }
}

fn sequential_with_local_reads<B: Broadcast<Payload = Request>>() {
    let outcomes = sound::<B>(Reads::Local, 300);
    for (seed, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.not_sequential, None, "seed {seed}");
    }
    let stale = outcomes.iter().filter(|outcome| outcome.not_linearizable.is_some()).count();
    println!("{stale} of {} histories are not linearizable", outcomes.len());
    assert!(stale > 0, "local reads are never caught");
}

#[test]
fn the_sequencer_keeps_the_four_properties_and_reads_through_it_are_linearizable() {
    linearizable_through_the_broadcast::<Sequencer>();
}

#[test]
fn the_stamps_keep_the_four_properties_and_reads_through_them_are_linearizable() {
    linearizable_through_the_broadcast::<Lamport1978>();
}

#[test]
fn the_log_of_raft_keeps_the_four_properties_and_reads_through_it_are_linearizable() {
    linearizable_through_the_broadcast::<Consensus<Raft>>();
}

#[test]
fn the_log_of_multi_paxos_keeps_the_four_properties_and_reads_through_it_are_linearizable() {
    linearizable_through_the_broadcast::<Consensus<MultiPaxos>>();
}

#[test]
fn local_reads_behind_raft_are_sequential_and_no_more() {
    sequential_with_local_reads::<Consensus<Raft>>();
}

#[test]
fn local_reads_behind_multi_paxos_are_sequential_and_no_more() {
    sequential_with_local_reads::<Consensus<MultiPaxos>>();
}

#[test]
fn local_reads_behind_the_sequencer_are_sequential_and_no_more() {
    sequential_with_local_reads::<Sequencer>();
}

#[test]
fn local_reads_behind_the_stamps_are_sequential_and_no_more() {
    sequential_with_local_reads::<Lamport1978>();
}

fn found<B: Broadcast<Payload = Request>>(weakening: Weakening) {
    let set = Weakenings::NONE.with(weakening);
    let caught = (0..2000).find_map(|seed| {
        let outcome = run::<B>(Reads::Broadcast, set, seed);
        Some((seed, outcome.broken.err().or(outcome.not_linearizable)?))
    });
    let (seed, what) = caught.unwrap_or_else(|| panic!("{} was not found", weakening.name()));
    println!("{:32} seed {seed}, {what}", weakening.name());
}

#[test]
fn every_weakening_is_found() {
    for &weakening in Weakening::ALL {
        match weakening {
            Weakening::DeliverBeforeStable => {
                found::<Sequencer>(weakening);
                found::<Consensus<Raft>>(weakening);
            }
            Weakening::NoTransfer | Weakening::LongestOrder => found::<Sequencer>(weakening),
            Weakening::NoFifo | Weakening::MajorityAcknowledges => found::<Lamport1978>(weakening),
            Weakening::NoDedup => {
                found::<Sequencer>(weakening);
                found::<Lamport1978>(weakening);
                found::<Consensus<Raft>>(weakening);
                found::<Consensus<MultiPaxos>>(weakening);
            }
        }
    }
}
