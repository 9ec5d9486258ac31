//! A register of a stream while its values are unique: zones that grow, and clusters that go.
//!
//! Why it exists: the frontier of a search holds every subset of the open writes that may have taken effect, so it
//! explodes with the concurrency. Zones don't: whether two clusters clash (see `crate::zones` for the words) is a matter
//! of four times. Golab, Li and Shah 2011, section 4, check zones online; here is what they leave open, which clusters
//! can be forgotten.
//!
//! Calls and returns come in the order of their times, calls first among equals; the reordering is done before, by the
//! watermark. So at each moment what is not yet heard of was called at this moment or later, and an operation that has
//! not returned may answer anything: a violation is found at the return that makes it certain, neither sooner nor later.
//!
//! *Clashes.* Write `first(C)` for a cluster's earliest return and `last(C)` for its latest call. A has to stand before B if
//! first(A) < last(B), and two clusters clash if each has to stand before the other. When a cluster's first
//! operation returns, all calls known lie before that moment, so it clashes with nobody. After that only last(C) can
//! grow, when a read returns; the clusters that it newly has to follow are those with old last(C) ≤ first < new last(C),
//! and of these it clashes with those that it has to precede.
//!
//! *What can be forgotten.* Let the *horizon* be the earliest call of an open read, or the present: no read that returns
//! from now on was called before it. A cluster C is *overwritten* if last(C) ≤ horizon and first(C) < horizon, and it has
//! to stand before some other B with first(B) < horizon. Then:
//! - a read of C's value yet to come was called at the horizon or later, so B has to stand before C and the two clash.
//!   Nothing need be remembered to say so: a read of a value that is not known is a violation either way;
//! - no other clash with C can arise. If first(D) < horizon, the only times that can still change are latest calls, so D
//!   has to grow; D has to stand before C, so it is overwritten too, and a read of it is a violation by itself. If
//!   first(D) is yet to come, it lies at the horizon or later, behind last(C), so D need not stand before C.
//!
//! So what is kept is what may still be read, and one cluster that overwrote the rest: as much as happens while the longest
//! open read is open. A value may be written again once it is forgotten. Two things are kept for as long as they take: a
//! write of unknown outcome that nobody has read, for somebody may yet; and all that a read may answer which never ends.
//!
//! *Where it ends.* A value that is written again while it is known, or any operation but read, write and delete: then the
//! search goes on from here ([`Zones::into_frontier`]). All that is overwritten comes first in some order, and nobody
//! can see any of it, so the state to start from is any value of the last that went. The reads that returned can't
//! belong to a write that is called only now, so of each cluster its witnesses are as good as the whole.

use std::collections::{BTreeMap, BTreeSet};

use anachron_vocabulary::{Key, Operation, Outcome, Reply, Value};

use super::frontier::Frontier;
use super::gone::Gone;
use super::{Told, Why};
use crate::ObjectState;

/// Fewer clusters than this are not worth a look at which can go.
const FEW: usize = 4;

/// A value, and what the zone of its cluster rests on.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) value: Value,
    is_initial: bool,
    write: Option<Told>,
    /// The operation that returned first.
    first: Option<Told>,
    /// The operation that was called last, of the write and the reads that have returned.
    last: Option<Told>,
    /// `None`: no operation of it has returned, so it does not count.
    earliest_return: Option<i64>,
    latest_call: i64,
    /// Nobody may read it any more; it is kept because its write is open, and may yet turn out to have failed.
    is_overwritten: bool,
}

impl Cluster {
    /// What is there before everything: written before any call.
    fn initial(value: Value) -> Self {
        Self {
            value,
            is_initial: true,
            write: None,
            first: None,
            last: None,
            earliest_return: Some(i64::MIN),
            latest_call: i64::MIN,
            is_overwritten: false,
        }
    }

    fn written(value: Value, write: Told) -> Self {
        Self {
            is_initial: false,
            latest_call: write.call,
            last: Some(write.clone()),
            write: Some(write),
            earliest_return: None,
            ..Self::initial(value)
        }
    }

    /// True if it stands for nothing: its write failed.
    fn is_vacant(&self) -> bool {
        self.write.is_none() && self.earliest_return.is_none()
    }

    fn vacate(&mut self) {
        self.write = None;
        self.earliest_return = None;
    }

