//! `anachron matrix`: which guarantee holds for which strategy, found by running.
//!
//! Why it exists: the library finds the answers ([`anachron_experiment::matrix`]); this file says them: as a table and as
//! objects, and as the two reports that lie in the repository, a page (`page.rs`) and a picture (`picture.rs`).

mod page;
mod picture;

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use anachron_checker::levels::Level;
use anachron_experiment::judge::cores;
use anachron_experiment::matrix::{Answer, Cell, Guarantee, Row, SEEDS, Trouble, row};
use anachron_experiment::strategy::modes;
use anachron_experiment::sweep::over_seeds;
use anachron_report::number::{count, took};
use anachron_report::{Style, jsonl, text};
use serde_json::json;

use super::campaign::{self, named};
use super::paragraph;
use crate::args::MatrixArgs;
use crate::exit::{Exit, Failure};
use crate::interrupt::{INTERRUPTED, interrupted, stop};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::target::Target;

/// Finds a row for each mode that was asked for.
pub(crate) fn matrix(args: &MatrixArgs, output: &mut Output) -> Result<Exit, Failure> {
    let asked = if args.mode.is_empty() { modes().collect() } else { named(&args.mode, output.style)? };
    let open = |folder: &Path, file: &str| Target::open(&folder.join(file), &[]);
    let targets = args.report.as_deref().map(|folder| -> Result<_, Failure> {
        Ok((open(folder, "catalogue.md")?, open(folder, "strategy-matrix.svg")?))
    });
    let targets = targets.transpose()?;
    let start = Instant::now();
    let threads = args.threads.unwrap_or_else(cores);
    let rows = found(&asked, args.seeds, threads, output)?;
    table(&rows, output)?;
    for row in &rows {
        if !args.mode.is_empty() {
            at_length(row, args.seeds, output)?;
        }
        for (guarantee, cell) in row.broken_promises() {
            let said = format!(
                "{} promises {}, and that is {} ({})",
                row.mode.name,
                guarantee.title(),
                cell.answer.name(),
                cell.said
            );
            output.text(&paragraph("", &said, output.style))?;
        }
    }
    output.finish()?;
    note(&format!("{} in {}", count(rows.len() as u64, "row"), took(start.elapsed())));
    if interrupted() {
        note("interrupted: rows are missing, and no report was written");
        return Ok(Exit::Interrupted);
    }
    if let Some((page_target, picture_target)) = targets {
        let outcomes = page::outcomes(threads, output.style)?;
        if interrupted() {
            return Ok(Exit::Interrupted);
        }
        page_target.write(|file| page::write(file, &outcomes, &rows, args.seeds))?;
        picture_target.write(|file| picture::write(file, &rows, args.seeds))?;
    }
    let mut open = rows.iter().flat_map(Row::broken_promises);
    Ok(match open.clone().next() {
        None => Exit::Fine,
        Some(_) if open.all(|(_, cell)| cell.answer == Answer::Undecided) => Exit::Undecided,
        Some(_) => Exit::Violation,
    })
}

/// The rows, each told to programs as it is found.
fn found(
    asked: &[campaign::Row],
    seeds: u64,
    threads: NonZeroUsize,
    output: &mut Output,
) -> Result<Vec<Row>, Failure> {
    let progress = Progress::of("finding the matrix", asked.len() as u64, "row", output.style);
    let work = |number: u64| {
        let (entry, mode) = asked[usize::try_from(number).expect("there are few modes")];
        row(entry, mode, seeds, &INTERRUPTED).transpose()
    };
    let mut rows = Vec::with_capacity(asked.len());
    let mut lost: Option<Failure> = None;
    over_seeds(0..asked.len() as u64, threads, &INTERRUPTED, &work, &mut |found| {
        progress.one_more();
        let told = match found {
            Err(error) => Err(Failure::internal(error)),
            Ok(row) => {
                rows.push(row.clone());
                objects(row, seeds, output)
            }
        };
        if lost.is_none()
            && let Err(failure) = told
        {
            lost = Some(failure);
            stop();
        }
    });
    drop(progress);
    lost.map_or(Ok(rows), Err)
}

fn objects(row: &Row, seeds: u64, output: &mut Output) -> Result<(), Failure> {
    let promised = row.promised();
    for (guarantee, cell) in row.columns() {
        output.object(|| {
            jsonl::line(
                "cell",
                json!({
                    "mode": row.mode.name,
                    "strategy": row.entry.name,
                    "guarantee": guarantee.name(),
                    "answer": cell.answer.name(),
                    "said": cell.said,
                    "runs": cell.runs,
                    "promised": promised.contains(&guarantee),
                    "replay": replay(row, guarantee, cell, seeds),
                }),
            )
        })?;
    }
    Ok(())
}

