//! The loop: take the next event, let the world answer it, until the time is up.

use anachron_history::{History, Names, Record, TimeUnit};
use anachron_node::{Answer, Applied, Effect, Position, Random, Replica, Request, RequestId};
use anachron_trace::{Attention, Endpoint, Event, FingerprintHasher, Happening, MessageId, Observer};
use anachron_vocabulary::{ClientId, NodeId, VirtualDuration, VirtualTime};
use std::collections::VecDeque;
use std::hash::Hash;

use crate::client::Client;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::network::Network;
use crate::process::{Process, Timers};
use crate::queue::Queue;
use crate::run::{Run, Statistics};
use crate::streams::Streams;
use crate::{ClientPlan, World};

mod afterwards;
mod clients;
mod faults;
mod labels;
mod messages;
mod steps;

use steps::Input;

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

pub(crate) struct Simulation<'w, R: Replica> {
    world: &'w World,
    config: &'w R::Config,
    /// The client that asks whether an operation completes afterwards.
    probe: Option<&'w ClientPlan>,
    observer: &'w mut dyn Observer,
    /// What the observer looks at, asked once.
    attention: Attention,
    streams: Streams,
    now: VirtualTime,
    step: u64,
    queue: Queue<Waiting<R>>,
    network: Network,
    processes: Vec<Process<R>>,
    /// Each node's disk: syncs, and writes.
    disk_random: Vec<[Random; 2]>,
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
    /// What each node was last shown to have applied.
    applied: Vec<Applied>,
    /// The last facts shown of each node; empty unless the observer looks at everything.
    shown_facts: Vec<Vec<(&'static str, String)>>,
}

impl<'w, R: Replica> Simulation<'w, R> {
    pub(crate) fn new(
        world: &'w World,
        config: &'w R::Config,
        probe: Option<&'w ClientPlan>,
        observer: &'w mut dyn Observer,
    ) -> Self {
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
                armed: Vec::new(),
                armed_for_sync: Vec::new(),
                struck: 0,
                frozen_by: 0,
                clock: Clock::new(clock.offset, clock.drift_ppm),
                journal: Journal::new(),
                timers: Timers::new(),
                random: streams.node(node, 0),
                after_sync: VecDeque::new(),
                synced: Position::default(),
                held: Vec::new(),
                last_sync: VirtualTime::ZERO,
                writes: VirtualDuration::ZERO,
                lying_by: 0,
            }
        });
        let processes = processes.collect();
        let mut simulation = Self {
            world,
            config,
            probe,
            attention: observer.attention(),
            observer,
            streams,
            now: VirtualTime::ZERO,
            step: 0,
            queue: Queue::new(),
            network,
            processes,
            disk_random: nodes().map(|node| [streams.syncs(node), streams.writes(node)]).collect(),
            clients: Vec::new(),
            records: Vec::new(),
            in_force: vec![false; world.faults.len()],
            schedule_over: false,
            hasher: FingerprintHasher::default(),
            statistics: Statistics::default(),
            effects: Vec::new(),
            messages: 0,
            shown: vec![("", 0, 0); usize::from(world.nodes)],
            applied: vec![Applied::default(); usize::from(world.nodes)],
            shown_facts: vec![Vec::new(); usize::from(world.nodes)],
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
        self.clients.push(Client::new(id, plan, near, self.streams));
    }

    /// Runs the world to its end.
    pub(crate) fn run(mut self) -> Run {
        // Faults first: one that begins at zero is in force when the first node boots.
        for (number, fault) in self.world.faults.iter().enumerate() {
            self.queue.push(fault.at, Waiting::Fault { number, begins: true });
            if let Some(until) = fault.until {
                self.queue.push(until, Waiting::Fault { number, begins: false });
            }
        }
        self.run_until(VirtualTime::ZERO, |_| false);
        for (number, action) in self.world.operator.iter().enumerate() {
            self.queue.push(action.at, Waiting::Operator { number });
        }
        for node in 0..self.world.nodes {
            self.boot_if_free(NodeId(node));
        }
        for number in 0..self.clients.len() {
            let wake = self.clients[number].start();
            self.wake_client(number, wake);
        }
        let end = VirtualTime::ZERO + self.world.duration;
        self.run_until(end, |_| false);
        let operations = self.records.len();
        let rest = self.world.afterwards.as_ref().and_then(|afterwards| self.rest(afterwards));
        // Whatever came later is not part of the history.
        let mut records = self.records;
        records.truncate(operations);
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

    /// Shows the observer what happens, if it looks at everything.
    #[inline]
    fn observe(&mut self, what: impl FnOnce() -> Happening) {
        if self.attention == Attention::Everything {
            self.observe_node(what);
        }
    }

    /// Shows the observer what becomes of a node.
    #[inline]
    fn observe_node(&mut self, what: impl FnOnce() -> Happening) {
        if self.attention > Attention::Nothing {
            self.observer.observe(Event { time: self.now, step: self.step, what: what() });
        }
    }

    fn take(&mut self, event: Waiting<R>) {
        match event {
            Waiting::Message { from, to, fate, held, id, message } => {
                if !held && self.is_lost(Endpoint::Node(from), Endpoint::Node(to), fate, id) {
                    message.hash(&mut self.hasher);
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
                    request.hash(&mut self.hasher);
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
                    (to, &*answer).hash(&mut self.hasher);
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
                let world = self.world;
                let action = &world.operator[number];
                let process = &self.processes[action.node.index()];
                if process.replica.is_none() || self.schedule_over {
                    return;
                }
                if process.paused_by > 0 {
                    self.hold(action.node, event);
                    return;
                }
                self.identify(7, number as u64, u64::from(action.node.0));
                self.observe(|| Happening::Operator {
                    node: action.node,
                    label: format!("{:?}", action.command),
                });
                self.node_step(action.node, Input::Operator(action.command.clone()));
            }
        }
    }

    /// Keeps an event for a paused node.
    fn hold(&mut self, node: NodeId, event: Waiting<R>) {
        self.processes[node.index()].held.push((self.now, event));
    }
}
