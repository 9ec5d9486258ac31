//! What a member has: the objects as they are committed, and the updates that are not known to be (the paper's `Hist`
//! and `Sent`, section 2.3 and 3.3; CRAQ's clean and dirty versions, section 2.2 there).
//!
//! Updates are numbered from 1 along the whole history. Invariant (the paper's *update propagation*): of two members of
//! one configuration, the history of the one nearer to the tail is a beginning of the other's.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use anachron_node::{Answer, Position, Request, RequestId};
use anachron_vocabulary::{Key, Value};

use crate::common::{Seen, Sessions, Store};

/// The objects after so many updates, and the sessions of the clients.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// How many updates.
    pub number: u64,
    pub(super) store: Store,
    pub(super) sessions: Sessions,
}

/// `state after 7`: the objects would bury the message.
impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "state after {}", self.number)
    }
}

impl State {
    /// Before the first update.
    pub(super) fn new(initial: Value) -> Self {
        Self { number: 0, store: Store::new(initial), sessions: Sessions::default() }
    }

    /// Applies the next update; a retry is answered from memory, and one that nobody waits for is not.
    fn apply(&mut self, request: &Request, runs_once: bool) -> Option<Answer> {
        self.number += 1;
        let seen = if runs_once { self.sessions.seen(request.id) } else { Seen::New };
        match seen {
            Seen::New => {
                let answer = self.store.apply(request.id.client, request.key, &request.operation);
                self.sessions.record(request.id, answer.clone());
                Some(answer)
            }
            Seen::Before(answer) => Some(answer),
            Seen::Outdated => None,
        }
    }
}

/// An update that is not known to be committed.
#[derive(Clone, Debug)]
struct Pending {
    /// The journal position behind it.
    position: Position,
    request: Request,
}

/// The history of one member.
#[derive(Debug)]
pub(super) struct History {
    clean: State,
    /// The updates behind `clean`, in order.
    pending: VecDeque<Pending>,
    runs_once: bool,
}

impl History {
    pub(super) fn new(initial: Value, runs_once: bool) -> Self {
        Self { clean: State::new(initial), pending: VecDeque::new(), runs_once }
    }

    /// What is committed, as far as this member knows.
    pub(super) fn clean(&self) -> &State {
        &self.clean
    }

    /// The number of the last update that is known to be committed.
    pub(super) fn committed(&self) -> u64 {
        self.clean.number
    }

    /// The number of the last update.
    pub(super) fn last(&self) -> u64 {
        self.clean.number + self.pending.len() as u64
    }

    pub(super) fn push(&mut self, request: Request, position: Position) {
        self.pending.push_back(Pending { position, request });
    }

    /// Takes over another member's history.
    pub(super) fn replace(&mut self, state: &State, updates: &[Request], position: Position) {
        self.clean = state.clone();
        self.pending = updates.iter().map(|request| Pending { position, request: request.clone() }).collect();
    }

    /// The updates that are not known to be committed, at most `limit` of them.
    pub(super) fn pending(&self, limit: usize) -> Arc<[Request]> {
        self.pending.iter().take(limit).map(|pending| pending.request.clone()).collect()
    }

    /// Their names.
    pub(super) fn pending_ids(&self) -> impl Iterator<Item = RequestId> {
        self.pending.iter().map(|pending| pending.request.id)
    }

    /// True if an update of this object is not known to be committed (CRAQ: the object is dirty).
    pub(super) fn is_dirty(&self, key: Key) -> bool {
        self.pending.iter().any(|pending| pending.request.key == key)
    }

    /// The number of the last update that is durable here.
    pub(super) fn durable(&self, durable: Position) -> u64 {
        let held = self.pending.iter().take_while(|pending| pending.position <= durable).count();
        self.clean.number + held as u64
    }

    /// Everything up to `upto` is committed; returns what to answer to whom.
    pub(super) fn commit(&mut self, upto: u64) -> Vec<(u64, RequestId, Option<Answer>)> {
        let mut answers = Vec::new();
        while self.clean.number < upto {
            let Some(Pending { request, .. }) = self.pending.pop_front() else { break };
            let answer = self.clean.apply(&request, self.runs_once);
            answers.push((self.clean.number, request.id, answer));
        }
        answers
    }

    /// Leaves a hole: what comes next is the one behind `number`. Only the weakened do this.
    pub(super) fn skip_to(&mut self, number: u64) {
        if number > self.last() {
            self.commit(self.last());
            self.clean.number = number;
        }
    }

    /// The state as if everything were committed: what only the weakened look at.
    pub(super) fn dirty(&self) -> State {
        let mut state = self.clean.clone();
        for pending in &self.pending {
            state.apply(&pending.request, self.runs_once);
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::{ClientId, Operation, Reply};

    fn write(serial: u64, value: i64) -> Request {
        let id = RequestId { client: ClientId(0), serial };
        Request { id, key: Key(0), operation: Operation::Write(value.into()) }
    }

    #[test]
    fn an_object_is_dirty_until_its_last_update_is_committed() {
        let mut history = History::new(Value::Null, true);
        history.push(write(1, 5), Position(1));
        history.push(write(2, 6), Position(2));
        assert_eq!((history.last(), history.committed(), history.durable(Position(1))), (2, 0, 1));
        assert!(history.is_dirty(Key(0)) && !history.is_dirty(Key(1)));
        let done = Some(Answer::Ok(Reply::Done));
        assert_eq!(history.commit(1), [(1, write(1, 5).id, done)]);
        assert!(history.is_dirty(Key(0)));
        assert_eq!(history.clean().store.read(Key(0)), Value::Integer(5));
        assert_eq!(history.dirty().store.read(Key(0)), Value::Integer(6));
        history.commit(9);
        assert!(!history.is_dirty(Key(0)));
    }

    #[test]
    fn a_retry_that_is_in_the_history_twice_runs_once() {
        for (runs_once, value) in [(true, "a"), (false, "aa")] {
            let mut history = History::new(Value::Null, runs_once);
            let append = Request { operation: Operation::Append("a".into()), ..write(1, 0) };
            history.push(append.clone(), Position(1));
            history.push(append, Position(2));
            assert_eq!(history.commit(2).len(), 2);
            assert_eq!(history.clean().store.read(Key(0)), Value::from(value));
        }
    }
}
