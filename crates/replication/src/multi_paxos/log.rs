//! The chosen values of the log, as far as one node knows them.
//!
//! Slots are chosen independently, so a node may know a later one before an earlier one. They are executed in order.

use std::collections::BTreeMap;

use super::{Command, Slot};

/// What a node knows to be chosen.
///
/// Invariant: `prefix` is the last slot up to which all are known; a value, once there, never changes.
#[derive(Debug, Default)]
pub struct Log {
    chosen: BTreeMap<Slot, Command>,
    prefix: Slot,
}

/// What became of a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Learned {
    New,
    Known,
    /// Another value is known to be chosen: an invariant of Paxos is broken.
    Conflict,
}

impl Log {
    /// The value chosen for a slot, if it is known.
    pub fn chosen(&self, slot: Slot) -> Option<&Command> {
        self.chosen.get(&slot)
    }

    /// Everything known to be chosen.
    pub fn all(&self) -> &BTreeMap<Slot, Command> {
        &self.chosen
    }

    /// The last slot up to which all are known to be chosen.
    pub fn chosen_up_to(&self) -> Slot {
        self.prefix
    }

    /// The first slot that is not known to be chosen.
    pub fn first_open(&self) -> Slot {
        self.prefix.next()
    }

    /// The last slot known to be chosen, with or without gaps below.
    pub(super) fn last_chosen(&self) -> Option<Slot> {
        self.chosen.keys().next_back().copied()
    }

    pub(super) fn learn(&mut self, slot: Slot, command: &Command) -> Learned {
        match self.chosen.get(&slot) {
            Some(known) if known == command => return Learned::Known,
            Some(_) => return Learned::Conflict,
            None => {}
        }
        self.chosen.insert(slot, command.clone());
        while self.chosen.contains_key(&self.prefix.next()) {
            self.prefix = self.prefix.next();
        }
        Learned::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_learnt_in_any_order() {
        let mut log = Log::default();
        assert_eq!(log.learn(Slot(2), &Command::NoOp), Learned::New);
        assert_eq!((log.first_open(), log.last_chosen()), (Slot(1), Some(Slot(2))));
        assert_eq!(log.learn(Slot(2), &Command::NoOp), Learned::Known);
        assert_eq!(log.learn(Slot(1), &Command::NoOp), Learned::New);
        assert_eq!(log.chosen_up_to(), Slot(2));
    }
}
