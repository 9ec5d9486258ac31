//! The replication strategies, one folder each, and their named weakenings.
//!
//! Every strategy is a [`Replica`](anachron_node::Replica): a state machine without I/O. One strategy never imports
//! another; what they share (the replicated objects, sessions, clocks, quorums) lives in [`common`].
//!
//! A *weakening* is a known bug as a named switch of a strategy, with its source. It is off unless a scenario asks.

pub mod abd;
pub mod chain;
pub mod common;
pub mod leaderless;
pub mod locks;
pub mod multi_leader;
pub mod multi_paxos;
pub mod raft;
pub mod single_leader;
pub mod total_order;
pub mod viewstamped;
