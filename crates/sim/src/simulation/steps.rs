//! A node takes a step, and what it wants is carried out.

use anachron_node::{Applied, Context, Effect, OperatorCommand, Position, Replica, Request, Surroundings};
use anachron_trace::{Attention, Happening};
use anachron_vocabulary::{NodeId, VirtualDuration};
use std::hash::Hash;

use super::{Simulation, Waiting};
use crate::Fault;
use crate::process::{AfterSync, Come};
use crate::streams::respun;

/// What a node is given to deal with.
pub(super) enum Input<R: Replica> {
    Request(Request),
    Message(NodeId, R::Message),
    Timer(R::Timer),
    Synced(Position),
    Operator(OperatorCommand),
}

impl<R: Replica> Simulation<'_, R> {
    pub(super) fn timer(&mut self, node: NodeId, boot: u32, slot: u16) {
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

    pub(super) fn synced(&mut self, node: NodeId, boot: u32, position: Position) {
        let process = &mut self.processes[node.index()];
        if process.boot != boot || process.replica.is_none() {
            return;
        }
        if process.paused_by > 0 {
            self.hold(node, Waiting::Synced { node, boot, position });
            return;
        }
        if self.crashed_syncing(node) {
            return;
        }
        let process = &mut self.processes[node.index()];
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
    /// Lets one node take one step, and carries out what it wants.
    #[inline]
    pub(super) fn node_step(&mut self, node: NodeId, input: Input<R>) {
        let process = &mut self.processes[node.index()];
        let replica = process.replica.as_mut().expect("only a node that is up takes steps");
        let mut appended = process.journal.appended();
        let mut cx = Context::new(Surroundings {
            node,
            nodes: self.world.nodes,
            now: process.clock.local(self.now),
            wall_clock: process.clock.wall(self.now),
            observed: self.attention > Attention::Nothing,
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

    pub(super) fn boot(&mut self, node: NodeId) {
        let process = &mut self.processes[node.index()];
        process.boot += 1;
        process.random = self.streams.node(node, process.boot);
        process.synced = process.journal.durable();
        process.last_sync = self.now;
        let boot = process.boot;
        self.identify(8, u64::from(node.0), u64::from(boot));
        self.observe_node(|| Happening::Booted { node, boot });
        let process = &mut self.processes[node.index()];
        let mut appended = process.journal.appended();
        let mut cx = Context::new(Surroundings {
            node,
            nodes: self.world.nodes,
            now: process.clock.local(self.now),
            wall_clock: process.clock.wall(self.now),
            observed: self.attention > Attention::Nothing,
            appended: &mut appended,
            random: &mut process.random,
            effects: &mut self.effects,
        });
        process.replica = Some(R::boot(self.config, process.journal.disk(), &mut cx));
        self.carry_out(node);
    }

    /// Carries out, in order, what a step has written down.
    pub(super) fn carry_out(&mut self, node: NodeId) {
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
                    record.hash(&mut self.hasher);
                    self.observe(|| Happening::Appended { node, label: format!("{record:?}") });
                    let process = &mut self.processes[node.index()];
                    process.journal.append(record);
                    if let Some(disk) = self.world.disks.get(node.index()) {
                        let [_, random] = &mut self.disk_random[node.index()];
                        process.writes = process.writes + disk.write.sample([random.bits(), random.bits()]);
                    }
                    if self.crashed_writing(node) {
                        break;
                    }
                }
                Effect::Sync => self.sync(node),
                Effect::Note(text) => self.observe_node(|| Happening::Note { node, text }),
            }
        }
        self.effects = effects;
        if self.attention > Attention::Nothing {
            self.show(node);
        }
    }

    pub(super) fn after_sync(&mut self, node: NodeId, position: Position, effect: AfterSync<R>) {
        let waiting = &mut self.processes[node.index()].after_sync;
        let at = waiting.partition_point(|(earlier, _)| *earlier <= position);
        waiting.insert(at, (position, effect));
    }

    pub(super) fn sync(&mut self, node: NodeId) {
        let [random, _] = &mut self.disk_random[node.index()];
        let draws: [u64; 8] = std::array::from_fn(|_| random.bits());
        let disk = self.world.disks.get(node.index());
        let sync = disk.map_or(VirtualDuration::ZERO, |disk| disk.sync.sample([draws[0], draws[1]]));
        let mut latency = sync + std::mem::take(&mut self.processes[node.index()].writes);
        let in_force = self.world.faults.iter().zip(&self.in_force).filter(|(_, in_force)| **in_force);
        let slow = in_force.filter_map(|(scheduled, _)| match &scheduled.fault {
            Fault::SlowDisk { node: slow, extra } if *slow == node => Some(extra),
            _ => None,
        });
        for (number, extra) in slow.enumerate() {
            latency = latency + extra.sample(respun([draws[2], draws[3]], number));
        }
        let process = &mut self.processes[node.index()];
        let complete = (self.now + latency).max(process.last_sync);
        process.last_sync = complete;
        let (boot, position) = (process.boot, process.journal.appended());
        self.queue.push(complete, Waiting::Synced { node, boot, position });
    }

    /// Tells the observer a node's role, term and commit point if one of them has changed, what it has applied, and what
    /// has changed of its other facts.
    pub(super) fn show(&mut self, node: NodeId) {
        let Some(replica) = &self.processes[node.index()].replica else { return };
        let view = replica.view();
        let applied = replica.applied();
        let now = (view.role, view.term, view.commit);
        if self.shown[node.index()] != now {
            self.shown[node.index()] = now;
            let (role, term, commit) = now;
            self.observe_node(|| Happening::Role { node, role, term, commit });
        }
        if let Some(applied) = applied
            && self.applied[node.index()] != applied
        {
            self.applied[node.index()] = applied;
            let Applied { changes, digest } = applied;
            self.observe_node(|| Happening::Applied { node, changes, digest });
        }
        if self.attention == Attention::Everything && self.shown_facts[node.index()] != view.facts {
            let before = std::mem::replace(&mut self.shown_facts[node.index()], view.facts);
            let changed = changes(before, &self.shown_facts[node.index()]);
            self.observe(|| Happening::Facts { node, changed });
        }
    }
}

/// The facts that are new or different, in their order, and then those that are gone.
fn changes(
    before: Vec<(&'static str, String)>,
    now: &[(&'static str, String)],
) -> Vec<(&'static str, Option<String>)> {
    let news = now.iter().filter(|fact| !before.contains(fact));
    let mut changed: Vec<_> = news.map(|(name, fact)| (*name, Some(fact.clone()))).collect();
    let is_shown = |name| now.iter().any(|(shown, _)| *shown == name);
    changed.extend(before.into_iter().filter(|(name, _)| !is_shown(*name)).map(|(name, _)| (name, None)));
    changed
}
