//! `anachron new`: a story file to begin with, which runs as it stands.
//!
//! JSON has no comments, so the texts of the file say what belongs into them.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anachron_report::jsonl;
use anachron_scenario::Scenario;
use serde_json::json;

use crate::args::NewArgs;
use crate::exit::{Exit, Failure, why};
use crate::output::Output;
use crate::source;

/// The story to begin with; `STORY` and `SCHEMA` stand for what is put there.
const TEMPLATE: &str = include_str!("new-story.json");
/// What the schema's file is called beside a story.
const SCHEMA_FILE: &str = "anachron-scenario.schema.json";
/// The published schema.
const SCHEMA: &str = include_str!("../../../../scenarios/schema.json");

/// Writes the file, and says what to do next.
pub(crate) fn new(args: &NewArgs, output: &mut Output) -> Result<Exit, Failure> {
    let mut path = PathBuf::from(&args.story);
    if path.extension().is_none() {
        path.set_extension("json");
    }
    let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let schema = if args.schema { format!("\n  \"$schema\": \"{SCHEMA_FILE}\",") } else { String::new() };
    let text = TEMPLATE.replace("STORY", &id).replacen('{', &format!("{{{schema}"), 1);
    if let Err(errors) = Scenario::parse(&text) {
        let first = errors.first();
        return Err(Failure::usage(format!("a story can't have this name: {}", first.message)));
    }
    create(&path, &text)?;
    let name = source::quoted_file(&path, output.style);
    if args.schema {
        let beside = path.with_file_name(SCHEMA_FILE);
        if !beside.exists() {
            create(&beside, SCHEMA)?;
        }
    }
    output.text(&format!(
        "\
Wrote {name}: a story that runs, and whose texts say what belongs into them.

  anachron run {name}
  anachron catalogue {name}     is everything as the file expects?
  anachron list --strategies    what else could run
"
    ))?;
    output.object(|| jsonl::line("new", json!({ "file": path.display().to_string(), "id": id })))?;
    Ok(Exit::Fine)
}

/// Writes a file that must not be there yet.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let created = OpenOptions::new().write(true).create_new(true).open(path);
    created.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        let reason = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "it is there already".to_owned(),
            std::io::ErrorKind::NotFound => "there is no such folder".to_owned(),
            _ => why(&error),
        };
        Failure::usage(format!("can't write {}: {reason}", path.display()))
    })
}
