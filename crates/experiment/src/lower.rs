//! From the experiment on paper to a world that can run.
//!
//! The scenario has names and plans; the world has numbers and laws. Nothing is decided here.

use anachron_node::OperatorCommand;
use anachron_scenario as paper;
use anachron_scenario::{FaultAction, Scenario, Task, Variant, WorkloadMix};
use anachron_sim as sim;
use anachron_sim::plan;
use anachron_trace::Endpoint;
use anachron_vocabulary::{Key, NodeId, Operation, Value, VirtualDuration};

/// How many steps a run may take before it is cut off: far beyond any story, and minutes of work.
const STEP_LIMIT: u64 = 200_000_000;

/// The world of a scenario's variant, with its scripted faults and seed 0.
pub fn world(scenario: &Scenario, variant: &Variant) -> sim::World {
    let network = &scenario.cluster.network;
    sim::World {
        seed: 0,
        nodes: u16::try_from(scenario.cluster.nodes.len()).expect("a scenario's cluster is small"),
        network: link(&network.between_nodes),
        client_network: link(&network.with_clients),
        special_links: network
            .exceptions
            .iter()
            .map(|((from, to), special)| sim::SpecialLink {
                from: endpoint(*from),
                to: endpoint(*to),
                link: link(special),
            })
            .collect(),
        clocks: scenario
            .cluster
            .clocks
            .iter()
            .map(|clock| sim::ClockSettings { offset: clock.offset, drift_ppm: clock.drift_ppm })
            .collect(),
        disks: scenario
            .cluster
            .disks
            .iter()
            .map(|disk| sim::DiskSettings {
                write: distribution(&disk.write),
                sync: distribution(&disk.sync),
            })
            .collect(),
        clients: scenario.clients_under(variant).iter().map(client_plan).collect(),
        keys: scenario.keys.clone(),
        faults: scenario.faults.iter().flat_map(|fault| faults(scenario, fault)).collect(),
        operator: scenario
            .operator_under(variant)
            .iter()
            .flat_map(|action| operator_actions(scenario, action))
            .collect(),
        duration: scenario.duration,
        step_limit: STEP_LIMIT,
        afterwards: scenario.afterwards.heal.then(|| sim::Afterwards {
            settle: scenario.afterwards.settle,
            probe: probe(scenario),
            within: scenario.afterwards.settle,
        }),
    }
}

/// An operator's command, to the one node that is told or to each of them.
fn operator_actions(scenario: &Scenario, action: &paper::OperatorAction) -> Vec<sim::OperatorAction> {
    let command = match &action.order {
        paper::Order::Promote => OperatorCommand::Promote,
        paper::Order::Transfer(to) => OperatorCommand::TransferLeadership { to: *to },
        paper::Order::AddLearner(node) => OperatorCommand::AddLearner { node: *node },
        paper::Order::AddVoter(node) => OperatorCommand::AddVoter { node: *node },
        paper::Order::Remove(node) => OperatorCommand::RemoveNode { node: *node },
        paper::Order::SetVoters(voters) => OperatorCommand::SetVoters { voters: voters.clone() },
    };
    let told = action.tell.map_or_else(|| scenario.node_ids().collect(), |node| vec![node]);
    told.into_iter()
        .map(|node| sim::OperatorAction { at: action.at, node, command: command.clone() })
        .collect()
}

/// The operation that must complete afterwards, on an object that nobody else uses.
fn probe(scenario: &Scenario) -> (Key, Operation) {
    let fresh = Key::from_index(scenario.keys.len());
    match scenario.model {
        paper::Model::Mutex => (fresh, Operation::Acquire),
        paper::Model::Register | paper::Model::CasRegister | paper::Model::KeyValue => {
            (fresh, Operation::Write(Value::from("probe")))
        }
        paper::Model::List => (fresh, Operation::Append(Value::from("probe"))),
        paper::Model::Queue => (fresh, Operation::Enqueue(Value::from("probe"))),
        paper::Model::Set => (fresh, Operation::Add(Value::from("probe"))),
        paper::Model::Counter => (fresh, Operation::Increment(1)),
    }
}

/// What may go wrong by chance, as the simulator draws it.
pub fn fault_plan(written: &paper::FaultPlan) -> plan::FaultPlan {
    plan::FaultPlan {
        kinds: written
            .kinds
            .iter()
            .map(|planned| plan::PlannedFault {
                kind: planned_kind(&planned.kind),
                mean_interval: planned.mean_interval,
                mean_duration: planned.mean_duration,
            })
            .collect(),
        from: written.from,
        until: written.until,
        max_nodes_down: written.max_down,
        max_nodes_crashed: written.max_crashed,
    }
}

