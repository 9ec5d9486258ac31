//! `anachron catalogue`: does every story still come out as it says?

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anachron_experiment::catalogue::{Case, Missed, Plan, Verification, verify};
use anachron_experiment::judge::cores;
use anachron_report::number::count;
use anachron_report::{Style, jsonl, junit, text};
use anachron_scenario::Variant;
use serde_json::json;

use super::{paragraph, speed};
use crate::args::CatalogueArgs;
use crate::exit::{Exit, Failure};
use crate::interrupt::{INTERRUPTED, interrupted, stop};
use crate::library::STORIES;
use crate::output::{Output, note};
use crate::progress::Progress;
use crate::source::{self, Source};
use crate::target::Target;

/// A story, and those of its variants that were asked for.
struct Chosen {
    source: Source,
    variants: Vec<usize>,
}

impl Chosen {
    fn variants(&self) -> impl Iterator<Item = &Variant> {
        self.variants.iter().map(|&variant| &self.source.scenario.variants[variant])
    }
}

/// Verifies every variant that was asked for.
pub(crate) fn catalogue(args: &CatalogueArgs, output: &mut Output) -> Result<Exit, Failure> {
    let chosen = choose(&args.filter, output.style)?;
    let owners: Vec<(&Chosen, &Variant)> =
        chosen.iter().flat_map(|story| story.variants().map(move |variant| (story, variant))).collect();
    let mut cases = Vec::with_capacity(owners.len());
    for (story, variant) in &owners {
        cases.push(Case { variant, experiment: source::experiment(&story.source, variant)? });
    }
    let sources: Vec<&Path> = chosen.iter().map(|story| Path::new(&story.source.file)).collect();
    let junit = args.junit.as_deref().map(|path| Target::open(path, &sources)).transpose()?;
    announce(&chosen, cases.len(), output)?;
    let start = Instant::now();
    let threads = args.budget.threads.unwrap_or_else(cores);
    let plan = Plan { threads, limits: args.budget.limits(), most_seeds: args.most_seeds };
    let progress = Progress::of_seeds("verifying the catalogue", plan.most_runs(&cases), output.style);
    let mut verifications: Vec<Verification> = Vec::with_capacity(cases.len());
    let mut lost: Option<Failure> = None;
    verify(&cases, plan, &INTERRUPTED, &|| progress.one_more(), &mut |case, verification| {
        let (story, variant) = owners[case];
        if !verification.is_met() {
            progress.one_found();
        }
        verifications.push(verification.clone());
        let last_of_story = owners.get(case + 1).is_none_or(|(next, _)| !std::ptr::eq(*next, story));
        let mut tell = || -> Result<(), Failure> {
            output.object(|| object(&story.source, variant, verification))?;
            annotate(&story.source, variant, verification);
            if last_of_story {
                let first = case + 1 - story.variants.len();
                output.text(&told(story, &verifications[first..=case], output.style))?;
                output.finish()?;
            }
            Ok(())
        };
        if lost.is_none()
            && let Err(error) = tell()
        {
            lost = Some(error);
            stop();
        }
    });
    drop(progress);
    if let Some(error) = lost {
        return Err(error);
    }
    if let Some(junit) = junit {
        let xml = junit::document("anachron catalogue", &suites(&chosen, &verifications));
        junit.write(|file| file.write_all(xml.as_bytes()))?;
    }
    let exit = exit(&verifications);
    sum_up(&chosen, &verifications, exit, start.elapsed(), output)?;
    Ok(exit)
}

