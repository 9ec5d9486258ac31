//! Collections for tests and benches: what a real one might have shown, and what it never could have.
//!
//! An atomic queue, stack or priority queue serves clients whose operations overlap as much as asked for, so that what they
//! see is linearizable by construction; [`plant`] then makes it wrong. Everything follows from the seed.

use std::collections::{BTreeSet, VecDeque};

use anachron_vocabulary::OperationId;

use super::{Action, Collection, Decided, Event};
use crate::testing::Dice;

/// Which element leaves first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discipline {
    /// The oldest.
    Queue,
    /// The youngest.
    Stack,
    /// The one of least rank.
    PriorityQueue,
}

impl Discipline {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Queue, Self::Stack, Self::PriorityQueue];

    /// Decides a collection of this discipline.
    pub fn decide(self, collection: &Collection) -> Option<Decided> {
        match self {
            Self::Queue => super::queue(collection),
            Self::Stack => super::stack(collection),
            Self::PriorityQueue => super::priority_queue(collection),
        }
    }
}

/// The atomic collection.
#[derive(Clone, Debug)]
enum Contents {
    Queue(VecDeque<u32>),
    Stack(Vec<u32>),
    PriorityQueue(BTreeSet<(i64, u32)>),
}

impl Contents {
    fn insert(&mut self, value: u32, rank: i64) {
        match self {
            Self::Queue(values) => values.push_back(value),
            Self::Stack(values) => values.push(value),
            Self::PriorityQueue(values) => {
                values.insert((rank, value));
            }
        }
    }

    fn remove(&mut self) -> Option<u32> {
        match self {
            Self::Queue(values) => values.pop_front(),
            Self::Stack(values) => values.pop(),
            Self::PriorityQueue(values) => values.pop_first().map(|(_, value)| value),
        }
    }
}

/// What generated operations are to look like.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Which collection.
    pub discipline: Discipline,
    /// How many operations.
    pub operations: usize,
    /// How many clients, each with one operation open at almost all times.
    pub concurrency: usize,
    /// How many operations in a thousand are inserts. About 500 keeps the collection short, so that some find it empty.
    pub insert_permille: u64,
    /// How many in a thousand end with an unknown outcome. About half of them take effect.
    pub unknown_permille: u64,
    /// The seed.
    pub seed: u64,
}

/// Operations that an atomic collection served: linearizable, whatever the load.
pub fn served(load: &Load) -> Vec<Event> {
    let mut dice = Dice::new(load.seed);
    let mut contents = match load.discipline {
        Discipline::Queue => Contents::Queue(VecDeque::new()),
        Discipline::Stack => Contents::Stack(Vec::new()),
        Discipline::PriorityQueue => Contents::PriorityQueue(BTreeSet::new()),
    };
    // Each client calls, and each call's effect and return come after random waits; effects happen in order of time.
    let mut clients: Vec<i64> = (0..load.concurrency).map(|_| dice.number(8)).collect();
    let mut effects: Vec<(i64, usize, bool)> = Vec::with_capacity(load.operations);
    let mut events: Vec<Event> = Vec::with_capacity(load.operations);
    let mut values = 0;
    for index in 0..load.operations {
        let client = (0..clients.len()).min_by_key(|&client| clients[client]).expect("somebody calls");
        let call = clients[client];
        let effect = call + dice.number(40);
        let returned = effect + dice.number(40);
        clients[client] = returned + 1 + dice.number(4);
        let unknown = dice.permille(load.unknown_permille);
        let happens = !unknown || dice.permille(500);
        let action = if dice.permille(load.insert_permille) {
            values += 1;
            Action::Insert { value: values - 1, rank: dice.number(1 << 40) }
        } else {
            Action::Pending
        };
        // The return of an operation of unknown outcome is lost.
        let returned = (!unknown).then_some(returned);
        effects.push((effect, index, happens));
        events.push(Event { id: OperationId::from_index(index), action, call, returned });
    }
    effects.sort_unstable();
    for (_, index, happens) in effects {
        let event = &mut events[index];
        match event.action {
            _ if !happens => {}
            Action::Insert { value, rank } => contents.insert(value, rank),
            _ => {
                let removed = contents.remove();
                if event.returned.is_some() {
                    event.action = removed.map_or(Action::Empty, |value| Action::Remove { value });
                }
            }
        }
    }
    events
}

/// What to do to operations that were served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wrong {
    /// Two removes get each other's answers.
    Swapped,
    /// A value that was removed never was: its remove is left out.
    Lost,
    /// A remove that got a value is told that there is none, and the value stays.
    Empty,
}

/// Makes operations wrong near the middle. They may happen to stay linearizable. False if there is nothing to do it to.
pub fn plant(events: &mut Vec<Event>, wrong: Wrong, seed: u64) -> bool {
    let mut dice = Dice::new(seed);
    let removes: Vec<usize> = (events.len() / 4..events.len() * 3 / 4)
        .filter(|&index| matches!(events[index].action, Action::Remove { .. }))
        .collect();
    if removes.len() < 2 {
        return false;
    }
    let first = dice.index(removes.len() - 1);
    let (one, other) = (removes[first], removes[(first + 1 + dice.index(100)).min(removes.len() - 1)]);
    match wrong {
        Wrong::Swapped => {
            let action = events[one].action;
            events[one].action = events[other].action;
            events[other].action = action;
        }
        Wrong::Lost => {
            events.remove(one);
        }
        Wrong::Empty => events[one].action = Action::Empty,
    }
    true
}

/// A few operations without any sense to them, but that each value is inserted once and removed at most once.
pub fn scrambled(dice: &mut Dice, most: usize) -> Vec<Event> {
    let span = dice.one_of(&[4, 8, 16, 40]);
    let length = dice.one_of(&[2, 4, 8, 20]);
    let unknown = dice.one_of(&[0, 0, 150, 400]);
    let empty = dice.one_of(&[0, 100, 300]);
    let stay = dice.one_of(&[0, 200, 500]);
    let ranks = dice.one_of(&[2, 4, 1000]);
    let mut events: Vec<Event> = Vec::new();
    let mut values = 0;
    let target = 2 + dice.index(most - 1);
    let push = |events: &mut Vec<Event>, dice: &mut Dice, action: Action, from: i64, known: bool| {
        let call = from + dice.number(span);
        let returned = (known || !dice.permille(unknown)).then_some(call + dice.number(length));
        events.push(Event { id: OperationId::from_index(events.len()), action, call, returned });
    };
    while events.len() < target {
        if dice.permille(empty) {
            push(&mut events, dice, Action::Empty, 0, false);
            continue;
        }
        let value = values;
        values += 1;
        let rank = dice.number(ranks);
        push(&mut events, dice, Action::Insert { value, rank }, 0, false);
        if dice.permille(stay) || events.len() == target {
            if dice.permille(unknown) && events.len() < target {
                push(&mut events, dice, Action::Pending, 0, false);
            }
            continue;
        }
        // Mostly in the right order, so that it takes more than one value to be wrong.
        let from = if dice.permille(900) { events[events.len() - 1].call } else { 0 };
        push(&mut events, dice, Action::Remove { value }, from, false);
    }
    for event in &mut events {
        if event.action == Action::Pending {
            event.returned = None;
        }
    }
    events
}
