//! The event queue: a binary heap of 16-byte entries over a slab of events.
//!
//! An entry is one integer: time (64 bits), insertion count (40 bits), slot in the slab (24 bits). Comparing two
//! entries is one comparison of integers, and ties in time break by insertion, a total order. Slots are reused, so
//! memory follows the number of events that wait at once, not the number that ever did.

use anachron_vocabulary::VirtualTime;

const SLOT_BITS: u32 = 24;
const COUNT_BITS: u32 = 40;

/// Events that wait for their time.
pub(crate) struct Queue<E> {
    /// A min-heap with four children a node: shallower than a binary one, and a node's children share a cache line.
    heap: Vec<u128>,
    slab: Vec<Option<E>>,
    free: Vec<u32>,
    inserted: u64,
}

impl<E> Queue<E> {
    pub(crate) fn new() -> Self {
        Self { heap: Vec::new(), slab: Vec::new(), free: Vec::new(), inserted: 0 }
    }

    /// How many events wait.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.heap.len()
    }

    /// Adds an event.
    ///
    /// # Panics
    /// When more than 2^24 events wait at once, or more than 2^40 were ever added.
    #[inline]
    pub(crate) fn push(&mut self, time: VirtualTime, event: E) {
        let slot = if let Some(slot) = self.free.pop() {
            self.slab[slot as usize] = Some(event);
            slot
        } else {
            let slot = u32::try_from(self.slab.len()).expect("a slot's number");
            assert!(slot < 1 << SLOT_BITS, "more than 2^24 events wait at once");
            self.slab.push(Some(event));
            slot
        };
        assert!(self.inserted < 1 << COUNT_BITS, "more than 2^40 events in one run");
        let entry = u128::from(time.0) << 64 | u128::from(self.inserted) << SLOT_BITS | u128::from(slot);
        self.inserted += 1;
        self.heap.push(entry);
        self.rise(self.heap.len() - 1);
    }

    /// When the next event is due.
    pub(crate) fn next_time(&self) -> Option<VirtualTime> {
        self.heap.first().map(|&entry| time_of(entry))
    }

    /// Takes the next event: the earliest, and of those the one added first.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<(VirtualTime, E)> {
        let first = *self.heap.first()?;
        let last = self.heap.pop().expect("the heap has a first entry");
        if !self.heap.is_empty() {
            self.sink(last);
        }
        #[allow(clippy::cast_possible_truncation)] // the low 24 bits are the slot
        let slot = (first as u32) & ((1 << SLOT_BITS) - 1);
        let event = self.slab[slot as usize].take().expect("an entry's slot is filled");
        self.free.push(slot);
        Some((time_of(first), event))
    }

    fn rise(&mut self, mut at: usize) {
        let entry = self.heap[at];
        while at > 0 {
            let parent = (at - 1) / 4;
            if self.heap[parent] < entry {
                break;
            }
            self.heap[at] = self.heap[parent];
            at = parent;
        }
        self.heap[at] = entry;
    }

    /// Puts `entry` in the place of the root.
    fn sink(&mut self, entry: u128) {
        let mut at = 0;
        loop {
            let first = 4 * at + 1;
            if first >= self.heap.len() {
                break;
            }
            let last = (first + 4).min(self.heap.len());
            let mut earliest = first;
            for child in first + 1..last {
                if self.heap[child] < self.heap[earliest] {
                    earliest = child;
                }
            }
            if entry < self.heap[earliest] {
                break;
            }
            self.heap[at] = self.heap[earliest];
            at = earliest;
        }
        self.heap[at] = entry;
    }
}

#[allow(clippy::cast_possible_truncation)] // the high 64 bits are the time
fn time_of(entry: u128) -> VirtualTime {
    VirtualTime((entry >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_node::Random;

    #[test]
    fn events_come_by_time_and_then_by_insertion() {
        // Held against a stable sort, with pops in between and many ties.
        let mut random = Random::new(1, 1);
        for _ in 0..200 {
            let mut queue = Queue::new();
            let mut waiting: Vec<(u64, u32)> = Vec::new();
            let mut now = 0;
            for number in 0..300 {
                if random.below(3) == 0 {
                    waiting.sort_unstable();
                    let expected = (!waiting.is_empty()).then(|| waiting.remove(0));
                    let found = queue.pop().map(|(time, number)| (time.0, number));
                    assert_eq!(found, expected);
                    now = found.map_or(now, |(time, _)| time);
                } else {
                    let time = now + random.below(20);
                    queue.push(VirtualTime(time), number);
                    waiting.push((time, number));
                }
                assert_eq!(queue.len(), waiting.len());
            }
        }
    }

    #[test]
    fn slots_are_reused() {
        let mut queue = Queue::new();
        for round in 0..10_000_u64 {
            queue.push(VirtualTime(round), round);
            queue.push(VirtualTime(round), round);
            queue.pop();
            queue.pop();
        }
        assert_eq!(queue.slab.len(), 2);
    }
}
