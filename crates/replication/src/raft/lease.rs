//! Leader leases (dissertation, section 6.4.1): reads by clock instead of by a round of messages.
//!
//! Followers stand by a leader for the shortest election time-out E after they hear of it (`check_quorum.rs`). So from
//! the moment at which a leader *sent* a heartbeat that a majority has answered, nobody else can be elected for a time
//! E by the followers' clocks, and the leader may answer reads at once.
//!
//! Clocks run at different rates. With each within ρ of true time, a follower may count E in E / (1 + ρ), and a leader
//! whose clock is slow takes L / (1 - ρ) to count L. So a lease is L = E (1 - ρ) / (1 + ρ) long, by the leader's
//! monotonic clock. Four lines on what goes wrong without the margin: n1's clock is slow, n2's is fast; n1 hears n2 and
//! n3 and is cut off; n2 has counted E, is elected, and acknowledges a write; n1 has not counted E yet and answers a
//! read with the old value.
//!
//! What else is easy to miss, each with a weakening: a lease starts when the question was sent, not when the answer
//! came; the wall clock is no clock for it; a follower's promise outlives its restart; and a leader that has told
//! another to stand for election has given the lease up, for the rest of its office, since that message may arrive at
//! any later time.
//!
//! A new leader, as for every read, waits until an entry of its term is committed. Without a lease it asks for a round
//! (`reads.rs`).

use std::collections::VecDeque;

use anachron_node::Context;
use anachron_vocabulary::VirtualTime;

use super::config::Reads;
use super::messages::Round;
use super::replication::Leadership;
use super::weakening::Weakening;
use super::{Config, Raft, Role};

/// A leader's lease. Times are nanoseconds of the clock that leases go by.
#[derive(Debug, Default)]
pub(super) struct Lease {
    /// When each round began that no majority has answered yet.
    begun: VecDeque<(Round, i64)>,
    /// When the latest round began that a majority has answered.
    from: Option<i64>,
    /// True once the leader has told another to stand for election.
    given_up: bool,
}

/// One part per million.
const MILLION: u64 = 1_000_000;

/// How long a lease is: the election time-out, less what clocks may be apart after it.
fn length(config: &Config) -> i64 {
    let timeout = config.election_timeout_min.0;
    let bound = u64::from(config.clock_drift_bound_ppm);
    let length = if config.weakenings.contains(Weakening::LeaseNoDriftBound) {
        timeout
    } else {
        let shortened = u128::from(timeout) * u128::from(MILLION - bound) / u128::from(MILLION + bound);
        // Two clocks each show whole nanoseconds.
        u64::try_from(shortened).expect("shorter than the time-out").saturating_sub(2)
    };
    i64::try_from(length).unwrap_or(i64::MAX)
}

impl Raft {
    /// The clock that leases go by: one that never jumps.
    fn lease_clock(&self, cx: &Context<'_, Self>) -> i64 {
        if self.weak(Weakening::LeaseWallClock) { cx.wall_clock() } else { monotonic(cx.now()) }
    }

    /// Begins a round, so that acknowledgements from now on can be told from earlier ones.
    pub(super) fn begin_round(leadership: &mut Leadership, lease_clock: Option<i64>) -> Round {
        leadership.round = leadership.round.next();
        if let Some(now) = lease_clock {
            leadership.lease.begun.push_back((leadership.round, now));
        }
        leadership.round
    }

    /// The time by the lease's clock, if there are leases.
    pub(super) fn lease_time(&self, cx: &Context<'_, Self>) -> Option<i64> {
        (self.config.effective_reads() == Reads::Lease).then(|| self.lease_clock(cx))
    }

    /// A leader is about to speak to everyone: what they answer will renew its lease.
    pub(super) fn renew_lease(&mut self, cx: &Context<'_, Self>) {
        if let Some(now) = self.lease_time(cx)
            && let Role::Leader(leadership) = &mut self.role
        {
            Self::begin_round(leadership, Some(now));
        }
    }

    /// A follower has answered: perhaps a majority has, and the lease goes on.
    pub(super) fn extend_lease(&mut self, cx: &mut Context<'_, Self>) {
        let Some(now) = self.lease_time(cx) else { return };
        let from_ack = self.weak(Weakening::LeaseFromAckTime);
        let Role::Leader(leadership) = &mut self.role else { return };
        let answered = self.configurations.in_force().agreed(|node| leadership.answered(node, cx.me()));
        let lease = &mut leadership.lease;
        let first = lease.from.is_none();
        while let Some((_, begun)) = lease.begun.pop_front_if(|(round, _)| *round <= answered) {
            lease.from = Some(if from_ack { now } else { begun });
        }
        if first && lease.from.is_some() {
            let term = self.term;
            cx.note(|| format!("holds a lease on the leadership of term {term}"));
        }
    }

    /// True if a leader may answer reads by its lease, by the time it is at this node.
    pub(super) fn holds_lease(&self, cx: &Context<'_, Self>) -> bool {
        self.holds_lease_at(self.lease_clock(cx))
    }

    fn holds_lease_at(&self, now: i64) -> bool {
        let Role::Leader(leadership) = &self.role else { return false };
        let lease = &leadership.lease;
        let in_time = lease.from.is_some_and(|from| now < from.saturating_add(length(&self.config)));
        in_time && !lease.given_up && self.commit >= leadership.term_start
    }

    /// True if this node would answer a read by its lease when its clocks show this: for an observer's invariants.
    pub fn would_read_by_lease(&self, now: VirtualTime, wall_clock: i64) -> bool {
        self.holds_lease_at(if self.weak(Weakening::LeaseWallClock) { wall_clock } else { monotonic(now) })
    }

    /// Until when the lease lasts, by its clock, if there is one: for pictures.
    pub(super) fn lease_ends(&self) -> Option<i64> {
        let Role::Leader(leadership) = &self.role else { return None };
        let from = leadership.lease.from.filter(|_| !leadership.lease.given_up)?;
        Some(from.saturating_add(length(&self.config)))
    }

    /// The leader is about to let another stand for election.
    pub(super) fn give_lease_up(&mut self) {
        let survives = self.weak(Weakening::LeaseSurvivesTransfer);
        if let Role::Leader(leadership) = &mut self.role {
            leadership.lease.given_up |= !survives;
        }
    }
}

fn monotonic(now: VirtualTime) -> i64 {
    i64::try_from(now.0).unwrap_or(i64::MAX)
}
