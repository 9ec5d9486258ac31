//! `cargo run --release --manifest-path peers/Cargo.toml`: runs the comparison and writes its report.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anachron_peers::cell::Cell;
use anachron_peers::checkers::{Checker, Limits};
use anachron_peers::family::{FAMILIES, Family, family};
use anachron_peers::figures;
use anachron_peers::race::{Course, GaveUp, Outcome};
use anachron_peers::report::{self, Circumstances};
use anachron_peers::whole::{self, usual_program};
use clap::{Args, Parser, Subcommand};

/// Runs Anachron's judge and the published linearizability checkers on the same histories, and writes a report.
#[derive(Parser, Debug)]
#[command(name = "anachron-peers", version, after_help = after_help())]
struct Arguments {
    #[command(subcommand)]
    subcommand: Option<Mode>,
    /// Where the report goes; `-` for standard output [default: reports/checker-benchmarks.md of the repository]
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Small histories and a limit of one second: to see that everything works
    #[arg(long)]
    quick: bool,
    /// Only this family; may be repeated
    #[arg(long = "family", value_name = "NAME", value_parser = parse_family)]
    families: Vec<&'static Family>,
    /// Only this checker; may be repeated
    #[arg(long = "checker", value_name = "NAME", value_parser = parse_checker)]
    checkers: Vec<Checker>,
    /// These concurrencies instead of each family's own
    #[arg(long, value_name = "N", value_delimiter = ',')]
    concurrency: Vec<usize>,
    /// These sizes instead of each family's own
    #[arg(long, value_name = "N", value_delimiter = ',')]
    operations: Vec<usize>,
    /// The `anachron` that is timed from a file [default: the repository's release build]
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    #[command(flatten)]
    spend: Spend,
}

/// What every cell has in common.
#[derive(Args, Clone, Copy, Debug)]
struct Spend {
    /// The seed of every history
    #[arg(long, default_value_t = 1, global = true)]
    seed: u64,
    /// Seconds for one check [default: 5; 1 with --quick]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, global = true)]
    time_limit: Option<Duration>,
    /// Resident memory of one check's process, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 6144, global = true)]
    memory_limit: u64,
}

impl Spend {
    fn limits(self, is_quick: bool) -> Limits {
        let usual = Duration::from_secs(if is_quick { 1 } else { 5 });
        Limits { time: self.time_limit.unwrap_or(usual), memory: self.memory_limit << 20 }
    }
}

#[derive(Subcommand, Clone, Debug)]
enum Mode {
    /// Runs one cell in this process, as the comparison does for each
    Cell {
        /// The checker
        #[arg(value_parser = parse_checker)]
        checker: Checker,
        /// The family
        #[arg(value_parser = parse_family)]
        family: &'static Family,
        /// How many clients at once
        concurrency: usize,
        /// How many operations
        operations: usize,
    },
}

fn names<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn after_help() -> String {
    format!(
        "Families: {}.\nCheckers: {}.",
        names(FAMILIES.iter().map(|family| family.name)),
        names(Checker::ALL.iter().map(|checker| checker.name()))
    )
}

fn parse_family(name: &str) -> Result<&'static Family, String> {
    family(name).ok_or_else(|| format!("it is one of {}", names(FAMILIES.iter().map(|family| family.name))))
}

