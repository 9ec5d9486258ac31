//! A node as the holder of registers: it stores what is newer, and says so once that is on disk.

use anachron_node::{Context, RequestId};
use anachron_vocabulary::{Key, NodeId};

use super::{Abd, Message, Record, Weakening};
use crate::common::{Stamped, Storing};

impl Abd {
    /// First phase: someone asks what a register holds.
    pub(super) fn on_query(&mut self, from: NodeId, id: RequestId, key: Key, cx: &mut Context<'_, Self>) {
        cx.send(from, Message::Found { id, stamped: self.registers.get(key).clone() });
    }

    /// Second phase: someone sends a value.
    pub(super) fn on_store(
        &mut self,
        from: NodeId,
        id: RequestId,
        key: Key,
        stamped: &Stamped,
        cx: &mut Context<'_, Self>,
    ) {
        self.store(key, stamped, cx);
        // Also if it was stored before: that copy may still be on its way to the disk.
        cx.send_after_sync(cx.appended(), from, Message::Stored { id, stamp: stamped.stamp });
    }

    /// Stores a value if its stamp is greater than that of what is there.
    pub(super) fn store(&mut self, key: Key, stamped: &Stamped, cx: &mut Context<'_, Self>) {
        if self.registers.store(key, stamped, self.config.storing()) {
            cx.note(|| format!("holds {stamped:?}"));
            cx.append(Record { key, stamped: stamped.clone() });
        }
    }

    /// A record of the journal. What it says was stored then, so it is stored now. The clock never gives a stamp
    /// again that this node may have given before.
    pub(super) fn replay(&mut self, record: &Record, me: NodeId) {
        self.registers.store(record.key, &record.stamped, Storing::Always);
        if record.stamped.stamp.node == me || !self.weak(Weakening::WriterSkipsQuery) {
            self.clock.observe(record.stamped.stamp);
        }
    }
}
