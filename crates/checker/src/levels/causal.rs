//! Causal memory, causal convergence, weak causal consistency and PRAM.
//!
//! Bouajjani, Enea, Guerraoui and Hamza (POPL 2017, sections 3 and 5) characterise the three causal models, where
//! reads-from is known, by bad patterns. With CO, the causal order, the transitive closure of process order and
//! reads-from:
//! - CC: a read out of thin air; a cycle in CO; a read of the initial value, or of w, with another write to the object
//!   (after w) before it in CO;
//! - CCv: these, and a cycle in CO and CF together, where w' CF w if some read of w's value comes after w' in CO;
//! - CM: those of CC, and a contradiction in some session's happened-before: CO closed under the first rule of
//!   [`closure`](super::closure) for the reads of that session.
//!
//! PRAM is the same closure as CM, begun with process order and the session's own reads-from in place of CO (Wei, De
//! Biasi, Huang, Cao and Lu, TPDS 2016). No bad pattern is enough: the reads of a session stand in a row; place
//! before each read what precedes it and is not yet there, in an order that extends the closure. Whatever else wrote the
//! object and is there precedes the read's write, so the read is legal. These are the views given as evidence.

use anachron_vocabulary::OperationId;

use super::closure::{Closure, Contradiction, Edge, Edges, Halt, Observer, base_edges};
use super::evidence::{Evidence, View, Why};
use super::grade::Grade;
use super::registers::{Kind, Registers, Source};
use crate::table::count;
use crate::{Budget, Limit};

/// The three causal grades.
pub(super) struct Causal {
    pub(super) memory: Grade,
    pub(super) convergence: Grade,
    pub(super) weak: Grade,
}

/// Grades by the causal order `order`, whose edges are `base`.
pub(super) fn causal(
    registers: &Registers,
    order: &Closure<'_>,
    base: &Edges,
    budget: &mut Budget<'_>,
) -> Causal {
    if let Some(pattern) = weak_pattern(registers, order) {
        return Causal {
            memory: Grade::Violated(pattern.clone()),
            convergence: Grade::Violated(pattern.clone()),
            weak: Grade::Violated(pattern),
        };
    }
    let ranks = order.ranks();
    let mut extension: Vec<u32> = (0..count(registers.len())).collect();
    extension.sort_unstable_by_key(|&index| ranks[index as usize]);
    let extension = extension.into_iter().map(|index| registers.id(index)).collect();
    Causal {
        memory: views(registers, order.clone(), |_, _| (), budget).unwrap_or_else(Grade::Undecided),
        convergence: convergence(registers, order, base, budget).unwrap_or_else(Grade::Undecided),
        weak: Grade::Holds(Evidence::Order(extension)),
    }
}

/// Grades PRAM.
pub(super) fn pram(registers: &Registers, budget: &mut Budget<'_>) -> Grade {
    if let Some(&read) = registers.thin_air.first() {
        return Grade::Violated(Evidence::ThinAir { read: registers.id(read) });
    }
    let base = base_edges(registers, false);
    let process_order = match Closure::new(registers, &base, budget) {
        Ok(closure) => closure,
        Err(limit) => return Grade::Undecided(limit),
    };
    let start = |closure: &mut Closure<'_>, session: u32| {
        for &read in &registers.chains[session as usize] {
            if let Kind::Read(Source::Write(write)) = registers.op(read).kind {
                closure.add(write, read, Why::ReadsFrom);
            }
        }
    };
    views(registers, process_order, start, budget).unwrap_or_else(Grade::Undecided)
}

