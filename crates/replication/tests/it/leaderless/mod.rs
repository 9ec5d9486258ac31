//! Leaderless replication: last-writer-wins registers, and the family in full (siblings, hints, trees, tombstones); stories
//! that can be read, and random worlds.

mod random;
mod registers;
mod registers_random;
mod stories;
pub(crate) mod world;
