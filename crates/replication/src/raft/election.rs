//! Leader election (Raft, section 5.2) and who may win it (section 5.4.1).
//!
//! A node that hears no leader for a randomised time starts a term, votes for itself and asks the others. A node
//! votes once a term, for a candidate whose log is at least as up to date as its own; a majority of votes of the
//! candidate's own term makes a leader. So a term has at most one leader, and that leader has every committed entry.
//!
//! A higher term in any message makes a node a follower of that term. Asking before standing is in `prevote.rs`,
//! standing by a leader in `check_quorum.rs`, and who counts in `membership.rs`. Voters vote for whoever asks, member
//! or not (dissertation, section 4.1): they may lack the entry that made it one.

use std::sync::Arc;

use anachron_node::{Answer, Context, Refusal};
use anachron_vocabulary::NodeId;

use super::log::{Command, Entry, Index, Term};
use super::messages::{Candidate, Message};
use super::reads::Asker;
use super::replication::Leadership;
use super::weakening::Weakening;
use super::{Raft, Role, Timer};

impl Raft {
    /// Waits for a leader's word for a time drawn anew.
    pub(super) fn arm_election_timer(&self, cx: &mut Context<'_, Self>) {
        let (min, max) = (self.config.election_timeout_min, self.config.election_timeout_max);
        let wait = cx.random().between(min, max);
        cx.set_timer(Timer::Election, wait);
    }

    /// No leader was heard of in time, or no election was won.
    pub(super) fn on_election_timeout(&mut self, cx: &mut Context<'_, Self>) {
        if self.is_leader() || !self.may_stand(cx) {
            // Whoever does not belong to the cluster waits until a leader speaks to it.
        } else if self.stands_by_a_leader(cx) {
            self.arm_election_timer(cx);
        } else if self.config.asks_before_it_stands() {
            self.ask_before_standing(cx);
        } else {
            self.campaign(Message::RequestVote, cx);
        }
    }

    /// Voters stand for election, learners and strangers don't. A node whose removal is not known to be committed is
    /// a voter of the configuration before, and still does: it may be the only one left who has the entry that removes
    /// it (dissertation, section 4.2.2, Figure 4.6).
    fn may_stand(&self, cx: &Context<'_, Self>) -> bool {
        let me = cx.me();
        let undecided = self.configurations.latest_index() > self.commit;
        self.configurations.in_force().is_voter(me)
            || undecided && self.configurations.before_latest().is_some_and(|before| before.is_voter(me))
    }

    /// Starts an election: a new term, a vote for itself, a request to every other voter.
    pub(super) fn campaign(&mut self, request: fn(Candidate) -> Message, cx: &mut Context<'_, Self>) {
        self.term = self.term.next();
        self.voted_for = Some(cx.me());
        self.vote_is_saved = false;
        self.leader = None;
        self.role = Role::Candidate { votes: Vec::with_capacity(cx.nodes()) };
        self.refuse_reads_without_index(None, cx);
        self.save_vote(cx);
        let term = self.term;
        cx.note(|| format!("stands for election in term {term}"));
        self.arm_election_timer(cx);
        let candidate = self.candidate(term);
        // Durable first. Otherwise: n1 of five asks in term 7, three vote, and n1 leads and sends entry A. It crashes
        // before its disk has the term, restarts in term 6, and stands in term 7 again. The same three vote for it
        // again, as they may, and n1 sends entry B: the same place, the same term, another entry.
        for peer in self.other_voters(cx) {
            cx.send_after_sync(self.vote_position, peer, request(candidate));
        }
    }

    /// This node as a candidate for `term`.
    pub(super) fn candidate(&self, term: Term) -> Candidate {
        Candidate { term, last_index: self.log.last_index(), last_term: self.log.last_term() }
    }

    /// Everybody whose vote counts, but this node.
    pub(super) fn other_voters(&self, cx: &Context<'_, Self>) -> impl Iterator<Item = NodeId> + use<> {
        let configuration = Arc::clone(self.configurations.in_force());
        let me = cx.me();
        let voters = configuration.members().iter().copied().filter(|&node| configuration.is_voter(node));
        voters.filter(|&node| node != me).collect::<Vec<_>>().into_iter()
    }

