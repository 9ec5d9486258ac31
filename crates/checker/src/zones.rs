//! The fast road: registers whose written values are unique, in O(n log n).
//!
//! Gibbons and Korach 1997, section 4; in the words of Golab, Li and Shah 2011, section 3. Group each write with the reads
//! that saw its value: a *cluster*; the reads of the initial value form one too. In a legal order a cluster stands
//! together, its write first. So a cluster A has to stand before B if some operation of A returned before some operation
//! of B was called: earliest return of A < latest call of B. Two clusters *clash* if each has to stand before the
//! other.
//!
//! The history is linearizable iff no read saw what nobody wrote, no read returned before its write was called, and no
//! two clusters clash. Only if: plain. If: let A → B mean that A has to stand before B, `low` the smaller and `high` the
//! larger of a cluster's two times. Without clashes, A → B implies that A's latest call ≤ B's earliest return, hence
//! low(A) ≤ low(B), and in case of equality high(A) < high(B). So sorting by (low, high) puts the clusters in a legal
//! order, and this is the order we answer with.
//!
//! A zone is *forward* if the earliest return is less than the latest call, else *backward*. Two clusters clash iff
//! two forward zones overlap or a backward zone lies inside a forward one, which one sweep over the sorted zones finds.
//!
//! Writes of unknown outcome never return, and count only if somebody read them. If the initial value is written by
//! somebody, or any value twice, this road is not taken unless time tells who saw which (`versions`).

use anachron_vocabulary::OperationId;

use crate::instance::Timed;
use crate::machine::{Class, RegisterMachine};
use crate::table::count;

/// What the zones say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Zones {
    /// A legal order.
    Order(Vec<OperationId>),
    /// These operations, by index, have none: at most six.
    Clash(Vec<usize>),
}

/// Position that stands for nobody.
const NOBODY: usize = usize::MAX;

/// A value, its write and its reads.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    write: usize,
    is_initial: bool,
    reads: u32,
    earliest_return: i64,
    latest_call: i64,
    first_returned: usize,
    last_called: usize,
}

impl Cluster {
    const EMPTY: Self = Self {
        write: NOBODY,
        is_initial: false,
        reads: 0,
        earliest_return: i64::MAX,
        latest_call: i64::MIN,
        first_returned: NOBODY,
        last_called: NOBODY,
    };

    /// True if it takes part: an unknown write that nobody read does not.
    fn counts(&self, operations: &[Timed]) -> bool {
        self.reads > 0 || (self.write != NOBODY && operations[self.write].returned.is_some())
    }

    fn low(&self) -> i64 {
        self.earliest_return.min(self.latest_call)
    }

    fn high(&self) -> i64 {
        self.earliest_return.max(self.latest_call)
    }

    fn is_forward(&self) -> bool {
        self.earliest_return < self.latest_call
    }

    fn add(&mut self, index: usize, operation: &Timed) {
        // An operation that never returns leaves the earliest return alone.
        if let Some(returned) = operation.returned
            && (returned < self.earliest_return || self.first_returned == NOBODY)
        {
            self.earliest_return = returned;
            self.first_returned = index;
        }
        if operation.call > self.latest_call || self.last_called == NOBODY {
            self.latest_call = operation.call;
            self.last_called = index;
        }
    }

    /// The operations that prove what the zone says, each once.
    fn witnesses(&self) -> impl Iterator<Item = usize> {
        let [write, first, last] = [self.write, self.first_returned, self.last_called];
        [Some(write), (first != write).then_some(first), (last != write && last != first).then_some(last)]
            .into_iter()
            .flatten()
            .filter(|&index| index != NOBODY)
    }
}

