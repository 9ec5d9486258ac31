//! What a read of a growing text or list was built on: every possibility, and why it was not that.
//!
//! Why it exists: a text is what something put there last, and everything appended since. Look back from a read to a
//! point whose value is known: a write, another read, or the start. What the read shows begins with what that point left,
//! or with what a later replacement left, and the rest was appended in between, each append once. If for each of these
//! *bases* the read's text does not begin so, or the base was replaced in between, or the rest has a piece that can't have
//! been appended so often, lacks one that certainly was, or has them in an order that real time forbids, then no order
//! explains the read. A list is a text that nothing replaces, whose pieces are its elements.
//!
//! What it promises: a rest that can be cut into appended pieces in two ways is never held against a base.
//!
//! Two reads that overlap are each asked what they would have grown from if the other came first.
//!
//! The search for arguments is in `attempts`.

pub(crate) mod attempts;

use std::collections::{BTreeMap, BTreeSet};

use anachron_vocabulary::{Operation, OperationId, Value};

use super::appends::{Cut, cut_rest};
use super::fact::{Fact, Point};
use super::scans::same_set;
use super::subject::{Seen, Subject, text};
use super::words::{Voice, list, times};
use crate::Model;
use crate::object::elements;

/// Why a read was not built on a base.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BaseFlaw {
    /// What the read shows does not begin with what the base left.
    OtherBeginning,
    /// This certainly replaced it before the read.
    Replaced(OperationId),
    /// What follows is not made of appended pieces.
    NoCut,
    /// What follows has the piece more often than these appends, which alone can lie in between, can have put it there.
    TooMany {
        /// The piece.
        piece: Value,
        /// Which part of what follows is meant.
        part: Part,
        /// How often it stands there.
        times: usize,
        /// The appends.
        appends: Vec<OperationId>,
    },
    /// What follows has the piece less often than these appends, which certainly lie in between, put it there.
    TooFew {
        /// The piece.
        piece: Value,
        /// Which part of what follows is meant.
        part: Part,
        /// How often it stands there.
        times: usize,
        /// The appends.
        appends: Vec<OperationId>,
    },
}

/// A part of what stands between a base's text and the end of what a read shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// All of it.
    Whole,
    /// What stands before the piece of this append, which stands there once and can come from no other append.
    Before(OperationId),
    /// What stands after it.
    After(OperationId),
}

/// What is true of what a read was built on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum GrowthFact {
    /// What the read shows was not built on any of these bases.
    NotFrom {
        /// The read.
        read: OperationId,
        /// The bases: something that left a known value, or the start.
        bases: Vec<Point>,
        /// Why.
        flaw: BaseFlaw,
    },
    /// Conclusion: two reads overlap, and neither was built on the other, nor on anything that replaced what the other
    /// showed.
    NeitherFrom {
        /// The one.
        one: OperationId,
        /// The other.
        other: OperationId,
    },
    /// Conclusion: nothing is left that the read can have been built on.
    NoBase {
        /// The read.
        read: OperationId,
        /// From where one looks back: it left a known value, and had finished before the read began.
        since: Point,
    },
}

/// True if the operation puts something in place of everything, if it takes effect.
fn may_replace(subject: &Subject<'_>, id: OperationId) -> bool {
    subject.model() == Model::KeyValue && subject.may_replace(id)
}

/// The value that a base left: nothing if that is not known.
fn left<'a>(subject: &'a Subject<'_>, base: Point) -> Option<&'a Value> {
    static NOTHING: Value = Value::Null;
    let Some(id) = base else { return Some(subject.initial()) };
    match (&subject.record(id).operation, subject.after(id)) {
        (_, Seen::Is(value)) | (Operation::Write(value) | Operation::CompareAndSet { new: value, .. }, _) => {
            Some(value)
        }
        (Operation::Delete, _) => Some(&NOTHING),
        _ => None,
    }
}

/// Everything that the read can have been built on, looking back to a point.
fn bases(subject: &Subject<'_>, read: OperationId, since: Point) -> Vec<Point> {
    let in_between = |&id: &OperationId| {
        may_replace(subject, id)
            && Some(id) != since
            && id != read
            && since.is_none_or(|since| !subject.precedes(id, since))
            && !subject.precedes(read, id)
    };
    std::iter::once(since).chain(subject.possible().filter(in_between).map(Some)).collect()
}