fn planned_kind(kind: &paper::PlannedKind) -> plan::FaultKind {
    use paper::PlannedKind as Paper;
    match kind {
        Paper::Partition => plan::FaultKind::Split,
        Paper::Cut => plan::FaultKind::OneWay,
        Paper::Isolate => plan::FaultKind::Isolate,
        Paper::Bridge => plan::FaultKind::Bridge,
        Paper::SlowLink { extra } => plan::FaultKind::Slow(distribution(extra)),
        Paper::Lossy { drop } => plan::FaultKind::Lossy(*drop),
        Paper::Duplicating { duplicate } => plan::FaultKind::Duplicating(*duplicate),
        Paper::Reordering { reorder } => plan::FaultKind::Reordering(*reorder),
        Paper::Flapping { period, down } => plan::FaultKind::Flapping(*period, *down),
        Paper::Crash { unsynced } => plan::FaultKind::Crash(unsynced.map(tail)),
        Paper::Pause => plan::FaultKind::Pause,
        Paper::ClockStep { at_most } => plan::FaultKind::ClockStep(*at_most),
        Paper::ClockDrift { at_most_ppm } => plan::FaultKind::ClockDrift(*at_most_ppm),
        Paper::ClockFreeze => plan::FaultKind::ClockFreeze,
        Paper::SlowDisk { extra } => plan::FaultKind::SlowDisk(distribution(extra)),
        Paper::LyingSync => plan::FaultKind::LyingSync,
        Paper::CrashWriting { unsynced } => plan::FaultKind::CrashWriting(unsynced.map(tail)),
        Paper::CrashSyncing { unsynced } => plan::FaultKind::CrashSyncing(unsynced.map(tail)),
        Paper::CrashAll { unsynced } => plan::FaultKind::CrashAll(unsynced.map(tail)),
    }
}

fn tail(unsynced: paper::Unsynced) -> sim::UnsyncedTail {
    match unsynced {
        paper::Unsynced::Lose => sim::UnsyncedTail::Lose,
        paper::Unsynced::Keep => sim::UnsyncedTail::Keep,
        paper::Unsynced::Prefix => sim::UnsyncedTail::Prefix,
        paper::Unsynced::Torn => sim::UnsyncedTail::Torn,
    }
}

fn endpoint(endpoint: paper::Endpoint) -> Endpoint {
    match endpoint {
        paper::Endpoint::Node(node) => Endpoint::Node(node),
        paper::Endpoint::Client(client) => Endpoint::Client(client),
    }
}

fn endpoints(endpoints: &[paper::Endpoint]) -> Vec<Endpoint> {
    endpoints.iter().map(|&one| endpoint(one)).collect()
}

fn link(written: &paper::Link) -> sim::Link {
    sim::Link {
        latency: distribution(&written.latency),
        drop: written.drop,
        duplicate: written.duplicate,
        reorder: written.reorder,
        fifo: written.fifo,
    }
}

fn distribution(latency: &paper::Latency) -> sim::Distribution {
    use paper::Latency as Paper;
    let number =
        |fraction: paper::Fraction| f64::from(fraction.numerator()) / f64::from(fraction.denominator());
    match latency {
        Paper::Constant(duration) => sim::Distribution::Constant(*duration),
        Paper::Uniform { low, high } => sim::Distribution::Uniform { low: *low, high: *high },
        Paper::Exponential { mean } => sim::Distribution::Exponential { mean: *mean },
        Paper::LogNormal { median, sigma } => {
            sim::Distribution::LogNormal { median: *median, sigma: number(*sigma) }
        }
        Paper::Pareto { minimum, shape } => {
            sim::Distribution::Pareto { minimum: *minimum, shape: number(*shape) }
        }
        Paper::Mixture(parts) => sim::Distribution::Mixture(
            parts.iter().map(|(weight, part)| (*weight, distribution(part))).collect(),
        ),
        Paper::Shifted { by, rest } => {
            sim::Distribution::Shifted { by: *by, rest: Box::new(distribution(rest)) }
        }
    }
}

