//! Registers: a value that was never there, is gone, or would have to come back.
//!
//! Why it exists: most violations of a register have a proof of two or three operations. The arguments rest on one
//! lemma: if only one thing can have made the object hold *v*, it holds *v* in one unbroken stretch (Gibbons and Korach
//! 1997 call a write with its reads a cluster, and the stretch its zone). An operation that shows another value
//! between two that show *v* is then impossible, and so are two stretches of which each begins before the other.
//!
//! What it promises: uniqueness, where it is used, is read off the whole history: unknown writes, compare-and-sets and the
//! initial value count. Values that were written often are handled where the argument does not need uniqueness.
//!
//! Left out on purpose: chains of inferences, which are `cycle`'s.

use std::collections::BTreeMap;

use anachron_history::Timestamp;
use anachron_vocabulary::{Operation, OperationId, Value};

use super::fact::{Fact, Glimpse, Point};
use super::scans::{must_be_there, still_there};
use super::subject::{Seen, Subject};
use super::words::{Voice, times};
use super::{AnomalyKind, Candidate};
use crate::{CoreOperation, Model};

/// Up to this many operations are named as the only makers of a value; more are summed up.
const NAMED_MAKERS: usize = 3;

/// Who found the value that can't be there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Finder {
    /// A read.
    Read,
    /// A compare-and-set that succeeded.
    CompareAndSet,
}

/// The core's operations of this sort that found a value, earliest return first.
fn finders(subject: &Subject<'_>, core: &[CoreOperation], finder: Finder) -> Vec<OperationId> {
    let wanted = |id: &OperationId| {
        subject.found(*id).is_some() && subject.record(*id).operation.is_read() == (finder == Finder::Read)
    };
    let mut ids: Vec<OperationId> = core.iter().map(|kept| kept.id).filter(wanted).collect();
    ids.sort_by_key(|&id| (subject.record(id).returned(), id));
    ids
}

/// The value that `read` found.
fn found(subject: &Subject<'_>, read: OperationId) -> Value {
    subject.found(read).expect("a finder found something").clone()
}

/// Makers of the value that did not begin after `until` had finished.
fn makers_until(subject: &Subject<'_>, value: &Value, until: OperationId) -> Vec<OperationId> {
    subject.makers(value).into_iter().filter(|&maker| !subject.precedes(until, maker)).collect()
}

/// True if all of these, which make a value before `until` is over, are over before `from` begins.
fn over_before(subject: &Subject<'_>, makers: &[OperationId], from: OperationId, until: OperationId) -> bool {
    makers.iter().all(|&maker| maker != from && maker != until && subject.precedes(maker, from))
}

/// The makers of each value, looked up once: the search asks often, the re-check asks anew.
struct KnownMakers<'a> {
    subject: &'a Subject<'a>,
    makers: BTreeMap<Value, Vec<OperationId>>,
}

impl<'a> KnownMakers<'a> {
    fn new(subject: &'a Subject<'a>) -> Self {
        Self { subject, makers: BTreeMap::new() }
    }

    fn makers(&mut self, value: &Value) -> &[OperationId] {
        let subject = self.subject;
        self.makers.entry(value.clone()).or_insert_with(|| subject.makers(value))
    }

    fn makers_until(&mut self, value: &Value, until: OperationId) -> Vec<OperationId> {
        let subject = self.subject;
        self.makers(value).iter().copied().filter(|&maker| !subject.precedes(until, maker)).collect()
    }
}

/// The fact that these and no other operations make the value (leaving out what began after `until`, if any did).
fn only_makers(subject: &Subject<'_>, value: &Value, until: Option<OperationId>) -> Fact {
    let all = subject.makers(value);
    let makers = match until {
        Some(until) => makers_until(subject, value, until),
        None => all.clone(),
    };
    Fact::OnlyMakers {
        value: value.clone(),
        starts: subject.initial() == value,
        until: until.filter(|_| makers.len() < all.len()),
        makers,
    }
}

