//! What tests of several strategies share: tellers of stories, clients that notice what can't be, small random worlds, and a
//! check for atomicity.

pub(crate) mod atomicity;
#[path = "../../raft/clients.rs"]
pub(crate) mod clients;
mod setting;
pub(crate) mod shelf;
pub(crate) mod shuffle;
pub(crate) mod story;
pub(crate) mod world;
