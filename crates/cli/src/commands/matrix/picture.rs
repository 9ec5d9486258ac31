//! `reports/strategy-matrix.svg`: the matrix at a glance.

use std::io::{self, Write};

use anachron_experiment::matrix::{Answer, Guarantee, Row};
use anachron_report::matrix::{Cell, Column, Group, Line, Mark, Matrix, svg};

use super::replay;

/// The page that says more, beside the picture.
const PAGE: &str = "catalogue.md";

/// Writes the picture.
pub(super) fn write(file: &mut impl Write, rows: &[Row], seeds: u64) -> io::Result<()> {
    let mut groups: Vec<Group> = Vec::new();
    for row in rows {
        if groups.last().is_none_or(|group| group.name != row.entry.family) {
            groups.push(Group { name: row.entry.family.to_owned(), lines: Vec::new() });
        }
        groups.last_mut().expect("there is one now").lines.push(line(row, seeds));
    }
    let columns = Guarantee::ALL.map(|guarantee| Column {
        title: guarantee.title().to_owned(),
        begins: begins(guarantee).map(str::to_owned),
    });
    let matrix = Matrix {
        title: "Strategies and guarantees, found by running".to_owned(),
        description: format!(
            "Five nodes, and a session at home at each (with locks: five that give them, and three workers who are asked). What clients see, and what replicas hold at rest: {seeds} seeds of the faults that every strategy's model allows; a cross names the first seed that shows it. In a minority: any two nodes cut off from the others, and at how many of the 20 nodes so cut off (of 10, where workers use locks) a client gets its answer. f: the most nodes that may crash for good, whichever they are, so that each one left answers. A cell links to the runs that show it."
        ),
        columns: columns.to_vec(),
        groups,
        legend: [
            (Mark::Holds, "holds in every run"),
            (Mark::Partly, "holds for some"),
            (Mark::Broken, "a run shows that not"),
            (Mark::Undecided, "not decided"),
            (Mark::NotDefined, "not defined"),
        ]
        .map(|(mark, said)| (mark, said.to_owned()))
        .to_vec(),
        promised: "promised".to_owned(),
    };
    file.write_all(svg(&matrix).as_bytes())
}

/// The heading above the columns that begin here.
fn begins(guarantee: Guarantee) -> Option<&'static str> {
    match guarantee {
        Guarantee::Level(anachron_checker::levels::Level::Linearizable) => Some("what clients see"),
        Guarantee::Convergence => Some("at rest"),
        Guarantee::MinorityReads => Some("who gets an answer"),
        _ => None,
    }
}

fn line(row: &Row, seeds: u64) -> Line {
    let promised = row.promised();
    let cells = row.columns().map(|(guarantee, cell)| Cell {
        mark: match cell.answer {
            Answer::Holds => Mark::Holds,
            Answer::Partly => Mark::Partly,
            Answer::Broken => Mark::Broken,
            Answer::Undecided => Mark::Undecided,
            Answer::NotDefined => Mark::NotDefined,
        },
        said: if cell.answer == Answer::NotDefined { String::new() } else { cell.said.clone() },
        is_promised: promised.contains(&guarantee) && cell.answer != Answer::NotDefined,
        hint: [
            Some(format!("{}, {}: {} ({})", row.mode.name, guarantee.title(), cell.answer.name(), cell.said)),
            replay(row, guarantee, cell, seeds),
        ]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("\n"),
    });
    Line { name: row.mode.name.to_owned(), link: format!("{PAGE}#{}", row.mode.name), cells: cells.collect() }
}
