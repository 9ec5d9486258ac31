//! A reader for EDN, Clojure's notation for data (<https://github.com/edn-format/edn>), as far as Jepsen and
//! Knossos write it.
//!
//! What becomes of an EDN value:
//! - `nil`, integers that fit 64 bits (with or without `N`), and strings are themselves;
//! - anything else becomes [`Value::Literal`] with canonical text, so that values which Clojure calls equal have one
//!   text: lists are written as vectors, sets and maps are sorted, floats as the shortest text of their 64-bit
//!   value, ratios reduced (`4/2` is the integer 2), larger integers without their `N`. Decimals (`1.50M`) and
//!   symbols keep their text; a tagged value is its tag, a space, and the value.
//!
//! Read but not part of a value: white space and commas, comments (`;`), discarded forms (`#_`). Nesting is limited
//! ([`NESTING_LIMIT`]); the limit counts collections and tags.
//!
//! Left out: what EDN leaves out of Clojure (quotes, metadata, regular expressions, octal numbers). Hexadecimal numbers
//! are read, because Clojure prints unreadable objects with them.

use std::borrow::Cow;
use std::sync::Arc;

use anachron_vocabulary::Value;

use super::canonical::{self, Entry, NESTING_LIMIT};
use super::edn_atom;
use super::error::{Fault, Read};

/// A position in a text, and what can be read there.
#[derive(Clone)]
pub(super) struct Edn<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

/// The kinds of brackets.
#[derive(Clone, Copy)]
enum Bracket {
    List,
    Vector,
    Map,
    Set,
}

impl Bracket {
    fn closing(self) -> char {
        match self {
            Self::List => ')',
            Self::Vector => ']',
            Self::Map | Self::Set => '}',
        }
    }

    fn opening(self) -> &'static str {
        match self {
            Self::List => "(",
            Self::Vector => "[",
            Self::Map => "{",
            Self::Set => "#{",
        }
    }
}

