//! The sentences of an explanation, as data that can be checked.
//!
//! Why it exists: a proof in words is worth something only if every word is true of the history. So an explanation
//! is built from facts; each is checked against *all* operations of the object, unknown and refused ones included, and
//! an explanation with one false fact is thrown away. The words are made from the facts, never the other way round.
//!
//! What it promises: [`Fact::holds`] uses plain scans and the definition of real-time order, and nothing of the code
//! that proposed the fact. The facts of an explanation other than *no order* together imply that no order exists;
//! the tests confirm that with an inference of their own.

use std::sync::Arc;

use anachron_vocabulary::{OperationId, Value};

use super::counters::SumFact;
use super::elements::ElementFact;
use super::grants::GrantFact;
use super::growth::GrowthFact;
use super::multiplicity::CopyFact;
use super::others::OthersFact;
use super::scans::{
    back_and_forth, held_once, in_turn, is_impossible, lacks_piece, must_be_there, never_made,
    no_maker_between, same_set, shows, still_there, too_many_winners,
};
use super::subject::{Subject, text};
use super::succession::SuccessionFact;
use super::takers::TakerFact;
use super::{appends, cycle, locks, no_order, projection, tokens};
use crate::CoreOperation;

/// What an operation showed of the object's state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Glimpse {
    /// It held this.
    Is(Value),
    /// It did not hold this: a compare-and-set from it answered false.
    IsNot(Value),
}

/// A place in every order: an operation that certainly took effect, or the start (`None`), which is before all.
pub type Point = Option<OperationId>;

/// Why something other than its source can't have given a read its value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exclusion {
    /// It began after the read had finished.
    BeganAfter,
    /// This operation, between the two in real time, found or left another value.
    Replaced(OperationId),
}

