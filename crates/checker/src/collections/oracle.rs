//! The slow, obvious answers, and the theorems held against them.

use std::collections::BTreeSet;

use anachron_vocabulary::OperationId;

use super::copies::{self, Leaves};
use super::parts::Decided as PartDecided;
use super::testing::{Discipline, Load, Wrong, plant, scrambled, served};
use super::{Action, Clash, Collection, Decided, Event, Theorem, Unfit};
use crate::Budget;
use crate::testing::Dice;

/// The contents, each value with its rank, after an operation; `None` if it can't have had this outcome.
fn step(discipline: Discipline, contents: &[(i64, u32)], event: &Event) -> Vec<Vec<(i64, u32)>> {
    let next = match discipline {
        Discipline::Queue => contents.first().map(|_| 0),
        Discipline::Stack => contents.len().checked_sub(1),
        Discipline::PriorityQueue => None,
    };
    // All that may leave next: several, if their ranks are equal and least.
    let least = contents.iter().map(|&(rank, _)| rank).min();
    let leaving = (0..contents.len()).filter(|&index| {
        next.map_or(discipline == Discipline::PriorityQueue && Some(contents[index].0) == least, |next| {
            next == index
        })
    });
    let without = |index: usize| {
        let mut after = contents.to_vec();
        after.remove(index);
        after
    };
    match event.action {
        Action::Insert { value, rank } => {
            let mut after = contents.to_vec();
            after.push((rank, value));
            vec![after]
        }
        Action::Remove { value } if event.returned.is_some() => {
            leaving.filter(|&index| contents[index].1 == value).map(without).collect()
        }
        Action::Empty if event.returned.is_some() => {
            if contents.is_empty() {
                vec![Vec::new()]
            } else {
                Vec::new()
            }
        }
        _ => leaving.map(without).collect(),
    }
}

/// Tries every order.
fn brute_force(discipline: Discipline, events: &[Event]) -> bool {
    let mut seen: BTreeSet<(u32, Vec<(i64, u32)>)> = BTreeSet::new();
    let mut open = vec![(0_u32, Vec::new())];
    while let Some((placed, contents)) = open.pop() {
        if !seen.insert((placed, contents.clone())) {
            continue;
        }
        let left = || (0..events.len()).filter(|index| placed >> index & 1 == 0);
        if left().all(|index| events[index].returned.is_none()) {
            return true;
        }
        for index in left() {
            let call = events[index].call;
            if left().any(|other| events[other].returned.is_some_and(|returned| returned < call)) {
                continue;
            }
            let after = step(discipline, &contents, &events[index]);
            open.extend(after.into_iter().map(|after| (placed | 1 << index, after)));
        }
    }
    false
}

/// Checks an order: legal, complete, each operation once, and nobody before one that returned before its call.
fn verify(discipline: Discipline, events: &[Event], order: &[OperationId]) {
    let by_id =
        |id: OperationId| events.iter().find(|event| event.id == id).expect("an operation of the history");
    let indexed = events.iter().enumerate().all(|(index, event)| event.id.index() == index);
    let mut placed = BTreeSet::new();
    let mut states: Vec<Vec<(i64, u32)>> = vec![Vec::new()];
    let mut latest_call = i64::MIN;
    for &id in order {
        let event = if indexed { &events[id.index()] } else { by_id(id) };
        assert!(placed.insert(id), "{id:?} twice");
        assert!(event.returned.is_none_or(|returned| latest_call <= returned), "{id:?} too late");
        latest_call = latest_call.max(event.call);
        // Values are unique, so only a pending remove among equal ranks leaves more than one state.
        states = states.iter().flat_map(|state| step(discipline, state, event)).collect();
        states.sort_unstable();
        states.dedup();
        assert!(!states.is_empty(), "{id:?} is not legal there");
    }
    assert!(
        events.iter().all(|event| event.returned.is_none() || placed.contains(&event.id)),
        "one is missing"
    );
}

/// The events of a clash, with some of its elements and empties left out.
fn events_of(events: &[Event], collection: &Collection, clash: &Clash) -> Vec<Event> {
    let ids = clash.operations(collection);
    events.iter().filter(|event| ids.contains(&event.id)).copied().collect()
}

#[derive(Default, Debug)]
struct Tally {
    orders: u64,
    clashes: u64,
    undecided: u64,
    undecided_violations: u64,
    not_minimal: u64,
    /// Clashes of three values or more, without an empty.
    beyond_pairs: u64,
    unfit: u64,
}

