//! Raft as the log of a layer above it, which has the state machine (the layering of Figure 1; section 5.3).

use std::sync::Arc;

use anachron_node::Context;
use anachron_vocabulary::{NodeId, VirtualDuration};

use crate::common::{AgreedLog, Submission};

use super::{Command, Config, Entry, Index, Raft};

impl AgreedLog for Raft {
    fn settings(first: NodeId, patience: VirtualDuration) -> Config {
        Config {
            election_timeout_min: patience,
            election_timeout_max: patience + patience,
            initial_leader: Some(first),
            // Only the layer above could take a snapshot of what it holds.
            snapshot_after: None,
            ..Config::default()
        }
    }

    fn reign(&self) -> Option<u64> {
        self.is_leader().then_some(self.term.0)
    }

    fn leader(&self) -> Option<NodeId> {
        self.leader
    }

    fn put(&mut self, submission: Arc<Submission>, cx: &mut Context<'_, Self>) {
        assert!(self.is_leader(), "only a leader appends");
        self.append_entry(Entry { term: self.term, command: Command::Submitted(submission) }, cx);
        self.replicate_to_all(cx);
        self.end_step(cx);
    }

    fn decided_up_to(&self) -> u64 {
        self.commit.0
    }

    fn held_up_to(&self) -> u64 {
        self.log.last_index().0
    }

    fn held(&self, place: u64) -> Option<&Arc<Submission>> {
        match &self.log.get(Index(place)).expect("the place is held").command {
            Command::Submitted(submission) => Some(submission),
            Command::NoOp | Command::Client(_) | Command::Configuration(_) => None,
        }
    }
}
