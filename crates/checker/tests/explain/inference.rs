//! Do the facts of an explanation, and nothing else, leave no order?
//!
//! A world of its own: only the operations that the facts name exist, in the order that the facts fix; between any two of
//! them an adversary, who stands for everything that is not named, may set the object to any value, unless a fact says
//! that nobody can make that value there. If even so no order of the named operations is legal, the facts
//! refute the history. Conclusions and derived facts are ignored: only what is read off the history counts.

use std::collections::BTreeSet;

use anachron_checker::explain::{
    Exclusion, Explanation, Fact, Glimpse, GrantFact, SuccessionFact, SumFact, TakerFact,
};
use anachron_checker::verify::verify_core;
use anachron_checker::{CheckOptions, Core, CoreOperation, Kept, Model};
use anachron_history::{History, Record};
use anachron_vocabulary::{Key, Operation, OperationId, Outcome, Reply, Value};

use crate::objects;

/// A value that no fact speaks of is `None`.
type Abstract = Option<Value>;

#[derive(Default)]
struct World {
    named: BTreeSet<OperationId>,
    before: BTreeSet<(OperationId, OperationId)>,
    /// The adversary can't make the value between the two (`None`: since the start, till the end).
    shielded: Vec<(Value, Option<OperationId>, Option<OperationId>)>,
    /// Values that the object certainly holds, or does not hold, at the start.
    starts: Vec<(Value, bool)>,
    values: BTreeSet<Abstract>,
    /// Nothing that is not named changes the object between the two.
    frozen: Vec<(Option<OperationId>, OperationId)>,
}

/// True if the facts alone refute the history.
pub(crate) fn refutes(history: &History, explanation: &Explanation, model: Model) -> bool {
    let facts: Vec<&Fact> = explanation.sentences.iter().flat_map(|sentence| &sentence.facts).collect();
    let by_steps = |fact: &&Fact| {
        matches!(
            fact,
            Fact::Sum(SumFact::Backwards { .. } | SumFact::Placed { .. } | SumFact::NoChoice { .. })
        )
    };
    if facts.iter().any(by_steps) {
        return refuted_by_adding_up(history, &facts);
    }
    if let Some(core) = objects::core(history, &facts, model) {
        return verify_core(history, &CheckOptions::new(model), Key(0), &core).is_ok();
    }
    let by_verifier = |fact: &&Fact| {
        matches!(fact, Fact::Succession(_) | Fact::Takers(_) | Fact::Growth(_) | Fact::Grants(_))
    };
    if model == Model::MultiRegister || facts.iter().any(by_verifier) {
        return refuted_by_the_verifier(history, &facts, model);
    }
    for fact in &facts {
        match fact {
            Fact::Between { crowd, possible, from_start } => {
                return lock_refuted(history, &facts, crowd, possible, *from_start);
            }
            Fact::NoCut { .. } | Fact::OneCut { .. } | Fact::NothingReplaced { .. } | Fact::OnlyGrows => {
                return text_refuted(history, &facts, fact);
            }
            _ => {}
        }
    }
    let mut world = World::default();
    for fact in &facts {
        world.learn(history, fact);
    }
    let start = world.start();
    let happened = |id: &OperationId| history.record(*id).outcome != Outcome::Failed;
    let named: Vec<OperationId> = world.named.iter().copied().filter(happened).collect();
    !world.place(history, &named, &mut Vec::new(), &start)
}

/// A counter of which only the operations that the facts name show anything: the search has to find no order.
fn refuted_by_adding_up(history: &History, facts: &[&Fact]) -> bool {
    let named: BTreeSet<OperationId> = facts.iter().flat_map(|fact| fact.operations()).collect();
    let mut history = history.clone();
    let mut operations = Vec::new();
    for (index, record) in history.records.iter_mut().enumerate() {
        let id = OperationId::from_index(index);
        let counts = named.contains(&id) || !record.operation.is_read();
        if !counts || record.outcome == Outcome::Failed {
            continue;
        }
        let known = matches!(record.outcome, Outcome::Ok(_));
        if known && !named.contains(&id) {
            record.outcome = Outcome::Ok(Reply::Done);
        }
        operations.push(CoreOperation { id, kept: if known { Kept::AsItWas } else { Kept::AsUnknown } });
    }
    let core = Core { operations, ..Core::default() };
    verify_core(&history, &CheckOptions::new(Model::Counter), Key(0), &core).is_ok()
}

