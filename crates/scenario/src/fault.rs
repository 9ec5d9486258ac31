//! What goes wrong, at exact times.

use anachron_vocabulary::{NodeId, Ratio, VirtualDuration, VirtualTime};
use serde::Deserialize;

use crate::{Endpoint, Latency};

/// One fault of the script.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// When it begins.
    pub at: VirtualTime,
    /// When it ends: the partition heals, the crashed node restarts, the pause is over. `None`: at the end of the
    /// run, when everything heals. Always `None` for a clock's step, which has no end.
    pub until: Option<VirtualTime>,
    /// What to call it in pictures.
    pub label: Option<String>,
    /// What it does.
    pub action: FaultAction,
}

/// The directed links from any of `from` to any of `to`, and back if `both_ways`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Links {
    /// Where the messages come from. Never empty.
    pub from: Vec<Endpoint>,
    /// Where they go. Never empty.
    pub to: Vec<Endpoint>,
    /// True if the opposite direction is meant too.
    pub both_ways: bool,
}

/// What a fault does. Lists of nodes and endpoints are never empty and name nothing twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FaultAction {
    /// Nothing passes between two groups. Who is in no group reaches everybody, which makes it a bridge.
    Partition {
        /// At least two groups, no two of which share a member.
        groups: Vec<Vec<Endpoint>>,
    },
    /// Nothing passes along these links; one way, unless said otherwise.
    Cut(Links),
    /// Each of these is cut off from everybody else, nodes and clients.
    Isolate(Vec<Endpoint>),
    /// Messages take longer.
    SlowLink {
        /// Which.
        links: Links,
        /// Drawn for each message and added to its latency.
        extra: Latency,
    },
    /// Messages are lost with this probability (instead of the link's own, if it is higher).
    Lossy {
        /// Which.
        links: Links,
        /// How likely.
        drop: Ratio,
    },
    /// Messages between nodes arrive twice with this probability (instead of the link's own, if it is higher).
    Duplicating {
        /// Which.
        links: Links,
        /// How likely.
        duplicate: Ratio,
    },
    /// Messages are held back with this probability (instead of the link's own, if it is higher).
    Reordering {
        /// Which.
        links: Links,
        /// How likely.
        reorder: Ratio,
    },
    /// The links go down and up in turn, down first.
    Flapping {
        /// Which.
        links: Links,
        /// One turn, down and up. Positive.
        period: VirtualDuration,
        /// The part of each period in which the links are down.
        down: Ratio,
    },
    /// The nodes stop, lose their memory, and boot from disk when the fault ends.
    Crash {
        /// Which.
        nodes: Vec<NodeId>,
        /// What becomes of what was written and not synced.
        unsynced: Unsynced,
        /// True if the whole disk is lost.
        wipe: bool,
    },
    /// The nodes stand still, keep their memory, and then find all messages and timers waiting.
    Pause {
        /// Which.
        nodes: Vec<NodeId>,
    },
    /// The wall clocks jump. Monotonic clocks never do.
    ClockStep {
        /// Whose.
        nodes: Vec<NodeId>,
        /// By how many nanoseconds; negative: back.
        by: i64,
    },
    /// The clocks, monotonic and wall, run at another rate.
    ClockDrift {
        /// Whose.
        nodes: Vec<NodeId>,
        /// Parts per million faster than true time. Above -1,000,000.
        drift_ppm: i32,
    },
    /// The clocks, monotonic and wall, stand still, and with them all timers.
    ClockFreeze {
        /// Whose.
        nodes: Vec<NodeId>,
    },
    /// Syncs take longer.
    SlowDisk {
        /// Whose.
        nodes: Vec<NodeId>,
        /// Drawn for each sync and added to its latency.
        extra: Latency,
    },
    /// The disk says that it has synced, and has not. What was synced in this time counts as unsynced in a crash. No
    /// protocol survives it, so a strategy's guarantees end here.
    LyingSync {
        /// Whose.
        nodes: Vec<NodeId>,
    },
}

impl FaultAction {
    /// The fault's name in scenario files.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Partition { .. } => "partition",
            Self::Cut(_) => "cut",
            Self::Isolate(_) => "isolate",
            Self::SlowLink { .. } => "slow-link",
            Self::Lossy { .. } => "lossy",
            Self::Duplicating { .. } => "duplicating",
            Self::Reordering { .. } => "reordering",
            Self::Flapping { .. } => "flapping",
            Self::Crash { .. } => "crash",
            Self::Pause { .. } => "pause",
            Self::ClockStep { .. } => "clock-step",
            Self::ClockDrift { .. } => "clock-drift",
            Self::ClockFreeze { .. } => "clock-freeze",
            Self::SlowDisk { .. } => "slow-disk",
            Self::LyingSync { .. } => "lying-sync",
        }
    }
}

/// What a crash does to records that were appended and not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unsynced {
    /// All of them are gone.
    #[default]
    Lose,
    /// All of them are there, by luck.
    Keep,
    /// The first few are there; how many is drawn from the seed.
    Prefix,
    /// As with `prefix`, and the record behind them is half written.
    Torn,
}
