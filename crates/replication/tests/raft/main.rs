//! Raft as others see it: stories that can be read, and a small random world that checks the paper's invariants.

// The library may not touch files; its tests read and bless golden ones.
#![allow(clippy::disallowed_methods)]

mod clients;
mod feature_stories;
mod hunt;
mod invariants;
mod mixture;
mod stories;
mod world;
