//! A notebook of mistakes.

use std::fmt::Display;

use anachron_vocabulary::{VirtualDuration, VirtualTime};

use crate::json::{Node, shortened};
use crate::path::Path;
use crate::{ScenarioError, ScenarioErrors};

/// Collects what is wrong, each with its place.
pub(crate) struct Check<'a> {
    text: &'a str,
    tree: &'a Node,
    errors: Vec<ScenarioError>,
}

impl<'a> Check<'a> {
    pub(crate) fn new(text: &'a str, tree: &'a Node) -> Self {
        Self { text, tree, errors: Vec::new() }
    }

    /// All mistakes, if there are any.
    pub(crate) fn finish(self) -> Result<(), ScenarioErrors> {
        if self.errors.is_empty() { Ok(()) } else { Err(ScenarioErrors::new(self.errors)) }
    }

    /// Notes a mistake at the value that `path` names.
    pub(crate) fn error(&mut self, path: &Path, message: impl Display) {
        let offset = self.tree.locate(path);
        self.errors.push(ScenarioError::at(self.text, offset, path, message.to_string()));
    }

    /// A text must say something.
    pub(crate) fn not_blank(&mut self, path: &Path, text: &str) {
        if text.trim().is_empty() {
            self.error(path, "expected a text, found a blank one");
        }
    }

    /// A name such as `stale-read-2`: it is typed in commands and is part of file names.
    pub(crate) fn kebab_case(&mut self, path: &Path, name: &str) {
        let word = |word: &str| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        if !name.split('-').all(word) || name.len() > 80 {
            self.error(
                path,
                format!(
                    "`{}` is no name in kebab-case: lower-case letters, digits and single hyphens, at most 80",
                    shortened(name)
                ),
            );
        }
    }

    /// A name of a node, a client or an object: short and without anything that would need quotes in a picture.
    pub(crate) fn plain_name(&mut self, path: &Path, name: &str) {
        let plain = !name.is_empty()
            && name.chars().count() <= 40
            && name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c));
        if !plain {
            let name = shortened(name);
            self.error(path, format!("`{name}` is no name: letters, digits, `-`, `_` and `.`, at most 40"));
        }
    }

    /// A duration must be above zero.
    pub(crate) fn positive(&mut self, path: &Path, duration: VirtualDuration) {
        if duration == VirtualDuration::ZERO {
            self.error(path, "expected a duration above zero");
        }
    }

    /// A moment must come before the story's end.
    pub(crate) fn before_end(&mut self, path: &Path, at: VirtualTime, duration: VirtualDuration) {
        if at.0 >= duration.0 && duration > VirtualDuration::ZERO {
            self.error(path, format!("{at} is not before the end of the story (`duration` is {duration})"));
        }
    }

    /// An end must come after its beginning and not after the story's end.
    pub(crate) fn ends_after(
        &mut self,
        path: &Path,
        at: VirtualTime,
        end: VirtualTime,
        duration: VirtualDuration,
    ) {
        if end <= at {
            self.error(path, format!("expected a time after {at}, when it begins, found {end}"));
        } else if end.0 > duration.0 && duration > VirtualDuration::ZERO {
            self.error(path, format!("{end} is after the end of the story (`duration` is {duration})"));
        }
    }
}
