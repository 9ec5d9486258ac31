//! The simulated world: virtual time, network, clocks, disks, processes, clients, faults.
//!
//! Why it exists: to run a replication strategy, unchanged, through years of bad luck in seconds, and to be able to
//! do it again. [`simulate`] takes a [`World`] and a strategy and returns a [`Run`].
//!
//! What it promises:
//! - *Determinism.* No wall clock, no threads, no iteration over hash maps. Virtual time is integer nanoseconds; ties
//!   break by the order of insertion; every entity draws from a stream of its own.
//! - *What a fault does to a message is decided when it would arrive*, so a partition also cuts what is in flight.
//! - *Durability is explicit*: a crash keeps what was synced, and of the rest what the fault says.
//! - *Nobody but the observer sees true time*: replicas are shown their own clocks.
//! - *Idle time is free*: nothing polls; cost follows events.
//! - *Three outcomes*: a time-out is unknown, a definite refusal is failed, and they are never confused.
//!
//! Left out on purpose: bandwidth, queueing and processing time (a handler takes no time). A disk that
//! reports an error is [`Fault::CrashWriting`]: its node stops.

mod check;
mod client;
mod clock;
mod config;
mod distribution;
mod fault;
mod journal;
mod network;
pub mod plan;
mod process;
mod queue;
mod run;
mod simulation;
mod streams;
mod workload;

pub use config::{
    AfterTimeout, Afterwards, ClientPlan, ClockSettings, DiskSettings, Generated, Link, NodeChoice,
    OperationKind, OperatorAction, Retry, ScriptedOperation, SpecialLink, Values, Workload, World,
};
pub use distribution::Distribution;
pub use fault::{Fault, ScheduledFault, UnsyncedTail};
pub use run::{Rest, Run, Statistics, simulate};
