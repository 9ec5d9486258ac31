//! Chain replication and CRAQ by name.

use anachron_replication::chain::{Chain, Config, Reads, Weakening};

use super::mode::{Asks, Formula, Mode, PaperCost, Place};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const CHAIN: StrategyEntry = StrategyEntry {
    name: "chain",
    family: "chain",
    summary: "chain replication: updates enter at the head and are committed by the tail, which answers reads; a master replaces members",
    options: OPTIONS,
    modes: &[Mode {
        name: "chain",
        asks: Asks { write: Place::First, read: Place::LastButOne },
        ..CHAIN_MODE
    }],
    weakenings: chain_weakenings,
    configure: |options| configure(options, Reads::Tail),
};

pub(super) const CRAQ: StrategyEntry = StrategyEntry {
    name: "craq",
    family: "chain",
    summary: "chain replication with reads at any member, which asks the tail for the version of an object that is dirty",
    options: OPTIONS,
    modes: &[Mode {
        name: "craq",
        source: "Terrace and Freedman 2009, sections 2.3 and 3; one of the n nodes is the master",
        asks: Asks { write: Place::First, read: Place::Second },
        ..CHAIN_MODE
    }],
    weakenings,
    configure: |options| configure(options, Reads::Apportioned),
};

/// What both have in common.
const CHAIN_MODE: Mode = Mode {
    source: "van Renesse and Schneider 2004, section 2.3; one of the n nodes is the master",
    write: PaperCost { messages: Formula::DOWN_AND_UP_THE_CHAIN, delays: Formula::DOWN_THE_CHAIN },
    read: PaperCost::LOCAL,
    difference: Some(
        "the paper's servers stop when they are taken out of the chain; here a read asks the master whether the epoch is the newest",
    ),
    ..Mode::BASE
};

const OPTIONS: &[OptionDoc] = &[
    OptionDoc {
        name: "master",
        values: "a node",
        default: "the last node",
        meaning: "who watches the others and makes the configurations; it keeps no objects and must not stay away",
    },
    OptionDoc {
        name: "heartbeat_interval",
        values: "a duration",
        default: "50ms",
        meaning: "how often a node tells the master that it lives",
    },
    OptionDoc {
        name: "suspicion_timeout",
        values: "a duration above the heartbeat interval",
        default: "300ms",
        meaning: "how long the master does not hear of a member before it takes it out of the chain",
    },
    OptionDoc {
        name: "resend_interval",
        values: "a duration",
        default: "100ms",
        meaning: "how long a node waits before it says again what was not answered",
    },
];

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

/// A chain whose tail answers all reads has no dirty ones.
fn chain_weakenings() -> Vec<WeakeningDoc> {
    weakenings().into_iter().filter(|one| one.name != Weakening::DirtyRead.name()).collect()
}

fn configure(options: &Options<'_>, reads: Reads) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let config = Config {
        reads,
        master: options.node("master")?,
        heartbeat_interval: options.duration("heartbeat_interval", usual.heartbeat_interval)?,
        suspicion_timeout: options.duration("suspicion_timeout", usual.suspicion_timeout)?,
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check(options.nodes()).map_err(|message| options.wrong("options", message))?;
    Ok(Box::new(Configured::<Chain>(config)))
}
