//! A small random world: every step is one command of the scripted driver, drawn from what is possible now.
//!
//! Not the simulator: no time, no latency, only orders of events. What fails prints the seed, which is enough to
//! run it again.

use std::fmt::Write as _;

use anachron_node::driver::Driver;
use anachron_node::{Answer, Random, Replica, RequestId};
use anachron_vocabulary::{ClientId, Key, NodeId, Reply, Value};

use super::atomicity::Operation;

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

/// A cluster, its clients and what they saw.
pub(crate) struct World<R: Replica> {
    pub(crate) driver: Driver<R>,
    pub(crate) operations: Vec<Operation>,
    nodes: u16,
    weather: Weather,
    random: Random,
    clients: Vec<Client>,
    step: u64,
    written: i64,
    answers_seen: usize,
}

impl<R: Replica> World<R> {
    pub(crate) fn new(config: R::Config, nodes: u16, weather: Weather, seed: u64) -> Self {
        let mut driver = Driver::new(config, nodes, seed);
        driver.run("show answers\nboot all").expect("commands of the driver");
        let clients = (0..4).map(|_| Client { serial: 0, open: None }).collect();
        let random = Random::new(seed, 1);
        Self {
            driver,
            operations: Vec::new(),
            nodes,
            weather,
            random,
            clients,
            step: 0,
            written: 0,
            answers_seen: 0,
        }
    }

    /// One step of anything.
    pub(crate) fn step(&mut self) {
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
        } else if happens(150) {
            self.client()
        } else if happens(200) {
            self.any_node(|world, node| world.driver.syncing(node).is_some())
                .map(|node| format!("sync {node}"))
        } else {
            self.on_a_message("deliver")
        };
        if let Some(command) = command {
            self.driver.run(&command).unwrap_or_else(|error| panic!("{error}"));
        }
        self.hear_answers();
    }

    /// Calm: all nodes are up, nothing is lost, syncs complete, and the timers that are chosen go off again and again.
    pub(crate) fn heal(
        &mut self,
        rounds: usize,
        chosen: impl Fn(&Driver<R>, NodeId, R::Timer, usize) -> bool,
    ) {
        self.driver.run("autosync on\nboot all\ndeliver all").unwrap_or_else(|error| panic!("{error}"));
        for round in 0..rounds {
            for node in (0..self.nodes).map(NodeId) {
                for timer in self.driver.timers(node) {
                    if chosen(&self.driver, node, timer, round) {
                        let script = format!("timer {node} {timer:?}\ndeliver all");
                        self.driver.run(&script).unwrap_or_else(|error| panic!("{error}"));
                    }
                }
            }
        }
    }

    /// What all nodes hold, if they hold the same.
    pub(crate) fn agreement(&self) -> Option<Vec<(Key, Value)>> {
        let mut held = (0..self.nodes).filter_map(|node| self.driver.replica(NodeId(node))).map(R::contents);
        let first = held.next().expect("a cluster has a node that is up");
        held.all(|other| other == first).then_some(first)
    }

    fn any_node(&mut self, is_right: impl Fn(&Self, NodeId) -> bool) -> Option<NodeId> {
        let right: Vec<NodeId> = (0..self.nodes).map(NodeId).filter(|&node| is_right(self, node)).collect();
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
        Some(format!("timer {node} {timer:?}"))
    }

    /// A node crashes, unless that would leave no majority.
    fn crash(&mut self) -> Option<String> {
        let up = (0..self.nodes).filter(|&node| self.driver.replica(NodeId(node)).is_some()).count();
        if 2 * (up - 1) <= usize::from(self.nodes) {
            return None;
        }
        let node = self.any_node(|world, node| world.driver.replica(node).is_some())?;
        Some(format!("crash {node}{}", if self.random.below(2) == 0 { "" } else { " keep" }))
    }

    fn boot(&mut self) -> Option<String> {
        let node = self.any_node(|world, node| world.driver.replica(node).is_none())?;
        Some(format!("boot {node}"))
    }

    /// A client asks for something; or, now and then, gives up.
    fn client(&mut self) -> Option<String> {
        let index = usize::try_from(self.random.below(self.clients.len() as u64)).expect("an index");
        if self.clients[index].open.is_some() {
            if self.random.below(10) == 0 {
                self.clients[index].open = None;
            }
            return None;
        }
        let node = self.any_node(|world, node| world.driver.replica(node).is_some())?;
        let is_write = self.random.below(2) == 0;
        let mut command = format!("request {node} ");
        let client = &mut self.clients[index];
        client.serial += 1;
        client.open = Some(self.operations.len());
        let id = RequestId { client: ClientId::from_index(index), serial: client.serial };
        write!(command, "{}#{} ", id.client, id.serial).expect("writing to a string");
        if is_write {
            self.written += 1;
            write!(command, "write x {}", self.written).expect("writing to a string");
        } else {
            command.push_str("read x");
        }
        let value = if is_write { self.written } else { 0 };
        self.operations.push(Operation { id, node, value, is_write, call: self.step, answered: None });
        Some(command)
    }

    fn hear_answers(&mut self) {
        let new = self.driver.answers()[self.answers_seen..].to_vec();
        self.answers_seen += new.len();
        for (node, id, answer) in new {
            let client = &mut self.clients[id.client.index()];
            let Some(open) = client.open.filter(|_| client.serial == id.serial) else { continue };
            client.open = None;
            let operation = &mut self.operations[open];
            assert!(operation.node == node && operation.id == id, "an answer from the node that was asked");
            match answer {
                Answer::Ok(Reply::Done) => operation.answered = Some(self.step),
                Answer::Ok(Reply::Value(value)) => {
                    operation.answered = Some(self.step);
                    operation.value = match value {
                        Value::Null => 0,
                        Value::Integer(number) => number,
                        other => panic!("nobody wrote {other}"),
                    };
                }
                Answer::Ok(Reply::Answer(_)) => panic!("nobody asked for a compare-and-set"),
                Answer::Refused(_) | Answer::Unknown => {}
            }
        }
    }
}
