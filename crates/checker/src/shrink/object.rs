//! Small cores for the objects that the search knows nothing of but their steps: collections, lists, counters, leadership,
//! several registers, locks with tokens.
//!
//! Why it exists: for such an object the search's own core holds every change since the start. The verifier knows better
//! what may be left out (`verify/core_rules.rs` and its neighbours), so here the verifier is asked: a few operations near
//! the place where the search got stuck are proposed; whoever it says is needed comes in; if what there is then has an
//! order, the window grows; else it is made smaller one step at a time, each step put to the verifier.
//!
//! What it promises: every core that comes out was accepted by the verifier, and is locally minimal if it says so. If
//! nothing small is found, the core that was known before stays.
//!
//! Left out on purpose: a rule of its own. A bug here can make a core larger, never wrong.

use std::collections::BTreeSet;

use anachron_history::Record;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

use super::projection::{self, Projection};
use super::{spots, turns};
use crate::verify::{Flaw, Records, core_is_proof, of_key};
use crate::{Budget, CheckOptions, Core, CoreOperation, Kept, Model, Part, Start};

/// Configurations times operations that one proposal may take.
const EFFORT: usize = 400_000;
/// Steps that it may take for each operation that is looked at.
const EACH: usize = 40;
/// Proposals in all.
const PROPOSALS: usize = 1_500;
/// Where every operation is looked at, so many of them count for one proposal more.
const READ: usize = 10_000;
/// A core of so many operations is made smaller as it is.
const SMALL: usize = 40;
/// A window never has more operations than this.
const WIDEST: usize = 200;

/// Puts proposals to the verifier.
pub(super) struct Judge<'a, 'h, 'b> {
    part: &'a Part<'h>,
    /// All operations of the object, also those that the part leaves out.
    ids: Vec<OperationId>,
    options: CheckOptions,
    budget: &'a mut Budget<'b>,
    proposals: usize,
}

/// True if the model's cores are found here. The others have a shrinker that knows their machine.
fn has_cores_here(model: Model) -> bool {
    !matches!(model, Model::Register | Model::CasRegister | Model::KeyValue | Model::Mutex)
}

/// True if the object holds elements that an operation names one at a time.
pub(super) fn is_collection(model: Model) -> bool {
    matches!(
        model,
        Model::Queue | Model::Stack | Model::PriorityQueue | Model::Set | Model::Multiset | Model::List
    )
}

/// True if the operation puts an element in.
pub(super) fn inserts(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Enqueue(_)
            | Operation::Push(_)
            | Operation::Insert(_)
            | Operation::Add(_)
            | Operation::Append(_)
    )
}

/// A core without a search, where a scan says more than a search can: counters, tokens and lists.
pub(crate) fn counted(part: &Part<'_>, budget: &mut Budget<'_>) -> Option<Core> {
    let counts = matches!(part.model, Model::Counter | Model::FencingLock | Model::List);
    counts.then(|| Judge::new(part, budget).spotted()).flatten()
}

/// A core of operations that are known to have no order, with whoever is needed for that.
pub(crate) fn around(part: &Part<'_>, operations: &[OperationId], budget: &mut Budget<'_>) -> Option<Core> {
    let core = Judge::new(part, budget).closed(operations)?;
    Some(shrunk(part, core, budget))
}

/// The same core with less in it. Of a collection the elements that it names are all that is looked at.
fn shrunk(part: &Part<'_>, core: Core, budget: &mut Budget<'_>) -> Core {
    if is_collection(part.model)
        && let Some(small) = Projection::around(part, &core).smaller(&core, budget)
        && Judge::new(part, budget).accepts(&small)
    {
        return small;
    }
    Judge::new(part, budget).smaller(core)
}

/// A core that may have fewer operations than the one known, and that is judged on the object itself.
pub(crate) fn smaller(part: &Part<'_>, known: &Core, budget: &mut Budget<'_>) -> Option<Core> {
    if !has_cores_here(part.model) {
        return None;
    }
    // A lock with tokens is a lock.
    let turns = (part.model == Model::FencingLock).then(|| turns::core_of(part)).flatten();
    let found = by_proposals(part, known, turns.is_none(), budget);
    let size = |core: &Core| core.operations.len();
    match (found, turns) {
        (Some(found), Some(turns)) if size(&found) <= size(&turns) => Some(found),
        (found, turns) => turns.or(found),
    }
}

