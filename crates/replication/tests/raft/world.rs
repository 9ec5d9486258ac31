//! A small random world: messages in any order, lost and doubled, syncs late, crashes that lose what was not synced,
//! partitions. It has no time: any timer that is set may go off at any step. Each seed draws its own mixture.

use anachron_node::{
    Answer, Context, Disk, Effect, Position, Random, Replica, Request, RequestId, Surroundings,
};
use anachron_replication::raft::{Config, Message, Raft, Reads, Record, Timer};
use anachron_vocabulary::{NodeId, VirtualTime};

use crate::clients::{Client, Told};
use crate::invariants::{Glance, Observer};

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
}

/// How likely what is, out of the sum of all; and per thousand for what befalls a message.
struct Mixture {
    deliver: u64,
    sync: u64,
    heartbeat: u64,
    election: u64,
    client: u64,
    crash: u64,
    restart: u64,
    partition: u64,
    heal: u64,
    lost: u64,
    doubled: u64,
    shuffled: u64,
    reads: u64,
    impatience: u64,
}

impl Mixture {
    fn draw(random: &mut Random) -> Self {
        let mut one_of =
            |choices: &[u64]| choices[usize::try_from(random.below(choices.len() as u64)).expect("small")];
        Self {
            deliver: 400,
            sync: one_of(&[100, 200, 400]),
            heartbeat: one_of(&[5, 15, 40]),
            election: one_of(&[1, 3, 10, 40]),
            client: one_of(&[20, 60, 120]),
            crash: one_of(&[0, 1, 3, 8, 16]),
            restart: one_of(&[10, 30, 100]),
            partition: one_of(&[0, 2, 8]),
            heal: one_of(&[2, 8]),
            lost: one_of(&[0, 20, 150]),
            doubled: one_of(&[0, 20, 150]),
            shuffled: one_of(&[0, 100, 900]),
            reads: one_of(&[200, 500]),
            impatience: one_of(&[20, 50, 200]),
        }
    }
}

/// A run that ended well, in numbers.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) committed: usize,
    pub(crate) leaders: usize,
    pub(crate) operations: usize,
}

/// A cluster, its clients and its network.
pub(crate) struct World {
    config: Config,
    chance: Random,
    mixture: Mixture,
    machines: Vec<Machine>,
    clients: Vec<Client>,
    letters: Vec<Letter>,
    /// For each node, the side it is on; peers on different sides don't hear each other.
    side: Vec<bool>,
    told: Told,
    observer: Observer,
    boots: u64,
}

impl World {
    /// The world of a seed. Size of the cluster, reads and batches vary with it.
    pub(crate) fn new(seed: u64, mut config: Config) -> Self {
        let mut chance = Random::new(seed, 0);
        let mixture = Mixture::draw(&mut chance);
        let nodes = if chance.below(2) == 0 { 3 } else { 5 };
        config.entries_per_message = if chance.below(2) == 0 { 1 } else { 64 };
        config.reads = if chance.below(3) == 0 { Reads::ThroughLog } else { Reads::ReadIndex };
        let machine = |_| Machine {
            raft: None,
            journal: Vec::new(),
            synced: 0,
            sync_asked: 0,
            waiting: Vec::new(),
            timers: Vec::new(),
            appended: Position(0),
            random: Random::new(seed, 1),
        };
        let clients = (0..4).map(|client| Client::new(client, NodeId(0))).collect();
        Self {
            config,
            chance,
            mixture,
            machines: (0..nodes).map(machine).collect(),
            clients,
            letters: Vec::new(),
            side: vec![false; nodes],
            told: Told::default(),
            observer: Observer::default(),
            boots: 0,
        }
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
        let kinds =
            [m.deliver, m.sync, m.heartbeat, m.election, m.client, m.crash, m.restart, m.partition, m.heal];
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
        match letter {
            Letter::Peer { from, to, message } => {
                if self.side[from.index()] != self.side[to.index()] {
                    return Ok(());
                }
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
        machine.raft = None;
        machine.journal.truncate(machine.synced + kept);
        machine.waiting.clear();
        machine.timers.clear();
    }

    fn boot(&mut self, node: usize) -> Result<(), String> {
        self.boots += 1;
        let nodes = u16::try_from(self.machines.len()).expect("a small cluster");
        let machine = &mut self.machines[node];
        machine.random = Random::new(self.boots, 2);
        // What a crash has left is not called synced: the node has to ask.
        machine.sync_asked = machine.synced;
        machine.appended = Position(machine.journal.len() as u64);
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node: NodeId::from_index(node),
            nodes,
            now: VirtualTime::ZERO,
            wall_clock: 0,
            observed: false,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        let disk = Disk { records: &machine.journal, torn_tail: false };
        machine.raft = Some(Raft::boot(&self.config, disk, &mut cx));
        self.carry_out(node, effects);
        let raft = self.machines[node].raft.as_ref().expect("it has just booted");
        self.observer.look(NodeId::from_index(node), raft, None)
    }

    fn take_step(
        &mut self,
        node: usize,
        act: impl FnOnce(&mut Raft, &mut Context<'_, Raft>),
    ) -> Result<(), String> {
        let nodes = u16::try_from(self.machines.len()).expect("a small cluster");
        let machine = &mut self.machines[node];
        let Some(raft) = &mut machine.raft else { return Ok(()) };
        let before = Glance::of(raft);
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node: NodeId::from_index(node),
            nodes,
            now: VirtualTime::ZERO,
            wall_clock: 0,
            observed: false,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        act(raft, &mut cx);
        let seen = self.observer.look(NodeId::from_index(node), raft, Some(&before));
        self.carry_out(node, effects);
        seen
    }

    fn carry_out(&mut self, node: usize, effects: Vec<Effect<Raft>>) {
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
                Effect::Note(_) => {}
                Effect::Multicast { .. } | Effect::ReplyAfterSync { .. } => {
                    panic!("Raft has no use for these")
                }
            }
        }
    }
}
