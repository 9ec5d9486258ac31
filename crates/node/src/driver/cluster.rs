//! The nodes of a driven cluster: their disks, timers and clocks, and what is in flight between them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;

use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};

use super::readable::{self, Names};
use super::script::{Nodes, Show, Tail, Which};
use crate::{
    Answer, Context, Disk, Effect, OperatorCommand, Position, Random, Replica, Request, RequestId,
    Surroundings,
};

/// A message on its way.
pub(super) struct InFlight<M> {
    /// Counts every message of the run, so that `deliver all` knows which was sent first.
    sequence: u64,
    message: M,
}

/// One node.
pub(super) struct Machine<R: Replica> {
    /// `None` while the node is down.
    pub(super) replica: Option<R>,
    /// The timers that are set and when each is due, in the order in which they were set.
    pub(super) timers: Vec<(R::Timer, VirtualTime)>,
    /// Up to where the sync under way reaches.
    pub(super) syncing: Option<Position>,
    journal: Vec<R::Record>,
    /// How many records were ever appended, lost ones included: positions are never used twice.
    appended: Position,
    /// Invariant: at most `appended`.
    synced: Position,
    torn_tail: bool,
    /// Sends and answers that wait for a sync, oldest first.
    waiting: Vec<(Position, Effect<R>)>,
    now: VirtualTime,
    /// How far the wall clock is ahead of `now`, in nanoseconds.
    wall_offset: i64,
    boots: u64,
    random: Random,
}

/// The whole cluster and the text it has produced.
pub(super) struct Cluster<R: Replica> {
    pub(super) names: Names,
    pub(super) machines: Vec<Machine<R>>,
    pub(super) links: BTreeMap<(NodeId, NodeId), VecDeque<InFlight<R::Message>>>,
    /// The links that `deliver all` passes over.
    pub(super) held: BTreeSet<(NodeId, NodeId)>,
    pub(super) answers: Vec<(NodeId, RequestId, Answer)>,
    pub(super) show: Show,
    config: R::Config,
    seed: u64,
    sent: u64,
    autosync: bool,
    output: String,
}

impl<R: Replica> Cluster<R> {
    pub(super) fn new(config: R::Config, nodes: u16, seed: u64) -> Self {
        let machine = |_| Machine {
            replica: None,
            timers: Vec::new(),
            syncing: None,
            journal: Vec::new(),
            appended: Position(0),
            synced: Position(0),
            torn_tail: false,
            waiting: Vec::new(),
            now: VirtualTime::ZERO,
            wall_offset: 0,
            boots: 0,
            random: Random::new(seed, 0),
        };
        Self {
            names: Names::default(),
            machines: (0..nodes).map(machine).collect(),
            links: BTreeMap::new(),
            held: BTreeSet::new(),
            answers: Vec::new(),
            show: Show::Everything,
            config,
            seed,
            sent: 0,
            autosync: false,
            output: String::new(),
        }
    }

    // --- text ---

    pub(super) fn print(&mut self, line: &str) {
        self.output.push_str(line);
        self.output.push('\n');
    }

    /// Prints what must always be seen.
    fn tell(&mut self, text: &str) {
        self.print(&format!("  {text}"));
    }

    /// Prints what `show answers` leaves out.
    fn mention(&mut self, text: impl FnOnce(&Names) -> String) {
        if self.show == Show::Everything {
            let text = text(&self.names);
            self.tell(&text);
        }
    }

    pub(super) fn take_output(&mut self) -> String {
        std::mem::take(&mut self.output)
    }

    // --- nodes ---

    pub(super) fn machine(&self, node: NodeId) -> &Machine<R> {
        &self.machines[usize::from(node.0)]
    }

    fn machine_mut(&mut self, node: NodeId) -> &mut Machine<R> {
        &mut self.machines[usize::from(node.0)]
    }

