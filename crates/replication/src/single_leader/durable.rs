//! How far a log is on the disk of its node.

use std::collections::VecDeque;

use anachron_node::Position;

use super::Index;

/// The part of a log that a crash can't take.
#[derive(Debug, Default)]
pub(super) struct Durable {
    /// The log's end that is durable.
    upto: Index,
    /// Log ends that will be durable when the journal is durable up to their positions. Each is still in the log.
    unsynced: VecDeque<(Position, Index)>,
}

impl Durable {
    /// Everything up to here was found on the disk.
    pub(super) fn found(upto: Index) -> Self {
        Self { upto, unsynced: VecDeque::new() }
    }

    /// How far the log is durable.
    pub(super) fn upto(&self) -> Index {
        self.upto
    }

    /// The log was extended to `end`, and the journal to `position`.
    pub(super) fn written(&mut self, position: Position, end: Index) {
        self.unsynced.push_back((position, end));
    }

    /// The journal is durable up to `synced`.
    pub(super) fn synced(&mut self, synced: Position) {
        while let Some(&(position, index)) = self.unsynced.front() {
            if position > synced {
                break;
            }
            self.upto = index;
            self.unsynced.pop_front();
        }
    }

    /// Everything behind `index` was taken off the log.
    pub(super) fn cut(&mut self, index: Index) {
        self.upto = self.upto.min(index);
        self.unsynced.retain(|&(_, end)| end <= index);
    }
}
