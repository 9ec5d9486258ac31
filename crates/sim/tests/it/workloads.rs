//! Generated workloads: as many operations as asked, in their proportions, from the client's own stream.

use std::collections::{BTreeMap, BTreeSet};

use anachron_history::Record;
use anachron_sim::{
    ClientPlan, Distribution, Generated, OperationKind, Retry, Run, Values, Workload, World, simulate,
};
use anachron_trace::Blind;
use anachron_vocabulary::{Key, NodeId, Operation, Outcome, Value};

use crate::kit::store::{Settings, Store};
use crate::kit::{at, client, constant, ms, once, uniform, world};

use OperationKind::{Append, CompareAndSet, Lock, Read, Write};

fn generated(operations: u32, mix: &[(u32, OperationKind)], values: Values) -> Generated {
    Generated {
        start: at(5),
        operations,
        think_time: uniform(0, 2),
        keys: vec![(3, Key(0)), (1, Key(1))],
        mix: mix.to_vec(),
        values,
    }
}

fn clients(count: u32, of: &Generated) -> Vec<ClientPlan> {
    (0..count).map(|k| client(&format!("c{k}"), Workload::Generated(of.clone()))).collect()
}

fn run(world: &World) -> Run {
    let run = simulate::<Store>(world, &Settings::default(), &mut Blind);
    run.history.validate().expect("a well-formed history");
    run
}

fn long(clients: Vec<ClientPlan>) -> World {
    World { clients, duration: ms(60_000), ..world(1) }
}

fn written(operation: &Operation) -> Option<&Value> {
    match operation {
        Operation::Write(value) | Operation::Append(value) | Operation::CompareAndSet { new: value, .. } => {
            Some(value)
        }
        _ => None,
    }
}

fn share(records: &[Record], like: impl Fn(&Record) -> bool) -> f64 {
    let count = u32::try_from(records.iter().filter(|record| like(record)).count()).expect("few");
    f64::from(count) / f64::from(u32::try_from(records.len()).expect("few"))
}

#[test]
fn counts_kinds_keys_and_values_are_as_asked() {
    let mix = [(1, Read), (2, Write), (3, CompareAndSet), (4, Append)];
    let run = run(&long(clients(4, &generated(1_000, &mix, Values::Unique))));
    let records = &run.history.records;
    assert_eq!(records.len(), 4_000);
    for number in 0..4 {
        assert_eq!(records.iter().filter(|record| record.client.0 == number).count(), 1_000);
    }
    for (name, expected) in [("read", 0.1), ("write", 0.2), ("cas", 0.3), ("append", 0.4)] {
        let found = share(records, |record| record.operation.name() == name);
        assert!((found - expected).abs() < 0.03, "{name}: {found}");
    }
    let found = share(records, |record| record.key == Key(0));
    assert!((found - 0.75).abs() < 0.03, "the first key: {found}");
    let mut seen = BTreeSet::new();
    for value in records.iter().filter_map(|record| written(&record.operation)) {
        assert!(seen.insert(value.clone()), "{value} is written twice");
    }
    assert!(records.iter().all(|record| record.call.0 >= 5_000_000));
    assert!(records.iter().all(|record| matches!(record.outcome, Outcome::Ok(_))));
}

#[test]
fn a_weight_of_zero_never_happens() {
    let mut workload = generated(500, &[(0, Read), (1, Write), (0, Lock)], Values::Below(3));
    workload.keys = vec![(0, Key(0)), (5, Key(1))];
    let run = run(&long(clients(1, &workload)));
    assert_eq!(run.history.records.len(), 500);
    for record in &run.history.records {
        assert!(matches!(record.operation, Operation::Write(_)) && record.key == Key(1), "{record:?}");
    }
}

#[test]
fn drawn_values_are_uniform_below_their_bound() {
    let run = run(&long(clients(2, &generated(2_000, &[(1, Write), (1, CompareAndSet)], Values::Below(4)))));
    let mut counts: BTreeMap<Value, f64> = BTreeMap::new();
    for value in run.history.records.iter().filter_map(|record| written(&record.operation)) {
        *counts.entry(value.clone()).or_default() += 1.0;
    }
    assert_eq!(counts.keys().cloned().collect::<Vec<_>>(), (0..4).map(Value::Integer).collect::<Vec<_>>());
    // Chi-square with three degrees of freedom: 16.3 is exceeded once in a thousand.
    let chi_square: f64 = counts.values().map(|count| (count - 1_000.0) * (count - 1_000.0) / 1_000.0).sum();
    assert!(chi_square < 16.3, "{counts:?}");
}

