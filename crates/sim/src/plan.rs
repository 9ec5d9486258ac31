//! Fault plans: a schedule of faults drawn from the seed.
//!
//! Each kind of fault is a renewal process on a stream of its own: exponential times between beginnings, exponential
//! lengths, targets drawn uniformly. Leaving one kind out leaves the others where they were.

use anachron_node::Random;
use anachron_trace::Endpoint;
use anachron_vocabulary::{NodeId, Ratio, VirtualDuration, VirtualTime};

use crate::streams::Streams;
use crate::{Distribution, Fault, ScheduledFault, UnsyncedTail};

/// What may go wrong in a run, and how often.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct FaultPlan {
    /// The kinds of fault, each with its rates.
    pub kinds: Vec<PlannedFault>,
    /// No fault begins before this.
    pub from: VirtualTime,
    /// Every fault ends by this.
    pub until: VirtualTime,
    /// How many nodes may be down or paused at once; a crash or pause that would exceed it is left out.
    pub max_nodes_down: u16,
    /// How many different nodes may crash in all: the first that do, again and again, and no other.
    pub max_nodes_crashed: u16,
}

/// One kind of fault and its rates.
#[derive(Clone, PartialEq, Debug)]
pub struct PlannedFault {
    /// What it does.
    pub kind: FaultKind,
    /// The mean time from one such fault's beginning to the next one's. One begins at the earliest when the last of
    /// its kind has ended.
    pub mean_interval: VirtualDuration,
    /// How long one lasts on average.
    pub mean_duration: VirtualDuration,
}

/// The kinds of fault that a plan can draw.
#[derive(Clone, PartialEq, Debug)]
pub enum FaultKind {
    /// The nodes fall into two sides: each size of a side equally likely, then each choice of its nodes.
    Split,
    /// One node is cut off.
    Isolate,
    /// One directed link is cut.
    OneWay,
    /// One pair of nodes is connected on and off, with this period, down for this part of it.
    Flapping(VirtualDuration, Ratio),
    /// The nodes fall into two sides with one node that reaches both.
    Bridge,
    /// Messages on one directed link take longer.
    Slow(Distribution),
    /// Every link loses messages.
    Lossy(Ratio),
    /// Every link duplicates messages.
    Duplicating(Ratio),
    /// Every link lets messages overtake each other.
    Reordering(Ratio),
    /// One node crashes, and restarts. What becomes of its unsynced tail is drawn each time if it is not said.
    Crash(Option<UnsyncedTail>),
    /// One node pauses.
    Pause,
    /// One node's wall clock jumps, by at most this much in either direction.
    ClockStep(VirtualDuration),
    /// One node's clocks drift, by at most this many parts per million in either direction.
    ClockDrift(u32),
    /// One node's clocks stand still.
    ClockFreeze,
    /// One node's syncs take longer.
    SlowDisk(Distribution),
    /// One node's syncs lie.
    LyingSync,
    /// One node crashes when it next writes, if it does, and restarts. Its unsynced tail as for `Crash`.
    CrashWriting(Option<UnsyncedTail>),
    /// One node crashes when its next sync would complete, if it syncs, and restarts. Its unsynced tail as for `Crash`.
    CrashSyncing(Option<UnsyncedTail>),
    /// All nodes crash at the same moment, and restart at the same moment. If it is not said what becomes of their unsynced
    /// tails, something else becomes of each one's.
    CrashAll(Option<UnsyncedTail>),
}

