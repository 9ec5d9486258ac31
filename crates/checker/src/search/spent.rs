//! Which operations of unknown outcome a configuration has spent: counts by class, interned.
//!
//! Why it exists: the counts are the one part of a configuration that grows with the number of pending operations.
//! Interned, they are one word again, and comparing two of them is rare.
//!
//! **Domination** (reduction 4). Of two configurations that differ only in what they have spent, one *dominates* the
//! other if it can go on with whatever the other goes on with. It can if it has spent no more of any class: the
//! operations left to it include all that are left to the other. It also can if, for what it has spent more of
//! compare-and-sets that leave a value, it has spent as many fewer plain writes of this value: wherever the other goes
//! on with such a compare-and-set, it goes on with the write, which is legal everywhere and leaves the same. Nothing is
//! too early: what either has spent could come next before now. The order that it goes on with is as long as
//! the other's, so a chain of configurations of which each is given up for the next comes to an end.

use crate::table::{IndexTable, PairMap, mix};

/// Numbers for multisets of pending classes; 0 is the empty one.
#[derive(Debug)]
pub(super) struct SpentSets {
    /// (class, count) by class, all sets one after the other.
    entries: Vec<(u32, u32)>,
    ends: Vec<usize>,
    /// How many operations each set holds.
    totals: Vec<u32>,
    table: IndexTable,
    successors: PairMap,
    /// For each class: the class of plain writes that can take its place, if there is one.
    made_up_by: Vec<Option<u32>>,
}

impl SpentSets {
    /// Sets of classes, for each of which another may make up.
    pub(super) fn new(made_up_by: Vec<Option<u32>>) -> Self {
        let mut sets = Self {
            entries: Vec::new(),
            ends: Vec::new(),
            totals: Vec::new(),
            table: IndexTable::default(),
            successors: PairMap::default(),
            made_up_by,
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
            self.totals.push(wanted.iter().map(|&(_, count)| count).sum());
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
        self.totals[set as usize]
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

    /// True if having spent the first set is no worse than having spent the second.
    pub(super) fn within(&self, first: u32, second: u32) -> bool {
        if first == second || first == 0 {
            return true;
        }
        if self.total(first) > self.total(second) {
            return false;
        }
        let mut rest = self.entries_of(second);
        let missing = self.entries_of(first).iter().filter_map(|&(class, count)| {
            let position = rest.iter().position(|other| other.0 >= class).unwrap_or(rest.len());
            rest = &rest[position..];
            let other = rest.first().filter(|other| other.0 == class).map_or(0, |other| other.1);
            (count > other).then(|| (class, count - other))
        });
        self.is_made_up_for(first, second, missing, |_| true)
    }

    /// The same if only the classes of a list run out.
    pub(super) fn within_for(&self, first: u32, second: u32, tracked: &[u32]) -> bool {
        let missing = tracked.iter().filter_map(|&class| {
            let (count, other) = (self.count(first, class), self.count(second, class));
            (count > other).then(|| (class, count - other))
        });
        first == second || self.is_made_up_for(first, second, missing, |write| tracked.contains(&write))
    }

    /// True if for each class that is missing there are as many plain writes in the second set that are not in the
    /// first, none counted twice. The write's class has to run out, or it counts for nothing: it may be too early.
    fn is_made_up_for(
        &self,
        first: u32,
        second: u32,
        missing: impl Iterator<Item = (u32, u32)>,
        runs_out: impl Fn(u32) -> bool,
    ) -> bool {
        let mut borrowed: Vec<(u32, u32)> = Vec::new();
        for (class, number) in missing {
            let write = self.made_up_by.get(class as usize).copied().flatten();
            let Some(write) = write.filter(|&write| runs_out(write)) else { return false };
            match borrowed.iter_mut().find(|(other, _)| *other == write) {
                Some((_, sum)) => *sum += number,
                None => borrowed.push((write, number)),
            }
        }
        borrowed.iter().all(|&(write, number)| self.count(first, write) + number <= self.count(second, write))
    }

    /// The classes of a set.
    pub(super) fn classes(&self, set: u32) -> impl Iterator<Item = u32> + '_ {
        self.entries_of(set).iter().map(|&(class, _)| class)
    }

    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<(u32, u32)>()
            + self.ends.capacity() * size_of::<usize>()
            + self.totals.capacity() * size_of::<u32>()
            + self.table.bytes()
            + self.successors.bytes()
            + self.made_up_by.capacity() * size_of::<Option<u32>>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_within_another_iff_no_count_is_larger() {
        let mut sets = SpentSets::new(Vec::new());
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

    #[test]
    fn a_plain_write_makes_up_for_swaps_of_the_same_value() {
        // 1 and 2 are swaps for what 0 writes.
        let mut sets = SpentSets::new(vec![None, Some(0), Some(0)]);
        let mut of = |classes: &[u32]| classes.iter().fold(0, |set, &class| sets.with(set, class));
        let (write, swap, swaps, two) = (of(&[0]), of(&[1]), of(&[1, 2]), of(&[0, 0]));
        for (first, second, within) in [
            (swap, write, true),
            (write, swap, false),
            (swaps, write, false),
            (swaps, two, true),
            (of(&[0, 1]), two, true),
            (of(&[0, 1, 2]), two, false),
        ] {
            assert_eq!(sets.within(first, second), within, "{first} {second}");
        }
        assert!(sets.within_for(swaps, write, &[0, 1]));
        assert!(!sets.within_for(swaps, write, &[0, 1, 2]));
        assert!(!sets.within_for(swap, 0, &[1]), "what is not tracked may be too early to make up");
        assert!(sets.within_for(swap, 0, &[0, 2]));
    }
}