    /// A candidate asks for this node's vote. Its term is not above ours: a higher one was taken over on arrival.
    pub(super) fn on_request_vote(&mut self, from: NodeId, candidate: Candidate, cx: &mut Context<'_, Self>) {
        let term = candidate.term;
        let free = self.voted_for.is_none_or(|voted_for| voted_for == from);
        let granted = term == self.term && free && self.is_up_to_date(candidate);
        if granted {
            if self.voted_for.is_none() {
                self.voted_for = Some(from);
                self.vote_is_saved = false;
                cx.note(|| format!("votes for {from} in term {term}"));
            }
            // Only a granted vote puts off the own candidacy; a refused candidate must not keep a better one away.
            self.arm_election_timer(cx);
        }
        self.send_durably(from, Index::ZERO, Message::Vote { term: self.term, granted }, cx);
    }

    /// The vote restriction: a candidate's log must be at least as up to date as the voter's. The later last term
    /// wins; with equal terms, the longer log.
    pub(super) fn is_up_to_date(&self, Candidate { last_term, last_index, .. }: Candidate) -> bool {
        if self.weak(Weakening::NoUptodateCheck) {
            return true;
        }
        if self.weak(Weakening::UptodateIndexOnly) {
            return last_index >= self.log.last_index();
        }
        (last_term, last_index) >= (self.log.last_term(), self.log.last_index())
    }

    /// A vote was given or refused.
    pub(super) fn on_vote(&mut self, voter: NodeId, term: Term, granted: bool, cx: &mut Context<'_, Self>) {
        if term < self.term && !self.weak(Weakening::StaleVoteCounted) {
            return;
        }
        if granted {
            self.count_vote(voter, cx);
        }
    }

    /// A candidate's vote for itself counts like any other: once it is durable.
    pub(super) fn count_own_vote(&mut self, cx: &mut Context<'_, Self>) {
        let counted = match &self.role {
            Role::Candidate { votes } => votes.contains(&cx.me()),
            Role::Follower | Role::PreCandidate { .. } | Role::Leader(_) => true,
        };
        if !counted && self.vote_position <= self.synced {
            self.count_vote(cx.me(), cx);
        }
    }

    /// Counts one vote and takes office with the one that makes a majority.
    fn count_vote(&mut self, from: NodeId, cx: &mut Context<'_, Self>) {
        let count_twice = self.weak(Weakening::DuplicateVoteCounted);
        let Role::Candidate { votes } = &mut self.role else { return };
        if count_twice || !votes.contains(&from) {
            votes.push(from);
        }
        if self.configurations.in_force().wins(votes) {
            let (term, votes) = (self.term, std::mem::take(votes));
            cx.note(|| {
                let names: Vec<_> = votes.iter().map(ToString::to_string).collect();
                format!("leads term {term}: votes of {}", names.join(", "))
            });
            self.take_office(cx);
        }
    }

    /// Becomes the leader of the term and says so with a no-op entry, so that the term has something of its own to
    /// commit (section 8).
    fn take_office(&mut self, cx: &mut Context<'_, Self>) {
        self.leader = Some(cx.me());
        let term_start = self.log.last_index().next();
        self.role = Role::Leader(Box::new(Leadership::new(cx.nodes(), term_start, cx.now())));
        cx.cancel_timer(Timer::Election);
        cx.set_timer(Timer::Heartbeat, self.config.heartbeat_interval);
        self.append_entry(Entry { term: self.term, command: Command::NoOp }, cx);
        self.renew_lease(cx);
        self.replicate_to_all(cx);
    }

    /// A message of a higher term arrived: becomes a follower of that term. `leader` is known if its leader wrote.
    pub(super) fn enter_term(&mut self, term: Term, leader: Option<NodeId>, cx: &mut Context<'_, Self>) {
        assert!(term > self.term, "terms only grow");
        self.leave_office(leader, cx);
        self.refuse_reads_without_index(leader, cx);
        self.term = term;
        self.voted_for = None;
        self.vote_is_saved = false;
        self.leader = None;
        self.role = Role::Follower;
    }

