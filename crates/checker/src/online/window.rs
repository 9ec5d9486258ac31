//! One window: from the frontier at one watermark to the frontier at the next.
//!
//! States and classes are numbered afresh for each window, so nothing is remembered of values that nobody can see any
//! more. Registers, keys without appends and mutexes take the machine that knows about demand, keys with appends the one
//! that knows what a text can still become; all other objects are stepped by their definition.

use std::sync::Arc;

use anachron_vocabulary::{Operation, OperationId, Reply, Value};

use super::foreseen::Foreseen;
use super::{Told, is_before};
use crate::instance::{Instance, Timed};
use crate::machine::{Class, GenericMachine, ILLEGAL, Machine, RegisterMachine, TextClass, TextMachine};
use crate::search::{Advanced, Configuration, advance};
use crate::table::{Interner, count};
use crate::{Budget, CheckOptions, Limit, Model, ObjectState, Specification};

/// A configuration between two windows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Point {
    pub(super) state: ObjectState,
    /// The state before the last operation, if that was one of unknown outcome.
    before_unknown: Option<ObjectState>,
    /// The operations still alive that are placed, by position.
    placed: Vec<u32>,
    /// How many operations of which group are spent.
    spent: Vec<(u32, u32)>,
}

impl Point {
    pub(super) fn start(state: ObjectState) -> Self {
        Self { state, before_unknown: None, placed: Vec::new(), spent: Vec::new() }
    }

    /// This and one of another part of the object, whose operations alive and groups are numbered from `first` on.
    pub(super) fn with(&self, other: &Self, first: (u32, u32)) -> Self {
        let mut both = Self { before_unknown: None, ..self.clone() };
        let (ObjectState::Bag(elements), ObjectState::Bag(more)) = (&mut both.state, &other.state) else {
            unreachable!("only sets have parts");
        };
        elements.extend(more.iter().map(|(element, &times)| (element.clone(), times)));
        both.placed.extend(other.placed.iter().map(|&position| position + first.0));
        both.spent.extend(other.spent.iter().map(|&(group, times)| (group + first.1, times)));
        both
    }

    pub(super) fn bytes(&self) -> usize {
        let state = |state: &ObjectState| match state {
            ObjectState::Registers(values) => values.len() * 64,
            ObjectState::Sequence(values) => values.len() * size_of::<Value>(),
            ObjectState::Bag(values) => values.len() * 64,
            ObjectState::Holds(Value::Text(text)) => text.len(),
            _ => 0,
        };
        size_of::<Self>()
            + state(&self.state)
            + self.before_unknown.as_ref().map_or(0, state)
            + self.placed.capacity() * size_of::<u32>()
            + self.spent.capacity() * size_of::<(u32, u32)>()
    }
}

/// Operations of unknown outcome that ask the same. They are spent in the order of their calls.
#[derive(Clone, Debug)]
pub(super) struct Group {
    operation: Operation,
    /// Call, mark and client, sorted.
    calls: Vec<(i64, u64, Arc<str>)>,
}

impl Group {
    /// Adds one to the groups.
    pub(super) fn add(groups: &mut Vec<Self>, told: &Told) {
        let call = (told.call, told.mark, Arc::clone(&told.client));
        match groups.iter_mut().find(|group| group.operation == told.operation) {
            Some(group) => {
                let position = group.calls.partition_point(|other| *other < call);
                group.calls.insert(position, call);
            }
            None => groups.push(Self { operation: told.operation.clone(), calls: vec![call] }),
        }
    }

    /// Forgets those that are spent in every configuration.
    pub(super) fn forget_spent(groups: &mut Vec<Self>, frontier: &mut [Point]) {
        let mut least = vec![u32::MAX; groups.len()];
        for point in frontier.iter() {
            let mut spent = vec![0; groups.len()];
            for &(group, times) in &point.spent {
                spent[group as usize] = times;
            }
            least.iter_mut().zip(spent).for_each(|(least, spent)| *least = (*least).min(spent));
        }
        let mut renumbered = Vec::with_capacity(groups.len());
        let mut next = 0;
        for (group, &spent) in groups.iter_mut().zip(&least) {
            group.calls.drain(..spent as usize);
            renumbered.push(next);
            next += u32::from(!group.calls.is_empty());
        }
        groups.retain(|group| !group.calls.is_empty());
        for point in frontier {
            for (group, times) in &mut point.spent {
                *times -= least[*group as usize];
                *group = renumbered[*group as usize];
            }
            point.spent.retain(|&(_, times)| times > 0);
        }
    }

