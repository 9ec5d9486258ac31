//! What backs a grade is true: orders replay, and each link of a cycle is what it says.

use anachron_checker::levels::{Evidence, Grade, Grades, Level, Link, Measure, Why};
use anachron_checker::{CheckOptions, Specification};
use anachron_history::{History, Record};
use anachron_vocabulary::{Operation, OperationId, Outcome, Reply, Value};

struct Facts<'a> {
    history: &'a History,
    initial: &'a Value,
}

/// Checks everything that backs these grades; answers how many links it looked at.
pub(crate) fn check(history: &History, options: &CheckOptions, grades: &Grades) -> u64 {
    let facts = Facts { history, initial: &options.initial };
    if let Grade::Holds(Evidence::Order(order)) = &grades.sequential {
        facts.replay(options, order);
    }
    for (level, grade) in Level::ALL.into_iter().filter_map(|level| Some((level, grades.grade(level)?))) {
        let Grade::Holds(evidence) = grade else { continue };
        match (level, evidence) {
            (Level::CausalMemory | Level::Pram, Evidence::Views(views)) => {
                for view in views {
                    let is_own = |id: &OperationId| {
                        let record = history.record(*id);
                        record.client == view.client && facts.read(*id).is_some()
                    };
                    let own = (0..history.records.len()).map(OperationId::from_index).filter(is_own).count();
                    assert_eq!(view.order.iter().filter(|id| is_own(id)).count(), own, "all its reads");
                    facts.plain_replay(&view.order);
                    facts.respects_sessions(&view.order);
                }
            }
            (Level::CausalConvergence | Level::WeakCausal, Evidence::Order(order)) => {
                facts.respects_sessions(order);
            }
            (_, Evidence::Versions(versions)) => {
                for version in versions {
                    let of_key = |id: &OperationId| history.record(*id).key == version.key;
                    assert!(version.order.iter().all(of_key), "one object's writes");
                    facts.respects_sessions(&version.order);
                }
            }
            (Level::Linearizable, Evidence::Judgement(_))
            | (Level::Sequential, Evidence::Order(_))
            | (Level::Regular | Level::Safe, Evidence::EveryReadFits) => {}
            (level, evidence) => panic!("{level} holds by {evidence:?}"),
        }
    }
    if let Measure::Least { value, enough: Evidence::Orders(orders), .. } = &grades.k_atomicity {
        for (_, order) in orders {
            facts.respects_real_time(order, 0);
            facts.is_within(order, usize::try_from(*value).expect("small"));
        }
    }
    if let Measure::Least { value, enough: Evidence::Orders(orders), .. } = &grades.delta {
        for (_, order) in orders {
            facts.respects_real_time(order, i64::try_from(*value).expect("small"));
            facts.plain_replay(order);
        }
    }
    Level::ALL
        .into_iter()
        .filter_map(|level| grades.evidence(level))
        .map(|evidence| facts.links(evidence))
        .sum()
}

