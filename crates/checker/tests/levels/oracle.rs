//! The levels by definition: every order, every subset, nothing clever. For histories of a handful of operations.

use anachron_checker::{Model, Object, ObjectState, Specification};
use anachron_history::History;
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

/// An operation of the oracle: failed ones and reads of unknown outcome are left out.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub(crate) id: OperationId,
    pub(crate) client: u32,
    pub(crate) key: usize,
    pub(crate) operation: Operation,
    /// `None`: unknown outcome.
    pub(crate) reply: Option<Reply>,
    pub(crate) call: i64,
    pub(crate) returned: Option<i64>,
}

impl Op {
    pub(crate) fn is_write(&self) -> bool {
        matches!(self.operation, Operation::Write(_))
    }

    fn written(&self) -> Option<&Value> {
        match &self.operation {
            Operation::Write(value) => Some(value),
            _ => None,
        }
    }

    fn seen(&self) -> Option<&Value> {
        match &self.reply {
            Some(Reply::Value(value)) => Some(value),
            _ => None,
        }
    }
}

/// A small history, and who precedes whom.
pub(crate) struct World {
    pub(crate) ops: Vec<Op>,
    initial: Value,
    /// Process order.
    pub(crate) session: Vec<Vec<bool>>,
}

/// A relation on versions: `Some(i)` is the write i, `None` the initial value.
type Version = Option<usize>;

impl World {
    pub(crate) fn new(history: &History, initial: &Value) -> Self {
        let mut ops: Vec<(Option<i64>, Op)> = Vec::new();
        for (id, record) in history.iter() {
            let is_unknown = record.outcome == Outcome::Unknown;
            if record.outcome == Outcome::Failed || (is_unknown && record.operation.is_read()) {
                continue;
            }
            let reply = match &record.outcome {
                Outcome::Ok(reply) => Some(reply.clone()),
                _ => None,
            };
            let op = Op {
                id,
                client: record.client.0,
                key: record.key.index(),
                operation: record.operation.clone(),
                reply,
                call: record.call.0,
                returned: if is_unknown { None } else { record.end.map(|end| end.0) },
            };
            ops.push((record.end.map(|end| end.0), op));
        }
        // One client's operations in the order in which it called them.
        let comes_first = |a: &(Option<i64>, Op), b: &(Option<i64>, Op)| {
            a.1.client == b.1.client
                && a.1.reply.is_some()
                && (a.1.call, a.0, a.1.id) < (b.1.call, b.0, b.1.id)
        };
        let session = ops.iter().map(|a| ops.iter().map(|b| comes_first(a, b)).collect()).collect();
        Self { ops: ops.into_iter().map(|(_, op)| op).collect(), initial: initial.clone(), session }
    }

    fn indices(&self) -> std::ops::Range<usize> {
        0..self.ops.len()
    }

    fn reads(&self) -> impl Iterator<Item = usize> {
        self.indices().filter(|&i| !self.ops[i].is_write())
    }

    fn writes(&self) -> impl Iterator<Item = usize> {
        self.indices().filter(|&i| self.ops[i].is_write())
    }

    /// True if every object is a register whose values tell who wrote them.
    /// True if the objects are registers, and every read tells whose write it saw.
    pub(crate) fn is_unique(&self, model: Model) -> bool {
        let is_plain = |op: &Op| op.is_write() || op.operation == Operation::Read;
        let clash = |i: usize, j: usize| {
            i < j && self.ops[i].key == self.ops[j].key && self.ops[i].written() == self.ops[j].written()
        };
        matches!(model, Model::Register | Model::CasRegister | Model::KeyValue)
            && self.ops.iter().all(is_plain)
            && self.ops.iter().all(|op| op.written() != Some(&self.initial))
            && !self.writes().any(|i| self.writes().any(|j| clash(i, j)))
    }

    /// The write that a read read; the outer `None`: nobody wrote it.
    fn source(&self, read: usize) -> Option<Version> {
        let value = self.ops[read].seen().expect("a read of known outcome");
        if *value == self.initial {
            return Some(None);
        }
        let wrote =
            |&i: &usize| self.ops[i].key == self.ops[read].key && self.ops[i].written() == Some(value);
        self.writes().find(wrote).map(Some)
    }

    fn has_thin_air(&self) -> bool {
        self.reads().any(|read| self.source(read).is_none())
    }

