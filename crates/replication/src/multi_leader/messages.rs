//! What leaders say to each other, what they wait for, and what they write down.

use std::sync::Arc;

use anachron_vocabulary::VirtualTime;

use super::Update;
use crate::common::VersionVector;

/// What leaders say to each other.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message<V> {
    /// Updates that the receiver may lack.
    Updates {
        /// What the sender has on its disk.
        have: Have,
        /// The updates.
        updates: Arc<[Update<V>]>,
    },
    /// The answer, and what a leader says of itself after a restart.
    Confirm {
        /// What the sender has on its disk.
        have: Have,
        /// True if the sender would like to know the same of the receiver.
        asks: bool,
    },
}

/// What a leader has on its disk.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Have {
    /// When it booted, by its own clock. What it said before that may not be true any more: its disk may be lost.
    pub boot: VirtualTime,
    /// Of each origin, up to which number it has all updates.
    pub complete: VersionVector,
}

/// What a leader waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Timer {
    /// Some neighbours have not confirmed what they were sent.
    Resend,
}

/// What a leader writes to its journal.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record<V> {
    /// It has this update.
    Has(Update<V>),
    /// The disk was new then.
    DiskSince(VirtualTime),
}
