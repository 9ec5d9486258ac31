//! Probabilities as integer ratios: the same on every platform, and readable in a scenario file (`1/100`).

use std::fmt;
use std::str::FromStr;

/// A probability `numerator / denominator` between 0 and 1.
///
/// Invariant: `denominator > 0` and `numerator <= denominator`, asserted by [`Ratio::new`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ratio {
    numerator: u32,
    denominator: u32,
}

/// Why a text or a pair of numbers is not a probability.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RatioError(String);

impl fmt::Display for RatioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RatioError {}

impl Ratio {
    /// Never.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };
    /// Always.
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };

    /// The probability `numerator / denominator`.
    ///
    /// # Errors
    /// When the denominator is zero or the ratio is above one.
    pub fn new(numerator: u32, denominator: u32) -> Result<Self, RatioError> {
        if denominator == 0 || numerator > denominator {
            return Err(RatioError(format!(
                "{numerator}/{denominator} is not a probability between 0/1 and 1/1"
            )));
        }
        Ok(Self { numerator, denominator })
    }

    /// True for a probability of zero.
    pub fn is_zero(self) -> bool {
        self.numerator == 0
    }

    /// True if this probability is smaller than `other`.
    pub fn is_less_than(self, other: Self) -> bool {
        u64::from(self.numerator) * u64::from(other.denominator)
            < u64::from(other.numerator) * u64::from(self.denominator)
    }

    /// Decides an event of this probability from 64 uniformly random bits, without rounding:
    /// it happens iff `bits / 2^64 < numerator / denominator`.
    pub fn happens(self, bits: u64) -> bool {
        u128::from(bits) * u128::from(self.denominator) < u128::from(self.numerator) << 64
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl FromStr for Ratio {
    type Err = RatioError;

    /// Reads `N/D`, or `0` or `1`.
    fn from_str(text: &str) -> Result<Self, RatioError> {
        let wrong =
            || RatioError(format!("`{text}` is not a probability; write it as a ratio such as 1/100"));
        let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
        let number = |part: &str| part.trim().parse::<u32>().map_err(|_| wrong());
        Self::new(number(numerator)?, number(denominator)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_splits_the_64_bit_range_exactly() {
        let half = Ratio::new(1, 2).expect("a ratio");
        assert!(half.happens((1 << 63) - 1));
        assert!(!half.happens(1 << 63));
        assert!(!Ratio::ZERO.happens(0));
        assert!(Ratio::ONE.happens(u64::MAX));
    }

    #[test]
    fn what_is_not_a_probability_is_refused_with_a_hint() {
        assert_eq!("1/100".parse::<Ratio>(), Ratio::new(1, 100));
        for text in ["", "2/1", "1/0", "0.5", "-1/2", "1/2/3"] {
            assert!(text.parse::<Ratio>().is_err(), "{text}");
        }
    }
}
