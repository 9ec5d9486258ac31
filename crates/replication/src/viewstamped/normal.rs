//! Normal operation (section 4.1): the primary gives each request an operation number and sends it to the backups, which
//! take them up in order; a request is committed once a majority holds it and everything before it.
//!
//! A backup hears of commitment with the next request or, when there is none, with a `Commit` message, which is also the
//! sign that the primary is there. What is not acknowledged is sent again then.

use anachron_node::{Answer, Context, Refusal, Request};
use anachron_vocabulary::{NodeId, Reply};

use crate::common::{Seen, execute};

use super::config::Reads;
use super::messages::Message;
use super::weakening::Weakening;
use super::{Timer, ViewNumber, Viewstamped};

impl Viewstamped {
    pub(super) fn on_request(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        if request.operation.is_read() && self.config.reads == Reads::Local && !self.is_away() {
            let value = self.store.read(request.key);
            return cx.reply(request.id, Answer::Ok(Reply::Value(value)));
        }
        if !self.is_primary() {
            let primary = self.primary();
            let leader = (self.is_normal() && primary != cx.me()).then_some(primary);
            return cx.refuse(request.id, Refusal::NotLeader { leader });
        }
        if !self.weak(Weakening::NoDedup) {
            match self.sessions.seen(request.id) {
                Seen::New => {}
                Seen::Before(answer) => return cx.reply(request.id, answer),
                Seen::Outdated => return,
            }
            // It is in the log already and will be answered when it is executed.
            if let Some(row) = self.log[self.executed..].iter().position(|logged| logged.id == request.id) {
                self.waiters.insert(self.executed + row + 1, request.id);
                return;
            }
        }
        self.log.push(request.clone());
        let op = self.log.len();
        self.waiters.insert(op, request.id);
        self.held[self.me.index()] = op;
        let prepare = Message::Prepare { view: self.view, op, request, commit: self.commit };
        self.say_to_all(&prepare, cx);
        self.count_holders(cx);
    }

    /// The view has begun, and this node is its primary.
    pub(super) fn begin_primacy(&mut self, cx: &mut Context<'_, Self>) {
        self.held = vec![0; self.nodes];
        self.held[self.me.index()] = self.log.len();
        cx.cancel_timer(Timer::ViewChange);
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat_interval);
        let view = self.view;
        cx.note(|| format!("is the primary of view {view}"));
    }

    /// The primary asks for a request to be held.
    pub(super) fn on_prepare(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        (op, request): (usize, Request),
        commit: usize,
        cx: &mut Context<'_, Self>,
    ) {
        if !self.is_backup_in(view) {
            return self.catch_up_with_view(from, view, cx);
        }
        self.arm_view_change_timer(cx);
        if op > self.log.len() + 1 {
            return self.ask_for_state(from, self.log.len(), cx);
        }
        if op == self.log.len() + 1 {
            self.log.push(request);
        }
        self.say(from, Message::PrepareOk { view, op: self.log.len() }, cx);
        self.commit_up_to(commit, cx);
    }

    /// A backup holds everything up to `op`.
    pub(super) fn on_prepare_ok(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        op: usize,
        cx: &mut Context<'_, Self>,
    ) {
        if view == self.view && self.is_primary() {
            let held = &mut self.held[from.index()];
            *held = (*held).max(op);
            self.count_holders(cx);
        }
    }

    /// What a majority holds is committed.
    pub(super) fn count_holders(&mut self, cx: &mut Context<'_, Self>) {
        let mut held = self.held.clone();
        held.sort_unstable_by(|a, b| b.cmp(a));
        let on_majority = held[self.majority() - 1];
        self.commit_up_to(on_majority, cx);
    }

    /// The primary is there, and has committed so much.
    pub(super) fn on_commit(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        commit: usize,
        cx: &mut Context<'_, Self>,
    ) {
        if !self.is_backup_in(view) {
            return self.catch_up_with_view(from, view, cx);
        }
        self.arm_view_change_timer(cx);
        if commit > self.log.len() {
            self.ask_for_state(from, self.log.len(), cx);
        }
        self.commit_up_to(commit, cx);
    }

    /// Time for the primary to speak. What is not acknowledged goes again.
    pub(super) fn on_heartbeat_timer(&mut self, cx: &mut Context<'_, Self>) {
        if !self.is_primary() {
            return;
        }
        let (view, commit) = (self.view, self.commit);
        for peer in cx.peers() {
            for op in commit.max(self.held[peer.index()]) + 1..=self.log.len() {
                let request = self.log[op - 1].clone();
                self.say(peer, Message::Prepare { view, op, request, commit }, cx);
            }
        }
        self.say_to_all(&Message::Commit { view, commit }, cx);
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat_interval);
    }

    /// Everything up to `commit` is committed; executes what of that this node holds.
    pub(super) fn commit_up_to(&mut self, commit: usize, cx: &mut Context<'_, Self>) {
        let commit = commit.min(self.log.len());
        if commit <= self.commit {
            return;
        }
        self.commit = commit;
        cx.note(|| format!("knows the log to be committed up to {commit}"));
        let runs_once = !self.weak(Weakening::NoDedup);
        while self.executed < self.commit {
            let request = &self.log[self.executed];
            let answer = execute(&mut self.store, &mut self.sessions, request, runs_once);
            self.executed += 1;
            if let (Some(id), Some(answer)) = (self.waiters.remove(&self.executed), answer) {
                cx.reply(id, answer);
            }
        }
    }

    fn is_backup_in(&self, view: ViewNumber) -> bool {
        view == self.view && self.is_normal() && !self.is_primary()
    }
}