/// Phantom: nobody wrote the value.
pub(crate) fn phantom(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let mut candidates = Vec::new();
    for finder in [Finder::Read, Finder::CompareAndSet] {
        for read in finders(subject, core, finder) {
            let value = found(subject, read);
            let Some((values, makers)) = never_made(subject, &value) else { continue };
            let mut nobody = if makers.is_empty() {
                vec![only_makers(subject, &value, None)]
            } else {
                vec![Fact::NeverMade { values, makers }]
            };
            let attempts = subject.refused_makers(&value);
            if !attempts.is_empty() && attempts.len() <= NAMED_MAKERS {
                nobody.push(Fact::Refused { value: value.clone(), attempts });
            }
            candidates.push(Candidate {
                kind: AnomalyKind::Phantom,
                headline: match subject.model() {
                    Model::LeaderRegister => {
                        format!("{}, but nobody claimed {} for {value}", voice.did(read), voice.object())
                    }
                    _ => format!("{}, but nobody wrote {value}", voice.did(read)),
                },
                sentences: vec![
                    vec![Fact::Did(read)],
                    nobody,
                    vec![Fact::CannotSee { at: read, value, still: None }],
                ],
            });
        }
    }
    candidates
}

/// The value and all others that would have had to be there before it, with the compare-and-sets between them, if none
/// of them was ever written.
fn never_made(subject: &Subject<'_>, value: &Value) -> Option<(Vec<Value>, Vec<OperationId>)> {
    let (mut values, mut makers) = (vec![value.clone()], Vec::new());
    let mut next = 0;
    while next < values.len() {
        if *subject.initial() == values[next] || values.len() > NAMED_MAKERS {
            return None;
        }
        for maker in subject.makers(&values[next]) {
            let Operation::CompareAndSet { expected, .. } = &subject.record(maker).operation else {
                return None;
            };
            makers.push(maker);
            if !values.contains(expected) {
                values.push(expected.clone());
            }
        }
        next += 1;
    }
    Some((values, makers))
}

/// False refusal: the operation answered that a value was not there, but it was.
pub(crate) fn false_refusal(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let refused = |at: &OperationId| matches!(subject.before(*at), Seen::IsNot(_) | Seen::AnotherLeads(_));
    for at in core.iter().map(|kept| kept.id).filter(refused) {
        let contradicts = |since: &Point| {
            must_be_there(subject, at, *since).is_some_and(|value| subject.before(at).is_not(value))
        };
        let mut witnesses: Vec<Point> = core.iter().map(|kept| Some(kept.id)).filter(contradicts).collect();
        witnesses.sort_by_key(|&id| id.map(|id| (std::cmp::Reverse(subject.record(id).call), id)));
        let Some(since) = witnesses.into_iter().chain([None]).find(contradicts) else { continue };
        let value = must_be_there(subject, at, since).expect("it contradicts");
        let mut sentences: Vec<Vec<Fact>> = since.iter().map(|&since| vec![Fact::Did(since)]).collect();
        let mut refused = vec![Fact::Did(at)];
        refused.extend(since.map(|since| Fact::FinishedBefore { earlier: since, later: at }));
        sentences.push(refused);
        sentences.push(vec![Fact::MustBeThere { at, since }]);
        let headline = format!("{}, though {}", voice.did(at), voice.holds(value));
        return vec![Candidate { kind: AnomalyKind::FalseRefusal, headline, sentences }];
    }
    Vec::new()
}

