//! Takes the bottom elements away, one by one, until nothing is left or nothing can be a bottom.
//!
//! The ends of the values' presences are points, numbered in order of time; a value covers the points strictly between
//! its two ends. Points that no value left covers cut the time into *segments*. In each, a value is a bottom if its
//! insert was called by the left end and its remove returned after the right end, ends included; segments only
//! shrink, so once a bottom, always a bottom, and it does not matter which is taken first. Each value is told once that the left
//! end suits it and once that the right end does, and each point becomes a cut once: O(n log n) in all.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::tight::Tight;
use super::trees::{CoverTree, LeastTree};

/// Where in the nest a value is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    /// It can't be a bottom in the segment where it is.
    Stuck,
    /// It was pushed and popped at the two ends of its segment, and inside those taken in earlier turns.
    Bottom {
        /// The moment of its push.
        push: i64,
        /// The moment of its pop.
        pop: i64,
        /// How many were taken before it.
        turn: u32,
    },
    /// It has to be popped by a remove of unknown outcome, whatever the order.
    Freed,
}

/// The values that are certainly there at times, and what is left of them.
#[derive(Debug)]
pub(super) struct Nest<'a> {
    /// By return of the insert.
    values: Vec<&'a Tight>,
    /// The points in time, ascending.
    points: Vec<i64>,
    /// The point at which each value's presence begins, ascending…
    begins: Vec<usize>,
    /// …and ends.
    ends: Vec<usize>,
    fates: Vec<Fate>,
    cuts: BTreeSet<usize>,
    cover: CoverTree,
    /// Calls of inserts.
    insert_calls: LeastTree,
    /// Returns of removes, the latest least.
    remove_returns: LeastTree,
    /// Of the values left that the left ends of their segments suit, the returns of removes, the latest least.
    left_suited: LeastTree,
    /// How many of its segment's ends suit each value.
    suited: Vec<u8>,
    ready: Vec<usize>,
    turns: u32,
}

impl<'a> Nest<'a> {
    /// All of these values, each of which has a presence.
    pub(super) fn new(mut values: Vec<&'a Tight>) -> Self {
        values.sort_unstable_by_key(|tight| (tight.insert_return, tight.element));
        let mut points: Vec<i64> =
            values.iter().flat_map(|tight| [tight.insert_return, tight.remove_call]).collect();
        points.sort_unstable();
        points.dedup();
        let point = |time: i64| points.binary_search(&time).expect("every end is a point");
        let begins: Vec<usize> = values.iter().map(|tight| point(tight.insert_return)).collect();
        let ends: Vec<usize> = values.iter().map(|tight| point(tight.remove_call)).collect();
        let mut cover =
            CoverTree::new(points.len(), begins.iter().zip(&ends).map(|(&begin, &end)| begin + 1..end));
        let mut cuts = BTreeSet::new();
        cover.name_gaps(|point| {
            cuts.insert(point);
        });
        let mut nest = Self {
            fates: vec![Fate::Stuck; values.len()],
            insert_calls: LeastTree::new(values.iter().map(|tight| tight.insert_call)),
            remove_returns: LeastTree::new(values.iter().map(|tight| !tight.remove_return)),
            left_suited: LeastTree::new(values.iter().map(|_| i64::MAX)),
            suited: vec![0; values.len()],
            ready: Vec::new(),
            turns: 0,
            values,
            points,
            begins,
            ends,
            cuts,
            cover,
        };
        let cuts: Vec<usize> = nest.cuts.iter().copied().collect();
        for segment in cuts.windows(2) {
            nest.left_end(segment[0], segment[1]);
            nest.right_end(segment[0], segment[1]);
        }
        nest
    }

    /// The values and what became of them.
    pub(super) fn fates(&self) -> impl Iterator<Item = (&'a Tight, Fate)> {
        self.values.iter().copied().zip(self.fates.iter().copied())
    }

