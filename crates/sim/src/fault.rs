//! What can go wrong, as data: a schedule of faults with exact times.
//!
//! A schedule is written by a person (for lessons) or drawn from the seed ([`crate::plan`], for sweeps). Both are the
//! same data afterwards: printable, editable, replayable.

use anachron_trace::Endpoint;
use anachron_vocabulary::{NodeId, Ratio, VirtualDuration, VirtualTime};

use crate::Distribution;

/// One fault and when it is in force.
#[derive(Clone, PartialEq, Debug)]
pub struct ScheduledFault {
    /// When it begins.
    pub at: VirtualTime,
    /// When it ends; `None` is never. Faults of a moment (a clock's step) have no end.
    pub until: Option<VirtualTime>,
    /// What it does.
    pub fault: Fault,
    /// How pictures name it.
    pub label: String,
}

/// What becomes of the records that were appended but not synced when a node crashes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum UnsyncedTail {
    /// All are lost.
    #[default]
    Lose,
    /// All are kept: the operating system had written them out by chance.
    Keep,
    /// A random number of them is kept, oldest first.
    Prefix,
    /// As `Prefix`, and the record behind them is found half written.
    Torn,
}

/// What a fault does.
///
/// A fault on the network is decided when a message would arrive, so a partition also cuts what is in flight; only
/// added latency is decided when a message leaves.
#[derive(Clone, PartialEq, Debug)]
pub enum Fault {
    /// Messages between different groups are lost. An endpoint in no group reaches everybody (which makes bridges).
    Partition {
        /// The sides.
        groups: Vec<Vec<Endpoint>>,
    },
    /// Messages from one set to another are lost; the other direction works.
    Cut {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
    },
    /// Messages from one set to another are lost in the first part of every period.
    Flapping {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
        /// One turn, down and up. Positive.
        period: VirtualDuration,
        /// The part of each period in which the link is down.
        down: Ratio,
    },
    /// Messages from one set to another take longer.
    Slow {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
        /// How much longer.
        extra: Distribution,
    },
    /// Messages from one set to another are lost with at least this probability.
    Lossy {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
        /// The probability.
        drop: Ratio,
    },
    /// Messages from one set of nodes to another arrive twice with at least this probability.
    Duplicating {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
        /// The probability.
        duplicate: Ratio,
    },
    /// Messages from one set to another are held back, and overtaken, with at least this probability.
    Reordering {
        /// The senders.
        from: Vec<Endpoint>,
        /// The receivers.
        to: Vec<Endpoint>,
        /// The probability.
        reorder: Ratio,
    },
    /// A node stops at once and restarts when the fault ends. What is on its way to it is lost.
    Crash {
        /// Which.
        node: NodeId,
        /// What becomes of what it had not synced.
        tail: UnsyncedTail,
        /// True if the whole disk is lost.
        wipe: bool,
    },
    /// A node stops at its next write: the record is in the journal, not synced, and whatever else the step wanted done is
    /// not done. It restarts when the fault ends. If it writes nothing until then, nothing happens. A disk that reports an
    /// error has the same effect: a node that can't write must stop, for nobody knows what is on the disk (Rebello et
    /// al. 2020).
    CrashWriting {
        /// Which.
        node: NodeId,
        /// What becomes of what it had not synced.
        tail: UnsyncedTail,
    },
    /// A node stops at the moment in which its next sync would complete: all that it did not make wait for the disk has
    /// happened, and nothing is on the disk. It restarts when the fault ends. If no sync is due until then, nothing
    /// happens.
    CrashSyncing {
        /// Which.
        node: NodeId,
        /// What becomes of what it had not synced.
        tail: UnsyncedTail,
    },
    /// A node takes no steps; what arrives waits, and comes in one burst when the fault ends.
    Pause {
        /// Which.
        node: NodeId,
    },
    /// A node's wall clock jumps by this many nanoseconds.
    ClockStep {
        /// Whose.
        node: NodeId,
        /// How far; negative is back.
        by: i64,
    },
    /// A node's clocks run fast or slow; the drift of the cluster's description returns when the fault ends.
    ClockDrift {
        /// Whose.
        node: NodeId,
        /// Parts per million; positive is fast.
        ppm: i32,
    },
    /// A node's clocks stand still.
    ClockFreeze {
        /// Whose.
        node: NodeId,
    },
    /// A node's syncs take longer.
    SlowDisk {
        /// Whose.
        node: NodeId,
        /// How much longer.
        extra: Distribution,
    },
    /// A node's syncs complete without making anything durable. No protocol survives it; it is here to show that.
    LyingSync {
        /// Whose.
        node: NodeId,
    },
}

impl Fault {
    /// The nodes it touches, in the order of their ids.
    pub fn nodes(&self) -> Vec<NodeId> {
        let of = |endpoints: &[Endpoint]| -> Vec<NodeId> {
            endpoints
                .iter()
                .filter_map(|endpoint| match endpoint {
                    Endpoint::Node(node) => Some(*node),
                    Endpoint::Client(_) => None,
                })
                .collect()
        };
        let mut nodes = match self {
            Self::Partition { groups } => groups.iter().flat_map(|group| of(group)).collect(),
            Self::Cut { from, to }
            | Self::Flapping { from, to, .. }
            | Self::Slow { from, to, .. }
            | Self::Lossy { from, to, .. }
            | Self::Duplicating { from, to, .. }
            | Self::Reordering { from, to, .. } => [of(from), of(to)].concat(),
            Self::Crash { node, .. }
            | Self::CrashWriting { node, .. }
            | Self::CrashSyncing { node, .. }
            | Self::Pause { node }
            | Self::ClockStep { node, .. }
            | Self::ClockDrift { node, .. }
            | Self::ClockFreeze { node }
            | Self::SlowDisk { node, .. }
            | Self::LyingSync { node } => vec![*node],
        };
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }
}
