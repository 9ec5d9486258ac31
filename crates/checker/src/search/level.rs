//! The configurations of a refining search that have the same `m`.
//!
//! Why it exists: a search that puts configurations aside must find them again. A level keeps every configuration that
//! was not given up for good, by key, with what became of it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::rules::At;
use super::spent::SpentSets;
use crate::table::{IndexTable, hash_words};

const NONE: u32 = u32::MAX;

/// What became of a configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It waits for its turn.
    Waiting,
    /// All its moves have been made.
    Explored,
    /// It was put aside: only for the classes that were tracked does another dominate it, or it had overdrawn one.
    Aside,
    /// It was put aside: the classes that are tracked don't hold what it needs.
    Short,
}

/// One configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) at: At,
    /// The last link of its order.
    pub(super) link: u32,
    /// What it has spent beyond what there was.
    pub(super) overdrawn: u32,
    /// True if it will have to overdraw.
    pub(super) strained: bool,
    pub(super) fate: Fate,
    /// The next configuration with its key.
    next: u32,
}

impl Entry {
    pub(super) fn new(at: At, link: u32, overdrawn: u32) -> Self {
        Self { at, link, overdrawn, strained: false, fate: Fate::Waiting, next: NONE }
    }

    /// True if its order is one of the history, as far as it goes.
    pub(super) fn is_sound(&self) -> bool {
        self.overdrawn == 0 && !self.strained
    }

    /// What it has overdrawn, and what it has spent: the less, the better.
    fn cost(&self, sets: &SpentSets) -> (u32, u32) {
        (sets.total(self.overdrawn) + u32::from(self.strained), sets.total(self.at.spent))
    }
}

/// The classes that a comparison is about.
pub(super) struct Scope<'s> {
    pub(super) sets: &'s SpentSets,
    /// The classes that run out.
    pub(super) tracked: &'s [u32],
}

impl Scope<'_> {
    /// True if the first is as good as the second whatever is tracked. Those that were put aside are many, so they are
    /// only looked at for being the same.
    fn dominates(&self, first: &Entry, second: &Entry) -> bool {
        let (spent, other) = (first.at.spent, second.at.spent);
        let is_live = matches!(first.fate, Fate::Waiting | Fate::Explored);
        (spent == other || (is_live && self.sets.within(spent, other)))
            && (first.overdrawn == 0 || first.overdrawn == second.overdrawn)
    }

    /// True if the first is as good as the second for the classes that are tracked.
    fn stands_for(&self, first: &Entry, second: &Entry) -> bool {
        matches!(first.fate, Fate::Waiting | Fate::Explored)
            && self.is_allowed(first)
            && first.cost(self.sets).0 <= second.cost(self.sets).0
            && self.sets.within_for(first.at.spent, second.at.spent, self.tracked)
    }

    /// True if nothing is overdrawn that is tracked.
    pub(super) fn is_allowed(&self, entry: &Entry) -> bool {
        entry.overdrawn == 0 || self.sets.classes(entry.overdrawn).all(|class| !self.tracked.contains(&class))
    }
}

/// The configurations with one `m`.
#[derive(Debug)]
pub(super) struct Level {
    width: usize,
    /// The keys of entries, all one after the other.
    keys: Vec<u64>,
    /// For each key its newest entry, if it has any.
    heads: Vec<u32>,
    /// For each key that of the configurations that may do all that its own may, if they are others.
    freer: Vec<u32>,
    table: IndexTable,
    pub(super) entries: Vec<Entry>,
    /// The key of each entry.
    key_of: Vec<u32>,
    /// Entries that wait and are sound, by cost, then by age; and those that are not.
    waiting: [BinaryHeap<Reverse<(u32, u32, u32)>>; 2],
    /// Entries that were put aside.
    aside: Vec<u32>,
}

