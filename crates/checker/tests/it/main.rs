//! The checker through its public door.

// The library may touch no files; its tests read the corpus and the catalogue.
#![allow(clippy::disallowed_methods)]

mod catalogue;
mod cores;
mod corpus;
mod limits;
mod minimum;
mod notation;
mod own_specification;
mod rules;
mod verifier;
mod width;
