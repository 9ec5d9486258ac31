//! After the run: peace, convergence, progress.

use anachron_node::{Answer, Context, Disk, OperatorCommand, Replica, Request, View};
use anachron_sim::{Afterwards, Fault, OperatorAction, Rest, UnsyncedTail, World, simulate};
use anachron_trace::{Blind, Happening, Recorder};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Outcome, Reply, Value};

use crate::kit::puppet::{Do, On, play};
use crate::kit::store::{Settings, Store};
use crate::kit::watch::Watch;
use crate::kit::{KEY, at, client, forever, ms, n, script, world, write};

fn settled(nodes: u16) -> World {
    let afterwards = Afterwards { settle: ms(500), probe: (KEY, Operation::Read), within: ms(500) };
    World { afterwards: Some(afterwards), duration: ms(300), ..world(nodes) }
}

fn store(world: &World) -> (anachron_sim::Run, Watch) {
    let mut recorder = Recorder::default();
    let run = simulate::<Store>(world, &Settings::default(), &mut recorder);
    run.history.validate().expect("a well-formed history");
    (run, Watch::new(recorder.events))
}

#[test]
fn every_fault_ends_nodes_restart_and_replicas_agree() {
    let mut world = settled(3);
    world.clients = vec![client("a", script(&[(10, write(1)), (100, write(2)), (200, write(3))]))];
    world.faults = vec![
        forever(50, Fault::Crash { node: NodeId(0), tail: UnsyncedTail::Lose, wipe: false }),
        forever(60, Fault::Pause { node: NodeId(1) }),
        forever(70, Fault::ClockFreeze { node: NodeId(2) }),
        forever(0, Fault::Partition { groups: vec![vec![n(0)], vec![n(1), n(2)]] }),
        forever(80, Fault::LyingSync { node: NodeId(2) }),
        // Not begun when the run ends: it must not begin in the peace that follows.
        forever(600, Fault::Crash { node: NodeId(0), tail: UnsyncedTail::Lose, wipe: true }),
    ];
    let (run, watch) = store(&world);
    let outcomes: Vec<_> = run.history.records.iter().map(|record| record.outcome.clone()).collect();
    assert_eq!(outcomes, [Outcome::Ok(Reply::Done), Outcome::Unknown, Outcome::Unknown]);
    let one = vec![(KEY, Value::Integer(1))];
    let rest = Rest { converged: true, contents: vec![one.clone(), one.clone(), one], progressed: true };
    assert_eq!(run.rest, Some(rest));
    let ended = watch.count(|what| matches!(what, Happening::FaultEnds { .. }));
    assert_eq!((ended, watch.count(|what| matches!(what, Happening::FaultBegins { .. }))), (5, 5));
}

#[test]
fn the_probe_is_no_part_of_the_history_but_has_a_place_of_its_own_in_the_trace() {
    // Its call stood in the trace under the id 0, which is the history's first operation.
    let mut world = settled(2);
    world.clients = vec![client("a", script(&[(10, write(1)), (20, write(2))]))];
    let (run, watch) = store(&world);
    assert_eq!(run.history.records.len(), 2);
    assert_eq!(run.history.clients.len(), 1);
    let mut calls = watch.events.iter().filter_map(|event| match event.what {
        Happening::Call { client, id, .. } => Some((client, id.0)),
        _ => None,
    });
    assert!(calls.by_ref().take(2).eq([(ClientId(0), 0), (ClientId(0), 1)]));
    assert_eq!(calls.next(), Some((ClientId(1), 2)));
}

