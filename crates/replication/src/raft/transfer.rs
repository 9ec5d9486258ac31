//! Handing the leadership over (dissertation, section 3.10).
//!
//! The leader stops taking requests, brings the chosen node up to date, and tells it to stand for election at once
//! (`TimeoutNow`). That node has the longest log and a head start, so it wins, as a rule, within a round trip. If it
//! does not within an election time-out, the leader takes requests again.
//!
//! The candidate says that it was told to stand, and those who stand by the leader (`check_quorum.rs`) vote for it all
//! the same. That ends the leader's lease with the sending of `TimeoutNow`, whether the transfer succeeds or not.
//! `TimeoutNow` counts only in the term that it was sent in.

use anachron_node::Context;
use anachron_vocabulary::{NodeId, VirtualTime};

use super::log::Term;
use super::messages::Message;
use super::{Raft, Role};

/// A leader hands over.
#[derive(Debug)]
pub(super) struct Transfer {
    /// Who is to lead.
    to: NodeId,
    /// When it is given up, by the leader's clock.
    until: VirtualTime,
    /// True once the other was told.
    told: bool,
}

impl Raft {
    /// An operator wants `to` to lead.
    pub(super) fn begin_transfer(&mut self, to: NodeId, cx: &mut Context<'_, Self>) {
        let is_voter = self.configurations.in_force().voters().contains(&to);
        let until = cx.now() + self.config.election_timeout_max;
        let Role::Leader(leadership) = &mut self.role else {
            return cx.note(|| format!("does not lead, so it can't hand over to {to}"));
        };
        if to == cx.me() {
            return cx.note(|| "leads already".to_owned());
        }
        if !is_voter {
            return cx.note(|| format!("hands over to voters only, and {to} is none"));
        }
        leadership.transfer = Some(Transfer { to, until, told: false });
        cx.note(|| format!("hands over to {to}: takes no requests until that is done or given up"));
        self.proceed_with_transfer(cx);
    }

    /// True while requests have to wait for the next leader.
    pub(super) fn is_handing_over(&self) -> bool {
        matches!(&self.role, Role::Leader(leadership) if leadership.transfer.is_some())
    }

    /// Tells the successor to stand once it has every entry. Part of every step's end.
    pub(super) fn proceed_with_transfer(&mut self, cx: &mut Context<'_, Self>) {
        let last_index = self.log.last_index();
        let Role::Leader(leadership) = &mut self.role else { return };
        let Some(transfer) = &mut leadership.transfer else { return };
        let to = transfer.to;
        if transfer.told || leadership.progress[to.index()].matched < last_index {
            return;
        }
        transfer.told = true;
        self.let_stand(to, cx);
    }

    /// Tells `to` to stand for election, and gives up what would be wrong once it leads.
    pub(super) fn let_stand(&mut self, to: NodeId, cx: &mut Context<'_, Self>) {
        self.give_lease_up();
        cx.note(|| format!("tells {to} to stand for election"));
        cx.send(to, Message::TimeoutNow { term: self.term });
    }

    /// A transfer that takes too long has failed: the other crashed, or its message was lost.
    pub(super) fn give_transfer_up_in_time(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        if let Some(Transfer { to, .. }) = leadership.transfer.take_if(|transfer| transfer.until <= cx.now())
        {
            cx.note(|| format!("gives up handing over to {to} and takes requests again"));
        }
    }

    /// The leader wants this node to stand for election. A higher term was taken over on arrival; a leader of an
    /// earlier one has nothing to say.
    pub(super) fn on_timeout_now(&mut self, from: NodeId, term: Term, cx: &mut Context<'_, Self>) {
        let me = cx.me();
        if term == self.term && !self.is_leader() && self.configurations.in_force().is_voter(me) {
            cx.note(|| format!("is told by {from} to stand for election"));
            self.campaign(Message::RequestVoteInTransfer, cx);
        }
    }
}
