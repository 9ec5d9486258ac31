//! What has to come before what: a relation over operations, closed under the rules of a model.
//!
//! Why it exists: the causal models, PRAM and the first half of sequential consistency ask the same question. Start
//! with process order and reads-from, add what legality forces, and see whether a cycle appears:
//! - a read of w's value comes after another write w' to the object: then w' was overwritten, w' before w
//!   (Bouajjani, Enea, Guerraoui and Hamza, POPL 2017, happened-before; Wei et al., TPDS 2016, RW-closure);
//! - a write w' comes after w: then the reads of w's value come before w' (saturation as in Zennou et al., CAV 2019; needed
//!   only where the reads are not all of one session).
//!
//! How: operations stand in chains (see [`process_order`](super::process_order)), so the set of all that precede an
//! operation is a prefix of each chain: one number a chain, a vector clock. An edge joins two clocks; of each chain
//! only the last write to the object matters to a rule. A worklist runs until nothing changes. Numbers only grow, so it
//! ends: at worst after n·k·n steps for n operations in k chains, in practice after about n·k.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

use super::evidence::{Evidence, Link, Why};
use super::registers::{Kind, Registers, Source};
use crate::budget::POLL_INTERVAL;
use crate::table::count;
use crate::{Budget, Limit};

/// An edge and its reason. Reads in reasons are given by id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Edge {
    pub(super) to: u32,
    pub(super) why: Why,
}

/// Edges by their start.
pub(super) type Edges = Vec<Vec<Edge>>;

/// Whose reads the rules look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Observer {
    /// No one's: the relation is only closed transitively, past any cycle.
    Nobody,
    /// One session's, which makes the first rule enough.
    Session(u32),
    /// Everybody's, by both rules.
    Everybody,
}

/// Why the rules can't be satisfied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Contradiction {
    /// The operation precedes itself.
    Cycle(u32),
    /// The write precedes the read of the initial value.
    InitialOverwritten { write: u32, read: u32 },
}

/// Why a closure is not there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Halt {
    Contradiction(Contradiction),
    Spent(Limit),
}

impl From<Limit> for Halt {
    fn from(limit: Limit) -> Self {
        Self::Spent(limit)
    }
}

/// A relation over the operations, kept closed.
#[derive(Clone, Debug)]
pub(super) struct Closure<'r> {
    registers: &'r Registers,
    base: &'r Edges,
    /// All edges of the base lead from an earlier call to a later one.
    is_base_by_call: bool,
    added: BTreeMap<u32, Vec<Edge>>,
    /// One row an operation: how many operations of each chain precede it.
    clock: Vec<u32>,
    width: usize,
    queue: BinaryHeap<Reverse<u32>>,
    queued: Vec<bool>,
    steps: u64,
    /// An operation that was found to precede itself.
    cycle: Option<u32>,
    /// Places in `clock` that changed since [`Closure::mark`], with what they held.
    undo: Option<Vec<(usize, u32)>>,
}

/// Process order, and reads-from where it is asked for.
pub(super) fn base_edges(registers: &Registers, reads_from: bool) -> Edges {
    let mut edges: Edges = vec![Vec::new(); registers.len()];
    for (index, op) in registers.ops.iter().enumerate() {
        let to = count(index);
        if let Some(previous) = op.place.previous {
            edges[previous as usize].push(Edge { to, why: Why::Session });
        }
        if reads_from && let Kind::Read(Source::Write(write)) = op.kind {
            edges[write as usize].push(Edge { to, why: Why::ReadsFrom });
        }
    }
    edges
}

impl<'r> Closure<'r> {
    /// The transitive closure of the edges, which may have cycles.
    pub(super) fn new(
        registers: &'r Registers,
        base: &'r Edges,
        budget: &mut Budget<'_>,
    ) -> Result<Self, Limit> {
        let width = registers.chains.len();
        // Two copies at a time: one closure is taken as the start of another.
        if width.saturating_mul(registers.len()).saturating_mul(2 * size_of::<u32>()) > budget.memory {
            return Err(Limit::Memory);
        }
        let mut starts = (0_u32..).zip(base);
        let mut closure = Self {
            registers,
            base,
            is_base_by_call: starts.all(|(from, edges)| edges.iter().all(|edge| from < edge.to)),
            added: BTreeMap::new(),
            clock: vec![0; width * registers.len()],
            width,
            queue: (0..count(registers.len())).map(Reverse).collect(),
            queued: vec![true; registers.len()],
            steps: 0,
            cycle: None,
            undo: None,
        };
        match closure.settle(Observer::Nobody, budget) {
            Ok(()) => Ok(closure),
            Err(Halt::Spent(limit)) => Err(limit),
            Err(Halt::Contradiction(_)) => unreachable!("nobody observes"),
        }
    }

