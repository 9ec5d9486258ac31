//! Any specification: states and classes are interned, transitions remembered.

use super::{ILLEGAL, Machine};
use crate::Specification;
use crate::table::{Interner, PairMap};

/// A user's own specification as a machine.
pub(crate) struct GenericMachine<S: Specification> {
    specification: S,
    states: Interner<S::State>,
    classes: Interner<(S::Operation, Option<S::Reply>)>,
    transitions: PairMap,
}

impl<S: Specification> GenericMachine<S> {
    pub(crate) fn new(specification: S) -> Self {
        let mut states = Interner::default();
        states.number(specification.initial());
        Self { specification, states, classes: Interner::default(), transitions: PairMap::default() }
    }

    /// The class of an operation with this reply; without one the outcome is unknown.
    pub(crate) fn class(&mut self, operation: &S::Operation, reply: Option<&S::Reply>) -> u32 {
        self.classes.number((operation.clone(), reply.cloned()))
    }

    /// The number of a state.
    pub(crate) fn number(&mut self, state: &S::State) -> u32 {
        self.states.number(state.clone())
    }

    /// The state with this number.
    pub(crate) fn state(&self, number: u32) -> &S::State {
        self.states.get(number)
    }
}

impl<S: Specification> Machine for GenericMachine<S> {
    fn initial(&self) -> u32 {
        0
    }

    fn step(&mut self, state: u32, class: u32) -> u32 {
        if let Some(after) = self.transitions.get(state, class) {
            return after;
        }
        let (operation, reply) = self.classes.get(class);
        let after = self
            .specification
            .step(self.states.get(state), operation, reply.as_ref())
            .map_or(ILLEGAL, |after| self.states.number(after));
        self.transitions.insert(state, class, after);
        after
    }

    fn is_opaque(&self) -> bool {
        true
    }

    fn is_observer(&self, class: u32) -> bool {
        let (operation, reply) = self.classes.get(class);
        self.specification.is_observer(operation, reply.as_ref())
    }

    fn bytes(&self) -> usize {
        self.states.bytes() + self.classes.bytes() + self.transitions.bytes()
    }
}
