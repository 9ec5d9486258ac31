//! Commitment and application (Raft, sections 5.3 and 5.4.2).
//!
//! A leader counts replicas only for entries of its own term. Older entries are committed with them, by Log Matching.
//! Counting for an older entry goes wrong in four lines (Figure 8): S1 leads term 2 and leaves entry 2 on S2; S5 leads
//! term 3 and writes another entry 2 to its own disk; S1 leads term 4, copies its old entry 2 to S3 and calls it
//! committed; S5, whose last term is later, wins term 5 with the votes of S2, S3 and S4 and overwrites it.
//!
//! A majority is one of the voters of the configuration in force, and of both sets of voters while it is joint
//! (`membership.rs`). A leader counts itself for what its own disk holds, no more. A follower learns of commitment only
//! for the part of its log that the message has compared.

use anachron_node::{Answer, Context, RequestId};
use anachron_vocabulary::{NodeId, Reply};

use crate::common::{Sessions, Store, execute};

use super::log::{Command, Index};
use super::weakening::Weakening;
use super::{Raft, Role};

impl Raft {
    /// The leader heard that an entry is durable somewhere: the highest one on a majority of disks may be committed.
    pub(super) fn count_replicas(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let (me, own) = (cx.me(), self.log.durable());
        let held = |node: NodeId| if node == me { own } else { leadership.progress[node.index()].matched };
        let configuration = self.configurations.in_force();
        let on_majority = if self.weak(Weakening::LearnerInQuorum) {
            configuration.agreed_with_learners(held)
        } else {
            configuration.agreed(held)
        };
        if on_majority <= self.commit {
            return;
        }
        if self.log.term_at(on_majority) != Some(self.term) && !self.weak(Weakening::CommitOldTerm) {
            return;
        }
        self.commit_up_to(on_majority, cx);
    }

    /// A follower heard how far its leader knows the log to be committed, in a message that compared the log up to
    /// `verified`.
    pub(super) fn learn_commit(&mut self, leader_commit: Index, verified: Index, cx: &mut Context<'_, Self>) {
        let weak = self.weak(Weakening::CommitBeyondVerifiedPrefix);
        let limit = if weak { self.log.last_index() } else { verified };
        let commit = leader_commit.min(limit);
        if commit > self.commit {
            self.commit_up_to(commit, cx);
        }
    }

    fn commit_up_to(&mut self, commit: Index, cx: &mut Context<'_, Self>) {
        assert!(self.commit < commit, "the commit index only grows");
        self.commit = commit;
        cx.note(|| format!("knows the log to be committed up to {commit}"));
    }

    /// Brings the state machine up to what is committed and answers whoever waits for it. Part of every step's end.
    pub(super) fn apply(&mut self, cx: &mut Context<'_, Self>) {
        let last = self.log.last_index();
        let target = if self.weak(Weakening::ApplyOnAppend) { last } else { self.commit.min(last) };
        let runs_once = !self.weak(Weakening::NoDedup);
        while self.applied < target {
            self.applied = self.applied.next();
            let entry = self.log.get(self.applied).expect("what is to be applied is in the log");
            let (id, answer) = match &entry.command {
                Command::NoOp | Command::Configuration(_) | Command::Submitted(_) => (None, None),
                Command::Client(request) => {
                    let answer = execute(&mut self.store, &mut self.sessions, request, runs_once);
                    (Some(request.id), answer)
                }
            };
            self.answer_waiters(self.applied, id, answer.as_ref(), cx);
            self.look_no_further_than_applied();
        }
    }

    /// For `raft-conf-at-apply-unguarded` only: what is not applied is not in force.
    pub(super) fn look_no_further_than_applied(&mut self) {
        if self.weak(Weakening::ConfAtApplyUnguarded) {
            self.configurations.wait_for(self.applied);
        }
    }

    /// Answers the client that waits for the entry at `index`. The entry is the one that was appended for it: an
    /// office that ends takes its waiters along.
    fn answer_waiters(
        &mut self,
        index: Index,
        id: Option<RequestId>,
        answer: Option<&Answer>,
        cx: &mut Context<'_, Self>,
    ) {
        while let Some(row) = self.waiters.iter().position(|waiter| waiter.index == index) {
            let waiter = self.waiters.remove(row).expect("it was just found");
            if Some(waiter.id) == id {
                if let Some(answer) = answer {
                    cx.reply(waiter.id, answer.clone());
                }
            } else if self.weak(Weakening::OldWaiterAckedInNewTerm) {
                cx.reply(waiter.id, Answer::Ok(Reply::Done));
            }
        }
    }

    /// The log was cut behind `keep`. Committed entries are never cut, so nothing that was applied is affected;
    /// a node that applies before commitment has to build its state anew.
    pub(super) fn roll_back(&mut self, keep: Index) {
        if self.weak(Weakening::ApplyOnAppend) && self.applied > keep {
            self.start_from_snapshot();
            for entry in self.log.entries() {
                if let Command::Client(request) = &entry.command {
                    execute(&mut self.store, &mut self.sessions, request, true);
                }
            }
            self.applied = keep;
        }
    }

