//! Who looks on.

use crate::Event;

/// Sees every event of a run in order. It can't change the run.
pub trait Observer {
    /// What it looks at, the same from the first event to the last. All else is not made.
    fn attention(&self) -> Attention {
        Attention::Everything
    }

    /// One more event happened.
    fn observe(&mut self, event: Event);
}

/// How much of a run an observer looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Attention {
    /// Nothing: no event is made.
    Nothing,
    /// What becomes of nodes: boots, crashes, roles and notes.
    Nodes,
    /// Every event, most of them messages.
    Everything,
}

/// Looks at nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Blind;

impl Observer for Blind {
    fn attention(&self) -> Attention {
        Attention::Nothing
    }

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
