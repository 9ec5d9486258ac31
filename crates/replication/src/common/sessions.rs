//! Client sessions: a retry of a request runs once (Raft, section 8; Ongaro's dissertation, section 6.3).

use std::collections::BTreeMap;

use anachron_node::{Answer, RequestId};
use anachron_vocabulary::ClientId;

/// For each client, the last request that was applied and what was answered.
///
/// One row a client is enough because a client has one request open at a time and numbers them upwards.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Sessions {
    last: BTreeMap<ClientId, (u64, Answer)>,
}

/// What a session knows of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Seen {
    /// It is new: apply it.
    New,
    /// It was applied before; this was the answer.
    Before(Answer),
    /// The client has since gone on to a later request and no longer waits for this one: apply nothing, say nothing.
    Outdated,
}

impl Sessions {
    /// Whether this request was applied before.
    pub fn seen(&self, id: RequestId) -> Seen {
        match self.last.get(&id.client) {
            Some((serial, answer)) if *serial == id.serial => Seen::Before(answer.clone()),
            Some((serial, _)) if *serial > id.serial => Seen::Outdated,
            _ => Seen::New,
        }
    }

    /// Keeps the answer of a request that has just been applied.
    pub fn record(&mut self, id: RequestId, answer: Answer) {
        self.last.insert(id.client, (id.serial, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_vocabulary::Reply;

    #[test]
    fn a_retry_is_recognised_and_an_older_request_is_outdated() {
        let mut sessions = Sessions::default();
        let id = |serial| RequestId { client: ClientId(7), serial };
        assert_eq!(sessions.seen(id(1)), Seen::New);
        sessions.record(id(2), Answer::Ok(Reply::Done));
        assert_eq!(sessions.seen(id(2)), Seen::Before(Answer::Ok(Reply::Done)));
        assert_eq!(sessions.seen(id(1)), Seen::Outdated);
        assert_eq!(sessions.seen(id(3)), Seen::New);
    }
}
