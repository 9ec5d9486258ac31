//! The clients' rows: every operation a bar from its call to its return.
//!
//! What it promises: a label is written whole or not at all, and touches no other label. Where a bar is too narrow for
//! its label, the label stands to the right of it, else on a line above it, beginning at the bar's first column;
//! where none of that fits, it is left out and counted. Operations that share their columns become one *crowd*.
//!
//! A client whose operation timed out goes on while that operation is still open, so it gets a second lane, and a
//! third; beyond that, an older open operation makes room.

use anachron_history::Record;
use anachron_vocabulary::{OperationId, Outcome};

use super::canvas::Row;
use super::scale::Scale;
use super::{Marks, Picture};
use crate::style::{Ink, Style};
use crate::text::width;
use crate::words;

/// Most lanes that one client gets.
const MOST_LANES: usize = 3;
/// Most lines of labels above a lane.
const LABEL_LINES: usize = 2;
/// In a lane with more operations than this, only marked ones get a label above: a wall of labels explains nothing.
const QUIET_LANE: usize = 16;
/// A crowd of this many names them; a larger one says how many.
const NAMED_CROWD: usize = 3;

/// The rows of one client, and what did not fit.
pub(crate) struct ClientRows {
    /// The rows, top to bottom; the client's name belongs to the one with `true`.
    pub(crate) rows: Vec<(Row, bool)>,
    /// How many operations have no label.
    pub(crate) unlabelled: usize,
    /// How many operations are part of a crowd.
    pub(crate) crowded: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    /// Ended: solid if it happened, dashed if it did not.
    Closed { dashed: bool },
    /// Timed out at the last column, and open since.
    Open,
    /// Several operations.
    Crowd,
}

/// What occupies some columns of a lane.
#[derive(Clone, Debug)]
struct Item {
    first: usize,
    last: usize,
    shape: Shape,
    /// It began before the window.
    clipped_left: bool,
    /// It ends after the window.
    clipped_right: bool,
    /// Its first column is also the last one of the operation before it.
    joined: bool,
    label: String,
    /// What to write if the label does not fit: the sign of a marked operation.
    short_label: String,
    ink: Ink,
    members: usize,
}

/// Draws one client's operations, which are sorted by call.
pub(crate) fn client_rows(picture: &Picture<'_>, scale: Scale, operations: &[OperationId]) -> ClientRows {
    let mut drawn = ClientRows { rows: Vec::new(), unlabelled: 0, crowded: 0 };
    for (number, lane) in lanes(picture, operations).iter().enumerate() {
        let items = items(picture, scale, lane);
        if items.is_empty() && number > 0 {
            continue;
        }
        drawn.crowded += items.iter().filter(|i| i.shape == Shape::Crowd).map(|i| i.members).sum::<usize>();
        let (rows, unlabelled) = lane_rows(&items, scale.columns, picture.style);
        drawn.unlabelled += unlabelled;
        let last = rows.len() - 1;
        let named = |index| index == last && number == 0;
        drawn.rows.extend(rows.into_iter().enumerate().map(|(index, row)| (row, named(index))));
    }
    drawn
}

/// When an operation makes room for the next in its lane.
fn occupied_until(record: &Record) -> i64 {
    record.returned().map_or(i64::MAX, |returned| returned.0)
}

/// Spreads operations over lanes so that none begins inside another, as far as the lanes go.
fn lanes(picture: &Picture<'_>, operations: &[OperationId]) -> Vec<Vec<OperationId>> {
    let mut lanes: Vec<Vec<OperationId>> = vec![Vec::new()];
    for &id in operations {
        let call = picture.history.record(id).call.0;
        let last_of = |lane: &Vec<OperationId>| lane.last().map(|&last| picture.history.record(last));
        let free =
            lanes.iter().position(|lane| last_of(lane).is_none_or(|last| occupied_until(last) <= call));
        let lane = match free {
            Some(lane) => lane,
            None if lanes.len() < MOST_LANES => {
                lanes.push(Vec::new());
                lanes.len() - 1
            }
            // The operation that has been open longest makes room: its fading end is cut short.
            None => (0..lanes.len())
                .min_by_key(|&lane| last_of(&lanes[lane]).map_or(i64::MIN, |last| last.call.0))
                .expect("there is a lane"),
        };
        lanes[lane].push(id);
    }
    lanes
}

