//! The text formats through their one door: text in, text out.
//!
//! `BLESS=1 cargo test -p anachron-history` rewrites the golden files; look at what changed before you commit it.

// The library may touch neither files nor clocks; its tests read files and limit time.
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]
// Inputs are built the short way: their cost doesn't matter here.
#![allow(clippy::format_collect)]

mod corpus;
mod errors;
mod golden;
mod hostile;
mod json_reference;
mod round_trip;
mod streams;
