//! What the servers were doing: the way from a fault to a wrong answer, told from the trace.
//!
//! Why it exists: the proof says *that* no order works, from what clients saw. People also ask why the servers did
//! such a thing. The chain is found by walking backwards from the violating reply: the node that gave it and its role
//! then; the operation that it should have known of and the node that acknowledged that; what became of the
//! messages between the two; who took the lead, who crashed, which faults were in force.
//!
//! What it promises: every line is a fact of the trace with its time, at most [`MOST_LINES`] of them. That the facts
//! *caused* the violation is not proved, so the chain is always labelled as a story.
//!
//! Left out on purpose: what messages mean. They are labels of a strategy's own, and this crate knows no strategy.

mod journeys;

use anachron_trace::Happening;
use anachron_vocabulary::{NodeId, Operation, OperationId, Outcome, Reply, Value, VirtualTime};

use crate::number::count;
use crate::text::{cut, safe};
use crate::timeline::{Picture, State, Stretch, stretches};
use crate::words::{phrase, true_time};
use journeys::{Fate, Journeys, Service};

/// The chain has no more lines than this.
pub const MOST_LINES: usize = 6;

/// One fact of the trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CauseLine {
    /// When it happened, in true time.
    pub at: VirtualTime,
    /// What happened.
    pub text: String,
}

/// How much a fact helps to understand; the most helpful ones are kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Weight {
    Answer,
    Acknowledgement,
    Messages,
    /// A value from an operation that nobody ever heard of again.
    Unheard,
    Leadership,
    Crash,
    Fault,
    Origin,
    Note,
}

/// The chain that ends in the picture's wrong operation, in order of time. Empty if the trace does not show who
/// answered it.
pub fn cause(picture: &Picture<'_>) -> Vec<CauseLine> {
    let Some(wrong) = picture.marks.wrong else { return Vec::new() };
    let journeys = Journeys::new(picture.events);
    let Some(service) = journeys.service(picture.history, wrong) else { return Vec::new() };
    let Some(answered) = service.answered else { return Vec::new() };
    let missed = missed(picture, wrong)
        .and_then(|id| Some((id, journeys.service(picture.history, id).filter(|s| s.answered.is_some())?)));
    // Of two reads that contradict each other, the odd one may be the earlier: where did its value come from?
    let contradicted = missed.filter(|(id, _)| picture.history.record(*id).operation.is_read());
    let found = contradicted.map_or((wrong, service), |found| found);
    let origin = origin(picture, found.0).and_then(|id| Some((id, journeys.service(picture.history, id)?)));
    let mut teller = Teller { picture, answered, since: answered, lines: Vec::new() };
    teller.since = [missed, origin].iter().flatten().map(|(_, s)| s.asked).min().unwrap_or(service.asked);
    let mut involved = vec![service.node];
    involved.extend([missed, origin].iter().flatten().map(|(_, service)| service.node));
    involved.sort();
    involved.dedup();

    teller.answer(wrong, service);
    if let Some((id, source)) = missed {
        teller.acknowledgement(id, source);
        if contradicted.is_none() {
            teller.messages(&journeys, (id, source), wrong, service.node);
        }
    }
    if let Some((id, source)) = origin {
        teller.origin(id, source, found);
    }
    teller.leadership(&involved);
    teller.crashes(&involved);
    teller.faults(&involved);
    teller.notes(service);
    teller.told()
}

/// The operation that the wrong one should have known of: of the marked operations that changed the object and had
/// returned before it was called, the last, not counting the one whose value it returned. Failing that, the last
/// marked read that had seen something else.
fn missed(picture: &Picture<'_>, wrong: OperationId) -> Option<OperationId> {
    let history = picture.history;
    let record = history.record(wrong);
    let got = returned_value(picture, wrong);
    let earlier = |id: &OperationId| {
        let other = history.record(*id);
        *id != wrong
            && other.key == record.key
            && other.precedes(record)
            && match &other.outcome {
                Outcome::Ok(Reply::Answer(false)) => false,
                Outcome::Ok(_) => true,
                _ => false,
            }
    };
    let last = |ids: &mut dyn Iterator<Item = OperationId>| {
        ids.max_by_key(|&id| (history.record(id).returned(), history.record(id).call, id))
    };
    let marked = || picture.marks.numbered.iter().copied().filter(earlier);
    let writes = marked().filter(|&id| {
        !history.record(id).operation.is_read() && (got.is_none() || written_value(picture, id) != got)
    });
    last(&mut writes.into_iter()).or_else(|| {
        let reads = marked()
            .filter(|&id| history.record(id).operation.is_read() && returned_value(picture, id) != got);
        last(&mut reads.into_iter())
    })
}