    /// True if it has to stand before the other.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        self.is_initial || self.earliest_return.is_some_and(|first| first < other.latest_call)
    }

    /// True if some operation of it returned before this moment.
    pub(super) fn returned_before(&self, moment: i64) -> bool {
        self.earliest_return.is_some_and(|first| first < moment)
    }

    fn is_written_by(&self, mark: u64) -> bool {
        self.write.as_ref().is_some_and(|write| write.mark == mark)
    }

    /// The operations that prove what the zone says, each once.
    pub(super) fn witnesses(&self) -> Vec<Told> {
        let mut witnesses: Vec<Told> = Vec::with_capacity(3);
        for told in [&self.write, &self.first, &self.last].into_iter().flatten() {
            if witnesses.iter().all(|other| other.mark != told.mark) {
                witnesses.push(told.clone());
            }
        }
        witnesses
    }

    fn bytes(&self) -> usize {
        let text = if let Value::Text(text) = &self.value { text.len() } else { 0 };
        size_of::<Self>() + text
    }
}

/// What is known of how an operation ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Open,
    /// It is ok, and its answer is known.
    Answered,
    Unknown,
    Failed,
}

/// An operation between the moment at which it was told and its end.
#[derive(Clone, Debug)]
struct Waiting {
    told: Told,
    fate: Fate,
    /// Its call has come.
    is_called: bool,
    /// It was told when its call lay before the watermark.
    is_late: bool,
}

/// Why there is no order: the operations that show it, and in what way they do.
pub(super) type Contradiction = (Vec<Told>, Why);

/// A register whose values are unique.
#[derive(Clone, Debug, Default)]
pub(super) struct Zones {
    /// By mark.
    waiting: BTreeMap<u64, Waiting>,
    /// Call and mark of the reads that were called and did not return.
    open_reads: BTreeSet<(i64, u64)>,
    clusters: Vec<Cluster>,
    /// Positions in `clusters`; a vacant cluster is as good as none.
    values: BTreeMap<Value, usize>,
    /// Earliest return and position of the clusters that count and are not overwritten, sorted.
    by_return: Vec<(i64, usize)>,
    /// What the object held before all that is kept.
    before: Value,
    /// The horizon when a cluster last went.
    since: Option<i64>,
    /// With how many clusters it is time to look which can go.
    look_at: usize,
}

/// The value that an operation leaves, if that is all it does.
fn written(operation: &Operation) -> Option<Value> {
    match operation {
        Operation::Write(value) => Some(value.clone()),
        Operation::Delete => Some(Value::Null),
        _ => None,
    }
}

impl Zones {
    pub(super) fn new(initial: Value) -> Self {
        Self {
            waiting: BTreeMap::new(),
            open_reads: BTreeSet::new(),
            clusters: vec![Cluster::initial(initial.clone())],
            values: BTreeMap::from([(initial.clone(), 0)]),
            by_return: vec![(i64::MIN, 0)],
            before: initial,
            since: None,
            look_at: FEW,
        }
    }

    /// An operation whose end is not known.
    pub(super) fn open(&mut self, told: Told) {
        self.wait(Waiting { told, fate: Fate::Open, is_called: false, is_late: false });
    }

    /// An operation with its answer, or whose outcome is unknown.
    pub(super) fn add(&mut self, told: Told, is_late: bool) {
        let fate = if told.answer.is_some() { Fate::Answered } else { Fate::Unknown };
        self.wait(Waiting { told, fate, is_called: false, is_late });
    }

    fn wait(&mut self, waiting: Waiting) {
        let known = self.waiting.insert(waiting.told.mark, waiting);
        assert!(known.is_none(), "a mark is one operation's own");
    }

    pub(super) fn opened(&self, mark: u64) -> &Told {
        let waiting = self.waiting.get(&mark).filter(|waiting| waiting.fate == Fate::Open);
        &waiting.expect("the operation is open").told
    }

    /// How the open operation ends, when the moment has come.
    pub(super) fn close(&mut self, mark: u64, end: i64, outcome: Outcome) {
        let waiting = self.waiting.get_mut(&mark).expect("the operation is open");
        waiting.fate = match outcome {
            Outcome::Ok(reply) => {
                waiting.told.answer = Some((end, reply));
                Fate::Answered
            }
            Outcome::Unknown => Fate::Unknown,
            Outcome::Failed => Fate::Failed,
        };
    }

    pub(super) fn abandon_open(&mut self) {
        for waiting in self.waiting.values_mut().filter(|waiting| waiting.fate == Fate::Open) {
            waiting.fate = Fate::Unknown;
        }
    }

    /// The operations whose end is not known.
    pub(super) fn into_open(self) -> BTreeMap<u64, Told> {
        let open = self.waiting.into_iter().filter(|(_, waiting)| waiting.fate == Fate::Open);
        open.map(|(mark, waiting)| (mark, waiting.told)).collect()
    }

