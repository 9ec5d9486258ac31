//! The real-time order of one object's operations, reduced to small integers.
//!
//! Why it exists: what matters of the times is only which operations can come next. Let the operations that are ok be
//! numbered by their returns. If `m` is the one not yet placed that returns first, then an operation can come next
//! iff it was called no later than `m` returned: everything it must wait for returned strictly before its call, so
//! before `m`, and is placed. Each operation therefore has an *opening*: the least `m` at which it can come next. For an
//! operation that is ok, opening ≤ number.
//!
//! So at `m` the only free choice is among the operations alive there, `opening ≤ m < number`. Each gets a *slot* that
//! no operation alive at the same `m` shares; a set of placed operations is then (m, bits over slots), a few words
//! whatever the length of the history. Operations of unknown outcome are alive for ever and get no slot; they are
//! counted by class instead.

use anachron_vocabulary::OperationId;

use crate::machine::Machine;
use crate::table::count;

/// One operation: its class and its interval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Timed {
    pub(crate) id: OperationId,
    pub(crate) class: u32,
    pub(crate) call: i64,
    /// `None`: the outcome is unknown, and the operation may be left out.
    pub(crate) returned: Option<i64>,
}

/// An operation that is ok and has to be placed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Required {
    pub(crate) id: OperationId,
    pub(crate) class: u32,
    /// Invariant: at most the operation's own number.
    pub(crate) opening: u32,
    pub(crate) slot: u32,
}

/// The operations of unknown outcome that are of one class. They are interchangeable, so they are spent in the order of
/// their openings and only their number matters.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) class: u32,
    /// Opening and operation, sorted.
    pub(crate) operations: Vec<(u32, OperationId)>,
}

impl Pending {
    /// How many of them can be placed at `m`.
    pub(crate) fn open_at(&self, m: u32) -> u32 {
        count(self.operations.partition_point(|&(opening, _)| opening <= m))
    }
}

/// Where the states that classes leave come from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Supply {
    /// Openings of the required operations that leave the state, sorted.
    pub(crate) openings: Vec<u32>,
    /// Indices of the pending classes that leave it.
    pub(crate) pending: Vec<u32>,
}

impl Supply {
    /// True if some required operation that leaves the state can't come next before `m` is placed.
    pub(crate) fn opens_after(&self, m: u32) -> bool {
        self.openings.last().is_some_and(|&opening| opening > m)
    }
}

/// The required operations that are legal in one state only.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demand {
    /// Their openings, sorted, each with the least number of those from here on.
    openings: Vec<(u32, u32)>,
}

impl Demand {
    /// Of those that can't come next at `m`, the one that returns first.
    pub(crate) fn first_after(&self, m: u32) -> Option<u32> {
        let next = self.openings.partition_point(|&(opening, _)| opening <= m);
        self.openings.get(next).map(|&(_, number)| number)
    }
}

/// Who leaves one state, whichever that is.
#[derive(Clone, Debug, Default)]
pub(crate) struct FreshStarts {
    /// Opening and class of the required operations, sorted.
    pub(crate) openings: Vec<(u32, u32)>,
    /// Indices of the pending classes.
    pub(crate) pending: Vec<u32>,
}

/// A problem for the search.
#[derive(Debug)]
pub(crate) struct Instance {
    /// By return, then by position.
    pub(crate) required: Vec<Required>,
    /// Numbers of required operations by opening, then by number.
    pub(crate) by_opening: Vec<u32>,
    /// By the opening of their first operation.
    pub(crate) pending: Vec<Pending>,
    /// How many slots there are.
    pub(crate) slots: u32,
    /// For each state that a class leaves: who does. Sorted by state.
    supplies: Vec<(u32, Supply)>,
    /// For each state that a required operation needs: who does. Sorted by state.
    demands: Vec<(u32, Demand)>,
    /// Each of the required operations that change nothing is legal in one state only.
    pub(crate) every_observer_needs_a_state: bool,
    /// Everyone who leaves one state, for machines where such operations start afresh.
    pub(crate) fresh_starts: FreshStarts,
    /// Numbers of the required operations that look far ahead, sorted.
    pub(crate) horizons: Vec<u32>,
    /// Numbers of the required operations that leave one state wherever they are legal, sorted.
    pub(crate) fresh_numbers: Vec<u32>,
}

impl Instance {
    /// # Panics
    /// When there are 2^31 operations or more.
    pub(crate) fn new(machine: &impl Machine, operations: &[Timed]) -> Self {
        assert!(operations.len() < 1 << 31, "fewer than 2^31 operations of one object");
        let mut ok: Vec<&Timed> = operations.iter().filter(|timed| timed.returned.is_some()).collect();
        ok.sort_unstable_by_key(|timed| (timed.returned, timed.id));
        let returns: Vec<i64> = ok.iter().filter_map(|timed| timed.returned).collect();
        let opening = |call: i64| count(returns.partition_point(|&returned| returned < call));
        let mut required: Vec<Required> = ok
            .iter()
            .map(|timed| Required { id: timed.id, class: timed.class, opening: opening(timed.call), slot: 0 })
            .collect();
        let by_opening = by_opening(&required);
        let slots = assign_slots(&mut required, &by_opening);
        let pending = group_pending(machine, operations, count(returns.len()), opening);
        let (supplies, fresh_starts) = supplies(machine, &required, &by_opening, &pending);
        let horizons = (0..count(required.len()))
            .filter(|&number| machine.is_horizon(required[number as usize].class))
            .collect();
        let fresh_numbers = (0..count(required.len()))
            .filter(|&number| machine.leaves(required[number as usize].class).is_some())
            .collect();
        let demands = demands(machine, &required, &by_opening);
        let needs_a_state = |class: u32| !machine.is_observer(class) || machine.requires(class).is_some();
        let every_observer_needs_a_state = required.iter().all(|operation| needs_a_state(operation.class));
        Self {
            required,
            by_opening,
            pending,
            slots,
            supplies,
            demands,
            every_observer_needs_a_state,
            fresh_starts,
            horizons,
            fresh_numbers,
        }
    }