impl<'a> Edn<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn looking_at(&self, token: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(token.as_bytes())
    }

    /// Reads past white space, commas, comments and discarded forms.
    pub(super) fn skip_blank(&mut self) -> Read<()> {
        self.skip_blank_at(0)
    }

    fn skip_blank_at(&mut self, depth: usize) -> Read<()> {
        // `#_ #_ a b` discards both: a discard that is followed by another waits for its form.
        let mut forms_to_discard = 0_usize;
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | 0x0c) => self.at += 1,
                Some(b';') => {
                    let rest = &self.text.as_bytes()[self.at..];
                    self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                }
                Some(b'#') if self.looking_at("#_") => {
                    self.at += 2;
                    forms_to_discard += 1;
                }
                _ if forms_to_discard > 0 => {
                    forms_to_discard -= 1;
                    self.form(None, depth)?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Reads past a value of any kind.
    pub(super) fn skip(&mut self) -> Read<()> {
        self.form(None, 0)
    }

    /// Reads a value.
    pub(super) fn value(&mut self) -> Read<Value> {
        self.value_at(0)
    }

    /// Reads a value that stands this deep in lists. A list equals the vector with the same elements.
    fn value_at(&mut self, depth: usize) -> Read<Value> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return Ok(Value::Text(self.string()?.into())),
            Some(b'+' | b'-' | b'0'..=b'9') if self.is_number() => {
                let text = edn_atom::number(self.token(), start)?;
                return Ok(match text.parse() {
                    Ok(number) => Value::Integer(number),
                    Err(_) => Value::Literal(Arc::from(&*text)),
                });
            }
            Some(b'[') if depth < NESTING_LIMIT => return self.list(Bracket::Vector, depth + 1),
            Some(b'(') if depth < NESTING_LIMIT => return self.list(Bracket::List, depth + 1),
            _ => {}
        }
        let mut out = String::new();
        self.form(Some(&mut out), depth)?;
        Ok(if out == "nil" { Value::Null } else { Value::Literal(out.into()) })
    }

    fn list(&mut self, bracket: Bracket, depth: usize) -> Read<Value> {
        let open = self.at;
        self.at += bracket.opening().len();
        let mut values = Vec::new();
        while self.more(bracket, open, depth)? {
            values.push(self.value_at(depth)?);
        }
        Ok(Value::List(values.into()))
    }

    /// Reads the argument of a compare-and-set: `[expected new]`, a vector or a list.
    pub(super) fn pair(&mut self) -> Read<(Value, Value)> {
        let at = self.at;
        let wrong = |found: Option<&str>| {
            let fault = Fault::expected(at, "the argument of a cas: [expected new]");
            match found {
                Some(found) => fault.found(found),
                None => fault,
            }
        };
        let closing = match self.peek() {
            Some(b'[') => b']',
            Some(b'(') => b')',
            _ => return Err(wrong(None)),
        };
        self.at += 1;
        let mut values = Vec::with_capacity(2);
        loop {
            self.skip_blank()?;
            if self.peek() == Some(closing) {
                self.at += 1;
                break;
            }
            if values.len() == 2 {
                return Err(wrong(Some("more than two values")));
            }
            values.push(self.value()?);
        }
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (Some(expected), Some(new)) => Ok((expected, new)),
            (Some(_), None) => Err(wrong(Some("one value"))),
            _ => Err(wrong(Some("no value"))),
        }
    }

    /// Reads one token of the kind that has no quotes and no brackets. It has at least one character, or the text
    /// can't be EDN here and the token is empty.
    pub(super) fn token(&mut self) -> &'a str {
        let start = self.at;
        while let Some(byte) = self.peek() {
            if byte.is_ascii() {
                if !is_constituent(char::from(byte)) {
                    break;
                }
                self.at += 1;
            } else {
                match self.text[self.at..].chars().next() {
                    Some(c) if is_constituent(c) => self.at += c.len_utf8(),
                    _ => break,
                }
            }
        }
        &self.text[start..self.at]
    }

    /// True if a number starts here, rather than a symbol such as `-`.
    fn is_number(&self) -> bool {
        let bytes = &self.text.as_bytes()[self.at..];
        let digits = bytes.strip_prefix(b"+").or_else(|| bytes.strip_prefix(b"-")).unwrap_or(bytes);
        digits.first().is_some_and(u8::is_ascii_digit)
    }

    /// Reads a string; it borrows from the text unless it has escapes. Line ends inside are part of it.
    pub(super) fn string(&mut self) -> Read<Cow<'a, str>> {
        let open = self.at;
        self.at += 1;
        let mut out: Option<String> = None;
        let mut plain = self.at;
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let Some(length) = rest.iter().position(|&byte| byte == b'"' || byte == b'\\') else {
                return Err(
                    Fault::expected(self.text.len(), "a closing `\"`").note_line("the string starts", open)
                );
            };
            self.at += length;
            let text = &self.text[plain..self.at];
            if rest[length] == b'"' {
                self.at += 1;
                return Ok(match out {
                    Some(mut out) => {
                        out.push_str(text);
                        Cow::Owned(out)
                    }
                    None => Cow::Borrowed(text),
                });
            }
            let out = out.get_or_insert_default();
            out.push_str(text);
            let (c, length) = edn_atom::string_escape(&self.text[self.at..])
                .ok_or_else(|| Fault::expected(self.at, edn_atom::STRING_ESCAPES))?;
            out.push(c);
            self.at += length;
            plain = self.at;
        }
    }

    /// Reads a form and, if there is an `out`, writes its canonical text there.
    fn form(&mut self, out: Option<&mut String>, depth: usize) -> Read<()> {
        let at = self.at;
        let deeper = || {
            if depth == NESTING_LIMIT {
                return Err(Fault::expected(at, format!("values nested at most {NESTING_LIMIT} deep")));
            }
            Ok(depth + 1)
        };
        match self.peek() {
            Some(b'(') => self.collection(out, Bracket::List, deeper()?),
            Some(b'[') => self.collection(out, Bracket::Vector, deeper()?),
            Some(b'{') => self.collection(out, Bracket::Map, deeper()?),
            Some(b'#') if self.looking_at("#{") => self.collection(out, Bracket::Set, deeper()?),
            Some(b'#') => self.dispatch(out, deeper()?),
            Some(b'"') => {
                let text = self.string()?;
                if let Some(out) = out {
                    canonical::quote(&text, out);
                }
                Ok(())
            }
            Some(b'\\') => {
                self.at += 1;
                let (c, length) = edn_atom::character(&self.text[self.at..])
                    .ok_or_else(|| Fault::expected(at, "a character such as \\a, \\newline or \\u03b1"))?;
                self.at += length;
                if self.text[self.at..].starts_with(is_constituent) {
                    return Err(Fault::expected(at, "a character such as \\a, \\newline or \\u03b1"));
                }
                if let Some(out) = out {
                    edn_atom::write_character(c, out);
                }
                Ok(())
            }
            Some(b'+' | b'-' | b'0'..=b'9') if self.is_number() => {
                let number = edn_atom::number(self.token(), at)?;
                if let Some(out) = out {
                    out.push_str(&number);
                }
                Ok(())
            }
            _ => {
                let token = self.token();
                if token.is_empty() || token.starts_with('\'') || matches!(token, ":" | "::") {
                    return Err(Fault::expected(at, "a value"));
                }
                if let Some(out) = out {
                    out.push_str(token);
                }
                Ok(())
            }
        }
    }

    /// What starts with `#` and isn't a set: a tagged value, or a symbolic number (`##NaN`).
    fn dispatch(&mut self, mut out: Option<&mut String>, depth: usize) -> Read<()> {
        let at = self.at;
        self.at += 1;
        let symbolic = self.peek() == Some(b'#');
        let tag = self.token();
        if symbolic {
            if !matches!(tag, "#NaN" | "#Inf" | "#-Inf") {
                return Err(Fault::expected(at, "##NaN, ##Inf or ##-Inf"));
            }
            if let Some(out) = out {
                out.push('#');
                out.push_str(tag);
            }
            return Ok(());
        }
        if !tag.starts_with(|c: char| c.is_alphabetic() || c == ':') {
            return Err(Fault::expected(at, "`#{` of a set, `#_` or a tag such as #inst"));
        }
        if let Some(out) = out.as_deref_mut() {
            out.push('#');
            out.push_str(tag);
            out.push(' ');
        }
        self.skip_blank_at(depth)?;
        self.form(out, depth)
    }

    fn collection(&mut self, mut out: Option<&mut String>, bracket: Bracket, depth: usize) -> Read<()> {
        let open = self.at;
        self.at += bracket.opening().len();
        let (opening, separator) = match bracket {
            Bracket::List | Bracket::Vector => ("[", " "),
            Bracket::Map => ("{", ", "),
            Bracket::Set => ("#{", " "),
        };
        let closing = bracket.closing();
        if let Some(out) = out.as_deref_mut() {
            out.push_str(opening);
        }
        let mut entries: Vec<Entry> = Vec::new();
        let mut first = true;
        while self.more(bracket, open, depth)? {
            let at = self.at;
            let start = out.as_deref_mut().map(|out| {
                out.push_str(if std::mem::take(&mut first) { "" } else { separator });
                out.len()
            });
            self.form(out.as_deref_mut(), depth)?;
            let key_end = out.as_deref().map(String::len);
            if matches!(bracket, Bracket::Map) {
                if !self.more(bracket, open, depth)? {
                    return Err(Fault::expected(self.at - 1, "a value for the last key of the map"));
                }
                if let Some(out) = out.as_deref_mut() {
                    out.push(' ');
                }
                self.form(out.as_deref_mut(), depth)?;
            }
            if let (Some(start), Some(key_end), Some(out), Bracket::Map | Bracket::Set) =
                (start, key_end, out.as_deref(), bracket)
            {
                entries.push(Entry { key: start..key_end, end: out.len(), at });
            }
        }
        if let Some(out) = out {
            canonical::sort_entries(out, &mut entries, separator).map_err(|at| match bracket {
                Bracket::Map => Fault::expected(at, "each key once").note("the key came before"),
                _ => Fault::expected(at, "each element once").note("the element came before"),
            })?;
            out.push(if opening == "[" { ']' } else { closing });
        }
        Ok(())
    }

    /// True if another form follows before the closing bracket, which is read.
    fn more(&mut self, bracket: Bracket, open: usize, depth: usize) -> Read<bool> {
        self.skip_blank_at(depth)?;
        let closing = bracket.closing();
        match self.peek() {
            Some(byte) if char::from(byte) == closing => {
                self.at += 1;
                Ok(false)
            }
            None | Some(b')' | b']' | b'}') => Err(unclosed(self.at, bracket.opening(), closing, open)),
            Some(_) => Ok(true),
        }
    }
}

/// The error for a bracket that the file doesn't close.
pub(super) fn unclosed(at: usize, opening: &str, closing: char, open: usize) -> Fault {
    Fault::expected(at, format!("`{closing}`")).note_line(format!("to close the `{opening}`"), open)
}

/// Characters of symbols, keywords, numbers and tags.
#[inline]
fn is_constituent(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || b".*+!-_?$%&=<>/#:'|".contains(&(c as u8));
    }
    c.is_alphanumeric()
}
