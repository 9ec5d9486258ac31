//! Cycles: every operation of a ring has to come before the next.
//!
//! Why it exists: some violations need a chain of inferences. Three kinds of edge say that one operation comes before
//! another in *every* order: real time; a read comes after its source, where the source is certain; and, since nothing
//! comes between a source and its read, whatever comes before the read comes before the source too, and whatever comes
//! after the source comes after the read too. The edges are added until nothing is new or a ring appears; the shortest
//! ring is printed with the reason for each edge. The graph is Adya's direct serialization graph plus real time, as in Elle
//! (Kingsbury and Alvaro, VLDB 2020), with the write order inferred instead of given.
//!
//! What it promises: the *source* of a read is the last operation before it that left a value there; it is certain only
//! when everything else that could have made the value is excluded by real time. That covers repeated values too.
//!
//! Left out on purpose: guessing between two possible sources, which is the search's work.

use std::collections::BTreeMap;
use std::sync::Arc;

use anachron_vocabulary::OperationId;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::fact::{Exclusion, Fact, Point};
use super::subject::Subject;
use super::words::Voice;
use super::{AnomalyKind, Candidate};
use crate::CoreOperation;

/// Above this many operations no ring is looked for: the work grows with the cube.
const POINT_LIMIT: usize = 64;

/// A chain of more facts than this is not a story: the exhaustive search is shown instead.
const FACT_LIMIT: usize = 30;

// ---- the re-checks -------------------------------------------------------------------------------------------

/// The re-check of [`Fact::Source`].
pub(crate) fn source_holds(
    subject: &Subject<'_>,
    read: OperationId,
    source: Point,
    excluded: &[(Point, Exclusion)],
) -> bool {
    let Some(value) = subject.found(read) else { return false };
    let reasons_hold = excluded.iter().all(|(point, why)| match (point, why) {
        (Some(maker), Exclusion::BeganAfter) => subject.precedes(read, *maker),
        (None, Exclusion::BeganAfter) => false,
        (point, Exclusion::Replaced(by)) => {
            subject.owns(*by)
                && subject.precedes(*by, read)
                && subject.shows_other(*by, value)
                && point.is_none_or(|maker| subject.precedes(maker, *by))
        }
    });
    let mut candidates: Vec<Point> = subject.makers(value).into_iter().map(Some).collect();
    candidates.extend((subject.initial() == value).then_some(None));
    candidates.retain(|candidate| excluded.iter().all(|(point, _)| point != candidate));
    reasons_hold && subject.owns(read) && source != Some(read) && candidates == [source]
}

/// True if earlier facts put `a` before `b`.
fn is_before(a: Point, b: Point, facts: &[Fact]) -> bool {
    (a.is_none() && b.is_some()) || facts.iter().any(|fact| edge(fact) == Some((a, b)))
}

/// The pair that a fact puts in order.
fn edge(fact: &Fact) -> Option<(Point, Point)> {
    match fact {
        Fact::FinishedBefore { earlier, later } => Some((Some(*earlier), Some(*later))),
        Fact::Source { read, source, .. } => Some((*source, Some(*read))),
        Fact::BeforeSource { path, source } => Some((*path.first()?, *source)),
        Fact::AfterRead { path, read } => Some((Some(*read), *path.last()?)),
        Fact::Of { fact, .. } => edge(fact),
        _ => None,
    }
}

/// True if every step of the path is an earlier fact.
fn path_holds(path: &[Point], facts: &[Fact]) -> bool {
    path.len() >= 2 && path.windows(2).all(|step| is_before(step[0], step[1], facts))
}

/// True if the operation certainly took effect and may have changed the object.
fn is_certain_change(subject: &Subject<'_>, id: OperationId, facts: &[Fact]) -> bool {
    let is_source =
        facts.iter().any(|fact| matches!(fact, Fact::Source { source, .. } if *source == Some(id)));
    subject.may_change(id) && (subject.is_ok(id) || is_source)
}

