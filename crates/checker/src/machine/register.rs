//! Registers, CAS registers, keys without appends, and locks: states are values, transitions need no memory.
//!
//! A lock is a register with the values *free* and *held*: an acquire swaps free for held, a release held for free.

use super::{ILLEGAL, Machine};
use crate::table::{Interner, count};

/// What an operation does to a register, given its reply. Values are numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Class {
    /// Saw this value; also a compare-and-set that swapped a value for itself.
    Saw(u32),
    /// Saw that the value was another than this one: a compare-and-set that answered false.
    SawOther(u32),
    /// Wrote this value over any other.
    Wrote(u32),
    /// Swapped the first value for the second, which is another.
    Swapped(u32, u32),
}

/// A register over numbered values.
#[derive(Debug)]
pub(crate) struct RegisterMachine {
    pub(crate) initial: u32,
    pub(crate) classes: Vec<Class>,
    /// For each class that swaps, the class that writes the same value.
    pub(crate) writes: Vec<Option<u32>>,
}

impl RegisterMachine {
    /// A register whose operations are of these classes.
    pub(crate) fn new(initial: u32, mut classes: Interner<Class>) -> Self {
        let mut writes = Vec::new();
        for number in 0..classes.len() {
            writes.push(match *classes.get(count(number)) {
                Class::Swapped(_, new) => Some(classes.number(Class::Wrote(new))),
                _ => None,
            });
        }
        let classes = (0..classes.len()).map(|number| *classes.get(count(number))).collect();
        Self { initial, classes, writes }
    }

    fn class(&self, class: u32) -> Class {
        self.classes[class as usize]
    }
}

impl Machine for RegisterMachine {
    fn initial(&self) -> u32 {
        self.initial
    }

    fn step(&mut self, state: u32, class: u32) -> u32 {
        match self.class(class) {
            Class::Saw(value) if value == state => state,
            Class::SawOther(value) if value != state => state,
            Class::Wrote(value) => value,
            Class::Swapped(expected, new) if expected == state => new,
            _ => ILLEGAL,
        }
    }

    fn is_observer(&self, class: u32) -> bool {
        matches!(self.class(class), Class::Saw(_) | Class::SawOther(_))
    }

    fn requires(&self, class: u32) -> Option<u32> {
        match self.class(class) {
            Class::Saw(value) | Class::Swapped(value, _) => Some(value),
            Class::SawOther(_) | Class::Wrote(_) => None,
        }
    }

    fn leaves(&self, class: u32) -> Option<u32> {
        match self.class(class) {
            Class::Wrote(value) | Class::Swapped(_, value) => Some(value),
            Class::Saw(_) | Class::SawOther(_) => None,
        }
    }

    fn is_closed(&self) -> bool {
        true
    }

    fn may_notice(&self, observer: u32, changer: u32) -> bool {
        let (Class::Wrote(left) | Class::Swapped(_, left)) = self.class(changer) else { return false };
        match self.class(observer) {
            Class::Saw(value) | Class::Swapped(value, _) => value == left,
            Class::SawOther(value) => value != left,
            Class::Wrote(_) => false,
        }
    }

    fn overwrites(&self, class: u32) -> bool {
        matches!(self.class(class), Class::Wrote(_))
    }

    fn as_write(&self, class: u32) -> Option<u32> {
        self.writes.get(class as usize).copied().flatten()
    }

    fn bytes(&self) -> usize {
        self.classes.capacity() * size_of::<Class>()
    }
}
