//! Multi-leader replication: stories that can be read, and random worlds.
//!
//! The teller of stories is that of the `strategies` tests, the world of writers that of the `leaderless` ones.

mod random;
mod stories;
#[allow(dead_code)] // shared with other tests, which use the rest
#[path = "../strategies/story.rs"]
mod story;
#[path = "../leaderless/world.rs"]
mod world;
