//! When an update that has arrived is applied: at once, after its predecessors from the same leader, or after
//! everything that its leader had applied before (causal delivery: Birman, Schiper and Stephenson, *Lightweight Causal
//! and Atomic Group Multicast*, TOCS 1991, section 5.1; COPS, SOSP 2011).
//!
//! The story (DDIA figure 5-9): A inserts a row at leader 1. Leader 3 has it, and B updates it there. At leader 2 the
//! update arrives before the insert. Applied as they come, a reader there sees the update of a row that is not there,
//! or, where nothing else orders the two, the insert ends on top of the update for good.

use std::collections::BTreeMap;

use super::update::Update;
use crate::common::{Dot, VersionVector};

/// In which order updates are applied.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Delivery {
    /// As they arrive.
    #[default]
    Arrival,
    /// Those of each leader in its own order.
    Fifo,
    /// An update after all that its leader had applied before it.
    Causal,
}

/// The updates of one leader that wait for others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Inbox<V> {
    delivery: Delivery,
    /// What was applied. Kept where the order matters.
    applied: VersionVector,
    waiting: BTreeMap<Dot, Update<V>>,
}

impl<V> Inbox<V> {
    pub(super) fn new(delivery: Delivery) -> Self {
        Self { delivery, applied: VersionVector::default(), waiting: BTreeMap::new() }
    }

    /// What a new update of this leader has to say that it has seen.
    pub(super) fn seen(&self) -> VersionVector {
        match self.delivery {
            Delivery::Causal => self.applied.clone(),
            Delivery::Arrival | Delivery::Fifo => VersionVector::default(),
        }
    }

    /// What was applied.
    pub(super) fn applied(&self) -> &VersionVector {
        &self.applied
    }

    /// How many updates wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// An update that has not been here before. Returns what can be applied now, in order.
    pub(super) fn take_in(&mut self, update: Update<V>) -> Vec<Update<V>> {
        if self.delivery == Delivery::Arrival {
            return vec![update];
        }
        self.waiting.insert(update.dot, update);
        let mut ready = Vec::new();
        while let Some(dot) =
            self.waiting.values().find(|update| self.is_due(update)).map(|update| update.dot)
        {
            self.applied.see(dot);
            ready.push(self.waiting.remove(&dot).expect("found just now"));
        }
        ready
    }

    fn is_due(&self, update: &Update<V>) -> bool {
        update.dot.counter == self.applied.get(update.dot.actor) + 1 && self.applied.covers_all(&update.seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::Actor;
    use anachron_node::Random;
    use anachron_vocabulary::{Key, NodeId};

    /// Three leaders write and hear of each other; then one hears everything in a random order.
    fn arrivals(random: &mut Random) -> Vec<Update<()>> {
        let mut leaders: Vec<Inbox<()>> = (0..3).map(|_| Inbox::new(Delivery::Causal)).collect();
        let mut all: Vec<Update<()>> = Vec::new();
        for _ in 0..12 {
            let here = usize::try_from(random.below(3)).expect("small");
            if random.below(2) == 0 {
                let actor = Actor::node(NodeId::from_index(here));
                let dot = Dot { actor, counter: leaders[here].applied().get(actor) + 1 };
                let update = Update { dot, key: Key(0), versions: (), seen: leaders[here].seen() };
                assert_eq!(
                    leaders[here].take_in(update.clone()).len(),
                    1,
                    "a leader applies its own at once"
                );
                all.push(update);
            } else if let Some(update) =
                all.get(usize::try_from(random.below(all.len() as u64 + 1)).expect("small"))
                && !leaders[here].applied.covers(update.dot)
                && !leaders[here].waiting.contains_key(&update.dot)
            {
                leaders[here].take_in(update.clone());
            }
        }
        for last in (1..all.len()).rev() {
            all.swap(last, usize::try_from(random.below(last as u64 + 1)).expect("small"));
        }
        all
    }

    #[test]
    fn each_order_is_what_it_says_and_nothing_is_left_behind() {
        let mut random = Random::new(3, 0);
        for _ in 0..5_000 {
            let all = arrivals(&mut random);
            for delivery in [Delivery::Arrival, Delivery::Fifo, Delivery::Causal] {
                let mut inbox = Inbox::new(delivery);
                let mut applied = VersionVector::default();
                let mut count = 0;
                for update in &all {
                    for ready in inbox.take_in(update.clone()) {
                        let in_turn = ready.dot.counter == applied.get(ready.dot.actor) + 1;
                        assert!(in_turn || delivery == Delivery::Arrival);
                        assert!(applied.covers_all(&ready.seen) || delivery != Delivery::Causal);
                        applied.see(ready.dot);
                        count += 1;
                    }
                }
                assert_eq!((count, inbox.waiting()), (all.len(), 0));
            }
        }
    }
}
