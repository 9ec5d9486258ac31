//! Which part of a run the timeline shows.
//!
//! Why it exists: a violation that takes five milliseconds of a ten-second run is one column wide when all of it is
//! drawn. So the picture opens zoomed to the marked operations when they are a small part, says so, and shows
//! above where that part lies in the whole.

use super::canvas::Row;
use super::scale::Scale;
use super::{Picture, Sheet};
use crate::style::Ink;
use crate::words::moment;
use anachron_history::Timestamp;
use anachron_trace::Happening;

/// What to show.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Window {
    /// The whole run, or, if the marked operations of a violation are a small part of it, those.
    #[default]
    Auto,
    /// The whole run.
    Whole,
    /// From one moment to another, in the history's unit.
    Between(i64, i64),
}

/// The window is zoomed only if that makes it at least this many times shorter.
const WORTH_A_ZOOM: i128 = 3;

/// First and last moment worth showing, or nothing if there are no operations.
///
/// A run goes on after its last operation (to see whether replicas agree at rest); that part is left out.
pub(crate) fn whole(picture: &Picture<'_>) -> Option<(i64, i64)> {
    let records = &picture.history.records;
    let first = records.iter().map(|record| record.call.0).min()?;
    let last = records.iter().map(|record| record.end.unwrap_or(record.call).0).max()?;
    // Faults and crashes before the first operation and just after the last one belong to the story.
    let margin = last.saturating_sub(first) / 20;
    let end = last.saturating_add(margin);
    let story = picture.events.iter().filter(|event| {
        matches!(
            event.what,
            Happening::FaultBegins { .. } | Happening::Crashed { .. } | Happening::Operator { .. }
        )
    });
    let first_event = story.map(|event| i64::try_from(event.time.0).unwrap_or(i64::MAX)).min();
    let start = first.saturating_sub(margin).min(first_event.unwrap_or(i64::MAX));
    let start = if picture.events.is_empty() {
        first
    } else if start <= last / 4 {
        0 // so near the beginning that the beginning itself is worth its columns
    } else {
        start
    };
    Some((start, end.max(start)))
}

/// The window that is shown.
pub(crate) fn choose(picture: &Picture<'_>, whole: (i64, i64)) -> (i64, i64) {
    match picture.window {
        Window::Whole => whole,
        Window::Between(a, b) => (a.min(b), a.max(b)),
        Window::Auto => {
            let zoomed = marked(picture).filter(|_| picture.marks.wrong.is_some());
            let span = |(from, to): (i64, i64)| i128::from(to) - i128::from(from) + 1;
            match zoomed {
                Some(window) if span(window) * WORTH_A_ZOOM <= span(whole) => {
                    (window.0.max(whole.0), window.1.min(whole.1))
                }
                _ => whole,
            }
        }
    }
}

/// The marked operations and 15 % on either side.
fn marked(picture: &Picture<'_>) -> Option<(i64, i64)> {
    let records = || picture.marks.numbered.iter().map(|&id| picture.history.record(id));
    let from = records().map(|record| record.call.0).min()?;
    let to = records().map(|record| record.returned().unwrap_or(record.call).0).max()?;
    let margin = (to.saturating_sub(from) / 20).saturating_mul(3).max(1);
    Some((from.saturating_sub(margin), to.saturating_add(margin)))
}

/// The whole run in one row, and the window under it.
pub(crate) fn strip(
    picture: &Picture<'_>,
    whole: (i64, i64),
    shown: (i64, i64),
    columns: usize,
    sheet: &mut Sheet,
) {
    let style = picture.style;
    let glyphs = style.glyphs();
    let scale = Scale { start: whole.0, end: whole.1, columns };
    let mut row = Row::new(columns);
    row.fill(0..=columns - 1, glyphs.empty, Ink::Dim);
    for record in &picture.history.records {
        let end = record.end.unwrap_or(record.call).0;
        row.fill(scale.column(record.call.0)..=scale.column(end), glyphs.some, Ink::Plain);
    }
    sheet.add(" run", Ink::Dim, row);
    let mut marker = Row::new(columns);
    let (first, last) = (scale.column(shown.0), scale.column(shown.1));
    marker.fill(first..=last, glyphs.window, Ink::Strong);
    sheet.add("", Ink::Plain, marker);
    let unit = picture.history.time_unit;
    let at = |time| moment(unit, Timestamp(time), style);
    sheet.below.push(format!(
        "shown: {} to {} of a run from {} to {}",
        at(shown.0),
        at(shown.1),
        at(whole.0),
        at(whole.1)
    ));
}
