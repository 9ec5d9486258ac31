//! The configurations that a search has been in.
//!
//! A key is a slice of words; under it lie the spent sets seen with it, and how far each had covered plain writes. Of two
//! configurations that differ only in these, one that has spent no more and covered no less dominates: whatever order the
//! other goes on with, it can go on with too (the operations left to it include all that are left to the other, and it
//! may leave out as many). So a configuration is worth exploring only if none under its key dominates it. What is
//! dominated later stays in the list; it does no harm.

use super::spent::SpentSets;
use crate::table::{IndexTable, hash_words};

const NONE: u32 = u32::MAX;

/// A set of configurations that knows about domination.
#[derive(Debug)]
pub(super) struct Seen {
    width: usize,
    keys: Vec<u64>,
    /// For each key, the head of its list of sets.
    heads: Vec<u32>,
    /// (set, covered, next).
    sets: Vec<(u32, u32, u32)>,
    table: IndexTable,
}

impl Seen {
    /// For keys of `width` words.
    pub(super) fn new(width: usize) -> Self {
        Self { width, keys: Vec::new(), heads: Vec::new(), sets: Vec::new(), table: IndexTable::default() }
    }

    fn is_key(keys: &[u64], width: usize, index: u32, key: &[u64]) -> bool {
        let start = index as usize * width;
        keys[start..start + width] == *key
    }

    fn dominated(
        &self,
        index: u32,
        (spent, covered): (u32, u32),
        sets: &SpentSets,
        domination: bool,
    ) -> bool {
        let mut at = self.heads[index as usize];
        while at != NONE {
            let (set, other, next) = self.sets[at as usize];
            if other >= covered && (set == spent || (domination && sets.within(set, spent))) {
                return true;
            }
            at = next;
        }
        false
    }

    /// True if a configuration with this key has been seen that had spent no more.
    pub(super) fn has(&self, key: &[u64], spent: (u32, u32), sets: &SpentSets, domination: bool) -> bool {
        self.table
            .find(hash_words(key), |index| Self::is_key(&self.keys, self.width, index, key))
            .is_some_and(|index| self.dominated(index, spent, sets, domination))
    }

    /// Adds a configuration; false if one has been seen that had spent no more.
    pub(super) fn add(&mut self, key: &[u64], spent: (u32, u32), sets: &SpentSets, domination: bool) -> bool {
        let next = u32::try_from(self.heads.len()).expect("fewer than 2^32 configurations");
        let (keys, width) = (&self.keys, self.width);
        let (index, known) =
            self.table.find_or_insert(hash_words(key), next, |index| Self::is_key(keys, width, index, key));
        if !known {
            self.keys.extend_from_slice(key);
            self.heads.push(NONE);
        } else if self.dominated(index, spent, sets, domination) {
            return false;
        }
        let head = &mut self.heads[index as usize];
        self.sets.push((spent.0, spent.1, *head));
        *head = u32::try_from(self.sets.len() - 1).expect("fewer than 2^32 configurations");
        true
    }

    pub(super) fn bytes(&self) -> usize {
        self.keys.capacity() * size_of::<u64>()
            + self.heads.capacity() * size_of::<u32>()
            + self.sets.capacity() * size_of::<(u32, u32, u32)>()
            + self.table.bytes()
    }
}
