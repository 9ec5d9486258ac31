//! What the clients saw: operations with their calls and returns, and the real-time order between them.
//!
//! Why it exists: a history is the only thing that the judge is shown. It comes from the simulator or from a file
//! of a real system, and from here on nobody can tell which.
//!
//! Real-time order (Herlihy and Wing 1990, section 2): operation i precedes j only if i returned strictly before j
//! was called. Equal times are concurrent. An operation whose outcome is unknown never returns.
//!
//! How histories are read from files and written to them is told in [`format`](mod@format).

pub mod format;
mod names;
mod record;

pub use format::{Format, Heard, LineReader, ParseError, Parsed, parse, write_json_lines};
pub use names::Names;
pub use record::{History, Malformed, Record, TimeUnit, Timestamp};
