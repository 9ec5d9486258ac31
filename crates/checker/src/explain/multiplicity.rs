//! How often an element is inside: what can have gone in and out in a stretch of time, and what was seen at its ends.
//!
//! Why it exists: with repeated values no single insert or take is to blame; counting still tells. In every legal order
//! a stretch, from one moment to another, holds all operations that lie in it for certain, and of the others only such
//! as reach into it. So if an element is inside at most *u* times at the first moment, can be put in *p* times within
//! the stretch and is certainly taken out *c* times, then it is inside at most *u* + *p* - *c* times at the last moment; and the same
//! for the least. What an operation found at either moment bounds *u*; there are never fewer copies than none, and in a set never
//! more than one.
//!
//! The search for arguments is in `attempts`.
//!
//! Left out on purpose: the places of elements in a queue or a stack (`elements` has what is said of those).

pub(crate) mod attempts;

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::elements::{inserted, may_remove, shown, taken};
use super::fact::Fact;
use super::scans::same_set;
use super::stretch::{From, Stretch, Until};
use super::subject::Subject;
use super::words::{Voice, times};
use crate::Model;

/// What is true of the copies of an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CopyFact {
    /// Only these can have put the element in (or taken it out) within the stretch.
    Possible {
        /// The element; nothing stands for any element.
        element: Option<Value>,
        /// The stretch.
        stretch: Stretch,
        /// True: put in. False: taken out.
        inserts: bool,
        /// The operations.
        operations: Vec<OperationId>,
    },
    /// Conclusion: at the end of the stretch there are more copies (or fewer) than there can be.
    Impossible {
        /// As in [`CopyFact::Possible`].
        element: Option<Value>,
        /// As in [`CopyFact::Possible`].
        stretch: Stretch,
        /// True: more copies than can have been put in. False: fewer than must be left.
        inserts: bool,
        /// How many [`CopyFact::Possible`] names.
        possible: usize,
        /// What certainly took copies out (or put them in) within the stretch, as far as it is needed.
        certain: Vec<OperationId>,
    },
}

/// How many copies there are at least, and at most if that is known.
type Bounds = (usize, Option<usize>);

/// True if the operation puts a copy in or takes one out, if it takes effect.
fn moves(subject: &Subject<'_>, id: OperationId, element: Option<&Value>, inserts: bool) -> bool {
    match (inserts, element) {
        (true, Some(element)) => inserted(subject, id) == Some(element),
        (true, None) => inserted(subject, id).is_some(),
        (false, Some(element)) => may_remove(subject, id, element),
        (false, None) => {
            let record = subject.record(id);
            matches!(record.operation, Operation::Dequeue | Operation::Pop | Operation::ExtractMin)
                && (!subject.is_ok(id) || taken(subject, id).is_some())
        }
    }
}

/// True if it certainly does.
fn surely_moves(subject: &Subject<'_>, id: OperationId, element: Option<&Value>, inserts: bool) -> bool {
    // Who adds to a set, or removes, without being told, may have changed nothing.
    let told = subject.record(id).outcome == Outcome::Ok(Reply::Answer(true));
    moves(subject, id, element, inserts)
        && subject.is_ok(id)
        && if inserts { subject.model() != Model::Set || told } else { taken(subject, id).is_some() }
}

/// What the operation shows of the copies just before and just after it.
fn shows(subject: &Subject<'_>, id: OperationId, element: Option<&Value>) -> (Bounds, Bounds) {
    let is_set = subject.model() == Model::Set;
    let most = is_set.then_some(1);
    let unknown = (0, most);
    let none = (0, Some(0));
    let some = (1, most);
    let record = subject.record(id);
    let Outcome::Ok(reply) = &record.outcome else { return (unknown, unknown) };
    let Some(element) = element else {
        return match taken(subject, id) {
            Some(_) => (some, unknown),
            None if inserted(subject, id).is_some() => (unknown, some),
            None => (none, none),
        };
    };
    if let Some(shown) = shown(subject, id) {
        let copies = shown.iter().filter(|other| *other == element).count();
        return ((copies, Some(copies)), (copies, Some(copies)));
    }
    match (&record.operation, reply) {
        (Operation::Contains(asked), Reply::Answer(true)) if asked == element => (some, some),
        (Operation::Contains(asked) | Operation::Remove(asked), Reply::Answer(false)) if asked == element => {
            (none, none)
        }
        (Operation::Add(asked), Reply::Answer(false)) if asked == element && is_set => (some, some),
        (Operation::Add(asked), Reply::Answer(true)) if asked == element && is_set => (none, some),
        (Operation::Remove(asked), reply) if asked == element => {
            let before = if *reply == Reply::Answer(true) { some } else { unknown };
            (before, if is_set { none } else { unknown })
        }
        (Operation::Dequeue | Operation::Pop, Reply::Value(Value::Null)) => (none, none),
        (Operation::Dequeue | Operation::Pop, Reply::Value(taken)) if taken == element => (some, unknown),
        (Operation::ExtractMin, Reply::Value(taken)) if taken == element => (some, unknown),
        // What is smaller than the smallest is not there.
        (Operation::ExtractMin, Reply::Value(taken)) if *taken == Value::Null || element < taken => {
            (none, none)
        }
        _ if inserted(subject, id) == Some(element) => (unknown, some),
        _ => (unknown, unknown),
    }
}

