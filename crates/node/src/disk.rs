//! The node's disk as a replica sees it: a journal of typed records.

/// How many records have been appended to a node's journal, ever; the position just behind the last of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position(pub u64);

/// What a node finds on its disk when it boots: everything that was synced before, and perhaps more.
///
/// In the simulator a crash decides once and for all how much more: what a boot finds stays. A real disk may still hold some of
/// it in a cache, and lose it with the next power failure. Strategies whose promise rests on their disks at all times (Raft,
/// Multi-Paxos, chain replication, the broadcasts) sync before they act on what they found; the others would have to before
/// they were run on real disks.
#[derive(Clone, Copy, Debug)]
pub struct Disk<'a, Record> {
    /// The records that can be read, oldest first.
    pub records: &'a [Record],
    /// True if behind them lies a record that was half written when the node crashed. Its content can't be read.
    pub torn_tail: bool,
}

impl<Record> Disk<'_, Record> {
    /// A disk with nothing on it.
    pub const fn empty() -> Self {
        Disk { records: &[], torn_tail: false }
    }
}
