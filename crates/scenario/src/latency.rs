//! How long something takes: a distribution over durations.

use anachron_vocabulary::VirtualDuration;

use crate::Fraction;

/// A distribution of durations. Parameters are exact; how to draw from it is the simulator's affair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Latency {
    /// Always the same.
    Constant(VirtualDuration),
    /// Every duration from `low` to `high`, both included, equally likely. `low <= high`.
    Uniform {
        /// The shortest.
        low: VirtualDuration,
        /// The longest.
        high: VirtualDuration,
    },
    /// Exponential, from zero up.
    Exponential {
        /// The mean.
        mean: VirtualDuration,
    },
    /// Log-normal: `median * exp(sigma * Z)` with a standard normal `Z`.
    LogNormal {
        /// Half of all draws are below it.
        median: VirtualDuration,
        /// The standard deviation of the logarithm.
        sigma: Fraction,
    },
    /// Pareto: `minimum / U^(1/shape)` with a uniform `U` in (0, 1]. The smaller the shape, the heavier the tail.
    Pareto {
        /// The shortest.
        minimum: VirtualDuration,
        /// The tail's exponent.
        shape: Fraction,
    },
    /// One of several distributions, chosen by weight. At least one weight is positive; none is a mixture.
    Mixture(Vec<(u32, Latency)>),
    /// Another distribution moved to the right.
    Shifted {
        /// Added to every draw.
        by: VirtualDuration,
        /// What it is added to.
        rest: Box<Latency>,
    },
}

impl Latency {
    /// No time at all.
    pub const ZERO: Self = Self::Constant(VirtualDuration::ZERO);
}
