//! Reads at followers (dissertation, section 6.4): the leader is asked how far to wait, not for the data.
//!
//! A node that gets a read asks the leader for a read index. The leader finds it as for a read of its own, round of
//! heartbeats included, and sends it; the node waits until it has applied that entry and answers from its own state.
//! So followers, and learners, take the work of reading off the leader.
//!
//! A question carries a ticket that no other question of this node has, not even one from before a crash: the answer
//! to an old question may arrive late, and an index from then may be too low for a read of now. The count starts at a
//! random number with every boot.
//!
//! A question that is lost is not asked again here: the client asks again. What waits for an index is refused, with no
//! harm, when the node hears of another term.

use anachron_node::{Context, Refusal, Request};
use anachron_vocabulary::NodeId;

use super::Raft;
use super::log::Index;
use super::messages::Message;
use super::reads::Asker;
use super::weakening::Weakening;

/// A read of a client of this node, for which the leader was asked.
#[derive(Debug)]
pub(super) struct AskedRead {
    ticket: u64,
    request: Request,
    /// The entry that must be applied first, once the leader has said which.
    index: Option<Index>,
}

impl Raft {
    /// A read reached a node that does not lead.
    pub(super) fn ask_for_read_index(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let Some(leader) = self.leader else {
            return cx.refuse(request.id, Refusal::NotLeader { leader: None });
        };
        // A client has one request open at a time; what it asked before, it no longer waits for.
        self.asked_reads.retain(|asked| asked.request.id.client != request.id.client);
        let ticket = self.last_ticket.map_or_else(|| cx.random().bits(), |last| last.wrapping_add(1));
        self.last_ticket = Some(ticket);
        self.asked_reads.push(AskedRead { ticket, request, index: None });
        cx.send(leader, Message::ReadIndex { term: self.term, ticket });
    }

    /// A node asks how far a read has to wait.
    pub(super) fn on_read_index(&mut self, from: NodeId, ticket: u64, cx: &mut Context<'_, Self>) {
        if self.is_leader() {
            self.read_by_index(Asker::Node { node: from, ticket }, cx);
        } else {
            cx.send(from, Message::ReadIndexReply { term: self.term, ticket, index: None });
        }
    }

    /// The leader has said how far, or that it does not lead.
    pub(super) fn on_read_index_reply(
        &mut self,
        ticket: u64,
        index: Option<Index>,
        cx: &mut Context<'_, Self>,
    ) {
        let Some(row) = self.asked_reads.iter().position(|asked| asked.ticket == ticket) else { return };
        let no_wait = self.weak(Weakening::FollowerReadNoApplyWait);
        if let Some(index) = index {
            self.asked_reads[row].index = Some(if no_wait { Index::ZERO } else { index });
        } else {
            let asked = self.asked_reads.remove(row);
            cx.refuse(asked.request.id, Refusal::NotLeader { leader: None });
        }
    }

    /// Answers the reads whose entry is applied.
    pub(super) fn answer_reads_with_index(&mut self, cx: &mut Context<'_, Self>) {
        let mut row = 0;
        while row < self.asked_reads.len() {
            if self.asked_reads[row].index.is_some_and(|index| index <= self.applied) {
                let asked = self.asked_reads.remove(row);
                self.answer_from_memory(&asked.request, cx);
            } else {
                row += 1;
            }
        }
    }

    /// The leader that was asked leads no more, as far as this node knows. A read that has its index keeps it: the
    /// index was right when it was given, and stays high enough.
    pub(super) fn refuse_reads_without_index(&mut self, leader: Option<NodeId>, cx: &mut Context<'_, Self>) {
        self.asked_reads.retain(|asked| {
            let stays = asked.index.is_some();
            if !stays {
                cx.refuse(asked.request.id, Refusal::NotLeader { leader });
            }
            stays
        });
    }
}
