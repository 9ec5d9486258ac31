//! Virtual time: integer nanoseconds, so that no run depends on how a platform rounds.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A moment of the simulation, in nanoseconds since the start of the run.
///
/// Inside a replica it is the node's *own* monotonic clock, which may drift from true time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct VirtualTime(pub u64);

/// A length of virtual time, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct VirtualDuration(pub u64);

impl VirtualTime {
    /// The start of the run.
    pub const ZERO: Self = Self(0);
    /// Later than every moment of a run.
    pub const MAX: Self = Self(u64::MAX);

    /// How long after `earlier` this moment is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> VirtualDuration {
        VirtualDuration(self.0.saturating_sub(earlier.0))
    }

    /// In milliseconds, for people.
    #[allow(clippy::cast_precision_loss)] // a picture's axis does not need the last nanosecond
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl VirtualDuration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `n` nanoseconds.
    pub const fn nanos(n: u64) -> Self {
        Self(n)
    }

    /// `n` microseconds.
    pub const fn micros(n: u64) -> Self {
        Self(n * 1_000)
    }

    /// `n` milliseconds.
    pub const fn millis(n: u64) -> Self {
        Self(n * 1_000_000)
    }

    /// `n` seconds.
    pub const fn secs(n: u64) -> Self {
        Self(n * 1_000_000_000)
    }

    /// `n` times as long; at most the longest duration there is.
    #[must_use]
    pub fn saturating_mul(self, n: u64) -> Self {
        Self(self.0.saturating_mul(n))
    }

    /// In milliseconds, for people.
    #[allow(clippy::cast_precision_loss)] // as above
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add<VirtualDuration> for VirtualTime {
    type Output = Self;
    fn add(self, rhs: VirtualDuration) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl AddAssign<VirtualDuration> for VirtualTime {
    fn add_assign(&mut self, rhs: VirtualDuration) {
        *self = *self + rhs;
    }
}

impl Add for VirtualDuration {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        Self(self.0.saturating_add(rhs.0))
    }
}

impl Sub for VirtualDuration {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        Self(self.0.saturating_sub(rhs.0))
    }
}

impl fmt::Display for VirtualTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        VirtualDuration(self.0).fmt(f)
    }
}

/// In the largest unit that shows the value without loss of what a reader cares about: `1.5 s`, `6.8 ms`, `12 ns`.
impl fmt::Display for VirtualDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scale, unit) = match self.0 {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            1_000_000..10_000_000_000 => (1_000_000, "ms"),
            _ => (1_000_000_000, "s"),
        };
        let (whole, rest) = (self.0 / scale, self.0 % scale);
        if rest == 0 {
            return write!(f, "{whole} {unit}");
        }
        // Up to three digits after the point, cut, never rounded: a printed time is never after the event.
        let thousandths = rest * 1_000 / scale;
        if thousandths == 0 {
            return write!(f, "{whole} {unit}");
        }
        let digits = format!("{thousandths:03}");
        write!(f, "{whole}.{} {unit}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_print_in_the_unit_a_reader_expects() {
        let shown = |n| VirtualDuration(n).to_string();
        assert_eq!(shown(0), "0 ns");
        assert_eq!(shown(999), "999 ns");
        assert_eq!(shown(1_500), "1.5 µs");
        assert_eq!(shown(6_800_000), "6.8 ms");
        assert_eq!(shown(6_800_001), "6.8 ms");
        assert_eq!(shown(2_500_000_000), "2500 ms");
        assert_eq!(shown(12_340_000_000), "12.34 s");
    }
}
