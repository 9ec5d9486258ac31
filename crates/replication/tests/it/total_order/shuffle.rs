//! A small random world: every step is one command of the scripted driver, drawn from what is possible now. After
//! every step the deliveries of all nodes are held against the properties of total order broadcast.
//!
//! Not the simulator: no time, no latency, only orders of events. What fails prints the seed, which is enough to
//! run it again.

use std::collections::BTreeSet;
use std::fmt::Debug;

use anachron_node::driver::Driver;
use anachron_node::{Answer, Random, Replica, Request, RequestId};
use anachron_replication::total_order::{Broadcast, Config, Delivery, MessageId, TotalOrder};
use anachron_vocabulary::{ClientId, NodeId, Reply, Value};

use crate::kit::atomicity::Operation;

/// How rough the world is, in chances out of 1000 for each step.
#[derive(Clone, Copy)]
pub(crate) struct Weather {
    pub(crate) drop: u64,
    pub(crate) duplicate: u64,
    pub(crate) timer: u64,
    pub(crate) crash: u64,
}

struct Client {
    serial: u64,
    /// The operation that it waits for.
    open: Option<usize>,
}

/// A node took a request while it was in its `boots`-th life.
struct Taken {
    node: NodeId,
    boots: u64,
    id: RequestId,
}

/// A cluster, its clients, what they saw, and what the nodes delivered.
pub(crate) struct World<B: Broadcast<Payload = Request>> {
    pub(crate) driver: Driver<TotalOrder<B>>,
    pub(crate) operations: Vec<Operation>,
    /// The longest sequence of deliveries that any node has shown.
    pub(crate) order: Vec<Delivery>,
    /// The names in `order`.
    delivered: BTreeSet<MessageId>,
    /// How many deliveries of each node's present life have been looked at.
    looked_at: Vec<usize>,
    boots: Vec<u64>,
    taken: Vec<Taken>,
    /// Clients stay with one node each. If not, they take any, and retry at others.
    loyal: bool,
    nodes: u16,
    weather: Weather,
    random: Random,
    clients: Vec<Client>,
    step: u64,
    written: i64,
    answers_seen: usize,
}

impl<B: Broadcast<Payload = Request>> World<B> {
    pub(crate) fn new(config: Config, nodes: u16, weather: Weather, loyal: bool, seed: u64) -> Self {
        let mut driver = Driver::new(config, nodes, seed);
        driver.run("show answers\nboot all").expect("commands of the driver");
        Self {
            driver,
            operations: Vec::new(),
            order: Vec::new(),
            delivered: BTreeSet::new(),
            looked_at: vec![0; usize::from(nodes)],
            boots: vec![1; usize::from(nodes)],
            taken: Vec::new(),
            loyal,
            nodes,
            weather,
            random: Random::new(seed, 1),
            clients: (0..4).map(|_| Client { serial: 0, open: None }).collect(),
            step: 0,
            written: 0,
            answers_seen: 0,
        }
    }

    /// One step of anything, and a look at what was delivered.
    ///
    /// # Errors
    /// Which property is broken.
    pub(crate) fn step(&mut self) -> Result<(), String> {
        self.step += 1;
        let mut chance = self.random.below(1000);
        let mut happens = |share: u64| {
            let yes = chance < share;
            chance = chance.saturating_sub(share);
            yes
        };
        let Weather { drop, duplicate, timer, crash } = self.weather;
        let command = if happens(drop) {
            self.on_a_message("drop")
        } else if happens(duplicate) {
            self.on_a_message("duplicate")
        } else if happens(timer) {
            self.timer()
        } else if happens(crash) {
            self.crash()
        } else if happens(20) {
            self.boot()
        } else if happens(120) {
            self.client()
        } else if happens(200) {
            self.any_node(|world, node| world.driver.syncing(node).is_some())
                .map(|node| format!("sync {node}"))
        } else {
            self.on_a_message("deliver")
        };
        if let Some(command) = command {
            self.run(&command);
        }
        self.hear_answers();
        self.look()
    }

    fn run(&mut self, script: &str) {
        self.driver.run(script).unwrap_or_else(|error| panic!("{error}"));
    }

