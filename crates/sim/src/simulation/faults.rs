//! Faults of the schedule begin and end.

use anachron_node::Replica;
use anachron_trace::{Happening, Loss, Observer};
use anachron_vocabulary::NodeId;

use super::{Simulation, Waiting};
use crate::Fault;

impl<R: Replica, O: Observer> Simulation<'_, R, O> {
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
        self.apply_fault(number, &scheduled.fault, begins);
        if begins && matches!(scheduled.fault, Fault::ClockStep { .. }) {
            self.in_force[number] = false;
            self.observe(|| Happening::FaultEnds { fault: number });
        }
    }

    pub(super) fn apply_fault(&mut self, number: usize, fault: &Fault, begins: bool) {
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
                let process = &mut self.processes[node.index()];
                if begins {
                    process.down_by += 1;
                    if process.down_by == 1 {
                        let mut random =
                            self.streams.crash(*node, u32::try_from(number).expect("a fault's number"));
                        let (lost_records, held) = process.crash(*tail, *wipe, &mut random);
                        self.shown[node.index()] = ("", 0, 0);
                        for (_, event) in held {
                            if let Waiting::Message { id, .. } | Waiting::Request { id, .. } = event {
                                self.observe(|| Happening::Lost { message: id, why: Loss::ReceiverDown });
                            }
                        }
                        self.observe(|| Happening::Crashed { node: *node, lost_records });
                    }
                } else {
                    process.down_by -= 1;
                    if process.down_by == 0 {
                        self.boot(*node);
                    }
                }
            }
            Fault::Pause { node } => {
                let process = &mut self.processes[node.index()];
                if begins {
                    process.paused_by += 1;
                    self.observe(|| Happening::Paused { node: *node });
                } else {
                    process.paused_by -= 1;
                    if process.paused_by == 0 {
                        self.observe(|| Happening::Resumed { node: *node });
                        self.resume(*node);
                    }
                }
            }
            Fault::ClockStep { node, by } => self.processes[node.index()].clock.step_wall(*by),
            Fault::ClockDrift { node, ppm } => {
                let usual = self.world.clocks.get(node.index()).copied().unwrap_or_default().drift_ppm;
                self.processes[node.index()].clock.set_drift(now, if begins { *ppm } else { usual });
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

    /// Hands a node that goes on everything that waited for it, in order.
    pub(super) fn resume(&mut self, node: NodeId) {
        for (came, event) in std::mem::take(&mut self.processes[node.index()].held) {
            match event {
                // A timer's event is known by its time, which has passed: queue it anew if it still counts.
                Waiting::Timer { slot, boot, .. } => {
                    let process = &mut self.processes[node.index()];
                    if let Some(due) = process.timers.late(slot, came, self.now, &process.clock) {
                        self.queue.push(due, Waiting::Timer { node, boot, slot });
                    }
                }
                other => self.queue.push(self.now, other),
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
