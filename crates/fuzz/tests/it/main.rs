//! The corpus and inputs made from it, against every target.

mod corpus;
mod mutated;
mod targets;
