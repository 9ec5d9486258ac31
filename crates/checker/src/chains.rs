//! The fast road for compare-and-set: registers whose new values are all different, in O(n log n).
//!
//! The argument of `zones` (Gibbons and Korach 1997, section 4) with one more step. Every value is left by one operation, a
//! plain write or a swap (a successful compare-and-set); it and the reads that saw its value are a *cluster*. In a legal
//! order a cluster stands together, and the cluster of b stands right after that of a if b was left by a swap of
//! a for b: a is left once, so nothing can come between. So clusters that swaps join form a *chain*, from a plain write
//! or the initial value on, and a chain stands together too, in one order: cluster after cluster, in each the
//! operation that leaves the value, then the reads.
//!
//! The history is linearizable iff
//! 1. whatever was seen, or swapped, was left by somebody, no value is swapped twice, and no swaps go in a circle;
//! 2. within no chain an operation returned before one was called that stands before it;
//! 3. no two chains clash: of two chains each has to stand before the other if the earliest return of either is less
//!    than the latest call of the other.
//!
//! Only if: plain. If: sort the chains by (low, high) as `zones` sorts clusters; the proof there is about blocks that stand
//! together, whatever is in them. With 2, real time holds within each chain too.
//!
//! An operation of unknown outcome takes part iff the value that it leaves is *needed*: seen or swapped by an operation
//! that is ok, or swapped by one of unknown outcome that takes part. There is nobody else to leave it. All others are left
//! out, which is always allowed.
//!
//! A compare-and-set that answered false saw "not x". Those are left out first: they observe only, so what has no order
//! without them has none. Into the order found they are put one by one, by call, each as early as it can stand. Where one
//! finds no place, another order of the chains might do, and this road is not taken; nor is it if some value, or
//! the initial one, might be left by two operations.

use std::collections::BTreeMap;
use std::ops::Bound;

use anachron_vocabulary::OperationId;

use crate::instance::Timed;
use crate::machine::{Class, RegisterMachine};
use crate::table::count;
use crate::zones::Zones;

/// Position that stands for nobody.
const NOBODY: usize = usize::MAX;
/// A value that stands for none.
const NO_VALUE: u32 = u32::MAX;

/// A value: who left it, who saw it.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    /// Who leaves the value, and what a swap had to find.
    source: usize,
    swapped_for: u32,
    /// An operation that needs the value, if one is known to.
    needed_by: usize,
    reads: u32,
    first_returned_read: usize,
    last_called_read: usize,
    /// The value that this one is swapped for.
    next: u32,
    /// Position in its chain; `NO_VALUE` until it has one.
    position: u32,
}

const EMPTY: Cluster = Cluster {
    source: NOBODY,
    swapped_for: NO_VALUE,
    needed_by: NOBODY,
    reads: 0,
    first_returned_read: NOBODY,
    last_called_read: NOBODY,
    next: NO_VALUE,
    position: NO_VALUE,
};

/// The extremes of a chain: time, operation, and the value of its cluster.
#[derive(Clone, Copy, Debug)]
struct Chain {
    earliest_return: (i64, usize, u32),
    latest_call: (i64, usize, u32),
    head: u32,
}

impl Chain {
    fn low(&self) -> i64 {
        self.earliest_return.0.min(self.latest_call.0)
    }

    fn high(&self) -> i64 {
        self.earliest_return.0.max(self.latest_call.0)
    }

    fn is_forward(&self) -> bool {
        self.earliest_return.0 < self.latest_call.0
    }
}

fn returned(operation: &Timed) -> i64 {
    operation.returned.unwrap_or(i64::MAX)
}

/// The values of one register.
struct Values<'a> {
    machine: &'a RegisterMachine,
    operations: &'a [Timed],
    clusters: Vec<Cluster>,
}

/// Decides by chains, if every value is left by one operation at most; `None` where this road does not lead on.
pub(crate) fn decide(machine: &RegisterMachine, operations: &[Timed]) -> Option<Zones> {
    let mut values = Values::new(machine, operations)?;
    let chains = values.demand().and_then(|()| values.join()).and_then(|()| values.chains());
    let mut chains = match chains {
        Ok(chains) => chains,
        Err(clash) => return Some(Zones::Clash(clash)),
    };
    chains.sort_unstable_by_key(|chain| (chain.low(), chain.high(), chain.head));
    if let Some(clash) = values.clash(&chains) {
        return Some(Zones::Clash(clash));
    }
    let order = values.order(&chains);
    let order = values.with_failed_swaps(&order)?;
    Some(Zones::Order(order.into_iter().map(|index| operations[index].id).collect::<Vec<OperationId>>()))
}

