//! One object of a stream, searched: its frontier, and the operations that the frontier is not done with.

use std::collections::BTreeMap;

use anachron_vocabulary::{Key, Outcome};

use super::window::{Group, Passed, Point, Window};
use super::{Finding, Open, Told, Violation, Why, is_before};
use crate::table::count;
use crate::{Budget, CheckOptions, ObjectState};

/// Fewer returns than this are not worth a window.
const BATCH: usize = 256;

/// More configurations than this are not made of those of a set's elements.
const JOINED: usize = 1 << 16;

/// A searched object.
#[derive(Clone, Debug)]
pub(super) struct Frontier {
    /// The configurations after the last return that is settled. Invariant: at least one, unless the object is given up.
    points: Vec<Point>,
    /// Operations that are ok and that the frontier may have placed: called before the watermark of the last window and
    /// returned after it. Points speak of them by position.
    alive: Vec<Told>,
    /// Operations that are ok and were told since, or called later.
    waiting: Vec<Told>,
    /// Those of unknown outcome that are not spent in every configuration, alike ones together.
    unknown: Vec<Group>,
    /// Those whose end is not yet told.
    open: BTreeMap<u64, Told>,
    /// An operation that was told too late to be tried everywhere.
    told_late: Option<u64>,
    /// The watermark of the last window.
    since: Option<i64>,
    given_up: bool,
    /// Bytes of what is kept beside the vectors themselves.
    points_bytes: usize,
}

impl Frontier {
    /// In this state, with all that returned before `since` done.
    pub(super) fn resumed(state: ObjectState, since: Option<i64>) -> Self {
        Self { points: vec![Point::start(state)], since, given_up: false, ..Self::given_up(BTreeMap::new()) }
    }

    /// Of which nothing more is said; the ends of these operations are still to come.
    pub(super) fn given_up(open: BTreeMap<u64, Told>) -> Self {
        Self {
            points: Vec::new(),
            alive: Vec::new(),
            waiting: Vec::new(),
            unknown: Vec::new(),
            open,
            told_late: None,
            since: None,
            given_up: true,
            points_bytes: 0,
        }
    }

    /// True if it is in this state, whatever happened, and nothing is on its way.
    pub(super) fn is_in(&self, state: &ObjectState) -> bool {
        let is_idle = self.alive.is_empty() && self.waiting.is_empty() && self.open.is_empty();
        let is_sure = matches!(&self.points[..], [point] if *point == Point::start(state.clone()));
        is_idle && is_sure && self.unknown.is_empty() && self.told_late.is_none()
    }

    /// Takes another part of the same object in, of which no operation so far has spoken: any configuration of the
    /// one goes with any of the other.
    pub(super) fn join(&mut self, part: Self) {
        self.open.extend(part.open);
        if self.given_up || part.given_up || self.points.len() * part.points.len() > JOINED {
            return self.give_up();
        }
        let first = (count(self.alive.len()), count(self.unknown.len()));
        let both =
            |one: &Point| part.points.iter().map(move |other| one.with(other, first)).collect::<Vec<_>>();
        self.points = self.points.iter().flat_map(both).collect();
        self.alive.extend(part.alive);
        self.waiting.extend(part.waiting);
        self.unknown.extend(part.unknown);
        self.told_late = self.told_late.or(part.told_late);
        self.since = self.since.max(part.since);
        self.points_bytes = self.points.iter().map(Point::bytes).sum();
    }

    pub(super) fn open(&mut self, told: Told) {
        let known = self.open.insert(told.mark, told);
        assert!(known.is_none(), "a mark is one operation's own");
    }

    pub(super) fn opened(&self, mark: u64) -> &Told {
        self.open.get(&mark).expect("the operation is open")
    }

    pub(super) fn close(&mut self, mark: u64, end: i64, outcome: Outcome) {
        let mut told = self.open.remove(&mark).expect("the operation is open");
        match outcome {
            Outcome::Ok(reply) => told.answer = Some((end, reply)),
            Outcome::Unknown => {}
            Outcome::Failed => return,
        }
        self.add(told, false);
    }

    pub(super) fn add(&mut self, told: Told, is_late: bool) {
        if self.given_up {
            return;
        }
        if told.answer.is_some() {
            self.waiting.push(told);
        } else {
            if is_late && !told.operation.is_read() {
                self.told_late.get_or_insert(told.mark);
            }
            Group::add(&mut self.unknown, &told);
        }
    }