/// True if an earlier fact says where the read's value comes from.
fn has_source(read: OperationId, source: Point, facts: &[Fact]) -> bool {
    facts
        .iter()
        .any(|fact| matches!(fact, Fact::Source { read: r, source: s, .. } if *r == read && *s == source))
}

/// The re-check of [`Fact::BeforeSource`].
pub(crate) fn before_source_holds(
    subject: &Subject<'_>,
    path: &[Point],
    source: Point,
    facts: &[Fact],
) -> bool {
    let (Some(Some(changer)), Some(Some(read))) = (path.first(), path.last()) else { return false };
    Some(*changer) != source
        && changer != read
        && is_certain_change(subject, *changer, facts)
        && has_source(*read, source, facts)
        && path_holds(path, facts)
}

/// The re-check of [`Fact::AfterRead`].
pub(crate) fn after_read_holds(
    subject: &Subject<'_>,
    path: &[Point],
    read: OperationId,
    facts: &[Fact],
) -> bool {
    let (Some(source), Some(Some(changer))) = (path.first(), path.last()) else { return false };
    Some(*changer) != *source
        && *changer != read
        && is_certain_change(subject, *changer, facts)
        && has_source(read, *source, facts)
        && path_holds(path, facts)
}

/// The re-check of [`Fact::Ring`].
pub(crate) fn ring_holds(points: &[Point], facts: &[Fact]) -> bool {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return false };
    points.len() >= 2 && path_holds(points, facts) && is_before(*last, *first, facts)
}

// ---- the search ----------------------------------------------------------------------------------------------

/// Where a read's value comes from, if everything else that could have made it is excluded.
fn certain_source(subject: &Subject<'_>, core: &[CoreOperation], read: OperationId) -> Option<Fact> {
    let value = subject.found(read)?;
    let mut candidates: Vec<Point> = subject.makers(value).into_iter().map(Some).collect();
    candidates.extend((subject.initial() == value).then_some(None));
    let mut excluded = Vec::new();
    let mut left = Vec::new();
    for point in candidates {
        let replaced = || {
            core.iter().map(|kept| kept.id).find(|&by| {
                subject.precedes(by, read)
                    && subject.shows_other(by, value)
                    && point.is_none_or(|maker| subject.precedes(maker, by))
            })
        };
        match point {
            Some(maker) if subject.precedes(read, maker) => excluded.push((point, Exclusion::BeganAfter)),
            _ => match replaced() {
                Some(by) => excluded.push((point, Exclusion::Replaced(by))),
                None => left.push(point),
            },
        }
    }
    match left.as_slice() {
        [source] if *source != Some(read) => Some(Fact::Source { read, source: *source, excluded }),
        _ => None,
    }
}

/// The precedence graph: the points, and for each edge the fact that says why. From the start to everything goes
/// an edge that needs no fact.
struct Precedence {
    graph: DiGraph<Point, Option<Fact>>,
    nodes: BTreeMap<Point, NodeIndex>,
    /// Where each read's value comes from, of each register.
    sources: Vec<Fact>,
}

/// The register that a fact speaks of, if there are several, and what it says of it.
fn bare(fact: &Fact) -> (Option<&Arc<str>>, &Fact) {
    match fact {
        Fact::Of { register, fact } => (Some(register), fact),
        fact => (None, fact),
    }
}

impl Precedence {
    fn add(&mut self, fact: Fact) -> bool {
        let Some((from, to)) = edge(&fact) else { return false };
        let (from, to) = (self.nodes[&from], self.nodes[&to]);
        let new = self.graph.find_edge(from, to).is_none();
        if new {
            self.graph.add_edge(from, to, Some(fact));
        }
        new
    }

    /// The shortest way from one point to another, at least one edge long. Among equals the one whose nodes came
    /// first, so that the same history always gives the same words.
    fn path(&self, from: Point, to: Point) -> Option<Vec<Point>> {
        let (start, goal) = (self.nodes[&from], self.nodes[&to]);
        let mut came_from: BTreeMap<NodeIndex, NodeIndex> = BTreeMap::new();
        let mut frontier = vec![start];
        while !frontier.is_empty() {
            let mut next = Vec::new();
            for node in frontier {
                let mut targets: Vec<NodeIndex> = self.graph.edges(node).map(|e| e.target()).collect();
                targets.sort_unstable();
                for target in targets {
                    if came_from.contains_key(&target) {
                        continue;
                    }
                    came_from.insert(target, node);
                    if target == goal {
                        return Some(self.walk_back(&came_from, start, goal));
                    }
                    next.push(target);
                }
            }
            frontier = next;
        }
        None
    }

