//! Sequential consistency: one legal order over all objects that respects every client's own order.
//!
//! Lamport (IEEE Trans. Comp. 1979). NP-complete even where reads-from is known (Gibbons and Korach 1997), and not local, so all
//! objects are put in order together. In turn:
//! 1. A linearizable history is sequential: give each operation the latest call of those up to it in its object's
//!    order; by that time, and in the objects' and clients' own orders where times are equal, all fall into one line.
//! 2. Where reads-from is known, close process order and reads-from under both rules of [`closure`](super::closure)
//!    (saturation; Zennou, Bouajjani, Enea and Erradi, CAV 2019). A cycle means no; almost every violation shows there.
//! 3. Search, within the budget: depth first, at each step an operation of some client that comes next, remembering
//!    where it has been (how far each client is, and the objects' states).
//!
//! The search takes a step without looking back where that is sound: an observer that is legal changes nothing, so any
//! completion works with it moved to the front; and so does a write whose object's present value nobody still has to
//! see and which everything else that changes the object has to come after (by the closure). It turns back where somebody
//! still has to see a state that nobody can bring about any more.
//!
//! An operation of unknown outcome may be placed at any point after what its client had finished before, or left out.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use anachron_history::History;
use anachron_vocabulary::OperationId;

use super::closure::{Closure, Halt, Observer, base_edges};
use super::evidence::Evidence;
use super::grade::Grade;
use super::process_order::{Place, Sessions};
use super::registers::Registers;
use crate::budget::POLL_INTERVAL;
use crate::instance::Timed;
use crate::machine::{Compiled, ILLEGAL, Machine, compile};
use crate::table::count;
use crate::{Budget, Judgement, Limit, Part, Verdict};