#[test]
fn an_answer_that_comes_after_the_run_changes_nothing() {
    // The answer to an operation that was open at the end met a history that had been put away: a panic.
    let mut world = settled(1);
    world.clients = vec![client("a", script(&[(295, write(1)), (296, write(2))]))];
    world.clients[0].timeout = ms(100);
    let late = |answer: Answer| {
        vec![
            (0, On::Request(1), vec![Do::Timer("late", ms(30))]),
            (0, On::Timer("late"), vec![Do::Answer(1, answer)]),
        ]
    };
    let refused = Answer::Refused(anachron_node::Refusal::NotLeader { leader: None });
    for answer in [Answer::Ok(Reply::Done), refused, Answer::Unknown] {
        let (run, watch) = play(&world, &late(answer));
        assert_eq!(run.history.records.len(), 1);
        assert_eq!(run.history.records[0].outcome, Outcome::Unknown);
        assert_eq!(run.history.records[0].end, None);
        assert!(!run.rest.expect("asked").progressed);
        let calls = watch.count(|what| matches!(what, Happening::Call { client: ClientId(0), .. }));
        assert_eq!(calls, 1, "no client begins anything in peace");
    }
}

#[test]
fn operators_leave_the_cluster_in_peace() {
    // What an operator was to do after the end of the run was done in the peace that follows.
    let mut world = settled(1);
    let promote = |time| OperatorAction { at: at(time), node: NodeId(0), command: OperatorCommand::Promote };
    world.operator = vec![promote(300), promote(301), promote(900)];
    let (_, watch) = play(&world, &[]);
    assert_eq!(watch.count(|what| matches!(what, Happening::Operator { .. })), 1);
}

#[test]
fn progress_is_an_answer_within_its_time_at_any_node() {
    let done = Answer::Ok(Reply::Done);
    let progressed =
        |rules: &[(u16, On, Vec<Do>)]| play(&settled(3), rules).0.rest.expect("asked").progressed;
    assert!(!progressed(&[]));
    assert!(progressed(&[(2, On::EveryRequest, vec![Do::AnswerLast(done.clone())])]));
    let refuse = Answer::Refused(anachron_node::Refusal::NoQuorum);
    assert!(!progressed(&[(0, On::EveryRequest, vec![Do::AnswerLast(refuse)])]));
    // The first node answers, but late.
    let late = |millis| {
        [
            (0, On::Request(1), vec![Do::Timer("t", ms(millis))]),
            (0, On::Timer("t"), vec![Do::Answer(1, done.clone())]),
        ]
    };
    assert!(progressed(&late(490)));
    assert!(!progressed(&late(505)));
}

/// Every node holds its own number and tells nobody.
struct Stubborn(u16);

impl Replica for Stubborn {
    type Config = bool;
    type Message = ();
    type Timer = ();
    type Record = ();

    fn boot(stubborn: &bool, _: Disk<'_, ()>, cx: &mut Context<'_, Self>) -> Self {
        Self(if *stubborn { cx.me().0 } else { 7 })
    }

    fn on_client(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        cx.reply(request.id, Answer::Ok(Reply::Done));
    }

    fn on_message(&mut self, _: NodeId, (): (), _: &mut Context<'_, Self>) {}

    fn on_timer(&mut self, (): (), _: &mut Context<'_, Self>) {}

    fn view(&self) -> View {
        View::default()
    }

    fn contents(&self) -> Vec<(Key, Value)> {
        vec![(KEY, i64::from(self.0).into())]
    }
}

#[test]
fn replicas_that_differ_have_not_converged() {
    for stubborn in [true, false] {
        let rest = simulate::<Stubborn>(&settled(3), &stubborn, &mut Blind).rest.expect("asked");
        assert_eq!((rest.converged, rest.progressed), (!stubborn, true));
        assert_eq!(rest.contents.len(), 3);
    }
    let unasked = World { afterwards: None, ..settled(3) };
    assert_eq!(simulate::<Stubborn>(&unasked, &true, &mut Blind).rest, None);
}

#[test]
fn a_run_that_reaches_its_step_limit_says_so_and_claims_nothing_about_rest() {
    // It said "not converged, no progress" of a cluster that had not been given a single step to do so.
    let mut world = settled(2);
    world.step_limit = 40;
    let rules =
        [(0, On::Boot, vec![Do::Send(0, "again")]), (0, On::Message("again"), vec![Do::Send(0, "again")])];
    let (run, _) = play(&world, &rules);
    assert!(run.step_limit_reached);
    assert_eq!(run.statistics.steps, 40);
    assert_eq!(run.rest, None);
    let (run, _) = play(&settled(2), &[]);
    assert!(!run.step_limit_reached);
}
