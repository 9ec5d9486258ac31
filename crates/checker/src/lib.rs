//! Decides whether a history is linearizable, and proves it either way.
//!
//! Why it exists: clients saw what they saw; this crate says whether one object, used by one client at a time in
//! some order that respects real time, could have shown it to them (Herlihy and Wing 1990).
//!
//! What it promises:
//! - three verdicts, each with what backs it (see [`Verdict`]), re-checkable by [`verify`];
//! - determinism: the same history and budget give the same verdict, certificate and counts on every machine;
//! - no clock, no threads: the caller runs the [`Part`]s of a history on as many threads as it likes.

mod budget;
pub mod explain;
mod model;
mod object;
mod part;
mod specification;
mod verdict;
pub mod verify;

pub use budget::{Budget, Limit};
pub use model::Model;
pub use object::{Object, ObjectState};
pub use part::{CheckOptions, Part, Problem, WrongOperation, partition};
pub use specification::Specification;
pub use verdict::{
    Core, CoreOperation, Decision, Judgement, Kept, Order, PartVerdict, Progress, Road, Verdict, combine,
};
