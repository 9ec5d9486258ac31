//! Viewstamped Replication as others see it: stories that can be read, and a small random world that checks the paper's
//! invariants.

// The library may not touch files; its tests read and bless golden ones.
#![allow(clippy::disallowed_methods)]

mod hunt;
mod invariants;
#[path = "../kit/mod.rs"]
mod kit;
mod stories;
