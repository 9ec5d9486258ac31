//! Δ-atomicity: by how much reads must be moved back in time for the history to be linearizable.
//!
//! Golab, Li and Shah (PODC 2011), section 4: a history is Δ-atomic if it is linearizable once every read's call comes Δ
//! earlier. Only the calls of reads move, so the least Δ is found by bisection with the zone test (see
//! `zones.rs`), O(n log n) each time. Every condition of that test compares a call with a return, both integers, so
//! the least Δ is one, too.
//!
//! There is none iff a read saw what nobody wrote, or returned before its write was called. Otherwise Δ = ∞ is enough:
//! then two clusters could only clash by the calls of their writes, each after the other's first return; but no
//! operation of a cluster returns before its write's call, so each call would come before the other.

use anachron_vocabulary::OperationId;

use super::evidence::Evidence;
use super::grade::Measure;
use super::registers::{Kind, Registers, Source};

/// The least Δ over all objects.
pub(super) fn delta_atomicity(registers: &Registers) -> Measure {
    let by_key = registers.by_key();
    for operations in &by_key {
        if let Some(evidence) = impossible(registers, operations) {
            return Measure::Never(evidence);
        }
    }
    let objects: Vec<Vec<Cluster>> =
        by_key.iter().map(|operations| clusters(registers, operations)).collect();
    let mut least = 0;
    let mut too_little = None;
    for clusters in &objects {
        let Some(mut clash) = clash(clusters, least) else { continue };
        // `least` is too little; find the least that is enough, doubling first.
        let mut low = least;
        let mut step: u64 = 1;
        let mut high = loop {
            let tried = least.saturating_add(step);
            match self::clash(clusters, tried) {
                Some(found) => {
                    assert!(tried < u64::MAX, "some shift is enough");
                    (low, clash) = (tried, found);
                }
                None => break tried,
            }
            step = step.saturating_mul(2);
        };
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            match self::clash(clusters, middle) {
                Some(found) => (low, clash) = (middle, found),
                None => high = middle,
            }
        }
        least = high;
        too_little = Some(Evidence::Clash(witnesses(registers, clusters, clash)));
    }
    let orders = objects.iter().enumerate().map(|(key, clusters)| {
        let order = order(clusters, least).into_iter().map(|index| registers.id(index)).collect();
        (registers.keys[key], order)
    });
    Measure::Least { value: least, enough: Evidence::Orders(orders.collect()), too_little }
}

/// A read that no order, however late or early, can explain.
pub(super) fn impossible(registers: &Registers, operations: &[u32]) -> Option<Evidence> {
    operations.iter().find_map(|&index| {
        let op = registers.op(index);
        match op.kind {
            Kind::Read(Source::Nowhere) => Some(Evidence::ThinAir { read: op.id }),
            Kind::Read(Source::Write(write)) if op.precedes(registers.op(write)) => {
                Some(Evidence::FromTheFuture { read: op.id, write: registers.id(write) })
            }
            _ => None,
        }
    })
}

/// A value's write and reads. Times are wide so that a shift can't overflow.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// `None`: the initial value.
    pub(super) write: Option<u32>,
    /// By call.
    pub(super) reads: Vec<u32>,
    write_call: i128,
    latest_read_call: i128,
    /// Never, if only a write of unknown outcome is there.
    earliest_return: i128,
}

const ALWAYS: i128 = i128::MIN / 4;
const NEVER: i128 = i128::MAX / 4;

impl Cluster {
    fn latest_call(&self, shift: u64) -> i128 {
        self.write_call.max(self.latest_read_call - i128::from(shift))
    }

    fn low(&self, shift: u64) -> i128 {
        self.earliest_return.min(self.latest_call(shift))
    }

    fn high(&self, shift: u64) -> i128 {
        self.earliest_return.max(self.latest_call(shift))
    }
}

/// The clusters of one object, the initial value's first.
pub(super) fn clusters(registers: &Registers, operations: &[u32]) -> Vec<Cluster> {
    let initial = Cluster {
        write: None,
        reads: Vec::new(),
        write_call: ALWAYS,
        latest_read_call: ALWAYS,
        earliest_return: ALWAYS,
    };
    let mut clusters = vec![initial];
    let mut numbers = std::collections::BTreeMap::new();
    for &index in operations {
        let op = registers.op(index);
        if op.is_write() {
            numbers.insert(index, clusters.len());
            clusters.push(Cluster {
                write: Some(index),
                reads: Vec::new(),
                write_call: op.call.into(),
                latest_read_call: ALWAYS,
                earliest_return: op.returned.map_or(NEVER, i128::from),
            });
        }
    }
    for &index in operations {
        let op = registers.op(index);
        let number = match op.kind {
            Kind::Write | Kind::Read(Source::Nowhere) => continue,
            Kind::Read(Source::Initial) => 0,
            Kind::Read(Source::Write(write)) => numbers[&write],
        };
        let cluster = &mut clusters[number];
        cluster.reads.push(index);
        cluster.latest_read_call = cluster.latest_read_call.max(op.call.into());
        let returned = op.returned.expect("reads of unknown outcome are left out");
        cluster.earliest_return = cluster.earliest_return.min(returned.into());
    }
    clusters[0].earliest_return = ALWAYS;
    clusters
}

/// Two clusters each of which has to stand before the other, once the calls of reads come `shift` earlier.
pub(super) fn clash(clusters: &[Cluster], shift: u64) -> Option<(usize, usize)> {
    let sorted = sorted(clusters, shift);
    // The forward zone that reaches furthest among those so far.
    let mut reach: Option<usize> = None;
    for &number in &sorted {
        let cluster = &clusters[number];
        let call = cluster.latest_call(shift);
        if let Some(forward) = reach {
            let other = &clusters[forward];
            if other.earliest_return < call && cluster.earliest_return < other.latest_call(shift) {
                return Some((forward, number));
            }
        }
        let is_forward = cluster.earliest_return < call;
        if is_forward && reach.is_none_or(|forward| clusters[forward].high(shift) < call) {
            reach = Some(number);
        }
    }
    None
}

fn sorted(clusters: &[Cluster], shift: u64) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..clusters.len()).collect();
    sorted.sort_by_key(|&number| (clusters[number].low(shift), clusters[number].high(shift)));
    sorted
}

/// All operations in a legal order, if no two clusters clash.
pub(super) fn order(clusters: &[Cluster], shift: u64) -> Vec<u32> {
    let sorted = sorted(clusters, shift);
    sorted
        .into_iter()
        .flat_map(|number| clusters[number].write.iter().chain(&clusters[number].reads))
        .copied()
        .collect()
}

/// The operations that make two clusters clash.
pub(super) fn witnesses(
    registers: &Registers,
    clusters: &[Cluster],
    (first, second): (usize, usize),
) -> Vec<OperationId> {
    let mut ids = Vec::new();
    for number in [first, second] {
        let Cluster { write, reads, .. } = &clusters[number];
        let mut members: Vec<u32> = write.iter().copied().collect();
        members.extend(reads.iter().copied().min_by_key(|&read| registers.op(read).returned));
        members.extend(reads.last().copied());
        members.dedup();
        ids.extend(members.into_iter().map(|index| registers.id(index)));
    }
    ids
}
