//! The commands, one file each.

pub(crate) mod campaign;
pub(crate) mod catalogue;
pub(crate) mod check;
pub(crate) mod explain;
mod guess;
mod levels;
pub(crate) mod list;
pub(crate) mod matrix;
pub(crate) mod new;
mod proof;
pub(crate) mod run;
pub(crate) mod shell;
mod stream;
pub(crate) mod sweep;
pub(crate) mod verify;

use std::fmt::Write as _;
use std::time::Duration;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_report::number::{count, thousands, took};
use anachron_report::{Style, jsonl, text};
use clap::CommandFactory;
use serde_json::json;

use crate::args::{Cli, Expected};
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// `anachron` alone: what it is, and what to try.
pub(crate) fn welcome(output: &mut Output) -> Result<Exit, Failure> {
    output.text(
        "\
Anachron runs replicated storage in a simulated world, records what its clients
saw, decides whether that is linearizable, and proves the answer.

Try
  anachron run lost-acked-write-on-failover   a write is acknowledged, and lost
  anachron list                               all stories, with their cures
  anachron check FILE --model register        judge a history of a real system

`anachron --help` tells the rest.
",
    )?;
    output.object(|| {
        let commands: Vec<String> =
            Cli::command().get_subcommands().map(|command| command.get_name().to_owned()).collect();
        jsonl::line("welcome", json!({ "version": env!("CARGO_PKG_VERSION"), "commands": commands }))
    })?;
    Ok(Exit::Fine)
}

/// Text wrapped to the width, each line behind as many columns as `lead` takes.
fn paragraph(lead: &str, said: &str, style: Style) -> String {
    let indent = " ".repeat(text::width(lead));
    let room = style.width.saturating_sub(indent.len()).clamp(20, 100);
    let mut out = String::new();
    for (number, line) in text::wrap(&text::sentence(said, style), room).iter().enumerate() {
        let lead = if number == 0 { lead } else { &indent };
        writeln!(out, "{lead}{line}").expect("a string takes everything");
    }
    out
}

/// Rows of a table, the columns aligned; the first row is the header.
fn aligned<const COLUMNS: usize>(rows: &[[String; COLUMNS]], output: &mut Output) -> Result<(), Failure> {
    let width = |column: usize| rows.iter().map(|row| text::width(&row[column])).max().unwrap_or(0);
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| text::pad(cell, width)).collect();
        output.line(cells.join("  ").trim_end())?;
    }
    Ok(())
}

/// How long so many runs took.
fn speed(runs: u64, elapsed: Duration) -> String {
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // for people
    let rate = (runs as f64 / elapsed.as_secs_f64().max(1e-9)) as u64;
    format!("{} in {}, {} a second", count(runs, "run"), took(elapsed), thousands(rate))
}

/// What a verdict is against an expectation.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    /// As expected.
    Yes,
    /// Something else came out.
    No,
    /// Nothing came out, so nobody knows.
    NotDecided,
}

fn met(expected: Expected, decision: Decision, kind: Option<AnomalyKind>) -> Met {
    if expected.decision == decision && (expected.kind.is_none() || expected.kind == kind) {
        Met::Yes
    } else if decision == Decision::Undecided {
        Met::NotDecided
    } else {
        Met::No
    }
}

/// How many verdicts came out in which way; decides how a command ends.
#[derive(Clone, Copy, Default)]
struct Count {
    linearizable: u64,
    violations: u64,
    undecided: u64,
    /// Other than expected.
    missed: u64,
    /// Not decided, where a decision was expected.
    open: u64,
}

impl Count {
    /// Counts one verdict, and says what it is against the expectation.
    fn add(&mut self, decision: Decision, kind: Option<AnomalyKind>, expected: Option<Expected>) -> Met {
        match decision {
            Decision::Linearizable => self.linearizable += 1,
            Decision::NotLinearizable => self.violations += 1,
            Decision::Undecided => self.undecided += 1,
        }
        let met = expected.map_or(Met::Yes, |expected| met(expected, decision, kind));
        self.missed += u64::from(met == Met::No);
        self.open += u64::from(met == Met::NotDecided);
        met
    }

    /// A violation, or a missed expectation, settles it; an open question comes next, and is never a pass.
    fn exit(self, expected: Option<Expected>) -> Exit {
        let (bad, open) = match expected {
            Some(_) => (self.missed, self.open),
            None => (self.violations, self.undecided),
        };
        if bad > 0 {
            Exit::Violation
        } else if open > 0 {
            Exit::Undecided
        } else {
            Exit::Fine
        }
    }
}
