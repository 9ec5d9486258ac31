//! Which reads grew from nothing: the search for a short argument around a core.
//!
//! Everything proposed here is checked by [`GrowthFact::holds`] before it is said.

use std::collections::BTreeMap;

use anachron_vocabulary::{OperationId, Value};

use super::{
    BaseFlaw, Ends, GrowthFact, Part, Rest, appends_between, bases, certainly_replaced, count, is_known,
    part_holds, piece, rest, shown,
};
use crate::CoreOperation;
use crate::explain::elements::attempts::told;
use crate::explain::fact::{Fact, Point};
use crate::explain::subject::Subject;
use crate::explain::words::Voice;
use crate::explain::{AnomalyKind, Candidate};

/// What is wrong with a base, the shortest reason first.
fn flaw(subject: &Subject<'_>, read: OperationId, base: Point) -> Option<BaseFlaw> {
    let pieces = match rest(subject, read, base) {
        Rest::OtherBeginning => return Some(BaseFlaw::OtherBeginning),
        Rest::NoCut => return Some(BaseFlaw::NoCut),
        Rest::Pieces(pieces) => Some(pieces),
        Rest::Unclear => None,
    };
    let replaced = subject
        .possible()
        .filter(|&by| certainly_replaced(subject, by, base, read))
        .min_by_key(|&by| (subject.record(by).returned(), by));
    if let Some(by) = replaced {
        return Some(BaseFlaw::Replaced(by));
    }
    let pieces = pieces?;
    let whole = Ends { from: base, until: read };
    let mut flaws = miscounts(subject, &pieces, Part::Whole, &[whole]);
    if flaws.is_empty() {
        let anchors = appends_between(subject, whole).into_values().flatten();
        for part in anchors.flat_map(|anchor| [Part::Before(anchor), Part::After(anchor)]) {
            if let Some((pieces, ends)) = part.of(subject, &pieces, read, base) {
                flaws.extend(miscounts(subject, &pieces, part, &ends));
            }
        }
    }
    flaws.into_iter().min_by_key(|flaw| flaw.operations().len())
}

/// Pieces that stand in a part too often, or not often enough.
fn miscounts(subject: &Subject<'_>, pieces: &[Value], part: Part, ends: &[Ends]) -> Vec<BaseFlaw> {
    let mut flaws = Vec::new();
    let mut all: BTreeMap<Value, Vec<OperationId>> =
        pieces.iter().map(|piece| (piece.clone(), Vec::new())).collect();
    all.extend(appends_between(subject, ends[0]));
    for (piece, mut appends) in all {
        let times = count(pieces, &piece);
        appends.retain(|&id| ends.iter().all(|ends| ends.may_hold(subject, id)));
        let certain = appends.iter().copied().filter(|&id| part_holds(subject, ends, id));
        let certain: Vec<OperationId> = certain.take(times + 1).collect();
        if certain.len() > times {
            flaws.push(BaseFlaw::TooFew { piece, part, times, appends: certain });
        } else if appends.len() < times {
            flaws.push(BaseFlaw::TooMany { piece, part, times, appends });
        }
    }
    flaws
}

/// Of more points to look back to than this the rest is left alone.
const POINTS: usize = 24;
/// Up to this many appends of a piece are told although they came too early or too late.
const OTHERS: usize = 3;
/// A story with more operations than this is none.
const TOLD: usize = 16;

/// A read that grew from nothing: every base, and what is wrong with it.
struct Unfounded {
    read: OperationId,
    since: Point,
    flaws: Vec<(Point, BaseFlaw)>,
}

impl Unfounded {
    /// Fewer operations make a better story.
    fn cost(&self) -> usize {
        self.flaws.iter().map(|(_, flaw)| 1 + flaw.operations().len()).sum()
    }

