//! A small random world: messages in any order, lost and doubled, syncs late, crashes that lose what was not synced,
//! partitions, clocks that run at different rates, operators who change the membership. Any timer that is set may go
//! off at any step, whatever the clocks say. Each seed draws its own mixture and its own features of Raft.

use anachron_node::{
    Answer, Context, Disk, Effect, OperatorCommand, Position, Random, Replica, Request, RequestId,
    Surroundings,
};
use anachron_replication::raft::{Config, Message, Raft, Record, Term, Timer, Weakening, Weakenings};
use anachron_vocabulary::{NodeId, VirtualTime};

use crate::clients::{Client, Told};
use crate::invariants::{Glance, Observer};
use crate::mixture::{DRIFT_BOUND_PPM, Feature, Mixture, draw_config, feature_of};

/// Something on its way.
enum Letter {
    Peer { from: NodeId, to: NodeId, message: Message },
    Request { to: NodeId, request: Request },
    Answer { to: RequestId, answer: Answer },
}

struct Machine {
    raft: Option<Raft>,
    journal: Vec<Record>,
    synced: usize,
    sync_asked: usize,
    waiting: Vec<(Position, NodeId, Message)>,
    timers: Vec<Timer>,
    appended: Position,
    random: Random,
    /// The rate of the node's clocks: this many nanoseconds in a million.
    rate: u64,
    /// How far the wall clock is ahead.
    wall_offset: i64,
}

/// A run that ended well, in numbers.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) committed: usize,
    pub(crate) leaders: usize,
    pub(crate) operations: usize,
    pub(crate) snapshots: usize,
    pub(crate) configurations: usize,
}

/// A cluster, its clients and its network.
pub(crate) struct World {
    config: Config,
    chance: Random,
    mixture: Mixture,
    machines: Vec<Machine>,
    clients: Vec<Client>,
    letters: Vec<Letter>,
    /// What is held up for long.
    late: Vec<Letter>,
    /// For each node, the side it is on; peers on different sides don't hear each other.
    side: Vec<bool>,
    told: Told,
    observer: Observer,
    boots: u64,
    /// The latest term in which a leader has committed something, and who did.
    committed: (Term, usize),
    /// True time, in nanoseconds.
    now: u64,
    /// True if notes are printed: for whoever wants to know what happened in a run.
    tells: bool,
    /// True if nodes are asked for their notes, in which they own up to what their protocol rules out. It takes time.
    listens: bool,
}

impl World {
    /// The world of a seed: size of the cluster, features and what goes wrong vary with it. With weakenings, features
    /// are such that the first of them can show; without any, some seeds are about one feature each, and most about
    /// whatever comes.
    pub(crate) fn new(seed: u64, weakenings: Weakenings) -> Self {
        let mut chance = Random::new(seed, 0);
        let mut mixture = Mixture::draw(&mut chance);
        let weakening = Weakening::ALL.iter().copied().find(|&one| weakenings.contains(one));
        let feature = weakening.map_or_else(|| Feature::of_seed(seed), feature_of);
        let nodes = match feature {
            Feature::LeasesAndDelays | Feature::ReadIndexAndDelays | Feature::ReadIndexAndReelections => 3,
            Feature::Removals => 4,
            Feature::Membership | Feature::Learners => 4 + usize::from(chance.below(2) == 0),
            _ if chance.below(2) == 0 => 3,
            _ => 5,
        };
        mixture.suit(feature);
        let config = draw_config(&mut chance, feature, nodes, weakenings);
        let rates: Vec<u64> = (0..nodes)
            .map(|_| match chance.below(3) {
                0 => u64::from(1_000_000 - DRIFT_BOUND_PPM),
                1 => u64::from(1_000_000 + DRIFT_BOUND_PPM),
                _ => 1_000_000,
            })
            .collect();
        let machine = |rate: &u64| Machine {
            raft: None,
            journal: Vec::new(),
            synced: 0,
            sync_asked: 0,
            waiting: Vec::new(),
            timers: Vec::new(),
            appended: Position(0),
            random: Random::new(seed, 1),
            rate: *rate,
            wall_offset: 0,
        };
        let clients = (0..4).map(|client| Client::new(client, NodeId(0))).collect();
        Self {
            config,
            chance,
            mixture,
            machines: rates.iter().map(machine).collect(),
            clients,
            letters: Vec::new(),
            late: Vec::new(),
            side: vec![false; nodes],
            told: Told::default(),
            observer: Observer::default(),
            boots: 0,
            committed: (Term(0), 0),
            now: 0,
            tells: false,
            listens: seed.is_multiple_of(8) || feature == Feature::ReadIndexAndReelections,
        }
    }

