//! Links, clocks and disks.

use std::collections::BTreeMap;

use anachron_vocabulary::Ratio;

use super::check::Check;
use super::latency;
use super::names::{Names, each};
use crate::cluster::defaults;
use crate::path::Path;
use crate::quantity::RatioText;
use crate::written;
use crate::{Clock, Cluster, Disk, Endpoint, Latency, LinkChange, Network};

/// How many links one entry of the file may change.
const MOST_LINKS: usize = 100_000;

pub(crate) fn resolve(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    nodes: Vec<String>,
    written: &written::Cluster,
) -> Cluster {
    let network = network(check, &path.field("network"), names, &written.network);
    let mut clocks = vec![Clock::default(); nodes.len()];
    for (name, clock) in &written.clocks {
        let path = path.field("clocks").field(name);
        let drift_ppm = clock.drift_ppm.unwrap_or(0);
        drift(check, &path.field("drift_ppm"), drift_ppm);
        let offset = clock.offset.map_or(0, |offset| offset.0);
        if let Some(node) = names.node(check, &path, name) {
            clocks[node.index()] = Clock { offset, drift_ppm };
        }
    }
    let disks = disks(check, &path.field("disk"), names, nodes.len(), &written.disk);
    Cluster { nodes, network, clocks, disks }
}

/// A clock may be slow or fast, and always goes forward.
pub(crate) fn drift(check: &mut Check<'_>, path: &Path, drift_ppm: i32) {
    if !(-999_999..=1_000_000).contains(&drift_ppm) {
        check.error(path, format!("expected -999999 to 1000000 parts per million, found {drift_ppm}"));
    }
}

fn network(check: &mut Check<'_>, path: &Path, names: &Names, written: &written::Network) -> Network {
    let ratio = |ratio: Option<RatioText>| ratio.map(|ratio| ratio.0);
    let among = LinkChange {
        latency: written.latency.clone(),
        drop: ratio(written.drop),
        duplicate: ratio(written.duplicate),
        reorder: ratio(written.reorder),
        fifo: written.fifo,
    };
    check_change(check, path, &among);
    let clients = LinkChange {
        latency: written.clients.latency.clone(),
        drop: ratio(written.clients.drop),
        duplicate: None,
        reorder: ratio(written.clients.reorder),
        fifo: written.clients.fifo,
    };
    check_change(check, &path.field("clients"), &clients);
    let mut network = Network {
        between_nodes: defaults::link().changed(&among),
        with_clients: defaults::link().changed(&clients),
        exceptions: BTreeMap::new(),
    };
    for (index, link) in written.links.iter().enumerate() {
        let path = path.field("links").index(index);
        let change = LinkChange {
            latency: link.latency.clone(),
            drop: ratio(link.drop),
            duplicate: ratio(link.duplicate),
            reorder: ratio(link.reorder),
            fifo: link.fifo,
        };
        check_change(check, &path, &change);
        if change == LinkChange::default() {
            check.error(
                &path,
                "this link changes nothing; expected `latency`, `drop`, `duplicate`, `reorder` or `fifo`",
            );
        }
        let from = names.endpoints(check, &path.field("from"), each(&path.field("from"), &link.from));
        let to = names.endpoints(check, &path.field("to"), each(&path.field("to"), &link.to));
        if from.len().saturating_mul(to.len()) > MOST_LINKS {
            let message = format!("this is more than {MOST_LINKS} links; set them for the whole network");
            check.error(&path, message);
            continue;
        }
        let pairs = pairs(&from, &to, link.both_ways);
        if pairs.is_empty() && !from.is_empty() && !to.is_empty() {
            check.error(
                &path,
                "there is no link here: a link has two different ends, and one of them is a node",
            );
        }
        let node_only = |pair: &(Endpoint, Endpoint)| matches!(pair, (Endpoint::Node(_), Endpoint::Node(_)));
        if change.duplicate.is_some_and(|ratio| ratio != Ratio::ZERO) && !pairs.iter().all(node_only) {
            check.error(&path.field("duplicate"), "links with clients never duplicate");
        }
        for pair in pairs {
            let changed = network.link(pair.0, pair.1).changed(&change);
            network.exceptions.insert(pair, changed);
        }
    }
    network
}

/// There is no link to oneself, and none between two clients.
fn is_link(from: Endpoint, to: Endpoint) -> bool {
    from != to && !matches!((from, to), (Endpoint::Client(_), Endpoint::Client(_)))
}

/// True if there is a link between two sets.
pub(crate) fn any_link(from: &[Endpoint], to: &[Endpoint]) -> bool {
    from.iter().any(|&from| to.iter().any(|&to| is_link(from, to)))
}

/// The links between two sets.
fn pairs(from: &[Endpoint], to: &[Endpoint], both_ways: bool) -> Vec<(Endpoint, Endpoint)> {
    let mut pairs = Vec::new();
    for &from in from {
        for &to in to.iter().filter(|&&to| is_link(from, to)) {
            pairs.push((from, to));
            if both_ways {
                pairs.push((to, from));
            }
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn check_change(check: &mut Check<'_>, path: &Path, change: &LinkChange) {
    if let Some(latency) = &change.latency {
        latency::check(check, &path.field("latency"), latency);
    }
}

fn disks(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    nodes: usize,
    written: &written::Disk,
) -> Vec<Disk> {
    let mut changed = |path: &Path, disk: &Disk, write: Option<&Latency>, sync: Option<&Latency>| {
        for (field, latency) in [("write", write), ("sync", sync)] {
            if let Some(latency) = latency {
                latency::check(check, &path.field(field), latency);
            }
        }
        Disk { write: write.unwrap_or(&disk.write).clone(), sync: sync.unwrap_or(&disk.sync).clone() }
    };
    let common = changed(path, &defaults::disk(), written.write.as_ref(), written.sync.as_ref());
    let special: Vec<(&String, Disk)> = written
        .nodes
        .iter()
        .map(|(name, of)| {
            let path = path.field("nodes").field(name);
            (name, changed(&path, &common, of.write.as_ref(), of.sync.as_ref()))
        })
        .collect();
    let mut disks = vec![common; nodes];
    for (name, disk) in special {
        if let Some(node) = names.node(check, &path.field("nodes").field(name), name) {
            disks[node.index()] = disk;
        }
    }
    disks
}
