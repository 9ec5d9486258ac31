//! Leaderless replication by name: `leaderless` with any way to tell versions apart, and `lamport`, the course's.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::common::{
    Actors, DottedVersions, HybridClock, LamportClock, LastWriterWins, Reading, VectorVersions, WallClock,
};
use anachron_replication::leaderless::{
    AntiEntropy, Config, Leaderless, Quorums, ReadRepair, Replaces, Weakening,
};

use super::mode::{Formula, Level, Mode, PaperCost, Promise, Retries};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "leaderless",
    family: "leaderless",
    summary: "no leader: any node takes a write and sends it to the key's homes; quorums, siblings, repair, hints",
    options: &[
        VERSIONS,
        CONTEXT,
        SIBLINGS,
        REPLICAS,
        R,
        W,
        QUORUMS,
        HINT_AFTER,
        HANDOFF_INTERVAL,
        READ_REPAIR,
        GOSSIP_INTERVAL,
        ANTI_ENTROPY,
        TOMBSTONE_GRACE,
        RESEND_INTERVAL,
        REQUEST_TIMEOUT,
    ],
    modes: MODES,
    weakenings,
    configure,
};

/// The same with Lamport stamps, which is how the course tells it.
pub(super) const LAMPORT: StrategyEntry = StrategyEntry {
    name: "lamport",
    family: "leaderless",
    summary: "no leader: any node takes a write, stamps it with its Lamport clock, and the highest stamp wins",
    options: &[
        REPLICAS,
        R,
        W,
        QUORUMS,
        HINT_AFTER,
        HANDOFF_INTERVAL,
        READ_REPAIR,
        GOSSIP_INTERVAL,
        ANTI_ENTROPY,
        TOMBSTONE_GRACE,
        RESEND_INTERVAL,
        REQUEST_TIMEOUT,
    ],
    modes: LAMPORT_MODES,
    weakenings,
    configure: configure_lamport,
};

const VERSIONS: OptionDoc = OptionDoc {
    name: "versions",
    values: "\"lamport\", \"wall-clock\", \"hybrid\", \"version-vector\", \"client-vector\" or \"dotted\"",
    default: "dotted",
    meaning: "how versions are told apart: by a stamp, and the greater one wins; or by a version vector with an entry a node, with one a client, or dotted, and concurrent writes are kept as siblings",
};

const CONTEXT: OptionDoc = OptionDoc {
    name: "context",
    values: "\"coordinator\" or \"client\"",
    default: "coordinator",
    meaning: "what a write replaces under vectors: all that its coordinator holds, or what its client last read through that coordinator",
};

const SIBLINGS: OptionDoc = OptionDoc {
    name: "siblings",
    values: "\"all\", \"one\" or \"union\"",
    default: "all",
    meaning: "what a read makes of siblings: a list of all, one of them, or the union of sets; with \"union\" a key is a set that can be added to and removed from",
};

const REPLICAS: OptionDoc = OptionDoc {
    name: "n",
    values: "a number from 1 to the number of nodes",
    default: "all nodes",
    meaning: "how many nodes hold each key",
};

const R: OptionDoc = OptionDoc {
    name: "r",
    values: "a number from 1 to n",
    default: "1",
    meaning: "how many nodes a read asks, the coordinator included",
};

const W: OptionDoc = OptionDoc {
    name: "w",
    values: "a number from 1 to n",
    default: "1",
    meaning: "how many nodes must have a write before it is acknowledged, the coordinator included",
};

const QUORUMS: OptionDoc = OptionDoc {
    name: "quorums",
    values: "\"strict\" or \"sloppy\"",
    default: "strict",
    meaning: "whether nodes that stand in for homes that can't be reached count for r and w",
};

const HINT_AFTER: OptionDoc = OptionDoc {
    name: "hint_after",
    values: "a duration",
    default: "never",
    meaning: "how long a coordinator waits for a home before another node keeps the write for it",
};

const HANDOFF_INTERVAL: OptionDoc = OptionDoc {
    name: "handoff_interval",
    values: "a duration",
    default: "100ms",
    meaning: "how often a node brings what it keeps for others",
};

const READ_REPAIR: OptionDoc = OptionDoc {
    name: "read_repair",
    values: "\"never\", \"background\" or \"blocking\"",
    default: "never",
    meaning: "whether a read sends what it found to the nodes that answered with something older, and whether it waits until w nodes have it",
};

const GOSSIP_INTERVAL: OptionDoc = OptionDoc {
    name: "gossip_interval",
    values: "a duration",
    default: "never",
    meaning: "how often a node compares what it has with another one, drawn at random",
};

const ANTI_ENTROPY: OptionDoc = OptionDoc {
    name: "anti_entropy",
    values: "\"everything\" or \"merkle-trees\"",
    default: "everything",
    meaning: "how it compares: it sends all it has, or they exchange digests and then what differs",
};

const TOMBSTONE_GRACE: OptionDoc = OptionDoc {
    name: "tombstone_grace",
    values: "a duration, longer than any message is under way",
    default: "for ever",
    meaning: "how long a deletion is remembered at the least, before the nodes agree to forget it",
};

const RESEND_INTERVAL: OptionDoc = OptionDoc {
    name: "resend_interval",
    values: "a duration",
    default: "100ms",
    meaning: "how long a coordinator waits for its quorum before it asks again",
};

const REQUEST_TIMEOUT: OptionDoc = OptionDoc {
    name: "request_timeout",
    values: "a duration",
    default: "never",
    meaning: "how long a coordinator waits for its quorum before it tells the client that it can't say",
};

