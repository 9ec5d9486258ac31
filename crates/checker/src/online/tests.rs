//! Streams held against the batch checker, which brute force holds: every verdict, and the first moment at which it is
//! certain.

#![allow(clippy::disallowed_methods)] // a test may be told how long to run

use anachron_history::{History, Record};
use anachron_vocabulary::{Key, Operation, Outcome, Reply, Value};

use super::{Finding, Online, Open, Told};
use crate::testing::{self, Dice, Shape};
use crate::{Budget, CheckOptions, Decision, Limit, Model, check};

/// What happens in a history, one event after the other; calls come before returns of the same time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Event {
    Call(i64, usize),
    End(i64, usize),
}

fn events(history: &History) -> Vec<Event> {
    let mut events: Vec<(i64, Event)> = Vec::new();
    for (index, record) in history.records.iter().enumerate() {
        events.push((record.call.0, Event::Call(record.call.0, index)));
        if let Some(end) = record.end {
            events.push((end.0, Event::End(end.0, index)));
        }
    }
    events.sort();
    events.into_iter().map(|(_, event)| event).collect()
}

/// The history as it is known before `now`: what has not returned by then has no known outcome.
fn known_before(history: &History, now: i64) -> History {
    let known = |record: &Record| {
        let mut record = record.clone();
        if record.end.is_some_and(|end| end.0 >= now) {
            record.end = None;
            record.outcome = Outcome::Unknown;
        }
        record
    };
    let records = history.records.iter().filter(|record| record.call.0 < now).map(known).collect();
    History { records, ..history.clone() }
}

fn decide(history: &History, options: &CheckOptions) -> Decision {
    check(history, options).expect("operations that the model knows").decision()
}

/// The budget was spent: elements that nobody has looked at yet may stand in any order, and each order is a
/// configuration. The tests count how often that happens.
#[derive(Debug)]
struct NotDecided;

fn is_violation(findings: &[Finding]) -> Result<bool, NotDecided> {
    match findings {
        [] => Ok(false),
        findings if findings.iter().any(|finding| matches!(finding, Finding::Violation(_))) => Ok(true),
        [Finding::Undecided(_, Open::Spent(Limit::Configurations)), ..] => Err(NotDecided),
        other => panic!("{other:?}"),
    }
}

/// The operation of this number as a stream tells it, with its answer.
fn told(history: &History, index: usize) -> Told {
    let record = &history.records[index];
    let answer = match (&record.outcome, record.end) {
        (Outcome::Ok(reply), Some(end)) => Some((end.0, reply.clone())),
        _ => None,
    };
    let client = history.client_name(record.client).into();
    Told { mark: index as u64, client, operation: record.operation.clone(), call: record.call.0, answer }
}

fn tell(online: &mut Online, history: &History, event: Event) {
    let (Event::Call(_, index) | Event::End(_, index)) = event;
    let record = &history.records[index];
    match event {
        Event::Call(..) => {
            online.called(record.key, Told { answer: None, ..told(history, index) }).expect("known");
        }
        Event::End(end, _) => {
            online.ended(record.key, index as u64, end, record.outcome.clone()).expect("a fitting outcome");
        }
    }
}

/// Feeds calls and returns as they happen, and looks ahead at each moment. Answers the first moment at which a
/// violation was certain.
fn announced(history: &History, options: &CheckOptions, dice: &mut Dice) -> Result<Option<i64>, NotDecided> {
    let mut online = Online::new(options, 1 << 30);
    let mut last = i64::MIN;
    let budget = &mut Budget::default().configurations(20_000);
    for event in events(history) {
        let (Event::Call(now, _) | Event::End(now, _)) = event;
        if now > last {
            // Now and then nobody asks, so that windows of all lengths come up.
            if dice.permille(300) && is_violation(&online.settle_now(now, budget))? {
                return Ok(Some(now));
            }
            if is_violation(&online.settle(now, budget))? || online.look_ahead(budget).is_some() {
                return Ok(Some(now));
            }
            last = now;
        }
        tell(&mut online, history, event);
    }
    Ok(is_violation(&online.finish(budget))?.then_some(i64::MAX))
}

