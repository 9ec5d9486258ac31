//! What clients ask for, and what they are told.
//!
//! A leader proposes a request for the next free slot at once; others may be on their way (Lamport 2001, section 3). A read
//! is a command like any other: it has a slot of its own, and so a place in the one order of all. A node that does not
//! lead refuses, and nothing was proposed.

use anachron_node::{Answer, Context, Refusal, Request};
use anachron_vocabulary::Reply;

use crate::common::Seen;

use super::config::Reads;
use super::weakening::Weakening;
use super::{Command, MultiPaxos, Role};

impl MultiPaxos {
    pub(super) fn on_request(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if request.operation.is_read() && self.may_read_from_memory() {
            let value = self.store.read(request.key);
            return cx.reply(request.id, Answer::Ok(Reply::Value(value)));
        }
        if !matches!(self.role, Role::Leader(_)) {
            let leader = self.leader.filter(|&leader| leader != cx.me());
            return cx.refuse(request.id, Refusal::NotLeader { leader });
        }
        if !self.weak(Weakening::NoDedup) {
            match self.sessions.seen(request.id) {
                Seen::New => {}
                // What was executed is chosen: the answer stands, whoever leads by now.
                Seen::Before(answer) => return cx.reply(request.id, answer),
                Seen::Outdated => return,
            }
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        let slot = leadership.take_slot();
        leadership.waiters.insert(slot, request.id);
        self.propose_for(slot, Command::Client(request), cx);
    }

    fn may_read_from_memory(&self) -> bool {
        self.config.reads == Reads::Local
            || self.weak(Weakening::ReadSkipsRound) && matches!(self.role, Role::Leader(_))
    }
}
