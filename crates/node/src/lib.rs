//! The sans-IO contract of a replica: inputs, effects, context.
//!
//! Why it exists: a replication strategy is a state machine. It is handed an input (start, client request, message,
//! timer, disk completion, an operator's command) and writes effects (send, reply, append, sync, send or reply
//! *after sync*, set timer, note) into a buffer that its driver owns. It holds no clock, no randomness and no I/O of
//! its own, so the same type runs in the simulator, under a scripted test, in an exhaustive explorer, or behind an
//! adapter to real sockets.
//!
//! What it promises:
//! - *Effects are data.* They can be traced, dropped, reordered and hashed. No step has to allocate.
//! - *Durability is in the type.* "Persist before reply" is an effect of its own ([`Context::reply_after_sync`]), as
//!   etcd's asynchronous storage writes made it. Recovery always goes through [`Replica::boot`], fresh start and
//!   restart alike, so a forgotten sync is a bug that a sweep finds.
//! - *Time is the node's own.* Timers and [`Context::now`] follow the node's monotonic clock, which may drift;
//!   [`Context::wall_clock`] may jump. Nobody but the observer sees true time.
//!
//! Left out on purpose: the meaning of operations, any network, truncating the journal in place (write a record
//! that says so), and a membership that changes.
//!
//! A strategy outside this workspace depends on this crate and `anachron-vocabulary`, implements [`Replica`], and is
//! run by the library like the built-in ones.

mod context;
mod disk;
pub mod driver;
mod random;
mod replica;
mod request;

pub use context::{Context, Effect, Surroundings};
pub use disk::{Disk, Position};
pub use random::Random;
pub use replica::{Applied, OperatorCommand, Replica, View};
pub use request::{Answer, Refusal, Request, RequestId};