    /// The operations to tell of, and what is wrong with each base, those with one reason together.
    fn reasons(self, subject: &Subject<'_>) -> (Vec<OperationId>, Vec<Vec<Fact>>) {
        let Self { read, since, flaws } = self;
        let mut grouped: Vec<(Vec<Point>, BaseFlaw)> = Vec::new();
        for (base, flaw) in flaws {
            let alike = |other: &BaseFlaw| {
                *other == flaw && matches!(flaw, BaseFlaw::OtherBeginning | BaseFlaw::Replaced(_))
            };
            match grouped.iter_mut().find(|(_, other)| alike(other)) {
                Some((bases, _)) => bases.push(base),
                None => grouped.push((vec![base], flaw)),
            }
        }
        let mut named: Vec<OperationId> = since.into_iter().chain([read]).collect();
        for (bases, flaw) in &grouped {
            named.extend(bases.iter().copied().flatten());
            named.extend(flaw.operations());
            // Who appended the piece at another time is part of the story.
            if let BaseFlaw::TooMany { piece: wanted, .. } = flaw {
                let others = subject.possible().filter(|&id| piece(subject, id).as_ref() == Some(wanted));
                let others: Vec<OperationId> = others.take(OTHERS + 1).collect();
                named.extend(others.iter().filter(|_| others.len() <= OTHERS));
            }
        }
        let not_from = |(bases, flaw)| vec![Fact::Growth(GrowthFact::NotFrom { read, bases, flaw })];
        (named, grouped.into_iter().map(not_from).collect())
    }
}

/// The operations of the core that leave a known value, earliest return first, and the reads among them.
fn points(subject: &Subject<'_>, core: &[CoreOperation]) -> [Vec<OperationId>; 2] {
    let mut ids: Vec<OperationId> =
        core.iter().map(|kept| kept.id).filter(|&id| is_known(subject, id)).collect();
    ids.sort_by_key(|&id| (subject.record(id).returned(), id));
    let reads = ids.iter().copied().filter(|&id| subject.found(id).is_some()).take(POINTS).collect();
    [ids, reads]
}

/// What is wrong with every base of the read, if it comes after the point; nothing if one of them may be right.
fn unfounded(subject: &Subject<'_>, read: OperationId, since: Point) -> Option<Unfounded> {
    let flaws: Option<Vec<(Point, BaseFlaw)>> = bases(subject, read, since)
        .into_iter()
        .map(|base| flaw(subject, read, base).map(|flaw| (base, flaw)))
        .collect();
    Some(Unfounded { read, since, flaws: flaws? })
}

/// A read that grew from nothing.
pub(crate) fn impossible(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let [ids, reads] = points(subject, core);
    let with_points = reads.iter().flat_map(|&read| {
        let before = ids.iter().rev().copied().filter(move |&id| subject.precedes(id, read));
        before.take(POINTS).map(Some).chain([None]).map(move |since| (read, since))
    });
    with_points
        .filter_map(|(read, since)| unfounded(subject, read, since))
        .min_by_key(Unfounded::cost)
        .filter(|best| best.cost() <= TOLD)
        .map(|best| story(subject, best))
        .into_iter()
        .collect()
}

/// Two reads that overlap, of which neither grew from the other.
pub(crate) fn neither(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let [_, reads] = points(subject, core);
    let pairs = reads.iter().enumerate().flat_map(|(index, &b)| reads[..index].iter().map(move |&a| (a, b)));
    pairs
        .filter(|&(a, b)| !subject.precedes(a, b) && !subject.precedes(b, a))
        .filter_map(|(a, b)| Some([unfounded(subject, b, Some(a))?, unfounded(subject, a, Some(b))?]))
        .min_by_key(|both| both.iter().map(Unfounded::cost).sum::<usize>())
        .filter(|both| both.iter().map(Unfounded::cost).sum::<usize>() <= TOLD)
        .map(|both| {
            let voice = Voice::new(subject);
            let (one, other) = (both[1].read, both[0].read);
            let headline = format!("{} and {} saw different beginnings", voice.did(one), voice.did(other));
            let (mut named, mut reasons) = (Vec::new(), Vec::new());
            for unfounded in both {
                let (operations, facts) = unfounded.reasons(subject);
                named.extend(operations);
                reasons.extend(facts);
            }
            // What holds for both is said once.
            let mut sentences = told(subject, &named);
            for reason in reasons {
                if !sentences.contains(&reason) {
                    sentences.push(reason);
                }
            }
            sentences.push(vec![Fact::Growth(GrowthFact::NeitherFrom { one, other })]);
            Candidate { kind: AnomalyKind::AppendFork, headline, sentences }
        })
        .into_iter()
        .collect()
}

