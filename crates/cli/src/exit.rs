//! Exit codes, and the failures that lead to some of them.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use anachron_report::{Style, text};

use crate::output::note;

/// How the program ends. The numbers are part of the interface: scripts and CI rely on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Linearizable, nothing found, proven, or as expected.
    Fine = 0,
    /// A violation was found, an expectation missed, or a proof refuted.
    Violation = 1,
    /// Bad usage or unreadable input.
    Usage = 2,
    /// Not decided within the budget.
    Undecided = 3,
    /// A run differs from the fingerprint that it should have.
    Diverged = 4,
    /// Nothing was selected.
    NothingSelected = 5,
    /// Something that should not happen: a bug, or results that can't be written.
    Internal = 70,
    /// The reader interrupted.
    Interrupted = 130,
    /// Whoever read the results stopped reading before the end, so there may be more than they know: the code that a
    /// shell shows for a program that such a reader ends (128 and the number of SIGPIPE).
    NobodyReads = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table of `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
  0    linearizable, nothing found, proven, or as expected
  1    a violation was found, an expectation missed, or a proof refuted
  2    bad usage or unreadable input
  3    not decided within the budget
  4    a run differs from its fingerprint
  5    nothing was selected (an empty range of seeds)
  70   internal error, or results can't be written
  130  interrupted
  141  whoever read the results stopped reading (`| head`)";

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What is wrong, for people, and the exit code.
    Told(Exit, String),
    /// Whoever read the results has stopped reading: not an error, but nobody listens any more.
    NobodyReads,
}

impl Failure {
    /// Bad usage or unreadable input.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Told(Exit::Usage, message.into())
    }

    /// Something that should not happen.
    pub(crate) fn internal(message: impl Display) -> Self {
        Self::Told(Exit::Internal, message.to_string())
    }

    /// Input that the system won't let us read.
    pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Self {
        // A line feed in a name must not look like a line of ours.
        let shown = text::sentence(&path.display().to_string(), Style::default());
        Self::usage(format!("{shown}: {}", why(error)))
    }

    /// Says on stderr what is wrong, and with which code to end.
    pub(crate) fn report(self) -> Exit {
        match self {
            Self::Told(exit, message) => {
                note(&format!("error: {message}"));
                exit
            }
            Self::NobodyReads => Exit::NobodyReads,
        }
    }
}

/// Why input can't be read, for people.
pub(crate) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::IsADirectory => "this is a folder; name the files in it".to_owned(),
        io::ErrorKind::PermissionDenied => "you are not allowed to read it".to_owned(),
        io::ErrorKind::InvalidData => "this is not UTF-8 text".to_owned(),
        _ => error.to_string(),
    }
}

/// Writing results failed.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::NobodyReads
        } else {
            Self::internal(format_args!("can't write the results: {error}"))
        }
    }
}
