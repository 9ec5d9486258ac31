//! Streams held against the batch checker, which brute force holds: every verdict, and the first moment at which it is
//! certain.

#![allow(clippy::disallowed_methods)] // a test may be told how long to run

use anachron_history::{History, Record};
use anachron_vocabulary::Outcome;

use super::{Finding, Online, Open};
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

/// Feeds calls and returns as they happen, and looks ahead at each moment. Answers the first moment at which a
/// violation was certain.
fn announced(history: &History, options: &CheckOptions, dice: &mut Dice) -> Result<Option<i64>, NotDecided> {
    let mut online = Online::new(options, 1 << 30);
    let mut last = i64::MIN;
    let budget = &mut Budget::default().configurations(20_000);
    for event in events(history) {
        let (Event::Call(now, index) | Event::End(now, index)) = event;
        let record = &history.records[index];
        if now > last {
            // Now and then nobody asks, so that windows of all lengths come up.
            if dice.permille(300) && is_violation(&online.settle_now(now, budget))? {
                return Ok(Some(now));
            }
            assert!(online.settle(now, budget).is_empty(), "too little was told for a batch");
            if online.look_ahead(budget).is_some() {
                return Ok(Some(now));
            }
            last = now;
        }
        let mark = index as u64;
        match event {
            Event::Call(call, _) => {
                online.called(record.key, mark, record.operation.clone(), call).expect("known");
            }
            Event::End(end, _) => {
                online.ended(record.key, mark, end, record.outcome.clone()).expect("a fitting outcome");
            }
        }
    }
    Ok(is_violation(&online.finish(budget))?.then_some(i64::MAX))
}

/// Feeds whole operations, in the order of their returns, with the best watermark that is true.
fn completed(history: &History, options: &CheckOptions, dice: &mut Dice) -> Result<bool, NotDecided> {
    let mut order: Vec<usize> = (0..history.records.len()).collect();
    let told_at = |index: usize| {
        let record = &history.records[index];
        record.end.map_or(record.call.0, |end| end.0)
    };
    order.sort_by_key(|&index| told_at(index));
    let mut online = Online::new(options, 1 << 30);
    let budget = &mut Budget::default().configurations(20_000);
    for (position, &index) in order.iter().enumerate() {
        let record = &history.records[index];
        let end = record.end.map_or(0, |end| end.0);
        online
            .completed(
                record.key,
                index as u64,
                record.operation.clone(),
                record.call.0,
                end,
                record.outcome.clone(),
            )
            .expect("nothing is late");
        let to_come = order[position + 1..].iter().map(|&later| history.records[later].call.0).min();
        let findings = match dice.below(3) {
            0 => online.settle_now(to_come.unwrap_or(i64::MAX), budget),
            1 => online.settle(to_come.unwrap_or(i64::MAX), budget),
            _ => Vec::new(),
        };
        if is_violation(&findings)? {
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
        let (Event::Call(now, index) | Event::End(now, index)) = event;
        let record = &history.records[index];
        let mark = index as u64;
        match event {
            Event::Call(call, _) => {
                online.called(record.key, mark, record.operation.clone(), call).expect("known");
            }
            Event::End(end, _) => {
                online.ended(record.key, mark, end, record.outcome.clone()).expect("a fitting outcome");
            }
        }
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
        (Model::CasRegister, 5, 10, 20_000),
        (Model::Mutex, 0, 5, 50_000),
        (Model::LeaderRegister, 3, 5, 50_000),
        (Model::Counter, 0, 4, 50_000),
    ] {
        let kept = kept(model, values, concurrency, operations);
        println!("{model}: bytes and configurations {kept:?}");
        assert!(kept.iter().all(|&(bytes, _)| bytes < 1 << 20), "{model}: {kept:?}");
    }
}
