//! Explanations: the words against golden files, the proofs against a brute force and an inference of their own.

mod golden;
mod inference;
mod notation;
mod oracle;
mod pages;
mod random;
mod recheck;
