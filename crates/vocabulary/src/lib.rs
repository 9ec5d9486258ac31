//! The words that every part of Anachron shares, and nothing else.
//!
//! Why it exists: strategies, the simulator and the judge must speak of the same operations without knowing
//! each other. This crate holds the nouns only; what an operation *means* is decided twice, on purpose: once by
//! the replicas (`replication`) and once by the judge (`checker`), so that neither can excuse the other.
//!
//! One word, one meaning:
//! - an [`Operation`] is what a client asks of one object, named by a [`Key`]; it has a call and, perhaps, a return;
//! - its [`Outcome`] is *ok* with a [`Reply`], *failed* (it certainly did not happen) or *unknown* (nobody knows);
//! - [`VirtualTime`] is the simulation's own time, in integer nanoseconds since the start of the run.
//!
//! Left out on purpose: text formats (`history`), anything with state.

mod ids;
mod operation;
mod ratio;
mod time;

pub use ids::{ClientId, Key, NodeId, OperationId};
pub use operation::{Operation, Outcome, Reply, Value};
pub use ratio::{Ratio, RatioError};
pub use time::{VirtualDuration, VirtualTime};