/// How versions are told apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Lamport,
    WallClock,
    Hybrid,
    VersionVector,
    ClientVector,
    Dotted,
}

const LAMPORT_MODES: &[Mode] = &[
    Mode { name: "lamport-one", options: r#"{"r": 1, "w": 1, "gossip_interval": "100ms"}"#, ..ONE },
    Mode {
        name: "lamport-majorities",
        options: r#"{"r": $majority, "w": $majority, "gossip_interval": "100ms"}"#,
        promise: Promise::less(Level::Eventual, 13, AnomalyKind::StaleRead),
        ..MAJORITIES
    },
];

const MODES: &[Mode] = &[
    Mode {
        name: "leaderless-siblings",
        options: r#"{"versions": "dotted", "siblings": "one", "r": 1, "w": 1, "gossip_interval": "100ms"}"#,
        ..ONE
    },
    Mode {
        name: "leaderless-majorities",
        options: r#"{"versions": "dotted", "siblings": "one", "r": $majority, "w": $majority, "read_repair": "blocking", "gossip_interval": "100ms"}"#,
        promise: Promise::less(Level::Eventual, 12, AnomalyKind::StaleRead),
        difference: Some(
            "blocking read repair also stores what was read at the nodes whose answers the read did not wait for",
        ),
        ..MAJORITIES
    },
];

const ONE: Mode = Mode {
    source: "Kleppmann 2017, chapter 5, Leaderless Replication; DeCandia et al. 2007, section 4.5",
    promise: Promise::less(Level::Eventual, 1, AnomalyKind::StaleRead),
    retries: Retries::GiveUp,
    write: PaperCost { messages: Formula::ROUND, delays: Formula::ZERO },
    read: PaperCost::LOCAL,
    ..Mode::BASE
};

const MAJORITIES: Mode = Mode { write: PaperCost::ROUND, read: PaperCost::ROUND, ..ONE };

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let namings = [
        ("lamport", Naming::Lamport),
        ("wall-clock", Naming::WallClock),
        ("hybrid", Naming::Hybrid),
        ("version-vector", Naming::VersionVector),
        ("client-vector", Naming::ClientVector),
        ("dotted", Naming::Dotted),
    ];
    let naming = options.choice("versions", &namings, Naming::Dotted)?;
    let replaces =
        [("coordinator", Replaces::WhatTheCoordinatorHolds), ("client", Replaces::WhatTheClientRead)];
    let readings = [("all", Reading::All), ("one", Reading::One), ("union", Reading::Union)];
    let actors = if naming == Naming::ClientVector { Actors::Clients } else { Actors::Nodes };
    let config = Config {
        replaces: options.choice("context", &replaces, Replaces::default())?,
        reading: options.choice("siblings", &readings, Reading::default())?,
        actors,
        ..common(options)?
    };
    Ok(make(naming, config))
}

fn configure_lamport(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    Ok(make(Naming::Lamport, common(options)?))
}

/// What there is to set however versions are told apart.
fn common(options: &Options<'_>) -> Result<Config, OptionError> {
    let usual = Config::default();
    let count = |name| {
        let count = options.number(name, 1..=options.nodes())?;
        let small = |count| u16::try_from(count).expect("at most the size of a cluster");
        Ok::<Option<u16>, OptionError>(count.map(small))
    };
    let quorums = [("strict", Quorums::Strict), ("sloppy", Quorums::Sloppy)];
    let repairs = [
        ("never", ReadRepair::Never),
        ("background", ReadRepair::Background),
        ("blocking", ReadRepair::Blocking),
    ];
    let comparisons = [("everything", AntiEntropy::Everything), ("merkle-trees", AntiEntropy::MerkleTrees)];
    let config = Config {
        replicas: count("n")?,
        read_quorum: count("r")?.unwrap_or(1),
        write_quorum: count("w")?.unwrap_or(1),
        quorums: options.choice("quorums", &quorums, usual.quorums)?,
        hint_after: options.optional_duration("hint_after")?,
        handoff_interval: options.duration("handoff_interval", usual.handoff_interval)?,
        read_repair: options.choice("read_repair", &repairs, usual.read_repair)?,
        gossip_interval: options.optional_duration("gossip_interval")?,
        anti_entropy: options.choice("anti_entropy", &comparisons, usual.anti_entropy)?,
        tombstone_grace: options.optional_duration("tombstone_grace")?,
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        request_timeout: options.optional_duration("request_timeout")?,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
        ..usual
    };
    config.check(options.nodes()).map_err(|message| options.wrong("options", message))?;
    Ok(config)
}

fn make(naming: Naming, config: Config) -> Box<dyn Strategy> {
    // The bug is to take the wall clock for a logical one.
    let wall = config.weakenings.contains(Weakening::WallClock);
    match naming {
        Naming::Lamport | Naming::Hybrid if wall => wall_clock(config),
        Naming::Lamport => Box::new(Configured::<Leaderless<LastWriterWins<LamportClock>>>(config)),
        Naming::WallClock => wall_clock(config),
        Naming::Hybrid => Box::new(Configured::<Leaderless<LastWriterWins<HybridClock>>>(config)),
        Naming::VersionVector | Naming::ClientVector => {
            Box::new(Configured::<Leaderless<VectorVersions>>(config))
        }
        Naming::Dotted => Box::new(Configured::<Leaderless<DottedVersions>>(config)),
    }
}

fn wall_clock(config: Config) -> Box<dyn Strategy> {
    Box::new(Configured::<Leaderless<LastWriterWins<WallClock>>>(config))
}
