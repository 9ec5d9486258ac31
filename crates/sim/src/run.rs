//! What a run leaves behind.

use anachron_history::History;
use anachron_node::Replica;
use anachron_trace::{Fingerprint, Observer};
use anachron_vocabulary::{Key, Value, VirtualDuration, VirtualTime};

use crate::check::check;
use crate::simulation::Simulation;
use crate::{
    AfterTimeout, Afterwards, ClientPlan, Distribution, NodeChoice, Retry, ScriptedOperation, Workload, World,
};

/// The result of one run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What the clients saw.
    pub history: History,
    /// Names the run: equal for equal version, world, strategy and seed.
    pub fingerprint: Fingerprint,
    /// What it took.
    pub statistics: Statistics,
    /// The answers to what was asked afterwards, if it was and if [`World::step_limit`] left time for them.
    pub rest: Option<Rest>,
    /// True if the run was cut off by [`World::step_limit`]: its history is honest but short.
    pub step_limit_reached: bool,
}

/// Counts of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Statistics {
    /// Events that were dealt with: deliveries, timers, syncs, wake-ups, faults, boots.
    pub steps: u64,
    /// Messages that left, duplicates and messages from and to clients included.
    pub sent: u64,
    /// Messages that reached their handler.
    pub delivered: u64,
    /// Messages lost by chance.
    pub dropped: u64,
    /// Messages lost because their link was cut when they would have arrived.
    pub cut: u64,
    /// Messages lost because their receiver was down.
    pub receiver_down: u64,
    /// Messages that the network made twice.
    pub duplicated: u64,
    /// Timers that went off.
    pub timers: u64,
    /// Syncs that completed.
    pub syncs: u64,
}

/// What was found after every fault had ended and the cluster had been left in peace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rest {
    /// True if all nodes hold the same objects.
    pub converged: bool,
    /// What each node holds.
    pub contents: Vec<Vec<(Key, Value)>>,
    /// True if an operation completed in time.
    pub progressed: bool,
}

/// Runs `world` with a strategy, for an observer to see.
///
/// Deterministic: the same world, configuration and version give the same [`Run`], observer or not.
///
/// # Panics
/// When the world's description makes no sense (it names nodes or clients that it does not have, a fault ends before
/// it begins, a run lasts longer than 292 years), or a replica breaks its contract.
pub fn simulate<R: Replica>(world: &World, config: &R::Config, observer: &mut dyn Observer) -> Run {
    check(world);
    let probe = world.afterwards.as_ref().map(|afterwards| probe_plan(world, afterwards));
    Simulation::<R>::new(world, config, probe.as_ref(), observer).run()
}

/// The client that asks whether an operation completes: at every node in turn, until it does.
fn probe_plan(world: &World, afterwards: &Afterwards) -> ClientPlan {
    let (key, operation) = afterwards.probe.clone();
    let nodes = (0..world.nodes).map(anachron_vocabulary::NodeId).collect();
    let patience = VirtualDuration(afterwards.within.0 / (4 * u64::from(world.nodes)));
    ClientPlan {
        name: "probe".to_owned(),
        workload: Workload::Script(vec![ScriptedOperation {
            at: VirtualTime::ZERO,
            key,
            operation,
            node: None,
        }]),
        choice: NodeChoice::RoundRobin(nodes),
        timeout: patience.max(VirtualDuration::nanos(1)),
        retry: Retry {
            attempts: u32::MAX,
            backoff: Distribution::Constant(VirtualDuration::millis(1)),
            after_timeout: AfterTimeout::SameRequest,
            ask_again_for_lock: Some(VirtualDuration::millis(1)),
            deadline: Some(afterwards.within),
        },
    }
}

impl Statistics {
    /// Messages that never reached their handler.
    pub fn lost(&self) -> u64 {
        self.dropped + self.cut + self.receiver_down
    }
}
