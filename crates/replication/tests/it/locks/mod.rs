//! Locks as others see them: a small random world that watches who believes to hold what, and what becomes of the resource.

mod hunt;
mod invariants;
mod stories;
