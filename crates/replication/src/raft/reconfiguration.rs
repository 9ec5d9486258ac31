//! How a leader changes who belongs to the cluster (dissertation, chapter 4; Raft, section 6).
//!
//! Before it appends a configuration, a leader makes sure of two things, each with a weakening:
//! - *An entry of its term is committed.* Without it, two leaders in turn may each start from the same committed
//!   configuration and change it by one server each; the two results are two servers apart, and have disjoint
//!   majorities (Ongaro on the raft-dev list, 2015: the algorithm as first published lacked this).
//! - *The change before is committed.* Two changes on their way at once are two servers apart.
//!
//! One server at a time: [`AddVoter`](OperatorCommand::AddVoter), [`AddLearner`](OperatorCommand::AddLearner),
//! [`RemoveNode`](OperatorCommand::RemoveNode). A new voter first learns (section 4.2.1): it catches up in rounds, each
//! as long as it takes to receive what was in the log when the round began; once a round takes no longer than an
//! election time-out it becomes a voter, and if ten rounds don't get there the attempt ends and it stays a learner.
//!
//! Any change at once: [`SetVoters`](OperatorCommand::SetVoters), by joint consensus. When the joint configuration is
//! committed, whoever leads by then appends the new one. Voters that come in this way should have learned before, or
//! the cluster may have to wait for them.
//!
//! A leader that is not in the configuration it appended leads on, not counting itself, until that is committed; then
//! it tells the one with the longest log to stand, and steps down (section 4.2.2).
//!
//! An operator's command has no answer: what became of it is in the trace's notes. A command that comes at a bad moment
//! is turned down and has to be given again.

use std::sync::Arc;

use anachron_node::{Context, OperatorCommand};
use anachron_vocabulary::{NodeId, VirtualTime};

use super::log::{Command, Entry, Index};
use super::membership::Configuration;
use super::weakening::Weakening;
use super::{Raft, Role};

/// After so many rounds without catching up, a learner is too slow (section 4.2.1).
const ROUNDS_MAX: u32 = 10;

/// A learner catches up to become a voter.
#[derive(Debug)]
pub(super) struct Promotion {
    node: NodeId,
    round: u32,
    /// The last entry of this round.
    target: Index,
    /// When this round began, by the leader's clock.
    since: VirtualTime,
    /// True once it has caught up.
    is_ready: bool,
}

impl Raft {
    /// An operator wants the cluster changed.
    pub(super) fn change_membership(&mut self, command: &OperatorCommand, cx: &mut Context<'_, Self>) {
        let done = self.try_to_change(command, cx);
        if let Err(why) = done {
            cx.note(|| format!("is asked to \"{command:?}\" and does not: {why}"));
        }
    }

