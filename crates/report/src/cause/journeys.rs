//! The messages of a trace put together again: left here, arrived or was lost there.

use std::collections::BTreeMap;

use anachron_history::History;
use anachron_trace::{Endpoint, Event, Happening, Loss, MessageId};
use anachron_vocabulary::{ClientId, NodeId, OperationId, VirtualTime};

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fate {
    Delivered { at: VirtualTime, step: u64 },
    Lost { at: VirtualTime, why: Loss },
    OnItsWay,
}

/// One message from its sender to its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Journey {
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    pub(super) sent: VirtualTime,
    pub(super) fate: Fate,
}

/// A node's part in an operation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Service {
    pub(super) node: NodeId,
    /// When the request reached the node.
    pub(super) asked: VirtualTime,
    /// When the answer left it; `None` if no answer of it reached the client.
    pub(super) answered: Option<VirtualTime>,
}

/// All messages, in the order in which they left.
pub(super) struct Journeys {
    pub(super) all: Vec<Journey>,
    /// When each operation ended for its client, and in which step of the run.
    returns: BTreeMap<OperationId, (VirtualTime, u64)>,
}

impl Journeys {
    pub(super) fn new(events: &[Event]) -> Self {
        let mut all: Vec<Journey> = Vec::new();
        let mut places: BTreeMap<MessageId, usize> = BTreeMap::new();
        let mut returns = BTreeMap::new();
        for event in events {
            let at = event.time;
            match &event.what {
                Happening::Sent { message, from, to, .. } => {
                    places.insert(*message, all.len());
                    all.push(Journey { from: *from, to: *to, sent: at, fate: Fate::OnItsWay });
                }
                Happening::Delivered { message } => {
                    if let Some(&place) = places.get(message) {
                        all[place].fate = Fate::Delivered { at, step: event.step };
                    }
                }
                Happening::Lost { message, why } => {
                    if let Some(&place) = places.get(message) {
                        all[place].fate = Fate::Lost { at, why: *why };
                    }
                }
                Happening::Return { id, .. } => {
                    returns.insert(*id, (at, event.step));
                }
                _ => {}
            }
        }
        Self { all, returns }
    }

    /// Which node answered an operation: the one whose message arrived in the step in which the client got to know.
    /// For an operation without an answer, the first node that its request reached.
    pub(super) fn service(&self, history: &History, id: OperationId) -> Option<Service> {
        let record = history.record(id);
        let call = VirtualTime(u64::try_from(record.call.0).unwrap_or(0));
        let client = Endpoint::Client(record.client);
        let ended = self.returns.get(&id);
        let answer = ended.and_then(|&(_, step)| {
            self.all.iter().find_map(|journey| match (journey.from, journey.fate) {
                (Endpoint::Node(node), Fate::Delivered { step: arrived, .. })
                    if arrived == step && journey.to == client =>
                {
                    Some((node, journey.sent))
                }
                _ => None,
            })
        });
        let requests = self.requests(record.client, call, ended.map(|&(at, _)| at));
        if let Some((node, answered)) = answer {
            let here = requests.filter(|&(of, at)| of == node && at <= answered);
            let asked = here.map(|(_, at)| at).last().unwrap_or(call);
            return Some(Service { node, asked, answered: Some(answered) });
        }
        let (node, asked) = requests.min_by_key(|&(_, at)| at)?;
        Some(Service { node, asked, answered: None })
    }

    /// The requests that a client sent in a time and that arrived somewhere.
    fn requests(
        &self,
        client: ClientId,
        from: VirtualTime,
        to: Option<VirtualTime>,
    ) -> impl Iterator<Item = (NodeId, VirtualTime)> + '_ {
        self.all.iter().filter_map(move |journey| match (journey.to, journey.fate) {
            (Endpoint::Node(node), Fate::Delivered { at, .. })
                if journey.from == Endpoint::Client(client)
                    && journey.sent >= from
                    && to.is_none_or(|to| journey.sent <= to) =>
            {
                Some((node, at))
            }
            _ => None,
        })
    }

    /// The messages from one node to another that left in `from..=to`.
    pub(super) fn between(
        &self,
        sender: NodeId,
        receiver: NodeId,
        (from, to): (VirtualTime, VirtualTime),
    ) -> impl Iterator<Item = &Journey> {
        self.all.iter().filter(move |journey| {
            journey.from == Endpoint::Node(sender)
                && journey.to == Endpoint::Node(receiver)
                && (from..=to).contains(&journey.sent)
        })
    }
}
