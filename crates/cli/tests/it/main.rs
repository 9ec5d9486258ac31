//! The binary through its only door: text in, text out.
//!
//! Every test runs the real `anachron`. What people read is held against `tests/golden/*.txt` (see [`harness`]); what
//! programs and shells rely on (exit codes, JSON Lines, quoting, signals) is checked for itself.

mod catalogue;
mod certificates;
mod check;
mod course;
#[cfg(target_os = "linux")]
mod growing;
mod harness;
mod hostile;
mod json_lines;
mod levels;
mod looks;
mod matrix;
mod run;
mod shell;
#[cfg(target_os = "linux")]
mod streams;
mod sweep;
mod words;
