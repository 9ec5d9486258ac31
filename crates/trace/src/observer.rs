//! Who looks on.

use crate::Event;

/// Sees every event of a run in order. It can't change the run.
pub trait Observer {
    /// False if the observer looks at nothing: then the simulator makes no events, and the code that would compiles
    /// away.
    const ACTIVE: bool = true;

    /// False if the observer looks at nothing but nodes: boots, crashes, roles and notes. All else, most of it
    /// messages, is then not made.
    const DETAILED: bool = Self::ACTIVE;

    /// One more event happened.
    fn observe(&mut self, event: Event);
}

/// Looks at nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Observer for Blind {
    const ACTIVE: bool = false;

    fn observe(&mut self, _: Event) {}
}

/// Keeps everything.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// The events, in order.
    pub events: Vec<Event>,
}

impl Observer for Recorder {
    fn observe(&mut self, event: Event) {
        self.events.push(event);
    }
}
