//! Unions of open intervals: where some value is certainly there, and where none is.
//!
//! Open intervals that only touch do not merge: the moment between them is a gap, where the one value can leave and the
//! other come. All ends are whole numbers, so a gap, if there is one, holds a whole number.

use std::collections::BTreeMap;

/// The union of open intervals, as its pieces in order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Union {
    pieces: Vec<(i64, i64)>,
}

impl Union {
    /// The union of these; those that are empty add nothing.
    pub(super) fn of(intervals: impl Iterator<Item = (i64, i64)>) -> Self {
        let mut sorted: Vec<(i64, i64)> = intervals.filter(|(low, high)| low < high).collect();
        sorted.sort_unstable();
        let mut pieces: Vec<(i64, i64)> = Vec::new();
        for (low, high) in sorted {
            match pieces.last_mut() {
                Some(last) if low < last.1 => last.1 = last.1.max(high),
                _ => pieces.push((low, high)),
            }
        }
        Self { pieces }
    }

    /// Its pieces, in order of time.
    pub(super) fn pieces(&self) -> &[(i64, i64)] {
        &self.pieces
    }

    fn around(&self, moment: i64) -> Option<(i64, i64)> {
        let after = self.pieces.partition_point(|&(low, _)| low < moment);
        let piece = *self.pieces.get(after.checked_sub(1)?)?;
        (moment < piece.1).then_some(piece)
    }

    /// True if the moment is in none of the intervals.
    pub(super) fn is_gap(&self, moment: i64) -> bool {
        self.around(moment).is_none()
    }

    /// The last gap no later than the moment.
    pub(super) fn last_gap(&self, moment: i64) -> i64 {
        self.around(moment).map_or(moment, |(low, _)| low)
    }
}

/// The union of open intervals that become more.
#[derive(Clone, Debug, Default)]
pub(super) struct GrowingUnion {
    /// From the low end of each piece to its high end.
    pieces: BTreeMap<i64, i64>,
}

impl GrowingUnion {
    /// Adds an interval; one that is empty adds nothing. Amortized O(log n): a piece that is merged is gone.
    pub(super) fn add(&mut self, mut low: i64, mut high: i64) {
        if low >= high {
            return;
        }
        while let Some((&piece_low, &piece_high)) = self.pieces.range(..high).next_back() {
            if piece_high <= low {
                break;
            }
            self.pieces.remove(&piece_low);
            low = low.min(piece_low);
            high = high.max(piece_high);
        }
        self.pieces.insert(low, high);
    }

    fn around(&self, moment: i64) -> Option<(i64, i64)> {
        let (&low, &high) = self.pieces.range(..moment).next_back()?;
        (moment < high).then_some((low, high))
    }

    /// The first gap no earlier than the moment.
    pub(super) fn first_gap(&self, moment: i64) -> i64 {
        self.around(moment).map_or(moment, |(_, high)| high)
    }

    /// The last gap no later than the moment.
    pub(super) fn last_gap(&self, moment: i64) -> i64 {
        self.around(moment).map_or(moment, |(low, _)| low)
    }
}

/// As few of the open intervals as leave no gap from `from` to `to`, both included; the third of each says whose it is.
///
/// In the order of the answer both ends grow, and only neighbours overlap.
///
/// # Panics
/// When the intervals leave a gap there.
pub(super) fn chain(mut intervals: Vec<(i64, i64, usize)>, from: i64, to: i64) -> Vec<(i64, i64, usize)> {
    intervals.retain(|&(low, high, _)| low < high);
    intervals.sort_unstable();
    let mut links = Vec::new();
    let mut next = 0;
    let mut best: Option<(i64, i64, usize)> = None;
    // Everything before this moment is covered; of the intervals that hold it, the one that reaches furthest is taken.
    let mut moment = from;
    loop {
        while let Some(&interval) = intervals.get(next).filter(|&&(low, _, _)| low < moment) {
            if best.is_none_or(|best| best.1 < interval.1) {
                best = Some(interval);
            }
            next += 1;
        }
        let link = best.filter(|&(_, high, _)| high > moment).expect("no gap between from and to");
        links.push(link);
        if link.1 > to {
            return links;
        }
        moment = link.1;
    }
}
