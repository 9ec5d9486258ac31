//! A small random world: every step is one command of the scripted driver, drawn from what is possible now. After
//! every step the nodes' histories are held against the paper's invariants.
//!
//! Not the simulator: no time, no latency, only orders of events, and clocks that know nothing of each other. What fails
//! prints the seed, which is enough to run it again.

use std::collections::BTreeMap;

use anachron_node::driver::Driver;
use anachron_node::{Answer, Random, RequestId};
use anachron_replication::chain::{Chain, Config, Epoch, State, Timer};
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

/// A cluster, its clients, what they saw, and what the nodes were seen to hold.
pub(crate) struct World {
    pub(crate) driver: Driver<Chain>,
    pub(crate) operations: Vec<Operation>,
    /// The newest epoch that any node has known.
    pub(crate) newest: Epoch,
    /// The state after so many committed updates, as the first node had it that was seen there.
    states: BTreeMap<u64, State>,
    nodes: u16,
    weather: Weather,
    random: Random,
    clients: Vec<Client>,
    step: u64,
    written: i64,
    answers_seen: usize,
    /// How many answers came from another node than the one that was asked first.
    pub(crate) from_others: u64,
}

impl World {
    pub(crate) fn new(config: Config, nodes: u16, weather: Weather, seed: u64) -> Self {
        let mut driver = Driver::new(config, nodes, seed);
        driver.run("show answers\nboot all").expect("commands of the driver");
        Self {
            driver,
            operations: Vec::new(),
            newest: Epoch(0),
            states: BTreeMap::new(),
            nodes,
            weather,
            random: Random::new(seed, 1),
            clients: (0..4).map(|_| Client { serial: 0, open: None }).collect(),
            step: 0,
            written: 0,
            answers_seen: 0,
            from_others: 0,
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
        } else if happens(30) {
            self.boot()
        } else if happens(100) {
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
    }

    fn run(&mut self, script: &str) {
        self.driver.run(script).unwrap_or_else(|error| panic!("{error}"));
    }

    fn all(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.nodes).map(NodeId)
    }

    // --- invariants ---

    /// What is committed is the same everywhere; and in one configuration the history of a member is a beginning of
    /// its predecessor's (the paper's update propagation invariant).
    ///
    /// # Errors
    /// Which is broken.
    pub(crate) fn look(&mut self) -> Result<(), String> {
        for node in self.all() {
            let Some(replica) = self.driver.replica(node) else { continue };
            let epoch = replica.configuration().epoch;
            self.newest = self.newest.max(epoch);
            let state = replica.committed();
            if replica.is_complete() || state.number == 0 {
                let known = self.states.entry(state.number).or_insert_with(|| state.clone());
                if known != state {
                    return Err(format!(
                        "{node} has committed {} updates, and others than those",
                        state.number
                    ));
                }
            }
            let configuration = replica.configuration();
            let Some(before) = configuration.predecessor(node).and_then(|node| self.driver.replica(node))
            else {
                continue;
            };
            let same = before.configuration().epoch == epoch;
            if !same || !replica.is_complete() || !before.is_complete() {
                continue;
            }
            let (own, whole) = (numbered(replica), numbered(before));
            let last = |replica: &Chain| replica.committed().number + replica.pending().len() as u64;
            if last(replica) > last(before) {
                return Err(format!("{node} has more than its predecessor in {epoch:?}"));
            }
            if own.iter().any(|(number, id)| whole.get(number).is_some_and(|other| other != id)) {
                return Err(format!("{node} has not what its predecessor has in {epoch:?}"));
            }
        }
        Ok(())
    }

    /// Calm: all nodes are up, nothing is lost, syncs complete, timers go off. Then everybody is a member, all hold the
    /// same, nobody waits, and an update and a read go through.
    ///
    /// # Errors
    /// What does not come true.
    pub(crate) fn heal(&mut self) -> Result<(), String> {
        self.run("autosync on\nboot all\ndeliver all");
        for _ in 0..12 {
            for timer in [Timer::Heartbeat, Timer::Check, Timer::Resend] {
                for node in self.all() {
                    if self.driver.timers(node).contains(&timer) {
                        self.run(&format!("timer {node} {timer:?}\ndeliver all"));
                    }
                }
            }
        }
        self.hear_answers();
        self.look()?;
        let (member, other) = (NodeId(0), NodeId(1));
        self.run(&format!(
            "request {member} c9#1 write probe 1\ndeliver all\nrequest {other} c9#2 read probe\ndeliver all"
        ));
        for serial in [1, 2] {
            let id = RequestId { client: ClientId(8), serial };
            let is_ok =
                |(_, to, answer): &(NodeId, RequestId, Answer)| *to == id && matches!(answer, Answer::Ok(_));
            if !self.driver.answers()[self.answers_seen..].iter().any(is_ok) {
                return Err(format!("progress: {id:?} is not answered"));
            }
        }
        let master = NodeId(self.nodes - 1);
        let chain = self.driver.replica(master).expect("all are up").configuration().clone();
        if chain.chain.len() + 1 != usize::from(self.nodes) || chain.joining.is_some() {
            return Err(format!("progress: not everybody is a member of {chain:?}"));
        }
        let state = self.driver.replica(member).expect("all are up").committed().clone();
        for node in self.all().filter(|&node| node != master) {
            let replica = self.driver.replica(node).expect("all are up");
            if !replica.is_complete() || *replica.committed() != state || !replica.pending().is_empty() {
                return Err(format!("divergence: {node} holds something else"));
            }
            if self.driver.timers(node).contains(&Timer::Resend) {
                return Err(format!("quiescence: {node} still waits, with nothing to wait for"));
            }
        }
        Ok(())
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
        Some(format!("timer {node} {timer:?}"))
    }

    /// Any node may crash, the master too. Of what it had not synced, some may be left.
    fn crash(&mut self) -> Option<String> {
        let node = self.any_node(|world, node| world.driver.replica(node).is_some())?;
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
        let node = NodeId(u16::try_from(self.random.below(u64::from(self.nodes) - 1)).ok()?);
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
                let call = self.step;
                self.operations.push(Operation { id, value, is_write, call, answered: None, node });
                self.clients[index].open = Some(self.operations.len() - 1);
                self.operations.len() - 1
            }
        };
        let Operation { id, value, is_write, .. } = self.operations[open];
        let operation = if is_write { format!("write x {value}") } else { "read x".to_owned() };
        Some(format!("request {node} {}#{} {operation}", id.client, id.serial))
    }

    fn hear_answers(&mut self) {
        let new = self.driver.answers()[self.answers_seen..].to_vec();
        self.answers_seen += new.len();
        for (node, id, answer) in new {
            let client = &mut self.clients[id.client.index()];
            let Some(open) = client.open.filter(|_| client.serial == id.serial) else { continue };
            let operation = &mut self.operations[open];
            match answer {
                Answer::Ok(Reply::Done) => assert!(operation.is_write),
                Answer::Ok(Reply::Value(Value::Null)) => operation.value = 0,
                Answer::Ok(Reply::Value(Value::Integer(number))) => operation.value = number,
                Answer::Ok(other) => panic!("nobody asked for {other:?}"),
                // The client asks again.
                Answer::Refused(_) | Answer::Unknown => continue,
            }
            client.open = None;
            operation.answered = Some(self.step);
            self.from_others += u64::from(operation.node != node);
        }
    }
}

/// The updates that are not known to be committed, by number.
fn numbered(replica: &Chain) -> BTreeMap<u64, RequestId> {
    (replica.committed().number + 1..).zip(replica.pending()).collect()
}
