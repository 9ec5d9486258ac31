//! The cluster as it is written.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Names, NodeList};
use crate::Latency;
use crate::quantity::{RatioText, SignedDurationText};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cluster {
    pub(crate) nodes: Option<NodeList>,
    #[serde(default)]
    pub(crate) network: Network,
    #[serde(default)]
    pub(crate) clocks: BTreeMap<String, Clock>,
    #[serde(default)]
    pub(crate) disk: Disk,
}

/// The links between nodes, those with clients, and those that differ.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Network {
    pub(crate) latency: Option<Latency>,
    pub(crate) drop: Option<RatioText>,
    pub(crate) duplicate: Option<RatioText>,
    pub(crate) reorder: Option<RatioText>,
    pub(crate) fifo: Option<bool>,
    #[serde(default)]
    pub(crate) clients: LinkSettings,
    #[serde(default)]
    pub(crate) links: Vec<LinkOf>,
}

/// The links with clients. They never duplicate.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkSettings {
    pub(crate) latency: Option<Latency>,
    pub(crate) drop: Option<RatioText>,
    pub(crate) reorder: Option<RatioText>,
    pub(crate) fifo: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkOf {
    pub(crate) from: Names,
    pub(crate) to: Names,
    #[serde(default)]
    pub(crate) both_ways: bool,
    pub(crate) latency: Option<Latency>,
    pub(crate) drop: Option<RatioText>,
    pub(crate) duplicate: Option<RatioText>,
    pub(crate) reorder: Option<RatioText>,
    pub(crate) fifo: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Clock {
    pub(crate) offset: Option<SignedDurationText>,
    pub(crate) drift_ppm: Option<i32>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(crate) struct Disk {
    pub(crate) write: Option<Latency>,
    pub(crate) sync: Option<Latency>,
    #[serde(default)]
    pub(crate) nodes: BTreeMap<String, DiskOf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiskOf {
    pub(crate) write: Option<Latency>,
    pub(crate) sync: Option<Latency>,
}
