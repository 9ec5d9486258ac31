//! What a random world is made of: what a seed draws once for a run, and what may differ between strategies.

use anachron_node::{Random, Replica};

/// How likely what is, out of the sum of all; and per thousand for what befalls a message.
pub(super) struct Mixture {
    pub(super) deliver: u64,
    pub(super) sync: u64,
    pub(super) timer: u64,
    pub(super) client: u64,
    pub(super) crash: u64,
    pub(super) restart: u64,
    pub(super) partition: u64,
    pub(super) heal: u64,
    pub(super) late_arrival: u64,
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) shuffled: u64,
    pub(super) late: u64,
    pub(super) reads: u64,
    pub(super) impatience: u64,
    /// How many crashes, per thousand, take the whole disk along.
    pub(super) wipe: u64,
}

impl Mixture {
    pub(super) fn draw(random: &mut Random, wipe: u64) -> Self {
        let mut one_of =
            |choices: &[u64]| choices[usize::try_from(random.below(choices.len() as u64)).expect("small")];
        Self {
            deliver: one_of(&[400, 1_200]),
            sync: one_of(&[100, 200, 400]),
            timer: one_of(&[1, 3, 10, 30]),
            client: one_of(&[20, 60, 200]),
            crash: one_of(&[0, 1, 3, 8, 16]),
            restart: one_of(&[10, 30, 100]),
            partition: one_of(&[0, 2, 8]),
            heal: one_of(&[2, 8]),
            late_arrival: 10,
            lost: one_of(&[0, 20, 150]),
            doubled: one_of(&[0, 20, 150]),
            shuffled: one_of(&[0, 100, 900]),
            late: one_of(&[0, 0, 30, 100]),
            reads: one_of(&[200, 500]),
            impatience: one_of(&[50, 200, 500]),
            wipe,
        }
    }
}

/// What may differ between strategies.
pub(crate) struct Setting<R: Replica> {
    pub(crate) config: R::Config,
    /// How many crashes, per thousand, take the whole disk along: for strategies that recover from that.
    pub(crate) wipe: u64,
    /// True if a node that has crashed counts among those that may be down at once until it says otherwise.
    pub(crate) is_recovering: fn(&R) -> bool,
    /// True if no more than a minority may be down or recovering at once.
    pub(crate) spares_majority: bool,
    /// How many nodes, the first ones, that minority is counted among, if not all; the others may be down at any time.
    pub(crate) replicating: Option<usize>,
    /// How many nodes there are, if the seed is not to say.
    pub(crate) nodes: Option<usize>,
    /// How far nodes' wall clocks may be from the truth, and how far they jump.
    pub(crate) wall_clock_error: Option<WallClockError>,
}

impl<R: Replica> Setting<R> {
    /// Disks stay, any node may crash at any time, wall clocks are right.
    pub(crate) fn new(config: R::Config) -> Self {
        Self {
            config,
            wipe: 0,
            is_recovering: |_| false,
            spares_majority: false,
            replicating: None,
            nodes: None,
            wall_clock_error: None,
        }
    }
}

/// What is wrong with wall clocks, in nanoseconds.
#[derive(Clone, Copy)]
pub(crate) struct WallClockError {
    /// Each is off by up to so much, from the start.
    pub(crate) skew: u64,
    /// Now and then one is set forward by up to so much.
    pub(crate) jump: u64,
}
