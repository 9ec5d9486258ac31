//! The four session guarantees, each alone and all together.
//!
//! Terry, Demers, Petersen, Spreitzer, Theimer and Welch (PDIS 1994), in the words of models.md. A guarantee says which
//! writes a session has *met* when it reads an object; the read must be no older than any of them in the order of the
//! object's versions, which always begins with the initial value and keeps each writer's own order:
//! - *read your writes*: what the session itself wrote before;
//! - *monotonic reads*: what it read before;
//! - *monotonic writes*: what the writer of something that the session read (by now) had written before that;
//! - *writes follow reads*: what the writer of such a thing had read before writing it, what the writers of that had
//!   read, and so on. The order of versions puts a write after what its writer had read, too;
//! - *all four*: every write in the read's causal past; the order of versions extends the causal order.
//!
//! What a session met counts for all its later reads. Alone, a guarantee does not count what only another brings: with
//! monotonic writes alone, a session that read a writer's second write has met the first, not the second.
//!
//! *One order each*: every observing session may have an order of versions of its own, as is the case for each guarantee
//! alone. *One order for all*: all sessions share it. An order of versions concerns one object. So all four
//! together follow from causal memory (one order each) and from causal convergence (one for all), not the other way
//! round (Brzezinski, Sobaniec and Wawrzyniak 2004 find four guarantees as strong as causality where one order covers all
//! objects).
//!
//! How: "not older than" is a graph over the versions; it fits into an order iff no two versions lie on a cycle. A
//! row of helper nodes, one a read, stands for what is met so far, which keeps the graph linear.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use anachron_vocabulary::OperationId;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::closure::{Closure, Contradiction, Observer};
use super::evidence::{Evidence, Link, Point, VersionOrder, Why};
use super::grade::Grade;
use super::registers::{Kind, Registers, Source};
use crate::budget::POLL_INTERVAL;
use crate::table::count;
use crate::{Budget, Limit};

/// Which guarantee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Guarantee {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
    AllFour,
}

/// Whether sessions share their orders of versions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sharing {
    OneOrderEach,
    OneOrderForAll,
}

/// A read, and what its session met since its last read of the object: writes, each with what it was met through.
struct Meeting {
    read: u32,
    fresh: Vec<(u32, u32)>,
}

/// The reads of one object in one session, in order.
type Row = Vec<Meeting>;

/// Why a node is not after another one.
#[derive(Clone, Copy, Debug)]
enum Label {
    Why(Why),
    /// From a version to a helper: met through this operation.
    Met(u32),
    /// From a helper to the next.
    Next,
    /// From a helper to the version that this read returned.
    Returned(u32),
}

/// Grades one guarantee. `order` is the causal order.
pub(super) fn grade(
    registers: &Registers,
    order: &Closure<'_>,
    guarantee: Guarantee,
    sharing: Sharing,
    budget: &mut Budget<'_>,
) -> Grade {
    if let Some(&read) = registers.thin_air.first() {
        return Grade::Violated(Evidence::ThinAir { read: registers.id(read) });
    }
    if guarantee == Guarantee::AllFour
        && let Some(cycle) = order.cycle()
    {
        return Grade::Violated(order.evidence(Contradiction::Cycle(cycle), Observer::Nobody));
    }
    judge_all(registers, order, guarantee, sharing, budget).unwrap_or_else(Grade::Undecided)
}

