//! Cases that a reader can check by hand, and those that are large in one way only.

use anachron_vocabulary::OperationId;

use super::testing::Discipline::{self, PriorityQueue, Queue, Stack};
use super::{Answered, Clash, Collection, Decided, Element, Insert, Pending};

type Interval = (i64, i64);

/// Values by the intervals of their insert and remove, of the rank of their position.
fn values(intervals: &[(Interval, Option<Interval>)]) -> Collection {
    let mut next = 0;
    let mut id = || {
        next += 1;
        OperationId(next - 1)
    };
    let element = |(rank, &(insert, remove)): (i64, &(Interval, Option<Interval>))| Element {
        insert: Insert { id: id(), call: insert.0, returned: Some(insert.1) },
        remove: remove.map(|(call, returned)| Answered { id: id(), call, returned }),
        rank,
    };
    Collection { elements: (0..).zip(intervals).map(element).collect(), ..Collection::default() }
}

fn empty(call: i64, returned: i64) -> Answered {
    Answered { id: OperationId(1_000_000), call, returned }
}

fn pending(call: i64) -> Pending {
    Pending { id: OperationId(2_000_000), call }
}

/// The clash of a collection that has to have one.
fn clash(discipline: Discipline, collection: &Collection) -> Clash {
    match discipline.decide(collection) {
        Some(Decided::Clash(clash)) => clash,
        other => panic!("{discipline:?}: {other:?}"),
    }
}

fn minimal(elements: &[usize], empties: &[usize], pending: &[usize]) -> Clash {
    let [elements, empties, pending] = [elements, empties, pending].map(<[usize]>::to_vec);
    Clash { elements, empties, pending, minimal: true }
}

fn has_order(discipline: Discipline, collection: &Collection) -> bool {
    matches!(discipline.decide(collection), Some(Decided::Order(_)))
}

#[test]
fn a_queue_lets_nobody_overtake() {
    // 0 in, 1 in, 1 out, 0 out; and a 2 that has nothing to do with it.
    let crossed = [((0, 1), Some((6, 7))), ((2, 3), Some((4, 5))), ((8, 8), None)];
    assert_eq!(clash(Queue, &values(&crossed)), minimal(&[0, 1], &[], &[]));
    assert!(has_order(Stack, &values(&crossed)));
    assert_eq!(clash(PriorityQueue, &values(&crossed)), minimal(&[0, 1], &[], &[]));
}

#[test]
fn a_stack_gives_back_the_youngest() {
    let in_turn = [((0, 1), Some((4, 5))), ((2, 3), Some((6, 7)))];
    assert_eq!(clash(Stack, &values(&in_turn)), minimal(&[0, 1], &[], &[]));
    assert!(has_order(Queue, &values(&in_turn)) && has_order(PriorityQueue, &values(&in_turn)));
}

#[test]
fn nobody_removes_what_is_not_there_yet() {
    let early = [((0, 9), Some((1, 9))), ((5, 6), Some((2, 4)))];
    for discipline in Discipline::ALL {
        assert_eq!(clash(discipline, &values(&early)), minimal(&[1], &[], &[]));
    }
}

#[test]
fn an_empty_needs_a_gap() {
    // One value leaves only after the next has come.
    let relay = [((0, 1), Some((5, 6))), ((3, 4), Some((9, 10))), ((7, 8), Some((12, 13)))];
    for discipline in Discipline::ALL {
        let mut collection = values(&relay);
        collection.empties = vec![empty(2, 11)];
        // A stack could not even have shown the relay.
        let expected =
            if discipline == Stack { minimal(&[0, 1], &[], &[]) } else { minimal(&[0, 1, 2], &[0], &[]) };
        assert_eq!(clash(discipline, &collection), expected);
        collection.empties = vec![empty(2, 12)];
        assert_eq!(has_order(discipline, &collection), discipline != Stack);
    }
}

