//! One object of a stream, and by which road it is judged.

use anachron_vocabulary::{Key, Outcome};

use super::frontier::Frontier;
use super::gone::Gone;
use super::remains::{self, Looked, Remains};
use super::zones::{Contradiction, Zones};
use super::{END, Finding, Told, Violation};
use crate::{Budget, CheckOptions, Model, Specification};

/// An object of a stream.
#[derive(Clone, Debug)]
pub(super) enum Tracked {
    /// A register, as long as its values are unique.
    Zones(Zones),
    /// A queue, a stack or a priority queue, as long as its elements are unique.
    Remains(Remains),
    /// Anything, by the search.
    Frontier(Frontier),
}

impl Tracked {
    /// An object that is as at first, and has been so since this moment if it was not always.
    pub(super) fn new(options: &CheckOptions, since: Option<i64>) -> Self {
        match options.model {
            Model::Register | Model::CasRegister | Model::KeyValue => {
                Self::Zones(Zones::new(options.initial.clone()))
            }
            model if remains::fits(model) => Self::Remains(Remains::default()),
            _ => Self::Frontier(Frontier::resumed(options.object().initial(), since)),
        }
    }

    /// True if it is told each moment when it has come.
    pub(super) fn is_by_zones(&self) -> bool {
        matches!(self, Self::Zones(_))
    }

    /// An operation whose end is not known.
    pub(super) fn open(&mut self, told: Told) {
        match self {
            Self::Zones(zones) => zones.open(told),
            Self::Remains(remains) => remains.open(told),
            Self::Frontier(frontier) => frontier.open(told),
        }
    }

    pub(super) fn opened(&self, mark: u64) -> &Told {
        match self {
            Self::Zones(zones) => zones.opened(mark),
            Self::Remains(remains) => remains.opened(mark),
            Self::Frontier(frontier) => frontier.opened(mark),
        }
    }

    pub(super) fn close(&mut self, mark: u64, end: i64, outcome: Outcome) {
        match self {
            Self::Zones(zones) => zones.close(mark, end, outcome),
            Self::Remains(remains) => remains.close(mark, end, outcome),
            Self::Frontier(frontier) => frontier.close(mark, end, outcome),
        }
    }

    /// An operation with its answer, or whose outcome is unknown.
    pub(super) fn add(&mut self, told: Told, is_late: bool) {
        match self {
            Self::Zones(zones) => zones.add(told, is_late),
            // Whatever else it may have done, it excuses all that it could excuse.
            Self::Remains(remains) => remains.add(told),
            Self::Frontier(frontier) => frontier.add(told, is_late),
        }
    }

    /// Whatever is open has no answer and never will.
    pub(super) fn abandon_open(&mut self) {
        match self {
            Self::Zones(zones) => zones.abandon_open(),
            Self::Remains(remains) => remains.abandon_open(),
            Self::Frontier(frontier) => frontier.abandon_open(),
        }
    }

    /// The moment of an operation's call has come.
    pub(super) fn at_call(&mut self, mark: u64) {
        let Self::Zones(zones) = self else { return };
        if !zones.called(mark) {
            let zones = std::mem::take(zones);
            *self = Self::Frontier(zones.into_frontier());
        }
    }

    /// The moment of an operation's end has come.
    pub(super) fn at_end(&mut self, key: Key, mark: u64, now: i64, gone: &mut Gone) -> Option<Violation> {
        let Self::Zones(zones) = self else { return None };
        let (mut window, why): Contradiction = zones.ended(key, mark, now, gone)?;
        window.sort_by_key(|told| (told.answer.as_ref().map_or(i64::MAX, |&(end, _)| end), told.mark));
        self.give_up();
        Some(Violation { key, at: mark, window, why })
    }

    /// Goes on to the last return before the watermark, where moments are nothing.
    pub(super) fn settle(
        &mut self,
        key: Key,
        options: &CheckOptions,
        watermark: i64,
        eager: bool,
        budget: &mut Budget<'_>,
    ) -> Option<Finding> {
        if let Self::Remains(remains) = self {
            match remains.settle(key, options, watermark, eager) {
                Looked::Fine => return None,
                Looked::Unsaid if watermark != END => return None,
                Looked::Violated(violation) => {
                    self.give_up();
                    return Some(Finding::Violation(violation));
                }
                Looked::Unsaid | Looked::Unfit => {
                    *self = Self::Frontier(std::mem::take(remains).into_frontier(options));
                }
            }
        }
        let Self::Frontier(frontier) = self else { return None };
        frontier.settle(key, options, watermark, eager, budget)
    }

    /// A violation before the watermark, whatever the open operations do. Zones have told it already.
    pub(super) fn look_ahead(
        &self,
        key: Key,
        options: &CheckOptions,
        watermark: i64,
        budget: &mut Budget<'_>,
    ) -> Option<Violation> {
        match self {
            Self::Zones(_) => None,
            Self::Remains(remains) => remains.look_ahead(key, options, watermark),
            Self::Frontier(frontier) => frontier.look_ahead(key, options, watermark, budget),
        }
    }

    /// True if nothing need be kept of it.
    pub(super) fn is_as_at_first(&self, options: &CheckOptions) -> bool {
        matches!(self, Self::Frontier(frontier) if frontier.is_in(&options.object().initial()))
    }

    pub(super) fn is_given_up(&self) -> bool {
        matches!(self, Self::Frontier(frontier) if frontier.is_given_up())
    }

    pub(super) fn give_up(&mut self) {
        match self {
            Self::Zones(zones) => {
                let open = std::mem::take(zones).into_open();
                *self = Self::Frontier(Frontier::given_up(open));
            }
            Self::Remains(remains) => {
                let open = std::mem::take(remains).into_open();
                *self = Self::Frontier(Frontier::given_up(open));
            }
            Self::Frontier(frontier) => frontier.give_up(),
        }
    }

    pub(super) fn configurations(&self) -> usize {
        match self {
            Self::Zones(_) | Self::Remains(_) => 1,
            Self::Frontier(frontier) => frontier.configurations(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Zones(zones) => zones.bytes(),
                Self::Remains(remains) => remains.bytes(),
                Self::Frontier(frontier) => frontier.bytes(),
            }
    }
}