    pub(super) fn told(&self) -> impl Iterator<Item = Told> {
        self.calls.iter().map(|(call, mark, client)| Told {
            mark: *mark,
            client: Arc::clone(client),
            operation: self.operation.clone(),
            call: *call,
            answer: None,
        })
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + self.calls.capacity() * size_of::<(i64, u64, Arc<str>)>()
    }
}

/// What a window is made of.
pub(super) struct Window<'w> {
    pub(super) options: &'w CheckOptions,
    pub(super) from: &'w [Point],
    /// All with an answer.
    pub(super) operations: &'w [Told],
    pub(super) unknown: &'w [Group],
    pub(super) watermark: i64,
}

/// What a window came to.
pub(super) enum Passed {
    /// These are alive at its end, and the operations that return later, by position in the window.
    Alive {
        frontier: Vec<Point>,
        alive: Vec<usize>,
    },
    /// Nothing is, at the return of the operation with this position or before.
    Dead(usize),
    Spent(Limit),
}

impl Window<'_> {
    pub(super) fn pass(&self, budget: &mut Budget<'_>) -> Passed {
        let model = self.options.model;
        let has_append = || {
            let appends = |operation: &Operation| matches!(operation, Operation::Append(_));
            self.operations.iter().any(|told| appends(&told.operation))
                || self.unknown.iter().any(|group| appends(&group.operation))
        };
        match model {
            Model::Register | Model::CasRegister | Model::Mutex => self.run(Registers::default(), budget),
            Model::KeyValue if !has_append() => self.run(Registers::default(), budget),
            Model::KeyValue => self.run(Texts::new(), budget),
            _ => {
                let unknown = self.unknown.iter().map(|group| &group.operation);
                let placed = self.from.iter().flat_map(|point| point.placed.iter().copied()).collect();
                let object =
                    Foreseen::new(self.options.object(), self.operations, &placed, unknown, self.watermark);
                let machine = GenericMachine::new(object.clone());
                self.run(Objects { object, machine }, budget)
            }
        }
    }

    fn run<N: Numbering>(&self, mut numbering: N, budget: &mut Budget<'_>) -> Passed {
        let mut operations = Vec::with_capacity(self.operations.len());
        for told in self.operations {
            let (end, reply) = told.answer.as_ref().expect("only what has an answer has to be placed");
            let class = numbering.class(&told.operation, Some(reply));
            let class = class.expect("what was answered matters");
            let id = OperationId::from_index(operations.len());
            operations.push(Timed { id, class, call: told.call, returned: Some(*end) });
        }
        // A group that can't change anything has no class.
        let mut classes: Vec<Option<u32>> = Vec::with_capacity(self.unknown.len());
        for group in self.unknown {
            let class = numbering.class(&group.operation, None);
            classes.push(class);
            let Some(class) = class else { continue };
            for &(call, ..) in &group.calls {
                let id = OperationId::from_index(operations.len());
                operations.push(Timed { id, class, call, returned: None });
            }
        }
        let states: Vec<(u32, u32)> = self
            .from
            .iter()
            .map(|point| {
                let before = point.before_unknown.as_ref();
                (numbering.state(&point.state), before.map_or(ILLEGAL, |state| numbering.state(state)))
            })
            .collect();
        let mut machine = numbering.machine();
        let instance = Instance::new(N::seen(&machine), &operations);
        let mut numbers = vec![0; self.operations.len()];
        for (number, required) in instance.required.iter().enumerate() {
            numbers[required.id.index()] = count(number);
        }
        let groups = Correspondence::new(&classes, &instance);
        let from: Vec<Configuration> = self
            .from
            .iter()
            .zip(&states)
            .map(|(point, &(state, before_pending))| Configuration {
                state,
                before_pending,
                placed: point.placed.iter().map(|&position| numbers[position as usize]).collect(),
                spent: point.spent.iter().map(|&(group, times)| (groups.pending(group), times)).collect(),
            })
            .collect();
        let settled = |required: &crate::instance::Required| {
            operations[required.id.index()].returned.is_some_and(|end| is_before(end, self.watermark))
        };
        let until = count(instance.required.partition_point(settled));
        match advance(&instance, N::searched(&mut machine), &from, until, budget) {
            Advanced::Dead(number) => Passed::Dead(instance.required[number as usize].id.index()),
            Advanced::Spent(limit) => Passed::Spent(limit),
            Advanced::Alive(frontier) => {
                let frontier = frontier
                    .into_iter()
                    .map(|configuration| Point {
                        state: N::meant(&machine, configuration.state),
                        before_unknown: (configuration.before_pending != ILLEGAL)
                            .then(|| N::meant(&machine, configuration.before_pending)),
                        placed: configuration.placed.iter().map(|&number| number - until).collect(),
                        spent: configuration
                            .spent
                            .iter()
                            .map(|&(pending, times)| (groups.group(pending), times))
                            .collect(),
                    })
                    .collect();
                let alive = instance.required[until as usize..].iter().map(|required| required.id.index());
                Passed::Alive { frontier, alive: alive.collect() }
            }
        }
    }
}

