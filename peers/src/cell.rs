//! One cell of the tables: one checker, one history, one process.
//!
//! Why it exists: a checker that runs out of time or memory, or overflows its stack, takes only its own process with
//! it. The child speaks on standard output, two lines: `ready` when the history is in the checker's form, then what came
//! of the check. The parent holds it to the limits (see [`race`](crate::race)).

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::time::{Duration, Instant};

use anachron_history::History;

use crate::checkers::{Answer, Checker, Limits, prepare};
use crate::family::Family;

/// A cell that takes less than this, preparation and all, is run again, for the fastest of several.
const WORTH_REPEATING: Duration = Duration::from_millis(100);
/// How often at most.
const RUNS: u32 = 5;

/// What to run.
#[derive(Clone, Debug)]
pub struct Cell {
    /// By whom.
    pub checker: Checker,
    /// Which family.
    pub family: &'static Family,
    /// How many clients at once.
    pub concurrency: usize,
    /// How many operations.
    pub operations: usize,
    /// The history's seed.
    pub seed: u64,
}

/// What a cell's process says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// The history has this fingerprint and is in the checker's form.
    Ready {
        /// Of the history as it was generated.
        fingerprint: u64,
    },
    /// The checker has no words for it.
    CanNotExpress,
    /// The check came to an end.
    Done {
        /// Its verdict.
        answer: Answer,
        /// How long it took; the fastest of several if it was quick.
        time: Duration,
        /// The largest resident memory of the process during the first check, in KiB.
        peak: u64,
    },
}

impl Said {
    /// As a line of text.
    pub fn line(self) -> String {
        match self {
            Self::Ready { fingerprint } => format!("ready {fingerprint}"),
            Self::CanNotExpress => "can-not-express".to_owned(),
            Self::Done { answer, time, peak } => {
                format!("done {} {} {peak}", answer.name(), time.as_nanos())
            }
        }
    }

    /// From a line of text.
    pub fn parse(line: &str) -> Option<Self> {
        match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["ready", fingerprint] => Some(Self::Ready { fingerprint: fingerprint.parse().ok()? }),
            ["can-not-express"] => Some(Self::CanNotExpress),
            ["done", answer, nanoseconds, peak] => Some(Self::Done {
                answer: Answer::from_name(answer)?,
                time: Duration::from_nanos(nanoseconds.parse().ok()?),
                peak: peak.parse().ok()?,
            }),
            _ => None,
        }
    }
}

impl Cell {
    fn history(&self) -> History {
        self.family.history(self.concurrency, self.operations, self.seed)
    }

    /// Runs the cell in this process and says on standard output what comes of it.
    ///
    /// # Errors
    /// When standard output is closed.
    pub fn run(&self, limits: Limits) -> io::Result<()> {
        let say = |said: Said| -> io::Result<()> {
            let mut out = io::stdout().lock();
            writeln!(out, "{}", said.line())?;
            out.flush()
        };
        let started = Instant::now();
        let history = self.history();
        let fingerprint = fingerprint(&history);
        let Some(mut prepared) = prepare(self.checker, self.family.model, history, limits) else {
            return say(Said::CanNotExpress);
        };
        // The peak of what went before is not the check's.
        let _ = fs::write("/proc/self/clear_refs", "5");
        say(Said::Ready { fingerprint })?;
        let (mut fastest, answer) = prepared();
        let peak = status_kib("self", "VmHWM:").unwrap_or(0);
        if started.elapsed() < WORTH_REPEATING {
            for _ in 1..RUNS {
                prepared = prepare(self.checker, self.family.model, self.history(), limits)
                    .expect("it could express it before");
                let (time, again) = prepared();
                assert_eq!(again, answer, "the same history, the same verdict");
                fastest = fastest.min(time);
            }
        }
        say(Said::Done { answer, time: fastest, peak })
    }
}

/// A field of /proc/PROCESS/status in KiB. `None` where the system has no such file or the process is gone.
pub(crate) fn status_kib(process: &str, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.split_whitespace().next()?.parse().ok()
}

/// A number that differs if two histories do: proof that every checker got the same one. It is only compared between
/// processes of one build.
fn fingerprint(history: &History) -> u64 {
    let mut hasher = DefaultHasher::new();
    for record in &history.records {
        (record.client, record.key, &record.operation, record.call.0).hash(&mut hasher);
        (record.end.map(|end| end.0), &record.outcome).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_cell_says_is_read_back() {
        let time = Duration::from_nanos(12_345);
        for said in [
            Said::Ready { fingerprint: u64::MAX },
            Said::CanNotExpress,
            Said::Done { answer: Answer::NotLinearizable, time, peak: 17 },
            Said::Done { answer: Answer::Undecided, time, peak: 0 },
        ] {
            assert_eq!(Said::parse(&said.line()), Some(said));
        }
        for nonsense in ["", "ready", "done linearizable x 3", "done perhaps 1 3", "ready 1 2"] {
            assert_eq!(Said::parse(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_history_and_another_seed_another() {
        let history = |seed| crate::family::family("cas").expect("it is there").history(5, 500, seed);
        assert_eq!(fingerprint(&history(1)), fingerprint(&history(1)));
        assert_ne!(fingerprint(&history(1)), fingerprint(&history(2)));
    }
}
