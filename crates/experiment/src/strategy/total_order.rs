//! Total order broadcast by name.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::multi_paxos::MultiPaxos;
use anachron_replication::raft::Raft;
use anachron_replication::total_order::{
    Config, Consensus, Lamport1978, Reads, Sequencer, TotalOrder, Weakening,
};

use super::mode::{Asks, Formula, Level, Mode, PaperCost, Place, Promise};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

pub(super) const ENTRY: StrategyEntry = StrategyEntry {
    name: "total-order",
    family: "total order broadcast",
    summary: "all nodes apply the same operations in the same order; a sequencer, Lamport's stamps or the log of a \
              consensus protocol agree on it",
    options: &[
        OptionDoc {
            name: "protocol",
            values: "\"sequencer\", \"lamport-1978\", \"raft\" or \"multi-paxos\"",
            default: "sequencer",
            meaning: "who orders: one node, and the next one when it dies; stamps that everybody has to acknowledge; or \
                      the log of a consensus protocol, which n1 leads first",
        },
        OptionDoc {
            name: "reads",
            values: "\"local\" or \"broadcast\"",
            default: "broadcast",
            meaning: "whether a node answers a read from what it has, or puts it in the order like a write",
        },
        OptionDoc {
            name: "failover",
            values: "\"automatic\" or \"none\"",
            default: "automatic",
            meaning: "whether the next sequencer takes over from a silent one; without, a dead sequencer blocks; consensus \
                      always takes over",
        },
        OptionDoc {
            name: "suspicion_timeout",
            values: "a duration above the resend interval",
            default: "300ms",
            meaning: "how long a node that waits goes without a word from the sequencer before it suspects it; over \
                      consensus, the shortest time without a word from the leader before it stands",
        },
        OptionDoc {
            name: "resend_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how long a node waits before it says again what was not answered",
        },
    ],
    modes: MODES,
    weakenings,
    configure,
};

/// What orders the messages.
#[derive(Clone, Copy)]
enum Protocol {
    Sequencer,
    Lamport1978,
    Raft,
    MultiPaxos,
}

const MODES: &[Mode] = &[
    Mode { name: "total-order-sequencer", ..SEQUENCER },
    Mode {
        name: "total-order-lamport-1978",
        options: r#"{"protocol": "lamport-1978"}"#,
        source: "Lamport 1978, pp. 560-562, with acknowledgements to everybody",
        write: LAMPORT,
        read: LAMPORT,
        ..Mode::BASE
    },
    Mode {
        name: "total-order-local-reads",
        options: r#"{"reads": "local"}"#,
        promise: Promise::less(Level::Sequential, 2, AnomalyKind::StaleRead),
        asks: Asks { write: Place::First, read: Place::Second },
        read: PaperCost::LOCAL,
        ..SEQUENCER
    },
    Mode { name: "total-order-raft", ..RAFT },
    Mode {
        name: "total-order-raft-local-reads",
        options: r#"{"protocol": "raft", "reads": "local"}"#,
        promise: Promise::less(Level::Sequential, 0, AnomalyKind::StaleRead),
        asks: Asks { write: Place::First, read: Place::Second },
        read: PaperCost::LOCAL,
        ..RAFT
    },
    Mode { name: "total-order-multi-paxos", ..MULTI_PAXOS },
    Mode {
        name: "total-order-multi-paxos-local-reads",
        options: r#"{"protocol": "multi-paxos", "reads": "local"}"#,
        promise: Promise::less(Level::Sequential, 2, AnomalyKind::StaleRead),
        asks: Asks { write: Place::First, read: Place::Second },
        read: PaperCost::LOCAL,
        ..MULTI_PAXOS
    },
];

const RAFT: Mode = Mode {
    options: r#"{"protocol": "raft"}"#,
    source: "Chandra and Toueg 1996, section 7; Ongaro and Ousterhout 2014, section 5.3; asked at the leader",
    difference: Some(CARRIED_AGAIN),
    ..Mode::BASE
};

const MULTI_PAXOS: Mode = Mode {
    options: r#"{"protocol": "multi-paxos"}"#,
    source: "Chandra and Toueg 1996, section 7; van Renesse and Altinbuken 2015, section 3; asked at the leader",
    write: ORDERED,
    read: ORDERED,
    difference: Some(CARRIED_AGAIN),
    ..Mode::BASE
};

/// Why some writes cost more.
const CARRIED_AGAIN: &str = "a heartbeat that comes due while an entry is under way carries it once more; its answers wait for the same \
                             syncs as the first ones, and are counted with them";

const SEQUENCER: Mode = Mode {
    source: "Défago, Schiper and Urbán 2004: fixed sequencer, uniform; asked at the sequencer",
    write: ORDERED,
    read: ORDERED,
    ..Mode::BASE
};

const ORDERED: PaperCost = PaperCost { messages: Formula::ROUND_AND_NEWS, delays: Formula::TWO };
const LAMPORT: PaperCost = PaperCost { messages: Formula::EVERYBODY_TO_EVERYBODY, delays: Formula::TWO };

fn weakenings() -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter();
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn configure(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let usual = Config::default();
    let protocols = [
        ("sequencer", Protocol::Sequencer),
        ("lamport-1978", Protocol::Lamport1978),
        ("raft", Protocol::Raft),
        ("multi-paxos", Protocol::MultiPaxos),
    ];
    let protocol = options.choice("protocol", &protocols, Protocol::Sequencer)?;
    let reads = [("local", Reads::Local), ("broadcast", Reads::Broadcast)];
    let takes_over = options.choice("failover", &[("automatic", true), ("none", false)], true)?;
    if !takes_over && matches!(protocol, Protocol::Raft | Protocol::MultiPaxos) {
        return Err(options.wrong("failover", "a consensus protocol elects a new leader; leave this out"));
    }
    let patience = usual.suspicion_timeout.expect("the usual cluster has a failover");
    let patience = options.duration("suspicion_timeout", patience)?;
    let config = Config {
        reads: options.choice("reads", &reads, usual.reads)?,
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        suspicion_timeout: takes_over.then_some(patience),
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    config.check().map_err(|message| options.wrong("options", message))?;
    Ok(match protocol {
        Protocol::Sequencer => Box::new(Configured::<TotalOrder<Sequencer>>(config)),
        Protocol::Lamport1978 => Box::new(Configured::<TotalOrder<Lamport1978>>(config)),
        Protocol::Raft => Box::new(Configured::<TotalOrder<Consensus<Raft>>>(config)),
        Protocol::MultiPaxos => Box::new(Configured::<TotalOrder<Consensus<MultiPaxos>>>(config)),
    })
}
