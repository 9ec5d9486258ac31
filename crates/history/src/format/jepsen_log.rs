//! Jepsen's console log, as in the etcd data set of Horn and Kroening (2015) that Porcupine ships.
//!
//! One event a line, the order of the file is the order in time; the columns are parted by tabs or spaces:
//!
//! ```text
//! INFO  jepsen.util - 2   :invoke :cas    [3 0]
//! INFO  jepsen.util - 2   :fail   :cas    [3 0]
//! ```
//!
//! A `:fail` of a compare-and-set that repeats its argument is an observation: it answered *false*. Any other
//! `:fail` means that the operation did not happen (`:fail :read :timed-out`). What follows `:info` is a reason and
//! may be any text; so may a last column after a tab.
//!
//! Understood besides: newer loggers (`… jepsen.util: 2 …`), and the lines of Jepsen's `history.txt`, which start
//! with the process. Lines of `:nemesis` and of other loggers are noise. A line is never passed over in silence if
//! it holds a column `:invoke`, `:ok`, `:fail` or `:info` or starts as an event does: then it is an event, or an
//! error.

use super::edn::Edn;
use super::error::{Fault, Read};
use super::pairing::{Event, FailedCas, Kind, Pairing};
use super::verb::Verb;
use crate::History;

const LOGGER: &str = "jepsen.util";

/// What a line is.
enum Line {
    Noise,
    /// An event, whose process stands at this offset of the line.
    Event(usize),
    /// A line with a type column, but no process in front of it: the offset where one was expected.
    Damaged(usize),
}

/// True if some line is an event: the mark by which the format is known.
pub(super) fn is_log(text: &str) -> bool {
    text.lines().any(|line| matches!(classify(line), Line::Event(_)))
}

/// Reads a whole file.
pub(super) fn parse(text: &str) -> Read<History> {
    let mut pairing = Pairing::new(FailedCas::Observed);
    let mut start = 0;
    let mut events = 0_usize;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        match classify(content) {
            Line::Noise => {}
            Line::Damaged(offset) => {
                return Err(Fault::expected(start + offset, "a process: an integer or :nemesis")
                    .note("a line with an event reads: INFO jepsen.util - PROCESS :TYPE :F VALUE"));
            }
            Line::Event(offset) => {
                let end = start + content.len();
                pairing.event(event(&text[..end], start + offset)?)?;
                events += 1;
            }
        }
        start += line.len();
    }
    if events == 0 {
        return Err(Fault::expected(
            text.len(),
            "at least one line INFO jepsen.util - PROCESS :TYPE :F VALUE",
        ));
    }
    Ok(pairing.finish())
}

fn classify(line: &str) -> Line {
    // What comes after `jepsen.util -` or `jepsen.util:`, else the whole line.
    let logged = line.find(LOGGER).and_then(|found| {
        let rest = line[found + LOGGER.len()..].trim_start();
        rest.strip_prefix(['-', ':'])
    });
    let rest = logged.unwrap_or(line).trim_start();
    let offset = line.len() - rest.len();
    let after_digits =
        rest.strip_prefix('-').unwrap_or(rest).trim_start_matches(|c: char| c.is_ascii_digit());
    let has_process = after_digits.len() < rest.len() && rest != "-";
    let next_column = after_digits.trim_start();
    let parted = next_column.len() < after_digits.len();
    if has_process && (parted && next_column.starts_with(':')) {
        return Line::Event(offset);
    }
    if logged.is_some() && has_process && (next_column.is_empty() || after_digits.starts_with('\t')) {
        return Line::Event(offset);
    }
    if rest.starts_with(":nemesis") || !has_type_column(rest) {
        return Line::Noise;
    }
    // Not an event, yet it has the columns of one: say so, unless the nemesis is its process.
    if rest.split_whitespace().take_while(|word| !is_type(word)).any(|word| word == ":nemesis") {
        return Line::Noise;
    }
    Line::Damaged(offset)
}

/// True if a type and then an operation follow each other: `:ok :read`.
fn has_type_column(line: &str) -> bool {
    let mut words = line.split_whitespace();
    while let Some(word) = words.next() {
        if is_type(word) {
            return words.next().is_some_and(|next| next.starts_with(':'));
        }
    }
    false
}

fn is_type(word: &str) -> bool {
    word.strip_prefix(':').is_some_and(|name| Kind::named(name).is_some())
}

/// Reads the event whose process stands at `at`, up to the end of `text`.
fn event(text: &str, at: usize) -> Read<Event<'_>> {
    let mut columns = Columns { text, at };
    let (process_at, process) = columns.next();
    if process.parse::<i64>().is_err() {
        return Err(Fault::expected(process_at, "a process: an integer of 64 bits or :nemesis"));
    }
    let (kind_at, kind) = columns.next();
    let kind = kind
        .strip_prefix(':')
        .and_then(Kind::named)
        .ok_or_else(|| columns.fault(kind_at, "an event's type: :invoke, :ok, :fail or :info"))?;
    let (verb_at, verb) = columns.next();
    let verb = verb
        .strip_prefix(':')
        .and_then(Verb::named)
        .ok_or_else(|| columns.fault(verb_at, &Verb::expectation()))?;

    let value_at = columns.skip_space();
    let reads_value = match kind {
        Kind::Invoke | Kind::Ok => true,
        // A reason, or the argument again.
        Kind::Fail => verb == Verb::CompareAndSet && text[value_at..].starts_with(['[', '(']),
        Kind::Info => false,
    };
    let mut value = None;
    if value_at < text.len() && reads_value {
        let edn = Edn::new(text, value_at);
        let mut after = edn.clone();
        after.skip()?;
        // A column of its own may follow: an error, as newer versions print it.
        let rest = &text[after.at..];
        if !rest.trim_start().is_empty() && !rest.trim_start_matches(' ').starts_with('\t') {
            return Err(Fault::expected(after.at, "the end of the line or a tab"));
        }
        value = Some(edn);
    }
    // A compare-and-set that failed without a word is cut off: we can't tell what its `:fail` means.
    let needs_value = match kind {
        Kind::Invoke | Kind::Ok => !is_lock(verb),
        Kind::Fail => verb == Verb::CompareAndSet,
        Kind::Info => false,
    };
    if needs_value && value_at == text.len() {
        return Err(columns.fault(value_at, &format!("the value of this {verb}")));
    }
    Ok(Event { at, process, kind, verb, key: None, value })
}

fn is_lock(verb: Verb) -> bool {
    matches!(verb, Verb::Acquire | Verb::Release)
}

/// The columns of a line, which ends where the text does.
struct Columns<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Columns<'a> {
    fn skip_space(&mut self) -> usize {
        self.at = self.text.len() - self.text[self.at..].trim_start().len();
        self.at
    }

    fn next(&mut self) -> (usize, &'a str) {
        let start = self.skip_space();
        let rest = &self.text[start..];
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        self.at = start + length;
        (start, &rest[..length])
    }

    fn fault(&self, at: usize, expected: &str) -> Fault {
        let fault = Fault::expected(at, expected);
        if at == self.text.len() { fault.found("the end of the line") } else { fault }
    }
}