fn judge_all(
    registers: &Registers,
    order: &Closure<'_>,
    guarantee: Guarantee,
    sharing: Sharing,
    budget: &mut Budget<'_>,
) -> Result<Grade, Limit> {
    let scales: Vec<Scale> =
        (0..registers.keys.len()).map(|key| Scale::new(registers, order, guarantee, key)).collect();
    let mut versions = Vec::new();
    let mut shared: Vec<Vec<Row>> = registers.keys.iter().map(|_| Vec::new()).collect();
    for session in 0..count(registers.clients.len()) {
        for (key, row) in rows(registers, order, guarantee, session, budget)? {
            let key = key as usize;
            if sharing == Sharing::OneOrderForAll {
                shared[key].push(row);
                continue;
            }
            let client = Some(registers.clients[session as usize]);
            match scales[key].weigh(registers, &[row]) {
                Ok(order) => versions.push(VersionOrder { client, key: registers.keys[key], order }),
                Err(links) => return Ok(Grade::Violated(Evidence::Cycle { client, links })),
            }
            if budget.stopped() {
                return Err(Limit::Stopped);
            }
        }
    }
    if sharing == Sharing::OneOrderForAll {
        for (key, rows) in shared.iter().enumerate() {
            match scales[key].weigh(registers, rows) {
                Ok(order) => versions.push(VersionOrder { client: None, key: registers.keys[key], order }),
                Err(links) => return Ok(Grade::Violated(Evidence::Cycle { client: None, links })),
            }
        }
    }
    Ok(Grade::Holds(Evidence::Versions(versions)))
}

/// What a session has met before each of its reads, by object.
fn rows(
    registers: &Registers,
    order: &Closure<'_>,
    guarantee: Guarantee,
    session: u32,
    budget: &mut Budget<'_>,
) -> Result<BTreeMap<u32, Row>, Limit> {
    let mut rows: BTreeMap<u32, Row> = BTreeMap::new();
    // By object: the own write or the read that was met last, and how many operations of each column were met.
    let mut own: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
    let mut columns_met: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    // How much of each chain is known, and through which read.
    let mut known: Vec<(u32, u32)> = vec![(0, u32::MAX); registers.chains.len()];
    for (step, &index) in registers.chains[session as usize].iter().enumerate() {
        if (step as u64 + 1).is_multiple_of(POLL_INTERVAL) && budget.stopped() {
            return Err(Limit::Stopped);
        }
        let op = registers.op(index);
        let Kind::Read(source) = op.kind else {
            if guarantee == Guarantee::ReadYourWrites {
                own.insert(op.key, (index, index));
            }
            continue;
        };
        let mut fresh: Vec<(u32, u32)> = Vec::new();
        match (guarantee, source) {
            (Guarantee::ReadYourWrites, _) => fresh.extend(own.remove(&op.key)),
            (Guarantee::MonotonicReads, _) => {
                fresh.extend(own.remove(&op.key));
                if let Source::Write(write) = source {
                    own.insert(op.key, (write, index));
                }
            }
            (Guarantee::MonotonicWrites, Source::Write(write)) => {
                // Everything that its client had finished before it.
                let writer = registers.op(write).place;
                let length = writer.previous.map_or(0, |previous| registers.op(previous).place.position + 1);
                learn(&mut known[writer.session as usize], length, index);
            }
            (Guarantee::WritesFollowReads, Source::Write(write)) => {
                for (known, &length) in known.iter_mut().zip(order.prefixes(write)) {
                    learn(known, length, index);
                }
            }
            (Guarantee::AllFour, _) => {
                for (known, &length) in known.iter_mut().zip(order.prefixes(index)) {
                    learn(known, length, index);
                }
            }
            _ => {}
        }
        let key = op.key as usize;
        let columns = match guarantee {
            Guarantee::ReadYourWrites | Guarantee::MonotonicReads => &[][..],
            Guarantee::MonotonicWrites | Guarantee::AllFour => &registers.writes[key],
            Guarantee::WritesFollowReads => &registers.reads[key],
        };
        let met = columns_met.entry(op.key).or_insert_with(|| vec![0; columns.len()]);
        for (column, met) in columns.iter().zip(met) {
            let (length, through) = known[column.chain as usize];
            let within = column.within(length);
            let mut found = &column.operations[*met..within.max(*met)];
            *met = within.max(*met);
            if guarantee == Guarantee::WritesFollowReads {
                let mut seen = BTreeSet::new();
                for &read in found {
                    if let Some(Source::Write(write)) = registers.source(read)
                        && seen.insert(write)
                    {
                        fresh.push((write, through));
                    }
                }
            } else {
                // The last one stands for those before it.
                found = &found[found.len().saturating_sub(1)..];
                fresh.extend(found.iter().map(|&write| (write, through)));
            }
        }
        // It may be what this very read returned: that is no older than itself, and met for the later reads.
        rows.entry(op.key).or_default().push(Meeting { read: index, fresh });
    }
    Ok(rows)
}

