//! Succession: of two operations, which can come after the other?
//!
//! Why it exists: an operation leaves a register, or a leadership, in one state; another finds it in one that differs. If
//! the other comes later, something must have changed the state in between: it took away what was there, and it put
//! there what was found. Only what did not finish before the first began, and did not begin after the second had finished,
//! can lie between the two. Where nothing that can have done the one (or the other) is left, the second can't come after
//! the first. If the first can't come after the second either, by the clock or by the same argument, no order exists.
//!
//! With leadership this has its best stories: who leads goes on leading until it resigns, and nobody else takes its place.
//!
//! Left out on purpose: what three operations tell together (`cycle` has some of that).

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::fact::{Fact, Point};
use super::scans::keeps;
use super::subject::{Seen, Subject};
use super::words::Voice;
use super::{AnomalyKind, Candidate};
use crate::{CoreOperation, Model};

/// What nothing between two operations can have done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lack {
    /// Taken away what the first left.
    TakeAway(Value),
    /// Put there what the second found.
    Make(Value),
    /// Made anybody but this candidate leader.
    MakeAnother(Value),
    /// Ended the leadership of whoever led in place of this candidate.
    Vacate(Value),
}

/// What is true of the order of two operations.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SuccessionFact {
    /// The second can't come after the first: what it found differs from what the first left, and nothing that lies between
    /// can have done this.
    CannotFollow {
        /// The first, or the start.
        first: Point,
        /// The second.
        second: OperationId,
        /// What would have to be done.
        lack: Lack,
    },
    /// Conclusion: neither can come first.
    NeitherFirst {
        /// The one, or the start.
        one: Point,
        /// The other. Where the clock says that it comes after the one, nothing need be said of the other half.
        other: OperationId,
    },
}

/// The candidate of a claim that was granted: it found nobody leading, or its candidate.
fn granted<'a>(subject: &Subject<'a>, id: OperationId) -> Option<&'a Value> {
    let record = subject.record(id);
    match (&record.operation, &record.outcome) {
        (Operation::Claim(candidate), Outcome::Ok(Reply::Answer(true))) => Some(candidate),
        _ => None,
    }
}

/// True if the operation can't have found `value`.
fn denies(subject: &Subject<'_>, id: OperationId, value: &Value) -> bool {
    let taken = granted(subject, id).is_some_and(|candidate| *value != Value::Null && value != candidate);
    taken || subject.before(id).is_not(value)
}

/// What the object is after the point.
fn after<'a>(subject: &'a Subject<'_>, point: Point) -> Seen<'a> {
    point.map_or(Seen::Is(subject.initial()), |id| subject.after(id))
}

/// True if the point comes before the operation by the clock.
fn comes_before(subject: &Subject<'_>, point: Point, id: OperationId) -> bool {
    point.is_none_or(|point| subject.precedes(point, id))
}

/// True if nobody but the candidate leads.
fn is_none_but(seen: Seen<'_>, candidate: &Value) -> bool {
    seen.is(candidate) || seen.is(&Value::Null)
}

impl Lack {
    /// True if it is needed to come from what the first left to what the second found.
    fn is_needed(&self, subject: &Subject<'_>, first: Point, second: OperationId) -> bool {
        match self {
            Self::TakeAway(value) => after(subject, first).is(value) && denies(subject, second, value),
            Self::Make(value) => after(subject, first).is_not(value) && subject.before(second).is(value),
            Self::MakeAnother(candidate) => {
                subject.before(second) == Seen::AnotherLeads(candidate)
                    && is_none_but(after(subject, first), candidate)
            }
            Self::Vacate(candidate) => {
                after(subject, first) == Seen::AnotherLeads(candidate)
                    && granted(subject, second) == Some(candidate)
            }
        }
    }

    /// True if the operation can do it, if it takes effect.
    fn is_done_by(&self, subject: &Subject<'_>, id: OperationId) -> bool {
        match self {
            Self::TakeAway(value) => subject.may_change(id) && !keeps(subject, id, value),
            Self::Make(value) => subject.makes(id, value),
            Self::MakeAnother(candidate) => {
                let claims =
                    matches!(&subject.record(id).operation, Operation::Claim(other) if other != candidate);
                claims && subject.may_change(id)
            }
            Self::Vacate(_) => subject.makes(id, &Value::Null),
        }
    }

    /// True if it is needed, and nothing can do it.
    fn holds(&self, subject: &Subject<'_>, first: Point, second: OperationId) -> bool {
        let lies_between = |id: OperationId| {
            id != second
                && !subject.precedes(second, id)
                && first.is_none_or(|first| id != first && !subject.precedes(id, first))
        };
        first != Some(second)
            && self.is_needed(subject, first, second)
            && !subject.possible().any(|id| lies_between(id) && self.is_done_by(subject, id))
    }
}