/// The operations that the facts name as they were, every other change of the object as one that may or may not have
/// happened; what else observes does not count. The verifier, which shares no code with the explanations, has to accept that.
fn refuted_by_the_verifier(history: &History, facts: &[&Fact], model: Model) -> bool {
    let named: BTreeSet<OperationId> = facts.iter().flat_map(|fact| fact.operations()).collect();
    // Of what a text grew from it counts when each change was over.
    let grows = facts.iter().any(|fact| matches!(fact, Fact::Growth(_)));
    // Tokens order the grants, named or not.
    let by_tokens = facts.iter().any(|fact| matches!(fact, Fact::Grants(_)));
    let changes = |record: &Record| {
        !record.operation.is_read()
            && !matches!(record.outcome, Outcome::Failed | Outcome::Ok(Reply::Answer(false)))
    };
    // Who made a value before a point at which nothing makes it any more was over by then.
    let was_over = |record: &Record| {
        facts.iter().any(|fact| {
            let fact = if let Fact::Of { fact, .. } = fact { fact } else { *fact };
            match fact {
                Fact::NoMakerBetween { from: first, .. }
                | Fact::Succession(SuccessionFact::CannotFollow { first: Some(first), .. }) => {
                    record.precedes(history.record(*first))
                }
                Fact::Takers(TakerFact::Makers { takers, .. }) => {
                    takers.iter().all(|&taker| record.precedes(history.record(taker)))
                }
                _ => false,
            }
        })
    };
    // What may lie between two grants may or may not have happened; what a count leaves out lies where the clock says.
    let possible: BTreeSet<OperationId> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Grants(GrantFact::Between { releases: true, operations, .. }) => Some(operations.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let is_few = facts.iter().any(|fact| matches!(fact, Fact::Grants(GrantFact::TooFewReleases { .. })));
    // Of releases that are too many those that certainly happened are named.
    let certain: BTreeSet<OperationId> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::Grants(GrantFact::TooManyReleases { releases, .. }) => Some(releases.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let operations = history
        .iter()
        .filter(|(id, record)| changes(record) || (named.contains(id) && record.outcome != Outcome::Failed))
        .map(|(id, record)| {
            // Of a resignation it counts when it was over.
            let resigns = matches!(record.operation, Operation::Resign(_));
            let counts = if by_tokens {
                record.operation != Operation::Release
                    || certain.contains(&id)
                    || (is_few && !possible.contains(&id))
            } else {
                grows || named.contains(&id) || resigns || was_over(record)
            };
            let known = counts && matches!(record.outcome, Outcome::Ok(_));
            CoreOperation { id, kept: if known { Kept::AsItWas } else { Kept::AsUnknown } }
        })
        .collect();
    let core = Core { operations, ..Core::default() };
    verify_core(history, &CheckOptions::new(model), Key(0), &core).is_ok()
}

impl World {
    /// What the object may hold at the start.
    fn start(&self) -> BTreeSet<Abstract> {
        if let Some((value, _)) = self.starts.iter().find(|(_, starts)| *starts) {
            return BTreeSet::from([Some(value.clone())]);
        }
        let excluded = |value: &Abstract| {
            value.as_ref().is_some_and(|value| self.starts.contains(&(value.clone(), false)))
        };
        self.values.iter().filter(|value| !excluded(value)).cloned().collect()
    }

    fn learn(&mut self, history: &History, fact: &Fact) {
        match fact {
            Fact::Did(id) => {
                self.named.insert(*id);
            }
            Fact::FinishedBefore { earlier, later } => {
                self.before.insert((*earlier, *later));
            }
            Fact::InTurn(turns) => {
                for (_, glimpse) in turns {
                    let (Glimpse::Is(value) | Glimpse::IsNot(value)) = glimpse;
                    self.values.insert(Some(value.clone()));
                }
                self.before.extend(turns.windows(2).map(|pair| (pair[0].0, pair[1].0)));
            }
            Fact::OnlyMakers { value, starts, until, .. } => {
                self.shielded.push((value.clone(), None, *until));
                self.starts.push((value.clone(), *starts));
            }
            Fact::NoMakerBetween { value, from, until } => {
                self.shielded.push((value.clone(), Some(*from), Some(*until)));
                self.before.insert((*from, *until));
            }
            Fact::NeverMade { values, .. } => {
                for value in values {
                    self.shielded.push((value.clone(), None, None));
                    self.starts.push((value.clone(), false));
                }
            }
            Fact::MustBeThere { at, since } => {
                self.frozen.push((*since, *at));
                match (since, &history.record(*at).operation) {
                    (None, Operation::CompareAndSet { expected, .. }) => {
                        self.starts.push((expected.clone(), true));
                        self.values.insert(Some(expected.clone()));
                    }
                    (None, _) => {
                        self.starts.push((Value::Null, true));
                        self.values.insert(Some(Value::Null));
                    }
                    _ => {}
                }
            }
            Fact::Source { read, source, excluded } => {
                let Outcome::Ok(reply) = &history.record(*read).outcome else { panic!("a read has a reply") };
                let ((_, Reply::Value(value))
                | (Operation::CompareAndSet { expected: value, .. } | Operation::Resign(value), _)) =
                    (&history.record(*read).operation, reply)
                else {
                    panic!("a source of nothing")
                };
                self.shielded.push((value.clone(), None, Some(*read)));
                let starts = source.is_none() || excluded.iter().any(|(point, _)| point.is_none());
                self.starts.push((value.clone(), starts));
                for (point, why) in excluded {
                    match (point, why) {
                        (Some(maker), Exclusion::BeganAfter) => {
                            self.before.insert((*read, *maker));
                        }
                        (point, Exclusion::Replaced(by)) => {
                            self.before.insert((*by, *read));
                            self.before.extend(point.map(|maker| (maker, *by)));
                        }
                        (None, Exclusion::BeganAfter) => panic!("the start begins first"),
                    }
                }
            }
            _ => {}
        }
        self.named.extend(fact.operations());
        for (value, ..) in &self.shielded {
            self.values.insert(Some(value.clone()));
        }
        for id in fact.operations() {
            let values = match (&history.record(id).operation, &history.record(id).outcome) {
                (_, Outcome::Ok(Reply::Value(value))) | (Operation::Write(value), _) => vec![value],
                (Operation::CompareAndSet { expected, new }, _) => vec![expected, new],
                (Operation::Claim(leader) | Operation::Resign(leader), _) => vec![leader, &Value::Null],
                _ => vec![],
            };
            self.values.extend(values.into_iter().cloned().map(Some));
        }
        self.values.insert(None);
    }

    /// What the object may hold after the adversary's turn.
    fn disturb(&self, placed: &[OperationId], states: &BTreeSet<Abstract>) -> BTreeSet<Abstract> {
        let since = |from: Option<OperationId>| from.is_none_or(|id| placed.contains(&id));
        let until = |until: Option<OperationId>| until.is_none_or(|id| !placed.contains(&id));
        let shielded = |value: &Abstract| {
            value.as_ref().is_some_and(|value| {
                self.shielded.iter().any(|(v, from, to)| v == value && since(*from) && until(*to))
            })
        };
        let mut states = states.clone();
        if self.frozen.iter().any(|(from, to)| since(*from) && until(Some(*to))) {
            return states;
        }
        states.extend(self.values.iter().filter(|value| !shielded(value)).cloned());
        states
    }

    fn place(
        &self,
        history: &History,
        rest: &[OperationId],
        placed: &mut Vec<OperationId>,
        states: &BTreeSet<Abstract>,
    ) -> bool {
        let known = |id: &OperationId| matches!(history.record(*id).outcome, Outcome::Ok(_));
        if !rest.iter().any(known) {
            return true;
        }
        let states = self.disturb(placed, states);
        for &id in rest {
            if rest.iter().any(|&other| self.before.contains(&(other, id)) && known(&other)) {
                continue;
            }
            if placed.iter().any(|&other| self.before.contains(&(id, other))) {
                continue;
            }
            let next = self.apply(history, id, placed, &states);
            if next.is_empty() {
                continue;
            }
            let others: Vec<OperationId> = rest.iter().copied().filter(|&other| other != id).collect();
            placed.push(id);
            let legal = self.place(history, &others, placed, &next);
            placed.pop();
            if legal {
                return true;
            }
        }
        false
    }

    fn apply(
        &self,
        history: &History,
        id: OperationId,
        placed: &[OperationId],
        states: &BTreeSet<Abstract>,
    ) -> BTreeSet<Abstract> {
        let record = history.record(id);
        let is = |value: &Value| states.contains(&Some(value.clone()));
        // "Nothing makes this value between the two" binds the named operations as well.
        let barred = |value: &Value| {
            self.shielded.iter().any(|(v, from, until)| {
                v == value
                    && from.is_some_and(|from| placed.contains(&from))
                    && until.is_some_and(|until| !placed.contains(&until))
            })
        };
        let one = |value: &Value| {
            if barred(value) { BTreeSet::new() } else { BTreeSet::from([Some(value.clone())]) }
        };
        match (&record.operation, &record.outcome) {
            (Operation::Read, Outcome::Ok(Reply::Value(value))) => {
                if is(value) {
                    BTreeSet::from([Some(value.clone())])
                } else {
                    BTreeSet::new()
                }
            }
            (Operation::Read, _) => states.clone(),
            (Operation::Write(value), _) => one(value),
            (Operation::CompareAndSet { expected, new }, Outcome::Ok(Reply::Answer(true))) => {
                if is(expected) { one(new) } else { BTreeSet::new() }
            }
            (Operation::CompareAndSet { expected, .. }, Outcome::Ok(_)) => {
                states.iter().filter(|state| **state != Some(expected.clone())).cloned().collect()
            }
            (Operation::CompareAndSet { expected, new }, _) => {
                let mut next = states.clone();
                if next.remove(&Some(expected.clone())) {
                    next.extend(one(new));
                }
                next
            }
            (Operation::Claim(leader), Outcome::Ok(Reply::Answer(true))) => {
                if is(leader) || is(&Value::Null) { one(leader) } else { BTreeSet::new() }
            }
            (Operation::Claim(leader), Outcome::Ok(_)) => {
                let other =
                    |state: &&Abstract| **state != Some(Value::Null) && **state != Some(leader.clone());
                states.iter().filter(other).cloned().collect()
            }
            (Operation::Claim(leader), _) => {
                let mut next = states.clone();
                if next.remove(&Some(Value::Null)) {
                    next.extend(one(leader));
                }
                next
            }
            (Operation::Resign(leader), Outcome::Ok(Reply::Answer(true))) => {
                if is(leader) {
                    one(&Value::Null)
                } else {
                    BTreeSet::new()
                }
            }
            (Operation::Resign(leader), Outcome::Ok(_)) => {
                states.iter().filter(|state| **state != Some(leader.clone())).cloned().collect()
            }
            (Operation::Resign(leader), _) => {
                let mut next = states.clone();
                if next.remove(&Some(leader.clone())) {
                    next.extend(one(&Value::Null));
                }
                next
            }
            (Operation::Append(Value::Text(piece)), _) => self
                .values
                .iter()
                .filter(|value| match value {
                    None => true,
                    Some(Value::Text(text)) => text.ends_with(&**piece),
                    Some(_) => false,
                })
                .cloned()
                .collect(),
            other => panic!("not an operation of a register: {other:?}"),
        }
    }
}

/// Places the crowd and those that can lie between it; true if it can be done.
fn take_turns(
    crowd: &[OperationId],
    possible: &[OperationId],
    held: Option<bool>,
    before: &BTreeSet<(OperationId, OperationId)>,
    acquires: &dyn Fn(OperationId) -> bool,
) -> bool {
    if crowd.is_empty() {
        return true;
    }
    let everyone: Vec<OperationId> = crowd.iter().chain(possible).copied().collect();
    everyone.iter().any(|&id| {
        let blocked = crowd.iter().any(|&other| before.contains(&(other, id)));
        if blocked || held == Some(acquires(id)) {
            return false;
        }
        // Before the first of the crowd everything is free, so nothing has to be placed there.
        if held.is_none() && !crowd.contains(&id) {
            return false;
        }
        let without = |ids: &[OperationId]| ids.iter().copied().filter(|&o| o != id).collect::<Vec<_>>();
        take_turns(&without(crowd), &without(possible), Some(acquires(id)), before, acquires)
    })
}

/// The crowd and those that can lie between it, placed in every way; outside the crowd anything goes.
fn lock_refuted(
    history: &History,
    facts: &[&Fact],
    crowd: &[OperationId],
    possible: &[OperationId],
    from_start: bool,
) -> bool {
    let before: BTreeSet<(OperationId, OperationId)> = facts
        .iter()
        .filter_map(|fact| match fact {
            Fact::FinishedBefore { earlier, later } => Some((*earlier, *later)),
            _ => None,
        })
        .collect();
    let acquires = |id: OperationId| history.record(id).operation == Operation::Acquire;
    !take_turns(crowd, possible, from_start.then_some(false), &before, &acquires)
}

fn shown(history: &History, id: OperationId) -> String {
    match &history.record(id).outcome {
        Outcome::Ok(Reply::Value(Value::Text(text))) => text.to_string(),
        Outcome::Ok(Reply::Value(Value::Null)) => String::new(),
        other => panic!("not a read of text: {other:?}"),
    }
}

/// The texts written (with the start's) and appended in the whole history.
fn pieces(history: &History) -> (Vec<String>, Vec<String>) {
    let (mut written, mut appended) = (vec![String::new()], Vec::new());
    for record in history.records.iter().filter(|record| record.outcome != Outcome::Failed) {
        match &record.operation {
            Operation::Write(Value::Text(text)) => written.push(text.to_string()),
            Operation::Append(Value::Text(text)) => appended.push(text.to_string()),
            _ => {}
        }
    }
    (written, appended)
}

/// Every way to cut a text, by plain recursion from the end.
fn cuts(text: &str, written: &[String], appended: &BTreeSet<String>) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    if written.iter().any(|written| written == text) {
        all.push(vec![text.to_owned()]);
    }
    for piece in appended.iter().filter(|piece| !piece.is_empty()) {
        if let Some(rest) = text.strip_suffix(piece.as_str()) {
            all.extend(cuts(rest, written, appended).into_iter().map(|mut cut| {
                cut.push(piece.clone());
                cut
            }));
        }
    }
    all
}

fn text_refuted(history: &History, facts: &[&Fact], fact: &Fact) -> bool {
    let (written, appended) = pieces(history);
    let distinct: BTreeSet<String> = appended.iter().cloned().collect();
    match fact {
        Fact::NoCut { read } => cuts(&shown(history, *read), &written, &distinct).is_empty(),
        Fact::OneCut { read, .. } => {
            // Whatever the cut, some piece is there more often than it was appended by then.
            let end = history.record(*read).end;
            let by_then = |piece: &String| {
                history
                    .records
                    .iter()
                    .filter(|record| {
                        record.operation == Operation::Append(Value::Text(piece.as_str().into()))
                            && record.outcome != Outcome::Failed
                            && Some(record.call) <= end
                    })
                    .count()
            };
            cuts(&shown(history, *read), &written, &distinct).iter().all(|cut| {
                cut[1..].iter().any(|piece| cut[1..].iter().filter(|p| *p == piece).count() > by_then(piece))
            })
        }
        Fact::NothingReplaced { append, read } => {
            let (first, last) = (history.record(*append), history.record(*read));
            let replaced = history.records.iter().any(|record| {
                matches!(record.operation, Operation::Write(_))
                    && record.outcome != Outcome::Failed
                    && !record.precedes(first)
                    && !last.precedes(record)
            });
            let Operation::Append(Value::Text(piece)) = &first.operation else { return false };
            !replaced && first.precedes(last) && !shown(history, *read).contains(&**piece)
        }
        Fact::OnlyGrows => {
            let two = facts.iter().find_map(|fact| match fact {
                Fact::NotBeginning { first, second } => Some((*first, *second)),
                _ => None,
            });
            let Some((first, second)) = two else { return false };
            let (a, b) = (shown(history, first), shown(history, second));
            let in_order = history.record(first).precedes(history.record(second));
            written.len() == 1 && !b.starts_with(&a) && (in_order || !a.starts_with(&b))
        }
        _ => false,
    }
}
