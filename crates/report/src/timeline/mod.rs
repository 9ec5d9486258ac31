//! The text timeline: clients, nodes and faults on one axis of time.
//!
//! Why it exists: most people meet a violation in the terminal, and a picture of three lines beats thirty lines of
//! log. The layout follows Jepsen's and ShiViz's space-time diagrams turned sideways: time to the right, one row a
//! client and one a node.
//!
//! What it promises:
//! - everything shown fits the style's width; what does not fit is counted below the picture, never cut in silence;
//! - a column shows at most one thing of a row; exact times are the text's business, the picture is right to a column;
//! - an operation's shape tells its outcome without colour: `├w1──┤` happened, `├╌w1╌┤` certainly did not,
//!   `├w1──?···` timed out and may take effect at any later time, or never.
//!
//! Left out on purpose: messages. A line of text has no room for arrows; the cause chain names the ones that matter.

mod canvas;
mod faults;
mod nodes;
mod operations;
mod scale;
mod window;

use std::collections::BTreeSet;

use anachron_history::History;
use anachron_trace::Event;
use anachron_vocabulary::{ClientId, Key, NodeId, OperationId};

use crate::number::count;
use crate::style::{Ink, Style};
use crate::text::{cut, pad, safe, width, wrap};
use canvas::Row;
pub(crate) use nodes::{State, Stretch, stretches};
use scale::Scale;
pub use window::Window;

/// Most client rows; with more, those of marked operations come first.
const MOST_CLIENTS: usize = 24;
/// Most node rows.
const MOST_NODES: usize = 12;
/// Names left of the axis are cut to this many columns.
const NAME_PART: usize = 14;
/// With more operations than this in the window, only the marked operations' objects are drawn.
const CROWDED_HISTORY: usize = 60;

/// A node's name, and what to say beside it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NodeName {
    /// `n1`, or what the scenario calls it.
    pub name: String,
    /// A few characters about its clock or disk: `-25 ms`.
    pub note: Option<String>,
}

impl NodeName {
    /// The usual names of a cluster: n1, n2, …
    pub fn numbered(nodes: u16) -> Vec<Self> {
        (0..nodes).map(|node| Self { name: NodeId(node).to_string(), note: None }).collect()
    }
}

/// The operations that carry a number: the core of a violation, or an order that works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Marks<'a> {
    /// The operations; the first is ①.
    pub numbered: &'a [OperationId],
    /// The one that can't be placed.
    pub wrong: Option<OperationId>,
}

/// Everything that a timeline is made from.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// What the clients saw.
    pub history: &'a History,
    /// What the observer saw; empty for a history from a file. Its times are the history's, in nanoseconds.
    pub events: &'a [Event],
    /// The nodes, in the order of their ids.
    pub nodes: &'a [NodeName],
    /// What to number.
    pub marks: Marks<'a>,
    /// Which part of the run to show.
    pub window: Window,
    /// How it may look.
    pub style: Style,
}

/// The rows so far, with the names that stand left of them.
struct Sheet {
    rows: Vec<(String, Ink, Row)>,
    /// Lines under the picture.
    below: Vec<String>,
}

impl Sheet {
    fn add(&mut self, name: impl Into<String>, ink: Ink, row: Row) {
        self.rows.push((name.into(), ink, row));
    }
}

/// Draws a run. Every line ends with a line feed; an empty history gives one line that says so.
pub fn timeline(picture: &Picture<'_>) -> String {
    let style = picture.style;
    let Some(whole) = window::whole(picture) else {
        return "no operations\n".to_owned();
    };
    let shown = window::choose(picture, whole);
    let names = Names::new(picture);
    let columns = style.columns() - names.columns - 1;
    let scale = Scale { start: shown.0, end: shown.1, columns };
    let mut sheet = Sheet { rows: Vec::new(), below: Vec::new() };
    if shown != whole {
        window::strip(picture, whole, shown, columns, &mut sheet);
    }
    let unit = scale.unit(picture.history.time_unit);
    sheet.add(format!(" {}", unit.name), Ink::Dim, scale.axis(unit, style));
    add_faults(picture, scale, &mut sheet);
    add_clients(picture, scale, &names, &mut sheet);
    add_nodes(picture, scale, &names, &mut sheet);
    render(&sheet, names.columns, style)
}

/// The names left of the axis.
struct Names {
    clients: Vec<String>,
    nodes: Vec<String>,
    columns: usize,
}

impl Names {
    fn new(picture: &Picture<'_>) -> Self {
        let style = picture.style;
        let short = |name: &str| cut(&safe(name, style), NAME_PART, style);
        let clients: Vec<String> = picture.history.clients.iter().map(short).collect();
        let with_note = |node: &NodeName| match &node.note {
            Some(note) => cut(&format!("{} {}", short(&node.name), safe(note, style)), NAME_PART, style),
            None => short(&node.name),
        };
        let nodes: Vec<String> = picture.nodes.iter().map(with_note).collect();
        let used = picture.history.records.iter().map(|record| record.client).collect::<BTreeSet<_>>();
        let widest = used
            .iter()
            .filter_map(|client| clients.get(client.index()))
            .chain(&nodes)
            .map(|name| width(name))
            .max()
            .unwrap_or(0);
        Self { clients, nodes, columns: (widest + 2).max(8) }
    }

    fn client(&self, client: ClientId) -> String {
        self.clients.get(client.index()).cloned().unwrap_or_else(|| client.to_string())
    }
}

