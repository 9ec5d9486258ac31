//! What a seed draws: how likely what is, and which features of Raft are at work.

use anachron_node::Random;
use anachron_replication::raft::{Config, Reads, Weakening, Weakenings};
use anachron_vocabulary::NodeId;

/// How far clocks may be off in rate, in parts per million. Wide, so that a missing margin shows.
pub(crate) const DRIFT_BOUND_PPM: u32 = 200_000;

/// How likely what is, out of the sum of all; and per thousand for what befalls a message.
pub(crate) struct Mixture {
    pub(crate) deliver: u64,
    pub(crate) sync: u64,
    pub(crate) heartbeat: u64,
    pub(crate) election: u64,
    pub(crate) client: u64,
    pub(crate) crash: u64,
    pub(crate) restart: u64,
    pub(crate) partition: u64,
    pub(crate) heal: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
    pub(crate) shuffled: u64,
    /// How many messages, per thousand, are held up for long, and how likely one of those arrives.
    pub(crate) late: u64,
    pub(crate) late_arrival: u64,
    pub(crate) reads: u64,
    pub(crate) impatience: u64,
    pub(crate) operator: u64,
    /// How many of an operator's commands, per thousand, are removals to begin with.
    pub(crate) removals: u64,
    pub(crate) wall_jump: u64,
    /// The longest time that a step may take.
    pub(crate) step_max: u64,
}

impl Mixture {
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut one_of =
            |choices: &[u64]| choices[usize::try_from(random.below(choices.len() as u64)).expect("small")];
        Self {
            deliver: 400,
            sync: one_of(&[100, 200, 400]),
            heartbeat: one_of(&[5, 15, 40]),
            election: one_of(&[1, 3, 10, 40]),
            client: one_of(&[20, 60, 120]),
            crash: one_of(&[0, 1, 3, 8, 16]),
            restart: one_of(&[10, 30, 100]),
            partition: one_of(&[0, 2, 8]),
            heal: one_of(&[2, 8]),
            lost: one_of(&[0, 20, 150]),
            doubled: one_of(&[0, 20, 150]),
            shuffled: one_of(&[0, 100, 900]),
            late: one_of(&[0, 0, 30]),
            late_arrival: 4,
            reads: one_of(&[200, 500]),
            impatience: one_of(&[20, 50, 200]),
            operator: one_of(&[0, 0, 2, 10]),
            removals: one_of(&[0, 0, 900]),
            wall_jump: one_of(&[0, 2]),
            step_max: one_of(&[100_000, 1_000_000, 5_000_000]),
        }
    }

    /// Bends the mixture so that what the run is to be about happens.
    pub(crate) fn suit(&mut self, feature: Feature) {
        if matches!(feature, Feature::Membership | Feature::Learners | Feature::LeasesAndTransfers) {
            self.operator = self.operator.max(10);
        }
        if feature == Feature::Removals {
            // Two leaders in turn each remove a node at once, before anybody can answer.
            (self.operator, self.removals) = (self.operator.max(30), 900);
            self.partition = self.partition.max(8);
            self.election = self.election.max(10);
        }
        if feature == Feature::Plain {
            self.operator = 0;
        }
        if feature == Feature::ReadIndexAndReelections {
            // Answers arrive after their leader has lost its office and won another.
            (self.late, self.late_arrival) = (60, 6);
            (self.partition, self.heal) = (4, 8);
            (self.election, self.heartbeat) = (15, 15);
            (self.lost, self.crash, self.operator) = (0, 0, 0);
            self.client = 200;
        }
        if matches!(feature, Feature::LeasesAndDelays | Feature::ReadIndexAndDelays) {
            // Answers arrive long after they were asked for, while others elect and commit.
            (self.late, self.late_arrival) =
                if feature == Feature::LeasesAndDelays { (300, 4) } else { (100, 2) };
            (self.partition, self.heal) = (self.partition.max(8), 8);
            (self.lost, self.crash, self.operator) = (0, 0, 0);
            self.client = self.client.max(60);
        }
        if matches!(feature, Feature::Leases | Feature::LeasesAndDelays | Feature::LeasesAndTransfers) {
            // An election takes about as long as a lease: otherwise they never meet.
            self.election = self.election.max(30);
            self.heartbeat = self.heartbeat.max(15);
            self.partition = self.partition.max(2);
            self.wall_jump = self.wall_jump.max(5);
            self.step_max = self.step_max.clamp(300_000, 1_000_000);
        }
        if feature == Feature::Snapshots {
            self.crash = self.crash.max(1);
        }
    }
}

