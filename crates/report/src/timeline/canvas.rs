//! A row of character cells: what is put into one column never moves another.

use std::ops::RangeInclusive;

use crate::style::{Ink, Style};
use crate::text::{char_width, width};

/// Stands in the second cell of a character that is two columns wide.
const RIGHT_HALF: char = '\0';

/// One line of a picture.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    cells: Vec<(char, Ink)>,
}

impl Row {
    pub(crate) fn new(columns: usize) -> Self {
        Self { cells: vec![(' ', Ink::Plain); columns] }
    }

    pub(crate) fn put(&mut self, column: usize, glyph: char, ink: Ink) {
        self.cells[column] = (glyph, ink);
    }

    pub(crate) fn fill(&mut self, columns: RangeInclusive<usize>, glyph: char, ink: Ink) {
        for column in columns {
            self.put(column, glyph, ink);
        }
    }

    /// Writes a text from `column` on.
    ///
    /// Panics when it does not fit: whoever places a label has to know that it does, or the picture would lie.
    pub(crate) fn write(&mut self, column: usize, text: &str, ink: Ink) {
        let mut at = column;
        for c in text.chars() {
            self.put(at, c, ink);
            if char_width(c) == 2 {
                self.put(at + 1, RIGHT_HALF, ink);
            }
            at += char_width(c);
        }
    }

    pub(crate) fn is_free(&self, mut columns: RangeInclusive<usize>) -> bool {
        columns.all(|column| self.cells.get(column).is_some_and(|(glyph, _)| *glyph == ' '))
    }

    /// Writes `text` from `column` on if it fits there with a gap on either side.
    pub(crate) fn write_if_free(&mut self, column: usize, text: &str, ink: Ink) -> bool {
        let last = column + width(text).max(1) - 1;
        let gap_after = (last + 1).min(self.cells.len() - 1);
        if last >= self.cells.len() || !self.is_free(column.saturating_sub(1)..=last.max(gap_after)) {
            return false;
        }
        self.write(column, text, ink);
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells.iter().all(|(glyph, _)| *glyph == ' ')
    }

    /// The row as text, without the spaces at its end.
    pub(crate) fn render(&self, style: Style) -> String {
        let end = self.cells.iter().rposition(|(glyph, _)| *glyph != ' ').map_or(0, |last| last + 1);
        let mut out = String::new();
        let mut run = String::new();
        let mut run_ink = Ink::Plain;
        for &(glyph, ink) in &self.cells[..end] {
            if ink != run_ink {
                out.push_str(&style.paint(run_ink, &run));
                run.clear();
                run_ink = ink;
            }
            if glyph != RIGHT_HALF {
                run.push(glyph);
            }
        }
        out.push_str(&style.paint(run_ink, &run));
        out
    }
}
