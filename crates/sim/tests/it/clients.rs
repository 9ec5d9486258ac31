//! Clients: what they make of answers, silence and refusals.

use anachron_node::{Answer, Refusal};
use anachron_sim::{
    AfterTimeout, ClientPlan, Distribution, Link, NodeChoice, Retry, Run, ScriptedOperation, SpecialLink,
    Workload, World,
};
use anachron_trace::Happening;
use anachron_vocabulary::{NodeId, Operation, Outcome, Reply, VirtualTime};

use crate::kit::puppet::{Do, On, play};
use crate::kit::watch::Watch;
use crate::kit::{KEY, at, c, client, constant, ms, n, once, retry, script, world, write};

fn done() -> Answer {
    Answer::Ok(Reply::Done)
}

fn not_leader(leader: Option<u16>) -> Answer {
    Answer::Refused(Refusal::NotLeader { leader: leader.map(NodeId) })
}

/// One client that writes 1 at 10 ms, waits 20 ms, and behaves like this; links of 1 ms.
fn lone(nodes: u16, choice: NodeChoice, retry: Retry) -> World {
    let plan = ClientPlan { choice, retry, ..client("a", script(&[(10, write(1))])) };
    World { clients: vec![plan], ..world(nodes) }
}

/// The outcome of the first operation and when it ended, in milliseconds.
fn first(run: &Run) -> (Outcome, Option<u64>) {
    let record = &run.history.records[0];
    (record.outcome.clone(), record.end.map(|end| u64::try_from(end.0 / 1_000_000).expect("positive")))
}

/// Who was asked, when it left, and under which id.
fn asked(watch: &Watch) -> Vec<(u64, String, String)> {
    let of = |journey: &crate::kit::watch::Journey| {
        let serial = journey.label.split("(request ").nth(1).expect("a request").trim_end_matches(')');
        (journey.sent.0 / 1_000_000, journey.to.to_string(), serial.to_owned())
    };
    watch.journeys.iter().filter(|journey| journey.from == c(0)).map(of).collect()
}

fn expect_asked(watch: &Watch, expected: &[(u64, &str, &str)]) {
    let found = asked(watch);
    let found: Vec<_> = found.iter().map(|(time, node, id)| (*time, node.as_str(), id.as_str())).collect();
    assert_eq!(found, expected);
}

const FIRST: NodeChoice = NodeChoice::Fixed(NodeId(0));

#[test]
fn a_time_out_is_unknown_a_refusal_is_failed_and_an_answer_is_ok() {
    let world = lone(1, FIRST, once());
    let answer = |answer| vec![(0, On::EveryRequest, vec![Do::AnswerLast(answer)])];
    assert_eq!(first(&play(&world, &[]).0), (Outcome::Unknown, Some(30)));
    assert_eq!(first(&play(&world, &answer(done())).0), (Outcome::Ok(Reply::Done), Some(12)));
    for why in [
        Refusal::Unsupported,
        Refusal::NoQuorum,
        Refusal::LockState,
        Refusal::NotLeader { leader: None },
        Refusal::NotLeader { leader: Some(NodeId(0)) },
    ] {
        assert_eq!(
            first(&play(&world, &answer(Answer::Refused(why))).0),
            (Outcome::Failed, Some(12)),
            "{why}"
        );
    }
    assert_eq!(first(&play(&world, &answer(Answer::Unknown)).0), (Outcome::Unknown, Some(12)));
}

#[test]
fn what_is_open_at_the_end_is_unknown_and_has_no_end() {
    let mut world = lone(1, FIRST, once());
    world.duration = ms(25);
    assert_eq!(first(&play(&world, &[]).0), (Outcome::Unknown, None));
    // A call that would come after the end is no part of the history.
    world.duration = ms(9);
    assert!(play(&world, &[]).0.history.records.is_empty());
}

