//! From a file to the verdict: the program itself, parsing included, as somebody with a history has it.
//!
//! Why it exists: the tables time the check alone, so that checkers that read no files can be compared. Whoever waits for
//! `anachron check FILE` waits for reading, parsing and the start of a process as well.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anachron_checker::testing::initial;
use anachron_history::write_json_lines;

use crate::family::{Family, family};
use crate::figures;

/// A history of which is known how long it may take.
struct Goal {
    family: &'static str,
    concurrency: usize,
    operations: usize,
    /// The time that was set as a goal, before anything was measured.
    within: Duration,
}

const fn goal(family: &'static str, concurrency: usize, operations: usize, seconds: u64) -> Goal {
    Goal { family, concurrency, operations, within: Duration::from_secs(seconds) }
}

const GOALS: &[Goal] = &[
    goal("register", 5, 1_000_000, 1),
    goal("register", 10, 1_000_000, 1),
    goal("register", 20, 1_000_000, 1),
    goal("register", 50, 1_000_000, 1),
    goal("cas", 20, 100_000, 1),
    goal("cas", 50, 10_000, 2),
    goal("cas-pending-1", 20, 10_000, 1),
    goal("cas-30-lost", 10, 1_000, 10),
    goal("queue", 20, 100_000, 2),
    goal("key-value", 50, 1_000_000, 2),
];

/// How often each is run, for the fastest.
const RUNS: usize = 3;

/// What became of one history.
#[derive(Clone, Debug)]
pub struct Whole {
    family: &'static Family,
    concurrency: usize,
    operations: usize,
    within: Duration,
    /// In bytes.
    size: u64,
    verdict: &'static str,
    time: Duration,
}

/// The program as the repository builds it.
pub fn usual_program(root: &Path) -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    target.join("release").join(format!("anachron{}", std::env::consts::EXE_SUFFIX))
}

/// Runs the program on a file of each history whose family is asked for, one after the other.
///
/// # Errors
/// When a file can't be written, or the program can't be run or answers with anything but a verdict.
pub fn measure(program: &Path, families: &[&'static Family], seed: u64) -> Result<Vec<Whole>, String> {
    let file = std::env::temp_dir().join(format!("anachron-peers-{}.jsonl", std::process::id()));
    let goals = GOALS.iter().filter(|goal| families.iter().any(|family| family.name == goal.family));
    let found = goals.map(|goal| one(goal, program, seed, &file)).collect();
    // What was written is of no more use, whatever came of it.
    let _ = fs::remove_file(&file);
    found
}

fn one(goal: &Goal, program: &Path, seed: u64, file: &Path) -> Result<Whole, String> {
    let &Goal { family: name, concurrency, operations, within } = goal;
    let family = family(name).expect("goals are of families that exist");
    let at = |error: std::io::Error| format!("{}: {error}", file.display());
    let history = family.history(concurrency, operations, seed);
    write_json_lines(&history, BufWriter::new(File::create(file).map_err(at)?)).map_err(at)?;
    let mut arguments = vec!["check".to_owned(), "--model".to_owned(), family.model.name().to_owned()];
    if family.model.has_initial() {
        arguments.extend(["--initial".to_owned(), initial(family.model).to_string()]);
    }
    let size = fs::metadata(file).map_err(at)?.len();
    let mut fastest: Option<(Duration, &'static str)> = None;
    for _ in 0..RUNS {
        let started = Instant::now();
        let status = Command::new(program)
            .args(&arguments)
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let time = started.elapsed();
        let verdict = match status.code() {
            Some(0) => "linearizable",
            Some(1) => "not linearizable",
            Some(3) => "undecided",
            _ => return Err(format!("{} ended with {status} on {name}", program.display())),
        };
        if fastest.is_none_or(|(before, _)| time < before) {
            fastest = Some((time, verdict));
        }
    }
    let (time, verdict) = fastest.expect("it was run");
    Ok(Whole { family, concurrency, operations, within, size, verdict, time })
}

/// The report's section.
pub fn table(rows: &[Whole]) -> String {
    let mut text = format!(
        "## From a file, parsing included\n\n\
         `anachron check --model M FILE`, a history as JSON Lines, from the start of the process to its end; the fastest of \
         {RUNS}. *Goal*: what was set before anything was measured.\n\n\
         | history | concurrency | operations | file | verdict | time | goal | |\n|---|---|---|---|---|---|---|---|\n"
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            row.family.title,
            row.concurrency,
            figures::count(row.operations),
            figures::memory(row.size >> 10),
            row.verdict,
            figures::time(row.time),
            figures::time(row.within),
            if row.is_reached() { "reached" } else { "**not reached**" },
        );
    }
    text.push('\n');
    text
}

impl Whole {
    fn is_reached(&self) -> bool {
        self.verdict != "undecided" && self.time < self.within
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_goal_is_reached_in_time_and_with_a_verdict() {
        let row = |verdict, milliseconds| Whole {
            family: family("register").expect("it is there"),
            concurrency: 5,
            operations: 1_000_000,
            within: Duration::from_secs(1),
            size: 30 << 20,
            verdict,
            time: Duration::from_millis(milliseconds),
        };
        assert!(row("linearizable", 999).is_reached());
        assert!(!row("linearizable", 1_000).is_reached());
        assert!(!row("undecided", 10).is_reached());
        assert!(table(&[row("linearizable", 640)]).ends_with(
            "| Register, unique values | 5 | 1,000,000 | 30 MB | linearizable | 640 ms | 1.0 s | reached |\n\n"
        ));
    }

    #[test]
    fn goals_are_of_families_that_exist() {
        for goal in GOALS {
            assert!(family(goal.family).is_some(), "{}", goal.family);
        }
    }
}
