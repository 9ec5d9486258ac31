//! Reads that don't go through the log.
//!
//! *Read-index* (dissertation, section 6.4): the leader notes its commit index, makes sure that it still leads with a
//! round of heartbeats sent after the read arrived, waits until the noted entry is applied, and answers from its
//! state machine. Two things are easy to miss, and both have a weakening:
//! - A new leader does not know yet what is committed. Every committed entry is in its log, though, before the no-op
//!   with which its term began; so the entry to wait for is never before that no-op.
//! - An acknowledgement must be to a heartbeat sent after the read arrived. Messages carry a round number there and
//!   back; a read waits for a majority at its own round or a later one.
//!
//! *Lease*: no round while a lease lasts (`lease.rs`). *At followers*: the follower asks for the read index and answers
//! itself (`follower_reads.rs`).
//!
//! Not linearizable, for comparison: *leader's memory*, with no round at all, so that a leader that was cut off and
//! replaced answers with old values; and *local*, any node's memory, so that a node that is behind does.

use anachron_node::{Context, Refusal, Request};
use anachron_vocabulary::NodeId;

use super::config::Reads;
use super::log::Index;
use super::messages::{Message, Round};
use super::replication::Leadership;
use super::weakening::Weakening;
use super::{Raft, Role};

/// Who waits for a read index.
#[derive(Debug)]
pub(super) enum Asker {
    /// A client of this node, with its whole read.
    Client(Request),
    /// Another node, for a client of its own.
    Node { node: NodeId, ticket: u64 },
}

/// A read that the leader can't answer yet.
#[derive(Debug)]
pub(super) struct PendingRead {
    pub(super) asker: Asker,
    /// The entry that must be applied first, by whoever answers the client.
    index: Index,
    /// The round that must be acknowledged by a majority first.
    round: Round,
}

impl Leadership {
    /// The latest round that a node has acknowledged; the leader is always up to date with itself.
    pub(super) fn answered(&self, node: NodeId, me: NodeId) -> Round {
        if node == me { self.round } else { self.progress[node.index()].round }
    }
}

impl Raft {
    /// A read reached this node.
    pub(super) fn read(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        let leads = self.is_leader();
        match self.config.effective_reads() {
            Reads::Local => self.answer_from_memory(&request, cx),
            Reads::FollowerReadIndex if !leads => self.ask_for_read_index(request, cx),
            _ if !leads => cx.refuse(request.id, Refusal::NotLeader { leader: self.leader }),
            Reads::ThroughLog => self.propose(request, cx),
            Reads::LeaderMemory => self.answer_from_memory(&request, cx),
            Reads::Lease if self.holds_lease(cx) => self.answer_from_memory(&request, cx),
            Reads::Lease => {
                cx.note(|| "holds no lease: asks whether it still leads".to_owned());
                self.read_by_index(Asker::Client(request), cx);
            }
            Reads::ReadIndex | Reads::FollowerReadIndex => self.read_by_index(Asker::Client(request), cx),
        }
    }

    /// Answers a read from the state machine as it is.
    pub(super) fn answer_from_memory(&mut self, request: &Request, cx: &mut Context<'_, Self>) {
        let answer = self.store.apply(request.id.client, request.key, &request.operation);
        cx.reply(request.id, answer);
    }

    /// Notes the entry to wait for and starts a round.
    pub(super) fn read_by_index(&mut self, asker: Asker, cx: &mut Context<'_, Self>) {
        let any_term = self.weak(Weakening::ReadIndexWithoutNoop);
        let reuses = self.weak(Weakening::ReadIndexReusedContext);
        let lease_time = self.lease_time(cx);
        let Role::Leader(leadership) = &mut self.role else { unreachable!("only a leader reads by index") };
        let index = if any_term { self.commit } else { self.commit.max(leadership.term_start) };
        let joins_old_round = reuses && leadership.round > Round(0);
        let round =
            if joins_old_round { leadership.round } else { Self::begin_round(leadership, lease_time) };
        leadership.reads.push_back(PendingRead { asker, index, round });
        self.speak_to_all(cx);
    }

