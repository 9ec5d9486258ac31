//! Breadth first with refinement: the stock of pending operations is counted only where it matters.
//!
//! Levels are worked off as in `breadth_first`. With many pending operations, what explodes is not the number of
//! configurations but the number of ways to have spent for each: after every gap that could be bridged by either of two
//! pending operations there are twice as many, none of which dominates another. Hardly any of it matters: a class that
//! is not used up need not be counted. So this search counts only the classes that are *tracked*, none at first, and
//! refines (counterexample-guided abstraction refinement: Clarke, Grumberg, Jha, Lu and Veith 2000):
//!
//! - Of two configurations that differ in classes that are not tracked only, the dearer is *put aside*, not given up.
//! - A configuration may *overdraw* a class: spend more than there is. It is then no longer sound, and waits until no
//!   sound one does.
//! - When no sound configuration is left, those that overdrew are explored. Let one get further than any sound one did:
//!   the classes that it overdrew are tracked from now on. Whoever overdrew them is put aside, and whoever was put aside
//!   and has spent less of them than those who stood for it waits again; the nearest levels first.
//! - When a sound one gets further than any did, tracking starts again with nothing.
//!
//! *An order that is found* overdraws nothing, so it is one of the history. *When nothing waits any more*, there is
//! none: take the relaxed problem in which the classes not tracked are inexhaustible, which has every order that the
//! history has. Each configuration of it that was met was explored, or has overdrawn a tracked class or lacks one
//! (so it is none of the relaxed problem's, or has no completion there), or another that was explored stands for it,
//! which dominates it in the relaxed problem. So the relaxed problem was searched to its end. *The search ends*, because
//! tracking grows between any two times that a sound configuration gets further, and with all classes tracked it
//! is the plain search.

use std::collections::{BTreeMap, BTreeSet};

use super::level::{Entry, Fate, Level, Scope};
use super::rules::{At, Limits, Rules};
use super::{Move, Run, Spending};
use crate::machine::{ILLEGAL, Machine};

const ROOT: u32 = u32::MAX;

/// How many levels back those that were put aside are looked for at first.
const FIRST_REACH: u32 = 64;

/// A refining search that can be paused.
#[derive(Debug)]
pub(super) struct Refining {
    levels: BTreeMap<u32, Level>,
    /// Levels at which sound configurations wait, and those at which others do.
    sound: BTreeSet<u32>,
    unsound: BTreeSet<u32>,
    /// The furthest level that a sound configuration was explored at.
    furthest: u32,
    /// How far back from there the search looks for what was put aside; 0 while nothing stopped it.
    reach: u32,
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
    freer: Vec<u64>,
}

fn scope<'s, M: Machine>(rules: &'s Rules<'_, M>) -> Scope<'s> {
    Scope { sets: &rules.spent_sets, tracked: &rules.tracked_classes }
}

impl Refining {
    /// True if this search is worth its pains: operations are pending, and it ends. Were pending operations inexhaustible,
    /// appends could go on for ever; and without domination nothing can stand for anything else.
    pub(super) fn suits<M: Machine>(rules: &Rules<'_, M>) -> bool {
        !rules.instance.pending.is_empty() && rules.machine.is_closed() && rules.reductions.domination
    }

    pub(super) fn new<M: Machine>(rules: &Rules<'_, M>) -> Self {
        let words = rules.instance.words();
        let mut search = Self {
            levels: BTreeMap::new(),
            sound: BTreeSet::new(),
            unsound: BTreeSet::new(),
            furthest: 0,
            reach: 0,
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
            freer: Vec::new(),
        };
        search.open(rules);
        let at = At { m: 0, state: rules.machine.initial(), before_unnoticed: ILLEGAL, spent: 0, covered: 0 };
        search.add(rules, Entry::new(at, ROOT, 0));
        search
    }

    /// The longest order found, and how many required operations it holds.
    pub(super) fn longest(&self) -> (Vec<Move>, u32) {
        (self.order(self.longest.0), self.longest.1)
    }

