//! Log replication (Raft, section 5.3): the leader brings every follower's log to its own.
//!
//! Each `AppendEntries` names the entry before those it carries. A follower that has another entry there, or none,
//! refuses and says where its disagreeing term begins, so that the leader backs up a term at a time and not an entry
//! at a time. By induction two logs that have the same entry at a place are equal up to it (Log Matching).
//!
//! To each follower at most one message with entries is on its way; what accumulates meanwhile goes with the next.
//! Every heartbeat sends again what was not acknowledged, so a lost message costs at most one heartbeat interval. A
//! follower that needs entries which are gone gets the snapshot that stands for them (`snapshot.rs`).
//!
//! A follower answers whoever leads its term, whether the two are in each other's configuration or not (dissertation,
//! section 4.1): only counting looks at configurations. Left out: pipelining, flow control by bytes.

use std::collections::VecDeque;
use std::sync::Arc;

use anachron_node::{Context, RequestId};
use anachron_vocabulary::{NodeId, VirtualTime};

use super::lease::Lease;

use super::log::{Entries, Entry, Index, Term};
use super::messages::{AppendEntries, AppendOutcome, Message, Round};
use super::reads::PendingRead;
use super::reconfiguration::Promotion;
use super::transfer::Transfer;
use super::weakening::Weakening;
use super::{Raft, Role, Timer};

/// What a leader knows, gone with its office.
#[derive(Debug)]
pub(super) struct Leadership {
    /// One row a node, member or not; the leader's own is not used.
    pub(super) progress: Vec<Progress>,
    /// The no-op with which the term began.
    pub(super) term_start: Index,
    /// The round that messages carry now.
    pub(super) round: Round,
    /// Reads that wait for their round or for an entry to be applied, oldest first.
    pub(super) reads: VecDeque<PendingRead>,
    pub(super) lease: Lease,
    /// The leadership is being handed over.
    pub(super) transfer: Option<Transfer>,
    /// A learner that is to become a voter once it has caught up.
    pub(super) promotion: Option<Promotion>,
    /// True if the latest configuration may still ask something of the leader: to be left, if it is joint, or to step
    /// down, if it is without the leader.
    pub(super) membership_is_open: bool,
    /// The entries sent last, from this place on: most followers get the same.
    batch: (Index, Entries),
}

/// What a leader knows of one follower.
///
/// Invariant: `next > matched` once the follower has answered truthfully; `sent >= next` while entries are on their
/// way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// The first entry that the follower needs, as far as is known (`nextIndex`).
    pub(super) next: Index,
    /// The last entry that the follower is known to hold durably (`matchIndex`).
    pub(super) matched: Index,
    /// The last entry sent since `next` last changed.
    pub(super) sent: Index,
    /// The latest round that the follower has acknowledged.
    pub(super) round: Round,
    /// When the follower's last answer arrived, by the leader's clock; at first, when the office began.
    pub(super) heard: VirtualTime,
}

/// A client that waits for an entry to be applied.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) index: Index,
    pub(super) id: RequestId,
    /// True if the request can only be answered with *done*.
    pub(super) answer_is_done: bool,
}

impl Leadership {
    /// A leader that knows nothing of its followers yet and tries its own last entry on them first.
    pub(super) fn new(nodes: usize, term_start: Index, now: VirtualTime) -> Self {
        let last = term_start.previous();
        let (next, matched, round) = (term_start, Index::ZERO, Round(0));
        let unknown = Progress { next, matched, sent: last, round, heard: now };
        Self {
            progress: vec![unknown; nodes],
            term_start,
            round: Round(0),
            reads: VecDeque::new(),
            lease: Lease::default(),
            transfer: None,
            promotion: None,
            membership_is_open: true,
            batch: (Index::ZERO, Entries::default()),
        }
    }
}

impl Progress {
    fn entries_are_on_their_way(&self) -> bool {
        self.sent >= self.next
    }
}

impl Raft {
    /// The leader's log has grown: sends the new entries to every follower that has none on their way.
    pub(super) fn replicate_to_all(&mut self, cx: &mut Context<'_, Self>) {
        let (configuration, me) = (Arc::clone(self.configurations.in_force()), cx.me());
        for &peer in configuration.members().iter().filter(|&&member| member != me) {
            self.replicate_to(peer, cx);
        }
    }

