//! Recovery (section 4.3): a node that has crashed has lost its log and gets it from the others.
//!
//! It takes part in nothing until a majority of nodes in normal operation has answered, the primary of the latest view
//! among them: that primary's log has every operation that this node may have acknowledged before it crashed. A nonce, here the
//! number of boots, tells the answers to this recovery from those to an earlier one.
//!
//! The latest view must not be before the one that this node had entered (`mod.rs` tells why). Whoever is asked by a
//! node from a later view goes on to that view first.

use std::collections::BTreeMap;

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use super::messages::{Message, State};
use super::{Status, ViewNumber, Viewstamped};

/// A recovery under way.
#[derive(Debug)]
pub(super) struct Recovery {
    nonce: u64,
    /// What each node has answered: its view, and its log if it is the primary.
    answers: BTreeMap<NodeId, (ViewNumber, Option<State>)>,
}

impl Recovery {
    /// The log to start from, if enough is known: with the latest view heard of, which is at least `entered`.
    fn outcome(
        &mut self,
        entered: ViewNumber,
        (nodes, majority): (usize, usize),
    ) -> Option<(ViewNumber, State)> {
        if self.answers.len() < majority {
            return None;
        }
        let latest = self.answers.values().map(|(view, _)| *view).max()?;
        let (view, state) = self.answers.get_mut(&latest.primary(nodes))?;
        if *view == latest && latest >= entered { state.take().map(|state| (latest, state)) } else { None }
    }
}

impl Viewstamped {
    pub(super) fn begin_recovery(&mut self, nonce: u64, cx: &mut Context<'_, Self>) {
        let view = self.view;
        cx.note(|| format!("has lost its memory and recovers; it had entered view {view}"));
        self.status = Status::Recovering(Recovery { nonce, answers: BTreeMap::new() });
        self.ask_for_recovery(cx);
    }

    pub(super) fn ask_for_recovery(&self, cx: &mut Context<'_, Self>) {
        let Status::Recovering(recovery) = &self.status else { return };
        self.arm_view_change_timer(cx);
        self.say_to_all(&Message::Recovery { view: self.view, nonce: recovery.nonce }, cx);
    }

    /// A node recovers.
    pub(super) fn on_recovery(
        &mut self,
        from: NodeId,
        view: ViewNumber,
        nonce: u64,
        cx: &mut Context<'_, Self>,
    ) {
        if view > self.view {
            return self.enter_view(view, cx);
        }
        if self.is_normal() {
            let state = self.is_primary().then(|| self.state());
            self.say(from, Message::RecoveryResponse { view: self.view, nonce, state }, cx);
        }
    }

    /// A node in normal operation has answered.
    pub(super) fn on_recovery_response(
        &mut self,
        from: NodeId,
        (view, nonce): (ViewNumber, u64),
        state: Option<State>,
        cx: &mut Context<'_, Self>,
    ) {
        let (entered, sizes) = (self.view, (self.nodes, self.majority()));
        let Status::Recovering(recovery) = &mut self.status else { return };
        if nonce != recovery.nonce {
            return;
        }
        let known = recovery.answers.get(&from);
        if known.is_none_or(|(known, _)| *known <= view) {
            recovery.answers.insert(from, (view, state));
        }
        if let Some((view, state)) = recovery.outcome(entered, sizes) {
            self.save_view(view, cx);
            self.adopt(&state, cx);
            self.arm_view_change_timer(cx);
            cx.note(|| format!("has recovered and is a backup in view {view}"));
            self.acknowledge_all(cx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::messages::Requests;
    use super::*;

    #[test]
    fn a_majority_must_answer_and_the_primary_of_the_latest_view_among_them() {
        let mut recovery = Recovery { nonce: 1, answers: BTreeMap::new() };
        let log = || Some(State { log: Requests::new(&[]), commit: 0 });
        let sizes = (5, 3);
        // Node 0 was the primary of view 0; node 1 is that of view 1.
        recovery.answers.insert(NodeId(0), (ViewNumber(0), log()));
        recovery.answers.insert(NodeId(2), (ViewNumber(0), None));
        assert_eq!(recovery.outcome(ViewNumber(0), sizes), None, "two of five");
        recovery.answers.insert(NodeId(3), (ViewNumber(1), None));
        assert_eq!(recovery.outcome(ViewNumber(0), sizes), None, "without the primary of view 1");
        recovery.answers.insert(NodeId(1), (ViewNumber(1), log()));
        assert_eq!(recovery.outcome(ViewNumber(2), sizes), None, "view 2 had been entered");
        assert_eq!(recovery.outcome(ViewNumber(1), sizes), log().map(|log| (ViewNumber(1), log)));
    }
}
