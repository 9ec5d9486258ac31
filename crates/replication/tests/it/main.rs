//! Strategies as others see them: one folder a family, with its stories, which can be read, and its small random worlds.
//!
//! Raft has tests of its own beside these. `kit` is what families share.

// The library may not touch files; its tests read and bless golden ones.
#![allow(clippy::disallowed_methods)]

mod abd;
mod chain;
mod in_sync;
mod kit;
mod leaderless;
mod locks;
mod multi_leader;
mod multi_paxos;
mod single_leader;
mod total_order;
mod viewstamped;
