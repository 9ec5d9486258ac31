//! Raft by name.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::raft::{Config, Raft, Reads, Weakening};

use super::mode::{Asks, Clocks, Formula, Level, Mode, PaperCost, Place, Promise};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "raft",
    family: "consensus",
    summary: "Raft: one leader a term, elected by a majority; an entry counts once a majority has it",
    options: &[
        OptionDoc {
            name: "reads",
            values: "\"log\", \"read-index\", \"lease\", \"follower-read-index\", \"leader-memory\" or \"local\"",
            default: "read-index",
            meaning: "how reads are answered; from the leader's memory (the weakening raft-read-leader-memory) and \
                      local, from any node's, are not linearizable",
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
            name: "pre_vote",
            values: "true or false",
            default: "false",
            meaning: "a node asks whether it could win before it starts a term",
        },
        OptionDoc {
            name: "check_quorum",
            values: "true or false",
            default: "false, but true where reads go by lease",
            meaning: "a leader that hears of no majority steps down, and nobody votes against a leader just heard of",
        },
        OptionDoc {
            name: "clock_drift_bound_ppm",
            values: "a number from 0 to 999999, in parts per million",
            default: "10000",
            meaning: "how far clocks may be off in rate; leases are shorter by it, and safe within it",
        },
        OptionDoc {
            name: "snapshot_after",
            values: "a number from 1 to 1000000, in log entries",
            default: "never",
            meaning: "after so many entries a node takes a snapshot and drops its log",
        },
        OptionDoc {
            name: "voters",
            values: "a list of nodes",
            default: "all that are no learners",
            meaning: "who votes at first; a node that is neither voter nor learner waits to be taken in",
        },
        OptionDoc {
            name: "learners",
            values: "a list of nodes",
            default: "none",
            meaning: "who receives everything at first and decides nothing",
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
    modes: MODES,
    weakenings,
    configure,
};

/// Pre-vote and snapshots are on where they have something to do: the more rules, the more there is to get wrong.
const MODES: &[Mode] = &[
    Mode {
        name: "raft-log",
        options: r#"{"reads": "log", "check_quorum": true, "snapshot_after": 7, "initial_leader": "n1"}"#,
        ..MODE
    },
    Mode {
        name: "raft-read-index",
        options: r#"{"reads": "read-index", "pre_vote": true, "snapshot_after": 20, "initial_leader": "n1"}"#,
        ..MODE
    },
    Mode {
        name: "raft-lease",
        options: r#"{"reads": "lease", "pre_vote": true, "clock_drift_bound_ppm": 100000, "snapshot_after": 10, "initial_leader": "n1"}"#,
        clocks: Clocks::DriftWithin(100_000),
        read: PaperCost::LOCAL,
        ..MODE
    },
    Mode {
        name: "raft-follower-read-index",
        options: r#"{"reads": "follower-read-index", "pre_vote": true, "check_quorum": true, "snapshot_after": 3, "entries_per_message": 2, "initial_leader": "n1"}"#,
        asks: Asks { write: Place::First, read: Place::Second },
        read: PaperCost { messages: Formula::ROUND_AND_QUESTION, delays: Formula::FOUR },
        ..MODE
    },
    Mode {
        name: "raft-leader-memory",
        options: r#"{"reads": "leader-memory", "initial_leader": "n1"}"#,
        promise: Promise::less(Level::Eventual, 1, AnomalyKind::StaleRead),
        read: PaperCost::LOCAL,
        ..MODE
    },
    Mode {
        name: "raft-local",
        options: r#"{"reads": "local", "initial_leader": "n1"}"#,
        promise: Promise::less(Level::Eventual, 0, AnomalyKind::StaleRead),
        asks: Asks { write: Place::First, read: Place::Second },
        read: PaperCost::LOCAL,
        ..MODE
    },
];

const MODE: Mode = Mode {
    source: "Ongaro and Ousterhout 2014, section 5.3; Ongaro 2014, section 6.4",
    keeps_commits: true,
    ..Mode::BASE
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
        ("lease", Reads::Lease),
        ("follower-read-index", Reads::FollowerReadIndex),
        ("leader-memory", Reads::LeaderMemory),
        ("local", Reads::Local),
    ];
    let reads = options.choice("reads", &reads, usual.reads)?;
    let (election_timeout_min, election_timeout_max) = options
        .duration_range("election_timeout", (usual.election_timeout_min, usual.election_timeout_max))?;
    let bound = options.number("clock_drift_bound_ppm", 0..=999_999)?;
    let bound = bound.map(|ppm| u32::try_from(ppm).expect("below a million"));
    let config = Config {
        election_timeout_min,
        election_timeout_max,
        heartbeat_interval: options.duration("heartbeat_interval", usual.heartbeat_interval)?,
        reads,
        pre_vote: options.flag("pre_vote", usual.pre_vote)?,
        check_quorum: options.flag("check_quorum", reads == Reads::Lease)?,
        clock_drift_bound_ppm: bound.unwrap_or(usual.clock_drift_bound_ppm),
        snapshot_after: options.number("snapshot_after", 1..=1_000_000)?.map(|entries| entries as u64),
        initial_voters: options.nodes_named("voters")?,
        initial_learners: options.nodes_named("learners")?,
        initial_value: options.initial(),
        initial_leader: options.node("initial_leader")?,
        entries_per_message: options
            .number("entries_per_message", 1..=1_000_000)?
            .unwrap_or(usual.entries_per_message),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check(options.nodes()).map_err(|error| options.wrong(error.setting, error.message))?;
    Ok(Box::new(Configured::<Raft>(config)))
}