/// Something that is true of the history, or follows from such facts before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// The operation belongs to the object and did not certainly fail.
    Did(OperationId),
    /// All of these did the same thing, each within the same stretch of time.
    AllDid(Vec<OperationId>),
    /// `earlier` returned strictly before `later` was called.
    FinishedBefore {
        /// The operation that comes first.
        earlier: OperationId,
        /// The one that comes after it.
        later: OperationId,
    },
    /// These operations showed this, each finished before the next began.
    InTurn(Vec<(OperationId, Glimpse)>),
    /// No operations but these could have made the object hold the value.
    OnlyMakers {
        /// The value.
        value: Value,
        /// True if the object holds it at the start.
        starts: bool,
        /// The operations that could, ok or unknown.
        makers: Vec<OperationId>,
        /// With an operation here: those that began after it had finished do not count.
        until: Option<OperationId>,
    },
    /// Everything that could have made the object hold `value` finished before `from` began, or began after `until`
    /// had finished.
    NoMakerBetween {
        /// The value.
        value: Value,
        /// What showed another value.
        from: OperationId,
        /// What found the value.
        until: OperationId,
    },
    /// These operations would have made the value, but certainly did not.
    Refused {
        /// The value.
        value: Value,
        /// The operations.
        attempts: Vec<OperationId>,
    },
    /// Whatever makes one of these values needs another of them to be there first, and the object starts as none of
    /// them.
    NeverMade {
        /// The values.
        values: Vec<Value>,
        /// Everything that could make one of them: compare-and-sets.
        makers: Vec<OperationId>,
    },
    /// Conclusion: the operation answered that a value was not there, but it must have been: it was there at the point, and
    /// nothing can have changed it since.
    MustBeThere {
        /// The compare-and-set, claim or resignation that was refused.
        at: OperationId,
        /// What left or found the value.
        since: Point,
    },
    /// Conclusion: the operation found `value`, which can't have been there.
    CannotSee {
        /// The operation.
        at: OperationId,
        /// What it found.
        value: Value,
        /// With an operation here: the object must still hold what that one left or found, because nothing else
        /// can have changed it since.
        still: Option<OperationId>,
    },
    /// Conclusion: the object would have to leave a value and come back to it.
    BackAndForth {
        /// The value at both ends.
        value: Value,
        /// The value in the middle, if it is known.
        middle: Option<Value>,
        /// True if there is only one way in which the object came to hold the value; false if everything that makes it is over
        /// before the middle (see [`Fact::NoMakerBetween`]).
        once: bool,
    },
    /// Conclusion: each of two values, held once, would have to come before the other.
    TwoWays {
        /// The one.
        first: Value,
        /// The other.
        second: Value,
    },
    /// Conclusion: more compare-and-sets took the object away from a value than there were ways to reach it.
    TooManyWinners {
        /// The value.
        value: Value,
        /// The compare-and-sets.
        winners: Vec<OperationId>,
    },
    /// Acquires (or releases) that all took effect, and all operations of the other kind that can have come between them.
    Between {
        /// Operations of one kind, all ok.
        crowd: Vec<OperationId>,
        /// The operations of the other kind that can lie between them.
        possible: Vec<OperationId>,
        /// Releases only: *between* includes everything since the start, when the lock was free.
        from_start: bool,
    },
    /// Conclusion: acquire and release have to take turns, so there are too few.
    TooFew {
        /// As in [`Fact::Between`].
        crowd: Vec<OperationId>,
        /// How many of the other kind are there.
        possible: usize,
        /// As in [`Fact::Between`].
        from_start: bool,
    },
    /// Whatever can replace the whole text finished before `append` began, or began after `read` had finished.
    NothingReplaced {
        /// The append.
        append: OperationId,
        /// The read.
        read: OperationId,
    },
    /// Conclusion: the read must have the appended text, and has not.
    LacksPiece {
        /// The append.
        append: OperationId,
        /// The read.
        read: OperationId,
    },
    /// Nothing ever replaces the whole text: it only grows.
    OnlyGrows,
    /// Conclusion: two reads of a text that only grows, of which the first is not the beginning of the second. Unless
    /// the first finished before the second began, the second is not the beginning of the first either.
    NotBeginning {
        /// The first.
        first: OperationId,
        /// The second.
        second: OperationId,
    },
    /// No sequence of one write (or the start) and any of the appends makes what the read found.
    NoCut {
        /// The read.
        read: OperationId,
    },
    /// There is one way only to cut what the read found into written and appended texts.
    OneCut {
        /// The read.
        read: OperationId,
        /// The pieces: what was written (or stood there at the start), then what was appended.
        pieces: Vec<String>,
    },
    /// Conclusion: the piece stands there more often than it was appended before the read finished.
    TooManyPieces {
        /// The read.
        read: OperationId,
        /// The piece.
        piece: String,
        /// How often it stands there, as an appended piece.
        times: usize,
        /// The appends of it that began before the read had finished.
        appends: Vec<OperationId>,
    },
    /// The read got its value from this point, because nothing else can have given it.
    Source {
        /// The read, or the compare-and-set that succeeded.
        read: OperationId,
        /// Where its value comes from.
        source: Point,
        /// Everything else that could have made the value, and why it was not that.
        excluded: Vec<(Point, Exclusion)>,
    },
    /// A change that comes before a read comes before the read's source too: nothing comes between those two.
    BeforeSource {
        /// From what changes the object to what found the value, each before the next.
        path: Vec<Point>,
        /// Where the value comes from.
        source: Point,
    },
    /// A change that comes after a read's source comes after the read too: nothing comes between those two.
    AfterRead {
        /// From where the value comes from to what changes the object, each before the next.
        path: Vec<Point>,
        /// What found the value.
        read: OperationId,
    },
    /// Something about operations that took the object away from one value.
    Takers(TakerFact),
    /// Something about which of two operations can come after the other.
    Succession(SuccessionFact),
    /// Something about one of several registers that are read and written together, the others left aside.
    Of {
        /// The register.
        register: Arc<str>,
        /// What is true of it.
        fact: Box<Self>,
    },
    /// Something about the elements of a collection.
    Element(ElementFact),
    /// Something about how often an element is in a collection.
    Copies(CopyFact),
    /// Something about what a text or a list grew from.
    Growth(GrowthFact),
    /// Something about what a counter adds up to.
    Sum(SumFact),
    /// Something about those that the core leaves out, or whatever they did.
    Others(OthersFact),
    /// Something about the grants and the releases of a lock with fencing tokens.
    Grants(GrantFact),
    /// Conclusion: two operations show fencing tokens that do not ascend.
    TokensFall {
        /// The one with the greater token, or with the same.
        first: OperationId,
        /// The other.
        second: OperationId,
    },
    /// Conclusion: each comes before the next, and the last before the first.
    Ring(Vec<Point>),
    /// This order of the core is legal as far as it goes.
    LongestOrder {
        /// The operations.
        order: Vec<CoreOperation>,
        /// How many operations of the core have to be placed.
        required: usize,
        /// The elements that reads are judged on; all if there are none.
        only: Vec<Value>,
    },
    /// After that order this operation may come next by the clock, and the object refuses it.
    Blocked {
        /// The order.
        order: Vec<CoreOperation>,
        /// The operation.
        next: OperationId,
        /// As in [`Fact::LongestOrder`].
        only: Vec<Value>,
    },
    /// These are known to have taken effect, but what follows would hold without that: each may have done so at any time
    /// after its call, or never.
    NotNeeded(Vec<OperationId>),
    /// What these found is left aside: each is taken for word that the object is as it left it.
    TakenForWrites(Vec<OperationId>),
    /// Conclusion: every way to order the core was tried.
    Tried {
        /// The core.
        core: Vec<CoreOperation>,
        /// How many configurations the search visited.
        configurations: usize,
        /// True if that was all of them.
        all: bool,
        /// As in [`Fact::LongestOrder`].
        only: Vec<Value>,
    },
}

