//! The loop: take the next event, let the world answer it, until the time is up.

use anachron_history::{History, Names, Record, TimeUnit, Timestamp};
use anachron_node::{
    Answer, Context, Effect, OperatorCommand, Position, Random, Replica, Request, RequestId, Surroundings,
};
use anachron_trace::{Endpoint, Event, FingerprintHasher, Happening, Loss, MessageId, Observer};
use anachron_vocabulary::{ClientId, NodeId, Operation, OperationId, Outcome, Reply, VirtualTime};
use std::collections::VecDeque;
use std::hash::Hash;

use crate::client::{Awake, Client, Move};
use crate::clock::Clock;
use crate::journal::Journal;
use crate::network::{Network, Transit};
use crate::process::{AfterSync, Come, Process, Timers};
use crate::queue::Queue;
use crate::run::{Rest, Run, Statistics};
use crate::streams::Streams;
use crate::{Afterwards, ClientPlan, Fault, World};

/// Something that waits in the queue. Small: rare bulky events are boxed.
pub(crate) enum Waiting<R: Replica> {
    /// A message between nodes. `held` if it has arrived already and waited for a paused node.
    Message { from: NodeId, to: NodeId, fate: u32, held: bool, id: MessageId, message: R::Message },
    /// A client's request.
    Request { to: NodeId, fate: u32, held: bool, id: MessageId, request: Box<Request> },
    /// A node's answer to a client.
    Answer { from: NodeId, fate: u32, id: MessageId, to: RequestId, answer: Box<Answer> },
    /// A timer of a node's n-th life, by its slot.
    Timer { node: NodeId, boot: u32, slot: u16 },
    /// A sync of a node's n-th life completes.
    Synced { node: NodeId, boot: u32, position: Position },
    /// A client wakes up.
    Client { client: ClientId, generation: u64 },
    /// A fault of the schedule begins, or ends.
    Fault { number: usize, begins: bool },
    /// An operator's action.
    Operator { number: usize },
}

/// What a node is given to deal with.
enum Input<R: Replica> {
    Request(Request),
    Message(NodeId, R::Message),
    Timer(R::Timer),
    Synced(Position),
    Operator(OperatorCommand),
}

pub(crate) struct Simulation<'w, R: Replica, O: Observer> {
    world: &'w World,
    config: &'w R::Config,
    /// The client that asks whether an operation completes afterwards.
    probe: Option<&'w ClientPlan>,
    observer: &'w mut O,
    streams: Streams,
    now: VirtualTime,
    step: u64,
    queue: Queue<Waiting<R>>,
    network: Network,
    processes: Vec<Process<R>>,
    disk_random: Vec<Random>,
    clients: Vec<Client<'w>>,
    records: Vec<Record>,
    /// Faults in force, by their place in the schedule.
    in_force: Vec<bool>,
    /// True once the run is over: what is still to come of the schedule does not begin.
    schedule_over: bool,
    hasher: FingerprintHasher,
    statistics: Statistics,
    /// Written by a replica's step, emptied right after it; kept for its capacity.
    effects: Vec<Effect<R>>,
    messages: u64,
    /// The last role, term and commit point shown of each node.
    shown: Vec<(&'static str, u64, u64)>,
}

impl<'w, R: Replica, O: Observer> Simulation<'w, R, O> {
    pub(crate) fn new(
        world: &'w World,
        config: &'w R::Config,
        probe: Option<&'w ClientPlan>,
        observer: &'w mut O,
    ) -> Self {
        assert!(world.nodes > 0, "a cluster has at least one node");
        let streams = Streams::new(world.seed);
        let network = Network::new(world, streams);
        let nodes = || (0..world.nodes).map(NodeId);
        let processes = nodes().map(|node| {
            let clock = world.clocks.get(node.index()).copied().unwrap_or_default();
            Process {
                replica: None,
                boot: 0,
                down_by: 0,
                paused_by: 0,
                frozen_by: 0,
                clock: Clock::new(clock.offset, clock.drift_ppm),
                journal: Journal::new(),
                timers: Timers::new(),
                random: streams.node(node, 0),
                after_sync: VecDeque::new(),
                synced: Position::default(),
                held: Vec::new(),
                last_sync: VirtualTime::ZERO,
                lying_by: 0,
            }
        });
        let processes = processes.collect();
        let mut simulation = Self {
            world,
            config,
            probe,
            observer,
            streams,
            now: VirtualTime::ZERO,
            step: 0,
            queue: Queue::new(),
            network,
            processes,
            disk_random: nodes().map(|node| streams.disk(node)).collect(),
            clients: Vec::new(),
            records: Vec::new(),
            in_force: vec![false; world.faults.len()],
            schedule_over: false,
            hasher: FingerprintHasher::default(),
            statistics: Statistics::default(),
            effects: Vec::new(),
            messages: 0,
            shown: vec![("", 0, 0); usize::from(world.nodes)],
        };
        for (number, plan) in world.clients.iter().enumerate() {
            simulation.add_client(ClientId::from_index(number), plan);
        }
        simulation
    }

