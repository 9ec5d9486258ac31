//! The fault plan.

use anachron_vocabulary::{Ratio, VirtualDuration, VirtualTime};

use super::check::Check;
use super::latency;
use crate::path::Path;
use crate::quantity::{DurationText, RatioText};
use crate::written;
use crate::{FaultPlan, Latency, PlannedFault, PlannedKind};

pub(crate) fn resolve(
    check: &mut Check<'_>,
    path: &Path,
    nodes: usize,
    duration: VirtualDuration,
    written: written::FaultPlan,
) -> FaultPlan {
    let from = written.from.map_or(VirtualTime::ZERO, |from| VirtualTime(from.0.0));
    let until = written.until.map_or(VirtualTime(duration.0), |until| VirtualTime(until.0.0));
    check.before_end(&path.field("from"), from, duration);
    let end_path = if written.until.is_some() { path.field("until") } else { path.field("from") };
    if written.until.is_some() {
        check.ends_after(&end_path, from, until, duration);
    }
    let most = u16::try_from(nodes).unwrap_or(u16::MAX);
    let max_down = written.max_down.unwrap_or((most - 1) / 2);
    if max_down > most {
        check.error(
            &path.field("max_down"),
            format!("expected at most {most}, the number of nodes, found {max_down}"),
        );
    }
    let max_crashed = written.max_crashed.unwrap_or(most);
    if max_crashed > most {
        check.error(
            &path.field("max_crashed"),
            format!("expected at most {most}, the number of nodes, found {max_crashed}"),
        );
    }
    let path = path.field("kinds");
    let mut collector = Collector { check, path: &path, found: Vec::new() };
    collector.collect(written.kinds);
    let kinds = collector.found;
    if kinds.is_empty() {
        check.error(&path, "expected at least one kind of fault");
    }
    FaultPlan { from, until, max_down, max_crashed, kinds }
}

/// The kinds, as they are found.
struct Collector<'a, 'c> {
    check: &'a mut Check<'c>,
    path: &'a Path,
    found: Vec<PlannedFault>,
}

impl Collector<'_, '_> {
    fn add(&mut self, name: &str, every: DurationText, lasting: Option<DurationText>, kind: PlannedKind) {
        let path = self.path.field(name);
        self.check.positive(&path.field("every"), every.0);
        if let Some(lasting) = lasting {
            self.check.positive(&path.field("lasting"), lasting.0);
        }
        let mean_duration = lasting.map_or(VirtualDuration::ZERO, |lasting| lasting.0);
        self.found.push(PlannedFault { kind, mean_interval: every.0, mean_duration });
    }

    fn likely(&mut self, name: &str, field: &str, ratio: RatioText) -> Ratio {
        if ratio.0 == Ratio::ZERO {
            let path = self.path.field(name).field(field);
            self.check.error(&path, "a fault that never shows is none; expected a probability above zero");
        }
        ratio.0
    }

    fn extra(&mut self, name: &str, extra: Latency) -> Latency {
        latency::check(self.check, &self.path.field(name).field("extra"), &extra);
        extra
    }

    fn collect(&mut self, written: written::Kinds) {
        if let Some(plain) = written.partition {
            self.add("partition", plain.every, Some(plain.lasting), PlannedKind::Partition);
        }
        if let Some(plain) = written.cut {
            self.add("cut", plain.every, Some(plain.lasting), PlannedKind::Cut);
        }
        if let Some(plain) = written.isolate {
            self.add("isolate", plain.every, Some(plain.lasting), PlannedKind::Isolate);
        }
        if let Some(plain) = written.bridge {
            self.add("bridge", plain.every, Some(plain.lasting), PlannedKind::Bridge);
        }
        if let Some(slow) = written.slow_link {
            let extra = self.extra("slow-link", slow.extra);
            self.add("slow-link", slow.every, Some(slow.lasting), PlannedKind::SlowLink { extra });
        }
        if let Some(fault) = written.lossy {
            let drop = self.likely("lossy", "drop", fault.drop);
            self.add("lossy", fault.every, Some(fault.lasting), PlannedKind::Lossy { drop });
        }
        if let Some(fault) = written.duplicating {
            let duplicate = self.likely("duplicating", "duplicate", fault.duplicate);
            self.add("duplicating", fault.every, Some(fault.lasting), PlannedKind::Duplicating { duplicate });
        }
        if let Some(fault) = written.reordering {
            let reorder = self.likely("reordering", "reorder", fault.reorder);
            self.add("reordering", fault.every, Some(fault.lasting), PlannedKind::Reordering { reorder });
        }
        if let Some(fault) = written.flapping {
            self.check.positive(&self.path.field("flapping").field("period"), fault.period.0);
            let down = self.likely("flapping", "down", fault.down);
            let kind = PlannedKind::Flapping { period: fault.period.0, down };
            self.add("flapping", fault.every, Some(fault.lasting), kind);
        }
        if let Some(fault) = written.crash {
            let kind = PlannedKind::Crash { unsynced: fault.unsynced };
            self.add("crash", fault.every, Some(fault.lasting), kind);
        }
        if let Some(plain) = written.pause {
            self.add("pause", plain.every, Some(plain.lasting), PlannedKind::Pause);
        }
        if let Some(step) = written.clock_step {
            self.check.positive(&self.path.field("clock-step").field("at_most"), step.at_most.0);
            self.add("clock-step", step.every, None, PlannedKind::ClockStep { at_most: step.at_most.0 });
        }
        if let Some(fault) = written.clock_drift {
            let at_most_ppm = fault.at_most_ppm;
            if !(1..1_000_000).contains(&at_most_ppm) {
                let message = format!("expected 1 to 999999 parts per million, found {at_most_ppm}");
                self.check.error(&self.path.field("clock-drift").field("at_most_ppm"), message);
            }
            let kind = PlannedKind::ClockDrift { at_most_ppm };
            self.add("clock-drift", fault.every, Some(fault.lasting), kind);
        }
        if let Some(plain) = written.clock_freeze {
            self.add("clock-freeze", plain.every, Some(plain.lasting), PlannedKind::ClockFreeze);
        }
        if let Some(slow) = written.slow_disk {
            let extra = self.extra("slow-disk", slow.extra);
            self.add("slow-disk", slow.every, Some(slow.lasting), PlannedKind::SlowDisk { extra });
        }
        if let Some(plain) = written.lying_sync {
            self.add("lying-sync", plain.every, Some(plain.lasting), PlannedKind::LyingSync);
        }
        if let Some(fault) = written.crash_writing {
            let kind = PlannedKind::CrashWriting { unsynced: fault.unsynced };
            self.add("crash-writing", fault.every, Some(fault.lasting), kind);
        }
        if let Some(fault) = written.crash_syncing {
            let kind = PlannedKind::CrashSyncing { unsynced: fault.unsynced };
            self.add("crash-syncing", fault.every, Some(fault.lasting), kind);
        }
        if let Some(fault) = written.crash_all {
            let kind = PlannedKind::CrashAll { unsynced: fault.unsynced };
            self.add("crash-all", fault.every, Some(fault.lasting), kind);
        }
    }
}