/// From the future: whoever wrote the value began after it had been seen.
pub(crate) fn from_the_future(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let mut candidates = Vec::new();
    for finder in [Finder::Read, Finder::CompareAndSet] {
        for read in finders(subject, core, finder) {
            let value = found(subject, read);
            let makers = subject.makers(&value);
            let later = makers.iter().all(|&maker| subject.precedes(read, maker));
            if *subject.initial() == value || makers.is_empty() || !later {
                continue;
            }
            let mut sentences = vec![vec![Fact::Did(read)]];
            if makers.len() <= NAMED_MAKERS {
                let mut writers = vec![only_makers(subject, &value, None)];
                writers
                    .extend(makers.iter().map(|&maker| Fact::FinishedBefore { earlier: read, later: maker }));
                sentences.push(writers);
            } else {
                sentences.push(vec![only_makers(subject, &value, Some(read))]);
            }
            let headline = format!("{} before anyone began to write {value}", voice.did(read));
            sentences.push(vec![Fact::CannotSee { at: read, value, still: None }]);
            candidates.push(Candidate { kind: AnomalyKind::FromTheFuture, headline, sentences });
        }
    }
    candidates
}

/// Stale read: the value had been overwritten by a write that finished, or by one that began after the value's own write
/// had finished and that somebody had already seen.
pub(crate) fn stale_read(subject: &Subject<'_>, core: &[CoreOperation], finder: Finder) -> Vec<Candidate> {
    let mut known = KnownMakers::new(subject);
    for read in finders(subject, core, finder) {
        let value = found(subject, read);
        let makers = known.makers_until(&value, read);
        let mut witnesses: Vec<OperationId> = core
            .iter()
            .map(|kept| kept.id)
            .filter(|&id| subject.precedes(id, read) && subject.shows_other(id, &value))
            .collect();
        // Writes before reads; of those the latest, since it is what the read should have seen.
        witnesses.sort_by_key(|&id| {
            let is_write = subject.may_change(id);
            (!is_write, std::cmp::Reverse(subject.record(id).call), id)
        });
        for witness in witnesses {
            if subject.may_change(witness) || makers.is_empty() {
                if over_before(subject, &makers, witness, read) && subject.after(witness).is_not(&value) {
                    return vec![stale(subject, read, &value, &makers, witness, None)];
                }
            } else if let Seen::Is(newer) = subject.after(witness)
                && subject.initial() != newer
                && let [writer] = known.makers(newer)
                && makers.iter().all(|&maker| subject.precedes(maker, *writer))
            {
                return vec![stale(subject, read, &value, &makers, witness, Some(*writer))];
            }
        }
    }
    Vec::new()
}

/// The stale read's sentences. `writer` is the only write of what the witness read, if the witness did not write.
fn stale(
    subject: &Subject<'_>,
    read: OperationId,
    value: &Value,
    makers: &[OperationId],
    witness: OperationId,
    writer: Option<OperationId>,
) -> Candidate {
    let voice = Voice::new(subject);
    let what = match subject.after(witness) {
        Seen::Is(_) if subject.record(witness).operation == Operation::Delete => {
            format!("{} had been deleted", voice.object())
        }
        Seen::Is(Value::Null) if matches!(subject.record(witness).operation, Operation::Resign(_)) => {
            "its leadership had ended".to_owned()
        }
        Seen::Is(newer) if subject.may_change(witness) => {
            format!("{} had been written", voice.assigned(newer))
        }
        Seen::Is(newer) => format!("{} had been read", voice.assigned(newer)),
        _ => format!("{} had been replaced", voice.assigned(value)),
    };
    let headline = match subject.record(read).operation {
        Operation::Read => {
            format!("{} read {} after {what}", voice.client_in_full(read), voice.assigned(value))
        }
        _ => format!("{} after {what}", voice.did(read)),
    };
    let mut overwritten = Vec::new();
    if makers.len() <= NAMED_MAKERS {
        overwritten.push(only_makers(subject, value, Some(read)));
        if let Some(writer) = writer {
            let newer = found(subject, witness);
            overwritten.push(only_makers(subject, &newer, None));
            overwritten.extend(makers.iter().map(|&m| Fact::FinishedBefore { earlier: m, later: writer }));
        } else {
            overwritten.extend(makers.iter().map(|&m| Fact::FinishedBefore { earlier: m, later: witness }));
        }
    } else if let Some(writer) = writer {
        let newer = found(subject, witness);
        overwritten.push(only_makers(subject, &newer, None));
        overwritten.push(Fact::NoMakerBetween { value: value.clone(), from: writer, until: read });
    } else {
        overwritten.push(Fact::NoMakerBetween { value: value.clone(), from: witness, until: read });
    }
    let still = still_there(subject, witness, read).map(|_| witness);
    Candidate {
        kind: AnomalyKind::StaleRead,
        headline,
        sentences: vec![
            vec![Fact::Did(witness)],
            vec![Fact::Did(read), Fact::FinishedBefore { earlier: witness, later: read }],
            overwritten,
            vec![Fact::CannotSee { at: read, value: value.clone(), still }],
        ],
    }
}

