//! What can be asked on the command line.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use anachron_checker::Model;
use anachron_experiment::matrix::SEEDS;
use anachron_experiment::memory::most_memory;
use anachron_trace::Fingerprint;
use anachron_vocabulary::Value;
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::exit;

mod values;

pub(crate) use values::{Expected, Seeds, parse_value};
use values::{parse_expected, parse_seeds, parse_size, parse_threads, parse_time};

/// A laboratory for linearizable storage: runs replication strategies in a simulated world, records what clients
/// saw, decides whether it is linearizable, and proves the answer.
#[derive(Parser, Debug)]
#[command(name = "anachron", version, after_help = exit::TABLE, max_term_width = 100)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How results look.
    #[command(flatten)]
    pub look: Look,
}

/// How results look.
#[derive(Args, Debug)]
pub(crate) struct Look {
    /// For whom results are
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, value_name = "FORMAT", help_heading = "Output")]
    pub output: Format,
    /// When to use colour (`NO_COLOR` and `CLICOLOR_FORCE` count)
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto, value_name = "WHEN", help_heading = "Output")]
    pub color: Colour,
    /// Draw with ASCII characters only
    #[arg(long, global = true, help_heading = "Output")]
    pub ascii: bool,
    /// Columns to draw on [default: the terminal's, or 80]
    #[arg(long, global = true, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..=1000), help_heading = "Output")]
    pub width: Option<u16>,
}

/// For whom results are.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// Text for people.
    Human,
    /// JSON Lines for programs: one object a line, with `v` and `kind`.
    Jsonl,
}

/// When to use colour.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Colour {
    /// On a terminal that knows colours.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// The commands.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run a story: simulate it, judge what its clients saw, and explain the verdict
    #[command(after_help = "\
Examples:
  anachron run lost-acked-write-on-failover
  anachron run lost-acked-write-on-failover --variant raft
  anachron run my-story.json --seed 42 --history what-clients-saw.jsonl
  anachron run lamport-1-5-1 --expect not-linearizable:stale-read")]
    Run(RunArgs),
    /// Judge histories of real systems: JSON Lines, Jepsen logs, EDN, Porcupine's key-value text
    #[command(after_help = CHECK_HELP, after_long_help = check_long_help())]
    Check(CheckArgs),
    /// Re-check a certificate that `check --certificate` wrote, without any search
    #[command(after_help = VERIFY_HELP, after_long_help = verify_long_help())]
    Verify(VerifyArgs),
    /// List the stories, the strategies, or the kinds of anomaly
    #[command(after_help = "\
Examples:
  anachron list
  anachron list --strategies
  anachron list --anomalies")]
    List(ListArgs),
    /// Explain a kind of anomaly, or tell a story without running it
    #[command(after_help = "\
Examples:
  anachron explain stale-read
  anachron explain lost-acked-write-on-failover")]
    Explain(ExplainArgs),
    /// Run a story under many seeds: how often does it go wrong, how, and where first?
    #[command(after_help = "\
Examples:
  anachron sweep lost-acked-write-on-failover --seeds 0..1000
  anachron sweep my-story.json --seeds 0..1_000_000 --variant raft")]
    Sweep(SweepArgs),
    /// Run strategies under everything that their fault models allow: does what they promise hold?
    #[command(after_help = "\
Examples:
  anachron campaign --seeds 0..100
  anachron campaign raft-lease chain --seeds 0..10_000
  anachron campaign --seeds 0..10_000 --report reports/strategy-campaign.md")]
    Campaign(CampaignArgs),
    /// Find out which guarantee holds for which strategy: each answer comes with the run that shows it
    #[command(after_help = "\
Columns:
  lin       linearizable            seq  sequential
  CM        causal memory           CCv  causal convergence
  RYW, MR   read your writes, monotonic reads
  MW, WFR   monotonic writes, writes follow reads
  conv      replicas hold the same once all is healed
  r<, w<    any 2 of 5 nodes are cut off: reads and writes are answered there
  f         the most of 5 nodes that may crash for good, so that the others answer

Examples:
  anachron matrix
  anachron matrix abd chain --seeds 1000
  anachron matrix --report reports")]
    Matrix(MatrixArgs),
    /// Verify stories: does every variant still come out as its story says?
    #[command(after_help = "\
