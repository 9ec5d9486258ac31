//! Timelines of hand-made runs.

use anachron_history::{History, TimeUnit, Timestamp};
use anachron_report::{Marks, NodeName, Picture, Style, Window, timeline};
use anachron_trace::Happening;
use anachron_vocabulary::{NodeId, Operation, OperationId, Outcome, Reply, Value};

use crate::build::{MS, Run};
use crate::golden;

const UNICODE: Style = Style { width: 80, ascii: false, colour: false };
const ASCII: Style = Style { width: 80, ascii: true, colour: false };

/// The run of the design: a partition, a second leader, a lease that outlives it.
pub(crate) fn stale_read() -> (Run, Vec<OperationId>) {
    let mut run = Run::new();
    let w1 = run.write("c1", 1, 70.0, 80.0);
    run.read("c2", 1, 86.0, 92.0);
    let w2 = run.write("c1", 2, 138.3, 145.2);
    let r1 = run.read("c3", 1, 152.0, 158.0);
    run.read("c2", 2, 168.0, 174.0);
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    run.fault(0, "partition n1 | n2 n3", &[0, 1, 2], 110.0, 190.0);
    run.role(131.4, 1, "leader", 2).role(133.0, 2, "follower", 2);
    run.sorted();
    (run, vec![w1, w2, r1])
}

fn draw(run: &Run, core: &[OperationId], nodes: &[NodeName], window: Window, style: Style) -> String {
    let marks = Marks { numbered: core, wrong: core.last().copied() };
    let text = timeline(&Picture { history: &run.history, events: &run.events, nodes, marks, window, style });
    for line in text.lines() {
        assert!(line.chars().count() <= style.width, "wider than {}: {line}", style.width);
        assert!(!style.ascii || line.is_ascii(), "not ASCII: {line}");
    }
    text
}

fn three_nodes() -> Vec<NodeName> {
    NodeName::numbered(3)
}

#[test]
fn a_stale_read_under_two_leaders() {
    let (run, core) = stale_read();
    let mut nodes = three_nodes();
    nodes[0].note = Some("-25 ms".to_owned());
    golden::check("timeline-stale-read", &draw(&run, &core, &nodes, Window::Whole, UNICODE));
    golden::check("timeline-stale-read-ascii", &draw(&run, &core, &nodes, Window::Whole, ASCII));
    let wide = Style { width: 140, ..UNICODE };
    golden::check("timeline-stale-read-wide", &draw(&run, &core, &nodes, Window::Whole, wide));
    let narrow = Style { width: 40, ..UNICODE };
    golden::check("timeline-stale-read-narrow", &draw(&run, &core, &nodes, Window::Whole, narrow));
}

#[test]
fn outcomes_have_shapes_of_their_own() {
    let mut run = Run::new();
    let write = |value: i64| Operation::Write(value.into());
    run.write("c1", 1, 0.0, 20.0);
    run.operation("c1", "x", write(2), (30.0, Some(50.0)), Outcome::Unknown);
    run.operation("c1", "x", write(3), (50.0, Some(70.0)), Outcome::Failed);
    run.read("c1", 1, 70.0, 80.0);
    run.operation("c2", "x", write(4), (10.0, None), Outcome::Unknown);
    let cas = Operation::CompareAndSet { expected: 1.into(), new: 5.into() };
    run.operation("c3", "x", cas.clone(), (0.0, Some(30.0)), Outcome::Ok(Reply::Answer(true)));
    run.operation("c3", "x", cas, (40.0, Some(70.0)), Outcome::Ok(Reply::Answer(false)));
    run.operation("c4", "x", Operation::Append("abc".into()), (0.0, Some(30.0)), Outcome::Ok(Reply::Done));
    run.operation("c4", "lock", Operation::Acquire, (40.0, Some(50.0)), Outcome::Ok(Reply::Done));
    run.operation("c4", "lock", Operation::Release, (60.0, Some(70.0)), Outcome::Ok(Reply::Done));
    golden::check("timeline-outcomes", &draw(&run, &[], &[], Window::Auto, UNICODE));
    golden::check("timeline-outcomes-ascii", &draw(&run, &[], &[], Window::Auto, ASCII));
}