/// Feeds whole operations about in the order of their calls, of their returns, or in none, with the best watermark that
/// is true. Where only reads and writes are told, a violation has to be found as soon as it is certain.
fn completed(history: &History, options: &CheckOptions, dice: &mut Dice) -> Result<bool, NotDecided> {
    let mut order: Vec<usize> = (0..history.records.len())
        .filter(|&index| history.records[index].outcome != Outcome::Failed)
        .collect();
    let jitter = dice.one_of(&[1, 5, 50]);
    let by_end = dice.permille(500);
    order.sort_by_cached_key(|&index| {
        let record = &history.records[index];
        let at = if by_end { record.end.unwrap_or(record.call) } else { record.call };
        at.0.saturating_add(dice.number(jitter))
    });
    let is_blind = |record: &Record| {
        matches!(record.operation, Operation::Read | Operation::Write(_) | Operation::Delete)
    };
    let is_plain = history.records.iter().all(is_blind);
    let mut online = Online::new(options, 1 << 30);
    let budget = &mut Budget::default().configurations(20_000);
    for (position, &index) in order.iter().enumerate() {
        online.completed(history.records[index].key, told(history, index)).expect("nothing is late");
        let to_come = order[position + 1..].iter().map(|&later| history.records[later].call.0).min();
        let Some(watermark) = to_come else { break };
        let findings = match dice.below(3) {
            0 => online.settle_now(watermark, budget),
            1 => online.settle(watermark, budget),
            _ => continue,
        };
        let found = is_violation(&findings)?;
        let can_be_known = is_plain && online.by_zones() == online.objects.len();
        if found || can_be_known {
            let records = order[..=position].iter().map(|&told| history.records[told].clone()).collect();
            let settled = known_before(&History { records, ..history.clone() }, watermark);
            let certain = !is_plain || decide(&settled, options) == Decision::NotLinearizable;
            assert_eq!(found, certain, "before {watermark}\n{}", testing::table(history));
        }
        if found {
            return Ok(false);
        }
    }
    Ok(!is_violation(&online.finish(budget))?)
}

fn small_history(model: Model, dice: &mut Dice) -> History {
    if dice.permille(400) {
        return testing::scramble(model, dice);
    }
    let shape = Shape {
        model,
        operations: 2 + dice.index(12),
        concurrency: 1 + dice.index(4),
        values: dice.below(4),
        keys: 1 + dice.below(2),
        unknown_permille: dice.one_of(&[0, 100, 400]),
        seed: dice.bits(),
    };
    let mut history = testing::linearizable(&shape);
    if dice.permille(600) {
        testing::plant_violation(&mut history, dice.bits());
    }
    history
}

/// How many histories of each model: 250, or what `ANACHRON_HISTORIES` says.
fn histories_per_model() -> u64 {
    let asked = std::env::var("ANACHRON_HISTORIES").ok();
    asked.map_or(250, |number| number.parse().expect("ANACHRON_HISTORIES is a number"))
}

#[test]
fn a_stream_is_judged_as_its_history_is() {
    let mut dice = Dice::new(2017);
    for model in Model::ALL {
        let options = CheckOptions::new(model).initial(testing::initial(model));
        let (mut violations, mut passes, mut open) = (0, 0, 0);
        for _ in 0..4 * histories_per_model() {
            let history = small_history(model, &mut dice);
            let expected = decide(&history, &options) == Decision::Linearizable;
            match completed(&history, &options, &mut dice) {
                Ok(found) => assert_eq!(found, expected, "{model}\n{}", testing::table(&history)),
                Err(NotDecided) => open += 1,
            }
            if expected { passes += 1 } else { violations += 1 }
        }
        assert!(open * 20 < violations + passes, "{model}: {open} not decided");
        assert!(violations > 50 && passes > 50, "{model}: {violations} violations, {passes} passes");
    }
}

#[test]
fn a_violation_is_told_at_the_first_moment_at_which_it_is_certain() {
    let mut dice = Dice::new(5);
    for model in Model::ALL {
        let options = CheckOptions::new(model).initial(testing::initial(model));
        let mut violations = 0;
        for _ in 0..histories_per_model() {
            let history = small_history(model, &mut dice);
            let Ok(found) = announced(&history, &options, &mut dice) else { continue };
            let mut moments: Vec<i64> = events(&history)
                .iter()
                .map(|&(Event::Call(now, _) | Event::End(now, _))| now)
                .chain([i64::MAX])
                .collect();
            moments.dedup();
            let certain =
                |now: &i64| decide(&known_before(&history, *now), &options) == Decision::NotLinearizable;
            let expected = moments.into_iter().find(certain);
            assert_eq!(found, expected, "{model}\n{}", testing::table(&history));
            violations += u64::from(found.is_some());
        }
        assert!(violations > 20, "{model}: {violations} violations");
    }
}

