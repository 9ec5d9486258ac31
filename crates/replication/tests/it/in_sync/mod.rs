//! In-sync replica sets: stories that can be read, and small random worlds.

mod random;
mod stories;
