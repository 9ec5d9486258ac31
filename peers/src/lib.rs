//! Anachron's judge beside the linearizability checkers that are published as crates, on the same histories.
//!
//! Why it exists: "fast" means nothing alone. Every checker here gets the same history, in the form that its own
//! documentation asks for, with the tightest sequential specification that we could write for it, and runs alone in
//! a process of its own under the same limits on time and memory.
//!
//! What it promises:
//! - the histories come from the judge's own public generator and follow from a seed; each process reports a
//!   fingerprint of what it was given, and they must agree;
//! - two decided verdicts on one history must agree, and no checker may call a history that is linearizable by
//!   construction not linearizable: otherwise the run stops and names the seed and the cell;
//! - the report is generated whole, the conclusion too: rows in which Anachron is not ahead are found, not chosen.
//!
//! Left out of the comparison on purpose: parsing (the histories are made in memory; [`whole`] times the program from a
//! file), and crates that take no recorded history (see
//! [`checkers::NOT_COMPARED`]).

pub mod calls;
pub mod cell;
pub mod checkers;
mod conclusion;
pub mod family;
pub mod figures;
pub mod race;
pub mod report;
pub mod sequential;
pub mod whole;
