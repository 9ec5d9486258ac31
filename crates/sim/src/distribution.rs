//! Distributions of durations.
//!
//! All are sampled by inverting their cumulative distribution function, so that a sample takes a fixed number of
//! draws: one, and one more for a mixture's choice. `ln` and `pow` come from `libm`, in pure Rust, so that a sample
//! does not depend on the platform.

use anachron_vocabulary::VirtualDuration;

/// A distribution of durations.
#[derive(Clone, PartialEq, Debug)]
pub enum Distribution {
    /// Always the same.
    Constant(VirtualDuration),
    /// Uniform in `[low, high]`.
    Uniform {
        /// The least.
        low: VirtualDuration,
        /// The most.
        high: VirtualDuration,
    },
    /// Exponential: memoryless.
    Exponential {
        /// The mean.
        mean: VirtualDuration,
    },
    /// Log-normal: the logarithm is normal.
    LogNormal {
        /// The median, `exp(mu)`.
        median: VirtualDuration,
        /// The standard deviation of the logarithm.
        sigma: f64,
    },
    /// Pareto: a heavy tail above a minimum.
    Pareto {
        /// The least, `xm`.
        minimum: VirtualDuration,
        /// The tail's exponent, `alpha`; smaller is heavier.
        shape: f64,
    },
    /// One of several, chosen in proportion to their weights. A mixture may not hold another mixture.
    Mixture(Vec<(u32, Distribution)>),
    /// A fixed part and a random one. The random part may not be a mixture's.
    Shifted {
        /// The fixed part.
        by: VirtualDuration,
        /// The random part.
        rest: Box<Distribution>,
    },
}

/// Two uniformly random words: as much as any distribution takes.
pub(crate) type Draws = [u64; 2];

/// Longer than any run; samples are cut here so that sums can't overflow.
const LONGEST: f64 = 1e18;

impl Distribution {
    /// No delay at all.
    pub const ZERO: Self = Self::Constant(VirtualDuration::ZERO);

    /// The duration that these draws stand for.
    pub(crate) fn sample(&self, draws: Draws) -> VirtualDuration {
        match self {
            Self::Constant(duration) => *duration,
            Self::Uniform { low, high } => {
                let width = u128::from((*high - *low).0) + 1;
                *low + VirtualDuration(
                    u64::try_from((u128::from(draws[0]) * width) >> 64).expect("below 2^64"),
                )
            }
            Self::Exponential { mean } => scaled(*mean, -libm::log(unit(draws[0]))),
            Self::LogNormal { median, sigma } => {
                scaled(*median, libm::exp(sigma * normal_quantile(unit(draws[0]))))
            }
            Self::Pareto { minimum, shape } => scaled(*minimum, libm::pow(unit(draws[0]), -1.0 / shape)),
            Self::Mixture(parts) => {
                let total: u64 = parts.iter().map(|(weight, _)| u64::from(*weight)).sum();
                let mut choice = (u128::from(draws[1]) * u128::from(total)) >> 64;
                for (weight, part) in parts {
                    if choice < u128::from(*weight) {
                        return part.sample([draws[0], 0]);
                    }
                    choice -= u128::from(*weight);
                }
                VirtualDuration::ZERO
            }
            Self::Shifted { by, rest } => *by + rest.sample(draws),
        }
    }

    /// The mean in nanoseconds; infinite for a Pareto distribution with a shape of at most one.
    #[allow(clippy::cast_precision_loss)] // for comparing and printing
    pub fn mean(&self) -> f64 {
        match self {
            Self::Constant(duration) => duration.0 as f64,
            Self::Uniform { low, high } => low.0 as f64 / 2.0 + high.0 as f64 / 2.0,
            Self::Exponential { mean } => mean.0 as f64,
            Self::LogNormal { median, sigma } => median.0 as f64 * libm::exp(sigma * sigma / 2.0),
            Self::Pareto { minimum, shape } if *shape > 1.0 => minimum.0 as f64 * shape / (shape - 1.0),
            Self::Pareto { .. } => f64::INFINITY,
            Self::Mixture(parts) => {
                let total: f64 = parts.iter().map(|(weight, _)| f64::from(*weight)).sum();
                parts.iter().map(|(weight, part)| f64::from(*weight) * part.mean()).sum::<f64>() / total
            }
            Self::Shifted { by, rest } => by.0 as f64 + rest.mean(),
        }
    }
}

/// A number in `(0, 1]` from 53 of 64 random bits; never zero, so that its logarithm is finite.
#[allow(clippy::cast_precision_loss)] // 53 bits fit a double
fn unit(bits: u64) -> f64 {
    ((bits >> 11) + 1) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)] // cut at LONGEST
fn scaled(duration: VirtualDuration, factor: f64) -> VirtualDuration {
    VirtualDuration((duration.0 as f64 * factor).clamp(0.0, LONGEST) as u64)
}