    fn is_read_by_somebody(&self, write: usize) -> bool {
        self.reads().any(|read| self.source(read) == Some(Some(write)))
    }

    /// True if a write may count: its outcome is known, or somebody read it.
    fn counts(&self, write: usize) -> bool {
        self.ops[write].reply.is_some() || self.is_read_by_somebody(write)
    }

    fn real_time(&self) -> Vec<Vec<bool>> {
        let precedes = |a: &Op, b: &Op| a.returned.is_some_and(|returned| returned < b.call);
        self.ops.iter().map(|a| self.ops.iter().map(|b| precedes(a, b)).collect()).collect()
    }

    /// The transitive closure of process order and reads-from.
    pub(crate) fn causal(&self) -> Vec<Vec<bool>> {
        let mut causal = self.session.clone();
        for read in self.reads() {
            if let Some(Some(write)) = self.source(read) {
                causal[write][read] = true;
            }
        }
        close(&mut causal);
        causal
    }

    /// True if a read returns the last write of its object so far.
    fn is_legal(&self, so_far: &[usize], next: usize) -> bool {
        self.ops[next].is_write() || self.source(next) == Some(self.last(so_far, self.ops[next].key))
    }

    fn last(&self, so_far: &[usize], key: usize) -> Version {
        so_far.iter().rev().copied().find(|&i| self.ops[i].is_write() && self.ops[i].key == key)
    }

    /// Any object: one legal order that extends a relation; operations of unknown outcome may be left out.
    fn any_legal_order(&self, model: Model, before: &[Vec<bool>]) -> bool {
        let keys = self.ops.iter().map(|op| op.key + 1).max().unwrap_or(0);
        let object = Object { model, initial: self.initial.clone() };
        let mut left: Vec<usize> = self.indices().collect();
        self.legal(&object, before, &mut left, &vec![object.initial(); keys])
    }

    fn legal(
        &self,
        object: &Object,
        before: &[Vec<bool>],
        left: &mut Vec<usize>,
        states: &[ObjectState],
    ) -> bool {
        if left.iter().all(|&i| self.ops[i].reply.is_none()) {
            return true;
        }
        for position in 0..left.len() {
            let next = left[position];
            let op = &self.ops[next];
            if left.iter().any(|&other| before[other][next]) {
                continue;
            }
            let Some(after) = object.step(&states[op.key], &op.operation, op.reply.as_ref()) else {
                continue;
            };
            let mut states = states.to_vec();
            states[op.key] = after;
            left.remove(position);
            let found = self.legal(object, before, left, &states);
            left.insert(position, next);
            if found {
                return true;
            }
        }
        false
    }

    pub(crate) fn linearizable(&self, model: Model) -> bool {
        self.any_legal_order(model, &self.real_time())
    }

    pub(crate) fn sequential(&self, model: Model) -> bool {
        self.any_legal_order(model, &self.session)
    }

    /// For each client, all writes that count and its own reads have a legal order that extends the relation.
    fn views(&self, before: &[Vec<bool>]) -> bool {
        if self.has_thin_air() {
            return false;
        }
        let mut clients: Vec<u32> = self.ops.iter().map(|op| op.client).collect();
        clients.dedup();
        clients.iter().all(|&client| {
            let is_of = |&i: &usize| {
                let op = &self.ops[i];
                if op.is_write() { self.counts(i) } else { op.client == client }
            };
            let of: Vec<usize> = self.indices().filter(is_of).collect();
            any_order(&of, before, &|so_far, next| self.is_legal(so_far, next))
        })
    }

    pub(crate) fn pram(&self) -> bool {
        self.views(&self.session)
    }

    pub(crate) fn causal_memory(&self) -> bool {
        let causal = self.causal();
        is_acyclic(&causal) && self.views(&causal)
    }

    /// Each read alone has an order of the writes of its causal past.
    pub(crate) fn weak_causal(&self) -> bool {
        let causal = self.causal();
        !self.has_thin_air()
            && is_acyclic(&causal)
            && self.reads().all(|read| {
                let mut of: Vec<usize> = self.writes().filter(|&write| causal[write][read]).collect();
                of.push(read);
                any_order(&of, &causal, &|so_far, next| self.is_legal(so_far, next))
            })
    }

