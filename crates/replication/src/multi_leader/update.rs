//! Updates, and the log of those that a leader has.

use std::collections::BTreeMap;

use anachron_vocabulary::Key;

use crate::common::{Actor, Dot, VersionVector};

/// One write, as it travels between leaders.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Update<V> {
    /// Which write of which leader.
    pub dot: Dot,
    /// The object.
    pub key: Key,
    /// What was written, with what tells it from other versions.
    pub versions: V,
    /// Which updates its leader had applied before. Empty unless updates are delivered in causal order.
    pub seen: VersionVector,
}

/// All updates that a leader has, by origin. Nothing is ever taken out: a leader that has lost its disk needs them
/// all.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Log<V> {
    by_origin: BTreeMap<Actor, BTreeMap<u64, Update<V>>>,
    /// Of each origin, up to which number there is no gap.
    complete: VersionVector,
}

impl<V> Default for Log<V> {
    fn default() -> Self {
        Self { by_origin: BTreeMap::new(), complete: VersionVector::default() }
    }
}

impl<V: Clone> Log<V> {
    /// Adds an update. False if it is there already.
    pub(super) fn add(&mut self, update: Update<V>) -> bool {
        let Dot { actor, counter } = update.dot;
        let of_origin = self.by_origin.entry(actor).or_default();
        if of_origin.contains_key(&counter) {
            return false;
        }
        of_origin.insert(counter, update);
        let mut next = self.complete.get(actor) + 1;
        while of_origin.contains_key(&next) {
            self.complete.see(Dot { actor, counter: next });
            next += 1;
        }
        true
    }

    /// Of each origin, how many updates are here without a gap.
    pub(super) fn complete(&self) -> &VersionVector {
        &self.complete
    }

    /// The updates that someone lacks who has these, up to the first gap here, oldest first of each origin.
    pub(super) fn beyond(&self, have: &VersionVector) -> Vec<Update<V>> {
        let mut lacking = Vec::new();
        for (&actor, of_origin) in &self.by_origin {
            let (from, to) = (have.get(actor) + 1, self.complete.get(actor));
            if from <= to {
                lacking.extend(of_origin.range(from..=to).map(|(_, update)| update.clone()));
            }
        }
        lacking
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::NodeId;

    #[test]
    fn a_log_knows_its_gaps() {
        let update = |node, counter| Update {
            dot: Dot { actor: Actor::node(NodeId(node)), counter },
            key: Key(0),
            versions: (),
            seen: VersionVector::default(),
        };
        let mut log = Log::default();
        assert!(log.add(update(0, 1)) && log.add(update(0, 3)) && !log.add(update(0, 3)));
        assert_eq!(format!("{:?}", log.complete()), "[1]");
        assert_eq!(log.beyond(&VersionVector::default()).len(), 1, "what is behind a gap is kept back");
        assert!(log.add(update(0, 2)) && log.add(update(1, 1)));
        assert_eq!(format!("{:?}", log.complete()), "[3,1]");
        let have: VersionVector = [(Actor::node(NodeId(0)), 1)].into_iter().collect();
        let numbers: Vec<u64> = log.beyond(&have).iter().map(|update| update.dot.counter).collect();
        assert_eq!(numbers, [2, 3, 1]);
    }
}