    /// If this node leads, it stops. What it had appended for clients may still be committed by the next leader, so
    /// those requests are answered with *unknown*; reads had no effect and are refused.
    pub(super) fn leave_office(&mut self, successor: Option<NodeId>, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &self.role else { return };
        let term = self.term;
        cx.note(|| format!("no longer leads term {term}"));
        let refused = Answer::Refused(Refusal::NotLeader { leader: successor });
        for read in &leadership.reads {
            match read.asker {
                Asker::Client(ref request) => cx.reply(request.id, refused.clone()),
                Asker::Node { node, ticket } => {
                    cx.send(node, Message::ReadIndexReply { term, ticket, index: None });
                }
            }
        }
        let keep_waiting = self.weak(Weakening::OldWaiterAckedInNewTerm);
        let answer = if self.weak(Weakening::UnknownReportedAsFail) { refused } else { Answer::Unknown };
        self.waiters.retain(|waiter| {
            let stays = keep_waiting && waiter.answer_is_done;
            if !stays {
                cx.reply(waiter.id, answer.clone());
            }
            stays
        });
        cx.cancel_timer(Timer::Heartbeat);
        self.arm_election_timer(cx);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, append, journal, matched};
    use super::super::{Config, Weakenings};
    use super::*;
    use anachron_node::{OperatorCommand, Replica};

    fn request_vote(term: u64, last: (u64, u64)) -> Message {
        Message::RequestVote(Candidate {
            term: Term(term),
            last_term: Term(last.0),
            last_index: Index(last.1),
        })
    }

    fn weakened(weakening: Weakening) -> Config {
        Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
    }

    /// Whether the one vote that a node sends once its disk is quiet is granted.
    fn granted(bench: &mut Bench) -> bool {
        bench.sync();
        match bench.sent().as_slice() {
            [(_, Message::Vote { granted, .. })] => *granted,
            other => panic!("one vote was expected, not {other:?}"),
        }
    }

    #[test]
    fn a_vote_is_on_disk_before_it_is_given_and_survives_a_restart() {
        let mut bench = Bench::new(3, Config::default(), vec![]);
        bench.receive(1, request_vote(1, (0, 0)));
        assert_eq!(bench.sent(), [], "not before the sync");
        assert!(granted(&mut bench));
        bench.restart(bench.journal.len());
        bench.sent();
        bench.receive(2, request_vote(1, (0, 0)));
        assert!(!granted(&mut bench), "the vote of term 1 is given");
        bench.receive(1, request_vote(1, (0, 0)));
        assert!(granted(&mut bench), "to the same candidate it may be given twice");
    }

    #[test]
    fn the_weakened_node_votes_twice_in_a_term() {
        let mut bench = Bench::new(3, weakened(Weakening::VoteNotPersisted), vec![]);
        bench.receive(1, request_vote(1, (0, 0)));
        assert!(granted(&mut bench));
        bench.restart(bench.journal.len());
        bench.receive(2, request_vote(1, (0, 0)));
        assert!(granted(&mut bench));
    }

    #[test]
    fn the_later_last_term_wins_and_then_the_longer_log() {
        let verdict = |config: Config, last| {
            let mut bench = Bench::new(3, config, journal(3, &[1, 2, 2]));
            bench.receive(1, request_vote(4, last));
            granted(&mut bench)
        };
        let correct = |last| verdict(Config::default(), last);
        assert!(correct((3, 1)), "a later last term, though shorter");
        assert!(correct((2, 3)), "equal");
        assert!(correct((2, 4)), "longer");
        assert!(!correct((2, 2)), "shorter");
        assert!(!correct((1, 9)), "an earlier last term, though longer");
        assert!(verdict(weakened(Weakening::UptodateIndexOnly), (1, 9)));
        assert!(verdict(weakened(Weakening::NoUptodateCheck), (0, 0)));
    }