fn learn(known: &mut (u32, u32), length: u32, through: u32) {
    if known.0 < length {
        *known = (length, through);
    }
}

/// The versions of one object, and what is known of their order before any session looks.
struct Scale {
    /// By call. Version 0 is the initial value; the write at position i is version i + 1.
    writes: Vec<u32>,
    /// Between versions.
    edges: Vec<(u32, u32, Why)>,
    /// All edges lead from an earlier call to a later one, so the order of calls is an order of versions.
    is_by_call: bool,
}

impl Scale {
    fn new(registers: &Registers, order: &Closure<'_>, guarantee: Guarantee, key: usize) -> Self {
        let columns = &registers.writes[key];
        let mut writes: Vec<u32> = columns.iter().flat_map(|column| &column.operations).copied().collect();
        writes.sort_unstable();
        let mut scale = Self { writes, edges: Vec::new(), is_by_call: true };
        for version in 1..=count(scale.writes.len()) {
            scale.edges.push((0, version, Why::Initial));
        }
        for position in 0..scale.writes.len() {
            let write = scale.writes[position];
            let place = registers.op(write).place;
            if guarantee == Guarantee::AllFour {
                for column in columns {
                    if let Some(before) = column.last_within(order.prefix(write, column.chain)) {
                        scale.link(before, write, Why::Causal);
                    }
                }
                continue;
            }
            // The last earlier write of the same client; an unknown one's place is after what was finished before it.
            let finished = place.previous.map_or(0, |previous| registers.op(previous).place.position + 1);
            let own = columns.iter().find(|column| column.chain == place.session);
            let last = own.and_then(|column| column.last_within(finished));
            if let Some(last) = last {
                scale.link(last, write, Why::Session);
            }
            if guarantee == Guarantee::WritesFollowReads {
                // What the client's last write already stands after needs no saying again.
                let before: BTreeSet<u32> = registers.reads[key]
                    .iter()
                    .flat_map(|column| {
                        let said = last.map_or(0, |last| column.within(order.prefix(last, column.chain)));
                        let within = column.within(order.prefix(write, column.chain));
                        &column.operations[said.min(within)..within]
                    })
                    .filter_map(|&read| match registers.source(read) {
                        Some(Source::Write(source)) if source != write => Some(source),
                        _ => None,
                    })
                    .collect();
                for before in before {
                    scale.link(before, write, Why::Causal);
                }
            }
        }
        scale
    }

    fn version(&self, write: u32) -> u32 {
        count(self.writes.binary_search(&write).expect("a write of this object")) + 1
    }

    fn link(&mut self, before: u32, after: u32, why: Why) {
        self.is_by_call &= before < after;
        self.edges.push((self.version(before), self.version(after), why));
    }

    /// The versions in an order that suits all these reads, or a cycle.
    fn weigh(&self, registers: &Registers, rows: &[Row]) -> Result<Vec<OperationId>, Vec<Link>> {
        // Nearly always the simplest order will do, and no graph is needed.
        if self.is_by_call && rows.iter().all(|row| is_by_call(registers, row)) {
            return Ok(self.writes.iter().map(|&write| registers.id(write)).collect());
        }
        let versions = self.writes.len() + 1;
        let mut graph: DiGraph<(), Label> = DiGraph::new();
        for _ in 0..versions {
            graph.add_node(());
        }
        for &(from, to, why) in &self.edges {
            graph.add_edge(node(from), node(to), Label::Why(why));
        }
        for row in rows {
            let mut last: Option<NodeIndex> = None;
            for meeting in row {
                let helper = graph.add_node(());
                if let Some(last) = last {
                    graph.add_edge(last, helper, Label::Next);
                }
                for &(write, met) in &meeting.fresh {
                    graph.add_edge(node(self.version(write)), helper, Label::Met(met));
                }
                let returned = match registers.source(meeting.read) {
                    Some(Source::Write(write)) => self.version(write),
                    _ => 0,
                };
                graph.add_edge(helper, node(returned), Label::Returned(meeting.read));
                last = Some(helper);
            }
        }
        let mut order = Vec::new();
        // In reverse topological order.
        for component in kosaraju_scc(&graph) {
            let mut in_component = component.iter().filter(|node| node.index() < versions);
            let Some(&version) = in_component.next() else { continue };
            if in_component.next().is_some() {
                return Err(self.cycle(registers, &graph, &component, version));
            }
            if version.index() > 0 {
                order.push(registers.id(self.writes[version.index() - 1]));
            }
        }
        order.reverse();
        Ok(order)
    }

