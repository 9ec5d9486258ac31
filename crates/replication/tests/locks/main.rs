//! Locks as others see them: a small random world that watches who believes to hold what, and what becomes of the resource.

// The library may not touch files; its tests read and bless golden ones.
#![allow(clippy::disallowed_methods)]

mod hunt;
mod invariants;
#[path = "../kit/mod.rs"]
mod kit;
mod stories;