/// Streams long enough that most of what is known is forgotten, with values that are unique, or come back after a while
/// or too soon.
#[test]
fn what_is_forgotten_is_not_missed() {
    for (model, seed) in
        [(Model::Register, 97), (Model::Queue, 98), (Model::Stack, 99), (Model::PriorityQueue, 100)]
    {
        let mut dice = Dice::new(seed);
        let (mut violations, mut open, mut at_once) = (0, 0, 0);
        let is_register = model == Model::Register;
        let rounds = histories_per_model() * if is_register { 2 } else { 1 };
        for _ in 0..rounds {
            let shape = Shape {
                model,
                operations: 20 + dice.index(if is_register { 100 } else { 60 }),
                concurrency: 1 + dice.index(6),
                values: if is_register { dice.one_of(&[0, 0, 20, 50]) } else { 0 },
                keys: 1 + dice.below(2),
                unknown_permille: dice.one_of(&[0, 0, 50]),
                seed: dice.bits(),
            };
            let mut history = testing::linearizable(&shape);
            if dice.permille(700) {
                testing::plant_violation(&mut history, dice.bits());
            }
            let ended = history.records.iter_mut().filter(|record| is_register && record.end.is_some());
            for record in ended.filter(|_| dice.permille(20)) {
                // Who reads what was written by it read from nowhere.
                record.outcome = Outcome::Failed;
            }
            let options = CheckOptions::new(shape.model).initial(testing::initial(shape.model));
            let Ok(found) = announced(&history, &options, &mut dice) else {
                open += 1;
                continue;
            };
            let moments = events(&history).into_iter().map(|(Event::Call(now, _) | Event::End(now, _))| now);
            let mut moments: Vec<i64> = moments.chain([i64::MAX]).collect();
            moments.dedup();
            let is_certain =
                |now: i64| decide(&known_before(&history, now), &options) != Decision::Linearizable;
            // What is certain stays so.
            let first = moments.partition_point(|&now| !is_certain(now));
            let expected = moments.get(first).copied();
            // What theorems leave to the search may have to wait for what is open.
            let is_late = !is_register && found.is_some() && expected.is_some() && expected <= found;
            assert!(found == expected || is_late, "{model}: {expected:?}\n{}", testing::table(&history));
            at_once += u64::from(found == expected);
            let Ok(told_whole) = completed(&history, &options, &mut dice) else {
                open += 1;
                continue;
            };
            assert_eq!(told_whole, found.is_none(), "{model}\n{}", testing::table(&history));
            violations += u64::from(found.is_some());
        }
        assert!(
            violations * 4 > rounds && violations * 20 < rounds * 19,
            "{model}: {violations} of {rounds}"
        );
        assert!(open * 20 < rounds, "{model}: {open} of {rounds} not decided");
        assert!(at_once * 20 > rounds * 19, "{model}: {at_once} of {rounds} told at once");
    }
}

/// An endless stream in small: after each of many pieces, what is kept must not have grown.
fn kept(model: Model, values: u64, concurrency: usize, operations: usize) -> Vec<(usize, usize)> {
    let shape = Shape { model, operations, concurrency, values, keys: 1, unknown_permille: 0, seed: 11 };
    let history = testing::linearizable(&shape);
    let options = CheckOptions::new(model).initial(testing::initial(model));
    let mut online = Online::new(&options, 1 << 30);
    let budget = &mut Budget::default();
    let mut kept = Vec::new();
    let mut told = 0;
    for event in events(&history) {
        let (Event::Call(now, _) | Event::End(now, _)) = event;
        tell(&mut online, &history, event);
        assert_eq!(online.settle(now, budget), Vec::new());
        told += 1;
        if told % (operations / 5) == 0 {
            kept.push((online.bytes(), online.configurations()));
        }
    }
    assert_eq!(online.finish(budget), Vec::new());
    kept
}

/// 50,000 operations, or what `ANACHRON_OPERATIONS` says; with a million the figures are the same.
fn many() -> usize {
    let asked = std::env::var("ANACHRON_OPERATIONS").ok();
    asked.map_or(50_000, |number| number.parse().expect("ANACHRON_OPERATIONS is a number"))
}

#[test]
fn memory_is_flat_however_long_the_stream() {
    for (model, values, concurrency, operations) in [
        (Model::Register, 0, 10, many()),
        (Model::Register, 0, 50, many()),
        (Model::CasRegister, 5, 10, 20_000),
        (Model::Mutex, 0, 5, 50_000),
        (Model::LeaderRegister, 3, 5, 50_000),
        (Model::Counter, 0, 4, 50_000),
        (Model::Set, 5, 10, 20_000),
        (Model::FencingLock, 0, 20, 20_000),
        (Model::Queue, 0, 20, many()),
        (Model::Stack, 0, 5, many()),
        (Model::PriorityQueue, 0, 20, many()),
    ] {
        let kept = kept(model, values, concurrency, operations);
        println!("{model}: bytes and configurations {kept:?}");
        assert!(kept.iter().all(|&(bytes, _)| bytes < 1 << 20), "{model}: {kept:?}");
    }
}

