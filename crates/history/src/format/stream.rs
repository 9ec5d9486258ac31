//! Native JSON Lines as they come: one line in, what it tells out.
//!
//! Why it exists: a growing stream has no end to wait for. Nothing is kept but the operations whose calls were told and
//! whose ends were not, so memory follows how many are open at once.
//!
//! Left out on purpose: whether a client has two operations open at a time, unless their calls are told apart. That
//! would need something to be kept for every client that ever was.

use std::collections::BTreeMap;

use anachron_vocabulary::{Operation, Outcome};

use super::error::{Fault, Read, not_utf8};
use super::json::Json;
use super::json_lines::{Line, line, nothing_open};
use super::verb::Verb;
use crate::ParseError;

/// What a line of a stream told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Heard {
    /// Nothing: a blank line.
    Nothing,
    /// A whole operation.
    Operation {
        /// Who asked.
        client: String,
        /// Of which object.
        key: String,
        /// What.
        operation: Operation,
        /// When it was called.
        call: i64,
        /// When it ended, if anybody knows.
        end: Option<i64>,
        /// What came of it.
        outcome: Outcome,
    },
    /// The call of an operation.
    Called {
        /// The number of the line, by which its end will speak of it.
        mark: u64,
        /// Who asked.
        client: String,
        /// Of which object.
        key: String,
        /// What.
        operation: Operation,
        /// When.
        call: i64,
    },
    /// The end of an operation whose call was told.
    Ended {
        /// The number of the line that told of its call.
        mark: u64,
        /// Of which object it was.
        key: String,
        /// When it ended, if anybody knows.
        end: Option<i64>,
        /// What came of it.
        outcome: Outcome,
    },
}

#[derive(Debug)]
struct Open {
    mark: u64,
    key: String,
    verb: Verb,
    operation: Operation,
    call: i64,
}

/// Reads a stream line by line.
#[derive(Debug, Default)]
pub struct LineReader {
    /// How many lines were read.
    lines: u64,
    /// By client.
    open: BTreeMap<String, Open>,
}

impl LineReader {
    /// Reads the next line, without its line feed.
    ///
    /// # Errors
    /// The first place at which it does not tell of an operation. The lines before stand; none after should be read.
    pub fn read(&mut self, bytes: &[u8]) -> Result<Heard, ParseError> {
        self.lines += 1;
        let bytes =
            if self.lines == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes) } else { bytes };
        let heard = match std::str::from_utf8(bytes) {
            Ok(text) => self.line(text).map_err(|fault| fault.locate(text)),
            Err(wrong) => Err(not_utf8(bytes, wrong.valid_up_to())),
        };
        heard.map_err(|error| ParseError { line: usize::try_from(self.lines).unwrap_or(usize::MAX), ..error })
    }

    /// How many lines were read.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    fn line(&mut self, text: &str) -> Read<Heard> {
        let mut json = Json::new(text, 0);
        json.skip_space();
        match json.peek() {
            None => return Ok(Heard::Nothing),
            Some(b'{') => {}
            Some(_) => return Err(Fault::expected(json.at, "`{`: a JSON object with one operation")),
        }
        let heard = line(text, &mut json)?;
        json.skip_space();
        if json.peek().is_some() {
            return Err(Fault::expected(json.at, "the end of the line").note("one object a line"));
        }
        match heard {
            Line::Whole { client, asked, end, outcome } => Ok(Heard::Operation {
                client: client.into_owned(),
                key: asked.key.into_owned(),
                operation: asked.operation,
                call: asked.call,
                end,
                outcome,
            }),
            Line::Called { client, asked } => {
                let (client, key) = (client.into_owned(), asked.key.into_owned());
                if let Some(open) = self.open.get(&client) {
                    return Err(Fault::expected(
                        0,
                        "a call after the client's operation before has returned",
                    )
                    .found("a call while that one is still open")
                    .note(format!("it was called in line {}", open.mark)));
                }
                let (mark, operation, call) = (self.lines, asked.operation, asked.call);
                let open =
                    Open { mark, key: key.clone(), verb: asked.verb, operation: operation.clone(), call };
                self.open.insert(client.clone(), open);
                Ok(Heard::Called { mark, client, key, operation, call })
            }
            Line::Ended { client, ending } => {
                let Some(open) = self.open.remove(&*client) else {
                    return Err(nothing_open(ending.start, &client));
                };
                let (end, outcome) = ending.read(text, open.verb, &open.operation, open.call)?;
                Ok(Heard::Ended { mark: open.mark, key: open.key, end, outcome })
            }
        }
    }
}
