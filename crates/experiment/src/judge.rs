//! Judges a history: every object apart, on as many threads as there are, until the time is up.
//!
//! The checker knows neither threads nor clocks. Here they decide when to stop and who works, never what is found:
//! verdicts are put together in the order of the keys.

use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anachron_checker::{
    Budget, CheckOptions, Judgement, Part, PartVerdict, WrongOperation, combine, partition,
};
use anachron_history::History;

use crate::memory::free_memory;

/// What judging one history may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Wall-clock time; `None` is no limit.
    pub time: Option<Duration>,
    /// Bytes that the tables of the search may take, over all threads.
    pub memory: usize,
    /// How many threads.
    pub threads: NonZeroUsize,
}

impl Default for Limits {
    /// A minute, half of the memory that is free, every core.
    fn default() -> Self {
        Self { time: Some(Duration::from_mins(1)), memory: free_memory() / 2, threads: cores() }
    }
}

/// How many threads can run at once.
pub fn cores() -> NonZeroUsize {
    thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)
}

/// A history below this size is judged on the caller's thread: starting others would take longer.
const WORTH_A_THREAD: usize = 2_000;

/// Judges a history. `interrupted` ends the search early; what is not decided by then is *undecided*.
///
/// # Errors
/// The first operation that the model can't judge.
pub fn judge(
    history: &History,
    options: &CheckOptions,
    limits: Limits,
    interrupted: &AtomicBool,
) -> Result<Judgement, WrongOperation> {
    let parts = partition(history, options)?;
    let deadline = limits.time.map(|time| Instant::now() + time);
    let stop =
        || interrupted.load(Ordering::Relaxed) || deadline.is_some_and(|deadline| Instant::now() >= deadline);
    let threads = limits.threads.get().min(parts.len()).max(1);
    let check = |part: &Part<'_>| -> PartVerdict {
        let mut stop = stop;
        part.check(&mut Budget::with_stop(&mut stop).memory(limits.memory / threads))
    };
    if threads == 1 || history.records.len() < WORTH_A_THREAD {
        return Ok(combine(parts.iter().map(check).collect()));
    }
    let next = AtomicUsize::new(0);
    let verdicts = Mutex::new(Vec::with_capacity(parts.len()));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut own = Vec::new();
                while let Some(part) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                    own.push(check(part));
                }
                verdicts.lock().expect("no thread panics while it holds the lock").append(&mut own);
            });
        }
    });
    Ok(combine(verdicts.into_inner().expect("no thread panicked")))
}
