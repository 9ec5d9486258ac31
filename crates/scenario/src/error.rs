//! What is wrong with a scenario, and where.

use std::fmt;

use crate::path::Path;

/// One thing that is wrong with a scenario.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ScenarioError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Where in the scenario: `variants[1].strategy.name`; `.` for the whole.
    pub path: String,
    /// What is wrong and what was expected.
    pub message: String,
    /// The text of the line.
    pub source_line: String,
}

impl ScenarioError {
    /// What somebody who knows strategies and anomalies finds wrong with a variant, `below` that variant's object.
    /// `text` is one that [`Scenario::parse`](crate::Scenario::parse) has accepted; the place is the closest that it has.
    pub fn of_variant(text: &str, variant: usize, below: &[&str], message: String) -> Self {
        let mut path = Path::default();
        path.push_field("variants");
        path.push_index(variant);
        for field in below {
            path.push_field(field);
        }
        let offset = crate::json::parse(text).map_or(0, |top| top.locate(&path));
        Self::at(text, offset, &path, message)
    }

    /// An error at a byte offset of `text`.
    pub(crate) fn at(text: &str, offset: usize, path: &Path, message: String) -> Self {
        let (line, column) = line_and_column(text, offset);
        let source_line = text.lines().nth(line - 1).unwrap_or_default().to_owned();
        Self { line, column, path: path.to_string(), message, source_line }
    }
}

/// `LINE:COLUMN PATH: MESSAGE`, then the line with a mark under the place.
impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{} {}: {}", self.line, self.column, self.path, self.message)?;
        // A long line is shown around the place only.
        let before: Vec<char> = self.source_line.chars().take(self.column - 1).collect();
        let shown_before: String = before.iter().skip(before.len().saturating_sub(60)).collect();
        let after: String = self.source_line.chars().skip(self.column - 1).take(40).collect();
        let pad: String = shown_before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "{number} | {shown_before}{after}")?;
        write!(f, "{margin} | {pad}^")
    }
}

impl std::error::Error for ScenarioError {}

/// Everything that is wrong with a scenario, in the order of the text. Never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ScenarioErrors(Vec<ScenarioError>);

impl ScenarioErrors {
    /// # Panics
    /// When there is no error.
    pub(crate) fn new(mut errors: Vec<ScenarioError>) -> Self {
        assert!(!errors.is_empty(), "a scenario was refused without a reason");
        errors.sort();
        errors.dedup();
        Self(errors)
    }

    /// The errors, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = &ScenarioError> {
        self.0.iter()
    }

    /// The first of them.
    pub fn first(&self) -> &ScenarioError {
        &self.0[0]
    }
}

impl fmt::Display for ScenarioErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, error) in self.0.iter().enumerate() {
            if position > 0 {
                writeln!(f)?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ScenarioErrors {}

/// Line and column (in characters), both from 1, of a byte offset. Lines end with `\n`, as in [`str::lines`].
pub(crate) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..offset.min(text.len())];
    let line = before.matches('\n').count() + 1;
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (line, before[line_start..].chars().count() + 1)
}
