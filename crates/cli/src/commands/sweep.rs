//! `anachron sweep`: many seeds of a story.

use std::time::Instant;

use anachron_checker::Decision;
use anachron_experiment::judge::cores;
use anachron_experiment::sweep::{Outcome, Summary, sweep as run_sweep};
use anachron_report::number::{count, thousands, took, wilson};
use anachron_report::{jsonl, text};
use anachron_scenario::Variant;
use serde_json::json;

use super::run::paragraph;
use crate::args::{Expected, Seeds, SweepArgs};
use crate::exit::{Exit, Failure};
use crate::interrupt::{INTERRUPTED, interrupted};
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::source::{self, Source};

/// One variant's share of the sweep.
struct Swept<'s> {
    variant: &'s Variant,
    summary: Summary,
    /// Seeds in which what was expected did not come out.
    missed: u64,
    first_missed: Option<u64>,
}

/// Sweeps every variant that was asked for.
pub(crate) fn sweep(args: &SweepArgs, output: &mut Output) -> Result<Exit, Failure> {
    let source = source::load(&args.story)?;
    let Seeds { first, end } = args.seeds;
    if first >= end {
        return Err(Failure::Told(
            Exit::NothingSelected,
            format!("the range of seeds {first}..{end} is empty"),
        ));
    }
    let variants: Vec<&Variant> = if args.variant.is_empty() {
        source.scenario.variants.iter().collect()
    } else {
        let named = args.variant.iter().map(|name| source::variant(&source.scenario, Some(name)));
        named.collect::<Result<_, _>>()?
    };
    announce(&source, &variants, args.seeds, output)?;
    let start = Instant::now();
    let mut swept = Vec::new();
    for variant in variants {
        if interrupted() {
            break;
        }
        swept.push(one(&source, variant, args, output)?);
    }
    table(&source, &swept, args.seeds, output)?;
    let seeds: u64 = swept.iter().map(|swept| swept.summary.seeds).sum();
    let elapsed = start.elapsed();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // for people
    let rate = (seeds as f64 / elapsed.as_secs_f64().max(1e-9)) as u64;
    note(&format!("{} in {}, {} a second", count(seeds, "run"), took(elapsed), thousands(rate)));
    output.finish()?;
    Ok(exit(&swept, args.expect))
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
    let said = format!(
        "{}: {}, seeds {} to {}, anachron {version}",
        source.scenario.id,
        count(variants.len() as u64, "variant"),
        thousands(first),
        thousands(end - 1)
    );
    output.text(&paragraph("", &said, output.style))?;
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
    let progress =
        Progress::start(format!("{} {}", source.scenario.id, variant.name), Some(end - first), "seeds");
    let (mut missed, mut first_missed) = (0, None);
    let mut lost = None;
    let mut observe = |outcome: &Outcome| {
        progress.one_more();
        if outcome.decision == Decision::NotLinearizable {
            progress.one_found();
        }
        let as_expected =
            args.expect.is_none_or(|expected| super::met(expected, outcome.decision, outcome.kind));
        if !as_expected {
            missed += 1;
            first_missed = first_missed.or(Some(outcome.seed));
        }
        if lost.is_none()
            && let Err(error) = output.object(|| seed_object(variant, outcome))
        {
            lost = Some(error);
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
    Ok(Swept { variant, summary, missed, first_missed })
}

fn seed_object(variant: &Variant, outcome: &Outcome) -> String {
    jsonl::line(
        "seed",
        json!({
            "variant": variant.name,
            "seed": outcome.seed,
            "verdict": outcome.decision.name(),
            "anomaly": outcome.kind.map(|kind| kind.name()),
            "core": (outcome.core > 0).then_some(outcome.core),
            "converged": outcome.converged,
            "progressed": outcome.progressed,
            "fingerprint": outcome.fingerprint.to_string(),
        }),
    )
}

fn table(source: &Source, swept: &[Swept<'_>], seeds: Seeds, output: &mut Output) -> Result<(), Failure> {
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
            text::safe(&variant.name, output.style),
            thousands(summary.seeds),
            thousands(summary.violations),
            if decided == 0 {
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
    let widths: Vec<usize> = (0..header.len())
        .map(|column| rows.iter().map(|row| text::width(&row[column])).max().unwrap_or(0))
        .collect();
    for row in &rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, &width)| text::pad(cell, width)).collect();
        output.line(cells.join("  ").trim_end())?;
    }
    for Swept { variant, summary, missed, first_missed } in swept {
        let name = text::safe(&variant.name, output.style);
        let kinds: Vec<String> = summary
            .kinds
            .iter()
            .map(|(kind, (times, first))| format!("{kind} {} (first at seed {first})", thousands(*times)))
            .collect();
        if !kinds.is_empty() {
            output.text(&paragraph(&format!("kinds ({name})  "), &kinds.join(", "), output.style))?;
        }
        if summary.cut_off > 0 {
            output
                .line(&format!("{name}: {} cut off by the limit on steps", count(summary.cut_off, "run")))?;
        }
        if let Some(first) = first_missed {
            output.line(&format!("{name}: {} not as expected, first {first}", count(*missed, "seed")))?;
        }
        if summary.interrupted {
            let Seeds { first, end } = seeds;
            output.line(&format!(
                "{name}: interrupted, {} of {} seeds judged; these figures are of those",
                thousands(summary.seeds),
                thousands(end - first)
            ))?;
        }
    }
    for Swept { variant, summary, first_missed, .. } in swept {
        let worth_seeing = first_missed
            .or(summary.first_violation)
            .or(summary.first_undecided)
            .or(summary.first_stuck)
            .or(summary.first_diverged);
        if let Some(seed) = worth_seeing {
            output.line(&format!(
                "replay  anachron run {} --variant {} --seed {seed}",
                source.name,
                source::quoted(&variant.name)
            ))?;
        }
    }
    Ok(())
}

fn exit(swept: &[Swept<'_>], expected: Option<Expected>) -> Exit {
    if interrupted() {
        return Exit::Interrupted;
    }
    let any = |test: fn(&Swept<'_>) -> bool| swept.iter().any(test);
    match expected {
        Some(_) if any(|swept| swept.missed > swept.summary.undecided) => Exit::Violation,
        Some(expected) if expected.decision != Decision::Undecided && any(|s| s.summary.undecided > 0) => {
            Exit::Undecided
        }
        Some(_) if any(|swept| swept.missed > 0) => Exit::Violation,
        Some(_) => Exit::Fine,
        None if any(|swept| swept.summary.violations > 0) => Exit::Violation,
        None if any(|swept| swept.summary.undecided > 0) => Exit::Undecided,
        None => Exit::Fine,
    }
}
