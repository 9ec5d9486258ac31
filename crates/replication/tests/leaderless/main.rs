//! Leaderless replication in full: siblings, hints, trees, tombstones; stories that can be read, and random worlds.
//!
//! The stories of Lamport stamps and of ABD are told by the `strategies` tests, whose teller of stories this is.

mod random;
mod stories;
#[allow(dead_code)] // shared with other tests, which use the rest
#[path = "../strategies/story.rs"]
mod story;
mod world;
