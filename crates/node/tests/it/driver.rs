use anachron_node::driver::{Driver, script_of};
use anachron_node::{Answer, Position};
use anachron_vocabulary::{NodeId, Reply, Value};

use crate::echo::{Echo, Timer};

fn driver(nodes: u16) -> Driver<Echo> {
    Driver::new(Value::Null, nodes, 7)
}

/// Runs the script inside an expected output and compares.
fn expect(nodes: u16, expected: &str) {
    let output = driver(nodes).run(&script_of(expected)).expect("a script without mistakes");
    assert_eq!(output, expected, "\n--- this came out ---\n{output}");
}

#[test]
fn an_answer_waits_for_the_disk_and_for_the_messages() {
    expect(
        2,
        r"# A write reaches the disk before it reaches the network.
> boot all
  n1 notes: boots with 0 records, torn false, draws 992
  n1 sets Tick 10 ms
  n2 notes: boots with 0 records, torn false, draws 293
  n2 sets Tick 10 ms
> request n1 c1#1 write x 5
  n1 appends (x, 5)
  n1 syncs to 1
  n1 waits for sync 1 → n2 Ping { id: c1#1, key: x, value: 5 }
  n1 sets Retry(n2) 5 ms
> deliver n1 n2
  nothing like that is in flight n1 → n2
> sync n1
  n1 synced to 1
  n1 → n2 Ping { id: c1#1, key: x, value: 5 }
> sync n1
  n1 has no sync under way

> deliver n1 n2
  n2 ← n1 Ping { id: c1#1, key: x, value: 5 }
  n2 → n1 Pong { id: c1#1 }
> links
  n2 → n1 1. Pong { id: c1#1 }
> deliver all
  n1 ← n2 Pong { id: c1#1 }
  n1 cancels Retry(n2)
  n1 answers c1#1 ok
> view
  n1 echo term 0 commit 1 synced=1 fired=0
  n2 echo term 0 commit 1 synced=0 fired=0
> contents n2
  n2 holds x=5
",
    );
}

#[test]
fn a_crash_takes_what_was_not_synced_and_every_timer() {
    expect(
        1,
        r#"> boot all
  n1 notes: boots with 0 records, torn false, draws 992
  n1 sets Tick 10 ms
> show answers
> request n1 c1#1 write x 1
> sync n1
> request n1 c1#2 write y "a b"
> request n1 c1#3 write z 3
> crash n1
  n1 crashes and loses 2 records it had not synced
> request n1 c1#4 read x
  n1 is down
> timers
  n1 timers: none
> boot n1
  n1 notes: boots with 1 records, torn false, draws 300
> request n1 c1#5 write y "a b"
> crash n1 keep
  n1 crashes
> boot n1
  n1 notes: boots with 2 records, torn false, draws 181
> contents
  n1 holds x=1 y="a b"
> request n1 c1#6 write z 3
> crash n1 torn
  n1 crashes and loses 1 record it had not synced
> boot n1
  n1 notes: boots with 2 records, torn true, draws 989
> request n1 c1#7 write x 7
> request n1 c1#8 write x 8
> crash n1 keep 1
  n1 crashes and loses 1 record it had not synced
> boot n1
  n1 notes: boots with 3 records, torn false, draws 689
> request n1 c1#9 read x
  n1 answers c1#9 ok 7
"#,
    );
}

#[test]
fn messages_are_lost_doubled_and_overtaken_on_request() {
    expect(
        2,
        r"> autosync on
> show answers
> boot all
  n1 notes: boots with 0 records, torn false, draws 992
  n2 notes: boots with 0 records, torn false, draws 293
> request n1 c1#1 write x 1
> request n1 c1#2 write x 2
> deliver n1 n2 2
> request n2 c2#1 read x
  n2 answers c2#1 ok 2
> duplicate n1 n2
> deliver n1 n2
> request n2 c2#2 read x
  n2 answers c2#2 ok 1
> drop n1 n2
> links
  n2 → n1 1. Pong { id: c1#2 }
  n2 → n1 2. Pong { id: c1#1 }
> hold n2 n1
> deliver all
> resume n2 n1
> deliver all
  n1 answers c1#2 ok
  n1 answers c1#1 ok
> request n1 c1#3 write x 3
> hold n1
> deliver all
> drop all
> resume all
> deliver all
> crash n2
  n2 crashes
> show everything
> request n1 c1#4 write x 4
  n1 appends (x, 4)
  n1 syncs to 4
  n1 waits for sync 4 → n2 Ping { id: c1#4, key: x, value: 4 }
  n1 sets Retry(n2) 5 ms
  n1 synced to 4
  n1 → n2 Ping { id: c1#4, key: x, value: 4 }
> deliver all
  n2 is down and misses Ping { id: c1#4, key: x, value: 4 } from n1
",
    );
}

#[test]
fn timers_move_the_clock_and_clocks_fire_no_timer() {
    expect(
        3,
        r"> show answers
> boot n1
  n1 notes: boots with 0 records, torn false, draws 992
> clock all +2ms
> request n1 c1#1 write x 1
> timers
  n1 timers: Tick at 10 ms, Retry(n2) at 7 ms, Retry(n3) at 7 ms
  n2 timers: none
  n3 timers: none
> timer n1 Retry(n3)
  n1 notes: Retry(n3) at 7 ms, wall clock 7000000 ns
> timer n1 Retry
  n1 notes: Retry(n2) at 7 ms, wall clock 7000000 ns
> timer n1 Retry
  n1 has not set Retry
> wall n1 -1s
> clock n1 +8ms
> timer n1 Tick
  n1 notes: Tick at 15 ms, wall clock -985000000 ns
",
    );
}

#[test]
fn every_kind_of_answer_has_its_words() {
    expect(
        1,
        r"> boot all
  n1 notes: boots with 0 records, torn false, draws 992
  n1 sets Tick 10 ms
> request n1 c1#1 read x
  n1 answers c1#1 ok null
> request n1 c1#2 cas x 1 2
  n1 answers c1#2 ok, not swapped
> request n1 c1#3 acquire l
  n1 answers c1#3 refused: the lock's state forbids it
> request n1 c1#4 release l
  n1 answers c1#4 unknown
> request n1 c1#5 append x a
  n1 answers c1#5 refused: not the leader, try n2
",
    );
}

#[test]
fn mistakes_name_their_line_and_what_would_be_right() {
    let wrong = |script: &str| driver(2).run(script).expect_err(script).to_string();
    assert_eq!(
        wrong("# a comment\n\nboot all\nexplode n1"),
        "line 4: `explode n1`: unknown command; the commands are boot, request, deliver, drop, duplicate, hold, \
         resume, timer, sync, autosync, crash, operator, clock, wall, view, contents, links, timers, show"
    );
    assert_eq!(wrong("boot n3"), "line 1: `boot n3`: there is no n3; the last node is n2");
    assert_eq!(wrong("boot n0"), "line 1: `boot n0`: `n0` is no node; nodes are n1, n2, …");
    assert_eq!(wrong("boot n1\nboot n1"), "line 2: `boot n1`: n1 is up already");
    assert!(wrong("boot").contains("is not used like this"));
    assert!(wrong("request n1 c1 read x").contains("write client and count as c1#1"));
    assert!(wrong("request n1 c1#1 frob x").contains("no operation that can be asked for"));
    assert!(wrong("request n1 c1#1 write x \"open").contains("not closed"));
    assert!(wrong("deliver n1 n2 0").contains("1 is the oldest message"));
    assert!(wrong("clock n1 -5ms").contains("never goes back"));
    assert!(wrong("clock n1 5").contains("is no duration"));
    assert!(
        wrong("boot all\nautosync on\nrequest n1 c1#1 write x 1\noperator n1 promote\ndeliver all")
            .contains("still not quiet after 10000 deliveries")
    );
}

#[test]
fn several_timers_of_one_name_must_be_told_apart() {
    let mut driver = driver(3);
    driver.run("boot all\nrequest n1 c1#1 write x 1").expect("no mistake");
    let error = driver.run("timer n1 Retry").expect_err("two are set");
    assert_eq!(error.line, 3, "lines are counted over all scripts of a driver");
    assert!(error.problem.contains("Retry(n2), Retry(n3)"), "{error}");
}

#[test]
fn a_program_can_look_at_what_a_script_did() {
    let mut driver = driver(2);
    driver.run("boot all\nrequest n1 c1#1 write x 1").expect("no mistake");
    assert_eq!(driver.syncing(NodeId(0)), Some(Position(1)));
    assert_eq!(driver.timers(NodeId(0)), vec![Timer::Tick, Timer::Retry(NodeId(1))]);
    driver.run("sync n1").expect("no mistake");
    assert_eq!(driver.links(), vec![(NodeId(0), NodeId(1), 1)]);
    driver.run("deliver all\ncrash n2").expect("no mistake");
    let [(node, id, answer)] = driver.answers() else { panic!("one answer") };
    assert_eq!((*node, id.serial, answer), (NodeId(0), 1, &Answer::Ok(Reply::Done)));
    assert!(driver.replica(NodeId(0)).is_some() && driver.replica(NodeId(1)).is_none());
}

#[test]
fn chance_belongs_to_the_seed_the_node_and_the_boot() {
    let run = |seed| {
        Driver::<Echo>::new(Value::Null, 2, seed).run("boot all\ncrash n1\nboot n1").expect("no mistake")
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