    /// Answers the reads whose round is confirmed and whose entry is applied. Both grow from read to read, so the
    /// oldest read is ready first. Part of every step's end.
    pub(super) fn answer_reads(&mut self, cx: &mut Context<'_, Self>) {
        self.answer_reads_with_index(cx);
        let Role::Leader(leadership) = &mut self.role else { return };
        if leadership.reads.is_empty() {
            return;
        }
        let confirmed = self.configurations.in_force().agreed(|node| leadership.answered(node, cx.me()));
        while let Some(read) = leadership.reads.front() {
            let is_own = matches!(read.asker, Asker::Client(_));
            if confirmed < read.round || is_own && self.applied < read.index {
                return;
            }
            let PendingRead { asker, index, .. } = leadership.reads.pop_front().expect("there is one");
            match asker {
                Asker::Client(request) => {
                    let answer = self.store.apply(request.id.client, request.key, &request.operation);
                    cx.reply(request.id, answer);
                }
                Asker::Node { node, ticket } => {
                    cx.send(node, Message::ReadIndexReply { term: self.term, ticket, index: Some(index) });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, append, journal, matched};
    use super::super::{AppendOutcome, Config, Message, Term, Weakenings};
    use super::*;
    use anachron_node::Answer;
    use anachron_vocabulary::{Operation, Reply, Value};

    fn weakened(weakening: Weakening) -> Config {
        Config { weakenings: Weakenings::NONE.with(weakening), ..Config::default() }
    }

    fn acknowledged(term: u64, index: u64, round: u64) -> Message {
        let outcome = AppendOutcome::Matched { index: Index(index) };
        Message::AppendReply { term: Term(term), round: Round(round), outcome }
    }

    fn value(serial: u64, value: impl Into<Value>) -> (u64, Answer) {
        (serial, Answer::Ok(Reply::Value(value.into())))
    }

    /// A leader of term 1 with 5 in its register.
    fn leader(config: Config) -> Bench {
        let mut bench = Bench::new(3, config, vec![]);
        bench.elect();
        bench.receive(1, matched(1, 1));
        bench.client(1, Operation::Write(5.into()));
        bench.sync();
        bench.receive(1, matched(1, 2));
        assert_eq!(bench.answers(), [(1, Answer::Ok(Reply::Done))]);
        bench.sent();
        bench
    }

    #[test]
    fn a_read_waits_for_a_round_sent_after_it_arrived() {
        let mut bench = leader(Config::default());
        bench.client(2, Operation::Read);
        bench.client(3, Operation::Read);
        assert_eq!(bench.answers(), []);
        bench.receive(1, acknowledged(1, 2, 0));
        assert_eq!(bench.answers(), [], "an acknowledgement from before the reads proves nothing");
        bench.receive(2, acknowledged(1, 2, 1));
        assert_eq!(bench.answers(), [value(2, 5)], "the later read waits for its own round");
        bench.receive(2, acknowledged(1, 2, 2));
        assert_eq!(bench.answers(), [value(3, 5)]);
    }

    #[test]
    fn a_follower_that_lacks_entries_confirms_leadership_all_the_same() {
        let mut bench = leader(Config::default());
        bench.client(2, Operation::Read);
        let outcome = AppendOutcome::Conflict { previous_index: Index(2), term: Term(0), first: Index(1) };
        bench.receive(2, Message::AppendReply { term: Term(1), round: Round(1), outcome });
        assert_eq!(bench.answers(), [value(2, 5)]);
    }

    /// Such an answer comes from the term of the present office, and counts the rounds of another.
    #[test]
    fn the_refusal_of_what_was_sent_in_an_earlier_office_confirms_no_round() {
        let confirms = |config| {
            let mut bench = leader(config);
            bench.client(2, Operation::Read);
            let outcome = AppendOutcome::StaleTerm;
            bench.receive(2, Message::AppendReply { term: Term(1), round: Round(50), outcome });
            bench.answers().len() == 1
        };
        assert!(!confirms(Config::default()));
        assert!(confirms(weakened(Weakening::StaleReplyCounts)));
    }

    #[test]
    fn a_leader_that_is_cut_off_answers_no_read_and_refuses_once_it_hears_of_another() {
        let mut bench = leader(Config::default());
        bench.client(2, Operation::Read);
        assert_eq!(bench.answers(), []);
        bench.receive(2, append(2, (2, 1), &[2], 2));
        let refused = Answer::Refused(Refusal::NotLeader { leader: Some(NodeId(2)) });
        assert_eq!(bench.answers(), [(2, refused)]);

        for config in [
            Config { reads: Reads::LeaderMemory, ..Config::default() },
            weakened(Weakening::ReadLeaderMemory),
        ] {
            let mut bench = leader(config);
            bench.client(2, Operation::Read);
            assert_eq!(bench.answers(), [value(2, 5)], "and may be stale");
        }
    }

    #[test]
    fn a_new_leader_answers_no_read_before_an_entry_of_its_own_term_is_committed() {
        let answers = |config| {
            let mut bench = Bench::new(3, config, journal(3, &[1, 1]));
            bench.elect();
            bench.client(1, Operation::Read);
            bench.receive(1, acknowledged(4, 2, 1));
            let early = bench.answers().len();
            bench.receive(1, acknowledged(4, 3, 1));
            (early, bench.answers().len())
        };
        assert_eq!(answers(Config::default()), (0, 1));
        assert_eq!(answers(weakened(Weakening::ReadIndexWithoutNoop)), (1, 0));
    }

    #[test]
    fn a_read_through_the_log_is_an_entry() {
        let mut bench = leader(Config { reads: Reads::ThroughLog, ..Config::default() });
        bench.client(2, Operation::Read);
        bench.sync();
        assert_eq!((bench.raft.log().last_index(), bench.answers()), (Index(3), vec![]));
        bench.receive(2, matched(1, 3));
        assert_eq!(bench.answers(), [value(2, 5)]);
    }

    #[test]
    fn a_follower_refuses_and_names_the_leader() {
        let mut bench = Bench::new(3, Config::default(), vec![]);
        bench.receive(2, append(1, (0, 0), &[1], 0));
        for (serial, operation) in [(1, Operation::Read), (2, Operation::Acquire)] {
            bench.client(serial, operation);
            let refused = Answer::Refused(Refusal::NotLeader { leader: Some(NodeId(2)) });
            assert_eq!(bench.answers(), [(serial, refused)]);
        }
        assert_eq!(bench.terms(), [1], "nothing was appended");
    }
}
