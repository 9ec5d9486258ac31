//! Single-leader and leaderless strategies as others see them: stories that can be read, and small random worlds.

mod abd;
mod abd_random;
mod atomicity;
mod in_sync;
mod in_sync_random;
mod leaderless;
mod leaderless_random;
mod shuffle;
mod single_leader;
mod single_leader_random;
mod story;
