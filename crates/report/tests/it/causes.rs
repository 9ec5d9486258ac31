//! The cause chain of every way that the course's stories go wrong, and the words around it.

use anachron_report::verdict::{Placed, Undecided, Violation, footer, linearizable, undecided, violation};
use anachron_report::{CauseLine, MOST_LINES, Marks, NodeName, Picture, Style, Window, cause};
use anachron_trace::{Happening, Loss};
use anachron_vocabulary::{Key, NodeId, Operation, OperationId, Outcome, Reply};

use crate::build::{Fate, Run, node};
use crate::golden;

const UNICODE: Style = Style { width: 80, ascii: false, colour: false };
const ASCII: Style = Style { width: 80, ascii: true, colour: false };

fn chain(run: &Run, core: &[OperationId], style: Style) -> Vec<CauseLine> {
    let nodes = NodeName::numbered(3);
    let marks = Marks { numbered: core, wrong: core.last().copied() };
    let (history, events) = (&run.history, run.events.as_slice());
    let lines = cause(&Picture { history, events, nodes: &nodes, marks, window: Window::Auto, style });
    assert!(lines.len() <= MOST_LINES);
    assert!(lines.is_sorted_by_key(|line| line.at));
    lines
}

fn told(run: &Run, core: &[OperationId]) -> String {
    let lines = chain(run, core, UNICODE);
    anachron_report::verdict::story(&lines, UNICODE)
}

/// Every message of node 0 to others from `from` on meets the same fate, one every five milliseconds.
fn heartbeats(run: &mut Run, sender: u16, receivers: &[u16], times: &[f64], lost: Option<Loss>) {
    for &at in times {
        for &to in receivers {
            let fate = lost.map_or(Fate::Arrives(at + 1.0), |why| Fate::Lost(at + 1.0, why));
            run.between(sender, to, "append", at, fate);
        }
    }
}

#[test]
fn an_acknowledged_write_dies_with_its_leader() {
    let mut run = Run::new();
    let w5 = run.write("a", 5, 0.0, 10.0);
    let w10 = run.write("a", 10, 20.0, 24.0);
    let r5 = run.read("b", 5, 60.0, 65.0);
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    run.served(w5, 0);
    heartbeats(&mut run, 0, &[1, 2], &[6.0], None);
    run.served(w10, 0);
    run.at(25.0, Happening::Crashed { node: NodeId(0), lost_records: 1 });
    run.fault(0, "crash n1", &[0], 25.0, 90.0);
    run.at(40.0, Happening::Operator { node: NodeId(1), label: "Promote".to_owned() });
    run.role(40.0, 1, "leader", 2);
    run.served(r5, 1);
    run.sorted();
    golden::check("cause-failover", &told(&run, &[w5, w10, r5]));
}

#[test]
fn a_follower_behind_a_partition_answers_from_the_past() {
    let mut run = Run::new();
    let a = run.write("p", "A", 0.0, 10.0);
    let b = run.write("p", "B", 20.0, 30.0);
    let r = run.read("q", "A", 40.0, 45.0);
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    run.served(a, 0);
    heartbeats(&mut run, 0, &[1, 2], &[6.0], None);
    run.fault(0, "partition n1 n2 | n3", &[0, 1, 2], 15.0, 100.0);
    run.served(b, 0);
    heartbeats(&mut run, 0, &[1], &[26.0, 36.0], None);
    heartbeats(&mut run, 0, &[2], &[26.0, 36.0], Some(Loss::Cut));
    run.served(r, 2);
    run.sorted();
    golden::check("cause-partitioned-follower", &told(&run, &[a, b, r]));
}

