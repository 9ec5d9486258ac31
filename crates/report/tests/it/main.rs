//! The report through its one door: data in, text out, compared with golden files that a person can read.
//!
//! `BLESS=1 cargo test -p anachron-report` rewrites the golden files; look at what changed before you commit it.

mod build;
mod causes;
mod golden;
mod lines;
mod timelines;