fn client_plan(client: &paper::Client) -> sim::ClientPlan {
    let retry = &client.retry;
    sim::ClientPlan {
        name: client.name.clone(),
        workload: workload(&client.task),
        choice: match &client.node {
            paper::NodeChoice::Fixed(node) => sim::NodeChoice::Fixed(*node),
            paper::NodeChoice::Sticky(nodes) => sim::NodeChoice::Sticky(nodes.clone()),
            paper::NodeChoice::RoundRobin(nodes) => sim::NodeChoice::RoundRobin(nodes.clone()),
            paper::NodeChoice::Nearest => sim::NodeChoice::Nearest,
            paper::NodeChoice::Leader(nodes) => sim::NodeChoice::Leader(nodes.clone()),
        },
        timeout: client.timeout,
        retry: sim::Retry {
            attempts: retry.attempts,
            backoff: distribution(&retry.backoff),
            after_timeout: match retry.after_timeout {
                paper::AfterTimeout::GiveUp => sim::AfterTimeout::GiveUp,
                paper::AfterTimeout::SameRequest => sim::AfterTimeout::SameRequest,
                paper::AfterTimeout::NewRequest => sim::AfterTimeout::NewRequest,
            },
            ask_again_for_lock: retry.ask_again_for_lock,
            deadline: retry.deadline,
        },
    }
}

fn workload(task: &Task) -> sim::Workload {
    match task {
        Task::Script(operations) => sim::Workload::Script(
            operations
                .iter()
                .map(|scripted| sim::ScriptedOperation {
                    at: scripted.at,
                    key: scripted.key,
                    operation: scripted.operation.clone(),
                    node: scripted.node,
                })
                .collect(),
        ),
        Task::Generated(generated) => sim::Workload::Generated(sim::Generated {
            start: generated.start,
            operations: generated.operations,
            think_time: distribution(&generated.think_time),
            keys: generated.keys.iter().map(|weighted| (weighted.weight, weighted.key)).collect(),
            mix: match &generated.mix {
                WorkloadMix::AcquireRelease => vec![(1, sim::OperationKind::Lock)],
                WorkloadMix::Weighted(mix) => {
                    mix.iter().map(|&(kind, weight)| (weight, operation_kind(kind))).collect()
                }
            },
            values: match generated.values {
                paper::ValueSource::Unique => sim::Values::Unique,
                paper::ValueSource::OneOf(count) => sim::Values::Below(count),
            },
        }),
    }
}

fn operation_kind(kind: paper::OperationKind) -> sim::OperationKind {
    match kind {
        paper::OperationKind::Read => sim::OperationKind::Read,
        paper::OperationKind::Write => sim::OperationKind::Write,
        paper::OperationKind::Cas => sim::OperationKind::CompareAndSet,
        paper::OperationKind::Append => sim::OperationKind::Append,
        paper::OperationKind::Delete => sim::OperationKind::Delete,
        paper::OperationKind::Enqueue => sim::OperationKind::Enqueue,
        paper::OperationKind::Dequeue => sim::OperationKind::Dequeue,
        paper::OperationKind::Add => sim::OperationKind::Add,
        paper::OperationKind::Remove => sim::OperationKind::Remove,
        paper::OperationKind::Contains => sim::OperationKind::Contains,
        paper::OperationKind::Increment => sim::OperationKind::Increment,
        paper::OperationKind::Acquire | paper::OperationKind::Release => sim::OperationKind::Lock,
    }
}

