//! One random stream per purpose and entity.
//!
//! The four-line story of the other choice: all draws come from one stream; a student removes one dropped message;
//! every later latency shifts; the run that was to differ in one message differs in all of them. With a stream each,
//! and a fixed block of a link's stream for each of its messages, everything else stays where it was.

use anachron_node::Random;
use anachron_vocabulary::{ClientId, NodeId};

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

    /// The stream of a node's disk.
    pub(crate) fn disk(self, node: NodeId) -> Random {
        self.stream(Purpose::Disk, node.index(), 0)
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

    /// The stream that decides how much of the unsynced tail the n-th crash of a node keeps.
    pub(crate) fn crash(self, node: NodeId, crash: u32) -> Random {
        self.stream(Purpose::Crash, node.index(), u64::from(crash))
    }
}