/// A bad pattern of CC.
fn weak_pattern(registers: &Registers, order: &Closure<'_>) -> Option<Evidence> {
    if let Some(&read) = registers.thin_air.first() {
        return Some(Evidence::ThinAir { read: registers.id(read) });
    }
    if let Some(cycle) = order.cycle() {
        return Some(order.evidence(Contradiction::Cycle(cycle), Observer::Nobody));
    }
    for (index, op) in registers.ops.iter().enumerate() {
        let (read, Kind::Read(source)) = (count(index), op.kind) else { continue };
        for column in &registers.writes[op.key as usize] {
            let Some(other) = column.last_within(order.prefix(read, column.chain)) else { continue };
            match source {
                Source::Initial => {
                    let found = Contradiction::InitialOverwritten { write: column.operations[0], read };
                    return Some(order.evidence(found, Observer::Nobody));
                }
                // If an earlier one of the chain came after the write, then so does the last.
                Source::Write(write) if write != other && order.precedes(write, other) => {
                    let mut links = order.path(write, other);
                    links.extend(order.path(other, read));
                    return Some(Evidence::Overwritten { by: registers.id(other), links });
                }
                Source::Write(_) => {}
                Source::Nowhere => unreachable!("settled above"),
            }
        }
    }
    None
}

/// CCv, given CC: is there an order of everything that extends CO and CF?
fn convergence(
    registers: &Registers,
    order: &Closure<'_>,
    base: &Edges,
    budget: &mut Budget<'_>,
) -> Result<Grade, Limit> {
    let mut edges = base.clone();
    for (index, op) in registers.ops.iter().enumerate() {
        let (read, Kind::Read(Source::Write(write))) = (count(index), op.kind) else { continue };
        for column in &registers.writes[op.key as usize] {
            let Some(other) = column.last_within(order.prefix(read, column.chain)) else { continue };
            if other != write && !order.precedes(other, write) {
                let why = Why::Overwritten { read: op.id };
                edges[other as usize].push(Edge { to: write, why });
            }
        }
    }
    let both = Closure::new(registers, &edges, budget)?;
    if let Some(cycle) = both.cycle() {
        return Ok(Grade::Violated(both.evidence(Contradiction::Cycle(cycle), Observer::Nobody)));
    }
    let ranks = both.ranks();
    let mut writes: Vec<u32> =
        (0..count(registers.len())).filter(|&index| registers.op(index).is_write()).collect();
    writes.sort_unstable_by_key(|&write| ranks[write as usize]);
    Ok(Grade::Holds(Evidence::Order(writes.into_iter().map(|write| registers.id(write)).collect())))
}

/// A view for each session that reads, each begun with the same relation and what `start` adds to it.
fn views<'r>(
    registers: &'r Registers,
    mut closure: Closure<'r>,
    start: impl Fn(&mut Closure<'r>, u32),
    budget: &mut Budget<'_>,
) -> Result<Grade, Limit> {
    let mut views = Vec::new();
    for session in 0..count(registers.clients.len()) {
        let is_read = |index: &u32| !registers.op(*index).is_write();
        let reads: Vec<u32> = registers.chains[session as usize].iter().copied().filter(is_read).collect();
        if reads.is_empty() {
            continue;
        }
        closure.mark();
        start(&mut closure, session);
        let observer = Observer::Session(session);
        match closure.observe(observer, budget) {
            Ok(()) => {}
            Err(Halt::Spent(limit)) => return Err(limit),
            Err(Halt::Contradiction(found)) => {
                return Ok(Grade::Violated(closure.evidence(found, observer)));
            }
        }
        views.push(View {
            client: registers.clients[session as usize],
            order: view(registers, &closure, &reads),
        });
        closure.take_back();
    }
    Ok(Grade::Holds(Evidence::Views(views)))
}

/// Places before each read the writes that precede it and are not yet there.
fn view(registers: &Registers, closure: &Closure<'_>, reads: &[u32]) -> Vec<OperationId> {
    let ranks = closure.ranks();
    let mut placed: Vec<u32> = vec![0; registers.chains.len()];
    let mut order = Vec::new();
    for &read in reads {
        let mut fresh: Vec<u32> = Vec::new();
        for (chain, &length) in closure.prefixes(read).iter().enumerate() {
            while placed[chain] < length {
                let index = registers.chains[chain][placed[chain] as usize];
                placed[chain] += 1;
                if registers.op(index).is_write() {
                    fresh.push(index);
                }
            }
        }
        fresh.sort_unstable_by_key(|&index| ranks[index as usize]);
        order.extend(fresh.into_iter().map(|index| registers.id(index)));
        order.push(registers.id(read));
    }
    order
}