    /// Closes the relation under the rules for this observer.
    pub(super) fn observe(&mut self, observer: Observer, budget: &mut Budget<'_>) -> Result<(), Halt> {
        if let Some(cycle) = self.cycle {
            return Err(Halt::Contradiction(Contradiction::Cycle(cycle)));
        }
        for index in 0..count(self.registers.len()) {
            if self.is_judged(index, observer) {
                self.enqueue(index);
            }
        }
        self.settle(observer, budget)
    }

    fn is_judged(&self, index: u32, observer: Observer) -> bool {
        let op = self.registers.op(index);
        match observer {
            Observer::Nobody => false,
            Observer::Session(session) => !op.is_write() && op.place.session == session,
            Observer::Everybody => true,
        }
    }

    fn settle(&mut self, observer: Observer, budget: &mut Budget<'_>) -> Result<(), Halt> {
        let base = self.base;
        while let Some(Reverse(index)) = self.queue.pop() {
            self.queued[index as usize] = false;
            self.steps += 1;
            if self.steps.is_multiple_of(POLL_INTERVAL) && budget.stopped() {
                return Err(Halt::Spent(Limit::Stopped));
            }
            for edge in &base[index as usize] {
                self.join(index, edge.to);
            }
            let added: Vec<u32> = self.added.get(&index).into_iter().flatten().map(|edge| edge.to).collect();
            for to in added {
                self.join(index, to);
            }
            if self.cycle.is_none() && self.is_judged(index, observer) {
                match self.registers.op(index).kind {
                    Kind::Read(source) => self.judge_read(index, source)?,
                    Kind::Write => self.judge_write(index),
                }
            }
            if observer != Observer::Nobody
                && let Some(cycle) = self.cycle
            {
                return Err(Halt::Contradiction(Contradiction::Cycle(cycle)));
            }
        }
        Ok(())
    }

    fn enqueue(&mut self, index: u32) {
        if !self.queued[index as usize] {
            self.queued[index as usize] = true;
            self.queue.push(Reverse(index));
        }
    }

    /// How many operations of the chain precede the operation.
    pub(super) fn prefix(&self, index: u32, chain: u32) -> u32 {
        self.clock[index as usize * self.width + chain as usize]
    }

    /// How many operations of each chain precede the operation.
    pub(super) fn prefixes(&self, index: u32) -> &[u32] {
        &self.clock[index as usize * self.width..][..self.width]
    }

    /// True if the first precedes the second.
    pub(super) fn precedes(&self, first: u32, second: u32) -> bool {
        let place = self.registers.op(first).place;
        self.prefix(second, place.chain) > place.position
    }

    /// An operation that precedes itself.
    pub(super) fn cycle(&self) -> Option<u32> {
        self.cycle
    }

    fn join(&mut self, from: u32, to: u32) {
        let (from_row, to_row) = (from as usize * self.width, to as usize * self.width);
        let mut changed = false;
        if from_row != to_row {
            let (low, high) = self.clock.split_at_mut(from_row.max(to_row));
            let (source, target) = if from_row < to_row {
                (&low[from_row..][..self.width], &mut high[..self.width])
            } else {
                (&high[..self.width], &mut low[to_row..][..self.width])
            };
            for (chain, (target, &source)) in target.iter_mut().zip(source).enumerate() {
                if *target < source {
                    if let Some(undo) = &mut self.undo {
                        undo.push((to_row + chain, *target));
                    }
                    *target = source;
                    changed = true;
                }
            }
        }
        let place = self.registers.op(from).place;
        let own = &mut self.clock[to_row + place.chain as usize];
        if *own <= place.position {
            if let Some(undo) = &mut self.undo {
                undo.push((to_row + place.chain as usize, *own));
            }
            *own = place.position + 1;
            changed = true;
        }
        if changed {
            if self.cycle.is_none() && self.precedes(to, to) {
                self.cycle = Some(to);
            }
            self.enqueue(to);
        }
    }

    /// From here on changes can be taken back. The relation must have no edges added and no cycle.
    pub(super) fn mark(&mut self) {
        assert!(self.added.is_empty() && self.cycle.is_none() && self.queue.is_empty(), "a settled start");
        self.undo = Some(Vec::new());
    }

    /// Takes back all that was added since the mark.
    pub(super) fn take_back(&mut self) {
        let changes = self.undo.take().expect("there is a mark");
        for (place, before) in changes.into_iter().rev() {
            self.clock[place] = before;
        }
        self.added.clear();
        assert!(self.cycle.is_none() && self.queue.is_empty(), "a relation with a cycle is at its end");
    }

    /// Adds an edge unless the relation has it already.
    pub(super) fn add(&mut self, from: u32, to: u32, why: Why) {
        if !self.precedes(from, to) {
            self.added.entry(from).or_default().push(Edge { to, why });
            self.join(from, to);
        }
    }

