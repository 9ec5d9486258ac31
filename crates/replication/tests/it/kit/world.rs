//! A small random world for any strategy: messages in any order, lost and doubled and held up for long, syncs late, crashes
//! that lose what was not synced, partitions, and timers that go off whenever they like, whatever the clocks say (so
//! clocks that run fast, slowly or not at all are among what is tried). Each seed draws its own mixture.
//!
//! After the storm everything heals: cuts end, nodes come back, timers go off in the order in which they are due. Then
//! every client must get an answer and all nodes must come to hold the same.

use anachron_node::{
    Answer, Context, Disk, Effect, Position, Random, Replica, Request, RequestId, Surroundings,
};
use anachron_vocabulary::{Key, NodeId, Operation, Value, VirtualTime};

use super::clients::{Client, Told};
use super::setting::Mixture;
pub(crate) use super::setting::{Setting, WallClockError};

/// Who looks at every step, and knows what must hold.
pub(crate) trait Observer<R: Replica>: Default {
    /// A node has taken a step, or booted. What it has sent in the step is not yet on its way.
    fn look(&mut self, node: NodeId, replica: &R) -> Result<(), String>;

    /// A record of a node has become durable.
    fn durable(&mut self, node: NodeId, nodes: usize, record: &R::Record) -> Result<(), String>;

    /// A node has said something: it left the node, all that had to be durable before being so.
    fn said(&mut self, node: NodeId, nodes: usize, message: &R::Message) -> Result<(), String>;
}

/// Something on its way.
enum Letter<R: Replica> {
    Peer { from: NodeId, to: NodeId, message: R::Message },
    Request { to: NodeId, request: Request },
    Answer { to: RequestId, answer: Answer },
}

struct Machine<R: Replica> {
    replica: Option<R>,
    journal: Vec<R::Record>,
    synced: usize,
    sync_asked: usize,
    waiting: Vec<(Position, NodeId, R::Message)>,
    /// When each timer that is set is due.
    timers: Vec<(R::Timer, u64)>,
    appended: Position,
    random: Random,
    /// Its wall clock minus the truth.
    wall_clock_ahead: u64,
}

/// A run that ended well, in numbers.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) operations: usize,
    pub(crate) boots: u64,
}

/// A cluster, its clients and its network.
pub(crate) struct World<R: Replica, O> {
    setting: Setting<R>,
    chance: Random,
    mixture: Mixture,
    /// For jumps of clocks: a stream of its own, so that worlds without any are what they were.
    clocks: Random,
    machines: Vec<Machine<R>>,
    clients: Vec<Client>,
    letters: Vec<Letter<R>>,
    /// What is held up for long.
    late: Vec<Letter<R>>,
    /// For each node, the side it is on; peers on different sides don't hear each other.
    side: Vec<bool>,
    told: Told,
    observer: O,
    boots: u64,
    /// In nanoseconds.
    now: u64,
    tells: bool,
}

impl<R: Replica, O: Observer<R>> World<R, O> {
    /// The world of a seed: size of the cluster and what goes wrong vary with it.
    pub(crate) fn new(seed: u64, setting: Setting<R>) -> Self {
        let mut chance = Random::new(seed, 0);
        let mixture = Mixture::draw(&mut chance, setting.wipe);
        let nodes = if chance.below(2) == 0 { 3 } else { 5 };
        let nodes = setting.nodes.unwrap_or(nodes);
        let mut clocks = Random::new(seed, 3);
        let skew = setting.wall_clock_error.map_or(0, |error| error.skew);
        let machine = |_| Machine {
            replica: None,
            journal: Vec::new(),
            synced: 0,
            sync_asked: 0,
            waiting: Vec::new(),
            timers: Vec::new(),
            appended: Position(0),
            random: Random::new(seed, 1),
            wall_clock_ahead: clocks.below(skew + 1),
        };
        Self {
            setting,
            chance,
            mixture,
            clocks: Random::new(seed, 4),
            machines: (0..nodes).map(machine).collect(),
            clients: (0..4).map(|client| Client::new(client, NodeId(0))).collect(),
            letters: Vec::new(),
            late: Vec::new(),
            side: vec![false; nodes],
            told: Told::default(),
            observer: O::default(),
            boots: 0,
            now: 0,
            tells: false,
        }
    }