    fn walk_back(
        &self,
        came_from: &BTreeMap<NodeIndex, NodeIndex>,
        start: NodeIndex,
        goal: NodeIndex,
    ) -> Vec<Point> {
        let mut path = vec![self.graph[goal]];
        let mut at = came_from[&goal];
        while at != start {
            path.push(self.graph[at]);
            at = came_from[&at];
        }
        path.push(self.graph[start]);
        path.reverse();
        path
    }

    /// The shortest ring, without its first point repeated. Among equals one through a read that needs no second write.
    fn ring(&self, is_read: impl Fn(OperationId) -> bool) -> Option<Vec<Point>> {
        let rings = self.nodes.keys().filter_map(|&point| self.path(point, point));
        let reads = |ring: &[Point]| ring[1..].iter().filter(|point| point.is_some_and(&is_read)).count();
        let mut ring = rings.min_by_key(|ring| (ring.len(), std::cmp::Reverse(reads(ring))))?;
        ring.pop();
        Some(ring)
    }

    /// Writes down why `from` comes before `to`: what the edge's fact rests on first, each fact once.
    fn prove(&self, from: Point, to: Point, proof: &mut Vec<Fact>) {
        let found = self.graph.find_edge(self.nodes[&from], self.nodes[&to]);
        let Some(fact) = found.and_then(|index| self.graph[index].as_ref()) else { return };
        if proof.contains(fact) {
            return;
        }
        let (register, said) = bare(fact);
        let (path, read, source) = match said {
            Fact::BeforeSource { path, source } => (path, *path.last().unwrap_or(&None), *source),
            Fact::AfterRead { path, read } => (path, Some(*read), path[0]),
            _ => {
                proof.push(fact.clone());
                return;
            }
        };
        let says_so = |fact: &&Fact| bare(fact).0 == register && edge(fact) == Some((source, read));
        let known = self.sources.iter().find(says_so).expect("what follows from a source has one");
        if !proof.contains(known) {
            proof.push(known.clone());
        }
        for step in path.windows(2) {
            self.prove(step[0], step[1], proof);
        }
        proof.push(fact.clone());
    }
}

/// A ring of operations of the core, with its reasons.
pub(crate) fn ring(subject: &Subject<'_>, core: &[CoreOperation]) -> Vec<Candidate> {
    let view = [(Arc::from(""), subject.clone())];
    ring_through(subject, &view, core, &|_, fact| fact).map(|(_, candidate)| candidate).into_iter().collect()
}

