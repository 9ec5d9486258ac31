//! What must hold of locks, checked by an observer who sees every node at every step.

use std::collections::BTreeMap;

use anachron_node::Replica;
use anachron_replication::locks::{Belief, Guarded, Message, Record};
use anachron_vocabulary::NodeId;

use crate::kit::world::Observer;

/// What the observer remembers of a run.
pub(crate) struct Watch<const ONE_HOLDER: bool> {
    /// What each worker believed when last looked at. A worker that is down is taken to believe it still: nobody has
    /// told the lock nodes.
    beliefs: BTreeMap<NodeId, Vec<Belief>>,
    /// The greatest token that the resource has let in. There is one object.
    let_in: i64,
    /// How many locks were granted.
    pub(crate) granted: usize,
}

impl<const ONE_HOLDER: bool> Default for Watch<ONE_HOLDER> {
    fn default() -> Self {
        Self { beliefs: BTreeMap::new(), let_in: 0, granted: 0 }
    }
}

impl<const ONE_HOLDER: bool> Watch<ONE_HOLDER> {
    /// One holder: no two beliefs in one lock share a moment.
    fn one_holder(&self, node: NodeId, new: &[Belief]) -> Result<(), String> {
        let own = new.iter().map(|belief| (node, belief));
        let others = self.beliefs.iter().filter(|(other, _)| **other != node);
        let all: Vec<(NodeId, &Belief)> =
            own.chain(others.flat_map(|(other, held)| held.iter().map(|belief| (*other, belief)))).collect();
        for (row, (one_at, one)) in all.iter().enumerate() {
            for (other_at, other) in &all[row + 1..] {
                if one.key == other.key && one.since.max(other.since) < one.until.min(other.until) {
                    return Err(format!("One holder: {one:?} at {one_at} and {other:?} at {other_at}"));
                }
            }
        }
        Ok(())
    }
}

impl<const ONE_HOLDER: bool, L: Replica> Observer<Guarded<L>> for Watch<ONE_HOLDER> {
    fn look(&mut self, node: NodeId, replica: &Guarded<L>) -> Result<(), String> {
        if let Some(worker) = replica.worker() {
            let new: Vec<Belief> = worker.beliefs().collect();
            let before = self.beliefs.get(&node).map_or(&[][..], Vec::as_slice);
            self.granted +=
                new.iter().filter(|belief| before.iter().all(|held| held.since != belief.since)).count();
            if ONE_HOLDER {
                self.one_holder(node, &new)?;
            }
            self.beliefs.insert(node, new);
        }
        Ok(())
    }

    fn durable(&mut self, _: NodeId, _: usize, _: &Record<L::Record>) -> Result<(), String> {
        Ok(())
    }

    /// Tokens grow: whom the resource shows its object comes with no smaller token than anybody before.
    fn said(&mut self, _: NodeId, _: usize, message: &Message<L::Message>) -> Result<(), String> {
        if let Message::Holds { visit, .. } = message
            && let Some(token) = visit.token
        {
            if token < self.let_in {
                return Err(format!("Tokens grow: token {token} is let in after {}", self.let_in));
            }
            self.let_in = token;
        }
        Ok(())
    }
}