impl Level {
    /// For keys of `width` words.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            keys: Vec::new(),
            heads: Vec::new(),
            freer: Vec::new(),
            table: IndexTable::default(),
            entries: Vec::new(),
            key_of: Vec::new(),
            waiting: [BinaryHeap::new(), BinaryHeap::new()],
            aside: Vec::new(),
        }
    }

    /// The key of an entry.
    pub(super) fn key(&self, index: u32) -> &[u64] {
        let start = self.key_of[index as usize] as usize * self.width;
        &self.keys[start..start + self.width]
    }

    /// The configurations with the key of this number, newest first.
    fn chain(&self, number: u32) -> impl Iterator<Item = u32> {
        let head = self.heads[number as usize];
        std::iter::successors((head != NONE).then_some(head), |&index| {
            let next = self.entries[index as usize].next;
            (next != NONE).then_some(next)
        })
    }

    /// The configurations that can be as good as one with this key.
    fn rivals(&self, number: u32) -> impl Iterator<Item = u32> {
        let freer = self.freer[number as usize];
        self.chain(number).chain((freer != NONE).then(|| self.chain(freer)).into_iter().flatten())
    }

    /// The number of a key, which gets one if it is new.
    fn number(&mut self, key: &[u64]) -> u32 {
        let next = u32::try_from(self.heads.len()).expect("fewer than 2^32 configurations");
        let (keys, width) = (&self.keys, self.width);
        let (number, known) = self.table.find_or_insert(hash_words(key), next, |index| {
            let start = index as usize * width;
            keys[start..start + width] == *key
        });
        if !known {
            self.keys.extend_from_slice(key);
            self.heads.push(NONE);
            self.freer.push(NONE);
        }
        number
    }

    /// Adds a configuration unless another dominates it: under its own key or, if there is one, under the key of those
    /// that are freer. Answers its index; it may have been put aside. One that counts as explored does not wait.
    pub(super) fn add(
        &mut self,
        key: &[u64],
        freer: Option<&[u64]>,
        mut entry: Entry,
        scope: &Scope<'_>,
    ) -> Option<u32> {
        let number = self.number(key);
        if let Some(freer) = freer {
            self.freer[number as usize] = self.number(freer);
        }
        let cost = entry.cost(scope.sets);
        for other in self.rivals(number) {
            let other = &self.entries[other as usize];
            if scope.dominates(other, &entry) {
                return None;
            }
            let in_time = other.fate == Fate::Explored || other.cost(scope.sets) <= cost;
            if in_time && entry.fate != Fate::Aside && scope.stands_for(other, &entry) {
                entry.fate = Fate::Aside;
            }
        }
        if !scope.is_allowed(&entry) {
            entry.fate = Fate::Aside;
        }
        let index = u32::try_from(self.entries.len()).expect("fewer than 2^32 configurations");
        entry.next = std::mem::replace(&mut self.heads[number as usize], index);
        self.entries.push(entry);
        self.key_of.push(number);
        match entry.fate {
            Fate::Waiting => self.wait(index, scope.sets),
            Fate::Explored => {}
            Fate::Aside | Fate::Short => self.aside.push(index),
        }
        Some(index)
    }

    fn wait(&mut self, index: u32, sets: &SpentSets) {
        let entry = &mut self.entries[index as usize];
        entry.fate = Fate::Waiting;
        let (overdrawn, spent) = entry.cost(sets);
        self.waiting[usize::from(overdrawn > 0)].push(Reverse((overdrawn, spent, index)));
    }

    /// True if a configuration waits, sound or not.
    pub(super) fn waits(&self, sound: bool) -> bool {
        !self.waiting[usize::from(!sound)].is_empty()
    }

    /// True if the level can be forgotten: nothing waits or was put aside.
    pub(super) fn is_done(&self) -> bool {
        self.aside.is_empty() && !self.waits(true) && !self.waits(false)
    }

    /// The next configuration that waits; it counts as explored. None if a better one has come since.
    pub(super) fn take(&mut self, sound: bool, scope: &Scope<'_>) -> Option<u32> {
        let Reverse((_, _, index)) = self.waiting[usize::from(!sound)].pop()?;
        let entry = self.entries[index as usize];
        assert_eq!(entry.fate, Fate::Waiting, "only those that wait are in the queue");
        let is_better = |other: u32| {
            let other = &self.entries[other as usize];
            other.cost(scope.sets) < entry.cost(scope.sets) && scope.stands_for(other, &entry)
        };
        let number = self.key_of[index as usize];
        if !scope.is_allowed(&entry) || self.chain(number).take_while(|&other| other != index).any(is_better)
        {
            self.put_aside(index, Fate::Aside);
            return None;
        }
        self.entries[index as usize].fate = Fate::Explored;
        Some(index)
    }

    /// Puts a configuration aside.
    pub(super) fn put_aside(&mut self, index: u32, fate: Fate) {
        self.entries[index as usize].fate = fate;
        self.aside.push(index);
    }

    /// Lets a configuration wait again, as one that will have to overdraw.
    pub(super) fn strain(&mut self, index: u32, sets: &SpentSets) {
        self.entries[index as usize].strained = true;
        self.wait(index, sets);
    }

    /// Lets those that were put aside wait again if nothing stands for them any more. `anew` says that classes are no
    /// longer tracked that were.
    pub(super) fn revive(&mut self, anew: bool, scope: &Scope<'_>) {
        let mut aside = std::mem::take(&mut self.aside);
        aside.sort_by_cached_key(|&index| self.entries[index as usize].cost(scope.sets));
        aside.retain(|&index| {
            let entry = self.entries[index as usize];
            let stays = (entry.fate == Fate::Short && !anew)
                || !scope.is_allowed(&entry)
                || self
                    .rivals(self.key_of[index as usize])
                    .any(|other| scope.stands_for(&self.entries[other as usize], &entry));
            if !stays {
                self.wait(index, scope.sets);
            }
            stays
        });
        self.aside = aside;
    }

    pub(super) fn bytes(&self) -> usize {
        self.keys.capacity() * size_of::<u64>()
            + (self.heads.capacity() + self.freer.capacity() + self.key_of.capacity() + self.aside.capacity())
                * size_of::<u32>()
            + self.table.bytes()
            + self.entries.capacity() * size_of::<Entry>()
            + self.waiting.iter().map(BinaryHeap::capacity).sum::<usize>() * size_of::<(u32, u32, u32)>()
    }
}
