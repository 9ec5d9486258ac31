//! k-atomicity: the least k for which some order that respects real time lets every read return one of the last k writes.
//!
//! Golab, Li and Shah (PODC 2011), section 3. k = 1 is linearizability: zones decide it. k = 2 has a quasilinear algorithm
//! (FZF), larger k none that is known, so from k = 2 on this is a search
//! that obeys the budget, made short by two bounds:
//! - from below: a read needs k above the number of writes that lie, in real time, entirely between its write and it;
//!   the search begins there, and on a store that is simply late it ends there;
//! - while searching: a write may not push out a value that somebody still has to read, nor may so many writes have to
//!   come before such a read that they would.
//!
//! The search places writes; a read that can be placed is placed at once (it changes nothing, so any completion works with
//! it moved to the front). What is left of the past is the first operation in order of return that is not placed, those
//! placed beyond it, and which of the last k values are still to be read.

use std::collections::{BTreeMap, BTreeSet};

use super::delta::{Cluster, clash, clusters, impossible, order, witnesses};
use super::evidence::Evidence;
use super::grade::Measure;
use super::registers::{Kind, Registers, Source};
use crate::budget::POLL_INTERVAL;
use crate::table::count;
use crate::{Budget, Limit};

/// The least k over all objects.
pub(super) fn k_atomicity(registers: &Registers, budget: &mut Budget<'_>) -> Measure {
    let by_key = registers.by_key();
    if let Some(evidence) = by_key.iter().find_map(|operations| impossible(registers, operations)) {
        return Measure::Never(evidence);
    }
    let mut least = 1;
    let mut too_little = None;
    let mut undecided: Option<(u64, Limit)> = None;
    let mut orders = Vec::new();
    for (key, operations) in by_key.iter().enumerate() {
        let name = registers.keys[key];
        let ids = |order: Vec<u32>| order.into_iter().map(|index| registers.id(index)).collect();
        let clusters = clusters(registers, operations);
        let Some(found) = clash(&clusters, 0) else {
            orders.push((name, ids(order(&clusters, 0))));
            continue;
        };
        let mut reason = Evidence::Clash(witnesses(registers, &clusters, found));
        // The answers of other objects are of use: no less than theirs matters.
        let mut k = least.max(2);
        let (read, writes) = most_writes_behind(registers, operations, &clusters);
        if writes + 1 >= k {
            k = writes + 1;
            reason = behind(registers, operations, read);
        }
        loop {
            let window = usize::try_from(k).expect("a count of writes");
            match Search::new(registers, operations, &clusters, window).run(budget) {
                Outcome::Order(order) => {
                    orders.push((name, ids(order)));
                    break;
                }
                Outcome::None { configurations } => {
                    reason = Evidence::NoOrder { configurations };
                    k += 1;
                }
                Outcome::Spent(limit) => {
                    if undecided.is_none_or(|(at_least, _)| at_least < k) {
                        undecided = Some((k, limit));
                    }
                    break;
                }
            }
        }
        if k > least {
            least = k;
            too_little = Some(reason);
        }
    }
    match undecided {
        Some((at_least, limit)) => Measure::Undecided { at_least: at_least.max(least), limit },
        None => Measure::Least { value: least, enough: Evidence::Orders(orders), too_little },
    }
}

/// The read with the most writes entirely between its write and it, and their number.
fn most_writes_behind(registers: &Registers, operations: &[u32], clusters: &[Cluster]) -> (Option<u32>, u64) {
    // Sweep over time: a write counts from its return on, at its call. A Fenwick tree counts calls after a time.
    let mut calls: Vec<i64> = operations
        .iter()
        .map(|&index| registers.op(index))
        .filter(|op| op.is_write())
        .map(|op| op.call)
        .collect();
    calls.sort_unstable();
    let mut returns: Vec<(i64, i64)> = operations
        .iter()
        .map(|&index| registers.op(index))
        .filter(|op| op.is_write())
        .filter_map(|op| Some((op.returned?, op.call)))
        .collect();
    returns.sort_unstable();
    let mut tree = vec![0_u32; calls.len() + 1];
    let mut worst = (None, 0);
    let mut reads: Vec<(i64, u32, Option<u32>)> = clusters
        .iter()
        .flat_map(|cluster| cluster.reads.iter().map(|&read| (registers.op(read).call, read, cluster.write)))
        .collect();
    reads.sort_unstable();
    let mut returned = returns.iter().peekable();
    let mut total: u64 = 0;
    for (call, read, write) in reads {
        while let Some(&(_, write_call)) = returned.next_if(|(time, _)| *time < call) {
            total += 1;
            let mut place = calls.partition_point(|&other| other < write_call) + 1;
            while place < tree.len() {
                tree[place] += 1;
                place += place & place.wrapping_neg();
            }
        }
        // Those called no later than the read's write returned don't count.
        let mut place = match write {
            None => 0,
            Some(write) => match registers.op(write).returned {
                None => continue,
                Some(returned) => calls.partition_point(|&other| other <= returned),
            },
        };
        let mut others: u64 = 0;
        while place > 0 {
            others += u64::from(tree[place]);
            place -= place & place.wrapping_neg();
        }
        if total - others > worst.1 {
            worst = (Some(read), total - others);
        }
    }
    worst
}

