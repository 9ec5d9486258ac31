//! State transfer (section 5.2): a node that has missed messages, but has not crashed, asks another for what it lacks.
//!
//! In the same view that is the rest of the log. In a later view the node asks for everything behind what it knows to be
//! committed, because the rest of its log may not have survived the view change. It goes on to that view, and gives its old log
//! up, only when it has the answer. Otherwise: a backup hears of view 1, cuts its log and calls itself normal in view 1; the
//! primary of view 1 dies; in view 2 the backup's empty log, from the latest normal view, beats one that has what was
//! committed.

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use super::messages::{Message, Requests, State};
use super::{ViewNumber, Viewstamped};

impl Viewstamped {
    /// The primary of `view` has spoken, and this node is no backup of it: it may have missed the view change.
    pub(super) fn catch_up_with_view(
        &mut self,
        primary: NodeId,
        view: ViewNumber,
        cx: &mut Context<'_, Self>,
    ) {
        if view > self.view || view == self.view && !self.is_normal() {
            let message = Message::GetState { view, op: self.commit };
            self.say(primary, message, cx);
        }
    }

    /// Asks for what comes behind operation `op` in the present view.
    pub(super) fn ask_for_state(&self, node: NodeId, op: usize, cx: &mut Context<'_, Self>) {
        self.say(node, Message::GetState { view: self.view, op }, cx);
    }

    /// A node lacks a part of the log. Only in normal operation in the same view is there an answer.
    pub(super) fn on_get_state(&self, from: NodeId, view: ViewNumber, op: usize, cx: &mut Context<'_, Self>) {
        if view == self.view && self.is_normal() && op <= self.log.len() {
            let state = State { log: Requests::new(&self.log[op..]), commit: self.commit };
            self.say(from, Message::NewState { view, after: op, state }, cx);
        }
    }

    /// A part of the log of `view`, behind operation `after`.
    pub(super) fn on_new_state(
        &mut self,
        view: ViewNumber,
        after: usize,
        state: &State,
        cx: &mut Context<'_, Self>,
    ) {
        let last = after + state.log.len();
        if view == self.view && self.is_normal() {
            if after <= self.log.len() && last > self.log.len() && !self.is_primary() {
                self.log.extend_from_slice(&state.log[self.log.len() - after..]);
                self.say(self.primary(), Message::PrepareOk { view, op: self.log.len() }, cx);
                self.commit_up_to(state.commit, cx);
            }
        } else if view >= self.view && after <= self.commit && last >= self.commit {
            let mut log = self.log[..self.commit].to_vec();
            log.extend_from_slice(&state.log[self.commit - after..]);
            self.leave_primacy(Some(view.primary(self.nodes)), cx);
            self.save_view(view, cx);
            self.adopt(&State { log: Requests::new(&log), commit: state.commit }, cx);
            self.arm_view_change_timer(cx);
            cx.note(|| format!("has caught up and is a backup in view {view}"));
            self.acknowledge_all(cx);
        }
    }
}