fn parse_checker(name: &str) -> Result<Checker, String> {
    Checker::from_name(name)
        .ok_or_else(|| format!("it is one of {}", names(Checker::ALL.iter().map(|checker| checker.name()))))
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "it is a number of seconds")?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("no check is done in no time".to_owned()) } else { Ok(time) }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match &arguments.subcommand {
        Some(Mode::Cell { checker, family, concurrency, operations }) => {
            let Spend { seed, .. } = arguments.spend;
            let (checker, family) = (*checker, *family);
            let cell = Cell { checker, family, concurrency: *concurrency, operations: *operations, seed };
            cell.run(arguments.spend.limits(arguments.quick)).map_err(|error| error.to_string())
        }
        None => compare(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn compare(arguments: &Arguments) -> Result<(), String> {
    let started = Instant::now();
    let limits = arguments.spend.limits(arguments.quick);
    let or_all = |chosen: &[usize], quick: &[usize]| {
        if chosen.is_empty() && arguments.quick { quick.to_vec() } else { chosen.to_vec() }
    };
    let mut families = arguments.families.clone();
    if families.is_empty() {
        families = FAMILIES.iter().collect();
    }
    let mut checkers = arguments.checkers.clone();
    if checkers.is_empty() {
        checkers = Checker::ALL.to_vec();
    }
    let judge = arguments.program.clone().unwrap_or_else(|| usual_program(&root()));
    let timed_whole = checkers.contains(&Checker::Anachron) && !arguments.quick;
    if timed_whole && !judge.is_file() {
        return Err(format!(
            "there is no {}: `cargo build --release` builds it, --program names another",
            judge.display()
        ));
    }
    let course = Course {
        program: std::env::current_exe().map_err(|error| format!("where is this program? {error}"))?,
        checkers,
        families,
        concurrencies: or_all(&arguments.concurrency, &[5, 20]),
        sizes: or_all(&arguments.operations, &[1_000, 10_000]),
        seed: arguments.spend.seed,
        limits,
    };
    let rows = course.run(|cell, outcome| {
        let seconds = started.elapsed().as_secs();
        let Cell { checker, family, concurrency, operations, .. } = cell;
        let size = figures::count(*operations);
        eprintln!(
            "{seconds:4} s  {:18} {concurrency:3} {size:>9}  {checker:13} {}",
            family.name,
            brief(outcome)
        );
    })?;
    let whole = if timed_whole { whole::measure(&judge, &course.families, course.seed)? } else { Vec::new() };
    let circumstances = Circumstances {
        command: command(),
        is_quick: arguments.quick,
        machine: machine(),
        commit: commit(),
        seed: arguments.spend.seed,
        limits,
        took: started.elapsed(),
    };
    let text = report::write(&rows, &course.checkers, &whole, &circumstances);
    let place = match &arguments.output {
        Some(file) if file == Path::new("-") => {
            io::stdout().write_all(text.as_bytes()).map_err(|error| format!("standard output: {error}"))?;
            "standard output".to_owned()
        }
        Some(file) => save(file, &text)?,
        None => save(&root().join("reports/checker-benchmarks.md"), &text)?,
    };
    eprintln!("{}; written to {place}", report::summary(&rows));
    Ok(())
}

fn save(file: &Path, text: &str) -> Result<String, String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file.display().to_string())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("it lies in the repository").to_owned()
}

fn brief(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Decided { answer, time, peak } => {
            format!("{answer}, {}, {}", figures::time(*time), figures::memory(*peak))
        }
        Outcome::GaveUp(GaveUp::Died(how)) => format!("died: {how}"),
        Outcome::GaveUp(why) => format!("gave up: {why:?}"),
        Outcome::CanNotExpress => "can't express it".to_owned(),
        Outcome::NotTried => "not tried".to_owned(),
    }
}

/// The command that repeats this run.
fn command() -> String {
    let mut command = "cargo run --release --manifest-path peers/Cargo.toml".to_owned();
    for (index, argument) in std::env::args().skip(1).enumerate() {
        command.push_str(if index == 0 { " -- " } else { " " });
        command.push_str(&argument);
    }
    command
}

/// What the report says of the machine, as far as it tells.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processors = read("/proc/cpuinfo");
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let memory = read("/proc/meminfo");
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
    let gib = kib.and_then(|kib| kib.parse::<u64>().ok()).map_or(0, |kib| kib >> 20);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{}, {cores} cores, {gib} GiB", model.unwrap_or("unknown processor"))
}

/// The commit of the source, with a word if the tree had changes.
fn commit() -> String {
    let git = Command::new("git")
        .args(["describe", "--always", "--dirty", "--exclude=*"])
        .current_dir(root())
        .output();
    match git {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    }
}
