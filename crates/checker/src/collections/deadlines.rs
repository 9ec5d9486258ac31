//! By when values have to be removed, and whether removes of unknown outcome can do it.
//!
//! Each value needs a remove of its own that was called by its deadline. The earliest call for the earliest deadline
//! succeeds if anything does: a remove that was called early can do all that a later one can.

use std::collections::BTreeMap;

use super::Collection;

/// Who can remove only once a value is gone: from when on that is asked for, and until when it must be done.
///
/// Invariant: the ends grow with the beginnings. An entry that begins no later and ends no earlier than another asks
/// for nothing more, and is not kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    ends: BTreeMap<i64, i64>,
}

impl Deadlines {
    /// Whatever is certainly there before `begin` has to be gone by `end`.
    pub(super) fn add(&mut self, begin: i64, end: i64) {
        if self.ends.range(begin..).next().is_some_and(|(_, &other)| other <= end) {
            return;
        }
        while let Some((&other, _)) =
            self.ends.range(..=begin).next_back().filter(|&(_, &other)| other >= end)
        {
            self.ends.remove(&other);
        }
        self.ends.insert(begin, end);
    }

    /// By when a value has to be gone whose insert returned at this moment.
    pub(super) fn of(&self, insert_return: i64) -> Option<i64> {
        self.ends.range(insert_return.checked_add(1)?..).next().map(|(_, &end)| end)
    }
}

/// True if by some deadline fewer pending removes were called than are needed by then.
pub(super) fn missed(collection: &Collection, mut deadlines: Vec<i64>) -> bool {
    let mut calls: Vec<i64> = collection.pending.iter().map(|pending| pending.call).collect();
    calls.sort_unstable();
    deadlines.sort_unstable();
    deadlines.len() > calls.len() || deadlines.iter().zip(&calls).any(|(deadline, call)| call > deadline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Dice;

    #[test]
    fn deadlines_are_the_least_of_all() {
        let mut dice = Dice::new(1);
        for _ in 0..1000 {
            let mut deadlines = Deadlines::default();
            let mut all = Vec::new();
            for _ in 0..dice.below(8) {
                let (begin, end) = (dice.number(10), dice.number(10));
                deadlines.add(begin, end);
                all.push((begin, end));
            }
            for moment in -1..11 {
                let least = all.iter().filter(|&&(begin, _)| begin > moment).map(|&(_, end)| end).min();
                assert_eq!(deadlines.of(moment), least, "{moment} in {all:?}");
            }
        }
    }
}
