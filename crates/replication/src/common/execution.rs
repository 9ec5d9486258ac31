//! What a replicated log does with a decided request: it runs once, and a retry is answered from memory.

use anachron_node::{Answer, Request};

use super::{Seen, Sessions, Store};

/// Applies a decided request. Nothing is answered to a client that has moved on to a later request.
///
/// With `runs_once` a request that was applied before answers what it answered then (Raft, section 8, and dissertation, section 6.3; Viewstamped
/// Replication Revisited, section 4.1; "Paxos Made Moderately Complex", section 2). Refusals by the state machine (a lock
/// that is held) are answers like any other and are kept.
pub fn execute(
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

    #[test]
    fn a_retry_runs_once_is_answered_twice_and_not_at_all_when_it_is_old() {
        let (mut store, mut sessions) = (Store::default(), Sessions::default());
        let append = |serial| Request {
            id: RequestId { client: ClientId(0), serial },
            key: Key(0),
            operation: Operation::Append("a".into()),
        };
        for _ in 0..2 {
            let answer = execute(&mut store, &mut sessions, &append(2), true);
            assert_eq!(answer, Some(Answer::Ok(Reply::Done)));
        }
        assert_eq!(execute(&mut store, &mut sessions, &append(1), true), None);
        assert_eq!(store.read(Key(0)), Value::from("a"));
        execute(&mut store, &mut sessions, &append(2), false);
        assert_eq!(store.read(Key(0)), Value::from("aa"), "without sessions it runs again");
    }

    #[test]
    fn a_refused_acquire_stays_refused_when_it_is_retried_after_the_release() {
        let (mut store, mut sessions) = (Store::default(), Sessions::default());
        let mut run = |client, serial, operation| {
            let id = RequestId { client: ClientId(client), serial };
            execute(&mut store, &mut sessions, &Request { id, key: Key(0), operation }, true)
        };
        let held = Some(Answer::Refused(Refusal::LockState));
        run(0, 1, Operation::Acquire);
        assert_eq!(run(1, 1, Operation::Acquire), held);
        run(0, 2, Operation::Release);
        assert_eq!(run(1, 1, Operation::Acquire), held);
        assert_eq!(run(0, 1, Operation::Acquire), None, "the client has moved on");
    }
}
