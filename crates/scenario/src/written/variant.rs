//! Variants as they are written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Names, NodeChoice};
use crate::quantity::DurationText;
use crate::{Completes, ExpectedLevel, ExpectedVerdict, Occurs};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) notice: Option<String>,
    pub(crate) strategy: Strategy,
    #[serde(default)]
    pub(crate) client_nodes: BTreeMap<String, NodeChoice>,
    pub(crate) operator: Option<Vec<OperatorAction>>,
    pub(crate) seed: Option<u64>,
    pub(crate) expect: Expect,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Strategy {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) options: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    pub(crate) weakenings: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OperatorAction {
    pub(crate) at: DurationText,
    pub(crate) tell: Option<String>,
    pub(crate) promote: Option<String>,
    pub(crate) transfer: Option<String>,
    pub(crate) add_learner: Option<String>,
    pub(crate) add_voter: Option<String>,
    pub(crate) remove: Option<String>,
    pub(crate) voters: Option<Names>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    pub(crate) verdict: ExpectedVerdict,
    pub(crate) kind: Option<String>,
    pub(crate) holds: Option<Vec<ExpectedLevel>>,
    pub(crate) k_atomicity: Option<u64>,
    pub(crate) converges: Option<bool>,
    pub(crate) progresses: Option<bool>,
    #[serde(default)]
    pub(crate) available: Vec<Available>,
    pub(crate) seeds: Option<SeedRange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Available {
    pub(crate) clients: Option<Names>,
    pub(crate) from: Option<DurationText>,
    pub(crate) by: Option<DurationText>,
    pub(crate) completes: Completes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SeedRange {
    pub(crate) from: u64,
    pub(crate) to: u64,
    #[serde(default)]
    pub(crate) occurs: Occurs,
}
