//! A reader's own type, judged by the generic search: a FIFO queue in thirty lines, and a shop whose goods are parts.

use std::collections::BTreeMap;

use anachron_checker::testing::Dice;
use anachron_checker::{Budget, Event, Order, Specification, Verdict, check_specification};

struct Queue;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Ask {
    Enqueue(u32),
    Dequeue,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Told {
    Done,
    Empty,
    Took(u32),
}

impl Specification for Queue {
    type State = Vec<u32>;
    type Operation = Ask;
    type Reply = Told;

    fn initial(&self) -> Vec<u32> {
        Vec::new()
    }

    fn step(&self, queue: &Vec<u32>, ask: &Ask, reply: Option<&Told>) -> Option<Vec<u32>> {
        let mut queue = queue.clone();
        let answer = match ask {
            Ask::Enqueue(value) => {
                queue.push(*value);
                Told::Done
            }
            Ask::Dequeue if queue.is_empty() => Told::Empty,
            Ask::Dequeue => Told::Took(queue.remove(0)),
        };
        reply.is_none_or(|reply| *reply == answer).then_some(queue)
    }
}

fn judge(events: &[(Ask, Option<Told>, i64, i64)]) -> Verdict {
    let events: Vec<Event<Queue>> = events
        .iter()
        .map(|(operation, reply, call, returned)| Event {
            operation: operation.clone(),
            reply: *reply,
            call: *call,
            returned: *returned,
        })
        .collect();
    check_specification(&Queue, &events, &mut Budget::default())
}

#[test]
fn a_queue_of_ones_own_is_judged() {
    let enqueue = |value, call, end| (Ask::Enqueue(value), Some(Told::Done), call, end);
    let dequeue = |value, call, end| (Ask::Dequeue, Some(value), call, end);
    let good =
        [enqueue(1, 0, 5), enqueue(2, 3, 8), dequeue(Told::Took(2), 10, 12), dequeue(Told::Took(1), 13, 15)];
    assert!(matches!(judge(&good), Verdict::Linearizable(_)));
    let overtaken =
        [enqueue(1, 0, 5), enqueue(2, 6, 8), dequeue(Told::Took(2), 10, 12), dequeue(Told::Took(1), 13, 15)];
    let Verdict::NotLinearizable(core) = judge(&overtaken) else { panic!("2 overtook 1") };
    assert!(core.minimal && core.operations.len() <= 4, "{core:?}");
    let lost = [enqueue(1, 0, 5), (Ask::Dequeue, None, 6, 0), dequeue(Told::Empty, 10, 12)];
    assert!(matches!(judge(&lost), Verdict::Linearizable(_)), "the client that gave up may have taken it");
    assert!(matches!(judge(&lost[..1]), Verdict::Linearizable(_)));
    assert!(matches!(judge(&[lost[0].clone(), lost[2].clone()]), Verdict::NotLinearizable(_)));
}

/// Stock of several goods; says of each operation which good it is about, or keeps that to itself.
#[derive(Clone, Copy)]
struct Shop {
    tells_parts: bool,
}

/// Buys so many of a good, and is told how many are left.
type Purchase = (u64, i64);

impl Specification for Shop {
    type State = BTreeMap<u64, i64>;
    type Operation = Purchase;
    type Reply = i64;

    fn initial(&self) -> BTreeMap<u64, i64> {
        BTreeMap::new()
    }

    fn step(
        &self,
        stock: &Self::State,
        (good, number): &Purchase,
        left: Option<&i64>,
    ) -> Option<Self::State> {
        let mut stock = stock.clone();
        let after = stock.get(good).copied().unwrap_or(5) - number;
        if after < 0 || left.is_some_and(|&left| left != after) {
            return None;
        }
        stock.insert(*good, after);
        Some(stock)
    }

    fn part(&self, (good, _): &Purchase) -> Option<u64> {
        self.tells_parts.then_some(*good)
    }
}

fn orders(order: &Order, events: &[Event<Shop>]) {
    let shop = Shop { tells_parts: false };
    let mut stock = shop.initial();
    for (position, id) in order.0.iter().enumerate() {
        let event = &events[id.index()];
        stock = shop.step(&stock, &event.operation, event.reply.as_ref()).expect("a legal step");
        let is_late = |before: &&anachron_vocabulary::OperationId| {
            event.reply.is_some() && event.returned < events[before.index()].call
        };
        assert_eq!(order.0[..position].iter().find(is_late), None, "real time");
    }
    let placed = |event: usize| order.0.iter().any(|id| id.index() == event);
    assert!((0..events.len()).all(|event| events[event].reply.is_none() || placed(event)), "all that is ok");
}

#[test]
fn parts_change_nothing_but_the_effort() {
    let mut dice = Dice::new(0x5409);
    let mut seen = [0, 0];
    for _ in 0..20_000 {
        let goods = 1 + dice.below(3);
        let events: Vec<Event<Shop>> = (0..=dice.below(7))
            .map(|_| {
                let call = dice.number(12);
                Event {
                    operation: (dice.below(goods), dice.number(3)),
                    reply: (!dice.permille(150)).then(|| 5 - dice.number(4)),
                    call,
                    returned: call + dice.number(8),
                }
            })
            .collect();
        let whole = check_specification(&Shop { tells_parts: false }, &events, &mut Budget::default());
        let parts = check_specification(&Shop { tells_parts: true }, &events, &mut Budget::default());
        assert_eq!(whole.decision(), parts.decision());
        match &parts {
            Verdict::Linearizable(order) => orders(order, &events),
            Verdict::NotLinearizable(core) => {
                let good = |id: anachron_vocabulary::OperationId| events[id.index()].operation.0;
                let goods: std::collections::BTreeSet<u64> =
                    core.operations.iter().map(|kept| good(kept.id)).collect();
                assert_eq!(goods.len(), 1, "a core is of one part");
            }
            Verdict::Undecided(_) => panic!("seven operations are few"),
        }
        seen[usize::from(matches!(parts, Verdict::Linearizable(_)))] += 1;
    }
    assert!(seen.iter().all(|&seen| seen > 1_000), "{seen:?}");
}
