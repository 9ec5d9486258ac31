//! View change (section 4.2): when the primary is not heard of, the next node in turn takes over.
//!
//! A node enters the view and says so; from then on it takes part in no earlier one. Once a majority has entered, each sends
//! its log to the new primary. Of a majority of logs the new primary takes the one from the latest *normal* view, and of
//! those the longest: an operation committed in a view is held by a majority, so by one of these, and whoever was in
//! normal operation later got it from the primary of that later view.
//!
//! To take simply the longest goes wrong in four lines: n1 is the primary of view 0 and logs A and B, which nobody gets; n2 and
//! n3 go on to view 1 and commit C; n1 hears of view 2 before it has heard of view 1; n1's log is longer than n3's, and C is
//! lost.

use std::collections::BTreeMap;

use anachron_node::{Answer, Context, Refusal};
use anachron_vocabulary::NodeId;

use crate::common::Quorum;

use super::messages::{Message, State};
use super::persistence::Record;
use super::weakening::Weakening;
use super::{Status, Timer, ViewNumber, Viewstamped};

/// A view change under way.
#[derive(Debug)]
pub(super) struct ViewChange {
    /// Who has entered the view.
    entered: Quorum,
    /// True once this node has sent its log.
    log_is_sent: bool,
    /// The logs that the new primary has been sent, and the view that each is from.
    logs: BTreeMap<NodeId, (ViewNumber, State)>,
}

impl Viewstamped {
    /// Goes on to `view`: from now on this node takes part in no earlier one.
    pub(super) fn enter_view(&mut self, view: ViewNumber, cx: &mut Context<'_, Self>) {
        assert!(view > self.view, "views only grow");
        cx.note(|| format!("enters view {view}"));
        self.leave_primacy(None, cx);
        self.save_view(view, cx);
        let mut entered = Quorum::new(self.majority());
        entered.hear(self.me);
        self.status = Status::ViewChange(ViewChange { entered, log_is_sent: false, logs: BTreeMap::new() });
        self.arm_view_change_timer(cx);
        self.say_to_all(&Message::StartViewChange { view }, cx);
        self.send_log_if_majority_has_entered(cx);
    }

    /// Writes down that the node is in this view, before it says anything there.
    pub(super) fn save_view(&mut self, view: ViewNumber, cx: &mut Context<'_, Self>) {
        if view == self.view {
            return;
        }
        self.view = view;
        if !self.weak(Weakening::AmnesiacReplicaCounts) {
            self.view_position = cx.append(Record::View(view));
            cx.sync();
        }
    }

    /// If this node is a primary it stops. What it has logged for clients may still be committed.
    pub(super) fn leave_primacy(&mut self, successor: Option<NodeId>, cx: &mut Context<'_, Self>) {
        if !self.is_primary() {
            return;
        }
        let answer = if self.weak(Weakening::UnknownReportedAsFail) {
            Answer::Refused(Refusal::NotLeader { leader: successor })
        } else {
            Answer::Unknown
        };
        for id in std::mem::take(&mut self.waiters).into_values() {
            cx.reply(id, answer.clone());
        }
        cx.cancel_timer(Timer::Heartbeat);
    }

    /// A node has entered a view.
    pub(super) fn on_start_view_change(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        cx: &mut Context<'_, Self>,
    ) {
        if view > self.view {
            self.enter_view(view, cx);
        }
        if view == self.view
            && let Status::ViewChange(change) = &mut self.status
        {
            change.entered.hear(from);
            self.send_log_if_majority_has_entered(cx);
        }
    }

    fn send_log_if_majority_has_entered(&mut self, cx: &mut Context<'_, Self>) {
        let (view, last_normal, primary, me) = (self.view, self.last_normal, self.primary(), self.me);
        let Status::ViewChange(change) = &mut self.status else { return };
        if !change.entered.is_reached() || change.log_is_sent {
            return;
        }
        change.log_is_sent = true;
        let state = self.state();
        if primary == me {
            self.on_do_view_change(me, view, (last_normal, state), cx);
        } else {
            self.say(primary, Message::DoViewChange { view, last_normal, state }, cx);
        }
    }

    /// A node has sent its log to this one, the primary of the view.
    pub(super) fn on_do_view_change(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        log: (ViewNumber, State),
        cx: &mut Context<'_, Self>,
    ) {
        if view > self.view {
            self.enter_view(view, cx);
        }
        let (majority, me) = (self.majority(), self.me);
        if view != self.view || self.primary() != me {
            return;
        }
        let Status::ViewChange(change) = &mut self.status else { return };
        change.logs.insert(from, log);
        // The new primary's own log is always among them: it is sent once a majority has entered.
        if change.logs.len() < majority || !change.logs.contains_key(&me) {
            return;
        }
        let logs = std::mem::take(&mut change.logs);
        self.start_view(logs, cx);
    }

    /// A majority has sent its logs: the view begins with the best of them.
    fn start_view(&mut self, logs: BTreeMap<NodeId, (ViewNumber, State)>, cx: &mut Context<'_, Self>) {
        let commit = logs.values().map(|(_, state)| state.commit).max().unwrap_or(0);
        let longest_wins = self.weak(Weakening::DvcHighestOp);
        let best = logs.into_values().max_by_key(|(last_normal, state)| {
            let from_view = if longest_wins { ViewNumber(0) } else { *last_normal };
            (from_view, state.log.len())
        });
        let (_, state) = best.expect("a majority is not nobody");
        self.adopt(&State { log: state.log, commit }, cx);
        self.begin_primacy(cx);
        let start = Message::StartView { view: self.view, state: self.state() };
        self.say_to_all(&start, cx);
        self.count_holders(cx);
    }

    /// The view has begun.
    pub(super) fn on_start_view(&mut self, view: ViewNumber, state: &State, cx: &mut Context<'_, Self>) {
        // In normal operation the log may have grown since the view began.
        if view < self.view || view == self.view && self.is_normal() {
            return;
        }
        self.leave_primacy(Some(view.primary(self.nodes)), cx);
        self.save_view(view, cx);
        self.adopt(state, cx);
        self.arm_view_change_timer(cx);
        cx.note(|| format!("is a backup in view {view}"));
        self.acknowledge_all(cx);
    }

    /// Holds everything that the primary had when the view began.
    pub(super) fn acknowledge_all(&self, cx: &mut Context<'_, Self>) {
        if self.log.len() > self.commit {
            self.say(self.primary(), Message::PrepareOk { view: self.view, op: self.log.len() }, cx);
        }
    }

    /// Takes this log for its own; normal operation begins in the present view.
    pub(super) fn adopt(&mut self, state: &State, cx: &mut Context<'_, Self>) {
        if state.log.len() < self.commit || state.log[..self.commit] != self.log[..self.commit] {
            cx.note(|| {
                "loses committed operations: an invariant of Viewstamped Replication is broken".to_owned()
            });
        }
        self.log = state.log.to_vec();
        self.status = Status::Normal;
        self.last_normal = self.view;
        self.commit = self.commit.min(self.log.len());
        self.commit_up_to(state.commit, cx);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nodes_take_turns() {
        let primaries: Vec<u16> = (0..5).map(|view| ViewNumber(view).primary(3).0).collect();
        assert_eq!(primaries, [0, 1, 2, 0, 1]);
        assert_eq!(ViewNumber(3).next(), ViewNumber(4));
    }
}