    fn all(&self) -> impl Iterator<Item = NodeId> + use<B> {
        (0..self.nodes).map(NodeId)
    }

    // --- the properties ---

    /// Uniform integrity and uniform total order, which must hold at every moment.
    fn look(&mut self) -> Result<(), String> {
        for node in self.all() {
            let Some(replica) = self.driver.replica(node) else { continue };
            for (place, &delivery) in
                replica.delivered().iter().enumerate().skip(self.looked_at[node.index()])
            {
                let Some(&known) = self.order.get(place) else {
                    // Nobody has delivered so much before.
                    let Delivery { id, request } = delivery;
                    if !self.taken.iter().any(|taken| taken.node == id.origin && taken.id == request) {
                        return Err(format!(
                            "integrity: {node} delivers {delivery:?}, which nobody broadcast"
                        ));
                    }
                    if !self.delivered.insert(id) {
                        return Err(format!("integrity: {node} delivers {delivery:?} twice"));
                    }
                    self.order.push(delivery);
                    continue;
                };
                if known != delivery {
                    let place = place + 1;
                    return Err(format!("total order: {place} is {known:?}, but at {node} {delivery:?}"));
                }
            }
            self.looked_at[node.index()] = replica.delivered().len();
        }
        Ok(())
    }

    /// Calm: all nodes are up, nothing is lost, syncs complete, and what was not answered is sent again. Then validity
    /// and uniform agreement must hold.
    ///
    /// # Errors
    /// Which property is broken.
    pub(crate) fn heal(&mut self) -> Result<(), String> {
        self.run("autosync on\nboot all\ndeliver all");
        for _ in 0..8 {
            self.elect();
            for node in self.all() {
                for timer in self.driver.timers(node) {
                    if !is_suspicion(timer) {
                        self.run(&format!("timer {node} {timer:?}\ndeliver all"));
                    }
                }
            }
        }
        self.hear_answers();
        self.look()?;
        for node in self.all() {
            let replica = self.driver.replica(node).expect("all are up");
            if replica.delivered() != self.order {
                let (has, all) = (replica.delivered().len(), self.order.len());
                return Err(format!("agreement: {node} has delivered {has} of {all}"));
            }
            if replica.broadcast().undelivered() > 0 {
                return Err(format!("validity: {node} has not delivered all that it broadcast"));
            }
            if !self.driver.timers(node).into_iter().all(is_of_the_log) {
                return Err(format!("quiescence: {node} still waits, with nothing to wait for"));
            }
        }
        for Taken { node, boots, id } in &self.taken {
            let lived_on = self.boots[node.index()] == *boots;
            if lived_on && !self.order.iter().any(|delivery| delivery.request == *id) {
                return Err(format!("validity: {node} took {id:?} and lived on, and it is not delivered"));
            }
        }
        Ok(())
    }

    /// If the order comes from a log that nobody leads, its nodes stand for election one by one until one has won. One
    /// that leads and was deposed without a word learns of it at its next heartbeat.
    fn elect(&mut self) {
        for node in self.all() {
            let leads =
                |node: NodeId| self.driver.replica(node).is_some_and(|node| node.view().role == "leader");
            if self.all().any(leads) {
                return;
            }
            if let Some(timer) = self.driver.timers(node).into_iter().find(|&timer| is_election(timer)) {
                self.run(&format!("timer {node} {timer:?}\ndeliver all"));
            }
        }
    }

    // --- what happens ---

    fn any_node(&mut self, is_right: impl Fn(&Self, NodeId) -> bool) -> Option<NodeId> {
        let right: Vec<NodeId> = self.all().filter(|&node| is_right(self, node)).collect();
        self.any(&right)
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        if of.is_empty() {
            return None;
        }
        let index = usize::try_from(self.random.below(of.len() as u64)).expect("an index");
        Some(of[index])
    }

    /// The oldest message of a link, or half of the time any of them.
    fn on_a_message(&mut self, what: &str) -> Option<String> {
        let links = self.driver.links();
        let (from, to, count) = self.any(&links)?;
        let place = if self.random.below(2) == 0 { 1 } else { 1 + self.random.below(count as u64) };
        Some(format!("{what} {from} {to} {place}"))
    }

