//! What may go wrong, drawn from the seed: for sweeps.

use anachron_vocabulary::{Ratio, VirtualDuration, VirtualTime};

use crate::{Latency, Unsynced};

/// Faults to be drawn from the seed. Data only: whoever runs the scenario draws from it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FaultPlan {
    /// When the first fault may begin.
    pub from: VirtualTime,
    /// When the last fault has ended. After `from`.
    pub until: VirtualTime,
    /// How many nodes may be crashed or paused at once.
    pub max_down: u16,
    /// How many different nodes may crash in all.
    pub max_crashed: u16,
    /// The kinds that may happen, each with its own rhythm; no kind twice, in the order of [`PlannedKind`].
    pub kinds: Vec<PlannedFault>,
}

/// One kind of fault and how often it happens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedFault {
    /// What may happen.
    pub kind: PlannedKind,
    /// The mean time from one such fault's beginning to the next one's. Positive.
    pub mean_interval: VirtualDuration,
    /// The mean time that it lasts. Zero for a clock's step.
    pub mean_duration: VirtualDuration,
}

/// A fault whose victims are drawn from the seed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlannedKind {
    /// The nodes fall into two groups.
    Partition,
    /// One directed link between nodes is cut.
    Cut,
    /// One node is cut off.
    Isolate,
    /// The nodes fall into two groups, and one node reaches both.
    Bridge,
    /// Messages on one directed link take longer.
    SlowLink {
        /// Added to its latency.
        extra: Latency,
    },
    /// All links between nodes lose messages.
    Lossy {
        /// How likely.
        drop: Ratio,
    },
    /// All links between nodes duplicate messages.
    Duplicating {
        /// How likely.
        duplicate: Ratio,
    },
    /// All links between nodes hold messages back.
    Reordering {
        /// How likely.
        reorder: Ratio,
    },
    /// One pair of nodes is connected on and off.
    Flapping {
        /// One turn, down and up. Positive.
        period: VirtualDuration,
        /// The part of each period in which the links are down.
        down: Ratio,
    },
    /// One node crashes, and restarts when the fault ends.
    Crash {
        /// What becomes of what was not synced; `None`: drawn for each crash.
        unsynced: Option<Unsynced>,
    },
    /// One node stands still.
    Pause,
    /// One node's wall clock jumps.
    ClockStep {
        /// By at most this much, forward or back.
        at_most: VirtualDuration,
    },
    /// One node's clocks run at another rate.
    ClockDrift {
        /// Faster or slower by at most so many parts per million. Below 1,000,000.
        at_most_ppm: u32,
    },
    /// One node's clocks stand still.
    ClockFreeze,
    /// One node's syncs take longer.
    SlowDisk {
        /// Added to the latency of a sync.
        extra: Latency,
    },
    /// One node's disk lies about syncs.
    LyingSync,
    /// One node crashes at its next write, if it writes, and restarts when the fault ends.
    CrashWriting {
        /// What becomes of what was not synced; `None`: drawn for each crash.
        unsynced: Option<Unsynced>,
    },
    /// One node crashes when its next sync would complete, if it syncs, and restarts when the fault ends.
    CrashSyncing {
        /// What becomes of what was not synced; `None`: drawn for each crash.
        unsynced: Option<Unsynced>,
    },
    /// All nodes crash at the same moment, and restart when the fault ends.
    CrashAll {
        /// What becomes of what was not synced; `None`: drawn for each crash.
        unsynced: Option<Unsynced>,
    },
}
