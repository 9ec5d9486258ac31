//! The script of faults.

use anachron_vocabulary::{NodeId, Ratio, VirtualDuration, VirtualTime};

use super::check::Check;
use super::cluster::{any_link, drift};
use super::latency;
use super::names::{Names, each};
use crate::nearest::listed;
use crate::path::Path;
use crate::written;
use crate::{Endpoint, Fault, FaultAction, Links};

const ACTIONS: [&str; 15] = [
    "partition",
    "cut",
    "isolate",
    "slow-link",
    "lossy",
    "duplicating",
    "reordering",
    "flapping",
    "crash",
    "pause",
    "clock-step",
    "clock-drift",
    "clock-freeze",
    "slow-disk",
    "lying-sync",
];

pub(crate) fn resolve(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    duration: VirtualDuration,
    written: &[written::Fault],
) -> Vec<Fault> {
    let mut faults: Vec<(Path, Fault)> = Vec::new();
    for (index, fault) in written.iter().enumerate() {
        let path = path.index(index);
        if let Some(fault) = one(check, &path, names, duration, fault) {
            faults.push((path, fault));
        }
    }
    crash_once(check, &faults);
    let mut faults: Vec<Fault> = faults.into_iter().map(|(_, fault)| fault).collect();
    faults.sort_by_key(|fault| fault.at);
    faults
}

fn one(
    check: &mut Check<'_>,
    path: &Path,
    names: &Names,
    duration: VirtualDuration,
    written: &written::Fault,
) -> Option<Fault> {
    let at = VirtualTime(written.at.0.0);
    check.before_end(&path.field("at"), at, duration);
    if let Some(label) = &written.label {
        check.not_blank(&path.field("label"), label);
    }
    let mut actions = Actions { check, path, names, found: Vec::new() };
    actions.of_links(written);
    actions.of_nodes(written);
    let mut found = actions.found;
    if found.len() != 1 {
        let expected = listed(ACTIONS);
        let what = if found.is_empty() {
            format!("this fault does nothing; expected {expected}")
        } else {
            let names = listed(found.iter().map(FaultAction::name)).replace(" or ", " and ");
            format!("expected one action a fault, found {names}; write a fault for each")
        };
        check.error(path, what);
        return None;
    }
    let action = found.pop()?;
    let (end, field) = match &written.crash {
        Some(crash) => (crash.restart, path.field("crash").field("restart")),
        None => (written.until, path.field("until")),
    };
    let until = end.map(|end| VirtualTime(end.0.0));
    if let Some(until) = until {
        check.ends_after(&field, at, until, duration);
    }
    if written.until.is_some() {
        match action {
            FaultAction::Crash { .. } => check.error(
                &path.field("until"),
                "a crash ends with a restart; expected \"crash\": {\"nodes\": …, \"restart\": \"80ms\"}",
            ),
            FaultAction::ClockStep { .. } => {
                check.error(&path.field("until"), "a clock's step has no end; use a second step to go back");
            }
            _ => {}
        }
    }
    Some(Fault { at, until, label: written.label.clone(), action })
}

/// The actions of one fault, as they are found.
struct Actions<'a, 'c> {
    check: &'a mut Check<'c>,
    path: &'a Path,
    names: &'a Names,
    found: Vec<FaultAction>,
}

impl Actions<'_, '_> {
    fn of_links(&mut self, written: &written::Fault) {
        if let Some(groups) = &written.partition {
            let action = self.partition(groups);
            self.found.push(action);
        }
        if let Some(cut) = &written.cut {
            let links = self.links("cut", &cut.from, &cut.to, cut.both_ways);
            self.found.push(FaultAction::Cut(links));
        }
        if let Some(names) = &written.isolate {
            let path = self.path.field("isolate");
            let endpoints = self.names.endpoints(self.check, &path, each(&path, names));
            self.found.push(FaultAction::Isolate(endpoints));
        }
        if let Some(slow) = &written.slow_link {
            let links = self.links("slow-link", &slow.from, &slow.to, slow.both_ways);
            latency::check(self.check, &self.path.field("slow-link").field("extra"), &slow.extra);
            self.found.push(FaultAction::SlowLink { links, extra: slow.extra.clone() });
        }
        if let Some(lossy) = &written.lossy {
            let links = self.links("lossy", &lossy.from, &lossy.to, lossy.both_ways);
            self.found.push(FaultAction::Lossy { links, drop: lossy.drop.0 });
        }
        if let Some(fault) = &written.duplicating {
            let links = self.links("duplicating", &fault.from, &fault.to, fault.both_ways);
            let client = |endpoint: &Endpoint| matches!(endpoint, Endpoint::Client(_));
            if links.from.iter().chain(&links.to).any(client) {
                self.check.error(&self.path.field("duplicating"), "links with clients never duplicate");
            }
            self.found.push(FaultAction::Duplicating { links, duplicate: fault.duplicate.0 });
        }
        if let Some(fault) = &written.reordering {
            let links = self.links("reordering", &fault.from, &fault.to, fault.both_ways);
            self.found.push(FaultAction::Reordering { links, reorder: fault.reorder.0 });
        }
        if let Some(fault) = &written.flapping {
            let links = self.links("flapping", &fault.from, &fault.to, fault.both_ways);
            let path = self.path.field("flapping");
            self.check.positive(&path.field("period"), fault.period.0);
            if fault.down.0 == Ratio::ZERO {
                self.check.error(&path.field("down"), "links that are never down do not flap");
            }
            self.found.push(FaultAction::Flapping { links, period: fault.period.0, down: fault.down.0 });
        }
    }