    fn point(&self, registers: &Registers, version: NodeIndex) -> Point {
        version.index().checked_sub(1).map(|position| registers.id(self.writes[position]))
    }

    /// A cycle through this version and another one of its component.
    fn cycle(
        &self,
        registers: &Registers,
        graph: &DiGraph<(), Label>,
        component: &[NodeIndex],
        version: NodeIndex,
    ) -> Vec<Link> {
        let members: BTreeSet<NodeIndex> = component.iter().copied().collect();
        let is_version = |node: NodeIndex| node.index() <= self.writes.len();
        let there = walk(graph, &members, version, |node| node != version && is_version(node));
        let other = there.last().expect("there is another version").1;
        let back = walk(graph, &members, other, |node| node == version);
        let mut links = Vec::new();
        let mut start: Option<(NodeIndex, u32)> = None;
        for (from, to, label) in there.into_iter().chain(back) {
            match label {
                Label::Met(met) => start = Some((from, met)),
                Label::Next => {}
                Label::Why(why) => {
                    let (from, to) = (self.point(registers, from), self.point(registers, to));
                    links.push(Link { from, to, why });
                }
                Label::Returned(read) => {
                    let (from, met) = start.take().expect("a helper is entered from a version");
                    let why = Why::NotOlder { read: registers.id(read), met: registers.id(met) };
                    let (from, to) = (self.point(registers, from), self.point(registers, to));
                    links.push(Link { from, to, why });
                }
            }
        }
        links
    }
}

/// True if every read of the row returned something called no earlier than all that was met by then.
fn is_by_call(registers: &Registers, row: &Row) -> bool {
    let mut met: Option<u32> = None;
    row.iter().all(|meeting| {
        met = meeting.fresh.iter().map(|&(write, _)| write).max().max(met);
        match registers.source(meeting.read) {
            Some(Source::Write(write)) => met <= Some(write),
            _ => met.is_none(),
        }
    })
}

fn node(version: u32) -> NodeIndex {
    NodeIndex::new(version as usize)
}

/// A shortest walk of at least one edge inside the members from `start` to a goal.
fn walk(
    graph: &DiGraph<(), Label>,
    members: &BTreeSet<NodeIndex>,
    start: NodeIndex,
    is_goal: impl Fn(NodeIndex) -> bool,
) -> Vec<(NodeIndex, NodeIndex, Label)> {
    let mut reached_by: BTreeMap<NodeIndex, (NodeIndex, Label)> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    let goal = 'search: loop {
        let from = queue.pop_front().expect("the members are strongly connected");
        for edge in graph.edges(from) {
            let to = edge.target();
            if members.contains(&to) && !reached_by.contains_key(&to) {
                reached_by.insert(to, (from, *edge.weight()));
                if is_goal(to) {
                    break 'search to;
                }
                queue.push_back(to);
            }
        }
    };
    let mut steps = Vec::new();
    let mut to = goal;
    loop {
        let (from, label) = reached_by[&to];
        steps.push((from, to, label));
        to = from;
        if to == start {
            break;
        }
    }
    steps.reverse();
    steps
}
