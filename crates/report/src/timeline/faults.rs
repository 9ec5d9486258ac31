//! The rows of faults and of operators' commands: labelled bands over the time they last.

use anachron_trace::{Event, Happening};

use super::canvas::Row;
use super::scale::Scale;
use crate::style::{Ink, Style};
use crate::text::{cut, safe, width};

/// Most rows that faults get.
const MOST_LANES: usize = 5;

/// Something that lasts from one moment to another.
#[derive(Clone, Debug)]
pub(crate) struct Band {
    pub(crate) from: i64,
    /// `i64::MAX` if it never ends.
    pub(crate) to: i64,
    pub(crate) label: String,
}

/// The faults of a run in the order in which they began.
pub(crate) fn faults(events: &[Event]) -> Vec<Band> {
    let mut bands: Vec<(usize, Band)> = Vec::new();
    for event in events {
        let time = i64::try_from(event.time.0).unwrap_or(i64::MAX);
        match &event.what {
            Happening::FaultBegins { fault, label, .. } => {
                bands.push((*fault, Band { from: time, to: i64::MAX, label: label.clone() }));
            }
            Happening::FaultEnds { fault } => {
                let open = bands.iter_mut().rev().find(|(of, band)| of == fault && band.to == i64::MAX);
                if let Some((_, band)) = open {
                    band.to = time;
                }
            }
            _ => {}
        }
    }
    bands.into_iter().map(|(_, band)| band).collect()
}

/// The commands that operators gave: `promote n2`.
pub(crate) fn commands(events: &[Event], name: impl Fn(anachron_vocabulary::NodeId) -> String) -> Vec<Band> {
    let command = |event: &Event| match &event.what {
        Happening::Operator { node, label } => {
            let time = i64::try_from(event.time.0).unwrap_or(i64::MAX);
            let name = name(*node);
            // A command comes with its node or without.
            let label = label.to_lowercase();
            let named = label.split_whitespace().any(|word| word == name);
            let label = if named { label } else { format!("{label} {name}") };
            Some(Band { from: time, to: time, label })
        }
        _ => None,
    };
    events.iter().filter_map(command).collect()
}

/// Where a band and its label stand.
struct Place {
    band: (usize, usize),
    label: (usize, String),
}

impl Place {
    /// Columns taken, first and last.
    fn taken(&self) -> (usize, usize) {
        let label_end = self.label.0 + width(&self.label.1).max(1) - 1;
        (self.band.0.min(self.label.0), self.band.1.max(label_end))
    }
}

fn place(band: &Band, scale: Scale, style: Style) -> Place {
    let label = safe(&band.label, style);
    let (first, last) = (scale.column(band.from), scale.column(band.to));
    let wide = width(&label);
    let room_right = scale.columns - 1 - first;
    let (label_at, label) = if wide < last - first + 1 {
        (first + 1, label)
    } else if last + 1 + wide <= scale.columns {
        (last + 1, label)
    } else if wide <= first {
        (first - wide, label)
    } else if room_right >= first {
        // Too long for either side: cut, with a sign that it was.
        (first + 1, cut(&label, room_right, style))
    } else {
        (0, cut(&label, first, style))
    };
    Place { band: (first, last), label: (label_at, label) }
}

/// Draws the bands that touch the window on as few rows as hold them. Also says how many found no room.
pub(crate) fn band_rows(bands: &[Band], scale: Scale, glyph: char, style: Style) -> (Vec<Row>, usize) {
    let mut lanes: Vec<(Row, Vec<(usize, usize)>)> = Vec::new();
    let mut left_out = 0;
    for band in bands.iter().filter(|band| scale.shows(band.from, band.to)) {
        let place = place(band, scale, style);
        let (first, last) = place.taken();
        let free = |taken: &Vec<(usize, usize)>| taken.iter().all(|&(a, b)| last + 1 < a || b + 1 < first);
        let lane = match lanes.iter().position(|(_, taken)| free(taken)) {
            Some(lane) => lane,
            None if lanes.len() < MOST_LANES => {
                lanes.push((Row::new(scale.columns), Vec::new()));
                lanes.len() - 1
            }
            None => {
                left_out += 1;
                continue;
            }
        };
        let (row, taken) = &mut lanes[lane];
        row.fill(place.band.0..=place.band.1, glyph, Ink::Fault);
        row.write(place.label.0, &place.label.1, Ink::Fault);
        taken.push((first, last));
    }
    (lanes.into_iter().map(|(row, _)| row).collect(), left_out)
}