    /// The state machine as the latest snapshot has it; as it is at first, if there is none.
    pub(super) fn start_from_snapshot(&mut self) {
        (self.store, self.sessions) = if let Some(snapshot) = &self.snapshot {
            (snapshot.store.clone(), snapshot.sessions.clone())
        } else {
            (Store::new(self.config.initial_value.clone()), Sessions::default())
        };
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, append, journal, matched};
    use super::super::{Config, Timer, Weakenings};
    use super::*;
    use anachron_node::Replica;
    use anachron_vocabulary::{Key, Operation, Value};

    fn weakened(weakening: Weakening) -> Config {
        Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
    }

    #[test]
    fn an_entry_of_an_earlier_term_is_committed_only_with_one_of_the_own() {
        let commits = |config: Config| {
            // S1 of Figure 8 (c): entry 2 of term 2 is its own, term 4 has just begun.
            let mut bench = Bench::new(5, config, journal(3, &[1, 2]));
            bench.elect();
            bench.receive(1, matched(4, 2));
            bench.receive(2, matched(4, 2));
            let by_count = bench.raft.commit_index();
            bench.receive(1, matched(4, 3));
            bench.receive(2, matched(4, 3));
            (by_count.0, bench.raft.commit_index().0)
        };
        assert_eq!(commits(Config::default()), (0, 3));
        assert_eq!(commits(weakened(Weakening::CommitOldTerm)), (2, 3));
    }

    #[test]
    fn a_leader_counts_itself_once_its_own_disk_has_the_entry() {
        let mut bench = Bench::new(3, Config::default(), vec![]);
        bench.elect();
        bench.receive(1, matched(1, 1));
        bench.client(1, Operation::Acquire);
        bench.receive(1, matched(1, 2));
        assert_eq!(bench.raft.commit_index(), Index(1), "one disk of three");
        bench.receive(2, matched(1, 2));
        assert_eq!(bench.raft.commit_index(), Index(2), "two followers are a majority without it");
        bench.client(2, Operation::Release);
        bench.receive(1, matched(1, 3));
        assert_eq!(bench.raft.commit_index(), Index(2));
        bench.sync();
        assert_eq!(bench.raft.commit_index(), Index(3));
        let done = |serial| (serial, Answer::Ok(Reply::Done));
        assert_eq!(bench.answers(), [done(1), done(2)]);
    }

    #[test]
    fn a_follower_commits_no_further_than_was_compared() {
        let commit = |config| {
            let mut bench = Bench::new(3, config, journal(2, &[1, 2, 2]));
            bench.receive(1, append(3, (1, 1), &[], 3));
            bench.raft.commit_index()
        };
        assert_eq!(commit(Config::default()), Index(1));
        assert_eq!(commit(weakened(Weakening::CommitBeyondVerifiedPrefix)), Index(3));
    }

    #[test]
    fn a_commit_index_never_goes_back() {
        let mut bench = Bench::new(3, Config::default(), journal(1, &[1, 1]));
        bench.receive(1, append(1, (2, 1), &[], 2));
        bench.receive(1, append(1, (1, 1), &[1], 1));
        assert_eq!(bench.raft.commit_index(), Index(2));
    }

    #[test]
    fn nothing_is_applied_before_it_is_committed() {
        let applied = |config: Config| {
            let mut bench = Bench::new(3, config, vec![]);
            bench.elect();
            bench.client(1, Operation::Write(5.into()));
            let early = (bench.answers().len(), bench.raft.contents());
            bench.receive(1, append(2, (0, 0), &[2], 0));
            (early, bench.raft.contents())
        };
        assert_eq!(applied(Config::default()), ((0, vec![]), vec![]));
        let dirty = vec![(Key(0), Value::Integer(5))];
        assert_eq!(applied(weakened(Weakening::ApplyOnAppend)), ((1, dirty), vec![]), "and taken back");
    }

    #[test]
    fn a_retry_is_answered_from_the_session_and_runs_once() {
        let text = |config: Config| {
            let mut bench = Bench::new(3, config, vec![]);
            bench.elect();
            for _ in 0..2 {
                bench.client(1, Operation::Append("a".into()));
            }
            bench.sync();
            bench.receive(1, matched(1, 1));
            bench.receive(1, matched(1, 3));
            bench.client(1, Operation::Append("a".into()));
            bench.sync();
            bench.receive(1, matched(1, 4));
            assert_eq!(bench.answers(), vec![(1, Answer::Ok(Reply::Done)); 3]);
            bench.raft.contents()
        };
        assert_eq!(text(Config::default()), [(Key(0), Value::from("a"))]);
        assert_eq!(text(weakened(Weakening::NoDedup)), [(Key(0), Value::from("aaa"))]);
    }

    #[test]
    fn a_restarted_node_applies_again_what_it_learns_to_be_committed() {
        let mut bench = Bench::new(1, Config::default(), vec![]);
        bench.timer(Timer::Election);
        bench.sync();
        bench.sync();
        bench.client(1, Operation::Write(5.into()));
        bench.sync();
        let before = bench.raft.contents();
        assert_eq!(before, [(Key(0), Value::Integer(5))]);
        bench.restart(bench.journal.len());
        assert_eq!(bench.raft.contents(), []);
        bench.timer(Timer::Election);
        bench.sync();
        bench.sync();
        assert_eq!(bench.raft.contents(), before);
    }
}
