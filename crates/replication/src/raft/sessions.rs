//! Client sessions (Raft, section 8; dissertation, section 6.3): a request whose answer was lost is sent again and
//! still runs once.
//!
//! Every node keeps the last answer of each client as part of its state machine, so a retry is recognised by whoever
//! leads by then. A retry may be in the log twice; its second application answers from memory. Refusals by the state
//! machine (a lock that is held) are answers like any other and are kept.

use anachron_node::{Answer, Request};

use crate::common::{Seen, Sessions, Store};

/// Applies a committed request. Nothing is answered to a client that has moved on to a later request.
pub(super) fn execute(
    store: &mut Store,
    sessions: &mut Sessions,
    request: &Request,
    runs_once: bool,
) -> Option<Answer> {
    if runs_once {
        match sessions.seen(request.id) {
            Seen::New => {}
            Seen::Before(answer) => return Some(answer),
            Seen::Outdated => return None,
        }
    }
    let answer = store.apply(request.id.client, request.key, &request.operation);
    sessions.record(request.id, answer.clone());
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anachron_node::{Refusal, RequestId};
    use anachron_vocabulary::{ClientId, Key, Operation, Reply, Value};

    fn request(client: u32, serial: u64, operation: Operation) -> Request {
        Request { id: RequestId { client: ClientId(client), serial }, key: Key(0), operation }
    }

    #[test]
    fn a_retry_runs_once_and_is_answered_twice() {
        let (mut store, mut sessions) = (Store::default(), Sessions::default());
        let append = request(0, 1, Operation::Append("a".into()));
        for _ in 0..2 {
            let answer = execute(&mut store, &mut sessions, &append, true);
            assert_eq!(answer, Some(Answer::Ok(Reply::Done)));
        }
        assert_eq!(store.read(Key(0)), Value::from("a"));
        execute(&mut store, &mut sessions, &append, false);
        assert_eq!(store.read(Key(0)), Value::from("aa"), "without sessions it runs again");
    }

    #[test]
    fn a_refused_acquire_stays_refused_when_it_is_retried_after_the_release() {
        let (mut store, mut sessions) = (Store::default(), Sessions::default());
        let mut run = |request: &Request| execute(&mut store, &mut sessions, request, true);
        let held = Some(Answer::Refused(Refusal::LockState));
        run(&request(0, 1, Operation::Acquire));
        let late = request(1, 1, Operation::Acquire);
        assert_eq!(run(&late), held);
        run(&request(0, 2, Operation::Release));
        assert_eq!(run(&late), held);
        assert_eq!(run(&request(0, 1, Operation::Acquire)), None, "the client has moved on");
    }
}
