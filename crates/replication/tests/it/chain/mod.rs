//! Chain replication and CRAQ as others see them: stories that can be read, and small random worlds.

mod random;
mod shuffle;
mod stories;