fn behind(registers: &Registers, operations: &[u32], read: Option<u32>) -> Evidence {
    let read = registers.op(read.expect("a bound has its read"));
    let write = match read.kind {
        Kind::Read(Source::Write(write)) => Some(registers.op(write)),
        _ => None,
    };
    let between = operations
        .iter()
        .map(|&index| registers.op(index))
        .filter(|op| op.is_write() && op.precedes(read) && write.is_none_or(|write| write.precedes(op)));
    Evidence::Behind {
        read: read.id,
        write: write.map(|op| op.id),
        between: between.map(|op| op.id).collect(),
    }
}

enum Outcome {
    Order(Vec<u32>),
    None { configurations: u64 },
    Spent(Limit),
}

/// A step that can be taken back.
enum Step {
    Write(u32),
    Read { cluster: u32 },
}

/// The search for one object and one k. Values are clusters by number; 0 is the initial value.
struct Search<'a> {
    registers: &'a Registers,
    clusters: &'a [Cluster],
    k: usize,
    /// By return: operations that have returned, and so have to be placed.
    by_return: Vec<u32>,
    /// Position in `by_return` by operation.
    deadline: BTreeMap<u32, u32>,
    /// When the first operation of each cluster that has returned did so.
    urgency: Vec<i64>,
    /// The first of `by_return` that is not placed.
    first: usize,
    /// Those placed beyond it.
    ahead: BTreeSet<u32>,
    /// Clusters whose write is not placed, by call of the write.
    open: BTreeSet<(i64, u32)>,
    /// Clusters in the order of their writes.
    written: Vec<u32>,
    /// How many reads of each cluster are placed.
    read: Vec<u32>,
    order: Vec<Step>,
}

struct Frame {
    depth: usize,
    choices: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(registers: &'a Registers, operations: &[u32], clusters: &'a [Cluster], k: usize) -> Self {
        let mut by_return: Vec<u32> =
            operations.iter().copied().filter(|&index| registers.op(index).returned.is_some()).collect();
        by_return.sort_by_key(|&index| registers.op(index).returned);
        let deadline = by_return.iter().enumerate().map(|(place, &index)| (index, count(place))).collect();
        let mut urgency = Vec::with_capacity(clusters.len());
        let mut open = BTreeSet::new();
        for (number, Cluster { write, reads, .. }) in clusters.iter().enumerate() {
            let returns = write.iter().chain(reads).filter_map(|&index| registers.op(index).returned);
            urgency.push(returns.min().unwrap_or(i64::MAX));
            open.extend(write.map(|write| (registers.op(write).call, count(number))));
        }
        Self {
            registers,
            clusters,
            k,
            by_return,
            deadline,
            urgency,
            first: 0,
            ahead: BTreeSet::new(),
            open,
            written: vec![0],
            read: vec![0; clusters.len()],
            order: Vec::new(),
        }
    }

    fn run(mut self, budget: &mut Budget<'_>) -> Outcome {
        let mut seen: BTreeSet<Vec<u32>> = BTreeSet::new();
        let mut bytes = 0;
        let mut configurations = 0;
        let mut frames: Vec<Frame> = Vec::new();
        let mut is_new = true;
        loop {
            if is_new {
                configurations += 1;
                if configurations > budget.configurations {
                    return Outcome::Spent(Limit::Configurations);
                }
                if configurations.is_multiple_of(POLL_INTERVAL) && budget.stopped() {
                    return Outcome::Spent(Limit::Stopped);
                }
                self.place_reads();
                if self.first == self.by_return.len() {
                    return Outcome::Order(self.finish());
                }
                let mut choices = if self.is_hopeless() { Vec::new() } else { self.choices() };
                if choices.len() > 1 {
                    let key = self.key();
                    bytes += key.len() * size_of::<u32>() + 64;
                    if bytes > budget.memory {
                        return Outcome::Spent(Limit::Memory);
                    }
                    if !seen.insert(key) {
                        choices.clear();
                    }
                }
                frames.push(Frame { depth: self.order.len(), choices });
            }
            let Some(frame) = frames.last_mut() else { return Outcome::None { configurations } };
            let (depth, next) = (frame.depth, frame.choices.pop());
            while self.order.len() > depth {
                self.take_back();
            }
            if let Some(cluster) = next {
                self.write(cluster);
                is_new = true;
            } else {
                frames.pop();
                is_new = false;
            }
        }
    }