/// The piece that an operation appends.
fn piece(subject: &Subject<'_>, id: OperationId) -> Option<Value> {
    match &subject.record(id).operation {
        Operation::Append(element) if subject.model() == Model::List => Some(element.clone()),
        Operation::Append(appended) => {
            Some(Value::Text(text(appended).into())).filter(|_| !text(appended).is_empty())
        }
        _ => None,
    }
}

/// Two ends: what lies between them was appended after the one and before the other.
#[derive(Clone, Copy)]
struct Ends {
    from: Point,
    until: OperationId,
}

impl Ends {
    /// True if the operation can lie between them.
    fn may_hold(self, subject: &Subject<'_>, id: OperationId) -> bool {
        id != self.until
            && Some(id) != self.from
            && !subject.precedes(self.until, id)
            && self.from.is_none_or(|from| !subject.precedes(id, from))
    }

    /// True if the operation certainly took effect between them.
    fn must_hold(self, subject: &Subject<'_>, id: OperationId) -> bool {
        subject.is_ok(id)
            && self.from.is_none_or(|from| subject.precedes(from, id))
            && subject.precedes(id, self.until)
    }
}

/// The appends that can lie between the ends, by piece.
fn appends_between(subject: &Subject<'_>, ends: Ends) -> BTreeMap<Value, Vec<OperationId>> {
    let mut appends: BTreeMap<Value, Vec<OperationId>> = BTreeMap::new();
    for id in subject.possible().filter(|&id| ends.may_hold(subject, id)) {
        if let Some(piece) = piece(subject, id) {
            appends.entry(piece).or_default().push(id);
        }
    }
    appends
}

impl Part {
    /// The pieces of the part, and between which ends they were appended; nothing if the part's own append may be another,
    /// or may not have happened at all.
    fn of(
        self,
        subject: &Subject<'_>,
        pieces: &[Value],
        read: OperationId,
        base: Point,
    ) -> Option<(Vec<Value>, Vec<Ends>)> {
        let whole = Ends { from: base, until: read };
        let (Self::Before(anchor) | Self::After(anchor)) = self else {
            return Some((pieces.to_vec(), vec![whole]));
        };
        let own = piece(subject, anchor)?;
        let mut places = (0..pieces.len()).filter(|&place| pieces[place] == own);
        let (place, None) = (places.next()?, places.next()) else { return None };
        let only = || appends_between(subject, whole).remove(&own).is_some_and(|appends| appends == [anchor]);
        if !whole.must_hold(subject, anchor) && !only() {
            return None;
        }
        Some(if matches!(self, Self::Before(_)) {
            (pieces[..place].to_vec(), vec![whole, Ends { from: base, until: anchor }])
        } else {
            (pieces[place + 1..].to_vec(), vec![whole, Ends { from: Some(anchor), until: read }])
        })
    }

    fn anchor(self) -> Option<OperationId> {
        match self {
            Self::Whole => None,
            Self::Before(anchor) | Self::After(anchor) => Some(anchor),
        }
    }
}

/// What a read shows after what a base left.
enum Rest {
    /// It does not begin so.
    OtherBeginning,
    /// It is not made of appended pieces.
    NoCut,
    /// These pieces.
    Pieces(Vec<Value>),
    /// Nobody can tell.
    Unclear,
}

fn rest(subject: &Subject<'_>, read: OperationId, base: Point) -> Rest {
    let (Some(shown), Some(left)) = (subject.found(read), left(subject, base)) else { return Rest::Unclear };
    if subject.model() == Model::List {
        let (Some(shown), Some(left)) = (elements(shown), elements(left)) else { return Rest::Unclear };
        return match shown.strip_prefix(left.as_slice()) {
            Some(rest) => Rest::Pieces(rest.to_vec()),
            None => Rest::OtherBeginning,
        };
    }
    let whole = text(shown);
    let Some(rest) = whole.strip_prefix(&text(left)) else { return Rest::OtherBeginning };
    let pieces: BTreeSet<String> =
        subject.possible().filter_map(|id| piece(subject, id)).map(|piece| text(&piece)).collect();
    match cut_rest(rest, &pieces) {
        Cut::Impossible => Rest::NoCut,
        Cut::Only(cut) => Rest::Pieces(cut.into_iter().map(|piece| Value::Text(piece.into())).collect()),
        Cut::Unclear => Rest::Unclear,
    }
}