/// The same by proposals alone; if it is not to be `thorough`, only such as need no search for them.
fn by_proposals(part: &Part<'_>, known: &Core, thorough: bool, budget: &mut Budget<'_>) -> Option<Core> {
    let mut judge = Judge::new(part, budget);
    if known.operations.len() <= SMALL && judge.accepts(known) {
        return Some(shrunk(part, known.clone(), budget));
    }
    if let Some(core) = judge.spotted() {
        return Some(core);
    }
    if !thorough {
        return None;
    }
    if let Some(core) = projection::of_two_elements(part, known, judge.budget) {
        return Some(core);
    }
    let listed: Vec<OperationId> = known.operations.iter().map(|kept| kept.id).collect();
    let core = if listed.len() <= SMALL { judge.closed(&listed) } else { None };
    let core = core.or_else(|| judge.grown(known))?;
    let small = shrunk(part, core, judge.budget);
    let larger = small.operations.len() > known.operations.len();
    if larger && judge.accepts(known) { None } else { Some(small) }
}

/// The form in which an operation says most.
fn whole(id: OperationId, record: &Record) -> CoreOperation {
    let kept = if matches!(record.outcome, Outcome::Ok(_)) { Kept::AsItWas } else { Kept::AsUnknown };
    CoreOperation { id, kept }
}

/// The elements that an operation names.
pub(super) fn elements(record: &Record) -> Option<&Value> {
    match (&record.operation, &record.outcome) {
        (
            Operation::Enqueue(element)
            | Operation::Push(element)
            | Operation::Insert(element)
            | Operation::Add(element)
            | Operation::Append(element)
            | Operation::Remove(element)
            | Operation::Contains(element),
            _,
        ) => Some(element),
        (Operation::Dequeue | Operation::Pop | Operation::ExtractMin, Outcome::Ok(Reply::Value(element))) => {
            (*element != Value::Null).then_some(element)
        }
        _ => None,
    }
}

impl<'a, 'h, 'b> Judge<'a, 'h, 'b> {
    pub(super) fn new(part: &'a Part<'h>, budget: &'a mut Budget<'b>) -> Self {
        let options = CheckOptions { model: part.model, initial: part.initial.clone() };
        let ids = of_key(part.history, part.key);
        Self { part, ids, options, budget, proposals: 0 }
    }

