//! Standing by a leader, and the leader's duty in return (dissertation, sections 4.2.3 and 6.2).
//!
//! Two rules, switched on together by `check_quorum`, because each does harm without the other:
//! - *Followers stand by their leader*: a node that has heard of a leader within the shortest election time-out gives
//!   nobody its vote, and does not even take over the candidate's term. So a node that was removed, or that does not
//!   hear the leader, can't unseat it. Nor does the node stand itself, whoever asks it to. Leases rest on this promise
//!   (`lease.rs`), so it outlives a restart: a node that may have made it before a crash keeps it from its boot on.
//! - *A leader without a majority steps down*: if no majority has answered it for the longest election time-out,
//!   others may not be able to elect one who could do better, because those who still hear it stand by it.
//!
//! Who votes for a candidate that the leader itself has told to stand (`transfer.rs`) breaks no promise.

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use super::weakening::Weakening;
use super::{Raft, Role};

impl Raft {
    /// True if this node has heard of a leader within the shortest election time-out, or leads.
    pub(super) fn heard_of_leader_lately(&self, cx: &Context<'_, Self>) -> bool {
        let timeout = self.config.election_timeout_min;
        self.is_leader() || self.heard_of_leader.is_some_and(|heard| cx.now() < heard + timeout)
    }

    /// True if this node must not help anybody to unseat its leader.
    pub(super) fn stands_by_a_leader(&self, cx: &Context<'_, Self>) -> bool {
        self.config.checks_quorum() && self.heard_of_leader_lately(cx)
    }

    /// A node that boots on a disk with something on it may have promised its leader something just before it crashed.
    pub(super) fn keep_promise_of_the_past(&mut self, cx: &Context<'_, Self>) {
        if self.config.checks_quorum() && !self.weak(Weakening::RestartedVoterIgnoresLease) {
            self.heard_of_leader = Some(cx.now());
        }
    }

    /// A leader looks whether a majority has answered it lately, and steps down if not.
    pub(super) fn check_quorum(&mut self, cx: &mut Context<'_, Self>) {
        if !self.config.checks_quorum() || self.weak(Weakening::FollowerLeaseDeadlock) {
            return;
        }
        let Role::Leader(leadership) = &self.role else { return };
        let (me, now) = (cx.me(), cx.now());
        let heard = |node: NodeId| if node == me { now } else { leadership.progress[node.index()].heard };
        let heard_of_majority = self.configurations.in_force().agreed(heard);
        if heard_of_majority + self.config.election_timeout_max <= now {
            cx.note(|| format!("has heard of no majority for {}", now.since(heard_of_majority)));
            self.step_down(cx);
        }
    }

    /// Stops leading without a higher term: the term has no leader any more.
    pub(super) fn step_down(&mut self, cx: &mut Context<'_, Self>) {
        self.leave_office(None, cx);
        self.role = Role::Follower;
        self.leader = None;
        self.heard_of_leader = None;
    }
}