impl<'a> Values<'a> {
    fn new(machine: &'a RegisterMachine, operations: &'a [Timed]) -> Option<Self> {
        let largest = machine.classes.iter().map(|class| match *class {
            Class::Saw(value) | Class::SawOther(value) | Class::Wrote(value) => value,
            Class::Swapped(expected, new) => expected.max(new),
        });
        let values = largest.max().unwrap_or(0).max(machine.initial) as usize + 1;
        let mut clusters = vec![EMPTY; values];
        for (index, operation) in operations.iter().enumerate() {
            let (value, swapped_for) = match machine.classes[operation.class as usize] {
                Class::Wrote(value) => (value, NO_VALUE),
                Class::Swapped(expected, new) => (new, expected),
                Class::Saw(_) | Class::SawOther(_) => continue,
            };
            let cluster = &mut clusters[value as usize];
            if cluster.source != NOBODY || value == machine.initial {
                return None;
            }
            (cluster.source, cluster.swapped_for) = (index, swapped_for);
        }
        Some(Self { machine, operations, clusters })
    }

    fn class(&self, index: usize) -> Class {
        self.machine.classes[self.operations[index].class as usize]
    }

    fn cluster(&self, value: u32) -> &Cluster {
        &self.clusters[value as usize]
    }

    /// True if the value takes part.
    fn counts(&self, value: u32) -> bool {
        let cluster = self.cluster(value);
        value == self.machine.initial
            || cluster.needed_by != NOBODY
            || (cluster.source != NOBODY && self.operations[cluster.source].returned.is_some())
    }

    /// Finds out which values are needed, and collects the reads.
    fn demand(&mut self) -> Result<(), Vec<usize>> {
        let operations = self.operations;
        let mut needs: Vec<(u32, usize)> = Vec::new();
        for (index, operation) in operations.iter().enumerate().filter(|(_, timed)| timed.returned.is_some())
        {
            match self.class(index) {
                Class::Saw(value) => {
                    let cluster = &mut self.clusters[value as usize];
                    cluster.reads += 1;
                    let first = cluster.first_returned_read;
                    if first == NOBODY || operation.returned < operations[first].returned {
                        cluster.first_returned_read = index;
                    }
                    let last = cluster.last_called_read;
                    if last == NOBODY || operation.call > operations[last].call {
                        cluster.last_called_read = index;
                    }
                    needs.push((value, index));
                }
                Class::Swapped(expected, _) => needs.push((expected, index)),
                Class::SawOther(_) | Class::Wrote(_) => {}
            }
        }
        while let Some((value, by)) = needs.pop() {
            let cluster = &mut self.clusters[value as usize];
            if value == self.machine.initial || cluster.needed_by != NOBODY {
                continue;
            }
            cluster.needed_by = by;
            if cluster.source == NOBODY {
                return Err(self.proof_of(&[by]));
            }
            if cluster.swapped_for != NO_VALUE {
                needs.push((cluster.swapped_for, cluster.source));
            }
        }
        Ok(())
    }

    /// Joins the clusters by swaps.
    fn join(&mut self) -> Result<(), Vec<usize>> {
        for value in 0..count(self.clusters.len()) {
            let before = self.cluster(value).swapped_for;
            if before == NO_VALUE || !self.counts(value) {
                continue;
            }
            let next = self.cluster(before).next;
            if next != NO_VALUE {
                let swaps = [self.cluster(value).source, self.cluster(next).source];
                let mut proof = self.proof_of(&swaps);
                proof.extend(Some(self.cluster(before).source).filter(|&source| source != NOBODY));
                return Err(proof);
            }
            self.clusters[before as usize].next = value;
        }
        Ok(())
    }

    /// Walks along each chain: condition 2.
    fn chains(&mut self) -> Result<Vec<Chain>, Vec<usize>> {
        let mut chains = Vec::new();
        for head in 0..count(self.clusters.len()) {
            if self.cluster(head).swapped_for == NO_VALUE && self.counts(head) {
                chains.push(self.chain(head)?);
            }
        }
        for value in 0..count(self.clusters.len()) {
            if self.counts(value) && self.cluster(value).position == NO_VALUE {
                // Nobody begins this chain: going back along it leads into a circle.
                let mut circle = Vec::new();
                let mut at = value;
                while self.cluster(at).position == NO_VALUE {
                    self.clusters[at as usize].position = 0;
                    circle.push(self.cluster(at).source);
                    at = self.cluster(at).swapped_for;
                }
                return Err(self.proof_of(&circle));
            }
        }
        Ok(chains)
    }