    /// Whatever is open has no answer and never will.
    pub(super) fn abandon_open(&mut self) {
        for told in std::mem::take(&mut self.open).into_values() {
            self.add(told, false);
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        self.given_up
    }

    pub(super) fn give_up(&mut self) {
        *self = Self::given_up(std::mem::take(&mut self.open));
    }

    pub(super) fn configurations(&self) -> usize {
        self.points.len()
    }

    pub(super) fn bytes(&self) -> usize {
        let told = (self.alive.capacity() + self.waiting.capacity() + self.open.len()) * size_of::<Told>();
        let unknown: usize = self.unknown.iter().map(Group::bytes).sum();
        told + unknown + self.points_bytes
    }

    /// Goes on to the last return before the watermark.
    pub(super) fn settle(
        &mut self,
        key: Key,
        options: &CheckOptions,
        watermark: i64,
        eager: bool,
        budget: &mut Budget<'_>,
    ) -> Option<Finding> {
        if self.given_up {
            return None;
        }
        let first_open = self.open.values().map(|told| told.call).min();
        let watermark = first_open.map_or(watermark, |call| call.min(watermark));
        let settled = |told: &&Told| told.answer.as_ref().is_some_and(|&(end, _)| is_before(end, watermark));
        let ready = self.waiting.iter().filter(settled).count() + self.alive.iter().filter(settled).count();
        let enough = if eager { 1 } else { BATCH.max((self.alive.len() + self.waiting.len()) / 4) };
        if ready < enough {
            return None;
        }
        // What is called later has no say before the watermark.
        let mut window = std::mem::take(&mut self.alive);
        window.extend(self.waiting.extract_if(.., |told| is_before(told.call, watermark)));
        let passed =
            Window { options, from: &self.points, operations: &window, unknown: &self.unknown, watermark }
                .pass(budget);
        match passed {
            Passed::Alive { frontier, alive } => {
                let mut kept: Vec<Option<Told>> = window.into_iter().map(Some).collect();
                self.alive = alive
                    .iter()
                    .map(|&index| kept[index].take().expect("each operation is kept once"))
                    .collect();
                self.points = frontier;
                Group::forget_spent(&mut self.unknown, &mut self.points);
                self.points_bytes = self.points.iter().map(Point::bytes).sum();
                self.since = Some(watermark);
                None
            }
            Passed::Spent(limit) => {
                self.give_up();
                Some(Finding::Undecided(key, Open::Spent(limit)))
            }
            Passed::Dead(blamed) => {
                let violation = self.violation(key, &window, &[], blamed);
                let finding = match self.told_late {
                    Some(mark) => Finding::Undecided(key, Open::ToldLate(mark)),
                    None => Finding::Violation(violation),
                };
                self.give_up();
                Some(finding)
            }
        }
    }

    /// A violation before the watermark, whatever the open operations do.
    pub(super) fn look_ahead(
        &self,
        key: Key,
        options: &CheckOptions,
        watermark: i64,
        budget: &mut Budget<'_>,
    ) -> Option<Violation> {
        if self.given_up || self.told_late.is_some() {
            return None;
        }
        let called = |told: &&Told| is_before(told.call, watermark);
        let settled = |told: &Told| told.answer.as_ref().is_some_and(|&(end, _)| is_before(end, watermark));
        if !self.alive.iter().chain(&self.waiting).any(settled) {
            return None;
        }
        let window: Vec<Told> =
            self.alive.iter().chain(self.waiting.iter().filter(called)).cloned().collect();
        let open: Vec<Told> = self.open.values().filter(called).cloned().collect();
        let mut unknown = self.unknown.clone();
        for told in &open {
            Group::add(&mut unknown, told);
        }
        let passed =
            Window { options, from: &self.points, operations: &window, unknown: &unknown, watermark }
                .pass(budget);
        match passed {
            Passed::Dead(blamed) => Some(self.violation(key, &window, &open, blamed)),
            Passed::Alive { .. } | Passed::Spent(_) => None,
        }
    }

    fn violation(&self, key: Key, window: &[Told], open: &[Told], blamed: usize) -> Violation {
        let end = |told: &Told| told.answer.as_ref().map_or(i64::MAX, |&(end, _)| end);
        let last = end(&window[blamed]);
        let mut operations: Vec<Told> = window.iter().filter(|told| told.call <= last).cloned().collect();
        operations.sort_by_key(|told| (end(told), told.mark));
        operations.extend(self.unknown.iter().flat_map(Group::told).filter(|told| told.call <= last));
        operations.extend(open.iter().filter(|told| told.call <= last).cloned());
        let why = self.since.map_or(Why::Alone, |since| {
            let mut from: Vec<ObjectState> = self.points.iter().map(|point| point.state.clone()).collect();
            from.sort();
            from.dedup();
            Why::NoOrder { from, since }
        });
        Violation { key, at: window[blamed].mark, window: operations, why }
    }
}
