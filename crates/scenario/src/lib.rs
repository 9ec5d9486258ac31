//! The experiment on paper: what a scenario file says, checked and with every name resolved.
//!
//! Why it exists: a story (a cluster, what clients do, what goes wrong) is written once and run under several
//! strategies, so that an anomaly and its cure stand side by side. The file is JSON, meant to be written by a
//! teacher, and described for editors by `scenarios/schema.json`.
//!
//! What it promises:
//! - [`Scenario::parse`] accepts a text or says everything that is wrong with it: line, column, path, what was
//!   expected. It never panics, whatever the text.
//! - A [`Scenario`] is complete and consistent: names are resolved to numbers, defaults are filled in, times are in
//!   order and within the run. Whoever lowers it into a simulator asks no further questions.
//! - Quantities are exact: durations in integer nanoseconds, probabilities as integer ratios.
//!
//! What it leaves out on purpose: the simulator, the strategies and their options (kept as raw JSON, judged by
//! whoever knows the strategy), and the judge. It knows words only.

mod client;
mod cluster;
mod error;
mod fault;
mod json;
mod latency;
mod model;
mod nearest;
mod path;
mod plan;
mod quantity;
mod resolve;
mod scenario;
#[cfg(test)]
mod schema_agreement;
mod variant;
mod written;

pub use client::{
    AfterTimeout, Client, NodeChoice, Retry, ScriptedOperation, Task, ValueSource, WeightedKey, Workload,
    WorkloadMix,
};
pub use cluster::{Clock, Cluster, Disk, Endpoint, Link, LinkChange, Network};
pub use error::{ScenarioError, ScenarioErrors};
pub use fault::{Fault, FaultAction, Links, Unsynced};
pub use latency::Latency;
pub use model::{Model, OperationKind};
pub use nearest::nearest;
pub use plan::{FaultPlan, PlannedFault, PlannedKind};
pub use quantity::{Fraction, parse_duration};
pub use scenario::{Afterwards, InPractice, OperatorAction, Order, Scenario};
pub use variant::{
    Available, Completes, Expectation, ExpectedLevel, ExpectedVerdict, Occurs, SeedRange, Strategy, Variant,
};
