//! The whole chain: stories run, judged and explained, again and again with the same result.

mod determinism;
mod graded;
mod modes;
mod objects;
mod raft;
mod stories;
mod strategies;
mod sweeps;
mod weakenings;

use std::num::NonZeroUsize;

use anachron_experiment::judge::Limits;
use anachron_scenario::Scenario;

/// One thread, no hurry.
fn alone() -> Limits {
    Limits { threads: NonZeroUsize::MIN, ..Limits::default() }
}

/// Every story of the catalogue: by its number, those without one last.
fn scenarios() -> Vec<Scenario> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios");
    let paths = std::fs::read_dir(folder).expect("scenarios/").map(|entry| entry.expect("an entry").path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a story can be read");
        Scenario::parse(&text).unwrap_or_else(|errors| panic!("{}:{errors}", path.display()))
    };
    let mut scenarios: Vec<Scenario> =
        paths.filter(|path| !path.ends_with("schema.json")).map(read).collect();
    scenarios.sort_by_key(|scenario| (scenario.number.unwrap_or(u32::MAX), scenario.id.clone()));
    scenarios
}
