//! After the run: peace, and the two questions that a history can't answer.

use std::collections::BTreeSet;

use anachron_node::Replica;
use anachron_vocabulary::{ClientId, Key, OperationId, Outcome, Value, VirtualTime};

use super::Simulation;
use crate::Afterwards;
use crate::run::Rest;

impl<R: Replica> Simulation<'_, R> {
    /// The two questions of [`Afterwards`]. No answer if the step limit did not leave the cluster its time.
    pub(super) fn rest(&mut self, afterwards: &Afterwards) -> Option<Rest> {
        for client in &mut self.clients {
            client.retire();
        }
        self.now = VirtualTime::ZERO + self.world.duration;
        self.schedule_over = true;
        for number in 0..self.in_force.len() {
            self.fault(number, false);
        }
        let quiet = self.now + afterwards.settle;
        self.run_until(quiet, |_| false);
        self.now = quiet;
        let contents: Vec<Vec<_>> = self
            .processes
            .iter()
            .map(|process| process.replica.as_ref().map(Replica::contents).unwrap_or_default())
            .collect();
        let progressed = self.probe(afterwards);
        if self.step >= self.world.step_limit {
            return None;
        }
        let converged = self.agree(&contents);
        Some(Rest { converged, contents, progressed })
    }

    /// True if, of every object, all nodes that are to keep it hold the same. A node that is down keeps everything,
    /// and holds nothing.
    fn agree(&self, contents: &[Vec<(Key, Value)>]) -> bool {
        let held = |node: usize, key: Key| {
            contents[node].iter().find(|(held, _)| *held == key).map(|(_, value)| value)
        };
        let keeps = |node: &usize, key| {
            self.processes[*node].replica.as_ref().is_none_or(|replica| replica.keeps(key))
        };
        let keys: BTreeSet<Key> = contents.iter().flatten().map(|&(key, _)| key).collect();
        keys.into_iter().all(|key| {
            let mut all = (0..contents.len()).filter(|node| keeps(node, key)).map(|node| held(node, key));
            all.next().is_none_or(|first| all.all(|other| other == first))
        })
    }

    /// Asks every node in turn for one operation until it completes or its time is up.
    pub(super) fn probe(&mut self, afterwards: &Afterwards) -> bool {
        let number = self.clients.len();
        self.add_client(
            ClientId::from_index(number),
            self.probe.expect("whoever asks afterwards brings a plan"),
        );
        let first = OperationId::from_index(self.records.len());
        self.wake_client(number, Some(self.now));
        let end = self.now + afterwards.within;
        let answered = |simulation: &Self| {
            simulation
                .records
                .get(first.index())
                .is_some_and(|record| matches!(record.outcome, Outcome::Ok(_)))
        };
        self.run_until(end, answered);
        answered(self)
    }
}
