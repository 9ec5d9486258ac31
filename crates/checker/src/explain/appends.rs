//! Appends: a text that nothing replaces can only grow, and shows the order of its pieces.
//!
//! Why it exists: a read of an appended text shows more than one value; it shows which appends came before it, and in what
//! order (the idea behind Elle's list-append histories: Kingsbury and Alvaro, VLDB 2020). Four arguments follow:
//! the text can't be cut into what was written and appended at all; it has a piece too often or too early; it lacks an
//! acknowledged piece although nothing replaced the text since; two reads disagree on the beginning.
//!
//! What it promises: text is compared as text, and only a cut that is the only possible one counts, so pieces that
//! run into each other (`a`, `aa`) never invent a violation.

use std::collections::BTreeSet;

use anachron_vocabulary::{Operation, OperationId};

use super::fact::Fact;
use super::subject::{Subject, text};
use super::words::Voice;
use super::{AnomalyKind, Candidate};
use crate::CoreOperation;

/// Length of the text times number of pieces above which no cut is tried.
const CUT_LIMIT: usize = 4_000_000;

/// The ways to cut a text into one written text and any appended ones.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Cut {
    /// None.
    Impossible,
    /// One: the written text (or what stood there at the start), then the appended ones.
    Only(Vec<String>),
    /// More than one, or too much work to tell: nothing is claimed.
    Unclear,
}

/// Cuts what an operation found.
pub(crate) fn cut(subject: &Subject<'_>, read: OperationId) -> Cut {
    let Some(value) = subject.found(read) else { return Cut::Unclear };
    let whole = text(value);
    let mut bases = BTreeSet::from([text(subject.initial())]);
    let mut pieces = BTreeSet::new();
    for id in subject.possible() {
        match &subject.record(id).operation {
            Operation::Write(value) | Operation::CompareAndSet { new: value, .. } => {
                bases.insert(text(value));
            }
            Operation::Delete => {
                bases.insert(String::new());
            }
            Operation::Append(piece) => {
                pieces.insert(text(piece));
            }
            _ => {}
        }
    }
    pieces.remove("");
    cut_up(&whole, &bases, &pieces)
}

/// Cuts what follows what is known into appended pieces; the cut has those alone.
pub(crate) fn cut_rest(rest: &str, pieces: &BTreeSet<String>) -> Cut {
    match cut_up(rest, &BTreeSet::from([String::new()]), pieces) {
        Cut::Only(cut) => Cut::Only(cut[1..].to_vec()),
        other => other,
    }
}

/// Cuts a text into one of the bases and any of the pieces, none of which is empty.
fn cut_up(whole: &str, bases: &BTreeSet<String>, pieces: &BTreeSet<String>) -> Cut {
    if whole.len().saturating_mul(pieces.len()) > CUT_LIMIT {
        return Cut::Unclear;
    }
    // For every length: how many cuts make the beginning of that length (2 means more than one), and the last
    // piece of the first found.
    let mut cuts: Vec<(u8, Option<&str>)> = vec![(0, None); whole.len() + 1];
    for base in bases {
        if whole.starts_with(base.as_str()) {
            cuts[base.len()].0 = 1;
        }
    }
    for length in 0..whole.len() {
        let ways = cuts[length].0;
        if ways == 0 {
            continue;
        }
        for piece in pieces {
            if whole.as_bytes()[length..].starts_with(piece.as_bytes()) {
                let next = &mut cuts[length + piece.len()];
                next.0 = (next.0 + ways).min(2);
                next.1 = Some(piece);
            }
        }
    }
    match cuts[whole.len()].0 {
        0 => Cut::Impossible,
        1 => {
            let mut backwards = Vec::new();
            let mut length = whole.len();
            while let Some(piece) = cuts[length].1 {
                backwards.push(piece.to_owned());
                length -= piece.len();
            }
            backwards.push(whole[..length].to_owned());
            backwards.reverse();
            Cut::Only(backwards)
        }
        _ => Cut::Unclear,
    }
}

/// The appends of this piece that did not begin after the read had finished.
pub(crate) fn appends_of(subject: &Subject<'_>, piece: &str, read: OperationId) -> Vec<OperationId> {
    let appends_it = |id: &OperationId| match &subject.record(*id).operation {
        Operation::Append(appended) => text(appended) == piece && !subject.precedes(read, *id),
        _ => false,
    };
    subject.possible().filter(appends_it).collect()
}

