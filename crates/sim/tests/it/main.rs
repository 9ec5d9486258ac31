//! The simulator from outside: worlds in, runs and traces out.
//!
//! Every module holds the simulator against one promise of its documentation. The replicas are written here, small
//! enough to be judged by eye: a [`kit::puppet`] that does what a test tells it, a [`kit::chatter`] that counts, and
//! a [`kit::store`] that is a real (if modest) primary-backup register and lock.

mod kit;

mod afterwards;
mod clients;
mod clocks;
mod determinism;
mod disks;
mod golden;
mod hostile;
mod network;
mod plans;
mod processes;
mod random_worlds;
mod rates;
mod what_if;
mod workloads;
