//! A node's process: its replica, its timers, and what waits for it.

use std::collections::VecDeque;

use anachron_node::{Answer, Position, Random, Replica, RequestId};
use anachron_vocabulary::{NodeId, VirtualDuration, VirtualTime};

use crate::UnsyncedTail;
use crate::clock::Clock;
use crate::journal::Journal;
use crate::simulation::Waiting;

/// One node as the world sees it.
pub(crate) struct Process<R: Replica> {
    /// The state machine; `None` while the node is down.
    pub(crate) replica: Option<R>,
    /// How many times the node has booted. Events meant for an earlier life carry an earlier number.
    pub(crate) boot: u32,
    /// How many faults keep it down, or paused.
    pub(crate) down_by: u32,
    pub(crate) paused_by: u32,
    /// Faults that wait for its next write, and what becomes of its unsynced tail then.
    pub(crate) armed: Vec<UnsyncedTail>,
    /// The same for faults that wait for its next sync to complete.
    pub(crate) armed_for_sync: Vec<UnsyncedTail>,
    /// How many of both have struck and are not over. They count as one fault that keeps the node down.
    pub(crate) struck: usize,
    pub(crate) frozen_by: u32,
    pub(crate) clock: Clock,
    pub(crate) journal: Journal<R::Record>,
    pub(crate) timers: Timers<R::Timer>,
    pub(crate) random: Random,
    /// Effects that wait until the journal is durable up to a position, in the order in which they were asked for.
    pub(crate) after_sync: VecDeque<(Position, AfterSync<R>)>,
    /// How long the writes take that no sync has waited for yet.
    pub(crate) writes: VirtualDuration,
    /// When the latest sync completes: syncs complete in order.
    pub(crate) last_sync: VirtualTime,
    /// How far its replica has been told that the journal is durable.
    pub(crate) synced: Position,
    /// How many faults make its syncs lie.
    pub(crate) lying_by: u32,
    /// What came while the node was paused, and when.
    pub(crate) held: Vec<(VirtualTime, Waiting<R>)>,
}

impl<R: Replica> Process<R> {
    /// The node stops at once. Returns how many records its disk lost, and what was waiting for it.
    pub(crate) fn crash(
        &mut self,
        tail: UnsyncedTail,
        wipe: bool,
        random: &mut Random,
    ) -> (u64, Vec<(VirtualTime, Waiting<R>)>) {
        self.replica = None;
        self.timers = Timers::new();
        self.after_sync.clear();
        self.writes = VirtualDuration::ZERO;
        (self.journal.crash(tail, wipe, random), std::mem::take(&mut self.held))
    }
}

/// An effect that waits for a sync.
pub(crate) enum AfterSync<R: Replica> {
    Send(NodeId, R::Message),
    Reply(RequestId, Answer),
}

/// The timers of one life of a node.
///
/// A timer that is set again does not put a second event into the queue while one is under way that comes no later:
/// when that one comes too early, it is put back at the right time. Re-arming an election time-out at every
/// heartbeat, which is what most of them see, costs two stores.
pub(crate) struct Timers<T> {
    slots: Vec<Slot<T>>,
}

struct Slot<T> {
    timer: T,
    /// When it goes off, by the node's own clock; `None` if it is not set.
    deadline: Option<VirtualTime>,
    /// The event in the queue that counts, by its true time.
    queued: Option<VirtualTime>,
}

impl<T: Copy + Eq> Timers<T> {
    pub(crate) fn new() -> Self {
        Self { slots: Vec::new() }
    }

    /// Arms a timer; returns the event to queue, if one is needed.
    pub(crate) fn set(
        &mut self,
        timer: T,
        deadline: VirtualTime,
        now: VirtualTime,
        clock: &Clock,
    ) -> Option<(VirtualTime, u16)> {
        let found = self.slots.iter().position(|slot| slot.timer == timer);
        let at = found
            .or_else(|| self.slots.iter().position(|slot| slot.deadline.is_none() && slot.queued.is_none()))
            .unwrap_or_else(|| {
                self.slots.push(Slot { timer, deadline: None, queued: None });
                self.slots.len() - 1
            });
        let slot = &mut self.slots[at];
        slot.timer = timer;
        slot.deadline = Some(deadline);
        slot.queue(now, clock).map(|due| (due, number(at)))
    }

    pub(crate) fn cancel(&mut self, timer: T) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.timer == timer) {
            slot.deadline = None;
        }
    }

    /// A queued event came: fires the timer, or says when the event must come again, or neither.
    pub(crate) fn come(&mut self, at: u16, now: VirtualTime, clock: &Clock) -> Come<T> {
        let slot = &mut self.slots[usize::from(at)];
        if slot.queued != Some(now) {
            return Come::Nothing; // an earlier event took its place
        }
        slot.queued = None;
        match slot.deadline {
            None => Come::Nothing,
            Some(deadline) if clock.local(now) >= deadline => {
                slot.deadline = None;
                Come::Fire(slot.timer)
            }
            Some(_) => slot.queue(now, clock).map_or(Come::Nothing, Come::Again),
        }
    }

    /// A queued event that came at `came`, while the node was paused, is looked at only now: when to queue it anew,
    /// if it still counts.
    pub(crate) fn late(
        &mut self,
        at: u16,
        came: VirtualTime,
        now: VirtualTime,
        clock: &Clock,
    ) -> Option<VirtualTime> {
        let slot = &mut self.slots[usize::from(at)];
        if slot.queued != Some(came) {
            return None;
        }
        slot.queued = None;
        slot.queue(now, clock)
    }

    /// The clock has changed: the events that must be queued now.
    pub(crate) fn clock_changed(&mut self, now: VirtualTime, clock: &Clock) -> Vec<(VirtualTime, u16)> {
        let due = |(at, slot): (usize, &mut Slot<T>)| slot.queue(now, clock).map(|due| (due, number(at)));
        self.slots.iter_mut().enumerate().filter_map(due).collect()
    }
}

/// What a timer's event means.
pub(crate) enum Come<T> {
    Fire(T),
    Again(VirtualTime),
    Nothing,
}

impl<T> Slot<T> {
    /// The true time for which an event must be queued, if none comes by then.
    fn queue(&mut self, now: VirtualTime, clock: &Clock) -> Option<VirtualTime> {
        let due = clock.true_time_of(self.deadline?)?.max(now);
        if self.queued.is_some_and(|queued| queued <= due) {
            return None;
        }
        self.queued = Some(due);
        Some(due)
    }
}

fn number(at: usize) -> u16 {
    u16::try_from(at).expect("fewer than 65,536 timers a node")
}