impl Fact {
    /// True if the fact is true of the object's whole history, or follows from `earlier` facts, which were checked
    /// before it.
    #[allow(clippy::too_many_lines)] // one arm a fact: a table, and best read as one
    pub fn holds(&self, subject: &Subject<'_>, earlier: &[Self]) -> bool {
        match self {
            Self::Did(id) => subject.owns(*id),
            Self::NotNeeded(ids) | Self::TakenForWrites(ids) => {
                ids.iter().all(|&id| subject.owns(id) && subject.is_ok(id))
            }
            Self::AllDid(crowd) => locks::all_did(subject, crowd),
            Self::FinishedBefore { earlier, later } => {
                subject.owns(*earlier) && subject.owns(*later) && subject.precedes(*earlier, *later)
            }
            Self::InTurn(turns) => {
                turns.iter().all(|(id, glimpse)| subject.owns(*id) && shows(subject, *id, glimpse))
                    && turns.windows(2).all(|pair| subject.precedes(pair[0].0, pair[1].0))
            }
            Self::OnlyMakers { value, starts, makers, until } => {
                let relevant = |id: &OperationId| until.is_none_or(|until| !subject.precedes(until, *id));
                *starts == (subject.initial() == value)
                    && same_set(makers, subject.makers(value).into_iter().filter(relevant))
            }
            Self::NoMakerBetween { value, from, until } => {
                no_maker_between(subject, value, *from, *until) && subject.precedes(*from, *until)
            }
            Self::Refused { value, attempts } => {
                same_set(attempts, subject.refused_makers(value)) && !attempts.is_empty()
            }
            Self::NeverMade { values, makers } => never_made(subject, values, makers),
            Self::MustBeThere { at, since } => must_be_there(subject, *at, *since)
                .is_some_and(|value| subject.owns(*at) && subject.before(*at).is_not(value)),
            Self::CannotSee { at, value, still } => {
                subject.owns(*at)
                    && subject.found(*at) == Some(value)
                    && is_impossible(subject, *at, value, earlier)
                    && still.is_none_or(|since| still_there(subject, since, *at).is_some_and(|v| v != value))
            }
            Self::BackAndForth { value, middle, once } => {
                back_and_forth(value, middle.as_ref(), *once, earlier)
            }
            Self::TwoWays { first, second } => {
                [first, second].into_iter().all(|value| held_once(value, earlier))
                    && in_turn(earlier, first, second)
                    && in_turn(earlier, second, first)
            }
            Self::TooManyWinners { value, winners } => too_many_winners(subject, value, winners, earlier),
            Self::Between { crowd, possible, from_start } => {
                locks::between_holds(subject, crowd, possible, *from_start)
            }
            Self::TooFew { crowd, possible, from_start } => {
                let needed = crowd.len() - usize::from(!from_start);
                *possible < needed
                    && earlier.iter().any(|fact| {
                        matches!(fact, Self::Between { crowd: c, possible: p, from_start: s }
                            if c == crowd && p.len() == *possible && s == from_start)
                    })
            }
            Self::NothingReplaced { append, read } => {
                subject.precedes(*append, *read)
                    && subject
                        .possible()
                        .filter(|&id| subject.may_replace(id))
                        .all(|id| subject.precedes(id, *append) || subject.precedes(*read, id))
            }
            Self::LacksPiece { append, read } => lacks_piece(subject, *append, *read),
            Self::OnlyGrows => !subject.possible().any(|id| subject.may_replace(id)),
            Self::NotBeginning { first, second } => {
                let (Some(a), Some(b)) = (subject.found(*first), subject.found(*second)) else {
                    return false;
                };
                let (a, b) = (text(a), text(b));
                earlier.contains(&Self::OnlyGrows)
                    && !b.starts_with(&a)
                    && (subject.precedes(*first, *second) || !a.starts_with(&b))
            }
            Self::NoCut { read } => appends::cut(subject, *read) == appends::Cut::Impossible,
            Self::OneCut { read, pieces } => {
                appends::cut(subject, *read) == appends::Cut::Only(pieces.clone())
            }
            Self::TooManyPieces { read, piece, times, appends } => {
                same_set(appends, appends::appends_of(subject, piece, *read))
                    && appends.len() < *times
                    && earlier.iter().any(|fact| {
                        matches!(fact, Self::OneCut { read: r, pieces }
                            if r == read && pieces.iter().skip(1).filter(|p| *p == piece).count() == *times)
                    })
            }
            Self::Source { read, source, excluded } => cycle::source_holds(subject, *read, *source, excluded),
            Self::BeforeSource { path, source } => {
                cycle::before_source_holds(subject, path, *source, earlier)
            }
            Self::AfterRead { path, read } => cycle::after_read_holds(subject, path, *read, earlier),
            Self::Takers(fact) => fact.holds(subject, earlier),
            Self::Succession(fact) => fact.holds(subject, earlier),
            Self::Grants(fact) => fact.holds(subject, earlier),
            Self::Of { register, fact } => projection::holds(subject, register, fact, earlier),
            Self::Element(fact) => fact.holds(subject, earlier),
            Self::Copies(fact) => fact.holds(subject, earlier),
            Self::Growth(fact) => fact.holds(subject, earlier),
            Self::Sum(fact) => fact.holds(subject, earlier),
            Self::Others(fact) => fact.holds(subject, earlier),
            Self::TokensFall { first, second } => tokens::fall(subject, *first, *second),
            Self::Ring(points) => cycle::ring_holds(points, earlier),
            Self::LongestOrder { order, only, .. } => no_order::replay(subject, order, only).is_some(),
            Self::Blocked { order, next, only } => no_order::is_blocked(subject, order, *next, only),
            Self::Tried { core, configurations, all, only } => {
                let search = no_order::search(subject, core, only);
                search.complete.is_none()
                    && search.exhausted == *all
                    && search.configurations == *configurations
            }
        }
    }

