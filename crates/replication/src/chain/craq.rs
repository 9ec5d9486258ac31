//! Apportioned queries: any member answers reads (Terrace and Freedman, *Object Storage on CRAQ*, USENIX ATC 2009,
//! section 2.3).
//!
//! The rules:
//! - An object is *clean* at a member that knows all its versions to be committed, else *dirty*.
//! - A clean object is answered at once (once the epoch is confirmed, see `reads`).
//! - For a dirty one the member asks the tail which version is committed, and answers with that one.
//!
//! Versions here are the numbers of the updates along the whole history, so that the tail's answer, one number, is the
//! committed version of every object, and means the same as an acknowledgement: the member commits up to it. The
//! paper counts versions by object, and keeps the old ones beside each other.
//!
//! Left out on purpose: eventual and bounded-staleness reads (section 2.4), chains across data centres, multicast of
//! updates.

use anachron_node::Context;
use anachron_vocabulary::NodeId;

use super::reads::Reader;
use super::{Chain, Epoch, Reads, Weakening};

impl Chain {
    /// How far updates have to be committed before this read is answered; `None`: only the tail can tell.
    pub(super) fn needs(&self, reader: &Reader) -> Option<u64> {
        if self.is_tail() {
            // What was committed by an earlier tail may not be on this one's list of committed updates yet.
            return Some(self.history.last());
        }
        let is_dirty = reader.key().is_some_and(|key| self.history.is_dirty(key));
        if is_dirty && !self.shows_dirty() { None } else { Some(self.history.committed()) }
    }

    /// For `chain-dirty-read` only.
    pub(super) fn shows_dirty(&self) -> bool {
        self.weak(Weakening::DirtyRead) && self.config.reads == Reads::Apportioned && !self.is_tail()
    }

    pub(super) fn on_version_query(
        &mut self,
        from: NodeId,
        (epoch, ticket): (Epoch, u64),
        cx: &mut Context<'_, Self>,
    ) {
        if self.accepts(epoch) && self.is_tail() {
            self.begin(Reader::Member { node: from, ticket }, cx);
        }
    }

    /// The tail has told how far everything is committed.
    pub(super) fn on_version(
        &mut self,
        (epoch, ticket, upto): (Epoch, u64, u64),
        cx: &mut Context<'_, Self>,
    ) {
        if !self.accepts(epoch) || !self.takes_part() {
            return;
        }
        for reading in self.reads.iter_mut().filter(|reading| reading.ticket == ticket) {
            reading.needs = Some(upto);
        }
        if upto > self.history.committed() {
            self.commit(upto, cx);
        }
    }
}
