//! One node on a bench, for the tests beside the rules: hand it an input, look at its effects.

use anachron_node::{
    Answer, Context, Disk, Effect, Position, Random, Replica, Request, RequestId, Surroundings,
};
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, VirtualDuration, VirtualTime};

use super::{
    AppendEntries, AppendOutcome, Command, Config, Entries, Entry, Index, Message, Raft, Record, Round, Term,
    Timer,
};

/// A node with its journal. Syncs complete only when the test says so.
pub(super) struct Bench {
    pub(super) raft: Raft,
    pub(super) journal: Vec<Record>,
    config: Config,
    me: NodeId,
    nodes: u16,
    appended: Position,
    random: Random,
    now: VirtualTime,
    waiting: Vec<(Position, Effect<Raft>)>,
    /// Messages and answers that have left the node since they were last taken.
    sent: Vec<(NodeId, Message)>,
    answers: Vec<(RequestId, Answer)>,
}

impl Bench {
    /// Node 0 of `nodes`, with this journal on disk and all of it synced.
    pub(super) fn new(nodes: u16, config: Config, journal: Vec<Record>) -> Self {
        let mut bench = Self::booted(nodes, config, journal);
        bench.sync();
        bench
    }

    /// As [`Bench::new`], but what was found on disk is not known to be synced yet.
    pub(super) fn booted(nodes: u16, config: Config, journal: Vec<Record>) -> Self {
        let me = NodeId(0);
        let mut appended = Position(journal.len() as u64);
        let mut random = Random::new(0, 0);
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node: me,
            nodes,
            now: VirtualTime::ZERO,
            wall_clock: 0,
            observed: false,
            appended: &mut appended,
            random: &mut random,
            effects: &mut effects,
        });
        let raft = Raft::boot(&config, Disk { records: &journal, torn_tail: false }, &mut cx);
        let (waiting, sent, answers) = (Vec::new(), Vec::new(), Vec::new());
        let now = VirtualTime::ZERO;
        let mut bench =
            Self { raft, journal, config, me, nodes, appended, random, now, waiting, sent, answers };
        bench.carry_out(effects);
        bench
    }

    /// Crashes the node and boots it with the first `kept` records of its journal.
    pub(super) fn restart(&mut self, kept: usize) {
        let journal = self.journal[..kept].to_vec();
        *self = Self::new(self.nodes, self.config.clone(), journal);
    }

    /// Takes one step. Returns nothing; see [`Bench::sent`] and [`Bench::answers`].
    pub(super) fn step(&mut self, input: impl FnOnce(&mut Raft, &mut Context<'_, Raft>)) {
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node: self.me,
            nodes: self.nodes,
            now: self.now,
            wall_clock: 0,
            observed: true,
            appended: &mut self.appended,
            random: &mut self.random,
            effects: &mut effects,
        });
        input(&mut self.raft, &mut cx);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect<Raft>>) {
        for effect in effects {
            match effect {
                Effect::Send { to, message } => self.sent.push((to, message)),
                Effect::Reply { to, answer } => self.answers.push((to, answer)),
                Effect::SendAfterSync { position, .. } => self.waiting.push((position, effect)),
                Effect::Append(record) => self.journal.push(record),
                Effect::Multicast { .. } | Effect::ReplyAfterSync { .. } => {
                    panic!("Raft has no use for these")
                }
                Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Sync | Effect::Note(_) => {}
            }
        }
    }

    /// The node's clock moves on.
    pub(super) fn advance(&mut self, by: VirtualDuration) {
        self.now += by;
    }

    /// Everything written so far becomes durable.
    pub(super) fn sync(&mut self) {
        let position = self.appended;
        for (_, effect) in std::mem::take(&mut self.waiting) {
            let Effect::SendAfterSync { to, message, .. } = effect else { unreachable!("only sends wait") };
            self.sent.push((to, message));
        }
        self.step(|raft, cx| raft.on_synced(position, cx));
    }

    pub(super) fn receive(&mut self, from: u16, message: Message) {
        self.step(|raft, cx| raft.on_message(NodeId(from), message, cx));
    }

    pub(super) fn timer(&mut self, timer: Timer) {
        self.step(|raft, cx| raft.on_timer(timer, cx));
    }

    pub(super) fn client(&mut self, serial: u64, operation: Operation) {
        let request = Request { id: id(serial), key: Key(0), operation };
        self.step(|raft, cx| raft.on_client(request, cx));
    }

    /// The node stands for election and node 1, then node 2, vote for it until it leads.
    pub(super) fn elect(&mut self) {
        self.timer(Timer::Election);
        self.sync();
        let term = self.raft.term();
        for voter in 1..self.nodes {
            if !self.raft.is_leader() {
                self.receive(voter, Message::Vote { term, granted: true });
            }
        }
        assert!(self.raft.is_leader());
        self.sync();
        self.sent();
    }

    /// What the node has sent since this was last asked.
    pub(super) fn sent(&mut self) -> Vec<(NodeId, Message)> {
        std::mem::take(&mut self.sent)
    }

    /// What the node has answered to clients since this was last asked, by serial number.
    pub(super) fn answers(&mut self) -> Vec<(u64, Answer)> {
        std::mem::take(&mut self.answers).into_iter().map(|(id, answer)| (id.serial, answer)).collect()
    }

    /// The terms of the log's entries.
    pub(super) fn terms(&self) -> Vec<u64> {
        self.raft.log().entries().iter().map(|entry| entry.term.0).collect()
    }

    /// The outcome of the one `AppendEntries` answered since `sent` was last asked.
    pub(super) fn outcome(&mut self) -> Option<AppendOutcome> {
        match self.sent().as_slice() {
            [(_, Message::AppendReply { outcome, .. })] => Some(*outcome),
            [] => None,
            other => panic!("more than one answer: {other:?}"),
        }
    }
}

/// A request of client 0.
pub(super) fn id(serial: u64) -> RequestId {
    RequestId { client: ClientId(0), serial }
}

/// A journal with a log of these terms, and a current term.
pub(super) fn journal(term: u64, terms: &[u64]) -> Vec<Record> {
    let mut journal = vec![Record::Vote { term: Term(term), voted_for: None }];
    journal.extend(terms.iter().map(|&term| Record::Append(no_op(term))));
    journal
}

/// An entry that does nothing.
pub(super) fn no_op(term: u64) -> Entry {
    Entry { term: Term(term), command: Command::NoOp }
}

/// The leader of `term` sends entries of these terms, to follow `previous` (index, term).
pub(super) fn append(term: u64, previous: (u64, u64), entries: &[u64], commit: u64) -> Message {
    let entries: Vec<_> = entries.iter().map(|&term| no_op(term)).collect();
    Message::AppendEntries(AppendEntries {
        term: Term(term),
        previous_index: Index(previous.0),
        previous_term: Term(previous.1),
        entries: Entries::new(&entries),
        commit: Index(commit),
        round: Round(0),
    })
}

/// A follower acknowledges everything up to `index`.
pub(super) fn matched(term: u64, index: u64) -> Message {
    let outcome = AppendOutcome::Matched { index: Index(index) };
    Message::AppendReply { term: Term(term), round: Round(0), outcome }
}
