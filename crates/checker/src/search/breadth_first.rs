//! Breadth first: all configurations at one return, then those at the next (just-in-time linearization).
//!
//! A *level* holds the configurations with the same `m`. It is worked off, those that have spent the fewest pending
//! operations first, until every configuration has placed `m` or died. Then the level is forgotten but for the links
//! that lead back along each order. So memory follows the width of the search, plus two words a configuration.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use super::frontier::Configuration;
use super::rules::{At, Rules};
use super::seen::Seen;
use super::{Move, Run, Spending};
use crate::machine::{ILLEGAL, Machine};
use crate::table::count;

const ROOT: u32 = u32::MAX;

/// A configuration that waits for its turn.
#[derive(Clone, Copy, Debug)]
struct Entry {
    at: At,
    /// The last link of its order.
    link: u32,
}

/// The configurations with one `m`.
#[derive(Debug)]
struct Level {
    seen: Seen,
    entries: Vec<Entry>,
    /// Bits over slots of each entry, one after the other.
    bits: Vec<u64>,
    /// Entries that wait: by what they have spent, then by age.
    waiting: BinaryHeap<Reverse<(u32, u32)>>,
}

/// A breadth-first search that can be paused.
#[derive(Debug)]
pub(super) struct BreadthFirst {
    levels: BTreeMap<u32, Level>,
    /// The first level that is not worked off: the end, but for a window of a stream.
    until: u32,
    /// The level of `window`.
    m: u32,
    /// The required operations alive at `m`, by number.
    window: Vec<u32>,
    /// How many of the operations by opening have been in the window.
    opened: usize,
    /// (link before, move).
    links: Vec<(u32, Move)>,
    words: usize,
    /// The longest order: its last link and how many required operations it holds.
    longest: (u32, u32),
    bits: Vec<u64>,
    enabled: Vec<u32>,
    moves: Vec<Move>,
    key: Vec<u64>,
}

impl BreadthFirst {
    pub(super) fn new<M: Machine>(rules: &Rules<'_, M>) -> Self {
        let mut search = Self::empty(rules, rules.instance.len());
        let at = At { m: 0, state: rules.machine.initial(), before_unnoticed: ILLEGAL, spent: 0, covered: 0 };
        search.add(rules, at, ROOT, 0);
        search
    }

    /// A search from these configurations up to level `until`.
    pub(super) fn between<M: Machine>(rules: &mut Rules<'_, M>, from: &[Configuration], until: u32) -> Self {
        let mut search = Self::empty(rules, until);
        for configuration in from {
            search.bits.fill(0);
            for &number in &configuration.placed {
                assert_eq!(rules.instance.required[number as usize].opening, 0, "placed before the window");
                search.flip(rules, number);
            }
            let mut m = 0;
            while m < rules.instance.len() && search.is_placed(rules, m) {
                search.flip(rules, m);
                m += 1;
            }
            let mut spent = 0;
            for &(index, times) in &configuration.spent {
                for _ in 0..times {
                    spent = rules.spent_sets.with(spent, index);
                }
            }
            let Configuration { state, before_pending: before_unnoticed, .. } = *configuration;
            search.add(rules, At { m, state, before_unnoticed, spent, covered: 0 }, ROOT, 0);
        }
        search
    }

    /// The configurations of the levels that are not worked off.
    pub(super) fn frontier<M: Machine>(&mut self, rules: &Rules<'_, M>) -> Vec<Configuration> {
        let mut frontier = Vec::new();
        for (m, level) in std::mem::take(&mut self.levels) {
            let instance = rules.instance;
            let alive: Vec<u32> = instance
                .by_opening
                .iter()
                .copied()
                .take_while(|&number| instance.required[number as usize].opening <= m)
                .filter(|&number| number >= m)
                .collect();
            for (index, entry) in level.entries.iter().enumerate() {
                self.bits.copy_from_slice(&level.bits[index * self.words..][..self.words]);
                let early = alive.iter().copied().filter(|&number| self.is_placed(rules, number));
                let placed = (self.until..m).chain(early).collect();
                let spent = (0..count(instance.pending.len()))
                    .map(|pending| (pending, rules.spent_sets.count(entry.at.spent, pending)))
                    .filter(|&(_, times)| times > 0)
                    .collect();
                let At { state, before_unnoticed, .. } = entry.at;
                frontier.push(Configuration { state, before_pending: before_unnoticed, placed, spent });
            }
        }
        frontier
    }

