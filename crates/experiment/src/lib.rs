//! Composition: lower a scenario into a world, run it, judge it, explain it, sweep seeds.
//!
//! Why it exists: this is the one place where all the parts meet. A [`Trial`] is what becomes of one variant of a
//! scenario under one seed; a [`Sweep`](sweep::sweep) is what becomes of it under many, and [`catalogue`] says whether
//! that is what the scenario expects.
//!
//! What it promises:
//! - A trial is *version + scenario + variant + seed*: the same four give the same trial, on any number of threads.
//! - Threads and the wall clock exist here and above, never below: they decide when to stop, never what is found.
//! - Strategies are found by name in one table ([`strategy::STRATEGIES`]); strategies from outside come in a table of
//!   their own ([`Experiment::with_strategies`]) and get verdicts, reports and sweeps like the rest:
//!   `examples/own-strategy` is one.

pub mod campaign;
pub mod catalogue;
pub mod cost;
pub mod figures;
pub mod judge;
pub mod lower;
pub mod matrix;
pub mod memory;
pub mod strategy;
pub mod sweep;
mod trial;
pub mod watch;

pub use trial::{Experiment, ExperimentError, Trial};