#[test]
fn a_lock_is_granted_on_both_sides_of_a_split() {
    let mut run = Run::new();
    let done = || Outcome::Ok(Reply::Done);
    let first = run.operation("c1", "lock", Operation::Acquire, (0.0, Some(10.0)), done());
    let second = run.operation("c2", "lock", Operation::Acquire, (60.0, Some(70.0)), done());
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    run.fault(0, "partition n1 | n2 n3", &[0, 1, 2], 4.0, 100.0);
    run.served(first, 0);
    heartbeats(&mut run, 0, &[1, 2], &[6.0], Some(Loss::Cut));
    run.role(50.0, 1, "leader", 2).role(52.0, 2, "follower", 2);
    run.served(second, 1);
    run.sorted();
    golden::check("cause-lock", &told(&run, &[first, second]));
}

#[test]
fn lamport_stamps_do_not_hurry_a_slow_link() {
    let mut run = Run::new();
    let w1 = run.write("wa", 1, 0.0, 10.0);
    let w5 = run.write("wb", 5, 12.0, 20.0);
    run.read("c", 1, 30.0, 35.0);
    let r5 = run.read("c", 5, 40.0, 45.0);
    let r1 = run.read("c", 1, 50.0, 55.0);
    for node in 0..3 {
        run.role(0.0, node, "replica", 0);
    }
    run.served(w1, 0).served(w5, 1);
    run.fault(0, "slow n2 to n1", &[1, 0], 0.0, 200.0);
    run.between(1, 0, "gossip 5@2", 16.0, Fate::Arrives(116.0));
    run.served(OperationId(2), 0).served(r5, 1).served(r1, 0);
    run.sorted();
    golden::check("cause-lamport", &told(&run, &[w1, w5, r5, r1]));
}

#[test]
fn an_old_leader_comes_back_and_merges_its_log() {
    let mut run = Run::new();
    run.write("a", 1, 0.0, 10.0);
    let lost = Operation::Write(2.into());
    let w2 = run.operation("w", "x", lost, (20.0, Some(45.0)), Outcome::Unknown);
    let w3 = run.write("b", 3, 50.0, 60.0);
    let r3 = run.read("b", 3, 70.0, 75.0);
    let r2 = run.read("c", 2, 100.0, 105.0);
    let r3_again = run.read("c", 3, 110.0, 115.0);
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    let client = anachron_trace::Endpoint::Client(run.history.record(w2).client);
    run.message(client, node(0), "write 2", 20.0, Fate::Arrives(22.0));
    run.at(
        45.0,
        Happening::Return { client: run.history.record(w2).client, id: w2, outcome: Outcome::Unknown },
    );
    run.at(25.0, Happening::Crashed { node: NodeId(0), lost_records: 0 });
    run.role(40.0, 1, "leader", 2).role(41.0, 2, "follower", 2);
    run.served(w3, 1).served(r3, 1);
    run.at(80.0, Happening::Booted { node: NodeId(0), boot: 2 });
    run.role(80.0, 0, "follower", 2);
    run.at(
        81.0,
        Happening::Note { node: NodeId(0), text: "merges 1 entry of its own over the leader's".to_owned() },
    );
    run.between(1, 0, "append 3", 82.0, Fate::Arrives(84.0));
    run.served(r2, 0).served(r3_again, 1);
    run.sorted();
    golden::check("cause-rejoin-by-merge", &told(&run, &[w2, w3, r3, r2]));
    // The same as a flip-flop: the judge marks the second read of 3, and the story is that of the read of 2.
    golden::check("cause-flip-flop", &told(&run, &[w3, r2, r3_again]));
}

