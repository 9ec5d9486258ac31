//! The sentence of each fact.
//!
//! Why it exists: one place where every fact has its words, so that all can be read together and sound alike. The facts
//! are checked before; nothing is decided here.

use std::fmt::Write as _;

use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::fact::{Exclusion, Fact, Glimpse, Point};
use super::scans::must_be_there;
use super::subject::Seen;
use super::words::{Voice, list, these_operations, times};
use super::{locks, no_order, projection, tokens};
use crate::Model;
use crate::object::ObjectState;

/// Of a longer order only the two ends are shown.
const MOST_IN_ORDER: usize = 40;

impl Voice<'_> {
    /// Says a fact in one or two sentences.
    #[allow(clippy::too_many_lines)] // one arm a fact: a table, and best read as one
    pub(crate) fn say(&self, fact: &Fact) -> String {
        let object = self.object();
        match fact {
            Fact::Did(id) => self.say_did(*id),
            Fact::AllDid(crowd) => self.say_all_did(crowd),
            Fact::FinishedBefore { earlier, later } => {
                let (end, call) = (self.finished_at(*earlier), self.subject.record(*later).call);
                let (a, b) = (self.mark(*earlier), self.mark(*later));
                let gap = self.later_by(end, call);
                format!(
                    "{a} finished at {}. {b} began at {}{gap}{} so it has to come after {a}.",
                    self.at(end),
                    self.at(call),
                    if gap.is_empty() { ", after that," } else { "," },
                )
            }
            Fact::InTurn(turns) => self.say_turns(turns),
            Fact::OnlyMakers { value, starts, makers, until } => {
                self.say_makers(value, *starts, makers, *until)
            }
            Fact::NoMakerBetween { value, from, until } => format!(
                "Nothing that makes {object} {value} can lie between {} and {}: each such operation had finished \
                 before {} began, or began after {} had finished.",
                self.mark(*from),
                self.mark(*until),
                self.mark(*from),
                self.mark(*until)
            ),
            Fact::Refused { value, attempts } => {
                // A compare-and-set that answers no has found another value; an operation that failed was never done.
                let answered_no = |id: &OperationId| {
                    matches!(self.subject.record(*id).outcome, Outcome::Ok(Reply::Answer(false)))
                };
                let (swaps, failed): (Vec<_>, Vec<_>) = attempts.iter().copied().partition(answered_no);
                let would = |ids: &[OperationId], one: &str, several: &str| {
                    let because = if ids.len() == 1 { one } else { several };
                    (!ids.is_empty()).then(|| {
                        format!(
                            "{} would have made {object} {}, but {because}.",
                            self.marks(ids),
                            self.held(value)
                        )
                    })
                };
                let refused = if self.subject.model() == Model::LeaderRegister {
                    ["was refused", "were refused"]
                } else {
                    ["was told that it did not swap", "were told that they did not swap"]
                };
                let certainly_not =
                    ["failed, so it certainly did not happen", "failed, so they certainly did not happen"];
                let said = [
                    would(&swaps, refused[0], refused[1]),
                    would(&failed, certainly_not[0], certainly_not[1]),
                ];
                said.into_iter().flatten().collect::<Vec<_>>().join(" ")
            }
            Fact::NeverMade { values, makers } => {
                let shown: Vec<String> = values.iter().map(Value::to_string).collect();
                let (any, one) = match values.as_slice() {
                    [_] => (String::new(), "it".to_owned()),
                    _ => (format!(" any of {}", list(&shown)), "one of them".to_owned()),
                };
                format!(
                    "Nobody wrote{}. Only {} could make {object} that, and a swap would need {one} to be there first.",
                    if any.is_empty() { format!(" {}", shown[0]) } else { any },
                    self.marks(makers)
                )
            }
            Fact::MustBeThere { at, since } => self.say_must_be_there(*at, *since),
            Fact::CannotSee { at, value, still } => {
                let (mark, client) = (self.mark(*at), self.client(*at));
                let must = still.and_then(|since| match self.subject.after(since) {
                    Seen::Is(must) => Some(must),
                    _ => None,
                });
                let got = if self.subject.record(*at).operation.is_read() { "got" } else { "found" };
                match must {
                    Some(must) => format!(
                        "So at {mark} {object} must be {}, but {client} {got} {value}. No order of these operations \
                         explains that.",
                        self.held(must)
                    ),
                    None => format!(
                        "So {object} can't be {} at {mark}, but {client} {got} {value}. No order of these operations \
                         explains that.",
                        self.held(value)
                    ),
                }
            }
            Fact::BackAndForth { value, middle, once } => {
                let middle = middle.as_ref().map_or_else(|| format!("not {value}"), Value::to_string);
                let makers = self.subject.makers(value);
                let written =
                    |id: &OperationId| matches!(self.subject.record(*id).operation, Operation::Write(_));
                let why = match makers.as_slice() {
                    _ if !once => format!("but by then nothing makes it {value} again"),
                    [one] if written(one) && self.subject.initial() != value => {
                        format!("but {value} was written only once")
                    }
                    _ => format!("but it came to be {value} only once"),
                };
                format!(
                    "{object} would have to go {value} → {middle} → {value}, {why}. No order of these operations \
                     explains that."
                )
            }
            Fact::TwoWays { first, second } => format!(
                "{object} holds each of the two values in one unbroken stretch, so {first} would have to come before \
                 {second} and {second} before {first}. No order does that."
            ),
            Fact::TooManyWinners { value, winners } => format!(
                "Each of {} took {object} away from {value}, so it had to become {value} {}. It can't have. No order of \
                 these operations explains that.",
                self.marks(winners),
                times(winners.len())
            ),
            Fact::Between { crowd, possible, from_start } => self.say_between(crowd, possible, *from_start),
            Fact::TooFew { crowd, from_start, .. } => self.say_too_few(crowd, *from_start),
            Fact::NothingReplaced { append, read } => format!(
                "Nothing replaced {object} between {} and {}: appends only make it longer.",
                self.mark(*append),
                self.mark(*read)
            ),
            Fact::LacksPiece { append, read } => {
                let piece = match &self.subject.record(*append).operation {
                    Operation::Append(piece) => piece.to_string(),
                    _ => String::new(),
                };
                format!(
                    "So at {} {object} must have {piece} in it, but {} got a text without it. No order of these \
                     operations explains that.",
                    self.mark(*read),
                    self.client(*read)
                )
            }
            Fact::OnlyGrows => format!("Nothing ever replaces {object}: appends only make it longer."),
            Fact::NotBeginning { first, second } => {
                let (a, b) = (self.mark(*first), self.mark(*second));
                if self.subject.precedes(*first, *second) {
                    format!(
                        "So what {a} read must be the beginning of what {b} read, and it is not. No order of these \
                         operations explains that."
                    )
                } else {
                    format!(
                        "So what one of {a} and {b} read must be the beginning of what the other read, and neither is. \
                         No order of these operations explains that."
                    )
                }
            }
            Fact::NoCut { .. } => {
                format!(
                    "No text that was written to {object}, with any of those appended after it, makes that."
                )
            }
            Fact::OneCut { read, pieces } => {
                let cut: Vec<String> = pieces
                    .iter()
                    .skip_while(|piece| piece.is_empty())
                    .map(|piece| self.quoted(piece))
                    .collect();
                format!(
                    "What {} read can only have been put together as {}.",
                    self.mark(*read),
                    cut.join(" + ")
                )
            }
            Fact::TooManyPieces { read, piece, times: count, appends } => {
                let (piece, mark) = (self.quoted(piece), self.mark(*read));
                if appends.is_empty() {
                    format!(
                        "But no append of {piece} had begun when {mark} finished. No order explains that."
                    )
                } else {
                    format!(
                        "So {piece} was appended {} before {mark}, but {} alone can have done it. No order of these operations \
                         explains that.",
                        times(*count),
                        self.marks(appends)
                    )
                }
            }
            Fact::Source { read, source, excluded } => self.say_source(*read, *source, excluded),
            Fact::BeforeSource { path, source } => {
                let (changer, read) = (self.point(path[0]), self.point(path[path.len() - 1]));
                format!(
                    "{} Nothing comes between {} and {read}, so {changer} comes before {}.",
                    self.chain(path),
                    self.point(*source),
                    self.point(*source)
                )
            }
            Fact::AfterRead { path, read } => {
                let (source, changer) = (self.point(path[0]), self.point(path[path.len() - 1]));
                let read = self.mark(*read);
                format!(
                    "{} Nothing comes between {source} and {read}, so {changer} comes after {read}.",
                    self.chain(path)
                )
            }
            Fact::Takers(fact) => fact.say(self),
            Fact::Succession(fact) => fact.say(self),
            Fact::Grants(fact) => fact.say(self),
            Fact::Of { register, fact } => projection::say(self, register, fact),
            Fact::Element(fact) => fact.say(self),
            Fact::Copies(fact) => fact.say(self),
            Fact::Growth(fact) => fact.say(self),
            Fact::Sum(fact) => fact.say(self),
            Fact::Others(fact) => fact.say(self),
            Fact::TokensFall { first, second } => tokens::say(self, *first, *second),
            Fact::Ring(points) => {
                let mut ring: Vec<String> = points.iter().map(|&point| self.point(point)).collect();
                ring.push(ring[0].clone());
                format!(
                    "So {}: each comes before the next, all the way round. No order does that.",
                    ring.join(" → ")
                )
            }
            Fact::NotNeeded(ids) => {
                let (need, each) = if ids.len() == 1 { ("needs", "it") } else { ("need", "each of them") };
                format!(
                    "{} {need} not have happened here: {each} may take effect at any time after its call, with the answer \
                     that it got, or never.",
                    self.marks(ids)
                )
            }
            Fact::TakenForWrites(ids) => {
                let left = if ids.len() == 1 { "it left" } else { "each left" };
                format!(
                    "What {} found does not matter here: all that counts is what {left}.",
                    self.marks(ids)
                )
            }
            Fact::LongestOrder { order, required, only } => {
                let ids: Vec<OperationId> = order.iter().map(|kept| kept.id).collect();
                let when = if ids.is_empty() { "At the start" } else { "Then" };
                let state = no_order::replay(self.subject, order, only)
                    .map_or_else(String::new, |state| format!(" {when} {}.", self.state(&state)));
                let judged = match only.as_slice() {
                    [] => String::new(),
                    only => {
                        let shown: Vec<String> = only.iter().map(Value::to_string).collect();
                        format!("Look at {} alone, and leave aside what else {object} holds. ", list(&shown))
                    }
                };
                if ids.is_empty() {
                    let each = match required {
                        1 => "the one operation".to_owned(),
                        _ => format!("any of the {required} operations"),
                    };
                    return format!("{judged}No order places {each} that must be placed.{state}");
                }
                let mut shown: Vec<String> = ids.iter().map(|&id| self.mark(id)).collect();
                if shown.len() > MOST_IN_ORDER {
                    shown.splice(MOST_IN_ORDER / 2..shown.len() - MOST_IN_ORDER / 2, ["…".to_owned()]);
                }
                format!("{judged}The order that gets furthest is {}.{state}", shown.join(" "))
            }
            Fact::Blocked { order, next, only } => self.say_blocked(order, *next, only),
            Fact::Tried { configurations, all: true, core, .. } => format!(
                "All ways to order {} were tried ({configurations} different states of progress). None \
                 works.",
                these_operations(core.len())
            ),
            Fact::Tried { configurations, core, .. } => format!(
                "The search for a short account of {} stopped after {configurations} states of progress; the verdict is the \
                 checker's own.",
                these_operations(core.len())
            ),
        }
    }

    fn say_must_be_there(&self, at: OperationId, since: Point) -> String {
        let Some(value) = must_be_there(self.subject, at, since) else { return String::new() };
        let (mark, client) = (self.mark(at), self.client(at));
        let why = match since {
            None => "it starts so".to_owned(),
            Some(since) => format!("it was at {}", self.mark(since)),
        };
        if let Seen::AnotherLeads(_) = self.subject.before(at) {
            let who =
                if *value == Value::Null { "nobody leads".to_owned() } else { format!("{value} leads") };
            return format!(
                "At {mark} {who}: {why}, and nothing can have changed it in between. But {client} was told that somebody else \
                 leads. No order of these operations explains that."
            );
        }
        format!(
            "At {mark} {} must be {value}: {why}, and nothing can have changed it in between. But {client} was told that it \
             was not {value}. No order of these operations explains that.",
            self.object()
        )
    }

    fn say_did(&self, id: OperationId) -> String {
        let record = self.subject.record(id);
        let said = format!("{} {}", self.mark(id), self.did(id));
        if record.outcome == Outcome::Unknown {
            format!("{said}, called at {}, timed out: it may or may not have happened.", self.at(record.call))
        } else {
            format!("{said}.")
        }
    }

    /// Acquires or releases, counted: `①, … and ⑨ acquired L 9 times between event 246 and event 1122.`
    fn say_all_did(&self, crowd: &[OperationId]) -> String {
        let records = || crowd.iter().map(|&id| self.subject.record(id));
        let (Some(call), Some(end)) =
            (records().map(|r| r.call).min(), crowd.iter().map(|&id| self.finished_at(id)).max())
        else {
            return String::new();
        };
        let acquires = records().all(|record| record.operation == Operation::Acquire);
        format!(
            "{} {} {} {} between {} and {}.",
            self.marks(crowd),
            if acquires { "acquired" } else { "released" },
            self.object(),
            times(crowd.len()),
            self.at(call),
            self.at(end)
        )
    }

    /// One step of a turn: `c1 saw 2`, `c1 wrote 2`, `c2 found that it was not 2`.
    fn glimpsed(&self, id: OperationId, glimpse: &Glimpse, again: bool) -> String {
        let (client, again) = (self.client(id), if again { " again" } else { "" });
        let record = self.subject.record(id);
        match (&record.operation, glimpse) {
            (Operation::Write(_), Glimpse::Is(value)) => format!("{client} wrote {value}{again}"),
            (Operation::Delete, Glimpse::Is(value)) => format!("{client} deleted it ({value}{again})"),
            (Operation::Read, Glimpse::Is(value)) => format!("{client} saw {value}{again}"),
            (Operation::Claim(_), Glimpse::Is(value)) => {
                format!("{client} was told that {value} leads{again}")
            }
            (Operation::Resign(_), Glimpse::Is(value)) if *value == Value::Null => {
                format!("{client} left nobody leading{again}")
            }
            (Operation::Resign(_), Glimpse::Is(value)) => {
                format!("{client} ended the leadership of {value}{again}")
            }
            (Operation::CompareAndSet { expected, new }, Glimpse::Is(value)) => {
                format!("{client} swapped {expected} for {new} (it was {value}{again})")
            }
            (_, Glimpse::Is(value)) => format!("{client} found {value}{again}"),
            (_, Glimpse::IsNot(value)) => format!("{client} found something else than {value}"),
        }
    }

    fn say_turns(&self, turns: &[(OperationId, Glimpse)]) -> String {
        let steps: Vec<String> = turns
            .iter()
            .enumerate()
            .map(|(index, (id, glimpse))| {
                let again = turns[..index].iter().any(|(_, before)| before == glimpse);
                format!(
                    "{} {} at {}",
                    self.mark(*id),
                    self.glimpsed(*id, glimpse, again),
                    self.at(self.finished_at(*id))
                )
            })
            .collect();
        let each = if turns.len() == 2 { "the first" } else { "each" };
        let next = if turns.len() == 2 { "the second" } else { "the next" };
        format!("{}; {each} finished before {next} began.", steps.join(", "))
    }

    fn say_makers(
        &self,
        value: &Value,
        starts: bool,
        makers: &[OperationId],
        until: Option<OperationId>,
    ) -> String {
        let object = self.object();
        let by_then = until.map_or_else(String::new, |id| format!(" before {} had finished", self.mark(id)));
        let writes = |id: &OperationId| matches!(self.subject.record(*id).operation, Operation::Write(_));
        let marks: Vec<String> = makers
            .iter()
            .map(|&id| {
                let unknown = self.subject.record(id).outcome == Outcome::Unknown;
                format!("{}{}", self.mark(id), if unknown { " (which timed out)" } else { "" })
            })
            .collect();
        let claims = self.subject.model() == Model::LeaderRegister;
        match (starts, makers) {
            (false, []) if claims => format!(
                "Nobody {} leadership for {value}{by_then}.",
                if until.is_some() { "had begun to claim" } else { "claimed" },
            ),
            (true, []) if claims => format!("Nobody leads at the start, and nobody resigned{by_then}."),
            (false, []) => format!(
                "Nobody {} {}{by_then}.",
                if until.is_some() { "had begun to write" } else { "wrote" },
                self.assigned(value)
            ),
            (true, []) => format!("{object} starts as {value}, and nobody wrote {value}{by_then}."),
            (false, [one]) if writes(one) && until.is_none() => {
                format!("The only write of {value} is {}.", marks[0])
            }
            (false, _) => format!("Only {} can have made {object} {value}{by_then}.", list(&marks)),
            (true, _) => {
                format!(
                    "{object} starts as {value}, and only {} can have made it {value} again{by_then}.",
                    list(&marks)
                )
            }
        }
    }

    fn say_between(&self, crowd: &[OperationId], possible: &[OperationId], from_start: bool) -> String {
        let object = self.object();
        let (one, plain) = match self.subject.record(crowd[0]).operation {
            Operation::Acquire => ("release", "releases"),
            _ => ("acquire", "acquires"),
        };
        let last = crowd[crowd.len() - 1];
        let place = match (from_start, crowd.len()) {
            (true, 1) => format!("before {}", self.mark(last)),
            (true, _) if crowd.len() > locks::TOLD_ONE_BY_ONE => "before the last of these".to_owned(),
            (true, _) => format!("before the last of {}", self.marks(crowd)),
            (false, _) if crowd.len() > locks::TOLD_ONE_BY_ONE => {
                "between the first and the last of these".to_owned()
            }
            (false, 2) => format!("between {} and {}", self.mark(crowd[0]), self.mark(last)),
            (false, _) => format!("between the first and the last of {}", self.marks(crowd)),
        };
        match possible {
            [] => {
                let name = self.subject.record(crowd[0]).operation.name();
                let any = self.subject.possible().any(|id| self.subject.record(id).operation.name() != name);
                let why = match (any, from_start) {
                    (false, _) => format!("there is no {one} of {object} at all"),
                    (true, true) => "each began too late".to_owned(),
                    (true, false) => "each had finished before, or began after".to_owned(),
                };
                format!("No {one} of {object} can lie {place}: {why}.")
            }
            [only] => format!("Only one {one} of {object} can lie {place}: {}.", self.mark(*only)),
            _ => {
                let count = possible.len();
                format!("Only {count} {plain} of {object} can lie {place}: {}.", self.marks(possible))
            }
        }
    }

    fn say_too_few(&self, crowd: &[OperationId], from_start: bool) -> String {
        let needed = crowd.len() - usize::from(!from_start);
        let (one, plain) = match &self.subject.record(crowd[0]).operation {
            Operation::Acquire => ("a release", "releases"),
            _ => ("an acquire", "acquires"),
        };
        let count = if needed == 1 { one.to_owned() } else { format!("{needed} {plain}") };
        let place = if from_start { ", starting free" } else { "" };
        format!(
            "A lock is acquired and released in turn{place}, so there would have to be {count}. No order of these \
             operations explains that."
        )
    }

    fn chain(&self, path: &[Point]) -> String {
        let (first, last) = (self.point(path[0]), self.point(path[path.len() - 1]));
        let mut said = format!("{first} comes before {last}");
        if let [_, inner @ .., _] = path
            && !inner.is_empty()
        {
            let by: Vec<String> = inner.iter().map(|&point| self.point(point)).collect();
            let _ = write!(said, " (by way of {})", list(&by));
        }
        said.push('.');
        said
    }

    fn say_source(&self, read: OperationId, source: Point, excluded: &[(Point, Exclusion)]) -> String {
        let object = self.object();
        let value = self.subject.found(read).map(Value::to_string).unwrap_or_default();
        let mark = self.mark(read);
        let mut said = match source {
            None => format!("{mark} found {object} as it was at the start: {value}"),
            Some(source) => {
                format!("{mark} found {value}, which only {} can have left there", self.mark(source))
            }
        };
        let reasons: Vec<String> = excluded
            .iter()
            .map(|(point, why)| match why {
                Exclusion::BeganAfter => format!("{} began after {mark} had finished", self.point(*point)),
                Exclusion::Replaced(by) => {
                    let what = match point {
                        None => format!("the {value} of the start"),
                        Some(id) => format!("the {value} of {}", self.mark(*id)),
                    };
                    format!("{what} was gone by {}", self.mark(*by))
                }
            })
            .collect();
        if !reasons.is_empty() {
            let _ = write!(said, " ({})", list(&reasons));
        }
        said.push('.');
        said
    }

    /// A state in words: `x is 2`, `L is held`.
    fn state(&self, state: &ObjectState) -> String {
        let object = self.object();
        match state {
            ObjectState::Holds(value) => format!("{object} is {}", self.held(value)),
            ObjectState::Free => format!("{object} is free"),
            ObjectState::Held => format!("{object} is held"),
            ObjectState::Fenced(grant) => {
                let how = if grant.held { "held" } else { "free" };
                match grant.token {
                    Some(token) => format!("{object} is {how}, the latest token {token}"),
                    None => format!("{object} is {how}"),
                }
            }
            ObjectState::Registers(values) => {
                let values: Vec<String> =
                    values.iter().map(|(name, value)| format!("{name}={value}")).collect();
                if values.is_empty() {
                    format!("{object} are as at the start")
                } else {
                    format!("{object} hold {}", values.join(", "))
                }
            }
            ObjectState::Sequence(elements) if elements.is_empty() => format!("{object} is empty"),
            ObjectState::Sequence(elements) => {
                let elements: Vec<String> = elements.iter().map(ToString::to_string).collect();
                format!("{object} holds {}", elements.join(", "))
            }
            ObjectState::Bag(elements) if elements.is_empty() => format!("{object} is empty"),
            ObjectState::Bag(elements) => {
                let elements: Vec<String> =
                    elements
                        .iter()
                        .map(|(element, &times)| {
                            if times == 1 {
                                element.to_string()
                            } else {
                                format!("{element} ({times} times)")
                            }
                        })
                        .collect();
                format!("{object} holds {}", elements.join(", "))
            }
            ObjectState::Count(count) => format!("{object} is {count}"),
        }
    }

    fn say_blocked(&self, order: &[crate::CoreOperation], next: OperationId, only: &[Value]) -> String {
        let mark = self.mark(next);
        let state =
            no_order::replay(self.subject, order, only).map_or_else(String::new, |state| self.state(&state));
        let wants = match (&self.subject.record(next).operation, self.subject.before(next)) {
            (Operation::Read, Seen::Is(value)) => format!("read {value}"),
            (Operation::CompareAndSet { .. }, Seen::Is(value)) => {
                format!("swapped {value} for another value")
            }
            (Operation::CompareAndSet { .. }, Seen::IsNot(value)) => {
                format!("found that it was not {value}")
            }
            (Operation::Append(piece), _) => format!("appended {piece}"),
            (Operation::Resign(leader), Seen::Is(_)) => format!("ended the leadership of {leader}"),
            (Operation::Claim(_) | Operation::Resign(_), _) => "was told otherwise".to_owned(),
            (Operation::Acquire, _) => "acquired it".to_owned(),
            (Operation::Release, _) => "released it".to_owned(),
            _ => return format!("{mark} can't come next: {state}, but {}.", self.did(next)),
        };
        format!("{mark} can't come next: {state}, but {} {wants}.", self.client(next))
    }
}
