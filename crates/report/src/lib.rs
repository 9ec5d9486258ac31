//! Text, JSON Lines and JUnit XML from data; decides nothing.
//!
//! Why it exists: a verdict is worth what its reader understands of it. This crate turns a history, a trace and a
//! verdict into what people and programs read.
//!
//! What it promises:
//! - the same data and [`Style`] give the same bytes, anywhere;
//! - foreign text (key names, values, client names, labels) is escaped before it is shown; see [`text::safe`];
//! - the cause chain is told from the trace and labelled as a story: the proof is the verdict's, not this crate's.
//!
//! Left out on purpose: printing (`cli`), and any judgement.

mod cause;
pub mod certificate;
pub mod jsonl;
pub mod junit;
pub mod ladder;
pub mod matrix;
pub mod number;
mod style;
pub mod text;
mod timeline;
pub mod verdict;
mod words;

pub use cause::{CauseLine, MOST_LINES, cause};
pub use style::Style;
pub use timeline::{Marks, NodeName, Picture, Window, timeline};
pub use words::moment;
