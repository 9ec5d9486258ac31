//! Asking before standing for election (dissertation, section 9.6): the pre-vote.
//!
//! A node that was cut off for a while has started term after term. When it comes back, its term unseats a leader who
//! serves everybody else well; and a node that hears nobody but is heard would go on doing so for ever. So before it
//! starts a term, a node asks whether it could win it. Nobody's term changes by that. Only if a majority says yes does
//! it stand.
//!
//! A node says yes if it would give its vote in that term, and has not heard of a leader within the shortest election
//! time-out. The answer is a promise of nothing: it may say yes to several.

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use super::log::Term;
use super::messages::{Candidate, Message};
use super::{Raft, Role};

impl Raft {
    /// Asks the other voters whether this node could win the next term. Alone, it can.
    pub(super) fn ask_before_standing(&mut self, cx: &mut Context<'_, Self>) {
        let next_term = self.term.next();
        self.role = Role::PreCandidate { votes: vec![cx.me()] };
        self.leader = None;
        self.refuse_reads_without_index(None, cx);
        cx.note(|| format!("asks whether it could win term {next_term}"));
        self.arm_election_timer(cx);
        for peer in self.other_voters(cx) {
            cx.send(peer, Message::RequestPreVote(self.candidate(next_term)));
        }
        self.stand_if_it_could_win(cx);
    }

    /// A node asks whether it would get this node's vote.
    pub(super) fn on_request_pre_vote(
        &mut self,
        from: NodeId,
        candidate: Candidate,
        cx: &mut Context<'_, Self>,
    ) {
        let next_term = candidate.term;
        let granted =
            next_term > self.term && self.is_up_to_date(candidate) && !self.heard_of_leader_lately(cx);
        // Nothing is promised, so nothing has to be durable but the term that is told.
        self.send_durably(
            from,
            super::Index::ZERO,
            Message::PreVote { term: self.term, next_term, granted },
            cx,
        );
    }

    /// A node has said whether it would vote for this one. A higher term in its answer was taken over on arrival.
    pub(super) fn on_pre_vote(
        &mut self,
        from: NodeId,
        next_term: Term,
        granted: bool,
        cx: &mut Context<'_, Self>,
    ) {
        let asked = self.term.next();
        let Role::PreCandidate { votes } = &mut self.role else { return };
        if granted && next_term == asked && !votes.contains(&from) {
            votes.push(from);
            self.stand_if_it_could_win(cx);
        }
    }

    fn stand_if_it_could_win(&mut self, cx: &mut Context<'_, Self>) {
        let Role::PreCandidate { votes } = &self.role else { return };
        if self.configurations.in_force().wins(votes) {
            self.campaign(Message::RequestVote, cx);
        }
    }
}
