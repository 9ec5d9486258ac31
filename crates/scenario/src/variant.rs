//! The strategies that a story is run under, and what must come out.

use anachron_vocabulary::{ClientId, VirtualTime};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::{NodeChoice, OperatorAction};

/// One strategy under the story's operations and faults.
#[derive(Clone, PartialEq, Debug)]
pub struct Variant {
    /// Its name, unique in the story.
    pub name: String,
    /// A few words on it.
    pub title: String,
    /// What to look at in this variant.
    pub notice: Option<String>,
    /// What the nodes run.
    pub strategy: Strategy,
    /// Clients that choose their node otherwise than the story says, for all of their operations.
    pub node_choices: Vec<(ClientId, NodeChoice)>,
    /// What the operator does instead of what the story says; `None`: what the story says.
    pub operator: Option<Vec<OperatorAction>>,
    /// The seed to run it with when nobody names one.
    pub seed: u64,
    /// What must come out.
    pub expect: Expectation,
}

/// A strategy by name.
#[derive(Clone, PartialEq, Debug)]
pub struct Strategy {
    /// Its name: `single-leader`, `raft`, …
    pub name: String,
    /// Its options, as they stand in the file. Strategies are not known here; whoever builds one checks them.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// Known bugs to switch on, by name.
    pub weakenings: Vec<String>,
}

/// What must come out of a variant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectation {
    /// The verdict.
    pub verdict: ExpectedVerdict,
    /// The kind of anomaly, by the checker's name for it: `stale-read`, … Only with `not-linearizable`.
    pub kind: Option<String>,
    /// The levels of consistency that still hold, at the variant's own seed; all others are violated (or are not defined
    /// for such a history). `None`: not asked. Only with `not-linearizable`.
    pub holds: Option<Vec<ExpectedLevel>>,
    /// The least k for which the history at the variant's own seed is k-atomic; `None`: not asked.
    pub k_atomicity: Option<u64>,
    /// Whether replicas agree at rest; `None`: not asked.
    pub converges: Option<bool>,
    /// Whether an operation completes after healing; `None`: not asked.
    pub progresses: Option<bool>,
    /// Which operations complete while the story lasts.
    pub available: Vec<Available>,
    /// The seeds for which this holds, beside the variant's own; `None`: its own alone.
    pub seeds: Option<SeedRange>,
}

/// Which operations complete while the story lasts: of those that these clients call from `from` on and before `by`,
/// none, some or all return a result by `by`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Available {
    /// Whose operations. Never empty.
    pub clients: Vec<ClientId>,
    /// Those called from here on.
    pub from: VirtualTime,
    /// Until when they have time. After `from`.
    pub by: VirtualTime,
    /// How many of them complete.
    pub completes: Completes,
}

/// How many operations complete. What is refused or left without an answer does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completes {
    /// Not one.
    None,
    /// At least one.
    Some,
    /// Every one.
    All,
}

impl Completes {
    /// `none`, `some` or `all`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Some => "some",
            Self::All => "all",
        }
    }
}

/// A level of consistency below linearizability, by the name that `anachron check --levels` gives it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ExpectedLevel(&'static str);

impl ExpectedLevel {
    /// Every level that can still hold when a history is not linearizable, from the top of the ladder down.
    pub const NAMES: [&'static str; 13] = [
        "sequential",
        "causal_memory",
        "causal_convergence",
        "weak_causal",
        "pram",
        "read_your_writes",
        "monotonic_reads",
        "monotonic_writes",
        "writes_follow_reads",
        "four_session_guarantees_one_order_each",
        "four_session_guarantees_one_order_for_all",
        "regular",
        "safe",
    ];

    /// The level's name.
    pub fn name(self) -> &'static str {
        self.0
    }
}

impl<'de> Deserialize<'de> for ExpectedLevel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = String::deserialize(deserializer)?;
        let known = Self::NAMES.iter().find(|&&name| name == written);
        known.map(|name| Self(name)).ok_or_else(|| D::Error::unknown_variant(&written, &Self::NAMES))
    }
}

/// The verdict that must come out. *Undecided* is nothing to hope for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedVerdict {
    /// Some order explains the history.
    Linearizable,
    /// No order does.
    NotLinearizable,
}

impl ExpectedVerdict {
    /// `linearizable` or `not-linearizable`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linearizable => "linearizable",
            Self::NotLinearizable => "not-linearizable",
        }
    }
}

impl Expectation {
    /// True if something goes wrong that a story can be about: the history is not linearizable, replicas disagree at
    /// rest, or operations that should complete do not.
    pub fn is_anomaly(&self) -> bool {
        let stuck = |available: &Available| available.completes == Completes::None;
        !self.is_cure() || self.available.iter().any(stuck)
    }

    /// True if nothing bad happens: the history is linearizable, replicas agree and work goes on once faults are over.
    /// A cure may be unavailable meanwhile; that is its price.
    pub fn is_cure(&self) -> bool {
        self.verdict == ExpectedVerdict::Linearizable
            && self.converges != Some(false)
            && self.progresses != Some(false)
    }
}

/// A range of seeds and what must be true of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SeedRange {
    /// The first seed.
    pub from: u64,
    /// Behind the last seed. Above `from`.
    pub to: u64,
    /// For which of them the expectation holds.
    pub occurs: Occurs,
}

/// For which seeds of a range an expectation holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Occurs {
    /// For every seed, and for the variant's own.
    #[default]
    Always,
    /// For at least one seed. The variant's own seed must be such a one.
    Within,
    /// For none, and not for the variant's own seed.
    Never,
}
