//! Parts that several strategies share.

mod sessions;
mod store;
mod weakening;

pub use sessions::{Seen, Sessions};
pub use store::Store;
pub(crate) use weakening::weakenings;
