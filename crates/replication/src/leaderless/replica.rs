//! A node as the holder of registers: it stores the newest, and its clock moves past whatever it receives.

use anachron_node::{Context, RequestId};
use anachron_vocabulary::{Key, NodeId};

use super::{Held, Leaderless, Message, Record, Weakening};
use crate::common::{Storing, Versioning, Versions};

impl<V: Versioning> Leaderless<V> {
    /// Someone sends a value: a write, a repair.
    pub(super) fn on_store(
        &mut self,
        from: NodeId,
        id: RequestId,
        key: Key,
        versions: &Held<V>,
        cx: &mut Context<'_, Self>,
    ) {
        self.receive(key, versions, cx);
        cx.send_after_sync(cx.appended(), from, Message::Stored { id, mark: versions.mark() });
    }

    /// Someone asks what a register holds. What is not on the disk yet might be gone after a crash, so the answer
    /// waits for it. A node that keeps the value for a home has it, too.
    pub(super) fn on_query(&mut self, from: NodeId, id: RequestId, key: Key, cx: &mut Context<'_, Self>) {
        let mut versions = self.registers.get(key).clone();
        for hint in self.hints.kept_for_any(key) {
            versions.merge(hint, self.config.order());
        }
        cx.send_after_sync(cx.appended(), from, Message::Found { id, versions });
    }

    /// Takes a value from another node.
    pub(super) fn receive(&mut self, key: Key, versions: &Held<V>, cx: &mut Context<'_, Self>) {
        self.observe(versions);
        self.store(key, versions, cx);
    }

    /// Lamport 1978, rule IR2.
    pub(super) fn observe(&mut self, versions: &Held<V>) {
        if !self.weak(Weakening::LamportNotMergedOnReceive) {
            self.versioning.observe(versions);
        }
    }

    /// Stores a value if it is newer than what is there.
    pub(super) fn store(&mut self, key: Key, versions: &Held<V>, cx: &mut Context<'_, Self>) {
        if self.registers.store(key, versions, self.config.storing()) {
            let held = self.registers.get(key).clone();
            if held != *versions {
                cx.note(|| format!("holds {held:?}"));
            }
            self.append(Record::Holds { key, versions: held }, cx);
            self.watch_tombstone(key, cx);
        } else if self.registers.get(key).mark() != versions.mark() {
            let held = self.registers.get(key);
            cx.note(|| format!("drops {versions:?}, because it holds {held:?}"));
        }
    }

    /// Writes a record down; before the first one, how old the disk is, where that is part of the node's name.
    pub(super) fn append(&mut self, record: Record<Held<V>>, cx: &mut Context<'_, Self>) {
        if V::NAMES_ACTORS && !self.disk_is_dated {
            self.disk_is_dated = true;
            cx.append(Record::DiskSince(self.disk_since));
        }
        cx.append(record);
    }

    /// A record of the journal. What it says was stored then, so it is stored now. The clock never gives a stamp
    /// again that this node may have given before.
    pub(super) fn replay(&mut self, record: &Record<Held<V>>, me: NodeId) {
        match record {
            Record::Holds { key, versions } => {
                self.registers.store(*key, versions, Storing::Always);
                self.versioning.recall(versions, me);
                self.observe(versions);
            }
            Record::DiskSince(_) => {}
            Record::Hint { home, key, versions, since } => {
                self.hints.keep(*home, *key, versions, *since, self.config.order());
                self.observe(versions);
            }
            Record::HintEnded { home, key } => self.hints.end(*home, *key),
            Record::Purged { key, versions } => self.forget(*key, versions, me),
        }
    }
}
