//! Finds a story by name or by file, and says what is wrong with it.

use std::ffi::OsStr;
use std::path::Path;
use std::string::FromUtf8Error;

use anachron_experiment::{Experiment, campaign, matrix};
use anachron_report::Style;
use anachron_scenario::{Scenario, ScenarioError, ScenarioErrors, Variant, nearest};
use anachron_trace::Fingerprint;

use crate::exit::Failure;
use crate::interrupt::at_the_mercy_of;
use crate::library;

/// A story, and what the reader called it.
pub(crate) struct Source {
    /// The scenario.
    pub scenario: Scenario,
    /// The file that it was read from; of the catalogue's stories: where it lies in the repository.
    pub file: String,
    /// How to name it on a command line, quoted for a shell where that is needed.
    pub name: String,
    /// The text that it was read from.
    text: String,
}

impl Source {
    /// A message about a variant, with its place in the text: the value that `below` leads to.
    pub(crate) fn place(&self, variant: &Variant, below: &[&str], message: String) -> ScenarioError {
        let number = self.scenario.variants.iter().position(|other| other.name == variant.name);
        ScenarioError::of_variant(&self.text, number.unwrap_or(0), below, message)
    }
}

/// The story that a reader names, or what is wrong with the name or the story.
pub(crate) fn load(named: &OsStr, style: Style) -> Result<Source, Failure> {
    find(named, style)?.ok_or_else(|| {
        let near = suggestion(named, &story_ids());
        Failure::usage(format!(
            "there is no story {}.{near} `anachron list` shows them all; a file of your own is named with its .json",
            quoted(named, style)
        ))
    })
}

/// Reads the story that a reader names: a file if there is one or the name looks like one, else one of the catalogue,
/// a strategy's campaign, or a world of the matrix. Nothing if there is neither.
pub(crate) fn find(named: &OsStr, style: Style) -> Result<Option<Source>, Failure> {
    let path = Path::new(named);
    let file = looks_like_a_file(path);
    if let Some(story) = named.to_str().and_then(library::find).filter(|_| !file) {
        let scenario = story
            .scenario()
            .map_err(|errors| Failure::internal(format_args!("the story {}: {errors}", story.id)))?;
        return Ok(Some(Source {
            scenario,
            file: format!("scenarios/{}.json", story.id),
            name: story.id.to_owned(),
            text: story.text.to_owned(),
        }));
    }
    let made = |id| campaign::story(id).or_else(|| matrix::World::parse(id).map(matrix::World::text));
    if let Some(text) = named.to_str().and_then(made).filter(|_| !file) {
        let scenario = Scenario::parse(&text)
            .map_err(|errors| Failure::internal(format_args!("a story made from modes: {errors}")))?;
        let name = scenario.id.clone();
        return Ok(Some(Source { scenario, file: name.clone(), name, text }));
    }
    if !file && !path.exists() {
        return Ok(None);
    }
    let bytes = at_the_mercy_of(|| std::fs::read(path)).map_err(|error| Failure::unreadable(path, &error))?;
    let name = quoted_file(path, style);
    let text = String::from_utf8(bytes).map_err(|error| not_text(&name, &error))?;
    let scenario = Scenario::parse(&text).map_err(|errors| wrong(&name, &errors))?;
    Ok(Some(Source { scenario, file: path.display().to_string(), name, text }))
}

fn looks_like_a_file(path: &Path) -> bool {
    path.extension().is_some() || path.components().count() > 1
}

/// A file that is no text from some byte on.
fn not_text(file: &str, error: &FromUtf8Error) -> Failure {
    let before = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|&character| character != '\n').count() + 1;
    Failure::usage(format!("{file}:{line}:{column} .: expected UTF-8 text"))
}

/// Every error of a scenario file, each with its line and a caret.
fn wrong(file: &str, errors: &ScenarioErrors) -> Failure {
    let said: Vec<String> = errors.iter().map(|error| format!("{file}:{error}")).collect();
    Failure::usage(said.join("\nerror: "))
}