impl Stretch {
    /// The copies at its beginning.
    fn at_first(self, subject: &Subject<'_>, element: Option<&Value>) -> Bounds {
        match self.from {
            From::Start => {
                let initial = crate::object::elements(subject.initial()).unwrap_or_default();
                let is_list = subject.model() == Model::List;
                let copies = initial.iter().filter(|other| is_list && Some(*other) == element).count();
                (copies, Some(copies))
            }
            From::Call(_) => (0, (subject.model() == Model::Set).then_some(1)),
            From::After(id) => shows(subject, id, element).1,
        }
    }

    /// The copies at its end.
    fn at_last(self, subject: &Subject<'_>, element: Option<&Value>) -> Bounds {
        match self.until {
            Until::Before(id) => shows(subject, id, element).0,
            Until::End(_) => (0, (subject.model() == Model::Set).then_some(1)),
        }
    }
}

/// The number of copies at the end of the stretch that the count leads to: at most if it counts inserts, at least if
/// takes. Nothing if there is no such bound.
fn counted(
    subject: &Subject<'_>,
    element: Option<&Value>,
    stretch: Stretch,
    inserts: bool,
    possible: usize,
    certain: usize,
) -> Option<i128> {
    let [possible, certain] = [possible, certain].map(|count| i128::try_from(count).expect("a count"));
    let number = |count: usize| i128::try_from(count).expect("a count");
    let (least, most) = stretch.at_first(subject, element);
    if inserts { Some(number(most?) + possible - certain) } else { Some(number(least) - possible + certain) }
}

/// By how much the end of the stretch contradicts that number; not at all if that is not positive.
fn excess(
    subject: &Subject<'_>,
    element: Option<&Value>,
    stretch: Stretch,
    inserts: bool,
    bound: i128,
) -> Option<i128> {
    let number = |count: usize| i128::try_from(count).expect("a count");
    let (least, most) = stretch.at_last(subject, element);
    if inserts { Some(number(least) - bound) } else { Some(bound - number(most?)) }
}

impl CopyFact {
    /// True if the fact is true of the whole history, or follows from the facts before it.
    pub(crate) fn holds(&self, subject: &Subject<'_>, earlier: &[Fact]) -> bool {
        match self {
            Self::Possible { element, stretch, inserts, operations } => {
                let element = element.as_ref();
                let inside = |&id: &OperationId| {
                    moves(subject, id, element, *inserts) && stretch.may_hold(subject, id)
                };
                same_set(operations, subject.possible().filter(inside))
            }
            Self::Impossible { element, stretch, inserts, possible, certain } => {
                let known = earlier.iter().any(|fact| {
                    matches!(fact, Fact::Copies(Self::Possible { element: e, stretch: s, inserts: i, operations })
                        if (e, s, i, operations.len()) == (element, stretch, inserts, *possible))
                });
                let element = element.as_ref();
                let mut distinct = certain.clone();
                distinct.sort_unstable();
                distinct.dedup();
                known
                    && distinct.len() == certain.len()
                    && stretch.is_sound(subject)
                    && (element.is_some() || is_emptied(subject))
                    && certain.iter().all(|&id| {
                        subject.owns(id)
                            && surely_moves(subject, id, element, !inserts)
                            && stretch.may_hold(subject, id)
                            && stretch.must_hold(subject, id)
                    })
                    && counted(subject, element, *stretch, *inserts, *possible, certain.len())
                        .and_then(|bound| excess(subject, element, *stretch, *inserts, bound))
                        .is_some_and(|excess| excess > 0)
            }
        }
    }

