//! How a node comes back: the journal is played again, record by record, from the first.

use anachron_node::Context;

use super::durable::Durable;
use super::state::State;
use super::{Config, Epoch, Log, Record, Role, SingleLeader};

impl SingleLeader {
    /// A follower with what the journal says. On an empty disk: a node of the first epoch.
    pub(super) fn recover(config: &Config, records: &[Record], cx: &mut Context<'_, Self>) -> Self {
        let epoch = Epoch::first(config.initial_leader);
        let mut node = Self {
            config: config.clone(),
            required: config.replication.followers(cx.nodes()),
            role: Role::Follower,
            epoch,
            promised: epoch.number,
            voted_for: Some(config.initial_leader),
            leader: None,
            log: Log::default(),
            state: State::new(&config.initial_value, config.sessions),
            to_merge: Vec::new(),
            durable: Durable::default(),
            position: cx.appended(),
        };
        for record in records {
            node.replay(record);
        }
        node.state.apply_upto(node.log.end(), &node.log);
        node.durable = Durable::found(node.log.end());
        let deposed = node.promised > node.epoch.number;
        node.leader = Some(node.epoch.leader).filter(|&leader| leader != cx.me() && !deposed);
        node
    }

    fn replay(&mut self, record: &Record) {
        match record {
            Record::Entry(entry) => {
                self.log.push(entry.clone());
            }
            Record::Truncate(index) => {
                self.cut(*index);
            }
            Record::Merge => {
                self.merge();
            }
            Record::Follow(epoch) => self.begin(*epoch),
            Record::Vote { number, candidate } => {
                self.promised = *number;
                self.voted_for = *candidate;
            }
        }
    }
}