impl SuccessionFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        match self {
            Self::CannotFollow { first, second, lack } => {
                first.is_none_or(|first| subject.owns(first))
                    && subject.owns(*second)
                    && lack.holds(subject, *first, *second)
            }
            Self::NeitherFirst { one, other } => {
                let cannot = |a: Point, b: OperationId| {
                    earlier.iter().any(|fact| {
                        matches!(fact, Fact::Succession(Self::CannotFollow { first, second, .. })
                            if (*first, *second) == (a, b))
                    })
                };
                cannot(*one, *other)
                    && (comes_before(subject, *one, *other)
                        || one.is_some_and(|one| cannot(Some(*other), one)))
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        let (Self::CannotFollow { first: a, second: b, .. } | Self::NeitherFirst { one: a, other: b }) = self;
        a.iter().copied().chain([*b]).collect()
    }

    /// The fact in words.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        match self {
            Self::CannotFollow { first, second, lack } => {
                let (a, b) = (voice.point(*first), voice.mark(*second));
                let is_certain = comes_before(voice.subject, *first, *second);
                let at = first.map_or_else(|| "at the start".to_owned(), |_| format!("after {a}"));
                let premise = say_lack(voice, lack, [&a, &b, &at], is_certain);
                let suppose =
                    if is_certain { String::new() } else { format!("Suppose that {a} comes before {b}. ") };
                format!("{suppose}{premise}; but {}.", found(voice, *second))
            }
            Self::NeitherFirst { one, other } => {
                let so = if comes_before(voice.subject, *one, *other) {
                    String::new()
                } else {
                    format!("So neither {} nor {} can come first. ", voice.point(*one), voice.mark(*other))
                };
                format!("{so}No order of these operations explains that.")
            }
        }
    }
}

/// What is so at the second because nothing changed it.
fn say_lack(voice: &Voice<'_>, lack: &Lack, [a, b, at]: [&str; 3], is_certain: bool) -> String {
    let object = voice.object();
    let is_led = voice.subject.model() == Model::LeaderRegister;
    let verb = |certain: &'static str, supposed: &'static str| if is_certain { certain } else { supposed };
    match lack {
        Lack::TakeAway(Value::Null) if is_led => format!(
            "Nobody leads {at}, and nobody can have become leader between {a} and {b}, so at {b} nobody {}",
            verb("leads", "would lead")
        ),
        Lack::TakeAway(leader) if is_led => format!(
            "{leader} can't have resigned between {a} and {b}, so it {} at {b}",
            verb("still leads", "would still lead")
        ),
        Lack::TakeAway(value) => format!(
            "{object} is {value} {at}, and nothing that replaces it can lie between {a} and {b}, so at {b} it {} {value}",
            verb("is still", "would still be")
        ),
        Lack::Make(Value::Null) if is_led => format!(
            "Somebody leads {at}, and nobody can have resigned between {a} and {b}, so at {b} somebody {}",
            verb("leads", "would lead")
        ),
        Lack::Make(leader) if is_led => format!(
            "{leader} does not lead {at} and can't have become leader between {a} and {b}, so at {b} it {}",
            verb("does not lead", "would not lead")
        ),
        Lack::Make(value) => format!(
            "{object} is not {value} {at}, and nothing that makes it {value} can lie between {a} and {b}, so at {b} it {} {value}",
            verb("is not", "would not be")
        ),
        Lack::MakeAnother(candidate) => format!(
            "Nobody but {candidate} can have become leader between {a} and {b}, and nobody else leads {at}, so at {b} \
             nobody else {}",
            verb("leads", "would lead")
        ),
        Lack::Vacate(candidate) => format!(
            "Somebody other than {candidate} leads {at}, and nobody can have resigned between {a} and {b}, so at {b} \
             another {}",
            verb("still leads", "would still lead")
        ),
    }
}

/// What an operation found, in a clause.
fn found(voice: &Voice<'_>, id: OperationId) -> String {
    let mark = voice.mark(id);
    if let Some(candidate) = granted(voice.subject, id) {
        return format!(
            "at {mark} {candidate} was made leader, and leadership is granted only while nobody else leads"
        );
    }
    let is_led = voice.subject.model() == Model::LeaderRegister;
    match voice.subject.before(id) {
        Seen::Is(Value::Null) if is_led => format!("{mark} found that nobody leads"),
        Seen::Is(leader) if is_led => format!("{mark} found {leader} leading"),
        Seen::Is(value) => format!("{mark} found {value}"),
        Seen::IsNot(leader) if is_led => format!("{mark} was told that {leader} does not lead"),
        Seen::IsNot(value) => format!("{mark} was told that it is not {value}"),
        Seen::AnotherLeads(candidate) => {
            format!("{mark} was told that somebody other than {candidate} leads")
        }
        Seen::Nothing => format!("{mark} found something else"),
    }
}

/// Why the second can't come after the first, if that can be seen.
fn lack(subject: &Subject<'_>, first: Point, second: OperationId) -> Option<Lack> {
    let left = match after(subject, first) {
        Seen::Is(value) => Some(Lack::TakeAway(value.clone())),
        _ => None,
    };
    let wanted = match subject.before(second) {
        Seen::Is(value) => Some(Lack::Make(value.clone())),
        Seen::AnotherLeads(candidate) => Some(Lack::MakeAnother(candidate.clone())),
        _ => granted(subject, second).map(|candidate| Lack::Vacate(candidate.clone())),
    };
    left.into_iter().chain(wanted).find(|lack| lack.holds(subject, first, second))
}

