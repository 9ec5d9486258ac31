//! Multi-leader replication: stories that can be read, and random worlds.
//!
//! The world of writers is that of the `leaderless` tests.

mod random;
mod stories;