fn add_faults(picture: &Picture<'_>, scale: Scale, sheet: &mut Sheet) {
    let glyphs = picture.style.glyphs();
    let name = |node: NodeId| {
        picture.nodes.get(node.index()).map_or_else(|| node.to_string(), |node| node.name.clone())
    };
    for (title, bands, glyph) in [
        ("faults", faults::faults(picture.events), glyphs.fault),
        ("operator", faults::commands(picture.events, name), glyphs.operator),
    ] {
        let (rows, left_out) = faults::band_rows(&bands, scale, glyph, picture.style);
        for (index, row) in rows.into_iter().enumerate() {
            sheet.add(if index == 0 { format!(" {title}") } else { String::new() }, Ink::Fault, row);
        }
        if left_out > 0 {
            sheet
                .below
                .push(format!("{} more in the {title} row at these times", count(left_out as u64, "band")));
        }
    }
}

fn add_clients(picture: &Picture<'_>, scale: Scale, names: &Names, sheet: &mut Sheet) {
    let history = picture.history;
    let glyphs = picture.style.glyphs();
    let visible = |id: &OperationId| {
        let record = history.record(*id);
        scale.shows(record.call.0, record.end.map_or(i64::MAX, |end| end.0))
    };
    let marked: BTreeSet<OperationId> = picture.marks.numbered.iter().copied().collect();
    let mut ids: Vec<OperationId> = history.iter().map(|(id, _)| id).filter(visible).collect();
    let objects: BTreeSet<Key> = marked.iter().map(|&id| history.record(id).key).collect();
    if ids.len() > CROWDED_HISTORY && !objects.is_empty() && history.keys.len() > objects.len() {
        let before = ids.len();
        ids.retain(|&id| objects.contains(&history.record(id).key));
        sheet
            .below
            .push(format!("{} on other keys not drawn", count((before - ids.len()) as u64, "operation")));
    }
    ids.sort_by_key(|&id| (history.record(id).client, history.record(id).call, id));
    let mut clients: Vec<&[OperationId]> =
        ids.chunk_by(|&a, &b| history.record(a).client == history.record(b).client).collect();
    if clients.len() > MOST_CLIENTS {
        clients.sort_by_key(|ids| !ids.iter().any(|id| marked.contains(id)));
        let left_out = clients.split_off(MOST_CLIENTS);
        clients.sort_by_key(|ids| history.record(ids[0]).client);
        let operations: usize = left_out.iter().map(|ids| ids.len()).sum();
        sheet.below.push(format!(
            "{} with {} not drawn",
            count(left_out.len() as u64, "more client"),
            count(operations as u64, "operation")
        ));
    }
    let (mut unlabelled, mut crowded) = (0, 0);
    for ids in clients {
        let drawn = operations::client_rows(picture, scale, ids);
        let name = format!(" {}", names.client(history.record(ids[0]).client));
        for (row, named) in drawn.rows {
            sheet.add(if named { name.clone() } else { String::new() }, Ink::Strong, row);
        }
        unlabelled += drawn.unlabelled;
        crowded += drawn.crowded;
    }
    explain_shapes(picture, &ids, sheet);
    if crowded > 0 {
        let crowd = count(crowded as u64, "operation");
        sheet.below.push(format!("{} {crowd} too close together to draw apart", glyphs.crowd));
    }
    if unlabelled > crowded {
        sheet.below.push(format!(
            "{} without room for a label; a wider terminal or a shorter window shows more",
            count((unlabelled - crowded) as u64, "operation")
        ));
    }
}

/// Says what the shapes mean, once one of them occurs.
fn explain_shapes(picture: &Picture<'_>, drawn: &[OperationId], sheet: &mut Sheet) {
    use anachron_vocabulary::Outcome;
    let glyphs = picture.style.glyphs();
    let has = |outcome: &Outcome| drawn.iter().any(|&id| picture.history.record(id).outcome == *outcome);
    if has(&Outcome::Unknown) {
        sheet.below.push("? timed out: may take effect at any later time, or never".to_owned());
    }
    if has(&Outcome::Failed) {
        sheet.below.push(format!("{} refused: did not happen", glyphs.dashed));
    }
}

fn add_nodes(picture: &Picture<'_>, scale: Scale, names: &Names, sheet: &mut Sheet) {
    if picture.events.is_empty() {
        return;
    }
    let mut roles = BTreeSet::new();
    for index in 0..picture.nodes.len().min(MOST_NODES) {
        let stretches = nodes::stretches(picture.events, NodeId::from_index(index));
        let row = nodes::node_row(&stretches, scale, picture.style, &mut roles);
        sheet.add(format!(" {}", names.nodes[index]), Ink::Strong, row);
    }
    if let Some(more) = picture.nodes.len().checked_sub(MOST_NODES + 1) {
        sheet.below.push(format!("{} not drawn", count(more as u64 + 1, "more node")));
    }
    sheet.below.extend(nodes::role_legend(&roles));
}

fn render(sheet: &Sheet, name_columns: usize, style: Style) -> String {
    let mut out = String::new();
    for (name, ink, row) in &sheet.rows {
        let line = format!("{}{}", style.paint(*ink, &pad(name, name_columns)), row.render(style));
        out.push_str(line.trim_end());
        out.push('\n');
    }
    for line in legend_lines(&sheet.below, style) {
        out.push_str(&style.paint(Ink::Dim, &format!(" {line}")));
        out.push('\n');
    }
    out
}

/// The notes below the picture, as many on a line as fit.
fn legend_lines(notes: &[String], style: Style) -> Vec<String> {
    let room = style.columns() - 1;
    let mut lines: Vec<String> = Vec::new();
    for note in notes {
        match lines.last_mut() {
            Some(line) if width(line) + 3 + width(note) <= room => {
                *line = format!("{line} {} {note}", style.glyphs().dot);
            }
            _ => lines.push(note.clone()),
        }
    }
    lines.iter().flat_map(|line| wrap(line, room)).collect()
}