/// Of more operations than this only the first are compared: pairs grow with the square.
const COMPARED: usize = 120;

/// Two leaders, a leader that nobody made, and other pairs of which neither can come first.
pub(crate) fn neither_first(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let mut ids: Vec<OperationId> = core.iter().map(|kept| kept.id).filter(|&id| subject.is_ok(id)).collect();
    // Two claims say more than a read and a claim.
    ids.sort_by_key(|&id| (granted(subject, id).is_none(), subject.record(id).call, id));
    ids.truncate(subject.compared(COMPARED));
    let pairs = ids.iter().enumerate().flat_map(|(index, &b)| ids[..index].iter().map(move |&a| (a, b)));
    let mut found: Vec<(bool, Point, OperationId, Vec<Lack>)> = Vec::new();
    for (a, b) in pairs {
        let (first, second) =
            if (subject.record(b).call, b) < (subject.record(a).call, a) { (b, a) } else { (a, b) };
        let Some(forwards) = lack(subject, Some(first), second) else { continue };
        if subject.precedes(first, second) {
            found.push((false, Some(first), second, vec![forwards]));
        } else if let Some(backwards) = lack(subject, Some(second), first) {
            found.push((true, Some(first), second, vec![forwards, backwards]));
        }
    }
    found.extend(ids.iter().filter_map(|&id| Some((false, None, id, vec![lack(subject, None, id)?]))));
    // In turn is easier to follow than at once.
    found.sort_by_key(|(at_once, ..)| *at_once);
    found.truncate(1);
    found.into_iter().map(|(_, first, second, lacks)| told(subject, first, second, lacks)).collect()
}

fn told(subject: &Subject<'_>, first: Point, second: OperationId, lacks: Vec<Lack>) -> Candidate {
    let voice = Voice::new(subject);
    let did = voice.did(second);
    let in_turn = comes_before(subject, first, second);
    let is_refusal = |id| matches!(subject.before(id), Seen::IsNot(_) | Seen::AnotherLeads(_));
    let leader = match after(subject, first) {
        Seen::Is(leader) if subject.model() == Model::LeaderRegister && *leader != Value::Null => {
            Some(leader)
        }
        _ => None,
    };
    let shows_another = leader.is_some_and(|leader| {
        granted(subject, second)
            .or(subject.found(second))
            .is_some_and(|other| other != leader && *other != Value::Null)
    });
    let both_end = |id: OperationId| subject.before(id) != subject.after(id) && subject.found(id).is_some();
    let (kind, headline) = if let Lack::MakeAnother(_) = lacks[0] {
        (AnomalyKind::FalseRefusal, format!("{did}, though nobody else can have led"))
    } else if is_refusal(second) || first.is_some_and(is_refusal) {
        let (refused, other) = match first {
            Some(first) if !is_refusal(second) => (first, Some(second)),
            _ => (second, first),
        };
        let held = match after(subject, other) {
            Seen::Is(value) => voice.holds(value),
            _ => other.map(|other| voice.did(other)).unwrap_or_default(),
        };
        (AnomalyKind::FalseRefusal, format!("{}, though {held}", voice.did(refused)))
    } else if let Some(leader) = leader.filter(|_| shows_another) {
        (AnomalyKind::TwoLeaders, format!("{did}, while {leader} led"))
    } else {
        let after = first.map(|first| voice.did(first));
        match (after, first.is_some_and(both_end) && both_end(second)) {
            (None, _) => (AnomalyKind::StaleRead, format!("{did}, which can't have been so yet")),
            (Some(after), _) if in_turn => (AnomalyKind::StaleRead, format!("{did} after {after}")),
            (Some(after), double) => {
                let kind = if double { AnomalyKind::DoubleWinner } else { AnomalyKind::StaleRead };
                (kind, format!("{after} and {did}, and neither can have come first"))
            }
        }
    };
    let mut sentences: Vec<Vec<Fact>> = first.iter().map(|&first| vec![Fact::Did(first)]).collect();
    let mut later = vec![Fact::Did(second)];
    if let Some(earlier) = first.filter(|_| in_turn) {
        later.push(Fact::FinishedBefore { earlier, later: second });
    }
    sentences.push(later);
    let ways = [Some((first, second)), first.map(|first| (Some(second), first))];
    for (lack, (first, second)) in lacks.into_iter().zip(ways.into_iter().flatten()) {
        sentences.push(vec![Fact::Succession(SuccessionFact::CannotFollow { first, second, lack })]);
    }
    let conclusion = Fact::Succession(SuccessionFact::NeitherFirst { one: first, other: second });
    match sentences.last_mut() {
        Some(last) if in_turn => last.push(conclusion),
        _ => sentences.push(vec![conclusion]),
    }
    Candidate { kind, headline, sentences }
}
