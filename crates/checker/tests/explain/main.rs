//! Explanations: the words against golden files, the proofs against a brute force and an inference of their own.

// The library may not touch files; its tests read and bless golden ones.
#![allow(clippy::disallowed_methods)]

mod amid;
mod golden;
mod inference;
mod notation;
mod objects;
mod oracle;
mod pages;
mod random;
mod recheck;
mod shares;
