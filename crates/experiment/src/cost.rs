//! What an operation costs without faults: messages between nodes, and message delays one after the other.
//!
//! How it is measured: one client, nobody else, every message between nodes takes one millisecond, clients and disks take no
//! time. The causes of messages are followed through the trace: from the request to the messages that its handling sends, to
//! those that their handling sends, and so on, by way of syncs too. What a timer sends (heartbeats, resending, gossip) has no
//! such cause and does not count. The delays are the time from call to return, in milliseconds.

use std::collections::BTreeMap;

use anachron_scenario::Scenario;
use anachron_trace::{Endpoint, Event, Happening, MessageId};
use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};
use serde_json::json;

use crate::campaign::{options, with_value};
use crate::strategy::mode::Cluster;
use crate::strategy::{Mode, StrategyEntry};
use crate::{Experiment, ExperimentError};

/// What an operation costs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Cost {
    /// Messages between nodes.
    pub messages: u64,
    /// Message delays, one after the other.
    pub delays: u64,
}

impl Cost {
    fn min_of_each(self, other: Self) -> Self {
        Self { messages: self.messages.min(other.messages), delays: self.delays.min(other.delays) }
    }

    fn max_of_each(self, other: Self) -> Self {
        Self { messages: self.messages.max(other.messages), delays: self.delays.max(other.delays) }
    }
}

/// What operations of one kind cost: not always the same, where heartbeats do a part of the work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spread {
    /// The least of each.
    pub least: Cost,
    /// The most of each.
    pub most: Cost,
}

/// What a mode's operations cost in one cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Costs {
    /// A write, or an append, or taking a lock.
    pub write: Spread,
    /// A read, or giving a lock back.
    pub read: Spread,
}

/// How often each is measured. The pauses between are prime to the intervals of heartbeats, so many phases are met.
const TIMES: usize = 20;

/// One message delay.
const DELAY: VirtualDuration = VirtualDuration::millis(1);

/// Measures a mode in a cluster of so many nodes.
///
/// # Errors
/// When the mode's strategy can't be made for so many nodes.
///
/// # Panics
/// When an operation is not answered: without faults there is no reason for that.
pub fn measure(entry: &StrategyEntry, mode: &Mode, nodes: u16) -> Result<Costs, ExperimentError> {
    let (names, asked) = (mode.cluster.names(nodes), mode.cluster.asked(nodes));
    let [write, read] = mode.object.operations();
    let mut options = options(mode, nodes);
    if mode.cluster == Cluster::Locks {
        // What is done under the lock takes no time, and no timer.
        options["work_time"] = json!("0ms");
    }
    // The first pair of operations finds the leader, and is not counted. The pause between operations is no multiple of any
    // heartbeat's.
    let operations: Vec<_> = (0..2 * (TIMES + 1))
        .map(|nth| {
            let (f, place) = if nth % 2 == 0 { (write, mode.asks.write) } else { (read, mode.asks.read) };
            let node = &asked[usize::from(place.index(nodes))];
            let operation =
                json!({"at": format!("{}ms", 2_000 + 117 * nth), "f": f, "key": "x", "node": node});
            if f == write { with_value(mode.object, operation, json!(nth)) } else { operation }
        })
        .collect();
    let text = json!({
        "id": "cost", "title": "-", "story": "-", "notice": "-", "source": "-", "model": mode.object.model(), "duration": "8s",
        "afterwards": {"heal": false},
        "cluster": {"nodes": names, "network": {"latency": "1ms", "clients": {"latency": "0ms"}}},
        "clients": [{"name": "c", "node": {"leader": asked}, "timeout": "1s", "operations": operations}],
        "variants": [{"name": "v", "title": "-", "expect": {"verdict": "linearizable"},
            "strategy": {"name": entry.name, "options": options}}],
    });
    let scenario = Scenario::parse(&text.to_string()).unwrap_or_else(|errors| panic!("{errors}"));
    let experiment = Experiment::new(&scenario, &scenario.variants[0])?;
    let (_, events) = experiment.strategy.run_observed(&experiment.world(1));
    let costs = by_operation(&events);
    assert_eq!(costs.len(), 2 * (TIMES + 1), "{}: every operation is answered", mode.name);
    let of = |first: usize| {
        let same = || costs.iter().skip(2 + first).step_by(2);
        let by =
            |pick: fn(Cost, Cost) -> Cost| same().copied().reduce(pick).expect("operations were measured");
        Spread { least: by(Cost::min_of_each), most: by(Cost::max_of_each) }
    };
    Ok(Costs { write: of(0), read: of(1) })
}

/// What each operation that returned has cost, in the order of calls.
fn by_operation(events: &[Event]) -> Vec<Cost> {
    let mut costs: Vec<Cost> = Vec::new();
    let mut called = VirtualTime::ZERO;
    let mut returned = 0;
    // Which operation a message is for; which one the step that is under way is for; and whose record a sync waits for.
    let mut message_for: BTreeMap<MessageId, usize> = BTreeMap::new();
    let mut step_for: (u64, Option<usize>) = (0, None);
    let mut sync_for: BTreeMap<NodeId, usize> = BTreeMap::new();
    for Event { time, step, what } in events {
        let cause = step_for.1.filter(|_| step_for.0 == *step);
        match what {
            Happening::Call { .. } => {
                costs.push(Cost::default());
                called = *time;
            }
            Happening::Return { .. } => {
                costs.last_mut().expect("a return follows its call").delays = time.since(called).0 / DELAY.0;
                returned += 1;
            }
            Happening::Sent { message, from: Endpoint::Client(_), .. } => {
                message_for.insert(*message, costs.len() - 1);
            }
            Happening::Sent { message, to, .. } => {
                if let Some(operation) = cause {
                    message_for.insert(*message, operation);
                    costs[operation].messages += u64::from(matches!(to, Endpoint::Node(_)));
                }
            }
            Happening::Delivered { message } => step_for = (*step, message_for.get(message).copied()),
            Happening::Appended { node, .. } => {
                if let Some(operation) = cause {
                    sync_for.insert(*node, operation);
                }
            }
            Happening::Synced { node, .. } => step_for = (*step, sync_for.remove(node)),
            _ => {}
        }
    }
    // One client: its operations return in the order of their calls.
    costs.truncate(returned);
    costs
}
