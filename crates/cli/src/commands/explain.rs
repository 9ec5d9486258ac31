//! `anachron explain`: a page on a kind of anomaly, or a story told without running it.

use anachron_checker::explain::AnomalyKind;
use anachron_report::jsonl;
use serde_json::json;

use super::run::paragraph;
use crate::args::ExplainArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::source;

/// Explains a topic.
pub(crate) fn explain(args: &ExplainArgs, output: &mut Output) -> Result<Exit, Failure> {
    let Some(topic) = &args.topic else {
        output.line("Kinds of anomaly:")?;
        super::list::anomalies(output)?;
        output.line("")?;
        output.line("`anachron explain KIND` tells more; so does `anachron explain STORY` for a story of `anachron list`.")?;
        return Ok(Exit::Fine);
    };
    if let Some(kind) = topic.to_str().and_then(AnomalyKind::from_name) {
        output.text(kind.page())?;
        output.object(|| jsonl::line("page", json!({ "name": kind.name(), "text": kind.page() })))?;
        return Ok(Exit::Fine);
    }
    let known = source::load(topic);
    let source = match known {
        Ok(source) => source,
        Err(Failure::Told(exit, message)) if message.starts_with("there is no story") => {
            let names: Vec<&str> = AnomalyKind::ALL.iter().map(|kind| kind.name()).collect();
            return Err(Failure::Told(exit, format!("{message}. Kinds of anomaly are {}", names.join(", "))));
        }
        Err(failure) => return Err(failure),
    };
    story(&source, output)?;
    Ok(Exit::Fine)
}

fn story(source: &source::Source, output: &mut Output) -> Result<(), Failure> {
    let scenario = &source.scenario;
    let style = output.style;
    output.text(&paragraph("", &scenario.title, style))?;
    let parts = [
        ("What happens", Some(&scenario.story)),
        ("What to watch for", Some(&scenario.notice)),
        ("Why it happens", scenario.why.as_ref()),
        ("Ask yourself", scenario.question.as_ref()),
        ("Source", Some(&scenario.source)),
    ];
    for (title, said) in parts {
        if let Some(said) = said {
            output.line("")?;
            output.line(title)?;
            output.text(&paragraph("  ", said, style))?;
        }
    }
    output.line("")?;
    output.line("Run it")?;
    for variant in &scenario.variants {
        output.line(&format!(
            "  anachron run {} --variant {}",
            source.name,
            source::quoted(&variant.name)
        ))?;
        output.text(&paragraph("      ", &variant.title, style))?;
    }
    output.object(|| {
        jsonl::line(
            "page",
            json!({
                "name": scenario.id,
                "title": scenario.title,
                "story": scenario.story,
                "notice": scenario.notice,
                "why": scenario.why,
                "question": scenario.question,
                "source": scenario.source,
            }),
        )
    })?;
    Ok(())
}
