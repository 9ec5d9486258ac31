//! Grants of a lock with fencing tokens: the tokens say in which order they came, so fewer releases fit between two.
//!
//! Why it exists: between two grants of a lock lies a release, and each release ends a grant. `locks` counts with the clock
//! alone. Tokens grow with every grant, so they tell more: whatever finished before a grant began comes before all grants
//! with greater tokens too, and whatever began after a grant had finished comes after all with smaller ones; a release that
//! names a token comes right after the grant of it. From one grant to another, the lock is released once for each grant
//! after the first: if fewer releases can lie there, no order exists. And no more often than it was granted: if more
//! releases lie there for certain, none exists either.
//!
//! Left out on purpose: which of the releases belongs to which grant. Where every grant's token is known, counting from
//! every grant to every other is all that can be said of that (Hall's theorem, for each release can lie in one stretch of
//! the grants' order).

use std::collections::BTreeSet;

use anachron_history::{Record, Timestamp};
use anachron_vocabulary::{Operation, OperationId};

use super::elements::attempts::told;
use super::fact::{Fact, Point};
use super::scans::same_set;
use super::subject::Subject;
use super::tokens::token;
use super::words::{Voice, list, times};
use super::{AnomalyKind, Candidate};
use crate::CoreOperation;

/// What is true of the grants and the releases of a lock with tokens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GrantFact {
    /// Only these can have given the lock back (or been granted it) from one grant to another. The first grant lies in that
    /// time, the last does not.
    Between {
        /// The first grant, or the start.
        from: Point,
        /// The last grant, or the end.
        to: Point,
        /// True: given back. False: been granted.
        releases: bool,
        /// The operations.
        operations: Vec<OperationId>,
    },
    /// Conclusion: from the first to the last of these grants the lock is released once for each but the first, and it
    /// can't have been.
    TooFewReleases {
        /// The grants, by token.
        grants: Vec<OperationId>,
        /// How many releases can lie there.
        releases: usize,
    },
    /// Conclusion: the release names a token that nobody can have been granted by then.
    NeverGranted(OperationId),
    /// Conclusion: the lock was released more often than it can have been granted.
    TooManyReleases {
        /// As in [`GrantFact::Between`].
        from: Point,
        /// As in [`GrantFact::Between`].
        to: Point,
        /// Releases that lie there for certain.
        releases: Vec<OperationId>,
        /// How many grants can.
        grants: usize,
    },
}

/// The token of a grant.
fn granted(subject: &Subject<'_>, id: OperationId) -> Option<i64> {
    token(subject, id).filter(|(_, gives_back)| !gives_back).map(|(token, _)| token)
}

fn is_release(record: &Record) -> bool {
    matches!(record.operation, Operation::Release | Operation::ReleaseToken(_))
}

/// The place of one grant among all operations.
#[derive(Clone, Copy)]
struct Place {
    token: i64,
    /// When the last of those was called that come no later than the grant.
    latest_call: Timestamp,
    /// When the first of those returned that come no earlier.
    earliest_return: Option<Timestamp>,
}

impl Place {
    fn of(subject: &Subject<'_>, grant: OperationId) -> Option<Self> {
        let wanted = granted(subject, grant)?;
        let record = subject.record(grant);
        let mut place = Self { token: wanted, latest_call: record.call, earliest_return: record.returned() };
        for id in subject.possible() {
            let Some((token, gives_back)) = token(subject, id) else { continue };
            let record = subject.record(id);
            if token < wanted || (token == wanted && !gives_back) {
                place.latest_call = place.latest_call.max(record.call);
            }
            if token >= wanted {
                place.earliest_return = place.earliest_return.min(record.returned());
            }
        }
        Some(place)
    }

    /// True if the operation, if it takes effect, comes before the grant.
    fn is_after(&self, subject: &Subject<'_>, id: OperationId) -> bool {
        let record = subject.record(id);
        record.returned().is_some_and(|returned| returned < self.latest_call)
            || named(subject, id).is_some_and(|token| token < self.token)
    }

    /// True if the operation, if it takes effect, comes after the grant.
    fn is_before(&self, subject: &Subject<'_>, id: OperationId) -> bool {
        let record = subject.record(id);
        let gives_back = is_release(record);
        self.earliest_return.is_some_and(|returned| returned < record.call)
            || named(subject, id)
                .is_some_and(|token| token > self.token || (gives_back && token == self.token))
    }
}

