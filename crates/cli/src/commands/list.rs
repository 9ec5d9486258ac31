//! `anachron list`: the stories, the strategies, the kinds of anomaly.

use anachron_checker::explain::AnomalyKind;
use anachron_experiment::library::STORIES;
use anachron_experiment::strategy::STRATEGIES;
use anachron_report::jsonl;
use serde_json::json;

use super::paragraph;
use crate::args::ListArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Lists what was asked for.
pub(crate) fn list(args: &ListArgs, output: &mut Output) -> Result<Exit, Failure> {
    if args.strategies {
        strategies(output)?;
    } else if args.anomalies {
        anomalies(output)?;
    } else {
        stories(output)?;
    }
    Ok(Exit::Fine)
}

fn stories(output: &mut Output) -> Result<(), Failure> {
    for story in STORIES {
        let scenario =
            story.scenario().map_err(|errors| Failure::internal(format_args!("{}: {errors}", story.id)))?;
        output.line(&format!("{}{}", scenario.id, if scenario.course { "  (course)" } else { "" }))?;
        output.text(&paragraph("    ", &scenario.title, output.style))?;
        let widest = scenario.variants.iter().map(|variant| variant.name.len()).max().unwrap_or(0);
        for variant in &scenario.variants {
            let kind = variant.expect.kind.as_ref().map_or(String::new(), |kind| format!(": {kind}"));
            let expected = format!("{}{kind}", variant.expect.verdict.name());
            output.line(&format!("    --variant {:<widest$}  {expected}", variant.name))?;
        }
        output.object(|| {
            let variants: Vec<_> = scenario
                .variants
                .iter()
                .map(|variant| {
                    json!({
                        "name": variant.name,
                        "title": variant.title,
                        "strategy": variant.strategy.name,
                        "verdict": variant.expect.verdict.name(),
                        "anomaly": variant.expect.kind,
                    })
                })
                .collect();
            jsonl::line(
                "story",
                json!({ "id": scenario.id, "title": scenario.title, "course": scenario.course, "variants": variants }),
            )
        })?;
    }
    output.line("")?;
    output.text(&paragraph(
        "",
        "Run one with `anachron run STORY [--variant NAME]`; read about one with `anachron explain STORY`.",
        output.style,
    ))?;
    Ok(())
}

fn strategies(output: &mut Output) -> Result<(), Failure> {
    for entry in &STRATEGIES {
        let weakenings = (entry.weakenings)();
        output.line(&format!("{}  ({})", entry.name, entry.family))?;
        output.text(&paragraph("    ", entry.summary, output.style))?;
        for option in entry.options {
            let lead = format!("    {}: ", option.name);
            output.text(&paragraph(
                &lead,
                &format!("{} [default: {}]", option.values, option.default),
                output.style,
            ))?;
            output.text(&paragraph("        ", option.meaning, output.style))?;
        }
        if !weakenings.is_empty() {
            output.line("    weakenings, off unless a scenario asks:")?;
        }
        for weakening in &weakenings {
            output.line(&format!("      {}", weakening.name))?;
            output.text(&paragraph("        ", weakening.summary, output.style))?;
        }
        output.line("")?;
        output.object(|| {
            let options: Vec<_> = entry
                .options
                .iter()
                .map(|option| {
                    json!({
                        "name": option.name,
                        "values": option.values,
                        "default": option.default,
                        "meaning": option.meaning,
                    })
                })
                .collect();
            let weakenings: Vec<_> = weakenings
                .iter()
                .map(|one| json!({ "name": one.name, "summary": one.summary, "source": one.source }))
                .collect();
            jsonl::line(
                "strategy",
                json!({
                    "name": entry.name,
                    "family": entry.family,
                    "summary": entry.summary,
                    "options": options,
                    "weakenings": weakenings,
                }),
            )
        })?;
    }
    Ok(())
}

/// Lists the kinds of anomaly, for `explain` as well.
pub(crate) fn anomalies(output: &mut Output) -> Result<(), Failure> {
    let widest = AnomalyKind::ALL.iter().map(|kind| kind.name().len()).max().unwrap_or(0);
    for kind in AnomalyKind::ALL {
        let lead = format!("{:<widest$}  ", kind.name());
        output.text(&paragraph(&lead, kind.summary(), output.style))?;
        output
            .object(|| jsonl::line("anomaly", json!({ "name": kind.name(), "summary": kind.summary() })))?;
    }
    Ok(())
}