/// Decides by zones, if the register's written values are unique.
pub(crate) fn decide(machine: &RegisterMachine, operations: &[Timed]) -> Option<Zones> {
    let clusters = match clusters(machine, operations)? {
        Ok(clusters) => clusters,
        Err(clash) => return Some(Zones::Clash(clash)),
    };
    let mut sorted: Vec<(i64, i64, u32)> = clusters
        .iter()
        .enumerate()
        .filter(|(_, cluster)| cluster.counts(operations))
        .map(|(value, cluster)| (cluster.low(), cluster.high(), count(value)))
        .collect();
    sorted.sort_unstable();
    // The forward zone that reaches furthest among those so far.
    let mut reach: Option<&Cluster> = None;
    for &(low, high, value) in &sorted {
        let cluster = &clusters[value as usize];
        if let Some(forward) = reach {
            let clash = if cluster.is_forward() { low < forward.high() } else { high < forward.high() };
            if clash && forward.low() <= low {
                assert!(
                    cluster.earliest_return < forward.latest_call
                        && forward.earliest_return < cluster.latest_call,
                    "each of two clashing clusters has to stand before the other"
                );
                return Some(Zones::Clash(forward.witnesses().chain(cluster.witnesses()).collect()));
            }
        }
        if cluster.is_forward() && reach.is_none_or(|forward| forward.high() < high) {
            reach = Some(cluster);
        }
    }
    Some(Zones::Order(order(machine, operations, &clusters, &sorted)))
}

/// The clusters by value; `None` if a value is not unique, `Err` if a read has no write or comes before it.
fn clusters(machine: &RegisterMachine, operations: &[Timed]) -> Option<Result<Vec<Cluster>, Vec<usize>>> {
    // Every class has to be a read or a write, and each value to be written by one operation.
    let mut values = machine.initial;
    for class in &machine.classes {
        match *class {
            Class::Saw(value) | Class::Wrote(value) => values = values.max(value),
            Class::SawOther(_) | Class::Swapped(..) => return None,
        }
    }
    let mut clusters = vec![Cluster::EMPTY; values as usize + 1];
    // The initial value is written before everything: it has returned before any call.
    let initial = &mut clusters[machine.initial as usize];
    initial.is_initial = true;
    initial.earliest_return = i64::MIN;
    for (index, operation) in operations.iter().enumerate() {
        let (Class::Saw(value) | Class::Wrote(value)) = machine.classes[operation.class as usize] else {
            unreachable!("checked above");
        };
        let cluster = &mut clusters[value as usize];
        if matches!(machine.classes[operation.class as usize], Class::Wrote(_)) {
            if cluster.write != NOBODY || cluster.is_initial {
                return None;
            }
            cluster.write = index;
        } else {
            cluster.reads += 1;
        }
        if cluster.is_initial {
            cluster.latest_call = cluster.latest_call.max(operation.call);
            if cluster.last_called == NOBODY || operations[cluster.last_called].call < operation.call {
                cluster.last_called = index;
            }
        } else {
            cluster.add(index, operation);
        }
    }
    for cluster in &clusters {
        if cluster.is_initial || cluster.reads == 0 {
            continue;
        }
        let first = cluster.first_returned;
        if cluster.write == NOBODY {
            return Some(Err(vec![first]));
        }
        if operations[first].returned.is_some_and(|returned| returned < operations[cluster.write].call) {
            return Some(Err(vec![first, cluster.write]));
        }
    }
    Some(Ok(clusters))
}

/// All operations by cluster, in a cluster the write first, then the reads by call.
fn order(
    machine: &RegisterMachine,
    operations: &[Timed],
    clusters: &[Cluster],
    sorted: &[(i64, i64, u32)],
) -> Vec<OperationId> {
    // Where each cluster's share of the order begins.
    let mut places = vec![u32::MAX; clusters.len()];
    let mut length = 0;
    for &(_, _, value) in sorted {
        let cluster = &clusters[value as usize];
        places[value as usize] = length;
        length += cluster.reads + u32::from(cluster.write != NOBODY);
    }
    let mut order = vec![NOBODY; length as usize];
    let mut next = places.clone();
    for &(_, _, value) in sorted {
        let cluster = &clusters[value as usize];
        if cluster.write != NOBODY {
            order[next[value as usize] as usize] = cluster.write;
            next[value as usize] += 1;
        }
    }
    for (index, operation) in operations.iter().enumerate() {
        if let Class::Saw(value) = machine.classes[operation.class as usize] {
            order[next[value as usize] as usize] = index;
            next[value as usize] += 1;
        }
    }
    for &(_, _, value) in sorted {
        let cluster = &clusters[value as usize];
        let end = next[value as usize] as usize;
        order[end - cluster.reads as usize..end].sort_unstable_by_key(|&index| operations[index].call);
    }
    order.into_iter().map(|index| operations[index].id).collect()
}
