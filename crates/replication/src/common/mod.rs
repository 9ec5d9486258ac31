//! Parts that several strategies share.

mod lamport;
mod quorum;
mod registers;
mod sessions;
mod store;
mod weakening;

pub use lamport::{LamportClock, Stamp};
pub use quorum::{Quorum, majority};
pub use registers::{Order, Registers, Stamped, Storing};
pub use sessions::{Seen, Sessions};
pub use store::Store;
pub(crate) use weakening::weakenings;
