//! Where results go, and how they may look.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use anachron_report::Style;

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
        let style = Style { width: width.unwrap_or(80), ascii: look.ascii || !locale_is_unicode(), colour };
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

    /// Writes bytes that are the same for everybody (a man page, a completion script).
    pub(crate) fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stdout.write_all(bytes)
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

/// A note for people on stderr.
pub(crate) fn note(text: &str) {
    // Notes are not results: if nobody can read them, the work goes on.
    let _ = writeln!(io::stderr().lock(), "{text}");
}