    /// Time for a word to everyone. What is unacknowledged counts as lost and goes again.
    pub(super) fn on_heartbeat_timer(&mut self, cx: &mut Context<'_, Self>) {
        self.check_quorum(cx);
        self.give_transfer_up_in_time(cx);
        let Role::Leader(leadership) = &mut self.role else { return };
        for progress in &mut leadership.progress {
            progress.sent = progress.next.previous();
        }
        self.renew_lease(cx);
        self.speak_to_all(cx);
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat_interval);
    }

    /// One `AppendEntries` to each follower, with entries where there are some to send.
    pub(super) fn speak_to_all(&mut self, cx: &mut Context<'_, Self>) {
        let (configuration, me) = (Arc::clone(self.configurations.in_force()), cx.me());
        for &peer in configuration.members().iter().filter(|&&member| member != me) {
            self.speak_to(peer, cx);
        }
    }

    /// Sends entries to `peer` if it lacks some and none are on their way.
    fn replicate_to(&mut self, peer: NodeId, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let progress = &leadership.progress[peer.index()];
        if !progress.entries_are_on_their_way() && progress.next <= self.log.last_index() {
            self.speak_to(peer, cx);
        }
    }

    fn speak_to(&mut self, peer: NodeId, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        let progress = &mut leadership.progress[peer.index()];
        let mut previous_index = progress.next.previous();
        if previous_index < self.log.base() {
            if !progress.entries_are_on_their_way() {
                return self.send_snapshot(peer, cx);
            }
            // The snapshot is on its way; this is a heartbeat about the first place that can be compared.
            previous_index = self.log.base();
        }
        let entries = if progress.entries_are_on_their_way() || progress.next > self.log.last_index() {
            Entries::default()
        } else {
            let limit = self.config.entries_per_message;
            let count = self.log.tail(previous_index).len().min(limit);
            if leadership.batch.0 != progress.next || leadership.batch.1.len() != count {
                leadership.batch = (progress.next, self.log.batch(progress.next, limit));
            }
            progress.sent = previous_index.plus(count);
            leadership.batch.1.clone()
        };
        let previous_term =
            self.log.term_at(previous_index).expect("a leader has what comes before what it sends");
        let append = AppendEntries {
            term: self.term,
            previous_index,
            previous_term,
            entries,
            commit: self.commit,
            round: leadership.round,
        };
        cx.send(peer, Message::AppendEntries(append));
    }

    /// A leader's entries or its heartbeat arrived. Its term is not above ours: a higher one was taken over on
    /// arrival.
    pub(super) fn on_append_entries(
        &mut self,
        from: NodeId,
        append: &AppendEntries,
        cx: &mut Context<'_, Self>,
    ) {
        let outcome = if append.term < self.term {
            AppendOutcome::StaleTerm
        } else if self.is_leader() {
            self.note_second_leader(from, cx);
            return;
        } else {
            self.follow(from, cx);
            self.compare_and_append(append, cx)
        };
        let durable = match outcome {
            AppendOutcome::Matched { index } if !self.weak(Weakening::AckBeforeFsync) => index,
            _ => Index::ZERO,
        };
        let reply = Message::AppendReply { term: self.term, round: append.round, outcome };
        self.send_durably(from, durable, reply, cx);
    }

    pub(super) fn note_second_leader(&self, from: NodeId, cx: &mut Context<'_, Self>) {
        let term = self.term;
        cx.note(|| format!("hears of another leader of term {term}, {from}: an invariant of Raft is broken"));
    }

    /// Takes `leader` for the leader of the present term, which it is, and stands by it for a while
    /// (`check_quorum.rs`).
    pub(super) fn follow(&mut self, leader: NodeId, cx: &mut Context<'_, Self>) {
        if self.weak(Weakening::VoteClearedOnStepdown) && matches!(self.role, Role::Candidate { .. }) {
            self.forget_vote();
        }
        self.role = Role::Follower;
        self.heard_of_leader = Some(cx.now());
        if self.leader != Some(leader) {
            self.leader = Some(leader);
            let term = self.term;
            cx.note(|| format!("follows {leader} in term {term}"));
        }
        self.arm_election_timer(cx);
    }

    /// For `raft-vote-cleared-on-stepdown` only: a vote is for the whole term.
    fn forget_vote(&mut self) {
        self.voted_for = None;
        self.vote_is_saved = false;
    }

    /// The consistency check, and then the entries.
    fn compare_and_append(&mut self, append: &AppendEntries, cx: &mut Context<'_, Self>) -> AppendOutcome {
        let base = self.log.base();
        if append.previous_index < base {
            return self.compare_behind_base(append, cx);
        }
        let previous_index = append.previous_index;
        let found = self.log.term_at(previous_index);
        if found != Some(append.previous_term) {
            if self.weak(Weakening::VoteClearedOnStepdown) {
                self.forget_vote();
            }
            let (term, first) = found.map_or((Term(0), self.log.last_index().next()), |term| {
                (term, self.log.first_of_term_at(previous_index))
            });
            return AppendOutcome::Conflict { previous_index, term, first };
        }
        self.adopt(previous_index, &append.entries, cx);
        // All that this message says about the follower's log: it equals the leader's up to here. What lies behind
        // may be left from another leader.
        let verified = previous_index.plus(append.entries.len());
        self.learn_commit(append.commit, verified, cx);
        let index = if self.weak(Weakening::AckOwnLastIndex) { self.log.last_index() } else { verified };
        AppendOutcome::Matched { index }
    }

    /// The message begins before the base of the log. What a snapshot stands for is committed, so the leader has the
    /// same up to there, and only what lies behind has to be looked at.
    fn compare_behind_base(&mut self, append: &AppendEntries, cx: &mut Context<'_, Self>) -> AppendOutcome {
        let base = self.log.base();
        let verified = append.previous_index.plus(append.entries.len());
        if verified > base {
            let gone = usize::try_from(base.0 - append.previous_index.0).expect("fewer than the message has");
            self.adopt(base, &append.entries[gone..], cx);
        }
        self.learn_commit(append.commit, verified, cx);
        AppendOutcome::Matched { index: verified }
    }

    /// Makes the log agree with `entries`, which follow `previous`. Cuts the log at the first entry that conflicts and
    /// nowhere else: a late message must not remove entries that came after it and were acknowledged.
    fn adopt(&mut self, previous: Index, entries: &[Entry], cx: &mut Context<'_, Self>) {
        if self.weak(Weakening::TruncateOnAnyAppend) && previous < self.log.last_index() {
            self.truncate_log(previous, cx);
        }
        let agrees =
            |(row, entry): (usize, &Entry)| self.log.term_at(previous.plus(row + 1)) == Some(entry.term);
        let Some(first_new) = entries.iter().enumerate().position(|row| !agrees(row)) else { return };
        let mut leftover = Vec::new();
        let keep = previous.plus(first_new);
        if keep < self.log.last_index() {
            if self.weak(Weakening::KeepConflictingTail) {
                leftover.extend_from_slice(self.log.tail(previous.plus(entries.len())));
            }
            self.truncate_log(keep, cx);
        }
        for entry in entries[first_new..].iter().cloned().chain(leftover) {
            self.append_entry(entry, cx);
        }
    }

    /// A follower answered. Answers of earlier terms and to messages of earlier terms are of no use; one of a higher term
    /// has ended the office.
    pub(super) fn on_append_reply(
        &mut self,
        from: NodeId,
        term: Term,
        (round, outcome): (Round, AppendOutcome),
        cx: &mut Context<'_, Self>,
    ) {
        let last_index = self.log.last_index();
        let Role::Leader(leadership) = &mut self.role else { return };
        if term < self.term {
            return;
        }
        // What is answered was sent in an earlier office, perhaps this node's own, whose rounds were counted from zero as
        // well: it confirms nothing of this one.
        let is_of_the_past = outcome == AppendOutcome::StaleTerm;
        if is_of_the_past && !self.config.weakenings.contains(Weakening::StaleReplyCounts) {
            return;
        }
        if round > leadership.round {
            cx.note(|| format!("hears from {from} of a round yet to come: an invariant of Raft is broken"));
        }
        let progress = &mut leadership.progress[from.index()];
        progress.round = progress.round.max(round);
        progress.heard = cx.now();
        self.extend_lease(cx);
        let Role::Leader(leadership) = &mut self.role else { return };
        let progress = &mut leadership.progress[from.index()];
        match outcome {
            AppendOutcome::Matched { index } => {
                let index = index.min(last_index);
                progress.next = progress.next.max(index.next());
                if index > progress.matched {
                    progress.matched = index;
                    self.count_replicas(cx);
                }
                self.replicate_to(from, cx);
                self.on_caught_up(from, cx);
            }
            AppendOutcome::Conflict { previous_index, term, first } => {
                // Only the answer to the place tried last says something new.
                if previous_index == progress.next.previous() && previous_index > Index::ZERO {
                    let shared = self.log.last_with_term_at_most(term, previous_index);
                    let knows_term = term > Term(0) && self.log.term_at(shared) == Some(term);
                    let hint = if knows_term { shared.next() } else { first };
                    progress.next = hint.min(previous_index).max(Index(1));
                    progress.sent = progress.next.previous();
                    self.speak_to(from, cx);
                }
            }
            AppendOutcome::StaleTerm => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, append, journal, matched};
    use super::super::{Config, Weakenings};
    use super::*;

    fn weakened(weakening: Weakening) -> Config {
        Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
    }

    fn follower(config: Config, term: u64, terms: &[u64]) -> Bench {
        Bench::new(3, config, journal(term, terms))
    }

    /// The leader of term 8 in Figure 7: what a follower with this log is first refused with, and how many messages
    /// it takes to make its log the leader's.
    fn repair(terms: &[u64]) -> usize {
        let leaders = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
        let mut leader = Bench::new(3, Config::default(), journal(7, &leaders));
        leader.elect();
        let mut follower = follower(Config::default(), 7, terms);
        leader.timer(Timer::Heartbeat);
        for exchange in 1.. {
            let (_, message) = leader.sent().into_iter().find(|(to, _)| *to == NodeId(1)).expect("a message");
            follower.receive(0, message);
            follower.sync();
            let (_, reply) = follower.sent().pop().expect("a reply");
            let done = matches!(&reply, Message::AppendReply { outcome: AppendOutcome::Matched { .. }, .. });
            leader.receive(1, reply);
            if done {
                assert_eq!(follower.raft.log().entries(), leader.raft.log().entries());
                return exchange;
            }
        }
        unreachable!("the loop ends by returning")
    }

    #[test]
    fn figure_7_every_follower_is_repaired_a_term_at_a_time() {
        assert_eq!(repair(&[1, 1, 1, 4, 4, 5, 5, 6, 6]), 2, "(a) one entry missing");
        assert_eq!(repair(&[1, 1, 1, 4]), 2, "(b) many missing");
        assert_eq!(repair(&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6]), 1, "(c) one too many");
        assert_eq!(repair(&[1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7]), 1, "(d) two too many");
        assert_eq!(repair(&[1, 1, 1, 4, 4, 4, 4]), 3, "(e) missing and too many");
        assert_eq!(repair(&[1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]), 3, "(f) two terms of its own");
        assert_eq!(repair(&[]), 2, "an empty log");
    }

    #[test]
    fn a_late_append_removes_nothing_that_agrees() {
        let mut bench = follower(Config::default(), 2, &[1, 2, 2]);
        bench.receive(1, append(2, (1, 1), &[2], 0));
        assert_eq!(bench.terms(), [1, 2, 2]);
        assert_eq!(
            bench.outcome(),
            Some(AppendOutcome::Matched { index: Index(2) }),
            "what was compared, no more"
        );
        bench.receive(1, append(2, (1, 1), &[], 0));
        assert_eq!(bench.outcome(), Some(AppendOutcome::Matched { index: Index(1) }));

        let mut bench = follower(weakened(Weakening::TruncateOnAnyAppend), 2, &[1, 2, 2]);
        bench.receive(1, append(2, (1, 1), &[2], 0));
        assert_eq!(bench.terms(), [1, 2]);

        let mut bench = follower(weakened(Weakening::AckOwnLastIndex), 2, &[1, 2, 2]);
        bench.receive(1, append(2, (1, 1), &[2], 0));
        assert_eq!(bench.outcome(), Some(AppendOutcome::Matched { index: Index(3) }));
    }

    #[test]
    fn a_conflicting_entry_goes_with_all_that_follow_it() {
        let mut bench = follower(Config::default(), 2, &[1, 2, 2, 2]);
        bench.receive(1, append(3, (1, 1), &[3], 0));
        assert_eq!(bench.terms(), [1, 3]);
        let kept = bench.journal.len();
        bench.restart(kept);
        assert_eq!(bench.terms(), [1, 3], "and the journal says the same");

        let mut bench = follower(weakened(Weakening::KeepConflictingTail), 2, &[1, 2, 2, 2]);
        bench.receive(1, append(3, (1, 1), &[3], 0));
        assert_eq!(bench.terms(), [1, 3, 2, 2]);
    }

    #[test]
    fn entries_are_acknowledged_once_they_are_durable() {
        let mut bench = follower(Config::default(), 2, &[1]);
        bench.receive(1, append(2, (1, 1), &[2], 0));
        assert_eq!(bench.outcome(), None);
        bench.receive(1, append(2, (1, 1), &[], 0));
        assert_eq!(bench.outcome(), Some(AppendOutcome::Matched { index: Index(1) }), "that one is");
        bench.sync();
        assert_eq!(bench.outcome(), Some(AppendOutcome::Matched { index: Index(2) }));

        let mut bench = follower(weakened(Weakening::AckBeforeFsync), 2, &[1]);
        bench.receive(1, append(2, (1, 1), &[2], 0));
        assert_eq!(bench.outcome(), Some(AppendOutcome::Matched { index: Index(2) }));
    }

    #[test]
    fn a_leader_of_the_past_is_told_the_term_and_changes_nothing() {
        let mut bench = follower(Config::default(), 5, &[1]);
        bench.receive(1, append(4, (0, 0), &[4, 4], 2));
        assert_eq!(bench.outcome(), Some(AppendOutcome::StaleTerm));
        assert_eq!((bench.terms(), bench.raft.commit_index()), (vec![1], Index::ZERO));
    }

    /// How many entries each message to node 1 carries.
    fn carried(bench: &mut Bench) -> Vec<usize> {
        let sent = bench.sent();
        let to_one = sent.iter().filter(|(to, _)| *to == NodeId(1));
        to_one
            .map(|(_, message)| match message {
                Message::AppendEntries(append) => append.entries.len(),
                other => panic!("not an append: {other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_accumulates_while_entries_are_on_their_way_goes_together() {
        let mut bench = Bench::new(3, Config::default(), vec![]);
        bench.elect();
        for serial in 1..=3 {
            bench.client(serial, anachron_vocabulary::Operation::Acquire);
        }
        assert_eq!(carried(&mut bench), [0; 0], "the no-op is still on its way");
        bench.receive(1, matched(1, 1));
        assert_eq!(carried(&mut bench), [3]);
        bench.receive(1, matched(1, 1));
        assert_eq!(carried(&mut bench), [0; 0], "a doubled answer sends nothing");
        bench.timer(Timer::Heartbeat);
        assert_eq!(carried(&mut bench), [3], "unanswered for a heartbeat: lost, perhaps");
    }

    #[test]
    fn a_message_carries_no_more_than_it_may() {
        let config = Config { entries_per_message: 2, ..Config::default() };
        let mut bench = Bench::new(3, config, journal(1, &[1, 1, 1, 1]));
        bench.elect();
        let short = AppendOutcome::Conflict { previous_index: Index(4), term: Term(0), first: Index(1) };
        bench.receive(1, Message::AppendReply { term: Term(2), round: Round(0), outcome: short });
        assert_eq!(carried(&mut bench), [2]);
        bench.receive(1, matched(2, 2));
        assert_eq!(carried(&mut bench), [2]);
        bench.receive(1, matched(2, 4));
        assert_eq!(carried(&mut bench), [1]);
    }

    #[test]
    fn a_refusal_of_a_place_no_longer_tried_is_ignored() {
        let mut bench = Bench::new(3, Config::default(), journal(1, &[1, 1]));
        bench.elect();
        let old = AppendOutcome::Conflict { previous_index: Index(1), term: Term(0), first: Index(1) };
        bench.receive(1, Message::AppendReply { term: Term(2), round: Round(0), outcome: old });
        assert_eq!(carried(&mut bench), [0; 0]);
    }
}