#[test]
fn crashes_pauses_elections_and_commands() {
    let mut run = Run::new();
    let a = run.write("c1", 5, 2.0, 6.0);
    let b = run.write("c1", 10, 20.0, 24.0);
    let c = run.read("c2", 5, 60.0, 65.0);
    let n = |node| NodeId(node);
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    run.at(25.0, Happening::Crashed { node: n(0), lost_records: 1 });
    run.fault(0, "crash n1", &[0], 25.0, 80.0);
    run.at(30.0, Happening::Operator { node: n(1), label: "promote".to_owned() });
    run.role(30.0, 1, "leader", 2).role(33.0, 2, "follower", 2);
    run.at(40.0, Happening::Paused { node: n(2) });
    run.fault(1, "pause n3", &[2], 40.0, 55.0);
    run.at(55.0, Happening::Resumed { node: n(2) });
    run.role(57.0, 2, "candidate", 3).role(58.0, 2, "follower", 3);
    run.at(65.0, Happening::Booted { node: n(0), boot: 2 });
    run.role(65.0, 0, "follower", 2);
    run.sorted();
    golden::check("timeline-crash", &draw(&run, &[a, b, c], &three_nodes(), Window::Auto, UNICODE));
    golden::check("timeline-crash-ascii", &draw(&run, &[a, b, c], &three_nodes(), Window::Auto, ASCII));
}

/// Many short operations back to back, as a generated workload makes them.
fn busy(clients: i64, operations: i64) -> Run {
    let mut run = Run::new();
    for client in 0..clients {
        let mut now = client * 37;
        for number in 0..operations {
            // Any fixed sequence will do; it has to look uneven.
            let length = 150 + (number * 7919 + client * 104_729) % 400;
            #[allow(clippy::cast_precision_loss)] // small test times
            let (call, end) = (now as f64 / 10.0, (now + length) as f64 / 10.0);
            let name = format!("c{}", client + 1);
            if (number + client) % 3 == 0 {
                run.write(&name, client * 1000 + number, call, end);
            } else {
                run.read(&name, number, call, end);
            }
            now += length;
        }
    }
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    run
}

#[test]
fn two_hundred_operations_become_crowds_that_say_how_many_they_are() {
    let run = busy(5, 40);
    golden::check("timeline-busy", &draw(&run, &[], &three_nodes(), Window::Auto, UNICODE));
}

#[test]
fn a_small_core_in_a_long_run_is_zoomed_to() {
    let mut run = busy(5, 40);
    let w1 = run.write("c6", 9001, 700.0, 704.0);
    let w2 = run.write("c6", 9002, 710.0, 715.0);
    let r1 = run.read("c7", 9001, 721.0, 724.0);
    let core = [w1, w2, r1];
    golden::check("timeline-zoom", &draw(&run, &core, &three_nodes(), Window::Auto, UNICODE));
    golden::check("timeline-zoom-ascii", &draw(&run, &core, &three_nodes(), Window::Auto, ASCII));
    golden::check("timeline-zoom-whole", &draw(&run, &core, &three_nodes(), Window::Whole, UNICODE));
    let window = Window::Between(690 * MS, 700 * MS);
    golden::check("timeline-zoom-chosen", &draw(&run, &core, &three_nodes(), window, UNICODE));
}

#[test]
fn time_outs_give_a_client_more_lanes_but_not_endlessly_many() {
    let mut run = Run::new();
    for number in 0..6_i32 {
        let call = f64::from(number) * 20.0;
        let write = Operation::Write(i64::from(number).into());
        run.operation("c1", "x", write, (call, Some(call + 15.0)), Outcome::Unknown);
    }
    run.read("c1", 3, 130.0, 140.0);
    golden::check("timeline-time-outs", &draw(&run, &[], &[], Window::Auto, UNICODE));
}

