//! Depth first: one order is extended as far as it goes, then taken back step by step.
//!
//! Wing and Gong's search (1993) with Lowe's memory (2017). The operations not yet placed lie in a doubly linked list
//! by opening, so a step and its undoing take constant time, and what can come next is a prefix of the list. What
//! returns earliest is tried first: in most histories that is an order, and it is found without a step back.

use super::rules::{At, Rules};
use super::seen::Seen;
use super::{Move, Run, Spending};
use crate::machine::{ILLEGAL, Machine};
use crate::table::count;

/// A step of the current order, with what it takes to undo it.
#[derive(Clone, Copy, Debug)]
struct Step {
    taken: Move,
    before: At,
}

/// A configuration on the current path: its untried moves lie in `moves[next..end]`, the next one first.
#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Steps of the order up to here.
    steps: usize,
    start: usize,
    next: usize,
}

/// A depth-first search that can be paused.
pub(super) struct DepthFirst {
    at: At,
    /// For each required operation: is it placed?
    placed: Vec<bool>,
    /// Bits over slots: the placed operations with a number above `at.m`.
    bits: Vec<u64>,
    /// The list by opening; position `len` is its head and its end.
    following: Vec<u32>,
    preceding: Vec<u32>,
    steps: Vec<Step>,
    frames: Vec<Frame>,
    moves: Vec<Move>,
    seen: Seen,
    started: bool,
    longest: Longest,
    enabled: Vec<u32>,
    key: Vec<u64>,
}

/// The longest order so far.
#[derive(Default)]
struct Longest {
    moves: Vec<Move>,
    /// How many of its moves are required operations.
    placed: u32,
    /// How many of its moves the current order is known to begin with.
    shared: usize,
}

impl DepthFirst {
    pub(super) fn new<M: Machine>(rules: &Rules<'_, M>) -> Self {
        let instance = rules.instance;
        let len = instance.len();
        // The list links numbers in the order of their openings.
        let mut following = vec![len; len as usize + 1];
        let mut preceding = vec![len; len as usize + 1];
        let mut last = len;
        for &number in &instance.by_opening {
            following[last as usize] = number;
            preceding[number as usize] = last;
            last = number;
        }
        preceding[len as usize] = last;
        let at = At { m: 0, state: rules.machine.initial(), before_unnoticed: ILLEGAL, spent: 0, covered: 0 };
        Self {
            at,
            placed: vec![false; len as usize],
            bits: vec![0; instance.words()],
            following,
            preceding,
            steps: Vec::new(),
            frames: Vec::new(),
            moves: Vec::new(),
            seen: Seen::new(instance.words() + 2),
            started: false,
            longest: Longest::default(),
            enabled: Vec::new(),
            key: Vec::new(),
        }
    }

    /// The longest order found, and how many required operations it holds.
    pub(super) fn longest(&mut self) -> (&[Move], u32) {
        self.remember_longest();
        (&self.longest.moves, self.longest.placed)
    }

    pub(super) fn bytes(&self) -> usize {
        self.seen.bytes()
            + self.steps.capacity() * size_of::<Step>()
            + self.frames.capacity() * size_of::<Frame>()
            + self.moves.capacity() * size_of::<Move>()
    }

    /// Goes on until it is done, or has no more to spend.
    pub(super) fn run<M: Machine>(
        &mut self,
        rules: &mut Rules<'_, M>,
        spending: &mut Spending<'_, '_>,
    ) -> Run {
        if !self.started {
            self.started = true;
            self.enter(rules);
        }
        loop {
            if self.at.m == rules.instance.len() {
                return Run::Found(self.steps.iter().map(|step| step.taken).collect());
            }
            let Some(frame) = self.frames.last_mut() else { return Run::Exhausted };
            let (steps, next) = (frame.steps, frame.next);
            if next == self.moves.len() {
                let start = frame.start;
                self.frames.pop();
                self.moves.truncate(start);
                if let Some(frame) = self.frames.last() {
                    let steps = frame.steps;
                    self.back_to(rules, steps);
                }
                continue;
            }
            if !spending.spend(|| self.bytes() + rules.bytes()) {
                return Run::Paused;
            }
            let frame = self.frames.last_mut().expect("there is a frame");
            frame.next += 1;
            self.back_to(rules, steps);
            let step = self.moves[next];
            self.place(rules, step);
            self.enter(rules);
        }
    }

