//! Decides whether a history is linearizable, and proves it either way.
//!
//! Why it exists: clients saw what they saw; this crate says whether one object, used by one client at a time in
//! some order that respects real time, could have shown it to them (Herlihy and Wing 1990).
//!
//! What it promises:
//! - three verdicts, each with what backs it (see [`Verdict`]), re-checkable by [`verify`];
//! - determinism: the same history and budget give the same verdict, certificate and counts on every machine;
//! - no clock, no threads: the caller runs the [`Part`]s of a history on as many threads as it likes.
//!
//! ```
//! use anachron_checker::{CheckOptions, Decision, Model, check};
//! use anachron_history::History;
//!
//! let judgement = check(&History::default(), &CheckOptions::new(Model::Register))?;
//! assert_eq!(judgement.decision(), Decision::Linearizable);
//! # Ok::<(), anachron_checker::WrongOperation>(())
//! ```

mod budget;
mod call_order;
mod chains;
pub mod collections;
mod components;
pub mod explain;
mod instance;
pub mod levels;
mod locks;
mod machine;
mod model;
mod necessary;
mod object;
pub mod online;
#[cfg(test)]
mod oracle;
mod part;
mod roads;
mod search;
mod shrink;
mod specification;
mod table;
pub mod testing;
mod texts;
mod tokens;
mod verdict;
pub mod verify;
mod versions;
mod zones;

pub use budget::{Budget, Limit};
pub use model::Model;
pub use object::{Object, ObjectState};
pub use part::{CheckOptions, Part, Problem, WrongOperation, check, check_within, partition};
pub use roads::{Event, check_specification};
pub use specification::Specification;
pub use verdict::{
    Core, CoreOperation, Decision, Judgement, Kept, Order, PartVerdict, Progress, Road, Start, Verdict,
    combine,
};
