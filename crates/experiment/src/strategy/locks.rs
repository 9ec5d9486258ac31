//! Locks, and what they protect, by name.
//!
//! In the worlds of their modes some nodes give locks, one is the resource and three are workers ([`Cluster::Locks`]). What is
//! promised is promised of the resource: a list, for an update that is lost shows there. Random worlds of their own, with
//! invariants of the locks themselves, are in `replication/tests/it/locks`.

use anachron_checker::explain::AnomalyKind;
use anachron_replication::locks::{
    Config, Guarded, Instance, InstanceConfig, Method, Restart, Settings, Weakening,
};
use anachron_replication::multi_paxos::MultiPaxos;
use anachron_replication::raft::Raft;
use anachron_replication::total_order::{Sequencer, TotalOrder};
use anachron_replication::viewstamped::Viewstamped;
use anachron_replication::{multi_paxos, raft, total_order, viewstamped};
use anachron_vocabulary::{NodeId, VirtualDuration};

use super::mode::{Cluster, Crashes, Formula, Level, Mode, Object, PaperCost, Promise};
use super::{Configured, OptionDoc, OptionError, Options, Strategy, StrategyEntry, WeakeningDoc};

const LOCK_NODES: OptionDoc = OptionDoc {
    name: "lock_nodes",
    values: "a number from 1 to 1000",
    default: "all but the last three",
    meaning: "how many nodes, the first ones, give locks; the next is the resource, all others are workers",
};

const TTL: OptionDoc = OptionDoc {
    name: "ttl",
    values: "a duration above 2 ms",
    default: "500ms",
    meaning: "how long a lock lasts that is not renewed",
};

const WORK_TIME: OptionDoc = OptionDoc {
    name: "work_time",
    values: "a duration below the time to live",
    default: "5ms",
    meaning: "how long a worker works between reading the resource and writing to it",
};

const RETRY_DELAY: OptionDoc = OptionDoc {
    name: "retry_delay",
    values: "a duration",
    default: "20ms",
    meaning: "how long a worker waits before it asks again for a lock that it did not get; with Redlock, at most",
};

const RESEND_INTERVAL: OptionDoc = OptionDoc {
    name: "resend_interval",
    values: "a duration",
    default: "50ms",
    meaning: "how long a worker waits before it says again what was not answered",
};

pub(super) const LEASES: StrategyEntry = StrategyEntry {
    name: "lease-lock",
    family: "locks and leadership",
    summary: "workers change a shared resource under locks with leases and fencing tokens, which any replicated register gives",
    options: &[
        LOCK_NODES,
        OptionDoc {
            name: "service",
            values: "\"raft\", \"multi-paxos\", \"viewstamped\" or \"sequencer\"",
            default: "raft",
            meaning: "what the lock nodes run; the first of them leads at first",
        },
        OptionDoc {
            name: "resource",
            values: "\"checks-token\" or \"trusts-lock\"",
            default: "checks-token",
            meaning: "whether the resource refuses whoever comes with an older token than it has seen",
        },
        OptionDoc {
            name: "election_timeout",
            values: "a pair of durations",
            default: "[\"150ms\", \"300ms\"]",
            meaning: "how long a lock node waits for a leader, where there is one; the shorter one where it is not drawn",
        },
        OptionDoc {
            name: "heartbeat_interval",
            values: "a duration",
            default: "50ms",
            meaning: "how often a leader of the lock nodes says that it is there",
        },
        TTL,
        WORK_TIME,
        RETRY_DELAY,
        RESEND_INTERVAL,
    ],
    weakenings: || weakenings(Method::Lease),
    modes: LEASE_MODES,
    configure: leases,
};

