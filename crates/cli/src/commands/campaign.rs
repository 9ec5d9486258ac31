//! `anachron campaign`: what a strategy promises, under everything that its fault model allows.

use std::ffi::OsString;
use std::io::Write as _;
use std::num::NonZeroUsize;
use std::time::Instant;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_checker::levels::State;
use anachron_experiment::campaign::{Campaign, Finding, Tally, find, replay, report};
use anachron_experiment::judge::{Limits, cores};
use anachron_experiment::strategy::{Mode, StrategyEntry, modes};
use anachron_experiment::sweep::over_seeds;
use anachron_report::number::{count, thousands, took};
use anachron_report::{Style, jsonl, text};
use serde_json::json;

use super::paragraph;
use crate::args::{CampaignArgs, Seeds};
use crate::exit::{Exit, Failure};
use crate::interrupt::{INTERRUPTED, interrupted, stop};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::source::{quoted, suggestion};
use crate::target::Target;

pub(super) type Row = (&'static StrategyEntry, &'static Mode);

/// Runs the campaigns that were asked for.
pub(crate) fn campaign(args: &CampaignArgs, output: &mut Output) -> Result<Exit, Failure> {
    let rows = rows(args, output)?;
    let Seeds { first, end } = args.seeds;
    if first >= end {
        return Err(Failure::Told(
            Exit::NothingSelected,
            format!("the range of seeds {first}..{end} is empty"),
        ));
    }
    let target = args.report.as_deref().map(|path| Target::open(path, &[])).transpose()?;
    let start = Instant::now();
    let mut tallies = Vec::new();
    for row in &rows {
        if interrupted() {
            break;
        }
        tallies.push(one(*row, args, output)?);
    }
    table(&tallies, output)?;
    for tally in &tallies {
        remarks(tally, output)?;
    }
    output.finish()?;
    let seeds: u64 = tallies.iter().map(|tally| tally.seeds).sum();
    note(&format!("{} in {}", count(seeds, "run"), took(start.elapsed())));
    if interrupted() {
        note("interrupted: seeds are missing, and no report was written");
        return Ok(Exit::Interrupted);
    }
    if let Some(target) = target {
        target.write(|file| file.write_all(report(&tallies).as_bytes()))?;
    }
    let undecided = tallies.iter().any(|tally| tally.undecided > 0);
    Ok(match () {
        () if tallies
            .iter()
            .any(|tally| tally.first_unclean.as_ref().is_some_and(|found| is_wrong(tally, found))) =>
        {
            Exit::Violation
        }
        () if undecided => Exit::Undecided,
        () => Exit::Fine,
    })
}

/// True if the finding is more than a verdict that is missing.
fn is_wrong(tally: &Tally, finding: &Finding) -> bool {
    let open = finding.decision == Decision::Undecided && finding.fingerprint.is_some();
    !open
        || tally.broken + tally.diverged + tally.stuck + tally.graded - tally.holds > 0
        || tally.mode.is_linearizable() && tally.violations > 0
}

/// The modes that were asked for, each once; without any, those whose promise the judge can check.
fn rows(args: &CampaignArgs, output: &Output) -> Result<Vec<Row>, Failure> {
    if args.mode.is_empty() {
        return Ok(modes().filter(|(_, mode)| args.all || mode.promise.is_judged()).collect());
    }
    named(&args.mode, output.style)
}

/// The modes of these names, each once.
pub(super) fn named(names: &[OsString], style: Style) -> Result<Vec<Row>, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    for name in names {
        let found = name.to_str().and_then(find).ok_or_else(|| {
            let known: Vec<&str> = modes().map(|(_, mode)| mode.name).collect();
            Failure::usage(format!(
                "there is no mode {}.{} `anachron list --strategies` shows them all",
                quoted(name, style),
                suggestion(name, &known)
            ))
        })?;
        if rows.iter().all(|(_, before)| before.name != found.1.name) {
            rows.push(found);
        }
    }
    Ok(rows)
}

