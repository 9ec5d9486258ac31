//! Raft by name.

use anachron_replication::raft::{Config, Raft, Reads, Weakening};

use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "raft",
    family: "consensus",
    summary: "Raft: one leader a term, elected by a majority; an entry counts once a majority has it",
    options: &[
        OptionDoc {
            name: "reads",
            values: "\"log\", \"read-index\" or \"leader-memory\"",
            default: "read-index",
            meaning: "how a leader answers reads; from its memory is the weakening raft-read-leader-memory",
        },
        OptionDoc {
            name: "election_timeout",
            values: "a pair of durations",
            default: "[\"150ms\", \"300ms\"]",
            meaning: "how long a node waits for a leader before it stands for election, drawn anew each time",
        },
        OptionDoc {
            name: "heartbeat_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how often a leader speaks to its followers when it has nothing to say",
        },
        OptionDoc {
            name: "initial_leader",
            values: "a node",
            default: "none",
            meaning: "a node that stands for election as soon as it first boots",
        },
        OptionDoc {
            name: "entries_per_message",
            values: "a number from 1 to 1000000",
            default: "64",
            meaning: "how many log entries one message may carry",
        },
    ],
    weakenings,
    configure,
};

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let reads = [
        ("log", Reads::ThroughLog),
        ("read-index", Reads::ReadIndex),
        ("leader-memory", Reads::LeaderMemory),
    ];
    let (election_timeout_min, election_timeout_max) = options
        .duration_range("election_timeout", (usual.election_timeout_min, usual.election_timeout_max))?;
    let config = Config {
        election_timeout_min,
        election_timeout_max,
        heartbeat_interval: options.duration("heartbeat_interval", usual.heartbeat_interval)?,
        reads: options.choice("reads", &reads, usual.reads)?,
        initial_value: options.initial(),
        initial_leader: options.node("initial_leader")?,
        entries_per_message: options
            .number("entries_per_message", 1..=1_000_000)?
            .unwrap_or(usual.entries_per_message),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check().map_err(|message| options.wrong("election_timeout", message))?;
    Ok(Box::new(Configured::<Raft>(config)))
}
