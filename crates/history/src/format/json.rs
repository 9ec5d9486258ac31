//! A reader for JSON (RFC 8259) on one line, by hand.
//!
//! Why not `serde_json`: a history of a million lines must be read in a fraction of a second, errors must say what
//! was expected at which character, and a field that comes twice is an error. `serde_json` is the slow obvious
//! reader that the tests hold this one against.
//!
//! A newline ends a record, so it is never white space here. Nesting is limited ([`NESTING_LIMIT`]).
//!
//! What becomes of a JSON value:
//! - `null`, integers that fit 64 bits, and strings are themselves;
//! - `true`, `false`, other numbers, arrays and objects become [`Value::Literal`] with canonical text: no white
//!   space, the fields of objects sorted, numbers with a point or an exponent as the shortest text of their 64-bit
//!   value (`1.50` and `1.5` are one value, `1.0` and `1` are two), larger integers digit for digit;
//! - `{"literal":"TEXT"}` is the literal with this text: the way to write one that has no JSON form, such as the
//!   EDN keyword `:a`.

use std::borrow::Cow;

use anachron_vocabulary::Value;

use super::canonical::{self, Entry, NESTING_LIMIT};
use super::error::{Fault, Read};

/// The field of the object that stands for a literal without a JSON form.
pub(super) const LITERAL: &str = "literal";

/// The bytes that end the plain part of a string: a quote, a backslash, a control character.
const ENDS_PLAIN_TEXT: [bool; 256] = {
    let mut ends = [false; 256];
    let mut control = 0;
    while control < 0x20 {
        ends[control] = true;
        control += 1;
    }
    ends[b'"' as usize] = true;
    ends[b'\\' as usize] = true;
    ends
};

/// A position in a text, and what can be read there.
#[derive(Clone)]
pub(super) struct Json<'a> {
    text: &'a str,
    pub(super) at: usize,
}

/// A number as it stands in the text.
pub(super) struct Number<'a> {
    pub(super) text: &'a str,
    pub(super) is_integer: bool,
}

