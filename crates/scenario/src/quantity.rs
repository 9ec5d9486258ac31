//! Quantities as people write them: `"25ms"`, `"-1.5s"`, `"1/100"`, `"3/2"`. Inside they are exact integers.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use anachron_vocabulary::{Ratio, VirtualDuration};
use serde::de::{self, Deserialize, Deserializer, Visitor};

/// A length of time that is not negative: `"25ms"`, `"1.5s"`, `"200us"`, `"10ns"`, `"2min"`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct DurationText(pub(crate) VirtualDuration);

/// A length of time with a sign, in nanoseconds: `"-25ms"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SignedDurationText(pub(crate) i64);

/// A probability: `"1/100"`, `"0"`, `"1"`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RatioText(pub(crate) Ratio);

/// A positive number as an exact fraction, for the shape of a distribution: `"3/2"`, `"1.5"`, `"2"`.
///
/// Invariant: neither part is zero.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fraction {
    numerator: u32,
    denominator: u32,
}

impl Fraction {
    /// The upper part.
    pub fn numerator(self) -> u32 {
        self.numerator
    }

    /// The lower part.
    pub fn denominator(self) -> u32 {
        self.denominator
    }

    /// The quotient. Division of two exact doubles is rounded the same way on every platform (IEEE 754).
    pub fn as_f64(self) -> f64 {
        f64::from(self.numerator) / f64::from(self.denominator)
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

/// The units, in nanoseconds. `ns` before `s`: a text ends with the first that fits.
const UNITS: [(&str, u64); 6] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
];

const A_DURATION: &str = "a duration such as \"25ms\", \"1.5s\", \"200us\" or \"10ns\"";

/// Reads a duration without a sign, exactly.
fn nanoseconds(text: &str) -> Result<u64, String> {
    let Some((number, unit)) =
        UNITS.iter().find_map(|&(unit, scale)| text.strip_suffix(unit).map(|number| (number, scale)))
    else {
        return Err(format!("`{text}` has no unit; expected {A_DURATION}"));
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) {
        return Err(format!("`{text}` is not {A_DURATION}"));
    }
    let too_long = || format!("`{text}` is longer than a run can last (292 years)");
    let decimals = decimals.trim_end_matches('0');
    let scaled = |part: &str, unit: u64| -> Option<u64> {
        part.parse::<u64>().ok()?.checked_mul(unit).filter(|&n| n <= i64::MAX.unsigned_abs())
    };
    let mut total = scaled(whole, unit).ok_or_else(too_long)?;
    if !decimals.is_empty() {
        let places = u32::try_from(decimals.len()).unwrap_or(u32::MAX);
        let finer = || format!("`{text}` is finer than a nanosecond, the smallest step of time");
        let divisor = 10_u64.checked_pow(places).ok_or_else(finer)?;
        let product = u128::from(decimals.parse::<u64>().map_err(|_| finer())?) * u128::from(unit);
        if product % u128::from(divisor) != 0 {
            return Err(finer());
        }
        let part = u64::try_from(product / u128::from(divisor)).map_err(|_| too_long())?;
        total = total.checked_add(part).filter(|&n| n <= i64::MAX.unsigned_abs()).ok_or_else(too_long)?;
    }
    Ok(total)
}

impl FromStr for DurationText {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('-') {
            return Err(format!("`{text}` is negative; expected {A_DURATION}"));
        }
        nanoseconds(text).map(|n| Self(VirtualDuration(n)))
    }
}

/// Reads a duration as scenario files write it: `25ms`, `1.5s`, `200us`, `10ns`. For strategies' options, which are
/// read elsewhere.
///
/// # Errors
/// What is wrong with the text, and what was expected.
pub fn parse_duration(text: &str) -> Result<VirtualDuration, String> {
    text.parse::<DurationText>().map(|duration| duration.0)
}

impl FromStr for SignedDurationText {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let n = i64::try_from(nanoseconds(unsigned)?).map_err(|_| format!("`{text}` is too long"))?;
        Ok(Self(if negative { -n } else { n }))
    }
}

