//! `anachron explain`: a page on a kind of anomaly, or a story told without running it.

use anachron_checker::explain::AnomalyKind;
use anachron_report::{jsonl, text};
use serde_json::json;

use super::paragraph;
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
        let more = "`anachron explain KIND` tells more; so does `anachron explain STORY` for a story of `anachron list`.";
        output.text(&paragraph("", more, output.style))?;
        return Ok(Exit::Fine);
    };
    if let Some(kind) = topic.to_str().and_then(AnomalyKind::from_name) {
        for line in kind.page().lines() {
            output.line(&text::sentence(line, output.style))?;
        }
        output.object(|| jsonl::line("page", json!({ "name": kind.name(), "text": kind.page() })))?;
        return Ok(Exit::Fine);
    }
    let Some(source) = source::find(topic, output.style)? else {
        let mut names = source::story_ids();
        names.extend(AnomalyKind::ALL.iter().map(|kind| kind.name()));
        let near = source::suggestion(topic, &names);
        return Err(Failure::usage(format!(
            "there is neither a kind of anomaly nor a story {}.{near} `anachron explain` lists the kinds, \
             `anachron list` the stories",
            source::quoted(topic, output.style)
        )));
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
        output.line(&format!("  anachron run {} --variant {}", source.name, variant.name))?;
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
