//! The fault plan as it is written: an object a kind.

use serde::Deserialize;

use crate::quantity::{DurationText, RatioText};
use crate::{Latency, Unsynced};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FaultPlan {
    pub(crate) from: Option<DurationText>,
    pub(crate) until: Option<DurationText>,
    pub(crate) max_down: Option<u16>,
    pub(crate) max_crashed: Option<u16>,
    pub(crate) kinds: Kinds,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Kinds {
    pub(crate) partition: Option<Plain>,
    pub(crate) cut: Option<Plain>,
    pub(crate) isolate: Option<Plain>,
    pub(crate) bridge: Option<Plain>,
    pub(crate) slow_link: Option<Slow>,
    pub(crate) lossy: Option<Lossy>,
    pub(crate) duplicating: Option<Duplicating>,
    pub(crate) reordering: Option<Reordering>,
    pub(crate) flapping: Option<Flapping>,
    pub(crate) crash: Option<Crash>,
    pub(crate) pause: Option<Plain>,
    pub(crate) clock_step: Option<ClockStep>,
    pub(crate) clock_drift: Option<ClockDrift>,
    pub(crate) clock_freeze: Option<Plain>,
    pub(crate) slow_disk: Option<Slow>,
    pub(crate) lying_sync: Option<Plain>,
    pub(crate) crash_writing: Option<Crash>,
    pub(crate) crash_syncing: Option<Crash>,
    pub(crate) crash_all: Option<Crash>,
}

/// A rhythm, and what the kind needs besides.
macro_rules! recurring {
    ($name:ident { $($field:ident : $type:ty),* }) => {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            pub(crate) every: DurationText,
            pub(crate) lasting: DurationText,
            $(pub(crate) $field: $type,)*
        }
    };
}

recurring!(Plain {});
recurring!(Slow { extra: Latency });
recurring!(Lossy { drop: RatioText });
recurring!(Duplicating { duplicate: RatioText });
recurring!(Reordering { reorder: RatioText });
recurring!(Flapping { period: DurationText, down: RatioText });
recurring!(Crash { unsynced: Option<Unsynced> });
recurring!(ClockDrift { at_most_ppm: u32 });

/// A step has no length.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockStep {
    pub(crate) every: DurationText,
    pub(crate) at_most: DurationText,
}
