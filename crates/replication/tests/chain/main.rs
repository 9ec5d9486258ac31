//! Chain replication and CRAQ as others see them: stories that can be read, and small random worlds.
//!
//! The teller of stories and the check for atomicity are those of the `strategies` tests.

#[path = "../strategies/atomicity.rs"]
mod atomicity;
mod random;
mod shuffle;
mod stories;
#[path = "../strategies/story.rs"]
mod story;