pub(super) const REDLOCK: StrategyEntry = StrategyEntry {
    name: "redlock",
    family: "locks and leadership",
    summary: "workers change a shared resource under locks from a majority of independent nodes, as Redis' Redlock has it",
    options: &[
        LOCK_NODES,
        OptionDoc {
            name: "restart",
            values: "\"empty\", \"persisted\" or \"delayed\"",
            default: "empty",
            meaning: "what a lock node knows after a crash: nothing; all; nothing, and it stays away until all has run out",
        },
        TTL,
        WORK_TIME,
        RETRY_DELAY,
        RESEND_INTERVAL,
    ],
    weakenings: || weakenings(Method::Redlock),
    modes: REDLOCK_MODES,
    configure: redlock,
};

const LEASE_MODES: &[Mode] = &[
    Mode { name: "lease-lock-raft", ..LEASE },
    Mode {
        name: "lease-lock-multi-paxos",
        write: LEASE_OVER_ORDER,
        options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "service": "multi-paxos"}"#,
        ..LEASE
    },
    Mode {
        name: "lease-lock-viewstamped",
        options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "service": "viewstamped"}"#,
        crashes: Crashes::MinorityRestarts,
        ..LEASE
    },
    Mode {
        name: "lease-lock-sequencer",
        write: LEASE_OVER_ORDER,
        options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "service": "sequencer"}"#,
        ..LEASE
    },
    Mode {
        name: "lease-lock-trusts-lock",
        options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "service": "raft", "resource": "trusts-lock"}"#,
        promise: Promise::less(Level::OnTime, 11, AnomalyKind::LostAppend),
        ..LEASE
    },
];

const LEASE: Mode = Mode {
    options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "service": "raft"}"#,
    source: "Kleppmann 2016: the record is read, swapped when the lock is taken and when it is given back; the resource is read and \
             written",
    write: PaperCost { messages: Formula::THREE_ROUNDS_AND_VISITS, delays: Formula::TWELVE },
    cluster: Cluster::Locks,
    object: Object::List,
    read: ASK_THE_RESOURCE,
    ..Mode::BASE
};

const REDLOCK_MODES: &[Mode] = &[
    Mode {
        name: "redlock-empty",
        promise: Promise::less(Level::OnTime, 1, AnomalyKind::LostAppend),
        ..REDLOCK_MODE
    },
    Mode {
        name: "redlock-persisted",
        options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "restart": "persisted"}"#,
        promise: Promise::less(Level::OnTime, 4, AnomalyKind::LostAppend),
        ..REDLOCK_MODE
    },
    Mode {
        name: "redlock-delayed",
        options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "restart": "delayed"}"#,
        ..REDLOCK_MODE
    },
];

const REDLOCK_MODE: Mode = Mode {
    options: r#"{"lock_nodes": $nodes, "ttl": "150ms", "work_time": "30ms", "restart": "empty"}"#,
    source: "Redis documentation, Distributed Locks with Redis: all nodes are asked for the key, and told to delete it; the resource \
             is read and written",
    write: PaperCost { messages: Formula::ALL_TWICE_AND_VISITS, delays: Formula::SIX },
    promise: Promise::less(Level::OnTime, 1, AnomalyKind::LostAppend),
    cluster: Cluster::Locks,
    object: Object::List,
    read: ASK_THE_RESOURCE,
    ..Mode::BASE
};

/// As over Raft, where the service tells its followers what is decided.
const LEASE_OVER_ORDER: PaperCost =
    PaperCost { messages: Formula::THREE_ORDERED_AND_VISITS, delays: Formula::TWELVE };

/// A question to the resource, and its answer.
const ASK_THE_RESOURCE: PaperCost = PaperCost { messages: Formula::TWO, delays: Formula::TWO };

#[derive(Clone, Copy)]
enum Service {
    Raft,
    MultiPaxos,
    Viewstamped,
    Sequencer,
}

fn weakenings(of: Method) -> Vec<WeakeningDoc> {
    let all = Weakening::ALL.iter().filter(|one| one.method() == of);
    all.map(|one| WeakeningDoc { name: one.name(), summary: one.summary(), source: one.source() }).collect()
}