/// True if some operation before the end of the release can have been granted the token that it names.
fn has_grant(subject: &Subject<'_>, release: OperationId) -> bool {
    let Operation::ReleaseToken(wanted) = subject.record(release).operation else { return true };
    let grants = |id: OperationId| {
        subject.record(id).operation == Operation::Acquire
            && granted(subject, id).is_none_or(|token| token == wanted)
            && !subject.precedes(release, id)
    };
    subject.possible().any(grants)
}

/// The operations that can take effect at all: nobody gives back a token that nobody was granted.
fn can_act(subject: &Subject<'_>) -> Vec<OperationId> {
    let mut known: BTreeSet<i64> = BTreeSet::new();
    let mut any = false;
    for id in subject.possible().filter(|&id| subject.record(id).operation == Operation::Acquire) {
        match granted(subject, id) {
            Some(token) => {
                known.insert(token);
            }
            None => any = true,
        }
    }
    let acts = |id: &OperationId| match subject.record(*id).operation {
        Operation::ReleaseToken(token) => any || known.contains(&token),
        _ => true,
    };
    subject.possible().filter(acts).collect()
}

/// The token that says where the operation lies, if it takes effect.
fn named(subject: &Subject<'_>, id: OperationId) -> Option<i64> {
    match subject.record(id).operation {
        Operation::ReleaseToken(token) => Some(token),
        _ => granted(subject, id),
    }
}

/// From one grant, or the start, to another, or the end.
#[derive(Clone, Copy)]
struct Span {
    from: Option<Place>,
    to: Option<Place>,
}

impl Span {
    fn of(subject: &Subject<'_>, from: Point, to: Point) -> Option<Self> {
        let place = |point: Point| match point {
            Some(grant) => Place::of(subject, grant).map(Some),
            None => Some(None),
        };
        let span = Self { from: place(from)?, to: place(to)? };
        let in_order = match (span.from, span.to) {
            (Some(from), Some(to)) => from.token < to.token,
            _ => true,
        };
        in_order.then_some(span)
    }

    fn may_hold(&self, subject: &Subject<'_>, id: OperationId) -> bool {
        // The grant that ends it lies behind it.
        let ends_it = self.to.is_some_and(|to| granted(subject, id) == Some(to.token));
        !ends_it
            && !self.from.is_some_and(|from| from.is_after(subject, id))
            && !self.to.is_some_and(|to| to.is_before(subject, id))
    }

    fn must_hold(&self, subject: &Subject<'_>, id: OperationId) -> bool {
        self.from.is_none_or(|from| from.is_before(subject, id))
            && self.to.is_none_or(|to| to.is_after(subject, id))
    }

    /// All that can lie in it, and take effect at all.
    fn possible(&self, subject: &Subject<'_>, releases: bool) -> Vec<OperationId> {
        let kind = |&id: &OperationId| is_release(subject.record(id)) == releases;
        can_act(subject).into_iter().filter(kind).filter(|&id| self.may_hold(subject, id)).collect()
    }
}