    /// How many operations have to be placed.
    pub(crate) fn len(&self) -> u32 {
        count(self.required.len())
    }

    /// Words that a bit for each slot takes.
    pub(crate) fn words(&self) -> usize {
        (self.slots as usize).div_ceil(64)
    }

    /// Who has to find this state, if anybody does.
    pub(crate) fn demand(&self, state: u32) -> Option<&Demand> {
        let position = self.demands.binary_search_by_key(&state, |(state, _)| *state).ok()?;
        Some(&self.demands[position].1)
    }

    /// Who leaves this state behind, if anybody does.
    pub(crate) fn supply(&self, state: u32) -> Option<&Supply> {
        let position = self.supplies.binary_search_by_key(&state, |(state, _)| *state).ok()?;
        Some(&self.supplies[position].1)
    }
}

/// Numbers by opening, then by number. No opening is larger than the largest number, so they are counted.
fn by_opening(required: &[Required]) -> Vec<u32> {
    let mut places = vec![0_usize; required.len() + 1];
    for operation in required {
        places[operation.opening as usize + 1] += 1;
    }
    for opening in 1..places.len() {
        places[opening] += places[opening - 1];
    }
    let mut by_opening = vec![0; required.len()];
    for (operation, number) in required.iter().zip(0..) {
        let place = &mut places[operation.opening as usize];
        by_opening[*place] = number;
        *place += 1;
    }
    by_opening
}

/// Who needs which state.
fn demands(machine: &impl Machine, required: &[Required], by_opening: &[u32]) -> Vec<(u32, Demand)> {
    let mut needed: Vec<(u32, u32, u32)> = Vec::new();
    for &number in by_opening {
        let Required { class, opening, .. } = required[number as usize];
        if let Some(state) = machine.requires(class) {
            needed.push((state, opening, number));
        }
    }
    needed.sort_by_key(|&(state, ..)| state);
    let demand = |group: &[(u32, u32, u32)]| {
        let mut openings: Vec<(u32, u32)> =
            group.iter().map(|&(_, opening, number)| (opening, number)).collect();
        for position in (1..openings.len()).rev() {
            openings[position - 1].1 = openings[position - 1].1.min(openings[position].1);
        }
        (group[0].0, Demand { openings })
    };
    needed.chunk_by(|a, b| a.0 == b.0).map(demand).collect()
}

/// Greedy colouring of the intervals `opening..=number`: optimal for intervals, so there are as many slots as there
/// are operations alive at once.
fn assign_slots(required: &mut [Required], by_opening: &[u32]) -> u32 {
    let mut free: Vec<u32> = Vec::new();
    let mut slots = 0;
    let mut opened = by_opening.iter().peekable();
    for m in 0..count(required.len()) {
        while let Some(&&number) = opened.peek()
            && required[number as usize].opening <= m
        {
            opened.next();
            required[number as usize].slot = free.pop().unwrap_or_else(|| {
                slots += 1;
                slots - 1
            });
        }
        assert!(required[m as usize].opening <= m, "an operation can be placed before it returns");
        free.push(required[m as usize].slot);
    }
    slots
}

/// Groups the operations of unknown outcome by class. Those called after everything has returned are left out: no
/// order needs them.
fn group_pending(
    machine: &impl Machine,
    operations: &[Timed],
    end: u32,
    opening: impl Fn(i64) -> u32,
) -> Vec<Pending> {
    let mut unknown: Vec<(u32, u32, OperationId)> = operations
        .iter()
        .filter(|timed| timed.returned.is_none() && !machine.is_observer(timed.class))
        .map(|timed| (timed.class, opening(timed.call), timed.id))
        .filter(|&(_, opening, _)| opening < end)
        .collect();
    unknown.sort_unstable();
    let mut pending: Vec<Pending> = unknown
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| Pending {
            class: group[0].0,
            operations: group.iter().map(|&(_, opening, id)| (opening, id)).collect(),
        })
        .collect();
    pending.sort_by_key(|pending| pending.operations[0]);
    pending
}

fn supplies(
    machine: &impl Machine,
    required: &[Required],
    by_opening: &[u32],
    pending: &[Pending],
) -> (Vec<(u32, Supply)>, FreshStarts) {
    let mut left: Vec<(u32, u32)> = Vec::new();
    let mut fresh = FreshStarts::default();
    for &number in by_opening {
        let Required { class, opening, .. } = required[number as usize];
        if let Some(state) = machine.leaves(class) {
            left.push((state, opening));
            fresh.openings.push((opening, class));
        }
    }
    left.sort_by_key(|&(state, _)| state);
    let mut supplies: Vec<(u32, Supply)> = left
        .chunk_by(|a, b| a.0 == b.0)
        .map(|group| {
            let openings = group.iter().map(|&(_, opening)| opening).collect();
            (group[0].0, Supply { openings, pending: Vec::new() })
        })
        .collect();
    for (index, group) in pending.iter().enumerate() {
        let Some(state) = machine.leaves(group.class) else { continue };
        fresh.pending.push(count(index));
        match supplies.binary_search_by_key(&state, |(state, _)| *state) {
            Ok(position) => supplies[position].1.pending.push(count(index)),
            Err(position) => {
                let supply = Supply { openings: Vec::new(), pending: vec![count(index)] };
                supplies.insert(position, (state, supply));
            }
        }
    }
    (supplies, fresh)
}
