//! The leaves of EDN: numbers, characters and escapes, and their canonical text.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::canonical;
use super::error::{Fault, Read};

/// What may follow a backslash in a string.
pub(super) const STRING_ESCAPES: &str = r#"an escape: \" \\ \n \t \r \b \f or \u and four digits"#;

/// The canonical text of a number token that stands at `at`. Equal integers, floats and ratios have equal text; an
/// integer's text is all digits, with a minus if it is below zero.
pub(super) fn number(token: &str, at: usize) -> Read<Cow<'_, str>> {
    if integer(token).is_some() {
        return Ok(Cow::Borrowed(token));
    }
    canonical_number(token, at).map(Cow::Owned)
}

fn canonical_number(token: &str, at: usize) -> Read<String> {
    let wrong = || Fault::expected(at, "a number");
    let negative = token.starts_with('-');
    let digits = token.strip_prefix(['+', '-']).unwrap_or(token);
    let signed = |text: &str| {
        let sign = if negative && text != "0" { "-" } else { "" };
        format!("{sign}{text}")
    };
    if let Some((numerator, denominator)) = digits.split_once('/') {
        let (numerator, denominator) = (integer(numerator), integer(denominator));
        let (Some(numerator), Some(denominator)) = (numerator, denominator) else { return Err(wrong()) };
        if denominator == "0" {
            return Err(Fault::expected(at, "a ratio whose denominator is not zero"));
        }
        return Ok(signed(&reduced(numerator, denominator)));
    }
    if let Some(whole) = integer(digits.strip_suffix('N').unwrap_or(digits)) {
        return Ok(signed(whole));
    }
    if let Some(digits) = digits.strip_prefix("0x") {
        // Not EDN, but Clojure prints objects with it: #object[java.lang.Object 0x5e9f23b4 "…"].
        return u128::from_str_radix(digits, 16).map(|whole| signed(&whole.to_string())).map_err(|_| wrong());
    }
    let (float, decimal) = match digits.strip_suffix('M') {
        Some(float) => (float, true),
        None => (digits, false),
    };
    if !(is_float(float) || decimal && integer(float).is_some()) {
        return Err(wrong());
    }
    if decimal {
        return Ok(signed(digits));
    }
    match float.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(canonical::float(if negative { -value } else { value })),
        _ => Err(Fault::expected(at, "a number that fits a 64-bit float")),
    }
}

/// The text of a whole number without sign, if it is one: EDN knows no leading zeros.
fn integer(text: &str) -> Option<&str> {
    let all_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (all_digits && (text == "0" || !text.starts_with('0'))).then_some(text)
}

/// True for `1.5`, `1.`, `1e9`, `1.5E-3`.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && is_digits(digits)
    });
    let mantissa_fits = match mantissa.split_once('.') {
        Some((whole, fraction)) => integer(whole).is_some() && is_digits(fraction),
        None => exponent.is_some() && integer(mantissa).is_some(),
    };
    exponent_fits && mantissa_fits
}

/// A ratio in lowest terms, as far as its numbers fit 128 bits; larger ones keep their text.
fn reduced(numerator: &str, denominator: &str) -> String {
    let (Ok(top), Ok(bottom)) = (numerator.parse::<u128>(), denominator.parse::<u128>()) else {
        return format!("{numerator}/{denominator}");
    };
    let (mut a, mut b) = (top, bottom);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    if bottom == a { (top / a).to_string() } else { format!("{}/{}", top / a, bottom / a) }
}

/// The character that an escape in a string stands for, and the escape's length in bytes. `text` starts with the
/// backslash.
pub(super) fn string_escape(text: &str) -> Option<(char, usize)> {
    let simple = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let high = four_digits(&text[2..])?;
            if !(0xd800..=0xdbff).contains(&high) {
                return Some((char::from_u32(high)?, 6));
            }
            // Clojure's characters are UTF-16: one beyond the first 65,536 is written as two escapes.
            let low = four_digits(text.get(6..)?.strip_prefix("\\u")?)?;
            let low = (0xdc00..=0xdfff).contains(&low).then(|| low - 0xdc00)?;
            return Some((char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?, 12));
        }
        _ => return None,
    };
    Some((simple, 2))
}

/// The names of characters that can't be seen.
const NAMED: [(&str, char); 6] = [
    ("newline", '\n'),
    ("return", '\r'),
    ("space", ' '),
    ("tab", '\t'),
    ("backspace", '\u{8}'),
    ("formfeed", '\u{c}'),
];

/// The character whose name `text` starts with, after the backslash, and the name's length in bytes.
pub(super) fn character(text: &str) -> Option<(char, usize)> {
    for (name, c) in NAMED {
        if text.starts_with(name) {
            return Some((c, name.len()));
        }
    }
    if let Some(code) = text.strip_prefix('u').and_then(four_digits) {
        return Some((char::from_u32(code)?, 5));
    }
    let c = text.chars().next()?;
    (!c.is_whitespace() && !c.is_control()).then_some((c, c.len_utf8()))
}

/// Writes a character by its canonical name.
pub(super) fn write_character(c: char, out: &mut String) {
    out.push('\\');
    match NAMED.iter().find(|(_, named)| *named == c) {
        Some((name, _)) => out.push_str(name),
        None if c.is_control() || c.is_whitespace() => {
            write!(out, "u{:04x}", u32::from(c)).expect("a String takes everything");
        }
        None => out.push(c),
    }
}

fn four_digits(text: &str) -> Option<u32> {
    let digits = text.get(..4)?;
    let all_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    all_hexadecimal.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_have_one_text() {
        for (token, text) in [
            ("0", "0"),
            ("-0", "0"),
            ("+7", "7"),
            ("7N", "7"),
            ("-12", "-12"),
            ("123456789012345678901234567890N", "123456789012345678901234567890"),
            ("1.50", "1.5"),
            ("1.", "1.0"),
            ("-0.0", "0.0"),
            ("1e3", "1000.0"),
            ("-2.5E-3", "-0.0025"),
            ("1.50M", "1.50M"),
            ("3M", "3M"),
            ("4/6", "2/3"),
            ("-4/2", "-2"),
            ("0/5", "0"),
            ("0x1f", "31"),
        ] {
            assert_eq!(number(token, 0).expect(token), text);
        }
        for token in
            ["007", "0x", "0xg", "1/0", "1e", "1e999", "1.2.3", "1N5", "5a", "1/2/3", "-1/-2", "1_000"]
        {
            assert!(number(token, 0).is_err(), "{token}");
        }
    }

    #[test]
    fn characters_and_escapes() {
        let canonical = |text| {
            let mut out = String::new();
            let (c, length) = character(text).expect(text);
            write_character(c, &mut out);
            (out, length)
        };
        assert_eq!(canonical("a"), ("\\a".to_owned(), 1));
        assert_eq!(canonical("u0041"), ("\\A".to_owned(), 5));
        assert_eq!(canonical("newline]"), ("\\newline".to_owned(), 7));
        assert_eq!(canonical("u0000"), ("\\u0000".to_owned(), 5));
        assert_eq!(canonical("é"), ("\\é".to_owned(), 2));
        assert_eq!((character(""), character(" "), character("\0")), (None, None, None));
        assert_eq!(string_escape("\\u00e9"), Some(('é', 6)));
        assert_eq!(string_escape("\\uD83D\\uDE00"), Some(('😀', 12)));
        for wrong in ["\\", "\\x", "\\u12", "\\u+123", "\\ud83d", "\\udc00", "\\ud83d\\u0041"] {
            assert_eq!(string_escape(wrong), None, "{wrong}");
        }
    }
}
