//! Where a history file is wrong, what should stand there, and what does.
//!
//! Parsers deal in byte offsets only and raise a [`Fault`]; line and column are worked out once, when the fault
//! leaves this crate as a [`ParseError`]. So the good case never pays for counting lines.

use std::fmt;

/// The most characters of the offending line that an error shows.
const EXCERPT_WIDTH: usize = 100;
/// The most characters of a token that an error quotes.
const TOKEN_WIDTH: usize = 40;

/// Why a text is not a history: the place, what was expected there and what was found instead.
///
/// `Display` gives one plain line; [`excerpt`](Self::excerpt) and [`caret`](Self::caret) let a caller draw the
/// offending line with a caret under the place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted from 1 in characters (a byte order mark doesn't count).
    pub column: usize,
    /// What should stand there, to be read after "expected".
    pub expected: String,
    /// What stands there, to be read after "found".
    pub found: String,
    /// What else helps: where the other half of a conflict is, or how to mend it.
    pub note: Option<String>,
    /// The line's text around the place, at most about 100 characters, `…` where it was cut; control characters
    /// and tabs are replaced, one for one, so that columns line up.
    pub excerpt: String,
    /// How many characters of [`excerpt`](Self::excerpt) come before the place.
    pub caret: usize,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {}: expected {}, found {}",
            self.line, self.column, self.expected, self.found
        )?;
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ParseError {}

/// The result of a parser inside this crate.
pub(super) type Read<T> = Result<T, Fault>;

/// An error whose place is still a byte offset. Boxed, so that the good case stays small.
#[derive(Debug)]
pub(super) struct Fault(Box<Details>);

#[derive(Debug)]
struct Details {
    at: usize,
    expected: String,
    found: Option<String>,
    note: Option<(String, Option<usize>)>,
}

impl Fault {
    /// Something else was expected at this offset. What stands there is read from the text, unless [`Self::found`]
    /// says more.
    #[cold]
    pub(super) fn expected(at: usize, expected: impl Into<String>) -> Self {
        Self(Box::new(Details { at, expected: expected.into(), found: None, note: None }))
    }

    /// Says what was found, where the next token alone doesn't tell.
    pub(super) fn found(mut self, found: impl Into<String>) -> Self {
        self.0.found = Some(found.into());
        self
    }

    /// Adds a note.
    pub(super) fn note(mut self, note: impl Into<String>) -> Self {
        self.0.note = Some((note.into(), None));
        self
    }

    /// Adds a note that ends in the line of another place: "… on line 7".
    pub(super) fn note_line(mut self, note: impl Into<String>, at: usize) -> Self {
        self.0.note = Some((note.into(), Some(at)));
        self
    }

    /// Turns the offset into line and column and cuts the line to a sane width.
    pub(super) fn locate(self, text: &str) -> ParseError {
        let Details { at, expected, found, note } = *self.0;
        let at = (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[at..].find('\n').map_or(text.len(), |length| at + length);
        let (excerpt, caret) = excerpt(&text[start..end], at - start);
        ParseError {
            line: line_of(text, at),
            column: text[start..at].chars().count() + 1,
            expected,
            found: found.unwrap_or_else(|| describe(text, at)),
            note: note.map(|(note, place)| match place {
                Some(place) => format!("{note} on line {}", line_of(text, place)),
                None => note,
            }),
            excerpt,
            caret,
        }
    }
}

/// The error for bytes that are not UTF-8, of which the first `valid` bytes are.
pub(super) fn not_utf8(bytes: &[u8], valid: usize) -> ParseError {
    let (before, rest) = bytes.split_at(valid);
    let before = std::str::from_utf8(before).expect("the part before the first wrong byte is UTF-8");
    let mut fault = Fault::expected(valid, "UTF-8 text").found(format!("byte 0x{:02x}", rest[0]));
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        fault = fault.note("the file looks like UTF-16: save it as UTF-8");
    } else if std::str::from_utf8(rest)
        .is_err_and(|error| error.error_len().is_none() && error.valid_up_to() == 0)
    {
        fault = fault.note("the file ends in the middle of a character");
    }
    fault.locate(before)
}

/// The line of an offset, counted from 1.
fn line_of(text: &str, at: usize) -> usize {
    newlines(&text[..at.min(text.len())]) + 1
}

/// How many newlines a text has.
pub(super) fn newlines(text: &str) -> usize {
    // Counts of short runs fit a byte, and the compiler counts many bytes at a time.
    let count = |run: &[u8]| run.iter().map(|&byte| u8::from(byte == b'\n')).sum::<u8>();
    text.as_bytes().chunks(255).map(|run| usize::from(count(run))).sum()
}

