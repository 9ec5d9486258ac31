//! Single-leader and leaderless strategies as others see them: stories that can be read, and small random worlds.

// The library may not touch files; its tests read and bless golden ones.
#![allow(clippy::disallowed_methods)]

mod shuffle;
mod single_leader;
mod story;