    pub(super) fn bytes(&self) -> usize {
        let levels: usize = self.levels.values().map(|level| level.bytes() + size_of::<Level>()).sum();
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
        rules.limits = Limits::Never;
        let run = self.run_relaxed(rules, spending);
        rules.limits = Limits::All;
        run
    }

    fn run_relaxed<M: Machine>(&mut self, rules: &mut Rules<'_, M>, spending: &mut Spending<'_, '_>) -> Run {
        loop {
            let low = self.furthest.saturating_sub(self.reach);
            let (sound, m) = match (self.sound.first(), self.unsound.range(low..).next()) {
                (Some(&m), _) => (true, m),
                // Those that overdrew have their turn once something stopped the sound ones.
                (None, Some(&m)) if self.reach > 0 => (false, m),
                _ => {
                    if !self.look_further_back(rules) {
                        return Run::Exhausted;
                    }
                    continue;
                }
            };
            if !spending.spend(|| self.bytes() + rules.bytes()) {
                return Run::Paused;
            }
            let level = self.levels.get_mut(&m).expect("a level at which somebody waits");
            let scope = scope(rules);
            let taken = level.take(sound, &scope);
            if !level.waits(sound) {
                if sound {
                    self.sound.remove(&m)
                } else {
                    self.unsound.remove(&m)
                };
            }
            if let Some(index) = taken {
                let entry = level.entries[index as usize];
                if m == rules.instance.len() && entry.is_sound() {
                    return Run::Found(self.order(entry.link));
                }
                if entry.overdrawn != 0 && m > self.furthest {
                    self.track(rules, entry.overdrawn);
                    let level = self.levels.get_mut(&m).expect("the level at hand");
                    level.put_aside(index, Fate::Aside);
                } else if m < rules.instance.len() {
                    self.bits.copy_from_slice(&level.key(index)[2..]);
                    self.go_to(rules, m);
                    self.explore(rules, m, index);
                }
            }
            self.forget(m);
        }
    }

    /// Forgets the first levels as long as they are done.
    fn forget(&mut self, m: u32) {
        while let Some(first) = self.levels.first_entry()
            && *first.key() <= m
            && first.get().is_done()
        {
            first.remove();
        }
    }

    /// Looks at levels further back for what was put aside; false if all of them have been looked at.
    fn look_further_back<M: Machine>(&mut self, rules: &mut Rules<'_, M>) -> bool {
        if self.reach > self.furthest {
            return false;
        }
        let anew = self.reach == 0;
        if anew {
            rules.track_nothing();
        }
        self.reach = if anew { FIRST_REACH } else { self.reach.saturating_mul(4) };
        self.revive(rules, anew);
        true
    }

    /// Tracks the classes of a set from now on.
    fn track<M: Machine>(&mut self, rules: &mut Rules<'_, M>, overdrawn: u32) {
        let classes: Vec<u32> = rules.spent_sets.classes(overdrawn).collect();
        rules.track(classes.into_iter());
        self.revive(rules, false);
    }

    fn revive<M: Machine>(&mut self, rules: &mut Rules<'_, M>, anew: bool) {
        let low = self.furthest.saturating_sub(self.reach);
        for (&m, level) in self.levels.range_mut(low..) {
            let scope = scope(rules);
            level.revive(anew, &scope);
            if level.waits(true) {
                self.sound.insert(m);
            }
            if level.waits(false) {
                self.unsound.insert(m);
            }
        }
    }