    fn timer(&mut self) -> Option<String> {
        let node = self.any_node(|world, node| !world.driver.timers(node).is_empty())?;
        let timer = self.any(&self.driver.timers(node))?;
        // A suspicion is a rare thing: a resend interval passes more often than a suspicion time-out.
        if is_suspicion(timer) && self.random.below(4) > 0 {
            return None;
        }
        Some(format!("timer {node} {timer:?}"))
    }

    /// A node crashes, unless that would leave no majority. Of what it had not synced, some may be left.
    fn crash(&mut self) -> Option<String> {
        let up = self.all().filter(|&node| self.driver.replica(node).is_some()).count();
        if 2 * (up - 1) <= usize::from(self.nodes) {
            return None;
        }
        let node = self.any_node(|world, node| world.driver.replica(node).is_some())?;
        self.looked_at[node.index()] = 0;
        self.boots[node.index()] += 1;
        let tail = ["", " keep", " keep 1", " torn"][usize::try_from(self.random.below(4)).expect("below 4")];
        Some(format!("crash {node}{tail}"))
    }

    fn boot(&mut self) -> Option<String> {
        let node = self.any_node(|world, node| world.driver.replica(node).is_none())?;
        Some(format!("boot {node}"))
    }

    /// A client asks for something; or, if it waits, asks again, perhaps elsewhere, or gives up.
    fn client(&mut self) -> Option<String> {
        let index = usize::try_from(self.random.below(self.clients.len() as u64)).expect("an index");
        let home = NodeId::from_index(index % usize::from(self.nodes));
        let node =
            if self.loyal { home } else { NodeId(u16::try_from(self.random.below(self.nodes.into())).ok()?) };
        let what = self.random.below(10);
        self.driver.replica(node)?;
        let open = match self.clients[index].open {
            Some(open) if what < 3 => open,
            Some(_) if what < 4 => {
                self.clients[index].open = None;
                return None;
            }
            Some(_) => return None,
            None => {
                self.clients[index].serial += 1;
                let id =
                    RequestId { client: ClientId::from_index(index), serial: self.clients[index].serial };
                let is_write = what < 5;
                self.written += i64::from(is_write);
                let value = if is_write { self.written } else { 0 };
                self.operations.push(Operation {
                    id,
                    node,
                    value,
                    is_write,
                    call: self.step,
                    answered: None,
                });
                self.clients[index].open = Some(self.operations.len() - 1);
                self.operations.len() - 1
            }
        };
        let Operation { id, value, is_write, .. } = self.operations[open];
        if is_write || !self.loyal {
            self.taken.push(Taken { node, boots: self.boots[node.index()], id });
        }
        let operation = if is_write { format!("write x {value}") } else { "read x".to_owned() };
        Some(format!("request {node} {}#{} {operation}", id.client, id.serial))
    }

    fn hear_answers(&mut self) {
        let new = self.driver.answers()[self.answers_seen..].to_vec();
        self.answers_seen += new.len();
        for (node, id, answer) in new {
            let client = &mut self.clients[id.client.index()];
            let Some(open) = client.open.filter(|_| client.serial == id.serial) else { continue };
            client.open = None;
            let operation = &mut self.operations[open];
            assert!(!self.loyal || operation.node == node, "an answer from the node that was asked");
            operation.answered = Some(self.step);
            match answer {
                Answer::Ok(Reply::Done) => assert!(operation.is_write),
                Answer::Ok(Reply::Value(Value::Null)) => operation.value = 0,
                Answer::Ok(Reply::Value(Value::Integer(number))) => operation.value = number,
                other => panic!("nobody asked for {other:?}"),
            }
        }
    }
}

/// A node has not heard for long of the one that gives out the order.
fn is_suspicion(timer: impl Debug) -> bool {
    format!("{timer:?}") == "Suspect" || is_election(timer)
}

fn is_election(timer: impl Debug) -> bool {
    format!("{timer:?}") == "Log(Election)"
}

/// A consensus protocol's log is never quiet: its leader speaks, its followers listen.
fn is_of_the_log(timer: impl Debug) -> bool {
    format!("{timer:?}").starts_with("Log(")
}