    fn try_to_change(
        &mut self,
        command: &OperatorCommand,
        cx: &mut Context<'_, Self>,
    ) -> Result<(), &'static str> {
        self.may_change()?;
        let now = Arc::clone(self.configurations.in_force());
        let next = match command {
            OperatorCommand::AddLearner { node } if now.members().contains(node) => {
                return Err("it belongs to the cluster already");
            }
            OperatorCommand::AddLearner { node } => now.with_learner(*node),
            OperatorCommand::AddVoter { node } => return self.begin_promotion(*node, &now, cx),
            OperatorCommand::RemoveNode { node } if !now.members().contains(node) => {
                return Err("it does not belong to the cluster");
            }
            OperatorCommand::RemoveNode { node } if now.voters() == [*node] => {
                return Err("it is the last voter");
            }
            OperatorCommand::RemoveNode { node } => now.without(*node),
            OperatorCommand::SetVoters { voters } => {
                let joint = now.entering(voters);
                if joint.voters().is_empty() {
                    return Err("a cluster has at least one voter");
                }
                if joint.voters() == now.voters() {
                    return Err("those are the voters already");
                }
                joint
            }
            OperatorCommand::Promote | OperatorCommand::TransferLeadership { .. } => {
                unreachable!("these change nobody's membership")
            }
        };
        self.append_configuration(next, cx);
        Ok(())
    }

    /// Whether a leader may append a configuration now.
    fn may_change(&self) -> Result<(), &'static str> {
        let Role::Leader(leadership) = &self.role else { return Err("it does not lead") };
        if self.commit < leadership.term_start && !self.weak(Weakening::ConfChangeBeforeNoop) {
            return Err("no entry of its term is committed yet");
        }
        if self.configurations.latest_index() > self.commit && !self.weak(Weakening::TwoChangesInFlight) {
            return Err("the change before it is not committed yet");
        }
        if self.configurations.in_force().is_joint() {
            return Err("two configurations are joint");
        }
        if leadership.transfer.is_some() {
            return Err("it is handing over");
        }
        Ok(())
    }

    fn append_configuration(&mut self, configuration: Configuration, cx: &mut Context<'_, Self>) {
        let entry = Entry { term: self.term, command: Command::Configuration(Arc::new(configuration)) };
        self.append_entry(entry, cx);
        if let Role::Leader(leadership) = &mut self.role {
            leadership.membership_is_open = true;
        }
        self.replicate_to_all(cx);
    }

    /// A node is to become a voter: it learns until it has caught up.
    fn begin_promotion(
        &mut self,
        node: NodeId,
        now: &Configuration,
        cx: &mut Context<'_, Self>,
    ) -> Result<(), &'static str> {
        if now.is_voter(node) {
            return Err("it is a voter already");
        }
        if !now.learners().contains(&node) {
            self.append_configuration(now.with_learner(node), cx);
        }
        let target = self.log.last_index();
        if let Role::Leader(leadership) = &mut self.role {
            leadership.promotion =
                Some(Promotion { node, round: 1, target, since: cx.now(), is_ready: false });
        }
        self.on_caught_up(node, cx);
        Ok(())
    }

    /// A follower has acknowledged entries: if it is to become a voter, a round may be over.
    pub(super) fn on_caught_up(&mut self, from: NodeId, cx: &mut Context<'_, Self>) {
        let (timeout, last_index) = (self.config.election_timeout_min, self.log.last_index());
        let Role::Leader(leadership) = &mut self.role else { return };
        let matched = leadership.progress[from.index()].matched;
        let Some(promotion) = leadership.promotion.as_mut().filter(|promotion| promotion.node == from) else {
            return;
        };
        if matched < promotion.target || promotion.is_ready {
            return;
        }
        let took = cx.now().since(promotion.since);
        if took <= timeout {
            promotion.is_ready = true;
        } else if promotion.round == ROUNDS_MAX {
            leadership.promotion = None;
            cx.note(|| {
                format!("finds {from} too slow to vote after {ROUNDS_MAX} rounds; it stays a learner")
            });
        } else {
            promotion.round += 1;
            (promotion.target, promotion.since) = (last_index, cx.now());
        }
    }

    /// What a leader owes the membership. Part of every step's end.
    pub(super) fn proceed_with_membership(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let ready = leadership.promotion.as_ref().filter(|promotion| promotion.is_ready);
        if let Some(node) = ready.map(|promotion| promotion.node) {
            self.promote_learner(node, cx);
        }
        let Role::Leader(leadership) = &self.role else { return };
        if leadership.membership_is_open && self.configurations.latest_index() <= self.commit {
            self.settle_membership(cx);
        }
    }

    /// A learner has caught up: it becomes a voter as soon as a change is allowed.
    fn promote_learner(&mut self, node: NodeId, cx: &mut Context<'_, Self>) {
        let now = Arc::clone(self.configurations.in_force());
        let still_learns = now.learners().contains(&node);
        if still_learns && self.may_change().is_err() {
            return;
        }
        if let Role::Leader(leadership) = &mut self.role {
            leadership.promotion = None;
        }
        if still_learns {
            self.append_configuration(now.with_voter(node), cx);
        }
    }

    /// The latest configuration is committed: if it is joint, it is left; if it is without the leader, the leader goes.
    fn settle_membership(&mut self, cx: &mut Context<'_, Self>) {
        let now = Arc::clone(self.configurations.in_force());
        if now.is_joint() {
            return self.append_configuration(now.leaving(), cx);
        }
        let Role::Leader(leadership) = &mut self.role else { return };
        leadership.membership_is_open = false;
        if !now.is_voter(cx.me()) {
            let longest = now.voters().iter().copied().rev();
            let longest = longest.max_by_key(|voter| leadership.progress[voter.index()].matched);
            cx.note(|| format!("is no voter of the configuration {now}, which is committed: steps down"));
            self.let_stand(longest.expect("a cluster has a voter"), cx);
            self.step_down(cx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, matched};
    use super::super::{Config, Message, Weakenings};
    use super::*;
    use anachron_node::Replica;
    use anachron_vocabulary::VirtualDuration;

    fn config(voters: u16) -> Config {
        Config { initial_voters: (0..voters).map(NodeId).collect(), ..Config::default() }
    }

    fn weakened(weakening: Weakening) -> Config {
        Config { weakenings: Weakenings::NONE.with(weakening), ..config(3) }
    }

    fn tell(bench: &mut Bench, command: OperatorCommand) {
        bench.step(|raft, cx| raft.on_operator(command, cx));
        bench.sync();
    }

    fn members(bench: &Bench) -> String {
        bench.raft.configuration().to_string()
    }

    /// A leader of term 1 with voters n1 to n3 of five nodes, its no-op committed.
    fn leader(config: Config) -> Bench {
        let mut bench = Bench::new(5, config, vec![]);
        bench.elect();
        bench.receive(1, matched(1, 1));
        bench.sent();
        bench
    }

    #[test]
    fn nothing_changes_before_an_entry_of_the_own_term_is_committed() {
        let after = |config: Config| {
            let mut bench = Bench::new(5, config, vec![]);
            bench.elect();
            tell(&mut bench, OperatorCommand::RemoveNode { node: NodeId(2) });
            members(&bench)
        };
        assert_eq!(after(config(3)), "n1 n2 n3");
        assert_eq!(after(weakened(Weakening::ConfChangeBeforeNoop)), "n1 n2");
    }

    #[test]
    fn one_change_at_a_time() {
        let after = |config: Config| {
            let mut bench = leader(config);
            tell(&mut bench, OperatorCommand::RemoveNode { node: NodeId(2) });
            tell(&mut bench, OperatorCommand::AddLearner { node: NodeId(3) });
            let early = members(&bench);
            bench.receive(1, matched(1, 2));
            tell(&mut bench, OperatorCommand::AddLearner { node: NodeId(4) });
            (early, members(&bench))
        };
        assert_eq!(after(config(3)), ("n1 n2".to_owned(), "n1 n2, learning n5".to_owned()));
        let both = "n1 n2, learning n4".to_owned();
        assert_eq!(after(weakened(Weakening::TwoChangesInFlight)).0, both);
    }

    #[test]
    fn a_new_voter_learns_first_and_votes_once_it_has_caught_up() {
        let mut bench = leader(config(3));
        tell(&mut bench, OperatorCommand::AddVoter { node: NodeId(3) });
        assert_eq!(members(&bench), "n1 n2 n3, learning n4");
        let to_newcomer = bench.sent().iter().filter(|(to, _)| *to == NodeId(3)).count();
        assert_eq!(to_newcomer, 1, "it is sent entries");
        bench.receive(3, matched(1, 2));
        assert_eq!(members(&bench), "n1 n2 n3, learning n4", "that it learns is not committed yet");
        bench.receive(1, matched(1, 2));
        assert_eq!(members(&bench), "n1 n2 n3 n4");
        bench.receive(2, matched(1, 3));
        bench.sync();
        assert_eq!(bench.raft.commit_index(), Index(2), "two of four are no majority");
        bench.receive(3, matched(1, 3));
        assert_eq!(bench.raft.commit_index(), Index(3));
    }

    #[test]
    fn a_learner_that_does_not_keep_up_stays_one() {
        let mut bench = leader(config(3));
        tell(&mut bench, OperatorCommand::AddVoter { node: NodeId(3) });
        bench.receive(1, matched(1, 2));
        for round in 1..=u64::from(ROUNDS_MAX) {
            bench.client(round, anachron_vocabulary::Operation::Write(1.into()));
            bench.advance(VirtualDuration::millis(151));
            bench.receive(3, matched(1, 1 + round));
        }
        bench.receive(3, matched(1, 12));
        assert_eq!(members(&bench), "n1 n2 n3, learning n4");
    }

    #[test]
    fn a_learner_does_not_count() {
        let committed = |weakenings| {
            let config = Config { initial_learners: vec![NodeId(3), NodeId(4)], weakenings, ..config(3) };
            let mut bench = Bench::new(5, config, vec![]);
            bench.elect();
            bench.receive(3, matched(1, 1));
            bench.receive(4, matched(1, 1));
            bench.raft.commit_index()
        };
        assert_eq!(committed(Weakenings::NONE), Index(0));
        assert_eq!(committed(Weakenings::NONE.with(Weakening::LearnerInQuorum)), Index(1));
    }

    #[test]
    fn a_joint_configuration_needs_both_majorities_and_is_left() {
        let mut bench = leader(config(3));
        tell(&mut bench, OperatorCommand::SetVoters { voters: vec![NodeId(0), NodeId(3), NodeId(4)] });
        assert_eq!(members(&bench), "n1 n2 n3 joint with n1 n4 n5");
        bench.receive(1, matched(1, 2));
        assert_eq!(bench.raft.commit_index(), Index(1), "a majority of the old voters is not enough");
        bench.receive(3, matched(1, 2));
        assert_eq!(bench.raft.commit_index(), Index(2));
        assert_eq!(members(&bench), "n1 n4 n5", "and the new configuration follows at once");
        bench.sync();
        bench.receive(1, matched(1, 3));
        assert_eq!(bench.raft.commit_index(), Index(2), "the old voters don't count any more");
        bench.receive(4, matched(1, 3));
        assert_eq!(bench.raft.commit_index(), Index(3));
    }

    #[test]
    fn a_leader_that_removes_itself_leads_until_that_is_committed() {
        let mut bench = leader(config(3));
        tell(&mut bench, OperatorCommand::RemoveNode { node: NodeId(0) });
        bench.receive(1, matched(1, 2));
        assert!(bench.raft.is_leader(), "n2 alone is no majority of n2 and n3");
        bench.sent();
        bench.receive(2, matched(1, 2));
        assert!(!bench.raft.is_leader());
        let told: Vec<_> =
            bench.sent().into_iter().filter(|(_, sent)| matches!(sent, Message::TimeoutNow { .. })).collect();
        assert_eq!(told, [(NodeId(1), Message::TimeoutNow { term: bench.raft.term() })]);
        bench.timer(super::super::Timer::Election);
        assert_eq!(bench.raft.term(), super::super::Term(1), "who was removed does not stand");
    }

    #[test]
    fn a_node_that_is_no_voter_does_not_stand() {
        let mut bench =
            Bench::new(5, Config { initial_voters: vec![NodeId(1)], ..Config::default() }, vec![]);
        bench.timer(super::super::Timer::Election);
        bench.sync();
        assert_eq!((bench.sent(), bench.raft.term().0), (vec![], 0));
    }

    #[test]
    fn the_last_voter_stays() {
        let mut bench = Bench::new(2, config(1), vec![]);
        bench.timer(super::super::Timer::Election);
        bench.sync();
        bench.sync();
        tell(&mut bench, OperatorCommand::RemoveNode { node: NodeId(0) });
        assert_eq!(members(&bench), "n1");
    }
}
