//! How much a check may spend, and who may stop it.
//!
//! Why it exists: deciding linearizability is NP-complete (Gibbons and Korach 1997), so any search needs an end
//! that the caller sets. This crate has no clock and no threads: wall-clock time and interrupts reach it through a
//! callback.

use std::fmt;

/// Which limit ended a search.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Limit {
    /// The number of configurations.
    Configurations,
    /// The memory for configurations.
    Memory,
    /// The caller's callback said stop: out of time, or interrupted.
    Stopped,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configurations => "the limit on configurations",
            Self::Memory => "the limit on memory",
            Self::Stopped => "the caller's limit on time",
        })
    }
}

/// How often the callback is asked: once every this many configurations.
pub(crate) const POLL_INTERVAL: u64 = 1024;

/// What one check may spend.
pub struct Budget<'a> {
    /// Configurations that may be explored.
    pub configurations: u64,
    /// Bytes that the search's tables may take.
    pub memory: usize,
    stop: Option<&'a mut dyn FnMut() -> bool>,
}

impl Default for Budget<'_> {
    /// No limit on configurations, 4 GiB of memory, nobody to stop it.
    fn default() -> Self {
        Self { configurations: u64::MAX, memory: 4 << 30, stop: None }
    }
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("configurations", &self.configurations)
            .field("memory", &self.memory)
            .finish_non_exhaustive()
    }
}

impl<'a> Budget<'a> {
    /// No limit on configurations, 4 GiB of memory, and a callback that stops the check by answering true. It is
    /// asked about every thousand configurations.
    pub fn with_stop(stop: &'a mut dyn FnMut() -> bool) -> Self {
        Self { stop: Some(stop), ..Self::default() }
    }

    /// The same budget with at most this many configurations.
    #[must_use]
    pub fn configurations(mut self, configurations: u64) -> Self {
        self.configurations = configurations;
        self
    }

    /// The same budget with at most this many bytes.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Asks the callback.
    pub(crate) fn stopped(&mut self) -> bool {
        self.stop.as_mut().is_some_and(|stop| stop())
    }
}
