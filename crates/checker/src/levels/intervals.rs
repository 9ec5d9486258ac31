//! Regular and safe registers: each read alone against all writes in real time.
//!
//! Lamport (Distributed Computing 1986) for one writer; for many writers this is the weak form of Shao, Pierce and Welch
//! (DISC 2003; SIAM J. Comput. 2011): for each read, some order of all writes and this read respects real time and
//! makes the read legal. That fails iff the read returned before its write was called, or some other write lies
//! entirely between the two; so the only question is which of the writes that returned before the read was called
//! began last. O(n log n).
//!
//! A safe register answers anything to a read that overlaps a write, even what nobody wrote. A write of unknown
//! outcome is under way from its call on, for all that anybody knows, so it excuses every later read of its object,
//! whether its value was ever read or not.

use super::evidence::Evidence;
use super::grade::Grade;
use super::registers::{Kind, Registers, Source};

/// Grades regular, then safe.
pub(super) fn regular_and_safe(registers: &Registers) -> (Grade, Grade) {
    let (mut regular, mut safe) = (None, None);
    for (key, operations) in registers.by_key().iter().enumerate() {
        let timeline = Timeline::new(registers, operations);
        for &index in operations {
            let Kind::Read(source) = registers.op(index).kind else { continue };
            let Some(evidence) = timeline.misfit(registers, index, source) else { continue };
            regular.get_or_insert_with(|| evidence.clone());
            if safe.is_none() && !timeline.overlaps_a_write(registers, key, index) {
                safe = Some(evidence);
            }
        }
    }
    let grade =
        |found: Option<Evidence>| found.map_or(Grade::Holds(Evidence::EveryReadFits), Grade::Violated);
    (grade(regular), grade(safe))
}

/// One object's writes in real time.
pub(super) struct Timeline {
    /// Return, and of all writes that returned no later the one that was called last. Sorted.
    by_return: Vec<(i64, u32)>,
    /// Call, and the latest return of all writes called no later (`None`: never). Sorted.
    by_call: Vec<(i64, Option<i64>)>,
}

impl Timeline {
    pub(super) fn new(registers: &Registers, operations: &[u32]) -> Self {
        let writes = || operations.iter().copied().filter(|&index| registers.op(index).is_write());
        let mut by_return: Vec<(i64, u32)> =
            writes().filter_map(|index| Some((registers.op(index).returned?, index))).collect();
        by_return.sort_unstable();
        for position in 1..by_return.len() {
            let (before, here) = (by_return[position - 1].1, by_return[position].1);
            if registers.op(before).call >= registers.op(here).call {
                by_return[position].1 = before;
            }
        }
        let mut by_call: Vec<(i64, Option<i64>)> =
            writes().map(|index| (registers.op(index).call, registers.op(index).returned)).collect();
        by_call.sort_unstable_by_key(|&(call, _)| call);
        for position in 1..by_call.len() {
            let before = by_call[position - 1].1;
            let here = &mut by_call[position].1;
            *here = before.zip(*here).map(|(before, here)| before.max(here));
        }
        Self { by_return, by_call }
    }

    /// Of the writes that returned before this time, the one that was called last.
    pub(super) fn latest_before(&self, time: i64) -> Option<u32> {
        let before = self.by_return.partition_point(|&(returned, _)| returned < time);
        before.checked_sub(1).map(|last| self.by_return[last].1)
    }

    /// Why a read does not fit with the writes, if it does not.
    fn misfit(&self, registers: &Registers, read: u32, source: Source) -> Option<Evidence> {
        let op = registers.op(read);
        let by = self.latest_before(op.call);
        let stale = |write, by| Evidence::Stale { read: op.id, write, by: registers.id(by) };
        match source {
            Source::Nowhere => Some(Evidence::ThinAir { read: op.id }),
            Source::Initial => by.map(|by| stale(None, by)),
            Source::Write(write) => {
                let written = registers.op(write);
                if op.precedes(written) {
                    return Some(Evidence::FromTheFuture { read: op.id, write: written.id });
                }
                by.filter(|&by| written.precedes(registers.op(by))).map(|by| stale(Some(written.id), by))
            }
        }
    }

    fn overlaps_a_write(&self, registers: &Registers, key: usize, read: u32) -> bool {
        let op = registers.op(read);
        let returned = op.returned.expect("reads of unknown outcome are left out");
        if registers.unread[key].is_some_and(|call| call <= returned) {
            return true;
        }
        let called = self.by_call.partition_point(|&(call, _)| call <= returned);
        called.checked_sub(1).is_some_and(|last| self.by_call[last].1.is_none_or(|latest| latest >= op.call))
    }
}