    fn add_client(&mut self, id: ClientId, plan: &'w ClientPlan) {
        let endpoint = self.network.endpoint(Endpoint::Client(id));
        let mut near: Vec<NodeId> = (0..self.world.nodes).map(NodeId).collect();
        near.sort_by(|a, b| {
            let mean = |node: &NodeId| self.network.mean_latency(endpoint, node.index());
            mean(a).total_cmp(&mean(b))
        });
        let random = self.streams.client(id.index());
        self.clients.push(Client::new(id, plan, self.world.nodes, near, random));
    }

    /// Runs the world to its end.
    pub(crate) fn run(mut self) -> Run {
        // Faults first: one that begins at zero is in force when the first message leaves.
        for (number, fault) in self.world.faults.iter().enumerate() {
            self.queue.push(fault.at, Waiting::Fault { number, begins: true });
            if let Some(until) = fault.until {
                self.queue.push(until, Waiting::Fault { number, begins: false });
            }
        }
        for (number, action) in self.world.operator.iter().enumerate() {
            self.queue.push(action.at, Waiting::Operator { number });
        }
        for node in 0..self.world.nodes {
            self.boot(NodeId(node));
        }
        for number in 0..self.clients.len() {
            let wake = self.clients[number].start();
            self.wake_client(number, wake);
        }
        let end = VirtualTime::ZERO + self.world.duration;
        self.run_until(end, |_| false);
        // Whatever comes later is not part of the history.
        let records = std::mem::take(&mut self.records);
        let rest = self.world.afterwards.as_ref().map(|afterwards| self.rest(afterwards));
        self.statistics.steps = self.step;
        Run {
            history: History {
                records,
                keys: self.world.keys.iter().collect(),
                clients: self.world.clients.iter().map(|plan| &plan.name).collect::<Names>(),
                time_unit: TimeUnit::Nanoseconds,
            },
            fingerprint: self.hasher.fingerprint(),
            statistics: self.statistics,
            rest,
            step_limit_reached: self.step >= self.world.step_limit,
        }
    }

    /// Takes events until `end`, or until `done`.
    fn run_until(&mut self, end: VirtualTime, done: impl Fn(&Self) -> bool) {
        while self.queue.next_time().is_some_and(|time| time <= end)
            && self.step < self.world.step_limit
            && !done(self)
        {
            let (time, event) = self.queue.pop().expect("the queue has a next event");
            debug_assert!(time >= self.now, "time goes forward");
            self.now = time;
            self.take(event);
        }
    }

    /// Counts a step and puts what identifies it into the fingerprint.
    #[inline]
    fn identify(&mut self, kind: u64, a: u64, b: u64) {
        self.step += 1;
        self.hasher.word(self.now.0);
        self.hasher.word(kind << 56 | a << 28 | b);
    }

    #[inline]
    fn observe(&mut self, what: impl FnOnce() -> Happening) {
        if O::ACTIVE {
            self.observer.observe(Event { time: self.now, step: self.step, what: what() });
        }
    }

