//! Who leads, and for how long (Lamport 2001, section 3; "Paxos Made Moderately Complex", section 3.3).
//!
//! Safety never depends on it: two leaders, or ten, do no harm. Progress does: leaders that preempt each other in turn
//! choose nothing. So a node stands only after it has heard of no leader for a randomised time, a leader says with
//! every heartbeat that it is there, and whoever hears of a higher ballot gives way and waits.
//!
//! Left out: the paper's time-outs that grow and shrink with success (section 3.3); a randomised wait is enough for the
//! delays of a simulated network.

use anachron_node::{Answer, Context, Refusal};
use anachron_vocabulary::NodeId;

use super::commander::Leadership;
use super::messages::Message;
use super::weakening::Weakening;
use super::{Ballot, MultiPaxos, Role, Slot, Timer};

impl MultiPaxos {
    /// Waits for a leader's word for a time drawn anew.
    pub(super) fn arm_election_timer(&self, cx: &mut Context<'_, Self>) {
        let (min, max) = (self.config.election_timeout_min, self.config.election_timeout_max);
        let wait = cx.random().between(min, max);
        cx.set_timer(Timer::Election, wait);
    }

    /// No leader was heard of in time, or too few promised.
    pub(super) fn on_election_timeout(&mut self, cx: &mut Context<'_, Self>) {
        if !matches!(self.role, Role::Leader(_)) {
            self.scout(cx);
        }
    }

    /// A majority has promised `ballot`; `next` is the first slot of which nobody has heard.
    pub(super) fn begin_leadership(&mut self, ballot: Ballot, next: Slot, cx: &mut Context<'_, Self>) {
        self.leader = Some(cx.me());
        self.role = Role::Leader(Box::new(Leadership::new(ballot, next)));
        cx.cancel_timer(Timer::Election);
        self.speak_to_all(cx);
    }

    /// Time for a word to everyone.
    pub(super) fn on_heartbeat_timer(&mut self, cx: &mut Context<'_, Self>) {
        if matches!(self.role, Role::Leader(_)) {
            self.propose_again(cx);
            self.speak_to_all(cx);
        }
    }

    fn speak_to_all(&self, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let (ballot, chosen) = (leadership.ballot, self.log.chosen_up_to());
        for peer in cx.peers() {
            cx.send(peer, Message::Heartbeat { ballot, chosen });
        }
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat_interval);
    }

    /// A leader says that it is there, and how far it knows the log to be chosen.
    pub(super) fn on_heartbeat(
        &mut self,
        leader: NodeId,
        ballot: Ballot,
        chosen: Slot,
        cx: &mut Context<'_, Self>,
    ) {
        let promised = self.acceptor.promised();
        if ballot < promised {
            // Nothing that it proposes will be accepted here: better it knows.
            return cx.send(leader, Message::Preempted { ballot: promised });
        }
        self.follow(leader, ballot, cx);
        self.ask_for_missing(leader, chosen, cx);
    }

    /// Takes `leader` for the leader, whose ballot is at least as high as any promised here.
    pub(super) fn follow(&mut self, leader: NodeId, ballot: Ballot, cx: &mut Context<'_, Self>) {
        self.give_way_to(ballot, Some(leader), cx);
        if self.leader != Some(leader) {
            self.leader = Some(leader);
            cx.note(|| format!("follows {leader} with ballot {ballot}"));
        }
        self.arm_election_timer(cx);
    }

    /// Somebody has promised a higher ballot than this node's.
    pub(super) fn on_preempted(&mut self, ballot: Ballot, cx: &mut Context<'_, Self>) {
        self.give_way_to(ballot, None, cx);
    }

    /// If this node leads or wants to, with a lower ballot, it stops. What it had proposed for clients may still be
    /// chosen, so those requests are answered with *unknown*.
    pub(super) fn give_way_to(&mut self, ballot: Ballot, leader: Option<NodeId>, cx: &mut Context<'_, Self>) {
        self.highest_seen = self.highest_seen.max(ballot);
        let own = match &self.role {
            Role::Follower => return,
            Role::Candidate(scout) => scout.ballot,
            Role::Leader(leadership) => leadership.ballot,
        };
        if own >= ballot {
            return;
        }
        if let Role::Leader(leadership) = std::mem::replace(&mut self.role, Role::Follower) {
            cx.note(|| format!("no longer leads: ballot {own} is preempted by {ballot}"));
            let answer = if self.weak(Weakening::UnknownReportedAsFail) {
                Answer::Refused(Refusal::NotLeader { leader })
            } else {
                Answer::Unknown
            };
            for id in leadership.waiters.into_values() {
                cx.reply(id, answer.clone());
            }
            self.leader = leader;
            cx.cancel_timer(Timer::Heartbeat);
            self.arm_election_timer(cx);
        }
    }
}
