//! The report through its one door: data in, text out, compared with golden files that a person can read.
//!
//! `BLESS=1 cargo test -p anachron-report` rewrites the golden files; look at what changed before you commit it.

// The library may not touch files; its tests read and bless golden ones.
#![allow(clippy::disallowed_methods)]

mod build;
mod causes;
mod golden;
mod lines;
mod timelines;
