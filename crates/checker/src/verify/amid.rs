//! A register, a key or leadership, judged amid everything that its core leaves out.
//!
//! The other rules let a core leave out only what nobody kept can notice. A core that is judged amid the others
//! ([`Start::Amid`](crate::Start)) leaves out whatever it likes, for here the others may still act: between its call and its
//! return, any operation that is left out takes effect as often as it likes, or never; one that is kept as unknown at
//! most once; one that is kept as it was or as a write exactly once. Only those that have to be placed say what they found.
//!
//! The judgement is a sweep over calls and returns, from the start of the history to the last return that has to be
//! met. It knows all that may be the case at a moment: who of the core was placed or spent, and what the object holds.
//! At a call somebody more may act, at a return somebody no more; where he has to be placed, the cases in which he was not
//! are given up. When none is left, the core is a proof.
//!
//! Proof: take a legal order of the history, and let each of its operations act at the latest call among itself and those
//! before it. That is no earlier than its own call, and no later than its return, for nobody before it in the order was called
//! after it had returned. So the sweep, which may let everybody act at that time and in that order, follows it: observers that
//! are left out change nothing, and nothing else that the order holds is forbidden. What the object holds is told only as
//! far as the core can tell (`values`); whatever an operation may do to a value, it may do to what stands for it. So at
//! each return there is a case in which all went as in the order, and some case is left at the end.
//!
//! So a core proves that no behaviour of the others, each in its own time, makes up for what the operations in it saw.
//! A core that can't be made smaller by this rule is as small as such proofs are, but for the others' acting
//! more often than once.

mod values;

use std::collections::{BTreeMap, BTreeSet};

use anachron_vocabulary::{OperationId, Outcome, Value};

use super::records::Records;
use super::{Flaw, core_rules};
use crate::{CheckOptions, CoreOperation, Kept, Model};
use values::{State, Step, Values};

/// Operations of the core, one bit each.
type Bits = u128;

/// What the sweep knew when one of the core that has to be placed returned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moment {
    /// Who returned.
    pub returned: OperationId,
    /// What the object can have held until then where this one could not be placed.
    pub without: Vec<Held>,
    /// What it can hold where he was placed, by those who were placed as well though they have not returned. Nothing if he
    /// can't have been. Who only observes is placed as soon as he can be.
    pub with: Vec<(Vec<OperationId>, Vec<Held>)>,
}

/// What the object can hold at a moment.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Held {
    /// This.
    This(Value),
    /// A text that does not matter to the core.
    OtherText,
    /// Something else that does not matter to the core.
    Other,
}

impl From<State<'_>> for Held {
    fn from(state: State<'_>) -> Self {
        match state {
            State::OtherText => Self::OtherText,
            State::OtherPlain => Self::Other,
            State::Plain(value) => Self::This(value.clone()),
            State::Text(text) => Self::This(Value::Text(text.into())),
        }
    }
}

/// One operation of the core.
struct Member<'h> {
    id: OperationId,
    /// What it may do.
    step: Step<'h>,
    has_to_be_placed: bool,
}

/// Somebody who may act for a while.
#[derive(Clone, Copy)]
enum Actor<'h> {
    /// One of the core, by position.
    Member(usize),
    /// One who is left out.
    Other(Step<'h>),
}

/// One thing that may be the case: who has to be placed and was, who else was spent, and what the object holds.
#[derive(Clone, Copy)]
struct Case<'h> {
    placed: Bits,
    spent: Bits,
    state: State<'h>,
}

/// Checks that the core has no order, whatever the others do.
pub(super) fn prove(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
    effort: usize,
) -> Result<(), Flaw> {
    sweep(object, options, kept, effort, |_, _| {})
}

/// What the judgement goes through, one entry for each return that has to be met, up to the one that nothing meets.
///
/// # Errors
/// As for any core: if it proves nothing, or to see it would take too much.
pub(super) fn moments(
    object: &Records<'_>,
    options: &CheckOptions,
    kept: &[CoreOperation],
    effort: usize,
) -> Result<Vec<Moment>, Flaw> {
    let mut moments = Vec::new();
    sweep(object, options, kept, effort, |sweep, position| moments.push(sweep.moment(position)))?;
    Ok(moments)
}