    /// The operations that the fact names.
    pub(crate) fn operations(&self) -> Vec<OperationId> {
        let (Self::Possible { stretch, operations: others, .. }
        | Self::Impossible { stretch, certain: others, .. }) = self;
        stretch.operations().chain(others.iter().copied()).collect()
    }

    /// The fact in words.
    pub(crate) fn say(&self, voice: &Voice<'_>) -> String {
        match self {
            Self::Possible { element, stretch, inserts, operations } => {
                let it = element.as_ref().map_or_else(|| "anything".to_owned(), Value::to_string);
                let did = if *inserts { format!("put {it} in") } else { format!("taken {it} out") };
                let who = match operations.as_slice() {
                    [] => "Nothing".to_owned(),
                    ids => format!("Only {}", voice.marks(ids)),
                };
                format!("{who} can have {did} {}.", stretch.say(voice))
            }
            Self::Impossible { element, stretch, inserts, possible, certain } => {
                let (subject, element) = (voice.subject, element.as_ref());
                let bound = counted(subject, element, *stretch, *inserts, *possible, certain.len());
                let it = if element.is_some() { "it" } else { "one" };
                let first = stretch.say_first(voice, element, *inserts);
                let moved = match (certain.as_slice(), inserts) {
                    ([], _) => String::new(),
                    (ids, true) => format!("{} certainly took {it} out by then. ", voice.marks(ids)),
                    (ids, false) => format!("{} certainly put {it} in by then. ", voice.marks(ids)),
                };
                let last = stretch.say_last(voice, element, *inserts, bound.unwrap_or(0));
                format!("{first}{moved}{last} No order of these operations explains that.")
            }
        }
    }
}

/// How often something is inside: `x must be in s twice at least`, `x can't be in s`, `x was not in s`; of any element
/// `2 elements must be in s at least`.
fn copies(
    voice: &Voice<'_>,
    (is, is_not): (&str, &str),
    element: Option<&Value>,
    count: usize,
    limit: &str,
) -> String {
    let object = voice.object();
    let it = element.map(Value::to_string);
    match (count, it) {
        (0, it) => format!("{} {is_not} in {object}", it.unwrap_or_else(|| "anything".to_owned())),
        (1, Some(it)) if limit == "at least" => format!("{it} {is} in {object}"),
        (_, Some(it)) => format!("{it} {is} in {object} {} {limit}", times(count)),
        (1, None) => format!("one element {is} in {object} {limit}"),
        (_, None) => format!("{count} elements {is} in {object} {limit}"),
    }
}

impl Stretch {
    /// What is known of its beginning, where that is not the obvious.
    fn say_first(self, voice: &Voice<'_>, element: Option<&Value>, inserts: bool) -> String {
        let (least, most) = self.at_first(voice.subject, element);
        let (count, limit) = if inserts { (most.unwrap_or(0), "at most") } else { (least, "at least") };
        let said = |verbs| copies(voice, verbs, element, count, limit);
        match self.from {
            From::Start | From::After(_) if !inserts && count == 0 => String::new(),
            From::Start if count == 0 => String::new(),
            From::Start => format!("At the start {}. ", said(("was", "was not"))),
            From::After(first) => {
                let verbs = if inserts { ("can be", "can't be") } else { ("must be", "can't be") };
                format!("Just after {} {}. ", voice.mark(first), said(verbs))
            }
            From::Call(_) if inserts => "A set has an element once at most. ".to_owned(),
            From::Call(_) => String::new(),
        }
    }

    /// What the count leads to at its end, and what was seen there.
    fn say_last(self, voice: &Voice<'_>, element: Option<&Value>, inserts: bool, bound: i128) -> String {
        let Ok(count) = usize::try_from(bound) else {
            return "So more was taken out than can have been there.".to_owned();
        };
        match (self.until, inserts) {
            (Until::Before(last), true) => format!(
                "So at {} {}, but {}.",
                voice.mark(last),
                copies(voice, ("can be", "can't be"), element, count, "at most"),
                voice.did(last)
            ),
            (Until::Before(last), false) => format!(
                "So at {} {}, but {}.",
                voice.mark(last),
                copies(voice, ("must be", "must be"), element, count, "at least"),
                voice.did(last)
            ),
            (Until::End(_), _) => format!(
                "So {}, but a set has an element once at most.",
                copies(voice, ("would be", "would be"), element, count, "in the end")
            ),
        }
    }
}

/// True if the object's elements are taken one at a time, whatever they are: then it can be seen empty.
fn is_emptied(subject: &Subject<'_>) -> bool {
    matches!(subject.model(), Model::Queue | Model::Stack | Model::PriorityQueue)
}
