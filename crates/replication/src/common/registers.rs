//! Registers whose values carry stamps: the last writer, by stamp, wins.

use std::collections::BTreeMap;
use std::fmt;

use anachron_vocabulary::{Key, Value};

use super::Stamp;

/// A value and the stamp of the write that put it there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Stamped {
    /// When it was written, in the order of stamps.
    pub stamp: Stamp,
    /// What was written.
    pub value: Value,
}

/// `5 at 2@n2`, with the value as its own `Debug` has it.
impl fmt::Debug for Stamped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:?}", self.value, self.stamp)
    }
}

/// Which of two stamps is the newer: the rules, and what becomes of them when they are weakened.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// By counter, then by node: total, so that all nodes agree on the newest.
    Total,
    /// By counter alone: of two writes with one counter, each node keeps the one it saw first.
    CounterOnly,
}

impl Order {
    /// True if `new` replaces `old`.
    pub fn is_newer(self, new: Stamp, old: Stamp) -> bool {
        match self {
            Self::Total => new > old,
            Self::CounterOnly => new.counter > old.counter,
        }
    }
}

/// When a replica stores what it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Storing {
    /// If it is newer than what is there.
    IfNewer(Order),
    /// Always: what arrives last stays.
    Always,
}

/// The registers of one node.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Registers {
    initial: Value,
    written: BTreeMap<Key, Stamped>,
}

impl Registers {
    /// Registers that all hold `initial`, stamped before every write.
    pub fn new(initial: Value) -> Self {
        Self { initial, written: BTreeMap::new() }
    }

    /// What a register holds.
    pub fn get(&self, key: Key) -> Stamped {
        let initial = || Stamped { stamp: Stamp::ZERO, value: self.initial.clone() };
        self.written.get(&key).cloned().unwrap_or_else(initial)
    }

    /// The stamp of what a register holds.
    pub fn stamp(&self, key: Key) -> Stamp {
        self.written.get(&key).map_or(Stamp::ZERO, |stamped| stamped.stamp)
    }

    /// Stores a value if `rule` says so. True if it did.
    pub fn store(&mut self, key: Key, new: &Stamped, rule: Storing) -> bool {
        let stores = match rule {
            Storing::IfNewer(order) => order.is_newer(new.stamp, self.stamp(key)),
            Storing::Always => true,
        };
        if stores {
            self.written.insert(key, new.clone());
        }
        stores
    }

    /// Every register that was ever written.
    pub fn written(&self) -> impl Iterator<Item = (Key, &Stamped)> {
        self.written.iter().map(|(&key, stamped)| (key, stamped))
    }

    /// The values of every register that was ever written.
    pub fn contents(&self) -> Vec<(Key, Value)> {
        self.written().map(|(key, stamped)| (key, stamped.value.clone())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::NodeId;

    const KEY: Key = Key(0);

    fn stamped(counter: u64, node: u16, value: i64) -> Stamped {
        Stamped { stamp: Stamp { counter, node: NodeId(node) }, value: value.into() }
    }

    /// Stores all in one order, then in the other; returns the two values at the end.
    fn both_ways(writes: &[Stamped; 2], rule: Storing) -> [Value; 2] {
        let run = |order: [usize; 2]| {
            let mut registers = Registers::default();
            for index in order {
                registers.store(KEY, &writes[index], rule);
            }
            registers.get(KEY).value
        };
        [run([0, 1]), run([1, 0])]
    }

    #[test]
    fn by_the_total_order_all_arrivals_end_the_same() {
        let rule = Storing::IfNewer(Order::Total);
        assert_eq!(both_ways(&[stamped(2, 0, 5), stamped(1, 1, 1)], rule), [5.into(), 5.into()]);
        assert_eq!(both_ways(&[stamped(1, 0, 5), stamped(1, 1, 1)], rule), [1.into(), 1.into()]);
    }

    #[test]
    fn without_the_tie_break_or_the_comparison_they_do_not() {
        let tie = [stamped(1, 0, 5), stamped(1, 1, 1)];
        assert_eq!(both_ways(&tie, Storing::IfNewer(Order::CounterOnly)), [5.into(), 1.into()]);
        assert_eq!(both_ways(&[stamped(2, 0, 5), stamped(1, 1, 1)], Storing::Always), [1.into(), 5.into()]);
    }

    #[test]
    fn a_register_holds_its_initial_value_before_the_first_write() {
        let registers = Registers::new(7.into());
        assert_eq!(registers.get(KEY), Stamped { stamp: Stamp::ZERO, value: 7.into() });
        assert!(registers.contents().is_empty());
    }
}
