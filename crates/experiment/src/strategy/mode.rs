//! The ways to run a strategy: what each promises, what it survives, what it costs by its paper.
//!
//! Why it exists: a strategy has settings, and its promise depends on them. A [`Mode`] is a setting with its promise, as
//! data. From it come the harshest world that the promise must stand ([`crate::campaign`]), the table that people read
//! ([`crate::figures`]), and the test that shows what is *not* promised.
//!
//! One model of the network for all: asynchronous. Messages are lost, doubled, late and out of order, links are cut in any
//! shape and in one direction. One model of disks: what was synced stays. What differs is in [`Crashes`] and [`Clocks`].

use std::fmt;

use anachron_checker::explain::AnomalyKind;
use anachron_checker::levels;

/// One way to run a strategy.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// Its name, unlike that of any other mode of any strategy: `raft-lease`.
    pub name: &'static str,
    /// The options that make it, as a JSON object.
    pub options: &'static str,
    /// Where the protocol, and its counts, are written down.
    pub source: &'static str,
    /// What its histories are.
    pub promise: Promise,
    /// What replicas hold when all is quiet again.
    pub at_rest: AtRest,
    /// True if nodes show what they know to be committed, and a node that is up never takes that back.
    pub keeps_commits: bool,
    /// How nodes may fail.
    pub crashes: Crashes,
    /// What clocks may do.
    pub clocks: Clocks,
    /// What clients may do when they hear nothing.
    pub retries: Retries,
    /// Who is who in its clusters.
    pub cluster: Cluster,
    /// What it is asked to do.
    pub object: Object,
    /// Which node a client asks when costs are counted: of so many nodes, this one (from 0).
    pub asks: Asks,
    /// What a write, or taking a lock, costs by the source.
    pub write: PaperCost,
    /// What a read, or giving a lock back, costs by the source.
    pub read: PaperCost,
    /// Why what is measured differs from the source, where it does.
    pub difference: Option<&'static str>,
}

/// What the histories of a mode are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Promise {
    /// Linearizable.
    Linearizable,
    /// Less than that.
    Less {
        /// What is promised instead.
        level: Level,
        /// A run that shows that it is less.
        shown_by: Violation,
    },
}

/// What is promised where linearizability is not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// One order that keeps every client's own; clients stay with a node.
    Sequential,
    /// Nobody sees an effect before its cause; clients stay with a node.
    Causal,
    /// Replicas agree in the end.
    Eventual,
    /// Linearizable as long as all is on time: nobody is paused and no message is late between the last look at the clock
    /// and the write that it allows, and nobody's clock or memory breaks the word that a lock is.
    OnTime,
    /// Whatever one node can keep: nothing about what others see, or when.
    Nothing,
}

/// A run of the mode's campaign story that is not linearizable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// What kind of anomaly it shows.
    pub kind: AnomalyKind,
}

/// What replicas hold when every fault has ended and the cluster was left in peace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AtRest {
    /// All that keep an object hold the same.
    AllAgree,
    /// Of every object a majority holds the same. Nobody tells the others unless somebody asks.
    MajorityAgrees,
    /// They may differ for ever.
    MayDiffer,
}

/// How nodes may fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Crashes {
    /// Any number of nodes crash at any time, all at once too, and restart with what their disks had synced.
    Restart,
    /// As `Restart`, but only the same few nodes, fewer than half (of those that give locks, where there are such): what
    /// counts is in memory.
    MinorityRestarts,
}

/// What clocks may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clocks {
    /// Anything: no rule looks at them but to be patient.
    Anything,
    /// Their rates are off by at most this many parts per million, and they don't stand still. Wall clocks may jump.
    DriftWithin(u32),
}

/// What clients may do when they hear nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retries {
    /// Ask again, at any node, under the same request id: it is recognised.
    SameRequest,
    /// Nothing: the outcome is unknown. A second request would be a second operation.
    GiveUp,
}

/// Who is who in a cluster.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cluster {
    /// All nodes are alike, and every one can be asked.
    Alike,
    /// So many nodes that give locks, the resource, and three workers, which are asked.
    Locks,
}

/// What a mode is asked to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Object {
    /// A register: read and write.
    Register,
    /// A lock: acquire and release.
    Lock,
    /// A list: append and read. Who appends to an old version of it makes what came between vanish.
    List,
}

/// Whom a client asks when costs are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Asks {
    /// For a write.
    pub write: Place,
    /// For a read.
    pub read: Place,
}

/// A node by its place among all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The first: the leader, where there is one.
    First,
    /// The second.
    Second,
    /// The last but one: the tail, where the last is the master.
    LastButOne,
}

/// What an operation costs by its source, without faults.
#[derive(Clone, Copy, Debug)]
pub struct PaperCost {
    /// Messages between nodes.
    pub messages: Formula,
    /// Message delays, one after the other, from the request's arrival to the answer's departure; two are a round trip.
    pub delays: Formula,
}

/// A number that depends on the number of nodes.
#[derive(Clone, Copy)]
pub struct Formula {
    /// How people write it.
    pub text: &'static str,
    /// Its value for so many nodes.
    pub of: fn(u64) -> u64,
}

impl fmt::Debug for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// A formula and what it means, said once.
macro_rules! formulas {
    ($($name:ident = $text:literal, $of:expr;)*) => {
        impl Formula {
            $(pub(super) const $name: Self = Self { text: $text, of: $of };)*
        }
    };
}

