//! The registers of one node, whatever their versions are.

use std::collections::BTreeMap;

use anachron_vocabulary::{Key, Value};

use super::{Order, Reading, Stamped, Versions, reading::is_as_if_never_written};

/// When a replica stores what it is sent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Storing {
    /// If it is newer than what is there.
    IfNewer(Order),
    /// Always: what arrives last stays.
    Always,
}

/// The registers of one node.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Registers<V = Stamped> {
    initial: Value,
    absent: V,
    written: BTreeMap<Key, V>,
}

impl<V: Versions> Registers<V> {
    /// Registers that all hold `initial`, older than every write.
    pub fn new(initial: Value) -> Self {
        Self { absent: V::absent(&initial), initial, written: BTreeMap::new() }
    }

    /// What a register holds.
    pub fn get(&self, key: Key) -> &V {
        self.written.get(&key).unwrap_or(&self.absent)
    }

    /// What a register holds before it is first written.
    pub fn initial(&self) -> &Value {
        &self.initial
    }

    /// Stores a value if `rule` says so. True if it did.
    pub fn store(&mut self, key: Key, new: &V, rule: Storing) -> bool {
        match rule {
            Storing::IfNewer(order) => {
                if let Some(held) = self.written.get_mut(&key) {
                    return held.merge(new, order);
                }
                let mut held = self.absent.clone();
                let stores = held.merge(new, order);
                if stores {
                    self.written.insert(key, held);
                }
                stores
            }
            Storing::Always => {
                self.written.insert(key, new.clone());
                true
            }
        }
    }

    /// Forgets a register.
    pub fn forget(&mut self, key: Key) {
        self.written.remove(&key);
    }

    /// Every register that was ever written and not forgotten.
    pub fn written(&self) -> impl Iterator<Item = (Key, &V)> {
        self.written.iter().map(|(&key, versions)| (key, versions))
    }

    /// What every register shows that was ever written; deleted ones are left out where nobody could tell.
    pub fn contents(&self) -> Vec<(Key, Value)> {
        self.written()
            .filter(|(_, versions)| !is_as_if_never_written(*versions, &self.initial))
            .map(|(key, versions)| (key, Reading::All.read(versions, &self.initial)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::{Content, Stamp};
    use anachron_vocabulary::NodeId;

    const KEY: Key = Key(0);

    fn stamped(counter: u64, node: u16, content: Content) -> Stamped {
        Stamped { stamp: Stamp { counter, node: NodeId(node) }, content }
    }

    #[test]
    fn without_the_comparison_what_arrives_last_stays() {
        let writes = [stamped(2, 0, Content::Value(5.into())), stamped(1, 1, Content::Value(1.into()))];
        for (rule, end) in [(Storing::IfNewer(Order::Total), 5), (Storing::Always, 1)] {
            let mut registers = Registers::new(Value::Null);
            for write in &writes {
                registers.store(KEY, write, rule);
            }
            assert_eq!(registers.contents(), vec![(KEY, Value::Integer(end))]);
        }
    }

    #[test]
    fn a_register_holds_its_initial_value_before_the_first_write_and_nothing_once_deleted() {
        let mut registers = Registers::<Stamped>::new(7.into());
        assert_eq!(*registers.get(KEY), Stamped::new(Stamp::ZERO, 7.into()));
        assert!(registers.contents().is_empty());
        let rule = Storing::IfNewer(Order::Total);
        assert!(registers.store(KEY, &stamped(1, 0, Content::Deleted), rule));
        assert_eq!(registers.contents(), vec![(KEY, Value::Null)]);
        registers.forget(KEY);
        assert!(registers.contents().is_empty());
        let mut registers = Registers::<Stamped>::new(Value::Null);
        registers.store(KEY, &stamped(1, 0, Content::Deleted), rule);
        assert!(registers.contents().is_empty(), "a reader can't tell");
    }
}
