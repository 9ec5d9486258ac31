//! A node's clocks: a monotonic one that drifts and freezes, and a wall clock that jumps as well.

use anachron_vocabulary::{VirtualDuration, VirtualTime};

const MILLION: u128 = 1_000_000;

/// Both clocks of one node, as a function of true time: linear since the last change of rate.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    /// True time of the last change of rate.
    anchor: VirtualTime,
    /// The monotonic clock at the anchor.
    anchor_local: VirtualTime,
    /// Local microseconds per true second: a million minus or plus the drift. Zero while frozen.
    rate: u32,
    /// What the rate is when the clock is not frozen.
    running_rate: u32,
    /// The wall clock minus the monotonic one, in nanoseconds.
    wall_offset: i64,
}

impl Clock {
    /// A clock that is `offset` ahead of true time on the wall, and drifts by `drift_ppm` parts per million.
    pub(crate) fn new(offset: i64, drift_ppm: i32) -> Self {
        let rate = rate(drift_ppm);
        let anchor = VirtualTime::ZERO;
        Self { anchor, anchor_local: anchor, rate, running_rate: rate, wall_offset: offset }
    }

    /// The monotonic clock at true time `now`.
    #[inline]
    pub(crate) fn local(&self, now: VirtualTime) -> VirtualTime {
        if u128::from(self.rate) == MILLION {
            return self.anchor_local + now.since(self.anchor);
        }
        let passed = u128::from(now.since(self.anchor).0) * u128::from(self.rate) / MILLION;
        self.anchor_local + VirtualDuration(u64::try_from(passed).unwrap_or(u64::MAX))
    }

    /// The wall clock at true time `now`.
    pub(crate) fn wall(&self, now: VirtualTime) -> i64 {
        i64::try_from(self.local(now).0).unwrap_or(i64::MAX).saturating_add(self.wall_offset)
    }

    /// The earliest true time at which the monotonic clock shows `local`; never, while it is frozen.
    pub(crate) fn true_time_of(&self, local: VirtualTime) -> Option<VirtualTime> {
        let ahead = local.since(self.anchor_local);
        if ahead == VirtualDuration::ZERO {
            return Some(self.anchor);
        }
        if u128::from(self.rate) == MILLION {
            return Some(self.anchor + ahead);
        }
        if self.rate == 0 {
            return None;
        }
        let passed = (u128::from(ahead.0) * MILLION).div_ceil(u128::from(self.rate));
        Some(self.anchor + VirtualDuration(u64::try_from(passed).unwrap_or(u64::MAX)))
    }

    fn set_rate(&mut self, now: VirtualTime, rate: u32) {
        self.anchor_local = self.local(now);
        self.anchor = now;
        self.rate = rate;
    }

    /// Steps the wall clock. The monotonic clock does not notice.
    pub(crate) fn step_wall(&mut self, by: i64) {
        self.wall_offset = self.wall_offset.saturating_add(by);
    }

    /// Changes the drift; a frozen clock will run with it later.
    pub(crate) fn set_drift(&mut self, now: VirtualTime, drift_ppm: i32) {
        self.running_rate = rate(drift_ppm);
        if self.rate != 0 {
            self.set_rate(now, self.running_rate);
        }
    }

    /// Stops both clocks.
    pub(crate) fn freeze(&mut self, now: VirtualTime) {
        self.set_rate(now, 0);
    }

    /// Lets both clocks run on from where they stopped.
    pub(crate) fn thaw(&mut self, now: VirtualTime) {
        self.set_rate(now, self.running_rate);
    }
}

fn rate(drift_ppm: i32) -> u32 {
    u32::try_from((1_000_000_i64 + i64::from(drift_ppm)).max(1)).expect("a drift fits 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> VirtualTime {
        VirtualTime(nanos)
    }

    #[test]
    fn a_fast_clock_is_ahead_and_timers_come_early() {
        let clock = Clock::new(0, 100_000);
        assert_eq!(clock.local(at(1_000)), at(1_100));
        assert_eq!(clock.true_time_of(at(1_100)), Some(at(1_000)));
    }

    #[test]
    fn the_true_time_of_a_local_time_is_the_first_at_which_the_clock_shows_it() {
        for drift in [-300_000, -7, 0, 13, 250_000] {
            let clock = Clock::new(0, drift);
            for local in (0..10_000).step_by(37) {
                let due = clock.true_time_of(at(local)).expect("the clock runs");
                assert!(clock.local(due) >= at(local), "drift {drift}, local {local}");
                assert!(due.0 == 0 || clock.local(at(due.0 - 1)) < at(local), "drift {drift}, local {local}");
            }
        }
    }

    #[test]
    fn steps_move_the_wall_clock_only() {
        let mut clock = Clock::new(5, 0);
        clock.step_wall(-25);
        assert_eq!(clock.wall(at(100)), 80);
        assert_eq!(clock.local(at(100)), at(100));
    }

    #[test]
    fn a_frozen_clock_stands_and_then_runs_on() {
        let mut clock = Clock::new(0, 0);
        clock.freeze(at(100));
        assert_eq!(clock.local(at(500)), at(100));
        assert_eq!(clock.true_time_of(at(101)), None);
        clock.set_drift(at(200), 1_000_000);
        clock.thaw(at(500));
        assert_eq!(clock.local(at(600)), at(300));
        assert_eq!(clock.true_time_of(at(300)), Some(at(600)));
    }
}
