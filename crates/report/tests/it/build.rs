//! Hand-made histories and traces in a few words.

use anachron_history::{History, Record, TimeUnit, Timestamp};
use anachron_trace::{Endpoint, Event, Happening, Loss, MessageId};
use anachron_vocabulary::{
    ClientId, Key, NodeId, Operation, OperationId, Outcome, Reply, Value, VirtualTime,
};

/// Milliseconds to nanoseconds.
pub(crate) const MS: i64 = 1_000_000;

/// A run in the making: history and trace side by side. Times are in milliseconds.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) history: History,
    pub(crate) events: Vec<Event>,
    messages: u64,
}

/// What happened to a message.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    Arrives(f64),
    Lost(f64, Loss),
}

impl Run {
    pub(crate) fn new() -> Self {
        let history = History { time_unit: TimeUnit::Nanoseconds, ..History::default() };
        Self { history, ..Self::default() }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // small test times
    pub(crate) fn at(&mut self, ms: f64, what: Happening) -> &mut Self {
        let step = self.events.len() as u64;
        self.events.push(Event { time: VirtualTime((ms * 1e6).round() as u64), step, what });
        self
    }

    #[allow(clippy::cast_possible_truncation)] // as above
    pub(crate) fn operation(
        &mut self,
        client: &str,
        key: &str,
        operation: Operation,
        (call, end): (f64, Option<f64>),
        outcome: Outcome,
    ) -> OperationId {
        let time = |ms: f64| Timestamp((ms * 1e6).round() as i64);
        let record = Record {
            client: ClientId(self.history.clients.number(client)),
            key: Key(self.history.keys.number(key)),
            operation,
            call: time(call),
            end: end.map(time),
            outcome,
        };
        self.history.records.push(record);
        OperationId::from_index(self.history.records.len() - 1)
    }

    pub(crate) fn write(
        &mut self,
        client: &str,
        value: impl Into<Value>,
        call: f64,
        end: f64,
    ) -> OperationId {
        let done = Outcome::Ok(Reply::Done);
        self.operation(client, "x", Operation::Write(value.into()), (call, Some(end)), done)
    }

    pub(crate) fn read(&mut self, client: &str, value: impl Into<Value>, call: f64, end: f64) -> OperationId {
        let got = Outcome::Ok(Reply::Value(value.into()));
        self.operation(client, "x", Operation::Read, (call, Some(end)), got)
    }

    /// The messages of an operation: request to a node, its step, the reply back.
    pub(crate) fn served(&mut self, id: OperationId, node: u16) -> &mut Self {
        let record = self.history.record(id).clone();
        let call = millis(record.call);
        let end = millis(record.end.expect("a served operation has an end"));
        let (client, node) = (Endpoint::Client(record.client), Endpoint::Node(NodeId(node)));
        self.at(
            call,
            Happening::Call {
                client: record.client,
                id,
                key: record.key,
                operation: record.operation.clone(),
            },
        );
        let middle = f64::midpoint(call, end);
        self.message(client, node, "request", call, Fate::Arrives(middle));
        self.message(node, client, "reply", middle, Fate::Arrives(end));
        let step = self.events.last().expect("just added").step;
        self.at(end, Happening::Return { client: record.client, id, outcome: record.outcome });
        self.events.last_mut().expect("just added").step = step;
        self
    }

    pub(crate) fn message(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        label: &str,
        sent: f64,
        fate: Fate,
    ) -> &mut Self {
        let message = MessageId(self.messages);
        self.messages += 1;
        self.at(sent, Happening::Sent { message, from, to, label: label.to_owned() });
        match fate {
            Fate::Arrives(at) => self.at(at, Happening::Delivered { message }),
            Fate::Lost(at, why) => self.at(at, Happening::Lost { message, why }),
        }
    }

    pub(crate) fn between(&mut self, from: u16, to: u16, label: &str, sent: f64, fate: Fate) -> &mut Self {
        self.message(node(from), node(to), label, sent, fate)
    }

    pub(crate) fn role(&mut self, ms: f64, node: u16, role: &'static str, term: u64) -> &mut Self {
        self.at(ms, Happening::Role { node: NodeId(node), role, term, commit: 0 })
    }

    pub(crate) fn fault(
        &mut self,
        fault: usize,
        label: &str,
        nodes: &[u16],
        from: f64,
        to: f64,
    ) -> &mut Self {
        let nodes = nodes.iter().copied().map(NodeId).collect();
        self.at(from, Happening::FaultBegins { fault, label: label.to_owned(), nodes });
        self.at(to, Happening::FaultEnds { fault })
    }

    /// Puts the events in the order of their times, as a run has them.
    pub(crate) fn sorted(&mut self) -> &mut Self {
        self.events.sort_by_key(|event| event.time);
        self
    }
}

#[allow(clippy::cast_precision_loss)] // small test times
fn millis(time: Timestamp) -> f64 {
    time.0 as f64 / 1e6
}

pub(crate) fn node(node: u16) -> Endpoint {
    Endpoint::Node(NodeId(node))
}