/// What one lane shows in the window.
fn items(picture: &Picture<'_>, scale: Scale, lane: &[OperationId]) -> Vec<Item> {
    let mut items: Vec<(Item, Vec<OperationId>)> = Vec::new();
    for &id in lane {
        let record = picture.history.record(id);
        if !scale.shows(record.call.0, record.end.map_or(i64::MAX, |end| end.0)) {
            continue;
        }
        let mut item = item(picture, scale, id);
        if let Some((before, members)) = items.last_mut()
            && !keep_apart(before, &mut item)
        {
            members.push(id);
            before.last = before.last.max(item.last);
            before.clipped_right |= item.clipped_right;
            continue;
        }
        items.push((item, vec![id]));
    }
    items.into_iter().map(|(item, members)| crowd(picture, item, &members)).collect()
}

/// One operation by itself.
fn item(picture: &Picture<'_>, scale: Scale, id: OperationId) -> Item {
    let record = picture.history.record(id);
    let open = record.outcome == Outcome::Unknown;
    let end = record.end.map_or(i64::MAX, |end| end.0);
    let (label, short_label, ink) = marked_label(picture, picture.marks, id);
    Item {
        first: scale.column(record.call.0),
        last: scale.column(end),
        shape: if open { Shape::Open } else { Shape::Closed { dashed: record.outcome == Outcome::Failed } },
        clipped_left: record.call.0 < scale.start,
        clipped_right: end > scale.end,
        joined: false,
        label,
        short_label,
        ink,
        members: 1,
    }
}

fn marked_label(picture: &Picture<'_>, marks: Marks<'_>, id: OperationId) -> (String, String, Ink) {
    let style = picture.style;
    let record = picture.history.record(id);
    let label = words::label(picture.history, record, style);
    let number = marks.numbered.iter().position(|&numbered| numbered == id).map(|place| place + 1);
    let wrong = marks.wrong == Some(id);
    let mut sign = number.map_or_else(String::new, |number| style.mark(number));
    if wrong {
        sign.push_str(style.glyphs().wrong);
    }
    let ink = match (wrong, number) {
        (true, _) => Ink::Violation,
        // Beside a violation, what is no part of its proof steps back.
        (false, None) if marks.wrong.is_some() => Ink::Dim,
        _ => words::ink(record),
    };
    // A space keeps an ASCII sign apart from a label that begins with a letter.
    let gap = if wrong && style.ascii { " " } else { "" };
    (format!("{sign}{gap}{label}"), sign, ink)
}

/// Keeps two operations of a lane on columns of their own, if need be by moving an edge by one column. An end and
/// a call in the same column are fine: they become a joint. False if the two have to become a crowd.
fn keep_apart(before: &mut Item, next: &mut Item) -> bool {
    if next.first > before.last {
        return true;
    }
    if next.first < before.last || before.shape == Shape::Crowd {
        before.shape = Shape::Crowd;
        return false;
    }
    let joint = before.last > before.first && next.last > next.first && before.shape != Shape::Open;
    if joint {
        next.joined = true;
        return true;
    }
    if next.last > next.first {
        next.first += 1;
        return true;
    }
    if before.last > before.first {
        before.last -= 1;
        return true;
    }
    before.shape = Shape::Crowd;
    false
}

/// Gives a crowd its label.
fn crowd(picture: &Picture<'_>, mut item: Item, members: &[OperationId]) -> Item {
    if members.len() == 1 {
        return item;
    }
    let labels: Vec<_> = members.iter().map(|&id| marked_label(picture, picture.marks, id)).collect();
    let signs: String = labels.iter().map(|(_, sign, _)| sign.as_str()).collect();
    item.members = members.len();
    item.label = if members.len() <= NAMED_CROWD {
        labels.iter().map(|(label, ..)| label.as_str()).collect::<Vec<_>>().join(" ")
    } else if signs.is_empty() {
        format!("{} ops", members.len())
    } else {
        format!("{signs} in {} ops", members.len())
    };
    item.short_label = if signs.is_empty() { members.len().to_string() } else { signs };
    item.ink = if labels.iter().any(|(_, _, ink)| *ink == Ink::Violation) {
        Ink::Violation
    } else if labels.iter().all(|(_, _, ink)| *ink == labels[0].2) {
        labels[0].2
    } else {
        Ink::Plain
    };
    item
}

