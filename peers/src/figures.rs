//! Figures as people read them.

use std::time::Duration;

/// A time with two or three digits: `47 µs`, `1.3 ms`, `12 s`.
pub fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (value, unit) = match seconds {
        ..1e-3 => (seconds * 1e6, "µs"),
        ..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    format!("{} {unit}", digits(value))
}

/// Memory in MiB, from KiB: `6.1 MB`, `340 MB`. A thousand and twenty-four of them would be written as GB elsewhere; one
/// unit is easier to compare.
pub fn memory(kib: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a figure with three digits")]
    let mebibytes = kib as f64 / 1024.0;
    format!("{} MB", digits(mebibytes))
}

/// How much more the first is than the second: `×9.8`.
pub fn ratio(more: Duration, less: Duration) -> String {
    format!("×{}", digits(more.as_secs_f64() / less.as_secs_f64().max(1e-9)))
}

/// Ten is written with one digit behind the point, a hundred with none.
fn digits(value: f64) -> String {
    match value {
        ..9.95 => format!("{value:.1}"),
        _ => thousands(&format!("{value:.0}")),
    }
}

/// A number of things: `1,000,000`.
pub fn count(number: usize) -> String {
    thousands(&number.to_string())
}

fn thousands(digits: &str) -> String {
    let mut out = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Text that others wrote, on one line of a table and no longer than this.
pub fn one_line(text: &str, length: usize) -> String {
    let clean = |c: char| match c {
        '|' => '/',
        c if c.is_control() => ' ',
        c => c,
    };
    let mut line: String = text.chars().take(length).map(clean).collect();
    if text.chars().count() > length {
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_two_or_three_digits() {
        let cases =
            [(47_300, "47 µs"), (1_340_000, "1.3 ms"), (999_000_000, "999 ms"), (12_345_678_901, "12 s")];
        for (nanoseconds, text) in cases {
            assert_eq!(time(Duration::from_nanos(nanoseconds)), text);
        }
        assert_eq!(memory(6_246), "6.1 MB");
        assert_eq!(memory(12 << 20), "12,288 MB");
        assert_eq!(ratio(Duration::from_millis(98), Duration::from_millis(10)), "×9.8");
        assert_eq!(ratio(Duration::from_millis(100), Duration::from_millis(10)), "×10");
        assert_eq!(count(1_000_000), "1,000,000");
        assert_eq!(count(999), "999");
    }

    #[test]
    fn foreign_text_fits_a_table() {
        assert_eq!(one_line("a|b\nc", 80), "a/b c");
        assert_eq!(one_line("äöü", 2), "äö…");
    }
}
