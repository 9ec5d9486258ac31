//! `anachron list`: the stories, the strategies, the kinds of anomaly.

use anachron_checker::explain::AnomalyKind;
use anachron_experiment::campaign::story_of;
use anachron_experiment::cost::Cost;
use anachron_experiment::figures::{self, Figure, Figures, SIZES};
use anachron_experiment::strategy::STRATEGIES;
use anachron_experiment::strategy::mode::{Clocks, Promise};
use anachron_report::{jsonl, text};
use serde_json::json;

use super::{aligned, paragraph};
use crate::args::ListArgs;
use crate::exit::{Exit, Failure};
use crate::library::STORIES;
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

/// What every strategy promises, survives and costs, one line a mode.
fn table(output: &mut Output) -> Result<(), Failure> {
    let all = figures::all().map_err(Failure::internal)?;
    let mut families: Vec<&str> = Vec::new();
    for family in all.iter().map(|figures| figures.entry.family) {
        if families.contains(&family) {
            continue;
        }
        families.push(family);
        output.line(family)?;
        let header = ["  mode", "promise", "survives", "write: messages", "trips", "read: messages", "trips"];
        let mut rows = vec![header.map(str::to_owned)];
        for figures in all.iter().filter(|other| other.entry.family == family) {
            let mode = figures.mode;
            let (write, read) = (figures.write(), figures.read());
            // `6–8` has a dash that a plain terminal lacks.
            let plain = |cost: String| text::sentence(&cost, output.style);
            let survives = match (mode.crashes, mode.clocks) {
                (crashes, Clocks::Anything) => crashes.words().to_owned(),
                (crashes, clocks) => format!("{}, {clocks}", crashes.words()),
            };
            rows.push([
                format!("  {}", mode.name),
                mode.promise.name().to_owned(),
                survives,
                plain(write.messages()),
                plain(write.round_trips()),
                plain(read.messages()),
                plain(read.round_trips()),
            ]);
        }
        aligned(&rows, output)?;
        output.line("")?;
    }
    let [small, large] = SIZES;
    output.text(&paragraph(
        "",
        &format!(
            "All survive messages that are lost, doubled, late and out of order, and any cut between nodes. Messages between \
             nodes and round trips of one operation without faults, measured with {small} and {large} nodes, by the formula of \
             the paper. `anachron campaign MODE` puts a promise to the test."
        ),
        output.style,
    ))?;
    output.line("")?;
    for figures in &all {
        output.object(|| mode_object(figures))?;
    }
    Ok(())
}

fn mode_object(figures: &Figures) -> String {
    let Figures { entry, mode, .. } = figures;
    let cost = |figure: Figure| {
        let by_size = |costs: [Cost; SIZES.len()]| {
            let of = |(nodes, cost): (u16, Cost)| json!({ "nodes": nodes, "messages": cost.messages, "delays": cost.delays });
            SIZES.into_iter().zip(costs).map(of).collect::<Vec<_>>()
        };
        let (least, most) =
            (figure.measured.map(|spread| spread.least), figure.measured.map(|spread| spread.most));
        json!({
            "formula": figure.paper.messages.text,
            "paper": by_size(figure.expected()),
            "measured": by_size(least),
            "measured_at_most": by_size(most),
        })
    };
    let violation = match mode.promise {
        Promise::Linearizable => None,
        Promise::Less { shown_by, .. } => Some(
            json!({ "story": story_of(mode, shown_by.seed), "seed": shown_by.seed, "anomaly": shown_by.kind.name() }),
        ),
    };
    jsonl::line(
        "mode",
        json!({
            "name": mode.name,
            "strategy": entry.name,
            "family": entry.family,
            "options": mode.options,
            "promise": mode.promise.name(),
            "violation": violation,
            "nodes": mode.crashes.words(),
            "clocks": mode.clocks.to_string(),
            "clients": mode.retries.words(),
            "at_rest": mode.at_rest.words(),
            "write": cost(figures.write()),
            "read": cost(figures.read()),
            "source": mode.source,
            "difference": mode.difference,
        }),
    )
}

fn strategies(output: &mut Output) -> Result<(), Failure> {
    table(output)?;
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
