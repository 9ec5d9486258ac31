//! Multi-Paxos by name.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::multi_paxos::{Config, MultiPaxos, Reads, Weakening};

use super::mode::{Asks, Formula, Level, Mode, PaperCost, Place, Promise};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "multi-paxos",
    family: "consensus",
    summary: "Multi-Paxos: a majority promises a ballot once, then accepts a value for each slot of the log",
    options: &[
        OptionDoc {
            name: "reads",
            values: "\"log\" or \"local\"",
            default: "log",
            meaning: "how reads are answered; local, from any node's memory, is not linearizable",
        },
        OptionDoc {
            name: "election_timeout",
            values: "a pair of durations",
            default: "[\"150ms\", \"300ms\"]",
            meaning: "how long a node waits for a leader before it asks for promises, drawn anew each time",
        },
        OptionDoc {
            name: "heartbeat_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how often a leader says that it is there, and sends again what was not answered",
        },
        OptionDoc {
            name: "initial_leader",
            values: "a node",
            default: "none",
            meaning: "a node that asks for promises as soon as it first boots",
        },
        OptionDoc {
            name: "decisions_per_message",
            values: "a number from 1 to 1000000",
            default: "64",
            meaning: "how many decisions one message may carry to a node that missed them",
        },
    ],
    modes: &[
        Mode { name: "multi-paxos", options: r#"{"initial_leader": "n1"}"#, ..MODE },
        Mode {
            name: "multi-paxos-local",
            options: r#"{"reads": "local", "initial_leader": "n1"}"#,
            promise: Promise::less(Level::Eventual, 0, AnomalyKind::StaleRead),
            asks: Asks { write: Place::First, read: Place::Second },
            read: PaperCost::LOCAL,
            ..MODE
        },
    ],
    weakenings,
    configure,
};

/// What both have in common. Phase 2 is a round; the decision is told to everybody.
const MODE: Mode = Mode {
    source: "van Renesse and Altinbuken 2015, section 3: phase 2, then the decision; Lamport 2001, section 3",
    keeps_commits: true,
    write: COMMAND,
    read: COMMAND,
    ..Mode::BASE
};

const COMMAND: PaperCost = PaperCost { messages: Formula::ROUND_AND_NEWS, delays: Formula::TWO };

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let (election_timeout_min, election_timeout_max) = options
        .duration_range("election_timeout", (usual.election_timeout_min, usual.election_timeout_max))?;
    let reads = [("log", Reads::ThroughLog), ("local", Reads::Local)];
    let config = Config {
        election_timeout_min,
        election_timeout_max,
        heartbeat_interval: options.duration("heartbeat_interval", usual.heartbeat_interval)?,
        reads: options.choice("reads", &reads, usual.reads)?,
        initial_value: options.initial(),
        initial_leader: options.node("initial_leader")?,
        decisions_per_message: options
            .number("decisions_per_message", 1..=1_000_000)?
            .unwrap_or(usual.decisions_per_message),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check().map_err(|error| options.wrong(error.setting, error.message))?;
    Ok(Box::new(Configured::<MultiPaxos>(config)))
}