    fn empty<M: Machine>(rules: &Rules<'_, M>, until: u32) -> Self {
        let words = rules.instance.words();
        let mut search = Self {
            levels: BTreeMap::new(),
            until,
            m: 0,
            window: Vec::new(),
            opened: 0,
            links: Vec::new(),
            words,
            longest: (ROOT, 0),
            bits: vec![0; words],
            enabled: Vec::new(),
            moves: Vec::new(),
            key: Vec::new(),
        };
        search.open(rules);
        search
    }

    /// The longest order found, and how many required operations it holds.
    pub(super) fn longest(&self) -> (Vec<Move>, u32) {
        (self.order(self.longest.0), self.longest.1)
    }

    pub(super) fn bytes(&self) -> usize {
        let levels: usize = self
            .levels
            .values()
            .map(|level| {
                level.seen.bytes()
                    + level.entries.capacity() * (size_of::<Entry>() + size_of::<(u32, u32)>())
                    + level.bits.capacity() * size_of::<u64>()
            })
            .sum();
        levels + self.links.capacity() * size_of::<(u32, Move)>()
    }

    fn order(&self, mut link: u32) -> Vec<Move> {
        let mut moves = Vec::new();
        while link != ROOT {
            let (before, step) = self.links[link as usize];
            moves.push(step);
            link = before;
        }
        moves.reverse();
        moves
    }

    /// Goes on until it is done, or has no more to spend.
    pub(super) fn run<M: Machine>(
        &mut self,
        rules: &mut Rules<'_, M>,
        spending: &mut Spending<'_, '_>,
    ) -> Run {
        loop {
            let Some((&m, level)) = self.levels.iter_mut().next() else { return Run::Exhausted };
            if m >= self.until {
                let link = level.entries[0].link;
                return Run::Found(self.order(link));
            }
            if level.waiting.is_empty() {
                self.levels.remove(&m);
                continue;
            }
            if !spending.spend(|| self.bytes() + rules.bytes()) {
                return Run::Paused;
            }
            let level = self.levels.get_mut(&m).expect("the first level");
            let Reverse((_, index)) = level.waiting.pop().expect("a configuration waits");
            let entry = level.entries[index as usize];
            let start = index as usize * self.words;
            self.bits.copy_from_slice(&level.bits[start..start + self.words]);
            self.go_to(rules, m);
            self.explore(rules, entry);
        }
    }

    /// Moves the window to level `m`.
    fn go_to<M: Machine>(&mut self, rules: &Rules<'_, M>, m: u32) {
        if m != self.m {
            assert!(m > self.m, "levels are worked off in order");
            self.m = m;
            self.open(rules);
            self.window.retain(|&number| number >= m);
        }
    }

    fn open<M: Machine>(&mut self, rules: &Rules<'_, M>) {
        let instance = rules.instance;
        let before = self.opened;
        while let Some(&number) = instance.by_opening.get(self.opened)
            && instance.required[number as usize].opening <= self.m
        {
            self.window.push(number);
            self.opened += 1;
        }
        if self.opened > before {
            self.window.sort_unstable();
        }
    }

    fn is_placed<M: Machine>(&self, rules: &Rules<'_, M>, number: u32) -> bool {
        let slot = rules.instance.required[number as usize].slot as usize;
        self.bits[slot / 64] >> (slot % 64) & 1 == 1
    }

    fn flip<M: Machine>(&mut self, rules: &Rules<'_, M>, number: u32) {
        let slot = rules.instance.required[number as usize].slot as usize;
        self.bits[slot / 64] ^= 1 << (slot % 64);
    }

