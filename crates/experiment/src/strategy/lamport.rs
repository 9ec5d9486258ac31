//! Leaderless replication with Lamport stamps by name.

use anachron_replication::leaderless::{Config, Leaderless, Weakening};

use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "lamport",
    family: "leaderless",
    summary: "no leader: any node takes a write, stamps it with its Lamport clock, and the highest stamp wins",
    options: &[
        OptionDoc {
            name: "r",
            values: "a number from 1 to the number of nodes",
            default: "1",
            meaning: "how many nodes a read asks, the coordinator included",
        },
        OptionDoc {
            name: "w",
            values: "a number from 1 to the number of nodes",
            default: "1",
            meaning: "how many nodes must have a write before it is acknowledged, the coordinator included",
        },
        OptionDoc {
            name: "read_repair",
            values: "true or false",
            default: "false",
            meaning: "whether a read sends what it found to the nodes that answered with something older",
        },
        OptionDoc {
            name: "gossip_interval",
            values: "a duration",
            default: "never",
            meaning: "how often a node sends all it has to another one, drawn at random",
        },
        OptionDoc {
            name: "resend_interval",
            values: "a duration",
            default: "100ms",
            meaning: "how long a coordinator waits for its quorum before it asks again",
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
    let quorum = |name| {
        let nodes = options.number(name, 1..=options.nodes())?.unwrap_or(1);
        Ok::<u16, OptionError>(u16::try_from(nodes).expect("at most the size of a cluster"))
    };
    let config = Config {
        read_quorum: quorum("r")?,
        write_quorum: quorum("w")?,
        read_repair: options.flag("read_repair", usual.read_repair)?,
        gossip_interval: options.optional_duration("gossip_interval")?,
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check(options.nodes()).map_err(|message| options.wrong("options", message))?;
    Ok(Box::new(Configured::<Leaderless>(config)))
}