fn hold_against_brute_force(discipline: Discipline, events: &[Event], tally: &mut Tally) {
    let expected = brute_force(discipline, events);
    let context = || format!("{discipline:?} {events:#?}");
    let collection = match Collection::gather(events) {
        Ok(collection) => collection,
        Err(Unfit::NotUnique) => panic!("values are unique: {}", context()),
        Err(Unfit::Clash(ids)) => {
            assert!(!expected, "{}", context());
            let part: Vec<Event> = events.iter().filter(|event| ids.contains(&event.id)).copied().collect();
            assert!(!brute_force(discipline, &part), "{}", context());
            tally.unfit += 1;
            return;
        }
    };
    match discipline.decide(&collection) {
        Some(Decided::Order(order)) => {
            assert!(expected, "{}", context());
            verify(discipline, events, &order);
            tally.orders += 1;
        }
        Some(Decided::Clash(clash)) => {
            assert!(!expected, "{}", context());
            let alone = |clash: &Clash| brute_force(discipline, &events_of(events, &collection, clash));
            let mut helped = clash.clone();
            helped.pending = (0..collection.pending.len()).collect();
            assert!(!alone(&clash) && !alone(&helped), "{clash:?} is no proof: {}", context());
            let certain = clash.minimal;
            assert!(
                certain || discipline != Discipline::Queue && !collection.pending.is_empty(),
                "{}",
                context()
            );
            for index in 0..clash.elements.len() {
                let mut less = clash.clone();
                less.elements.remove(index);
                assert!(!certain || alone(&less), "{clash:?} is not minimal: {}", context());
            }
            for index in 0..clash.empties.len() {
                let mut less = clash.clone();
                less.empties.remove(index);
                assert!(!certain || alone(&less), "{clash:?} is not minimal: {}", context());
            }
            tally.clashes += 1;
            tally.beyond_pairs += u64::from(clash.empties.is_empty() && clash.elements.len() > 2);
            tally.not_minimal += u64::from(!certain);
        }
        None => {
            assert!(discipline != Discipline::Queue, "a queue is always decided: {}", context());
            assert!(!collection.pending.is_empty(), "{}", context());
            tally.undecided += 1;
            tally.undecided_violations += u64::from(!expected);
        }
    }
}

/// How many histories for each discipline: the share of CI, or what the environment asks for.
#[allow(clippy::disallowed_methods)] // a test may read its environment
fn rounds(share: u64) -> u64 {
    let asked = std::env::var("ANACHRON_COLLECTIONS").ok();
    asked.map_or(share, |asked| asked.parse().expect("a number of histories"))
}

#[test]
fn random_operations_agree_with_brute_force() {
    let rounds = rounds(40_000);
    for discipline in Discipline::ALL {
        let mut tally = Tally::default();
        let mut dice = Dice::new(20_250_922);
        for _ in 0..rounds {
            let events = scrambled(&mut dice, 9);
            hold_against_brute_force(discipline, &events, &mut tally);
        }
        println!("{discipline:?}: {tally:?}");
        assert!(tally.orders > rounds / 10 && tally.clashes > rounds / 10, "{discipline:?}: {tally:?}");
        assert!(
            tally.undecided < rounds / 100 && tally.not_minimal < rounds / 1000,
            "{discipline:?}: {tally:?}"
        );
        assert!(tally.beyond_pairs > rounds / 1000, "{discipline:?}: {tally:?}");
    }
}

#[test]
fn small_services_agree_with_brute_force() {
    let rounds = rounds(20_000);
    for discipline in Discipline::ALL {
        let mut tally = Tally::default();
        for seed in 0..rounds {
            let mut dice = Dice::new(seed);
            let mut events = served(&Load {
                discipline,
                operations: 4 + dice.index(8),
                concurrency: dice.one_of(&[2, 3, 5]),
                insert_permille: dice.one_of(&[400, 500, 700]),
                unknown_permille: dice.one_of(&[0, 0, 200]),
                seed,
            });
            let wrong = dice.one_of(&[None, Some(Wrong::Swapped), Some(Wrong::Lost), Some(Wrong::Empty)]);
            let planted = wrong.is_some_and(|wrong| plant(&mut events, wrong, seed));
            if !planted {
                assert!(brute_force(discipline, &events), "an atomic collection served {events:#?}");
            }
            hold_against_brute_force(discipline, &events, &mut tally);
        }
        println!("{discipline:?}: {tally:?}");
        assert!(tally.orders > rounds / 4 && tally.clashes > rounds / 20, "{discipline:?}: {tally:?}");
    }
}

