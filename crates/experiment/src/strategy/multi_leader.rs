//! Multi-leader replication by name.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::common::{
    DottedVersions, HybridClock, LamportClock, LastWriterWins, Reading, VectorVersions, WallClock,
};
use anachron_replication::multi_leader::{Config, Conflicts, Delivery, MultiLeader, Topology, Weakening};
use anachron_vocabulary::NodeId;

use super::mode::{Formula, Level, Mode, PaperCost, Promise, Retries};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "multi-leader",
    family: "multi-leader",
    summary: "every node is a leader: it takes a write, answers at once and tells the others; conflicts are resolved later",
    options: &[
        OptionDoc {
            name: "conflicts",
            values: "\"lamport\", \"wall-clock\", \"hybrid\", \"version-vector\", \"dotted\" or \"last-applied\"",
            default: "lamport",
            meaning: "what becomes of two writes of one key: the greater stamp wins; or both are kept as siblings, told apart by vectors; or nobody asks, and what is applied last stays",
        },
        OptionDoc {
            name: "siblings",
            values: "\"all\", \"one\" or \"union\"",
            default: "all",
            meaning: "how a read merges siblings: a list of all, one of them, or the union of sets; with \"union\" a key is a set that can be added to and removed from",
        },
        OptionDoc {
            name: "topology",
            values: "\"all-to-all\", \"star\" or \"circle\"",
            default: "all-to-all",
            meaning: "who sends updates to whom",
        },
        OptionDoc {
            name: "hub",
            values: "a node",
            default: "the first",
            meaning: "who stands in the middle of the star",
        },
        OptionDoc {
            name: "delivery",
            values: "\"arrival\", \"fifo\" or \"causal\"",
            default: "arrival",
            meaning: "in which order updates are applied: as they arrive, in the order of each leader, or each after all that its leader had applied before",
        },
        OptionDoc {
            name: "resend_interval",
            values: "a duration",
            default: "100ms",
            meaning: "how long a leader waits for a confirmation before it sends again what a neighbour lacks",
        },
    ],
    modes: MODES,
    weakenings,
    configure,
};

/// What becomes of two writes of one key.
#[derive(Clone, Copy)]
enum Rule {
    Lamport,
    WallClock,
    Hybrid,
    VersionVector,
    Dotted,
    LastApplied,
}

#[derive(Clone, Copy)]
enum Shape {
    AllToAll,
    Star,
    Circle,
}

const MODES: &[Mode] = &[
    Mode { name: "multi-leader-lamport", options: r#"{"conflicts": "lamport"}"#, ..MODE },
    Mode {
        name: "multi-leader-wall-clock",
        options: r#"{"conflicts": "wall-clock"}"#,
        promise: Promise::less(Level::Eventual, 0, AnomalyKind::StaleRead),
        ..MODE
    },
    Mode { name: "multi-leader-siblings", options: r#"{"conflicts": "dotted", "siblings": "one"}"#, ..MODE },
    Mode {
        name: "multi-leader-causal",
        options: r#"{"conflicts": "lamport", "delivery": "causal"}"#,
        promise: Promise::less(Level::Causal, 0, AnomalyKind::StaleRead),
        ..MODE
    },
];

const MODE: Mode = Mode {
    source: "Kleppmann 2017, chapter 5, Multi-Leader Replication",
    promise: Promise::less(Level::Eventual, 1, AnomalyKind::StaleRead),
    retries: Retries::GiveUp,
    write: PaperCost { messages: Formula::ROUND, delays: Formula::ZERO },
    read: PaperCost::LOCAL,
    ..Mode::BASE
};

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let rules = [
        ("lamport", Rule::Lamport),
        ("wall-clock", Rule::WallClock),
        ("hybrid", Rule::Hybrid),
        ("version-vector", Rule::VersionVector),
        ("dotted", Rule::Dotted),
        ("last-applied", Rule::LastApplied),
    ];
    let rule = options.choice("conflicts", &rules, Rule::Lamport)?;
    let readings = [("all", Reading::All), ("one", Reading::One), ("union", Reading::Union)];
    let shapes = [("all-to-all", Shape::AllToAll), ("star", Shape::Star), ("circle", Shape::Circle)];
    let topology = match options.choice("topology", &shapes, Shape::AllToAll)? {
        Shape::AllToAll => Topology::AllToAll,
        Shape::Star => Topology::Star { hub: options.node("hub")?.unwrap_or(NodeId(0)) },
        Shape::Circle => Topology::Circle,
    };
    let orders = [("arrival", Delivery::Arrival), ("fifo", Delivery::Fifo), ("causal", Delivery::Causal)];
    let config = Config {
        topology,
        delivery: options.choice("delivery", &orders, usual.delivery)?,
        conflicts: match rule {
            Rule::LastApplied => Conflicts::LastApplied,
            _ => Conflicts::Resolved,
        },
        reading: options.choice("siblings", &readings, usual.reading)?,
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check(options.nodes()).map_err(|message| options.wrong("options", message))?;
    // The bug is to take the wall clock for a logical one.
    let wall = config.weakenings.contains(Weakening::WallClock);
    Ok(match rule {
        Rule::Lamport | Rule::Hybrid if wall => wall_clock(config),
        Rule::Lamport | Rule::LastApplied => {
            Box::new(Configured::<MultiLeader<LastWriterWins<LamportClock>>>(config))
        }
        Rule::WallClock => wall_clock(config),
        Rule::Hybrid => Box::new(Configured::<MultiLeader<LastWriterWins<HybridClock>>>(config)),
        Rule::VersionVector => Box::new(Configured::<MultiLeader<VectorVersions>>(config)),
        Rule::Dotted => Box::new(Configured::<MultiLeader<DottedVersions>>(config)),
    })
}

fn wall_clock(config: Config) -> Box<dyn Strategy> {
    Box::new(Configured::<MultiLeader<LastWriterWins<WallClock>>>(config))
}
