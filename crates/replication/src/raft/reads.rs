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
//! *Leader's memory*: no round at all. A leader that was cut off and replaced answers with old values.
//!
//! Left out: reads at followers, leases.

use anachron_node::{Answer, Context, Request, RequestId};
use anachron_vocabulary::{Key, Reply};

use super::config::Reads;
use super::log::Index;
use super::messages::Round;
use super::weakening::Weakening;
use super::{Raft, Role};

/// A read that the leader can't answer yet.
#[derive(Debug)]
pub(super) struct PendingRead {
    pub(super) id: RequestId,
    pub(super) key: Key,
    /// The entry that must be applied first.
    index: Index,
    /// The round that must be acknowledged by a majority first.
    round: Round,
}

impl Raft {
    /// A read reached the leader.
    pub(super) fn read(&mut self, request: Request, cx: &mut Context<'_, Self>) {
        match self.config.effective_reads() {
            Reads::ThroughLog => self.propose(request, cx),
            Reads::ReadIndex => self.read_by_index(&request, cx),
            Reads::LeaderMemory => {
                cx.reply(request.id, Answer::Ok(Reply::Value(self.store.read(request.key))));
            }
        }
    }

    /// Notes the entry to wait for and starts a round.
    fn read_by_index(&mut self, request: &Request, cx: &mut Context<'_, Self>) {
        let any_term = self.weak(Weakening::ReadIndexWithoutNoop);
        let Role::Leader(leadership) = &mut self.role else { unreachable!("only a leader reads by index") };
        let index = if any_term { self.commit } else { self.commit.max(leadership.term_start) };
        let round = leadership.round.next();
        leadership.round = round;
        leadership.reads.push_back(PendingRead { id: request.id, key: request.key, index, round });
        self.speak_to_all(cx);
    }

    /// Answers the reads whose round is confirmed and whose entry is applied. Both grow from read to read, so the
    /// oldest read is ready first. Part of every step's end.
    pub(super) fn answer_reads(&mut self, cx: &mut Context<'_, Self>) {
        let Role::Leader(leadership) = &mut self.role else { return };
        while let Some(read) = leadership.reads.front() {
            let me = cx.me();
            let rounds = leadership.progress.iter().enumerate();
            let confirmed =
                rounds.filter(|(node, progress)| *node == me.index() || progress.round >= read.round).count();
            if confirmed < self.majority || self.applied < read.index {
                return;
            }
            cx.reply(read.id, Answer::Ok(Reply::Value(self.store.read(read.key))));
            leadership.reads.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Bench, append, journal, matched};
    use super::super::{AppendOutcome, Config, Message, Term, Weakenings};
    use super::*;
    use anachron_node::Refusal;
    use anachron_vocabulary::{NodeId, Operation, Value};

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