/// Up to [`EXCERPT_WIDTH`] characters of a line around byte `at`, and how many of them come before it.
fn excerpt(line: &str, at: usize) -> (String, usize) {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let (before, after) = line.split_at(at.min(line.len()));
    // Two thirds of the width for what comes before, the rest (and what is left over) for what comes after.
    let wanted_before = EXCERPT_WIDTH * 2 / 3;
    let mut shown_before: Vec<char> = before.chars().rev().take(wanted_before + 1).collect();
    let cut_before = shown_before.len() > wanted_before;
    shown_before.truncate(wanted_before);
    let room = EXCERPT_WIDTH - shown_before.len();
    let mut rest = after.chars();
    let shown_after: Vec<char> = rest.by_ref().take(room).collect();

    let mut excerpt = String::new();
    if cut_before {
        excerpt.push('…');
    }
    let caret = shown_before.len() + usize::from(cut_before);
    excerpt.extend(shown_before.iter().rev().chain(&shown_after).map(|&c| printable(c)));
    if rest.next().is_some() {
        excerpt.push('…');
    }
    (excerpt, caret)
}

fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

/// What stands at an offset, in words: the end, a token in backticks, or a character's number.
pub(super) fn describe(text: &str, at: usize) -> String {
    let rest = &text[at..];
    let mut chars = rest.chars();
    match chars.next() {
        None => "the end of the file".to_owned(),
        Some('\n') => "the end of the line".to_owned(),
        Some('\r') if rest.starts_with("\r\n") => "the end of the line".to_owned(),
        Some('"') => {
            let mut escaped = false;
            quote_token(rest, move |index, c| {
                let ends = index > 0 && c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                if ends { Part::Last } else { Part::Inside }
            })
        }
        Some(c) if c.is_control() => format!("the control character U+{:04X}", u32::from(c)),
        Some(c) if is_word(c) => {
            quote_token(rest, |_, c| if is_word(c) { Part::Inside } else { Part::Outside })
        }
        Some(c) => format!("`{c}`"),
    }
}

/// Where a character of a token stands.
#[derive(PartialEq, Eq)]
enum Part {
    Inside,
    Last,
    Outside,
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || "_-+.:/?!*<>=$%&#\\".contains(c)
}

/// A token in backticks, cut to [`TOKEN_WIDTH`] and to its line.
fn quote_token(rest: &str, mut part: impl FnMut(usize, char) -> Part) -> String {
    let mut token = String::from("`");
    for (index, c) in rest.chars().enumerate() {
        let part = part(index, c);
        if part == Part::Outside || c == '\n' || c == '\r' {
            break;
        }
        if index == TOKEN_WIDTH {
            token.push('…');
            break;
        }
        token.push(printable(c));
        if part == Part::Last {
            break;
        }
    }
    token.push('`');
    token
}

/// A name or token for an error's text, in backticks and cut to a sane width.
pub(super) fn quoted(text: &str) -> String {
    quote_token(text, |_, _| Part::Inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_and_column_count_from_one_in_characters() {
        let error = Fault::expected("é\nαβ".len(), "more").locate("é\nαβγ\n");
        assert_eq!((error.line, error.column, error.caret), (2, 3, 2));
        assert_eq!(error.to_string(), "line 2, column 3: expected more, found `γ`");
        assert_eq!(error.excerpt, "αβγ");
    }

    #[test]
    fn newlines_are_counted_in_runs() {
        assert_eq!(newlines(&"\n".repeat(1_000)), 1_000);
        assert_eq!(newlines(&"ab\n".repeat(1_000)), 1_000);
        assert_eq!(newlines(""), 0);
    }

    #[test]
    fn what_is_found_is_named() {
        for (text, named) in [
            ("", "the end of the file"),
            ("\nx", "the end of the line"),
            ("\r\nx", "the end of the line"),
            ("\0", "the control character U+0000"),
            ("abc def", "`abc`"),
            ("}", "`}`"),
            (r#""a\"b" c"#, r#"`"a\"b"`"#),
            ("\"open\nnext", "`\"open`"),
        ] {
            assert_eq!(describe(text, 0), named);
        }
        assert_eq!(describe(&"9".repeat(1_000), 0), format!("`{}…`", "9".repeat(TOKEN_WIDTH)));
    }

    #[test]
    fn a_long_line_is_cut_on_both_sides_and_the_caret_stays() {
        let line = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let (shown, caret) = excerpt(&line, 500);
        assert_eq!(shown.chars().count(), EXCERPT_WIDTH + 2);
        assert_eq!(shown.chars().nth(caret), Some('X'));
        assert!(shown.starts_with('…') && shown.ends_with('…'));
        assert_eq!(excerpt("a\tb\0c\r", 2), ("a b\u{fffd}c".to_owned(), 2));
    }
}