    /// Until when something must have been placed.
    fn horizon(&self) -> i64 {
        self.by_return
            .get(self.first)
            .and_then(|&index| self.registers.op(index).returned)
            .unwrap_or(i64::MAX)
    }

    fn window(&self) -> &[u32] {
        &self.written[self.written.len().saturating_sub(self.k)..]
    }

    fn remaining(&self, cluster: u32) -> &'a [u32] {
        &self.clusters[cluster as usize].reads[self.read[cluster as usize] as usize..]
    }

    fn place_reads(&mut self) {
        loop {
            let horizon = self.horizon();
            let is_ready = |cluster: &u32| {
                self.remaining(*cluster).first().is_some_and(|&read| self.registers.op(read).call <= horizon)
            };
            let Some(cluster) = self.window().iter().copied().find(is_ready) else { return };
            let read = self.remaining(cluster)[0];
            self.read[cluster as usize] += 1;
            self.mark(read);
            self.order.push(Step::Read { cluster });
        }
    }

    fn mark(&mut self, index: u32) {
        let Some(&place) = self.deadline.get(&index) else { return };
        self.ahead.insert(place);
        while self.ahead.remove(&count(self.first)) {
            self.first += 1;
        }
    }

    fn unmark(&mut self, index: u32) {
        let Some(&place) = self.deadline.get(&index) else { return };
        if (place as usize) < self.first {
            self.ahead.extend(place + 1..count(self.first));
            self.first = place as usize;
        } else {
            self.ahead.remove(&place);
        }
    }

    fn write(&mut self, cluster: u32) {
        let write = self.clusters[cluster as usize].write.expect("the initial value is not placed");
        self.open.remove(&(self.registers.op(write).call, cluster));
        self.written.push(cluster);
        self.mark(write);
        self.order.push(Step::Write(cluster));
    }

    fn take_back(&mut self) {
        match self.order.pop().expect("there is a step to take back") {
            Step::Write(cluster) => {
                let write = self.clusters[cluster as usize].write.expect("it was placed");
                self.open.insert((self.registers.op(write).call, cluster));
                self.written.pop();
                self.unmark(write);
            }
            Step::Read { cluster } => {
                self.read[cluster as usize] -= 1;
                let read = self.remaining(cluster)[0];
                self.unmark(read);
            }
        }
    }

    /// True if some value in the window will be pushed out by writes that have to come before one of its reads.
    fn is_hopeless(&self) -> bool {
        let age = |position: usize| self.window().len() - 1 - position;
        self.window().iter().enumerate().any(|(position, &cluster)| {
            let Some(&read) = self.remaining(cluster).last() else { return false };
            let call = self.registers.op(read).call;
            let room = self.k - 1 - age(position);
            let must_come_before = self.by_return[self.first..]
                .iter()
                .zip(self.first..)
                .map(|(&index, place)| (self.registers.op(index), place))
                .take_while(|(op, _)| op.returned.is_some_and(|returned| returned < call))
                .filter(|(op, place)| op.is_write() && !self.ahead.contains(&count(*place)));
            must_come_before.take(room + 1).count() > room
        })
    }

    /// Clusters whose write can come next, the most urgent last.
    fn choices(&self) -> Vec<u32> {
        let pushed_out = self.written.len().checked_sub(self.k).map(|position| self.written[position]);
        if pushed_out.is_some_and(|cluster| !self.remaining(cluster).is_empty()) {
            return Vec::new();
        }
        let horizon = self.horizon();
        let mut choices: Vec<u32> =
            self.open.iter().take_while(|(call, _)| *call <= horizon).map(|&(_, cluster)| cluster).collect();
        choices.sort_by_key(|&cluster| std::cmp::Reverse(self.urgency[cluster as usize]));
        choices
    }

    fn key(&self) -> Vec<u32> {
        let mut key = vec![count(self.first), count(self.ahead.len())];
        key.extend(&self.ahead);
        for (age, &cluster) in self.window().iter().rev().enumerate() {
            if !self.remaining(cluster).is_empty() {
                key.extend([count(age), cluster]);
            }
        }
        key
    }

    /// The order found. Reads all have a return, so all are placed; writes that nobody needs come last.
    fn finish(self) -> Vec<u32> {
        let mut read = vec![0; self.clusters.len()];
        let mut order = Vec::new();
        for step in &self.order {
            order.push(match *step {
                Step::Write(cluster) => self.clusters[cluster as usize].write.expect("it was placed"),
                Step::Read { cluster } => {
                    read[cluster as usize] += 1;
                    self.clusters[cluster as usize].reads[read[cluster as usize] - 1]
                }
            });
        }
        assert!(self.open.is_empty(), "everything is placed");
        order
    }
}
