//! The nodes' rows: role and term over time, crashes as gaps, pauses.

use std::collections::BTreeSet;

use anachron_trace::{Event, Happening};
use anachron_vocabulary::NodeId;

use super::canvas::Row;
use super::scale::Scale;
use crate::style::{Ink, Style};
use crate::text::width;

/// What a node is at some time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It runs; nothing is known of its role.
    Up,
    /// It runs in this role and term.
    Role(&'static str, u64),
    /// It has crashed.
    Down,
    /// It takes no steps.
    Paused,
}

impl State {
    pub(crate) fn is_leader(self) -> bool {
        matches!(self, Self::Role(role, _) if leads(role))
    }
}

/// True for the roles that stand above the others.
fn leads(role: &str) -> bool {
    matches!(role, "leader" | "primary" | "sequencer")
}

/// A stretch of time in which a node's state does not change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) from: i64,
    /// The end; the next stretch begins here.
    pub(crate) to: i64,
    pub(crate) state: State,
}

/// A node's states in order of time; the last one lasts for ever. Before the first nothing is known.
pub(crate) fn stretches(events: &[Event], node: NodeId) -> Vec<Stretch> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut beneath_pause = State::Up;
    for event in events {
        let now = found.last().map(|stretch| stretch.state);
        let paused = now == Some(State::Paused);
        let state = match &event.what {
            Happening::Role { node: of, role, term, .. } if *of == node => {
                beneath_pause = State::Role(role, *term);
                if paused { State::Paused } else { beneath_pause }
            }
            Happening::Booted { node: of, .. } if *of == node => {
                beneath_pause = State::Up;
                State::Up
            }
            Happening::Crashed { node: of, .. } if *of == node => State::Down,
            Happening::Paused { node: of } if *of == node => {
                beneath_pause = now.unwrap_or(State::Up);
                State::Paused
            }
            Happening::Resumed { node: of } if *of == node => beneath_pause,
            _ => continue,
        };
        if now == Some(state) {
            continue;
        }
        let time = i64::try_from(event.time.0).unwrap_or(i64::MAX);
        if let Some(last) = found.last_mut() {
            last.to = time;
        }
        found.push(Stretch { from: time, to: i64::MAX, state });
    }
    found
}

/// Draws one node's row. Adds the roles that it shows to `roles`.
pub(crate) fn node_row(
    stretches: &[Stretch],
    scale: Scale,
    style: Style,
    roles: &mut BTreeSet<&'static str>,
) -> Row {
    let glyphs = style.glyphs();
    // Which stretch owns which column: the latest, but a leader is shown however short its time was.
    let mut owners: Vec<Option<usize>> = vec![None; scale.columns];
    for leaders in [false, true] {
        for (index, stretch) in stretches.iter().enumerate() {
            if stretch.state.is_leader() != leaders || !scale.shows(stretch.from, stretch.to) {
                continue;
            }
            let first = scale.column(stretch.from);
            let last = if stretch.to > scale.end {
                scale.columns - 1
            } else {
                scale.column(stretch.to).max(first + 1) - 1
            };
            owners[first..=last].fill(Some(index));
        }
    }
    let mut row = Row::new(scale.columns);
    let mut first = 0;
    while first < scale.columns {
        let run = owners[first..].iter().take_while(|owner| **owner == owners[first]).count();
        if let Some(index) = owners[first] {
            draw_run(&mut row, first, run, stretches[index].state, style, roles);
        }
        first += run;
    }
    for stretch in stretches.iter().filter(|stretch| stretch.state == State::Down) {
        if stretch.from >= scale.start && stretch.from <= scale.end {
            row.put(scale.column(stretch.from), glyphs.crash, Ink::Violation);
        }
    }
    row
}

fn draw_run(
    row: &mut Row,
    first: usize,
    run: usize,
    state: State,
    style: Style,
    roles: &mut BTreeSet<&'static str>,
) {
    let glyphs = style.glyphs();
    let (body, label, ink) = match state {
        State::Up => (glyphs.role, String::new(), Ink::Plain),
        State::Role(role, term) => {
            if term > 0 {
                roles.insert(role);
            }
            let body = if state.is_leader() { glyphs.leader } else { glyphs.role };
            let ink = if state.is_leader() { Ink::Leader } else { Ink::Plain };
            (body, role_label(role, term), ink)
        }
        State::Down => (' ', "  down".to_owned(), Ink::Dim),
        State::Paused => (glyphs.paused, "paused".to_owned(), Ink::Unknown),
    };
    row.fill(first..=first + run - 1, body, ink);
    if width(&label) <= run {
        row.write(first, &label, ink);
    }
}

/// `L2` for the leader of term 2, `f1`, `c3`; the role's name where there are no terms.
fn role_label(role: &str, term: u64) -> String {
    if term == 0 { role.to_owned() } else { format!("{}{term}", role_letter(role)) }
}

/// A role's letter: a capital for whoever leads.
fn role_letter(role: &str) -> char {
    let first = role.chars().next().unwrap_or('?');
    if leads(role) { first.to_ascii_uppercase() } else { first }
}

/// What the letters mean: `L1 leader of term 1, f follower`.
pub(crate) fn role_legend(roles: &BTreeSet<&'static str>) -> Option<String> {
    let (leaders, others): (Vec<&str>, Vec<&str>) = roles.iter().partition(|role| leads(role));
    let said: Vec<String> =
        leaders.iter().chain(&others).map(|role| format!("{} {role}", role_letter(role))).collect();
    (!said.is_empty()).then(|| format!("{}; the number is the term", said.join(", ")))
}