/// The judgement. `returns` is called right before somebody who has to be placed returns.
fn sweep<'h>(
    object: &Records<'h>,
    options: &'h CheckOptions,
    kept: &[CoreOperation],
    effort: usize,
    mut returns: impl FnMut(&Sweep<'_, 'h>, usize),
) -> Result<(), Flaw> {
    let initial = match options.model {
        Model::Register | Model::CasRegister | Model::KeyValue => &options.initial,
        Model::LeaderRegister => &Value::Null,
        _ => return Err(Flaw::NoWindow),
    };
    if kept.len() > Bits::BITS as usize {
        return Err(Flaw::TooBig);
    }
    let required = kept.iter().filter(|kept| kept.kept != Kept::AsUnknown);
    let Some(end) = required.filter_map(|kept| object.record(kept.id).returned()).max() else {
        return Err(Flaw::Excused);
    };
    let values = Values::needed(object, kept, end);
    let mut members = Vec::new();
    let mut position_of = BTreeMap::new();
    for kept in kept {
        if let Some(step) = values.step(object.record(kept.id), kept.kept) {
            position_of.insert(kept.id, members.len());
            members.push(Member { id: kept.id, step, has_to_be_placed: kept.kept != Kept::AsUnknown });
        }
    }
    // Calls before returns: equal times are concurrent.
    let mut events = Vec::new();
    for (id, record) in object.iter().filter(|(_, record)| record.call <= end) {
        let actor = match position_of.get(&id) {
            Some(&position) => Some(Actor::Member(position)),
            None if record.outcome == Outcome::Failed || !core_rules::may_change(record) => None,
            None => values.step(record, Kept::AsUnknown).map(Actor::Other),
        };
        let Some(actor) = actor else { continue };
        events.push((record.call, false, id, actor));
        if let Some(returned) = record.returned() {
            events.push((returned, true, id, actor));
        }
    }
    events.sort_by_key(|&(time, returns, id, _)| (time, returns, id));
    let start = Case { placed: 0, spent: 0, state: values.state(initial) };
    let mut sweep = Sweep {
        values: &values,
        members,
        alive: Vec::new(),
        others: BTreeMap::new(),
        cases: BTreeMap::from([((0, start.state), vec![0])]),
        effort,
    };
    for (_, has_returned, _, actor) in events {
        if let (Actor::Member(position), true) = (actor, has_returned)
            && sweep.members[position].has_to_be_placed
        {
            returns(&sweep, position);
        }
        match (actor, has_returned) {
            (Actor::Other(step), false) => sweep.other_is_called(step)?,
            (Actor::Other(step), true) => sweep.other_returned(step),
            (Actor::Member(position), false) => sweep.member_is_called(position)?,
            (Actor::Member(position), true) => sweep.member_returned(position)?,
        }
        if sweep.cases.is_empty() {
            return Ok(());
        }
    }
    Err(Flaw::Excused)
}

struct Sweep<'a, 'h> {
    values: &'a Values<'h>,
    members: Vec<Member<'h>>,
    /// Members that were called and have not returned.
    alive: Vec<usize>,
    /// What the others may do now, and how many of them.
    others: BTreeMap<Step<'h>, usize>,
    /// All that may be the case: who was spent, by who was placed and what the object holds. Who has spent less can do all
    /// that one can who has spent more, so of those only the former are kept.
    cases: BTreeMap<(Bits, State<'h>), Vec<Bits>>,
    /// How many more steps may be looked at.
    effort: usize,
}

impl<'h> Sweep<'_, 'h> {
    /// What is known right before somebody returns.
    fn moment(&self, position: usize) -> Moment {
        let bit = 1 << position;
        let open: Vec<usize> = self.alive.iter().copied().filter(|&other| other != position).collect();
        let mut without = BTreeSet::new();
        let mut with: BTreeMap<Vec<OperationId>, BTreeSet<Held>> = BTreeMap::new();
        for &(placed, state) in self.cases.keys() {
            if placed & bit == 0 {
                without.insert(Held::from(state));
            } else {
                let as_well = open.iter().filter(|&other| placed >> other & 1 == 1);
                let as_well = as_well.map(|&other| self.members[other].id).collect();
                with.entry(as_well).or_default().insert(Held::from(state));
            }
        }
        let with = with.into_iter().map(|(as_well, held)| (as_well, held.into_iter().collect())).collect();
        Moment { returned: self.members[position].id, without: without.into_iter().collect(), with }
    }

