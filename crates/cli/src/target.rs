//! A file that results go into.
//!
//! It is opened before the work begins: a folder that does not exist is bad usage, and nobody wants to hear of it an hour
//! later. What goes wrong once it is open (a full disk) is another matter.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anachron_report::{Style, text};

use crate::exit::{Failure, why};

/// An open file, and what it is called.
pub(crate) struct Target {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Target {
    /// Creates the file, or empties it. `sources` are files that must not be emptied, because they are still needed.
    pub(crate) fn open(path: &Path, sources: &[&Path]) -> Result<Self, Failure> {
        let same = |other: &Path| match (path.canonicalize(), other.canonicalize()) {
            (Ok(one), Ok(other)) => one == other,
            _ => false,
        };
        if sources.iter().any(|source| same(source)) {
            return Err(Failure::usage(format!("{} is to be read; it can't be written to", shown(path))));
        }
        let file = File::create(path).map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::NotFound => "there is no such folder".to_owned(),
                io::ErrorKind::IsADirectory => "this is a folder; name a file in it".to_owned(),
                io::ErrorKind::PermissionDenied => "you are not allowed to write there".to_owned(),
                _ => why(&error),
            };
            Failure::usage(format!("can't write {}: {reason}", shown(path)))
        })?;
        Ok(Self { path: path.to_owned(), file: BufWriter::new(file) })
    }

    /// Writes everything, and makes sure that it is there.
    pub(crate) fn write(
        mut self,
        write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
    ) -> Result<(), Failure> {
        write(&mut self.file)
            .and_then(|()| self.file.flush())
            .map_err(|error| Failure::internal(format_args!("can't write {}: {error}", shown(&self.path))))
    }
}

/// A path in a sentence: a line feed in it must not look like a line of ours.
fn shown(path: &Path) -> String {
    text::sentence(&path.display().to_string(), Style::default())
}