/// Draws a lane: lines of labels, if any, then the lane itself. Also says how many operations have no label.
fn lane_rows(items: &[Item], columns: usize, style: Style) -> (Vec<Row>, usize) {
    let mut lane = Row::new(columns);
    for (index, item) in items.iter().enumerate() {
        let room_until = items.get(index + 1).map_or(columns, |next| next.first);
        draw(&mut lane, item, room_until, style);
    }
    let mut above: Vec<Row> = Vec::new();
    let mut unlabelled = 0;
    // Marked operations choose their places first.
    let (marked, others): (Vec<usize>, Vec<usize>) =
        (0..items.len()).partition(|&index| !items[index].short_label.is_empty());
    for index in marked.into_iter().chain(others) {
        let item = &items[index];
        let room_until = items.get(index + 1).map_or(columns, |next| next.first);
        let quiet = items.len() > QUIET_LANE && item.short_label.is_empty();
        let mut place = |label: &str| {
            !label.is_empty()
                && (inside(&mut lane, item, label)
                    || beside(&mut lane, item, label, room_until, columns)
                    || (!quiet && over(&mut above, item, label, columns)))
        };
        let told = place(&item.label) || (place(&item.short_label) && item.shape != Shape::Crowd);
        if !told {
            unlabelled += item.members;
        }
    }
    above.reverse();
    above.retain(|row| !row.is_empty());
    above.push(lane);
    (above, unlabelled)
}

fn draw(lane: &mut Row, item: &Item, room_until: usize, style: Style) {
    let glyphs = style.glyphs();
    let body = match item.shape {
        Shape::Closed { dashed: false } | Shape::Open => glyphs.solid,
        Shape::Closed { dashed: true } => glyphs.dashed,
        Shape::Crowd => glyphs.crowd,
    };
    lane.fill(item.first..=item.last, body, item.ink);
    if item.shape == Shape::Crowd {
        return;
    }
    if item.shape == Shape::Open {
        lane.fill(item.last..=(room_until - 1).max(item.last), glyphs.fading, item.ink);
    }
    if !item.clipped_left {
        lane.put(item.first, if item.joined { glyphs.joint } else { glyphs.begin }, item.ink);
    }
    let instant = item.first == item.last;
    match item.shape {
        Shape::Open => lane.put(item.last, '?', item.ink),
        _ if item.clipped_right => {}
        _ if instant => lane.put(item.last, glyphs.instant, item.ink),
        _ => lane.put(item.last, glyphs.end, item.ink),
    }
}

/// Between the ends of its bar.
fn inside(lane: &mut Row, item: &Item, label: &str) -> bool {
    let room = (item.last + 1 - item.first).saturating_sub(2);
    if width(label) > room {
        return false;
    }
    lane.write(item.first + 1, label, item.ink);
    true
}

/// To the right of its bar, before the next one.
fn beside(lane: &mut Row, item: &Item, label: &str, room_until: usize, columns: usize) -> bool {
    let start = item.last + 1;
    // One column stays free before the next bar; the edge needs none.
    let end = if room_until == columns { columns } else { room_until.saturating_sub(1) };
    if start + width(label) > end {
        return false;
    }
    lane.write(start, label, item.ink);
    true
}

/// On a line above, beginning where the bar begins (or as far to the left of that as the edge demands).
fn over(above: &mut Vec<Row>, item: &Item, label: &str, columns: usize) -> bool {
    if width(label) > columns {
        return false;
    }
    let column = item.first.min(columns - width(label));
    if above.iter_mut().any(|row| row.write_if_free(column, label, item.ink)) {
        return true;
    }
    if above.len() < LABEL_LINES {
        let mut row = Row::new(columns);
        let placed = row.write_if_free(column, label, item.ink);
        above.push(row);
        return placed;
    }
    false
}