/// A scripted fault; one that strikes several nodes, or both directions of a link, becomes several.
fn faults(scenario: &Scenario, fault: &paper::Fault) -> Vec<sim::ScheduledFault> {
    let label = fault.label.clone().unwrap_or_else(|| label(scenario, &fault.action));
    let scheduled = |fault_: sim::Fault| sim::ScheduledFault {
        at: fault.at,
        until: fault.until,
        fault: fault_,
        label: label.clone(),
    };
    let on_nodes = |nodes: &[NodeId], on: &dyn Fn(NodeId) -> sim::Fault| {
        nodes.iter().map(|&node| scheduled(on(node))).collect::<Vec<_>>()
    };
    let on_links = |links: &paper::Links, on: &dyn Fn(Vec<Endpoint>, Vec<Endpoint>) -> sim::Fault| {
        let (from, to) = (endpoints(&links.from), endpoints(&links.to));
        let mut all = vec![scheduled(on(from.clone(), to.clone()))];
        if links.both_ways {
            all.push(scheduled(on(to, from)));
        }
        all
    };
    match &fault.action {
        FaultAction::Partition { groups } => {
            vec![scheduled(sim::Fault::Partition {
                groups: groups.iter().map(|group| endpoints(group)).collect(),
            })]
        }
        FaultAction::Isolate(alone) => {
            let alone = endpoints(alone);
            let nodes = scenario.node_ids().map(Endpoint::Node);
            let clients = scenario.clients.iter().map(|client| Endpoint::Client(client.id));
            let others = nodes.chain(clients).filter(|other| !alone.contains(other)).collect();
            vec![scheduled(sim::Fault::Partition { groups: vec![alone, others] })]
        }
        FaultAction::Cut(links) => on_links(links, &|from, to| sim::Fault::Cut { from, to }),
        FaultAction::SlowLink { links, extra } => {
            on_links(links, &|from, to| sim::Fault::Slow { from, to, extra: distribution(extra) })
        }
        FaultAction::Lossy { links, drop } => {
            on_links(links, &|from, to| sim::Fault::Lossy { from, to, drop: *drop })
        }
        FaultAction::Duplicating { links, duplicate } => {
            on_links(links, &|from, to| sim::Fault::Duplicating { from, to, duplicate: *duplicate })
        }
        FaultAction::Reordering { links, reorder } => {
            on_links(links, &|from, to| sim::Fault::Reordering { from, to, reorder: *reorder })
        }
        FaultAction::Flapping { links, period, down } => {
            on_links(links, &|from, to| sim::Fault::Flapping { from, to, period: *period, down: *down })
        }
        FaultAction::Crash { nodes, unsynced, wipe } => {
            on_nodes(nodes, &|node| sim::Fault::Crash { node, tail: tail(*unsynced), wipe: *wipe })
        }
        FaultAction::Pause { nodes } => on_nodes(nodes, &|node| sim::Fault::Pause { node }),
        FaultAction::ClockStep { nodes, by } => {
            on_nodes(nodes, &|node| sim::Fault::ClockStep { node, by: *by })
        }
        FaultAction::ClockDrift { nodes, drift_ppm } => {
            on_nodes(nodes, &|node| sim::Fault::ClockDrift { node, ppm: *drift_ppm })
        }
        FaultAction::ClockFreeze { nodes } => on_nodes(nodes, &|node| sim::Fault::ClockFreeze { node }),
        FaultAction::SlowDisk { nodes, extra } => {
            on_nodes(nodes, &|node| sim::Fault::SlowDisk { node, extra: distribution(extra) })
        }
        FaultAction::LyingSync { nodes } => on_nodes(nodes, &|node| sim::Fault::LyingSync { node }),
    }
}

/// How pictures name a fault whose author did not.
fn label(scenario: &Scenario, action: &FaultAction) -> String {
    let of = |endpoints: &[paper::Endpoint]| {
        endpoints.iter().map(|&one| scenario.endpoint_name(one)).collect::<Vec<_>>().join(" ")
    };
    let nodes =
        |nodes: &[NodeId]| nodes.iter().map(|&node| scenario.node_name(node)).collect::<Vec<_>>().join(" ");
    let links = |links: &paper::Links| {
        let arrow = if links.both_ways { "↔" } else { "→" };
        format!("{} {arrow} {}", of(&links.from), of(&links.to))
    };
    match action {
        FaultAction::Partition { groups } => {
            let sides: Vec<String> = groups.iter().map(|group| of(group)).collect();
            format!("partition {}", sides.join(" | "))
        }
        FaultAction::Isolate(alone) => format!("{} cut off", of(alone)),
        FaultAction::Cut(on) => format!("cut {}", links(on)),
        FaultAction::SlowLink { links: on, .. } => format!("slow {}", links(on)),
        FaultAction::Lossy { links: on, drop } => format!("{drop} lost {}", links(on)),
        FaultAction::Duplicating { links: on, duplicate } => format!("{duplicate} twice {}", links(on)),
        FaultAction::Reordering { links: on, reorder } => format!("{reorder} held back {}", links(on)),
        FaultAction::Flapping { links: on, .. } => format!("flapping {}", links(on)),
        FaultAction::Crash { nodes: on, wipe, .. } => {
            format!("{} {}", nodes(on), if *wipe { "down, disk lost" } else { "down" })
        }
        FaultAction::Pause { nodes: on } => format!("{} paused", nodes(on)),
        FaultAction::ClockStep { nodes: on, by } => {
            let sign = if *by < 0 { '−' } else { '+' };
            format!("{} clock {sign}{}", nodes(on), VirtualDuration(by.unsigned_abs()))
        }
        FaultAction::ClockDrift { nodes: on, drift_ppm } => format!("{} clock {drift_ppm:+} ppm", nodes(on)),
        FaultAction::ClockFreeze { nodes: on } => format!("{} clock frozen", nodes(on)),
        FaultAction::SlowDisk { nodes: on, .. } => format!("{} disk slow", nodes(on)),
        FaultAction::LyingSync { nodes: on } => format!("{} syncs lie", nodes(on)),
    }
}
