//! Numbers for people: thousands, rates with their interval, wall-clock durations.
//!
//! The interval is Wilson's score interval (E. B. Wilson 1927), at 95 %: it stays inside 0 to 1, and with no
//! failure in n seeds it still has an upper end, where the plain normal interval would claim exactly zero.

use std::time::Duration;

/// `number` with its thousands apart: `1,204,331`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 seed`, `2 seeds`, `1,000 seeds`: a count and its noun.
pub fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// The 97.5 % quantile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// A proportion and its 95 % Wilson interval, each between 0 and 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// `hits / trials`; 0 without trials.
    pub estimate: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

/// The rate of `hits` among `trials`, with its 95 % Wilson interval. Without trials nothing is known: 0 to 1.
///
/// # Panics
/// When there are more hits than trials.
#[allow(clippy::cast_precision_loss)] // counts above 2^53 are not to be had
pub fn wilson(hits: u64, trials: u64) -> Rate {
    assert!(hits <= trials, "{hits} hits among {trials} trials");
    if trials == 0 {
        return Rate { estimate: 0.0, low: 0.0, high: 1.0 };
    }
    let (hits_f, n) = (hits as f64, trials as f64);
    let estimate = hits_f / n;
    let shrink = 1.0 + Z * Z / n;
    let centre = (estimate + Z * Z / (2.0 * n)) / shrink;
    let half = Z * (estimate * (1.0 - estimate) / n + Z * Z / (4.0 * n * n)).sqrt() / shrink;
    // At the two ends the interval touches 0 and 1 exactly; floating point may miss by an ulp.
    let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if hits == trials { 1.0 } else { (centre + half).min(1.0) };
    Rate { estimate, low, high }
}

impl Rate {
    /// Per thousand, with the interval: `7.79 (7.62–7.97)`. `dash` stands between the ends.
    pub fn per_thousand(self, dash: &str) -> String {
        let shown = |rate: f64| {
            let number = rate * 1000.0;
            if number == 0.0 || number >= 100.0 {
                format!("{number:.0}")
            } else if number >= 10.0 {
                format!("{number:.1}")
            } else if number >= 0.1 {
                format!("{number:.2}")
            } else {
                format!("{number:.4}")
            }
        };
        format!("{} ({}{dash}{})", shown(self.estimate), shown(self.low), shown(self.high))
    }
}

/// How long something took on the reader's own clock: `1.8 ms`, `2.4 s`, `3 min 20 s`. It goes through
/// [`sentence`](crate::text::sentence), which knows an ASCII form of `µs`.
pub fn took(duration: Duration) -> String {
    let micros = duration.as_micros();
    let seconds = duration.as_secs();
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{:.1} ms", duration.as_secs_f64() * 1e3),
        1_000_000..60_000_000 => format!("{:.1} s", duration.as_secs_f64()),
        _ if seconds < 3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, shown) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_204_331, "1,204,331")]
        {
            assert_eq!(thousands(number), shown);
        }
        assert_eq!((count(1, "seed"), count(1_000, "seed")), ("1 seed".into(), "1,000 seeds".into()));
    }

    #[test]
    fn wilson_agrees_with_published_values() {
        // Newcombe 1998, table I (method 3): 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (hits, trials, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let rate = wilson(hits, trials);
            assert!((rate.low - low).abs() < 5e-5, "{hits} of {trials}: {rate:?}");
            assert!((rate.high - high).abs() < 5e-5, "{hits} of {trials}: {rate:?}");
        }
        assert_eq!(wilson(0, 0), Rate { estimate: 0.0, low: 0.0, high: 1.0 });
        assert!(wilson(20, 20).high >= 1.0 && wilson(20, 20).low > 0.8);
    }

    #[test]
    fn no_violation_is_an_upper_bound_not_a_zero() {
        assert_eq!(wilson(0, 1_000_000).per_thousand("–"), "0 (0–0.0038)");
        assert_eq!(wilson(7_794, 1_000_000).per_thousand("–"), "7.79 (7.62–7.97)");
        assert_eq!(wilson(500, 1_000).per_thousand("-"), "500 (469-531)");
        assert_eq!(wilson(10, 10).per_thousand("-"), "1000 (722-1000)");
    }

    #[test]
    fn durations_read_as_people_say_them() {
        for (micros, shown) in [
            (12, "12 µs"),
            (1_800, "1.8 ms"),
            (2_400_000, "2.4 s"),
            (200_000_000, "3 min 20 s"),
            (7_260_000_000, "2 h 1 min"),
        ] {
            assert_eq!(took(Duration::from_micros(micros)), shown);
        }
    }
}
