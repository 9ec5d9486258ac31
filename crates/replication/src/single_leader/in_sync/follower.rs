//! A follower fetches the leader's log, and finds out where its own leaves it.
//!
//! The rule of KIP-101, and the story in which the other one goes wrong. n1 leads, n2 has fetched `x = 1` and has not yet
//! been told that it is committed; it was acknowledged. n2 restarts.
//! - *Truncate to the high watermark* (Kafka before 0.11): n2 throws `x = 1` away, to fetch it again. n1 dies before it
//!   can. n2 is in sync and leads: `x = 1` is lost.
//! - *Truncate at the epoch*: n2 keeps what it has, and asks. Only the leader's log can say what is not in it.

use std::sync::Arc;

use anachron_node::Context;

use super::super::{Entry, Epoch, Index, Point};
use super::member::Member;
use super::{InSync, Message, Timer};

impl Member {
    /// Asks the leader for what comes next. Whatever was written so far is durable before: the leader counts on it.
    pub(super) fn fetch(&mut self, cx: &mut Context<'_, InSync>) {
        let Some(leader) = self.configuration.leader().filter(|&leader| leader != cx.me()) else { return };
        let position = if self.config.syncs_first() { self.written } else { self.known };
        let (epoch, high_watermark) = (self.configuration.epoch, self.high_watermark);
        let fetch = Message::Fetch { epoch, end: self.log.last(), high_watermark };
        cx.send_after_sync(position, leader, fetch);
        cx.set_timer(Timer::Fetch, self.config.fetch_interval);
    }

    /// True if this is the answer of the leader that this node follows to a question about the log as it is. An answer to
    /// a question that was asked twice, or that was overtaken, comes too late.
    fn expects(&self, epoch: Epoch, previous: Point) -> bool {
        let follows = !self.is_leader() && self.configuration.led && self.configuration.epoch == epoch;
        follows && previous == self.log.last()
    }

    /// What comes next.
    pub(super) fn on_fetched(
        &mut self,
        epoch: Epoch,
        previous: Point,
        entries: &Arc<[Entry]>,
        high_watermark: Index,
        cx: &mut Context<'_, InSync>,
    ) {
        if !self.expects(epoch, previous) {
            return;
        }
        for entry in entries.iter() {
            self.append(entry.clone(), cx);
        }
        let committed = high_watermark.min(self.log.end());
        if committed > self.high_watermark {
            self.raise_high_watermark(committed, cx);
            self.state.apply_upto(committed, &self.log);
        }
        self.fetch(cx);
    }

    /// The leader does not have the end of this log. The log goes back to where the leader's leaves it, or its own last
    /// epoch that the leader knows of; if that is not far enough, the next answer says so.
    pub(super) fn on_diverging(
        &mut self,
        epoch: Epoch,
        previous: Point,
        ends: Point,
        cx: &mut Context<'_, InSync>,
    ) {
        if !self.expects(epoch, previous) {
            return;
        }
        let own = self.log.last_of(ends.epoch);
        self.truncate(own.index.min(ends.index), cx);
        self.fetch(cx);
    }
}
