//! Values of a register that were left more than once, told apart by time.
//!
//! Why it exists: `zones` and `chains` need every value to be left by one operation, and one value that two clients wrote
//! by chance would close both roads. But of the writes of a value that a read saw it matters only which of them it
//! can have seen. Let `x` be the change called last of those that certainly happened and had returned before the read
//! was called. A write that had returned before `x` was called can't have been the last change before the read, and
//! neither can one that was called after the read had returned. So what remains are the writes whose interval meets that
//! from the call of `x` to the return of the read.
//!
//! Join each read (a swap reads, too; a compare-and-set that answered false reads that the value is another) with the
//! writes of its value that remain: the connected parts are the value's *versions*, each a value of its own. The orders
//! of the register with versions are those of the register. From versions to values: plain, but for what answered
//! false; the state that it met was left by some write, which is a remaining one or of another value, so what is another
//! version is another value for it. From values to versions: by the argument above.
//!
//! What nobody reads is a version of its own. If every version is left once, `zones` and `chains` lead on. If not, those
//! that are show most violations all the same: an order stays legal without the operations on the other versions, but
//! for swaps from one kind to the other, and for compare-and-sets that answered false. Of such a swap the half that speaks
//! of a version left once is kept, as a write or as a read; all that answered false go. And if that has an order, the search
//! has fewer ways to go.

use crate::instance::Timed;
use crate::machine::{Class, RegisterMachine};
use crate::table::{Interner, count};

/// Number of a version that stands for none.
const NONE: u32 = u32::MAX;

/// A register with versions for values.
pub(crate) struct Versions {
    pub(crate) machine: RegisterMachine,
    /// One for each operation of the register, in the same order.
    pub(crate) operations: Vec<Timed>,
    /// How many versions there are.
    number: u32,
    /// The first version of those that nobody reads; all after it are such.
    unread: u32,
    certain: CertainChanges,
}

/// A part of a register.
pub(crate) struct LeftOnce {
    pub(crate) machine: RegisterMachine,
    pub(crate) operations: Vec<Timed>,
    /// Where each of them stands among the operations of the whole.
    pub(crate) indices: Vec<usize>,
    /// True if this is the whole.
    pub(crate) is_everything: bool,
}

/// The changes that certainly happened: (return, the latest call up to here, whose that is), by return.
struct CertainChanges(Vec<(i64, i64, usize)>);

impl CertainChanges {
    fn of(machine: &RegisterMachine, operations: &[Timed]) -> Self {
        let mut changes: Vec<(i64, i64, usize)> = operations
            .iter()
            .enumerate()
            .filter(|(_, timed)| left(machine, timed).is_some())
            .filter_map(|(index, timed)| Some((timed.returned?, timed.call, index)))
            .collect();
        changes.sort_unstable();
        for position in 1..changes.len() {
            let (_, call, index) = changes[position - 1];
            if call > changes[position].1 {
                (changes[position].1, changes[position].2) = (call, index);
            }
        }
        Self(changes)
    }

    /// Of those that had returned before this call, the call of the one called last, and which it is.
    fn before(&self, call: i64) -> Option<(i64, usize)> {
        let after = self.0.partition_point(|&(returned, ..)| returned < call);
        let (_, called, index) = self.0[after.checked_sub(1)?];
        Some((called, index))
    }
}

fn left(machine: &RegisterMachine, timed: &Timed) -> Option<u32> {
    match machine.classes[timed.class as usize] {
        Class::Wrote(value) | Class::Swapped(_, value) => Some(value),
        Class::Saw(_) | Class::SawOther(_) => None,
    }
}

fn read(machine: &RegisterMachine, timed: &Timed) -> Option<u32> {
    match machine.classes[timed.class as usize] {
        Class::Saw(value) | Class::SawOther(value) | Class::Swapped(value, _) => Some(value),
        Class::Wrote(_) => None,
    }
}

/// An operation's interval as a read or as a write. The initial value counts as one more operation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    value: u32,
    start: i64,
    /// Writes first: an interval that begins where another ends meets it.
    is_read: bool,
    end: i64,
    operation: u32,
}