#[test]
fn a_refusal_after_an_attempt_left_unresolved_is_unknown() {
    // Attempt 1 times out, attempts 2 and 3 are refused for good: attempt 1 may still take effect.
    for after_timeout in [AfterTimeout::SameRequest, AfterTimeout::NewRequest] {
        let world = lone(1, FIRST, retry(3, after_timeout));
        for why in [Refusal::NotLeader { leader: None }, Refusal::NoQuorum, Refusal::Unsupported] {
            let refuse = vec![Do::AnswerLast(Answer::Refused(why))];
            let rules = [(0, On::Request(2), refuse.clone()), (0, On::Request(3), refuse)];
            let (run, _) = play(&world, &rules);
            assert_eq!(run.history.records[0].outcome, Outcome::Unknown, "{why}");
        }
        // The same with an attempt that a node could not decide.
        let rules = [
            (0, On::Request(1), vec![Do::AnswerLast(Answer::Unknown)]),
            (0, On::Request(2), vec![Do::AnswerLast(Answer::Refused(Refusal::Unsupported))]),
        ];
        assert_eq!(first(&play(&world, &rules).0), (Outcome::Unknown, Some(19)));
    }
}

#[test]
fn retries_keep_the_id_or_take_a_new_one_or_do_not_happen() {
    let asked = |after_timeout| play(&lone(1, FIRST, retry(3, after_timeout)), &[]);
    let (run, watch) = asked(AfterTimeout::SameRequest);
    expect_asked(&watch, &[(10, "n1", "1"), (35, "n1", "1"), (60, "n1", "1")]);
    assert_eq!(first(&run), (Outcome::Unknown, Some(80)));
    let (run, watch) = asked(AfterTimeout::NewRequest);
    expect_asked(&watch, &[(10, "n1", "1"), (35, "n1", "2"), (60, "n1", "3")]);
    assert_eq!(first(&run), (Outcome::Unknown, Some(80)));
    let (run, watch) = asked(AfterTimeout::GiveUp);
    expect_asked(&watch, &[(10, "n1", "1")]);
    assert_eq!(first(&run), (Outcome::Unknown, Some(30)));
}