fn settings(options: &Options<'_>, method: Method, checks_token: bool) -> Result<Settings, OptionError> {
    let usual = Settings::default();
    let lock_nodes = options.number("lock_nodes", 1..=1_000)?;
    let lock_nodes = lock_nodes.unwrap_or_else(|| options.nodes().saturating_sub(3));
    let settings = Settings {
        lock_nodes: u16::try_from(lock_nodes).expect("a number of nodes"),
        method,
        ttl: options.duration("ttl", usual.ttl)?,
        work_time: options.duration("work_time", usual.work_time)?,
        retry_delay: options.duration("retry_delay", usual.retry_delay)?,
        resend_interval: options.duration("resend_interval", usual.resend_interval)?,
        checks_token,
        initial_value: options.initial(),
        weakenings: options.weakenings().filter_map(Weakening::from_name).collect(),
    };
    settings.check(options.nodes()).map_err(|(setting, why)| options.wrong(setting, why))?;
    Ok(settings)
}

fn leases(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let resources = [("checks-token", true), ("trusts-lock", false)];
    let checks_token = options.choice("resource", &resources, true)?;
    let settings = settings(options, Method::Lease, checks_token)?;
    let (election_timeout_min, election_timeout_max) = options
        .duration_range("election_timeout", (VirtualDuration::millis(150), VirtualDuration::millis(300)))?;
    let heartbeat_interval = options.duration("heartbeat_interval", VirtualDuration::millis(50))?;
    let initial_leader = Some(NodeId(0));
    let services = [
        ("raft", Service::Raft),
        ("multi-paxos", Service::MultiPaxos),
        ("viewstamped", Service::Viewstamped),
        ("sequencer", Service::Sequencer),
    ];
    match options.choice("service", &services, Service::Raft)? {
        Service::Raft => {
            let config = raft::Config {
                election_timeout_min,
                election_timeout_max,
                heartbeat_interval,
                initial_leader,
                ..raft::Config::default()
            };
            let checked = config.check(usize::from(settings.lock_nodes));
            checked.map_err(|error| options.wrong(error.setting, error.message))?;
            Ok(guarded::<Raft>(settings, config))
        }
        Service::MultiPaxos => {
            let config = multi_paxos::Config {
                election_timeout_min,
                election_timeout_max,
                heartbeat_interval,
                initial_leader,
                ..multi_paxos::Config::default()
            };
            config.check().map_err(|error| options.wrong(error.setting, error.message))?;
            Ok(guarded::<MultiPaxos>(settings, config))
        }
        Service::Viewstamped => {
            let config = viewstamped::Config {
                view_change_timeout_min: election_timeout_min,
                view_change_timeout_max: election_timeout_max,
                heartbeat_interval,
                ..viewstamped::Config::default()
            };
            config.check().map_err(|error| options.wrong(error.setting, error.message))?;
            Ok(guarded::<Viewstamped>(settings, config))
        }
        Service::Sequencer => {
            let config = total_order::Config {
                suspicion_timeout: Some(election_timeout_min),
                resend_interval: heartbeat_interval,
                ..total_order::Config::default()
            };
            config.check().map_err(|message| options.wrong("options", message))?;
            Ok(guarded::<TotalOrder<Sequencer>>(settings, config))
        }
    }
}

fn redlock(options: &Options<'_>) -> Result<Box<dyn Strategy>, OptionError> {
    let settings = settings(options, Method::Redlock, false)?;
    let restarts =
        [("empty", Restart::Empty), ("persisted", Restart::Persisted), ("delayed", Restart::Delayed)];
    let restart = options.choice("restart", &restarts, Restart::Empty)?;
    let instances = InstanceConfig { ttl: settings.ttl, restart };
    Ok(guarded::<Instance>(settings, instances))
}

fn guarded<L>(settings: Settings, lock_service: L::Config) -> Box<dyn Strategy>
where
    L: anachron_node::Replica + 'static,
    L::Config: Send + Sync,
{
    Box::new(Configured::<Guarded<L>>(Config { settings, lock_service }))
}