/// The operation that wrote what the wrong one returned, if it can only be one.
fn origin(picture: &Picture<'_>, wrong: OperationId) -> Option<OperationId> {
    let got = returned_value(picture, wrong)?;
    let key = picture.history.record(wrong).key;
    let mut writers = picture.history.iter().filter(|(id, record)| {
        record.key == key && record.outcome != Outcome::Failed && written_value(picture, *id) == Some(got)
    });
    let (id, _) = writers.next()?;
    writers.next().is_none().then_some(id)
}

fn returned_value<'a>(picture: &Picture<'a>, id: OperationId) -> Option<&'a Value> {
    match &picture.history.record(id).outcome {
        Outcome::Ok(Reply::Value(value)) => Some(value),
        _ => None,
    }
}

fn written_value<'a>(picture: &Picture<'a>, id: OperationId) -> Option<&'a Value> {
    let record = picture.history.record(id);
    match (&record.operation, &record.outcome) {
        (_, Outcome::Ok(Reply::Answer(false))) => None,
        (Operation::Write(value) | Operation::CompareAndSet { new: value, .. }, _) => Some(value),
        _ => None,
    }
}

/// Collects the facts.
struct Teller<'a> {
    picture: &'a Picture<'a>,
    /// When the wrong answer was given.
    answered: VirtualTime,
    /// From when on things may have to do with it.
    since: VirtualTime,
    lines: Vec<(Weight, CauseLine)>,
}

