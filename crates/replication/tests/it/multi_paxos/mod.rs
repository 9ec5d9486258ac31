//! Multi-Paxos as others see it: stories that can be read, and a small random world that checks the paper's invariants.

mod hunt;
mod invariants;
mod stories;
