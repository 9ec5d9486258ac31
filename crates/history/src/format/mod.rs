//! Text formats in and out.
//!
//! | name | what | module |
//! |---|---|---|
//! | `jsonl` | native JSON Lines, one operation a line | `json_lines`, written by [`write_json_lines`] |
//! | `edn` | Jepsen's and Knossos' events in EDN, in both layouts; Porcupine's key-value data | `edn_history` |
//! | `jepsen-log` | Jepsen's console log, `history.txt` too | `jepsen_log` |
//!
//! Promises, for any bytes: an answer or an error that names line and column, in time and memory that grow with the
//! length of the input, on a stack of bounded depth. What is read passes [`History::validate`]. Nothing that looks
//! like an operation is passed over in silence. A file without any operation is an error: an empty recording is
//! never a pass. (An EDN file that says so, `[]`, or holds only the nemesis's events, has told its story.)
//!
//! A stream that has no end is read line by line ([`LineReader`]), in native JSON Lines only.

mod canonical;
mod edn;
mod edn_atom;
mod edn_history;
mod error;
mod jepsen_log;
mod json;
mod json_lines;
mod json_write;
mod pairing;
mod stream;
mod verb;

use std::fmt;
use std::str::FromStr;

use anachron_vocabulary::Value;

pub use error::ParseError;
pub use json_write::write_json_lines;
pub use stream::{Heard, LineReader};

use crate::History;
use error::{Fault, Read};

/// A text format of histories.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Format {
    /// Native JSON Lines, one operation a line.
    JsonLines,
    /// Jepsen's console log, one event a line.
    JepsenLog,
    /// Events as EDN maps, in one vector or list, or one after another.
    Edn,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 3] = [Self::JsonLines, Self::JepsenLog, Self::Edn];

    /// The format's name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::JsonLines => "jsonl",
            Self::JepsenLog => "jepsen-log",
            Self::Edn => "edn",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no format has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnknownFormat(String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no format is called {}; there are jsonl, jepsen-log and edn", error::quoted(&self.0))
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, UnknownFormat> {
        Self::ALL
            .into_iter()
            .find(|format| format.name() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

/// A history that was read, and what its file tells besides.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// What the clients saw.
    pub history: History,
    /// The format it was in.
    pub format: Format,
    /// What every object holds at the start, where the format implies it: `""` for key-value data as Porcupine's
    /// (every event has a `:key` and is a `:get`, `:put` or `:append`). An explicit choice of the user wins.
    pub initial_hint: Option<Value>,
}

/// Reads a history. Without a format, the content tells which it is.
///
/// # Errors
/// The first place at which the bytes are not a history, with line, column and what was expected there.
pub fn parse(bytes: &[u8], format: Option<Format>) -> Result<Parsed, ParseError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|wrong| error::not_utf8(bytes, wrong.valid_up_to()))?;
    parse_text(text, format).map_err(|fault| fault.locate(text))
}

fn parse_text(text: &str, format: Option<Format>) -> Read<Parsed> {
    let format = match format {
        Some(format) => format,
        None => detect(text)?,
    };
    let (history, initial_hint) = match format {
        Format::JsonLines => (json_lines::parse(text)?, None),
        Format::JepsenLog => (jepsen_log::parse(text)?, None),
        Format::Edn => {
            let read = edn_history::parse(text)?;
            (read.history, read.is_key_value.then(|| Value::from("")))
        }
    };
    Ok(Parsed { history, format, initial_hint })
}

/// Tells the format from the first characters, or from a line that only a log has.
fn detect(text: &str) -> Read<Format> {
    let mut significant = text.char_indices().filter(|(_, c)| !c.is_whitespace() && *c != ',');
    let Some((at, first)) = significant.next() else {
        return Err(Fault::expected(0, "at least one operation").found("an empty file"));
    };
    let second = significant.next().map(|(_, c)| c);
    let third = significant.next().map(|(_, c)| c);
    let (guess, certain) = match (first, second) {
        ('{', Some('"' | '}') | None) => (Some(Format::JsonLines), true),
        // A JSON array of objects is refused there, with a word about what to do.
        ('[', Some('{')) if third == Some('"') => (Some(Format::JsonLines), true),
        ('{', Some(':')) | ('[' | '(', Some('{' | ']' | ')') | None) => (Some(Format::Edn), true),
        ('{' | ';' | '#', _) | ('[' | '(', Some(';' | '#')) => (Some(Format::Edn), false),
        _ => (None, false),
    };
    // A log may start with noise of any kind, so a doubtful guess only holds where there are no events of one.
    if !certain && jepsen_log::is_log(text) {
        return Ok(Format::JepsenLog);
    }
    guess.ok_or_else(|| {
        Fault::expected(
            at,
            "a history: JSON Lines (`{\"client\":…`), EDN (`{:process …`, `[{…`) or a Jepsen log",
        )
    })
}