fn one((entry, mode): Row, args: &CampaignArgs, output: &mut Output) -> Result<Tally, Failure> {
    let campaign = Campaign::new(entry, mode).map_err(Failure::internal)?;
    let Seeds { first, end } = args.seeds;
    let threads = args.budget.threads.unwrap_or_else(cores);
    let limits = args.budget.limits();
    let alone = Limits { threads: NonZeroUsize::MIN, memory: limits.memory / threads.get(), ..limits };
    let progress = Progress::of_seeds(mode.name, end - first, output.style);
    let mut tally = Tally::new(mode);
    let mut lost = None;
    let work = |seed| {
        let finding = campaign.finding(seed, alone, &INTERRUPTED);
        let spoilt = finding.decision == Decision::Undecided && interrupted();
        (!spoilt).then_some(finding)
    };
    over_seeds(first..end, threads, &INTERRUPTED, &work, &mut |finding| {
        progress.one_more();
        if !finding.is_clean(mode) {
            progress.one_found();
        }
        tally.add(finding);
        if lost.is_none()
            && let Err(error) = output.object(|| finding_object(mode, finding))
        {
            lost = Some(error);
            stop();
        }
    });
    drop(progress);
    if let Some(error) = lost {
        return Err(error.into());
    }
    output.object(|| tally_object(&tally))?;
    Ok(tally)
}

fn finding_object(mode: &Mode, finding: &Finding) -> String {
    jsonl::line(
        "finding",
        json!({
            "mode": mode.name,
            "seed": finding.seed,
            "verdict": finding.decision.name(),
            "promised": finding.level.map(State::name),
            "anomaly": finding.kind.map(AnomalyKind::name),
            "broken": finding.broken,
            "at_rest": finding.at_rest,
            "stuck": finding.stuck,
            "called": finding.called,
            "answered": finding.answered,
            "faults": finding.faults,
            "fingerprint": finding.fingerprint.map(|print| print.to_string()),
            "clean": finding.is_clean(mode),
        }),
    )
}

fn tally_object(tally: &Tally) -> String {
    jsonl::line(
        "campaign",
        json!({
            "mode": tally.mode.name,
            "promise": tally.mode.promise.name(),
            "seeds": tally.seeds,
            "called": tally.called,
            "answered": tally.answered,
            "faults": tally.faults,
            "violations": tally.violations,
            "undecided": tally.undecided,
            "graded": tally.graded,
            "holds": tally.holds,
            "broken": tally.broken,
            "diverged": tally.diverged,
            "stuck": tally.stuck,
            "digest": tally.digest().to_string(),
        }),
    )
}

/// One line a mode, the columns aligned.
fn table(tallies: &[Tally], output: &mut Output) -> Result<(), Failure> {
    let wrong = if output.style.ascii { "X" } else { "✗" };
    let header = ["mode", "seeds", "answered", wrong, "?", "invariants", "diverged", "stuck"];
    let mut rows = vec![header.map(str::to_owned)];
    for tally in tallies {
        rows.push([
            tally.mode.name.to_owned(),
            thousands(tally.seeds),
            format!("{}%", tally.answered * 100 / tally.called.max(1)),
            thousands(tally.violations),
            thousands(tally.undecided),
            thousands(tally.broken),
            thousands(tally.diverged),
            thousands(tally.stuck),
        ]);
    }
    super::aligned(&rows, output)
}

/// What the table has no column for.
fn remarks(tally: &Tally, output: &mut Output) -> Result<(), Failure> {
    let kinds: Vec<String> = tally
        .kinds
        .iter()
        .map(|(kind, (times, first))| format!("{kind} {} (first at seed {first})", thousands(*times)))
        .collect();
    if tally.graded > 0 {
        let (promise, holds, graded) =
            (tally.mode.promise.name(), thousands(tally.holds), thousands(tally.graded));
        output.line(&format!("promises ({})  {promise}: holds on {holds} of {graded}", tally.mode.name))?;
    }
    if !kinds.is_empty() {
        output.text(&paragraph(
            &format!("kinds ({})  ", tally.mode.name),
            &kinds.join(", "),
            output.style,
        ))?;
    }
    let Some(finding) = &tally.first_unclean else { return Ok(()) };
    let mut said = Vec::new();
    if tally.mode.is_linearizable() && finding.decision != Decision::Linearizable {
        said.push(finding.decision.to_string());
    }
    if let Some(state) = finding.level.filter(|state| *state != State::Holds) {
        said.push(format!("{} consistency is promised and {}", tally.mode.promise.name(), state.name()));
    }
    said.extend(finding.broken.iter().cloned());
    if !finding.at_rest {
        said.push("replicas do not hold at rest what is promised".to_owned());
    }
    said.extend(finding.stuck.iter().map(|what| format!("{what} did not complete")));
    let lead = format!("{} seed {}  ", tally.mode.name, finding.seed);
    output.text(&paragraph(&lead, &text::sentence(&said.join("; "), output.style), output.style))?;
    let print = finding.fingerprint.map_or(String::new(), |print| format!(" --expect-run {print}"));
    output.line(&format!("replay  anachron run {}{print}", replay(tally.mode, finding.seed)))?;
    Ok(())
}