/// A value every time it is called, and `now` at which it is judged.
fn operation(mark: u64, operation: Operation, call: i64, end: i64, reply: Reply) -> Told {
    Told { mark, client: "c".into(), operation, call, answer: Some((end, reply)) }
}

fn write(mark: u64, value: i64, call: i64, end: i64) -> Told {
    operation(mark, Operation::Write(value.into()), call, end, Reply::Done)
}

fn read(mark: u64, value: i64, call: i64, end: i64) -> Told {
    operation(mark, Operation::Read, call, end, Reply::Value(value.into()))
}

/// Ten values, each written again and again, but never while it can be read: zones judge it all the way. After a while a
/// value is read that was overwritten just before, or long ago.
#[test]
fn a_value_may_come_back_once_it_is_forgotten() {
    let options = CheckOptions::new(Model::Register);
    for (stale, marks) in [(1, vec![9994, 9996, 10_000]), (5, vec![9986, 9988, 10_000]), (-1, vec![])] {
        let mut online = Online::new(&options, 1 << 30);
        let budget = &mut Budget::default();
        for round in 0..5000_i64 {
            let (mark, at) = (u64::try_from(2 * round).expect("small"), 10 * round);
            online.completed(Key(0), write(mark, round % 10, at, at + 1)).expect("known");
            online.completed(Key(0), read(mark + 1, round % 10, at + 2, at + 3)).expect("known");
            assert_eq!(online.settle_now(at + 4, budget), Vec::new());
            assert_eq!(online.by_zones(), 1);
        }
        let value = if stale < 0 { 77 } else { (4999 - stale - 1) % 10 };
        online.completed(Key(0), read(10_000, value, 60_000, 60_001)).expect("known");
        let findings = online.settle_now(60_002, budget);
        let [Finding::Violation(violation)] = &findings[..] else { panic!("{findings:?}") };
        assert_eq!(violation.at, 10_000);
        let shown: Vec<u64> = violation.window.iter().map(|told| told.mark).collect();
        if marks.is_empty() {
            assert!(matches!(violation.why, super::Why::Forgotten { .. }), "{violation:?}");
        } else {
            assert!(marks.iter().all(|mark| shown.contains(mark)), "{shown:?}");
            assert_eq!(violation.why, super::Why::Alone);
        }
    }
}

/// A value is written again while it can still be read: the search goes on from what zones know, and finds what they
/// would have found.
#[test]
fn zones_hand_over_to_the_search() {
    let options = CheckOptions::new(Model::CasRegister);
    let swap = |mark, call| {
        let cas = Operation::CompareAndSet { expected: 99.into(), new: 100.into() };
        operation(mark, cas, call, call + 1, Reply::Answer(true))
    };
    for (value, is_right) in [(100, true), (99, false), (50, false)] {
        let mut online = Online::new(&options, 1 << 30);
        let budget = &mut Budget::default();
        for round in 0..100_i64 {
            let mark = u64::try_from(round).expect("small");
            online.completed(Key(0), write(mark, round, 10 * round, 10 * round + 1)).expect("known");
            assert_eq!(online.settle_now(10 * round + 2, budget), Vec::new());
        }
        assert_eq!(online.by_zones(), 1);
        online.completed(Key(0), swap(100, 1000)).expect("known");
        online.completed(Key(0), read(101, value, 1010, 1011)).expect("known");
        let findings = online.finish(budget);
        assert_eq!(online.by_zones(), 0);
        assert_eq!(findings.is_empty(), is_right, "{value}: {findings:?}");
    }
}

/// The end of all times is a time like any other, and a stream may end there.
#[test]
fn nothing_hides_at_the_end_of_all_times() {
    for model in [Model::Register, Model::Queue] {
        let taken = if model == Model::Queue { Operation::Dequeue } else { Operation::Read };
        let mut online = Online::new(&CheckOptions::new(model), 1 << 30);
        let budget = &mut Budget::default();
        let wrong = operation(0, taken, i64::MAX, i64::MAX, Reply::Value(Value::Integer(7)));
        online.completed(Key(0), wrong).expect("known");
        assert_eq!(online.settle_now(i64::MAX, budget), Vec::new(), "somebody may write it yet");
        assert!(matches!(online.finish(budget)[..], [Finding::Violation(_)]), "{model}");
    }
}
