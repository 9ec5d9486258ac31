//! The single leader with an in-sync set, by name.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::single_leader::Durability;
use anachron_replication::single_leader::in_sync::{Config, InSync, Reads, Weakening};

use super::mode::{Asks, Formula, Level, Mode, PaperCost, Place, Promise};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "in-sync-replicas",
    family: "single leader",
    summary: "a leader waits for all followers that are in sync, as Kafka's does; a controller keeps the list and names the leader",
    options: &[
        OptionDoc {
            name: "reads",
            values: "\"leader\", \"confirmed\" or \"any\"",
            default: "leader",
            meaning: "whether the leader answers reads from what it knows, or once the controller has confirmed that it leads still, or whichever node is asked; all below the high watermark",
        },
        OptionDoc {
            name: "min_in_sync",
            values: "a number from 1 to the number of replicas",
            default: "1",
            meaning: "with fewer in-sync replicas writes are refused (min.insync.replicas)",
        },
        OptionDoc {
            name: "durability",
            values: "\"sync-then-acknowledge\" or \"acknowledge-then-sync\"",
            default: "sync-then-acknowledge",
            meaning: "whether a node has a write when it is on its disk, or when it is in its memory, as Kafka's brokers do",
        },
        OptionDoc {
            name: "lag_timeout",
            values: "a duration",
            default: "300ms",
            meaning: "how long a follower may lack what the leader has before it falls out of the in-sync set (replica.lag.time.max.ms)",
        },
        OptionDoc {
            name: "controller",
            values: "a node",
            default: "the last node",
            meaning: "who keeps the list of in-sync replicas and names the leader; it keeps no objects and must not stay away",
        },
        OptionDoc {
            name: "initial_leader",
            values: "a node that is not the controller",
            default: "the first such node",
            meaning: "who leads at first",
        },
        OptionDoc {
            name: "heartbeat_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how often a replica tells the controller that it lives",
        },
        OptionDoc {
            name: "session_timeout",
            values: "a duration above the heartbeat interval",
            default: "300ms",
            meaning: "after how much silence the controller takes a replica for dead",
        },
        OptionDoc {
            name: "fetch_interval",
            values: "a duration",
            default: "100ms",
            meaning: "how long a node waits before it asks again what was not answered",
        },
        OptionDoc {
            name: "entries_per_message",
            values: "a number from 1 to 1000000",
            default: "64",
            meaning: "how many log entries one message may carry",
        },
        OptionDoc {
            name: "sessions",
            values: "true or false",
            default: "true",
            meaning: "whether a retry under the same request id runs once",
        },
    ],
    modes: MODES,
    weakenings,
    configure,
};

const MODES: &[Mode] = &[
    Mode {
        name: "in-sync-confirmed-reads",
        options: r#"{"reads": "confirmed"}"#,
        read: PaperCost { messages: Formula::TWO, delays: Formula::TWO },
        ..MODE
    },
    Mode {
        name: "in-sync-leader-reads",
        options: r#"{"reads": "leader"}"#,
        promise: Promise::less(Level::Eventual, 127, AnomalyKind::StaleRead),
        ..MODE
    },
    Mode {
        name: "in-sync-any-reads",
        options: r#"{"reads": "any"}"#,
        promise: Promise::less(Level::Eventual, 0, AnomalyKind::StaleRead),
        asks: Asks { write: Place::First, read: Place::Second },
        ..MODE
    },
];

const MODE: Mode = Mode {
    source: "Kafka 4.0 documentation, 4.7 Replication: fetched, and fetched again for the high watermark; one of the n nodes is the controller",
    keeps_commits: true,
    write: PaperCost { messages: Formula::FETCHED_TWICE, delays: Formula::TWO },
    read: PaperCost::LOCAL,
    ..Mode::BASE
};

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let durabilities = [
        ("sync-then-acknowledge", Durability::SyncThenAcknowledge),
        ("acknowledge-then-sync", Durability::AcknowledgeThenSync),
    ];
    let reads = [("leader", Reads::Leader), ("confirmed", Reads::Confirmed), ("any", Reads::Any)];
    let config = Config {
        controller: options.node("controller")?,
        initial_leader: options.node("initial_leader")?,
        min_in_sync: options.number("min_in_sync", 1..=usize::from(u16::MAX))?.unwrap_or(usual.min_in_sync),
        durability: options.choice("durability", &durabilities, usual.durability)?,
        reads: options.choice("reads", &reads, usual.reads)?,
        lag_timeout: options.duration("lag_timeout", usual.lag_timeout)?,
        heartbeat_interval: options.duration("heartbeat_interval", usual.heartbeat_interval)?,
        session_timeout: options.duration("session_timeout", usual.session_timeout)?,
        fetch_interval: options.duration("fetch_interval", usual.fetch_interval)?,
        entries_per_message: options
            .number("entries_per_message", 1..=1_000_000)?
            .unwrap_or(usual.entries_per_message),
        sessions: options.flag("sessions", usual.sessions)?,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check(options.nodes()).map_err(|message| options.wrong("options", message))?;
    Ok(Box::new(Configured::<InSync>(config)))
}