    fn take(&mut self, event: Waiting<R>) {
        match event {
            Waiting::Message { from, to, fate, held, id, message } => {
                if !held && self.is_lost(Endpoint::Node(from), Endpoint::Node(to), fate, id) {
                    return;
                }
                let process = &self.processes[to.index()];
                if process.paused_by > 0 {
                    self.hold(to, Waiting::Message { from, to, fate, held: true, id, message });
                    return;
                }
                self.identify(1, u64::from(from.0), u64::from(to.0));
                message.hash(&mut self.hasher);
                self.statistics.delivered += 1;
                self.observe(|| Happening::Delivered { message: id });
                self.node_step(to, Input::Message(from, message));
            }
            Waiting::Request { to, fate, held, id, request } => {
                if !held && self.is_lost(Endpoint::Client(request.id.client), Endpoint::Node(to), fate, id) {
                    return;
                }
                if self.processes[to.index()].paused_by > 0 {
                    self.hold(to, Waiting::Request { to, fate, held: true, id, request });
                    return;
                }
                self.identify(2, u64::from(request.id.client.0), u64::from(to.0));
                request.hash(&mut self.hasher);
                self.statistics.delivered += 1;
                self.observe(|| Happening::Delivered { message: id });
                self.node_step(to, Input::Request(*request));
            }
            Waiting::Answer { from, fate, id, to, answer } => {
                if self.is_lost(Endpoint::Node(from), Endpoint::Client(to.client), fate, id) {
                    return;
                }
                self.identify(3, u64::from(from.0), u64::from(to.client.0));
                (to, &*answer).hash(&mut self.hasher);
                self.statistics.delivered += 1;
                self.observe(|| Happening::Delivered { message: id });
                let number = to.client.index();
                let next = self.clients[number].answered(self.now, from, to, *answer);
                self.client_move(number, next);
            }
            Waiting::Timer { node, boot, slot } => self.timer(node, boot, slot),
            Waiting::Synced { node, boot, position } => self.synced(node, boot, position),
            Waiting::Client { client, generation } => self.client_wakes(client, generation),
            Waiting::Fault { number, begins } => self.fault(number, begins),
            Waiting::Operator { number } => {
                let action = self.world.operator[number];
                if self.processes[action.node.index()].replica.is_none() {
                    return;
                }
                self.identify(7, number as u64, u64::from(action.node.0));
                self.observe(|| Happening::Operator {
                    node: action.node,
                    label: format!("{:?}", action.command),
                });
                self.node_step(action.node, Input::Operator(action.command));
            }
        }
    }

    /// Decides, at its arrival, whether a message is lost.
    #[inline]
    fn is_lost(&mut self, from: Endpoint, to: Endpoint, fate: u32, id: MessageId) -> bool {
        let (sender, receiver) = (self.network.endpoint(from), self.network.endpoint(to));
        let why = if self.network.is_cut(sender, receiver) {
            self.statistics.cut += 1;
            Loss::Cut
        } else if self.network.drops(sender, receiver, fate) {
            self.statistics.dropped += 1;
            Loss::Dropped
        } else {
            match to {
                Endpoint::Node(node) if self.processes[node.index()].replica.is_none() => {
                    self.statistics.receiver_down += 1;
                    Loss::ReceiverDown
                }
                _ => return false,
            }
        };
        self.observe(|| Happening::Lost { message: id, why });
        true
    }

    /// Keeps an event for a paused node.
    fn hold(&mut self, node: NodeId, event: Waiting<R>) {
        self.processes[node.index()].held.push((self.now, event));
    }

    fn timer(&mut self, node: NodeId, boot: u32, slot: u16) {
        let process = &mut self.processes[node.index()];
        if process.boot != boot || process.replica.is_none() {
            return;
        }
        if process.paused_by > 0 {
            self.hold(node, Waiting::Timer { node, boot, slot });
            return;
        }
        match process.timers.come(slot, self.now, &process.clock) {
            Come::Nothing => {}
            Come::Again(due) => self.queue.push(due, Waiting::Timer { node, boot, slot }),
            Come::Fire(timer) => {
                self.identify(4, u64::from(node.0), u64::from(boot));
                timer.hash(&mut self.hasher);
                self.statistics.timers += 1;
                self.observe(|| Happening::Timer { node, label: format!("{timer:?}") });
                self.node_step(node, Input::Timer(timer));
            }
        }
    }

    fn synced(&mut self, node: NodeId, boot: u32, position: Position) {
        let process = &mut self.processes[node.index()];
        if process.boot != boot || process.replica.is_none() {
            return;
        }
        if process.paused_by > 0 {
            self.hold(node, Waiting::Synced { node, boot, position });
            return;
        }
        if process.lying_by == 0 {
            process.journal.make_durable(position);
        }
        self.identify(5, u64::from(node.0), u64::from(boot));
        self.hasher.word(position.0);
        self.statistics.syncs += 1;
        self.observe(|| Happening::Synced { node, records: position.0 });
        self.processes[node.index()].synced = position;
        while let Some((_, effect)) =
            self.processes[node.index()].after_sync.pop_front_if(|(needed, _)| *needed <= position)
        {
            match effect {
                AfterSync::Send(to, message) => self.send(node, to, message),
                AfterSync::Reply(to, answer) => self.answer(node, to, answer),
            }
        }
        self.node_step(node, Input::Synced(position));
    }