    /// Goes on from the configuration of `entry` and `self.bits`.
    fn explore<M: Machine>(&mut self, rules: &mut Rules<'_, M>, entry: Entry) {
        let Entry { mut at, mut link } = entry;
        self.enabled.clear();
        for index in 0..self.window.len() {
            let number = self.window[index];
            if !self.is_placed(rules, number) {
                self.enabled.push(number);
            }
        }
        // What needs no choice. When that places `m`, the rest is the next level's business.
        let mut settled = false;
        while let Some(number) = rules.free_observer(at, self.enabled.iter().copied()) {
            settled = true;
            at = rules.after(at, Move::Required(number));
            link = self.link(link, Move::Required(number));
            self.enabled.retain(|&other| other != number);
            let m = at.m;
            at.m = self.place(rules, m, number);
            if at.m != m {
                return self.add_settled(rules, at, link);
            }
        }
        if settled {
            // Another way may have led to the same settled configuration.
            self.write_key(at);
            let level = self.levels.get_mut(&at.m).expect("the level being worked off");
            if !rules.see(&mut level.seen, &self.key, at) {
                return;
            }
        }
        let mut moves = std::mem::take(&mut self.moves);
        moves.clear();
        rules.moves(at, &self.enabled, &mut moves);
        let bits = self.bits.clone();
        for &step in &moves {
            self.bits.copy_from_slice(&bits);
            let mut after = rules.after(at, step);
            assert_ne!(after.state, ILLEGAL, "only legal moves are made");
            if let Move::Required(number) | Move::Covered(number) = step {
                after.m = self.place(rules, at.m, number);
            }
            let link = self.link(link, step);
            self.add_settled(rules, after, link);
        }
        self.moves = moves;
    }

    /// Adds a configuration whose bits are in `self.bits`, and counts how far it got.
    fn add_settled<M: Machine>(&mut self, rules: &Rules<'_, M>, at: At, link: u32) {
        let placed = at.m + self.bits.iter().map(|word| word.count_ones()).sum::<u32>();
        self.add(rules, at, link, placed);
    }

    fn link(&mut self, before: u32, step: Move) -> u32 {
        self.links.push((before, step));
        u32::try_from(self.links.len() - 1).ok().filter(|&link| link != ROOT).expect("fewer than 2^32 steps")
    }

    /// Marks an operation as placed, and answers the new `m`.
    fn place<M: Machine>(&mut self, rules: &Rules<'_, M>, m: u32, number: u32) -> u32 {
        self.flip(rules, number);
        if number != m {
            return m;
        }
        self.flip(rules, number);
        let mut next = m + 1;
        // Nobody else's bit can be meant: who has the slot of `next` before it opens returns before it opens, so before
        // `next`, and has been passed.
        while next < rules.instance.len() && self.is_placed(rules, next) {
            self.flip(rules, next);
            next += 1;
        }
        next
    }

    fn write_key(&mut self, at: At) {
        self.key.clear();
        self.key.push(u64::from(at.state));
        self.key.push(u64::from(at.before_unnoticed));
        self.key.extend_from_slice(&self.bits);
    }

    fn add<M: Machine>(&mut self, rules: &Rules<'_, M>, at: At, link: u32, placed: u32) {
        if placed > self.longest.1 {
            self.longest = (link, placed);
        }
        let words = self.words;
        let level = self.levels.entry(at.m).or_insert_with(|| Level {
            seen: Seen::new(words + 2),
            entries: Vec::new(),
            bits: Vec::new(),
            waiting: BinaryHeap::new(),
        });
        self.key.clear();
        self.key.push(u64::from(at.state));
        self.key.push(u64::from(ILLEGAL));
        self.key.extend_from_slice(&self.bits);
        if at.before_unnoticed != ILLEGAL {
            if rules.is_seen(&level.seen, &self.key, at) {
                return;
            }
            self.key[1] = u64::from(at.before_unnoticed);
        }
        if !rules.see(&mut level.seen, &self.key, at) {
            return;
        }
        let index = u32::try_from(level.entries.len()).expect("fewer than 2^32 configurations");
        level.entries.push(Entry { at, link });
        level.bits.extend_from_slice(&self.bits);
        level.waiting.push(Reverse((rules.spent_sets.total(at.spent), index)));
    }
}
