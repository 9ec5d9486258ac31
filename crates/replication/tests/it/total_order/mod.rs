//! Total order broadcast as others see it: stories that can be read, and small random worlds.

mod consensus_stories;
mod random;
mod shuffle;
mod stories;