    #[test]
    fn a_majority_of_distinct_votes_of_this_term_makes_a_leader() {
        let leads = |config: Config| {
            let mut bench = Bench::new(5, config, vec![]);
            bench.timer(Timer::Election);
            bench.timer(Timer::Election);
            bench.sync();
            let vote = |term| Message::Vote { term: Term(term), granted: true };
            bench.receive(1, vote(2));
            bench.receive(1, vote(2));
            bench.receive(2, vote(1));
            bench.receive(3, Message::Vote { term: Term(2), granted: false });
            let early = bench.raft.is_leader();
            bench.receive(4, vote(2));
            assert!(bench.raft.is_leader());
            early
        };
        assert!(!leads(Config::default()), "n1 and n2 are no majority of five");
        assert!(leads(weakened(Weakening::DuplicateVoteCounted)));
        assert!(leads(weakened(Weakening::StaleVoteCounted)));
    }

    #[test]
    fn a_candidate_asks_and_counts_itself_only_once_its_own_vote_is_durable() {
        let mut bench = Bench::new(1, Config::default(), vec![]);
        bench.timer(Timer::Election);
        assert!(!bench.raft.is_leader());
        bench.sync();
        assert!(bench.raft.is_leader(), "alone, it is its own majority");
        let mut bench = Bench::new(3, Config::default(), vec![]);
        bench.step(|raft, cx| raft.on_operator(OperatorCommand::Promote, cx));
        assert_eq!(bench.sent(), []);
        bench.sync();
        let asked: Vec<_> = bench.sent().into_iter().map(|(to, _)| to).collect();
        assert_eq!(asked, [NodeId(1), NodeId(2)]);
    }

    #[test]
    fn a_higher_term_ends_an_office_and_leaves_its_requests_unknown() {
        for (weakening, expected) in [
            (None, Answer::Unknown),
            (
                Some(Weakening::UnknownReportedAsFail),
                Answer::Refused(Refusal::NotLeader { leader: Some(NodeId(2)) }),
            ),
        ] {
            let mut bench = Bench::new(3, weakening.map_or_else(Config::default, weakened), vec![]);
            bench.elect();
            bench.client(1, anachron_vocabulary::Operation::Acquire);
            assert_eq!(bench.answers(), []);
            bench.receive(2, append(2, (0, 0), &[2], 1));
            assert_eq!(bench.answers(), [(1, expected)]);
            assert_eq!(bench.terms(), [2], "what the old leader had appended is replaced");
        }
    }

    #[test]
    fn the_weakened_waiter_is_acknowledged_by_what_was_committed_in_its_place() {
        let mut bench = Bench::new(3, weakened(Weakening::OldWaiterAckedInNewTerm), vec![]);
        bench.elect();
        bench.client(1, anachron_vocabulary::Operation::Acquire);
        bench.receive(2, append(2, (0, 0), &[2, 2], 2));
        assert_eq!(bench.answers(), [(1, Answer::Ok(anachron_vocabulary::Reply::Done))]);
    }

    #[test]
    fn who_steps_down_keeps_its_vote() {
        let second_vote = |config: Config| {
            let mut bench = Bench::new(3, config, journal(1, &[1]));
            bench.receive(1, request_vote(2, (1, 3)));
            assert!(granted(&mut bench));
            // Node 1 leads term 2; its entries don't fit, so they are rejected.
            bench.receive(1, append(2, (3, 1), &[2], 0));
            bench.sync();
            bench.sent();
            bench.receive(2, request_vote(2, (1, 3)));
            granted(&mut bench)
        };
        assert!(!second_vote(Config::default()));
        assert!(second_vote(weakened(Weakening::VoteClearedOnStepdown)));
    }

    #[test]
    fn a_new_leader_begins_with_a_no_op() {
        let mut bench = Bench::new(3, Config::default(), journal(4, &[1, 4]));
        bench.elect();
        assert_eq!(bench.terms(), [1, 4, 5]);
        assert_eq!(bench.raft.log().get(Index(3)).map(|entry| &entry.command), Some(&Command::NoOp));
        bench.receive(1, matched(5, 3));
        assert_eq!(bench.raft.commit_index(), Index(3));
    }
}