    fn client_wakes(&mut self, client: ClientId, generation: u64) {
        let number = client.index();
        if self.clients[number].generation != generation {
            return;
        }
        self.identify(6, u64::from(client.0), 0);
        match self.clients[number].wake(self.now) {
            Awake::Go(next) => self.client_move(number, next),
            Awake::Call(key, operation) => {
                let id = OperationId::from_index(self.records.len());
                self.records.push(Record {
                    client,
                    key,
                    operation: operation.clone(),
                    call: timestamp(self.now),
                    end: None,
                    outcome: Outcome::Unknown,
                });
                (key, &operation).hash(&mut self.hasher);
                self.observe(|| Happening::Call { client, id, key, operation: operation.clone() });
                let next = self.clients[number].call(self.now, id, key, operation);
                self.client_move(number, next);
            }
        }
    }

    fn client_move(&mut self, number: usize, next: Move) {
        match next {
            Move::Stay => {}
            Move::Wake(time) => self.wake_client(number, Some(time)),
            Move::Ask { node, request, timeout } => {
                self.wake_client(number, Some(timeout));
                let (_, key, operation) =
                    self.clients[number].open_operation().expect("an attempt has an operation");
                let request = Box::new(Request { id: request, key, operation: operation.clone() });
                let client = Endpoint::Client(request.id.client);
                let (id, transit) =
                    self.leave(client, Endpoint::Node(node), || request_label(self.world, &request));
                self.queue.push(
                    transit.arrival,
                    Waiting::Request { to: node, fate: transit.fate, held: false, id, request },
                );
            }
            Move::End { id, outcome, next } => {
                let client = ClientId::from_index(number);
                self.observe(|| Happening::Return { client, id, outcome: outcome.clone() });
                let record = &mut self.records[id.index()];
                record.end = Some(timestamp(self.now));
                record.outcome = outcome;
                self.wake_client(number, next);
            }
        }
    }

    fn wake_client(&mut self, number: usize, time: Option<VirtualTime>) {
        if let Some(time) = time {
            let client = ClientId::from_index(number);
            let generation = self.clients[number].generation;
            self.queue.push(time, Waiting::Client { client, generation });
        }
    }

    /// A message between a client and a node leaves.
    fn leave(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        label: impl FnOnce() -> String,
    ) -> (MessageId, Transit) {
        let (sender, receiver) = (self.network.endpoint(from), self.network.endpoint(to));
        let (transit, _) = self.network.send(self.now, sender, receiver);
        let message = self.new_message();
        self.observe(|| Happening::Sent { message, from, to, label: label() });
        (message, transit)
    }

    #[inline]
    fn new_message(&mut self) -> MessageId {
        self.messages += 1;
        self.statistics.sent += 1;
        MessageId(self.messages)
    }

    /// A message from node to node leaves.
    #[inline]
    fn send(&mut self, from: NodeId, to: NodeId, message: R::Message) {
        assert!(to.0 < self.world.nodes, "{from} sends to {to}, which is not in the cluster");
        let (transit, duplicate) = self.network.send(self.now, from.index(), to.index());
        if let Some(Transit { arrival, fate }) = duplicate {
            let id = self.new_message();
            self.statistics.duplicated += 1;
            self.observe(|| Happening::Sent {
                message: id,
                from: Endpoint::Node(from),
                to: Endpoint::Node(to),
                label: format!("{message:?} (duplicate)"),
            });
            let message = message.clone();
            self.queue.push(arrival, Waiting::Message { from, to, fate, held: false, id, message });
        }
        let id = self.new_message();
        self.observe(|| Happening::Sent {
            message: id,
            from: Endpoint::Node(from),
            to: Endpoint::Node(to),
            label: format!("{message:?}"),
        });
        let Transit { arrival, fate } = transit;
        self.queue.push(arrival, Waiting::Message { from, to, fate, held: false, id, message });
    }