    /// One order of all writes, in which each read saw the last of its causal past.
    pub(crate) fn causal_convergence(&self) -> bool {
        let causal = self.causal();
        if self.has_thin_air() || !is_acyclic(&causal) {
            return false;
        }
        // A read is judged once all the writes of its past stand.
        let mut of: Vec<usize> = self.writes().filter(|&write| self.counts(write)).collect();
        of.extend(self.reads());
        any_order(&of, &causal, &|so_far, next| {
            let past: Vec<usize> = so_far.iter().copied().filter(|&i| causal[i][next]).collect();
            self.is_legal(&past, next)
        })
    }

    /// Is there an order of one object's versions that extends `base` and in which every pair (met, returned) of
    /// `demands` is in this order or the same?
    fn any_version_order(&self, key: usize, base: &[Vec<bool>], demands: &[(Version, Version)]) -> bool {
        let of: Vec<usize> =
            self.writes().filter(|&write| self.ops[write].key == key && self.counts(write)).collect();
        // Nothing met is newer than what was returned: not the initial value, nor a write that stands later.
        demands.iter().all(|&(met, returned)| met.is_none() || returned.is_some())
            && of.iter().all(|&write| !base[write][write])
            && any_order(&of, base, &|so_far, next| {
                demands.iter().all(|&(met, returned)| {
                    met != Some(next) || returned == met || !so_far.contains(&returned.expect("seen above"))
                })
            })
    }

    /// The session guarantees: `met(read)` are the writes that the read must not be older than.
    fn session_guarantee(
        &self,
        base: &[Vec<bool>],
        for_all: bool,
        met: &dyn Fn(usize) -> Vec<usize>,
    ) -> bool {
        if self.has_thin_air() {
            return false;
        }
        let mut groups: Vec<Vec<usize>> = Vec::new();
        if for_all {
            groups.push(self.reads().collect());
        } else {
            let clients: std::collections::BTreeSet<u32> = self.ops.iter().map(|op| op.client).collect();
            for client in clients {
                groups.push(self.reads().filter(|&read| self.ops[read].client == client).collect());
            }
        }
        let keys: std::collections::BTreeSet<usize> = self.ops.iter().map(|op| op.key).collect();
        groups.iter().all(|reads| {
            keys.iter().all(|&key| {
                let mut demands = Vec::new();
                for &read in reads.iter().filter(|&&read| self.ops[read].key == key) {
                    let returned = self.source(read).expect("not out of thin air");
                    for write in met(read).into_iter().filter(|&write| self.ops[write].key == key) {
                        demands.push((Some(write), returned));
                    }
                }
                self.any_version_order(key, base, &demands)
            })
        })
    }

    /// The session's reads up to this one.
    fn reads_up_to(&self, read: usize) -> Vec<usize> {
        self.reads().filter(|&other| other == read || self.session[other][read]).collect()
    }

    pub(crate) fn read_your_writes(&self) -> bool {
        self.session_guarantee(&self.session, false, &|read| {
            self.writes().filter(|&write| self.session[write][read]).collect()
        })
    }

    pub(crate) fn monotonic_reads(&self) -> bool {
        self.session_guarantee(&self.session, false, &|read| {
            let before = self.reads_up_to(read).into_iter().filter(|&other| other != read);
            before.filter_map(|other| self.source(other).flatten()).collect()
        })
    }

    pub(crate) fn monotonic_writes(&self) -> bool {
        self.session_guarantee(&self.session, false, &|read| {
            let seen = self.reads_up_to(read).into_iter().filter_map(|other| self.source(other).flatten());
            seen.flat_map(|later| self.writes().filter(move |&write| self.session[write][later])).collect()
        })
    }

    /// What the writer of a write had read before it, what the writers of that had read, and so on.
    fn follows(&self) -> Vec<Vec<bool>> {
        let mut follows = vec![vec![false; self.ops.len()]; self.ops.len()];
        for read in self.reads() {
            for write in self.writes().filter(|&write| self.session[read][write]) {
                if let Some(Some(source)) = self.source(read) {
                    follows[source][write] = true;
                }
            }
        }
        close(&mut follows);
        follows
    }

    pub(crate) fn writes_follow_reads(&self) -> bool {
        let follows = self.follows();
        let mut base = self.session.clone();
        for (i, row) in follows.iter().enumerate() {
            for (j, &after) in row.iter().enumerate() {
                base[i][j] |= after && i != j;
            }
        }
        self.session_guarantee(&base, false, &|read| {
            let seen = self.reads_up_to(read).into_iter().filter_map(|other| self.source(other).flatten());
            let follows = &follows;
            seen.flat_map(|later| self.writes().filter(move |&write| follows[write][later])).collect()
        })
    }