/// What an operation showed that is not `value`.
fn other_glimpse(subject: &Subject<'_>, id: OperationId, value: &Value) -> Option<Glimpse> {
    for seen in [subject.before(id), subject.after(id)] {
        if seen.is_not(value) {
            return Some(match seen {
                Seen::Is(other) => Glimpse::Is(other.clone()),
                _ => Glimpse::IsNot(value.clone()),
            });
        }
    }
    None
}

/// Flip-flop: one value, another, and the first again.
pub(crate) fn flip_flop(subject: &Subject<'_>, core: &[CoreOperation], finder: Finder) -> Vec<Candidate> {
    let ids: Vec<OperationId> = core.iter().map(|kept| kept.id).collect();
    let mut known = KnownMakers::new(subject);
    for third in finders(subject, core, finder) {
        let value = found(subject, third);
        let makers = known.makers_until(&value, third);
        let once = makers.len() + usize::from(*subject.initial() == value) == 1;
        let mut firsts: Vec<OperationId> = ids
            .iter()
            .copied()
            .filter(|&id| subject.shows(id, &value) && subject.precedes(id, third))
            .collect();
        // A read says more than the write itself; the latest is the nearest to the change.
        firsts.sort_by_key(|&id| (subject.may_change(id), std::cmp::Reverse(subject.record(id).call), id));
        let mut seconds: Vec<OperationId> = ids
            .iter()
            .copied()
            .filter(|&id| subject.shows_other(id, &value) && subject.precedes(id, third))
            .collect();
        seconds.sort_by_key(|&id| (subject.may_change(id), subject.record(id).call, id));
        for second in seconds {
            let Some(middle) = other_glimpse(subject, second, &value) else { continue };
            let first = firsts.iter().copied().find(|&first| subject.precedes(first, second));
            let settled = over_before(subject, &makers, second, third);
            let (first, once) = match first {
                Some(first) if once => (Some(first), true),
                first if settled => (first, false),
                _ => continue,
            };
            return vec![flip(subject, &value, first, second, middle, third, once)];
        }
    }
    Vec::new()
}

fn flip(
    subject: &Subject<'_>,
    value: &Value,
    first: Option<OperationId>,
    second: OperationId,
    middle: Glimpse,
    third: OperationId,
    once: bool,
) -> Candidate {
    let voice = Voice::new(subject);
    let is = Glimpse::Is(value.clone());
    let middle_value = match &middle {
        Glimpse::Is(middle) => Some(middle.clone()),
        Glimpse::IsNot(_) => None,
    };
    let mut turns: Vec<(OperationId, Glimpse)> = first.map(|first| (first, is.clone())).into_iter().collect();
    turns.extend([(second, middle), (third, is)]);
    let why = if once {
        only_makers(subject, value, Some(third))
    } else {
        Fact::NoMakerBetween { value: value.clone(), from: second, until: third }
    };
    let between = middle_value.as_ref().map_or_else(|| format!("not {value}"), Value::to_string);
    let headline =
        format!("{} would have to go from {value} to {between} and back to {value}", voice.object());
    Candidate {
        kind: AnomalyKind::FlipFlop,
        headline,
        sentences: vec![
            vec![Fact::InTurn(turns)],
            vec![why],
            vec![Fact::BackAndForth { value: value.clone(), middle: middle_value, once }],
        ],
    }
}

