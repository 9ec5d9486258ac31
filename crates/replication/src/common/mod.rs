//! Parts that several strategies share.

mod sessions;
mod store;

pub use sessions::{Seen, Sessions};
pub use store::Store;
