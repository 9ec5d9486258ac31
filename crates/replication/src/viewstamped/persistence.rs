//! The two facts that a node keeps on disk: that it has run before, so that it has to recover; and the latest view that it
//! has entered (`mod.rs` tells why). The log is not among them.
//!
//! A node that boots for the first time takes part only once the first fact is durable. Otherwise a node that crashed early would
//! take itself for new, and answer for a log that it has lost.

use anachron_node::Disk;

use super::ViewNumber;

/// One record of the journal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// The node has booted.
    Boot,
    /// The node has entered this view.
    View(ViewNumber),
}

/// What the journal says.
pub(super) struct Kept {
    /// How often the node has booted before.
    pub(super) boots: u64,
    /// The latest view that it had entered.
    pub(super) view: ViewNumber,
}

pub(super) fn replay(disk: &Disk<'_, Record>) -> Kept {
    let mut kept = Kept { boots: 0, view: ViewNumber(0) };
    for record in disk.records {
        match record {
            Record::Boot => kept.boots += 1,
            Record::View(view) => kept.view = *view,
        }
    }
    kept
}