formulas! {
    ZERO = "0", |_| 0;
    TWO = "2", |_| 2;
    FOUR = "4", |_| 4;
    ROUND = "2(n-1)", |n| 2 * (n - 1);
    ROUND_AND_NEWS = "3(n-1)", |n| 3 * (n - 1);
    TWO_ROUNDS = "4(n-1)", |n| 4 * (n - 1);
    ROUND_AND_QUESTION = "2n", |n| 2 * n;
    EVERYBODY_TO_EVERYBODY = "n(n-1)", |n| n * (n - 1);
    DOWN_AND_UP_THE_CHAIN = "2(n-2)", |n| 2 * (n - 2);
    FETCHED_TWICE = "4(n-2)", |n| 4 * (n - 2);
    DOWN_THE_CHAIN = "n-2", |n| n - 2;
    SIX = "6", |_| 6;
    TWELVE = "12", |_| 12;
    THREE_ROUNDS_AND_VISITS = "6n+4", |n| 3 * (2 * (n - 1) + 2) + 4;
    THREE_ORDERED_AND_VISITS = "9n+1", |n| 3 * (3 * (n - 1) + 2) + 4;
    ALL_TWICE_AND_VISITS = "4n+4", |n| 4 * n + 4;
}

impl PaperCost {
    /// Answered from what the node has.
    pub(super) const LOCAL: Self = Self { messages: Formula::ZERO, delays: Formula::ZERO };
    /// One round trip to all others.
    pub(super) const ROUND: Self = Self { messages: Formula::ROUND, delays: Formula::TWO };
    /// Two of them.
    pub(super) const TWO_ROUNDS: Self = Self { messages: Formula::TWO_ROUNDS, delays: Formula::FOUR };
}

impl Mode {
    /// A mode whose rows have to say only what is theirs: linearizable registers behind a leader, with sessions.
    pub(super) const BASE: Self = Self {
        name: "",
        options: "{}",
        source: "",
        promise: Promise::Linearizable,
        at_rest: AtRest::AllAgree,
        keeps_commits: false,
        crashes: Crashes::Restart,
        clocks: Clocks::Anything,
        retries: Retries::SameRequest,
        cluster: Cluster::Alike,
        object: Object::Register,
        asks: Asks { write: Place::First, read: Place::First },
        write: PaperCost::ROUND,
        read: PaperCost::ROUND,
        difference: None,
    };

    /// True if its histories are promised to be linearizable.
    pub fn is_linearizable(&self) -> bool {
        self.promise == Promise::Linearizable
    }
}

impl Promise {
    /// Less than linearizable, and the run that shows it.
    pub(super) const fn less(level: Level, seed: u64, kind: AnomalyKind) -> Self {
        Self::Less { level, shown_by: Violation { seed, kind } }
    }

    /// The level that histories are promised to be of instead, if the judge knows it.
    pub fn judged_level(self) -> Option<levels::Level> {
        match self {
            Self::Linearizable => None,
            Self::Less { level, .. } => level.judged(),
        }
    }

    /// True if the judge can tell from a history whether it was kept.
    pub fn is_judged(self) -> bool {
        self == Self::Linearizable || self.judged_level().is_some()
    }

    /// The promise in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::Less { level, .. } => level.name(),
        }
    }
}

impl Level {
    /// The level in a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sequential => "sequential",
            Self::Causal => "causal",
            Self::Eventual => "eventual",
            Self::OnTime => "linearizable while on time",
            Self::Nothing => "nothing",
        }
    }

    /// The judge's word for it, if it has one: agreement in the end does not show in what clients saw, nor does time
    /// that servers lost.
    pub fn judged(self) -> Option<levels::Level> {
        match self {
            Self::Sequential => Some(levels::Level::Sequential),
            Self::Causal => Some(levels::Level::CausalMemory),
            Self::Eventual | Self::OnTime | Self::Nothing => None,
        }
    }
}

/// How many workers use locks.
const WORKERS: u16 = 3;

impl Cluster {
    /// The names of its nodes, if it has so many that replicate.
    pub fn names(self, nodes: u16) -> Vec<String> {
        let numbered = |letter: char, count: u16| (1..=count).map(move |number| format!("{letter}{number}"));
        match self {
            Self::Alike => numbered('n', nodes).collect(),
            Self::Locks => {
                numbered('l', nodes).chain(["resource".to_owned()]).chain(numbered('w', WORKERS)).collect()
            }
        }
    }

    /// The names of those that clients ask.
    pub fn asked(self, nodes: u16) -> Vec<String> {
        let mut names = self.names(nodes);
        match self {
            Self::Alike => names,
            Self::Locks => names.split_off(usize::from(nodes) + 1),
        }
    }
}

impl Object {
    /// The model that judges it, as scenario files name it.
    pub fn model(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Lock => "mutex",
            Self::List => "list",
        }
    }

    /// The operation that changes it, and the one that looks at it, or undoes it.
    pub fn operations(self) -> [&'static str; 2] {
        match self {
            Self::Register => ["write", "read"],
            Self::Lock => ["acquire", "release"],
            Self::List => ["append", "read"],
        }
    }
}

impl AtRest {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AllAgree => "all agree",
            Self::MajorityAgrees => "a majority agrees",
            Self::MayDiffer => "may differ",
        }
    }
}

impl Crashes {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Restart => "any crash and restart",
            Self::MinorityRestarts => "a minority crashes and restarts",
        }
    }
}

impl fmt::Display for Clocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anything => f.write_str("any clocks"),
            Self::DriftWithin(ppm) => write!(f, "drift of at most {}%", ppm / 10_000),
        }
    }
}

impl Place {
    /// Its place among so many nodes, from 0.
    pub fn index(self, nodes: u16) -> u16 {
        match self {
            Self::First => 0,
            Self::Second => 1,
            Self::LastButOne => nodes - 2,
        }
    }
}

impl Retries {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::SameRequest => "ask again",
            Self::GiveUp => "give up",
        }
    }
}