/// A feature of Raft without which a weakening can't show.
pub(crate) fn feature_of(weakening: Weakening) -> Feature {
    match weakening {
        Weakening::LeaseNoDriftBound | Weakening::LeaseWallClock | Weakening::RestartedVoterIgnoresLease => {
            Feature::Leases
        }
        Weakening::LeaseFromAckTime => Feature::LeasesAndDelays,
        Weakening::LeaseSurvivesTransfer => Feature::LeasesAndTransfers,
        Weakening::ReadIndexWithoutNoop => Feature::ReadIndex,
        Weakening::ReadIndexReusedContext => Feature::ReadIndexAndDelays,
        Weakening::StaleReplyCounts => Feature::ReadIndexAndReelections,
        Weakening::FollowerReadNoApplyWait => Feature::FollowerReads,
        Weakening::ConfChangeBeforeNoop => Feature::Removals,
        Weakening::TwoChangesInFlight | Weakening::ConfAtApplyUnguarded => Feature::Membership,
        Weakening::LearnerInQuorum => Feature::Learners,
        Weakening::OldSnapshotTruncates
        | Weakening::SnapshotWithoutSessions
        | Weakening::AppliedIndexNotAtomic => Feature::Snapshots,
        _ => Feature::Plain,
    }
}

/// What a run is to be about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Feature {
    /// Whatever the seed draws.
    Any,
    /// Raft as in the paper of 2014, without snapshots and changes of membership.
    Plain,
    ReadIndex,
    ReadIndexAndDelays,
    ReadIndexAndReelections,
    FollowerReads,
    Leases,
    LeasesAndDelays,
    LeasesAndTransfers,
    Membership,
    Removals,
    Learners,
    Snapshots,
}

impl Feature {
    const ALL: [Self; 13] = [
        Self::Any,
        Self::Plain,
        Self::ReadIndex,
        Self::ReadIndexAndDelays,
        Self::ReadIndexAndReelections,
        Self::FollowerReads,
        Self::Leases,
        Self::LeasesAndDelays,
        Self::LeasesAndTransfers,
        Self::Membership,
        Self::Removals,
        Self::Learners,
        Self::Snapshots,
    ];

    /// What a run without weakenings is to be about.
    pub(crate) fn of_seed(seed: u64) -> Self {
        if seed.is_multiple_of(2) {
            Self::Any
        } else {
            Self::ALL[usize::try_from(seed / 2 % 13).expect("below 13")]
        }
    }
}

/// The features of Raft that a seed draws.
pub(crate) fn draw_config(
    chance: &mut Random,
    feature: Feature,
    nodes: usize,
    weakenings: Weakenings,
) -> Config {
    let mut below = |bound: u64| chance.below(bound);
    let reads = match (feature, below(6)) {
        (
            Feature::Plain
            | Feature::ReadIndex
            | Feature::ReadIndexAndDelays
            | Feature::ReadIndexAndReelections,
            _,
        ) => Reads::ReadIndex,
        (Feature::FollowerReads, _) => Reads::FollowerReadIndex,
        (Feature::Leases | Feature::LeasesAndDelays | Feature::LeasesAndTransfers, _) | (_, 0 | 1) => {
            Reads::Lease
        }
        (_, 2) => Reads::ThroughLog,
        (_, 3) => Reads::FollowerReadIndex,
        _ => Reads::ReadIndex,
    };
    let check_quorum = reads == Reads::Lease || below(3) == 0;
    let snapshot_after = match (feature, below(8)) {
        (Feature::Plain | Feature::ReadIndexAndDelays, _) => None,
        (Feature::Snapshots, draw) => Some(1 + draw % 4),
        (_, draw) => [None, None, None, None, Some(1), Some(2), Some(5), Some(20)]
            [usize::try_from(draw).expect("small")],
    };
    // A few nodes may start outside the cluster, or as learners.
    let changes = matches!(feature, Feature::Membership | Feature::Learners);
    let outside =
        if changes || below(3) == 0 { usize::from(below(2) == 0) + usize::from(nodes > 4) } else { 0 };
    let first_outside = nodes - outside;
    let all = |range: std::ops::Range<usize>| range.map(NodeId::from_index).collect::<Vec<_>>();
    let learn = feature == Feature::Learners || below(2) == 0;
    Config {
        entries_per_message: if below(2) == 0 { 1 } else { 64 },
        reads,
        check_quorum,
        pre_vote: below(3) == 0,
        clock_drift_bound_ppm: DRIFT_BOUND_PPM,
        snapshot_after,
        initial_voters: all(0..first_outside),
        initial_learners: if learn { all(first_outside..nodes) } else { Vec::new() },
        weakenings,
        ..Config::default()
    }
}