/// The variant that a reader names, or the story's first.
pub(crate) fn variant<'s>(
    scenario: &'s Scenario,
    named: Option<&str>,
    style: Style,
) -> Result<&'s Variant, Failure> {
    let Some(name) = named else { return Ok(&scenario.variants[0]) };
    scenario.variant(name).ok_or_else(|| {
        let all: Vec<&str> = scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
        let near = suggestion(name.as_ref(), &all);
        Failure::usage(format!(
            "{} has no variant {}.{near} It has {}",
            scenario.id,
            quoted(name.as_ref(), style),
            all.join(", ")
        ))
    })
}

/// Lowers a variant, or says what is wrong with its strategy.
pub(crate) fn experiment(source: &Source, variant: &Variant) -> Result<Experiment, Failure> {
    Experiment::new(&source.scenario, variant).map_err(|error| {
        let placed = source.place(variant, &error.fields(), error.message());
        Failure::usage(format!("{}:{placed}", source.name))
    })
}

/// The line that runs this again.
pub(crate) fn replay(source: &Source, variant: &Variant, seed: u64, fingerprint: Fingerprint) -> String {
    format!(
        "anachron run {} --variant {} --seed {seed} --expect-run {fingerprint}",
        source.name, variant.name
    )
}

/// What the stories of the catalogue are called.
pub(crate) fn story_ids() -> Vec<&'static str> {
    library::STORIES.iter().map(|story| story.id).collect()
}

/// ` Did you mean …?`, or nothing.
pub(crate) fn suggestion(named: &OsStr, candidates: &[&str]) -> String {
    let typed = named.to_string_lossy();
    let part_of = || candidates.iter().copied().find(|all| typed.len() > 3 && all.contains(&*typed));
    let near = nearest(&typed, candidates.iter().copied()).or_else(part_of);
    near.map_or_else(String::new, |near| format!(" Did you mean `{near}`?"))
}

/// As a shell takes it for one word, and as a terminal shows it without obeying it.
pub(crate) fn quoted(word: &OsStr, style: Style) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=+@%".contains(c);
    // What `escape_debug` leaves alone is printable and stands for itself.
    let shown = |c: char| {
        c == ' ' || c.is_ascii_graphic() || !style.ascii && !c.is_ascii() && c.escape_debug().count() == 1
    };
    match word.to_str() {
        Some(word) if !word.is_empty() && word.chars().all(plain) => word.to_owned(),
        Some(word) if word.chars().all(shown) => format!("'{}'", word.replace('\'', r"'\''")),
        // POSIX.1-2024, section 2.2.4: dollar-single-quotes take any byte.
        _ => {
            let escaped = word.as_encoded_bytes().iter().map(|&byte| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(byte)),
                b' '..=b'~' => char::from(byte).to_string(),
                // Three digits always, so that a digit behind them is not taken for one of theirs.
                _ => format!("\\{byte:03o}"),
            });
            format!("$'{}'", escaped.collect::<String>())
        }
    }
}

/// A file as a shell takes it for one word, and as no option.
pub(crate) fn quoted_file(path: &Path, style: Style) -> String {
    if path.as_os_str() != "-" && path.as_os_str().as_encoded_bytes().starts_with(b"-") {
        return quoted(Path::new(".").join(path).as_os_str(), style);
    }
    quoted(path.as_os_str(), style)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(typed: &str) -> String {
        suggestion(typed.as_ref(), &story_ids())
    }

    #[test]
    fn a_typing_error_finds_the_story_that_was_meant() {
        assert_eq!(near("lamport-151"), " Did you mean `lamport-1-5-1`?");
        assert_eq!(near("lost-acked-write"), " Did you mean `lost-acked-write-on-failover`?");
        assert_eq!(near("zebra"), "");
    }

    #[test]
    fn a_replay_line_survives_a_shell() {
        for (word, line) in [
            ("a/b-c.json", "a/b-c.json"),
            ("it's.json", r"'it'\''s.json'"),
            ("", "''"),
            ("a b", "'a b'"),
            ("bell\u{7}\n1'", r"$'bell\007\0121\''"),
            ("naïve", "'naïve'"),
        ] {
            assert_eq!(quoted(word.as_ref(), Style::default()), line);
        }
        let ascii = Style { ascii: true, ..Style::default() };
        assert_eq!(quoted("naïve".as_ref(), ascii), r"$'na\303\257ve'");
        assert_eq!(quoted_file(Path::new("--help.json"), ascii), "./--help.json");
        assert_eq!(quoted_file(Path::new("-"), ascii), "-");
    }
}
