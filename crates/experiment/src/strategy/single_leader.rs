//! The single leader by name.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::single_leader::{
    Config, Durability, Failover, Fencing, Reads, Rejoin, Replication, SingleLeader, Weakening,
};
use anachron_vocabulary::VirtualDuration;

use super::mode::{Asks, Formula, Level, Mode, PaperCost, Place, Promise};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "single-leader",
    family: "single leader",
    summary: "one leader orders all writes in a replication log and ships it to its followers",
    options: &[
        OptionDoc {
            name: "replication",
            values: "\"asynchronous\", \"semi-synchronous\" or \"synchronous\"",
            default: "asynchronous",
            meaning: "whether a write is acknowledged when the leader has it, when some followers have it too, or when all have it",
        },
        OptionDoc {
            name: "followers",
            values: "a number from 1 up",
            default: "1",
            meaning: "how many followers must have a write under semi-synchronous replication",
        },
        OptionDoc {
            name: "durability",
            values: "\"sync-then-acknowledge\" or \"acknowledge-then-sync\"",
            default: "sync-then-acknowledge",
            meaning: "whether a node has a write when it is on its disk, or when it is in its memory",
        },
        OptionDoc {
            name: "reads",
            values: "\"leader\" or \"any\"",
            default: "leader",
            meaning: "whether the leader answers reads, or whichever node is asked",
        },
        OptionDoc {
            name: "failover",
            values: "\"manual\" or \"automatic\"",
            default: "manual",
            meaning: "whether an operator promotes a new leader, or the nodes elect one",
        },
        OptionDoc {
            name: "heartbeat_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how often the leader says that it is there, under automatic failover",
        },
        OptionDoc {
            name: "suspicion_timeout",
            values: "a duration",
            default: "150ms",
            meaning: "after how much silence a node takes the leader for dead, under automatic failover",
        },
        OptionDoc {
            name: "fencing",
            values: "true or false",
            default: "true",
            meaning: "whether a newer epoch shuts an old leader out",
        },
        OptionDoc {
            name: "rejoin",
            values: "\"truncate\" or \"merge\"",
            default: "truncate",
            meaning: "whether an old leader throws away what the new one does not have, or carries it out again on top",
        },
        OptionDoc { name: "initial_leader", values: "a node", default: "n1", meaning: "who leads at first" },
        OptionDoc {
            name: "sessions",
            values: "true or false",
            default: "true",
            meaning: "whether a retry under the same request id runs once",
        },
        OptionDoc {
            name: "resend_interval",
            values: "a duration",
            default: "100ms",
            meaning: "how long the leader waits for an acknowledgement before it sends the same entries again",
        },
        OptionDoc {
            name: "entries_per_message",
            values: "a number from 1 to 1000000",
            default: "64",
            meaning: "how many log entries one message may carry",
        },
        OptionDoc {
            name: "fallback_timeout",
            values: "a duration",
            default: "1s",
            meaning: "how long the leader waits for its followers under the weakening sl-semisync-timeout-fallback",
        },
    ],
    modes: MODES,
    weakenings,
    configure,
};

const MODES: &[Mode] = &[
    Mode {
        name: "single-leader-synchronous",
        options: r#"{"replication": "synchronous", "failover": "automatic"}"#,
        ..MODE
    },
    Mode {
        name: "single-leader-semi-synchronous",
        options: r#"{"replication": "semi-synchronous", "followers": $minority, "failover": "automatic"}"#,
        promise: Promise::less(Level::Eventual, 111, AnomalyKind::StaleRead),
        ..MODE
    },
    Mode {
        name: "single-leader-asynchronous",
        options: r#"{"replication": "asynchronous", "failover": "automatic"}"#,
        promise: Promise::less(Level::Eventual, 5, AnomalyKind::StaleRead),
        write: PaperCost { messages: Formula::ROUND, delays: Formula::ZERO },
        ..MODE
    },
    Mode {
        name: "single-leader-any-reads",
        options: r#"{"replication": "synchronous", "failover": "automatic", "reads": "any"}"#,
        promise: Promise::less(Level::Eventual, 24, AnomalyKind::FlipFlop),
        asks: Asks { write: Place::First, read: Place::Second },
        ..MODE
    },
];

const MODE: Mode =
    Mode { source: "Kleppmann 2017, chapter 5, Leaders and Followers", read: PaperCost::LOCAL, ..Mode::BASE };

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let followers = options.number("followers", 1..=usize::from(u16::MAX))?;
    let followers = u16::try_from(followers.unwrap_or(1)).expect("in the option's range");
    let replications = [
        ("asynchronous", Replication::Asynchronous),
        ("semi-synchronous", Replication::SemiSynchronous { followers }),
        ("synchronous", Replication::Synchronous),
    ];
    let durabilities = [
        ("sync-then-acknowledge", Durability::SyncThenAcknowledge),
        ("acknowledge-then-sync", Durability::AcknowledgeThenSync),
    ];
    let automatic = Failover::Automatic {
        heartbeat_interval: options.duration("heartbeat_interval", VirtualDuration::millis(50))?,
        suspicion_timeout: options.duration("suspicion_timeout", VirtualDuration::millis(150))?,
    };
    let config = Config {
        replication: options.choice("replication", &replications, usual.replication)?,
        durability: options.choice("durability", &durabilities, usual.durability)?,
        reads: options.choice("reads", &[("leader", Reads::Leader), ("any", Reads::Any)], usual.reads)?,
        failover: options.choice(
            "failover",
            &[("manual", Failover::Manual), ("automatic", automatic)],
            usual.failover,
        )?,
        fencing: if options.flag("fencing", true)? { Fencing::ByEpoch } else { Fencing::Off },
        rejoin: options.choice(
            "rejoin",
            &[("truncate", Rejoin::Truncate), ("merge", Rejoin::Merge)],
            usual.rejoin,
        )?,
        initial_leader: options.node("initial_leader")?.unwrap_or(usual.initial_leader),
        initial_value: options.initial(),
        sessions: options.flag("sessions", usual.sessions)?,
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        entries_per_message: options
            .number("entries_per_message", 1..=1_000_000)?
            .unwrap_or(usual.entries_per_message),
        fallback_timeout: options.duration("fallback_timeout", usual.fallback_timeout)?,
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check(options.nodes()).map_err(|message| options.wrong("options", message))?;
    Ok(Box::new(Configured::<SingleLeader>(config)))
}