/// The sentences: what happened, then base after base.
fn story(subject: &Subject<'_>, unfounded: Unfounded) -> Candidate {
    let (read, since) = (unfounded.read, unfounded.since);
    let (kind, headline) = told_as(&Voice::new(subject), read, since, &unfounded.flaws);
    let (named, reasons) = unfounded.reasons(subject);
    let mut sentences = told(subject, &named);
    sentences.extend(reasons);
    sentences.push(vec![Fact::Growth(GrowthFact::NoBase { read, since })]);
    Candidate { kind, headline, sentences }
}

/// The kind: what is wrong with the first base that the read's text begins like, or else that there is none.
fn told_as(
    voice: &Voice<'_>,
    read: OperationId,
    since: Point,
    flaws: &[(Point, BaseFlaw)],
) -> (AnomalyKind, String) {
    let subject = voice.subject;
    let did = voice.did(read);
    let weight = |flaw: &BaseFlaw| match flaw {
        BaseFlaw::TooFew { part: Part::Whole, .. } => 0,
        BaseFlaw::TooMany { part: Part::Whole, .. } => 1,
        BaseFlaw::TooFew { .. } | BaseFlaw::TooMany { .. } => 2,
        BaseFlaw::NoCut => 3,
        BaseFlaw::Replaced(_) => 4,
        BaseFlaw::OtherBeginning => 5,
    };
    let worst = flaws.iter().map(|(_, flaw)| flaw).min_by_key(|flaw| weight(flaw)).expect("there is a base");
    match worst {
        BaseFlaw::TooFew { part: Part::Before(_) | Part::After(_), .. }
        | BaseFlaw::TooMany { part: Part::Before(_) | Part::After(_), .. } => {
            (AnomalyKind::OutOfOrder, format!("{did} in another order than was appended"))
        }
        BaseFlaw::TooFew { piece, .. } => {
            let piece = shown(voice, piece);
            (AnomalyKind::LostAppend, format!("{did}, without a {piece} that had been appended"))
        }
        BaseFlaw::TooMany { piece, .. } => {
            let all: Vec<OperationId> =
                subject.possible().filter(|&id| self::piece(subject, id).as_ref() == Some(piece)).collect();
            let piece = shown(voice, piece);
            if all.is_empty() {
                (AnomalyKind::Phantom, format!("{did}, but nobody appended {piece}"))
            } else if all.iter().all(|&append| subject.precedes(read, append)) {
                (AnomalyKind::FromTheFuture, format!("{did} before anyone began to append {piece}"))
            } else {
                let text = format!("{did}, with {piece} more often than it can have been appended");
                (AnomalyKind::DuplicateAppend, text)
            }
        }
        BaseFlaw::NoCut => (AnomalyKind::Phantom, format!("{did}, but nobody wrote or appended that")),
        BaseFlaw::Replaced(_) => {
            (AnomalyKind::StaleRead, format!("{did} after what that grew from had been replaced"))
        }
        BaseFlaw::OtherBeginning => {
            let after = since.map_or_else(String::new, |since| format!(" after {}", voice.did(since)));
            (AnomalyKind::StaleRead, format!("{did}{after}, which it did not grow from"))
        }
    }
}