impl FaultPlan {
    /// Draws the schedule of one seed for a cluster of this size, in the order of beginnings.
    ///
    /// # Panics
    /// When there is no node.
    pub fn draw(&self, seed: u64, nodes: u16) -> Vec<ScheduledFault> {
        assert!(nodes > 0, "a cluster has at least one node");
        let streams = Streams::new(seed);
        let mut schedule = Vec::new();
        for (number, planned) in self.kinds.iter().enumerate() {
            let mut random = streams.fault_plan(number);
            let pause = Distribution::Exponential { mean: planned.mean_interval };
            let length = Distribution::Exponential { mean: planned.mean_duration };
            let (mut time, mut free) = (self.from, self.from);
            loop {
                // At least a nanosecond each, so that a mean of zero can't loop for ever.
                let at = free.max(time + pause.sample([random.bits(), 0])) + VirtualDuration::nanos(1);
                let until =
                    (at + length.sample([random.bits(), 0]) + VirtualDuration::nanos(1)).min(self.until);
                let target = Target::draw(nodes, &mut random);
                if at >= self.until || schedule.len() >= MOST_FAULTS {
                    break;
                }
                (time, free) = (at, until);
                if let FaultKind::CrashAll(tail) = planned.kind {
                    schedule.extend((0..nodes).map(|node| {
                        let next = TAILS[(target.quarter + usize::from(node)) % TAILS.len()];
                        let fault =
                            Fault::Crash { node: NodeId(node), tail: tail.unwrap_or(next), wipe: false };
                        let label = format!("power failure: {} down", NodeId(node));
                        ScheduledFault { at, until: Some(until), fault, label }
                    }));
                } else {
                    schedule.push(planned.kind.on(&target, at, until));
                }
            }
        }
        schedule.sort_by_key(|scheduled| scheduled.at);
        self.limit_nodes_crashed(&mut schedule);
        self.limit_nodes_down(&mut schedule);
        schedule
    }

    /// Leaves out the crashes of nodes beyond the first few that crash.
    fn limit_nodes_crashed(&self, schedule: &mut Vec<ScheduledFault>) {
        let mut crashed: Vec<NodeId> = Vec::new();
        schedule.retain(|scheduled| {
            let Some(node) = crashes(&scheduled.fault) else { return true };
            if !crashed.contains(&node) && crashed.len() < usize::from(self.max_nodes_crashed) {
                crashed.push(node);
            }
            crashed.contains(&node)
        });
    }

    /// Leaves out crashes and pauses that would take too many nodes at once. Earlier ones have precedence.
    fn limit_nodes_down(&self, schedule: &mut Vec<ScheduledFault>) {
        let mut down: Vec<(NodeId, VirtualTime)> = Vec::new();
        schedule.retain(|scheduled| {
            let paused = if let Fault::Pause { node } = scheduled.fault { Some(node) } else { None };
            let Some(node) = crashes(&scheduled.fault).or(paused) else { return true };
            down.retain(|&(_, until)| until > scheduled.at);
            let others = down.iter().filter(|(other, _)| *other != node).count();
            let kept = others < usize::from(self.max_nodes_down) && down.len() == others;
            if kept {
                down.push((node, scheduled.until.unwrap_or(VirtualTime::MAX)));
            }
            kept
        });
    }
}

/// Which node a fault takes down, or may.
fn crashes(fault: &Fault) -> Option<NodeId> {
    match fault {
        Fault::Crash { node, .. } | Fault::CrashWriting { node, .. } | Fault::CrashSyncing { node, .. } => {
            Some(*node)
        }
        _ => None,
    }
}

/// What a crash draws from.
const TAILS: [UnsyncedTail; 4] =
    [UnsyncedTail::Lose, UnsyncedTail::Keep, UnsyncedTail::Prefix, UnsyncedTail::Torn];

/// A schedule longer than this says nothing more about a protocol.
const MOST_FAULTS: usize = 100_000;

/// Whom a drawn fault strikes. Every fault draws the same number of times, whatever it needs.
struct Target {
    node: NodeId,
    other: NodeId,
    /// The nodes in random order, and where to cut that order in two.
    order: Vec<NodeId>,
    cut: usize,
    /// Between -1,000,000 and 1,000,000.
    size_ppm: i64,
    /// Below four.
    quarter: usize,
    everybody: Vec<Endpoint>,
}

