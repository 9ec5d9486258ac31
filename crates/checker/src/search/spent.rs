//! Which operations of unknown outcome a configuration has spent: counts by class, interned.
//!
//! Why it exists: the counts are the one part of a configuration that grows with the number of pending operations.
//! Interned, they are one word again, and comparing two of them is rare.

use crate::table::{IndexTable, PairMap, mix};

/// Numbers for multisets of pending classes; 0 is the empty one.
#[derive(Debug)]
pub(super) struct SpentSets {
    /// (class, count) by class, all sets one after the other.
    entries: Vec<(u32, u32)>,
    ends: Vec<usize>,
    table: IndexTable,
    successors: PairMap,
}

impl SpentSets {
    pub(super) fn new() -> Self {
        let mut sets = Self {
            entries: Vec::new(),
            ends: Vec::new(),
            table: IndexTable::default(),
            successors: PairMap::default(),
        };
        let empty = sets.intern(&[]);
        assert_eq!(empty, 0, "the empty set is number 0");
        sets
    }

    fn entries_of(&self, set: u32) -> &[(u32, u32)] {
        let set = set as usize;
        let start = if set == 0 { 0 } else { self.ends[set - 1] };
        &self.entries[start..self.ends[set]]
    }

    fn intern(&mut self, wanted: &[(u32, u32)]) -> u32 {
        let hash = wanted
            .iter()
            .fold(0, |hash, &(class, count)| mix(hash, (u64::from(class) << 32) | u64::from(count)));
        let next = u32::try_from(self.ends.len()).expect("fewer than 2^32 sets");
        let (entries, ends) = (&self.entries, &self.ends);
        let (set, known) = self.table.find_or_insert(hash, next, |set| {
            let set = set as usize;
            let start = if set == 0 { 0 } else { ends[set - 1] };
            entries[start..ends[set]] == *wanted
        });
        if !known {
            self.entries.extend_from_slice(wanted);
            self.ends.push(self.entries.len());
        }
        set
    }

    /// How many of this class the set holds.
    pub(super) fn count(&self, set: u32, class: u32) -> u32 {
        let entries = self.entries_of(set);
        entries.binary_search_by_key(&class, |&(class, _)| class).map_or(0, |position| entries[position].1)
    }

    /// How many operations the set holds.
    pub(super) fn total(&self, set: u32) -> u32 {
        self.entries_of(set).iter().map(|&(_, count)| count).sum()
    }

    /// The set with one more of this class.
    pub(super) fn with(&mut self, set: u32, class: u32) -> u32 {
        if let Some(successor) = self.successors.get(set, class) {
            return successor;
        }
        let mut entries = self.entries_of(set).to_vec();
        match entries.binary_search_by_key(&class, |&(class, _)| class) {
            Ok(position) => entries[position].1 += 1,
            Err(position) => entries.insert(position, (class, 1)),
        }
        let successor = self.intern(&entries);
        self.successors.insert(set, class, successor);
        successor
    }

    /// True if the second set holds everything that the first holds.
    pub(super) fn within(&self, first: u32, second: u32) -> bool {
        if first == second || first == 0 {
            return true;
        }
        let mut rest = self.entries_of(second).iter();
        self.entries_of(first).iter().all(|&(class, count)| {
            rest.by_ref()
                .find(|other| other.0 >= class)
                .is_some_and(|other| other.0 == class && other.1 >= count)
        })
    }

    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(u32, u32)>()
            + self.ends.capacity() * size_of::<usize>()
            + self.table.bytes()
            + self.successors.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_within_another_iff_no_count_is_larger() {
        let mut sets = SpentSets::new();
        let mut of = |classes: &[u32]| classes.iter().fold(0, |set, &class| sets.with(set, class));
        let (a, ab, ba, aab, b, c) = (of(&[1]), of(&[1, 2]), of(&[2, 1]), of(&[1, 2, 1]), of(&[2]), of(&[3]));
        assert_eq!(ab, ba);
        for (first, second, within) in [
            (0, a, true),
            (a, ab, true),
            (b, ab, true),
            (ab, aab, true),
            (aab, ab, false),
            (c, aab, false),
            (a, b, false),
        ] {
            assert_eq!(sets.within(first, second), within, "{first} {second}");
        }
        assert_eq!((sets.count(aab, 1), sets.count(aab, 3), sets.total(aab)), (2, 0, 3));
    }
}