    /// The moment of the operation's call. False if zones can't judge it.
    pub(super) fn called(&mut self, mark: u64) -> bool {
        let waiting = self.waiting.get_mut(&mark).expect("its end comes later");
        let call = waiting.told.call;
        if waiting.told.operation == Operation::Read {
            waiting.is_called = true;
            if waiting.fate == Fate::Unknown {
                self.waiting.remove(&mark);
            } else {
                self.open_reads.insert((call, mark));
            }
            return true;
        }
        let Some(value) = written(&waiting.told.operation) else { return false };
        let cluster = Cluster::written(value.clone(), waiting.told.clone());
        match self.values.get(&value) {
            Some(&index) if !self.clusters[index].is_vacant() => return false,
            Some(&index) => self.clusters[index] = cluster,
            None => {
                self.values.insert(value, self.clusters.len());
                self.clusters.push(cluster);
            }
        }
        waiting.is_called = true;
        if waiting.fate == Fate::Unknown {
            self.waiting.remove(&mark);
        }
        true
    }

    /// The moment of its end.
    pub(super) fn ended(&mut self, key: Key, mark: u64, now: i64, gone: &mut Gone) -> Option<Contradiction> {
        // What is of unknown outcome may have gone at its call.
        let Waiting { told, fate, .. } = self.waiting.remove(&mark)?;
        let contradiction = match written(&told.operation) {
            None => {
                self.open_reads.remove(&(told.call, mark));
                if fate == Fate::Answered { self.read(key, told, now, gone) } else { None }
            }
            Some(value) => self.wrote(&value, told, fate, now),
        };
        if contradiction.is_none() && self.clusters.len() >= self.look_at {
            self.forget(key, now, gone);
            self.look_at = 2 * self.clusters.len() + FEW;
        }
        contradiction
    }

    fn wrote(&mut self, value: &Value, told: Told, fate: Fate, now: i64) -> Option<Contradiction> {
        let index = *self.values.get(value)?;
        let cluster = &mut self.clusters[index];
        // Overwritten and forgotten while its end was on its way.
        if !cluster.is_written_by(told.mark) {
            return None;
        }
        if fate == Fate::Failed {
            let reads: Vec<Told> =
                cluster.witnesses().into_iter().filter(|witness| witness.mark != told.mark).collect();
            if !reads.is_empty() {
                return Some((reads, Why::Alone));
            }
            cluster.vacate();
        } else if cluster.is_overwritten {
            cluster.vacate();
        } else if fate == Fate::Answered {
            if cluster.earliest_return.is_none() {
                cluster.earliest_return = Some(now);
                cluster.first = Some(told.clone());
                self.by_return.push((now, index));
            }
            cluster.write = Some(told);
        }
        None
    }

    fn read(&mut self, key: Key, told: Told, now: i64, gone: &Gone) -> Option<Contradiction> {
        let Some((_, Reply::Value(value))) = &told.answer else { unreachable!("refused when it was told") };
        let readable = |&index: &usize| {
            let cluster = &self.clusters[index];
            !cluster.is_vacant() && !cluster.is_overwritten
        };
        let Some(index) = self.values.get(value).copied().filter(readable) else {
            let value = value.clone();
            return Some(self.read_from_nowhere(key, &value, told, gone));
        };
        let cluster = &mut self.clusters[index];
        let (known, call) = (cluster.latest_call, told.call);
        let is_first = cluster.earliest_return.is_none();
        if is_first {
            cluster.earliest_return = Some(now);
            cluster.first = Some(told.clone());
            self.by_return.push((now, index));
        }
        if call <= known && cluster.last.is_some() {
            return None;
        }
        cluster.latest_call = call;
        cluster.last = Some(told);
        if is_first {
            return None;
        }
        let cluster = &self.clusters[index];
        let from = self.by_return.partition_point(|&(first, _)| first < known);
        let to = self.by_return.partition_point(|&(first, _)| first < call);
        let clashing = self.by_return[from..to]
            .iter()
            .find(|&&(_, other)| other != index && cluster.precedes(&self.clusters[other]));
        let &(_, other) = clashing?;
        Some((merged(cluster.witnesses(), self.clusters[other].witnesses()), Why::Alone))
    }

