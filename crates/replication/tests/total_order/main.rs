//! Total order broadcast as others see it: stories that can be read, and small random worlds.

#[path = "../strategies/atomicity.rs"]
mod atomicity;
mod random;
mod shuffle;
