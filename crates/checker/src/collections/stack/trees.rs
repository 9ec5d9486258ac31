//! Two segment trees: the least keys of a range, taken one by one; and how often each point is covered.

use std::ops::Range;

/// Keys by position. Those that are small enough can be taken out of a range, each once.
#[derive(Clone, Debug)]
pub(super) struct LeastTree {
    leaves: usize,
    /// A heap: the least key below each node; [`i64::MAX`] if there is none.
    least: Vec<i64>,
}

impl LeastTree {
    /// The keys, none of which is [`i64::MAX`].
    pub(super) fn new(keys: impl ExactSizeIterator<Item = i64>) -> Self {
        let leaves = keys.len().next_power_of_two();
        let mut least = vec![i64::MAX; 2 * leaves];
        for (slot, key) in least[leaves..].iter_mut().zip(keys) {
            *slot = key;
        }
        for node in (1..leaves).rev() {
            least[node] = least[2 * node].min(least[2 * node + 1]);
        }
        Self { leaves, least }
    }

    /// Gives a position a key, or another.
    pub(super) fn set(&mut self, position: usize, key: i64) {
        let mut node = self.leaves + position;
        self.least[node] = key;
        while node > 1 {
            node /= 2;
            self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]);
        }
    }

    /// Takes the keys of the range that are at most `bound`, and names their positions. O(log n) for each and once.
    pub(super) fn take(&mut self, range: Range<usize>, bound: i64, mut taken: impl FnMut(usize)) {
        if !range.is_empty() {
            self.take_below(1, 0..self.leaves, &range, bound, &mut taken);
        }
    }

    fn take_below(
        &mut self,
        node: usize,
        span: Range<usize>,
        range: &Range<usize>,
        bound: i64,
        taken: &mut impl FnMut(usize),
    ) {
        let outside = span.end <= range.start || range.end <= span.start;
        if outside || self.least[node] > bound || self.least[node] == i64::MAX {
            return;
        }
        if node >= self.leaves {
            self.least[node] = i64::MAX;
            taken(span.start);
            return;
        }
        let middle = usize::midpoint(span.start, span.end);
        self.take_below(2 * node, span.start..middle, range, bound, taken);
        self.take_below(2 * node + 1, middle..span.end, range, bound, taken);
        self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]);
    }

    /// The position of the least key of the range, the last of several; `None` if the range is empty or all taken.
    pub(super) fn last_least(&self, range: &Range<usize>) -> Option<usize> {
        let (mut low, mut high) = (range.start + self.leaves, range.end + self.leaves);
        // Nodes on the right come first in `best` for the sake of ties: compare by key, then by the leaf range's order.
        let mut best: Option<(i64, std::cmp::Reverse<usize>, usize)> = None;
        let mut consider = |node: usize| {
            let first_leaf = node << (self.leaves.ilog2() - node.ilog2());
            let candidate = (self.least[node], std::cmp::Reverse(first_leaf), node);
            if best.is_none_or(|best| candidate < best) {
                best = Some(candidate);
            }
        };
        while low < high {
            if low % 2 == 1 {
                consider(low);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                consider(high);
            }
            low /= 2;
            high /= 2;
        }
        let (key, _, mut node) = best.filter(|best| best.0 < i64::MAX)?;
        while node < self.leaves {
            node = if self.least[2 * node + 1] == key { 2 * node + 1 } else { 2 * node };
        }
        Some(node - self.leaves)
    }
}

/// How many intervals cover each point. A point that is covered no more is named, once.
#[derive(Clone, Debug)]
pub(super) struct CoverTree {
    leaves: usize,
    /// A heap: the least count below each node, without what is lifted above it.
    least: Vec<i64>,
    /// What was added to all points below the node at once.
    lifted: Vec<i64>,
}

/// More than any count: a point that has been named.
const NAMED: i64 = i64::MAX / 2;

impl CoverTree {
    /// So many points, covered by these ranges.
    pub(super) fn new(points: usize, ranges: impl Iterator<Item = Range<usize>>) -> Self {
        let mut changes = vec![0_i64; points + 1];
        for range in ranges {
            if !range.is_empty() {
                changes[range.start] += 1;
                changes[range.end] -= 1;
            }
        }
        let leaves = points.next_power_of_two();
        let mut least = vec![NAMED; 2 * leaves];
        let mut covered = 0;
        for (slot, change) in least[leaves..].iter_mut().zip(&changes[..points]) {
            covered += change;
            *slot = covered;
        }
        for node in (1..leaves).rev() {
            least[node] = least[2 * node].min(least[2 * node + 1]);
        }
        Self { leaves, least, lifted: vec![0; 2 * leaves] }
    }

    /// One interval less on these points, each of which is covered.
    pub(super) fn uncover(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.uncover_below(1, 0..self.leaves, &range);
        }
    }

    fn uncover_below(&mut self, node: usize, span: Range<usize>, range: &Range<usize>) {
        if span.end <= range.start || range.end <= span.start {
            return;
        }
        if range.start <= span.start && span.end <= range.end {
            self.lifted[node] -= 1;
            self.least[node] -= 1;
            return;
        }
        let middle = usize::midpoint(span.start, span.end);
        self.uncover_below(2 * node, span.start..middle, range);
        self.uncover_below(2 * node + 1, middle..span.end, range);
        self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]) + self.lifted[node];
    }

    /// Names the points that nothing covers and that were not named before, ascending.
    pub(super) fn name_gaps(&mut self, mut named: impl FnMut(usize)) {
        self.name_below(1, 0..self.leaves, 0, &mut named);
    }

    fn name_below(&mut self, node: usize, span: Range<usize>, above: i64, named: &mut impl FnMut(usize)) {
        if self.least[node] + above > 0 {
            return;
        }
        if node >= self.leaves {
            self.least[node] = NAMED;
            named(span.start);
            return;
        }
        let middle = usize::midpoint(span.start, span.end);
        let above = above + self.lifted[node];
        self.name_below(2 * node, span.start..middle, above, named);
        self.name_below(2 * node + 1, middle..span.end, above, named);
        self.least[node] = self.least[2 * node].min(self.least[2 * node + 1]) + self.lifted[node];
    }
}