impl GrantFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        let known = |wanted: (Point, Point, bool, usize)| {
            earlier.iter().any(|fact| {
                matches!(fact, Fact::Grants(Self::Between { from, to, releases, operations })
                    if (*from, *to, *releases, operations.len()) == wanted)
            })
        };
        match self {
            Self::Between { from, to, releases, operations } => Span::of(subject, *from, *to)
                .is_some_and(|span| same_set(operations, span.possible(subject, *releases))),
            Self::TooFewReleases { grants, releases } => {
                let tokens: Option<Vec<i64>> = grants.iter().map(|&id| granted(subject, id)).collect();
                tokens.is_some_and(|tokens| tokens.is_sorted_by(|a, b| a < b))
                    && releases + 1 < grants.len()
                    && known((grants.first().copied(), grants.last().copied(), true, *releases))
            }
            Self::NeverGranted(release) => {
                subject.owns(*release) && subject.is_ok(*release) && !has_grant(subject, *release)
            }
            Self::TooManyReleases { from, to, releases, grants } => {
                let mut distinct = releases.clone();
                distinct.sort_unstable();
                distinct.dedup();
                let certain = |span: Span| {
                    releases.iter().all(|&id| {
                        let counts = subject.owns(id) && subject.is_ok(id) && is_release(subject.record(id));
                        counts && span.must_hold(subject, id)
                    })
                };
                distinct.len() == releases.len()
                    && Span::of(subject, *from, *to).is_some_and(certain)
                    && *grants < releases.len()
                    && known((*from, *to, false, *grants))
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        match self {
            Self::Between { from, to, operations: others, .. }
            | Self::TooManyReleases { from, to, releases: others, .. } => {
                from.iter().chain(to).chain(others).copied().collect()
            }
            Self::TooFewReleases { grants, .. } => grants.clone(),
            Self::NeverGranted(release) => vec![*release],
        }
    }

    /// The fact in words.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        let lock = voice.object();
        match self {
            Self::Between { from, to, releases, operations } => {
                let (did, nobody) =
                    if *releases { ("released", "No release of") } else { ("been granted", "No grant of") };
                let place = say_span(voice, *from, *to);
                match operations.as_slice() {
                    [] => format!("{nobody} {lock} can lie {place}."),
                    ids => format!(
                        "Only {} can have {did} {lock} {place}: everything else comes before a grant with a smaller token, or \
                         after one with a greater.",
                        voice.marks(ids)
                    ),
                }
            }
            Self::TooFewReleases { grants, releases } => {
                let often = times(grants.len() - 1);
                let only = match releases {
                    0 => "but nothing can have released it".to_owned(),
                    count => format!("but {count} can have done that"),
                };
                format!(
                    "The tokens put {} in this order. Nobody is granted {lock} while another holds it, so it had to be released \
                     {often} between the first and the last of them, {only}. No order of these operations explains that.",
                    in_order(voice, grants)
                )
            }
            Self::NeverGranted(release) => format!(
                "Nobody can have been granted {lock} with the token that {} gave back. No order of these operations explains that.",
                voice.mark(*release)
            ),
            Self::TooManyReleases { releases, grants, .. } => format!(
                "{} certainly released {lock} in that time. Each of them ends a grant, and there {}. No order of these \
                 operations explains that.",
                voice.marks(releases),
                match grants {
                    0 => "is none".to_owned(),
                    1 => "is one only".to_owned(),
                    count => format!("are only {count}"),
                }
            ),
        }
    }
}

/// The grants in the order of their tokens, the middle of many left out.
fn in_order(voice: &Voice<'_>, grants: &[OperationId]) -> String {
    let mut marks: Vec<String> = grants.iter().map(|&id| voice.mark(id)).collect();
    if marks.len() > TOLD {
        marks.splice(TOLD / 2..marks.len() - TOLD / 2, ["…".to_owned()]);
    }
    list(&marks)
}

fn say_span(voice: &Voice<'_>, from: Point, to: Point) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!("from {} until {}", voice.mark(from), voice.mark(to)),
        (Some(from), None) => format!("from {} on", voice.mark(from)),
        (None, Some(to)) => format!("before {}", voice.mark(to)),
        (None, None) => "at all".to_owned(),
    }
}

/// Of more grants than this only the first are looked at: the spans grow with the square.
const LOOKED_AT: usize = 100;
/// Up to this many operations are told one by one.
const TOLD: usize = 6;

/// An operation that may lie between the grants of some ranks: after the lower one for certain, and before the upper.
struct Ranked {
    id: OperationId,
    after: Option<usize>,
    before: Option<usize>,
}

