//! The table from a strategy's name to something that runs it.
//!
//! Inside, everything is generic over the replica's type; this is the one dynamic edge, crossed once a run.

mod abd;
mod chain;
mod in_sync;
mod leaderless;
mod locks;
pub mod mode;
mod multi_leader;
mod multi_paxos;
mod options;
mod raft;
mod single_leader;
mod total_order;
mod viewstamped;

use anachron_node::Replica;
use anachron_scenario::Scenario;
use anachron_sim::{Run, World, simulate};
use anachron_trace::{Blind, Event, Observer as _, Recorder};

use crate::watch::Watch;

pub use mode::Mode;
pub use options::{OptionDoc, OptionError, Options};

/// A strategy with its settings, ready to run in any world.
pub trait Strategy: Send + Sync {
    /// Runs a world with nobody looking on.
    fn run(&self, world: &World) -> Run;

    /// Runs a world and keeps everything that happens.
    fn run_observed(&self, world: &World) -> (Run, Vec<Event>);

    /// Runs a world and watches the nodes for broken invariants; see [`Watch`].
    fn run_watched(&self, world: &World) -> (Run, Watch) {
        let (run, events) = self.run_observed(world);
        let mut watch = Watch::default();
        for event in events {
            watch.observe(event);
        }
        (run, watch)
    }
}

/// Any replica type becomes a [`Strategy`] with its configuration.
#[derive(Clone, Debug)]
pub struct Configured<R: Replica>(pub R::Config);

impl<R> Strategy for Configured<R>
where
    R: Replica,
    R::Config: Send + Sync,
{
    fn run(&self, world: &World) -> Run {
        simulate::<R>(world, &self.0, &mut Blind)
    }

    fn run_observed(&self, world: &World) -> (Run, Vec<Event>) {
        let mut recorder = Recorder::default();
        let run = simulate::<R>(world, &self.0, &mut recorder);
        (run, recorder.events)
    }

    fn run_watched(&self, world: &World) -> (Run, Watch) {
        let mut watch = Watch::default();
        let run = simulate::<R>(world, &self.0, &mut watch);
        (run, watch)
    }
}

/// What is known of a strategy by name.
#[derive(Clone, Copy)]
pub struct StrategyEntry {
    /// Its name in scenario files.
    pub name: &'static str,
    /// Its family, as the course has them.
    pub family: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// What can be set.
    pub options: &'static [OptionDoc],
    /// The ways to run it, each with its promise.
    pub modes: &'static [Mode],
    /// The known bugs that can be switched on.
    pub weakenings: fn() -> Vec<WeakeningDoc>,
    /// Makes the strategy from what a scenario says.
    pub configure: fn(&Options<'_>) -> Result<Box<dyn Strategy>, OptionError>,
}

/// A known bug that a strategy can be given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WeakeningDoc {
    /// Its name in scenario files.
    pub name: &'static str,
    /// What it breaks.
    pub summary: &'static str,
    /// Where it was seen.
    pub source: &'static str,
}

/// Every strategy, in the order of the course.
pub static STRATEGIES: [StrategyEntry; 14] = [
    single_leader::ENTRY,
    in_sync::ENTRY,
    multi_leader::ENTRY,
    leaderless::LAMPORT,
    leaderless::ENTRY,
    abd::ENTRY,
    total_order::ENTRY,
    chain::CHAIN,
    chain::CRAQ,
    raft::ENTRY,
    multi_paxos::ENTRY,
    viewstamped::ENTRY,
    locks::LEASES,
    locks::REDLOCK,
];

/// The strategy of this name.
pub fn find(name: &str) -> Option<&'static StrategyEntry> {
    STRATEGIES.iter().find(|entry| entry.name == name)
}

/// Every mode of every strategy, with its strategy.
pub fn modes() -> impl Iterator<Item = (&'static StrategyEntry, &'static Mode)> {
    STRATEGIES.iter().flat_map(|entry| entry.modes.iter().map(move |mode| (entry, mode)))
}

/// Makes the strategy that a variant of a scenario names, out of those of a table: [`STRATEGIES`], or one's own.
///
/// # Errors
/// When there is no such strategy, or an option or a weakening is not one of its own.
pub fn configure(
    table: &'static [StrategyEntry],
    scenario: &Scenario,
    named: &anachron_scenario::Strategy,
) -> Result<Box<dyn Strategy>, OptionError> {
    let Some(entry) = table.iter().find(|entry| entry.name == named.name) else {
        let known: Vec<&str> = table.iter().map(|entry| entry.name).collect();
        return Err(OptionError {
            option: "name".to_owned(),
            message: format!("there is no strategy `{}`; there are {}", named.name, known.join(", ")),
        });
    };
    let options = Options::new(entry, scenario, named)?;
    (entry.configure)(&options)
}