impl Facts<'_> {
    fn record(&self, id: OperationId) -> &Record {
        self.history.record(id)
    }

    /// The value that an operation that is ok read.
    fn read(&self, id: OperationId) -> Option<&Value> {
        match &self.record(id).outcome {
            Outcome::Ok(Reply::Value(value)) => Some(value),
            _ => None,
        }
    }

    fn written(&self, id: OperationId) -> Option<&Value> {
        match (&self.record(id).operation, &self.record(id).outcome) {
            (Operation::Write(value), Outcome::Ok(_) | Outcome::Unknown) => Some(value),
            _ => None,
        }
    }

    fn session(&self, first: OperationId, second: OperationId) -> bool {
        let (a, b) = (self.record(first), self.record(second));
        a.client == b.client
            && matches!(a.outcome, Outcome::Ok(_))
            && (a.call, a.end, first) < (b.call, b.end, second)
    }

    fn respects_sessions(&self, order: &[OperationId]) {
        for (position, &second) in order.iter().enumerate() {
            assert!(!order[..position].contains(&second), "each once");
            assert!(!order[..position].iter().any(|&first| self.session(second, first)), "process order");
        }
    }

    fn respects_real_time(&self, order: &[OperationId], shift: i64) {
        let call = |id: OperationId| {
            let record = self.record(id);
            if record.operation.is_read() { record.call.0 - shift } else { record.call.0 }
        };
        for (position, &second) in order.iter().enumerate() {
            let precedes = |first: &OperationId| {
                self.record(second).returned().is_some_and(|returned| returned.0 < call(*first))
            };
            assert!(!order[..position].iter().any(precedes), "real time");
        }
    }

    /// A legal order of all objects' operations, complete and in process order.
    fn replay(&self, options: &CheckOptions, order: &[OperationId]) {
        let object = options.object();
        let mut states = vec![object.initial(); self.history.keys.len()];
        for &id in order {
            let record = self.record(id);
            let reply = match &record.outcome {
                Outcome::Ok(reply) => Some(reply),
                Outcome::Unknown => None,
                Outcome::Failed => panic!("what failed is in no order"),
            };
            let state = &mut states[record.key.index()];
            *state = object.step(state, &record.operation, reply).expect("a legal step");
        }
        self.respects_sessions(order);
        let ok =
            self.history.records.iter().filter(|record| matches!(record.outcome, Outcome::Ok(_))).count();
        let placed = order.iter().filter(|id| matches!(self.record(**id).outcome, Outcome::Ok(_))).count();
        assert_eq!(ok, placed, "everything that is ok");
    }

    /// Every read sees the last write.
    fn plain_replay(&self, order: &[OperationId]) {
        self.is_within(order, 1);
    }

    /// Every read sees one of the last k writes.
    fn is_within(&self, order: &[OperationId], k: usize) {
        for (position, &id) in order.iter().enumerate() {
            let Some(seen) = self.read(id) else { continue };
            let same_key = |other: &&OperationId| self.record(**other).key == self.record(id).key;
            let writes =
                order[..position].iter().rev().filter(same_key).filter_map(|&other| self.written(other));
            let mut window = writes.chain([self.initial]).take(k);
            assert!(window.any(|value| value == seen), "operation {} sees one of the last {k}", id.0);
        }
    }

    fn links(&self, evidence: &Evidence) -> u64 {
        let links = match evidence {
            Evidence::Cycle { links, .. } => {
                assert_eq!(links[0].from, links[links.len() - 1].to, "a circle");
                links
            }
            Evidence::InitialOverwritten { links, .. } => {
                let read = links[links.len() - 1].to.expect("a read");
                let write = links[0].from.expect("a write");
                assert!(self.read(read) == Some(self.initial) && self.written(write).is_some());
                assert_eq!(self.record(read).key, self.record(write).key);
                links
            }
            Evidence::Overwritten { by, links } => {
                let (write, read) =
                    (links[0].from.expect("a write"), links[links.len() - 1].to.expect("a read"));
                assert!(links.iter().any(|link| link.to == Some(*by)), "over the other write");
                assert_eq!(self.written(write), self.read(read), "the read saw the write");
                let key = self.record(read).key;
                assert!(self.record(*by).key == key && self.record(write).key == key);
                assert!(self.written(*by).is_some_and(|by| Some(by) != self.read(read)));
                links
            }
            Evidence::FromTheFuture { read, write } => {
                assert_eq!(self.read(*read), self.written(*write));
                assert!(self.record(*read).precedes(self.record(*write)));
                return 0;
            }
            Evidence::Stale { read, write, by } => {
                self.is_behind(*read, *write, *by);
                return 0;
            }
            Evidence::Behind { read, write, between } => {
                for &by in between {
                    self.is_behind(*read, *write, by);
                }
                return 0;
            }
            _ => return 0,
        };
        for pair in links.windows(2) {
            assert_eq!(pair[0].to, pair[1].from, "a path");
        }
        for link in links {
            self.link(link);
        }
        links.len() as u64
    }

    fn is_behind(&self, read: OperationId, write: Option<OperationId>, by: OperationId) {
        assert!(self.record(by).precedes(self.record(read)) && self.written(by).is_some());
        assert_eq!(self.record(by).key, self.record(read).key);
        match write {
            Some(write) => {
                assert!(self.record(write).precedes(self.record(by)));
                assert_eq!(self.written(write), self.read(read));
            }
            None => assert_eq!(self.read(read), Some(self.initial)),
        }
    }

    fn link(&self, link: &Link) {
        let Link { from, to, why } = *link;
        let key = |point: Option<OperationId>| point.map(|id| self.record(id).key);
        let value = |point: Option<OperationId>| match point {
            Some(id) => self.written(id),
            None => Some(self.initial),
        };
        match (from, to, why) {
            (None, Some(to), Why::Initial) => assert!(self.written(to).is_some()),
            (Some(from), Some(to), Why::Session) => assert!(self.session(from, to), "one client's"),
            (Some(from), Some(to), Why::ReadsFrom) => {
                assert!(self.read(to).is_some() && self.read(to) == self.written(from));
            }
            (Some(_), Some(_), Why::Causal) => {
                assert!(from != to && key(from) == key(to));
                assert!(value(from).is_some() && value(to).is_some());
            }
            (Some(_), Some(_), Why::Overwritten { read }) => {
                assert!(key(from) == key(to) && key(to) == Some(self.record(read).key) && from != to);
                assert!(value(from).is_some() && value(to) == self.read(read));
            }
            (Some(from_id), Some(_), Why::NotYet) => {
                assert!(self.read(from_id).is_some() && key(from) == key(to));
                assert!(value(to).is_some() && self.read(from_id) != value(to));
            }
            (Some(_), to, Why::NotOlder { read, met: _ }) => {
                assert!(from != to && (to.is_none() || key(from) == key(to)));
                assert!(value(from).is_some() && value(to) == self.read(read));
            }
            _ => panic!("a link that can't be: {link:?}"),
        }
    }
}
