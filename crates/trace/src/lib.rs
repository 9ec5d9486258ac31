//! What an omniscient observer saw, and the run's fingerprint.
//!
//! Why it exists: a history holds only what clients know. To tell *why* a replica answered as it did, a person needs
//! the messages, the crashes and the roles as well. The judge never sees a trace.
//!
//! What it promises:
//! - [`Fingerprint`]: a 128-bit hash over every event of a run in order. Same version, scenario, variant and seed:
//!   same fingerprint, whatever the machine, the thread count or the build profile.
//! - [`Observer`]: a run that nobody looks at makes no events; see [`Blind`].
//!
//! Left out on purpose: any meaning of a message; it arrives here as a label that the strategy's `Debug` wrote.

mod event;
mod fingerprint;
mod observer;

pub use event::{Endpoint, Event, Happening, Loss, MessageId};
pub use fingerprint::{Fingerprint, FingerprintError, FingerprintHasher};
pub use observer::{Attention, Blind, Observer, Recorder};
