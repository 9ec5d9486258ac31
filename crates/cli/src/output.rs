//! Where results go, and how they may look.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anachron_report::{Style, text};

use crate::args::{Colour, Format, Look};

/// Results, on their way to stdout.
pub(crate) struct Output {
    stdout: BufWriter<Stdout>,
    /// For people or for programs.
    pub format: Format,
    /// How text may look.
    pub style: Style,
}

impl Output {
    /// Looks once at the terminal and the environment.
    pub(crate) fn new(look: &Look) -> Self {
        let terminal = io::stdout().is_terminal();
        let width = look.width.map(usize::from).or_else(|| {
            let size = terminal.then(terminal_size::terminal_size).flatten();
            size.map(|(terminal_size::Width(columns), _)| usize::from(columns))
        });
        let colour = match look.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                !matches!(anstream::AutoStream::choice(&io::stdout()), anstream::ColorChoice::Never)
            }
        };
        let ascii = look.ascii || !locale_is_unicode();
        ASCII_NOTES.store(ascii, Ordering::Relaxed);
        let style = Style { width: width.unwrap_or(80), ascii, colour };
        Self { stdout: BufWriter::new(io::stdout()), format: look.output, style }
    }

    /// Writes text for people; a program gets none of it.
    pub(crate) fn text(&mut self, text: &str) -> io::Result<()> {
        match self.format {
            Format::Human => self.stdout.write_all(text.as_bytes()),
            Format::Jsonl => Ok(()),
        }
    }

    /// Writes a line for people.
    pub(crate) fn line(&mut self, line: &str) -> io::Result<()> {
        self.text(line)?;
        self.text("\n")
    }

    /// Writes a JSON object for programs, at once; a person gets none of it.
    pub(crate) fn object(&mut self, object: impl FnOnce() -> String) -> io::Result<()> {
        match self.format {
            Format::Human => Ok(()),
            Format::Jsonl => {
                writeln!(self.stdout, "{}", object())?;
                self.stdout.flush()
            }
        }
    }

    /// Makes sure that everything so far can be read.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

/// False if the locale says that its characters are not Unicode. A locale that nobody has set says nothing.
fn locale_is_unicode() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value: &String| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// True if notes may use nothing but ASCII. Notes come from threads, too, that know of no [`Output`].
static ASCII_NOTES: AtomicBool = AtomicBool::new(false);

/// A note for people on stderr. It may quote names and files of strangers: whatever a terminal could obey is escaped.
pub(crate) fn note(said: &str) {
    let style = Style { ascii: ASCII_NOTES.load(Ordering::Relaxed), ..Style::default() };
    let mut stderr = io::stderr().lock();
    for line in said.split('\n') {
        // Notes are not results: if nobody can read them, the work goes on.
        let _ = writeln!(stderr, "{}", text::sentence(line, style));
    }
}