fn certainly_replaced(subject: &Subject<'_>, by: OperationId, base: Point, read: OperationId) -> bool {
    may_replace(subject, by) && Ends { from: base, until: read }.must_hold(subject, by)
}

/// True if the append certainly lies in the part with these ends. The inner ones are enough: the append that the part begins or
/// ends with lies between the base and the read itself.
fn part_holds(subject: &Subject<'_>, ends: &[Ends], id: OperationId) -> bool {
    ends.last().is_some_and(|inner| inner.must_hold(subject, id))
}

fn count(pieces: &[Value], piece: &Value) -> usize {
    pieces.iter().filter(|other| *other == piece).count()
}

impl BaseFlaw {
    /// True if the read can't have been built on this base.
    fn holds(&self, subject: &Subject<'_>, read: OperationId, base: Point) -> bool {
        let rest = rest(subject, read, base);
        let pieces = match (&rest, self) {
            (_, Self::Replaced(by)) => return certainly_replaced(subject, *by, base, read),
            (Rest::OtherBeginning, flaw) => return *flaw == Self::OtherBeginning,
            (Rest::NoCut, flaw) => return *flaw == Self::NoCut,
            (Rest::Unclear, _) => return false,
            (Rest::Pieces(pieces), _) => pieces,
        };
        let (Self::TooMany { piece: wanted, part, times, appends }
        | Self::TooFew { piece: wanted, part, times, appends }) = self
        else {
            return false;
        };
        let Some((pieces, ends)) = part.of(subject, pieces, read, base) else { return false };
        let is_piece = |id: OperationId| piece(subject, id).as_ref() == Some(wanted);
        if count(&pieces, wanted) != *times {
            return false;
        }
        if matches!(self, Self::TooMany { .. }) {
            let can = |&id: &OperationId| is_piece(id) && ends.iter().all(|ends| ends.may_hold(subject, id));
            same_set(appends, subject.possible().filter(can)) && appends.len() < *times
        } else {
            let mut distinct = appends.clone();
            distinct.sort_unstable();
            distinct.dedup();
            let must = |&id: &OperationId| is_piece(id) && part_holds(subject, &ends, id);
            distinct.len() == appends.len() && appends.iter().all(must) && appends.len() > *times
        }
    }

    fn operations(&self) -> Vec<OperationId> {
        match self {
            Self::OtherBeginning | Self::NoCut => Vec::new(),
            Self::Replaced(by) => vec![*by],
            Self::TooMany { appends, part, .. } | Self::TooFew { appends, part, .. } => {
                appends.iter().copied().chain(part.anchor()).collect()
            }
        }
    }
}

/// True if it is known what the operation leaves.
fn is_known(subject: &Subject<'_>, id: OperationId) -> bool {
    subject.owns(id) && matches!(subject.after(id), Seen::Is(_))
}

/// True if the facts leave nothing that the read can have been built on, if it comes after the point.
fn is_unfounded(subject: &Subject<'_>, read: OperationId, since: Point, facts: &[Fact]) -> bool {
    let excluded = |base: &Point| {
        facts.iter().any(|fact| {
            matches!(fact, Fact::Growth(GrowthFact::NotFrom { read: r, bases, .. })
                if *r == read && bases.contains(base))
        })
    };
    bases(subject, read, since).iter().all(excluded)
}

impl GrowthFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        match self {
            Self::NotFrom { read, bases, flaw } => {
                subject.owns(*read)
                    && !bases.is_empty()
                    && bases.iter().all(|&base| flaw.holds(subject, *read, base))
            }
            Self::NoBase { read, since } => {
                let known =
                    since.is_none_or(|since| is_known(subject, since) && subject.precedes(since, *read));
                known && is_unfounded(subject, *read, *since, earlier)
            }
            Self::NeitherFrom { one, other } => {
                let (a, b) = (*one, *other);
                a != b
                    && [a, b].into_iter().all(|read| is_known(subject, read))
                    && is_unfounded(subject, b, Some(a), earlier)
                    && is_unfounded(subject, a, Some(b), earlier)
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        match self {
            Self::NotFrom { read, bases, flaw } => {
                bases.iter().copied().flatten().chain([*read]).chain(flaw.operations()).collect()
            }
            Self::NoBase { read, since } => since.iter().copied().chain([*read]).collect(),
            Self::NeitherFrom { one, other } => vec![*one, *other],
        }
    }

