//! The file as it is written: one type for each object of the format, names still unresolved.
//!
//! `scenarios/schema.json` describes these types, field by field; a test holds the two to each other. Fields are in
//! snake_case; words chosen from a list (faults, distributions, models) are in kebab-case.

mod client;
mod cluster;
mod fault;
mod latency;
mod plan;
mod unions;
mod variant;

pub(crate) use client::{Client, KeyChoice, KeyWeights, Mix, Operation, Retry, Values, Workload};
pub(crate) use cluster::{Cluster, Disk, Network};
pub(crate) use fault::Fault;
pub(crate) use plan::{FaultPlan, Kinds};
pub(crate) use unions::{Argument, Names, NodeChoice, NodeList, Scalar};
pub(crate) use variant::{Available, Expect, OperatorAction, Variant};

use serde::Deserialize;

use crate::Model;
use crate::quantity::DurationText;

/// A whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// For editors; says where the schema is.
    #[serde(rename = "$schema", default)]
    pub(crate) _schema: Option<String>,
    pub(crate) id: String,
    pub(crate) number: Option<u32>,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) course: bool,
    pub(crate) story: String,
    pub(crate) notice: String,
    pub(crate) why: Option<String>,
    pub(crate) rule: Option<String>,
    pub(crate) cure: Option<String>,
    #[serde(default)]
    pub(crate) in_practice: Vec<InPractice>,
    pub(crate) question: Option<String>,
    pub(crate) source: String,
    pub(crate) model: Model,
    pub(crate) initial: Option<Scalar>,
    #[serde(default)]
    pub(crate) cluster: Cluster,
    pub(crate) clients: Vec<Client>,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    pub(crate) fault_plan: Option<FaultPlan>,
    #[serde(default)]
    pub(crate) operator: Vec<OperatorAction>,
    pub(crate) duration: DurationText,
    #[serde(default)]
    pub(crate) afterwards: Afterwards,
    pub(crate) variants: Vec<Variant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InPractice {
    pub(crate) system: String,
    pub(crate) what: String,
    pub(crate) source: String,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Afterwards {
    pub(crate) heal: Option<bool>,
    pub(crate) settle: Option<DurationText>,
}