/// A value that the object came to hold in one way only, with the stretch of time in which it certainly held it.
struct Stretch {
    /// What showed it and returned first.
    earliest: (Timestamp, OperationId),
    /// What showed it and was called last.
    latest: (Timestamp, OperationId),
}

/// Two values, each held once, that would each have to come before the other.
pub(crate) fn two_ways(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let mut stretches: BTreeMap<&Value, Stretch> = BTreeMap::new();
    for kept in core {
        let record = subject.record(kept.id);
        let Some(returned) = record.returned() else { continue };
        for seen in [subject.before(kept.id), subject.after(kept.id)] {
            let Seen::Is(value) = seen else { continue };
            let (end, call) = ((returned, kept.id), (record.call, kept.id));
            let stretch = stretches.entry(value).or_insert(Stretch { earliest: end, latest: call });
            stretch.earliest = stretch.earliest.min(end);
            stretch.latest = stretch.latest.max(call);
        }
    }
    stretches.retain(|value, _| subject.makers(value).len() + usize::from(subject.initial() == *value) == 1);
    let stretches: Vec<(&Value, Stretch)> = stretches.into_iter().collect();
    for (index, (first, a)) in stretches.iter().enumerate() {
        for (second, b) in &stretches[..index] {
            if a.earliest.0 < b.latest.0 && b.earliest.0 < a.latest.0 {
                let (one, other) = (Glimpse::Is((*first).clone()), Glimpse::Is((*second).clone()));
                let forward = vec![(a.earliest.1, one.clone()), (b.latest.1, other.clone())];
                let backward = vec![(b.earliest.1, other), (a.latest.1, one)];
                return vec![Candidate {
                    kind: AnomalyKind::FlipFlop,
                    headline: format!(
                        "{} would have to hold {first} before {second} and {second} before {first}",
                        voice.object()
                    ),
                    sentences: vec![
                        vec![Fact::InTurn(forward)],
                        vec![Fact::InTurn(backward)],
                        vec![only_makers(subject, first, None), only_makers(subject, second, None)],
                        vec![Fact::TwoWays { first: (*first).clone(), second: (*second).clone() }],
                    ],
                }];
            }
        }
    }
    Vec::new()
}

/// Double winner: more compare-and-sets left a value than there were ways to reach it.
pub(crate) fn double_winner(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let mut by_value: BTreeMap<&Value, Vec<OperationId>> = BTreeMap::new();
    for id in finders(subject, core, Finder::CompareAndSet) {
        if let Some(value) = subject.found(id)
            && subject.after(id).is_not(value)
        {
            by_value.entry(value).or_default().push(id);
        }
    }
    for (value, mut winners) in by_value {
        let ways = subject.makers(value).len() + usize::from(subject.initial() == value);
        if ways == 0 || winners.len() <= ways || ways > NAMED_MAKERS {
            continue;
        }
        winners.truncate(ways + 1);
        let headline = if let [a, b] = winners.as_slice() {
            format!(
                "{} and {}, though {} came to be {value} only once",
                voice.did(*a),
                voice.did(*b),
                voice.object()
            )
        } else {
            let (won, reached) = (winners.len(), times(ways));
            match subject.model() {
                Model::LeaderRegister => {
                    format!("{value} resigned {} and came to lead only {reached}", times(won))
                }
                _ => format!(
                    "{won} compare-and-sets left {value}, which {} reached only {reached}",
                    voice.object()
                ),
            }
        };
        let mut sentences: Vec<Vec<Fact>> = winners.iter().map(|&id| vec![Fact::Did(id)]).collect();
        sentences.push(vec![only_makers(subject, value, None)]);
        sentences.push(vec![Fact::TooManyWinners { value: value.clone(), winners }]);
        return vec![Candidate { kind: AnomalyKind::DoubleWinner, headline, sentences }];
    }
    Vec::new()
}
