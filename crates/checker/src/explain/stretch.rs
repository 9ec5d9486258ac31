//! A part of every legal order: from one moment to another.
//!
//! Why it exists: counting needs to know what lies between two moments. A moment is the start, a place just before or after
//! an operation, or the instant at which one was called or had finished: whatever had finished before that instant comes
//! before it in every order, and whatever was called after it comes after it, so every order can be cut there.

use anachron_vocabulary::OperationId;

use super::subject::Subject;
use super::words::Voice;

/// Where a stretch begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    /// With the history.
    Start,
    /// At the instant at which this operation was called.
    Call(OperationId),
    /// Just after this operation took effect.
    After(OperationId),
}

/// Where a stretch ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// Just before this operation takes effect.
    Before(OperationId),
    /// At the instant at which this operation had finished.
    End(OperationId),
}

/// A part of every legal order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stretch {
    /// Its beginning.
    pub from: From,
    /// Its end.
    pub until: Until,
}

impl Stretch {
    /// The operations that it is defined by.
    pub(super) fn operations(self) -> impl Iterator<Item = OperationId> {
        let from = match self.from {
            From::Start => None,
            From::Call(id) | From::After(id) => Some(id),
        };
        let (Until::Before(until) | Until::End(until)) = self.until;
        from.into_iter().chain([until])
    }

    /// True if its beginning comes before its end in every order.
    pub(super) fn is_sound(self, subject: &Subject<'_>) -> bool {
        let Self { from, until } = self;
        let in_order = match (from, until) {
            (From::Start, _) => true,
            (From::After(first), Until::Before(last)) => subject.precedes(first, last),
            (From::Call(first), Until::Before(last)) => {
                subject.record(first).call <= subject.record(last).call
            }
            (From::After(first), Until::End(last)) => {
                subject.record(first).returned() <= subject.record(last).returned()
            }
            (From::Call(first), Until::End(last)) => {
                Some(subject.record(first).call) <= subject.record(last).returned()
            }
        };
        in_order && self.operations().all(|id| subject.owns(id) && subject.is_ok(id))
    }

    /// True if the operation can lie within it.
    pub(super) fn may_hold(self, subject: &Subject<'_>, id: OperationId) -> bool {
        let record = subject.record(id);
        (match self.from {
            From::Start => true,
            From::Call(first) => record.returned().is_none_or(|end| end >= subject.record(first).call),
            From::After(first) => id != first && !subject.precedes(id, first),
        }) && match self.until {
            Until::Before(last) => id != last && !subject.precedes(last, id),
            Until::End(last) => subject.record(last).returned().is_none_or(|end| record.call <= end),
        }
    }

    /// True if the operation, if it takes effect, lies within it in every order.
    pub(super) fn must_hold(self, subject: &Subject<'_>, id: OperationId) -> bool {
        let record = subject.record(id);
        (match self.from {
            From::Start => true,
            From::Call(first) => record.call >= subject.record(first).call,
            From::After(first) => subject.precedes(first, id),
        }) && match self.until {
            Until::Before(last) => subject.precedes(id, last),
            Until::End(last) => {
                record.returned().is_some_and(|end| Some(end) <= subject.record(last).returned())
            }
        }
    }

    /// In words: `between ① and ②`.
    pub(super) fn say(self, voice: &Voice<'_>) -> String {
        let mark = |id| voice.mark(id);
        match (self.from, self.until) {
            (From::Start, Until::Before(last)) => format!("before {}", mark(last)),
            (From::Start, Until::End(last)) => format!("before {} had finished", mark(last)),
            (From::After(first), Until::Before(last)) => {
                format!("between {} and {}", mark(first), mark(last))
            }
            (From::After(first), Until::End(last)) => {
                format!("between {} and the end of {}", mark(first), mark(last))
            }
            (From::Call(first), Until::Before(last)) => {
                format!("between the call of {} and {}", mark(first), mark(last))
            }
            (From::Call(first), Until::End(last)) if first == last => format!("during {}", mark(first)),
            (From::Call(first), Until::End(last)) => {
                format!("between the call of {} and the end of {}", mark(first), mark(last))
            }
        }
    }
}
