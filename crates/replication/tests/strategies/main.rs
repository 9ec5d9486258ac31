//! Single-leader and leaderless strategies as others see them: stories that can be read, and small random worlds.

mod abd;
mod leaderless;
mod single_leader;
mod story;