impl<'a> Json<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline]
    pub(super) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    #[inline]
    pub(super) fn eat(&mut self, byte: u8, expected: &'static str) -> Read<()> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(Fault::expected(self.at, expected))
    }

    /// Reads a string; it borrows from the text unless it has escapes.
    #[inline]
    pub(super) fn string(&mut self, expected: &'static str) -> Read<Cow<'a, str>> {
        self.eat(b'"', expected)?;
        let start = self.at;
        let rest = &self.text.as_bytes()[start..];
        let length = rest.iter().position(|&byte| ENDS_PLAIN_TEXT[usize::from(byte)]);
        self.at = start + length.unwrap_or(rest.len());
        match self.peek() {
            Some(b'"') => {
                let text = &self.text[start..self.at];
                self.at += 1;
                Ok(Cow::Borrowed(text))
            }
            Some(b'\\') => self.string_with_escapes(start).map(Cow::Owned),
            _ => Err(self.string_cut()),
        }
    }

    fn string_cut(&self) -> Fault {
        match self.peek() {
            Some(b'\n' | b'\r') | None => Fault::expected(self.at, "a closing `\"`"),
            Some(_) => Fault::expected(self.at, "control characters in a string written as \\u escapes"),
        }
    }

    #[cold]
    fn string_with_escapes(&mut self, start: usize) -> Read<String> {
        let mut out = String::new();
        let mut plain = start;
        loop {
            match self.peek() {
                Some(b'"') => {
                    out.push_str(&self.text[plain..self.at]);
                    self.at += 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(&self.text[plain..self.at]);
                    out.push(self.escape()?);
                    plain = self.at;
                }
                Some(0..=0x1f) | None => return Err(self.string_cut()),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Read<char> {
        let at = self.at;
        self.at += 1;
        let Some(kind) = self.peek() else { return Err(Fault::expected(self.at, "the rest of an escape")) };
        self.at += 1;
        Ok(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode_escape(at)?,
            _ => {
                return Err(Fault::expected(
                    at,
                    r#"an escape: \" \\ \/ \b \f \n \r \t or \u and four digits"#,
                ));
            }
        })
    }

    fn unicode_escape(&mut self, at: usize) -> Read<char> {
        let first = self.four_digits()?;
        let code = match first {
            0xd800..=0xdbff => {
                let pair = || Fault::expected(at, "both halves of a surrogate pair, \\ud8xx\\udcxx");
                if !self.text.as_bytes()[self.at..].starts_with(b"\\u") {
                    return Err(pair());
                }
                self.at += 2;
                let second = self.four_digits()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return Err(pair());
                }
                0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            code => code,
        };
        char::from_u32(code)
            .ok_or_else(|| Fault::expected(at, "both halves of a surrogate pair, \\ud8xx\\udcxx"))
    }

    fn four_digits(&mut self) -> Read<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or_else(|| Fault::expected(self.at, "a hexadecimal digit"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn digits(&mut self) -> Read<()> {
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(Fault::expected(self.at, "a digit"));
        }
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    /// Reads a number.
    #[inline]
    pub(super) fn number(&mut self) -> Read<Number<'a>> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return Err(Fault::expected(start, "a number without leading zeros"));
            }
        } else {
            self.digits()?;
        }
        let mut is_integer = true;
        if self.peek() == Some(b'.') {
            is_integer = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            is_integer = false;
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Number { text: &self.text[start..self.at], is_integer })
    }

    /// Reads an integer of 64 bits; `expected` says what it is for.
    #[inline]
    pub(super) fn integer(&mut self, expected: &'static str) -> Read<i64> {
        match self.short_integer() {
            Some(number) => Ok(number),
            None => self.any_integer(expected),
        }
    }

    /// Reads an integer of the common kind, without sign and with at most 18 digits, or nothing.
    #[inline]
    fn short_integer(&mut self) -> Option<i64> {
        const LONGEST: usize = 18;
        let rest = &self.text.as_bytes()[self.at..];
        let mut number = 0_i64;
        let mut length = 0;
        while let Some(digit) =
            rest.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit < 10)
        {
            if length == LONGEST {
                return None;
            }
            number = number * 10 + i64::from(digit);
            length += 1;
        }
        let leading_zero = rest.first() == Some(&b'0') && length > 1;
        if length == 0 || leading_zero || matches!(rest.get(length), Some(b'.' | b'e' | b'E')) {
            return None;
        }
        self.at += length;
        Some(number)
    }

    fn any_integer(&mut self, expected: &'static str) -> Read<i64> {
        let at = self.at;
        if !matches!(self.peek(), Some(b'-' | b'0'..=b'9')) {
            return Err(Fault::expected(at, expected));
        }
        let number = self.number()?;
        if !number.is_integer {
            return Err(Fault::expected(at, expected));
        }
        number.text.parse().map_err(|_| Fault::expected(at, expected).note("it does not fit 64 bits"))
    }

    /// Reads a word such as `null` if it stands here.
    #[inline]
    pub(super) fn word(&mut self, word: &str) -> bool {
        let stands_here = self.text.as_bytes()[self.at..].starts_with(word.as_bytes());
        if stands_here {
            self.at += word.len();
        }
        stands_here
    }

    /// Reads a value.
    pub(super) fn value(&mut self) -> Read<Value> {
        self.value_at(0)
    }

    /// Reads a value that stands this deep in lists.
    fn value_at(&mut self, depth: usize) -> Read<Value> {
        let at = self.at;
        match self.peek() {
            Some(b'"') => return Ok(Value::Text(self.string("a string")?.into())),
            Some(b'-' | b'0'..=b'9') => {
                if let Some(number) = self.short_integer() {
                    return Ok(Value::Integer(number));
                }
                let number = self.number()?;
                return match number.text.parse() {
                    Ok(small) if number.is_integer => Ok(Value::Integer(small)),
                    _ => Ok(Value::Literal(number_text(&number, at)?.into())),
                };
            }
            Some(b'n') if self.word("null") => return Ok(Value::Null),
            Some(b'{') => {
                if let Some(literal) = self.wrapped_literal() {
                    return Ok(Value::Literal(literal.into()));
                }
            }
            Some(b'[') if depth < NESTING_LIMIT => return self.list(depth),
            _ => {}
        }
        let mut out = String::new();
        self.nested(Some(&mut out), depth)?;
        Ok(Value::Literal(out.into()))
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        self.at += 1;
        let mut values = Vec::new();
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(values.into()));
        }
        loop {
            self.skip_space();
            values.push(self.value_at(depth + 1)?);
            self.skip_space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(Fault::expected(self.at, "`,` or `]`")),
            }
        }
        self.at += 1;
        Ok(Value::List(values.into()))
    }

    /// Reads past a value of any kind.
    #[inline]
    pub(super) fn skip(&mut self) -> Read<()> {
        match self.peek() {
            Some(b'"') => self.string("a string").map(drop),
            Some(b'0'..=b'9') if self.short_integer().is_some() => Ok(()),
            Some(b'n') if self.word("null") => Ok(()),
            _ => self.nested(None, 0),
        }
    }

    /// `{"literal":"TEXT"}`, or nothing read.
    fn wrapped_literal(&mut self) -> Option<Cow<'a, str>> {
        let mut ahead = self.clone();
        ahead.at += 1;
        ahead.skip_space();
        if ahead.string("").ok()? != LITERAL {
            return None;
        }
        ahead.skip_space();
        ahead.eat(b':', "").ok()?;
        ahead.skip_space();
        let literal = ahead.string("").ok()?;
        ahead.skip_space();
        ahead.eat(b'}', "").ok()?;
        self.at = ahead.at;
        Some(literal)
    }

    /// Reads a value and, if there is an `out`, writes its canonical text there.
    fn nested(&mut self, mut out: Option<&mut String>, depth: usize) -> Read<()> {
        let at = self.at;
        match self.peek() {
            Some(b'"') => {
                let text = self.string("a string")?;
                if let Some(out) = out {
                    canonical::quote(&text, out);
                }
                Ok(())
            }
            Some(b'-' | b'0'..=b'9') => {
                let number = self.number()?;
                if let Some(out) = out {
                    out.push_str(&number_text(&number, at)?);
                }
                Ok(())
            }
            Some(b'[' | b'{') if depth == NESTING_LIMIT => {
                Err(Fault::expected(at, format!("values nested at most {NESTING_LIMIT} deep")))
            }
            Some(b'[') => self.array(out, depth),
            Some(b'{') => self.object(out, depth),
            _ => {
                for word in ["null", "true", "false"] {
                    if self.word(word) {
                        if let Some(out) = out.as_mut() {
                            out.push_str(word);
                        }
                        return Ok(());
                    }
                }
                Err(Fault::expected(at, "a value"))
            }
        }
    }

    fn array(&mut self, mut out: Option<&mut String>, depth: usize) -> Read<()> {
        self.at += 1;
        put(&mut out, '[');
        self.skip_space();
        if self.peek() == Some(b']') {
            self.at += 1;
            put(&mut out, ']');
            return Ok(());
        }
        loop {
            self.skip_space();
            self.nested(out.as_deref_mut(), depth + 1)?;
            self.skip_space();
            match self.peek() {
                Some(b',') => put(&mut out, ','),
                Some(b']') => break,
                _ => return Err(Fault::expected(self.at, "`,` or `]`")),
            }
            self.at += 1;
        }
        self.at += 1;
        put(&mut out, ']');
        Ok(())
    }

    fn object(&mut self, mut out: Option<&mut String>, depth: usize) -> Read<()> {
        self.at += 1;
        put(&mut out, '{');
        let mut entries = Vec::new();
        self.skip_space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            put(&mut out, '}');
            return Ok(());
        }
        loop {
            self.skip_space();
            let at = self.at;
            let name = self.string("a field name in quotes")?;
            self.skip_space();
            self.eat(b':', "`:`")?;
            self.skip_space();
            let key = out.as_deref_mut().map(|out| {
                let start = out.len();
                canonical::quote(&name, out);
                let key = start..out.len();
                out.push(':');
                key
            });
            self.nested(out.as_deref_mut(), depth + 1)?;
            if let (Some(key), Some(out)) = (key, out.as_deref()) {
                entries.push(Entry { key, end: out.len(), at });
            }
            self.skip_space();
            match self.peek() {
                Some(b',') => put(&mut out, ','),
                Some(b'}') => break,
                _ => return Err(Fault::expected(self.at, "`,` or `}`")),
            }
            self.at += 1;
        }
        self.at += 1;
        if let Some(out) = out {
            canonical::sort_entries(out, &mut entries, ",")
                .map_err(|at| Fault::expected(at, "each field once").note("the field came before"))?;
            out.push('}');
        }
        Ok(())
    }
}

fn put(out: &mut Option<&mut String>, c: char) {
    if let Some(out) = out {
        out.push(c);
    }
}

fn number_text<'a>(number: &Number<'a>, at: usize) -> Read<Cow<'a, str>> {
    if number.is_integer {
        // JSON has one text for an integer, but for minus zero.
        return Ok(Cow::Borrowed(if number.text == "-0" { "0" } else { number.text }));
    }
    match number.text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Cow::Owned(canonical::float(value))),
        _ => Err(Fault::expected(at, "a number that fits a 64-bit float")),
    }
}
