//! A replication strategy of one's own, run, judged, reported and swept by Anachron as a library.
//!
//! `primary_backup` is the strategy; it knows the contract of replicas and nothing else. `table` makes it known by name.
//! What is left here is what `anachron run` and `anachron sweep` do, in short. `docs/own-strategy.md` walks through it.
//!
//! `cargo run -p own-strategy -- run examples/own-strategy/two-hosts.json`
//! `cargo run --release -p own-strategy -- sweep examples/own-strategy/storm.json 1000`

mod primary_backup;
mod table;

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use anachron_checker::Verdict;
use anachron_checker::explain::Explanation;
use anachron_experiment::judge::{Limits, cores};
use anachron_experiment::sweep::sweep;
use anachron_experiment::{Experiment, Trial};
use anachron_report::number::wilson;
use anachron_report::verdict::{self, Placed, Undecided, Violation};
use anachron_report::{Marks, NodeName, Picture, Style, Window, cause, timeline};
use anachron_scenario::{Scenario, ScenarioError, Variant};

/// Nobody interrupts this program but by ending it.
static NEVER: AtomicBool = AtomicBool::new(false);

/// A string takes everything.
const WRITES: &str = "a string takes everything";

/// Reads a scenario; what is wrong with it names line and column.
fn scenario(text: &str) -> Result<Scenario, String> {
    Scenario::parse(text).map_err(|errors| errors.to_string())
}

/// A variant, ready to run under any seed.
fn experiment(text: &str, scenario: &Scenario, variant: &Variant) -> Result<Experiment, String> {
    Experiment::with_strategies(&table::STRATEGIES, scenario, variant).map_err(|error| {
        let number = scenario.variants.iter().position(|other| other.name == variant.name);
        ScenarioError::of_variant(text, number.unwrap_or(0), &error.fields(), error.message()).to_string()
    })
}

/// One variant under one seed, with its picture and its proof.
fn run(text: &str, named: Option<&str>, seed: Option<u64>) -> Result<String, String> {
    let scenario = scenario(text)?;
    let variant = match named {
        None => &scenario.variants[0],
        Some(name) => scenario.variant(name).ok_or_else(|| format!("there is no variant `{name}`"))?,
    };
    let experiment = experiment(text, &scenario, variant)?;
    let seed = seed.unwrap_or(variant.seed);
    let (trial, events) = experiment.observed_trial(seed, Limits::default(), &NEVER);

    let explanation = experiment.explain(&trial);
    let numbered = explanation.as_ref().map_or(&[][..], |explanation| &explanation.numbered);
    let nodes: Vec<NodeName> =
        scenario.cluster.nodes.iter().map(|name| NodeName { name: name.clone(), note: None }).collect();
    let picture = Picture {
        history: &trial.run.history,
        events: &events,
        nodes: &nodes,
        marks: Marks { numbered, wrong: numbered.last().copied() },
        window: Window::Auto,
        style: Style::default(),
    };
    let mut told = format!("{}: {}\n\n{}\n", variant.name, variant.title, timeline(&picture));
    told.push_str(&proof(&trial, explanation.as_ref(), &picture));
    if let Some(rest) = &trial.run.rest {
        let agree = if rest.converged { "agree" } else { "disagree" };
        writeln!(told, "\nat rest the hosts {agree}").expect(WRITES);
    }
    writeln!(told, "run {}", trial.run.fingerprint).expect(WRITES);
    Ok(told)
}

/// The verdict, and what proves it. There is one object.
fn proof(trial: &Trial, explanation: Option<&Explanation>, picture: &Picture<'_>) -> String {
    let style = picture.style;
    let part = &trial.judgement.parts[0];
    match &part.verdict {
        Verdict::Linearizable(order) => {
            verdict::linearizable(picture.history, &[Placed { key: part.key, order: &order.0 }], style)
        }
        Verdict::NotLinearizable(core) => {
            let sentences: Option<Vec<String>> =
                explanation.map(|why| why.sentences.iter().map(ToString::to_string).collect());
            let violation = Violation {
                headline: explanation.map_or("no order works", |why| why.headline.as_str()),
                sentences: &sentences.unwrap_or_default(),
                core: core.operations.len(),
                operations: part.operations,
                minimal: core.minimal,
                cause: &cause(picture),
            };
            verdict::violation(&violation, style)
        }
        Verdict::Undecided(progress) => {
            let undecided = Undecided {
                limit: &progress.limit.to_string(),
                configurations: part.configurations,
                placed: progress.placed,
                required: progress.required,
                advice: "",
            };
            verdict::undecided(&undecided, style)
        }
    }
}

/// Every variant under many seeds.
fn swept(text: &str, seeds: u64) -> Result<String, String> {
    let scenario = scenario(text)?;
    let mut told = format!("{}, {seeds} seeds\n", scenario.id);
    for variant in &scenario.variants {
        let experiment = experiment(text, &scenario, variant)?;
        let summary = sweep(&experiment, 0..seeds, cores(), Limits::default(), &NEVER, &mut |_| {});
        let rate = wilson(summary.violations, summary.seeds).per_thousand("-");
        let at_rest = format!("{} diverged, {} stuck", summary.diverged, summary.stuck);
        let first = match summary.first_violation {
            None => String::new(),
            Some(seed) => format!(", first with seed {seed}"),
        };
        writeln!(
            told,
            "{:<18} {} violations, {rate} per 1000; {} undecided, {at_rest}{first}",
            variant.name, summary.violations, summary.undecided
        )
        .expect(WRITES);
    }
    Ok(told)
}

fn obey(arguments: &[String]) -> Result<String, String> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse().map_err(|_| format!("{text} is not a number"));
    let read = |path: &str| std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
    match arguments.as_slice() {
        ["run", path] => run(&read(path)?, None, None),
        ["run", path, variant] => run(&read(path)?, Some(variant), None),
        ["run", path, variant, seed] => run(&read(path)?, Some(variant), Some(number(seed)?)),
        ["sweep", path] => swept(&read(path)?, 200),
        ["sweep", path, seeds] => swept(&read(path)?, number(seeds)?),
        _ => Err("own-strategy run FILE [VARIANT [SEED]], or own-strategy sweep FILE [SEEDS]".to_owned()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match obey(&arguments) {
        Ok(told) => {
            print!("{told}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
