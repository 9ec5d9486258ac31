//! Who leads and who is in sync: what the controller decides.

use std::fmt;
use std::sync::Arc;

use anachron_vocabulary::NodeId;

use super::super::Epoch;

/// A decision of the controller (Kafka's partition record). The greater version is the newer one.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Grows with every change (KIP-497's *partition epoch*).
    pub version: u64,
    /// The newest reign (Kafka's *leader epoch*). It names the incarnation of the leader that was elected: a node that
    /// has restarted since is not that leader.
    pub epoch: Epoch,
    /// False while the leader is dead and nobody may take its place.
    pub led: bool,
    /// Who has every acknowledged write, in the order of ids. Never empty; with the leader, if there is one.
    pub in_sync: Arc<[NodeId]>,
}

impl Configuration {
    /// What every cluster begins with: everybody but the controller is in sync.
    pub(super) fn first(nodes: usize, controller: NodeId, leader: NodeId) -> Self {
        let in_sync = (0..nodes).map(NodeId::from_index).filter(|&node| node != controller).collect();
        Self { version: 0, epoch: Epoch::first(leader), led: true, in_sync }
    }

    /// Who leads, if anybody does.
    pub fn leader(&self) -> Option<NodeId> {
        self.led.then_some(self.epoch.leader)
    }

    /// True if the node is in sync.
    pub fn has(&self, node: NodeId) -> bool {
        self.in_sync.contains(&node)
    }
}

/// `2@n3 in sync n2 n3 (version 4)`.
impl fmt::Debug for Configuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} in sync", self.epoch, if self.led { "" } else { ", dead," })?;
        self.in_sync.iter().try_for_each(|node| write!(f, " {node}"))?;
        write!(f, " (version {})", self.version)
    }
}