/// Tells the versions of every value apart, in O(n log n).
pub(crate) fn tell_apart(machine: &RegisterMachine, operations: &[Timed]) -> Versions {
    let certain = CertainChanges::of(machine, operations);
    // Two nodes an operation, as it may read one version and leave another; the last is the initial value.
    let nobody = count(operations.len());
    let (as_read, as_write) = (|operation: u32| operation * 2, |operation: u32| operation * 2 + 1);
    let initial =
        Span { value: machine.initial, start: i64::MIN, is_read: false, end: i64::MIN, operation: nobody };
    let mut spans: Vec<Span> = vec![initial];
    for (operation, timed) in (0..).zip(operations) {
        let end = timed.returned.unwrap_or(i64::MAX);
        if let Some(value) = left(machine, timed) {
            spans.push(Span { value, start: timed.call, is_read: false, end, operation });
        }
        if let Some(value) = read(machine, timed) {
            let start = certain.before(timed.call).map_or(i64::MIN, |(called, _)| called);
            spans.push(Span { value, start, is_read: true, end, operation });
        }
    }
    spans.sort_unstable();
    let mut groups = Groups((0..count(operations.len()) * 2 + 2).collect());
    for of_value in spans.chunk_by(|a, b| a.value == b.value) {
        // Of those that have begun and not ended: who stands for them, and the end. All that something met are one group.
        let mut reads: Vec<(u32, i64)> = Vec::new();
        let mut writes = Vec::new();
        for span in of_value {
            let (node, own, others) = if span.is_read {
                (as_read(span.operation), &mut reads, &mut writes)
            } else {
                (as_write(span.operation), &mut writes, &mut reads)
            };
            let met = others.iter().filter(|&&(_, end)| end >= span.start);
            let met = met.copied().reduce(|one, other| (groups.join(one.0, other.0), one.1.max(other.1)));
            others.clear();
            if let Some((other, end)) = met {
                others.push((groups.join(node, other), end));
            }
            own.push((node, span.end));
        }
    }
    let mut names = Names { versions: vec![NONE; groups.0.len()], ..Names::default() };
    // Versions that somebody reads first.
    for &Span { operation, .. } in spans.iter().filter(|span| span.is_read) {
        names.of(groups.leader(as_read(operation)));
    }
    let first_unread = names.next;
    let initial = names.of(groups.leader(as_write(nobody)));
    let mut classes: Interner<Class> = Interner::default();
    let mut version = |node: u32| names.of(groups.leader(node));
    let mut with_version = |(operation, timed): (u32, &Timed)| {
        let class = match machine.classes[timed.class as usize] {
            Class::Saw(_) => Class::Saw(version(as_read(operation))),
            Class::SawOther(_) => Class::SawOther(version(as_read(operation))),
            Class::Wrote(_) => Class::Wrote(version(as_write(operation))),
            Class::Swapped(..) => Class::Swapped(version(as_read(operation)), version(as_write(operation))),
        };
        Timed { class: classes.number(class), ..*timed }
    };
    let operations: Vec<Timed> = (0..).zip(operations).map(&mut with_version).collect();
    Versions {
        machine: RegisterMachine::new(initial, classes),
        operations,
        number: names.next,
        // The initial version has a number of its own even if nobody reads it.
        unread: first_unread.max(initial + 1),
        certain,
    }
}

impl Versions {
    /// The same, with one version for all that nobody reads: fewer states for a search.
    pub(crate) fn with_one_unread(mut self) -> Self {
        for class in &mut self.machine.classes {
            if let Class::Wrote(version) | Class::Swapped(_, version) = class {
                *version = self.unread.min(*version);
            }
        }
        let mut classes: Interner<Class> = Interner::default();
        for operation in &mut self.operations {
            operation.class = classes.number(self.machine.classes[operation.class as usize]);
        }
        Self { machine: RegisterMachine::new(self.machine.initial, classes), ..self }
    }

    /// The register as far as it is about versions that are left once. What has no order there has none. So if something is
    /// left out, so is every compare-and-set that answered false: the version that it met may be one of those.
    pub(crate) fn left_once(&self) -> LeftOnce {
        let mut leavers = vec![0_u32; self.number as usize];
        leavers[self.machine.initial as usize] += 1;
        for timed in &self.operations {
            if let Some(version) = left(&self.machine, timed) {
                leavers[version as usize] += 1;
            }
        }
        let is_once = |version: u32| leavers[version as usize] <= 1;
        let is_everything = leavers.iter().all(|&leavers| leavers <= 1);
        let half = |class: Class| match class {
            Class::Wrote(version) | Class::Saw(version) => is_once(version).then_some(class),
            Class::SawOther(_) => is_everything.then_some(class),
            Class::Swapped(expected, new) => match (is_once(expected), is_once(new)) {
                (true, true) => Some(class),
                (true, false) => Some(Class::Saw(expected)),
                (false, true) => Some(Class::Wrote(new)),
                (false, false) => None,
            },
        };
        let halves: Vec<Option<Class>> = self.machine.classes.iter().map(|&class| half(class)).collect();
        let mut classes: Interner<Class> = Interner::default();
        let (mut operations, mut indices) = (Vec::new(), Vec::new());
        for (index, timed) in self.operations.iter().enumerate() {
            let class = halves[timed.class as usize];
            // Who may not have swapped at all has seen nothing for certain.
            let class = class.filter(|class| timed.returned.is_some() || !matches!(class, Class::Saw(_)));
            if let Some(class) = class {
                operations.push(Timed { class: classes.number(class), ..*timed });
                indices.push(index);
            }
        }
        LeftOnce {
            machine: RegisterMachine::new(self.machine.initial, classes),
            operations,
            indices,
            is_everything,
        }
    }

    /// What tells the versions of what these operations read apart: a change before each.
    pub(crate) fn premises(&self, clash: &[usize]) -> Vec<usize> {
        let reads = clash.iter().map(|&index| &self.operations[index]);
        let reads = reads.filter(|timed| read(&self.machine, timed).is_some());
        reads.filter_map(|timed| self.certain.before(timed.call)).map(|(_, change)| change).collect()
    }
}

/// Numbers for versions, in the order of first mention.
#[derive(Default)]
struct Names {
    versions: Vec<u32>,
    next: u32,
}

impl Names {
    fn of(&mut self, leader: u32) -> u32 {
        let version = &mut self.versions[leader as usize];
        if *version == NONE {
            *version = self.next;
            self.next += 1;
        }
        *version
    }
}

/// Disjoint sets of nodes, each node with one that is nearer to the leader of its set.
struct Groups(Vec<u32>);

impl Groups {
    fn leader(&mut self, mut node: u32) -> u32 {
        while self.0[node as usize] != node {
            self.0[node as usize] = self.0[self.0[node as usize] as usize];
            node = self.0[node as usize];
        }
        node
    }

    /// Makes one set of two, and answers its leader.
    fn join(&mut self, one: u32, other: u32) -> u32 {
        let (one, other) = (self.leader(one), self.leader(other));
        self.0[one.max(other) as usize] = one.min(other);
        one.min(other)
    }
}
