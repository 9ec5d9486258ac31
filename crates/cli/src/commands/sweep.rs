//! `anachron sweep`: many seeds of a story.

use std::time::Instant;

use anachron_checker::Decision;
use anachron_checker::explain::AnomalyKind;
use anachron_experiment::judge::cores;
use anachron_experiment::sweep::{Outcome, SameRun, Summary, sweep as run_sweep};
use anachron_report::number::{count, thousands, wilson};
use anachron_report::{jsonl, verdict};
use anachron_scenario::Variant;
use anachron_trace::Fingerprint;
use serde_json::json;

use super::{Count, Met, paragraph, speed};
use crate::args::{Expected, Seeds, SweepArgs};
use crate::exit::{Exit, Failure};
use crate::interrupt::{INTERRUPTED, interrupted, stop};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::source::{self, Source};

/// A run that is worth seeing.
#[derive(Clone, Copy)]
struct Seen {
    seed: u64,
    fingerprint: Fingerprint,
}

/// One variant's share of the sweep.
struct Swept<'s> {
    variant: &'s Variant,
    summary: Summary,
    verdicts: Count,
    /// The first run in which what was expected did not come out.
    first_missed: Option<Seen>,
    /// The first runs of each sort that is worth seeing, the worst sort first.
    worth_seeing: [Option<Seen>; 5],
}

/// Sweeps every variant that was asked for.
pub(crate) fn sweep(args: &SweepArgs, output: &mut Output) -> Result<Exit, Failure> {
    let source = source::load(&args.story, output.style)?;
    let Seeds { first, end } = args.seeds;
    if first >= end {
        return Err(Failure::Told(
            Exit::NothingSelected,
            format!("the range of seeds {first}..{end} is empty"),
        ));
    }
    let variants = variants(&source, &args.variant, output)?;
    announce(&source, &variants, args.seeds, output)?;
    let start = Instant::now();
    let mut swept = Vec::new();
    for variant in &variants {
        if interrupted() {
            break;
        }
        swept.push(one(&source, variant, args, output)?);
    }
    table(&swept, output)?;
    for swept in &swept {
        remarks(swept, args.seeds, output)?;
    }
    for variant in &variants[swept.len()..] {
        output.line(&format!("{}: not begun", variant.name))?;
    }
    for Swept { variant, worth_seeing, .. } in &swept {
        if let Some(Seen { seed, fingerprint }) = worth_seeing.iter().flatten().next() {
            output.line(&format!("replay  {}", source::replay(&source, variant, *seed, *fingerprint)))?;
        }
    }
    output.finish()?;
    let seeds: u64 = swept.iter().map(|swept| swept.summary.seeds).sum();
    let elapsed = start.elapsed();
    note(&speed(seeds, elapsed));
    Ok(if interrupted() { Exit::Interrupted } else { exit(&swept, args.expect) })
}

/// The variants that were asked for, each once; without any, all.
fn variants<'s>(source: &'s Source, named: &[String], output: &Output) -> Result<Vec<&'s Variant>, Failure> {
    if named.is_empty() {
        return Ok(source.scenario.variants.iter().collect());
    }
    let mut variants: Vec<&Variant> = Vec::new();
    for name in named {
        let variant = source::variant(&source.scenario, Some(name), output.style)?;
        if variants.iter().all(|before| before.name != variant.name) {
            variants.push(variant);
        }
    }
    Ok(variants)
}

fn announce(
    source: &Source,
    variants: &[&Variant],
    seeds: Seeds,
    output: &mut Output,
) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    output.object(|| {
        jsonl::start(&jsonl::Start {
            command: "sweep",
            version,
            scenario: Some(&source.scenario.id),
            variant: None,
            seed: Some(seeds.first),
        })
    })?;
    let Seeds { first, end } = seeds;
    let range = if end - first == 1 {
        format!("seed {first}")
    } else {
        format!("{} seeds, {first} to {}", thousands(end - first), end - 1)
    };
    let parts = [
        source.scenario.id.clone(),
        count(variants.len() as u64, "variant"),
        range,
        format!("anachron {version}"),
    ];
    output.text(&verdict::footer(&parts, output.style))?;
    output.finish()?;
    Ok(())
}

