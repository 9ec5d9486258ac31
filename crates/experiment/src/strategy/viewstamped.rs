//! Viewstamped Replication by name.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::viewstamped::{Config, Reads, Viewstamped, Weakening};

use super::mode::{Asks, Crashes, Level, Mode, PaperCost, Place, Promise};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "viewstamped",
    family: "consensus",
    summary: "Viewstamped Replication: nodes take turns as the primary; a majority of memories holds the log",
    options: &[
        OptionDoc {
            name: "reads",
            values: "\"log\" or \"local\"",
            default: "log",
            meaning: "how reads are answered; local, from any node's memory, is not linearizable",
        },
        OptionDoc {
            name: "view_change_timeout",
            values: "a pair of durations",
            default: "[\"150ms\", \"300ms\"]",
            meaning: "how long a node waits for the primary before it goes on to the next view, drawn anew each time",
        },
        OptionDoc {
            name: "heartbeat_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how often a primary says that it is there, and sends again what was not answered",
        },
    ],
    modes: &[
        Mode { name: "viewstamped", ..MODE },
        Mode {
            name: "viewstamped-local",
            options: r#"{"reads": "local"}"#,
            promise: Promise::less(Level::Eventual, 0, AnomalyKind::StaleRead),
            asks: Asks { write: Place::First, read: Place::Second },
            read: PaperCost::LOCAL,
            ..MODE
        },
    ],
    weakenings,
    configure,
};

const MODE: Mode = Mode {
    source: "Liskov and Cowling 2012, section 4.1",
    keeps_commits: true,
    crashes: Crashes::MinorityRestarts,
    ..Mode::BASE
};

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let (view_change_timeout_min, view_change_timeout_max) = options.duration_range(
        "view_change_timeout",
        (usual.view_change_timeout_min, usual.view_change_timeout_max),
    )?;
    let reads = [("log", Reads::ThroughLog), ("local", Reads::Local)];
    let config = Config {
        view_change_timeout_min,
        view_change_timeout_max,
        heartbeat_interval: options.duration("heartbeat_interval", usual.heartbeat_interval)?,
        reads: options.choice("reads", &reads, usual.reads)?,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check().map_err(|error| options.wrong(error.setting, error.message))?;
    Ok(Box::new(Configured::<Viewstamped>(config)))
}
