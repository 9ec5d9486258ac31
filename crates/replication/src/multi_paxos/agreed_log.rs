//! Multi-Paxos as the log of a layer above it, which has the state machine ("Paxos Made Moderately Complex", section 2:
//! replicas and leaders are roles of their own).

use std::sync::Arc;

use anachron_node::Context;
use anachron_vocabulary::{NodeId, VirtualDuration};

use crate::common::{AgreedLog, Submission};

use super::{Command, Config, MultiPaxos, Role, Slot};

impl AgreedLog for MultiPaxos {
    fn settings(first: NodeId, patience: VirtualDuration) -> Config {
        Config {
            election_timeout_min: patience,
            election_timeout_max: patience + patience,
            initial_leader: Some(first),
            ..Config::default()
        }
    }

    fn reign(&self) -> Option<u64> {
        self.leads_with().map(|ballot| ballot.number(self.nodes))
    }

    fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    fn put(&mut self, submission: Arc<Submission>, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &mut self.role else { panic!("only a leader proposes") };
        let slot = leadership.take_slot();
        self.propose_for(slot, Command::Submitted(submission), cx);
        self.end_step(cx);
    }

    fn decided_up_to(&self) -> u64 {
        self.log.chosen_up_to().0
    }

    /// Slots are chosen one by one and written down as chosen: what is accepted here is not yet held.
    fn held_up_to(&self) -> u64 {
        self.decided_up_to()
    }

    fn held(&self, place: u64) -> Option<&Arc<Submission>> {
        match self.log.chosen(Slot(place)).expect("the place is held") {
            Command::Submitted(submission) => Some(submission),
            Command::NoOp | Command::Client(_) => None,
        }
    }
}