/// Which group is which pending class of an instance.
struct Correspondence {
    /// By group.
    pending: Vec<Option<u32>>,
    /// By pending class.
    groups: Vec<u32>,
}

impl Correspondence {
    fn new(classes: &[Option<u32>], instance: &Instance) -> Self {
        let mut by_class: Vec<(u32, u32)> =
            classes.iter().enumerate().filter_map(|(group, &class)| Some((class?, count(group)))).collect();
        by_class.sort_unstable();
        assert!(by_class.windows(2).all(|pair| pair[0].0 < pair[1].0), "a group's class is its own");
        let mut pending = vec![None; classes.len()];
        let mut groups = Vec::with_capacity(instance.pending.len());
        for (index, class) in instance.pending.iter().enumerate() {
            let position = by_class.partition_point(|&(other, _)| other < class.class);
            let group = by_class[position].1;
            pending[group as usize] = Some(count(index));
            groups.push(group);
        }
        Self { pending, groups }
    }

    fn pending(&self, group: u32) -> u32 {
        self.pending[group as usize].expect("what was spent was called before the window's first return")
    }

    fn group(&self, pending: u32) -> u32 {
        self.groups[pending as usize]
    }
}

/// Numbers for states and classes, and the machine over them.
trait Numbering {
    type Built;
    type Machine: Machine;

    /// The class of an operation with this answer; nothing if its outcome is unknown and it can't change anything.
    fn class(&mut self, operation: &Operation, reply: Option<&Reply>) -> Option<u32>;
    fn state(&mut self, state: &ObjectState) -> u32;
    fn machine(self) -> Self::Built;
    fn seen(built: &Self::Built) -> &Self::Machine;
    fn searched(built: &mut Self::Built) -> &mut Self::Machine;
    fn meant(built: &Self::Built, state: u32) -> ObjectState;
}

/// Registers and locks.
#[derive(Default)]
struct Registers {
    states: Interner<ObjectState>,
    /// A delete of unknown outcome is told from a write of `null`: each group has a class of its own.
    classes: Interner<(Class, bool)>,
}

impl Registers {
    fn holds(&mut self, value: &Value) -> u32 {
        self.states.number(ObjectState::Holds(value.clone()))
    }
}

impl Numbering for Registers {
    type Built = (RegisterMachine, Interner<ObjectState>);
    type Machine = RegisterMachine;

    fn class(&mut self, operation: &Operation, reply: Option<&Reply>) -> Option<u32> {
        let swapped =
            |expected, new| if expected == new { Class::Saw(new) } else { Class::Swapped(expected, new) };
        let class = match (operation, reply) {
            (Operation::Read, Some(Reply::Value(value))) => Class::Saw(self.holds(value)),
            (Operation::Write(value), _) => Class::Wrote(self.holds(value)),
            (Operation::Delete, _) => Class::Wrote(self.holds(&Value::Null)),
            (Operation::CompareAndSet { expected, .. }, Some(Reply::Answer(false))) => {
                Class::SawOther(self.holds(expected))
            }
            (Operation::CompareAndSet { expected, new }, _) => swapped(self.holds(expected), self.holds(new)),
            (Operation::Acquire | Operation::Release, _) => {
                let free = self.states.number(ObjectState::Free);
                let held = self.states.number(ObjectState::Held);
                if *operation == Operation::Acquire { swapped(free, held) } else { swapped(held, free) }
            }
            (Operation::Read, None) => return None,
            _ => unreachable!("refused when it was told"),
        };
        let observes = matches!(class, Class::Saw(_) | Class::SawOther(_));
        let is_delete = reply.is_none() && *operation == Operation::Delete;
        (reply.is_some() || !observes).then(|| self.classes.number((class, is_delete)))
    }

