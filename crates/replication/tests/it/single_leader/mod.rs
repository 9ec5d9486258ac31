//! A single leader with a replication log: stories that can be read, and small random worlds.

mod random;
mod stories;