    fn record(&self, id: OperationId) -> &'h Record {
        self.part.history.record(id)
    }

    fn ask(&mut self, core: &Core) -> Result<(), Flaw> {
        // Amid the others each of them is looked at.
        let others = if core.start == Start::Amid { self.ids.len() } else { 0 };
        self.proposals += 1 + others / READ;
        let object = Records::new(self.part.history, self.part.key, &self.ids);
        core_is_proof(&object, &self.options, core, EFFORT.max(EACH * others))
    }

    pub(super) fn accepts(&mut self, core: &Core) -> bool {
        self.ask(core).is_ok()
    }

    /// What a scan shows.
    fn spotted(&mut self) -> Option<Core> {
        spots::cores(self.part).into_iter().find_map(|core| {
            if !is_collection(self.part.model) || core.start == Start::Any {
                return self.accepts(&core).then(|| self.smaller(core));
            }
            // One that names no element speaks of what nobody can have put in.
            if core.operations.iter().all(|kept| elements(self.record(kept.id)).is_none()) {
                return self.accepts(&core).then(|| self.smaller(core));
            }
            let small = Projection::around(self.part, &core).smaller(&core, self.budget)?;
            self.accepts(&small).then_some(small)
        })
    }

    fn is_spent(&mut self) -> bool {
        self.proposals > PROPOSALS || self.budget.stopped()
    }

    /// A core around the operations that returned last before the known core was over.
    fn grown(&mut self, known: &Core) -> Option<Core> {
        let required = known.operations.iter().filter(|kept| kept.kept != Kept::AsUnknown);
        let end = required.filter_map(|kept| self.record(kept.id).returned()).max()?;
        let over = |id: &OperationId| self.record(*id).returned().is_some_and(|returned| returned <= end);
        let mut by_return: Vec<OperationId> = self.part.ids.iter().copied().filter(over).collect();
        by_return.sort_by_key(|&id| (self.record(id).returned(), id));
        let mut span = 1;
        while !by_return.is_empty() && !self.is_spent() {
            let first = by_return.len().saturating_sub(span);
            if let Some(core) = self.closed(&by_return[first..]) {
                return Some(core);
            }
            if first == 0 || span > WIDEST {
                return None;
            }
            span *= 2;
        }
        None
    }

    /// A window with whoever the verifier says is needed; `None` if that has an order, or is too large.
    fn closed(&mut self, window: &[OperationId]) -> Option<Core> {
        let mut listed: BTreeSet<OperationId> = window.iter().copied().collect();
        let mut core = Core::default();
        for &id in window {
            core.operations.push(whole(id, self.record(id)));
        }
        let last = window.iter().filter_map(|&id| self.record(id).returned()).max();
        while core.operations.len() <= 2 * WIDEST && !self.is_spent() {
            let needed = match self.ask(&core) {
                Ok(()) => return Some(core),
                Err(Flaw::Needed(needed)) => needed,
                Err(_) => return None,
            };
            // With one operation on an element come all that were called in time.
            let mut more = vec![needed];
            if let Some(element) = elements(self.record(needed)) {
                more.extend(self.part.ids.iter().copied().filter(|&id| {
                    let record = self.record(id);
                    elements(record) == Some(element) && Some(record.call) <= last
                }));
            }
            for id in more {
                if listed.insert(id) {
                    let record = self.record(id);
                    let swapped = record.outcome == Outcome::Ok(Reply::Answer(true))
                        && self.part.model == Model::LeaderRegister;
                    let kept = if swapped { Kept::AsWrite } else { whole(id, record).kept };
                    core.operations.push(CoreOperation { id, kept });
                }
            }
        }
        None
    }

    /// The same core with less in it, as far as that goes.
    pub(super) fn smaller(&mut self, mut core: Core) -> Core {
        self.drop_elements(&mut core);
        let mut minimal =
            self.reduced_by(&mut core, &[Self::let_go, Self::keep_as_write, Self::keep_as_unknown]);
        // What is kept as a write, and need not be, is kept as it was: that is easier to follow.
        for index in 0..core.operations.len() {
            if core.operations[index].kept == Kept::AsWrite {
                core.operations[index].kept = Kept::AsItWas;
                if !self.accepts(&core) {
                    core.operations[index].kept = Kept::AsWrite;
                }
            }
        }
        // It says more then, so that others may have to say less.
        minimal = minimal && self.reduced_by(&mut core, &[Self::let_go, Self::keep_as_unknown]);
        while minimal && self.keep_what_is_placed(&mut core) {
            minimal = self.reduced_by(&mut core, &[Self::let_go, Self::keep_as_unknown]);
        }
        core.operations.sort_by_key(|kept| (self.record(kept.id).call, kept.id));
        core.minimal = minimal;
        core
    }

    /// Takes these steps while any of them leads anywhere, the first as long as it does; true if none does any more.
    fn reduced_by(
        &mut self,
        core: &mut Core,
        steps: &[fn(&mut Self, &mut Core, CoreOperation) -> bool],
    ) -> bool {
        loop {
            let mut changed = false;
            for step in steps {
                let mut queue: Vec<CoreOperation> = core.operations.clone();
                queue.sort_by_key(|kept| (self.record(kept.id).call, kept.id));
                for kept in queue {
                    if self.is_spent() {
                        return false;
                    }
                    changed |= step(self, core, kept);
                }
                if changed {
                    break;
                }
            }
            if !changed {
                return true;
            }
        }
    }

    /// Lets all operations on an element go at once, element by element.
    fn drop_elements(&mut self, core: &mut Core) {
        let all: BTreeSet<&Value> =
            core.operations.iter().filter_map(|kept| elements(self.part.history.record(kept.id))).collect();
        for element in all {
            let mut less = core.clone();
            less.operations.retain(|kept| elements(self.record(kept.id)) != Some(element));
            if !self.is_spent() && less.operations.len() < core.operations.len() && self.accepts(&less) {
                *core = less;
            }
        }
    }

    /// Starts again from what has to be placed, if what it needs is less than what there is: of the others some may be
    /// there for one another only.
    fn keep_what_is_placed(&mut self, core: &mut Core) -> bool {
        let mut less = core.clone();
        less.operations.retain(|kept| kept.kept != Kept::AsUnknown);
        while less.operations.len() < core.operations.len() {
            match self.ask(&less) {
                Ok(()) => {
                    *core = less;
                    return true;
                }
                Err(Flaw::Needed(id)) => less.operations.push(CoreOperation { id, kept: Kept::AsUnknown }),
                Err(_) => return false,
            }
        }
        false
    }

    fn let_go(&mut self, core: &mut Core, kept: CoreOperation) -> bool {
        let mut less = core.clone();
        less.operations.retain(|other| other.id != kept.id);
        let accepted = self.accepts(&less);
        if accepted {
            *core = less;
        }
        accepted
    }

    fn keep_as_write(&mut self, core: &mut Core, kept: CoreOperation) -> bool {
        kept.kept == Kept::AsItWas && self.weakened(core, kept, Kept::AsWrite)
    }

    fn keep_as_unknown(&mut self, core: &mut Core, kept: CoreOperation) -> bool {
        kept.kept != Kept::AsUnknown && self.weakened(core, kept, Kept::AsUnknown)
    }

    /// Keeps less of an operation that changes something, if that is accepted.
    fn weakened(&mut self, core: &mut Core, kept: CoreOperation, weaker: Kept) -> bool {
        let record = self.record(kept.id);
        let observes = record.operation.is_read()
            || matches!(record.outcome, Outcome::Ok(Reply::Answer(false) | Reply::Value(Value::Null)));
        if observes || core.start == Start::Any {
            return false;
        }
        let mut less = core.clone();
        less.operations.iter_mut().filter(|other| other.id == kept.id).for_each(|other| other.kept = weaker);
        let accepted = self.accepts(&less);
        if accepted {
            *core = less;
        }
        accepted
    }
}
