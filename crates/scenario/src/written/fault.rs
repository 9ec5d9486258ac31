//! Faults as they are written: a time, an end, a label, and exactly one action.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Names;
use super::unions::NamesVisitor;
use crate::quantity::{DurationText, RatioText, SignedDurationText};
use crate::{Latency, Unsynced};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Fault {
    pub(crate) at: DurationText,
    pub(crate) until: Option<DurationText>,
    pub(crate) label: Option<String>,
    pub(crate) partition: Option<Vec<Vec<String>>>,
    pub(crate) cut: Option<Cut>,
    pub(crate) isolate: Option<Names>,
    pub(crate) slow_link: Option<SlowLink>,
    pub(crate) lossy: Option<Lossy>,
    pub(crate) duplicating: Option<Duplicating>,
    pub(crate) reordering: Option<Reordering>,
    pub(crate) flapping: Option<Flapping>,
    pub(crate) crash: Option<Crash>,
    pub(crate) pause: Option<Names>,
    pub(crate) clock_step: Option<ClockStep>,
    pub(crate) clock_drift: Option<ClockDrift>,
    pub(crate) clock_freeze: Option<Names>,
    pub(crate) slow_disk: Option<SlowDisk>,
    pub(crate) lying_sync: Option<Names>,
}

/// A fault of some links: which links, and what happens to them.
macro_rules! link_fault {
    ($name:ident { $($field:ident : $type:ty),* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            pub(crate) from: Names,
            pub(crate) to: Names,
            #[serde(default)]
            pub(crate) both_ways: bool,
            $(pub(crate) $field: $type,)*
        }
    };
}

link_fault!(Cut {});
link_fault!(SlowLink { extra: Latency });
link_fault!(Lossy { drop: RatioText });
link_fault!(Duplicating { duplicate: RatioText });
link_fault!(Reordering { reorder: RatioText });
link_fault!(Flapping { period: DurationText, down: RatioText });

/// A crash: `"n1"`, `["n1", "n2"]` or an object with details.
pub(crate) struct Crash {
    pub(crate) nodes: Names,
    /// True if it is written as an object, so that the nodes' path has a field.
    pub(crate) detailed: bool,
    pub(crate) restart: Option<DurationText>,
    pub(crate) unsynced: Option<Unsynced>,
    pub(crate) wipe: bool,
}

impl<'de> Deserialize<'de> for Crash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Details {
            nodes: Names,
            restart: Option<DurationText>,
            unsynced: Option<Unsynced>,
            #[serde(default)]
            wipe: bool,
        }

        struct CrashVisitor;

        impl CrashVisitor {
            fn plain(nodes: Names) -> Crash {
                Crash { nodes, detailed: false, restart: None, unsynced: None, wipe: false }
            }
        }

        impl<'de> Visitor<'de> for CrashVisitor {
            type Value = Crash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a name, a list of names, or an object such as {\"nodes\": \"n1\", \"restart\": \"80ms\"}",
                )
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Crash, E> {
                NamesVisitor.visit_str(name).map(Self::plain)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Crash, A::Error> {
                NamesVisitor.visit_seq(items).map(Self::plain)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Crash, A::Error> {
                let Details { nodes, restart, unsynced, wipe } =
                    Details::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Crash { nodes, detailed: true, restart, unsynced, wipe })
            }
        }

        deserializer.deserialize_any(CrashVisitor)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockStep {
    pub(crate) nodes: Names,
    pub(crate) by: SignedDurationText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockDrift {
    pub(crate) nodes: Names,
    pub(crate) drift_ppm: i32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SlowDisk {
    pub(crate) nodes: Names,
    pub(crate) extra: Latency,
}
