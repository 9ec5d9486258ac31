//! Ctrl-C: once is a request to stop and sum up, twice is an end.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Exit;
use crate::output::note;

/// True from the first interrupt on.
pub(crate) static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// True while there is nothing to sum up and nothing that would see a request to stop.
static WAITING: AtomicBool = AtomicBool::new(false);

/// Starts to listen for interrupts.
pub(crate) fn listen() {
    let listening = ctrlc::set_handler(|| {
        let again = INTERRUPTED.swap(true, Ordering::Relaxed);
        if again || WAITING.load(Ordering::Relaxed) {
            std::process::exit(Exit::Interrupted as i32);
        }
        note("\nstopping; interrupt again to end at once");
    });
    // Without a handler an interrupt ends the program at once, which is safe: nothing is half done.
    drop(listening);
}

/// True once the reader has interrupted.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Does what can't be asked to stop, such as waiting for input: an interrupt ends the program at once.
pub(crate) fn at_the_mercy_of<T>(wait: impl FnOnce() -> T) -> T {
    WAITING.store(true, Ordering::Relaxed);
    let result = wait();
    WAITING.store(false, Ordering::Relaxed);
    result
}

/// Stops all work as an interrupt would, because nobody is there any more to hear of it.
pub(crate) fn stop() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}
