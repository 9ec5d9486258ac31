//! What tests of several strategies share: clients that notice what can't be, stories, and a small random world.

#[path = "../raft/clients.rs"]
pub(crate) mod clients;
mod setting;
pub(crate) mod stories;
pub(crate) mod world;