    /// Places what needs no choice and, if the configuration is new, opens a frame with the moves worth trying.
    fn enter<M: Machine>(&mut self, rules: &mut Rules<'_, M>) {
        while let Some(number) = self.free_observer(rules) {
            self.place(rules, Move::Required(number));
        }
        if self.at.m == rules.instance.len() {
            return;
        }
        self.write_key(ILLEGAL);
        if rules.is_seen(&self.seen, &self.key, self.at) {
            return self.leave(rules);
        }
        if self.at.before_unnoticed != ILLEGAL {
            self.write_key(self.at.before_unnoticed);
        }
        if !rules.see(&mut self.seen, &self.key, self.at) {
            return self.leave(rules);
        }
        self.enabled.clear();
        let mut number = self.following[self.placed.len()];
        while (number as usize) < self.placed.len()
            && rules.instance.required[number as usize].opening <= self.at.m
        {
            self.enabled.push(number);
            number = self.following[number as usize];
        }
        self.enabled.sort_unstable();
        let start = self.moves.len();
        rules.moves(self.at, &self.enabled, &mut self.moves);
        if self.moves.len() == start {
            return self.leave(rules);
        }
        self.frames.push(Frame { steps: self.steps.len(), start, next: start });
    }

    /// Goes back to the last open frame.
    fn leave<M: Machine>(&mut self, rules: &Rules<'_, M>) {
        if let Some(frame) = self.frames.last() {
            let steps = frame.steps;
            self.back_to(rules, steps);
        }
    }

    fn free_observer<M: Machine>(&self, rules: &mut Rules<'_, M>) -> Option<u32> {
        let len = count(self.placed.len());
        let instance = rules.instance;
        let mut next = self.following[len as usize];
        let m = self.at.m;
        let enabled = std::iter::from_fn(|| {
            let number = next;
            if number == len || instance.required[number as usize].opening > m {
                return None;
            }
            next = self.following[number as usize];
            Some(number)
        });
        rules.free_observer(self.at, enabled)
    }

    fn write_key(&mut self, before_unnoticed: u32) {
        self.key.clear();
        self.key.push((u64::from(self.at.m) << 32) | u64::from(self.at.state));
        self.key.push(u64::from(before_unnoticed));
        self.key.extend_from_slice(&self.bits);
    }

    fn flip<M: Machine>(&mut self, rules: &Rules<'_, M>, number: u32) {
        let slot = rules.instance.required[number as usize].slot as usize;
        self.bits[slot / 64] ^= 1 << (slot % 64);
    }

    fn place<M: Machine>(&mut self, rules: &mut Rules<'_, M>, step: Move) {
        let before = self.at;
        self.at = rules.after(before, step);
        assert_ne!(self.at.state, ILLEGAL, "only legal moves are made");
        self.steps.push(Step { taken: step, before });
        if let Move::Required(number) | Move::Covered(number) = step {
            let (previous, next) = (self.preceding[number as usize], self.following[number as usize]);
            self.following[previous as usize] = next;
            self.preceding[next as usize] = previous;
            self.placed[number as usize] = true;
            self.flip(rules, number);
            while self.placed.get(self.at.m as usize) == Some(&true) {
                self.flip(rules, self.at.m);
                self.at.m += 1;
            }
        }
    }

    fn back_to<M: Machine>(&mut self, rules: &Rules<'_, M>, steps: usize) {
        if self.steps.len() > steps {
            self.remember_longest();
            self.longest.shared = self.longest.shared.min(steps);
        }
        while self.steps.len() > steps {
            let Step { taken, before } = self.steps.pop().expect("more steps than asked for");
            if let Move::Required(number) | Move::Covered(number) = taken {
                for passed in before.m..self.at.m {
                    self.flip(rules, passed);
                }
                self.flip(rules, number);
                self.placed[number as usize] = false;
                let (previous, next) = (self.preceding[number as usize], self.following[number as usize]);
                self.following[previous as usize] = number;
                self.preceding[next as usize] = number;
            }
            self.at = before;
        }
    }

    /// Keeps the current order if it is the longest. Only the part that differs is copied.
    fn remember_longest(&mut self) {
        let spent_steps = |step: &&Step| matches!(step.taken, Move::Pending(_));
        // Required operations placed: those below m, and those whose bits are set.
        let placed = self.at.m + self.bits.iter().map(|word| word.count_ones()).sum::<u32>();
        debug_assert_eq!(
            placed as usize,
            self.steps.len() - self.steps.iter().filter(spent_steps).count(),
            "every required step is counted"
        );
        if placed > self.longest.placed {
            self.longest.placed = placed;
            self.longest.moves.truncate(self.longest.shared);
            let shared = self.longest.moves.len();
            self.longest.moves.extend(self.steps[shared..].iter().map(|step| step.taken));
            self.longest.shared = self.steps.len();
        }
    }
}