/// The line that shows what was found: the run, or, of what no single run can show, all of them.
fn replay(row: &Row, guarantee: Guarantee, cell: &Cell, seeds: u64) -> Option<String> {
    let mode = row.mode.name;
    let Some(shown) = cell.shown else {
        return match (cell.answer, guarantee) {
            (Answer::NotDefined, _) => None,
            (_, Guarantee::Level(Level::Linearizable) | Guarantee::Convergence) => {
                let world = row.world(Trouble::Faults).id();
                Some(format!("anachron sweep {world} --variant {mode} --seeds 0..{seeds}"))
            }
            _ if seeds == SEEDS => Some(format!("anachron matrix {mode}")),
            _ => Some(format!("anachron matrix {mode} --seeds {seeds}")),
        };
    };
    let how = match guarantee {
        Guarantee::Level(Level::Linearizable) | Guarantee::Convergence => "",
        Guarantee::Level(_) => " --levels",
        Guarantee::MinorityReads | Guarantee::MinorityWrites | Guarantee::Crashes => " --whole",
    };
    Some(format!("anachron run {} --variant {mode} --seed {}{how}", shown.world.id(), shown.seed))
}

/// An answer in one column.
fn mark(answer: Answer, style: Style) -> &'static str {
    match (answer, style.ascii) {
        (Answer::Holds, false) => "✓",
        (Answer::Partly, false) => "◐",
        (Answer::Broken, false) => "✗",
        (Answer::NotDefined, false) => "–",
        (Answer::Holds, true) => "+",
        (Answer::Partly, true) => "~",
        (Answer::Broken, true) => "X",
        (Answer::NotDefined, true) => "-",
        (Answer::Undecided, _) => "?",
    }
}

/// What a column is called where there is little room.
fn short(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::Level(Level::Linearizable) => "lin",
        Guarantee::Level(Level::Sequential) => "seq",
        Guarantee::Level(Level::CausalMemory) => "CM",
        Guarantee::Level(Level::CausalConvergence) => "CCv",
        Guarantee::Level(Level::ReadYourWrites) => "RYW",
        Guarantee::Level(Level::MonotonicReads) => "MR",
        Guarantee::Level(Level::MonotonicWrites) => "MW",
        Guarantee::Level(Level::WritesFollowReads) => "WFR",
        Guarantee::Level(other) => other.name(),
        Guarantee::Convergence => "conv",
        Guarantee::MinorityReads => "r<",
        Guarantee::MinorityWrites => "w<",
        Guarantee::Crashes => "f",
    }
}

/// One line a mode, the columns aligned.
fn table(rows: &[Row], output: &mut Output) -> Result<(), Failure> {
    const COLUMNS: usize = Guarantee::ALL.len() + 1;
    let style = output.style;
    let mut lines: Vec<[String; COLUMNS]> = Vec::with_capacity(rows.len() + 1);
    lines.push(std::array::from_fn(|column| match column {
        0 => "mode".to_owned(),
        _ => short(Guarantee::ALL[column - 1]).to_owned(),
    }));
    for row in rows {
        lines.push(std::array::from_fn(|column| match column {
            0 => row.mode.name.to_owned(),
            _ => match (Guarantee::ALL[column - 1], &row.cells[column - 1]) {
                (Guarantee::Crashes, cell) => cell.said.replace("f = ", ""),
                (_, cell) => mark(cell.answer, style).to_owned(),
            },
        }));
    }
    super::aligned(&lines, output)?;
    let [holds, partly, broken] =
        [Answer::Holds, Answer::Partly, Answer::Broken].map(|answer| mark(answer, style));
    let legend = format!(
        "{holds} in every run  {partly} for some  {broken} a run shows that not  ? not decided. `anachron matrix MODE` names the runs; `anachron matrix --help` the columns"
    );
    output.line("")?;
    output.text(&paragraph("", &legend, style))?;
    Ok(())
}

/// A row with the line that shows each answer.
fn at_length(row: &Row, seeds: u64, output: &mut Output) -> Result<(), Failure> {
    let style = output.style;
    output.line("")?;
    let title = format!("{} ({}, promises {})", row.mode.name, row.entry.name, row.mode.promise.name());
    output.text(&paragraph("", &title, style))?;
    for (guarantee, cell) in row.columns() {
        let said = if style.ascii && cell.answer == Answer::NotDefined { "-" } else { &cell.said };
        let lead = format!(
            "  {} {}  {}  ",
            mark(cell.answer, style),
            text::pad(guarantee.title(), 24),
            text::pad(said, 9)
        );
        let shown = replay(row, guarantee, cell, seeds).unwrap_or_default();
        output.line(format!("{lead}{shown}").trim_end())?;
    }
    Ok(())
}