/// The stories that were asked for. A filter is a part of `STORY/VARIANT`, or a scenario file.
fn choose(filters: &[std::ffi::OsString], style: Style) -> Result<Vec<Chosen>, Failure> {
    let nothing = |filter: &std::ffi::OsStr| {
        let near = source::suggestion(filter, &source::story_ids());
        let message = format!("no story or variant has {} in its name.{near}", source::quoted(filter, style));
        Failure::Told(Exit::NothingSelected, message)
    };
    let mut chosen = Vec::new();
    let mut fits = vec![filters.is_empty(); filters.len().max(1)];
    for story in STORIES {
        let source = source::load(story.id.as_ref(), style)?;
        let wanted = |variant: &Variant, fits: &mut [bool]| {
            let name = format!("{}/{}", story.id, variant.name);
            let mut is_wanted = filters.is_empty();
            for (filter, fits) in filters.iter().zip(fits) {
                let is_part = filter.to_str().is_some_and(|filter| name.contains(filter));
                *fits |= is_part;
                is_wanted |= is_part;
            }
            is_wanted
        };
        let all = source.scenario.variants.iter().enumerate();
        let variants: Vec<usize> =
            all.filter(|(_, variant)| wanted(variant, &mut fits)).map(|(number, _)| number).collect();
        if !variants.is_empty() {
            chosen.push(Chosen { source, variants });
        }
    }
    for (filter, _) in filters.iter().zip(fits).filter(|(_, fits)| !fits) {
        let source = source::find(filter, style)?.ok_or_else(|| nothing(filter))?;
        let variants = (0..source.scenario.variants.len()).collect();
        chosen.push(Chosen { source, variants });
    }
    Ok(chosen)
}

/// `1 story`, `8 stories`.
fn stories(chosen: &[Chosen]) -> String {
    match chosen.len() {
        1 => "1 story".to_owned(),
        number => format!("{number} stories"),
    }
}

fn announce(chosen: &[Chosen], variants: usize, output: &mut Output) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    output.object(|| {
        jsonl::start(&jsonl::Start {
            command: "catalogue",
            version,
            scenario: None,
            variant: None,
            seed: None,
        })
    })?;
    let parts = [stories(chosen), count(variants as u64, "variant"), format!("anachron {version}")];
    output.text(&anachron_report::verdict::footer(&parts, output.style))?;
    output.finish()?;
    Ok(())
}

/// A story in one line, and below it what is not as expected.
fn told(story: &Chosen, verifications: &[Verification], style: Style) -> String {
    let runs: u64 = verifications.iter().map(|verification| verification.runs).sum();
    let met = verifications.iter().all(Verification::is_met);
    let cut_short = verifications.iter().any(|verification| verification.interrupted);
    let open = verifications.iter().all(|verification| verification.is_met() || verification.is_open());
    let mark = match (met, open || cut_short, style.ascii) {
        (true, _, false) => "✓",
        (true, _, true) => "ok",
        (false, true, _) => "?",
        (false, false, false) => "✗",
        (false, false, true) => "X",
    };
    let parts = [count(verifications.len() as u64, "variant"), count(runs, "run")];
    let mut out = format!("{} {}  {}\n", text::pad(mark, 2), story.source.scenario.id, parts.join(", "));
    for (variant, verification) in story.variants().zip(verifications) {
        for missed in &verification.missed {
            let said = format!("{}: {}", variant.name, in_words(missed));
            out += &paragraph("     ", &said, style);
            out += "       replay  ";
            out += &replay(&story.source, variant, missed);
            out.push('\n');
        }
        if verification.interrupted {
            out += &paragraph("     ", &format!("{}: interrupted", variant.name), style);
        }
    }
    out
}

fn replay(source: &Source, variant: &Variant, missed: &Missed) -> String {
    source::replay(source, variant, missed.seed, missed.fingerprint)
}

fn object(source: &Source, variant: &Variant, verification: &Verification) -> String {
    let missed: Vec<_> = verification
        .missed
        .iter()
        .map(|missed| {
            json!({
                "field": missed.field,
                "expected": missed.expected,
                "found": missed.found,
                "undecided": missed.undecided,
                "seed": missed.seed,
                "replay": replay(source, variant, missed),
            })
        })
        .collect();
    jsonl::line(
        "expectation",
        json!({
            "scenario": source.scenario.id,
            "variant": variant.name,
            "result": result(verification),
            "runs": verification.runs,
            "found_at": verification.found_at,
            "missed": missed,
        }),
    )
}