#[test]
fn unique_compare_and_sets_sometimes_swap() {
    let run = run(&long(clients(1, &generated(1_000, &[(1, Write), (1, CompareAndSet)], Values::Unique))));
    let swapped = share(&run.history.records, |record| {
        record.outcome == Outcome::Ok(anachron_vocabulary::Reply::Answer(true))
    });
    let compared = share(&run.history.records, |record| record.operation.name() == "cas");
    assert!(compared > 0.4 && swapped > 0.0, "{swapped} of {compared}");
}

#[test]
fn locks_are_acquired_and_released_in_turn() {
    let mut workload = generated(60, &[(1, Lock)], Values::Unique);
    workload.keys = vec![(1, Key(0))];
    let mut world = long(clients(3, &workload));
    for plan in &mut world.clients {
        plan.retry = Retry { ask_again_for_lock: Some(ms(2)), ..once() };
    }
    let run = run(&world);
    assert_eq!(run.history.records.len(), 180);
    let mut held: BTreeMap<u32, bool> = BTreeMap::new();
    let mut grants: Vec<(i64, i64)> = Vec::new();
    let mut acquired: BTreeMap<u32, i64> = BTreeMap::new();
    for record in &run.history.records {
        assert!(matches!(record.outcome, Outcome::Ok(_)), "{record:?}");
        let holds = held.entry(record.client.0).or_default();
        let end = record.end.expect("it ended").0;
        if *holds {
            assert_eq!(record.operation, Operation::Release);
            grants.push((acquired[&record.client.0], record.call.0));
        } else {
            assert_eq!(record.operation, Operation::Acquire);
            acquired.insert(record.client.0, end);
        }
        *holds = !*holds;
    }
    // The store grants it to one at a time: from an acquire's return to the release's call nobody else holds it.
    grants.sort_unstable();
    assert!(grants.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{grants:?}");
}

#[test]
fn think_time_lies_between_an_end_and_the_next_call() {
    let mut workload = generated(200, &[(1, Read)], Values::Unique);
    workload.think_time = constant(7);
    let run = run(&long(clients(1, &workload)));
    assert_eq!(run.history.records[0].call.0, 12_000_000);
    for pair in run.history.records.windows(2) {
        assert_eq!(pair[1].call.0 - pair[0].end.expect("it ended").0, 7_000_001);
    }
}

/// What one client asks.
fn asked(run: &Run, client: u32) -> Vec<(Key, Operation)> {
    let of = |record: &Record| (record.client.0 == client).then(|| (record.key, record.operation.clone()));
    run.history.records.iter().filter_map(of).collect()
}

#[test]
fn what_a_client_asks_does_not_depend_on_the_network_on_others_or_on_its_own_luck() {
    let workload = generated(50, &[(1, Read), (1, Write), (1, CompareAndSet)], Values::Below(9));
    let usual = long(clients(2, &workload));
    let expected = asked(&run(&usual), 0);
    let mut more = usual.clone();
    more.clients
        .extend(clients(1, &workload).into_iter().map(|plan| ClientPlan { name: "more".to_owned(), ..plan }));
    let mut lossy = usual.clone();
    lossy.client_network.drop = crate::kit::ratio(1, 3);
    lossy.clients[0].retry = Retry {
        backoff: Distribution::Exponential { mean: ms(3) },
        ..crate::kit::retry(3, anachron_sim::AfterTimeout::NewRequest)
    };
    let mut sticky = usual.clone();
    sticky.clients[0].choice = anachron_sim::NodeChoice::Sticky(vec![NodeId(0)]);
    for world in [more, lossy, sticky] {
        assert_eq!(asked(&run(&world), 0), expected);
    }
    let other_seed = World { seed: 2, ..usual };
    assert_ne!(asked(&run(&other_seed), 0), expected);
}

#[test]
fn a_kind_that_draws_more_does_not_shift_later_operations() {
    // Draws came one after the other: a compare-and-set, which needs one more value than a write, shifted the keys,
    // kinds and pauses of everything after it.
    let draw = |kind| {
        let run = run(&long(clients(1, &generated(200, &[(1, kind), (1, Read)], Values::Below(9)))));
        let shape = |record: &Record| (record.key, record.operation.is_read(), record.call);
        run.history.records.iter().map(shape).collect::<Vec<_>>()
    };
    assert_eq!(draw(Write), draw(CompareAndSet));
}
