//! The service on top: a deterministic state machine that is fed by the broadcast (Schneider, *Implementing
//! Fault-Tolerant Services Using the State Machine Approach*, ACM Computing Surveys 1990).
//!
//! Every node applies the same operations in the same order, so all hold the same objects after as many deliveries. The
//! node that a client asked answers once it has delivered the operation itself.
//!
//! Sessions are part of the state: a retry that is broadcast twice, by two nodes perhaps, is delivered twice, applied
//! once, and answered with the same words.

use std::collections::BTreeMap;

use anachron_node::{Answer, Applied, Request, RequestId};
use anachron_vocabulary::{ClientId, Key, Value};

use super::{Config, MessageId, Weakening};
use crate::common::{Seen, Sessions, Store};

/// A message that a node has delivered: its name, and the request in it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Delivery {
    /// The name of the message.
    pub id: MessageId,
    /// The request that it carries.
    pub request: RequestId,
}

/// The objects of one node, and what it owes its clients.
#[derive(Debug)]
pub(super) struct Service {
    store: Store,
    sessions: Sessions,
    runs_once: bool,
    /// What was delivered since the node booted, in order.
    delivered: Vec<Delivery>,
    /// The requests that clients of this node wait for: one a client, its latest.
    waiting: BTreeMap<ClientId, u64>,
    /// Local reads that wait until the node is where it was before its restart.
    reading: Vec<Request>,
}

/// What to do with a request.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Todo {
    /// Broadcast it.
    Broadcast,
    /// Answer it: it ran before.
    Answer(Answer),
    /// Nothing: it is under way, or nobody waits for it any more.
    Nothing,
}

impl Service {
    pub(super) fn new(config: &Config) -> Self {
        Self {
            store: Store::new(config.initial_value.clone()),
            sessions: Sessions::default(),
            runs_once: !config.weak(Weakening::NoDedup),
            delivered: Vec::new(),
            waiting: BTreeMap::new(),
            reading: Vec::new(),
        }
    }

    /// A client asks for something that has to be ordered.
    pub(super) fn ask(&mut self, id: RequestId) -> Todo {
        if self.runs_once {
            match self.sessions.seen(id) {
                Seen::New => {}
                Seen::Before(answer) => return Todo::Answer(answer),
                Seen::Outdated => return Todo::Nothing,
            }
            // A retry of what is under way waits with it.
            if self.waiting.get(&id.client).is_some_and(|&serial| serial >= id.serial) {
                return Todo::Nothing;
            }
        }
        self.waiting.insert(id.client, id.serial);
        Todo::Broadcast
    }

    /// Applies the next message of the total order; returns the answer if a client of this node waits for it.
    pub(super) fn deliver(&mut self, id: MessageId, request: &Request) -> Option<Answer> {
        self.delivered.push(Delivery { id, request: request.id });
        let seen = if self.runs_once { self.sessions.seen(request.id) } else { Seen::New };
        let answer = match seen {
            Seen::New => {
                let answer = self.store.apply(request.id.client, request.key, &request.operation);
                self.sessions.record(request.id, answer.clone());
                Some(answer)
            }
            Seen::Before(answer) => Some(answer),
            Seen::Outdated => None,
        };
        if self.waiting.get(&request.id.client) == Some(&request.id.serial) {
            self.waiting.remove(&request.id.client);
            return answer;
        }
        None
    }

    /// A local read arrives.
    pub(super) fn begin_read(&mut self, request: Request) {
        self.reading.push(request);
    }

    /// Answers to the local reads that wait.
    pub(super) fn end_reads(&mut self) -> Vec<(RequestId, Answer)> {
        let read = |request: &Request| self.store.observe(request.key, &request.operation);
        let answers = self.reading.iter().map(|request| (request.id, read(request))).collect();
        self.reading.clear();
        answers
    }

    pub(super) fn delivered(&self) -> &[Delivery] {
        &self.delivered
    }

    pub(super) fn contents(&self) -> Vec<(Key, Value)> {
        self.store.contents()
    }

    pub(super) fn applied(&self) -> Applied {
        self.store.applied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::{NodeId, Operation, Reply};

    fn request(serial: u64, tail: &str) -> Request {
        let id = RequestId { client: ClientId(0), serial };
        Request { id, key: Key(0), operation: Operation::Append(tail.into()) }
    }

    fn message(number: u64) -> MessageId {
        MessageId { origin: NodeId(0), number }
    }

    #[test]
    fn a_retry_that_is_delivered_twice_runs_once() {
        let mut service = Service::new(&Config::default());
        let first = request(1, "a");
        assert_eq!(service.ask(first.id), Todo::Broadcast);
        assert_eq!(service.ask(first.id), Todo::Nothing, "it is under way");
        let done = Answer::Ok(Reply::Done);
        assert_eq!(service.deliver(message(1), &first), Some(done.clone()));
        assert_eq!(service.deliver(message(2), &first), None, "nobody waits any more");
        assert_eq!(service.ask(first.id), Todo::Answer(done));
        assert_eq!(service.contents(), [(Key(0), "a".into())]);
        assert_eq!(service.delivered().len(), 2);
    }

    #[test]
    fn who_has_moved_on_is_told_nothing_and_the_old_request_does_not_run() {
        let mut service = Service::new(&Config::default());
        assert_eq!(service.ask(request(1, "a").id), Todo::Broadcast);
        assert_eq!(service.ask(request(2, "b").id), Todo::Broadcast);
        assert_eq!(service.deliver(message(2), &request(2, "b")), Some(Answer::Ok(Reply::Done)));
        assert_eq!(service.deliver(message(1), &request(1, "a")), None);
        assert_eq!(service.ask(request(1, "a").id), Todo::Nothing);
        assert_eq!(service.contents(), [(Key(0), "b".into())]);
    }
}