#[test]
fn a_deposed_leader_reads_from_memory() {
    let mut run = Run::new();
    let w1 = run.write("c1", 1, 70.0, 80.0);
    let w2 = run.write("c1", 2, 138.3, 145.2);
    let r1 = run.read("c3", 1, 152.0, 158.0);
    run.role(0.0, 0, "leader", 1).role(0.0, 1, "follower", 1).role(0.0, 2, "follower", 1);
    run.served(w1, 0);
    run.fault(0, "partition n1 | n2 n3", &[0, 1, 2], 110.0, 190.0);
    run.role(131.4, 1, "leader", 2).role(133.0, 2, "follower", 2);
    run.served(w2, 1);
    heartbeats(&mut run, 1, &[0], &[140.0, 145.0, 150.0], Some(Loss::Cut));
    run.served(r1, 0);
    run.sorted();
    let core = [w1, w2, r1];
    golden::check("cause-deposed-leader", &told(&run, &core));
    let sentences = [
        "① c1 wrote x=1.".to_owned(),
        "② c1 wrote x=2. It finished at 145.2 ms. ③ began at 152 ms, 6.8 ms later, so it has to come after ②."
            .to_owned(),
        "The only write of 1 is ①, and it finished at 80 ms, before ② began (138.3 ms).".to_owned(),
        "So at ③ x must be 2, but c3 got 1. No order of these operations explains that.".to_owned(),
    ];
    for (name, style) in [("verdict-violation", UNICODE), ("verdict-violation-ascii", ASCII)] {
        let cause = chain(&run, &core, style);
        let found = Violation {
            headline: "Stale read: c3 read x → 1 after x=2 had been written",
            sentences: &sentences,
            core: 3,
            operations: 5,
            minimal: true,
            cause: &cause,
        };
        let mut text = violation(&found, style);
        text.push_str(&footer(
            &["5 ops".to_owned(), "19 messages, 2 lost".to_owned(), String::new(), "run 6f1c9e20".to_owned()],
            style,
        ));
        assert!(!style.ascii || text.is_ascii(), "{text}");
        golden::check(name, &text);
    }
}

#[test]
fn without_a_trace_or_a_violation_there_is_no_story() {
    let mut run = Run::new();
    let w = run.write("c1", 1, 0.0, 10.0);
    let r = run.read("c2", 2, 20.0, 30.0);
    assert_eq!(chain(&run, &[w, r], UNICODE), []);
    run.served(r, 0);
    assert_eq!(chain(&run, &[], UNICODE), []);
    assert_eq!(chain(&run, &[w, r], UNICODE).len(), 1);
}

#[test]
fn a_pass_shows_an_order_and_what_became_of_time_outs() {
    let mut run = Run::new();
    let w1 = run.write("c1", 1, 0.0, 10.0);
    let w2 = run.operation("c2", "x", Operation::Write(2.into()), (5.0, Some(20.0)), Outcome::Unknown);
    run.operation("c3", "x", Operation::Write(3.into()), (5.0, None), Outcome::Unknown);
    let r = run.read("a long name for a client", 2, 30.0, 40.0);
    let order = [w1, w2, r];
    let placed = [Placed { key: Key(0), order: &order }];
    golden::check("verdict-pass", &linearizable(&run.history, &placed, UNICODE));
    let ascii = linearizable(&run.history, &placed, ASCII);
    assert!(ascii.is_ascii());
    golden::check("verdict-pass-ascii", &ascii);

    let mut long = Run::new();
    let ids: Vec<OperationId> =
        (0..1234_i32).map(|n| long.write("c1", i64::from(n), f64::from(n), f64::from(n) + 0.5)).collect();
    golden::check(
        "verdict-pass-long",
        &linearizable(&long.history, &[Placed { key: Key(0), order: &ids }], UNICODE),
    );
}

#[test]
fn not_decided_is_neither_pass_nor_fail() {
    let far = Undecided {
        limit: "the caller's limit on time",
        configurations: 1_200_000,
        placed: 812,
        required: 900,
        advice: "`--budget 10m`",
    };
    golden::check("verdict-undecided", &undecided(&far, UNICODE));
}

#[test]
fn a_value_of_a_megabyte_does_not_bury_the_verdict() {
    let huge = "x".repeat(1 << 20);
    let sentences = [format!("c1 wrote {huge}\u{1b}[2J")];
    let found = Violation {
        headline: &format!("Phantom: c1 read {huge}"),
        sentences: &sentences,
        core: 1,
        operations: 1,
        minimal: false,
        cause: &[],
    };
    let text = violation(&found, UNICODE);
    assert!(text.len() < 4000 && !text.contains('\u{1b}') && text.contains('…'));
}
