//! A replica inside another: one strategy as a part of a larger one.
//!
//! Why it exists: a lock service runs on *any* replicated strategy, and total order broadcast runs over a consensus
//! protocol. Both hold a replica of that strategy as a value and let it take steps; what it wants done comes back as
//! data, and the outer replica carries it out in its own messages, records and timers.
//!
//! The inner replica has the outer one's clocks, stream of random numbers and journal: positions are counted through,
//! so what one of them appends moves the other's position on too. That is allowed: positions only ever grow.

use anachron_node::{Context, Effect, Replica, Surroundings};

/// Lets an inner replica take a step on the outer one's node, in a cluster of the first `nodes` nodes. Returns what the
/// step returns, and what the inner replica wants done, in order.
pub fn nested<I: Replica, O: Replica, T>(
    cx: &mut Context<'_, O>,
    nodes: u16,
    step: impl FnOnce(&mut Context<'_, I>) -> T,
) -> (T, Vec<Effect<I>>) {
    let mut effects = Vec::new();
    let mut appended = cx.appended();
    let (node, now, wall_clock, observed) = (cx.me(), cx.now(), cx.wall_clock(), cx.observed());
    let done = step(&mut Context::new(Surroundings {
        node,
        nodes,
        now,
        wall_clock,
        observed,
        appended: &mut appended,
        random: cx.random(),
        effects: &mut effects,
    }));
    (done, effects)
}
