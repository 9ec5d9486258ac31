//! What a log amounts to: the objects after some of its entries were applied.

use anachron_node::{Answer, Request};
use anachron_vocabulary::{Key, Operation, Reply, Value};

use super::{Command, Entry, Index, Log};
use crate::common::{Seen, Sessions, Store, execute};

/// The objects, and how they came to be.
#[derive(Clone, Debug)]
pub(super) struct State {
    store: Store,
    sessions: Sessions,
    dedup: bool,
    initial_value: Value,
    /// The last entry applied.
    applied: Index,
    /// Writes that were merged over the log, and behind which entry of it. Oldest first.
    merged: Vec<(Index, Request)>,
}

impl State {
    /// Before the first entry. With `dedup` a retry under the same request id runs once.
    pub(super) fn new(initial_value: &Value, dedup: bool) -> Self {
        Self {
            store: Store::new(initial_value.clone()),
            sessions: Sessions::default(),
            dedup,
            initial_value: initial_value.clone(),
            applied: Index::ZERO,
            merged: Vec::new(),
        }
    }

    pub(super) fn applied(&self) -> Index {
        self.applied
    }

    /// The answer to a question. Changes nothing.
    pub(super) fn read(&self, request: &Request) -> Answer {
        self.store.observe(request.key, &request.operation)
    }

    pub(super) fn contents(&self) -> Vec<(Key, Value)> {
        self.store.contents()
    }

    /// Applies the next entry. The answer is for the client who asked, if anybody still waits for one.
    pub(super) fn apply_next(&mut self, log: &Log) -> Option<Answer> {
        self.applied = self.applied.next();
        let entry = log.get(self.applied).expect("only entries of the log are applied");
        let Command::Client(request) = &entry.command else { return None };
        execute(&mut self.store, &mut self.sessions, request, self.dedup)
    }

    /// Applies every entry up to `upto`; entries applied before stay so. For nodes whose clients ask elsewhere.
    pub(super) fn apply_upto(&mut self, upto: Index, log: &Log) {
        while self.applied < upto {
            self.apply_next(log);
        }
    }

    /// Carries a write out on top of whatever is there, unless the log has since come to hold it. True if it did.
    pub(super) fn merge(&mut self, request: Request) -> bool {
        let known = self.dedup && self.sessions.seen(request.id) != Seen::New;
        if !known {
            self.store.apply(request.id.client, request.key, &request.operation);
            self.merged.push((self.applied, request));
        }
        !known
    }

    /// The log has been cut: goes back to what it still says. There is no undo, so everything is applied afresh.
    pub(super) fn rebuild(&mut self, log: &Log) {
        let upto = self.applied.min(log.end());
        let merged = std::mem::take(&mut self.merged);
        self.store = Store::new(self.initial_value.clone());
        self.sessions = Sessions::default();
        self.applied = Index::ZERO;
        for (behind, request) in merged {
            self.apply_upto(behind.min(upto), log);
            self.merge(request);
        }
        self.apply_upto(upto, log);
    }

    /// The effects that entries had which were cut off the log: what there is to merge. What was refused, and a
    /// compare-and-set that did not swap, had none.
    ///
    /// `log` is what is left. This state has applied no more than that.
    pub(super) fn effects(&self, log: &Log, cut: &[Entry]) -> Vec<Request> {
        let mut state = self.clone();
        let mut log = log.clone();
        state.apply_upto(log.end(), &log);
        let mut effects = Vec::new();
        for entry in cut {
            log.push(entry.clone());
            let Command::Client(request) = &entry.command else {
                state.apply_next(&log);
                continue;
            };
            let repeated = self.dedup && state.sessions.seen(request.id) != Seen::New;
            let mut request = request.clone();
            match (&request.operation, state.apply_next(&log)) {
                (_, None | Some(Answer::Refused(_) | Answer::Unknown | Answer::Ok(Reply::Answer(false)))) => {
                    continue;
                }
                _ if repeated => continue,
                (Operation::CompareAndSet { new, .. }, _) => {
                    request.operation = Operation::Write(new.clone());
                }
                _ => {}
            }
            effects.push(request);
        }
        effects
    }
}