impl Teller<'_> {
    fn tell(&mut self, weight: Weight, at: VirtualTime, text: String) {
        self.lines.push((weight, CauseLine { at, text }));
    }

    fn told(mut self) -> Vec<CauseLine> {
        self.lines.sort_by_key(|(weight, line)| (*weight, line.at));
        self.lines.truncate(MOST_LINES);
        // In order of time; of facts at one moment, the answer comes last.
        self.lines.sort_by_key(|(weight, line)| (line.at, *weight == Weight::Answer));
        self.lines.into_iter().map(|(_, line)| line).collect()
    }

    fn name(&self, node: NodeId) -> String {
        let style = self.picture.style;
        self.picture
            .nodes
            .get(node.index())
            .map_or_else(|| node.to_string(), |node| cut(&safe(&node.name, style), 20, style))
    }

    /// `② (write x=2)`.
    fn operation(&self, id: OperationId) -> String {
        let said = phrase(self.picture.history, id, self.picture.style);
        if let Some(place) = self.picture.marks.numbered.iter().position(|&numbered| numbered == id) {
            return format!("{} ({said})", self.picture.style.mark(place + 1));
        }
        let name = self.picture.history.client_name(self.picture.history.record(id).client);
        format!("{}'s {said}", cut(&safe(name, self.picture.style), 20, self.picture.style))
    }

    fn stretches(&self, node: NodeId) -> Vec<Stretch> {
        stretches(self.picture.events, node)
    }

    fn state_at(&self, node: NodeId, time: VirtualTime) -> State {
        let time = i64::try_from(time.0).unwrap_or(i64::MAX);
        let found = self.stretches(node).into_iter().rfind(|stretch| stretch.from <= time);
        found.map_or(State::Up, |stretch| stretch.state)
    }

    fn answer(&mut self, wrong: OperationId, service: Service) {
        let (node, at) = (service.node, self.answered);
        let mut text = format!(
            "{} answered {}{}",
            self.name(node),
            self.operation(wrong),
            as_role(self.state_at(node, at))
        );
        let mine = self.state_at(node, at);
        let others = (0..self.picture.nodes.len()).map(NodeId::from_index).filter(|&other| other != node);
        let rival = others
            .filter_map(|other| match (self.state_at(other, at), mine) {
                (State::Role(role, term), State::Role(_, own)) if mine.is_leader() && term > own => {
                    State::Role(role, term).is_leader().then(|| (term, self.name(other)))
                }
                _ => None,
            })
            .max();
        if let Some((term, other)) = rival {
            text = format!("{text}, while {other} was leader of term {term}");
        }
        self.tell(Weight::Answer, at, text);
    }

    fn acknowledgement(&mut self, id: OperationId, source: Service) {
        let at = source.answered.expect("only answered operations are missed");
        let verb =
            if self.picture.history.record(id).operation.is_read() { "answered" } else { "acknowledged" };
        let role = as_role(self.state_at(source.node, at));
        let text = format!("{} {verb} {}{role}", self.name(source.node), self.operation(id));
        self.tell(Weight::Acknowledgement, at, text);
    }

    /// What became of the messages that could have carried the missed operation straight to the node that answered.
    fn messages(
        &mut self,
        journeys: &Journeys,
        (id, source): (OperationId, Service),
        wrong: OperationId,
        node: NodeId,
    ) {
        if source.node == node {
            return;
        }
        let sent: Vec<_> = journeys.between(source.node, node, (source.asked, self.answered)).collect();
        let arrived = sent
            .iter()
            .filter(|journey| matches!(journey.fate, Fate::Delivered { at, .. } if at <= self.answered));
        let arrived = arrived.count();
        let losses: Vec<_> = sent
            .iter()
            .filter_map(|journey| match journey.fate {
                Fate::Lost { at, why } if at <= self.answered => Some((at, why)),
                _ => None,
            })
            .collect();
        let (from, to) = (self.name(source.node), self.name(node));
        let mark = self.short(id);
        let total = count(sent.len() as u64, "message");
        let mut reasons: Vec<String> = losses.iter().map(|(_, why)| why.to_string()).collect();
        reasons.sort();
        reasons.dedup();
        let reasons = reasons.join(", ");
        let route = format!("from {from} to {to} since it took {mark}");
        let (at, text) = if sent.is_empty() {
            let answer = self.short(wrong);
            let at = source.answered.unwrap_or(source.asked);
            (at, format!("{from} sent {to} nothing between taking {mark} and {to}'s answer to {answer}"))
        } else if losses.is_empty() && arrived == 0 {
            let all = if sent.len() == 1 { "the only message".to_owned() } else { format!("all {total}") };
            let way = if sent.len() == 1 { "was" } else { "were" };
            (sent[0].sent, format!("{all} {route} {way} still on the way"))
        } else if let Some(&(at, _)) = losses.first() {
            let text = match (losses.len(), sent.len()) {
                (1, 1) => format!("the only message {route} was lost ({reasons})"),
                (2, 2) => format!("both messages {route} were lost ({reasons})"),
                (lost, all) if lost == all => format!("all {total} {route} were lost ({reasons})"),
                (1, _) => format!("1 of {total} {route} was lost ({reasons})"),
                (lost, _) => format!("{lost} of {total} {route} were lost ({reasons})"),
            };
            (at, text)
        } else {
            return;
        };
        self.tell(Weight::Messages, at, text);
    }

    /// `②`, or the operation in words if it has no number.
    fn short(&self, id: OperationId) -> String {
        let place = self.picture.marks.numbered.iter().position(|&numbered| numbered == id);
        place.map_or_else(|| self.operation(id), |place| self.picture.style.mark(place + 1))
    }

    /// Where the returned value came from, if that needs saying.
    fn origin(&mut self, id: OperationId, source: Service, (reader, read): (OperationId, Service)) {
        let unanswered = self.picture.history.record(id).outcome == Outcome::Unknown;
        if source.node == read.node && !unanswered {
            return;
        }
        let unheard = if unanswered { "; its client never heard of it" } else { "" };
        let (what, node, reader) = (self.operation(id), self.name(source.node), self.short(reader));
        let text = format!("{reader} returns the value of {what}, which reached {node}{unheard}");
        let weight = if unanswered { Weight::Unheard } else { Weight::Origin };
        self.tell(weight, source.asked, text);
    }

    /// Who of the nodes involved took the lead, and at whose word.
    fn leadership(&mut self, involved: &[NodeId]) {
        let limit = i64::try_from(self.answered.0).unwrap_or(i64::MAX);
        let leaders: Vec<(i64, u64)> = (0..self.picture.nodes.len())
            .flat_map(|index| self.stretches(NodeId::from_index(index)))
            .filter_map(|stretch| match stretch.state {
                State::Role(_, term) if stretch.state.is_leader() => Some((stretch.from, term)),
                _ => None,
            })
            .collect();
        let first_leader = leaders.iter().map(|&(from, _)| from).min();
        for &node in involved {
            let latest = self
                .stretches(node)
                .into_iter()
                .rfind(|stretch| stretch.state.is_leader() && stretch.from <= limit);
            let Some(stretch) = latest.filter(|stretch| Some(stretch.from) > first_leader) else { continue };
            let State::Role(role, term) = stretch.state else { continue };
            let at = VirtualTime(u64::try_from(stretch.from).unwrap_or(0));
            let commanded = self.picture.events.iter().any(|event| {
                event.time == at && matches!(&event.what, Happening::Operator { node: of, .. } if *of == node)
            });
            let by = if commanded { " at an operator's command" } else { "" };
            let own_term = term;
            let term = if term > 0 { format!(" of term {term}") } else { String::new() };
            let text = format!("{} became {role}{term}{by}", self.name(node));
            // A leader that comes back into a time that has moved on explains less than the new one.
            let outdated = leaders.iter().any(|&(from, of)| from < stretch.from && of > own_term);
            self.tell(if outdated { Weight::Note } else { Weight::Leadership }, at, text);
        }
    }

    /// Crashes of nodes involved, and when they came back.
    fn crashes(&mut self, involved: &[NodeId]) {
        let (picture, times) = (self.picture, self.since..=self.answered);
        for (index, event) in picture.events.iter().enumerate() {
            let Happening::Crashed { node, lost_records } = &event.what else { continue };
            if !involved.contains(node) || !times.contains(&event.time) {
                continue;
            }
            let lost = match lost_records {
                0 => String::new(),
                &n => format!(" and lost {} not yet on disk", count(n, "record")),
            };
            let back = picture.events[index..].iter().find_map(|later| match &later.what {
                Happening::Booted { node: of, .. } if of == node && times.contains(&later.time) => {
                    Some(later.time)
                }
                _ => None,
            });
            let back = back
                .map_or_else(String::new, |at| format!("; it came back at {}", true_time(at, picture.style)));
            self.tell(Weight::Crash, event.time, format!("{} crashed{lost}{back}", self.name(*node)));
        }
    }

    /// Faults that touch a node involved and were in force at some time in between.
    fn faults(&mut self, involved: &[NodeId]) {
        let (events, answered) = (self.picture.events, self.answered);
        for event in events.iter().filter(|event| event.time <= answered) {
            let Happening::FaultBegins { fault, label, nodes } = &event.what else { continue };
            let touches = nodes.is_empty() || nodes.iter().any(|node| involved.contains(node));
            // A crash is told as what it is.
            let is_crash = events.iter().any(|other| {
                other.time == event.time
                    && matches!(&other.what, Happening::Crashed { node, .. } if nodes.contains(node))
            });
            let end = events.iter().find_map(|other| match other.what {
                Happening::FaultEnds { fault: of } if of == *fault && other.time >= event.time => {
                    Some(other.time)
                }
                _ => None,
            });
            if !touches || is_crash || end.is_some_and(|end| end < self.since) {
                continue;
            }
            let until = match end {
                Some(end) if end == event.time => String::new(),
                Some(end) => format!(", until {}", true_time(end, self.picture.style)),
                None => ", to the end".to_owned(),
            };
            let text =
                format!("fault: {}{until}", cut(&safe(label, self.picture.style), 60, self.picture.style));
            self.tell(Weight::Fault, event.time, text);
        }
    }

    /// What the node that answered said of itself last.
    fn notes(&mut self, service: Service) {
        let times = self.since..=self.answered;
        let last = self.picture.events.iter().rev().find_map(|event| match &event.what {
            Happening::Note { node, text } if *node == service.node && times.contains(&event.time) => {
                Some((event.time, text))
            }
            _ => None,
        });
        if let Some((at, note)) = last {
            let style = self.picture.style;
            let text = format!("{}: {}", self.name(service.node), cut(&safe(note, style), 100, style));
            self.tell(Weight::Note, at, text);
        }
    }
}

fn as_role(state: State) -> String {
    match state {
        State::Role("", 0) | State::Up | State::Down | State::Paused => String::new(),
        State::Role(role, 0) => format!(" as {role}"),
        State::Role(role, term) => format!(" as {role} of term {term}"),
    }
}