/// The quantile function of the standard normal distribution, algorithm AS 241 (Wichura 1988), routine PPND16:
/// about 16 correct digits.
fn normal_quantile(p: f64) -> f64 {
    /// Numerator and denominator of a rational approximation, lowest power first.
    fn rational(x: f64, numerator: [f64; 8], denominator: [f64; 8]) -> f64 {
        let horner = |c: [f64; 8]| c.iter().rev().fold(0.0, |sum, &coefficient| sum * x + coefficient);
        horner(numerator) / horner(denominator)
    }
    let p = p.min(1.0 - f64::EPSILON / 2.0);
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let near = rational(
            0.180_625 - q * q,
            [
                3.387_132_872_796_366_5,
                133.141_667_891_784_38,
                1_971.590_950_306_551_3,
                13_731.693_765_509_46,
                45_921.953_931_549_87,
                67_265.770_927_008_7,
                33_430.575_583_588_13,
                2_509.080_928_730_122_7,
            ],
            [
                1.0,
                42.313_330_701_600_91,
                687.187_007_492_057_9,
                5_394.196_021_424_751,
                21_213.794_301_586_597,
                39_307.895_800_092_71,
                28_729.085_735_721_943,
                5_226.495_278_852_854,
            ],
        );
        return q * near;
    }
    let tail = libm::sqrt(-libm::log(if q < 0.0 { p } else { 1.0 - p }));
    let far = if tail <= 5.0 {
        rational(
            tail - 1.6,
            [
                1.423_437_110_749_683_5,
                4.630_337_846_156_546,
                5.769_497_221_460_691,
                3.647_848_324_763_204_5,
                1.270_458_252_452_368_4,
                0.241_780_725_177_450_6,
                0.022_723_844_989_269_184,
                7.745_450_142_783_414e-4,
            ],
            [
                1.0,
                2.053_191_626_637_759,
                1.676_384_830_183_803_8,
                0.689_767_334_985_1,
                0.148_103_976_427_480_08,
                0.015_198_666_563_616_457,
                5.475_938_084_995_345e-4,
                1.050_750_071_644_416_9e-9,
            ],
        )
    } else {
        rational(
            tail - 5.0,
            [
                6.657_904_643_501_103,
                5.463_784_911_164_114,
                1.784_826_539_917_291_3,
                0.296_560_571_828_504_87,
                0.026_532_189_526_576_124,
                0.001_242_660_947_388_078_4,
                2.711_555_568_743_487_6e-5,
                2.010_334_399_292_288_1e-7,
            ],
            [
                1.0,
                0.599_832_206_555_888,
                0.136_929_880_922_735_8,
                0.014_875_361_290_850_615,
                7.868_691_311_456_133e-4,
                1.846_318_317_510_054_8e-5,
                1.421_511_758_316_446e-7,
                2.044_263_103_389_939_8e-15,
            ],
        )
    };
    if q < 0.0 { -far } else { far }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)] // expected values may come from the platform's `ln`; samples may not
mod tests {
    use super::*;
    use anachron_node::Random;

    const MS: VirtualDuration = VirtualDuration::millis(1);

    /// Sorted samples in milliseconds.
    fn samples(distribution: &Distribution) -> Vec<f64> {
        let mut random = Random::new(7, 1);
        let mut all: Vec<f64> = (0..100_000)
            .map(|_| distribution.sample([random.bits(), random.bits()]).as_millis_f64())
            .collect();
        all.sort_by(f64::total_cmp);
        all
    }

    fn assert_quantiles(distribution: &Distribution, expected: &[(f64, f64)]) {
        let all = samples(distribution);
        for &(p, value) in expected {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let found = all[(p * 100_000.0) as usize];
            assert!(
                (found / value - 1.0).abs() < 0.03,
                "{distribution:?}: quantile {p} is {found}, not {value}"
            );
        }
    }

    #[test]
    fn samples_have_the_quantiles_of_their_distribution() {
        let ln2 = core::f64::consts::LN_2;
        assert_quantiles(&Distribution::Constant(MS), &[(0.0, 1.0), (0.99, 1.0)]);
        let uniform = Distribution::Uniform { low: MS, high: VirtualDuration::millis(3) };
        assert_quantiles(&uniform, &[(0.25, 1.5), (0.5, 2.0), (0.9, 2.8)]);
        assert_quantiles(&Distribution::Exponential { mean: MS }, &[(0.5, ln2), (0.99, 100_f64.ln())]);
        let log_normal = Distribution::LogNormal { median: MS, sigma: 0.5 };
        assert_quantiles(
            &log_normal,
            &[(0.5, 1.0), (0.841_344_7, 0.5_f64.exp()), (0.158_655_3, (-0.5_f64).exp())],
        );
        let pareto = Distribution::Pareto { minimum: MS, shape: 2.0 };
        assert_quantiles(&pareto, &[(0.0001, 1.0), (0.5, 2_f64.sqrt()), (0.99, 10.0)]);
        let shifted =
            Distribution::Shifted { by: MS, rest: Box::new(Distribution::Exponential { mean: MS }) };
        assert_quantiles(&shifted, &[(0.5, 1.0 + ln2)]);
    }

    #[test]
    fn a_mixture_takes_its_parts_by_weight() {
        let mixture = Distribution::Mixture(vec![
            (3, Distribution::Constant(MS)),
            (1, Distribution::Constant(VirtualDuration::millis(2))),
        ]);
        let all = samples(&mixture);
        let ones = all.iter().filter(|&&sample| sample < 1.5).count();
        assert!((74_000..76_000).contains(&ones), "{ones} of 100,000");
        assert!((mixture.mean() - 1.25e6).abs() < 1.0);
    }

    #[test]
    fn the_heaviest_tail_stays_within_bounds() {
        let pareto = Distribution::Pareto { minimum: MS, shape: 0.01 };
        assert_eq!(pareto.sample([0, 0]), VirtualDuration(1_000_000_000_000_000_000));
        let log_normal = Distribution::LogNormal { median: MS, sigma: 50.0 };
        assert_eq!(log_normal.sample([0, 0]), VirtualDuration::ZERO);
        assert!(log_normal.sample([u64::MAX, 0]) > MS);
    }

    #[test]
    fn the_normal_quantile_agrees_with_the_tables() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_814),
            (1e-9, -5.997_807_015),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-7, "quantile {p}: {}", normal_quantile(p));
        }
    }
}