    fn answer(&mut self, from: NodeId, to: RequestId, answer: Answer) {
        assert!(to.client.index() < self.clients.len(), "{from} answers {}, whom nobody knows", to.client);
        let (id, transit) =
            self.leave(Endpoint::Node(from), Endpoint::Client(to.client), || answer_label(to, &answer));
        let Transit { arrival, fate } = transit;
        self.queue.push(arrival, Waiting::Answer { from, fate, id, to, answer: Box::new(answer) });
    }

    /// Lets one node take one step, and carries out what it wants.
    #[inline]
    fn node_step(&mut self, node: NodeId, input: Input<R>) {
        let process = &mut self.processes[node.index()];
        let replica = process.replica.as_mut().expect("only a node that is up takes steps");
        let mut appended = process.journal.appended();
        let mut cx = Context::new(Surroundings {
            node,
            nodes: self.world.nodes,
            now: process.clock.local(self.now),
            wall_clock: process.clock.wall(self.now),
            observed: O::ACTIVE,
            appended: &mut appended,
            random: &mut process.random,
            effects: &mut self.effects,
        });
        match input {
            Input::Request(request) => replica.on_client(request, &mut cx),
            Input::Message(from, message) => replica.on_message(from, message, &mut cx),
            Input::Timer(timer) => replica.on_timer(timer, &mut cx),
            Input::Synced(position) => replica.on_synced(position, &mut cx),
            Input::Operator(command) => replica.on_operator(command, &mut cx),
        }
        self.carry_out(node);
    }

    fn boot(&mut self, node: NodeId) {
        let process = &mut self.processes[node.index()];
        process.boot += 1;
        process.random = self.streams.node(node, process.boot);
        process.synced = process.journal.durable();
        process.last_sync = self.now;
        let boot = process.boot;
        self.identify(8, u64::from(node.0), u64::from(boot));
        self.observe(|| Happening::Booted { node, boot });
        let process = &mut self.processes[node.index()];
        let mut appended = process.journal.appended();
        let mut cx = Context::new(Surroundings {
            node,
            nodes: self.world.nodes,
            now: process.clock.local(self.now),
            wall_clock: process.clock.wall(self.now),
            observed: O::ACTIVE,
            appended: &mut appended,
            random: &mut process.random,
            effects: &mut self.effects,
        });
        process.replica = Some(R::boot(self.config, process.journal.disk(), &mut cx));
        self.carry_out(node);
    }

