//! Progress on stderr for anything that takes over a second.
//!
//! On a terminal a bar, elsewhere a line every ten seconds. Work that ends sooner shows nothing.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anachron_report::number::{count, thousands};
use anachron_report::{Style, text};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::note;

/// How long work may take before anybody is told.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a bar is drawn.
const REDRAW: Duration = Duration::from_millis(100);
/// How often a line is written where there are no bars.
const LINE_EVERY: Duration = Duration::from_secs(10);
/// A bar has room for this many columns of what it is about.
const LONGEST_NAME: usize = 60;

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
    /// Starts telling how long `what` takes.
    pub(crate) fn start(what: &str, style: Style) -> Self {
        Self::tell(what, None, style)
    }

    /// Starts telling how many of `total` seeds are done.
    pub(crate) fn of_seeds(what: &str, total: u64, style: Style) -> Self {
        Self::of(what, total, "seed", style)
    }

    /// Starts telling how many of `total` units (a noun) are done.
    pub(crate) fn of(what: &str, total: u64, unit: &'static str, style: Style) -> Self {
        Self::tell(what, Some((total, unit)), style)
    }

    fn tell(what: &str, total: Option<(u64, &'static str)>, style: Style) -> Self {
        let (done, found) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (stop, stopped) = channel();
        let what = text::sentence(what, style);
        let teller = thread::spawn({
            let (done, found) = (Arc::clone(&done), Arc::clone(&found));
            move || {
                let start = Instant::now();
                let wrong = if style.ascii { "X" } else { "✗" };
                if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let bar = io::stderr().is_terminal().then(|| bar(&what, total, style));
                let pause = if bar.is_some() { REDRAW } else { LINE_EVERY };
                loop {
                    let (done, found) = (done.load(Ordering::Relaxed), found.load(Ordering::Relaxed));
                    match &bar {
                        Some(bar) => {
                            bar.set_position(done);
                            bar.set_message(if found > 0 {
                                format!("  {wrong} {found}")
                            } else {
                                String::new()
                            });
                            bar.tick();
                        }
                        None => note(&line(&what, done, total, found, start.elapsed())),
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

fn bar(what: &str, total: Option<(u64, &str)>, style: Style) -> ProgressBar {
    let (bar, template) = match total {
        Some((total, unit)) => (
            ProgressBar::new(total),
            format!(
                "{{prefix}} {{human_pos}}/{{human_len}} {unit}s {{bar:20}} {{percent}}%  {{per_sec}}  eta {{eta}}{{msg}}"
            ),
        ),
        None => (ProgressBar::no_length(), "{spinner} {prefix} {elapsed}{msg}".to_owned()),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.set_prefix(text::cut(what, LONGEST_NAME, style));
    let look = ProgressStyle::with_template(&template).expect("the templates above are well-formed");
    bar.with_style(if style.ascii { look.progress_chars("#>-").tick_chars("|/-\\ ") } else { look })
}

fn line(what: &str, done: u64, total: Option<(u64, &str)>, found: u64, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let of = |(total, unit)| format!(" {} of {},", thousands(done), count(total, unit));
    let progress = total.map_or(String::new(), of);
    let found = if found > 0 { format!(", {}", count(found, "violation")) } else { String::new() };
    format!("{what}:{progress} {seconds} s{found}")
}
