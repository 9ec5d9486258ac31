//! The checkers, behind one door: prepare a history, then run once.
//!
//! Preparing turns the history into the form that the checker takes and is not timed. Running is the checker's own
//! work, from that form to the verdict.

mod anachron;
mod porcupine_rs;
mod stateright;
mod todc_utils;

use std::fmt;
use std::time::{Duration, Instant};

use anachron_checker::Model;
use anachron_checker::testing::initial;
use anachron_history::History;

use crate::calls::{Call, by_key, calls};
use crate::sequential::{Lock, Queue, Register, Sequential, Text};

/// A checker that takes recorded histories.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Checker {
    /// Ours, as `anachron check` runs it: a thread a core, and every verdict with its certificate.
    Anachron,
    /// The crate `porcupine-rs`, a port of Go's Porcupine.
    PorcupineRs,
    /// `LinearizabilityTester` of the crate `stateright`.
    Stateright,
    /// `WGLChecker` of the crate `todc-utils`.
    TodcUtils,
}

impl Checker {
    /// All of them, ours first.
    pub const ALL: [Self; 4] = [Self::Anachron, Self::PorcupineRs, Self::Stateright, Self::TodcUtils];

    /// The checker's name, which is its crate's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Anachron => "anachron",
            Self::PorcupineRs => "porcupine-rs",
            Self::Stateright => "stateright",
            Self::TodcUtils => "todc-utils",
        }
    }

    /// The version that Cargo.toml pins.
    pub fn version(self) -> &'static str {
        match self {
            Self::Anachron => env!("CARGO_PKG_VERSION"),
            Self::PorcupineRs => "0.3.0",
            Self::Stateright => "0.31.0",
            Self::TodcUtils => "0.1.1",
        }
    }

    /// The checker of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|checker| checker.name() == name)
    }

    /// What it does, and how the history is put to it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Anachron => {
                "This project, through the function that `anachron check` calls: objects apart, a thread a core. Its \
                 time includes the certificate: the order, or the core of operations that no order explains."
            }
            Self::PorcupineRs => {
                "Wing, Gong and Lowe's search with a cache, a port of Go's Porcupine. `check_operations` without \
                 a time limit of its own; keys through its `partition_operations`, a thread a key. A verdict only. \
                 An unknown outcome returns at the end of time, and its step accepts every state, as Porcupine's \
                 models do."
            }
            Self::Stateright => {
                "`LinearizabilityTester::is_consistent`: depth first over the threads, without a cache; it copies what \
                 remains at each step. Recording the events is not timed. It knows no keys: the history is split for \
                 it. It gives an order. An unknown outcome stays in flight, which it provides for. It recurses once \
                 an operation and gets a stack of 2 GiB."
            }
            Self::TodcUtils => {
                "`WGLChecker`: the same search as Porcupine's, with a list of flags as the cache's key and a history \
                 in a vector. It knows no keys: the history is split for it. A verdict only. It insists on a response \
                 to every call: an unknown outcome gets one at the end, as in its own etcd example."
            }
        }
    }
}

impl fmt::Display for Checker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Crates that a search for linearizability checkers may end at, and why they are not compared.
pub const NOT_COMPARED: &[(&str, &str)] = &[
    (
        "porcupine 0.2.4",
        "No checker: a wrapper around the Win32 API. Go's Porcupine is not on crates.io; its published figures are \
         below.",
    ),
    ("linearize 0.1.8", "No checker: types whose values can be numbered, and maps over them."),
    (
        "lincheck 0.2.1",
        "Runs a data structure in memory under `loom` and judges what it runs; it takes no recorded history.",
    ),
];

/// What a checker said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// There is an order.
    Linearizable,
    /// There is none.
    NotLinearizable,
    /// It gave up by itself.
    Undecided,
}

impl Answer {
    pub(crate) fn of(linearizable: bool) -> Self {
        if linearizable { Self::Linearizable } else { Self::NotLinearizable }
    }

    /// `linearizable`, `not-linearizable`, `undecided`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::NotLinearizable => "not-linearizable",
            Self::Undecided => "undecided",
        }
    }

    /// The answer of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Linearizable, Self::NotLinearizable, Self::Undecided]
            .into_iter()
            .find(|answer| answer.name() == name)
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotLinearizable => "not linearizable",
            other => other.name(),
        })
    }
}

/// What a checker may spend, as far as it takes limits itself. The parent process holds every checker to both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Wall-clock time of the check.
    pub time: Duration,
    /// Bytes of resident memory.
    pub memory: u64,
}

/// A history in a checker's own form. It runs once.
pub type Prepared = Box<dyn FnOnce() -> (Duration, Answer)>;

/// Puts a history into the form that the checker takes. `None` if it can't express the history.
pub fn prepare(checker: Checker, model: Model, history: History, limits: Limits) -> Option<Prepared> {
    if checker == Checker::Anachron {
        return Some(anachron::prepare(model, history, limits));
    }
    match model {
        Model::Register | Model::CasRegister => for_peer::<Register>(checker, model, &history),
        Model::KeyValue => for_peer::<Text>(checker, model, &history),
        Model::Queue => for_peer::<Queue>(checker, model, &history),
        Model::Mutex => for_peer::<Lock>(checker, model, &history),
        _ => None,
    }
}

fn for_peer<S: Sequential>(checker: Checker, model: Model, history: &History) -> Option<Prepared> {
    let calls: Vec<Call<S>> = calls(history, &initial(model))?;
    Some(match checker {
        Checker::Anachron => unreachable!("it has its own form"),
        Checker::PorcupineRs => porcupine_rs::prepare(calls),
        Checker::Stateright => stateright::prepare(by_key(calls)),
        Checker::TodcUtils => todc_utils::prepare(by_key(calls)),
    })
}

/// Runs a check against the clock.
fn timed(check: impl FnOnce() -> Answer) -> (Duration, Answer) {
    let started = Instant::now();
    let answer = check();
    (started.elapsed(), answer)
}