    /// This world, telling what its nodes note.
    pub(crate) fn telling(mut self) -> Self {
        self.tells = true;
        self
    }

    /// Runs so many steps, or until something is wrong; then heals and waits for everybody.
    pub(crate) fn run(mut self, steps: usize) -> Result<(Summary, O), String> {
        for node in 0..self.machines.len() {
            self.boot(node)?;
        }
        for step in 0..steps {
            self.step().map_err(|what| format!("step {step}: {what}"))?;
        }
        self.settle().map_err(|what| format!("after healing: {what}"))?;
        Ok((Summary { operations: self.told.operations, boots: self.boots }, self.observer))
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
            [m.deliver, m.sync, m.timer, m.client, m.crash, m.restart, m.partition, m.heal, m.late_arrival];
        self.now += self.chance.below(1_000_000);
        let mut draw = self.chance.below(kinds.iter().sum());
        let mut kind = 0;
        while draw >= kinds[kind] {
            draw -= kinds[kind];
            kind += 1;
        }
        let node = self.below(self.machines.len());
        if let Some(WallClockError { jump, .. }) = self.setting.wall_clock_error
            && jump > 0
            && self.clocks.below(200) == 0
        {
            self.machines[node].wall_clock_ahead += self.clocks.below(jump);
        }
        match kind {
            0 => self.deliver(),
            1 => self.complete_sync(node),
            2 => self.fire_any(node),
            3 => {
                self.client_acts();
                Ok(())
            }
            4 if self.may_crash(node) => {
                self.crash(node);
                Ok(())
            }
            5 if self.machines[node].replica.is_none() => self.boot(node),
            6 => {
                for node in 0..self.side.len() {
                    self.side[node] = self.chance.below(2) == 0;
                }
                Ok(())
            }
            7 => {
                self.side.fill(false);
                Ok(())
            }
            8 if !self.late.is_empty() => {
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

    fn arrive(&mut self, letter: Letter<R>) -> Result<(), String> {
        match letter {
            Letter::Peer { from, to, message } => {
                if self.per_thousand(self.mixture.doubled) {
                    self.letters.push(Letter::Peer { from, to, message: message.clone() });
                }
                if self.tells && self.machines[to.index()].replica.is_some() {
                    println!("  {to} hears of {from} {message:?}");
                }
                self.take_step(to.index(), |replica, cx| replica.on_message(from, message, cx))
            }
            Letter::Request { to, request } => {
                self.take_step(to.index(), |replica, cx| replica.on_client(request, cx))
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

    fn fire_any(&mut self, node: usize) -> Result<(), String> {
        if self.machines[node].timers.is_empty() {
            return Ok(());
        }
        let row = self.below(self.machines[node].timers.len());
        self.fire(node, row)
    }

    fn fire(&mut self, node: usize, row: usize) -> Result<(), String> {
        let (timer, _) = self.machines[node].timers.remove(row);
        self.take_step(node, |replica, cx| replica.on_timer(timer, cx))
    }

    fn complete_sync(&mut self, node: usize) -> Result<(), String> {
        let nodes = self.machines.len();
        let from = NodeId::from_index(node);
        let machine = &mut self.machines[node];
        if machine.replica.is_none() || machine.sync_asked == machine.synced {
            return Ok(());
        }
        for record in &machine.journal[machine.synced..machine.sync_asked] {
            self.observer.durable(from, nodes, record)?;
        }
        machine.synced = machine.sync_asked;
        let position = Position(machine.synced as u64);
        let waiting = std::mem::take(&mut machine.waiting);
        for (needed, to, message) in waiting {
            if needed <= position {
                self.send(from, to, message)?;
            } else {
                self.machines[node].waiting.push((needed, to, message));
            }
        }
        self.take_step(node, |replica, cx| replica.on_synced(position, cx))
    }

    fn send(&mut self, from: NodeId, to: NodeId, message: R::Message) -> Result<(), String> {
        self.observer.said(from, self.machines.len(), &message)?;
        self.letters.push(Letter::Peer { from, to, message });
        Ok(())
    }

    fn may_crash(&self, node: usize) -> bool {
        if self.machines[node].replica.is_none() {
            return false;
        }
        let replicating = self.setting.replicating.unwrap_or(self.machines.len());
        if !self.setting.spares_majority || node >= replicating {
            return true;
        }
        let is_away = |machine: &Machine<R>| {
            machine.replica.as_ref().is_none_or(|replica| (self.setting.is_recovering)(replica))
        };
        let away = (0..replicating).filter(|&row| row == node || is_away(&self.machines[row])).count();
        2 * away < replicating
    }

    /// Stops a node. Of what was not synced, a beginning of any length stays; or nothing at all is left.
    fn crash(&mut self, node: usize) {
        let unsynced = self.machines[node].journal.len() - self.machines[node].synced;
        let mut kept = self.machines[node].synced + self.below(unsynced + 1);
        if self.per_thousand(self.mixture.wipe) {
            kept = 0;
        }
        if self.tells {
            println!("  n{} crashes and keeps {kept} records", node + 1);
        }
        let machine = &mut self.machines[node];
        machine.replica = None;
        machine.journal.truncate(kept);
        machine.synced = machine.synced.min(kept);
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
            now: VirtualTime(self.now),
            wall_clock: i64::try_from(self.now + machine.wall_clock_ahead).expect("a short run"),
            observed: self.tells,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        let disk = Disk { records: &machine.journal, torn_tail: false };
        machine.replica = Some(R::boot(&self.setting.config, disk, &mut cx));
        self.look_and_carry_out(node, effects)
    }

    fn take_step(
        &mut self,
        node: usize,
        act: impl FnOnce(&mut R, &mut Context<'_, R>),
    ) -> Result<(), String> {
        let nodes = u16::try_from(self.machines.len()).expect("a small cluster");
        let machine = &mut self.machines[node];
        let Some(replica) = &mut machine.replica else { return Ok(()) };
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node: NodeId::from_index(node),
            nodes,
            now: VirtualTime(self.now),
            wall_clock: i64::try_from(self.now + machine.wall_clock_ahead).expect("a short run"),
            observed: self.tells,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        act(replica, &mut cx);
        self.look_and_carry_out(node, effects)
    }

    fn look_and_carry_out(&mut self, node: usize, effects: Vec<Effect<R>>) -> Result<(), String> {
        let from = NodeId::from_index(node);
        if self.tells {
            for effect in &effects {
                if let Effect::Note(text) = effect {
                    println!("  {from} {text}");
                }
            }
        }
        let replica = self.machines[node].replica.as_ref().expect("it has just taken a step");
        self.observer.look(from, replica)?;
        for effect in effects {
            let machine = &mut self.machines[node];
            match effect {
                Effect::Send { to, message } => self.send(from, to, message)?,
                Effect::SendAfterSync { position, to, message } => {
                    if position.0 <= machine.synced as u64 {
                        self.send(from, to, message)?;
                    } else {
                        machine.waiting.push((position, to, message));
                    }
                }
                Effect::Reply { to, answer } => self.letters.push(Letter::Answer { to, answer }),
                Effect::SetTimer { timer, after } => {
                    machine.timers.retain(|(set, _)| *set != timer);
                    machine.timers.push((timer, self.now + after.0));
                }
                Effect::CancelTimer { timer } => machine.timers.retain(|(set, _)| *set != timer),
                Effect::Append(record) => machine.journal.push(record),
                Effect::Sync => machine.sync_asked = machine.journal.len(),
                Effect::Note(_) => {}
                Effect::Multicast { .. } | Effect::ReplyAfterSync { .. } => {
                    panic!("no strategy tested here has use for these")
                }
            }
        }
        Ok(())
    }
}

/// How many timers may go off, after everything has healed, until all clients are answered and all nodes agree.
const PATIENCE: usize = 600;

impl<R: Replica, O: Observer<R>> World<R, O> {
    /// Everything heals: then every client is answered, and all nodes hold the same.
    fn settle(&mut self) -> Result<(), String> {
        self.side.fill(false);
        self.mixture.lost = 0;
        self.mixture.late = 0;
        self.mixture.doubled = 0;
        self.mixture.shuffled = 0;
        // What was late arrives at last, among the rest.
        while let Some(letter) = self.late.pop() {
            self.letters.push(letter);
        }
        for node in 0..self.machines.len() {
            if self.machines[node].replica.is_none() {
                self.boot(node)?;
            }
        }
        // Each client asks for one thing more, an append, and asks until it is told.
        for row in 0..self.clients.len() {
            self.clients[row].give_up();
            self.clients[row].begin(false, &self.told);
        }
        let goal = self.told.operations + self.clients.len();
        for round in 0..PATIENCE {
            self.deliver_everything()?;
            let answered = self.told.operations >= goal && !self.clients.iter().any(Client::is_waiting);
            if answered && self.nodes_agree() {
                return self.read_once_more();
            }
            if round % 8 == 7 {
                self.ask_again(round / 8);
            }
            self.fire_earliest()?;
        }
        let waiting = self.clients.iter().filter(|client| client.is_waiting()).count();
        let views: Vec<String> = self
            .machines
            .iter()
            .filter_map(|machine| machine.replica.as_ref())
            .map(|replica| format!("{:?}", replica.view()))
            .collect();
        Err(format!("{waiting} clients wait, or nodes disagree: {}", views.join("; ")))
    }

    /// Messages are delivered and syncs complete until there are none.
    fn deliver_everything(&mut self) -> Result<(), String> {
        loop {
            for node in 0..self.machines.len() {
                self.complete_sync(node)?;
            }
            if self.letters.is_empty() {
                return Ok(());
            }
            for letter in std::mem::take(&mut self.letters) {
                self.arrive(letter)?;
            }
        }
    }

    fn ask_again(&mut self, node: usize) {
        let node = NodeId::from_index(node % self.machines.len());
        for client in &mut self.clients {
            if !client.is_waiting() {
                // It was refused, or is served already and asks for more: nobody is counted out by a refusal.
                client.begin(false, &self.told);
            }
            client.node = node;
            let request = client.request();
            self.letters.push(Letter::Request { to: node, request });
        }
    }

    fn fire_earliest(&mut self) -> Result<(), String> {
        let mut earliest: Option<(u64, usize, usize)> = None;
        for (node, machine) in self.machines.iter().enumerate() {
            for (row, (_, due)) in machine.timers.iter().enumerate() {
                if earliest.is_none_or(|(first, ..)| *due < first) {
                    earliest = Some((*due, node, row));
                }
            }
        }
        let Some((due, node, row)) = earliest else { return Ok(()) };
        self.now = self.now.max(due);
        self.fire(node, row)
    }

    /// What each node holds that is to hold what clients see.
    fn kept(&self) -> impl Iterator<Item = Vec<(Key, Value)>> {
        let replicas = self.machines.iter().map(|machine| machine.replica.as_ref().expect("all are up"));
        replicas.filter(|replica| replica.keeps(Key(0))).map(Replica::contents)
    }

    fn nodes_agree(&self) -> bool {
        let contents: Vec<Vec<(Key, Value)>> = self.kept().collect();
        contents.windows(2).all(|pair| pair[0] == pair[1])
    }

    /// All nodes agree; the text that they hold has to fit what clients were told.
    fn read_once_more(&mut self) -> Result<(), String> {
        let contents = self.kept().next().expect("somebody holds what clients see");
        let value = contents.into_iter().next().map_or(Value::Null, |(_, value)| value);
        let client = &mut self.clients[0];
        client.begin(true, &self.told);
        let request = client.request();
        assert_eq!(request.operation, Operation::Read);
        client.hear(request.id, &Answer::Ok(anachron_vocabulary::Reply::Value(value)), &mut self.told)
    }
}