    /// The fact in words.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        match self {
            Self::NotFrom { read, bases, flaw } => say_flaw(voice, *read, bases, flaw),
            Self::NeitherFrom { one, other } => format!(
                "So neither of {} and {} can have come after the other. No order of these operations explains that.",
                voice.mark(*one),
                voice.mark(*other)
            ),
            Self::NoBase { read, since } => {
                let (mark, object) = (voice.mark(*read), voice.object());
                let all: Vec<String> =
                    bases(voice.subject, *read, *since).into_iter().map(|base| voice.point(base)).collect();
                let only = match all.as_slice() {
                    [one] => format!(
                        "Nothing can have replaced {object} in between, so {mark} must have read what grew from {one}."
                    ),
                    all => {
                        let since = voice.point(*since);
                        format!(
                            "But nothing else can have replaced {object} between {since} and {mark}, so {mark} must have read \
                             what grew from one of {}.",
                            list(all)
                        )
                    }
                };
                format!("{only} No order of these operations explains that.")
            }
        }
    }
}

/// A piece as it is shown: text in quotes, an element as it is.
fn shown(voice: &Voice<'_>, piece: &Value) -> String {
    match piece {
        Value::Text(text) if voice.subject.model() != Model::List => voice.quoted(text),
        other => other.to_string(),
    }
}

fn say_flaw(voice: &Voice<'_>, read: OperationId, bases: &[Point], flaw: &BaseFlaw) -> String {
    let (mark, object) = (voice.mark(read), voice.object());
    let named: Vec<String> = bases.iter().map(|&base| voice.point(base)).collect();
    let from = list(&named);
    let building = format!("Suppose that {mark} read what grew from {from}.");
    match flaw {
        BaseFlaw::OtherBeginning if bases == [None] => {
            format!("What {mark} read does not begin with what {object} was at the start.")
        }
        BaseFlaw::OtherBeginning => match bases {
            [one] => format!("What {mark} read does not begin with what {} left.", voice.point(*one)),
            _ => format!("What {mark} read does not begin with what any of {from} left."),
        },
        BaseFlaw::Replaced(by) => {
            format!("What {from} left was replaced by {} before {mark} began.", voice.mark(*by))
        }
        BaseFlaw::NoCut => {
            format!("{building} Then the rest of it would be no text that was ever appended.")
        }
        BaseFlaw::TooMany { piece, part, times: count, appends } => {
            let piece = shown(voice, piece);
            let (there, between) = say_part(voice, *part, &from, &mark);
            let by = match appends.as_slice() {
                [] => format!("nothing can have appended {piece} {between}"),
                ids => format!("{} alone can have appended {piece} {between}", voice.marks(ids)),
            };
            format!("{building} Then {piece} stands {there} {}, but {by}.", times(*count))
        }
        BaseFlaw::TooFew { piece, part, times: count, appends } => {
            let piece = shown(voice, piece);
            let (there, between) = say_part(voice, *part, &from, &mark);
            let how_often = match *count {
                0 => format!("no {piece} stands {there}"),
                count => format!("{piece} stands {there} {} only", times(count)),
            };
            format!(
                "{building} {} certainly appended {piece} {between}, but {how_often}.",
                voice.marks(appends)
            )
        }
    }
}

/// Where a part's pieces stand, and when they were appended.
fn say_part(voice: &Voice<'_>, part: Part, from: &str, read: &str) -> (String, String) {
    let anchored = |anchor| {
        let piece = piece(voice.subject, anchor).map(|piece| shown(voice, &piece)).unwrap_or_default();
        (piece, voice.mark(anchor))
    };
    match part {
        Part::Whole => ("after that".to_owned(), format!("between {from} and {read}")),
        Part::Before(anchor) => {
            let (piece, mark) = anchored(anchor);
            (format!("between that and the {piece} of {mark}"), format!("between {from} and {mark}"))
        }
        Part::After(anchor) => {
            let (piece, mark) = anchored(anchor);
            (format!("after the {piece} of {mark}"), format!("between {mark} and {read}"))
        }
    }
}