Examples:
  anachron catalogue
  anachron catalogue lamport-1-5-1 raft
  anachron catalogue my-story.json --output jsonl
  anachron catalogue --junit catalogue.xml")]
    Catalogue(CatalogueArgs),
    /// Begin a story of your own: writes a file that runs as it stands
    #[command(after_help = "\
Example:
  anachron new my-story --schema")]
    New(NewArgs),
    /// Print a completion script for a shell
    #[command(after_help = "\
Example:
  anachron completions bash > ~/.local/share/bash-completion/completions/anachron")]
    Completions(CompletionsArgs),
    /// Print the manual page, or write all of them into a folder
    #[command(after_help = "\
Examples:
  anachron man | man -l -
  anachron man --folder ~/.local/share/man/man1")]
    Man(ManArgs),
}

/// `run`
#[allow(clippy::struct_excessive_bools)] // each is a flag of its own on the command line
#[derive(Args, Debug)]
pub(crate) struct RunArgs {
    /// A story of the catalogue (see `anachron list`), or a scenario file
    pub story: OsString,
    /// Under which strategy [default: the story's first, which shows the anomaly]
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// The seed of every random choice [default: the variant's own]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub seed: Option<u64>,
    /// End with 0 if this comes out and with 1 if not: `linearizable`, `not-linearizable` or `not-linearizable:KIND`
    #[arg(long, value_name = "VERDICT[:KIND]", value_parser = parse_expected)]
    pub expect: Option<Expected>,
    /// End with 4 if the run's fingerprint is not this one
    #[arg(long, value_name = "FINGERPRINT")]
    pub expect_run: Option<Fingerprint>,
    /// Run twice, and end with 4 if anything differs
    #[arg(long)]
    pub self_check: bool,
    /// Re-check the certificate with code of its own
    #[arg(long)]
    pub verify: bool,
    /// Grade the history down the ladder of consistency models, with evidence; each level gets the budget anew
    #[arg(long)]
    pub levels: bool,
    /// Draw the whole run, even where only a small part matters
    #[arg(long)]
    pub whole: bool,
    /// Write what the clients saw to a file, as JSON Lines that `anachron check` reads
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Write everything that happened to a file, as JSON Lines: one event a line, with `at_ns`, `step`, `what`
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// What the search may take.
    #[command(flatten)]
    pub budget: Budget,
}

/// `check`
#[derive(Args, Debug)]
pub(crate) struct CheckArgs {
    /// The histories; `-` is standard input, judged while it grows: a violation is told as soon as it is certain
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What the objects are [default: guessed from the operations]
    #[arg(long, value_name = "MODEL", value_parser = PossibleValuesParser::new(Model::ALL.map(Model::name)))]
    pub model: Option<String>,
    /// What an object holds before it is first written, as JSON [default: null; "" in Porcupine's key-value text]
    #[arg(long, value_name = "VALUE", value_parser = parse_value)]
    pub initial: Option<Value>,
    /// How the files are written
    #[arg(long, value_enum, default_value_t = InputFormat::Auto, value_name = "FORMAT")]
    pub input_format: InputFormat,
    /// In a stream (`-`): how many lines late a whole operation may come, after one that was called later; 0: the lines
    /// come in the order of the calls. What is settled, and so when a violation is told, follows from it
    #[arg(long, value_name = "LINES", default_value_t = 10_000)]
    pub lag: usize,
    /// End with 0 if this comes out for every file and with 1 if not
    #[arg(long, value_name = "VERDICT[:KIND]", value_parser = parse_expected)]
    pub expect: Option<Expected>,
    /// Grade each history down the ladder of consistency models, with evidence; each level gets the budget anew
    #[arg(long)]
    pub levels: bool,
    /// Write the proof of the verdict to a file that `anachron verify` re-checks; what was not decided stands there
    /// without a proof
    #[arg(long, value_name = "FILE")]
    pub certificate: Option<PathBuf>,
    /// Explain every violation, also where there are many files
    #[arg(long)]
    pub explain: bool,
    /// Re-check every certificate with code of its own
    #[arg(long)]
    pub verify: bool,
    /// What the search may take.
    #[command(flatten)]
    pub budget: Budget,
}

