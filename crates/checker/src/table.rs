//! A hash table from keys that live elsewhere to small numbers, the same on every machine.
//!
//! Why it exists: the search remembers millions of configurations of a few words each. The keys lie in one flat
//! array, the table holds only a tag and an index, and nothing depends on a random seed or on addresses.

use std::hash::{Hash, Hasher};

/// A count as a word of 32 bits; 2^32 operations of one object don't fit into memory.
pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).expect("fewer than 2^32")
}

/// Mixes one word into a hash (the multiply-and-fold of wyhash).
pub(crate) fn mix(hash: u64, word: u64) -> u64 {
    let product = u128::from(hash ^ 0x9e37_79b9_7f4a_7c15) * u128::from(word ^ 0xd6e8_feb8_6659_fd93);
    #[allow(clippy::cast_possible_truncation)] // folding the halves is the point
    let folded = (product as u64) ^ ((product >> 64) as u64);
    folded
}

/// Hash of a slice of words.
pub(crate) fn hash_words(words: &[u64]) -> u64 {
    words.iter().fold(words.len() as u64, |hash, &word| mix(hash, word))
}

/// A hasher without a seed.
struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        mix(self.0, 1)
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = mix(self.0, u64::from_le_bytes(word));
        }
        self.0 = mix(self.0, bytes.len() as u64);
    }

    fn write_u8(&mut self, value: u8) {
        self.0 = mix(self.0, u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.0 = mix(self.0, u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = mix(self.0, value);
    }

    fn write_usize(&mut self, value: usize) {
        self.0 = mix(self.0, value as u64);
    }
}

/// Hash of any value.
pub(crate) fn hash_of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = Fold(0);
    value.hash(&mut hasher);
    hasher.finish()
}

/// Open addressing with linear probing. A slot is 0 when empty, else a 32-bit tag and the index plus one.
#[derive(Debug, Default)]
pub(crate) struct IndexTable {
    /// Invariant: empty, or a power of two of slots of which at most two thirds are taken.
    slots: Vec<u64>,
    taken: usize,
}

impl IndexTable {
    /// The index of the key with this hash that `is_same` recognises; `new` takes its place if there is none.
    /// Answers the index, and whether it was already there.
    pub(crate) fn find_or_insert(
        &mut self,
        hash: u64,
        new: u32,
        mut is_same: impl FnMut(u32) -> bool,
    ) -> (u32, bool) {
        if (self.taken + 1) * 3 > self.slots.len() * 2 {
            self.grow();
        }
        let tag = hash >> 32;
        let mask = self.slots.len() - 1;
        let mut position = Self::start(tag, mask);
        loop {
            let slot = self.slots[position];
            if slot == 0 {
                self.slots[position] = (tag << 32) | (u64::from(new) + 1);
                self.taken += 1;
                return (new, false);
            }
            if slot >> 32 == tag {
                let index = Self::index(slot);
                if is_same(index) {
                    return (index, true);
                }
            }
            position = (position + 1) & mask;
        }
    }

    /// The index of the key with this hash that `is_same` recognises.
    pub(crate) fn find(&self, hash: u64, mut is_same: impl FnMut(u32) -> bool) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let tag = hash >> 32;
        let mask = self.slots.len() - 1;
        let mut position = Self::start(tag, mask);
        loop {
            let slot = self.slots[position];
            if slot == 0 {
                return None;
            }
            if slot >> 32 == tag && is_same(Self::index(slot)) {
                return Some(Self::index(slot));
            }
            position = (position + 1) & mask;
        }
    }

    /// Bytes that the table takes.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<u64>()
    }

    #[allow(clippy::cast_possible_truncation)] // a tag has 32 bits
    fn start(tag: u64, mask: usize) -> usize {
        tag as usize & mask
    }

    #[allow(clippy::cast_possible_truncation)] // the low half of a slot
    fn index(slot: u64) -> u32 {
        (slot & 0xffff_ffff) as u32 - 1
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 2).max(16);
        let old = std::mem::replace(&mut self.slots, vec![0; size]);
        for slot in old.into_iter().filter(|&slot| slot != 0) {
            let mut position = Self::start(slot >> 32, size - 1);
            while self.slots[position] != 0 {
                position = (position + 1) & (size - 1);
            }
            self.slots[position] = slot;
        }
    }
}

/// Numbers for values: dense, in the order of first appearance.
#[derive(Debug)]
pub(crate) struct Interner<T> {
    values: Vec<T>,
    table: IndexTable,
}

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self { values: Vec::new(), table: IndexTable::default() }
    }
}

impl<T: Hash + Eq> Interner<T> {
    /// The number of this value, which gets the next one if it is new.
    pub(crate) fn number(&mut self, value: T) -> u32 {
        let next = count(self.values.len());
        let (index, known) =
            self.table.find_or_insert(hash_of(&value), next, |index| self.values[index as usize] == value);
        if !known {
            self.values.push(value);
        }
        index
    }

    /// The number of this value, if it has one.
    pub(crate) fn find(&self, value: &T) -> Option<u32> {
        self.table.find(hash_of(value), |index| self.values[index as usize] == *value)
    }

    pub(crate) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes() + self.values.capacity() * size_of::<T>()
    }
}

/// A map from pairs of numbers to a number, for remembered transitions.
#[derive(Debug, Default)]
pub(crate) struct PairMap {
    entries: Vec<(u32, u32, u32)>,
    table: IndexTable,
}

impl PairMap {
    pub(crate) fn get(&self, first: u32, second: u32) -> Option<u32> {
        let hash = mix(u64::from(first) + 1, u64::from(second));
        self.table
            .find(hash, |index| {
                let (a, b, _) = self.entries[index as usize];
                (a, b) == (first, second)
            })
            .map(|index| self.entries[index as usize].2)
    }

    /// Adds a pair that is not there yet.
    pub(crate) fn insert(&mut self, first: u32, second: u32, value: u32) {
        let hash = mix(u64::from(first) + 1, u64::from(second));
        let next = count(self.entries.len());
        let (_, known) = self.table.find_or_insert(hash, next, |index| {
            let (a, b, _) = self.entries[index as usize];
            (a, b) == (first, second)
        });
        assert!(!known, "a pair is added once");
        self.entries.push((first, second, value));
    }

    pub(crate) fn bytes(&self) -> usize {
        self.table.bytes() + self.entries.capacity() * size_of::<(u32, u32, u32)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interner_keeps_its_numbers_while_it_grows() {
        let mut interner = Interner::default();
        for round in 0..2 {
            for value in 0..10_000_u32 {
                assert_eq!(interner.number(value * 7), value, "round {round}");
            }
        }
        assert_eq!(interner.len(), 10_000);
        assert_eq!(*interner.get(3), 21);
    }

    #[test]
    fn a_pair_map_finds_what_was_put_in_and_nothing_else() {
        let mut map = PairMap::default();
        for first in 0..100 {
            for second in 0..100 {
                map.insert(first, second, first * second);
            }
        }
        assert_eq!(map.get(99, 98), Some(99 * 98));
        assert_eq!(map.get(100, 0), None);
    }
}