    fn state(&mut self, state: &ObjectState) -> u32 {
        self.states.number(state.clone())
    }

    fn machine(self) -> Self::Built {
        let classes = (0..self.classes.len()).map(|number| self.classes.get(count(number)).0).collect();
        (RegisterMachine { initial: 0, classes, writes: Vec::new() }, self.states)
    }

    fn seen(built: &Self::Built) -> &RegisterMachine {
        &built.0
    }

    fn searched(built: &mut Self::Built) -> &mut RegisterMachine {
        &mut built.0
    }

    fn meant(built: &Self::Built, state: u32) -> ObjectState {
        built.1.get(state).clone()
    }
}

/// Keys with appends.
struct Texts {
    machine: TextMachine,
    /// As in [`Registers`].
    classes: Interner<(TextClass, bool)>,
}

impl Texts {
    fn new() -> Self {
        Self { machine: TextMachine::new(&Value::Null), classes: Interner::default() }
    }
}

impl Numbering for Texts {
    type Built = TextMachine;
    type Machine = TextMachine;

    fn class(&mut self, operation: &Operation, reply: Option<&Reply>) -> Option<u32> {
        let machine = &mut self.machine;
        let class = match (operation, reply) {
            (Operation::Read, Some(Reply::Value(value))) => TextClass::Saw(machine.state(value)),
            (Operation::Write(value), _) => TextClass::Wrote(machine.state(value)),
            (Operation::Delete, _) => TextClass::Wrote(machine.state(&Value::Null)),
            (Operation::Append(Value::Text(suffix)), _) => TextClass::Appended(Arc::clone(suffix)),
            (Operation::CompareAndSet { expected, .. }, Some(Reply::Answer(false))) => {
                TextClass::SawOther(machine.state(expected))
            }
            (Operation::CompareAndSet { expected, new }, _) => {
                match (machine.state(expected), machine.state(new)) {
                    (expected, new) if expected == new => TextClass::Saw(new),
                    (expected, new) => TextClass::Swapped(expected, new),
                }
            }
            (Operation::Read, None) => return None,
            _ => unreachable!("refused when it was told"),
        };
        let observes = matches!(class, TextClass::Saw(_) | TextClass::SawOther(_));
        let is_delete = reply.is_none() && *operation == Operation::Delete;
        (reply.is_some() || !observes).then(|| self.classes.number((class, is_delete)))
    }

    fn state(&mut self, state: &ObjectState) -> u32 {
        let ObjectState::Holds(value) = state else { unreachable!("a key holds a value") };
        self.machine.state(value)
    }

    fn machine(mut self) -> TextMachine {
        for number in 0..self.classes.len() {
            self.machine.add(self.classes.get(count(number)).0.clone());
        }
        self.machine
    }

    fn seen(built: &TextMachine) -> &TextMachine {
        built
    }

    fn searched(built: &mut TextMachine) -> &mut TextMachine {
        built
    }

    fn meant(built: &TextMachine, state: u32) -> ObjectState {
        ObjectState::Holds(built.value(state))
    }
}

/// Any object, by its definition.
struct Objects {
    object: Foreseen,
    machine: GenericMachine<Foreseen>,
}

impl Numbering for Objects {
    type Built = GenericMachine<Foreseen>;
    type Machine = GenericMachine<Foreseen>;

    fn class(&mut self, operation: &Operation, reply: Option<&Reply>) -> Option<u32> {
        let matters = reply.is_some() || !self.object.is_observer(operation, reply);
        matters.then(|| self.machine.class(operation, reply))
    }

    fn state(&mut self, state: &ObjectState) -> u32 {
        self.machine.number(state)
    }

    fn machine(self) -> Self::Built {
        self.machine
    }

    fn seen(built: &Self::Built) -> &Self::Machine {
        built
    }

    fn searched(built: &mut Self::Built) -> &mut Self::Machine {
        built
    }

    fn meant(built: &Self::Built, state: u32) -> ObjectState {
        built.state(state).clone()
    }
}
