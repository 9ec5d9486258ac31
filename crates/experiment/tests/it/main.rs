//! The whole chain: stories run, judged and explained, again and again with the same result.

mod determinism;
mod modes;
mod objects;
mod raft;
mod stories;
mod strategies;
mod sweeps;

use std::num::NonZeroUsize;

use anachron_experiment::judge::Limits;
use anachron_experiment::library::STORIES;
use anachron_scenario::Scenario;

/// One thread, no hurry.
fn alone() -> Limits {
    Limits { threads: NonZeroUsize::MIN, ..Limits::default() }
}

/// Every story of the catalogue.
fn scenarios() -> Vec<Scenario> {
    let read = |story: &anachron_experiment::library::Story| {
        story.scenario().unwrap_or_else(|errors| panic!("{}: {errors}", story.id))
    };
    STORIES.iter().map(read).collect()
}