    pub(super) fn is_up(&self, node: NodeId) -> bool {
        self.machine(node).replica.is_some()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = NodeId> + use<R> {
        (0..self.size()).map(NodeId)
    }

    fn size(&self) -> u16 {
        u16::try_from(self.machines.len()).expect("built from a 16-bit count")
    }

    pub(super) fn each(&mut self, nodes: Nodes, act: impl Fn(&mut Self, NodeId)) {
        match nodes {
            Nodes::All => self.all().for_each(|node| act(self, node)),
            Nodes::One(node) => act(self, node),
        }
    }

    pub(super) fn boot(&mut self, node: NodeId) {
        let (seed, size, config) = (self.seed, self.size(), self.config.clone());
        let machine = self.machine_mut(node);
        assert!(machine.replica.is_none(), "a node boots only while it is down");
        machine.boots += 1;
        // A stream of its own for every boot: a crash more or less elsewhere shifts nothing here.
        machine.random = Random::new(seed, u64::from(node.0) << 32 | machine.boots);
        let mut effects = Vec::new();
        let disk = Disk { records: &machine.journal, torn_tail: std::mem::take(&mut machine.torn_tail) };
        let mut cx = Context::new(Surroundings {
            node,
            nodes: size,
            now: machine.now,
            wall_clock: wall_clock(machine.now, machine.wall_offset),
            observed: true,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        let replica = R::boot(&config, disk, &mut cx);
        machine.replica = Some(replica);
        self.carry_out(node, effects);
        self.settle(node);
    }

    /// One step of a node that is up.
    fn step(&mut self, node: NodeId, act: impl FnOnce(&mut R, &mut Context<'_, R>)) {
        let size = self.size();
        let machine = self.machine_mut(node);
        let mut effects = Vec::new();
        let mut cx = Context::new(Surroundings {
            node,
            nodes: size,
            now: machine.now,
            wall_clock: wall_clock(machine.now, machine.wall_offset),
            observed: true,
            appended: &mut machine.appended,
            random: &mut machine.random,
            effects: &mut effects,
        });
        act(machine.replica.as_mut().expect("only a node that is up takes steps"), &mut cx);
        self.carry_out(node, effects);
    }

    /// A step, and whatever completes at once because of it.
    fn step_and_settle(&mut self, node: NodeId, act: impl FnOnce(&mut R, &mut Context<'_, R>)) {
        self.step(node, act);
        self.settle(node);
    }

    fn settle(&mut self, node: NodeId) {
        while self.autosync && self.machine(node).syncing.is_some() {
            self.complete_sync(node);
        }
    }

    fn carry_out(&mut self, node: NodeId, effects: Vec<Effect<R>>) {
        for effect in effects {
            self.carry_out_one(node, effect);
        }
    }

    fn carry_out_one(&mut self, node: NodeId, effect: Effect<R>) {
        match effect {
            Effect::Send { to, message } => self.send(node, to, message),
            Effect::Multicast { message } => {
                for to in self.all().filter(|&to| to != node) {
                    self.send(node, to, message.clone());
                }
            }
            Effect::Reply { to, answer } => {
                self.tell(&format!("{node} answers {} {}", readable::request(to), readable::answer(&answer)));
                self.answers.push((node, to, answer));
            }
            Effect::SendAfterSync { position, to, message } => {
                if position <= self.machine(node).synced {
                    self.send(node, to, message);
                } else {
                    self.mention(|names| {
                        let message = names.readable(&format!("{message:?}"));
                        format!("{node} waits for sync {} → {to} {message}", position.0)
                    });
                    self.machine_mut(node).waiting.push((position, Effect::Send { to, message }));
                }
            }
            Effect::ReplyAfterSync { position, to, answer } => {
                if position <= self.machine(node).synced {
                    self.carry_out_one(node, Effect::Reply { to, answer });
                } else {
                    self.mention(|_| {
                        let answer = readable::answer(&answer);
                        format!(
                            "{node} waits for sync {} to answer {} {answer}",
                            position.0,
                            readable::request(to)
                        )
                    });
                    self.machine_mut(node).waiting.push((position, Effect::Reply { to, answer }));
                }
            }
            Effect::SetTimer { timer, after } => {
                self.mention(|names| {
                    format!("{node} sets {} {after}", names.readable(&format!("{timer:?}")))
                });
                let machine = self.machine_mut(node);
                let due = machine.now + after;
                machine.timers.retain(|(set, _)| *set != timer);
                machine.timers.push((timer, due));
            }
            Effect::CancelTimer { timer } => {
                self.mention(|names| format!("{node} cancels {}", names.readable(&format!("{timer:?}"))));
                self.machine_mut(node).timers.retain(|(set, _)| *set != timer);
            }
            Effect::Append(record) => {
                self.mention(|names| format!("{node} appends {}", names.readable(&format!("{record:?}"))));
                self.machine_mut(node).journal.push(record);
            }
            Effect::Sync => {
                let machine = self.machine_mut(node);
                let upto = machine.appended;
                machine.syncing = Some(upto);
                self.mention(|_| format!("{node} syncs to {}", upto.0));
            }
            Effect::Note(text) => {
                let text = self.names.readable(&text);
                self.tell(&format!("{node} notes: {text}"));
            }
        }
    }

    // --- network ---

    fn send(&mut self, from: NodeId, to: NodeId, message: R::Message) {
        self.mention(|names| format!("{from} → {to} {}", names.readable(&format!("{message:?}"))));
        assert!(to.0 < self.size(), "{from} sends to {to}, which is not in the cluster");
        self.sent += 1;
        let sequence = self.sent;
        self.links.entry((from, to)).or_default().push_back(InFlight { sequence, message });
    }

    /// Takes the chosen messages off a link; says so if there are none.
    fn take(&mut self, from: NodeId, to: NodeId, which: Which) -> Vec<R::Message> {
        let link = self.links.entry((from, to)).or_default();
        let taken: Vec<R::Message> = match which {
            Which::At(index) => link.remove(index).into_iter().map(|flying| flying.message).collect(),
            Which::All => link.drain(..).map(|flying| flying.message).collect(),
        };
        if taken.is_empty() {
            self.tell(&format!("nothing like that is in flight {from} → {to}"));
        }
        taken
    }

    pub(super) fn deliver(&mut self, from: NodeId, to: NodeId, which: Which) {
        for message in self.take(from, to, which) {
            self.arrive(from, to, message);
        }
    }

    /// Delivers the message that was sent first, held links apart. False if there is none.
    pub(super) fn deliver_oldest(&mut self) -> bool {
        let oldest = self
            .links
            .iter()
            .filter(|(ends, _)| !self.held.contains(ends))
            .filter_map(|(&ends, link)| Some((link.iter().map(|flying| flying.sequence).min()?, ends)))
            .min();
        let Some((sequence, (from, to))) = oldest else { return false };
        let link = self.links.get_mut(&(from, to)).expect("found just now");
        let index = link.iter().position(|flying| flying.sequence == sequence).expect("found just now");
        let flying = link.remove(index).expect("found just now");
        self.arrive(from, to, flying.message);
        true
    }

    fn arrive(&mut self, from: NodeId, to: NodeId, message: R::Message) {
        if self.is_up(to) {
            self.mention(|names| format!("{to} ← {from} {}", names.readable(&format!("{message:?}"))));
            self.step_and_settle(to, |replica, cx| replica.on_message(from, message, cx));
        } else {
            self.mention(|names| {
                format!("{to} is down and misses {}", names.readable(&format!("{message:?} from {from}")))
            });
        }
    }

    pub(super) fn drop_messages(&mut self, from: NodeId, to: NodeId, which: Which) {
        for message in self.take(from, to, which) {
            self.mention(|names| format!("lost {from} → {to} {}", names.readable(&format!("{message:?}"))));
        }
    }

    pub(super) fn drop_all(&mut self) {
        let links: Vec<(NodeId, NodeId)> =
            self.links.iter().filter(|(_, link)| !link.is_empty()).map(|(&ends, _)| ends).collect();
        for (from, to) in links {
            self.drop_messages(from, to, Which::All);
        }
    }

    pub(super) fn duplicate(&mut self, from: NodeId, to: NodeId, which: Which) {
        let link = self.links.entry((from, to)).or_default();
        let copies: Vec<R::Message> = match which {
            Which::At(index) => link.get(index).into_iter().map(|flying| flying.message.clone()).collect(),
            Which::All => link.iter().map(|flying| flying.message.clone()).collect(),
        };
        if copies.is_empty() {
            self.tell(&format!("nothing like that is in flight {from} → {to}"));
        }
        for message in copies {
            self.send(from, to, message);
        }
    }

    pub(super) fn hold(&mut self, from: NodeId, to: Option<NodeId>, on: bool) {
        let links: Vec<(NodeId, NodeId)> = match to {
            Some(to) => vec![(from, to)],
            None => self
                .all()
                .filter(|&peer| peer != from)
                .flat_map(|peer| [(from, peer), (peer, from)])
                .collect(),
        };
        for link in links {
            if on {
                self.held.insert(link);
            } else {
                self.held.remove(&link);
            }
        }
    }

    // --- what else reaches a node ---

    /// Says that a node is down if it is.
    fn reaches(&mut self, node: NodeId) -> bool {
        let up = self.is_up(node);
        if !up {
            self.tell(&format!("{node} is down"));
        }
        up
    }

    pub(super) fn request(&mut self, node: NodeId, request: Request) {
        if self.reaches(node) {
            self.step_and_settle(node, |replica, cx| replica.on_client(request, cx));
        }
    }

    pub(super) fn operator(&mut self, node: NodeId, command: OperatorCommand) {
        if self.reaches(node) {
            self.step_and_settle(node, |replica, cx| replica.on_operator(command, cx));
        }
    }

    /// Fires the timer whose readable form (or `Debug` form, for tests) is `name`, or whose name up to its first bracket is, if only one is set.
    pub(super) fn fire(&mut self, node: NodeId, name: &str) -> Result<(), String> {
        if !self.reaches(node) {
            return Ok(());
        }
        let set: Vec<(R::Timer, VirtualTime, String)> = self
            .machine(node)
            .timers
            .iter()
            .map(|&(timer, due)| (timer, due, self.names.readable(&format!("{timer:?}"))))
            .collect();
        let exact = set.iter().filter(|(timer, _, full)| full == name || format!("{timer:?}") == name);
        let short = set.iter().filter(|(_, _, full)| full.split(['(', ' ']).next() == Some(name));
        let mut found: Vec<_> = exact.collect();
        if found.is_empty() {
            found = short.collect();
        }
        match *found.as_slice() {
            [] => self.tell(&format!("{node} has not set {name}")),
            [&(timer, due, _)] => {
                let machine = self.machine_mut(node);
                machine.timers.retain(|(set, _)| *set != timer);
                machine.now = machine.now.max(due);
                self.step_and_settle(node, |replica, cx| replica.on_timer(timer, cx));
            }
            _ => {
                let all: Vec<&str> = found.iter().map(|(_, _, full)| full.as_str()).collect();
                return Err(format!("{node} has set several such timers: {}", all.join(", ")));
            }
        }
        Ok(())
    }

    pub(super) fn clock(&mut self, node: NodeId, by: i64) {
        let by = u64::try_from(by).expect("the parser lets clocks go forward only");
        self.machine_mut(node).now += VirtualDuration(by);
    }

    pub(super) fn wall(&mut self, node: NodeId, by: i64) {
        let machine = self.machine_mut(node);
        machine.wall_offset = machine.wall_offset.saturating_add(by);
    }

    // --- disk ---

    pub(super) fn set_autosync(&mut self, on: bool) {
        self.autosync = on;
        for node in self.all() {
            if self.is_up(node) {
                self.settle(node);
            }
        }
    }

    pub(super) fn sync(&mut self, node: NodeId) {
        if !self.reaches(node) {
            return;
        }
        if self.machine(node).syncing.is_none() {
            self.tell(&format!("{node} has no sync under way"));
            return;
        }
        self.complete_sync(node);
        self.settle(node);
    }

    fn complete_sync(&mut self, node: NodeId) {
        let machine = self.machine_mut(node);
        let synced = machine.syncing.take().expect("only a sync under way completes");
        machine.synced = machine.synced.max(synced);
        let waiting = std::mem::take(&mut machine.waiting);
        let (ready, waiting): (Vec<_>, Vec<_>) =
            waiting.into_iter().partition(|(position, _)| *position <= synced);
        machine.waiting = waiting;
        self.mention(|_| format!("{node} synced to {}", synced.0));
        self.carry_out(node, ready.into_iter().map(|(_, effect)| effect).collect());
        self.step(node, |replica, cx| replica.on_synced(synced, cx));
    }

    pub(super) fn crash(&mut self, node: NodeId, tail: Tail) {
        if !self.reaches(node) {
            return;
        }
        let machine = self.machine_mut(node);
        let unsynced =
            usize::try_from(machine.appended.0 - machine.synced.0).expect("a journal fits the memory");
        let synced = machine.journal.len() - unsynced;
        let kept = match tail {
            Tail::Lost | Tail::Torn | Tail::Wiped => 0,
            Tail::Kept => unsynced,
            Tail::KeptFirst(count) => count.min(unsynced),
        };
        machine.journal.truncate(synced + kept);
        machine.torn_tail = tail == Tail::Torn && unsynced > 0;
        if tail == Tail::Wiped {
            machine.journal.clear();
        }
        // What is on the disk when a node boots is there for good.
        machine.synced = machine.appended;
        machine.syncing = None;
        machine.waiting.clear();
        machine.timers.clear();
        machine.replica = None;
        let lost = unsynced - kept;
        let records = if lost == 1 { "record" } else { "records" };
        match lost {
            _ if tail == Tail::Wiped => self.tell(&format!("{node} crashes and loses its disk")),
            0 => self.tell(&format!("{node} crashes")),
            _ => self.tell(&format!("{node} crashes and loses {lost} {records} it had not synced")),
        }
    }

    // --- what an observer sees ---

    pub(super) fn view(&mut self, node: NodeId) {
        let text = match &self.machine(node).replica {
            None => format!("{node} down"),
            Some(replica) => {
                let view = replica.view();
                let mut text = format!("{node} {} term {} commit {}", view.role, view.term, view.commit);
                for (fact, value) in view.facts {
                    write!(text, " {fact}={value}").expect("writing to a string");
                }
                text
            }
        };
        self.tell(&text);
    }

    pub(super) fn contents(&mut self, node: NodeId) {
        let text = match &self.machine(node).replica {
            None => format!("{node} down"),
            Some(replica) => format!("{node} holds {}", readable::contents(&replica.contents(), &self.names)),
        };
        self.tell(&text);
    }

    pub(super) fn show_links(&mut self) {
        let mut lines = Vec::new();
        for (&(from, to), link) in &self.links {
            for (index, flying) in link.iter().enumerate() {
                let message = self.names.readable(&format!("{:?}", flying.message));
                lines.push(format!("{from} → {to} {}. {message}", index + 1));
            }
        }
        if lines.is_empty() {
            lines.push("nothing is in flight".to_owned());
        }
        for line in &lines {
            self.tell(line);
        }
    }

    pub(super) fn show_timers(&mut self, node: NodeId) {
        let set = &self.machine(node).timers;
        let all: Vec<String> = set
            .iter()
            .map(|(timer, due)| format!("{} at {due}", self.names.readable(&format!("{timer:?}"))))
            .collect();
        let text = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        self.tell(&format!("{node} timers: {text}"));
    }
}

fn wall_clock(now: VirtualTime, offset: i64) -> i64 {
    i64::try_from(now.0).unwrap_or(i64::MAX).saturating_add(offset)
}