/// Two holders, release without hold, by tokens.
pub(crate) fn count_by_tokens(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let stray = core.iter().map(|kept| kept.id).find(|&id| subject.is_ok(id) && !has_grant(subject, id));
    if let Some(release) = stray {
        let headline = format!("{}, which nobody can have been granted", Voice::new(subject).did(release));
        let sentences = vec![vec![Fact::Did(release)], vec![Fact::Grants(GrantFact::NeverGranted(release))]];
        return vec![Candidate { kind: AnomalyKind::ReleaseWithoutHold, headline, sentences }];
    }
    let mut grants: Vec<(i64, OperationId)> =
        core.iter().filter_map(|kept| Some((granted(subject, kept.id)?, kept.id))).collect();
    grants.sort_unstable();
    grants.dedup_by_key(|(token, _)| *token);
    grants.truncate(subject.compared(LOOKED_AT));
    let places: Vec<Place> = grants.iter().filter_map(|&(_, id)| Place::of(subject, id)).collect();
    let rank = |id: OperationId| Ranked {
        id,
        after: places.iter().rposition(|place| place.is_before(subject, id)),
        before: places.iter().position(|place| place.is_after(subject, id)),
    };
    let (releases, acquires): (Vec<OperationId>, Vec<OperationId>) =
        can_act(subject).into_iter().partition(|&id| is_release(subject.record(id)));
    let releases: Vec<Ranked> = releases.into_iter().map(rank).collect();
    let acquires: Vec<Ranked> = acquires.into_iter().map(rank).collect();
    // Nothing stands for the start, or the end.
    let ends = || std::iter::once(None).chain((0..grants.len()).map(Some));
    let spans = ends().flat_map(|from| ends().map(move |to| (from, to)));
    let mut best: Option<(usize, Candidate)> = None;
    for (from, to) in spans.filter(|&(from, to)| from.is_none() || to.is_none() || from < to) {
        let may_hold = |ranked: &&Ranked| {
            let is_early = from.is_some() && ranked.before.is_some_and(|before| Some(before) <= from);
            let is_late =
                |to: usize| ranked.after.is_some_and(|after| after >= to) || ranked.id == grants[to].1;
            !is_early && !to.is_some_and(is_late)
        };
        let must_hold = |ranked: &&Ranked| {
            subject.is_ok(ranked.id)
                && from.is_none_or(|from| ranked.after.is_some_and(|after| after >= from))
                && to.is_none_or(|to| ranked.before.is_some_and(|before| before <= to))
        };
        let point = |rank: Option<usize>| rank.map(|rank| grants[rank].1);
        let mut consider = |cost: usize, candidate: &dyn Fn() -> Candidate| {
            if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                best = Some((cost, candidate()));
            }
        };
        if let (Some(first), Some(last)) = (from, to) {
            let possible: Vec<OperationId> =
                releases.iter().filter(may_hold).map(|ranked| ranked.id).collect();
            if possible.len() < last - first {
                let crowd: Vec<OperationId> = grants[first..=last].iter().map(|(_, id)| *id).collect();
                consider(crowd.len() + possible.len(), &|| too_few(subject, &crowd, &possible));
            }
        }
        let possible: Vec<OperationId> = acquires.iter().filter(may_hold).map(|ranked| ranked.id).collect();
        let mut certain: Vec<OperationId> =
            releases.iter().filter(must_hold).map(|ranked| ranked.id).collect();
        if certain.len() > possible.len() {
            certain.truncate(possible.len() + 1);
            consider(certain.len() + possible.len(), &|| {
                too_many(subject, point(from), point(to), &certain, &possible)
            });
        }
    }
    best.map(|(_, candidate)| candidate).into_iter().collect()
}

fn sentences(subject: &Subject<'_>, crowds: [&[OperationId]; 2], ends: [Point; 2]) -> Vec<Vec<Fact>> {
    let few = crowds.into_iter().filter(|crowd| crowd.len() <= TOLD).flatten();
    told(subject, &ends.into_iter().flatten().chain(few.copied()).collect::<Vec<_>>())
}

fn too_few(subject: &Subject<'_>, grants: &[OperationId], possible: &[OperationId]) -> Candidate {
    let voice = Voice::new(subject);
    let (from, to) = (grants.first().copied(), grants.last().copied());
    let headline = match grants {
        [one, other] => format!("{} and {}, with no release in between", voice.did(*one), voice.did(*other)),
        _ => {
            format!("{} was granted {} with too few releases in between", voice.object(), times(grants.len()))
        }
    };
    let mut sentences = sentences(subject, [grants, possible], [from, to]);
    let operations = possible.to_vec();
    sentences.push(vec![Fact::Grants(GrantFact::Between { from, to, releases: true, operations })]);
    let conclusion = GrantFact::TooFewReleases { grants: grants.to_vec(), releases: possible.len() };
    sentences.push(vec![Fact::Grants(conclusion)]);
    Candidate { kind: AnomalyKind::TwoHolders, headline, sentences }
}

fn too_many(
    subject: &Subject<'_>,
    from: Point,
    to: Point,
    releases: &[OperationId],
    possible: &[OperationId],
) -> Candidate {
    let voice = Voice::new(subject);
    let last = releases.iter().copied().max_by_key(|&id| (subject.record(id).call, id));
    let client = last.map(|last| voice.client(last)).unwrap_or_default();
    let headline = format!("{client} released {} when nobody can have held it", voice.object());
    let mut sentences = sentences(subject, [releases, possible], [from, to]);
    let operations = possible.to_vec();
    sentences.push(vec![Fact::Grants(GrantFact::Between { from, to, releases: false, operations })]);
    let (releases, grants) = (releases.to_vec(), possible.len());
    sentences.push(vec![Fact::Grants(GrantFact::TooManyReleases { from, to, releases, grants })]);
    Candidate { kind: AnomalyKind::ReleaseWithoutHold, headline, sentences }
}