#[test]
fn copies_agree_with_brute_force() {
    let rounds = rounds(20_000);
    let ways: [(Discipline, Leaves, Theorem); 3] = [
        (Discipline::Queue, Leaves::First, super::queue),
        (Discipline::Stack, Leaves::Last, super::stack),
        (Discipline::PriorityQueue, Leaves::Any, super::priority_queue),
    ];
    for (discipline, leaves, theorem) in ways {
        let mut tally = Tally::default();
        let mut dice = Dice::new(20_261_123);
        for seed in 0..rounds {
            let mut events = if dice.permille(500) {
                scrambled(&mut dice, 9)
            } else {
                served(&Load {
                    discipline,
                    operations: 4 + dice.index(7),
                    concurrency: dice.one_of(&[2, 3, 5]),
                    insert_permille: dice.one_of(&[500, 600]),
                    unknown_permille: dice.one_of(&[0, 0, 200]),
                    seed,
                })
            };
            if dice.permille(300) {
                plant(&mut events, dice.one_of(&[Wrong::Swapped, Wrong::Lost, Wrong::Empty]), seed);
            }
            let few = dice.one_of(&[1, 2, 3]);
            for event in &mut events {
                match &mut event.action {
                    Action::Insert { value, rank } => {
                        *value %= few;
                        *rank = i64::from(*value / 2);
                    }
                    Action::Remove { value } => *value %= few,
                    Action::Empty | Action::Pending => {}
                }
            }
            let expected = brute_force(discipline, &events);
            let context = || format!("{discipline:?} {events:#?}");
            match copies::decide(&events, leaves, theorem, &mut Budget::default()) {
                Some(PartDecided::Order(order)) => {
                    assert!(expected, "{}", context());
                    verify(discipline, &events, &order);
                    tally.orders += 1;
                }
                Some(PartDecided::Clash(ids)) => {
                    assert!(!expected, "{}", context());
                    let listed = |event: &&Event| {
                        let is_pending =
                            event.returned.is_none() && !matches!(event.action, Action::Insert { .. });
                        is_pending || ids.contains(&event.id)
                    };
                    let part: Vec<Event> = events.iter().filter(listed).copied().collect();
                    assert!(!brute_force(discipline, &part), "{ids:?} is no proof: {}", context());
                    tally.clashes += 1;
                }
                None => tally.undecided += 1,
            }
        }
        println!("{discipline:?}: {tally:?}");
        assert!(tally.orders > rounds / 4 && tally.clashes > rounds / 20, "{discipline:?}: {tally:?}");
        assert!(tally.undecided < rounds / 10, "{discipline:?}: {tally:?}");
    }
}

/// The story: a stack of 100,000 operations with copies took 3.4 s of a budget of one second, for nobody asked between trials.
#[test]
fn the_budget_ends_the_trials_of_copies() {
    let mut trials_seen = Vec::new();
    for seed in 0..200 {
        let mut events = scrambled(&mut Dice::new(seed), 9);
        for event in &mut events {
            if let Action::Insert { value, .. } | Action::Remove { value } = &mut event.action {
                *value %= 2;
            }
        }
        let within = |trials: u64| {
            let mut asked = 0;
            let mut stop = || {
                asked += 1;
                asked > trials
            };
            let decided =
                copies::decide(&events, Leaves::First, super::queue, &mut Budget::with_stop(&mut stop));
            (decided.is_some(), asked)
        };
        let (is_decided, trials) = within(u64::MAX);
        if is_decided && trials > 0 {
            assert_eq!(within(trials), (true, trials), "seed {seed}");
            assert_eq!(within(trials - 1), (false, trials), "seed {seed}");
            assert_eq!(within(0), (false, 1), "seed {seed}");
            trials_seen.push(trials);
        }
    }
    assert!(trials_seen.iter().any(|&trials| trials > 2), "{trials_seen:?}");
}

/// A longer service, and what becomes of it.
fn long(
    discipline: Discipline,
    unknown_permille: u64,
    wrong: Option<Wrong>,
    seed: u64,
) -> (Vec<Event>, Collection, Option<Decided>) {
    let load =
        Load { discipline, operations: 2000, concurrency: 20, insert_permille: 520, unknown_permille, seed };
    let mut events = served(&load);
    if let Some(wrong) = wrong {
        assert!(plant(&mut events, wrong, seed), "there are removes");
    }
    let collection = Collection::gather(&events).expect("values are unique");
    let decided = discipline.decide(&collection);
    (events, collection, decided)
}

#[test]
fn long_services_have_orders() {
    for discipline in Discipline::ALL {
        for (unknown_permille, seed) in [(0, 1), (0, 2), (10, 3), (10, 4), (50, 5), (50, 6)] {
            let (events, _, decided) = long(discipline, unknown_permille, None, seed);
            let Some(Decided::Order(order)) = decided else {
                panic!("{discipline:?}, {unknown_permille} ‰ unknown, seed {seed}: {decided:?}");
            };
            verify(discipline, &events, &order);
        }
    }
}

#[test]
fn planted_violations_have_small_clashes() {
    for discipline in Discipline::ALL {
        for wrong in [Wrong::Swapped, Wrong::Lost, Wrong::Empty] {
            let mut clashes = 0;
            for seed in 0..40 {
                let (events, collection, decided) = long(discipline, 0, Some(wrong), seed);
                match decided {
                    Some(Decided::Clash(clash)) => {
                        clashes += 1;
                        let operations = events_of(&events, &collection, &clash);
                        assert!(operations.len() <= 16, "{discipline:?} {wrong:?} {seed}: {operations:#?}");
                        assert!(!brute_force(discipline, &operations), "{discipline:?} {wrong:?} {seed}");
                    }
                    Some(Decided::Order(order)) => verify(discipline, &events, &order),
                    None => panic!("nothing is pending"),
                }
            }
            assert!(clashes >= 10, "{discipline:?} {wrong:?}: only {clashes} of 40 are violations");
        }
    }
}
