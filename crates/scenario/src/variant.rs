//! The strategies that a story is run under, and what must come out.

use anachron_vocabulary::ClientId;
use serde::Deserialize;

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
    /// Whether replicas agree at rest; `None`: not asked.
    pub converges: Option<bool>,
    /// Whether an operation completes after healing; `None`: not asked.
    pub progresses: Option<bool>,
    /// The seeds for which this holds, beside the variant's own; `None`: its own alone.
    pub seeds: Option<SeedRange>,
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