impl FromStr for RatioText {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: anachron_vocabulary::RatioError| error.to_string())
    }
}

impl FromStr for Fraction {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not a positive number such as \"3/2\" or \"1.5\"");
        let digits = |part: &str| -> Result<u32, String> {
            if part.is_empty() || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong());
            }
            part.parse().map_err(|_| wrong())
        };
        let (numerator, denominator) = if let Some((numerator, denominator)) = text.split_once('/') {
            (digits(numerator)?, digits(denominator)?)
        } else if let Some((whole, decimals)) = text.split_once('.') {
            digits(whole)?;
            digits(decimals)?;
            let places = u32::try_from(decimals.len()).map_err(|_| wrong())?;
            let denominator = 10_u32.checked_pow(places).ok_or_else(wrong)?;
            (digits(&format!("{whole}{decimals}"))?, denominator)
        } else {
            (digits(text)?, 1)
        };
        if numerator == 0 || denominator == 0 {
            return Err(wrong());
        }
        Ok(Self { numerator, denominator })
    }
}

/// Reads a quantity from its text, and says what it should look like if it is no text at all.
struct Quantity<T> {
    expected: &'static str,
    of: PhantomData<T>,
}

impl<T: FromStr<Err = String>> Visitor<'_> for Quantity<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

macro_rules! quantity {
    ($type:ty, $expected:expr) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Quantity { expected: $expected, of: PhantomData })
            }
        }
    };
}

quantity!(DurationText, A_DURATION);
quantity!(SignedDurationText, "a duration with or without a sign, such as \"25ms\" or \"-25ms\"");
quantity!(RatioText, "a probability as a ratio in quotes, such as \"1/100\"");
quantity!(Fraction, "a positive number in quotes, such as \"3/2\" or \"1.5\"");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact_to_the_nanosecond() {
        let read = |text: &str| text.parse::<DurationText>().map(|d| d.0.0);
        assert_eq!(read("25ms"), Ok(25_000_000));
        assert_eq!(read("1.5s"), Ok(1_500_000_000));
        assert_eq!(read("200us"), Ok(200_000));
        assert_eq!(read("0.5µs"), Ok(500));
        assert_eq!(read("10ns"), Ok(10));
        assert_eq!(read("2min"), Ok(120_000_000_000));
        assert_eq!(read("0s"), Ok(0));
        assert_eq!(read("0.000000001s"), Ok(1));
        assert_eq!(read("9223372036.854775807s"), Ok(i64::MAX.unsigned_abs()));
    }

    #[test]
    fn what_is_no_duration_is_refused_with_a_reason() {
        let reason = |text: &str| text.parse::<DurationText>().expect_err(text);
        for text in
            ["", "25", "ms", "1.ms", ".5ms", "1e3ms", "NaNs", "infs", "25 ms", "+1s", "0x1s", "1.2.3s", "٣s"]
        {
            assert!(reason(text).contains("duration"), "{text}: {}", reason(text));
        }
        assert!(reason("-5ms").contains("negative"));
        assert!(reason("0.5ns").contains("finer"));
        assert!(reason("0.00000000000000000000000001s").contains("finer"));
        assert!(reason("99999999999999999999s").contains("longer"));
        assert!(reason("9223372036.854775808s").contains("longer"));
        assert_eq!("-25ms".parse::<SignedDurationText>(), Ok(SignedDurationText(-25_000_000)));
        assert!("--25ms".parse::<SignedDurationText>().is_err());
    }

    #[test]
    fn fractions_keep_their_parts() {
        let read = |text: &str| text.parse::<Fraction>().map(|f| (f.numerator, f.denominator));
        assert_eq!(read("3/2"), Ok((3, 2)));
        assert_eq!(read("1.5"), Ok((15, 10)));
        assert_eq!(read("2"), Ok((2, 1)));
        for text in ["0", "0/1", "1/0", "-1", "1.", "", "1e3", "0.0", "1/2/3", "99999999999", "0.00000000001"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