/// The core's operations that found a value, earliest return first.
fn finders(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<OperationId> {
    let mut ids: Vec<OperationId> =
        core.iter().map(|kept| kept.id).filter(|&id| subject.found(id).is_some()).collect();
    ids.sort_by_key(|&id| (subject.record(id).returned(), id));
    ids
}

/// True if the history has an append at all: without one, the plain register arguments say everything.
pub(crate) fn has_appends(subject: &Subject<'_>) -> bool {
    subject.possible().any(|id| matches!(subject.record(id).operation, Operation::Append(_)))
}

/// Phantom: what was read is not made of anything that was written or appended.
pub(crate) fn phantom(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    let impossible = |read: &OperationId| cut(subject, *read) == Cut::Impossible;
    finders(subject, core)
        .into_iter()
        .find(impossible)
        .map(|read| {
            let value = subject.found(read).expect("a finder found something").clone();
            Candidate {
                kind: AnomalyKind::Phantom,
                headline: format!("{}, but nobody wrote that", voice.did(read)),
                sentences: vec![
                    vec![Fact::Did(read)],
                    vec![Fact::NoCut { read }],
                    vec![Fact::CannotSee { at: read, value, still: None }],
                ],
            }
        })
        .into_iter()
        .collect()
}

/// A piece that stands there too often, or before its append began.
pub(crate) fn too_often(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    for read in finders(subject, core) {
        let Cut::Only(pieces) = cut(subject, read) else { continue };
        let distinct: BTreeSet<&String> = pieces.iter().skip(1).collect();
        for piece in distinct {
            let times = pieces.iter().skip(1).filter(|p| *p == piece).count();
            let appends = appends_of(subject, piece, read);
            if appends.len() >= times {
                continue;
            }
            let shown = voice.quoted(piece);
            let (kind, headline) = if appends.is_empty() {
                let early = format!("{} before anyone began to append {shown}", voice.did(read));
                (AnomalyKind::FromTheFuture, early)
            } else {
                let text = format!(
                    "{}, with {shown} {} though it was appended {}",
                    voice.did(read),
                    super::words::times(times),
                    super::words::times(appends.len())
                );
                (AnomalyKind::DuplicateAppend, text)
            };
            let mut sentences: Vec<Vec<Fact>> = appends.iter().map(|&id| vec![Fact::Did(id)]).collect();
            sentences.push(vec![Fact::Did(read)]);
            sentences.push(vec![Fact::OneCut { read, pieces: pieces.clone() }]);
            sentences.push(vec![Fact::TooManyPieces { read, piece: piece.clone(), times, appends }]);
            return vec![Candidate { kind, headline, sentences }];
        }
    }
    Vec::new()
}

/// An acknowledged append that a later read does not have.
pub(crate) fn lost(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let voice = Voice::new(subject);
    for read in finders(subject, core) {
        for append in core.iter().map(|kept| kept.id) {
            let Operation::Append(piece) = &subject.record(append).operation else { continue };
            let missing = subject.is_ok(append)
                && subject.precedes(append, read)
                && subject.found(read).is_some_and(|value| !text(value).contains(&text(piece)));
            let kept = Fact::NothingReplaced { append, read };
            if missing && kept.holds(subject, &[]) {
                let headline = format!(
                    "{}, without {} that had been appended",
                    voice.did(read),
                    voice.quoted(&text(piece))
                );
                let sentences = vec![
                    vec![Fact::Did(append)],
                    vec![Fact::Did(read), Fact::FinishedBefore { earlier: append, later: read }],
                    vec![kept],
                    vec![Fact::LacksPiece { append, read }],
                ];
                return vec![Candidate { kind: AnomalyKind::LostAppend, headline, sentences }];
            }
        }
    }
    Vec::new()
}

/// Two reads of a text that only grows, neither the beginning of the other (a fork), or in the wrong order (stale).
pub(crate) fn fork(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    if !Fact::OnlyGrows.holds(subject, &[]) {
        return Vec::new();
    }
    let voice = Voice::new(subject);
    let reads = finders(subject, core);
    let shown = |id: OperationId| text(subject.found(id).expect("a finder found something"));
    for (index, &second) in reads.iter().enumerate() {
        for &first in &reads[..index] {
            let conclusion = Fact::NotBeginning { first, second };
            if !conclusion.holds(subject, &[Fact::OnlyGrows]) {
                continue;
            }
            let shrank = shown(first).starts_with(&shown(second));
            let (kind, headline) = if shrank {
                let said = format!("{} after {} had seen more", voice.did(second), voice.client(first));
                (AnomalyKind::StaleRead, said)
            } else {
                let said = format!("{} and {} saw different beginnings", voice.did(first), voice.did(second));
                (AnomalyKind::AppendFork, said)
            };
            let mut reads = vec![Fact::Did(second)];
            if subject.precedes(first, second) {
                reads.push(Fact::FinishedBefore { earlier: first, later: second });
            }
            let sentences = vec![vec![Fact::Did(first)], reads, vec![Fact::OnlyGrows], vec![conclusion]];
            return vec![Candidate { kind, headline, sentences }];
        }
    }
    Vec::new()
}