    /// This world, telling what its nodes note.
    pub(crate) fn telling(mut self) -> Self {
        (self.tells, self.listens) = (true, true);
        println!("{:?}", self.config);
        self
    }

    /// Runs so many steps, or until something is wrong.
    pub(crate) fn run(mut self, steps: usize) -> Result<Summary, String> {
        for node in 0..self.machines.len() {
            self.boot(node)?;
        }
        for step in 0..steps {
            self.step().map_err(|what| format!("step {step}: {what}"))?;
        }
        Ok(Summary {
            committed: self.observer.committed(),
            leaders: self.observer.leaders(),
            operations: self.told.operations,
            snapshots: self.observer.snapshots,
            configurations: self.observer.configurations,
        })
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.chance.below(bound as u64)).expect("below a size")
    }

    fn per_thousand(&mut self, chance: u64) -> bool {
        self.chance.below(1_000) < chance
    }

    fn step(&mut self) -> Result<(), String> {
        let m = &self.mixture;
        let kinds = [
            m.deliver,
            m.sync,
            m.heartbeat,
            m.election,
            m.client,
            m.crash,
            m.restart,
            m.partition,
            m.heal,
            m.operator,
            m.wall_jump,
            m.late_arrival,
        ];
        let step_max = m.step_max;
        self.now += self.chance.below(step_max);
        let mut draw = self.chance.below(kinds.iter().sum());
        let mut kind = 0;
        while draw >= kinds[kind] {
            draw -= kinds[kind];
            kind += 1;
        }
        let node = self.below(self.machines.len());
        match kind {
            0 => self.deliver(),
            1 => self.complete_sync(node),
            2 => self.fire(node, Timer::Heartbeat),
            3 => self.fire(node, Timer::Election),
            4 => {
                self.client_acts();
                Ok(())
            }
            5 => {
                self.crash(node);
                Ok(())
            }
            6 if self.machines[node].raft.is_none() => self.boot(node),
            7 => {
                for node in 0..self.side.len() {
                    self.side[node] = self.chance.below(2) == 0;
                }
                Ok(())
            }
            8 => {
                self.side.fill(false);
                Ok(())
            }
            9 => self.operator_acts(),
            10 => {
                let by = i64::try_from(self.chance.below(400_000_000)).expect("small") - 300_000_000;
                self.machines[node].wall_offset += by;
                Ok(())
            }
            11 if !self.late.is_empty() => {
                let row = self.below(self.late.len());
                let letter = self.late.swap_remove(row);
                self.arrive(letter)
            }
            _ => Ok(()),
        }
    }

    fn deliver(&mut self) -> Result<(), String> {
        if self.letters.is_empty() {
            return Ok(());
        }
        let shuffled = self.per_thousand(self.mixture.shuffled);
        let row = if shuffled { self.below(self.letters.len()) } else { 0 };
        let letter = self.letters.remove(row);
        if self.per_thousand(self.mixture.lost) {
            return Ok(());
        }
        if let Letter::Peer { from, to, .. } = letter
            && self.side[from.index()] != self.side[to.index()]
        {
            return Ok(());
        }
        if self.per_thousand(self.mixture.late) {
            // It has got past any cut, and waits at the door.
            self.late.push(letter);
            return Ok(());
        }
        self.arrive(letter)
    }

    fn arrive(&mut self, letter: Letter) -> Result<(), String> {
        match letter {
            Letter::Peer { from, to, message } => {
                if self.per_thousand(self.mixture.doubled) {
                    self.letters.push(Letter::Peer { from, to, message: message.clone() });
                }
                self.take_step(to.index(), |raft, cx| raft.on_message(from, message, cx))
            }
            Letter::Request { to, request } => {
                self.take_step(to.index(), |raft, cx| raft.on_client(request, cx))
            }
            Letter::Answer { to, answer } => {
                self.clients[to.client.index()].hear(to, &answer, &mut self.told)
            }
        }
    }

    fn client_acts(&mut self) {
        let row = self.below(self.clients.len());
        let reads = self.per_thousand(self.mixture.reads);
        let impatient = self.per_thousand(self.mixture.impatience);
        let moves = self.per_thousand(500);
        let anywhere = NodeId::from_index(self.below(self.machines.len()));
        let gives_up = self.per_thousand(300);
        let client = &mut self.clients[row];
        if client.is_waiting() {
            if !impatient {
                return;
            }
            if gives_up {
                client.give_up();
                return;
            }
            if moves {
                client.node = anywhere;
            }
        } else {
            client.begin(reads, &self.told);
        }
        let (to, request) = (client.node, client.request());
        self.letters.push(Letter::Request { to, request });
    }

    /// A person at the controls, who has an idea who leads but may be wrong.
    fn operator_acts(&mut self) -> Result<(), String> {
        let leads = |machine: &Machine| machine.raft.as_ref().is_some_and(Raft::is_leader);
        let leaders: Vec<usize> =
            (0..self.machines.len()).filter(|&row| leads(&self.machines[row])).collect();
        let at = if leaders.is_empty() || self.per_thousand(100) {
            self.below(self.machines.len())
        } else {
            leaders[self.below(leaders.len())]
        };
        let node = NodeId::from_index(self.below(self.machines.len()));
        let removes = self.per_thousand(self.mixture.removals);
        let command = match self.chance.below(7) {
            _ if removes => OperatorCommand::RemoveNode { node },
            0 | 1 => OperatorCommand::AddVoter { node },
            2 => OperatorCommand::AddLearner { node },
            3 | 4 => OperatorCommand::RemoveNode { node },
            5 => OperatorCommand::TransferLeadership { to: node },
            _ => {
                let bits = 1 + self.chance.below((1 << self.machines.len()) - 1);
                let voters = (0..self.machines.len()).filter(|row| bits & 1 << row != 0);
                OperatorCommand::SetVoters { voters: voters.map(NodeId::from_index).collect() }
            }
        };
        self.take_step(at, |raft, cx| raft.on_operator(command, cx))
    }

    /// A node's monotonic clock: it never goes back and runs on while the node is down.
    fn clock(&self, node: usize) -> VirtualTime {
        VirtualTime(self.now / 1_000 * self.machines[node].rate / 1_000)
    }

    fn wall_clock(&self, node: usize) -> i64 {
        i64::try_from(self.clock(node).0).expect("a short run") + self.machines[node].wall_offset
    }

    /// No node answers reads by a lease of its term once a later term has committed something: the answers could be
    /// old. Asked of the node that has just taken a step, and of all when a leader commits.
    fn leases_exclude_each_other(&mut self, node: usize, commits: bool) -> Result<(), String> {
        let term = self.machines[node].raft.as_ref().expect("it has just taken a step").term();
        if commits && term > self.committed.0 {
            self.committed = (term, node);
        }
        let looked_at = if commits { 0..self.machines.len() } else { node..node + 1 };
        for row in looked_at {
            let Some(raft) = &self.machines[row].raft else { continue };
            if raft.term() < self.committed.0
                && raft.would_read_by_lease(self.clock(row), self.wall_clock(row))
            {
                return Err(format!(
                    "Lease: n{} reads by a lease of term {} though n{} has committed in term {}",
                    row + 1,
                    raft.term(),
                    self.committed.1 + 1,
                    self.committed.0
                ));
            }
        }
        Ok(())
    }

    fn fire(&mut self, node: usize, timer: Timer) -> Result<(), String> {
        let timers = &mut self.machines[node].timers;
        let Some(row) = timers.iter().position(|set| *set == timer) else { return Ok(()) };
        timers.remove(row);
        self.take_step(node, |raft, cx| raft.on_timer(timer, cx))
    }

    fn complete_sync(&mut self, node: usize) -> Result<(), String> {
        let machine = &mut self.machines[node];
        if machine.raft.is_none() || machine.sync_asked == machine.synced {
            return Ok(());
        }
        machine.synced = machine.sync_asked;
        let position = Position(machine.synced as u64);
        let waiting = std::mem::take(&mut machine.waiting);
        for (needed, to, message) in waiting {
            if needed <= position {
                self.letters.push(Letter::Peer { from: NodeId::from_index(node), to, message });
            } else {
                self.machines[node].waiting.push((needed, to, message));
            }
        }
        self.take_step(node, |raft, cx| raft.on_synced(position, cx))
    }

    /// Stops a node. Of what was not synced, a beginning of any length stays.
    fn crash(&mut self, node: usize) {
        if self.machines[node].raft.is_none() {
            return;
        }
        let unsynced = self.machines[node].journal.len() - self.machines[node].synced;
        let kept = self.below(unsynced + 1);
        let machine = &mut self.machines[node];
        if self.tells {
            println!("  n{} crashes", node + 1);
        }
        machine.raft = None;
        machine.journal.truncate(machine.synced + kept);
        machine.waiting.clear();
        machine.timers.clear();
    }

    fn boot(&mut self, node: usize) -> Result<(), String> {
        self.boots += 1;
        let nodes = u16::try_from(self.machines.len()).expect("a small cluster");
        let (now, wall_clock) = (self.clock(node), self.wall_clock(node));
        let machine = &mut self.machines[node];
        machine.random = Random::new(self.boots, 2);
        // What a crash has left is not called synced: the node has to ask.
        machine.sync_asked = machine.synced;
        machine.appended = Position(machine.journal.len() as u64);
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node: NodeId::from_index(node),
            nodes,
            now,
            wall_clock,
            observed: self.listens,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        let disk = Disk { records: &machine.journal, torn_tail: false };
        machine.raft = Some(Raft::boot(&self.config, disk, &mut cx));
        self.carry_out(node, effects)?;
        let raft = self.machines[node].raft.as_ref().expect("it has just booted");
        self.observer.look(NodeId::from_index(node), raft, None)
    }

    fn take_step(
        &mut self,
        node: usize,
        act: impl FnOnce(&mut Raft, &mut Context<'_, Raft>),
    ) -> Result<(), String> {
        let nodes = u16::try_from(self.machines.len()).expect("a small cluster");
        let (now, wall_clock) = (self.clock(node), self.wall_clock(node));
        let machine = &mut self.machines[node];
        let Some(raft) = &mut machine.raft else { return Ok(()) };
        let before = Glance::of(raft);
        let commit = raft.commit_index();
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node: NodeId::from_index(node),
            nodes,
            now,
            wall_clock,
            observed: self.listens,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        act(raft, &mut cx);
        let seen = self.observer.look(NodeId::from_index(node), raft, Some(&before));
        let commits = raft.is_leader() && raft.commit_index() > commit;
        let owned_up = self.carry_out(node, effects);
        seen?;
        owned_up?;
        self.leases_exclude_each_other(node, commits)
    }

    fn carry_out(&mut self, node: usize, effects: Vec<Effect<Raft>>) -> Result<(), String> {
        let mut result = Ok(());
        let from = NodeId::from_index(node);
        for effect in effects {
            let machine = &mut self.machines[node];
            match effect {
                Effect::Send { to, message } => self.letters.push(Letter::Peer { from, to, message }),
                Effect::SendAfterSync { position, to, message } => {
                    if position.0 <= machine.synced as u64 {
                        self.letters.push(Letter::Peer { from, to, message });
                    } else {
                        machine.waiting.push((position, to, message));
                    }
                }
                Effect::Reply { to, answer } => self.letters.push(Letter::Answer { to, answer }),
                Effect::SetTimer { timer, .. } => {
                    machine.timers.retain(|set| *set != timer);
                    machine.timers.push(timer);
                }
                Effect::CancelTimer { timer } => machine.timers.retain(|set| *set != timer),
                Effect::Append(record) => machine.journal.push(record),
                Effect::Sync => machine.sync_asked = machine.journal.len(),
                Effect::Note(text) => {
                    if self.tells {
                        println!("  {from} {text}");
                    }
                    if text.contains("an invariant of") {
                        result = Err(format!("{from} {text}"));
                    }
                }
                Effect::Multicast { .. } | Effect::ReplyAfterSync { .. } => {
                    panic!("Raft has no use for these")
                }
            }
        }
        result
    }
}
