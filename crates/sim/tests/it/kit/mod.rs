//! Worlds, clients and faults in one line each.

pub(crate) mod chatter;
pub(crate) mod puppet;
pub(crate) mod store;
pub(crate) mod watch;

use anachron_sim::{
    AfterTimeout, ClientPlan, DiskSettings, Distribution, Fault, Link, NodeChoice, Retry, ScheduledFault,
    ScriptedOperation, Workload, World,
};
use anachron_trace::Endpoint;
use anachron_vocabulary::{ClientId, Key, NodeId, Operation, Ratio, VirtualDuration, VirtualTime};

pub(crate) const KEY: Key = Key(0);

pub(crate) const fn ms(n: u64) -> VirtualDuration {
    VirtualDuration::millis(n)
}

pub(crate) const fn at(millis: u64) -> VirtualTime {
    VirtualTime(millis * 1_000_000)
}

pub(crate) fn constant(millis: u64) -> Distribution {
    Distribution::Constant(ms(millis))
}

pub(crate) fn uniform(low: u64, high: u64) -> Distribution {
    Distribution::Uniform { low: ms(low), high: ms(high) }
}

pub(crate) fn ratio(numerator: u32, denominator: u32) -> Ratio {
    Ratio::new(numerator, denominator).expect("a ratio")
}

pub(crate) const fn n(node: u16) -> Endpoint {
    Endpoint::Node(NodeId(node))
}

pub(crate) const fn c(client: u32) -> Endpoint {
    Endpoint::Client(ClientId(client))
}

/// One second, links of a millisecond, syncs that take no time, no clients, no faults.
pub(crate) fn world(nodes: u16) -> World {
    World {
        seed: 1,
        nodes,
        network: Link::reliable(constant(1)),
        client_network: Link::reliable(constant(1)),
        special_links: Vec::new(),
        clocks: Vec::new(),
        disks: Vec::new(),
        clients: Vec::new(),
        keys: vec!["x".to_owned(), "y".to_owned()],
        faults: Vec::new(),
        operator: Vec::new(),
        duration: ms(1_000),
        step_limit: 1_000_000,
        afterwards: None,
    }
}

pub(crate) fn fault(from: u64, until: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault { at: at(from), until: Some(at(until)), fault, label: format!("fault at {from}") }
}

pub(crate) fn forever(from: u64, fault: Fault) -> ScheduledFault {
    ScheduledFault { at: at(from), until: None, fault, label: format!("fault at {from}") }
}

/// Tries once and gives up.
pub(crate) fn once() -> Retry {
    Retry {
        attempts: 1,
        backoff: constant(5),
        after_timeout: AfterTimeout::GiveUp,
        ask_again_for_lock: None,
        deadline: None,
    }
}

pub(crate) fn retry(attempts: u32, after_timeout: AfterTimeout) -> Retry {
    Retry { attempts, after_timeout, ..once() }
}

pub(crate) fn script(operations: &[(u64, Operation)]) -> Workload {
    let scripted = |(time, operation): &(u64, Operation)| ScriptedOperation {
        at: at(*time),
        key: KEY,
        operation: operation.clone(),
        node: None,
    };
    Workload::Script(operations.iter().map(scripted).collect())
}

/// A client of node 0 that waits 20 ms and tries once.
pub(crate) fn client(name: &str, workload: Workload) -> ClientPlan {
    ClientPlan {
        name: name.to_owned(),
        workload,
        choice: NodeChoice::Fixed(NodeId(0)),
        timeout: ms(20),
        retry: once(),
    }
}

pub(crate) fn write(value: i64) -> Operation {
    Operation::Write(value.into())
}

/// A disk whose writes take no time and whose syncs take this long.
pub(crate) fn disk(sync_millis: u64) -> DiskSettings {
    DiskSettings { write: Distribution::ZERO, sync: constant(sync_millis) }
}
