//! The lines of a stream, cut out of the pieces in which they come.

use std::collections::VecDeque;

use anachron_history::{Heard, LineReader, ParseError};

/// A line longer than this is none, where it is not kept to be judged as a file.
const LONGEST: usize = 16 << 20;

/// Why a stream's lines can't be read on.
#[derive(Clone, Debug)]
pub(super) struct Unreadable {
    /// The number of the line.
    pub(super) line: u64,
    pub(super) column: u64,
    /// What is wrong with it.
    pub(super) why: String,
}

/// What was read, line by line.
#[derive(Default)]
pub(super) struct Lines {
    reader: LineReader,
    /// The beginning of a line.
    rest: Vec<u8>,
    heard: VecDeque<(u64, Heard)>,
}

impl Lines {
    /// Reads the lines that this piece ends.
    pub(super) fn take(&mut self, piece: &[u8]) -> Result<(), Unreadable> {
        let mut left = piece;
        while let Some(end) = left.iter().position(|&byte| byte == b'\n') {
            let (line, after) = (&left[..end], &left[end + 1..]);
            left = after;
            if self.rest.is_empty() {
                self.read(line)?;
            } else {
                let mut whole = std::mem::take(&mut self.rest);
                whole.extend_from_slice(line);
                self.read(&whole)?;
            }
        }
        self.rest.extend_from_slice(left);
        Ok(())
    }

    fn read(&mut self, line: &[u8]) -> Result<(), Unreadable> {
        match self.reader.read(line) {
            Ok(Heard::Nothing) => Ok(()),
            Ok(heard) => {
                self.heard.push_back((self.reader.lines(), heard));
                Ok(())
            }
            Err(ParseError { column, expected, found, note, .. }) => {
                let note = note.map_or(String::new(), |note| format!(" ({note})"));
                let why = format!("expected {expected}, found {found}{note}");
                Err(Unreadable { line: self.reader.lines(), column: column as u64, why })
            }
        }
    }

    /// The end of the stream ends its last line.
    pub(super) fn end(&mut self) -> Result<(), Unreadable> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let rest = std::mem::take(&mut self.rest);
        self.read(&rest)
    }

    /// Complains of a line that does not end.
    pub(super) fn endless(&self) -> Result<(), Unreadable> {
        if self.rest.len() <= LONGEST {
            return Ok(());
        }
        let why = format!("this line has more than {} MiB, and no end", LONGEST >> 20);
        Err(Unreadable { line: self.reader.lines() + 1, column: 1, why })
    }

    /// The next that was read.
    pub(super) fn next(&mut self) -> Option<(u64, Heard)> {
        self.heard.pop_front()
    }

    /// True if something was read and nobody has asked for it.
    pub(super) fn is_ahead(&self) -> bool {
        !self.heard.is_empty()
    }

    /// How many lines were read.
    pub(super) fn read_lines(&self) -> u64 {
        self.reader.lines()
    }

    /// How many bytes were read of the line that has not ended.
    pub(super) fn rest(&self) -> usize {
        self.rest.len()
    }
}