    /// The values that are stuck in the first segment with any.
    pub(super) fn stuck(&self) -> Option<Vec<&'a Tight>> {
        let is_stuck = |index: &usize| self.fates[*index] == Fate::Stuck;
        let first = (0..self.values.len()).find(is_stuck)?;
        let (_, right) = self.segment(first);
        Some(
            self.within(self.begins[first], right).filter(is_stuck).map(|index| self.values[index]).collect(),
        )
    }

    /// Takes bottoms until there are none.
    pub(super) fn take_bottoms(&mut self) {
        while let Some(index) = self.ready.pop() {
            let (left, right) = self.segment(index);
            let (push, pop) = (self.points[left], self.points[right]);
            let tight = self.values[index];
            assert!(tight.insert_call <= push && push <= tight.insert_return, "a push inside its interval");
            assert!(tight.remove_call <= pop && pop <= tight.remove_return, "a pop inside its interval");
            self.fates[index] = Fate::Bottom { push, pop, turn: self.turns };
            self.turns += 1;
            self.take(index);
        }
    }

    /// Takes bottoms, and whenever that gets stuck with values nobody is known to have removed, frees the one whose
    /// insert returned first, until nothing more can be done. Answers with the deadlines of those that it freed.
    ///
    /// When it is stuck, the values of the last segment that are known to be removed leave no gap from its left end until
    /// after that insert's return. So one of them is at the bottom meanwhile, its insert called by the left end, and
    /// what is freed has to be gone before it.
    pub(super) fn take_bottoms_and_free(&mut self) -> Vec<i64> {
        self.take_bottoms();
        let mut deadlines = Vec::new();
        for index in 0..self.values.len() {
            if self.values[index].stays() && self.fates[index] == Fate::Stuck {
                let (left, right) = self.segment(index);
                let last = self.left_suited.last_least(&self.within(left, right));
                deadlines.push(last.map_or(i64::MIN, |last| self.values[last].remove_return));
                self.fates[index] = Fate::Freed;
                self.suited[index] = GONE;
                self.take(index);
                self.take_bottoms();
            }
        }
        deadlines
    }

    /// The cuts around a value that is left.
    fn segment(&self, index: usize) -> (usize, usize) {
        let left = self.cuts.range(..=self.begins[index]).next_back();
        let right = self.cuts.range(self.ends[index]..).next();
        (*left.expect("the first point is a cut"), *right.expect("the last point is a cut"))
    }

    /// The values whose presence begins between two points, the second excluded.
    fn within(&self, left: usize, right: usize) -> Range<usize> {
        self.begins.partition_point(|&begin| begin < left)
            ..self.begins.partition_point(|&begin| begin < right)
    }

    fn left_end(&mut self, left: usize, right: usize) {
        let range = self.within(left, right);
        let (suited, ready) = (&mut self.suited, &mut self.ready);
        let (left_suited, values) = (&mut self.left_suited, &self.values);
        self.insert_calls.take(range, self.points[left], |index| {
            left_suited.set(index, !values[index].remove_return);
            suit(suited, ready, index);
        });
    }

    fn right_end(&mut self, left: usize, right: usize) {
        let range = self.within(left, right);
        let (suited, ready) = (&mut self.suited, &mut self.ready);
        self.remove_returns.take(range, !self.points[right], |index| suit(suited, ready, index));
    }

    /// Takes a value away: where nothing covers a point any more, there is a cut.
    fn take(&mut self, index: usize) {
        self.left_suited.set(index, i64::MAX);
        self.cover.uncover(self.begins[index] + 1..self.ends[index]);
        let mut new = Vec::new();
        self.cover.name_gaps(|point| new.push(point));
        for point in new {
            let left = *self.cuts.range(..point).next_back().expect("the first point is a cut");
            let right = *self.cuts.range(point..).next().expect("the last point is a cut");
            self.cuts.insert(point);
            self.right_end(left, point);
            self.left_end(point, right);
        }
    }
}

/// More ends than suit any value that is left.
const GONE: u8 = 3;

fn suit(suited: &mut [u8], ready: &mut Vec<usize>, index: usize) {
    suited[index] += 1;
    if suited[index] == 2 {
        ready.push(index);
    }
}