impl Target {
    fn draw(nodes: u16, random: &mut Random) -> Self {
        let all: Vec<NodeId> = (0..nodes).map(NodeId).collect();
        let mut order = all.clone();
        for last in (1..order.len()).rev() {
            let other = usize::try_from(random.below(last as u64 + 1)).expect("below the size of a cluster");
            order.swap(last, other);
        }
        let sides = order.len().saturating_sub(1).max(1) as u64;
        let cut = 1 + usize::try_from(random.below(sides)).expect("below the size of a cluster");
        let size_ppm = i64::try_from(random.below(2_000_001)).expect("below 2^21") - 1_000_000;
        let quarter = usize::try_from(random.below(4)).expect("below four");
        let everybody = all.into_iter().map(Endpoint::Node).collect();
        Self {
            node: order[0],
            other: *order.last().expect("a node"),
            order,
            cut,
            size_ppm,
            quarter,
            everybody,
        }
    }

    fn side(nodes: &[NodeId]) -> Vec<Endpoint> {
        nodes.iter().copied().map(Endpoint::Node).collect()
    }
}

impl FaultKind {
    fn on(&self, target: &Target, at: VirtualTime, until: VirtualTime) -> ScheduledFault {
        let node = target.node;
        let one = vec![Endpoint::Node(node)];
        let rest = Target::side(&target.order[1..]);
        let everybody = || target.everybody.clone();
        let (left, right) = target.order.split_at(target.cut.min(target.order.len()));
        let names = |nodes: &[NodeId]| nodes.iter().map(NodeId::to_string).collect::<Vec<_>>().join(" ");
        let (fault, label) = match self {
            Self::Split => {
                let groups = vec![Target::side(left), Target::side(right)];
                (Fault::Partition { groups }, format!("partition {} | {}", names(left), names(right)))
            }
            Self::Isolate => (Fault::Partition { groups: vec![one, rest] }, format!("{node} cut off")),
            Self::OneWay => {
                let to = vec![Endpoint::Node(target.other)];
                (Fault::Cut { from: one, to }, format!("{node} to {} cut", target.other))
            }
            Self::Bridge => {
                // The first of the order is the bridge; the others split around it.
                let others = &target.order[1..];
                let near = 1 + (target.cut - 1) % others.len().saturating_sub(1).max(1);
                let (near, far) = others.split_at(near.min(others.len()));
                let groups = vec![Target::side(near), Target::side(far)];
                (Fault::Partition { groups }, format!("only {node} joins {} | {}", names(near), names(far)))
            }
            Self::Flapping(period, down) => {
                let pair = vec![Endpoint::Node(node), Endpoint::Node(target.other)];
                let fault = Fault::Flapping { from: pair.clone(), to: pair, period: *period, down: *down };
                (fault, format!("{node} and {} on and off", target.other))
            }
            Self::Slow(extra) => {
                let to = vec![Endpoint::Node(target.other)];
                (
                    Fault::Slow { from: one, to, extra: extra.clone() },
                    format!("{node} to {} slow", target.other),
                )
            }
            Self::Lossy(drop) => (
                Fault::Lossy { from: everybody(), to: everybody(), drop: *drop },
                format!("{drop} of messages lost"),
            ),
            Self::Duplicating(duplicate) => (
                Fault::Duplicating { from: everybody(), to: everybody(), duplicate: *duplicate },
                format!("{duplicate} of messages twice"),
            ),
            Self::Reordering(reorder) => (
                Fault::Reordering { from: everybody(), to: everybody(), reorder: *reorder },
                format!("{reorder} of messages held back"),
            ),
            Self::Crash(tail) => {
                let tail = tail.unwrap_or(TAILS[target.quarter]);
                (Fault::Crash { node, tail, wipe: false }, format!("{node} down"))
            }
            Self::CrashWriting(tail) => {
                let tail = tail.unwrap_or(TAILS[target.quarter]);
                (Fault::CrashWriting { node, tail }, format!("{node} down at its next write"))
            }
            Self::CrashSyncing(tail) => {
                let tail = tail.unwrap_or(TAILS[target.quarter]);
                (Fault::CrashSyncing { node, tail }, format!("{node} down in its next sync"))
            }
            Self::CrashAll(_) => unreachable!("strikes every node, and no target"),
            Self::Pause => (Fault::Pause { node }, format!("{node} paused")),
            Self::ClockStep(most) => {
                let most = i64::try_from(most.0).unwrap_or(i64::MAX);
                let by = i64::try_from(i128::from(most) * i128::from(target.size_ppm) / 1_000_000)
                    .expect("at most `most`");
                (Fault::ClockStep { node, by }, format!("{node} clock step"))
            }
            Self::ClockDrift(most) => {
                let ppm = i32::try_from(i64::from(*most) * target.size_ppm / 1_000_000).unwrap_or(i32::MAX);
                (Fault::ClockDrift { node, ppm }, format!("{node} clock {ppm:+} ppm"))
            }
            Self::ClockFreeze => (Fault::ClockFreeze { node }, format!("{node} clock frozen")),
            Self::SlowDisk(extra) => {
                (Fault::SlowDisk { node, extra: extra.clone() }, format!("{node} disk slow"))
            }
            Self::LyingSync => (Fault::LyingSync { node }, format!("{node} syncs lie")),
        };
        let until = (!matches!(fault, Fault::ClockStep { .. })).then_some(until);
        ScheduledFault { at, until, fault, label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(kinds: Vec<FaultKind>) -> FaultPlan {
        let of = |kind| PlannedFault {
            kind,
            mean_interval: VirtualDuration::millis(50),
            mean_duration: VirtualDuration::millis(100),
        };
        FaultPlan {
            kinds: kinds.into_iter().map(of).collect(),
            from: VirtualTime(1_000_000_000),
            until: VirtualTime(9_000_000_000),
            max_nodes_down: 2,
            max_nodes_crashed: u16::MAX,
        }
    }

    #[test]
    fn a_plan_repeats_and_stays_within_its_time() {
        let plan = plan(vec![FaultKind::Split, FaultKind::Crash(None), FaultKind::Pause]);
        let schedule = plan.draw(11, 5);
        assert_eq!(schedule, plan.draw(11, 5));
        assert_ne!(schedule, plan.draw(12, 5));
        assert!(schedule.len() > 50);
        for fault in &schedule {
            assert!(
                fault.at > plan.from
                    && fault.until.is_some_and(|until| fault.at < until && until <= plan.until)
            );
        }
    }

    #[test]
    fn no_more_nodes_are_down_than_allowed() {
        let plan = plan(vec![FaultKind::Crash(None), FaultKind::Pause, FaultKind::Pause, FaultKind::Pause]);
        let mut most = 0;
        for seed in 0..50 {
            let schedule = plan.draw(seed, 5);
            for fault in &schedule {
                let at_once = |other: &&ScheduledFault| other.at <= fault.at && other.until > Some(fault.at);
                most = most.max(schedule.iter().filter(at_once).count());
            }
        }
        assert_eq!(most, 2);
    }

    #[test]
    fn no_more_nodes_crash_than_allowed() {
        let kinds = vec![FaultKind::Crash(None), FaultKind::CrashWriting(None)];
        let plan = FaultPlan { max_nodes_crashed: 2, ..plan(kinds) };
        for seed in 0..50 {
            let schedule = plan.draw(seed, 5);
            let struck: std::collections::BTreeSet<_> =
                schedule.iter().flat_map(|fault| fault.fault.nodes()).collect();
            assert_eq!(struck.len(), 2, "seed {seed}");
            assert!(schedule.len() > 10, "the same two, again and again");
        }
    }

    #[test]
    fn leaving_one_kind_out_leaves_the_others_where_they_were() {
        let both = plan(vec![FaultKind::Isolate, FaultKind::Lossy(Ratio::ONE)]).draw(3, 3);
        let first = plan(vec![FaultKind::Isolate]).draw(3, 3);
        let kept: Vec<_> =
            both.into_iter().filter(|fault| matches!(fault.fault, Fault::Partition { .. })).collect();
        assert_eq!(kept, first);
    }
}
