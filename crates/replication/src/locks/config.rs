//! What all nodes of a cluster with locks are told.

use anachron_vocabulary::{Value, VirtualDuration};

use super::{Weakening, Weakenings};

/// How a lock is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// A record with a lease, in a register that the lock nodes replicate (`lease`).
    Lease,
    /// A key with a time to live at a majority of lock nodes that know nothing of each other (`redlock`).
    Redlock,
}

/// All that a cluster is told whose lock nodes run a strategy configured by `S`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config<S> {
    /// What workers and the resource are told.
    pub settings: Settings,
    /// What the lock nodes are told.
    pub lock_service: S,
}

/// What workers and the resource are told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How many of the nodes, the first ones, give locks. The next one is the resource, all others are workers.
    pub lock_nodes: u16,
    /// How a lock is taken.
    pub method: Method,
    /// How long a lock lasts that is not renewed.
    pub ttl: VirtualDuration,
    /// How long a worker works between reading the resource and writing to it.
    pub work_time: VirtualDuration,
    /// How long a worker waits before it asks again for a lock that it did not get; with Redlock, at most.
    pub retry_delay: VirtualDuration,
    /// How long a worker waits before it says again what was not answered.
    pub resend_interval: VirtualDuration,
    /// True if the resource refuses tokens below the greatest that it has seen.
    pub checks_token: bool,
    /// What an object of the resource holds before it is first written.
    pub initial_value: Value,
    /// The known bugs switched on.
    pub weakenings: Weakenings,
}

/// Leases of half a second from three nodes, a resource that checks tokens, no weakening.
impl Default for Settings {
    fn default() -> Self {
        Self {
            lock_nodes: 3,
            method: Method::Lease,
            ttl: VirtualDuration::millis(500),
            work_time: VirtualDuration::millis(5),
            retry_delay: VirtualDuration::millis(20),
            resend_interval: VirtualDuration::millis(50),
            checks_token: true,
            initial_value: Value::Null,
            weakenings: Weakenings::NONE,
        }
    }
}

impl Settings {
    /// Whether a cluster of so many nodes can run with these settings at all.
    ///
    /// # Errors
    /// The setting, and what to change, in a sentence.
    pub fn check(&self, nodes: usize) -> Result<(), (&'static str, &'static str)> {
        if self.lock_nodes == 0 {
            return Err(("lock_nodes", "there must be a node that gives locks"));
        }
        if nodes < usize::from(self.lock_nodes) + 2 {
            return Err((
                "lock_nodes",
                "behind the lock nodes there must be a node for the resource and one for a worker",
            ));
        }
        if self.ttl <= self.drift_allowance() {
            return Err((
                "ttl",
                "a lock must last longer than the allowance for drifting clocks, a hundredth and 2 ms",
            ));
        }
        if self.ttl - self.drift_allowance() <= self.work_time {
            return Err(("work_time", "a lock must last longer than the work under it"));
        }
        if self.resend_interval == VirtualDuration::ZERO || self.retry_delay == VirtualDuration::ZERO {
            return Err(("resend_interval", "pauses must be above zero, or a worker does nothing else"));
        }
        if self.method == Method::Redlock && self.checks_token {
            return Err(("resource", "Redlock gives no tokens that a resource could check"));
        }
        Ok(())
    }

    /// By how much a holder shortens its lease, so that it ends for the holder first: clocks drift. A hundredth and
    /// 2 ms, as in the published Redlock libraries.
    pub(super) fn drift_allowance(&self) -> VirtualDuration {
        VirtualDuration(self.ttl.0 / 100) + VirtualDuration::millis(2)
    }

    pub(super) fn weak(&self, weakening: Weakening) -> bool {
        self.weakenings.contains(weakening)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_run_are_refused() {
        let sound = Settings::default();
        let wrong = |config: Settings| config.check(6).expect_err("it can't run").0;
        assert_eq!(sound.check(5), Ok(()));
        assert_eq!(sound.check(4).expect_err("no worker").0, "lock_nodes");
        assert_eq!(wrong(Settings { lock_nodes: 0, ..sound.clone() }), "lock_nodes");
        assert_eq!(wrong(Settings { ttl: VirtualDuration::millis(2), ..sound.clone() }), "ttl");
        let work_time = sound.ttl;
        assert_eq!(wrong(Settings { work_time, ..sound.clone() }), "work_time");
        assert_eq!(
            wrong(Settings { retry_delay: VirtualDuration::ZERO, ..sound.clone() }),
            "resend_interval"
        );
        assert_eq!(wrong(Settings { method: Method::Redlock, ..sound }), "resource");
    }
}
