//! A small random world of writers, for the two questions of eventual consistency: do nodes agree when all is quiet,
//! and is every acknowledged write there, or one that had seen it?
//!
//! Every step is one command of the scripted driver, drawn from what is possible now. What a write replaces is known
//! from outside: what its coordinator showed just before, as a plain list of values. So the check shares nothing with
//! vectors and stamps.

use std::collections::{BTreeMap, BTreeSet};

use anachron_node::driver::Driver;
use anachron_node::{Answer, Random, Replica, RequestId};
use anachron_vocabulary::{ClientId, Key, NodeId, Value};

/// The one object.
const KEY: Key = Key(0);

struct Written {
    id: RequestId,
    /// What its coordinator held.
    saw: BTreeSet<i64>,
}

/// A cluster and its writers.
pub(crate) struct World<R: Replica> {
    pub(crate) driver: Driver<R>,
    nodes: u16,
    random: Random,
    /// True if a client's write counts as having seen its own earlier ones.
    clients_see_themselves: bool,
    written: BTreeMap<i64, Written>,
}

/// The values of a register: one, several, or none.
fn values(value: &Value) -> BTreeSet<i64> {
    match value {
        Value::Null => BTreeSet::new(),
        Value::Integer(number) => BTreeSet::from([*number]),
        Value::List(list) => list.iter().flat_map(values).collect(),
        other => panic!("nobody wrote {other}"),
    }
}

impl<R: Replica> World<R> {
    pub(crate) fn new(config: R::Config, nodes: u16, seed: u64) -> Self {
        let mut driver = Driver::new(config, nodes, seed);
        driver.run("show answers\nboot all").expect("commands of the driver");
        Self {
            driver,
            nodes,
            random: Random::new(seed, 1),
            clients_see_themselves: false,
            written: BTreeMap::new(),
        }
    }

    /// From now on a client's write counts as having seen its own earlier ones.
    #[allow(dead_code)] // not every test asks for it
    pub(crate) fn clients_see_themselves(&mut self) {
        self.clients_see_themselves = true;
    }

    fn run(&mut self, script: &str) {
        self.driver.run(script).unwrap_or_else(|error| panic!("{error}"));
    }

    fn any<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        let index = self.random.below(of.len().max(1) as u64);
        of.get(usize::try_from(index).expect("an index")).copied()
    }

    fn nodes(&self, is_right: impl Fn(&Driver<R>, NodeId) -> bool) -> Vec<NodeId> {
        (0..self.nodes).map(NodeId).filter(|&node| is_right(&self.driver, node)).collect()
    }

    fn held(&self, node: NodeId) -> BTreeSet<i64> {
        let contents = self.driver.replica(node).map(R::contents).unwrap_or_default();
        contents.iter().find(|(key, _)| *key == KEY).map(|(_, value)| values(value)).unwrap_or_default()
    }

    /// One step of anything. Disks keep what was synced.
    pub(crate) fn step(&mut self) {
        let up = |driver: &Driver<R>, node: NodeId| driver.replica(node).is_some();
        let command = match self.random.below(100) {
            0..15 => {
                let running = self.nodes(up);
                self.any(&running).map(|node| self.write(node))
            }
            15..30 => {
                let syncing = self.nodes(|driver, node| driver.syncing(node).is_some());
                self.any(&syncing).map(|node| format!("sync {node}"))
            }
            30..36 => {
                let waiting = self.nodes(|driver, node| !driver.timers(node).is_empty());
                self.any(&waiting).and_then(|node| {
                    let timers = self.driver.timers(node);
                    self.any(&timers).map(|timer| format!("timer {node} {timer:?}"))
                })
            }
            36 => {
                let running = self.nodes(up);
                self.any(&running).filter(|_| running.len() > 1).map(|node| format!("crash {node}"))
            }
            37..40 => {
                let down = self.nodes(|driver, node| !up(driver, node));
                self.any(&down).map(|node| format!("boot {node}"))
            }
            chance => {
                let links = self.driver.links();
                self.any(&links).map(|(from, to, count)| {
                    let place = 1 + self.random.below(count as u64);
                    let what = if chance < 48 { "drop" } else { "deliver" };
                    let what = if chance >= 95 { "duplicate" } else { what };
                    format!("{what} {from} {to} {place}")
                })
            }
        };
        if let Some(command) = command {
            self.run(&command);
        }
    }

    fn write(&mut self, node: NodeId) -> String {
        let value = i64::try_from(self.written.len()).expect("few writes") + 1;
        let client = ClientId(u32::try_from(self.random.below(3)).expect("small"));
        let id = RequestId { client, serial: u64::try_from(value).expect("positive") };
        let mut saw = self.held(node);
        if self.clients_see_themselves {
            saw.extend(
                self.written
                    .iter()
                    .filter(|(_, written)| written.id.client == client)
                    .map(|(value, _)| value),
            );
        }
        self.written.insert(value, Written { id, saw });
        format!("request {node} {client}#{value} write x {value}")
    }

    /// Peace: everybody is up, nothing is lost, and the timers go off again and again.
    pub(crate) fn heal(&mut self, rounds: usize) {
        self.run("autosync on\nboot all\ndeliver all");
        for _ in 0..rounds {
            for node in (0..self.nodes).map(NodeId) {
                for timer in self.driver.timers(node) {
                    self.run(&format!("timer {node} {timer:?}\ndeliver all"));
                }
            }
        }
    }

    /// What is wrong at rest, if anything is: nodes that differ, or an acknowledged write that is gone although
    /// nobody who had seen it wrote.
    pub(crate) fn wrong_at_rest(&self) -> Option<String> {
        let first = self.held(NodeId(0));
        if let Some(other) = (1..self.nodes).map(NodeId).find(|&node| self.held(node) != first) {
            return Some(format!("n1 holds {first:?} and {other} holds {:?}", self.held(other)));
        }
        // Everything that what is left has seen, step by step.
        let mut explained = first.clone();
        let mut open: Vec<i64> = first.iter().copied().collect();
        while let Some(value) = open.pop() {
            open.extend(self.written[&value].saw.iter().filter(|&&seen| explained.insert(seen)));
        }
        let acknowledged = |id: RequestId| {
            self.driver.answers().iter().any(|(_, to, answer)| *to == id && matches!(answer, Answer::Ok(_)))
        };
        let lost = self
            .written
            .iter()
            .find(|(value, written)| !explained.contains(value) && acknowledged(written.id));
        lost.map(|(value, _)| format!("{value} was acknowledged and is gone; {first:?} is left"))
    }
}