/// Grades sequential consistency; `registers` is the history where reads-from is known.
pub(super) fn sequential(
    history: &History,
    parts: &[Part<'_>],
    judgement: &Judgement,
    registers: Option<&Registers>,
    budget: &mut Budget<'_>,
) -> Grade {
    if let Some(order) = from_linearizable(history, judgement) {
        return Grade::Holds(Evidence::Order(order));
    }
    let Some(registers) = registers else {
        return Search::new(history, parts, None).run(budget);
    };
    if let Some(&read) = registers.thin_air.first() {
        return Grade::Violated(Evidence::ThinAir { read: registers.id(read) });
    }
    let base = base_edges(registers, true);
    let closed = Closure::new(registers, &base, budget).map_err(Halt::from).and_then(|mut closure| {
        match closure.observe(Observer::Everybody, budget) {
            Err(Halt::Contradiction(found)) => Ok(Err(closure.evidence(found, Observer::Everybody))),
            Err(halt) => Err(halt),
            Ok(()) => Ok(Ok(closure)),
        }
    });
    match closed {
        Ok(Ok(closure)) => Search::new(history, parts, Some((registers, &closure))).run(budget),
        Ok(Err(evidence)) => Grade::Violated(evidence),
        // The search can do without, if it only was too big.
        Err(Halt::Spent(Limit::Memory)) => Search::new(history, parts, None).run(budget),
        Err(Halt::Spent(limit)) => Grade::Undecided(limit),
        Err(Halt::Contradiction(_)) => unreachable!("taken care of above"),
    }
}

/// One line of all operations from the objects' own lines, if each object has one and no two calls of a client touch
/// in a way that keeps them apart.
fn from_linearizable(history: &History, judgement: &Judgement) -> Option<Vec<OperationId>> {
    let mut ids = Vec::new();
    let mut times = Vec::new();
    let mut after: Vec<Option<u32>> = Vec::new();
    for part in &judgement.parts {
        let Verdict::Linearizable(order) = &part.verdict else { return None };
        let mut time = i64::MIN;
        for (position, &id) in order.0.iter().enumerate() {
            time = time.max(history.record(id).call.0);
            if position > 0 {
                after[ids.len() - 1] = Some(count(ids.len()));
            }
            ids.push(id);
            times.push(time);
            after.push(None);
        }
    }
    let sessions = Sessions::new(history, &ids);
    let mut followers: Vec<Vec<u32>> = after.into_iter().map(|next| next.into_iter().collect()).collect();
    let mut waits_for: Vec<u32> = vec![0; ids.len()];
    for (index, place) in sessions.places.iter().enumerate() {
        if let Some(previous) = place.previous {
            followers[previous as usize].push(count(index));
        }
    }
    followers.iter().flatten().for_each(|&follower| waits_for[follower as usize] += 1);
    let ready = |index: u32| Reverse((times[index as usize], index));
    let mut queue: BinaryHeap<_> =
        (0..count(ids.len())).filter(|&index| waits_for[index as usize] == 0).map(ready).collect();
    let mut line = Vec::with_capacity(ids.len());
    while let Some(Reverse((_, index))) = queue.pop() {
        line.push(ids[index as usize]);
        for &follower in &followers[index as usize] {
            waits_for[follower as usize] -= 1;
            if waits_for[follower as usize] == 0 {
                queue.push(ready(follower));
            }
        }
    }
    (line.len() == ids.len()).then_some(line)
}

/// An operation of the search.
#[derive(Clone, Copy)]
struct Item {
    id: OperationId,
    object: u32,
    class: u32,
    place: Place,
    call: i64,
    is_required: bool,
    is_observer: bool,
}

/// An object's machine, and how many operations not yet placed see and leave each state.
struct Bench {
    machine: Compiled,
    state: u32,
    /// By state: see it, leave it.
    tallies: BTreeMap<u32, (u32, u32)>,
    /// Every operation that changes something says which state it leaves.
    is_closed: bool,
}

impl Bench {
    fn machine(&self) -> &dyn Machine {
        match &self.machine {
            Compiled::Register(machine) => machine,
            Compiled::Text(machine) => machine,
            Compiled::Object(machine) => machine,
        }
    }

    fn step(&mut self, class: u32) -> u32 {
        match &mut self.machine {
            Compiled::Register(machine) => machine.step(self.state, class),
            Compiled::Text(machine) => machine.step(self.state, class),
            Compiled::Object(machine) => machine.step(self.state, class),
        }
    }

    /// Counts an operation in or out.
    fn tally(&mut self, item: &Item, change: impl Fn(&mut u32)) {
        let (requires, leaves) = (self.machine().requires(item.class), self.machine().leaves(item.class));
        if let Some(state) = requires
            && item.is_required
        {
            change(&mut self.tallies.entry(state).or_default().0);
        }
        if let Some(state) = leaves {
            change(&mut self.tallies.entry(state).or_default().1);
        }
    }

    /// How many operations that have to be placed still have to see this state.
    fn wanted(&self, state: u32) -> u32 {
        self.tallies.get(&state).map_or(0, |tally| tally.0)
    }

    /// True if somebody still has to see this state, and nobody can bring it about any more.
    fn is_lost(&self, state: u32) -> bool {
        self.is_closed && self.tallies.get(&state).is_some_and(|&(sees, leaves)| sees > 0 && leaves == 0)
    }
}

struct Search<'a> {
    items: Vec<Item>,
    chains: Vec<Vec<u32>>,
    benches: Vec<Bench>,
    closure: Option<(&'a Registers, &'a Closure<'a>)>,
    /// How many operations of each chain are placed.
    placed: Vec<u32>,
    /// How many operations that have to be placed are not.
    missing: usize,
    /// What was placed, and its object's state before.
    trail: Vec<(u32, u32)>,
}

struct Frame {
    depth: usize,
    choices: Vec<u32>,
}

impl<'a> Search<'a> {
    fn new(history: &History, parts: &[Part<'_>], closure: Option<(&'a Registers, &'a Closure<'a>)>) -> Self {
        let mut benches = Vec::new();
        let mut timed: Vec<(Timed, u32)> = Vec::new();
        for part in parts {
            let (machine, operations) = compile(part);
            timed.extend(operations.into_iter().map(|operation| (operation, count(benches.len()))));
            let mut bench = Bench { machine, state: 0, tallies: BTreeMap::new(), is_closed: false };
            bench.state = bench.machine().initial();
            bench.is_closed = bench.machine().is_closed();
            benches.push(bench);
        }
        let (ids, sessions) = if let Some((registers, _)) = closure {
            // The closure's own numbering; it leaves out writes of unknown outcome that nobody read.
            let ids: Vec<OperationId> = registers.ops.iter().map(|op| op.id).collect();
            let places = registers.ops.iter().map(|op| op.place).collect();
            let chains = registers.chains.clone();
            (ids, Sessions { places, chains, clients: registers.clients.clone() })
        } else {
            let ids: Vec<OperationId> = timed.iter().map(|(operation, _)| operation.id).collect();
            let sessions = Sessions::new(history, &ids);
            (ids, sessions)
        };
        timed.sort_unstable_by_key(|(operation, _)| operation.id);
        let items: Vec<Item> = ids
            .iter()
            .zip(&sessions.places)
            .map(|(&id, &place)| {
                let found = timed.binary_search_by_key(&id, |(operation, _)| operation.id);
                let (operation, object) = timed[found.expect("every operation was compiled")];
                Item {
                    id,
                    object,
                    class: operation.class,
                    place,
                    call: operation.call,
                    is_required: operation.returned.is_some(),
                    is_observer: benches[object as usize].machine().is_observer(operation.class),
                }
            })
            .collect();
        for item in &items {
            benches[item.object as usize].tally(item, |number| *number += 1);
        }
        let placed = vec![0; sessions.chains.len()];
        let missing = items.iter().filter(|item| item.is_required).count();
        Self { items, chains: sessions.chains, benches, closure, placed, missing, trail: Vec::new() }
    }

    fn run(mut self, budget: &mut Budget<'_>) -> Grade {
        let mut seen: BTreeSet<Vec<u32>> = BTreeSet::new();
        let mut bytes = 0;
        let mut configurations = 0;
        let mut frames: Vec<Frame> = Vec::new();
        let mut is_alive = !self
            .benches
            .iter()
            .any(|bench| bench.tallies.keys().any(|&state| state != bench.state && bench.is_lost(state)));
        loop {
            if is_alive {
                configurations += 1;
                if configurations > budget.configurations {
                    return Grade::Undecided(Limit::Configurations);
                }
                if configurations.is_multiple_of(POLL_INTERVAL) && budget.stopped() {
                    return Grade::Undecided(Limit::Stopped);
                }
                is_alive = self.place_what_is_free();
                if is_alive && self.missing == 0 {
                    let order = self.trail.iter().map(|&(item, _)| self.items[item as usize].id);
                    return Grade::Holds(Evidence::Order(order.collect()));
                }
                let mut choices = if is_alive { self.choices() } else { Vec::new() };
                if choices.len() > 1 {
                    let key = self.key();
                    bytes += key.len() * size_of::<u32>() + 64;
                    if bytes > budget.memory {
                        return Grade::Undecided(Limit::Memory);
                    }
                    if !seen.insert(key) {
                        choices.clear();
                    }
                }
                frames.push(Frame { depth: self.trail.len(), choices });
            }
            let Some(frame) = frames.last_mut() else {
                return Grade::Violated(Evidence::NoOrder { configurations });
            };
            let (depth, next) = (frame.depth, frame.choices.pop());
            while self.trail.len() > depth {
                self.take_back();
            }
            if let Some(next) = next {
                is_alive = self.place(next);
            } else {
                frames.pop();
                is_alive = false;
            }
        }
    }

    /// The next operations of all chains whose own clients and, by the closure, everybody else are ready for them.
    fn heads(&self) -> impl Iterator<Item = u32> {
        self.chains
            .iter()
            .zip(&self.placed)
            .filter_map(|(chain, &placed)| chain.get(placed as usize).copied())
            .filter(|&head| match self.closure {
                Some((_, closure)) => {
                    closure.prefixes(head).iter().zip(&self.placed).all(|(wanted, placed)| wanted <= placed)
                }
                None => self.items[head as usize].place.previous.is_none_or(|previous| {
                    let before = self.items[previous as usize].place;
                    self.placed[before.chain as usize] > before.position
                }),
            })
    }

    /// Places what can be placed without looking back; false if that leads nowhere.
    fn place_what_is_free(&mut self) -> bool {
        loop {
            let heads: Vec<u32> = self.heads().collect();
            let Some(free) = heads.into_iter().find(|&head| self.is_free(head)) else { return true };
            if !self.place(free) {
                return false;
            }
        }
    }

    fn is_free(&mut self, head: u32) -> bool {
        let item = self.items[head as usize];
        if item.is_observer {
            return self.benches[item.object as usize].step(item.class) != ILLEGAL;
        }
        let Some((registers, closure)) = self.closure else { return false };
        let bench = &self.benches[item.object as usize];
        let key = registers.op(head).key as usize;
        bench.wanted(bench.state) == 0
            && registers.writes[key].iter().all(|column| {
                let placed = column.within(self.placed[column.chain as usize]);
                let next = column.operations.get(placed);
                next.is_none_or(|&other| other == head || closure.precedes(head, other))
            })
    }

    /// Operations that change something and can come next, the earliest call last.
    fn choices(&mut self) -> Vec<u32> {
        let mut choices: Vec<u32> =
            self.heads().filter(|&head| !self.items[head as usize].is_observer).collect();
        choices.retain(|&head| {
            let item = self.items[head as usize];
            self.benches[item.object as usize].step(item.class) != ILLEGAL
        });
        choices.sort_by_key(|&head| Reverse((self.items[head as usize].call, head)));
        choices
    }

    /// Places an operation that is legal here; false if somebody waits in vain from now on.
    fn place(&mut self, index: u32) -> bool {
        let item = self.items[index as usize];
        let bench = &mut self.benches[item.object as usize];
        let before = bench.state;
        let after = bench.step(item.class);
        assert!(after != ILLEGAL, "only what is legal is placed");
        bench.tally(&item, |number| *number -= 1);
        bench.state = after;
        self.placed[item.place.chain as usize] += 1;
        self.missing -= usize::from(item.is_required);
        self.trail.push((index, before));
        let leaves = bench.machine().leaves(item.class);
        let lost = |state: u32| state != after && bench.is_lost(state);
        !lost(before) && !leaves.is_some_and(lost)
    }

    fn take_back(&mut self) {
        let (index, before) = self.trail.pop().expect("there is a step to take back");
        let item = self.items[index as usize];
        let bench = &mut self.benches[item.object as usize];
        bench.state = before;
        bench.tally(&item, |number| *number += 1);
        self.placed[item.place.chain as usize] -= 1;
        self.missing += usize::from(item.is_required);
    }

    fn key(&self) -> Vec<u32> {
        self.placed.iter().copied().chain(self.benches.iter().map(|bench| bench.state)).collect()
    }
}
