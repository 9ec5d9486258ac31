//! A node as the holder of registers: it stores the newest, and its clock moves past whatever it receives.

use anachron_node::{Context, RequestId};
use anachron_vocabulary::{Key, NodeId};

use super::{Leaderless, Message, Record, Weakening};
use crate::common::{Stamp, Stamped, Storing};

impl Leaderless {
    /// Someone sends a value: a write, a repair.
    pub(super) fn on_store(
        &mut self,
        from: NodeId,
        id: RequestId,
        key: Key,
        stamped: &Stamped,
        cx: &mut Context<'_, Self>,
    ) {
        self.receive(key, stamped, cx);
        cx.send_after_sync(cx.appended(), from, Message::Stored { id, stamp: stamped.stamp });
    }

    /// Someone asks what a register holds. What is not on the disk yet might be gone after a crash, so the answer
    /// waits for it.
    pub(super) fn on_query(&mut self, from: NodeId, id: RequestId, key: Key, cx: &mut Context<'_, Self>) {
        cx.send_after_sync(cx.appended(), from, Message::Found { id, stamped: self.registers.get(key) });
    }

    /// Takes a value from another node.
    pub(super) fn receive(&mut self, key: Key, stamped: &Stamped, cx: &mut Context<'_, Self>) {
        self.observe(stamped.stamp);
        self.store(key, stamped, cx);
    }

    /// Lamport 1978, rule IR2.
    fn observe(&mut self, stamp: Stamp) {
        if !self.weak(Weakening::LamportNotMergedOnReceive) {
            self.clock.observe(stamp);
        }
    }

    /// Stores a value if it is newer than what is there.
    pub(super) fn store(&mut self, key: Key, stamped: &Stamped, cx: &mut Context<'_, Self>) {
        if self.registers.store(key, stamped, self.config.storing()) {
            cx.append(Record { key, stamped: stamped.clone() });
        } else if self.registers.stamp(key) != stamped.stamp {
            let held = self.registers.get(key);
            cx.note(|| format!("drops {stamped:?}, because it holds {held:?}"));
        }
    }

    /// A record of the journal. What it says was stored then, so it is stored now. The clock never gives a stamp
    /// again that this node may have given before.
    pub(super) fn replay(&mut self, record: &Record, me: NodeId) {
        self.registers.store(record.key, &record.stamped, Storing::Always);
        if record.stamped.stamp.node == me {
            self.clock.observe(record.stamped.stamp);
        } else {
            self.observe(record.stamped.stamp);
        }
    }
}
