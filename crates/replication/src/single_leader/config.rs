//! What all nodes of a single-leader cluster are told.

use anachron_vocabulary::{NodeId, Value, VirtualDuration};

use super::{Weakening, Weakenings};

/// When a leader acknowledges a write (DDIA §5, Synchronous versus asynchronous replication).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Replication {
    /// When it has it itself. The followers get it later, if the leader lives.
    Asynchronous,
    /// When `followers` followers have it too. The leader waits for as long as that takes.
    SemiSynchronous {
        /// How many.
        followers: u16,
    },
    /// When every follower has it. One follower that is down stops all writes.
    Synchronous,
}

impl Replication {
    /// How many followers must have a write before it is acknowledged, in a cluster of `nodes` nodes.
    pub fn followers(self, nodes: usize) -> usize {
        match self {
            Self::Asynchronous => 0,
            Self::SemiSynchronous { followers } => usize::from(followers),
            Self::Synchronous => nodes - 1,
        }
    }
}

/// When a node says that it has a write.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Durability {
    /// When the write is on its disk. A leader ships a write only then, too.
    SyncThenAcknowledge,
    /// When the write is in its memory. A crash may take it back.
    AcknowledgeThenSync,
}

/// Who answers reads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reads {
    /// The leader; followers send the client there.
    Leader,
    /// Whichever node is asked, from what it has (DDIA §5, Problems with replication lag). Not linearizable under any
    /// mode of replication: synchronous followers, too, learn of a write one after the other.
    Any,
}

/// How a new leader comes into office.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Failover {
    /// An operator promotes a node, which then leads, whatever the others have.
    Manual,
    /// A node that has not heard from a leader for a while stands as a candidate, and leads if a majority votes for
    /// it. A node votes once an epoch, and only for a candidate whose log reaches at least as far as its own.
    Automatic {
        /// How often the leader says that it is there.
        heartbeat_interval: VirtualDuration,
        /// The shortest silence after which a node takes the leader for dead. Each wait is drawn between this and one
        /// and a half times this, so that nodes seldom stand at once.
        suspicion_timeout: VirtualDuration,
    },
}

/// Whether a newer epoch shuts an old leader out (DDIA §8, Fencing tokens).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fencing {
    /// Nodes that know a newer epoch refuse an older one's messages, and a leader that learns of a newer epoch steps
    /// down.
    ByEpoch,
    /// A follower follows whom it followed until it hears from a newer leader. A leader never steps down. The same as
    /// [`Weakening::OldPrimaryNotFenced`].
    Off,
}

/// What a node does with writes in its log that the new leader does not have.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Rejoin {
    /// It throws them away and copies the leader's log (DDIA §5: "the most common solution").
    Truncate,
    /// It copies the leader's log and then carries its own writes out again on top, at itself alone. So it keeps
    /// every write it ever acknowledged, and disagrees with all others about what came last.
    Merge,
}

/// The settings of a cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    /// When writes are acknowledged.
    pub replication: Replication,
    /// What "having" a write means.
    pub durability: Durability,
    /// Who answers reads.
    pub reads: Reads,
    /// How a new leader comes into office.
    pub failover: Failover,
    /// Whether an old leader is shut out.
    pub fencing: Fencing,
    /// What becomes of a log's tail that the new leader does not have.
    pub rejoin: Rejoin,
    /// Who leads at first.
    pub initial_leader: NodeId,
    /// What an object holds before it is first written.
    pub initial_value: Value,
    /// True if a retry under the same request id runs once.
    pub sessions: bool,
    /// How long a leader waits for an acknowledgement before it sends a follower the same entries again.
    pub resend_interval: VirtualDuration,
    /// How many entries one message may carry.
    pub entries_per_message: usize,
    /// How long a leader waits for its followers before it goes on without them. Counts only under
    /// [`Weakening::SemiSyncTimeoutFallback`].
    pub fallback_timeout: VirtualDuration,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// Asynchronous, reads at the leader, manual failover, fenced, rejoining by truncation, no weakening.
impl Default for Config {
    fn default() -> Self {
        Self {
            replication: Replication::Asynchronous,
            durability: Durability::SyncThenAcknowledge,
            reads: Reads::Leader,
            failover: Failover::Manual,
            fencing: Fencing::ByEpoch,
            rejoin: Rejoin::Truncate,
            initial_leader: NodeId(0),
            initial_value: Value::Null,
            sessions: true,
            resend_interval: VirtualDuration::millis(100),
            entries_per_message: 64,
            fallback_timeout: VirtualDuration::secs(1),
            weakenings: Weakenings::NONE,
        }
    }
}

impl Config {
    /// Whether a cluster of `nodes` nodes can run with these settings at all.
    ///
    /// # Errors
    /// A sentence that says what to change.
    pub fn check(&self, nodes: usize) -> Result<(), &'static str> {
        if self.initial_leader.index() >= nodes {
            return Err("the initial leader must be one of the nodes");
        }
        if self.replication.followers(nodes) >= nodes {
            return Err("a write can't wait for more followers than there are; lower `followers`");
        }
        if self.resend_interval == VirtualDuration::ZERO {
            return Err("the resend interval must be above zero, or a leader does nothing else");
        }
        if self.entries_per_message == 0 {
            return Err("a message must be able to carry at least one entry");
        }
        if let Failover::Automatic { heartbeat_interval, suspicion_timeout } = self.failover {
            if heartbeat_interval == VirtualDuration::ZERO {
                return Err("the heartbeat interval must be above zero, or a leader does nothing else");
            }
            if suspicion_timeout == VirtualDuration::ZERO {
                return Err("the suspicion time-out must be above zero, or elections never pause");
            }
        }
        Ok(())
    }

    /// Whether old leaders are shut out, weakenings considered.
    pub(super) fn fenced(&self) -> bool {
        self.fencing == Fencing::ByEpoch && !self.weakenings.contains(Weakening::OldPrimaryNotFenced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Config::default();
        let zero = VirtualDuration::ZERO;
        let automatic = |heartbeat_interval, suspicion_timeout| Failover::Automatic {
            heartbeat_interval,
            suspicion_timeout,
        };
        let some = VirtualDuration::millis(1);
        let semi = |followers| Replication::SemiSynchronous { followers };
        assert_eq!(sound.check(1), Ok(()));
        assert_eq!(Config { replication: semi(2), ..sound.clone() }.check(3), Ok(()));
        assert_eq!(Config { failover: automatic(some, some), ..sound.clone() }.check(3), Ok(()));
        assert!(Config { replication: semi(3), ..sound.clone() }.check(3).is_err());
        assert!(Config { initial_leader: NodeId(3), ..sound.clone() }.check(3).is_err());
        assert!(Config { resend_interval: zero, ..sound.clone() }.check(3).is_err());
        assert!(Config { entries_per_message: 0, ..sound.clone() }.check(3).is_err());
        assert!(Config { failover: automatic(zero, some), ..sound.clone() }.check(3).is_err());
        assert!(Config { failover: automatic(some, zero), ..sound }.check(3).is_err());
    }
}
