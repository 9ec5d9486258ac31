//! Ctrl-C: once is a request to stop and sum up, twice is an end.

use std::sync::atomic::{AtomicBool, Ordering};

/// True from the first interrupt on.
pub(crate) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Starts to listen for interrupts.
pub(crate) fn listen() {
    let listening = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nstopping; interrupt again to end at once");
    });
    // Without a handler an interrupt ends the program at once, which is safe: nothing is half done.
    drop(listening);
}

/// True once the reader has interrupted.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}
