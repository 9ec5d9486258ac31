//! One random stream per purpose and entity.
//!
//! The four-line story of the other choice: all draws come from one stream; a student removes one dropped message;
//! every later latency shifts; the run that was to differ in one message differs in all of them. With a stream each,
//! and a fixed block of a link's stream for each of its messages, everything else stays where it was.

use anachron_node::Random;
use anachron_vocabulary::{ClientId, NodeId, VirtualTime};

/// The purposes, in the top byte of a stream's number.
#[derive(Clone, Copy)]
enum Purpose {
    Link = 1,
    Disk = 2,
    Node = 3,
    Client = 4,
    FaultPlan = 5,
    Crash = 6,
}

/// Makes the streams of one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    seed: u64,
}

impl Streams {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    fn stream(self, purpose: Purpose, a: usize, b: u64) -> Random {
        assert!(a < 1 << 24 && b < 1 << 32, "more entities than a stream's number can hold");
        Random::new(self.seed, (purpose as u64) << 56 | (a as u64) << 32 | b)
    }

    /// The stream of the directed link between two endpoints, numbered with nodes first, then clients.
    pub(crate) fn link(self, from: usize, to: usize) -> Random {
        self.stream(Purpose::Link, from, to as u64)
    }

    /// The stream of a node's syncs. Every sync takes one block of eight draws.
    pub(crate) fn syncs(self, node: NodeId) -> Random {
        self.stream(Purpose::Disk, node.index(), 0)
    }

    /// The stream of a node's writes. Every write takes two draws.
    pub(crate) fn writes(self, node: NodeId) -> Random {
        self.stream(Purpose::Disk, node.index(), 1)
    }

    /// The stream of a node's own choices in its n-th life: what it drew before a crash does not shift what it
    /// draws after.
    pub(crate) fn node(self, node: NodeId, boot: u32) -> Random {
        self.stream(Purpose::Node, node.index(), u64::from(boot))
    }

    /// The stream of what a client asks.
    pub(crate) fn workload(self, client: ClientId) -> Random {
        self.stream(Purpose::Client, client.index(), 0)
    }

    /// The stream of how a client behaves when it hears nothing.
    pub(crate) fn client(self, client: ClientId) -> Random {
        self.stream(Purpose::Client, client.index(), 1)
    }

    /// The stream of one kind of fault in a drawn fault plan.
    pub(crate) fn fault_plan(self, kind: usize) -> Random {
        self.stream(Purpose::FaultPlan, kind, 0)
    }

    /// The stream that decides how much of the unsynced tail a crash of a node at this time keeps. By time, not by
    /// number: taking away one crash must not change what another one keeps.
    pub(crate) fn crash(self, node: NodeId, time: VirtualTime) -> Random {
        let mut random = self.stream(Purpose::Crash, node.index(), 0);
        random.seek_block(time.0);
        random
    }
}

/// The draws of the n-th of several delays that share one block: a bijection of the block's own, mixed well enough
/// (the finisher of SplitMix64) that the delays are as good as independent. The 0-th are the block's own.
pub(crate) fn respun(draws: [u64; 2], number: usize) -> [u64; 2] {
    if number == 0 {
        return draws;
    }
    let turn = (number as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    draws.map(|draw| {
        let mut mixed = draw.wrapping_add(turn);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    })
}