    /// Carries out, in order, what a step has written down.
    fn carry_out(&mut self, node: NodeId) {
        let mut effects = std::mem::take(&mut self.effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { to, message } => self.send(node, to, message),
                Effect::Multicast { message } => {
                    let mut peers = (0..self.world.nodes).map(NodeId).filter(|&peer| peer != node).peekable();
                    while let Some(peer) = peers.next() {
                        if peers.peek().is_none() {
                            self.send(node, peer, message);
                            break;
                        }
                        self.send(node, peer, message.clone());
                    }
                }
                Effect::Reply { to, answer } => self.answer(node, to, answer),
                Effect::SendAfterSync { position, to, message } => {
                    if position <= self.processes[node.index()].synced {
                        self.send(node, to, message);
                    } else {
                        self.after_sync(node, position, AfterSync::Send(to, message));
                    }
                }
                Effect::ReplyAfterSync { position, to, answer } => {
                    if position <= self.processes[node.index()].synced {
                        self.answer(node, to, answer);
                    } else {
                        self.after_sync(node, position, AfterSync::Reply(to, answer));
                    }
                }
                Effect::SetTimer { timer, after } => {
                    let process = &mut self.processes[node.index()];
                    let deadline = process.clock.local(self.now) + after;
                    let boot = process.boot;
                    if let Some((due, slot)) = process.timers.set(timer, deadline, self.now, &process.clock) {
                        self.queue.push(due, Waiting::Timer { node, boot, slot });
                    }
                }
                Effect::CancelTimer { timer } => self.processes[node.index()].timers.cancel(timer),
                Effect::Append(record) => {
                    self.observe(|| Happening::Appended { node, label: format!("{record:?}") });
                    self.processes[node.index()].journal.append(record);
                }
                Effect::Sync => self.sync(node),
                Effect::Note(text) => self.observe(|| Happening::Note { node, text }),
            }
        }
        self.effects = effects;
        if O::ACTIVE {
            self.show(node);
        }
    }

    fn after_sync(&mut self, node: NodeId, position: Position, effect: AfterSync<R>) {
        let waiting = &mut self.processes[node.index()].after_sync;
        let at = waiting.partition_point(|(earlier, _)| *earlier <= position);
        waiting.insert(at, (position, effect));
    }

    fn sync(&mut self, node: NodeId) {
        let random = &mut self.disk_random[node.index()];
        let mut latency = self.world.sync_latency.sample([random.bits(), random.bits()]);
        for (fault, in_force) in self.world.faults.iter().zip(&self.in_force) {
            match &fault.fault {
                Fault::SlowDisk { node: slow, extra } if *in_force && *slow == node => {
                    latency = latency + extra.sample([random.bits(), random.bits()]);
                }
                _ => {}
            }
        }
        let process = &mut self.processes[node.index()];
        let complete = (self.now + latency).max(process.last_sync);
        process.last_sync = complete;
        let (boot, position) = (process.boot, process.journal.appended());
        self.queue.push(complete, Waiting::Synced { node, boot, position });
    }

    /// Tells the observer a node's role, term and commit point if one of them has changed.
    fn show(&mut self, node: NodeId) {
        let Some(replica) = &self.processes[node.index()].replica else { return };
        let view = replica.view();
        let now = (view.role, view.term, view.commit);
        if self.shown[node.index()] != now {
            self.shown[node.index()] = now;
            let (role, term, commit) = now;
            self.observe(|| Happening::Role { node, role, term, commit });
        }
    }

    fn fault(&mut self, number: usize, begins: bool) {
        if self.in_force[number] == begins || (begins && self.schedule_over) {
            return;
        }
        self.in_force[number] = begins;
        self.identify(9, number as u64, u64::from(begins));
        let scheduled = &self.world.faults[number];
        if begins {
            self.observe(|| Happening::FaultBegins {
                fault: number,
                label: scheduled.label.clone(),
                nodes: scheduled.fault.nodes(),
            });
        } else {
            self.observe(|| Happening::FaultEnds { fault: number });
        }
        self.apply_fault(number, &scheduled.fault, begins);
        if begins && matches!(scheduled.fault, Fault::ClockStep { .. }) {
            self.in_force[number] = false;
            self.observe(|| Happening::FaultEnds { fault: number });
        }
    }

    fn apply_fault(&mut self, number: usize, fault: &Fault, begins: bool) {
        let now = self.now;
        match fault {
            Fault::Partition { .. }
            | Fault::Cut { .. }
            | Fault::Slow { .. }
            | Fault::Lossy { .. }
            | Fault::Duplicating { .. }
            | Fault::Reordering { .. } => {
                let in_force =
                    self.world.faults.iter().zip(&self.in_force).filter(|(_, in_force)| **in_force);
                self.network.apply(in_force.map(|(scheduled, _)| &scheduled.fault));
            }
            Fault::Crash { node, tail, wipe } => {
                let process = &mut self.processes[node.index()];
                if begins {
                    process.down_by += 1;
                    if process.down_by == 1 {
                        let mut random =
                            self.streams.crash(*node, u32::try_from(number).expect("a fault's number"));
                        let (lost_records, held) = process.crash(*tail, *wipe, &mut random);
                        self.shown[node.index()] = ("", 0, 0);
                        for (_, event) in held {
                            if let Waiting::Message { id, .. } | Waiting::Request { id, .. } = event {
                                self.observe(|| Happening::Lost { message: id, why: Loss::ReceiverDown });
                            }
                        }
                        self.observe(|| Happening::Crashed { node: *node, lost_records });
                    }
                } else {
                    process.down_by -= 1;
                    if process.down_by == 0 {
                        self.boot(*node);
                    }
                }
            }
            Fault::Pause { node } => {
                let process = &mut self.processes[node.index()];
                if begins {
                    process.paused_by += 1;
                    self.observe(|| Happening::Paused { node: *node });
                } else {
                    process.paused_by -= 1;
                    if process.paused_by == 0 {
                        self.observe(|| Happening::Resumed { node: *node });
                        self.resume(*node);
                    }
                }
            }
            Fault::ClockStep { node, by } => self.processes[node.index()].clock.step_wall(*by),
            Fault::ClockDrift { node, ppm } => {
                let usual = self.world.clocks.get(node.index()).copied().unwrap_or_default().drift_ppm;
                self.processes[node.index()].clock.set_drift(now, if begins { *ppm } else { usual });
                self.clock_changed(*node);
            }
            Fault::ClockFreeze { node } => {
                let process = &mut self.processes[node.index()];
                if begins {
                    process.frozen_by += 1;
                    process.clock.freeze(now);
                } else {
                    process.frozen_by -= 1;
                    if process.frozen_by == 0 {
                        process.clock.thaw(now);
                    }
                }
                self.clock_changed(*node);
            }
            Fault::SlowDisk { .. } => {} // looked up when a sync is asked for
            Fault::LyingSync { node } => {
                let lying = &mut self.processes[node.index()].lying_by;
                *lying = if begins { *lying + 1 } else { *lying - 1 };
            }
        }
    }

    /// Hands a node that goes on everything that waited for it, in order.
    fn resume(&mut self, node: NodeId) {
        for (came, event) in std::mem::take(&mut self.processes[node.index()].held) {
            match event {
                // A timer's event is known by its time, which has passed: queue it anew if it still counts.
                Waiting::Timer { slot, boot, .. } => {
                    let process = &mut self.processes[node.index()];
                    if let Some(due) = process.timers.late(slot, came, self.now, &process.clock) {
                        self.queue.push(due, Waiting::Timer { node, boot, slot });
                    }
                }
                other => self.queue.push(self.now, other),
            }
        }
    }

    fn clock_changed(&mut self, node: NodeId) {
        let process = &mut self.processes[node.index()];
        let boot = process.boot;
        for (due, slot) in process.timers.clock_changed(self.now, &process.clock) {
            self.queue.push(due, Waiting::Timer { node, boot, slot });
        }
    }

    /// The two questions of [`Afterwards`].
    fn rest(&mut self, afterwards: &Afterwards) -> Rest {
        for client in &mut self.clients {
            client.generation += 1; // no client wakes up again
        }
        self.now = VirtualTime::ZERO + self.world.duration;
        self.schedule_over = true;
        for number in 0..self.in_force.len() {
            self.fault(number, false);
        }
        let quiet = self.now + afterwards.settle;
        self.run_until(quiet, |_| false);
        self.now = quiet;
        let contents: Vec<Vec<_>> = self
            .processes
            .iter()
            .map(|process| process.replica.as_ref().map(Replica::contents).unwrap_or_default())
            .collect();
        let progressed = self.probe(afterwards);
        Rest { converged: contents.windows(2).all(|pair| pair[0] == pair[1]), contents, progressed }
    }

    /// Asks every node in turn for one operation until it completes or its time is up.
    fn probe(&mut self, afterwards: &Afterwards) -> bool {
        let number = self.clients.len();
        self.add_client(
            ClientId::from_index(number),
            self.probe.expect("whoever asks afterwards brings a plan"),
        );
        let first = OperationId::from_index(self.records.len());
        self.wake_client(number, Some(self.now));
        let end = self.now + afterwards.within;
        let answered = |simulation: &Self| {
            simulation
                .records
                .get(first.index())
                .is_some_and(|record| matches!(record.outcome, Outcome::Ok(_)))
        };
        self.run_until(end, answered);
        answered(self)
    }
}

fn timestamp(time: VirtualTime) -> Timestamp {
    Timestamp(i64::try_from(time.0).expect("a run ends within 292 years"))
}

fn request_label(world: &World, request: &Request) -> String {
    let Request { id, key, operation } = request;
    let key = world.keys.get(key.index()).map_or("probe", String::as_str);
    let words = match operation {
        Operation::Write(value) | Operation::Append(value) => format!(" {value}"),
        Operation::CompareAndSet { expected, new } => format!(" {expected} {new}"),
        Operation::Read | Operation::Acquire | Operation::Release => String::new(),
    };
    format!("{} {key}{words} (request {})", operation.name(), id.serial)
}

fn answer_label(to: RequestId, answer: &Answer) -> String {
    let what = match answer {
        Answer::Ok(Reply::Done) => "ok".to_owned(),
        Answer::Ok(Reply::Value(value)) => format!("ok {value}"),
        Answer::Ok(Reply::Swapped(swapped)) => format!("ok {swapped}"),
        Answer::Refused(why) => format!("refused: {why}"),
        Answer::Unknown => "can't tell".to_owned(),
    };
    format!("{what} (request {})", to.serial)
}