#[test]
fn ids_are_never_used_for_two_operations() {
    let mut world = lone(1, FIRST, retry(2, AfterTimeout::NewRequest));
    world.clients[0].workload = script(&[(10, write(1)), (10, write(2)), (10, Operation::Read)]);
    let (run, watch) = play(&world, &[(0, On::Request(2), vec![Do::AnswerLast(done())])]);
    let ids: Vec<_> = asked(&watch).into_iter().map(|(_, _, id)| id).collect();
    assert_eq!(ids, ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(run.history.records.len(), 3);
}

#[test]
fn a_late_answer_counts_under_the_same_id_and_not_under_a_new_one() {
    // The node answers request 1 after 40 ms, at 51: the client hears it at 52.
    let rules = [
        (0, On::Request(1), vec![Do::Timer("late", ms(40))]),
        (0, On::Timer("late"), vec![Do::Answer(1, done())]),
    ];
    let (run, _) = play(&lone(1, FIRST, retry(3, AfterTimeout::SameRequest)), &rules);
    assert_eq!(first(&run), (Outcome::Ok(Reply::Done), Some(52)));
    let (run, _) = play(&lone(1, FIRST, retry(3, AfterTimeout::NewRequest)), &rules);
    assert_eq!(first(&run), (Outcome::Unknown, Some(80)));
    let (run, _) = play(&lone(1, FIRST, once()), &rules);
    assert_eq!(first(&run), (Outcome::Unknown, Some(30)));
    // In the pause between two attempts it counts too.
    let mut backing_off = retry(3, AfterTimeout::SameRequest);
    backing_off.backoff = constant(100);
    let (run, watch) = play(&lone(1, FIRST, backing_off), &rules);
    assert_eq!(first(&run), (Outcome::Ok(Reply::Done), Some(52)));
    assert_eq!(asked(&watch).len(), 1, "no attempt after the end");
}

#[test]
fn a_late_refusal_of_an_earlier_node_does_not_end_a_later_attempt() {
    // Round robin, same id: n1 refuses after the client has gone on to n2. That refusal was taken for n2's, so the
    // client stopped waiting for n2, which was about to answer.
    let world =
        lone(2, NodeChoice::RoundRobin(vec![NodeId(0), NodeId(1)]), retry(2, AfterTimeout::SameRequest));
    for late in [not_leader(None), Answer::Unknown] {
        let rules = [
            (0, On::Request(1), vec![Do::Timer("late", ms(28))]),
            (0, On::Timer("late"), vec![Do::Answer(1, late)]),
            (1, On::Request(1), vec![Do::Timer("work", ms(10))]),
            (1, On::Timer("work"), vec![Do::Answer(1, done())]),
        ];
        let (run, watch) = play(&world, &rules);
        expect_asked(&watch, &[(10, "n1", "1"), (35, "n2", "1")]);
        assert_eq!(first(&run), (Outcome::Ok(Reply::Done), Some(47)));
    }
}

#[test]
fn a_deadline_ends_an_operation_whatever_it_is_doing() {
    let with = |deadline, backoff| Retry {
        deadline: Some(ms(deadline)),
        backoff: constant(backoff),
        ..retry(9, AfterTimeout::SameRequest)
    };
    // In the middle of an attempt, and in the middle of a pause: no attempt begins at the deadline.
    let (run, watch) = play(&lone(1, FIRST, with(30, 5)), &[]);
    assert_eq!(first(&run), (Outcome::Unknown, Some(40)));
    assert_eq!(asked(&watch).len(), 2);
    let (run, watch) = play(&lone(1, FIRST, with(23, 5)), &[]);
    assert_eq!(first(&run), (Outcome::Unknown, Some(33)));
    assert_eq!(asked(&watch).len(), 1);
    // Only refused, never in doubt: failed, at the deadline.
    let refuse = [(0, On::EveryRequest, vec![Do::AnswerLast(not_leader(None))])];
    let (run, watch) = play(&lone(1, FIRST, with(24, 5)), &refuse);
    assert_eq!(first(&run), (Outcome::Failed, Some(34)));
    assert_eq!(asked(&watch).len(), 4); // 10, 17, 24, 31, each refused 2 ms later; then the deadline
}

#[test]
fn back_off_follows_its_distribution_and_a_named_leader_is_asked_at_once() {
    let mut behaviour = retry(40, AfterTimeout::GiveUp);
    behaviour.backoff = Distribution::Uniform { low: ms(2), high: ms(6) };
    let refuse = [(0, On::EveryRequest, vec![Do::AnswerLast(not_leader(None))])];
    let (_, watch) = play(&lone(1, FIRST, behaviour.clone()), &refuse);
    let sent: Vec<_> = watch.link(c(0), n(0)).map(|journey| journey.sent).collect();
    assert_eq!(sent.len(), 40);
    let pauses: Vec<_> = sent.windows(2).map(|pair| pair[1].since(pair[0]) - ms(2)).collect();
    assert!(pauses.iter().all(|pause| (ms(2)..=ms(6)).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause < ms(3)) && pauses.iter().any(|pause| *pause > ms(5)));
    let rules = [
        (0, On::EveryRequest, vec![Do::AnswerLast(not_leader(Some(2)))]),
        (2, On::EveryRequest, vec![Do::AnswerLast(done())]),
    ];
    let leader = NodeChoice::Leader(vec![NodeId(0), NodeId(1)]);
    let (run, watch) = play(&lone(3, leader, behaviour), &rules);
    expect_asked(&watch, &[(10, "n1", "1"), (12, "n3", "1")]);
    assert_eq!(first(&run), (Outcome::Ok(Reply::Done), Some(14)));
}

/// Whom a client asks for five operations of which no attempt is answered, two attempts each.
fn silent_choice(choice: NodeChoice) -> Vec<String> {
    let mut world = lone(3, choice, retry(2, AfterTimeout::SameRequest));
    world.clients[0].workload = script(&[(10, write(1)), (100, write(2)), (200, write(3))]);
    asked(&play(&world, &[]).1).into_iter().map(|(_, node, _)| node).collect()
}

#[test]
fn choices_of_nodes() {
    let all = || vec![NodeId(0), NodeId(1), NodeId(2)];
    assert_eq!(silent_choice(FIRST), ["n1"; 6]);
    assert_eq!(silent_choice(NodeChoice::RoundRobin(all())), ["n1", "n2", "n3", "n1", "n2", "n3"]);
    assert_eq!(
        silent_choice(NodeChoice::RoundRobin(vec![NodeId(2), NodeId(0)])),
        ["n3", "n1", "n3", "n1", "n3", "n1"]
    );
    assert_eq!(silent_choice(NodeChoice::Leader(all())), ["n1", "n2", "n3", "n1", "n2", "n3"]);
    assert_eq!(silent_choice(NodeChoice::Leader(vec![NodeId(1)])), ["n2"; 6]);
    let sticky = silent_choice(NodeChoice::Sticky(all()));
    let order = ["n1", "n2", "n3", "n1", "n2", "n3", "n1", "n2"];
    assert!((0..3).any(|start| sticky == order[start..start + 6]), "{sticky:?}");
}

#[test]
fn a_choice_that_answers_stays() {
    let answer = |node| (node, On::EveryRequest, vec![Do::AnswerLast(done())]);
    for (choice, expected) in [
        (NodeChoice::Sticky(vec![NodeId(2)]), vec!["n3"; 3]),
        (NodeChoice::Leader(vec![NodeId(0), NodeId(2)]), vec!["n1", "n3", "n3", "n3"]),
        (NodeChoice::RoundRobin(vec![NodeId(1), NodeId(2)]), vec!["n2", "n3", "n2"]),
    ] {
        let mut world = lone(3, choice, retry(2, AfterTimeout::SameRequest));
        world.clients[0].workload = script(&[(10, write(1)), (100, write(2)), (200, write(3))]);
        let (_, watch) = play(&world, &[answer(1), answer(2)]);
        assert_eq!(asked(&watch).into_iter().map(|(_, node, _)| node).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn sticky_clients_spread_over_the_nodes() {
    let mut world = world(4);
    let all: Vec<_> = (0..4).map(NodeId).collect();
    let plan = |k| ClientPlan {
        choice: NodeChoice::Sticky(all.clone()),
        ..client(&format!("c{k}"), script(&[(10, write(1))]))
    };
    world.clients = (0..200).map(plan).collect();
    let (_, watch) = play(&world, &[]);
    for node in 0..4 {
        let count = watch.journeys.iter().filter(|journey| journey.to == n(node)).count();
        assert!((25..=75).contains(&count), "{count} of 200 ask node {node}");
    }
}

#[test]
fn the_nearest_node_is_the_one_with_the_least_mean_latency() {
    let near = |node, millis| SpecialLink { from: c(0), to: n(node), link: Link::reliable(constant(millis)) };
    let mut world = lone(3, NodeChoice::Nearest, retry(2, AfterTimeout::SameRequest));
    world.client_network = Link::reliable(constant(9));
    world.special_links = vec![near(2, 2), near(0, 5)];
    let (_, watch) = play(&world, &[]);
    assert_eq!(asked(&watch).into_iter().map(|(_, node, _)| node).collect::<Vec<_>>(), ["n3", "n1"]);
}

#[test]
fn a_script_may_name_a_node_for_one_operation() {
    // When the named node did not answer, the client also gave up on the node of its own choice, unasked.
    let mut world =
        lone(3, NodeChoice::Leader((0..3).map(NodeId).collect()), retry(2, AfterTimeout::SameRequest));
    let scripted = |time, node: Option<u16>| ScriptedOperation {
        at: at(time),
        key: KEY,
        operation: write(1),
        node: node.map(NodeId),
    };
    world.clients[0].workload = Workload::Script(vec![scripted(10, Some(2)), scripted(100, None)]);
    let (_, watch) = play(&world, &[]);
    assert_eq!(
        asked(&watch).into_iter().map(|(_, node, _)| node).collect::<Vec<_>>(),
        ["n3", "n1", "n2", "n3"]
    );
}

#[test]
fn a_lock_is_asked_for_again_under_new_ids_until_it_is_granted() {
    let held = Answer::Refused(Refusal::LockState);
    let mut world = lone(1, FIRST, Retry { ask_again_for_lock: Some(ms(8)), ..once() });
    world.clients[0].workload = script(&[(10, Operation::Acquire)]);
    let refusals = (1..4).map(|k| (0, On::Request(k), vec![Do::AnswerLast(held.clone())]));
    let rules: Vec<_> = refusals.chain([(0, On::Request(4), vec![Do::AnswerLast(done())])]).collect();
    let (run, watch) = play(&world, &rules);
    expect_asked(&watch, &[(10, "n1", "1"), (20, "n1", "2"), (30, "n1", "3"), (40, "n1", "4")]);
    assert_eq!(first(&run), (Outcome::Ok(Reply::Done), Some(42)));
    // With a deadline: failed, for every attempt was refused.
    world.clients[0].retry.deadline = Some(ms(25));
    assert_eq!(first(&play(&world, &rules).0), (Outcome::Failed, Some(35)));
    // A release that is refused has failed, and is not asked for again.
    world.clients[0].workload = script(&[(10, Operation::Release)]);
    assert_eq!(first(&play(&world, &rules).0), (Outcome::Failed, Some(12)));
    // Without asking again, so has an acquire.
    world.clients[0] = ClientPlan {
        workload: script(&[(10, Operation::Acquire)]),
        retry: retry(5, AfterTimeout::SameRequest),
        ..world.clients[0].clone()
    };
    assert_eq!(first(&play(&world, &rules).0), (Outcome::Failed, Some(12)));
}

#[test]
fn operations_of_one_client_follow_each_other() {
    let mut world = lone(1, FIRST, once());
    world.client_network.latency = Distribution::ZERO;
    world.clients[0].workload = script(&[(10, write(1)), (10, write(2)), (5, write(3)), (500, write(4))]);
    let (run, watch) = play(&world, &[(0, On::EveryRequest, vec![Do::AnswerLast(done())])]);
    let times: Vec<_> =
        run.history.records.iter().map(|record| (record.call.0, record.end.map(|end| end.0))).collect();
    let ms10 = 10_000_000;
    let expected = [(ms10, ms10), (ms10 + 1, ms10 + 1), (ms10 + 2, ms10 + 2), (500_000_000, 500_000_000)];
    assert_eq!(times, expected.map(|(call, end)| (call, Some(end))));
    assert!(run.history.records.windows(2).all(|pair| pair[0].precedes(&pair[1])));
    // The trace tells the same.
    let calls = watch.events.iter().filter_map(|event| match event.what {
        Happening::Call { id, .. } => Some((event.time, id)),
        _ => None,
    });
    for (time, id) in calls {
        assert_eq!(VirtualTime(u64::try_from(run.history.record(id).call.0).expect("positive")), time);
    }
}

#[test]
fn an_answer_to_nobody_in_particular_changes_nothing() {
    // Twice the same answer, and one to an operation that has ended.
    let mut world = lone(1, FIRST, once());
    world.clients[0].workload = script(&[(10, write(1)), (50, Operation::Read)]);
    let twice = vec![Do::AnswerLast(done()), Do::AnswerLast(not_leader(None)), Do::Timer("again", ms(39))];
    let rules = [
        (0, On::Request(1), twice),
        (0, On::Timer("again"), vec![Do::Answer(1, Answer::Ok(Reply::Value(9.into())))]),
    ];
    let (run, _) = play(&world, &rules);
    assert_eq!(run.history.records[0].outcome, Outcome::Ok(Reply::Done));
    assert_eq!(run.history.records[1].outcome, Outcome::Unknown);
}
