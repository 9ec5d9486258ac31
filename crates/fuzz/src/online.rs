//! A stream judged while it grows, against brute force on the whole.

use anachron_checker::online::{Finding, Online, Told};
use anachron_checker::{Budget, CheckOptions, Model, Object};
use anachron_history::{History, Record};
use anachron_vocabulary::{Key, Outcome};

use crate::brute_force::is_linearizable;
use crate::small_history::Small;

const MEMORY: usize = 1 << 28;

/// The first byte says how the stream is told: as calls and returns, or as whole operations in the order of their returns.
pub(crate) fn online(bytes: &[u8]) {
    let (apart, bytes) = match bytes {
        [first, rest @ ..] => (first % 2 == 0, rest),
        [] => (true, bytes),
    };
    let Small { model, initial, history } = Small::new(&Model::ALL, 7, bytes);
    let options = CheckOptions::new(model).initial(initial.clone());
    let mut online = Online::new(&options, MEMORY);
    let violated = if apart { told_apart(&mut online, &history) } else { told_whole(&mut online, &history) };
    let truth = is_linearizable(&Object { model, initial }, &history);
    assert_eq!(violated, !truth, "{model}: {history:#?}");
}

/// True if a violation is among the findings; nothing so small may stay open.
fn violated(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| match finding {
        Finding::Violation(_) => true,
        Finding::Undecided(_, why) => panic!("so small a stream is decided: {why:?}"),
    })
}

/// The operation as a stream tells it.
fn told(mark: usize, record: &Record) -> Told {
    let answer = match (&record.outcome, record.end) {
        (Outcome::Ok(reply), Some(end)) => Some((end.0, reply.clone())),
        _ => None,
    };
    Told {
        mark: mark as u64,
        client: "".into(),
        operation: record.operation.clone(),
        call: record.call.0,
        answer,
    }
}

fn told_apart(online: &mut Online, history: &History) -> bool {
    // At equal times calls come first: then the operations are concurrent, as in the history.
    let mut events = Vec::new();
    for (index, record) in history.records.iter().enumerate() {
        events.push((record.call.0, false, index));
        events.extend(record.end.map(|end| (end.0, true, index)));
    }
    events.sort_unstable();
    for (time, ends, index) in events {
        let record = &history.records[index];
        let told = if ends {
            online.ended(Key(0), index as u64, time, record.outcome.clone())
        } else {
            online.called(Key(0), Told { answer: None, ..told(index, record) })
        };
        assert_eq!(told, Ok(()), "told in time");
        let budget = &mut Budget::default();
        if violated(&online.settle_now(time, budget)) || online.look_ahead(budget).is_some() {
            return true;
        }
    }
    violated(&online.finish(&mut Budget::default()))
}

fn told_whole(online: &mut Online, history: &History) -> bool {
    let mut order: Vec<usize> = (0..history.records.len()).collect();
    order.sort_by_key(|&index| (history.records[index].end, index));
    for (place, &index) in order.iter().enumerate() {
        let record = &history.records[index];
        let told = if record.outcome == Outcome::Failed {
            online.fits(&record.operation, &record.outcome)
        } else {
            online.completed(Key(0), told(place, record))
        };
        assert_eq!(told, Ok(()), "told in time");
        // Whatever is still to come was called no earlier than this.
        let rest = order[place + 1..].iter().map(|&index| history.records[index].call.0);
        let watermark = rest.min().unwrap_or(i64::MAX);
        if violated(&online.settle_now(watermark, &mut Budget::default())) {
            return true;
        }
    }
    violated(&online.finish(&mut Budget::default()))
}
