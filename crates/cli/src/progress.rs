//! Progress on stderr for anything that takes over a second.
//!
//! On a terminal a bar, elsewhere a line every ten seconds. Work that ends sooner shows nothing.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::note;

/// How long work may take before anybody is told.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a bar is drawn.
const REDRAW: Duration = Duration::from_millis(100);
/// How often a line is written where there are no bars.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Work in progress. Ends, and clears its bar, when dropped.
pub(crate) struct Progress {
    /// How much is done.
    done: Arc<AtomicU64>,
    /// How many violations were found.
    found: Arc<AtomicU64>,
    stop: Option<Sender<()>>,
    teller: Option<JoinHandle<()>>,
}

impl Progress {
    /// Starts telling of `what`: so much of `total` `units` is done; without a total, only how long it takes.
    pub(crate) fn start(what: impl Into<String>, total: Option<u64>, units: &'static str) -> Self {
        let (done, found) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (stop, stopped) = channel();
        let what = what.into();
        let teller = thread::spawn({
            let (done, found) = (Arc::clone(&done), Arc::clone(&found));
            move || {
                let start = Instant::now();
                if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = io::stderr().is_terminal().then(|| bar(&what, total, units));
                let pause = if bar.is_some() { REDRAW } else { LINE_EVERY };
                loop {
                    let (done, found) = (done.load(Ordering::Relaxed), found.load(Ordering::Relaxed));
                    match &bar {
                        Some(bar) => {
                            bar.set_position(done);
                            bar.set_message(if found > 0 { format!("  ✗ {found}") } else { String::new() });
                            bar.tick();
                        }
                        None => note(&line(&what, done, total, units, found, start.elapsed())),
                    }
                    if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
                        break;
                    }
                }
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
            }
        });
        Self { done, found, stop: Some(stop), teller: Some(teller) }
    }

    /// One more unit is done.
    pub(crate) fn one_more(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// One more violation was found.
    pub(crate) fn one_found(&self) {
        self.found.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(teller) = self.teller.take() {
            // A teller that panicked has only stopped telling.
            let _ = teller.join();
        }
    }
}

fn bar(what: &str, total: Option<u64>, units: &str) -> ProgressBar {
    let (bar, template) = match total {
        Some(total) => (
            ProgressBar::new(total),
            format!(
                "{what} {{human_pos}}/{{human_len}} {units} {{bar:20}} {{percent}}%  {{per_sec}}  eta {{eta}}{{msg}}"
            ),
        ),
        None => (ProgressBar::no_length(), format!("{{spinner}} {what} {{elapsed}}{{msg}}")),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(&template.replace('\n', " "));
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

fn line(what: &str, done: u64, total: Option<u64>, units: &str, found: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let progress = total.map_or(String::new(), |total| format!(" {done} of {total} {units},"));
    let found = if found > 0 { format!(", {found} violations") } else { String::new() };
    format!("{what}:{progress} {seconds} s{found}")
}