fn one<'s>(
    source: &Source,
    variant: &'s Variant,
    args: &SweepArgs,
    output: &mut Output,
) -> Result<Swept<'s>, Failure> {
    let experiment = source::experiment(source, variant)?;
    let Seeds { first, end } = args.seeds;
    let what = format!("{} {}", source.scenario.id, variant.name);
    let progress = Progress::of_seeds(&what, end - first, output.style);
    let mut verdicts = Count::default();
    let mut worth_seeing = [None; 5];
    let mut lost = None;
    let mut observe = |outcome: &Outcome| {
        progress.one_more();
        if outcome.decision == Decision::NotLinearizable {
            progress.one_found();
        }
        let met = verdicts.add(outcome.decision, outcome.kind, args.expect);
        let sorts = [
            met != Met::Yes,
            outcome.decision == Decision::NotLinearizable,
            outcome.decision == Decision::Undecided,
            outcome.progressed == Some(false),
            outcome.converged == Some(false),
        ];
        for (first, _) in worth_seeing.iter_mut().zip(sorts).filter(|(first, is)| *is && first.is_none()) {
            *first = Some(Seen { seed: outcome.seed, fingerprint: outcome.fingerprint });
        }
        if lost.is_none()
            && let Err(error) = output.object(|| seed_object(variant, outcome))
        {
            lost = Some(error);
            stop();
        }
    };
    let threads = args.budget.threads.unwrap_or_else(cores);
    let summary =
        run_sweep(&experiment, first..end, threads, args.budget.limits(), &INTERRUPTED, &mut observe);
    drop(progress);
    if let Some(error) = lost {
        return Err(error.into());
    }
    output.object(|| {
        jsonl::sweep(&jsonl::Sweep {
            scenario: &source.scenario.id,
            variant: &variant.name,
            seeds: (first, end),
            judged: summary.seeds,
            violations: summary.violations,
            undecided: summary.undecided,
            first_violation: summary.first_violation,
        })
    })?;
    Ok(Swept { variant, summary, verdicts, first_missed: worth_seeing[0], worth_seeing })
}

fn seed_object(variant: &Variant, outcome: &Outcome) -> String {
    jsonl::line(
        "seed",
        json!({
            "variant": variant.name,
            "seed": outcome.seed,
            "verdict": outcome.decision.name(),
            "anomaly": outcome.kind.map(AnomalyKind::name),
            "core": (outcome.core > 0).then_some(outcome.core),
            "converged": outcome.converged,
            "progressed": outcome.progressed,
            "fingerprint": outcome.fingerprint.to_string(),
        }),
    )
}

/// One line a variant, the columns aligned.
fn table(swept: &[Swept<'_>], output: &mut Output) -> Result<(), Failure> {
    let dash = if output.style.ascii { "-" } else { "–" };
    let (wrong, missing) = (if output.style.ascii { "X" } else { "✗" }, dash.to_owned());
    let seed = |seed: Option<u64>| seed.map_or(missing.clone(), |seed| seed.to_string());
    let header = [
        "variant",
        "seeds",
        wrong,
        "per 1,000 (95% interval)",
        "?",
        "first",
        "fewest ops",
        "diverged",
        "stuck",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    for Swept { variant, summary, .. } in swept {
        let decided = summary.seeds - summary.undecided;
        rows.push([
            variant.name.clone(),
            thousands(summary.seeds),
            thousands(summary.violations),
            // The interval of a rate is about chance; runs that are all the same have none.
            if decided == 0 || is_one_run(summary) {
                missing.clone()
            } else {
                wilson(summary.violations, decided).per_thousand(dash)
            },
            thousands(summary.undecided),
            seed(summary.first_violation),
            summary.smallest_core.map_or(missing.clone(), |core| core.to_string()),
            thousands(summary.diverged),
            thousands(summary.stuck),
        ]);
    }
    super::aligned(&rows, output)
}

/// True if more than one seed was run and all runs were one and the same.
fn is_one_run(summary: &Summary) -> bool {
    summary.seeds > 1 && matches!(summary.same_run, SameRun::All(_))
}

/// What the table has no column for.
fn remarks(swept: &Swept<'_>, seeds: Seeds, output: &mut Output) -> Result<(), Failure> {
    let Swept { variant, summary, verdicts, first_missed, .. } = swept;
    let name = &variant.name;
    let kinds: Vec<String> = summary
        .kinds
        .iter()
        .map(|(kind, (times, first))| format!("{kind} {} (first at seed {first})", thousands(*times)))
        .collect();
    if !kinds.is_empty() {
        output.text(&paragraph(&format!("kinds ({name})  "), &kinds.join(", "), output.style))?;
    }
    if is_one_run(summary) {
        output.text(&paragraph(
            "",
            &format!(
                "{name}: every seed gave the same run; nothing in it is left to chance, so there is no rate"
            ),
            output.style,
        ))?;
    }
    if summary.cut_off > 0 {
        output.line(&format!("{name}: {} cut off by the limit on steps", count(summary.cut_off, "run")))?;
    }
    if let Some(Seen { seed, .. }) = first_missed {
        let missed = count(verdicts.missed + verdicts.open, "seed");
        output.line(&format!("{name}: {missed} not as expected, first {seed}"))?;
    }
    if summary.interrupted {
        output.line(&format!(
            "{name}: interrupted, {} of {} judged; these figures are of those",
            thousands(summary.seeds),
            count(seeds.end - seeds.first, "seed")
        ))?;
    }
    Ok(())
}

fn exit(swept: &[Swept<'_>], expected: Option<Expected>) -> Exit {
    let mut all = Count::default();
    for Swept { verdicts, .. } in swept {
        all.violations += verdicts.violations;
        all.undecided += verdicts.undecided;
        all.missed += verdicts.missed;
        all.open += verdicts.open;
    }
    all.exit(expected)
}
