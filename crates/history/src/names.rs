//! Names of keys and clients, numbered in the order of their first appearance.
//!
//! A history file may name a million keys, so the table is a hash table of its own: open addressing with linear
//! probing over one array, the text of all names in one string. It is deterministic (the hash has no random seed)
//! and still safe against names that someone chose to collide: a name that finds no place within
//! [`PROBE_LIMIT`] slots goes to an ordered map, so a lookup never costs more than that many probes and O(log n).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// How many slots a lookup tries before it turns to the ordered map.
const PROBE_LIMIT: usize = 32;

/// A table of names: number to name and back. Numbers are dense and start at 0.
#[derive(Clone, Default)]
pub struct Names {
    /// All names, one after another.
    text: String,
    /// Where each name ends in `text`; it starts where the one before it ends.
    ends: Vec<usize>,
    /// The hash table; its length is zero or a power of two, and at most half of it is in use.
    slots: Vec<Slot>,
    /// Names that found no free slot in reach.
    crowded_out: BTreeMap<Arc<str>, u32>,
}

/// One place of the hash table. A place that is free has the number [`FREE`].
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// The low half of the name's hash: most comparisons end here, without touching the text.
    hash: u32,
    number: u32,
}

const FREE: u32 = u32::MAX;

impl Names {
    /// The number of `name`, which gets the next one if it is new.
    ///
    /// # Panics
    /// When there are more than `u32::MAX - 1` names.
    pub fn number(&mut self, name: &str) -> u32 {
        let hash = hash(name.as_bytes());
        if let Some(number) = self.look_up(name, hash) {
            return number;
        }
        let number = u32::try_from(self.ends.len()).expect("fewer than 2^32 names");
        assert!(number != FREE, "fewer than 2^32 - 1 names");
        self.text.push_str(name);
        self.ends.push(self.text.len());
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        } else {
            self.place(number, hash);
        }
        number
    }

    /// The number of `name`, if it has one.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.look_up(name, hash(name.as_bytes()))
    }

    /// The name with this number.
    ///
    /// # Panics
    /// When no name has it.
    pub fn name(&self, number: u32) -> &str {
        let index = number as usize;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there is no name.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// All names, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut start = 0;
        self.ends.iter().map(move |&end| &self.text[std::mem::replace(&mut start, end)..end])
    }

    fn look_up(&self, name: &str, hash: u64) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        for index in self.probes(hash) {
            let slot = self.slots[index];
            if slot.number == FREE {
                return None;
            }
            if slot.hash == low(hash) && self.name(slot.number) == name {
                return Some(slot.number);
            }
        }
        self.crowded_out.get(name).copied()
    }

    /// The slots where a name with this hash may be, best first.
    fn probes(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        // The top bits choose the slot, the low ones are stored: the two stay independent.
        let home = usize::try_from(hash >> 32).unwrap_or(usize::MAX) & mask;
        (0..PROBE_LIMIT.min(mask + 1)).map(move |step| (home + step) & mask)
    }

    fn place(&mut self, number: u32, hash: u64) {
        match self.probes(hash).find(|&index| self.slots[index].number == FREE) {
            Some(index) => self.slots[index] = Slot { hash: low(hash), number },
            None => {
                self.crowded_out.insert(self.name(number).into(), number);
            }
        }
    }

    /// Doubles the table and finds every name its place anew.
    fn grow(&mut self) {
        let length = (self.slots.len() * 2).max(16);
        self.slots.clear();
        self.slots.resize(length, Slot { hash: 0, number: FREE });
        self.crowded_out.clear();
        for index in 0..self.ends.len() {
            let number = u32::try_from(index).expect("fewer than 2^32 names");
            self.place(number, hash(self.name(number).as_bytes()));
        }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<S: AsRef<str>> FromIterator<S> for Names {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut table = Self::default();
        for name in names {
            table.number(name.as_ref());
        }
        table
    }
}

#[allow(clippy::cast_possible_truncation)] // the low half is what is wanted
fn low(hash: u64) -> u32 {
    hash as u32
}

/// Eight bytes at a time: xor, multiply, fold (the mixing step of wyhash), and the length at the end.
fn hash(bytes: &[u8]) -> u64 {
    fn mix(state: u64, word: u64) -> u64 {
        let product = u128::from(state ^ word ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db_u128;
        #[allow(clippy::cast_possible_truncation)] // folding the two halves is the point
        let folded = (product >> 64) as u64 ^ product as u64;
        folded
    }
    let mut state = 0;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        state = mix(state, u64::from_le_bytes(chunk.try_into().expect("eight bytes")));
    }
    let mut tail = [0; 8];
    tail[..chunks.remainder().len()].copy_from_slice(chunks.remainder());
    mix(mix(state, u64::from_le_bytes(tail)), bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense_and_names_come_back() {
        let names: Names = ["x", "", "y", "x", "longer than eight bytes", ""].into_iter().collect();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["x", "", "y", "longer than eight bytes"]);
        assert_eq!((names.find(""), names.find("y"), names.find("z")), (Some(1), Some(2), None));
        assert_eq!((names.len(), names.name(3)), (4, "longer than eight bytes"));
        assert!(Names::default().is_empty() && Names::default().find("x").is_none());
    }

    #[test]
    fn the_table_agrees_with_an_ordered_map_over_many_names() {
        let mut names = Names::default();
        let mut model: BTreeMap<String, u32> = BTreeMap::new();
        for step in 0..50_000_u32 {
            let name = format!("k{}", step.wrapping_mul(2_654_435_761) % 20_011);
            let next = u32::try_from(model.len()).expect("small");
            let expected = *model.entry(name.clone()).or_insert(next);
            assert_eq!(names.number(&name), expected, "{name}");
        }
        assert_eq!(names.len(), model.len());
        for (name, number) in &model {
            assert_eq!((names.find(name), names.name(*number)), (Some(*number), name.as_str()));
        }
    }

    /// Names that all want the same slot must not make lookups linear: past the probe limit they live in the map.
    #[test]
    fn crowded_names_are_still_found() {
        let mut names = Names::default();
        let crowd: Vec<String> = (0..400_000_u32)
            .map(|n| format!("n{n}"))
            .filter(|name| (hash(name.as_bytes()) >> 32).trailing_zeros() >= 11)
            .take(100)
            .collect();
        assert_eq!(crowd.len(), 100);
        for (expected, name) in crowd.iter().enumerate() {
            assert_eq!(names.number(name) as usize, expected);
        }
        assert!(!names.crowded_out.is_empty());
        for (expected, name) in crowd.iter().enumerate() {
            assert_eq!(names.find(name).map(|number| number as usize), Some(expected));
            assert_eq!(names.number(name) as usize, expected);
        }
    }
}
