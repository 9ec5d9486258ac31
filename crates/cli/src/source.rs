//! Finds a story by name or by file, and says what is wrong with it.

use std::ffi::OsStr;
use std::path::Path;

use anachron_experiment::{Experiment, ExperimentError, library};
use anachron_scenario::{Scenario, ScenarioErrors, Variant};

use crate::exit::Failure;

/// A story, and what the reader called it.
pub(crate) struct Source {
    /// The scenario.
    pub scenario: Scenario,
    /// How to name it on a command line, quoted for a shell where that is needed.
    pub name: String,
}

/// Reads the story that a reader names: a file if there is one or the name looks like one, else one of the catalogue.
pub(crate) fn load(named: &OsStr) -> Result<Source, Failure> {
    let path = Path::new(named);
    let shown = path.display().to_string();
    let known = named.to_str().and_then(library::find);
    if let Some(story) = known.filter(|_| !looks_like_a_file(path)) {
        let scenario =
            story.scenario().map_err(|errors| wrong(&format!("scenarios/{shown}.json"), &errors))?;
        return Ok(Source { scenario, name: shown });
    }
    if !looks_like_a_file(path) && !path.exists() {
        let near = nearest(&shown).map(|id| format!(" Did you mean `{id}`?")).unwrap_or_default();
        return Err(Failure::usage(format!(
            "there is no story `{shown}`.{near} `anachron list` shows them all; a file of your own is named with its .json"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
    let scenario = Scenario::parse(&text).map_err(|errors| wrong(&shown, &errors))?;
    Ok(Source { scenario, name: quoted(&shown) })
}

fn looks_like_a_file(path: &Path) -> bool {
    path.extension().is_some() || path.components().count() > 1
}

/// Every error of a scenario file, each with its line and a caret.
fn wrong(file: &str, errors: &ScenarioErrors) -> Failure {
    let said: Vec<String> = errors.iter().map(|error| format!("{file}:{error}")).collect();
    Failure::usage(said.join("\nerror: "))
}

/// The variant that a reader names, or the story's first.
pub(crate) fn variant<'s>(scenario: &'s Scenario, named: Option<&str>) -> Result<&'s Variant, Failure> {
    let Some(name) = named else { return Ok(&scenario.variants[0]) };
    scenario.variant(name).ok_or_else(|| {
        let names: Vec<&str> = scenario.variants.iter().map(|variant| variant.name.as_str()).collect();
        Failure::usage(format!("{} has no variant `{name}`; it has {}", scenario.id, names.join(", ")))
    })
}

/// Lowers a variant, or says what is wrong with its strategy.
pub(crate) fn experiment(source: &Source, variant: &Variant) -> Result<Experiment, Failure> {
    Experiment::new(&source.scenario, variant).map_err(|error| match error {
        ExperimentError::Strategy(error) => {
            Failure::usage(format!("{}: the strategy of variant `{}`: {error}", source.name, variant.name))
        }
    })
}

/// As a shell takes it for one word.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:=+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The story whose id differs least from what was typed, if it differs little.
fn nearest(typed: &str) -> Option<&'static str> {
    let distance = |id: &str| edit_distance(typed, id);
    let best = library::STORIES.iter().map(|story| story.id).min_by_key(|id| distance(id))?;
    let near = distance(best) <= 3 || (typed.len() > 3 && best.contains(typed));
    near.then_some(best).or_else(|| {
        let within = |story: &&library::Story| typed.len() > 3 && story.id.contains(typed);
        library::STORIES.iter().find(within).map(|story| story.id)
    })
}

/// How many characters must be put in, taken out or replaced (Levenshtein 1966).
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(100).enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (above + 1).min(row[j] + 1).min(corner + usize::from(x != *y));
            corner = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_the_story_that_was_meant() {
        assert_eq!(nearest("lamport-151"), Some("lamport-1-5-1"));
        assert_eq!(nearest("lost-acked-write"), Some("lost-acked-write-on-failover"));
        assert_eq!(nearest("zebra"), None);
    }

    #[test]
    fn a_replay_line_survives_a_shell() {
        assert_eq!(quoted("a/b-c.json"), "a/b-c.json");
        assert_eq!(quoted("it's.json"), r"'it'\''s.json'");
        assert_eq!(quoted(""), "''");
    }
}