    /// Moves the window to level `m`.
    fn go_to<M: Machine>(&mut self, rules: &Rules<'_, M>, m: u32) {
        if m > self.m {
            self.m = m;
            self.open(rules);
            self.window.retain(|&number| number >= m);
        } else if m < self.m {
            let instance = rules.instance;
            let opening = |number: u32| instance.required[number as usize].opening;
            while self.opened > 0 && opening(instance.by_opening[self.opened - 1]) > m {
                self.opened -= 1;
            }
            self.window.retain(|&number| opening(number) <= m);
            let back = (m..self.m).filter(|&number| opening(number) <= m);
            self.window.splice(0..0, back);
            self.m = m;
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

    /// Goes on from the configuration at `index` of level `m`, whose bits are in `self.bits`.
    fn explore<M: Machine>(&mut self, rules: &mut Rules<'_, M>, m: u32, index: u32) {
        let entry = self.levels[&m].entries[index as usize];
        let mut index = index;
        let Entry { mut at, mut link, overdrawn, .. } = entry;
        self.enabled.clear();
        for position in 0..self.window.len() {
            let number = self.window[position];
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
            at.m = self.place(rules, m, number);
            if at.m != m {
                self.add(rules, Entry::new(at, link, overdrawn));
                return;
            }
        }
        if settled {
            // Another way may have led to the same settled configuration.
            let mut settled = Entry::new(at, link, overdrawn);
            settled.strained = entry.strained;
            settled.fate = Fate::Explored;
            let Some(added) = self.add(rules, settled) else { return };
            if self.levels[&m].entries[added as usize].fate != Fate::Explored {
                return;
            }
            index = added;
        }
        if self.is_hopeless(rules, at, index, entry.strained) {
            return;
        }
        if entry.is_sound() && m > self.furthest {
            self.furthest = m;
            self.reach = 0;
        }
        let mut moves = std::mem::take(&mut self.moves);
        moves.clear();
        rules.candidates(at, &self.enabled, &mut moves);
        let bits = self.bits.clone();
        for &step in &moves {
            self.bits.copy_from_slice(&bits);
            let mut after = rules.after(at, step);
            assert_ne!(after.state, ILLEGAL, "only legal moves are made");
            let mut overdrawn = overdrawn;
            match step {
                Move::Required(number) | Move::Covered(number) => after.m = self.place(rules, m, number),
                Move::Pending(class) => {
                    if !rules.is_in_stock(at.spent, class, m) {
                        overdrawn = rules.spent_sets.with(overdrawn, class);
                    }
                }
            }
            let link = self.link(link, step);
            self.add(rules, Entry::new(after, link, overdrawn));
        }
        self.moves = moves;
    }

    /// Reduction 5 under the limits of the history, of what is tracked, and under none.
    fn is_hopeless<M: Machine>(
        &mut self,
        rules: &mut Rules<'_, M>,
        at: At,
        index: u32,
        strained: bool,
    ) -> bool {
        if !rules.is_hopeless(at, &self.enabled, Limits::All) {
            return false;
        }
        let level = self.levels.get_mut(&at.m).expect("the level at hand");
        if rules.is_hopeless(at, &self.enabled, Limits::Never) {
            // Whatever is tracked.
        } else if rules.is_hopeless(at, &self.enabled, Limits::Tracked) {
            level.put_aside(index, Fate::Short);
        } else if !strained {
            level.strain(index, &rules.spent_sets);
            self.unsound.insert(at.m);
        } else {
            return false;
        }
        true
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
        self.freer.clone_from(&self.key);
        self.freer[1] = u64::from(ILLEGAL);
    }

    /// Adds a configuration whose bits are in `self.bits`. Answers its index unless another dominates it.
    fn add<M: Machine>(&mut self, rules: &Rules<'_, M>, entry: Entry) -> Option<u32> {
        let m = entry.at.m;
        let placed = m + self.bits.iter().map(|word| word.count_ones()).sum::<u32>();
        if placed > self.longest.1 && entry.is_sound() {
            self.longest = (entry.link, placed);
        }
        self.write_key(entry.at);
        let words = self.words;
        let level = self.levels.entry(m).or_insert_with(|| Level::new(words + 2));
        let scope = scope(rules);
        let freer = (entry.at.before_unnoticed != ILLEGAL).then_some(&self.freer[..]);
        let index = level.add(&self.key, freer, entry, &scope)?;
        if level.entries[index as usize].fate == Fate::Waiting {
            if entry.is_sound() {
                self.sound.insert(m)
            } else {
                self.unsound.insert(m)
            };
        }
        Some(index)
    }
}
