//! What a world must hold to before it runs.
//!
//! Why it exists: a scenario file is checked where it is read, with line and column. A world that a program builds
//! comes without that check, and an unknown node in a list of endpoints would be taken for a client, silently. Here
//! a broken description stops the run with a sentence that says which part of it is wrong.

use std::collections::BTreeSet;

use anachron_trace::Endpoint;
use anachron_vocabulary::{Key, NodeId, VirtualDuration};

use crate::{ClientPlan, Distribution, Fault, NodeChoice, OperationKind, Values, Workload, World};

/// Longest run, afterwards included: a history's timestamps are signed.
const LONGEST: VirtualDuration = VirtualDuration(i64::MAX.cast_unsigned());

/// Unique values of one client lie in a block of this size.
pub(crate) const UNIQUE_VALUES_A_CLIENT: u32 = 1_000_000;

/// Stops with a message that names the broken part of the description.
///
/// # Panics
/// When there is one.
pub(crate) fn check(world: &World) {
    assert!(world.nodes > 0, "a cluster has at least one node");
    let peace = world.afterwards.as_ref().map_or(VirtualDuration::ZERO, |after| after.settle + after.within);
    let end = u128::from(world.duration.0) + u128::from(peace.0);
    assert!(end <= u128::from(LONGEST.0), "a run ends within {LONGEST}, 292 years");
    assert!(
        world.clocks.len() <= usize::from(world.nodes) && world.disks.len() <= usize::from(world.nodes),
        "there are more clocks or disks than nodes"
    );
    unique("key", world.keys.iter());
    unique("client", world.clients.iter().map(|client| &client.name));
    for link in [&world.network, &world.client_network] {
        distribution(&link.latency, "a link's latency");
    }
    for disk in &world.disks {
        distribution(&disk.write, "a disk's writes");
        distribution(&disk.sync, "a disk's syncs");
    }
    for special in &world.special_links {
        endpoint(world, special.from, "a special link");
        endpoint(world, special.to, "a special link");
        assert!(special.from != special.to, "a special link leads from {} to itself", special.from);
        distribution(&special.link.latency, "a special link's latency");
    }
    for plan in &world.clients {
        client(world, plan);
    }
    for (number, action) in world.operator.iter().enumerate() {
        let what = format!("operator action {number}");
        node(world, action.node, &what);
        action.command.nodes().iter().for_each(|&named| node(world, named, &what));
    }
    for (number, scheduled) in world.faults.iter().enumerate() {
        let what = format!("fault {number} ({})", scheduled.label);
        assert!(scheduled.until.is_none_or(|until| until > scheduled.at), "{what} ends before it has begun");
        fault(world, &scheduled.fault, &what);
    }
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a String>) {
    let mut seen = BTreeSet::new();
    for name in names {
        assert!(seen.insert(name), "two {what}s are called `{name}`");
    }
}

fn node(world: &World, node: NodeId, what: &str) {
    assert!(node.0 < world.nodes, "{what} names {node}, but there are {} nodes", world.nodes);
}

fn endpoint(world: &World, endpoint: Endpoint, what: &str) {
    match endpoint {
        Endpoint::Node(named) => node(world, named, what),
        Endpoint::Client(client) => {
            let clients = world.clients.len();
            assert!(
                client.index() < clients,
                "{what} names client {client}, but there are {clients} clients"
            );
        }
    }
}

fn key(world: &World, key: Key, what: &str) {
    assert!(key.index() < world.keys.len(), "{what} asks of key {}, which has no name", key.0);
}

fn client(world: &World, plan: &ClientPlan) {
    let what = format!("client {}", plan.name);
    match &plan.choice {
        NodeChoice::Fixed(named) => node(world, *named, &what),
        NodeChoice::RoundRobin(list) | NodeChoice::Sticky(list) | NodeChoice::Leader(list) => {
            assert!(!list.is_empty(), "{what} has no node to ask");
            for &named in list {
                node(world, named, &what);
            }
        }
        NodeChoice::Nearest => {}
    }
    distribution(&plan.retry.backoff, &format!("the back-off of {what}"));
    match &plan.workload {
        Workload::Script(operations) => {
            for scripted in operations {
                key(world, scripted.key, &what);
                scripted.node.into_iter().for_each(|named| node(world, named, &what));
            }
        }
        Workload::Generated(generated) => {
            generated.keys.iter().for_each(|&(_, drawn)| key(world, drawn, &what));
            assert!(generated.keys.iter().any(|&(weight, _)| weight > 0), "{what} has no key to ask of");
            let kinds = || generated.mix.iter().filter(|&&(weight, _)| weight > 0).map(|&(_, kind)| kind);
            assert!(kinds().next().is_some(), "{what} has nothing to ask");
            let writes = kinds().any(|kind| !matches!(kind, OperationKind::Read | OperationKind::Lock));
            assert!(
                !writes
                    || generated.values != Values::Unique
                    || generated.operations < UNIQUE_VALUES_A_CLIENT,
                "{what} can't write {UNIQUE_VALUES_A_CLIENT} unique values or more"
            );
            assert!(generated.values != Values::Below(0), "{what} can't draw a value below zero");
            distribution(&generated.think_time, &format!("the think time of {what}"));
        }
    }
}

fn fault(world: &World, fault: &Fault, what: &str) {
    fault.nodes().into_iter().for_each(|named| node(world, named, what));
    let endpoints = |all: &[Endpoint]| all.iter().for_each(|&named| endpoint(world, named, what));
    match fault {
        Fault::Partition { groups } => {
            for group in groups {
                endpoints(group);
            }
            let mut seen = BTreeSet::new();
            for &member in groups.iter().flatten() {
                assert!(seen.insert(member), "{what} puts {member} on two sides");
            }
        }
        Fault::Cut { from, to }
        | Fault::Flapping { from, to, .. }
        | Fault::Slow { from, to, .. }
        | Fault::Lossy { from, to, .. }
        | Fault::Duplicating { from, to, .. }
        | Fault::Reordering { from, to, .. } => {
            endpoints(from);
            endpoints(to);
        }
        _ => {}
    }
    match fault {
        Fault::Flapping { period, .. } => assert!(*period > VirtualDuration::ZERO, "{what} has no period"),
        Fault::Slow { extra, .. } | Fault::SlowDisk { extra, .. } => distribution(extra, what),
        _ => {}
    }
}

fn distribution(distribution: &Distribution, what: &str) {
    match distribution {
        Distribution::Constant(_) | Distribution::Exponential { .. } => {}
        Distribution::Uniform { low, high } => assert!(low <= high, "{what}: from {low} down to {high}"),
        Distribution::LogNormal { sigma, .. } => {
            assert!(sigma.is_finite() && *sigma >= 0.0, "{what}: a spread of {sigma}");
        }
        Distribution::Pareto { shape, .. } => {
            assert!(shape.is_finite() && *shape > 0.0, "{what}: a shape of {shape}");
        }
        Distribution::Mixture(parts) => {
            assert!(parts.iter().any(|(weight, _)| *weight > 0), "{what}: a mixture of nothing");
            for (_, part) in parts {
                assert!(!matches!(part, Distribution::Mixture(_)), "{what}: a mixture within a mixture");
                self::distribution(part, what);
            }
        }
        Distribution::Shifted { rest, .. } => self::distribution(rest, what),
    }
}