    /// What comes before this read and writes its object was overwritten by what it saw.
    fn judge_read(&mut self, read: u32, source: Source) -> Result<(), Halt> {
        let registers = self.registers;
        for column in &registers.writes[registers.op(read).key as usize] {
            let Some(other) = column.last_within(self.prefix(read, column.chain)) else { continue };
            match source {
                Source::Initial => {
                    let write = column.operations[0];
                    let found = Contradiction::InitialOverwritten { write, read };
                    return Err(Halt::Contradiction(found));
                }
                Source::Write(write) if write != other => {
                    self.add(other, write, Why::Overwritten { read: registers.id(read) });
                }
                Source::Write(_) => {}
                Source::Nowhere => unreachable!("reads out of thin air are settled before"),
            }
        }
        Ok(())
    }

    /// What read something that this write overwrote came before it.
    fn judge_write(&mut self, write: u32) {
        let registers = self.registers;
        let key = registers.op(write).key as usize;
        for &read in &registers.last_initial_reads[key] {
            self.add(read, write, Why::NotYet);
        }
        for column in &registers.writes[key] {
            let Some(other) = column.last_within(self.prefix(write, column.chain)) else { continue };
            // It could only be the same one if the steps before this have closed a cycle.
            if other != write {
                registers.last_reads[other as usize]
                    .iter()
                    .for_each(|&read| self.add(read, write, Why::NotYet));
            }
        }
    }

    fn successors(&self, index: u32) -> impl Iterator<Item = &Edge> {
        self.base[index as usize].iter().chain(self.added.get(&index).into_iter().flatten())
    }

    /// A shortest path of at least one edge. The target must be reachable.
    pub(super) fn path(&self, from: u32, target: u32) -> Vec<Link> {
        let mut reached_by: Vec<Option<(u32, Why)>> = vec![None; self.registers.len()];
        let mut queue = VecDeque::from([from]);
        while let Some(index) = queue.pop_front() {
            if index == target && reached_by[target as usize].is_some() {
                break;
            }
            for edge in self.successors(index) {
                let reached = &mut reached_by[edge.to as usize];
                if reached.is_none() {
                    *reached = Some((index, edge.why));
                    queue.push_back(edge.to);
                }
            }
        }
        let mut links = Vec::new();
        let mut to = target;
        loop {
            let (before, why) = reached_by[to as usize].expect("the target is reachable");
            let (from_id, to_id) = (self.registers.id(before), self.registers.id(to));
            links.push(Link { from: Some(from_id), to: Some(to_id), why });
            to = before;
            if to == from {
                break;
            }
        }
        links.reverse();
        links
    }

    /// A contradiction with the edges that lead to it.
    pub(super) fn evidence(&self, contradiction: Contradiction, observer: Observer) -> Evidence {
        let client = match observer {
            Observer::Session(session) => Some(self.registers.clients[session as usize]),
            Observer::Nobody | Observer::Everybody => None,
        };
        match contradiction {
            Contradiction::Cycle(index) => {
                let mut links = self.path(index, index);
                // Told from its first operation on.
                let first = (0..links.len()).min_by_key(|&position| links[position].from).unwrap_or(0);
                links.rotate_left(first);
                Evidence::Cycle { client, links }
            }
            Contradiction::InitialOverwritten { write, read } => {
                Evidence::InitialOverwritten { client, links: self.path(write, read) }
            }
        }
    }

    /// For each operation its rank in an order that extends the relation, which must have no cycle; early calls first
    /// where there is a choice.
    pub(super) fn ranks(&self) -> Vec<u32> {
        let is_by_call = self.is_base_by_call
            && self.added.iter().all(|(&from, edges)| edges.iter().all(|edge| from < edge.to));
        if is_by_call {
            return (0..count(self.registers.len())).collect();
        }
        let mut waits_for: Vec<u32> = vec![0; self.registers.len()];
        for index in 0..count(self.registers.len()) {
            for edge in self.successors(index) {
                waits_for[edge.to as usize] += 1;
            }
        }
        let ready = |(index, _): (usize, &u32)| Reverse(count(index));
        let mut queue: BinaryHeap<Reverse<u32>> =
            waits_for.iter().enumerate().filter(|(_, waits)| **waits == 0).map(ready).collect();
        let mut ranks = vec![u32::MAX; self.registers.len()];
        let mut rank = 0;
        while let Some(Reverse(index)) = queue.pop() {
            ranks[index as usize] = rank;
            rank += 1;
            for edge in self.successors(index) {
                let waits = &mut waits_for[edge.to as usize];
                *waits -= 1;
                if *waits == 0 {
                    queue.push(Reverse(edge.to));
                }
            }
        }
        assert!(rank as usize == self.registers.len(), "a relation without cycles has an order");
        ranks
    }
}