#[test]
fn names_and_values_from_strangers_cannot_touch_the_terminal() {
    let mut run = Run::new();
    let evil = "\u{1b}[2J\u{202e}\r\n";
    let done = Outcome::Ok(Reply::Done);
    let long = Value::Text("0123456789".repeat(1000).into());
    run.operation(evil, evil, Operation::Write(evil.into()), (0.0, Some(30.0)), done.clone());
    run.operation(
        "a client with a long name",
        "日本語",
        Operation::Write(long),
        (10.0, Some(40.0)),
        done.clone(),
    );
    run.operation(
        "日本",
        "日本語",
        Operation::Read,
        (5.0, Some(60.0)),
        Outcome::Ok(Reply::Value("値".into())),
    );
    run.fault(0, evil, &[0], 5.0, 20.0);
    run.fault(1, &"a very long fault ".repeat(20), &[0], 30.0, 40.0);
    run.role(0.0, 0, "leader", 1);
    let nodes = [NodeName { name: evil.to_owned(), note: Some(evil.to_owned()) }];
    for (name, style) in [("timeline-hostile", UNICODE), ("timeline-hostile-ascii", ASCII)] {
        let text = draw(&run, &[OperationId(0)], &nodes, Window::Auto, style);
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        golden::check(name, &text);
    }
}

#[test]
fn histories_without_times_or_operations_have_a_picture_too() {
    assert_eq!(draw(&Run::new(), &[], &[], Window::Auto, UNICODE), "no operations\n");
    let mut run = Run::new();
    let w = run.write("0", 1, 0.0, 0.0);
    let r = run.read("1", 2, 0.0, 0.0);
    for (place, id) in [w, r].into_iter().enumerate() {
        let record = &mut run.history.records[id.index()];
        record.call = Timestamp(i64::try_from(place).expect("small") * 2);
        record.end = Some(Timestamp(record.call.0 + 1));
    }
    run.history.time_unit = TimeUnit::EventIndex;
    golden::check("timeline-event-index", &draw(&run, &[w, r], &[], Window::Auto, UNICODE));
    // Everything at one moment; the extremes of time.
    for (call, end) in [(0, 0), (i64::MIN, i64::MAX), (i64::MAX, i64::MAX), (i64::MIN, i64::MIN)] {
        for record in &mut run.history.records {
            (record.call, record.end) = (Timestamp(call), Some(Timestamp(end)));
        }
        for unit in [TimeUnit::EventIndex, TimeUnit::Unstated, TimeUnit::Nanoseconds] {
            run.history.time_unit = unit;
            for window in [Window::Auto, Window::Whole, Window::Between(call, call)] {
                assert!(draw(&run, &[w, r], &[], window, UNICODE).lines().count() >= 3);
            }
        }
    }
    let lonely = History { time_unit: TimeUnit::Unstated, ..History::default() };
    let marks = Marks::default();
    let picture =
        Picture { history: &lonely, events: &[], nodes: &[], marks, window: Window::Auto, style: ASCII };
    assert_eq!(timeline(&picture), "no operations\n");
}

#[test]
fn colour_changes_nothing_but_colour() {
    let (run, core) = stale_read();
    let plain = draw(&run, &core, &three_nodes(), Window::Auto, UNICODE);
    let marks = Marks { numbered: &core, wrong: core.last().copied() };
    let style = Style { colour: true, ..UNICODE };
    let nodes = three_nodes();
    let picture = Picture {
        history: &run.history,
        events: &run.events,
        nodes: &nodes,
        marks,
        window: Window::Auto,
        style,
    };
    let coloured = timeline(&picture);
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = after.split_once('m').expect("every sequence ends").1;
    }
    stripped.push_str(rest);
    assert_ne!(coloured, plain);
    let trim = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(trim(&stripped), trim(&plain));
}