/// A ring through several registers: each is a view of the whole, whose facts `wrap` makes facts of the whole.
pub(crate) fn ring_through(
    subject: &Subject<'_>,
    views: &[(Arc<str>, Subject<'_>)],
    core: &[CoreOperation],
    wrap: &dyn Fn(&Arc<str>, Fact) -> Fact,
) -> Option<(Vec<Point>, Candidate)> {
    // The facts of each view, bare.
    let sources: Vec<Vec<Fact>> = views
        .iter()
        .map(|(_, view)| {
            let of_view = core.iter().filter(|kept| view.owns(kept.id));
            let mut sources: Vec<Fact> =
                of_view.filter_map(|kept| certain_source(view, core, kept.id)).collect();
            sources.sort_by_key(Fact::operations);
            sources
        })
        .collect();
    let mut ids: Vec<OperationId> = core.iter().map(|kept| kept.id).filter(|&id| subject.is_ok(id)).collect();
    ids.extend(sources.iter().flatten().filter_map(|fact| match fact {
        Fact::Source { source, .. } => *source,
        _ => None,
    }));
    ids.sort_by_key(|&id| (subject.record(id).call, id));
    ids.dedup();
    if ids.len() > POINT_LIMIT {
        return None;
    }
    let all = views
        .iter()
        .zip(&sources)
        .flat_map(|((name, _), facts)| facts.iter().map(move |fact| wrap(name, fact.clone())));
    let mut precedence = Precedence { graph: DiGraph::new(), nodes: BTreeMap::new(), sources: all.collect() };
    for point in std::iter::once(None).chain(ids.iter().copied().map(Some)) {
        let node = precedence.graph.add_node(point);
        precedence.nodes.insert(point, node);
    }
    // Sources first: where real time says the same, the source says more.
    for fact in precedence.sources.clone() {
        precedence.add(fact);
    }
    for &earlier in &ids {
        for &later in ids.iter().filter(|&&later| subject.precedes(earlier, later)) {
            precedence.add(Fact::FinishedBefore { earlier, later });
        }
    }
    for &id in &ids {
        let (start, node) = (precedence.nodes[&None], precedence.nodes[&Some(id)]);
        if precedence.graph.find_edge(start, node).is_none() {
            precedence.graph.add_edge(start, node, None);
        }
    }
    loop {
        // Of one register any ring will do.
        let is_read = |id| views.len() > 1 && subject.record(id).operation.is_read();
        if let Some(ring) = precedence.ring(is_read) {
            return candidate(subject, &precedence, ring.clone()).map(|candidate| (ring, candidate));
        }
        let mut new = Vec::new();
        for ((name, view), sources) in views.iter().zip(&sources) {
            let inferred = infer(view, &precedence, sources, &ids);
            new.extend(inferred.into_iter().map(|fact| wrap(name, fact)));
        }
        let mut any = false;
        for fact in new {
            any |= precedence.add(fact);
        }
        if !any {
            return None;
        }
    }
}

/// Every edge that follows in one step from what is known, by what is seen of one register.
fn infer(subject: &Subject<'_>, precedence: &Precedence, sources: &[Fact], ids: &[OperationId]) -> Vec<Fact> {
    let owned = ids.iter().copied().filter(|&id| subject.owns(id));
    let changers: Vec<OperationId> = owned.filter(|&id| is_certain_change(subject, id, sources)).collect();
    let mut new = Vec::new();
    for fact in sources {
        let Fact::Source { read, source, .. } = fact else { continue };
        for &changer in changers.iter().filter(|&&id| id != *read && Some(id) != *source) {
            if let Some(path) = precedence.path(Some(changer), Some(*read))
                && precedence.path(Some(changer), *source).is_none()
            {
                new.push(Fact::BeforeSource { path, source: *source });
            }
            if let Some(path) = precedence.path(*source, Some(changer))
                && precedence.path(Some(*read), Some(changer)).is_none()
            {
                new.push(Fact::AfterRead { path, read: *read });
            }
        }
    }
    new
}

fn candidate(subject: &Subject<'_>, precedence: &Precedence, ring: Vec<Point>) -> Option<Candidate> {
    let voice = Voice::new(subject);
    let mut proof = Vec::new();
    let mut closed = ring.clone();
    closed.push(ring[0]);
    for step in closed.windows(2) {
        precedence.prove(step[0], step[1], &mut proof);
    }
    if proof.len() > FACT_LIMIT {
        return None;
    }
    let mut named: Vec<OperationId> = proof.iter().flat_map(Fact::operations).collect();
    named.sort_by_key(|&id| (subject.record(id).call, id));
    named.dedup();
    let mut sentences = vec![named.into_iter().map(Fact::Did).collect::<Vec<_>>()];
    sentences.extend(proof.into_iter().map(|fact| vec![fact]));
    let around: Vec<String> =
        ring.iter().map(|point| point.map_or_else(|| "the start".to_owned(), |id| voice.did(id))).collect();
    let headline = format!(
        "these would each have to come before the next, in a ring: {} → {}",
        around.join(" → "),
        around[0]
    );
    sentences.push(vec![Fact::Ring(ring)]);
    Some(Candidate { kind: AnomalyKind::Cycle, headline, sentences })
}
