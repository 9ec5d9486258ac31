//! A reader's own type, judged by the generic search: a FIFO queue in thirty lines.

use anachron_checker::{Budget, Event, Specification, Verdict, check_specification};

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
