//! What a node does with entries of its log that the new leader does not have.
//!
//! The story: leader n1 takes `x = 2`, ships it to nobody and dies. n2 is promoted and takes `x = 3`. n1 comes back.
//! - *Truncate*: `x = 2` is thrown away, whether or not it was acknowledged. All nodes agree on 3.
//! - *Merge*: n1 copies `x = 3` and carries `x = 2` out again on top. It holds 2, the others hold 3, for good: nothing
//!   in the log says that there is a disagreement to settle.

use anachron_node::{Context, Request};

use super::log::listed;
use super::{Entry, Index, Record, Rejoin, SingleLeader};

impl SingleLeader {
    /// The leader has another entry behind `index` than this node: takes its own off, with all that follow it.
    pub(super) fn cut_behind(&mut self, index: Index, cx: &mut Context<'_, Self>) {
        cx.append(Record::Truncate(index));
        let cut = self.cut(index);
        let writes: Vec<Request> = cut.into_iter().filter_map(Entry::into_request).collect();
        if !writes.is_empty() {
            let what = match self.config.rejoin {
                Rejoin::Truncate => "throws away",
                Rejoin::Merge => "keeps apart",
            };
            let leader = self.epoch.leader;
            cx.note(|| format!("{what} what {leader} does not have: {}", listed(&writes)));
        }
    }

    /// The cut itself, at run time and at recovery alike.
    pub(super) fn cut(&mut self, index: Index) -> Vec<Entry> {
        let cut = self.log.truncate(index);
        self.durable.cut(index);
        if self.state.applied() > index {
            self.state.rebuild(&self.log);
        }
        if self.config.rejoin == Rejoin::Merge {
            // What was cut before was written before.
            self.to_merge.extend(self.state.effects(&self.log, &cut));
        }
        cut
    }

    /// This node has all that the leader has: time to carry its own writes out on top.
    pub(super) fn merge_what_was_cut(&mut self, cx: &mut Context<'_, Self>) {
        if self.to_merge.is_empty() {
            return;
        }
        cx.append(Record::Merge);
        let merged = self.merge();
        if !merged.is_empty() {
            cx.note(|| format!("carries out on top of the leader's log: {}", listed(&merged)));
        }
    }

    /// The merge itself, at run time and at recovery alike.
    pub(super) fn merge(&mut self) -> Vec<Request> {
        self.state.apply_upto(self.log.end(), &self.log);
        let mut merged = std::mem::take(&mut self.to_merge);
        merged.retain(|request| self.state.merge(request.clone()));
        merged
    }
}