    /// A read of what nobody wrote, or of what was overwritten before the read was called.
    fn read_from_nowhere(&self, key: Key, value: &Value, read: Told, gone: &Gone) -> Contradiction {
        let Some(since) = self.since else { return (vec![read], Why::Alone) };
        let kept = self.values.get(value).map(|&index| &self.clusters[index]);
        let cluster = kept.filter(|cluster| cluster.is_overwritten).or_else(|| gone.last(key, value));
        let settled = || self.by_return.iter().map(|&(_, index)| &self.clusters[index]);
        if let Some(cluster) = cluster {
            let overwrites = |other: &&Cluster| other.returned_before(read.call) && cluster.precedes(other);
            let by = gone.of(key).find(overwrites).or_else(|| settled().find(overwrites));
            if let Some(by) = by {
                return (merged(merged(cluster.witnesses(), by.witnesses()), vec![read]), Why::Alone);
            }
        }
        let by = settled().rfind(|cluster| cluster.returned_before(since));
        let by = by.map_or(Vec::new(), Cluster::witnesses);
        (merged(by, vec![read]), Why::Forgotten { since })
    }

    /// Forgets what is overwritten.
    fn forget(&mut self, key: Key, now: i64, gone: &mut Gone) {
        let horizon = self.open_reads.first().map_or(now, |&(call, _)| call.min(now));
        let past = self.by_return.partition_point(|&(first, _)| first < horizon);
        let last_called = |&&(_, index): &&(i64, usize)| self.clusters[index].latest_call;
        let Some(&(_, by)) = self.by_return[..past].iter().max_by_key(last_called) else { return };
        let overwriter = &self.clusters[by];
        let is_new = |(index, cluster): (usize, &Cluster)| {
            index != by
                && !cluster.is_overwritten
                && cluster.returned_before(horizon)
                && cluster.latest_call <= horizon
                && cluster.precedes(overwriter)
        };
        let overwritten: Vec<bool> = self.clusters.iter().enumerate().map(is_new).collect();
        let mut to_come = Vec::with_capacity(self.clusters.len());
        let mut kept: Vec<Cluster> = Vec::new();
        for (mut cluster, is_new) in std::mem::take(&mut self.clusters).into_iter().zip(overwritten) {
            if is_new {
                self.before = cluster.value.clone();
                self.since = Some(horizon);
                gone.push(key, cluster.clone());
                let is_open = |write: &Told| {
                    self.waiting.get(&write.mark).is_some_and(|waiting| waiting.fate != Fate::Answered)
                };
                cluster.is_overwritten = cluster.write.as_ref().is_some_and(is_open);
                if !cluster.is_overwritten {
                    cluster.vacate();
                }
            }
            to_come.push((!cluster.is_vacant()).then_some(kept.len()));
            if !cluster.is_vacant() {
                kept.push(cluster);
            }
        }
        self.clusters = kept;
        self.values.retain(|_, index| to_come[*index].inspect(|&new| *index = new).is_some());
        self.by_return.retain_mut(|(_, index)| match to_come[*index] {
            Some(new) => {
                *index = new;
                !self.clusters[new].is_overwritten
            }
            None => false,
        });
    }

    /// The same object for the search.
    pub(super) fn into_frontier(self) -> Frontier {
        let mut frontier = Frontier::resumed(ObjectState::Holds(self.before), self.since);
        let mut writes: BTreeSet<u64> = BTreeSet::new();
        for cluster in self.clusters.iter().filter(|cluster| !cluster.is_vacant()) {
            writes.extend(cluster.write.as_ref().map(|write| write.mark));
            for told in cluster.witnesses() {
                if !self.waiting.contains_key(&told.mark) {
                    frontier.add(told, false);
                }
            }
        }
        for (mark, Waiting { told, fate, is_called, is_late }) in self.waiting {
            // A write that was overwritten has taken effect: it must not do so again.
            let is_over = is_called && told.operation != Operation::Read && !writes.contains(&mark);
            match fate {
                Fate::Failed => {}
                Fate::Open => frontier.open(told),
                Fate::Answered | Fate::Unknown if is_over => {}
                Fate::Answered | Fate::Unknown => frontier.add(told, is_late && !is_called),
            }
        }
        frontier
    }

    pub(super) fn bytes(&self) -> usize {
        let clusters: usize = self.clusters.iter().map(Cluster::bytes).sum();
        let places = self.values.len() * size_of::<(Value, usize)>() + self.by_return.capacity() * 16;
        clusters + places + self.waiting.len() * size_of::<Waiting>() + self.open_reads.len() * 16
    }
}

/// All of them, each once.
fn merged(mut all: Vec<Told>, more: Vec<Told>) -> Vec<Told> {
    for told in more {
        if all.iter().all(|other| other.mark != told.mark) {
            all.push(told);
        }
    }
    all
}
