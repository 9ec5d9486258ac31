//! Faults of the schedule begin and end.

use anachron_node::{Applied, Replica};
use anachron_trace::{Happening, Loss};
use anachron_vocabulary::{NodeId, VirtualTime};

use super::{Simulation, Waiting};
use crate::{Fault, UnsyncedTail};

impl<R: Replica> Simulation<'_, R> {
    pub(super) fn fault(&mut self, number: usize, begins: bool) {
        if self.in_force[number] == begins || (begins && self.schedule_over) {
            return;
        }
        self.in_force[number] = begins;
        self.identify(9, number as u64, u64::from(begins));
        let scheduled = &self.world.faults[number];
        if begins {
            self.observe(|| Happening::FaultBegins {
                fault: number,
                label: scheduled.label.clone(),
                nodes: scheduled.fault.nodes(),
            });
        } else {
            self.observe(|| Happening::FaultEnds { fault: number });
        }
        self.apply_fault(&scheduled.fault, begins);
        if begins && matches!(scheduled.fault, Fault::ClockStep { .. }) {
            self.in_force[number] = false;
            self.observe(|| Happening::FaultEnds { fault: number });
        }
    }

    pub(super) fn apply_fault(&mut self, fault: &Fault, begins: bool) {
        let now = self.now;
        match fault {
            Fault::Partition { .. }
            | Fault::Cut { .. }
            | Fault::Flapping { .. }
            | Fault::Slow { .. }
            | Fault::Lossy { .. }
            | Fault::Duplicating { .. }
            | Fault::Reordering { .. } => {
                let in_force =
                    self.world.faults.iter().zip(&self.in_force).filter(|(_, in_force)| **in_force);
                self.network.apply(in_force.map(|(scheduled, _)| scheduled));
            }
            Fault::Crash { node, tail, wipe } => {
                if begins {
                    self.go_down(*node, *tail, *wipe);
                } else {
                    self.processes[node.index()].down_by -= 1;
                    self.boot_if_free(*node);
                }
            }
            Fault::CrashWriting { node, tail } | Fault::CrashSyncing { node, tail } => {
                let process = &mut self.processes[node.index()];
                let armed = if matches!(fault, Fault::CrashWriting { .. }) {
                    &mut process.armed
                } else {
                    &mut process.armed_for_sync
                };
                if begins {
                    armed.push(*tail);
                } else if armed.pop().is_none() {
                    process.struck -= 1;
                    if process.struck == 0 {
                        process.down_by -= 1;
                        self.boot_if_free(*node);
                    }
                }
            }
            Fault::Pause { node } => {
                let process = &mut self.processes[node.index()];
                if begins {
                    process.paused_by += 1;
                    if process.paused_by == 1 {
                        self.observe(|| Happening::Paused { node: *node });
                    }
                } else {
                    process.paused_by -= 1;
                    if process.paused_by == 0 {
                        self.observe(|| Happening::Resumed { node: *node });
                        self.resume(*node);
                        self.boot_if_free(*node);
                    }
                }
            }
            Fault::ClockStep { node, by } => self.processes[node.index()].clock.step_wall(*by),
            Fault::ClockDrift { node, .. } => {
                let drift_ppm = self.drift_of(*node);
                self.processes[node.index()].clock.set_drift(now, drift_ppm);
                self.clock_changed(*node);
            }
            Fault::ClockFreeze { node } => {
                let process = &mut self.processes[node.index()];
                if begins {
                    process.frozen_by += 1;
                    process.clock.freeze(now);
                } else {
                    process.frozen_by -= 1;
                    if process.frozen_by == 0 {
                        process.clock.thaw(now);
                    }
                }
                self.clock_changed(*node);
            }
            Fault::SlowDisk { .. } => {} // looked up when a sync is asked for
            Fault::LyingSync { node } => {
                let lying = &mut self.processes[node.index()].lying_by;
                *lying = if begins { *lying + 1 } else { *lying - 1 };
            }
        }
    }

    /// A crash begins. One that finds the node down already keeps it down, and may still take its disk.
    fn go_down(&mut self, node: NodeId, tail: UnsyncedTail, wipe: bool) {
        let mut random = self.streams.crash(node, self.now);
        let process = &mut self.processes[node.index()];
        process.down_by += 1;
        // Down already, or to be booted when a pause ends. A node that crashes at time zero never ran, and is shown to.
        let at_start = process.down_by == 1 && self.now == VirtualTime::ZERO;
        if process.replica.is_none() && !at_start {
            if wipe {
                process.journal.crash(tail, wipe, &mut random);
            }
            return;
        }
        let (lost_records, held) = process.crash(tail, wipe, &mut random);
        self.shown[node.index()] = ("", 0, 0);
        self.applied[node.index()] = Applied::default();
        self.shown_facts[node.index()].clear();
        for (_, event) in held {
            if let Waiting::Message { id, .. } | Waiting::Request { id, .. } = event {
                self.statistics.receiver_down += 1;
                self.observe(|| Happening::Lost { message: id, why: Loss::ReceiverDown });
            }
        }
        self.observe_node(|| Happening::Crashed { node, lost_records });
    }

    /// A node has written a record. True if a fault waited for that: the node is down now.
    pub(super) fn crashed_writing(&mut self, node: NodeId) -> bool {
        let armed = std::mem::take(&mut self.processes[node.index()].armed);
        self.struck(node, &armed)
    }

    /// A node's sync is about to complete. True if a fault waited for that: the node is down now.
    pub(super) fn crashed_syncing(&mut self, node: NodeId) -> bool {
        let armed = std::mem::take(&mut self.processes[node.index()].armed_for_sync);
        self.struck(node, &armed)
    }

    fn struck(&mut self, node: NodeId, armed: &[UnsyncedTail]) -> bool {
        let Some(&tail) = armed.last() else { return false };
        self.processes[node.index()].struck += armed.len();
        self.go_down(node, tail, false);
        true
    }

    /// Boots a node that is down and that no fault keeps down or paused.
    pub(super) fn boot_if_free(&mut self, node: NodeId) {
        let process = &self.processes[node.index()];
        if process.replica.is_none() && process.down_by == 0 && process.paused_by == 0 {
            self.boot(node);
        }
    }

    /// A node's drift as it is now: of the faults in force the one that began last, or else its usual one.
    fn drift_of(&self, node: NodeId) -> i32 {
        let usual = self.world.clocks.get(node.index()).copied().unwrap_or_default().drift_ppm;
        let in_force = self.world.faults.iter().zip(&self.in_force).filter(|(_, in_force)| **in_force);
        let drifts = in_force.filter_map(|(scheduled, _)| match scheduled.fault {
            Fault::ClockDrift { node: whose, ppm } if whose == node => Some((scheduled.at, ppm)),
            _ => None,
        });
        drifts.max_by_key(|&(at, _)| at).map_or(usual, |(_, ppm)| ppm)
    }

    /// Lets a node that goes on deal with everything that waited for it, in the order in which it came. At once, not
    /// by way of the queue: there, what is due in this same moment would stand before it.
    fn resume(&mut self, node: NodeId) {
        for (came, event) in std::mem::take(&mut self.processes[node.index()].held) {
            // It may crash on the way, when it writes.
            if self.processes[node.index()].replica.is_none() {
                if let Waiting::Message { id, .. } | Waiting::Request { id, .. } = event {
                    self.statistics.receiver_down += 1;
                    self.observe(|| Happening::Lost { message: id, why: Loss::ReceiverDown });
                }
                continue;
            }
            match event {
                // A timer's event is known by its time, which has passed: it counts if the timer is still due.
                Waiting::Timer { slot, boot, .. } => {
                    let process = &mut self.processes[node.index()];
                    match process.timers.late(slot, came, self.now, &process.clock) {
                        Some(due) if due == self.now => self.timer(node, boot, slot),
                        Some(due) => self.queue.push(due, Waiting::Timer { node, boot, slot }),
                        None => {}
                    }
                }
                other => self.take(other),
            }
        }
    }

    pub(super) fn clock_changed(&mut self, node: NodeId) {
        let process = &mut self.processes[node.index()];
        let boot = process.boot;
        for (due, slot) in process.timers.clock_changed(self.now, &process.clock) {
            self.queue.push(due, Waiting::Timer { node, boot, slot });
        }
    }
}