    fn all(&self) -> Vec<Case<'h>> {
        let of = |(&(placed, state), spent): (&(Bits, State<'h>), &Vec<Bits>)| {
            spent.iter().map(move |&spent| Case { placed, spent, state }).collect::<Vec<_>>()
        };
        self.cases.iter().flat_map(of).collect()
    }

    fn after(&mut self, step: Step<'h>, state: State<'h>) -> Result<Option<State<'h>>, Flaw> {
        self.effort = self.effort.checked_sub(1).ok_or(Flaw::TooBig)?;
        Ok(self.values.after(step, state))
    }

    /// Adds a case, unless a better one is known; `true` if it was added.
    fn add(&mut self, mut case: Case<'h>, new: &mut Vec<Case<'h>>) -> Result<(), Flaw> {
        // Who only observes, and may here, is placed at once: whatever comes next can come next all the same.
        for index in 0..self.alive.len() {
            let position = self.alive[index];
            let bit = 1 << position;
            let member = &self.members[position];
            let observes = member.has_to_be_placed && member.step.only_observes() && case.placed & bit == 0;
            if observes && self.after(member.step, case.state)?.is_some() {
                case.placed |= bit;
            }
        }
        let spent = self.cases.entry((case.placed, case.state)).or_default();
        if spent.iter().all(|spent| spent & !case.spent != 0) {
            spent.retain(|spent| case.spent & !spent != 0);
            spent.push(case.spent);
            new.push(case);
        }
        Ok(())
    }

    /// Adds all that may follow.
    fn grow(&mut self, mut new: Vec<Case<'h>>) -> Result<(), Flaw> {
        while let Some(case) = new.pop() {
            let others: Vec<Step<'h>> = self.others.keys().copied().collect();
            for step in others {
                if let Some(state) = self.after(step, case.state)? {
                    self.add(Case { state, ..case }, &mut new)?;
                }
            }
            for position in self.alive.clone() {
                let bit = 1 << position;
                let member = &self.members[position];
                let (step, has_to_be_placed) = (member.step, member.has_to_be_placed);
                if (case.placed | case.spent) & bit != 0 {
                    continue;
                }
                if let Some(state) = self.after(step, case.state)? {
                    let mut case = Case { state, ..case };
                    *if has_to_be_placed { &mut case.placed } else { &mut case.spent } |= bit;
                    self.add(case, &mut new)?;
                }
            }
        }
        Ok(())
    }

    fn other_is_called(&mut self, step: Step<'h>) -> Result<(), Flaw> {
        let count = self.others.entry(step).or_insert(0);
        *count += 1;
        if *count > 1 {
            return Ok(());
        }
        let mut new = Vec::new();
        for case in self.all() {
            if let Some(state) = self.after(step, case.state)? {
                self.add(Case { state, ..case }, &mut new)?;
            }
        }
        self.grow(new)
    }

    fn other_returned(&mut self, step: Step<'h>) {
        let count = self.others.get_mut(&step).expect("it was called");
        *count -= 1;
        if *count == 0 {
            self.others.remove(&step);
        }
    }

    fn member_is_called(&mut self, position: usize) -> Result<(), Flaw> {
        self.alive.push(position);
        let mut new = Vec::new();
        for case in self.forget_all() {
            self.add(case, &mut new)?;
        }
        self.grow(new)
    }

    fn member_returned(&mut self, position: usize) -> Result<(), Flaw> {
        self.alive.retain(|&other| other != position);
        let bit = 1 << position;
        if self.members[position].has_to_be_placed {
            self.cases.retain(|(placed, _), _| placed & bit != 0);
            return Ok(());
        }
        // He can't act any more, whether he did or not.
        for case in self.forget_all() {
            self.add(Case { spent: case.spent & !bit, ..case }, &mut Vec::new())?;
        }
        Ok(())
    }

    fn forget_all(&mut self) -> Vec<Case<'h>> {
        let all = self.all();
        self.cases.clear();
        all
    }
}
