//! Exit codes, and the failures that lead to some of them.

use std::fmt::Display;
use std::io;
use std::process::ExitCode;

/// How the program ends. The numbers are part of the interface: scripts and CI rely on them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    /// Linearizable, nothing found, or as expected.
    Fine = 0,
    /// A violation was found, or an expectation missed.
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
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The table of `--help`.
pub(crate) const TABLE: &str = "\
Exit codes:
  0    linearizable, nothing found, or as expected
  1    a violation was found, or an expectation missed
  2    bad usage or unreadable input
  3    not decided within the budget
  4    a run differs from its fingerprint
  5    nothing was selected (an empty range of seeds)
  70   internal error, or results can't be written
  130  interrupted";

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

    /// Says on stderr what is wrong, and with which code to end.
    pub(crate) fn report(self) -> Exit {
        match self {
            Self::Told(exit, message) => {
                // If stderr is gone as well there is nobody left to tell.
                let _ = io::Write::write_fmt(&mut io::stderr().lock(), format_args!("error: {message}\n"));
                exit
            }
            Self::NobodyReads => Exit::Fine,
        }
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