    fn of_nodes(&mut self, written: &written::Fault) {
        if let Some(crash) = &written.crash {
            let path = self.path.field("crash");
            let path = if crash.detailed { path.field("nodes") } else { path };
            let nodes = self.names.nodes(self.check, &path, &crash.nodes);
            if crash.wipe && crash.unsynced.is_some() {
                let path = self.path.field("crash").field("unsynced");
                self.check.error(&path, "a wiped disk keeps nothing; leave `unsynced` out");
            }
            let unsynced = crash.unsynced.unwrap_or_default();
            self.found.push(FaultAction::Crash { nodes, unsynced, wipe: crash.wipe });
        }
        if let Some(names) = &written.pause {
            let nodes = self.names.nodes(self.check, &self.path.field("pause"), names);
            self.found.push(FaultAction::Pause { nodes });
        }
        if let Some(step) = &written.clock_step {
            let path = self.path.field("clock-step");
            let nodes = self.names.nodes(self.check, &path.field("nodes"), &step.nodes);
            if step.by.0 == 0 {
                self.check.error(&path.field("by"), "a step of zero changes nothing");
            }
            self.found.push(FaultAction::ClockStep { nodes, by: step.by.0 });
        }
        if let Some(fault) = &written.clock_drift {
            let path = self.path.field("clock-drift");
            let nodes = self.names.nodes(self.check, &path.field("nodes"), &fault.nodes);
            drift(self.check, &path.field("drift_ppm"), fault.drift_ppm);
            self.found.push(FaultAction::ClockDrift { nodes, drift_ppm: fault.drift_ppm });
        }
        if let Some(names) = &written.clock_freeze {
            let nodes = self.names.nodes(self.check, &self.path.field("clock-freeze"), names);
            self.found.push(FaultAction::ClockFreeze { nodes });
        }
        if let Some(slow) = &written.slow_disk {
            let path = self.path.field("slow-disk");
            let nodes = self.names.nodes(self.check, &path.field("nodes"), &slow.nodes);
            latency::check(self.check, &path.field("extra"), &slow.extra);
            self.found.push(FaultAction::SlowDisk { nodes, extra: slow.extra.clone() });
        }
        if let Some(names) = &written.lying_sync {
            let nodes = self.names.nodes(self.check, &self.path.field("lying-sync"), names);
            self.found.push(FaultAction::LyingSync { nodes });
        }
    }

    fn partition(&mut self, written: &[Vec<String>]) -> FaultAction {
        let path = self.path.field("partition");
        if written.len() < 2 {
            self.check.error(&path, "expected at least two groups: what is in one group stays together");
        }
        let mut groups: Vec<Vec<Endpoint>> = Vec::new();
        for (index, names) in written.iter().enumerate() {
            let path = path.index(index);
            let named = names.iter().enumerate().map(|(place, name)| (path.index(place), &**name));
            let group = self.names.endpoints(self.check, &path, named);
            if group.iter().any(|member| groups.iter().any(|earlier| earlier.contains(member))) {
                self.check.error(&path, "a member of this group is in an earlier group too");
            }
            groups.push(group);
        }
        FaultAction::Partition { groups }
    }

    fn links(&mut self, action: &str, from: &written::Names, to: &written::Names, both_ways: bool) -> Links {
        let path = self.path.field(action);
        let (from_path, to_path) = (path.field("from"), path.field("to"));
        let from = self.names.endpoints(self.check, &from_path, each(&from_path, from));
        let to = self.names.endpoints(self.check, &to_path, each(&to_path, to));
        if !any_link(&from, &to) && !from.is_empty() && !to.is_empty() {
            let message = "there is no link here: a link has two different ends, and one of them is a node";
            self.check.error(&path, message);
        }
        Links { from, to, both_ways }
    }
}

/// A node that is down can't crash.
fn crash_once(check: &mut Check<'_>, faults: &[(Path, Fault)]) {
    let crashes: Vec<(&Path, &Fault, &[NodeId])> = faults
        .iter()
        .filter_map(|(path, fault)| match &fault.action {
            FaultAction::Crash { nodes, .. } => Some((path, fault, &nodes[..])),
            _ => None,
        })
        .collect();
    for (index, (path, later, nodes)) in crashes.iter().enumerate() {
        for (other, (_, earlier, down)) in crashes.iter().enumerate() {
            let first = (earlier.at, other) < (later.at, index);
            let still_down = earlier.until.is_none_or(|until| later.at < until);
            if first && still_down && nodes.iter().any(|node| down.contains(node)) {
                check.error(path, format!("a node crashes here that is down since {}", earlier.at));
            }
        }
    }
}