/// How `check` is called.
const CHECK_HELP: &str = "\
Examples:
  anachron check history.jsonl --model register
  anachron check jepsen-etcd/*.log --model cas-register
  anachron check trace.edn --model mutex --budget 10min --output jsonl
  anachron check history.jsonl --levels
  anachron check history.jsonl --certificate proof.json
  generate | anachron check - --model key-value
  tail -n +1 -f sorted-by-call.jsonl | anachron check - --model register --lag 0";

/// What a stream is.
const STREAM_HELP: &str = "\
Streams: `anachron check -` judges JSON Lines while they come. When a violation is certain depends on what the order of \
the lines promises:
  - Calls told as they happen ({\"event\":\"call\",…}, {\"event\":\"return\",…}), in the order of their times: it is \
certain at the return.
  - Whole operations, one a line: each at most LAG lines after the first that was called later. A violation is certain \
that many lines later. With `--lag 0` the lines come in the order of the calls. A log that is written when operations \
return needs a lag of as many lines as the slowest operation lets pass. One of unknown outcome may come at any time.

A line that breaks the promise is named, and ends a long stream with code 2. A stream of less than 8 MiB is then read \
to its end and judged as a file, which may have any order.

Registers and keys whose values are unique take memory only for what may still be read, however many operations are \
open at once; queues, stacks and priority queues whose elements are unique, only for what is in them. A value may come \
back when nobody can see it any more. Locks, counters, and sets (each element by itself, unless all of a set is read) are \
searched in windows, as all else is. That takes as much as there are possible states, and is not decided where those \
become too many (the same elements queued again and again, texts that many append to at once).

Without `--model` it is guessed from the first 1,000 lines, or from all before the first pause. `--levels`, `--verify` \
and `--certificate` need all of a stream, and wait for its end.";

fn check_long_help() -> String {
    format!("{STREAM_HELP}\n\n{CHECK_HELP}")
}

/// `verify`
#[derive(Args, Debug)]
pub(crate) struct VerifyArgs {
    /// The certificate
    #[arg(value_name = "CERT")]
    pub certificate: PathBuf,
    /// The history that it was made for; `-` is standard input
    #[arg(value_name = "HISTORY")]
    pub history: PathBuf,
    /// How the history is written
    #[arg(long, value_enum, default_value_t = InputFormat::Auto, value_name = "FORMAT")]
    pub input_format: InputFormat,
    /// End with 0 if this verdict is what was proven and with 1 if not
    #[arg(long, value_name = "VERDICT", value_parser = parse_expected)]
    pub expect: Option<Expected>,
}

/// How `verify` ends, and how it is called.
const VERIFY_HELP: &str = "\
Exit codes of this command:
  0  the certificate proves its verdict for this history, whichever it is
  1  it does not: it is flawed, or was made for another history
  2  one of the files can't be read
  3  it leaves open whether the verdict is right (an object was not decided, or a
     core is too big to be re-checked)

Examples:
  anachron check history.jsonl --certificate proof.json
  anachron verify proof.json history.jsonl
  anachron verify proof.json history.jsonl --expect not-linearizable";

fn verify_long_help() -> String {
    format!("{}\n\n{VERIFY_HELP}", anachron_report::certificate::FORMAT)
}

/// What a search may take.
#[derive(Args, Debug, Clone, Copy)]
pub(crate) struct Budget {
    /// How long one history may take to judge; then it is *not decided*
    #[arg(
        long = "budget",
        value_name = "TIME",
        default_value = "60s",
        value_parser = parse_time,
        help_heading = "Budget"
    )]
    pub time: Duration,
    /// How much memory the search may take [default: half of what is free; never more than half of what a limit on
    /// this process or its container leaves]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Budget")]
    pub memory: Option<usize>,
    /// How many threads work [default: one a core]
    #[arg(long, value_name = "N", value_parser = parse_threads, help_heading = "Budget")]
    pub threads: Option<NonZeroUsize>,
}

/// `list`
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// List the strategies: what each promises, survives and costs, and what can be set and broken
    #[arg(long, conflicts_with = "anomalies")]
    pub strategies: bool,
    /// List the kinds of anomaly
    #[arg(long)]
    pub anomalies: bool,
}

/// `explain`
#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// A kind of anomaly, a story, or a scenario file [default: list what can be explained]
    #[arg(value_name = "TOPIC")]
    pub topic: Option<OsString>,
    /// A story's page in Markdown; without a topic, the pages of the whole catalogue
    #[arg(long)]
    pub markdown: bool,
}

/// `sweep`
#[derive(Args, Debug)]
pub(crate) struct SweepArgs {
    /// A story of the catalogue (see `anachron list`), or a scenario file
    pub story: OsString,
    /// Which seeds: `A..B` (without B), `A..=B` (with B), or one
    #[arg(long, value_name = "SEEDS", default_value = "0..1000", value_parser = parse_seeds)]
    pub seeds: Seeds,
    /// Under which strategy; may be given more than once [default: all of the story]
    #[arg(long, value_name = "NAME")]
    pub variant: Vec<String>,
    /// End with 0 if this comes out for every seed and with 1 if not
    #[arg(long, value_name = "VERDICT[:KIND]", value_parser = parse_expected)]
    pub expect: Option<Expected>,
    /// What the search may take for each seed.
    #[command(flatten)]
    pub budget: Budget,
}

/// `campaign`
#[derive(Args, Debug)]
pub(crate) struct CampaignArgs {
    /// Modes of strategies (see `anachron list --strategies`) [default: all whose promise the judge can check]
    #[arg(value_name = "MODE")]
    pub mode: Vec<OsString>,
    /// Every mode, whatever it claims
    #[arg(long, conflicts_with = "mode")]
    pub all: bool,
    /// Which seeds: `A..B` (without B), `A..=B` (with B), or one
    #[arg(long, value_name = "SEEDS", default_value = "0..100", value_parser = parse_seeds)]
    pub seeds: Seeds,
    /// Write the figures into this file, as a page in Markdown
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// What the search may take for each seed.
    #[command(flatten)]
    pub budget: Budget,
}

/// `matrix`
#[derive(Args, Debug)]
pub(crate) struct MatrixArgs {
    /// Modes of strategies (see `anachron list --strategies`) [default: all]
    #[arg(value_name = "MODE")]
    pub mode: Vec<OsString>,
    /// With how many seeds the world of drawn faults is run
    #[arg(long, value_name = "N", default_value_t = SEEDS, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// Write `strategy-matrix.svg`, and `catalogue.md` with every run's command and what becomes of every story, into
    /// this folder
    #[arg(long, value_name = "FOLDER", conflicts_with = "mode")]
    pub report: Option<PathBuf>,
    /// How many threads work [default: one a core]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    pub threads: Option<NonZeroUsize>,
}

/// `catalogue`
#[derive(Args, Debug)]
pub(crate) struct CatalogueArgs {
    /// What to verify: a part of STORY/VARIANT, or a scenario file [default: the whole catalogue]
    #[arg(value_name = "FILTER")]
    pub filter: Vec<OsString>,
    /// Write the results to a file as JUnit XML, for CI
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Of a range of seeds, verify so many at most; the search for one seed among many is not cut short
    #[arg(long, value_name = "N")]
    pub most_seeds: Option<u64>,
    /// What the search may take for each seed.
    #[command(flatten)]
    pub budget: Budget,
}

/// `new`
#[derive(Args, Debug)]
pub(crate) struct NewArgs {
    /// The story's name in kebab-case, or its file
    pub story: OsString,
    /// Write the format's JSON Schema beside it, for editors that check and complete while you type
    #[arg(long)]
    pub schema: bool,
}

/// `completions`
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `man`
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Write one page a command into this folder
    #[arg(long, value_name = "FOLDER")]
    pub folder: Option<PathBuf>,
}

/// How a history's file is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum InputFormat {
    /// Found out from the content.
    Auto,
    /// One operation a line, in JSON.
    Jsonl,
    /// Jepsen's console log.
    JepsenLog,
    /// Events in EDN, in one vector or one a line; Porcupine's key-value text too.
    Edn,
}

impl CheckArgs {
    /// True if standard input may be judged while it grows: nothing is asked for that needs all of it.
    pub(crate) fn may_be_a_stream(&self) -> bool {
        let needs_all = self.levels || self.verify || self.certificate.is_some();
        !needs_all && matches!(self.input_format, InputFormat::Auto | InputFormat::Jsonl)
    }
}

impl Budget {
    /// The same for the libraries.
    pub(crate) fn limits(self) -> anachron_experiment::judge::Limits {
        let usual = anachron_experiment::judge::Limits::default();
        anachron_experiment::judge::Limits {
            time: Some(self.time),
            memory: self.memory.map_or(usual.memory, |memory| memory.min(most_memory() / 2)),
            threads: self.threads.unwrap_or(usual.threads),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