    fn chain(&mut self, head: u32) -> Result<Chain, Vec<usize>> {
        let operations = self.operations;
        let earliest = if head == self.machine.initial { i64::MIN } else { i64::MAX };
        let mut chain =
            Chain { earliest_return: (earliest, NOBODY, head), latest_call: (i64::MIN, NOBODY, head), head };
        let mut value = head;
        let mut position = 0;
        while value != NO_VALUE {
            let cluster = &mut self.clusters[value as usize];
            cluster.position = position;
            let Cluster { source, first_returned_read, last_called_read, next, .. } = *cluster;
            for (returns, calls) in [(source, source), (first_returned_read, last_called_read)] {
                if returns == NOBODY {
                    continue;
                }
                let end = returned(&operations[returns]);
                if end < chain.latest_call.0 {
                    let (_, late, from) = chain.latest_call;
                    return Err(self.link(late, from, returns, value));
                }
                // Nobody comes before the initial value itself; elsewhere one who never returns is better than nobody.
                let is_first = chain.earliest_return == (i64::MAX, NOBODY, head);
                if end < chain.earliest_return.0 || is_first {
                    chain.earliest_return = (end, returns, value);
                }
                let call = operations[calls].call;
                if call > chain.latest_call.0 || chain.latest_call.1 == NOBODY {
                    chain.latest_call = (call, calls, value);
                }
            }
            value = next;
            position += 1;
        }
        Ok(chain)
    }

    /// Condition 3: two chains of which each has to stand before the other. They come sorted.
    fn clash(&self, chains: &[Chain]) -> Option<Vec<usize>> {
        let mut reach: Option<&Chain> = None;
        for chain in chains {
            if let Some(forward) = reach
                && chain.earliest_return.0 < forward.latest_call.0
                && forward.earliest_return.0 < chain.latest_call.0
            {
                let mut proof = self.witnesses(forward);
                proof.extend(self.witnesses(chain));
                proof.sort_unstable();
                proof.dedup();
                return Some(proof);
            }
            if chain.is_forward() && reach.is_none_or(|forward| forward.high() < chain.high()) {
                reach = Some(chain);
            }
        }
        None
    }

    /// What proves the extremes of a chain.
    fn witnesses(&self, chain: &Chain) -> Vec<usize> {
        let ((_, first, of_first), (_, last, of_last)) = (chain.earliest_return, chain.latest_call);
        if first == NOBODY {
            return self.link(last, chain.head, last, of_last);
        }
        self.link(first, of_first, last, of_last)
    }

    /// Two operations of one chain, by cluster, and what joins them.
    fn link(&self, first: usize, of_first: u32, second: usize, of_second: u32) -> Vec<usize> {
        let position = |value: u32| self.cluster(value).position;
        let (from, mut to) = if position(of_first) <= position(of_second) {
            (of_first, of_second)
        } else {
            (of_second, of_first)
        };
        let mut listed = vec![first, second];
        loop {
            let cluster = self.cluster(to);
            if cluster.source != NOBODY {
                listed.push(cluster.source);
            }
            if to == from {
                break;
            }
            to = cluster.swapped_for;
        }
        self.proof_of(&listed)
    }

    /// These operations, and for each of unknown outcome those that need it.
    fn proof_of(&self, listed: &[usize]) -> Vec<usize> {
        let mut proof = Vec::new();
        for &index in listed {
            let mut at = index;
            loop {
                proof.push(at);
                if self.operations[at].returned.is_some() {
                    break;
                }
                let (Class::Wrote(value) | Class::Swapped(_, value)) = self.class(at) else {
                    unreachable!("whoever only observes is ok");
                };
                at = self.cluster(value).needed_by;
            }
        }
        proof.sort_unstable();
        proof.dedup();
        proof
    }