    pub(crate) fn all_four(&self, for_all: bool) -> bool {
        let causal = self.causal();
        is_acyclic(&causal)
            && self.session_guarantee(&causal, for_all, &|read| {
                self.writes().filter(|&write| causal[write][read]).collect()
            })
    }

    fn fits_alone(&self, read: usize) -> bool {
        let key = self.ops[read].key;
        let mut of: Vec<usize> =
            self.writes().filter(|&write| self.ops[write].key == key && self.counts(write)).collect();
        of.push(read);
        self.source(read).is_some()
            && any_order(&of, &self.real_time(), &|so_far, next| self.is_legal(so_far, next))
    }

    pub(crate) fn regular(&self) -> bool {
        self.reads().all(|read| self.fits_alone(read))
    }

    pub(crate) fn safe(&self) -> bool {
        let real_time = self.real_time();
        self.reads().all(|read| {
            let overlaps = |write: usize| {
                self.ops[write].key == self.ops[read].key
                    && !real_time[read][write]
                    && !real_time[write][read]
            };
            self.fits_alone(read) || self.writes().any(overlaps)
        })
    }

    /// The least k, if there is one.
    pub(crate) fn k_atomicity(&self) -> Option<u64> {
        let mut of: Vec<usize> = self.writes().filter(|&write| self.counts(write)).collect();
        of.extend(self.reads());
        (1..=of.len() + 1)
            .find(|&k| {
                any_order(&of, &self.real_time(), &|so_far, next| {
                    if self.ops[next].is_write() {
                        return true;
                    }
                    let key = self.ops[next].key;
                    let writes: Vec<Version> = so_far
                        .iter()
                        .copied()
                        .filter(|&i| self.ops[i].is_write() && self.ops[i].key == key)
                        .map(Some)
                        .collect();
                    let versions: Vec<Version> = std::iter::once(None).chain(writes).collect();
                    let window = &versions[versions.len().saturating_sub(k)..];
                    self.source(next).is_some_and(|source| window.contains(&source))
                })
            })
            .map(|k| k as u64)
    }

    /// The least Δ, if there is one.
    pub(crate) fn delta(&self) -> Option<u64> {
        let times = || self.ops.iter().flat_map(|op| op.returned.into_iter().chain([op.call]));
        let mut shifts: Vec<i64> = self
            .reads()
            .flat_map(|read| times().map(move |time| self.ops[read].call - time))
            .filter(|&shift| shift >= 0)
            .collect();
        shifts.push(0);
        shifts.sort_unstable();
        let works = |&shift: &i64| {
            let mut shifted =
                Self { ops: self.ops.clone(), initial: self.initial.clone(), session: Vec::new() };
            for op in shifted.ops.iter_mut().filter(|op| !op.is_write()) {
                op.call -= shift;
            }
            shifted.linearizable(Model::Register)
        };
        shifts.iter().copied().find(works).map(|shift| u64::try_from(shift).expect("not negative"))
    }
}

/// Is there an order of these operations that extends the relation and passes `accepts` at every step? `accepts` sees
/// the order so far and the next operation.
fn any_order(of: &[usize], before: &[Vec<bool>], accepts: &dyn Fn(&[usize], usize) -> bool) -> bool {
    fn extend(
        left: &mut Vec<usize>,
        order: &mut Vec<usize>,
        before: &[Vec<bool>],
        accepts: &dyn Fn(&[usize], usize) -> bool,
    ) -> bool {
        if left.is_empty() {
            return true;
        }
        for position in 0..left.len() {
            let next = left[position];
            if left.iter().any(|&other| before[other][next]) || !accepts(order, next) {
                continue;
            }
            left.remove(position);
            order.push(next);
            let found = extend(left, order, before, accepts);
            order.pop();
            left.insert(position, next);
            if found {
                return true;
            }
        }
        false
    }
    extend(&mut of.to_vec(), &mut Vec::new(), before, accepts)
}

fn close(relation: &mut [Vec<bool>]) {
    for middle in 0..relation.len() {
        for from in 0..relation.len() {
            for to in 0..relation.len() {
                if relation[from][middle] && relation[middle][to] {
                    relation[from][to] = true;
                }
            }
        }
    }
}

fn is_acyclic(relation: &[Vec<bool>]) -> bool {
    relation.iter().enumerate().all(|(i, row)| !row[i])
}