#[test]
fn a_lost_value_may_have_gone_by_a_pending_remove() {
    // 0 never came out, though 1, which came later, did.
    let lost = [((0, 1), None), ((2, 3), Some((4, 5)))];
    for discipline in [Queue, PriorityQueue] {
        let mut collection = values(&lost);
        assert_eq!(clash(discipline, &collection), minimal(&[0, 1], &[], &[]));
        collection.pending = vec![pending(6)];
        assert_eq!(clash(discipline, &collection), minimal(&[0, 1], &[], &[]), "called too late");
        collection.pending = vec![pending(5)];
        assert!(has_order(discipline, &collection), "just in time");
    }
    // Two were lost, and only one can be excused.
    let two = [((0, 1), None), ((0, 1), None), ((2, 3), Some((4, 5)))];
    for discipline in [Queue, PriorityQueue] {
        let mut collection = values(&two);
        collection.pending = vec![pending(0), pending(6)];
        assert_eq!(clash(discipline, &collection), minimal(&[0, 1, 2], &[], &[0]));
    }
    // On a stack the later one has to have gone.
    let buried = [((0, 1), Some((4, 5))), ((2, 3), None)];
    let mut collection = values(&buried);
    assert_eq!(clash(Stack, &collection), minimal(&[0, 1], &[], &[]));
    collection.pending = vec![pending(6)];
    assert_eq!(clash(Stack, &collection), minimal(&[0, 1], &[], &[]), "called too late");
    collection.pending = vec![pending(5)];
    assert!(has_order(Stack, &collection), "just in time");
}

#[test]
fn an_insert_of_unknown_outcome_counts_if_its_value_came_out() {
    let mut collection = values(&[((0, 0), Some((4, 5))), ((7, 7), None)]);
    for element in &mut collection.elements {
        element.insert.returned = None;
    }
    collection.empties = vec![empty(6, 6), empty(9, 9)];
    for discipline in Discipline::ALL {
        let Some(Decided::Order(order)) = discipline.decide(&collection) else { panic!("an order") };
        assert_eq!(order.len(), 4, "insert, remove and the two empties");
    }
}

#[test]
fn equal_ranks_may_leave_in_any_order() {
    let mut collection = values(&[((0, 1), Some((6, 7))), ((2, 3), Some((4, 5)))]);
    collection.elements[1].rank = collection.elements[0].rank;
    assert!(has_order(PriorityQueue, &collection));
}

#[test]
fn times_at_the_edge_are_left_to_the_search() {
    for discipline in Discipline::ALL {
        assert_eq!(discipline.decide(&values(&[((0, i64::MAX - 1), None)])), None);
        assert_eq!(discipline.decide(&values(&[((i64::MIN, 0), None)])), None);
        assert!(has_order(discipline, &values(&[((i64::MIN + 1, i64::MAX - 2), None)])));
        assert!(has_order(discipline, &Collection::default()));
    }
}

#[test]
fn deep_wide_and_long() {
    let count = 20_000;
    let deep: Vec<_> = (0..count).map(|i| ((i, i), Some((3 * count - i, 3 * count - i)))).collect();
    assert!(has_order(Stack, &values(&deep)));
    let in_turn: Vec<_> = (0..count).map(|i| ((i, i), Some((2 * count + i, 2 * count + i)))).collect();
    assert!(has_order(Queue, &values(&in_turn)) && has_order(PriorityQueue, &values(&in_turn)));
    let wide: Vec<_> = (0..count).map(|_| ((0, 9), Some((5, 14)))).collect();
    // Each leaves only after the next has come, for a long time; then a value more than a chain needs.
    let mut relay: Vec<_> = (0..count).map(|i| ((4 * i, 4 * i + 1), Some((4 * i + 6, 4 * i + 7)))).collect();
    relay.push(((8, 8), Some((13, 13))));
    for discipline in Discipline::ALL {
        assert!(has_order(discipline, &values(&wide)));
    }
    for discipline in [Queue, PriorityQueue] {
        let mut collection = values(&relay[..relay.len() - 1]);
        assert!(has_order(discipline, &collection));
        collection.empties = vec![empty(2, 4 * count)];
        let clash = clash(discipline, &collection);
        assert!(clash.minimal && clash.empties == [0] && clash.elements.len() >= 10_000, "{clash:?}");
    }
    assert_eq!(clash(Stack, &values(&relay)).elements.len(), 2);
}