    /// The operations in the order of the chains.
    fn order(&self, chains: &[Chain]) -> Vec<usize> {
        let mut places = vec![0_u32; self.clusters.len()];
        let mut order = Vec::with_capacity(self.operations.len());
        let mut ends = Vec::new();
        for chain in chains {
            let mut value = chain.head;
            while value != NO_VALUE {
                let cluster = self.cluster(value);
                order.extend(Some(cluster.source).filter(|&source| source != NOBODY));
                places[value as usize] = count(order.len());
                order.resize(order.len() + cluster.reads as usize, NOBODY);
                ends.push((places[value as usize], count(order.len())));
                value = cluster.next;
            }
        }
        for index in 0..self.operations.len() {
            if let Class::Saw(value) = self.class(index) {
                let place = &mut places[value as usize];
                order[*place as usize] = index;
                *place += 1;
            }
        }
        for (start, end) in ends {
            order[start as usize..end as usize].sort_unstable_by_key(|&index| self.operations[index].call);
        }
        order
    }

    /// Puts the compare-and-sets that answered false into an order; `None` if one finds no place.
    fn with_failed_swaps(&self, order: &[usize]) -> Option<Vec<usize>> {
        let operations = self.operations;
        let mut failed: Vec<usize> =
            (0..operations.len()).filter(|&index| matches!(self.class(index), Class::SawOther(_))).collect();
        if failed.is_empty() {
            return Some(order.to_vec());
        }
        failed.sort_unstable_by_key(|&index| operations[index].call);
        // Gap g is the one before the operation at position g. What is there, and the next gap where it is another value.
        let mut at_gap = vec![self.machine.initial];
        for &index in order {
            let before = at_gap[at_gap.len() - 1];
            at_gap.push(match self.class(index) {
                Class::Wrote(value) | Class::Swapped(_, value) => value,
                Class::Saw(_) | Class::SawOther(_) => before,
            });
        }
        let mut next_other = vec![count(at_gap.len()); at_gap.len()];
        for gap in (0..order.len()).rev() {
            let same = at_gap[gap] == at_gap[gap + 1];
            next_other[gap] = if same { next_other[gap + 1] } else { count(gap + 1) };
        }
        // By return: the last gap that must be passed. By call, backwards: the first that must not be.
        let mut by_return: Vec<(i64, u32)> = (0..count(order.len()))
            .filter_map(|position| Some((operations[order[position as usize]].returned?, position + 1)))
            .collect();
        by_return.sort_unstable();
        let mut by_call: Vec<(i64, u32)> = (0..count(order.len()))
            .map(|position| (operations[order[position as usize]].call, position))
            .collect();
        by_call.sort_unstable();
        for position in 1..by_return.len() {
            by_return[position].1 = by_return[position].1.max(by_return[position - 1].1);
        }
        for position in (1..by_call.len()).rev() {
            by_call[position - 1].1 = by_call[position - 1].1.min(by_call[position].1);
        }
        let mut placed: Vec<(u32, usize)> = Vec::with_capacity(failed.len());
        // Gaps of those placed so far, by return; they return in no order, so the least that binds is kept by time.
        let mut returns: BTreeMap<i64, u32> = BTreeMap::new();
        for &index in &failed {
            let Class::SawOther(not) = self.class(index) else { unreachable!("it was filtered") };
            let (call, end) = (operations[index].call, returned(&operations[index]));
            let passed = by_return.partition_point(|&(returned, _)| returned < call);
            let mut gap = if passed == 0 { 0 } else { by_return[passed - 1].1 };
            if let Some((_, &after)) = returns.range(..call).next_back() {
                gap = gap.max(after);
            }
            let later = by_call.partition_point(|&(call, _)| call <= end);
            let last = by_call.get(later).map_or(count(order.len()), |&(_, position)| position);
            if at_gap[gap as usize] == not {
                gap = next_other[gap as usize];
            }
            if gap > last {
                return None;
            }
            placed.push((gap, index));
            // The map grows with time: later returns bind at least as far.
            let bound = returns.range(..=end).next_back().map_or(gap, |(_, &bound)| bound.max(gap));
            returns.insert(end, bound);
            for (_, bound) in returns.range_mut((Bound::Excluded(end), Bound::Unbounded)) {
                if *bound >= gap {
                    break;
                }
                *bound = gap;
            }
        }
        placed.sort_by_key(|&(gap, _)| gap);
        let mut all = Vec::with_capacity(operations.len());
        let mut placed = placed.into_iter().peekable();
        for (position, &index) in order.iter().enumerate() {
            while let Some((_, failed)) = placed.next_if(|&(gap, _)| gap as usize <= position) {
                all.push(failed);
            }
            all.push(index);
        }
        all.extend(placed.map(|(_, failed)| failed));
        Some(all)
    }
}