fn result(verification: &Verification) -> &'static str {
    if verification.is_met() {
        "met"
    } else if verification.missed.is_empty() {
        "interrupted"
    } else if verification.is_open() {
        "undecided"
    } else {
        "missed"
    }
}

/// A suite a story, a case a variant.
fn suites(chosen: &[Chosen], verifications: &[Verification]) -> Vec<junit::Suite> {
    let mut verifications = verifications.iter();
    let mut suites = Vec::with_capacity(chosen.len());
    for story in chosen {
        let cases = story.variants().zip(verifications.by_ref());
        let case = |(variant, verification): (&Variant, &Verification)| junit::Case {
            name: variant.name.clone(),
            file: story.source.file.clone(),
            outcome: outcome(&story.source, variant, verification),
        };
        suites
            .push(junit::Suite { name: story.source.scenario.id.clone(), cases: cases.map(case).collect() });
    }
    suites
}

fn outcome(source: &Source, variant: &Variant, verification: &Verification) -> junit::Outcome {
    let Some(first) = verification.missed.first() else {
        return if verification.interrupted {
            junit::Outcome::Skipped("interrupted".to_owned())
        } else {
            junit::Outcome::Passed
        };
    };
    let told = verification
        .missed
        .iter()
        .map(|missed| format!("{}\n  replay  {}\n", in_words(missed), replay(source, variant, missed)));
    let (message, detail) = (in_words(first), told.collect());
    if verification.is_open() {
        junit::Outcome::Error(message, detail)
    } else {
        junit::Outcome::Failed(message, detail)
    }
}

fn in_words(missed: &Missed) -> String {
    format!("{}: expected {}; found {}", missed.field, missed.expected, missed.found)
}

/// In a workflow of GitHub, a missed expectation is shown beside the line that states it (see "Workflow commands for
/// GitHub Actions").
fn annotate(source: &Source, variant: &Variant, verification: &Verification) {
    if std::env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return;
    }
    let escaped = |said: &str| said.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |said: &str| escaped(said).replace(':', "%3A").replace(',', "%2C");
    for missed in &verification.missed {
        let place = source.place(variant, &["expect", missed.field], String::new());
        let title = format!("{} {}", source.scenario.id, variant.name);
        let said = format!("{}\n{}", in_words(missed), replay(source, variant, missed));
        note(&format!(
            "::error file={},line={},col={},title={}::{}",
            property(&source.file),
            place.line,
            place.column,
            property(&title),
            escaped(&said)
        ));
    }
}

fn exit(verifications: &[Verification]) -> Exit {
    if interrupted() {
        Exit::Interrupted
    } else if verifications.iter().all(Verification::is_met) {
        Exit::Fine
    } else if verifications.iter().all(|verification| verification.is_met() || verification.is_open()) {
        Exit::Undecided
    } else {
        Exit::Violation
    }
}

fn sum_up(
    chosen: &[Chosen],
    verifications: &[Verification],
    exit: Exit,
    elapsed: Duration,
    output: &mut Output,
) -> Result<(), Failure> {
    let of = |result_: &str| verifications.iter().filter(|one| result(one) == result_).count() as u64;
    let runs: u64 = verifications.iter().map(|verification| verification.runs).sum();
    let (met, missed, undecided) = (of("met"), of("missed"), of("undecided"));
    let verdict = match exit {
        Exit::Fine => "all as expected".to_owned(),
        Exit::Interrupted => format!("interrupted; {met} as expected, {missed} not"),
        _ if undecided > 0 => format!("{met} as expected, {missed} not, {undecided} undecided"),
        _ => format!("{met} as expected, {missed} not"),
    };
    let stories = stories(chosen);
    let variants = count(verifications.len() as u64, "variant");
    output.line(&format!("{stories}, {variants}: {verdict}"))?;
    output.object(|| {
        jsonl::line(
            "catalogue",
            json!({
                "stories": chosen.len(),
                "variants": verifications.len(),
                "met": met,
                "missed": missed,
                "undecided": undecided,
                "runs": runs,
            }),
        )
    })?;
    output.finish()?;
    note(&speed(runs, elapsed));
    Ok(())
}
