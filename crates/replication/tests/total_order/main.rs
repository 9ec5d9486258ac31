//! Total order broadcast as others see it: stories that can be read, and small random worlds.
//!
//! The teller of stories and the check for atomicity are those of the `strategies` tests.

#[path = "../strategies/atomicity.rs"]
mod atomicity;
mod consensus_stories;
mod random;
mod shuffle;
mod stories;
#[path = "../strategies/story.rs"]
mod story;