    /// The operations that the fact names.
    pub fn operations(&self) -> Vec<OperationId> {
        match self {
            Self::Did(id) | Self::NoCut { read: id } | Self::OneCut { read: id, .. } => vec![*id],
            Self::FinishedBefore { earlier: a, later: b }
            | Self::NoMakerBetween { from: a, until: b, .. }
            | Self::NothingReplaced { append: a, read: b }
            | Self::LacksPiece { append: a, read: b }
            | Self::TokensFall { first: a, second: b }
            | Self::NotBeginning { first: a, second: b } => vec![*a, *b],
            Self::Of { fact, .. } => fact.operations(),
            Self::Element(fact) => fact.operations(),
            Self::Copies(fact) => fact.operations(),
            Self::Growth(fact) => fact.operations(),
            Self::Sum(fact) => fact.operations(),
            Self::Others(fact) => fact.operations(),
            Self::Takers(fact) => fact.operations(),
            Self::Succession(fact) => fact.operations(),
            Self::Grants(fact) => fact.operations(),
            Self::InTurn(turns) => turns.iter().map(|(id, _)| *id).collect(),
            Self::OnlyMakers { makers, until, .. } => makers.iter().copied().chain(*until).collect(),
            Self::Refused { attempts, .. } => attempts.clone(),
            Self::NeverMade { makers, .. } => makers.clone(),
            Self::MustBeThere { at, since } => std::iter::once(*at).chain(*since).collect(),
            Self::CannotSee { at, still, .. } => std::iter::once(*at).chain(*still).collect(),
            Self::BackAndForth { .. } | Self::TwoWays { .. } | Self::OnlyGrows => Vec::new(),
            Self::TooManyWinners { winners, .. } => winners.clone(),
            Self::Between { crowd, possible, .. } => crowd.iter().chain(possible).copied().collect(),
            Self::AllDid(crowd)
            | Self::NotNeeded(crowd)
            | Self::TakenForWrites(crowd)
            | Self::TooFew { crowd, .. } => crowd.clone(),
            Self::TooManyPieces { read, appends, .. } => {
                std::iter::once(*read).chain(appends.iter().copied()).collect()
            }
            Self::Source { read, source, excluded } => {
                let others = excluded.iter().flat_map(|(point, why)| {
                    let by = match why {
                        Exclusion::Replaced(by) => Some(*by),
                        Exclusion::BeganAfter => None,
                    };
                    point.iter().copied().chain(by)
                });
                std::iter::once(*read).chain(*source).chain(others).collect()
            }
            Self::BeforeSource { path, source } => path.iter().copied().flatten().chain(*source).collect(),
            Self::AfterRead { path, read } => path.iter().copied().flatten().chain(Some(*read)).collect(),
            Self::Ring(points) => points.iter().copied().flatten().collect(),
            Self::LongestOrder { order, .. } => order.iter().map(|kept| kept.id).collect(),
            Self::Blocked { order, next, .. } => {
                order.iter().map(|kept| kept.id).chain(Some(*next)).collect()
            }
            Self::Tried { core, .. } => core.iter().map(|kept| kept.id).collect(),
        }
    }
}
